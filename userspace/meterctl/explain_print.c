// SPDX-License-Identifier: MIT
/*
 * meterctl explain: rows of an offset, bytes in hex and what they say, in 80 columns.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "explain.h"

#define COLUMNS	    80
#define OFFSET_LEN  6
#define ROW_BYTES   8
#define TEXT_COLUMN (OFFSET_LEN + 2 + 3 * ROW_BYTES + 1)
/* More than any row says; what is longer is cut. */
#define TEXT_MAX 4096
/* Bytes that nothing is known of are shown so far. */
#define DUMP_BYTES 16
#define DUMP_MAX   256

/* How much of a text goes on a line of this width: up to a blank, where there is one. */
static size_t line_of(const char *text, size_t width)
{
	size_t at = width;

	if (strlen(text) <= width)
		return strlen(text);
	while (at && text[at] != ' ')
		at--;
	return at ? at : width;
}

/**
 * explain_wrapped - a text to the end of its line, and in more lines when it is long
 * @text: printable
 * @column: where it begins, and where its other lines do
 */
void explain_wrapped(const char *text, unsigned int column)
{
	for (;;) {
		size_t len = line_of(text, COLUMNS - column);

		printf("%.*s\n", (int)len, text);
		text += len;
		text += strspn(text, " ");
		if (!*text)
			return;
		printf("%*s", (int)column, "");
	}
}

/** explain_title - what comes next, with a line of its own */
void explain_title(const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	putchar('\n');
	explain_wrapped(text, 0);
}

/** explain_note - a sentence about what stands above */
void explain_note(const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	printf("%*s", OFFSET_LEN + 2, "");
	explain_wrapped(text, OFFSET_LEN + 2);
}

static void print_hex(const u8 *bytes, size_t len)
{
	const size_t shown = len > ROW_BYTES ? ROW_BYTES - 1 : len;
	size_t i;

	for (i = 0; i < shown; i++)
		printf("%02X ", bytes[i]);
	if (len > shown)
		printf(".. ");
	for (i += len > shown; i < ROW_BYTES; i++)
		printf("   ");
}

/**
 * explain_row - some bytes and what they say
 * @offset: of the first, as it is printed
 * @bytes: the bytes
 * @len: how many
 * @depth: how deep they lie in others
 * @format: as of printf(), printable
 */
void explain_row(size_t offset, const u8 *bytes, size_t len, unsigned int depth,
		 const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	printf("%*zu  ", OFFSET_LEN, offset);
	print_hex(bytes, len);
	printf(" %*s", (int)(2 * depth), "");
	explain_wrapped(text, TEXT_COLUMN + 2 * depth);
}

static void dump_line(size_t offset, const u8 *bytes, size_t len)
{
	printf("%*zu  ", OFFSET_LEN, offset);
	for (size_t i = 0; i < DUMP_BYTES; i++) {
		if (i < len)
			printf("%02X ", bytes[i]);
		else
			printf("   ");
	}
	putchar(' ');
	for (size_t i = 0; i < len; i++)
		putchar(bytes[i] >= 0x20 && bytes[i] <= 0x7e ? bytes[i] : '.');
	putchar('\n');
}

/**
 * explain_bytes - bytes as hex and text, since nothing else is known of them
 * @offset: of the first, as it is printed
 * @bytes: the bytes
 * @len: how many; of many only the first are shown
 */
void explain_bytes(size_t offset, const u8 *bytes, size_t len)
{
	const size_t shown = len > DUMP_MAX ? DUMP_MAX : len;

	for (size_t at = 0; at < shown; at += DUMP_BYTES)
		dump_line(offset + at, bytes + at,
			  shown - at < DUMP_BYTES ? shown - at : DUMP_BYTES);
	if (len > shown)
		explain_note("... and %zu bytes more", len - shown);
}
