// SPDX-License-Identifier: MIT
/*
 * What damage does to lines of DLMS: every vector of the corpus, and what each simulated meter
 * sends, altered, cut off and spliced at each byte and read all the way to readings. Each reading
 * that comes out is one that came out before, and what is whole still comes out.
 */
#include <unistd.h>

#include "../../userspace/decode/hdlc.h"
#include "../../userspace/decode/mbus.h"
#include "dlms_host.h"
#include "dlms_whole.h"

#define SENT_MAX   8192
/* Two messages of which lists that come seldom are one. */
#define SIMULATION "build/meterctl simulate %s --speed max --start 2026-05-04T08:59:58Z"

/**
 * struct sent - bytes that a meter sends
 * @name: of the vector, or the meter
 * @line: reads it, and what is made of it
 * @len: bytes of @bytes in use
 * @first: of them, those of the first message; 0: not known
 * @damaged: not all of it is good
 * @says: readings of @bytes, as lines of JSON
 */
struct sent {
	char name[600];
	struct dlms_whole line;
	size_t len;
	size_t first;
	bool damaged;
	u8 bytes[SENT_MAX];
	struct text says;
};

/* What is done with each of the bytes that are sent; false after a sentence. */
typedef bool (*damage_fn)(struct sent *s);

/* Reads these bytes; what they say is in s->line. */
static const struct text *read_all(struct sent *s, const u8 *bytes, size_t len, size_t chunk)
{
	dlms_whole_again(&s->line);
	dlms_whole_hear(&s->line, bytes, len, chunk);
	return &s->line.said;
}

static bool begins_with_line(const char *text, const char *line, size_t len)
{
	return !strncmp(text, line, len);
}

/* Whether readings are some of those that were sent, in their order. */
static bool are_among(const struct text *said, const struct text *all)
{
	const char *at = said->len ? said->at : "", *from = all->len ? all->at : "";

	while (*at) {
		const size_t len = strchr(at, '\n') + 1 - at;

		while (*from && !begins_with_line(from, at, len))
			from = strchr(from, '\n') + 1;
		if (!*from)
			return false;
		at += len;
		from += len;
	}
	return true;
}

/* Without frames there is no check, but for a tag. */
static bool is_checked(const struct sent *s)
{
	return s->bytes[0] == HDLC_FLAG || s->bytes[0] == MBUS_START;
}

/* Whether damaged bytes give nothing but what was sent; says it where they do. */
static bool give_nothing_else(struct sent *s, const u8 *bytes, size_t len, const char *damage,
			      size_t at)
{
	const struct text *said = read_all(s, bytes, len, 0);

	/* Some vectors have damage in them, which one more change may undo. */
	return !is_checked(s) || are_among(said, &s->says) ||
	       (s->damaged && are_among(&s->says, said)) ||
	       broken("%s: with byte %zu %s it says %s", s->name, at, damage, said->at);
}

static bool give_just(struct sent *s, const u8 *bytes, size_t len, const char *expected,
		      const char *damage, size_t at)
{
	const struct text *said = read_all(s, bytes, len, 0);
	const char *text = said->len ? said->at : "";

	return !strcmp(text, expected) ||
	       broken("%s: %s at byte %zu it says '%s', not %s", s->name, damage, at, text,
		      expected);
}

static bool altered(struct sent *s, const u8 *flips, size_t count, const u8 *values,
		    size_t value_count)
{
	bool kept = true;

	for (size_t at = 0; kept && at < s->len; at++) {
		const u8 was = s->bytes[at];

		for (size_t i = 0; kept && i < count + value_count; i++) {
			s->bytes[at] = i < count ? was ^ flips[i] : values[i - count];
			kept = give_nothing_else(s, s->bytes, s->len, "altered", at);
		}
		s->bytes[at] = was;
	}
	return kept;
}

/* Bits, and what begins and ends frames. */
static bool each_byte_altered(struct sent *s)
{
	static const u8 flips[] = { 0x01, 0x08, 0x80, 0xff };
	static const u8 values[] = { HDLC_FLAG, MBUS_START };

	return altered(s, flips, COUNT(flips), values, COUNT(values));
}

static bool each_byte_altered_a_little(struct sent *s)
{
	static const u8 flips[] = { 0x01 };
	static const u8 values[] = { HDLC_FLAG, MBUS_START };

	return altered(s, flips, COUNT(flips), values, COUNT(values));
}

