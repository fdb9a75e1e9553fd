// SPDX-License-Identifier: MIT
/*
 * Key files of enciphered P1: JSON {"key": hex, "auth_key": hex, "system_title": hex}.
 */
#include <jansson.h>
#include <string.h>

#include "../lib/say.h"
#include "p1_keys.h"

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *digit = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 'a' - 'A' : c) : NULL;

	return digit ? digit - digits : -1;
}

static bool hex_bytes(const char *hex, uint8_t *bytes, size_t len)
{
	if (!hex || strlen(hex) != 2 * len)
		return false;
	for (size_t i = 0; i < len; i++) {
		int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		bytes[i] = high << 4 | low;
	}
	return true;
}

/* Reads a member; true when it is good or not there, which @there tells. */
static bool member(const char *path, const json_t *object, const char *name, uint8_t *bytes,
		   size_t len, bool *there)
{
	const json_t *value = json_object_get(object, name);

	*there = value;
	if (!value || hex_bytes(json_string_value(value), bytes, len))
		return true;
	say("%s: \"%s\" is not a string of %zu hex digits", path, name, 2 * len);
	return false;
}

static bool members(const char *path, const json_t *object, struct p1_keys *keys)
{
	bool has_key;

	if (!json_is_object(object)) {
		say("%s: not a JSON object such as {\"key\": \"00112233445566778899aabbccddeeff\"}",
		    path);
		return false;
	}
	if (!member(path, object, "key", keys->key, sizeof(keys->key), &has_key) ||
	    !member(path, object, "auth_key", keys->auth_key, sizeof(keys->auth_key),
		    &keys->has_auth_key) ||
	    !member(path, object, "system_title", keys->system_title, sizeof(keys->system_title),
		    &keys->has_system_title))
		return false;
	if (!has_key)
		say("%s: there is no \"key\", which the grid operator gives for each meter", path);
	return has_key;
}

/**
 * p1_keys_read - read the keys of an enciphered P1 line
 * @path: of the key file
 * @keys: to fill
 *
 * Return: false when the file cannot be read or is not as it should be, which it has said.
 */
bool p1_keys_read(const char *path, struct p1_keys *keys)
{
	json_error_t error;
	json_t *object = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	bool good;

	if (!object) {
		if (error.line < 0)
			say("%s", error.text);
		else
			say("%s:%d: %s", path, error.line, error.text);
		return false;
	}
	memset(keys, 0, sizeof(*keys));
	good = members(path, object, keys);
	json_decref(object);
	return good;
}
