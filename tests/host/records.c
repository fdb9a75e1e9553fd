// SPDX-License-Identifier: MIT
/*
 * A telegram as a record: packed as in the ring of a meter, as text on /dev/meterN, and back.
 */
#include "host.h"

/** struct trip - what is compared for each telegram of a vector */
struct trip {
	const char *vector;
	size_t telegrams;
	bool kept;
};

static void say(struct said *said, const struct telegram *t)
{
	*said = (struct said){ .telegrams = 0 };
	say_telegram(said, t);
}

/* The identification after '/' is not in a record; the number that it gives is in the header. */
static void without_ident(struct telegram *t)
{
	t->ident_len = 0;
}

static bool same_telegram(const struct telegram *a, const struct telegram *b)
{
	struct telegram bare = *a;
	struct said x, y;
	bool same;

	without_ident(&bare);
	say(&x, &bare);
	say(&y, b);
	same = same_said(&x, &y);
	said_free(&x);
	said_free(&y);
	return same;
}

static void as_text(void *context, const struct telegram *t)
{
	static const char *const flags[] = { ",-,", ",g," };
	char *text = malloc(METERLINE_RECORD_MAX + TELEGRAM_PAD);
	struct record_header h = { .seq = 7,
				   .boottime_us = 1234567890123ull,
				   .damaged = t->damaged,
				   .protocol = t->protocol };
	struct telegram *again = malloc(sizeof(*again));
	struct record_header read;
	struct trip *trip = context;
	size_t len;

	trip->telegrams++;
	h.gap = trip->telegrams % 2;
	telegram_number(t, h.number, sizeof(h.number));
	len = record_text(t, &h, text, METERLINE_RECORD_MAX);
	if (len >= METERLINE_RECORD_MAX || strlen(text) != len || !strstr(text, flags[h.gap]))
		trip->kept = broken("%s: not a record: %s", trip->vector, text);
	else if (!record_parse(text, len, again, &read))
		trip->kept = broken("%s: a record is not read", trip->vector);
	else if (!same_telegram(t, again))
		trip->kept = broken("%s: a record says something else", trip->vector);
	else if (read.seq != h.seq || read.boottime_us != h.boottime_us || read.gap != h.gap ||
		 read.damaged != h.damaged || read.protocol != h.protocol ||
		 strcmp(read.number, h.number))
		trip->kept = broken("%s: the header says something else", trip->vector);
	free(again);
	free(text);
}

static void as_packed(void *context, const struct telegram *t)
{
	struct telegram *again = malloc(sizeof(*again));
	char number[METERLINE_NUMBER_MAX + 1];
	struct trip *trip = context;
	const char *read;
	size_t size;
	u8 *packed;

	trip->telegrams++;
	telegram_number(t, number, sizeof(number));
	size = record_packed_size(t, number);
	packed = malloc(size + TELEGRAM_PAD);
	record_pack(t, number, packed);
	record_unpack(packed, again, &read);
	if (size > RECORD_PACKED_MAX)
		trip->kept = broken("%s: packed in %zu bytes", trip->vector, size);
	if (strcmp(read, number) || !same_telegram(t, again))
		trip->kept = broken("%s: packed, a telegram says something else", trip->vector);
	free(packed);
	free(again);
}

static bool round_trips(telegram_fn fn)
{
	struct vector *vectors;
	size_t count = load_vectors(&vectors), telegrams = 0;
	bool kept = true;

	for (size_t i = 0; i < count; i++) {
		struct trip trip = { .vector = vectors[i].name, .kept = true };
		struct line_decoder *d = malloc(sizeof(*d));

		line_decoder_init(d, LINE_AUTO, fn, &trip);
		line_decoder_feed(d, vectors[i].bytes, vectors[i].len, 0);
		line_decoder_pause(d);
		free(d);
		telegrams += trip.telegrams;
		kept &= trip.kept;
	}
	free_vectors(vectors, count);
	note("%zu telegrams", telegrams);
	return kept && telegrams;
}

static bool a_record_says_what_the_telegram_said(const char **skip)
{
	(void)skip;
	return round_trips(as_text);
}

static bool a_packed_telegram_says_what_the_telegram_said(const char **skip)
{
	(void)skip;
	return round_trips(as_packed);
}

static void cut_text(void *context, const struct telegram *t)
{
	char *whole = malloc(METERLINE_RECORD_MAX), *part = malloc(METERLINE_RECORD_MAX);
	struct record_header h = { .protocol = t->protocol };
	size_t len = record_text(t, &h, whole, METERLINE_RECORD_MAX);
	struct trip *trip = context;

	trip->telegrams++;
	for (size_t size = 0; size < 200 && size <= len; size++) {
		memset(part, 'x', size + 1);
		if (record_text(t, &h, part, size) != len || part[size] != 'x' ||
		    (size && (memcmp(part, whole, size - 1) || part[size - 1])))
			trip->kept = broken("%s: not the first %zu bytes", trip->vector, size);
	}
	free(whole);
	free(part);
}

static bool a_short_buffer_gets_the_first_part_and_the_length_of_all(const char **skip)
{
	(void)skip;
	return round_trips(cut_text);
}

static bool is_record(const char *text)
{
	char *copy = calloc(1, strlen(text) + 1 + TELEGRAM_PAD);
	struct telegram *t = malloc(sizeof(*t));
	struct record_header h;
	bool read;

	memcpy(copy, text, strlen(text));
	read = record_parse(copy, strlen(text), t, &h);
	free(copy);
	free(t);
	return read;
}

static bool what_is_no_record_is_refused(const char **skip)
{
	static const char *const bad[] = {
		"",
		"\n",
		"1\n",
		"1,2\n",
		"1,2,p1\n",
		"1,2,p1,-,0\n",
		"x,2,p1,-,0;\n\n",
		"1,2,p2,-,0;\n\n",
		"1,2,p1,-,70000;\n\n",
		"1,2,p1,-,0;\n1-0:1.8.0=(1)\n\n",
		"1,2,p1,-,0;\n 1-0:1.8.0\n\n",
		"1,2,p1,-,0;\n 1-0:1.8.0=(\\xg1)\n\n",
		"99999999999999999999999,2,p1,-,0;\n\n",
	};
	static const char *const good[] = {
		"1,2,p1,-,0;\n\n",
		"1,2,p1,-,0,later,more;9\n 1-0:1.8.0=(1*kWh)\n\n",
		"1,2,tic-standard,g,3;\n DATE@E251011010531=\n\n",
		"1,2,tic-historique,-,0;a\\x0ab\n PTEC=HP..\n\n",
	};
	bool kept = true;

	(void)skip;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (is_record(bad[i]))
			kept = broken("taken for a record: %s", bad[i]);
	for (size_t i = 0; i < COUNT(good); i++)
		if (!is_record(good[i]))
			kept = broken("not taken for a record: %s", good[i]);
	return kept;
}

static const struct promise promises[] = {
	{ "a_record_says_what_the_telegram_said", a_record_says_what_the_telegram_said },
	{ "a_packed_telegram_says_what_the_telegram_said",
	  a_packed_telegram_says_what_the_telegram_said },
	{ "a_short_buffer_gets_the_first_part_and_the_length_of_all",
	  a_short_buffer_gets_the_first_part_and_the_length_of_all },
	{ "what_is_no_record_is_refused", what_is_no_record_is_refused },
};

int main(void)
{
	return keep_promises(promises, COUNT(promises));
}
