// SPDX-License-Identifier: MIT
/*
 * Civil time, against the C library's own idea of it, quarter by quarter.
 */
#include <inttypes.h>
#include <time.h>

#include "../../userspace/lib/zone.h"
#include "../host/host.h"

/* 2019-12-31T00:00:00Z to 2038-01-02T00:00:00Z */
#define FIRST_S 1577750400ll
#define LAST_S 2145916800ll

/* Days that begin at each instant of a zone, as the C library tells, and what begins with them. */
struct days {
	s64 start_s[7000];
	bool month[7000];
	bool year[7000];
	unsigned int count;
	s64 changes;
};

static long date_of(const struct tm *tm)
{
	return (tm->tm_year * 12l + tm->tm_mon) * 31 + tm->tm_mday - 1;
}

/* The first second of (@low, @high] with a date after @date. */
static s64 date_begins(s64 low, s64 high, long date)
{
	while (high - low > 1) {
		time_t middle = low + (high - low) / 2;
		struct tm tm;

		localtime_r(&middle, &tm);
		if (date_of(&tm) > date)
			high = middle;
		else
			low = middle;
	}
	return high;
}

static void days_add(struct days *d, s64 start_s)
{
	time_t t = start_s;
	struct tm tm;

	localtime_r(&t, &tm);
	d->start_s[d->count] = start_s;
	d->month[d->count] = tm.tm_mday == 1;
	d->year[d->count++] = tm.tm_mday == 1 && tm.tm_mon == 0;
}

/* Looks at each quarter of an hour; also checks the offset at each. */
static bool find_days(const struct zone *z, struct days *d)
{
	s32 offset = 0;
	long date = 0;
	time_t t;

	setenv("TZ", zone_name(z), 1);
	tzset();
	d->count = 0;
	d->changes = 0;
	for (t = FIRST_S; t < LAST_S; t += QUARTER_S) {
		struct tm tm;

		localtime_r(&t, &tm);
		if (zone_offset_s(z, t) != tm.tm_gmtoff)
			return broken("%s at %lld: %d s, not %ld", zone_name(z), (long long)t,
				      zone_offset_s(z, t), tm.tm_gmtoff);
		d->changes += t > FIRST_S && tm.tm_gmtoff != offset;
		offset = tm.tm_gmtoff;
		if (date_of(&tm) > date) {
			if (date)
				days_add(d, date_begins(t - QUARTER_S, t, date));
			date = date_of(&tm);
		}
	}
	return true;
}

static bool period_is(const struct zone *z, enum period p, s64 at_s, s64 start_s, s64 end_s)
{
	s64 start = 0, end = 0;

	zone_period(z, p, at_s, &start, &end);
	if (start == start_s && end == end_s)
		return true;
	return broken("%s %s at %" PRId64 ": %" PRId64 "..%" PRId64 ", not %" PRId64 "..%" PRId64,
		      zone_name(z), period_name(p), at_s, start, end, start_s, end_s);
}

/* The periods of one kind that @begins marks, at their first, last and some other second. */
static bool periods_agree(const struct zone *z, const struct days *d, enum period p,
			  const bool *begins, unsigned int *checked)
{
	s64 start_s = 0;
	u64 state = 1;

	for (unsigned int i = 0; i < d->count; i++) {
		s64 end_s = d->start_s[i];

		if (begins && !begins[i])
			continue;
		if (start_s) {
			s64 some = start_s + lot(&state, end_s - start_s);

			if (!period_is(z, p, start_s, start_s, end_s) ||
			    !period_is(z, p, some, start_s, end_s) ||
			    !period_is(z, p, end_s - 1, start_s, end_s))
				return false;
			++*checked;
		}
		start_s = end_s;
	}
	return true;
}

static bool agrees(const char *name, s64 changes_at_least)
{
	static struct days d;
	const struct zone *z = zone_get(name);
	unsigned int days = 0, months = 0, years = 0;

	if (!z)
		return broken("no zone %s: is tzdata installed?", name);
	if (!find_days(z, &d) || !periods_agree(z, &d, PERIOD_DAY, NULL, &days) ||
	    !periods_agree(z, &d, PERIOD_MONTH, d.month, &months) ||
	    !periods_agree(z, &d, PERIOD_YEAR, d.year, &years))
		return false;
	if (days < 6570 || months < 215 || years < 17 || d.changes < changes_at_least)
		return broken("%s: only %u days, %u months, %u years, %" PRId64 " changes", name,
			      days, months, years, d.changes);
	return true;
}

#define AGREES(function, name, changes)                                                           \
	static bool function(const char **skip)                                                   \
	{                                                                                         \
		(void)skip;                                                                       \
		return agrees(name, changes);                                                     \
	}

AGREES(paris, "Europe/Paris", 36)
AGREES(dublin, "Europe/Dublin", 36)
AGREES(azores, "Atlantic/Azores", 36)
AGREES(santiago, "America/Santiago", 36)
AGREES(havana, "America/Havana", 36)
AGREES(beirut, "Asia/Beirut", 36)
AGREES(cairo, "Africa/Cairo", 28)
AGREES(lord_howe, "Australia/Lord_Howe", 36)
AGREES(kathmandu, "Asia/Kathmandu", 0)
AGREES(utc, "UTC", 0)

