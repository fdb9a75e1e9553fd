/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Reflected CRC-16 eight bytes at a time: table k gives the CRC of a byte with k zero bytes behind
 * it. A CRC is linear, so an entry is the sum of those of the byte's single bits.
 *
 * A polynomial is given as a macro BITS(X) of eight X(k, ...): for each table the entries of the
 * bytes 0x01, 0x02, 0x04 .. 0x80.
 */
#ifndef TELEGRAM_CRC16_SLICES_H
#define TELEGRAM_CRC16_SLICES_H

#include "swar.h"

#define CRC16_ENTRY(byte, b0, b1, b2, b3, b4, b5, b6, b7)                                       \
	((((byte)&0x01) ? (b0) : 0) ^ (((byte)&0x02) ? (b1) : 0) ^ (((byte)&0x04) ? (b2) : 0) ^ \
	 (((byte)&0x08) ? (b3) : 0) ^ (((byte)&0x10) ? (b4) : 0) ^ (((byte)&0x20) ? (b5) : 0) ^ \
	 (((byte)&0x40) ? (b6) : 0) ^ (((byte)&0x80) ? (b7) : 0))

#define CRC16_4(n, ...)                                                 \
	CRC16_ENTRY(n, __VA_ARGS__), CRC16_ENTRY((n) + 1, __VA_ARGS__), \
		CRC16_ENTRY((n) + 2, __VA_ARGS__), CRC16_ENTRY((n) + 3, __VA_ARGS__)
#define CRC16_16(n, ...)                                                                       \
	CRC16_4(n, __VA_ARGS__), CRC16_4((n) + 4, __VA_ARGS__), CRC16_4((n) + 8, __VA_ARGS__), \
		CRC16_4((n) + 12, __VA_ARGS__)
#define CRC16_64(n, ...)                                           \
	CRC16_16(n, __VA_ARGS__), CRC16_16((n) + 16, __VA_ARGS__), \
		CRC16_16((n) + 32, __VA_ARGS__), CRC16_16((n) + 48, __VA_ARGS__)
#define CRC16_TABLE(k, ...)                                                                      \
	[k] = { CRC16_64(0, __VA_ARGS__), CRC16_64(64, __VA_ARGS__), CRC16_64(128, __VA_ARGS__), \
		CRC16_64(192, __VA_ARGS__) },

/* The CRC of @count bytes behind those that gave @crc. */
static inline u16 crc16_slices(const u16 table[8][256], u16 crc, const u8 *bytes, size_t count)
{
	const u8 *end = bytes + count;

	for (; end - bytes >= 8; bytes += 8) {
		u64 w = swar_load(bytes) ^ crc;

		crc = table[7][w & 0xff] ^ table[6][w >> 8 & 0xff] ^ table[5][w >> 16 & 0xff] ^
		      table[4][w >> 24 & 0xff] ^ table[3][w >> 32 & 0xff] ^
		      table[2][w >> 40 & 0xff] ^ table[1][w >> 48 & 0xff] ^ table[0][w >> 56];
	}
	for (; bytes < end; bytes++)
		crc = crc >> 8 ^ table[0][(crc ^ *bytes) & 0xff];
	return crc;
}

#endif /* TELEGRAM_CRC16_SLICES_H */
