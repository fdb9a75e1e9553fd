// SPDX-License-Identifier: MIT
/*
 * meterctl ledger check: proves that what the registers counted is what the periods say.
 *
 * For each register, the segments (last - first) sum to the days with the one that runs, and so
 * for months and years; and each ended month is the sum of its days, each year that of its months,
 * each day that of its quarters where those are kept. Imported values belong to no segment: they
 * are left out of the first, and compared among themselves in the second. A total that the meter
 * sent only later was the sum of its tariffs before: that has no segment either.
 *
 * What a day cost is the sum of its parts, of a day that is there.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/json.h"
#include "../lib/say.h"
#include "commands.h"
#include "ledger.h"

/* More lines than this help nobody. */
#define TOLD_MAX 50

/**
 * struct check - what is known while checking
 * @quarters_from_s: older quarters have been deleted
 * @lost_from_s: quarters from here, @lost_to_s up to there, could not be kept
 * @wrong: how many things are
 */
struct check {
	sqlite3 *db;
	struct ledger_file_meter meter;
	const struct zone *zone;
	struct ledger_counter counters[REGISTER_COUNT];
	s64 quarters_from_s;
	s64 lost_from_s;
	s64 lost_to_s;
	u64 wrong;
	u64 meters;
	u64 registers;
	u64 segments;
	u64 periods;
	bool unreadable;
};

/**
 * struct sums - of the values of some rows, by register_index(), measured and imported ones
 * @derived: totals of which some of @measured are sums of tariffs
 */
struct sums {
	s64 measured[REGISTER_COUNT];
	s64 imported[REGISTER_COUNT];
	u64 has_measured;
	u64 has_imported;
	u64 derived;
};

static void add(s64 *sum, s64 milli)
{
	*sum = (u64)*sum + (u64)milli;
}

