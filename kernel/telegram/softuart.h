/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A receiver of asynchronous characters (1 start bit, 8 bits, 1 stop bit) that sees nothing but the
 * edges of its line, each with its time.
 *
 * Freestanding, as telegram.h. The caller serialises the calls on one structure, hands over each
 * edge once and in order, and calls softuart_expire() when softuart_deadline() has come without
 * another edge, since the last bits of a character may have none.
 */
#ifndef SOFTUART_H
#define SOFTUART_H

#include "types.h"

/* Instead of a character: none is complete. */
#define SOFTUART_NONE (-1)
/* Instead of a level: it could not be read; the line has the other one now. */
#define SOFTUART_TOGGLE 2u
/* What softuart_deadline() says of an idle line. */
#define SOFTUART_NEVER (~0ULL)

/**
 * struct softuart_stats - what a receiver counted
 * @characters: characters handed out
 * @framing: characters dropped: no stop bit, or low for ten bits (a break)
 * @lost_edges: edges that repeat the level, or that the caller lost; the character is dropped
 * @glitches: pulses too short for a bit
 */
struct softuart_stats {
	u64 characters;
	u64 framing;
	u64 lost_edges;
	u64 glitches;
};

/**
 * struct softuart - the receiver of one line
 *
 * See softuart.c. Public only so that a caller can hold one.
 */
struct softuart {
	struct softuart_stats stats;
	u32 bit_ns;
};

void softuart_init(struct softuart *u, unsigned int baud);
int softuart_edge(struct softuart *u, u64 time_ns, unsigned int level);
u64 softuart_deadline(const struct softuart *u);
int softuart_expire(struct softuart *u, u64 now_ns);
void softuart_lost(struct softuart *u);
unsigned int softuart_baud(const struct softuart *u);

#endif /* SOFTUART_H */
