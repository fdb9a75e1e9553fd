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
 * @framing: characters dropped: no stop bit, low for ten bits (a break), or a pulse in them that is
 *	too short for a bit
 * @lost_edges: edges that repeat the level, that the caller lost, or that a level which cannot be
 *	proves to be missing; the character is dropped
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
	u64 latest_ns;		/* the latest edge of all, for the order and the speed */
	u64 pending_ns;		/* the latest edge, if @pending: it may still be a glitch */
	u64 edge_ns;		/* the latest edge that counts */
	u64 start_ns;		/* the start bit's edge, if @open */
	u32 nominal_ns;		/* a bit at this speed */
	u32 bit_ns;		/* a bit as the line has it */
	s32 skew_ns;		/* rising edges come so much later than falling ones */
	s32 rising_ns;		/* sum of what this character's rising edges are later than that */
	s32 falling_ns;		/* what the last falling edge of this character was too late */
	u32 shortest_ns[2];	/* low and high pulse of this block */
	u16 frame;		/* start bit, 8 bits, stop bit */
	u8 at;			/* bits of @frame that are known */
	u8 falling_at;		/* at which bit @falling_ns was; 0: nowhere */
	u8 level;		/* after the latest edge; SOFTUART_TOGGLE: not known */
	u8 trust;		/* good characters lately */
	u8 fallings;		/* of this character */
	u8 learned;		/* good characters that bit_ns and skew_ns are from */
	u8 block_pulses;
	u8 speed_pulses;	/* seen since the speed was last decided */
	u8 speed_short;		/* those of them that only 9600 baud has */
	bool find_speed;
	bool speed_known;
	bool toggles;		/* levels are not read but inferred */
	bool synced;		/* it is known which falling edges are start bits */
	bool doubt;		/* characters were bad, and not yet good again */
	bool pending;
	bool open;		/* between start and stop bit */
	bool damaged;		/* the open character is */
	bool lost;		/* and that is counted already */
};

void softuart_init(struct softuart *u, unsigned int baud);
int softuart_edge(struct softuart *u, u64 time_ns, unsigned int level);
u64 softuart_deadline(const struct softuart *u);
int softuart_expire(struct softuart *u, u64 now_ns);
void softuart_lost(struct softuart *u);
unsigned int softuart_baud(const struct softuart *u);

#endif /* SOFTUART_H */
