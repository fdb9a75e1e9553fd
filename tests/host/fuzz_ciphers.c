// SPDX-License-Identifier: MIT
/*
 * The bytes that are tried become what a line with keys carries: pieces of them enciphered in
 * frames, others as they are, some frames altered, cut off or behind a clear header.
 */
#include "../../userspace/decode/stream.h"
#include "cipher_frames.h"
#include "fuzz.h"

const char property[] = "any_line_with_keys_gives_the_same_in_any_chunks";

/** fuzz_seeds - what inputs are made from */
size_t fuzz_seeds(struct vector **vectors)
{
	return load_vectors(vectors);
}

#define PIECE_MAX 5000

static struct meter_keys keys_of(u64 *state)
{
	struct meter_keys keys = {
		.key = { 1, 2, 3 },
		.auth_key = { 4, 5, 6 },
		.system_title = "SIMPOLAN",
		.has_auth_key = lot(state, 2),
		.has_system_title = lot(state, 4),
	};

	return keys;
}

/* What may befall a frame on its way; returns its length. */
static size_t befall(u8 *frame, size_t len, u64 *state)
{
	switch (lot(state, 6)) {
	case 0:
		frame[lot(state, len)] ^= 1 << lot(state, 8);
		return len;
	case 1:
		return lot(state, len);
	default:
		return len;
	}
}

/* Returns the length of the line; a frame takes at most 32 bytes more than its text. */
static size_t make_line(const struct meter_keys *keys, const u8 *bytes, size_t len, u8 *line,
			u64 *state)
{
	size_t at = 0, out = 0;

	while (at < len) {
		size_t n = 1 + lot(state, lot(state, 3) ? 1500 : PIECE_MAX);
		struct cipher_frame f = {
			.keys = keys,
			.title = "SIMTITLE",
			.header = lot(state, 4) ? NULL : "/SIM5\r\n\r\n",
			.counter = lot(state, 50),
			.control = lot(state, 4) ? 0x30 : 0x20,
			.text = bytes + at,
		};

		n = n < len - at ? n : len - at;
		f.len = n;
		if (lot(state, 4)) {
			out += befall(line + out, cipher_frame(&f, line + out), state);
		} else {
			memcpy(line + out, bytes + at, n);
			out += n;
		}
		at += n;
	}
	return out;
}

/* In pieces of up to @most bytes; 0: all at once. */
static struct said read_line(const struct meter_keys *keys, bool refuse, const u8 *bytes,
			     size_t len, size_t most, struct p1_cipher_stats *counts)
{
	struct said said = { .telegrams = 0 };
	struct stream *s = malloc(sizeof(*s));
	u64 state = len;

	if (!s || !stream_init(s, LINE_P1, keys, say_telegram, &said))
		abort();
	p1_cipher_refuse_replayed(s->cipher, refuse);
	for (size_t at = 0; at < len;) {
		size_t n = most ? 1 + lot(&state, most) : len;

		n = n < len - at ? n : len - at;
		stream_feed(s, bytes + at, n, 0);
		at += n;
	}
	stream_end(s);
	stream_seen(s);
	*counts = *p1_cipher_stats(s->cipher);
	stream_release(s);
	free(s);
	return said;
}

static bool same_in_chunks(const struct meter_keys *keys, bool refuse, const u8 *bytes, size_t len)
{
	static const size_t chunks[] = { 1, 7, 300 };
	struct p1_cipher_stats counts, other;
	struct said whole = read_line(keys, refuse, bytes, len, 0, &counts);
	bool same = true;

	for (size_t i = 0; same && i < COUNT(chunks); i++) {
		struct said pieces = read_line(keys, refuse, bytes, len, chunks[i], &other);

		same = (same_said(&whole, &pieces) && !memcmp(&counts, &other, sizeof(counts))) ||
		       broken("whole:\n%s\nin pieces:\n%s", whole.fields.at, pieces.fields.at);
		said_free(&pieces);
	}
	said_free(&whole);
	return same;
}

/** holds - whether a line made of these bytes, and they alone, are read alike in any chunks */
bool holds(const u8 *bytes, size_t len)
{
	u64 state = len + (len ? bytes[len / 2] : 0);
	struct meter_keys keys = keys_of(&state);
	const bool refuse = lot(&state, 2);
	u8 *line = malloc(40 * len + 64);
	size_t line_len;
	bool kept;

	if (!line)
		abort();
	line_len = make_line(&keys, bytes, len, line, &state);
	kept = same_in_chunks(&keys, refuse, line, line_len) &&
	       same_in_chunks(&keys, refuse, bytes, len);
	free(line);
	return kept;
}
