// SPDX-License-Identifier: MIT
/*
 * Prices and what they make of a period: files of prices from anybody, tables with dates, and
 * arithmetic that is exact or says that it does not know.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../userspace/meterd/config.h"
#include "../../userspace/meterd/costs.h"
#include "../host/host.h"

static char path[64];

/* 2025-01-01T00:00:00Z */
#define NEW_YEAR_S 1735689600ll

static void write_file(const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		abort();
	close(fd);
}

/* The series of a text, or NULL with what was said, without the path before the line. */
static struct price_series *series_of(const char *text, char said[PRICE_ERROR_MAX])
{
	char error[PRICE_ERROR_MAX] = "";
	struct price_series *p;

	write_file(text, strlen(text));
	p = price_series_read(path, error);
	snprintf(said, PRICE_ERROR_MAX, "%s",
		 strncmp(error, path, strlen(path)) ? error : error + strlen(path));
	return p;
}

static bool series_is(const char *text, unsigned int count, s64 time_s, s64 e5)
{
	char said[PRICE_ERROR_MAX];
	struct price_series *p = series_of(text, said);
	s64 got = 0;
	bool kept;

	if (!p)
		return broken("%s was refused: %s", text, said);
	kept = p->count == count && (!count || (price_series_at(p, time_s, &got) && got == e5));
	if (!kept)
		broken("%s: %u rows, %lld", text, p->count, (long long)got);
	price_series_put(p);
	return kept;
}

static bool files_of_prices_are_read_as_people_write_them(const char **skip)
{
	(void)skip;
	return series_is("", 0, 0, 0) && series_is("\n\n", 0, 0, 0) &&
	       series_is("start,price\n", 0, 0, 0) &&
	       series_is("2025-01-01T00:00:00Z,0.25\n", 1, NEW_YEAR_S, 25000) &&
	       series_is("2025-01-01T00:00:00Z,-0.00001", 1, NEW_YEAR_S, -1) &&
	       series_is("2025-01-01T01:00:00+01:00,20000\r\n", 1, NEW_YEAR_S, 2000000000) &&
	       series_is("\xef\xbb\xbfstart;price\n\n2025-01-01T00:00:00Z;0,5\n", 1, NEW_YEAR_S,
			 50000) &&
	       series_is("\"2025-01-01T00:00:00Z\" , \"81.23\"\n\t\n2025-01-01T00:15:00Z,1\n", 2,
			 NEW_YEAR_S + 899, 8123000) &&
	       series_is("2025-03-30T01:45:00+01:00,1\n2025-03-30T03:00:00+02:00,2\n", 2,
			 1743296400, 200000);
}

static bool a_price_holds_until_the_next_but_no_longer_than_an_hour(const char **skip)
{
	char said[PRICE_ERROR_MAX];
	struct price_series *p = series_of("2025-01-01T00:00:00Z,1\n2025-01-01T00:30:00Z,2\n"
					   "2025-01-01T03:00:00Z,3\n", said);
	s64 e5;
	bool kept;

	(void)skip;
	kept = p && !price_series_at(p, NEW_YEAR_S - 1, &e5) &&
	       price_series_at(p, NEW_YEAR_S + 1799, &e5) && e5 == 100000 &&
	       price_series_at(p, NEW_YEAR_S + 1800 + 3599, &e5) && e5 == 200000 &&
	       !price_series_at(p, NEW_YEAR_S + 1800 + 3600, &e5) &&
	       price_series_at(p, NEW_YEAR_S + 3 * 3600, &e5) && e5 == 300000 &&
	       !price_series_at(p, INT64_MAX, &e5) && !price_series_at(p, INT64_MIN + 3600, &e5);
	price_series_put(p);
	return kept || broken("a price at another time");
}

