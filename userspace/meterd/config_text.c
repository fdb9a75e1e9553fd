// SPDX-License-Identifier: MIT
/*
 * The text of configuration files, through inih.
 *
 * inih by itself has no line numbers, takes an indented key as a second value, cuts lines at 199
 * bytes and names at 49, and takes ':' for '='. So it reads through a reader that hands it lines it
 * cannot spoil, and keeps the text of the line for the handler.
 */
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "config_text.h"
#include "log.h"

#define LINE_MAX_BYTES	4096
#define ERRORS_TOLD_MAX	50
#define LINE_TOLD_MAX	80

/* Hex digits in a row. */
#define KEY_DIGITS_MIN	16

/* What inih keeps of the name of a section or a key. */
#define INIH_NAME_MAX	49

/**
 * struct reader - one file on its way through inih
 * @bytes: the buffer of @file, which is wiped as all of this is
 * @line: the line that inih has, without comment and blanks at its ends
 * @key: in @line; NULL: a section begins
 * @value: in @line
 * @begins: the next "line" tells the handler of the section in @line
 * @skips: keys are of a section whose line is a mistake
 * @misplaced: keys before the first section were told
 */
struct reader {
	struct config_text *text;
	FILE *file;
	struct config_place place;
	char bytes[4096];
	char line[LINE_MAX_BYTES + 1];
	char *key;
	char *value;
	bool begins;
	bool skips;
	bool misplaced;
};

/**
 * config_error - tells of a mistake in the configuration
 * @text: whose it is
 * @place: where; line 0: the file as a whole
 * @format: of a sentence without a full stop
 */
void config_error(struct config_text *text, const struct config_place *place,
		  const char *format, ...)
{
	char where[1024], sentence[1024];
	va_list args;

	if (text->errors++ >= ERRORS_TOLD_MAX)
		return;
	if (place->line)
		snprintf(where, sizeof(where), "%s:%u", place->file, place->line);
	else
		snprintf(where, sizeof(where), "%s", place->file);
	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	log_line(LEVEL_ERROR, where, "%s", sentence);
	if (text->errors == ERRORS_TOLD_MAX)
		log_line(LEVEL_ERROR, place->file, "further mistakes are not told");
}

/**
 * grow - makes room for one more element
 * @array: pointer to the first one, or to NULL
 * @count: of elements that it has
 * @size: of one, bytes
 *
 * The new element is zero. Return: false without memory, everything as before.
 */
