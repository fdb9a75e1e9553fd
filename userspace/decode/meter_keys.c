// SPDX-License-Identifier: MIT
/*
 * Keys of meters that encipher, as JSON: {"key": hex, "auth_key": hex, "system_title": hex}.
 *
 * What is said about a text that is wrong never has a part of it, which may be of a key.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "../lib/hex.h"
#include "../lib/locked.h"
#include "../lib/say.h"
#include "../lib/wiped_json.h"
#include "meter_keys.h"

/* Larger than any key file. */
#define TEXT_MAX 4096

#define EXAMPLE "{\"key\": \"00112233445566778899aabbccddeeff\"}"

/**
 * meter_keys_new - room for keys, in locked memory
 *
 * Return: no keys yet, for meter_keys_free(); NULL without memory.
 */
struct meter_keys *meter_keys_new(void)
{
	return locked_new(sizeof(struct meter_keys));
}

/**
 * meter_keys_copy - the same keys once more
 * @keys: to copy, or NULL
 *
 * Return: a copy, for meter_keys_free(); NULL without memory, or for NULL.
 */
struct meter_keys *meter_keys_copy(const struct meter_keys *keys)
{
	struct meter_keys *copy = keys ? meter_keys_new() : NULL;

	if (copy)
		*copy = *keys;
	return copy;
}

/** meter_keys_same - whether both are the same keys, or both are NULL */
bool meter_keys_same(const struct meter_keys *a, const struct meter_keys *b)
{
	return a == b || (a && b && !memcmp(a, b, sizeof(*a)));
}

/** meter_keys_free - wipes keys, or NULL */
void meter_keys_free(struct meter_keys *keys)
{
	locked_free(keys, sizeof(*keys));
}

/** struct reader - a text that is read: where it is from, and what is wrong with it */
struct reader {
	const char *path;
	char *problem;
	size_t size;
};

__attribute__((format(printf, 2, 3)))
static bool refused(const struct reader *r, const char *format, ...)
{
	va_list args;
	int len = snprintf(r->problem, r->size, "%s: ", r->path);

	va_start(args, format);
	if (len >= 0 && (size_t)len < r->size)
		vsnprintf(r->problem + len, r->size - len, format, args);
	va_end(args);
	return false;
}

/* Reads a member; true when it is good or not there, which @there tells. */
static bool member(const struct reader *r, const json_t *object, const char *name, uint8_t *bytes,
		   size_t len, bool *there)
{
	const json_t *value = json_object_get(object, name);

	*there = value;
	return !value || hex_read(json_string_value(value), bytes, len) ||
	       refused(r, "\"%s\" is not a string of %zu hex digits", name, 2 * len);
}

static bool members(const struct reader *r, const json_t *object, struct meter_keys *keys)
{
	bool has_key;

	if (!json_is_object(object))
		return refused(r, "not a JSON object such as " EXAMPLE);
	return member(r, object, "key", keys->key, sizeof(keys->key), &has_key) &&
	       member(r, object, "auth_key", keys->auth_key, sizeof(keys->auth_key),
		      &keys->has_auth_key) &&
	       member(r, object, "system_title", keys->system_title, sizeof(keys->system_title),
		      &keys->has_system_title) &&
	       (has_key || refused(r, "there is no \"key\", which the grid operator gives for each "
				      "meter"));
}

static bool parse(const struct reader *r, const char *text, struct meter_keys *keys)
{
	json_error_t error;
	json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	bool good;

	if (!object) {
		snprintf(r->problem, r->size, "%s:%d: not JSON such as " EXAMPLE
			 ", or a member stands twice", r->path, error.line);
		return false;
	}
	good = members(r, object, keys);
	json_decref(object);
	return good;
}

/**
 * meter_keys_parse - the keys in a text
 * @text: of a key file
 * @path: of the file, for what is said
 * @problem: where a sentence goes when there are none; never with a part of @text
 * @size: of @problem, in bytes
 *
 * Leaves nothing of @text in memory that it took. No other thread may use jansson.
 *
 * Return: the keys, for meter_keys_free(); NULL after a sentence.
 */
struct meter_keys *meter_keys_parse(const char *text, const char *path, char *problem, size_t size)
{
	const struct reader r = { path, problem, size };
	struct meter_keys *keys = meter_keys_new();
	struct wiped_json wiping;
	bool good;

	if (!keys) {
		refused(&r, "no memory for it");
		return NULL;
	}
	wiped_json_begin(&wiping);
	good = parse(&r, text, keys);
	wiped_json_end(&wiping);
	if (good)
		return keys;
	meter_keys_free(keys);
	return NULL;
}

/* False with errno. @text has room for one byte more. */
static bool read_text(const char *path, char *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t len = 0;
	ssize_t n = 1;

	while (fd >= 0 && n && len < TEXT_MAX) {
		n = read(fd, text + len, TEXT_MAX - len);
		if (n > 0)
			len += n;
		else if (n < 0 && errno != EINTR)
			break;
	}
	if (fd >= 0)
		close(fd);
	return fd >= 0 && n >= 0;
}

/**
 * meter_keys_read - the keys in a file, whoever else may read it
 * @path: of the file
 *
 * Return: the keys, for meter_keys_free(); NULL after saying why.
 */
struct meter_keys *meter_keys_read(const char *path)
{
	char *text = locked_new(TEXT_MAX + 1), problem[512];
	struct meter_keys *keys = NULL;

	if (!text || !read_text(path, text)) {
		say("%s cannot be read: %s", path, strerror(errno));
	} else {
		keys = meter_keys_parse(text, path, problem, sizeof(problem));
		if (!keys)
			say("%s", problem);
	}
	locked_free(text, TEXT_MAX + 1);
	return keys;
}