static bool mistakes_in_files_of_prices_are_told_by_line(const char **skip)
{
	static const struct {
		const char *text;
		const char *said;
	} mistakes[] = {
		{ "nothing\n", ":1: expected a time" },
		{ "a,b\nc,d\n", ":2: expected a time" },
		{ "2025-01-01T00:00:00Z,1\nstart,price\n", ":2: expected a time" },
		{ "2025-01-01T00:00:00,1\n2025-01-01T00:00:00,1\n", ":2: expected a time" },
		{ "2025-01-01T00:00:00Z\n", ":1: expected a price" },
		{ "2025-01-01T00:00:00Z,\n", ":1: expected a price" },
		{ "2025-01-01T00:00:00Z,1.123456\n", ":1: expected a price" },
		{ "2025-01-01T00:00:00Z,20000.1\n", ":1: expected a price" },
		{ "2025-01-01T00:00:00Z,1e3\n", ":1: expected a price" },
		{ "2025-01-01T00:00:00Z,nan\n", ":1: expected a price" },
		{ "2025-01-01T00:00:00Z,0x10\n", ":1: expected a price" },
		{ "2025-01-01T00:00:00Z,1,2\n", ":1: expected a price" },
		{ "2025-01-01T00:00:00Z,99999999999999999999\n", ":1: expected a price" },
		{ "2025-01-01T00:01:00Z,1\n", ":1: expected a quarter" },
		{ "1960-01-01T00:00:00Z,1\n", ":1: expected a quarter" },
		{ "9999-01-01T00:00:00Z,1\n", ":1: expected a quarter" },
		{ "2025-01-01T00:00:00Z,1\n\n2025-01-01T00:00:00Z,1\n",
		  ":3: expected a time after" },
		{ "2025-01-01T00:15:00Z,1\n2025-01-01T00:00:00Z,1\n", ":2: expected a time after" },
	};
	char said[PRICE_ERROR_MAX];

	(void)skip;
	for (unsigned int i = 0; i < COUNT(mistakes); i++) {
		struct price_series *p = series_of(mistakes[i].text, said);

		price_series_put(p);
		if (p || strncmp(said, mistakes[i].said, strlen(mistakes[i].said)))
			return broken("%s: %s", mistakes[i].text, said);
	}
	return true;
}

static bool refuses_bytes(const char *bytes, size_t len, const char *why)
{
	char error[PRICE_ERROR_MAX] = "";
	struct price_series *p;

	write_file(bytes, len);
	p = price_series_read(path, error);
	price_series_put(p);
	return (!p && strstr(error, why)) || broken("not %s but %s", why, error);
}

static bool hostile_files_of_prices_are_refused(const char **skip)
{
	size_t len = PRICE_FILE_MAX_BYTES + 1;
	char *large = malloc(len), error[PRICE_ERROR_MAX], line[300];
	u64 state = 1;
	bool kept;

	(void)skip;
	memset(large, '\n', len);
	kept = refuses_bytes(large, len, "at most 4 MiB");
	free(large);
	memset(line, ' ', sizeof(line));
	kept = kept && refuses_bytes(line, sizeof(line), ":1: the line is longer");
	kept = kept && refuses_bytes("2025-01-01T00:00:00Z,1\0\n", 24, "NUL");
	unlink(path);
	kept = kept && !price_series_read(path, error) && strstr(error, "cannot be read");
	kept = kept && !price_series_read("/tmp", error) && strstr(error, "regular file");
	kept = kept && !mkfifo(path, 0600) && !price_series_read(path, error);
	unlink(path);
	/* Noise of the bytes that matter never does harm. */
	for (unsigned int i = 0; i < 3000; i++) {
		static const char bytes[] = "0123456789TZ:-+,;. \"\n\r2025-01-01T00:00:00Z,1";
		size_t n = lot(&state, sizeof(line));

		for (size_t at = 0; at < n; at++)
			line[at] = bytes[lot(&state, sizeof(bytes) - 1)];
		write_file(line, n);
		price_series_put(price_series_read(path, error));
	}
	return kept;
}

/* Prices of a configuration; the series of every file is @series. */
static struct price_series *given_series(void *context, const char *file)
{
	(void)file;
	return context;
}

static struct prices *prices_of(const char *text, struct price_series *series)
{
	struct prices *p = NULL;
	struct config *c;
	char whole[4096];
	int len;

	len = snprintf(whole, sizeof(whole), "[daemon]\nstate = /tmp\ntimezone = UTC\n%s", text);
	write_file(whole, len);
	c = config_read(path);
	if (c && c->price_count)
		p = prices_new(c, given_series, series);
	config_free(c);
	return p;
}

static bool holds(const struct prices *p, const char *meter, const char *zone, const char *start,
		  s64 import_e5)
{
	const struct price_section *s;
	s64 start_s, e5 = INT64_MIN;

	if (!iso_time_parse(start, &start_s))
		abort();
	s = prices_section(p, meter, zone_get(zone), start_s);
	if (s && !price_at(s, Q_energy_import, start_s, &e5))
		return broken("%s %s: no price", meter, start);
	return e5 == import_e5 || broken("%s %s: %lld", meter, start, (long long)e5);
}

