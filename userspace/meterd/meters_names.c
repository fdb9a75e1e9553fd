// SPDX-License-Identifier: MIT
/*
 * Names of meters that the configuration does not name: the source's for its first meter, else the
 * source and the end of the number.
 */
#include <stdio.h>
#include <string.h>

#include "meters_private.h"

/* The end of a number that is enough where nothing clashes. */
#define TAIL_LEN 4

/* Names in one source that differ in nothing else. */
#define SAME_MAX 999

/**
 * meters_source_has_meter - whether a source has, or had, a meter with accounts
 * @all: the meters
 * @source: name of the source
 *
 * Loop thread.
 */
bool meters_source_has_meter(const struct meters *all, const char *source)
{
	const struct meter *m;

	for (m = all->first; m; m = m->next) {
		if (m->book && !strcmp(m->source, source))
			return true;
	}
	return false;
}

/* A name kept for the meter with this number, or for the first of this source, is free to it. */
static bool is_free(const struct meters *all, const char *name, const char *source,
		    const char *number)
{
	const struct meter *m = meters_find(all, name);

	if (!strcmp(name, "bridge"))
		return false;
	if (!m)
		return true;
	if (m->book)
		return false;
	return m->number[0] ? !strcmp(m->number, number) : !strcmp(m->source, source);
}

static char name_char(char c)
{
	bool fit = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		   c == '_' || c == '-';

	return fit ? c : '-';
}

/* SOURCE-TAIL, the source cut where both are too long. */
static void compose(const char *source, const char *tail, char name[METER_NAME_LEN + 1])
{
	int room = METER_NAME_LEN - 1 - (int)strlen(tail);
	char *c;

	snprintf(name, METER_NAME_LEN + 1, "%.*s-%s", room, source, tail);
	for (c = name; *c; c++)
		*c = name_char(*c);
}

static bool choose_by_number(const struct meters *all, const char *source, const char *number,
			     char name[METER_NAME_LEN + 1])
{
	size_t len = strlen(number), tail_len;
	char tail[METER_NAME_LEN];
	unsigned int n;

	for (tail_len = TAIL_LEN; tail_len < sizeof(tail) - 1; tail_len++) {
		size_t used = tail_len < len ? tail_len : len;

		snprintf(tail, sizeof(tail), "%s", number + len - used);
		compose(source, tail, name);
		if (is_free(all, name, source, number))
			return true;
		if (used == len)
			break;
	}
	for (n = 2; n <= SAME_MAX; n++) {
		snprintf(tail, sizeof(tail), "%.*s-%u", TAIL_LEN,
			 number + (len > TAIL_LEN ? len - TAIL_LEN : 0), n);
		compose(source, tail, name);
		if (is_free(all, name, source, number))
			return true;
	}
	return false;
}

/**
 * meters_choose_name - a name for a meter that nothing has named yet
 * @all: the meters
 * @source: that it was heard on
 * @number: its number
 * @name: for the name
 *
 * Loop thread.
 *
 * Return: false when there is none left.
 */
bool meters_choose_name(const struct meters *all, const struct source_config *source,
			const char *number, char name[METER_NAME_LEN + 1])
{
	if (!source_has_many(source) && !meters_source_has_meter(all, source->name) &&
	    is_free(all, source->name, source->name, number)) {
		snprintf(name, METER_NAME_LEN + 1, "%s", source->name);
		return true;
	}
	return choose_by_number(all, source->name, number, name);
}
