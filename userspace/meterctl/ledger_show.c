// SPDX-License-Identifier: MIT
/*
 * meterctl ledger show: a table for people, one line for each period.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../lib/say.h"
#include "commands.h"
#include "ledger.h"

#define TIME_WIDTH 17

/**
 * struct show - what is kept from line to line
 * @costs: reads what days cost, or NULL
 * @columns: bits register_index() that the table has
 * @cost_columns: bits enum cost, likewise, in @currency
 */
struct show {
	sqlite3 *db;
	const struct ledger_arguments *args;
	enum period period;
	const struct ledger_file_meter *meter;
	const struct zone *zone;
	sqlite3_stmt *costs;
	struct ledger_counter counters[REGISTER_COUNT];
	s64 from_s;
	s64 to_s;
	u64 columns;
	u32 cost_columns;
	char currency[CURRENCY_LEN + 1];
	u64 lines;
	int rc;
};

static int name_width(const char *name)
{
	int width = strlen(name);

	return width < 14 ? 14 : width;
}

static int column_width(unsigned int i)
{
	return name_width(quantity_info[register_at(i)].name);
}

static void print_head(const struct show *s)
{
	printf("%s%s, %s of %s\n%-*s", s->lines ? "\n" : "", s->meter->name,
	       period_name(s->period), zone_name(s->zone), TIME_WIDTH, "");
	for (u64 left = s->columns; left; left &= left - 1) {
		unsigned int i = __ffs64(left);

		printf(" %*s", column_width(i), quantity_info[register_at(i)].name);
	}
	for (u32 left = s->cost_columns; left; left &= left - 1) {
		const char *name = cost_name(__ffs64(left));

		printf(" %*s", name_width(name), name);
	}
	printf("\n%-*s", TIME_WIDTH, "");
	for (u64 left = s->columns; left; left &= left - 1)
		printf(" %*s", column_width(__ffs64(left)),
		       register_unit(register_at(__ffs64(left))));
	for (u32 left = s->cost_columns; left; left &= left - 1)
		printf(" %*s", name_width(cost_name(__ffs64(left))), s->currency);
	putchar('\n');
}

static void print_value(unsigned int i, const struct ledger_entry *e)
{
	u64 size = e->milli < 0 ? -(u64)e->milli : (u64)e->milli;
	char text[32];

	snprintf(text, sizeof(text), "%s%" PRIu64 ".%03u", e->milli < 0 ? "-" : "", size / 1000,
		 (unsigned int)(size % 1000));
	if (e->quality & QUALITY_MISSING)
		strcpy(text, "-");
	printf(" %*s", column_width(i), text);
}

static void print_cost(unsigned int c, const struct cost_row *cost)
{
	s64 e5 = cost_rounded_e5(cost->exact[c]);
	u64 size = e5 < 0 ? -(u64)e5 : (u64)e5;
	char text[32];

	snprintf(text, sizeof(text), "%s%" PRIu64 ".%05u", e5 < 0 ? "-" : "", size / 100000,
		 (unsigned int)(size % 100000));
	if (cost->quality[c] & QUALITY_MISSING)
		strcpy(text, "-");
	printf(" %*s", name_width(cost_name(c)), cost->has >> c & 1 ? text : "");
}

/* The quality of all of them. */
static unsigned int print_costs(struct show *s, const struct ledger_row *row)
{
	unsigned int quality = 0;
	struct cost_row cost;
	int rc = ledger_costs_of(s->costs, s->meter->id, s->period, row, &cost);

	if (rc)
		s->rc = rc;
	for (u32 left = s->cost_columns; left; left &= left - 1) {
		print_cost(__ffs64(left), &cost);
		if (cost.has >> __ffs64(left) & 1)
			quality |= cost.quality[__ffs64(left)];
	}
	return quality;
}

static void print_line(struct show *s, const struct ledger_row *row, const char *note)
{
	struct ledger_entry entries[REGISTER_COUNT];
	size_t count = ledger_row_entries(row, s->period, entries), at = 0;
	char time[20], words[QUALITY_TEXT_MAX];
	unsigned int quality = 0;

	ledger_local_time(s->zone, s->period, row->start_s, time);
	printf("%-*s", TIME_WIDTH, time);
	for (u64 left = s->columns; left; left &= left - 1) {
		unsigned int i = __ffs64(left);

		if (at < count && register_index(entries[at].reg) == (int)i) {
			quality |= entries[at].quality;
			print_value(i, &entries[at++]);
		} else {
			printf(" %*s", column_width(i), "");
		}
	}
	quality |= print_costs(s, row);
	quality_text(quality, words);
	printf("  %s\n", *note ? note : quality ? words : "");
	s->lines++;
}