static bool the_newest_section_that_has_begun_holds(const char **skip)
{
	struct prices *p = prices_of("[price c]\nfrom = 2025-03-01\ncurrency = EUR\nimport = 3\n"
				     "[price a]\ncurrency = EUR\nimport = 1\nmeter = a, b\n"
				     "[price b]\nfrom = 2025-01-01\ncurrency = EUR\nimport = 2\n",
				     NULL);
	bool kept;

	(void)skip;
	kept = p && holds(p, "a", "Europe/Paris", "2024-12-31T22:59:59Z", 100000) &&
	       holds(p, "a", "Europe/Paris", "2024-12-31T23:00:00Z", 200000) &&
	       holds(p, "b", "America/New_York", "2025-01-01T04:59:59Z", 100000) &&
	       holds(p, "a", "America/New_York", "2025-01-01T05:00:00Z", 200000) &&
	       holds(p, "a", "Asia/Kathmandu", "2025-02-28T18:15:00Z", 300000) &&
	       holds(p, "a", "UTC", "1950-01-01T00:00:00Z", 100000) &&
	       holds(p, "c", "UTC", "2025-05-01T00:00:00Z", 300000) &&
	       !prices_section(p, "c", zone_get("UTC"), NEW_YEAR_S - 1) &&
	       prices_has_meter(p, "c") && !prices_has_meter(NULL, "c");
	prices_put(p);
	return kept || broken("another section");
}

static bool price_is(const struct price_section *s, enum quantity reg, s64 time_s, s64 e5)
{
	s64 got = INT64_MIN;
	bool known = price_at(s, reg, time_s, &got);

	if (e5 == INT64_MIN ? !known : known && got == e5)
		return true;
	return broken("%s costs %lld", quantity_info[reg].name, known ? (long long)got : -1);
}

static bool the_price_of_now_is_that_of_tariff_and_quarter(const char **skip)
{
	const s64 unknown = INT64_MIN;
	char said[PRICE_ERROR_MAX];
	struct price_series *series = series_of("2025-01-01T00:00:00Z,100.005\n"
						"2025-01-01T01:00:00Z,-50\n", said);
	struct prices *p = prices_of("[price a]\ncurrency = EUR\nimport_t1 = 0.1\nimport = 0.2\n"
				     "export = -0.01\nexport_quarters = x\n"
				     "export_quarters_factor = 0.0015\ngas = 1.5\n", series);
	const struct price_section *s = p ? &p->sections[0] : NULL;
	bool kept;

	(void)skip;
	kept = s && price_is(s, Q_energy_import_t1, NEW_YEAR_S, 10000) &&
	       price_is(s, Q_energy_import_t2, NEW_YEAR_S, 20000) &&
	       price_is(s, Q_energy_import, NEW_YEAR_S, unknown) &&
	       /* 0.1500075, half away from zero, less 0.01. */
	       price_is(s, Q_energy_export, NEW_YEAR_S + 899, 14001) &&
	       price_is(s, Q_energy_export_t1, NEW_YEAR_S + 3600, -8500) &&
	       price_is(s, Q_energy_export, NEW_YEAR_S + 7200, unknown) &&
	       price_is(s, Q_gas, NEW_YEAR_S, 150000) &&
	       price_is(s, Q_water, NEW_YEAR_S, unknown) &&
	       price_is(s, Q_power_import, NEW_YEAR_S, unknown);
	prices_put(p);
	price_series_put(series);
	return kept;
}

/* A row with registers that have been counted so far. */
static struct ledger_row row_of(s64 start_s, s64 end_s)
{
	return (struct ledger_row){ .start_s = start_s, .end_s = end_s };
}

static void count(struct ledger_row *row, enum quantity reg, s64 milli, u8 quality)
{
	int i = register_index(reg);

	row->has |= 1ull << i;
	row->milli[i] = milli;
	row->quality[i] = quality;
}

static bool cost_is(const struct cost_row *c, enum cost i, s64 exact, u8 quality)
{
	if (c->has >> i & 1 && c->quality[i] == quality &&
	    (quality & QUALITY_MISSING || c->exact[i] == exact))
		return true;
	return broken("%s is %s%lld with %02x, not %lld with %02x", cost_name(i),
		      c->has >> i & 1 ? "" : "absent, ", (long long)c->exact[i], c->quality[i],
		      (long long)exact, quality);
}