/* 2024-03-31 and 2024-10-27 in Paris, and the days of 2024 in Lord Howe on which it changes. */
static bool day_lengths(const char **skip)
{
	static const struct {
		const char *zone, *at;
		s64 quarters;
	} days[] = {
		{ "Europe/Paris", "2024-03-31T12:00:00Z", 92 },
		{ "Europe/Paris", "2024-10-27T12:00:00Z", 100 },
		{ "Europe/Paris", "2024-02-29T12:00:00Z", 96 },
		{ "Australia/Lord_Howe", "2024-04-07T12:00:00+10:30", 98 },
		{ "Australia/Lord_Howe", "2024-10-06T12:00:00+11:00", 94 },
	};
	s64 at, start, end;

	(void)skip;
	for (unsigned int i = 0; i < COUNT(days); i++) {
		const struct zone *z = zone_get(days[i].zone);

		if (!z || !iso_time_parse(days[i].at, &at))
			return broken("%s, %s", days[i].zone, days[i].at);
		zone_period(z, PERIOD_DAY, at, &start, &end);
		if (end - start != days[i].quarters * QUARTER_S)
			return broken("%s at %s has %" PRId64 " quarters", days[i].zone, days[i].at,
				      (end - start) / QUARTER_S);
	}
	return true;
}

/* Havana puts the clock from 0:00 to 1:00: 2024-03-10 begins at 1:00, which is 05:00 UTC. */
static bool no_midnight(const char **skip)
{
	s64 at, start, end;
	char text[ISO_TIME_LEN + 1];

	(void)skip;
	iso_time_parse("2024-03-10T12:00:00Z", &at);
	zone_period(zone_get("America/Havana"), PERIOD_DAY, at, &start, &end);
	iso_time(start, text);
	return !strcmp(text, "2024-03-10T05:00:00Z") || broken("it begins at %s", text);
}

/* St John's put the clock back from 0:01 to 23:01 on 2008-11-02: no second has two dates. */
static bool date_never_goes_back(const char **skip)
{
	const struct zone *z = zone_get("America/St_Johns");
	s64 at, start, end, last = 0;

	(void)skip;
	iso_time_parse("2008-11-01T20:00:00Z", &at);
	for (s64 t = at; t < at + 2 * 86400; t += 30) {
		zone_period(z, PERIOD_DAY, t, &start, &end);
		if (t < start || t >= end || start < last || (last && start > last && start != t))
			return broken("at %" PRId64 ": %" PRId64 "..%" PRId64, t, start, end);
		last = start;
	}
	return true;
}

static bool leap_days(const char **skip)
{
	static const struct {
		const char *at;
		s64 month_days, year_days;
	} months[] = {
		{ "2000-02-29T00:00:00Z", 29, 366 }, { "2024-02-29T23:59:59Z", 29, 366 },
		{ "2023-02-28T23:59:59Z", 28, 365 }, { "2032-02-01T00:00:00Z", 29, 366 },
		{ "2036-12-31T23:59:59Z", 31, 366 }, { "2037-02-28T00:00:00Z", 28, 365 },
	};
	const struct zone *z = zone_get("UTC");
	s64 at, start, end;

	(void)skip;
	for (unsigned int i = 0; i < COUNT(months); i++) {
		iso_time_parse(months[i].at, &at);
		zone_period(z, PERIOD_MONTH, at, &start, &end);
		if (end - start != months[i].month_days * 86400)
			return broken("month of %s", months[i].at);
		zone_period(z, PERIOD_YEAR, at, &start, &end);
		if (end - start != months[i].year_days * 86400)
			return broken("year of %s", months[i].at);
	}
	return true;
}

static bool unknown_refused(const char **skip)
{
	static const char *const bad[] = {
		"Europe/Pariss", "europe/paris/", "../../etc/passwd", "/etc/localtime", "Europe",
		"", ":Europe/Paris", "CET", "CET-1CEST", "CET-1CEST,M3.5.0",
		"CET-1CEST,M13.5.0,M10.5.0",
		"CE-1", "CET-25", "<+03-3", "CET-1CEST,M3.5.0,M10.5.0/3x", "zone.tab",
	};

	(void)skip;
	for (unsigned int i = 0; i < COUNT(bad); i++) {
		/* Debian has a zone file of the name CET. */
		if (strcmp(bad[i], "CET") && zone_get(bad[i]))
			return broken("'%s' is taken", bad[i]);
	}
	return true;
}

static bool posix_zone(const char **skip)
{
	const struct zone *z = zone_get("CET-1CEST,M3.5.0,M10.5.0/3");
	const struct zone *paris = zone_get("Europe/Paris");

	(void)skip;
	if (!z || !zone_get("<+03>-3") || !zone_get("UTC0") || !zone_get("NST3:30NDT,J60/0:01,300"))
		return broken("refused");
	for (s64 t = FIRST_S; t < LAST_S; t += 3600) {
		if (zone_offset_s(z, t) != zone_offset_s(paris, t))
			return broken("differs from Paris at %" PRId64, t);
	}
	return true;
}

