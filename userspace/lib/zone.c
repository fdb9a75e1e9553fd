// SPDX-License-Identifier: MIT
/*
 * Civil time in any zone.
 *
 * The C library converts for one zone at a time, that of the environment, and takes UTC without a
 * word when it does not know a zone. So each zone is looked at once, when it is first asked for:
 * its changes of offset are found through localtime_r() and kept as a table. Reading a table needs
 * no lock; finding one changes the environment and is for one thread only, the loop's.
 *
 * TZ is never taken out of the environment again: replacing its value is one store, which a thread
 * that reads the environment meanwhile survives, while removing it moves all the others.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "zone.h"

#define DAY_S 86400

/* The tables go from 1970 to 2100; outside, the first or last offset holds. */
#define TABLE_END_S 4102444800ll
/* No zone ever changed its offset twice within so many days. */
#define SEARCH_STEP_S (2 * DAY_S)

/* The largest offset from UTC is 14 h, and 15:13:42 before the dates of 1867. */
#define OFFSET_MAX_S (16 * 3600)

#define ZONE_NAME_MAX 64

/**
 * struct zone - a zone that was asked for
 * @from_s: where each offset begins to hold; the first one also before
 */
struct zone {
	struct zone *next;
	char name[ZONE_NAME_MAX];
	unsigned int count;
	s32 *offset_s;
	u32 from_s[];
};

static struct zone *zones;

static s32 libc_offset_s(s64 unix_s)
{
	time_t t = unix_s;
	struct tm tm;

	return localtime_r(&t, &tm) ? tm.tm_gmtoff : 0;
}

/* The first instant of (@low, @high] with the offset of @high, which differs from that of @low. */
static s64 find_change(s64 low, s64 high)
{
	s32 after = libc_offset_s(high);

	while (high - low > 1) {
		s64 middle = low + (high - low) / 2;

		if (libc_offset_s(middle) == after)
			high = middle;
		else
			low = middle;
	}
	return high;
}

struct offsets {
	unsigned int count;
	unsigned int room;
	u32 *from_s;
	s32 *offset_s;
};

static bool offsets_add(struct offsets *o, s64 from_s, s32 offset_s)
{
	if (o->count == o->room) {
		unsigned int room = o->room ? 2 * o->room : 64;
		u32 *from = realloc(o->from_s, room * sizeof(*from));
		s32 *offset;

		if (from)
			o->from_s = from;
		offset = from ? realloc(o->offset_s, room * sizeof(*offset)) : NULL;
		if (!offset)
			return false;
		o->offset_s = offset;
		o->room = room;
	}
	o->from_s[o->count] = from_s;
	o->offset_s[o->count++] = offset_s;
	return true;
}

/* All offsets of the zone that the C library has now. */
static bool find_offsets(struct offsets *o)
{
	s32 offset = libc_offset_s(0);
	s64 at;

	if (!offsets_add(o, 0, offset))
		return false;
	for (at = SEARCH_STEP_S; at <= TABLE_END_S; at += SEARCH_STEP_S) {
		s32 next = libc_offset_s(at);

		if (next == offset)
			continue;
		offset = next;
		if (!offsets_add(o, find_change(at - SEARCH_STEP_S, at), offset))
			return false;
	}
	return true;
}

static struct zone *zone_of(const char *name, const struct offsets *o)
{
	struct zone *z = malloc(sizeof(*z) + o->count * (sizeof(u32) + sizeof(s32)));

