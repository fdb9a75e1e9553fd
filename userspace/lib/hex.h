/* SPDX-License-Identifier: MIT */
/*
 * Bytes written as hex digits, two for each.
 */
#ifndef METERLINE_HEX_H
#define METERLINE_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HEX_DIGITS "0123456789abcdefABCDEF"

static inline uint8_t hex_digit_value(char c)
{
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/** hex_read - whether @text is exactly @len bytes in hex, of any case, which are put into @bytes */
static inline bool hex_read(const char *text, uint8_t *bytes, size_t len)
{
	if (!text || strlen(text) != 2 * len || strspn(text, HEX_DIGITS) != 2 * len)
		return false;
	for (size_t i = 0; i < len; i++)
		bytes[i] = hex_digit_value(text[2 * i]) << 4 | hex_digit_value(text[2 * i + 1]);
	return true;
}

#endif /* METERLINE_HEX_H */