static bool environment_kept(const char **skip)
{
	time_t noon = 1720000000;
	struct tm tm;

	(void)skip;
	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	zone_get("America/New_York");
	localtime_r(&noon, &tm);
	if (strcmp(getenv("TZ"), "Asia/Tokyo") || tm.tm_gmtoff != 9 * 3600)
		return broken("TZ is %s, %ld s", getenv("TZ"), tm.tm_gmtoff);
	return zone_get(NULL) == zone_get("Asia/Tokyo") || broken("not the machine's own");
}

static bool beyond_the_table(const char **skip)
{
	const struct zone *z = zone_get("Europe/Paris");
	s64 start, end;

	(void)skip;
	if (zone_offset_s(z, -1) != 3600 || zone_offset_s(z, INT64_C(4200000000)) != 3600)
		return broken("no offset of winter");
	zone_period(z, PERIOD_DAY, INT64_C(4200000000), &start, &end);
	return end - start == 86400 || broken("no day");
}

static bool iso_times(const char **skip)
{
	static const struct {
		const char *text;
		s64 unix_s;
	} good[] = {
		{ "1970-01-01T00:00:00Z", 0 }, { "2024-10-10T23:05:31Z", 1728601531 },
		{ "2024-10-11T01:05:31+02:00", 1728601531 }, { "1969-12-31T23:59:59Z", -1 },
		{ "2024-02-29T00:00:00Z", 1709164800 }, { "0000-01-01T00:00:00Z", -62167219200 },
		{ "2024-10-10T18:35:31-04:30", 1728601531 },
	};
	static const char *const bad[] = {
		"", "2024-10-10", "2024-10-10T23:05:31", "2024-10-10T23:05Z",
		"2023-02-29T00:00:00Z",
		"2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z", "2024-01-00T00:00:00Z",
		"2024-04-31T00:00:00Z", "2024-10-10T24:00:00Z", "2024-10-10T23:60:00Z",
		"2024-10-10T23:05:31Zx", "2024-10-10 23:05:31Z", "2024-10-10T23:05:31+0200",
		"2024-10-10T23:05:31+24:00", "2024-1-10T23:05:31Z", "-024-10-10T23:05:31Z",
	};
	char text[ISO_TIME_LEN + 1];
	s64 t;

	(void)skip;
	for (unsigned int i = 0; i < COUNT(good); i++) {
		if (!iso_time_parse(good[i].text, &t) || t != good[i].unix_s)
			return broken("%s is read as %" PRId64, good[i].text, t);
		iso_time(t, text);
		if (strchr(good[i].text, 'Z') && strcmp(text, good[i].text))
			return broken("%s is written as %s", good[i].text, text);
	}
	for (unsigned int i = 0; i < COUNT(bad); i++) {
		if (iso_time_parse(bad[i], &t))
			return broken("'%s' is taken", bad[i]);
	}
	iso_time(INT64_MAX, text);
	return !strcmp(text, "9999-12-31T23:59:59Z") || broken("%s", text);
}

static bool period_names_parse(const char **skip)
{
	enum period p;

	(void)skip;
	for (unsigned int i = 0; i < PERIOD_COUNT; i++) {
		if (!period_by_name(period_name(i), &p) || p != i)
			return broken("%s", period_name(i));
	}
	return !period_by_name("week", &p) && !period_by_name("", &p);
}

static const struct promise promises[] = {
	{ "days_of_paris_2020_to_2037_are_those_of_the_c_library", paris },
	{ "days_of_dublin_with_its_negative_summer_time_are", dublin },
	{ "days_of_the_azores_that_change_at_midnight_are", azores },
	{ "days_of_santiago_are", santiago },
	{ "days_of_havana_without_a_midnight_are", havana },
	{ "days_of_beirut_are", beirut },
	{ "days_of_cairo_are", cairo },
	{ "days_of_lord_howe_with_half_an_hour_are", lord_howe },
	{ "days_of_kathmandu_off_the_hour_are", kathmandu },
	{ "days_of_utc_are", utc },
	{ "a_day_has_92_96_or_100_quarters", day_lengths },
	{ "a_date_without_midnight_begins_with_its_first_instant", no_midnight },
	{ "a_date_never_comes_twice", date_never_goes_back },
	{ "leap_days_belong_to_february", leap_days },
	{ "an_unknown_zone_is_refused_and_not_taken_for_utc", unknown_refused },
	{ "a_zone_may_be_given_by_its_rules", posix_zone },
	{ "the_zone_of_the_process_stays_what_it_was", environment_kept },
	{ "outside_the_table_time_goes_on", beyond_the_table },
	{ "iso_times_are_read_as_they_are_written", iso_times },
	{ "periods_have_their_names", period_names_parse },
};

int main(void)
{
	int failed = keep_promises(promises, COUNT(promises));

	zones_free();
	return failed;
}
