// SPDX-License-Identifier: MIT
/*
 * Tariffs by time of day: which text is one, and when which tariff holds.
 */
#include <inttypes.h>

#include "../../userspace/meterd/tariff_ranges.h"
#include "../host/host.h"

static bool parse(const char *text, struct tariff_ranges *r)
{
	char error[256] = "";

	return tariff_ranges_parse(text, r, error, sizeof(error)) || broken("%s: %s", text, error);
}

static bool every_minute_has_its_tariff(const char **skip)
{
	static const struct {
		const char *text;
		unsigned int tariff[24];	/* at half past each hour */
	} days[] = {
		{ "22:00-06:00 1, 06:00-22:00 2",
		  { 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1 } },
		{ "06:00-22:00 2,22:00-6:00 1",
		  { 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1 } },
		{ "00:00-24:00 16",
		  { 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
		    16, 16, 16, 16 } },
		{ "12:00-24:00 3, 00:00 - 08:00\t1 , 08:00-12:00 2",
		  { 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3 } },
		{ "02:00-07:00 1,07:00-14:00 2,14:00-17:00 1,17:00-02:00 2",
		  { 2, 2, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2 } },
	};
	const struct zone *z = zone_get("UTC");
	struct tariff_ranges r;

	(void)skip;
	for (unsigned int i = 0; i < COUNT(days); i++) {
		if (!parse(days[i].text, &r))
			return false;
		for (unsigned int h = 0; h < 24; h++) {
			unsigned int tariff = tariff_ranges_at(&r, z, 1728518400 + h * 3600 + 1800);

			if (tariff != days[i].tariff[h])
				return broken("%s: %u at %u:30", days[i].text, tariff, h);
		}
	}
	return true;
}

static bool edges_are_exact(const char **skip)
{
	const struct zone *z = zone_get("UTC");
	struct tariff_ranges r;

	(void)skip;
	if (!parse("22:08-06:08 1, 06:08-22:08 2", &r))
		return false;
	return tariff_ranges_at(&r, z, 6 * 3600 + 8 * 60 - 1) == 1 &&
	       tariff_ranges_at(&r, z, 6 * 3600 + 8 * 60) == 2 &&
	       tariff_ranges_at(&r, z, 22 * 3600 + 8 * 60 - 1) == 2 &&
	       tariff_ranges_at(&r, z, 22 * 3600 + 8 * 60) == 1;
}

static bool mistakes_are_told(const char **skip)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "", "no range" },
		{ "22:00-06:00 1", "no tariff from 06:00 to 22:00" },
		{ "22:00-06:00 1, 06:00-21:00 2", "no tariff from 21:00 to 22:00" },
		{ "22:00-06:00 1, 05:00-22:00 2", "overlap from 05:00" },
		{ "22:00-06:00 1, 06:00-22:00 2, 12:00-13:00 3", "overlap from 12:00" },
		{ "00:00-24:00 1, 00:00-24:00 2", "overlap" },
		{ "22:00-22:00 1", "no length" },
		{ "22:00-06:00 0, 06:00-22:00 2", "no range" },
		{ "22:00-06:00 17, 06:00-22:00 2", "no range" },
		{ "22:00-06:00, 06:00-22:00 2", "no range" },
		{ "24:01-06:00 1, 06:00-22:00 2", "no range" },
		{ "22:60-06:00 1, 06:00-22:00 2", "no range" },
		{ "22-06 1, 06-22 2", "no range" },
		{ "22:00-06:00 1 06:00-22:00 2", "no range" },
		{ "22:00-06:00 1,", "no range" },
		{ "22:0-06:00 1, 06:00-22:00 2", "no range" },
		{ "99999999999999999999:00-06:00 1", "no range" },
		{ "0:00-1:00 1,1:00-2:00 1,2:00-3:00 1,3:00-4:00 1,4:00-5:00 1,5:00-6:00 1,"
		  "6:00-7:00 1,7:00-8:00 1,8:00-9:00 1,9:00-10:00 1,10:00-11:00 1,11:00-12:00 1,"
		  "12:00-13:00 1,13:00-14:00 1,14:00-15:00 1,15:00-16:00 1,16:00-24:00 1",
		  "more than 16" },
	};
	struct tariff_ranges r;
	char error[256];

	(void)skip;
	for (unsigned int i = 0; i < COUNT(bad); i++) {
		error[0] = '\0';
		if (tariff_ranges_parse(bad[i].text, &r, error, sizeof(error)))
			return broken("'%s' is taken", bad[i].text);
		if (!strstr(error, bad[i].says))
			return broken("'%s': %s", bad[i].text, error);
	}
	return true;
}

