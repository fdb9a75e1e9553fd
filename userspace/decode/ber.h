/* SPDX-License-Identifier: MIT */
/*
 * Lengths as BER and A-XDR write them (IEC 61334-6, section 6.10): below 128 in one byte, else 81
 * or 82 hex and so many bytes of them.
 */
#ifndef METERLINE_BER_H
#define METERLINE_BER_H

#include "../../kernel/telegram/types.h"

#define BER_BAD (-1)

/**
 * ber_length - read a length
 * @bytes: where it begins
 * @count: how many there are
 * @length: for the length; not compared with @count
 *
 * Return: the bytes that it takes, 1 to 3; 0 when it is not whole; BER_BAD when it is none, or
 * above 65535.
 */
static inline int ber_length(const u8 *bytes, size_t count, size_t *length)
{
	size_t size;

	if (!count)
		return 0;
	if (bytes[0] < 0x80) {
		*length = bytes[0];
		return 1;
	}
	size = bytes[0] - 0x80 + 1;
	if (size < 2 || size > 3)
		return BER_BAD;
	if (size > count)
		return 0;
	*length = size == 2 ? bytes[1] : bytes[1] << 8 | bytes[2];
	return size;
}

#endif /* METERLINE_BER_H */
