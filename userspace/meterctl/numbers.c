// SPDX-License-Identifier: MIT
/*
 * Numbers on the command line.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/say.h"
#include "numbers.h"

/**
 * number_option - the value of an option that is a whole number
 * @option: its name, without --
 * @text: its value
 * @low: the smallest
 * @high: the largest
 * @value: for the number
 *
 * Return: false when it is none, which it has said.
 */
bool number_option(const char *option, const char *text, uint64_t low, uint64_t high,
		   uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno && *value >= low && *value <= high)
		return true;
	say("--%s %s: it wants a whole number from %" PRIu64 " to %" PRIu64, option, text, low,
	    high);
	return false;
}

/**
 * seconds_option - the value of an option that is a time
 * @option: its name, without --
 * @text: its value: seconds with up to three decimals, from 0.001 to a day
 * @ms: for the time
 *
 * Return: false when it is none, which it has said.
 */
bool seconds_option(const char *option, const char *text, int64_t *ms)
{
	char rest[4] = "000";
	unsigned int seconds;
	int len = 0, digits = 0;

	if (sscanf(text, "%5u%n.%n", &seconds, &len, &digits) == 1 && *text >= '0' &&
	    *text <= '9') {
		size_t count = digits ? strspn(text + digits, "0123456789") : 0;

		if (count <= 3 && !text[digits ? digits + count : (size_t)len]) {
			memcpy(rest, text + digits, count);
			*ms = (int64_t)seconds * 1000 + atoi(rest);
			if (*ms > 0 && *ms <= 86400000)
				return true;
		}
	}
	say("--%s %s: it wants seconds from 0.001 to 86400", option, text);
	return false;
}