static bool has_not(const struct cost_row *c, enum cost i)
{
	return !(c->has >> i & 1) || broken("%s is there", cost_name(i));
}

/* What a day costs with these sections; prices by the quarter are not in them. */
static bool day_of(const char *text, const struct ledger_row *row, struct cost_row *cost)
{
	struct prices *p = prices_of(text, NULL);
	bool complete = p &&
			costs_of_day(&p->sections[0], zone_get("Europe/Paris"), row, NULL, cost);

	prices_put(p);
	return complete || broken("no cost of %s", text);
}

#define DAY_S 86400

static bool each_part_of_a_day_has_its_own_cost_and_quality(const char **skip)
{
	struct ledger_row row = row_of(NEW_YEAR_S - 3600, NEW_YEAR_S + DAY_S - 3600);
	struct cost_row c;

	(void)skip;
	count(&row, Q_energy_import_t1, 1234567, QUALITY_ESTIMATED);
	count(&row, Q_energy_import_t2, 1000, QUALITY_JUMP);
	count(&row, Q_energy_export, 2000000, 0);
	count(&row, Q_gas, 1501, QUALITY_PARTIAL);
	count(&row, Q_water, 77, 0);
	count(&row, Q_heat, 250, 0);
	count(&row, Q_heat_kwh, 3000, QUALITY_REPLACED);
	return day_of("[price a]\ncurrency = EUR\nimport = 0.25161\nexport = 0.05\ngas = 1.2\n"
		      "water = 4\nheat = 40\nheat_kwh = 0.1\nfixed_day = 0.1\nfixed_month = 3.1\n",
		      &row, &c) &&
	       cost_is(&c, COST_IMPORT_T1, 1234567ll * 25161, QUALITY_ESTIMATED) &&
	       cost_is(&c, COST_IMPORT, 1235567ll * 25161, QUALITY_ESTIMATED | QUALITY_JUMP) &&
	       cost_is(&c, COST_EXPORT, 2000000ll * 5000, 0) &&
	       cost_is(&c, COST_GAS, 1501ll * 120000 * 1000, QUALITY_PARTIAL) &&
	       cost_is(&c, COST_WATER, 77ll * 400000 * 1000, 0) &&
	       cost_is(&c, COST_HEAT, (250ll * 4000000 + 3000ll * 10000) * 1000,
		       QUALITY_REPLACED) &&
	       cost_is(&c, COST_FIXED, 20000000000ll, 0) &&
	       cost_is(&c, COST_TOTAL,
		       c.exact[COST_IMPORT] - c.exact[COST_EXPORT] + c.exact[COST_GAS] +
			       c.exact[COST_WATER] + c.exact[COST_HEAT] + c.exact[COST_FIXED],
		       QUALITY_ESTIMATED | QUALITY_JUMP | QUALITY_PARTIAL | QUALITY_REPLACED);
}

static bool what_was_not_read_has_no_cost(const char **skip)
{
	static const char text[] = "[price a]\ncurrency = EUR\nimport = 1\ngas = 1\n";
	struct ledger_row row = row_of(NEW_YEAR_S, NEW_YEAR_S + DAY_S);
	struct cost_row c;

	(void)skip;
	count(&row, Q_energy_import, 0, QUALITY_MISSING);
	if (!day_of(text, &row, &c) || !cost_is(&c, COST_IMPORT, 0, QUALITY_MISSING) ||
	    !cost_is(&c, COST_TOTAL, 0, QUALITY_MISSING) || !has_not(&c, COST_GAS))
		return false;
	count(&row, Q_gas, 2000, 0);
	return day_of(text, &row, &c) && cost_is(&c, COST_IMPORT, 0, QUALITY_MISSING) &&
	       cost_is(&c, COST_TOTAL, 200000000000ll, QUALITY_PARTIAL);
}