	if (!z)
		return NULL;
	snprintf(z->name, sizeof(z->name), "%s", name);
	z->count = o->count;
	z->offset_s = (s32 *)(z->from_s + z->count);
	memcpy(z->from_s, o->from_s, z->count * sizeof(u32));
	memcpy(z->offset_s, o->offset_s, z->count * sizeof(s32));
	return z;
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Whether the zone database has this name. */
static bool zone_file_exists(const char *name)
{
	const char *directory = getenv("TZDIR");
	char path[512], magic[4];
	bool found;
	FILE *file;

	if (!is_alpha(name[0]) || strstr(name, ".."))
		return false;
	snprintf(path, sizeof(path), "%s/%s", directory ? directory : "/usr/share/zoneinfo", name);
	file = fopen(path, "re");
	if (!file)
		return false;
	found = fread(magic, 1, sizeof(magic), file) == sizeof(magic) && !memcmp(magic, "TZif", 4);
	fclose(file);
	return found;
}

/* "CET" or "<+03>" */
static bool skip_abbreviation(const char **at)
{
	const char *p = *at, *start = p;
	bool quoted = *p == '<';

	if (quoted) {
		for (start = ++p; is_alpha(*p) || is_digit(*p) || *p == '+' || *p == '-'; p++)
			;
	} else {
		while (is_alpha(*p))
			p++;
	}
	if (p - start < 3 || (quoted && *p != '>'))
		return false;
	*at = p + quoted;
	return true;
}

static bool skip_number(const char **at, unsigned int max)
{
	const char *start = *at;
	unsigned int n = 0;

	while (is_digit(**at) && *at - start < 3)
		n = 10 * n + *(*at)++ - '0';
	return *at != start && n <= max;
}

/* "[+-]hh[:mm[:ss]]" */
static bool skip_time(const char **at, unsigned int hours_max)
{
	unsigned int part;

	if (**at == '+' || **at == '-')
		(*at)++;
	if (!skip_number(at, hours_max))
		return false;
	for (part = 0; part < 2 && **at == ':'; part++) {
		(*at)++;
		if (!skip_number(at, 59))
			return false;
	}
	return true;
}

/* "Mm.w.d", "Jn" or "n", each with an optional "/time" */
static bool skip_rule(const char **at)
{
	if (**at == 'M') {
		(*at)++;
		if (!skip_number(at, 12) || *(*at)++ != '.' || !skip_number(at, 5) ||
		    *(*at)++ != '.' || !skip_number(at, 6))
			return false;
	} else {
		*at += **at == 'J';
		if (!skip_number(at, 365))
			return false;
	}
	if (**at != '/')
		return true;
	(*at)++;
	return skip_time(at, 167);
}

/* TZ of POSIX, IEEE 1003.1 section 8.3, with its two rules: "CET-1CEST,M3.5.0,M10.5.0/3". */
static bool is_posix_zone(const char *p)
{
	if (!skip_abbreviation(&p) || !skip_time(&p, 24))
		return false;
	if (!*p)
		return true;
	if (!skip_abbreviation(&p) || (*p != ',' && !skip_time(&p, 24)))
		return false;
	return *p++ == ',' && skip_rule(&p) && *p++ == ',' && skip_rule(&p) && !*p;
}

static struct zone *zone_find(const char *name)
{
	struct zone *z = zones;

	while (z && strcmp(z->name, name))
		z = z->next;
	return z;
}

static struct zone *zone_make(const char *name, const char *tz)
{
	const char *environment = getenv("TZ");
	char *before = strdup(environment ? environment : ":/etc/localtime");
	struct offsets o = { 0 };
	struct zone *z = NULL;