static bool each_byte_lost_or_twice(struct sent *s)
{
	u8 bytes[SENT_MAX + 1];
	bool kept = true;

	for (size_t at = 0; kept && at < s->len; at++) {
		memcpy(bytes, s->bytes, at);
		memcpy(bytes + at, s->bytes + at + 1, s->len - at - 1);
		kept = give_nothing_else(s, bytes, s->len - 1, "lost", at);
		memcpy(bytes, s->bytes, at + 1);
		memcpy(bytes + at + 1, s->bytes + at, s->len - at);
		kept = kept && give_nothing_else(s, bytes, s->len + 1, "twice", at);
	}
	return kept;
}

/* From its beginning, and to its end. */
static bool each_length_of_it(struct sent *s)
{
	bool kept = true;

	for (size_t at = 0; kept && at < s->len; at++)
		kept = give_nothing_else(s, s->bytes, at, "and all behind it missing", at) &&
		       give_nothing_else(s, s->bytes + at, s->len - at, "the first", at);
	return kept;
}

/* In two pieces, and byte by byte. */
static bool each_cut_of_it(struct sent *s)
{
	for (size_t at = 1; at < s->len; at++) {
		dlms_whole_again(&s->line);
		dlms_line_feed(s->line.line, s->bytes, at, 0);
		dlms_whole_hear(&s->line, s->bytes + at, s->len - at, 0);
		if (!text_same(&s->line.said, &s->says))
			return broken("%s: cut at %zu", s->name, at);
	}
	return text_same(read_all(s, s->bytes, s->len, 1), &s->says) ||
	       broken("%s: other byte by byte", s->name);
}

/* The beginning, or the end, of the first message before the second, which is whole. */
static bool each_part_of_the_first_costs_the_second_nothing(struct sent *s)
{
	const char *both = s->says.at, *second = strchr(both, '\n') + 1;
	const size_t behind = s->len - s->first;
	const bool hdlc = s->bytes[0] == HDLC_FLAG;
	u8 bytes[SENT_MAX];
	bool kept = true;

	for (size_t at = 0; kept && at < s->first; at++) {
		/* The flag that is missing is the first one of the second message. */
		const bool whole = hdlc && at == s->first - 1;

		memcpy(bytes, s->bytes, at);
		memcpy(bytes + at, s->bytes + s->first, behind);
		kept = give_just(s, bytes, at + behind, whole ? both : second, "cut off", at) &&
		       give_just(s, s->bytes + at, s->len - at, at ? second : both, "begun", at);
	}
	return kept;
}

/* Whether what is spliced gives nothing else, or all of its frames are good: then nothing shows. */
static bool mixes_nothing(struct sent *s, const u8 *bytes, size_t len, size_t at)
{
	const struct text *said = read_all(s, bytes, len, 0);

	return are_among(said, &s->says) || !s->line.skipped ||
	       broken("%s: spliced at %zu it says %s", s->name, at, said->at);
}

/*
 * The beginning of the first message before the end of the second. A sum modulo 256 would be right
 * now and then.
 */
static bool each_splice_mixes_nothing(struct sent *s)
{
	u8 bytes[SENT_MAX];
	bool kept = true;

	for (size_t at = 0; kept && at < s->first && s->bytes[0] == HDLC_FLAG; at++) {
		for (size_t from = s->first + at; kept && from < s->len; from += 97) {
			memcpy(bytes, s->bytes, at);
			memcpy(bytes + at, s->bytes + from, s->len - from);
			kept = mixes_nothing(s, bytes, at + s->len - from, at);
		}
	}
	return kept;
}

static bool do_all(struct sent *s, const struct meter_keys *keys, const damage_fn *damages,
		   size_t count)
{
	bool kept = true;

	dlms_whole_begin(&s->line, DLMS_AUTO, keys);
	s->says = *read_all(s, s->bytes, s->len, 0);
	s->line.said = (struct text){ 0 };
	s->damaged = s->line.skipped;
	for (size_t i = 0; kept && i < count; i++)
		kept = damages[i](s);
	text_free(&s->says);
	dlms_whole_forget(&s->line);
	return kept;
}