static bool a_tariff_without_a_price_leaves_no_total(const char **skip)
{
	static const char text[] = "[price a]\ncurrency = EUR\nimport_t1 = 1\nfixed_day = 1\n";
	struct ledger_row row = row_of(NEW_YEAR_S, NEW_YEAR_S + DAY_S);
	struct cost_row c;

	(void)skip;
	count(&row, Q_energy_import_t1, 1000000, 0);
	count(&row, Q_energy_import_t2, 1, 0);
	if (!day_of(text, &row, &c) || !has_not(&c, COST_TOTAL) || !has_not(&c, COST_IMPORT) ||
	    !has_not(&c, COST_IMPORT_T1 + 1) ||
	    !cost_is(&c, COST_IMPORT_T1, 100000000000ll, 0) ||
	    !cost_is(&c, COST_FIXED, 100000000000ll, 0))
		return false;
	/* Nothing costs nothing, whatever its price. */
	count(&row, Q_energy_import_t2, 0, 0);
	if (!day_of(text, &row, &c) || !cost_is(&c, COST_TOTAL, 200000000000ll, 0))
		return false;
	/* Nobody knows which tariff a total was. */
	row = row_of(NEW_YEAR_S, NEW_YEAR_S + DAY_S);
	count(&row, Q_energy_import, 1000000, 0);
	return day_of(text, &row, &c) && has_not(&c, COST_IMPORT) && has_not(&c, COST_TOTAL);
}

static bool what_is_too_much_to_compute_is_not_known(const char **skip)
{
	struct ledger_row row = row_of(NEW_YEAR_S, NEW_YEAR_S + DAY_S);
	struct cost_row c, sum = { 0 };

	(void)skip;
	count(&row, Q_energy_import, INT64_MAX / 2, 0);
	count(&row, Q_gas, INT64_MAX / 200000, 0);
	if (!day_of("[price a]\ncurrency = EUR\nimport = 20000\ngas = 20000\n", &row, &c) ||
	    !has_not(&c, COST_IMPORT) || !has_not(&c, COST_GAS) || !has_not(&c, COST_TOTAL))
		return false;
	row = row_of(NEW_YEAR_S, NEW_YEAR_S + DAY_S);
	count(&row, Q_energy_import, INT64_MAX / 100000, 0);
	if (!day_of("[price a]\ncurrency = EUR\nimport = 1\n", &row, &c) ||
	    !cost_is(&c, COST_IMPORT, INT64_MAX / 100000 * 100000, 0))
		return false;
	cost_row_add(&sum, &c);
	c.start_s = c.end_s;
	c.end_s += DAY_S;
	cost_row_add(&sum, &c);
	return cost_is(&sum, COST_IMPORT, 0, QUALITY_MISSING);
}

static bool amounts_are_rounded_half_away_from_zero(const char **skip)
{
	(void)skip;
	return cost_rounded_e5(499999) == 0 && cost_rounded_e5(500000) == 1 &&
	       cost_rounded_e5(-499999) == 0 && cost_rounded_e5(-500000) == -1 &&
	       cost_rounded_e5(1499999) == 1 && cost_rounded_e5(-1500000) == -2 &&
	       cost_rounded_e5(INT64_MAX) == INT64_MAX / 1000000 + 1 &&
	       cost_rounded_e5(INT64_MIN) == INT64_MIN / 1000000 - 1;
}

/* Of a month's charge, over its days and their quarters, also where a day has 23 or 25 hours. */
static bool charges_of_a_month_are_spread_exactly(const struct prices *p, const struct zone *z,
						  s64 time_s)
{
	s64 start_s, end_s, days = 0, quarters = 0;

	zone_period(z, PERIOD_MONTH, time_s, &start_s, &end_s);
	for (s64 at_s = start_s, day_end_s; at_s < end_s; at_s = day_end_s) {
		struct ledger_row row;
		struct cost_row c;
		s64 day_s;

		zone_period(z, PERIOD_DAY, at_s, &day_s, &day_end_s);
		row = row_of(day_s, day_end_s);
		costs_of_day(&p->sections[0], z, &row, NULL, &c);
		days += c.exact[COST_FIXED];
		for (s64 q_s = day_s; q_s < day_end_s; q_s += QUARTER_S) {
			row = row_of(q_s, q_s + QUARTER_S);
			costs_of_quarter(&p->sections[0], z, &row, &c);
			quarters += c.exact[COST_FIXED];
		}
	}
	if (days == 100000ll * 777777 * 10 && quarters == days)
		return true;
	return broken("%s: days %lld, quarters %lld", zone_name(z), (long long)days,
		      (long long)quarters);
}

