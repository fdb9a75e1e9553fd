// SPDX-License-Identifier: MIT
/*
 * Tariffs by time of day, in civil time: on the two days a year on which the clock is changed a
 * range is an hour longer or shorter, or does not come at all.
 */
#include <stdarg.h>
#include <stdio.h>

#include "tariff_ranges.h"

#define DAY_MINUTES 1440

__attribute__((format(printf, 3, 4))) static bool refuse(char *error, size_t size,
							 const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, size, format, args);
	va_end(args);
	return false;
}

static void skip_blanks(const char **at)
{
	while (**at == ' ' || **at == '\t')
		(*at)++;
}

static bool number(const char **at, unsigned int max, unsigned int *n)
{
	const char *start = *at;

	*n = 0;
	while (**at >= '0' && **at <= '9' && *at - start < 3)
		*n = 10 * *n + *(*at)++ - '0';
	return *at != start && *n <= max;
}

/* "6:00", "06:00", "24:00" */
static bool minute_of_day(const char **at, unsigned int *minute)
{
	const char *start;
	unsigned int hour;

	if (!number(at, 24, &hour) || *(*at)++ != ':')
		return false;
	start = *at;
	if (!number(at, 59, minute) || *at - start != 2)
		return false;
	*minute += 60 * hour;
	return *minute <= DAY_MINUTES;
}

struct range {
	unsigned int from;
	unsigned int to;
	unsigned int tariff;
};

/* "22:00-06:00 1" */
static bool range(const char **at, struct range *r)
{
	skip_blanks(at);
	if (!minute_of_day(at, &r->from))
		return false;
	skip_blanks(at);
	if (*(*at)++ != '-')
		return false;
	skip_blanks(at);
	if (!minute_of_day(at, &r->to) || (**at != ' ' && **at != '\t'))
		return false;
	skip_blanks(at);
	if (!number(at, TARIFF_COUNT, &r->tariff) || !r->tariff)
		return false;
	skip_blanks(at);
	return !**at || **at == ',';
}

/* Into the order of the day. */
static void insert(struct range *ranges, unsigned int count, const struct range *r)
{
	while (count && ranges[count - 1].from > r->from) {
		ranges[count] = ranges[count - 1];
		count--;
	}
	ranges[count] = *r;
}

/* Each must end where the next one begins. */
static bool check_cover(const struct range *ranges, unsigned int count, char *error, size_t size)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		unsigned int next = ranges[(i + 1) % count].from;
		unsigned int from = ranges[i].from, to = ranges[i].to;
		unsigned int len = (to + DAY_MINUTES - from) % DAY_MINUTES;
		unsigned int room = (next + DAY_MINUTES - from) % DAY_MINUTES;

		if (!len)
			len = DAY_MINUTES;
		if (!room && count == 1)
			room = DAY_MINUTES;
		if (len == room)
			continue;
		if (len > room)
			return refuse(error, size, "the ranges overlap from %02u:%02u on: let the one "
				      "from %02u:%02u end there", next / 60, next % 60, from / 60,
				      from % 60);
		return refuse(error, size, "no tariff from %02u:%02u to %02u:%02u: the ranges must "
			      "cover the whole day", to / 60 % 24, to % 60, next / 60, next % 60);
	}
	return true;
}

/**
 * tariff_ranges_parse - reads "22:00-06:00 1, 06:00-22:00 2"
 * @text: ranges of civil time, each with its tariff, 1 to TARIFF_COUNT, in any order
 * @r: for the ranges
 * @error: for a sentence without its full stop that says what is wrong with @text
 * @size: of @error
 *
 * Return: whether @text is good: every minute of the day has exactly one tariff.
 */
bool tariff_ranges_parse(const char *text, struct tariff_ranges *r, char *error, size_t size)
{
	struct range ranges[TARIFF_RANGES_MAX], next;
	unsigned int count = 0, i;
	const char *at = text;

	for (;;) {
		const char *start = at;

		if (!range(&at, &next))
			return refuse(error, size, "'%.32s' is no range of time with its tariff: write "
				      "22:00-06:00 1, 06:00-22:00 2 (tariffs 1 to %d)", start,
				      TARIFF_COUNT);
		next.from %= DAY_MINUTES;
		if (next.from == next.to)
			return refuse(error, size, "the range '%.32s' has no length: for the whole day "
				      "write 00:00-24:00", start);
		if (count == TARIFF_RANGES_MAX)
			return refuse(error, size, "more than %d ranges", TARIFF_RANGES_MAX);
		insert(ranges, count++, &next);
		if (!*at++)
			break;
	}
	if (!check_cover(ranges, count, error, size))
		return false;
	r->count = count;
	for (i = 0; i < count; i++) {
		r->from_minute[i] = ranges[i].from;
		r->tariff[i] = ranges[i].tariff;
	}
	return true;
}

/* Which range holds at this minute; before the first one begins, the last one of the day before. */
static unsigned int range_at(const struct tariff_ranges *r, unsigned int minute)
{
	unsigned int i = r->count;

	while (i && r->from_minute[i - 1] > minute)
		i--;
	return i ? i - 1 : r->count - 1;
}

/**
 * tariff_ranges_at - the tariff at an instant
 * @r: ranges, at least one
 * @z: the zone that they are meant in
 * @unix_s: seconds since 1970 in UTC
 */
unsigned int tariff_ranges_at(const struct tariff_ranges *r, const struct zone *z, s64 unix_s)
{
	return r->tariff[range_at(r, zone_minute_of_day(z, unix_s))];
}

static bool one_tariff(const struct tariff_ranges *r)
{
	unsigned int i;

	for (i = 1; i < r->count; i++) {
		if (r->tariff[i] != r->tariff[0])
			return false;
	}
	return true;
}

/* The next range's beginning after @unix_s, as long as nobody changes the clock. */
static s64 next_edge(const struct tariff_ranges *r, const struct zone *z, s64 unix_s)
{
	unsigned int minute = zone_minute_of_day(z, unix_s);
	unsigned int next = r->from_minute[(range_at(r, minute) + 1) % r->count];
	unsigned int wait = (next + DAY_MINUTES - minute) % DAY_MINUTES;
	s64 local_s = unix_s + zone_offset_s(z, unix_s);
	s64 second = local_s % 60;

	if (second < 0)
		second += 60;
	return unix_s - second + 60 * (wait ? wait : DAY_MINUTES);
}

/**
 * tariff_ranges_next - when another tariff begins
 * @r: ranges, at least one
 * @z: the zone that they are meant in
 * @unix_s: seconds since 1970 in UTC
 *
 * Return: the first instant after @unix_s at which another tariff holds than at @unix_s; INT64_MAX
 * when there is only one.
 */
s64 tariff_ranges_next(const struct tariff_ranges *r, const struct zone *z, s64 unix_s)
{
	unsigned int tariff = tariff_ranges_at(r, z, unix_s);
	s64 at = unix_s;

	if (one_tariff(r))
		return INT64_MAX;
	do {
		s64 edge = next_edge(r, z, at), change = zone_next_change_s(z, at);

		at = edge < change ? edge : change;
	} while (tariff_ranges_at(r, z, at) == tariff);
	return at;
}
