// SPDX-License-Identifier: MIT
/*
 * The bytes that are tried become what a line of DLMS carries: pieces of them in frames, segments
 * and blocks, enciphered or not, others as they are, some altered or cut off.
 */
#include "dlms_host.h"
#include "fuzz.h"

const char property[] = "any_line_of_dlms_gives_the_same_in_any_chunks";

/** fuzz_seeds - what inputs are made from */
size_t fuzz_seeds(struct vector **vectors)
{
	return dlms_seeds(vectors);
}

#define PIECE_MAX 1500
/* What a piece may become, in the smallest parts. */
#define SENT_MAX (40 * PIECE_MAX)

/** struct form - how the pieces of a line are sent */
struct form {
	size_t (*parts)(u8 *bytes, const u8 *apdu, size_t len, size_t part);
	unsigned int framing;
};

static size_t raw_of(u8 *bytes, const u8 *apdu, size_t len, size_t part)
{
	(void)part;
	memcpy(bytes, apdu, len);
	return len;
}

static const struct form forms[] = {
	{ hdlc_segments_of, DLMS_HDLC },
	{ hdlc_blocks_of, DLMS_HDLC },
	{ mbus_segments_of, DLMS_MBUS },
	{ raw_of, DLMS_RAW },
};

/* An APDU with this in it, which may be read, or not. */
static size_t make_apdu(u8 *apdu, const u8 *bytes, size_t len, u64 *state)
{
	switch (lot(state, 4)) {
	case 0:
		memcpy(apdu, bytes, len);
		return len;
	case 1:
		return block_of(apdu, 1 + lot(state, 3), lot(state, 2), bytes, len);
	default:
		return notification_of(apdu, lot(state, 9), len);
	}
}

static size_t make_message(u8 *message, const u8 *bytes, size_t len, u64 *state)
{
	static const u8 controls[] = { 0x30, 0x30, 0x30, 0x20, 0x31, 0x10, 0x00, 0x32 };
	u8 apdu[PIECE_MAX + 100];
	const size_t apdu_len = make_apdu(apdu, bytes, len, state);

	if (lot(state, 2)) {
		memcpy(message, apdu, apdu_len);
		return apdu_len;
	}
	return dlms_cipher_of(message, lot(state, 50), controls[lot(state, COUNT(controls))], apdu,
			      apdu_len);
}

/* What may befall bytes on their way; returns how many arrive. */
static size_t befall(u8 *bytes, size_t len, u64 *state)
{
	switch (lot(state, 8)) {
	case 0:
		bytes[lot(state, len)] ^= 1 << lot(state, 8);
		return len;
	case 1:
		return lot(state, len);
	default:
		return len;
	}
}

/* Returns the length of the line. */
static size_t make_line(const struct form *form, const u8 *bytes, size_t len, u8 *line, size_t room,
			u64 *state)
{
	size_t at = 0, out = 0;

	while (at < len && room - out > SENT_MAX) {
		u8 message[PIECE_MAX + 200];
		size_t n = 1 + lot(state, lot(state, 3) ? 300 : PIECE_MAX), message_len;

		n = n < len - at ? n : len - at;
		if (lot(state, 6)) {
			message_len = make_message(message, bytes + at, n, state);
			out += befall(
				line + out,
				form->parts(line + out, message, message_len, 40 + lot(state, 400)),
				state);
		} else {
			memcpy(line + out, bytes + at, n);
			out += n;
		}
		at += n;
	}
	return out;
}

/** holds - whether a line made of these bytes, and they alone, are read alike in any chunks */
bool holds(const u8 *bytes, size_t len)
{
	u64 state = len + (len ? bytes[len / 2] : 0);
	const struct form *form = &forms[lot(&state, COUNT(forms))];
	const unsigned int framings = lot(&state, 2) ? form->framing : DLMS_AUTO;
	struct meter_keys keys = dlms_keys;
	const size_t room = 2 * SENT_MAX;
	u8 *line = malloc(room);
	bool kept;

	if (!line)
		abort();
	keys.has_auth_key = lot(&state, 2);
	kept = dlms_same_in_chunks(framings, lot(&state, 4) ? &keys : NULL, line,
				   make_line(form, bytes, len, line, room, &state)) &&
	       dlms_same_in_chunks(DLMS_AUTO, &keys, bytes, len);
	free(line);
	return kept;
}
