// SPDX-License-Identifier: MIT
#include "fuzz.h"

const char property[] = "any_bytes_give_the_same_in_any_chunks_and_what_the_rules_say";

/** fuzz_seeds - what inputs are made from */
size_t fuzz_seeds(struct vector **vectors)
{
	return load_vectors(vectors);
}

/* Chunks of which no two are alike, by lot. */
static struct said decode_ragged(unsigned int protocol, const u8 *bytes, size_t len)
{
	struct said said = { .telegrams = 0 };
	struct line_decoder *d = malloc(sizeof(*d));
	u64 state = len;

	line_decoder_init(d, protocol, say_telegram, &said);
	for (size_t at = 0; at < len;) {
		size_t n = 1 + lot(&state, lot(&state, 3) ? 9 : 200);

		n = n < len - at ? n : len - at;
		line_decoder_feed(d, bytes + at, n, at);
		at += n;
	}
	line_decoder_pause(d);
	line_decoder_seen(d);
	free(d);
	return said;
}

/*
 * With its protocol named: a line on which telegrams of both are mixed has that of the first one,
 * which is not the same in any chunks when they end within a few bytes.
 */
static bool same_in_chunks(unsigned int protocol, const u8 *bytes, size_t len)
{
	struct said whole = decode(protocol, bytes, len, 0, NULL);
	struct said single = decode(protocol, bytes, len, 1, NULL);
	struct said ragged = decode_ragged(protocol, bytes, len);
	bool same = same_said(&whole, &single) && same_said(&whole, &ragged);

	if (!same)
		broken("whole:\n%s\nsingle bytes:\n%s\nragged:\n%s", whole.fields.at,
		       single.fields.at, ragged.fields.at);
	said_free(&whole);
	said_free(&single);
	said_free(&ragged);
	return same;
}

static bool as_the_rules_say(const u8 *bytes, size_t len, unsigned int protocol,
			     struct said (*reference)(const u8 *bytes, size_t len))
{
	struct said rules = reference(bytes, len), said = { .fields_only = true };
	struct line_decoder *d = malloc(sizeof(*d));
	bool same;

	line_decoder_init(d, protocol, say_telegram, &said);
	line_decoder_feed(d, bytes, len, 0);
	line_decoder_pause(d);
	free(d);
	same = same_said(&said, &rules);
	if (!same)
		broken("read:\n%s\nby the rules:\n%s", said.fields.at, rules.fields.at);
	said_free(&said);
	said_free(&rules);
	return same;
}

/** holds - whether these bytes are read alike in any chunks, and as the rules say */
bool holds(const u8 *bytes, size_t len)
{
	struct said both = decode_ragged(LINE_AUTO, bytes, len);

	said_free(&both);
	return same_in_chunks(LINE_TIC, bytes, len) && same_in_chunks(LINE_P1, bytes, len) &&
	       as_the_rules_say(bytes, len, LINE_TIC, tic_reference) &&
	       as_the_rules_say(bytes, len, LINE_P1, p1_reference);
}