bool grow(void **array, unsigned int count, size_t size)
{
	char *more;

	if (count & (count - 1)) /* room doubles at 1, 2, 4, 8 ... */
		goto clear;
	more = reallocarray(*array, count ? 2 * (size_t)count : 1, size);
	if (!more)
		return false;
	*array = more;
clear:
	memset((char *)*array + count * size, 0, size);
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static char *skip_blanks(char *text)
{
	while (is_blank(*text))
		text++;
	return text;
}

static void cut_blanks(char *text, size_t len)
{
	while (len && is_blank(text[len - 1]))
		len--;
	text[len] = '\0';
}

/* The bytes of the next line into @r->line; false at the end of the file. */
static bool read_bytes(struct reader *r)
{
	size_t len = 0;
	bool nul = false;
	int c;

	while ((c = getc_unlocked(r->file)) != EOF && c != '\n') {
		nul |= !c;
		if (len < LINE_MAX_BYTES)
			r->line[len] = c;
		len++;
	}
	if (c == EOF && !len)
		return false;
	r->place.line++;
	if (len > LINE_MAX_BYTES)
		config_error(r->text, &r->place, "the line has %zu bytes, expected at most %d",
			     len, LINE_MAX_BYTES);
	else if (nul)
		config_error(r->text, &r->place, "the line holds a NUL byte, expected text");
	r->line[len > LINE_MAX_BYTES || nul ? 0 : len] = '\0';
	return true;
}

/* Takes away what is no text of ours: BOM, blanks at both ends, comments. */
static void clean(struct reader *r)
{
	char *at = r->line;
	size_t len;

	if (r->place.line == 1 && !memcmp(at, "\xef\xbb\xbf", 3))
		at += 3;
	at = skip_blanks(at);
	if (*at == '#')
		*at = '\0';
	for (len = 0; at[len]; len++)
		if (at[len] == ';' && (!len || is_blank(at[len - 1])))
			break;
	cut_blanks(at, len);
	memmove(r->line, at, strlen(at) + 1);
}

/* "[kind name]" to "kind name". */
static bool open_section(struct reader *r)
{
	char *name = skip_blanks(r->line + 1);
	size_t len = strlen(name);

	r->skips = len < 2 || name[len - 1] != ']';
	if (r->skips) {
		config_error(r->text, &r->place, "'%.80s': expected [SECTION]", r->line);
		return false;
	}
	cut_blanks(name, len - 1);
	memmove(r->line, name, strlen(name) + 1);
	r->key = NULL;
	r->begins = true;
	return true;
}

/* How much is told of a line that is no entry: nothing that looks like a key of a meter. */
static int told_len(const char *line)
{
	size_t len = 0;

	while (line[len] && len < LINE_TOLD_MAX) {
		size_t digits = strspn(line + len, "0123456789abcdefABCDEF");

		if (digits >= KEY_DIGITS_MIN)
			break;
		len += digits ? digits : 1;
	}
	return len < LINE_TOLD_MAX ? (int)len : LINE_TOLD_MAX;
}

static bool open_entry(struct reader *r)
{
	char *equals = strchr(r->line, '=');

	if (r->skips)
		return false;
	if (!equals || equals == r->line) {
		config_error(r->text, &r->place,
			     "'%.*s': expected [SECTION] or KEY = VALUE", told_len(r->line),
			     r->line);
		return false;
	}
	r->value = skip_blanks(equals + 1);
	cut_blanks(r->line, equals - r->line);
	r->key = r->line;
	return true;
}

/* The reader of ini_parse_stream(): inih learns where sections begin and that a key comes. */
static char *read_line(char *line, int size, void *stream)
{
	struct reader *r = stream;

	if (r->begins) {
		r->begins = false;
		snprintf(line, size, "begins=\n");
		return line;
	}
	if (!read_bytes(r))
		return NULL;
	clean(r);
	if (r->line[0] == '[' && open_section(r))
		snprintf(line, size, "[%.*s]\n", INIH_NAME_MAX, r->line);
	else if (r->line[0] && r->line[0] != '[' && open_entry(r))
		snprintf(line, size, "key=\n");
	else
		snprintf(line, size, "\n");
	return line;
}

static struct config_section *add_section(struct reader *r)
{
	struct config_text *text = r->text;
	size_t kind = strcspn(r->line, " \t");
	struct config_section *s;

	if (!grow((void **)&text->sections, text->count, sizeof(*s)))
		return NULL;
	s = &text->sections[text->count];
	s->place = r->place;
	s->kind = strndup(r->line, kind);
	s->name = strdup(skip_blanks(r->line + kind));
	if (s->kind && s->name) {
		text->count++;
		return s;
	}
	free(s->kind);
	free(s->name);
	return NULL;
}

static struct config_entry *add_entry(struct reader *r)
{
	struct config_section *s = &r->text->sections[r->text->count - 1];
	struct config_entry *e;

	if (!grow((void **)&s->entries, s->count, sizeof(*e)))
		return NULL;
	e = &s->entries[s->count];
	e->place = r->place;
	e->key = strdup(r->key);
	e->value = strdup(r->value);
	if (e->key && e->value) {
		s->count++;
		return e;
	}
	free(e->key);
	free(e->value);
	return NULL;
}

/* The handler of ini_parse_stream(). */
static int take(void *user, const char *section, const char *name, const char *value)
{
	struct reader *r = user;
	bool taken;

	(void)name;
	(void)value;
	if (!*section && r->key) {
		if (!r->misplaced)
			config_error(r->text, &r->place,
				     "%s stands before the first section, expected [SECTION]",
				     r->key);
		r->misplaced = true;
		return 1;
	}
	taken = r->key ? !!add_entry(r) : !!add_section(r);
	if (!taken)
		config_error(r->text, &r->place, "no memory for it");
	return taken;
}

static const char *add_file(struct config_text *text, const char *path)
{
	if (!grow((void **)&text->files, text->file_count, sizeof(*text->files)))
		return NULL;
	text->files[text->file_count] = strdup(path);
	return text->files[text->file_count] ? text->files[text->file_count++] : NULL;
}

/**
 * config_text_read - adds the sections of one file
 * @text: all zero at the beginning
 * @path: of the file
 *
 * Lines of more than 4096 bytes and what is no [section] and no key = value are mistakes.
 * Mistakes are told and counted in @text->errors.
 */
void config_text_read(struct config_text *text, const char *path)
{
	struct config_place nowhere = { .file = path };
	struct reader *r = calloc(1, sizeof(*r));
	const char *kept = add_file(text, path);

	if (!r || !kept) {
		config_error(text, &nowhere, "no memory to read it");
		goto free_reader;
	}
	r->text = text;
	r->place.file = kept;
	r->file = fopen(path, "re");
	if (!r->file) {
		config_error(text, &nowhere, "it cannot be read: %s", strerror(errno));
		goto free_reader;
	}
	setvbuf(r->file, r->bytes, _IOFBF, sizeof(r->bytes));
	ini_parse_stream(read_line, r, take, r);
	if (ferror(r->file))
		config_error(text, &nowhere, "it cannot be read: %s", strerror(errno));
	fclose(r->file);
	explicit_bzero(r, sizeof(*r));
free_reader:
	free(r);
}

/**
 * config_text_free - frees what config_text_read() added
 * @text: not itself
 *
 * Values are wiped: one may be a key.
 */
void config_text_free(struct config_text *text)
{
	for (unsigned int i = 0; i < text->count; i++) {
		struct config_section *s = &text->sections[i];

		for (unsigned int k = 0; k < s->count; k++) {
			free(s->entries[k].key);
			explicit_bzero(s->entries[k].value, strlen(s->entries[k].value));
			free(s->entries[k].value);
		}
		free(s->entries);
		free(s->kind);
		free(s->name);
	}
	for (unsigned int i = 0; i < text->file_count; i++)
		free(text->files[i]);
	free(text->sections);
	free(text->files);
}
