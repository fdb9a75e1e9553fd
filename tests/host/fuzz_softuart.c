// SPDX-License-Identifier: MIT
#include "edges.h"
#include "fuzz.h"

const char property[] = "any_edges_are_bounded_and_spoil_no_character_behind_some_frames";

/** fuzz_seeds - what inputs are made from */
size_t fuzz_seeds(struct vector **vectors)
{
	return load_vectors(vectors);
}

/* Frames with a pause before each, behind which all is forgotten that came before them. */
#define FORGOTTEN 4
#define FRAMES	  6

static bool is_bounded(const struct softuart *u, int character, u64 now)
{
	s64 bit = u->nominal_ns;

	return character >= SOFTUART_NONE && character <= 255 &&
	       labs((long)(u->bit_ns - bit)) * 25 <= bit && labs((long)u->skew_ns) * 3 < bit * 2 &&
	       (softuart_deadline(u) == SOFTUART_NEVER || softuart_deadline(u) < now + 11 * bit);
}

/* Before its deadline a timer changes nothing; with it, the line needs no other one. */
static bool expires_once(struct softuart *u, u64 *emitted)
{
	u64 deadline = softuart_deadline(u);
	struct softuart before = *u;
	int character;

	if (deadline == SOFTUART_NEVER)
		return true;
	softuart_expire(u, deadline - 1);
	if (memcmp(&before, u, sizeof(before)))
		return broken("an early timer changed something");
	character = softuart_expire(u, deadline);
	*emitted += character != SOFTUART_NONE;
	return (is_bounded(u, character, deadline) && softuart_deadline(u) == SOFTUART_NEVER) ||
	       broken("behind the timer: %d", character);
}

/*
 * One byte is one edge: its level, and a time that grows with the square, so from nothing to some
 * characters. Two bytes are none.
 */
static bool take_byte(struct softuart *u, u8 byte, bool toggle, u64 *now, u64 *emitted)
{
	u64 bit = u->nominal_ns, wait = (byte & 0x7f) * (byte & 0x7f) * bit / 320;
	unsigned int level = toggle ? SOFTUART_TOGGLE : byte >> 7;
	int character;

	if (byte == 0xff) {
		softuart_lost(u);
		return true;
	}
	*now += byte == 0x7f ? (u64)-3 * bit : wait;
	if (softuart_deadline(u) < *now && byte & 1 && !expires_once(u, emitted))
		return false;
	character = softuart_edge(u, *now, level);
	*emitted += character != SOFTUART_NONE;
	return is_bounded(u, character, *now) ||
	       broken("behind the edge at %llu: %d", (unsigned long long)*now, character);
}

static bool hears_what_comes_then(struct softuart *u, u64 now, unsigned int baud, bool toggle)
{
	static const u8 text[32] = "The quick brown fox jumps over.";
	struct wire w = wire_at(baud);
	struct heard h;
	bool right;

	w.now_ns = now;
	w.jitter = 50;
	w.lots = now;
	for (unsigned int i = 0; i < FRAMES; i++) {
		wire_level(&w, 1, 20 * BIT);
		wire_bytes(&w, text, sizeof(text));
	}
	h = hear(u, &w, 0, toggle);
	right = h.last_missing <= FORGOTTEN * sizeof(text) && h.wrong <= 2 * sizeof(text);
	if (!right)
		broken("%u baud: %zu wrong, the last missing one is %zu", softuart_baud(u), h.wrong,
		       h.last_missing);
	heard_free(&h);
	wire_free(&w);
	return right;
}

/** holds - whether these bytes as edges are bounded, and a line works behind them */
bool holds(const u8 *bytes, size_t len)
{
	unsigned int baud = len && bytes[0] & 2 ? 1200 : 9600;
	bool find = len && bytes[0] & 4, toggle = len && bytes[0] & 1, right = true;
	u64 now = 1000000000000, emitted = 0;
	struct softuart u;

	softuart_init(&u, find ? 0 : baud);
	for (size_t i = 1; right && i < len; i++)
		right = take_byte(&u, bytes[i], toggle, &now, &emitted);
	if (right && emitted != u.stats.characters)
		right = broken("%llu characters, counted %llu", (unsigned long long)emitted,
			       (unsigned long long)u.stats.characters);
	return right && hears_what_comes_then(&u, now, baud, toggle);
}
