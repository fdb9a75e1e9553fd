// SPDX-License-Identifier: MIT
/*
 * meterctl explain: the file, which may be the bytes themselves or hex digits as people paste them
 * from terminals, logs and forums.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/hex.h"
#include "../lib/say.h"
#include "explain.h"

/* Fewer bytes in hex are rather a word than a frame. */
#define HEX_BYTES_MIN 4

/**
 * struct dump - hex digits that are read
 * @at: what comes next
 * @bytes: so far
 * @len: of them
 * @offsets: each line begins with the offset of its first byte, and may end with its text
 */
struct dump {
	const char *at;
	u8 *bytes;
	size_t len;
	bool offsets;
};

static bool is_separator(char c)
{
	return c == ' ' || c == '\t' || c == ',' || c == ':' || c == '-' || c == '.' || c == ';' ||
	       c == '{' || c == '}' || c == '[' || c == ']' || c == '"';
}

static bool is_line_end(char c)
{
	return !c || c == '\n' || c == '\r';
}

/* 0x or \x before the digits of a byte. */
static void skip_prefix(struct dump *d)
{
	if ((d->at[0] == '0' || d->at[0] == '\\') && (d->at[1] | 0x20) == 'x' &&
	    isxdigit((u8)d->at[2]))
		d->at += 2;
}

/* One run of digits: two for each byte. */
static bool read_run(struct dump *d)
{
	size_t digits;

	skip_prefix(d);
	digits = strspn(d->at, HEX_DIGITS);
	if (!digits || digits % 2 || d->len + digits / 2 > EXPLAIN_TEXT_MAX / 2)
		return false;
	for (; digits; digits -= 2, d->at += 2)
		d->bytes[d->len++] = hex_digit_value(d->at[0]) << 4 | hex_digit_value(d->at[1]);
	return true;
}

/* An offset is as many bytes as came before; those of the first line are zeros. */
static bool read_offset(struct dump *d)
{
	const size_t digits = strspn(d->at, HEX_DIGITS);
	char *end;

	if (digits < 4 || digits > 8 || strtoul(d->at, &end, 16) != d->len)
		return false;
	d->at = end;
	return *d->at == ':' || *d->at == ' ' || *d->at == '\t' || is_line_end(*d->at);
}

/* Behind the bytes of a dump stand their characters, which are no digits though they look so. */
static bool is_text_of_dump(const struct dump *d, size_t first)
{
	return d->offsets && (*d->at == '|' || (d->len - first == 16 && d->at[0] == ' ') ||
			      (d->len > first && d->at[0] == ' ' && d->at[1] == ' ' &&
			       strspn(d->at + 2, HEX_DIGITS) != 2));
}

static bool read_line(struct dump *d)
{
	const size_t first = d->len;

	if (d->offsets && !is_line_end(*d->at) && !read_offset(d))
		return false;
	while (!is_line_end(*d->at)) {
		if (is_text_of_dump(d, first))
			d->at += strcspn(d->at, "\r\n");
		else if (is_separator(*d->at))
			d->at++;
		else if (!read_run(d))
			return false;
	}
	return true;
}

/* Whether a text is hex digits and nothing else, which then are the bytes. */
static bool read_dump(const char *text, struct dump *d)
{
	struct dump ahead = { .at = text };

	d->at = text;
	d->len = 0;
	d->offsets = strspn(text, "0") >= 4 && read_offset(&ahead);
	while (*d->at) {
		if (!read_line(d))
			return false;
		d->at += strspn(d->at, "\r\n");
	}
	return d->len >= HEX_BYTES_MIN;
}

/* Up to @size bytes of a file; -1 with errno. */
static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n = 1;

	while (n && len < size) {
		n = read(fd, text + len, size - len);
		if (n > 0)
			len += n;
		else if (n < 0 && errno != EINTR)
			return -1;
	}
	return len;
}

static ssize_t read_path(const char *path, char *text, size_t size)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : STDIN_FILENO;
	ssize_t len = fd < 0 ? -1 : read_all(fd, text, size);
	const int error = errno;

	if (fd > STDIN_FILENO)
		close(fd);
	errno = error;
	return len;
}

/* The bytes in place of the digits, when they are digits. */
static bool unhex(char *text, size_t *len)
{
	struct dump d = { .bytes = malloc(EXPLAIN_TEXT_MAX / 2) };
	const bool hex = d.bytes && !memchr(text, '\0', *len) && read_dump(text, &d);

	if (hex) {
		memcpy(text, d.bytes, d.len);
		*len = d.len;
	}
	free(d.bytes);
	return hex;
}

/**
 * explain_read - the bytes to explain
 * @path: of the file; - is standard input
 * @len: for their number, at most EXPLAIN_MAX
 * @hex: for whether they stood there as hex digits
 *
 * Return: for free(); NULL after a sentence.
 */
u8 *explain_read(const char *path, size_t *len, bool *hex)
{
	char *text = malloc(EXPLAIN_TEXT_MAX + 1);
	ssize_t count = text ? read_path(path, text, EXPLAIN_TEXT_MAX) : -1;

	if (count < 0) {
		say("%s cannot be read: %s", path, strerror(errno));
		free(text);
		return NULL;
	}
	text[count] = '\0';
	*len = count;
	*hex = unhex(text, len);
	if (*len > EXPLAIN_MAX) {
		say("%s: only its first %u bytes are explained", path, EXPLAIN_MAX);
		*len = EXPLAIN_MAX;
	}
	return (u8 *)text;
}