static bool charges_sum_to_the_month_over_days_and_quarters(const char **skip)
{
	static const char *const zones[] = { "Europe/Paris", "America/Havana", "Africa/Cairo",
					     "Australia/Lord_Howe", "Asia/Kathmandu", "UTC" };
	struct prices *p = prices_of("[price a]\ncurrency = EUR\nfixed_month = 7.77777\n", NULL);
	bool kept = p;

	(void)skip;
	for (unsigned int i = 0; kept && i < COUNT(zones); i++)
		for (unsigned int month = 0; kept && month < 48; month++)
			kept = charges_of_a_month_are_spread_exactly(
				p, zone_get(zones[i]), NEW_YEAR_S + month * 30ll * DAY_S);
	prices_put(p);
	return kept;
}

/* The nights of 2025 on which the clock of Paris is changed: 92 and 100 quarters. */
static bool days_of_23_and_25_hours_are_their_quarters(const char **skip)
{
	static const s64 starts_s[] = { 1743289200, 1761429600 };
	struct price_series *series;
	char text[8000], said[PRICE_ERROR_MAX], iso[ISO_TIME_LEN + 1];
	struct prices *p;
	bool kept = true;

	(void)skip;
	for (unsigned int n = 0; kept && n < COUNT(starts_s); n++) {
		const struct zone *z = zone_get("Europe/Paris");
		struct cost_quarters quarters = { 0 };
		struct ledger_row day, quarter;
		s64 start_s, end_s, sum = 0;
		struct cost_row c;
		size_t len = 0;

		zone_period(z, PERIOD_DAY, starts_s[n], &start_s, &end_s);
		for (s64 at_s = start_s; at_s < end_s; at_s += QUARTER_S) {
			iso_time(at_s, iso);
			len += snprintf(text + len, sizeof(text) - len, "%s,%lld\n", iso,
					(long long)(at_s / 900 % 7 - 3));
		}
		series = series_of(text, said);
		p = prices_of("[price a]\ncurrency = EUR\nquarters = x\n", series);
		day = row_of(start_s, end_s);
		count(&day, Q_energy_import, 0, 0);
		for (s64 at_s = start_s; at_s < end_s; at_s += QUARTER_S) {
			quarter = row_of(at_s, at_s + QUARTER_S);
			count(&quarter, Q_energy_import, at_s % 1009, 0);
			count(&day, Q_energy_import, day.milli[0] + at_s % 1009, 0);
			sum += at_s % 1009 * (at_s / 900 % 7 - 3) * 100000;
			cost_quarters_add(&quarters, &p->sections[0], z, &quarter);
		}
		kept = start_s == starts_s[n] && (end_s - start_s) / 900 == (n ? 100 : 92) &&
		       costs_of_day(&p->sections[0], z, &day, &quarters, &c) &&
		       cost_is(&c, COST_IMPORT, sum, 0) && cost_is(&c, COST_TOTAL, sum, 0);
		/* One that is gone is missed. */
		day.milli[0]++;
		kept = kept && !costs_of_day(&p->sections[0], z, &day, &quarters, &c) &&
		       cost_is(&c, COST_IMPORT, sum, QUALITY_PARTIAL);
		prices_put(p);
		price_series_put(series);
	}
	return kept;
}

static bool a_hole_between_days_makes_the_month_partial(const char **skip)
{
	struct cost_row day = { .start_s = 0, .end_s = DAY_S, .currency = "EUR" }, sum = { 0 };

	(void)skip;
	cost_put(&day, COST_IMPORT, 5, 0);
	cost_row_add(&sum, &day);
	cost_row_end(&sum, 0, DAY_S);
	if (!cost_is(&sum, COST_IMPORT, 5, 0))
		return false;
	cost_row_end(&sum, 0, 2 * DAY_S);
	if (!cost_is(&sum, COST_IMPORT, 5, QUALITY_PARTIAL))
		return false;
	sum = (struct cost_row){ 0 };
	cost_row_add(&sum, &day);
	day.start_s = 2 * DAY_S;
	day.end_s = 3 * DAY_S;
	cost_put(&day, COST_GAS, 7, 0);
	cost_row_add(&sum, &day);
	return cost_is(&sum, COST_IMPORT, 10, QUALITY_PARTIAL) &&
	       cost_is(&sum, COST_GAS, 7, QUALITY_PARTIAL);
}

