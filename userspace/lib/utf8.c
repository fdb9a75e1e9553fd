// SPDX-License-Identifier: MIT
/*
 * Bytes that may be text of UTF-8 (RFC 3629).
 *
 * Text of a person is UTF-8, text of a meter is bytes of unknown meaning, and either may be cut
 * anywhere. A byte that is no part of a character is printed as the character of Latin-1 that it
 * would be, so that what comes out is UTF-8 whatever went in.
 */
#include "utf8.h"

/**
 * utf8_len - the length of the character at the beginning of some bytes
 * @bytes: any bytes
 * @len: how many, at least 1
 *
 * Return: 2 to 4 for a whole character of several bytes, 0 for anything else, as is ASCII.
 */
size_t utf8_len(const u8 *bytes, size_t len)
{
	static const u32 smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t count = bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;
	u32 code = bytes[0] & (0x7f >> count);

	if (bytes[0] < 0xc2 || bytes[0] > 0xf4 || count > len)
		return 0;
	for (size_t i = 1; i < count; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (bytes[i] & 0x3f);
	}
	if (code < smallest[count] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return count;
}

/**
 * utf8_is_control - whether a control character stands at the beginning of some bytes
 * @bytes: any bytes
 * @len: how many, at least 1
 *
 * Those of ASCII, and those from U+0080 to U+009F in one byte or two: terminals obey them, too.
 */
bool utf8_is_control(const u8 *bytes, size_t len)
{
	if (bytes[0] == 0xc2 && len > 1)
		return (bytes[1] & 0xe0) == 0x80;
	return bytes[0] < 0x20 || bytes[0] == 0x7f || (bytes[0] & 0xe0) == 0x80;
}

/**
 * utf8_print - prints the character at the beginning of some bytes
 * @out: where to
 * @bytes: any bytes
 * @len: how many, at least 1
 *
 * A control character becomes a blank.
 *
 * Return: how many bytes it had.
 */
size_t utf8_print(FILE *out, const u8 *bytes, size_t len)
{
	size_t count = utf8_len(bytes, len);

	if (utf8_is_control(bytes, len))
		fputc(' ', out);
	else if (count)
		fwrite(bytes, 1, count, out);
	else if (*bytes < 0x80)
		fputc(*bytes, out);
	else
		fprintf(out, "%c%c", 0xc0 | *bytes >> 6, 0x80 | (*bytes & 0x3f));
	return count ? count : 1;
}

/**
 * utf8_print_text - prints a text that comes from elsewhere
 * @out: where to
 * @text: any bytes, ends with NUL; control characters become blanks
 */
void utf8_print_text(FILE *out, const char *text)
{
	const u8 *at = (const u8 *)text;
	size_t left = strlen(text);

	while (left) {
		size_t n = utf8_print(out, at, left);

		at += n;
		left -= n;
	}
}