	if (before && !setenv("TZ", tz, 1)) {
		tzset();
		if (find_offsets(&o))
			z = zone_of(name, &o);
		setenv("TZ", before, 1);
		tzset();
	}
	free(o.from_s);
	free(o.offset_s);
	free(before);
	if (z) {
		z->next = zones;
		zones = z;
	}
	return z;
}

/* What /etc/localtime is called in the zone database; "localtime" when it does not tell. */
static void localtime_name(char name[ZONE_NAME_MAX])
{
	char target[256];
	ssize_t len = readlink("/etc/localtime", target, sizeof(target) - 1);
	const char *found;

	strcpy(name, "localtime");
	if (len < 0)
		return;
	target[len] = '\0';
	found = strstr(target, "/zoneinfo/");
	if (found && strlen(found + 10) < ZONE_NAME_MAX && zone_file_exists(found + 10))
		strcpy(name, found + 10);
}

/**
 * zone_get - a zone by its name
 * @name: of the zone database ("Europe/Paris"), or a TZ of POSIX with its rules
 *	("CET-1CEST,M3.5.0,M10.5.0/3"); NULL: the one of this machine, which is TZ, or else
 *	/etc/localtime
 *
 * The first call for a zone takes some milliseconds. Loop thread only.
 *
 * Return: the zone, the same for the same name, until zones_free(); NULL when there is no such
 * zone, or no memory.
 */
const struct zone *zone_get(const char *name)
{
	char local[ZONE_NAME_MAX];
	struct zone *z;

	if (!name) {
		name = getenv("TZ");
		if (name && name[0] == ':')
			name++;
		if (!name || !name[0] || !strcmp(name, "/etc/localtime")) {
			localtime_name(local);
			name = local;
		}
	}
	z = zone_find(name);
	if (z)
		return z;
	if (name == local && !strcmp(name, "localtime"))
		return zone_make(name, access("/etc/localtime", R_OK) ? "UTC0" : ":/etc/localtime");
	if (strlen(name) >= ZONE_NAME_MAX || !(zone_file_exists(name) || is_posix_zone(name)))
		return NULL;
	return zone_make(name, name);
}

/** zone_name - what zone_get() knows the zone by */
const char *zone_name(const struct zone *z)
{
	return z->name;
}

/** zones_free - forgets all zones; none of them may be used afterwards */
void zones_free(void)
{
	while (zones) {
		struct zone *z = zones;

		zones = z->next;
		free(z);
	}
}

/* Which offset holds at this instant. */
static unsigned int offset_at(const struct zone *z, s64 unix_s)
{
	unsigned int low = 0, high = z->count;

	while (high - low > 1) {
		unsigned int middle = (low + high) / 2;

		if (unix_s >= z->from_s[middle])
			low = middle;
		else
			high = middle;
	}
	return low;
}

/**
 * zone_offset_s - how far civil time is ahead of UTC
 * @z: a zone
 * @unix_s: seconds since 1970 in UTC
 *
 * Return: seconds, negative in the west.
 */
s32 zone_offset_s(const struct zone *z, s64 unix_s)
{
	return z->offset_s[offset_at(z, unix_s)];
}

/**
 * zone_next_change_s - when the offset changes next
 * @z: a zone
 * @unix_s: seconds since 1970 in UTC
 *
 * Return: the first instant after @unix_s with another offset; INT64_MAX: none is known.
 */
s64 zone_next_change_s(const struct zone *z, s64 unix_s)
{
	unsigned int next = unix_s < z->from_s[0] ? 1 : offset_at(z, unix_s) + 1;

	return next < z->count ? z->from_s[next] : INT64_MAX;
}

static s64 floor_div(s64 a, s64 b)
{
	return a / b - (a % b < 0);
}

struct civil {
	s64 year;
	unsigned int month;	/* 1..12 */
	unsigned int day;	/* 1..31 */
};

/* Of days since 1970; the calendar goes in eras of 400 years that begin on a first of March. */
static struct civil civil_of_day(s64 day)
{
	s64 z = day + 719468;
	s64 era = floor_div(z, 146097);
	unsigned int of_era = z - era * 146097;
	unsigned int year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned int of_year = of_era - (365 * year + year / 4 - year / 100);
	unsigned int month = (5 * of_year + 2) / 153;

