// SPDX-License-Identifier: MIT
/*
 * CRC-16/X-25 (x^16 + x^12 + x^5 + 1, reflected), the check of HDLC: IEC 62056-46, annex A.
 */
#include "../../kernel/telegram/crc16_slices.h"
#include "crc16_x25.h"

#define CRC16_BITS(X)                                                        \
	X(0, 0x1189, 0x2312, 0x4624, 0x8c48, 0x1081, 0x2102, 0x4204, 0x8408) \
	X(1, 0x19d8, 0x33b0, 0x6760, 0xcec0, 0x9591, 0x2333, 0x4666, 0x8ccc) \
	X(2, 0x5adc, 0xb5b8, 0x6361, 0xc6c2, 0x8595, 0x033b, 0x0676, 0x0cec) \
	X(3, 0x1cbb, 0x3976, 0x72ec, 0xe5d8, 0xc3a1, 0x8f53, 0x16b7, 0x2d6e) \
	X(4, 0x0b44, 0x1688, 0x2d10, 0x5a20, 0xb440, 0x6091, 0xc122, 0x8a55) \
	X(5, 0x042b, 0x0856, 0x10ac, 0x2158, 0x42b0, 0x8560, 0x02d1, 0x05a2) \
	X(6, 0x9fd5, 0x37bb, 0x6f76, 0xdeec, 0xb5c9, 0x6383, 0xc706, 0x861d) \
	X(7, 0x81bf, 0x0b6f, 0x16de, 0x2dbc, 0x5b78, 0xb6f0, 0x65f1, 0xcbe2)

static const u16 crc16_table[8][256] = { CRC16_BITS(CRC16_TABLE) };

/**
 * crc16_x25 - CRC-16/X-25 of some bytes, not complemented
 * @crc: CRC16_X25_BEGIN, or what the bytes before these gave
 * @bytes: to sum up
 * @count: number of @bytes
 *
 * Return: the CRC of all bytes so far; CRC16_X25_RESIDUE when their CRC, as sent, is the last of
 * them.
 */
u16 crc16_x25(u16 crc, const u8 *bytes, size_t count)
{
	return crc16_slices(crc16_table, crc, bytes, count);
}
