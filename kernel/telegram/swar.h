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
	p[0] = w;
	p[1] = w >> 8;
	p[2] = w >> 16;
	p[3] = w >> 24;
	p[4] = w >> 32;
	p[5] = w >> 40;
	p[6] = w >> 48;
	p[7] = w >> 56;
}

/* The first @n bytes (0..8) of a word. */
static inline u64 swar_first(u64 w, unsigned int n)
{
	return n ? w & (~0ull >> (64 - 8 * n)) : 0;
}

/* Whether the first @n bytes (1..8) of two words are the same. */
static inline bool swar_same(u64 a, u64 b, unsigned int n)
{
	return !((a ^ b) << (64 - 8 * n));
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
	return __ffs64(mask) / 8;
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

/*
 * The first @n bytes (1..8) of a word as decimal digits 0..9, the last of them highest in the word
 * and zeros before the first. When swar_is_decimal() is false they were not all digits.
 */
static inline u64 swar_decimal(u64 w, unsigned int n)
{
	unsigned int unused = 64 - 8 * n;

	return (w << unused) - (SWAR_ONES * '0' << unused);
}

static inline bool swar_is_decimal(u64 decimal)
{
	return !((decimal | (decimal + SWAR_ONES * (0x80 - 10))) & SWAR_HIGH);
}

/* Sum of the digits, 0..72. */
static inline unsigned int swar_digit_sum(u64 decimal)
{
	return decimal * SWAR_ONES >> 56;
}

/* The number that they are, 0..99999999. */
static inline u32 swar_number(u64 decimal)
{
	decimal = decimal * (10 * 256 + 1) >> 8;
	decimal = (decimal & 0x00ff00ff00ff00ffull) * (100 * 65536 + 1) >> 16;
	return (decimal & 0x0000ffff0000ffffull) * (10000 * 4294967296ull + 1) >> 32;
}

#endif /* TELEGRAM_SWAR_H */
