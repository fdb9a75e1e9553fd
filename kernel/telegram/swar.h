/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Eight bytes of a telegram at a time, in one 64-bit word, in plain C. The lowest byte of a word
 * is the first one in memory.
 */
#ifndef TELEGRAM_SWAR_H
#define TELEGRAM_SWAR_H

#include "types.h"

#define SWAR_ONES 0x0101010101010101ull
#define SWAR_HIGH 0x8080808080808080ull
#define SWAR_LOW7 0x7f7f7f7f7f7f7f7full

/* Compilers make one load or store of these. */
static inline u64 swar_load(const u8 *p)
{
	return (u64)p[0] | (u64)p[1] << 8 | (u64)p[2] << 16 | (u64)p[3] << 24 | (u64)p[4] << 32 |
	       (u64)p[5] << 40 | (u64)p[6] << 48 | (u64)p[7] << 56;
}

static inline void swar_store(u8 *p, u64 w)
{
	unsigned int i;

	for (i = 0; i < 8; i++)
		p[i] = w >> (8 * i);
}

/* The first @n bytes (0..8) of a word. */
static inline u64 swar_first(u64 w, unsigned int n)
{
	return n ? w & (~0ull >> (64 - 8 * n)) : 0;
}

/*
 * Masks: bit 7 of each byte for which something holds. All but swar_low() want bytes below 0x80;
 * none carries from one byte into the next.
 */
static inline u64 swar_below(u64 w, u8 limit)
{
	return ~(w + SWAR_ONES * (0x80 - limit)) & SWAR_HIGH;
}

static inline u64 swar_above(u64 w, u8 limit)
{
	return (w + SWAR_ONES * (0x7f - limit)) & SWAR_HIGH;
}

static inline u64 swar_equal(u64 w, u8 byte)
{
	return ~((w ^ SWAR_ONES * byte) + SWAR_LOW7) & SWAR_HIGH;
}

/* Index 0..7 of the first byte of a mask that is not empty. */
static inline unsigned int swar_index(u64 mask)
{
	return ((((mask & -mask) >> 7) - 1) & SWAR_ONES) * SWAR_ONES >> 56;
}

/* Number of bytes in a mask. */
static inline unsigned int swar_count(u64 mask)
{
	return ((mask >> 7) * SWAR_ONES) >> 56;
}

/* Sum of all bytes. */
static inline unsigned int swar_sum(u64 w)
{
	const u64 even = 0x00ff00ff00ff00ffull;

	return (((w & even) + (w >> 8 & even)) * 0x0001000100010001ull) >> 48;
}

/* Bit 0 of each byte: 1 when the 8 bits have odd parity. */
static inline u64 swar_odd(u64 w)
{
	w ^= w >> 4;
	w ^= w >> 2;
	w ^= w >> 1;
	return w & SWAR_ONES;
}

/* Eight decimal digits, the first one the highest; other bytes give rubbish. */
static inline u32 swar_digits(u64 w)
{
	w = (w & 0x0f0f0f0f0f0f0f0full) * (10 * 256 + 1) >> 8;
	w = (w & 0x00ff00ff00ff00ffull) * (100 * 65536 + 1) >> 16;
	return (w & 0x0000ffff0000ffffull) * (10000 * 4294967296ull + 1) >> 32;
}

/* True when the first @n bytes (1..8) are decimal digits. */
static inline bool swar_all_digits(u64 w, unsigned int n)
{
	const u64 low = (w & SWAR_LOW7) + SWAR_ONES * 0x46;	/* bit 7: above '9' */
	const u64 high = (w | SWAR_HIGH) - SWAR_ONES * '0';	/* bit 7: not below '0' */

	return !swar_first((low | ~high | w) & SWAR_HIGH, n);
}

/* Value of the first @n digits (1..8) of a word. */
static inline u32 swar_number(u64 w, unsigned int n)
{
	return swar_digits(w << (64 - 8 * n));
}

#endif /* TELEGRAM_SWAR_H */
