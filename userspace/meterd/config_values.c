// SPDX-License-Identifier: MIT
/*
 * Values of the configuration: from text, strictly.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "../lib/ledger_entry.h"
#include "config_values.h"

#define HOST_MAX 253	/* of a DNS name */

#define DIGITS "0123456789"

/**
 * value_bool - yes or no
 * @text: yes, true, on, no, false or off, in any case
 * @value: what it says
 *
 * Return: false when it is something else.
 */
bool value_bool(const char *text, bool *value)
{
	static const char *const words[] = { "no", "yes", "false", "true", "off", "on" };

	for (unsigned int i = 0; i < 6; i++) {
		if (strcasecmp(text, words[i]))
			continue;
		*value = i & 1;
		return true;
	}
	return false;
}

/**
 * value_number - a whole number without a sign
 * @text: digits and nothing else, at most 18
 * @min: smallest that is allowed
 * @max: largest
 * @value: the number
 *
 * Return: false when it is something else.
 */
bool value_number(const char *text, u64 min, u64 max, u64 *value)
{
	size_t len = strspn(text, DIGITS);
	u64 n = 0;

	if (!len || len > 18 || text[len])
		return false;
	for (size_t i = 0; i < len; i++)
		n = n * 10 + (text[i] - '0');
	*value = n;
	return n >= min && n <= max;
}

/**
 * value_signed - a whole number that may have a sign
 * @text: digits, + or - before them
 * @min: smallest that is allowed
 * @max: largest
 * @value: the number
 *
 * Return: false when it is something else.
 */
bool value_signed(const char *text, s64 min, s64 max, s64 *value)
{
	bool negative = *text == '-';
	u64 n;

	if (!value_number(text + (negative || *text == '+'), 0, INT64_MAX, &n))
		return false;
	*value = negative ? -(s64)n : (s64)n;
	return *value >= min && *value <= max;
}

/**
 * value_decimal - a number with a bounded count of decimals
 * @text: digits, - before them, and a point and some digits where they are wanted
 * @decimals: how many at most, 1 to 9
 * @min: smallest that is allowed, in units of the last decimal
 * @max: largest
 * @value: the number in those units
 *
 * Return: false when it is something else.
 */
bool value_decimal(const char *text, unsigned int decimals, s64 min, s64 max, s64 *value)
{
	bool negative = *text == '-';
	const char *at = text + negative;
	size_t whole = strspn(at, DIGITS), given = 0;
	s64 n = 0;

	if (!whole || whole > 9)
		return false;
	for (size_t i = 0; i < whole; i++)
		n = n * 10 + (*at++ - '0');
	if (*at == '.') {
		given = strspn(++at, DIGITS);
		if (!given || given > decimals)
			return false;
	}
	for (size_t i = 0; i < decimals; i++)
		n = n * 10 + (i < given ? *at++ - '0' : 0);
	*value = negative ? -n : n;
	return !*at && *value >= min && *value <= max;
}

static bool is_address(const char *host)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static bool replace(char **place, char *text)
{
	if (!text)
		return false;
	free(*place);
	*place = text;
	return true;
}

/* A copy of @len bytes without the brackets that may stand around an IPv6 address. */
static char *without_brackets(const char *text, size_t len)
{
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']')
		return strndup(text + 1, len - 2);
	return strndup(text, len);
}

/**
 * value_listen - where a server listens
 * @text: 127.0.0.1:8087, [::1]:8087, or "off"
 * @host: the address, allocated anew; NULL: off
 * @port: 1..65535
 *
 * Return: false when it is something else, with @host as it was.
 */
bool value_listen(const char *text, char **host, u16 *port)
{
	const char *colon = strrchr(text, ':');
	bool on = true;
	char *address;
	u64 number;

	if (value_bool(text, &on) && !on) {
		free(*host);
		*host = NULL;
		return true;
	}
	if (!colon || !value_number(colon + 1, 1, 65535, &number))
		return false;
	/* "::1:8087" could mean two things. */
	if (text[0] != '[' && memchr(text, ':', colon - text))
		return false;
	address = without_brackets(text, colon - text);
	if (!address || !is_address(address)) {
		free(address);
		return false;
	}
	*port = number;
	return replace(host, address);
}

/**
 * value_host - a machine of the network
 * @text: a name, an IPv4 or an IPv6 address, the latter also in brackets
 * @host: allocated anew, without brackets
 *
 * Return: false when it is something else.
 */
bool value_host(const char *text, char **host)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-._";
	size_t len = strlen(text);
	char *name;
	bool good;

	if (!len || len > HOST_MAX)
		return false;
	name = without_brackets(text, len);
	if (!name)
		return false;
	if (strchr(name, ':')) {
		char *scope = strchr(name, '%');

		if (scope)
			*scope = '\0';
		good = is_address(name);
		if (scope)
			*scope = '%';
	} else {
		good = text[0] != '[' && *name != '-' && strspn(name, allowed) == len;
	}
	if (good)
		return replace(host, name);
	free(name);
	return false;
}

/**
 * value_path - a file
 * @text: absolute, or relative to @directory
 * @directory: of the configuration file
 * @path: allocated anew
 *
 * Return: false when it is empty, or without memory.
 */
bool value_path(const char *text, const char *directory, char **path)
{
	char *whole;

	if (!*text)
		return false;
	if (*text == '/')
		return replace(path, strdup(text));
	if (asprintf(&whole, "%s/%s", directory, text) < 0)
		return false;
	return replace(path, whole);
}

/**
 * value_list_next - the next element of a list with commas
 * @list: the rest of it; moved on
 * @word: the element without blanks at its ends
 * @size: of @word
 *
 * Return: false when there is none, or when it is empty or too long: @list is then not at its end.
 */
bool value_list_next(const char **list, char *word, size_t size)
{
	const char *at = *list + strspn(*list, " \t");
	size_t len = strcspn(at, ","), rest = len;

	while (len && (at[len - 1] == ' ' || at[len - 1] == '\t'))
		len--;
	if (!len || len >= size)
		return false;
	memcpy(word, at, len);
	word[len] = '\0';
	at += rest;
	/* A comma with nothing behind it is left, so that the caller sees it. */
	*list = *at == ',' && at[1 + strspn(at + 1, " \t")] ? at + 1 : at;
	return true;
}

/**
 * name_is_good - whether a meter, a source or a sink may be called so
 * @name: [A-Za-z0-9_-], 1 to 32 of them, and not "bridge", which the topics of MQTT need
 */
bool name_is_good(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789_-");

	return len && len <= METER_NAME_LEN && !name[len] && strcmp(name, "bridge");
}
