/* SPDX-License-Identifier: MIT */
/*
 * The edges of a line that carries bytes, as bad as one likes, and what softuart.c makes of them.
 */
#ifndef EDGES_H
#define EDGES_H

#include "host.h"
#include "softuart.h"

/* A whole bit, where parts of one are given. */
#define BIT 1000

/** struct edge - a change of a line's level */
struct edge {
	u64 ns;
	u8 level;
};

/** struct sent - a character, and when it began */
struct sent {
	u64 ns;
	u8 byte;
};

/**
 * struct wire - a line, bit after bit, and the edges that it had
 * @baud: what the receiver takes for the speed
 * @speed: of the sender, in thousandths of @baud
 * @jitter: each edge is early or late by up to so much, in thousandths of a bit
 * @extreme: by exactly so much
 * @skew: rising edges are late by so much, negative: early
 * @lots: state of lot()
 * @now_ns: end of what was sent
 * @level: at @now_ns
 * @edges: that it had, @count of them
 * @sent: the characters, @sent_count of them
 */
struct wire {
	unsigned int baud;
	u32 speed;
	u32 jitter;
	bool extreme;
	s32 skew;
	u64 lots;
	u64 now_ns;
	unsigned int level;
	struct edge *edges;
	size_t count;
	size_t room;
	struct sent *sent;
	size_t sent_count;
	size_t sent_room;
};

struct wire wire_at(unsigned int baud);
void wire_level(struct wire *w, unsigned int level, u32 thousandths);
void wire_byte(struct wire *w, u8 byte);
void wire_bytes(struct wire *w, const u8 *bytes, size_t len);
void wire_pulse(struct wire *w, size_t behind, u32 offset_ns, u32 ns);
void wire_remove(struct wire *w, size_t at, size_t count);
void wire_free(struct wire *w);

/**
 * struct heard - the characters that a receiver gave
 * @bytes: all of them, @len
 * @right: how many of them had been sent then
 * @wrong: how many had not
 * @last_wrong: which was the last of those; 0 without one
 * @last_missing: which of the characters sent, counted from 1, was the last one not given; 0: none
 */
struct heard {
	u8 *bytes;
	size_t len;
	size_t right;
	size_t wrong;
	size_t last_wrong;
	size_t last_missing;
};

/* How edges are handed over: without their levels; with a timer that is always late. */
#define HEAR_TOGGLES 1u
#define HEAR_LATE    2u

/* Hands over the edges from the one at @from on. */
struct heard hear(struct softuart *u, const struct wire *w, size_t from, unsigned int how);
void heard_free(struct heard *h);

#endif /* EDGES_H */