static bool currencies_are_never_mixed(const char **skip)
{
	struct cost_row day = { .start_s = 0, .end_s = DAY_S, .currency = "EUR" }, sum = { 0 };

	(void)skip;
	cost_put(&day, COST_TOTAL, 5, 0);
	cost_row_add(&sum, &day);
	day.start_s = DAY_S;
	day.end_s = 2 * DAY_S;
	strcpy(day.currency, "SEK");
	cost_row_add(&sum, &day);
	return !strcmp(sum.currency, "EUR") && cost_is(&sum, COST_TOTAL, 5, QUALITY_PARTIAL);
}

static bool only_prices_that_matter_for_a_day_change_its_fingerprint(const char **skip)
{
	static const char section[] = "[price a]\ncurrency = EUR\nimport = 1\nquarters = x\n";
	static const char other[] = "[price a]\ncurrency = EUR\nimport = 2\nquarters = x\n";
	char said[PRICE_ERROR_MAX];
	struct price_series *one = series_of("2025-01-01T00:00:00Z,1\n", said);
	struct price_series *two = series_of("2025-01-01T00:00:00Z,1\n2025-01-02T00:00:00Z,1\n",
					     said);
	struct prices *a = prices_of(section, one), *b = prices_of(section, two),
		      *c = prices_of(other, one);
	const s64 day_2 = NEW_YEAR_S + DAY_S;
	bool kept;

	(void)skip;
	kept = prices_of_day(a->sections, NEW_YEAR_S, day_2) ==
		       prices_of_day(b->sections, NEW_YEAR_S, day_2) &&
	       prices_of_day(a->sections, day_2, day_2 + DAY_S) !=
		       prices_of_day(b->sections, day_2, day_2 + DAY_S) &&
	       prices_of_day(a->sections, NEW_YEAR_S, day_2) !=
		       prices_of_day(c->sections, NEW_YEAR_S, day_2) &&
	       a->hash != b->hash && a->hash != c->hash;
	prices_put(a);
	prices_put(b);
	prices_put(c);
	price_series_put(one);
	price_series_put(two);
	return kept || broken("fingerprints");
}

static const struct promise promises[] = {
	{ "files_of_prices_are_read_as_people_write_them",
	  files_of_prices_are_read_as_people_write_them },
	{ "a_price_holds_until_the_next_but_no_longer_than_an_hour",
	  a_price_holds_until_the_next_but_no_longer_than_an_hour },
	{ "mistakes_in_files_of_prices_are_told_by_line",
	  mistakes_in_files_of_prices_are_told_by_line },
	{ "hostile_files_of_prices_are_refused", hostile_files_of_prices_are_refused },
	{ "the_newest_section_that_has_begun_holds", the_newest_section_that_has_begun_holds },
	{ "the_price_of_now_is_that_of_tariff_and_quarter",
	  the_price_of_now_is_that_of_tariff_and_quarter },
	{ "each_part_of_a_day_has_its_own_cost_and_quality",
	  each_part_of_a_day_has_its_own_cost_and_quality },
	{ "what_was_not_read_has_no_cost", what_was_not_read_has_no_cost },
	{ "a_tariff_without_a_price_leaves_no_total", a_tariff_without_a_price_leaves_no_total },
	{ "what_is_too_much_to_compute_is_not_known", what_is_too_much_to_compute_is_not_known },
	{ "amounts_are_rounded_half_away_from_zero", amounts_are_rounded_half_away_from_zero },
	{ "charges_sum_to_the_month_over_days_and_quarters",
	  charges_sum_to_the_month_over_days_and_quarters },
	{ "days_of_23_and_25_hours_are_their_quarters",
	  days_of_23_and_25_hours_are_their_quarters },
	{ "a_hole_between_days_makes_the_month_partial",
	  a_hole_between_days_makes_the_month_partial },
	{ "currencies_are_never_mixed", currencies_are_never_mixed },
	{ "only_prices_that_matter_for_a_day_change_its_fingerprint",
	  only_prices_that_matter_for_a_day_change_its_fingerprint },
};

int main(void)
{
	char directory[] = "/tmp/meterd-costs-XXXXXX";
	int failed;

	if (!mkdtemp(directory))
		return 1;
	snprintf(path, sizeof(path), "%s/file", directory);
	failed = keep_promises(promises, COUNT(promises));
	unlink(path);
	rmdir(directory);
	zones_free();
	return failed;
}