static bool no_damage_to_any_vector_gives_another_reading(const char **skip)
{
	static const damage_fn damages[] = {
		each_cut_of_it,
		each_byte_altered,
		each_byte_lost_or_twice,
		each_length_of_it,
	};
	static struct sent s;
	struct vector *vectors;
	size_t count = dlms_corpus(&vectors, skip);
	struct meter_keys *keys;
	bool kept = true;

	for (size_t i = 0; kept && i < count; i++) {
		if (vectors[i].len > SENT_MAX)
			abort();
		snprintf(s.name, sizeof(s.name), "%s", vectors[i].name);
		memcpy(s.bytes, vectors[i].bytes, vectors[i].len);
		s.len = vectors[i].len;
		keys = dlms_vector_keys(&vectors[i]);
		kept = do_all(&s, keys, damages, COUNT(damages));
		meter_keys_free(keys);
	}
	note("%zu vectors", count);
	free_vectors(vectors, count);
	return kept;
}

/* Bytes of a command; 0: it failed. */
static size_t output_of(const char *command, u8 *bytes)
{
	FILE *pipe = popen(command, "r");
	size_t len = pipe ? fread(bytes, 1, SENT_MAX, pipe) : 0;

	return pipe && !pclose(pipe) ? len : 0;
}

/* What a simulated meter sends: @options behind its kind. */
static bool simulate(struct sent *s, const char *kind, const char *options)
{
	char command[300];

	snprintf(s->name, sizeof(s->name), "%s%s", kind, options);
	snprintf(command, sizeof(command), SIMULATION " --count 1 %s", kind, options);
	s->first = output_of(command, s->bytes);
	snprintf(command, sizeof(command), SIMULATION " --count 2 %s", kind, options);
	s->len = output_of(command, s->bytes);
	return (s->first && s->len > s->first && s->len < SENT_MAX) ||
	       broken("%s: %zu of %zu bytes", s->name, s->first, s->len);
}

static void write_keys(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (!file || fputs(text, file) < 0 || fclose(file))
		abort();
}

/* A meter that is simulated, with these keys; "": in clear. */
static bool simulated_is_kept(const char *kind, const char *keys)
{
	static const damage_fn damages[] = {
		each_cut_of_it,
		each_byte_altered_a_little,
		each_byte_lost_or_twice,
		each_length_of_it,
		each_part_of_the_first_costs_the_second_nothing,
		each_splice_mixes_nothing,
	};
	char path[80], options[100] = "";
	struct meter_keys *parsed = NULL;
	static struct sent s;
	bool kept;

	snprintf(path, sizeof(path), "build/tests/dlms_damage.%d.json", (int)getpid());
	if (*keys) {
		write_keys(path, keys);
		parsed = meter_keys_read(path);
		snprintf(options, sizeof(options), " --key-file %s", path);
	}
	kept = simulate(&s, kind, options) && do_all(&s, parsed, damages, COUNT(damages));
	meter_keys_free(parsed);
	if (*keys)
		unlink(path);
	return kept;
}

static bool no_damage_to_any_simulated_meter_gives_another_reading(const char **skip)
{
	static const char *const kinds[] = {
		"e450", "e450-austria", "e570", "e360", "am550", "am550-2026", "am550-scalers",
		"omnipower-norway", "omnipower-sweden", "omnipower-denmark", "t210", "ma309",
		"aidon", "kaifa",
	};
	static const char *const keys[] = {
		"{\"key\": \"000102030405060708090a0b0c0d0e0f\"}",
		"{\"key\": \"000102030405060708090a0b0c0d0e0f\","
		" \"auth_key\": \"a0a1a2a3a4a5a6a7a8a9aaabacadaeaf\"}",
	};
	bool kept = true;

	(void)skip;
	for (size_t i = 0; kept && i < COUNT(kinds); i++)
		kept = (!strcmp(kinds[i], "e450-austria") || simulated_is_kept(kinds[i], "")) &&
		       simulated_is_kept(kinds[i], keys[i % 2]);
	note("%zu meters, in clear and enciphered", COUNT(kinds));
	return kept;
}

int main(void)
{
	static const struct promise promises[] = {
#define PROMISE(name) { #name, name }
		PROMISE(no_damage_to_any_vector_gives_another_reading),
		PROMISE(no_damage_to_any_simulated_meter_gives_another_reading),
#undef PROMISE
	};

	return keep_promises(promises, COUNT(promises));
}
