// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * CRC-16/ARC (x^16 + x^15 + x^2 + 1, reflected, initial value 0), the check of P1: DSMR P1
 * companion standard 5.0.2, section 6.2.
 *
 * Eight bytes at a time: table k gives the CRC of a byte with k zero bytes behind it. A CRC is
 * linear, so an entry is the sum of those of the byte's single bits.
 */
#include "swar.h"
#include "telegram.h"

/* For each table the entries of the bytes 0x01, 0x02, 0x04 .. 0x80. */
#define CRC16_BITS(X)                                                        \
	X(0, 0xc0c1, 0xc181, 0xc301, 0xc601, 0xcc01, 0xd801, 0xf001, 0xa001) \
	X(1, 0x9001, 0x6001, 0xc002, 0xc007, 0xc00d, 0xc019, 0xc031, 0xc061) \
	X(2, 0xc051, 0xc0a1, 0xc141, 0xc281, 0xc501, 0xca01, 0xd401, 0xe801) \
	X(3, 0xfc01, 0xb801, 0x3001, 0x6002, 0xc004, 0xc00b, 0xc015, 0xc029) \
	X(4, 0xc03d, 0xc079, 0xc0f1, 0xc1e1, 0xc3c1, 0xc781, 0xcf01, 0xde01) \
	X(5, 0xd101, 0xe201, 0x8401, 0x4801, 0x9002, 0x6007, 0xc00e, 0xc01f) \
	X(6, 0xc010, 0xc023, 0xc045, 0xc089, 0xc111, 0xc221, 0xc441, 0xc881) \
	X(7, 0xccc1, 0xd981, 0xf301, 0xa601, 0x0c01, 0x1802, 0x3004, 0x6008)

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

static const u16 crc16_table[8][256] = { CRC16_BITS(CRC16_TABLE) };

/**
 * crc16_arc - CRC-16/ARC of some bytes
 * @crc: 0, or the CRC of the bytes before these
 * @bytes: to sum up
 * @count: number of @bytes
 *
 * Return: the CRC of all bytes so far.
 */
u16 crc16_arc(u16 crc, const u8 *bytes, size_t count)
{
	const u8 *end = bytes + count;

	for (; end - bytes >= 8; bytes += 8) {
		u64 w = swar_load(bytes) ^ crc;

		crc = crc16_table[7][w & 0xff] ^ crc16_table[6][w >> 8 & 0xff] ^
		      crc16_table[5][w >> 16 & 0xff] ^ crc16_table[4][w >> 24 & 0xff] ^
		      crc16_table[3][w >> 32 & 0xff] ^ crc16_table[2][w >> 40 & 0xff] ^
		      crc16_table[1][w >> 48 & 0xff] ^ crc16_table[0][w >> 56];
	}
	for (; bytes < end; bytes++)
		crc = crc >> 8 ^ crc16_table[0][(crc ^ *bytes) & 0xff];
	return crc;
}
