// SPDX-License-Identifier: MIT
/*
 * A file of prices: two columns, when and how much. Read in one go, and taken whole or not at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/zone.h"
#include "config_text.h"
#include "config_values.h"
#include "price_series.h"
#include "prices.h"

/**
 * price_series_empty - a series without a price
 *
 * Return: the series, with one reference, or NULL when there is no memory.
 */
struct price_series *price_series_empty(void)
{
	struct price_series *p = calloc(1, sizeof(*p));

	if (p)
		p->references = 1;
	return p;
}

/** price_series_get - one more reference; loop thread */
struct price_series *price_series_get(struct price_series *p)
{
	p->references++;
	return p;
}

/** price_series_put - one reference less; NULL does nothing; loop thread */
void price_series_put(struct price_series *p)
{
	if (!p || --p->references)
		return;
	free(p->rows);
	free(p);
}

/**
 * price_series_at - the price at an instant
 * @p: a series
 * @time_s: seconds since 1970
 * @e5: for the price, 1e-5 of the file's unit
 *
 * Return: false when no row tells it.
 */
bool price_series_at(const struct price_series *p, s64 time_s, s64 *e5)
{
	unsigned int low = 0, high = p->count;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (p->rows[middle].start_s <= time_s)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || time_s - p->rows[low - 1].start_s >= PRICE_HOLDS_S)
		return false;
	*e5 = p->rows[low - 1].e5;
	return true;
}

/**
 * struct price_file - a file on its way into a series
 * @line: number of the line at hand, from 1 on
 * @told: a row was seen: what is none from now on is a mistake
 */
struct price_file {
	const char *path;
	char *error;
	struct price_series *series;
	unsigned int line;
	bool told;
};

__attribute__((format(printf, 2, 3))) static bool wrong(struct price_file *f, const char *format,
							...)
{
	int len = snprintf(f->error, PRICE_ERROR_MAX, "%s:%u: ", f->path, f->line);
	va_list args;

	va_start(args, format);
	if (len < PRICE_ERROR_MAX)
		vsnprintf(f->error + len, PRICE_ERROR_MAX - len, format, args);
	va_end(args);
	return false;
}

static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t\"");
	len = strlen(text);
	while (len && strchr(" \t\r\"", text[len - 1]))
		text[--len] = '\0';
	return text;
}

/* Cuts a line in two; with ';' between them, a decimal comma is a point. */
static char *cut(char *line)
{
	char *separator = strpbrk(line, ";"), *comma;

	if (!separator) {
		separator = strchr(line, ',');
	} else {
		comma = strchr(separator, ',');
		if (comma)
			*comma = '.';
	}
	if (!separator)
		return NULL;
	*separator = '\0';
	return trim(separator + 1);
}

static bool add_row(struct price_file *f, s64 start_s, s64 e5)
{
	struct price_series *p = f->series;
	const struct price_row row = { .start_s = start_s, .e5 = e5 };

	if (start_s < 0 || start_s > UINT32_MAX || start_s % QUARTER_S)
		return wrong(f, "expected a quarter of an hour, such as 2025-01-01T00:15:00+01:00");
	if (p->count && p->rows[p->count - 1].start_s >= start_s)
		return wrong(f, "expected a time after that of the row before");
	/* Room is doubled: grow() makes room for one. */
	if (!(p->count & (p->count - 1)) && p->count != 1) {
		struct price_row *rows = reallocarray(p->rows, p->count ? 2 * p->count : 2,
						      sizeof(*rows));

		if (!rows)
			return wrong(f, "no memory for it");
		p->rows = rows;
	}
	p->rows[p->count++] = row;
	p->hash = hash_add(p->hash, &row, sizeof(row));
	return true;
}

/* Whatever stands before the first row is its header, one line of it. */
static bool take_line(struct price_file *f, char *line)
{
	char *start = trim(line), *price = cut(start);
	s64 start_s, e5;

	if (!*start && !price)
		return true;
	if (!iso_time_parse(trim(start), &start_s)) {
		if (!f->told && price) {
			f->told = true;
			return true;
		}
		return wrong(f, "expected a time such as 2025-01-01T00:00:00Z or "
			     "2025-01-01T01:00:00+01:00, a comma or semicolon, and a price");
	}
	f->told = true;
	if (!price || !value_decimal(price, 5, -PRICE_MAX_E5, PRICE_MAX_E5, &e5))
		return wrong(f, "expected a price from -20000 to 20000, at most five decimals, "
			     "behind the time");
	return add_row(f, start_s, e5);
}

static bool take_text(struct price_file *f, char *text, size_t len)
{
	char *end = text + len;

	if (memchr(text, '\0', len)) {
		f->line = 1;
		return wrong(f, "it has a NUL byte, expected text");
	}
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		text += 3;
	while (text < end) {
		char *newline = memchr(text, '\n', end - text);
		size_t line_len = (newline ? newline : end) - text;

		f->line++;
		if (line_len > PRICE_LINE_MAX_BYTES)
			return wrong(f, "the line is longer than %d bytes", PRICE_LINE_MAX_BYTES);
		text[line_len] = '\0';
		if (!take_line(f, text))
			return false;
		text += line_len + 1;
	}
	return true;
}

/* All of a regular file of bounded size, and room for a NUL; NULL after a sentence. */
static char *load(const char *path, size_t *len, char error[PRICE_ERROR_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *text = NULL;
	struct stat st;
	ssize_t n = -1;

	if (fd < 0 || fstat(fd, &st)) {
		snprintf(error, PRICE_ERROR_MAX, "%s: cannot be read: %s", path, strerror(errno));
	} else if (!S_ISREG(st.st_mode) || st.st_size > PRICE_FILE_MAX_BYTES) {
		snprintf(error, PRICE_ERROR_MAX, "%s: expected a regular file of at most %d MiB",
			 path, PRICE_FILE_MAX_BYTES >> 20);
	} else {
		text = malloc(st.st_size + 1);
		n = text ? read(fd, text, st.st_size) : -1;
		if (n < 0)
			snprintf(error, PRICE_ERROR_MAX, "%s: cannot be read: %s", path,
				 strerror(errno));
	}
	if (fd >= 0)
		close(fd);
	if (n < 0) {
		free(text);
		return NULL;
	}
	*len = n;
	return text;
}

/**
 * price_series_read - read a file of prices
 * @path: rows of a time (ISO 8601 with Z or an offset, a quarter of an hour), a comma or semicolon
 *	and a price; one header line and blank lines may be there
 * @error: a sentence with file and line, when it fails
 *
 * A year of quarters takes some milliseconds. Loop thread.
 *
 * Return: the series, with one reference, or NULL.
 */
struct price_series *price_series_read(const char *path, char error[PRICE_ERROR_MAX])
{
	struct price_file f = { .path = path, .error = error };
	size_t len;
	char *text = load(path, &len, error);

	if (!text)
		return NULL;
	f.series = price_series_empty();
	if (!f.series) {
		snprintf(error, PRICE_ERROR_MAX, "%s: no memory for it", path);
	} else {
		f.series->hash = HASH_BEGIN;
		if (!take_text(&f, text, len)) {
			price_series_put(f.series);
			f.series = NULL;
		}
	}
	free(text);
	return f.series;
}