	return (struct civil){
		.year = era * 400 + year + (month >= 10),
		.month = month < 10 ? month + 3 : month - 9,
		.day = of_year - (153 * month + 2) / 5 + 1,
	};
}

static s64 day_of_civil(s64 year, unsigned int month, unsigned int day)
{
	s64 y = year - (month <= 2);
	s64 era = floor_div(y, 400);
	unsigned int of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	unsigned int year_of_era = y - era * 400;

	return era * 146097 + 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + of_year -
	       719468;
}

/*
 * The first instant of a date. Where midnight does not exist it is the first one after it; where it
 * comes twice it is the first of the two.
 */
static s64 day_start_s(const struct zone *z, s64 day)
{
	s64 local_s = day * DAY_S;
	unsigned int i = offset_at(z, local_s - OFFSET_MAX_S);
	s64 start;

	for (;; i++) {
		start = local_s - z->offset_s[i];
		if (i && start < z->from_s[i])
			start = z->from_s[i];
		if (i + 1 == z->count || start < z->from_s[i + 1])
			return start;
	}
}

/*
 * The date at an instant. Where the clock is put back over midnight the date does not go back: its
 * first instant has been.
 */
static s64 day_at(const struct zone *z, s64 unix_s)
{
	s64 day = floor_div(unix_s + zone_offset_s(z, unix_s), DAY_S);

	return unix_s < day_start_s(z, day + 1) ? day : day + 1;
}

/**
 * zone_period - the period that an instant lies in
 * @z: a zone
 * @p: what kind of period
 * @unix_s: seconds since 1970 in UTC
 * @start_s: for its first second
 * @end_s: for the first second after it, the start of the next one
 */
void zone_period(const struct zone *z, enum period p, s64 unix_s, s64 *start_s, s64 *end_s)
{
	struct civil c;
	s64 day;

	if (p == PERIOD_QUARTER) {
		*start_s = floor_div(unix_s, QUARTER_S) * QUARTER_S;
		*end_s = *start_s + QUARTER_S;
		return;
	}
	day = day_at(z, unix_s);
	if (p == PERIOD_DAY) {
		*start_s = day_start_s(z, day);
		*end_s = day_start_s(z, day + 1);
		return;
	}
	c = civil_of_day(day);
	if (p == PERIOD_MONTH) {
		*start_s = day_start_s(z, day_of_civil(c.year, c.month, 1));
		*end_s = day_start_s(z, c.month == 12 ? day_of_civil(c.year + 1, 1, 1) :
							day_of_civil(c.year, c.month + 1, 1));
	} else {
		*start_s = day_start_s(z, day_of_civil(c.year, 1, 1));
		*end_s = day_start_s(z, day_of_civil(c.year + 1, 1, 1));
	}
}

/**
 * zone_minute_of_day - what a clock on the wall shows
 * @z: a zone
 * @unix_s: seconds since 1970 in UTC
 *
 * Return: minutes since midnight, 0 to 1439.
 */
unsigned int zone_minute_of_day(const struct zone *z, s64 unix_s)
{
	s64 local_s = unix_s + zone_offset_s(z, unix_s);

	return (local_s - floor_div(local_s, DAY_S) * DAY_S) / 60;
}

static const char *const period_names[PERIOD_COUNT] = { "quarter", "day", "month", "year" };

/** period_name - a kind of period in the word of the data contract */
const char *period_name(enum period p)
{
	return period_names[p];
}

/**
 * period_by_name - the reverse of period_name()
 * @name: a word
 * @p: for the kind of period
 *
 * Return: whether @name is one.
 */
bool period_by_name(const char *name, enum period *p)
{
	unsigned int i;

	for (i = 0; i < PERIOD_COUNT; i++) {
		if (!strcmp(period_names[i], name)) {
			*p = i;
			return true;
		}
	}
	return false;
}

/* The years 0000 to 9999. */
#define ISO_FIRST_S (-62167219200ll)
#define ISO_LAST_S 253402300799ll

/**
 * iso_time - an instant in ISO 8601
 * @unix_s: seconds since 1970 in UTC; the nearest one of the years 0 to 9999 is written
 * @text: for "2024-10-10T23:05:31Z"
 */
void iso_time(s64 unix_s, char text[ISO_TIME_LEN + 1])
{
	struct civil c;
	unsigned int s;
	s64 day;

	if (unix_s < ISO_FIRST_S)
		unix_s = ISO_FIRST_S;
	if (unix_s > ISO_LAST_S)
		unix_s = ISO_LAST_S;
	day = floor_div(unix_s, DAY_S);
	s = unix_s - day * DAY_S;
	c = civil_of_day(day);
	snprintf(text, ISO_TIME_LEN + 1, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned int)c.year,
		 c.month, c.day, s / 3600, s / 60 % 60, s % 60);
}

static bool digits(const char **at, unsigned int count, char stop, unsigned int *n)
{
	for (*n = 0; count--; (*at)++) {
		if (!is_digit(**at))
			return false;
		*n = 10 * *n + **at - '0';
	}
	return !stop || *(*at)++ == stop;
}

/* "Z" or "+hh:mm" */
static bool utc_offset_s(const char *at, s64 *offset_s)
{
	unsigned int hours, minutes;
	char sign = *at++;

	*offset_s = 0;
	if (sign == 'Z')
		return !*at;
	if ((sign != '+' && sign != '-') || !digits(&at, 2, ':', &hours) ||
	    !digits(&at, 2, 0, &minutes) || hours > 23 || minutes > 59 || *at)
		return false;
	*offset_s = hours * 3600ll + minutes * 60;
	if (sign == '-')
		*offset_s = -*offset_s;
	return true;
}

/**
 * iso_time_parse - the reverse of iso_time()
 * @text: "2024-10-10T23:05:31Z", or "2024-10-11T01:05:31+02:00"
 * @unix_s: for seconds since 1970 in UTC
 *
 * Return: whether @text is an instant that exists.
 */
bool iso_time_parse(const char *text, s64 *unix_s)
{
	unsigned int year, month, day, hour, minute, second;
	s64 offset_s, number;
	struct civil c;

	if (!digits(&text, 4, '-', &year) || !digits(&text, 2, '-', &month) ||
	    !digits(&text, 2, 'T', &day) || !digits(&text, 2, ':', &hour) ||
	    !digits(&text, 2, ':', &minute) || !digits(&text, 2, 0, &second) ||
	    !utc_offset_s(text, &offset_s))
		return false;
	if (month - 1 > 11 || day - 1 > 30 || hour > 23 || minute > 59 || second > 59)
		return false;
	number = day_of_civil(year, month, day);
	c = civil_of_day(number);
	if (c.month != month)
		return false;
	*unix_s = number * DAY_S + hour * 3600 + minute * 60 + second - offset_s;
	return true;
}