__attribute__((format(printf, 2, 3))) static void wrong(struct check *c, const char *format, ...)
{
	va_list args;

	if (c->wrong++ >= TOLD_MAX)
		return;
	printf("%s: ", c->meter.name);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static const char *register_name(unsigned int i)
{
	return quantity_info[register_at(i)].name;
}

/** struct value - thousandths as text with its unit */
struct value {
	char text[48];
};

static struct value value(unsigned int reg, s64 milli)
{
	u64 size = milli < 0 ? -(u64)milli : (u64)milli;
	struct value v;

	snprintf(v.text, sizeof(v.text), "%s%" PRIu64 ".%03u %s", milli < 0 ? "-" : "",
		 size / 1000, (unsigned int)(size % 1000), register_unit(register_at(reg)));
	return v;
}

static void unreadable(struct check *c)
{
	if (!c->unreadable)
		wrong(c, "the file cannot be read: %s", sqlite3_errmsg(c->db));
	c->unreadable = true;
}

/* From the open period on nothing has ended: what stands there was told of a silent meter. */
static bool ended(const struct check *c, unsigned int reg, enum period p, s64 start_s)
{
	const struct ledger_open_span *span = &c->counters[reg].span[p];

	return !span->end_s || start_s < span->start_s;
}

static void add_measured(struct sums *sums, const struct ledger_row *row, unsigned int i)
{
	enum quantity total = register_total(register_at(i));

	add(&sums->measured[i], row->milli[i]);
	sums->has_measured |= 1ull << i;
	if (total == Q_NONE || row->has >> register_index(total) & 1)
		return;
	add(&sums->measured[register_index(total)], row->milli[i]);
	sums->has_measured |= 1ull << register_index(total);
	sums->derived |= 1ull << register_index(total);
}

static void add_row(const struct check *c, enum period p, const struct ledger_row *row,
		    struct sums *sums)
{
	for (u64 left = row->has; left; left &= left - 1) {
		unsigned int i = __ffs64(left);

		if (row->quality[i] & QUALITY_MISSING)
			continue;
		if (row->quality[i] & LEDGER_FILE_IMPORTED) {
			add(&sums->imported[i], row->milli[i]);
			sums->has_imported |= 1ull << i;
		} else if (ended(c, i, p, row->start_s)) {
			add_measured(sums, row, i);
		}
	}
}

static void check_row(struct check *c, enum period p, const struct ledger_row *row)
{
	char time[20];

	ledger_local_time(c->zone, p, row->start_s, time);
	if (row->end_s <= row->start_s)
		wrong(c, "%s %s ends before it begins", period_name(p), time);
	for (u64 left = row->has; left; left &= left - 1) {
		unsigned int i = __ffs64(left);

		if (!(row->quality[i] & QUALITY_MISSING) && row->milli[i] < 0)
			wrong(c, "%s %s: %s is %s: less than nothing", period_name(p), time,
			      register_name(i), value(i, row->milli[i]).text);
	}
	c->periods += __builtin_popcountll(row->has);
}

/* Whether the level holds all that was ever counted. */
static bool complete(const struct check *c, unsigned int reg, enum period p)
{
	return p != PERIOD_QUARTER ||
	       (c->quarters_from_s <= c->counters[reg].first_s && !c->lost_to_s);
}

static void compare_level(struct check *c, enum period p, const struct sums *sums)
{
	for (unsigned int i = 0; i < REGISTER_COUNT; i++) {
		const struct ledger_counter *k = &c->counters[i];
		s64 total = sums->measured[i];

		if (k->span[p].end_s)
			add(&total, k->span[p].milli);
		if (total == k->counted || sums->derived >> i & 1 || !complete(c, i, p))
			continue;
		wrong(c, "%s: its %s periods sum to %s, but the register counted %s",
		      register_name(i), period_name(p), value(i, total).text,
		      value(i, k->counted).text);
	}
}

/* All rows of one kind of period: each by itself, and their sum. */
static void check_level(struct check *c, enum period p)
{
	struct ledger_row *row = calloc(1, sizeof(*row));
	struct sums sums = { 0 };
	sqlite3_stmt *rows = NULL;
	int rc = SQLITE_NOMEM;

	if (row && !(rc = ledger_file_rows(c->db, p, false, &rows))) {
		ledger_file_rows_begin(rows, c->meter.id, INT64_MIN, INT64_MAX, INT64_MAX);
		while ((rc = ledger_file_rows_next(rows, row)) == SQLITE_ROW) {
			check_row(c, p, row);
			add_row(c, p, row, &sums);
		}
	}
	sqlite3_finalize(rows);
	free(row);
	if (rc == SQLITE_DONE)
		compare_level(c, p, &sums);
	else
		unreadable(c);
}

static void compare_parts(struct check *c, enum period p, const struct ledger_row *whole,
			  const struct sums *parts, bool imported_whole)
{
	char time[20];

	ledger_local_time(c->zone, p, whole->start_s, time);
	for (u64 left = whole->has; left; left &= left - 1) {
		unsigned int i = __ffs64(left);
		bool imported = whole->quality[i] & LEDGER_FILE_IMPORTED;
		s64 sum = imported ? parts->imported[i] : parts->measured[i];

		if (imported ? !imported_whole || !(parts->has_imported >> i & 1) :
			       !ended(c, i, p, whole->start_s))
			continue;
		if (whole->quality[i] & QUALITY_MISSING ? !(parts->has_measured >> i & 1) :
							  sum == whole->milli[i])
			continue;
		wrong(c, "%s %s: %s is %s, but its %s periods sum to %s", period_name(p), time,
		      register_name(i),
		      whole->quality[i] & QUALITY_MISSING ? "missing" :
							    value(i, whole->milli[i]).text,
		      period_name(p - 1), value(i, sum).text);
	}
}

/** struct parts - the rows of the next smaller period, from one whole to the next */
struct parts {
	sqlite3_stmt *rows;
	struct ledger_row row;
	int rc;
};

/* Sums the parts inside; @touch: they follow one another without a hole from edge to edge. */
static void sum_parts(struct check *c, struct parts *parts, enum period p,
		      const struct ledger_row *whole, struct sums *sums, bool *touch)
{
	s64 at_s = whole->start_s;

	*touch = true;
	while (parts->rc == SQLITE_ROW && parts->row.start_s < whole->end_s) {
		if (parts->row.start_s >= whole->start_s) {
			*touch = *touch && parts->row.start_s == at_s;
			at_s = parts->row.end_s;
			add_row(c, p, &parts->row, sums);
		}
		parts->rc = ledger_file_rows_next(parts->rows, &parts->row);
	}
	*touch = *touch && at_s == whole->end_s;
}

/* Days whose quarters are all there; longer periods are never deleted. */
static bool has_parts(const struct check *c, enum period p, const struct ledger_row *whole)
{
	if (p != PERIOD_DAY)
		return true;
	return whole->start_s >= c->quarters_from_s &&
	       (whole->end_s <= c->lost_from_s || whole->start_s >= c->lost_to_s);
}

static int compare_rows(struct check *c, enum period p, sqlite3_stmt *wholes, struct parts *parts,
			struct ledger_row *whole)
{
	bool touch;
	int rc;

	while ((rc = ledger_file_rows_next(wholes, whole)) == SQLITE_ROW) {
		struct sums sums = { 0 };

		sum_parts(c, parts, p - 1, whole, &sums, &touch);
		if (has_parts(c, p, whole))
			compare_parts(c, p, whole, &sums, touch);
	}
	return rc;
}

/* Each period of @p is the sum of the next smaller ones in it. */
static void check_parts(struct check *c, enum period p)
{
	struct ledger_row *whole = calloc(1, sizeof(*whole));
	struct parts *parts = calloc(1, sizeof(*parts));
	sqlite3_stmt *wholes = NULL;
	int rc = SQLITE_NOMEM;

	if (whole && parts && !ledger_file_rows(c->db, p, false, &wholes) &&
	    !ledger_file_rows(c->db, p - 1, false, &parts->rows)) {
		ledger_file_rows_begin(wholes, c->meter.id, INT64_MIN, INT64_MAX, INT64_MAX);
		ledger_file_rows_begin(parts->rows, c->meter.id, INT64_MIN, INT64_MAX, INT64_MAX);
		parts->rc = ledger_file_rows_next(parts->rows, &parts->row);
		rc = compare_rows(c, p, wholes, parts, whole);
	}
	if (rc != SQLITE_DONE || (parts->rc != SQLITE_ROW && parts->rc != SQLITE_DONE))
		unreadable(c);
	sqlite3_finalize(wholes);
	if (parts)
		sqlite3_finalize(parts->rows);
	free(parts);
	free(whole);
}

/* What was imported, or is to be computed again, is rounded or of other prices: prices 0. */
static void check_cost(struct check *c, const struct cost_row *cost)
{
	s64 sum = 0;
	char time[20];

	ledger_local_time(c->zone, PERIOD_DAY, cost->start_s, time);
	for (u32 left = cost->has; left; left &= left - 1) {
		enum cost i = __ffs64(left);

		c->periods++;
		if (i == COST_TOTAL || (i >= COST_IMPORT_T1 && i <= COST_IMPORT_T16))
			continue;
		add(&sum, i == COST_EXPORT ? -(u64)cost->exact[i] : (u64)cost->exact[i]);
	}
	if (cost->has & 1u << COST_TOTAL && cost->prices &&
	    !(cost->quality[COST_TOTAL] & QUALITY_MISSING) && cost->exact[COST_TOTAL] != sum)
		wrong(c, "day %s: its cost is not the sum of its parts", time);
}

static int check_costs(struct check *c)
{
	sqlite3_stmt *costs;
	struct cost_row cost;
	struct ledger_row day;
	sqlite3_stmt *days = NULL;
	int rc = ledger_costs_open(c->db, &costs);

	if (rc || !costs)
		return rc;
	rc = ledger_file_rows(c->db, PERIOD_DAY, false, &days);
	ledger_file_costs_begin(costs, c->meter.id, INT64_MIN, INT64_MAX);
	while (!rc && (rc = ledger_file_costs_next(costs, &cost)) == SQLITE_ROW) {
		check_cost(c, &cost);
		ledger_file_rows_begin(days, c->meter.id, cost.start_s, cost.start_s + 1, 1);
		rc = ledger_file_rows_next(days, &day);
		if (rc == SQLITE_DONE || day.end_s != cost.end_s)
			wrong(c, "there is a cost of a day from %lld on, but no such day",
			      (long long)cost.start_s);
		rc = rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
	}
	sqlite3_finalize(days);
	sqlite3_finalize(costs);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static void check_meter(void *context, const struct ledger_file_meter *m)
{
	struct check *c = context;

	c->meter = *m;
	c->zone = ledger_meter_zone(m);
	c->unreadable = false;
	if (ledger_counters_read(c->db, m->id, c->counters)) {
		unreadable(c);
		return;
	}
	c->meters++;
	for (unsigned int i = 0; i < REGISTER_COUNT; i++) {
		c->registers += c->counters[i].known;
		c->segments += c->counters[i].segments;
	}
	for (unsigned int p = 0; p < PERIOD_COUNT; p++)
		check_level(c, p);
	for (unsigned int p = PERIOD_DAY; p < PERIOD_COUNT; p++)
		check_parts(c, p);
	if (check_costs(c))
		unreadable(c);
}

static bool check_integrity(struct check *c)
{
	sqlite3_stmt *row;
	bool fine = true;

	if (sqlite3_prepare_v2(c->db, "PRAGMA integrity_check(20)", -1, &row, NULL))
		return false;
	while (sqlite3_step(row) == SQLITE_ROW) {
		const char *said = (const char *)sqlite3_column_text(row, 0);

		if (said && !strcmp(said, "ok"))
			continue;
		printf("the file is damaged: %s\n", said ? said : "?");
		c->wrong++;
		fine = false;
	}
	return !sqlite3_finalize(row) && fine;
}

static bool read_about(struct check *c)
{
	return !ledger_file_number(c->db, "SELECT value FROM about WHERE key = 'quarters_from'",
				   &c->quarters_from_s) &&
	       !ledger_file_number(c->db, "SELECT value FROM about WHERE key = 'lost_from'",
				   &c->lost_from_s) &&
	       !ledger_file_number(c->db, "SELECT value FROM about WHERE key = 'lost_to'",
				   &c->lost_to_s);
}

static int check_all(struct check *c, const struct ledger_arguments *args)
{
	int rc = SQLITE_OK;

	if (args->meter && ledger_file_find(c->db, args->meter, &c->meter))
		check_meter(c, &c->meter);
	else
		rc = ledger_file_meters(c->db, check_meter, c);
	return rc;
}

static void tell(const struct check *c)
{
	if (c->lost_to_s)
		printf("quarter hours were given up while the disk could not be written; the days "
		       "they are in were not compared with theirs\n");
	if (c->wrong > TOLD_MAX)
		printf("... and %" PRIu64 " more\n", c->wrong - TOLD_MAX);
	printf("%" PRIu64 " meter%s, %" PRIu64 " registers in %" PRIu64 " segments, %" PRIu64
	       " values: ",
	       c->meters, c->meters == 1 ? "" : "s", c->registers, c->segments, c->periods);
	if (c->wrong)
		printf("%" PRIu64 " things are wrong\n", c->wrong);
	else
		puts("every sum is exact");
}

/**
 * ledger_check - meterctl ledger check
 * @db: open
 * @args: all of one meter, or of all
 *
 * Return: an exit code: NOTHING when something is wrong.
 */
int ledger_check(sqlite3 *db, const struct ledger_arguments *args)
{
	struct check *c = calloc(1, sizeof(*c));
	int rc = UNUSABLE;

	if (!c) {
		say("there is no memory left");
		return UNUSABLE;
	}
	c->db = db;
	if (sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) || !check_integrity(c) ||
	    !read_about(c) || check_all(c, args)) {
		say("%s: cannot be read in full: %s", args->path, sqlite3_errmsg(db));
		rc = c->wrong ? NOTHING : UNUSABLE;
	} else {
		tell(c);
		rc = c->wrong ? NOTHING : DONE;
	}
	free(c);
	return rc;
}
