// SPDX-License-Identifier: MIT
#include "fuzz.h"

const char property[] = "any_text_is_a_record_that_reads_the_same_again_or_none";

/** fuzz_seeds - what inputs are made from */
size_t fuzz_seeds(struct vector **vectors)
{
	return load_vectors(vectors);
}

/* What a reader sees of a record. */
static struct said parse(const char *text, size_t len, struct record_header *h, bool *read)
{
	char *copy = malloc(len + TELEGRAM_PAD);
	struct telegram *t = malloc(sizeof(*t));
	struct said said = { .telegrams = 0 };

	memcpy(copy, text, len);
	memset(copy + len, 0, TELEGRAM_PAD);
	*read = record_parse(copy, len, t, h);
	if (*read)
		say_telegram(&said, t);
	free(t);
	free(copy);
	return said;
}

/* Writes the record of these bytes again; its length, or 0 when they are none. */
static size_t rewrite(const u8 *bytes, size_t len, char *text)
{
	char *copy = malloc(len + TELEGRAM_PAD);
	struct telegram *t = malloc(sizeof(*t));
	struct record_header h;
	size_t written = 0;

	memcpy(copy, bytes, len);
	memset(copy + len, 0, TELEGRAM_PAD);
	if (record_parse(copy, len, t, &h))
		written = record_text(t, &h, text, METERLINE_RECORD_MAX);
	free(t);
	free(copy);
	return written < METERLINE_RECORD_MAX ? written : 0;
}

static bool same_again(const u8 *bytes, size_t len)
{
	char *text = malloc(METERLINE_RECORD_MAX);
	size_t written = rewrite(bytes, len, text);
	struct record_header h, again;
	bool read, same = true;

	if (written) {
		struct said before = parse((const char *)bytes, len, &h, &read);
		struct said after = parse(text, written, &again, &read);

		same = read && same_said(&before, &after) && h.seq == again.seq &&
		       !strcmp(h.number, again.number);
		if (!same)
			broken("read:\n%s\nagain:\n%s", before.fields.at, after.fields.at);
		said_free(&before);
		said_free(&after);
	}
	free(text);
	return same;
}

/** struct records - the telegrams of an input as records */
struct records {
	char text[METERLINE_RECORD_MAX];
	bool same;
};

static void as_record(void *context, const struct telegram *t)
{
	struct record_header h = { .seq = 1, .protocol = t->protocol };
	struct records *records = context;
	size_t len = record_text(t, &h, records->text, sizeof(records->text));
	u64 state = len;

	for (int i = 0; i < 4; i++) {
		records->same &= same_again((const u8 *)records->text, len);
		records->text[lot(&state, len)] = " \n=\\x@;,()0"[lot(&state, 11)];
	}
}

/** holds - whether records of what these bytes say, and damaged ones, read the same again */
bool holds(const u8 *bytes, size_t len)
{
	struct records *records = malloc(sizeof(*records));
	struct line_decoder *d = malloc(sizeof(*d));
	bool same;

	records->same = same_again(bytes, len < METERLINE_RECORD_MAX ? len : METERLINE_RECORD_MAX);
	line_decoder_init(d, LINE_AUTO, as_record, records);
	line_decoder_feed(d, bytes, len, 0);
	line_decoder_pause(d);
	same = records->same;
	free(d);
	free(records);
	return same;
}