/* What runs, as one row; its registers need not have begun at the same time. */
static bool running_row(const struct show *s, struct ledger_row *row)
{
	*row = (struct ledger_row){ .start_s = INT64_MIN };
	for (unsigned int i = 0; i < REGISTER_COUNT; i++) {
		const struct ledger_open_span *span = &s->counters[i].span[s->period];

		if (span->end_s && span->start_s > row->start_s) {
			row->start_s = span->start_s;
			row->end_s = span->end_s;
		}
	}
	for (unsigned int i = 0; i < REGISTER_COUNT; i++) {
		const struct ledger_open_span *span = &s->counters[i].span[s->period];

		if (!span->end_s || span->start_s != row->start_s)
			continue;
		row->has |= 1ull << i;
		row->milli[i] = span->milli;
		row->quality[i] = span->quality;
	}
	return row->has && row->start_s >= s->from_s && row->start_s < s->to_s;
}

/* Calls @each for every row of the file; the running one is not among them. */
static void each_row(struct show *s, const struct ledger_row *running,
		     void (*each)(struct show *s, const struct ledger_row *row))
{
	sqlite3_stmt *rows = NULL;
	struct ledger_row row;

	s->rc = ledger_file_rows(s->db, s->period, false, &rows);
	if (s->rc)
		return;
	ledger_file_rows_begin(rows, s->meter->id, s->from_s, s->to_s, INT64_MAX);
	while ((s->rc = ledger_file_rows_next(rows, &row)) == SQLITE_ROW)
		if (!running->has || row.start_s != running->start_s)
			each(s, &row);
	if (s->rc == SQLITE_DONE)
		s->rc = SQLITE_OK;
	sqlite3_finalize(rows);
}

static void add_columns(struct show *s, const struct ledger_row *row)
{
	struct ledger_entry entries[REGISTER_COUNT];
	size_t count = ledger_row_entries(row, s->period, entries);
	struct cost_row cost;

	for (size_t i = 0; i < count; i++)
		s->columns |= 1ull << register_index(entries[i].reg);
	if (ledger_costs_of(s->costs, s->meter->id, s->period, row, &cost) || !cost.has)
		return;
	s->cost_columns |= cost.has;
	strcpy(s->currency, cost.currency);
}

static void print_ended(struct show *s, const struct ledger_row *row)
{
	print_line(s, row, "");
}

static void set_span(struct show *s)
{
	s->from_s = INT64_MIN;
	s->to_s = INT64_MAX;
	if (s->args->from)
		ledger_instant(s->args->from, s->zone, &s->from_s);
	if (s->args->to)
		ledger_instant(s->args->to, s->zone, &s->to_s);
}

static void show_meter(void *context, const struct ledger_file_meter *m)
{
	struct ledger_row running;
	struct show *s = context;
	bool runs;

	if (s->rc)
		return;
	s->meter = m;
	s->zone = ledger_meter_zone(m);
	s->columns = 0;
	s->cost_columns = 0;
	set_span(s);
	s->rc = ledger_counters_read(s->db, m->id, s->counters);
	if (s->rc)
		return;
	runs = running_row(s, &running);
	if (runs)
		add_columns(s, &running);
	each_row(s, &running, add_columns);
	if (s->rc || !s->columns)
		return;
	print_head(s);
	each_row(s, &running, print_ended);
	if (runs)
		print_line(s, &running, "so far");
}

/**
 * ledger_show - meterctl ledger show
 * @db: open
 * @args: which periods
 *
 * Return: an exit code.
 */
int ledger_show(sqlite3 *db, const struct ledger_arguments *args)
{
	struct show s = {
		.db = db,
		.args = args,
		.period = args->period == PERIOD_COUNT ? PERIOD_DAY : args->period,
	};
	struct ledger_file_meter m;
	int rc = ledger_costs_open(db, &s.costs);

	if (rc)
		s.rc = rc;
	if (args->meter && ledger_file_find(db, args->meter, &m))
		show_meter(&s, &m);
	else
		rc = ledger_file_meters(db, show_meter, &s);
	sqlite3_finalize(s.costs);
	if (rc || s.rc) {
		say("%s: not all of it can be read: %s", args->path, sqlite3_errmsg(db));
		return UNUSABLE;
	}
	if (s.lines)
		return DONE;
	say("%s: there is no such period in it yet", args->path);
	return NOTHING;
}
