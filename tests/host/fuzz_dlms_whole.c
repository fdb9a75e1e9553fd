// SPDX-License-Identifier: MIT
/*
 * The bytes that are tried are an APDU, which a line carries in frames, segments or blocks,
 * enciphered or not: what comes out at its end is what the APDU says by itself, in any chunks.
 */
#include "dlms_apdus.h"
#include "dlms_host.h"
#include "dlms_whole.h"
#include "fuzz.h"

const char property[] = "any_apdu_says_the_same_through_any_line";

/* So much fits the 16 segments of M-Bus when each has PART_MIN bytes. */
#define APDU_LEN_MAX 2000
#define PART_MIN     140
#define LINE_ROOM     8192

/** fuzz_seeds - what inputs are made from */
size_t fuzz_seeds(struct vector **vectors)
{
	return apdu_seeds(vectors);
}

/* What the APDU says by itself; nothing when it is none, or something is behind it. */
static struct text says(const u8 *bytes, size_t len, const char *title)
{
	static struct dlms_reading r;
	struct text said = { 0 };
	char *json;

	if (parse_exact(&r, NULL, bytes, len, title) != len)
		return said;
	json = json_of(&r);
	text_add_bytes(&said, (const u8 *)json, strlen(json));
	free(json);
	return said;
}

/* The line; @ciphered: for whether its message is enciphered. */
static size_t make_line(u8 *line, const u8 *bytes, size_t len, bool ciphered, u64 *state)
{
	size_t (*const forms[])(u8 *, const u8 *, size_t, size_t) = {
		hdlc_segments_of,
		hdlc_blocks_of,
		mbus_segments_of,
	};
	u8 message[APDU_LEN_MAX + 64];

	if (ciphered) {
		len = dlms_cipher_of(message, lot(state, 9), 0x30, bytes, len);
		bytes = message;
	}
	return forms[lot(state, COUNT(forms))](line, bytes, len, PART_MIN + lot(state, 350));
}

static bool through_a_line(const u8 *bytes, size_t len, bool ciphered, u64 *state)
{
	u8 line[LINE_ROOM];
	const size_t line_len = make_line(line, bytes, len, ciphered, state);
	struct text expected = says(bytes, len, ciphered ? DLMS_HOST_TITLE : NULL);
	static struct dlms_whole w;
	bool kept;

	dlms_whole_begin(&w, DLMS_AUTO, &dlms_keys);
	dlms_whole_hear(&w, line, line_len, 1 + lot(state, 300));
	kept = text_same(&expected, &w.said) ||
	       broken("enciphered %d: %snot %s", ciphered, w.said.len ? w.said.at : "nothing, ",
		      expected.len ? expected.at : "nothing");
	dlms_whole_forget(&w);
	text_free(&expected);
	return kept;
}

/* Several APDUs in one message, and other kinds of them, are for other tests. */
static bool is_one(const u8 *bytes, size_t len)
{
	static struct dlms_reading r;
	const size_t used = len ? parse_exact(&r, NULL, bytes, len, NULL) : 0;

	return len && bytes[0] == 0x0f && (used == len || !used);
}

/** holds - see the property */
bool holds(const u8 *bytes, size_t len)
{
	u64 state = len + (len ? bytes[len / 2] : 0);

	if (len > APDU_LEN_MAX)
		len = APDU_LEN_MAX;
	return !is_one(bytes, len) || (through_a_line(bytes, len, false, &state) &&
				       through_a_line(bytes, len, true, &state));
}