static bool next_is_where_it_changes(const struct tariff_ranges *r, const char *zone)
{
	const struct zone *z = zone_get(zone);
	s64 t = 1711700000, end = t + 3 * 86400, next = tariff_ranges_next(r, z, t - 60);
	unsigned int changes = 0;

	/* Over the spring of 2024 and, half a year on, the autumn. */
	for (; t < end + 213 * 86400ll; t += t == end ? 208 * 86400 : 60) {
		s64 minute = t - t % 60;
		bool changed = tariff_ranges_at(r, z, minute) !=
			       tariff_ranges_at(r, z, minute - 60);

		if (changed && next != minute && t != end)
			return broken("%s: next is %" PRId64 ", not %" PRId64, zone, next, minute);
		changes += changed;
		next = tariff_ranges_next(r, z, minute);
		if (next <= minute)
			return broken("%s: next of %" PRId64 " is %" PRId64, zone, minute, next);
	}
	return changes > 4 || broken("%s: only %u changes", zone, changes);
}

static bool next_edge_found(const char **skip)
{
	struct tariff_ranges night, odd, one;

	(void)skip;
	if (!parse("22:00-06:00 1, 06:00-22:00 2", &night) ||
	    !parse("02:08-02:52 3, 02:52-12:30 2, 12:30-13:00 2, 13:00-02:08 1", &odd) ||
	    !parse("00:00-12:00 1, 12:00-24:00 1", &one))
		return false;
	if (tariff_ranges_next(&one, zone_get("UTC"), 0) != INT64_MAX)
		return broken("one tariff changes");
	return next_is_where_it_changes(&night, "Europe/Paris") &&
	       next_is_where_it_changes(&odd, "Europe/Paris") &&
	       next_is_where_it_changes(&odd, "Asia/Kathmandu") &&
	       next_is_where_it_changes(&odd, "Australia/Lord_Howe") &&
	       next_is_where_it_changes(&night, "UTC");
}

/* Paris, 2024-03-31: the clock goes from 02:00 to 03:00; 2024-10-27: from 03:00 back to 02:00. */
static bool clock_changes(const char **skip)
{
	const struct zone *z = zone_get("Europe/Paris");
	const s64 spring = 1711846800, autumn = 1729990800;
	struct tariff_ranges r;

	(void)skip;
	if (!parse("02:30-02:45 3, 02:45-22:00 2, 22:00-02:30 1", &r))
		return false;
	/* The range of 02:30 does not come in spring, and comes twice in autumn. */
	return (tariff_ranges_next(&r, z, spring - 3600) == spring &&
		tariff_ranges_at(&r, z, spring) == 2 &&
		tariff_ranges_next(&r, z, autumn - 3600) == autumn - 1800 &&
		tariff_ranges_next(&r, z, autumn - 1800) == autumn - 900 &&
		tariff_ranges_next(&r, z, autumn - 900) == autumn &&
		tariff_ranges_at(&r, z, autumn) == 1 &&
		tariff_ranges_next(&r, z, autumn) == autumn + 1800) ||
	       broken("not as the clock on the wall");
}

static const struct promise promises[] = {
	{ "every_minute_has_its_tariff", every_minute_has_its_tariff },
	{ "edges_of_ranges_are_exact_to_the_second", edges_are_exact },
	{ "an_overlap_a_hole_and_nonsense_are_told_with_their_place", mistakes_are_told },
	{ "the_next_edge_is_where_the_tariff_changes", next_edge_found },
	{ "ranges_go_by_the_clock_on_the_wall_when_it_is_changed", clock_changes },
};

int main(void)
{
	int failed = keep_promises(promises, COUNT(promises));

	zones_free();
	return failed;
}
