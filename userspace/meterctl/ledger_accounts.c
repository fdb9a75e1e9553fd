// SPDX-License-Identifier: MIT
/*
 * meterctl ledger: the accounts of a meter in the file, and what they counted.
 */
#include <stdio.h>

#include "ledger.h"

/* Sums wrap where a damaged file would overflow them: they differ then, and that is told. */
static s64 sum(s64 a, s64 b)
{
	return (u64)a + (u64)b;
}

static s64 difference(s64 a, s64 b)
{
	return (u64)a - (u64)b;
}

static struct ledger_counter *counter_of(sqlite3_stmt *row, struct ledger_counter *counters)
{
	const char *name = (const char *)sqlite3_column_text(row, 0);
	enum quantity q;

	return name && register_by_name(name, &q) ? &counters[register_index(q)] : NULL;
}

static void add_segment(struct ledger_counter *c, s64 first, s64 first_s, s64 last)
{
	c->known = true;
	c->counted = sum(c->counted, difference(last, first));
	c->segments++;
	if (!c->first_s || first_s < c->first_s)
		c->first_s = first_s;
}

/* Columns of spans: start, end, base, carried, quality, for each period. */
static void read_spans(sqlite3_stmt *row, int at, s64 last, struct ledger_counter *c)
{
	for (unsigned int p = 0; p < PERIOD_COUNT; p++, at += 5) {
		s64 base = sqlite3_column_int64(row, at + 2);
		s64 carried = sqlite3_column_int64(row, at + 3);

		c->span[p] = (struct ledger_open_span){
			.start_s = sqlite3_column_int64(row, at),
			.end_s = sqlite3_column_int64(row, at + 1),
			.milli = sum(carried, difference(last, base)),
			.quality = sqlite3_column_int(row, at + 4) | QUALITY_PARTIAL,
		};
	}
}

static int read_segments(sqlite3 *db, u32 meter, struct ledger_counter *counters)
{
	struct ledger_counter *c;
	sqlite3_stmt *row;
	int rc;

	rc = sqlite3_prepare_v2(db, "SELECT register, first, first_s, last FROM segment "
				"WHERE meter = ?1", -1, &row, NULL);
	if (rc)
		return rc;
	sqlite3_bind_int64(row, 1, meter);
	while (sqlite3_step(row) == SQLITE_ROW) {
		c = counter_of(row, counters);
		if (c)
			add_segment(c, sqlite3_column_int64(row, 1), sqlite3_column_int64(row, 2),
				    sqlite3_column_int64(row, 3));
	}
	return sqlite3_finalize(row);
}

static int prepare_accounts(sqlite3 *db, sqlite3_stmt **row)
{
	sqlite3_str *sql = sqlite3_str_new(db);
	char *text;
	int rc;

	sqlite3_str_appendall(sql, "SELECT register, first, first_s, last");
	for (unsigned int p = 0; p < PERIOD_COUNT; p++) {
		const char *name = period_name(p);

		sqlite3_str_appendf(sql, ", %s_start, %s_end, %s_base, %s_carried, %s_quality",
				    name, name, name, name, name);
	}
	sqlite3_str_appendall(sql, " FROM account WHERE meter = ?1");
	text = sqlite3_str_finish(sql);
	rc = text ? sqlite3_prepare_v2(db, text, -1, row, NULL) : SQLITE_NOMEM;
	sqlite3_free(text);
	return rc;
}

static int read_accounts(sqlite3 *db, u32 meter, struct ledger_counter *counters)
{
	struct ledger_counter *c;
	sqlite3_stmt *row;
	int rc;

	rc = prepare_accounts(db, &row);
	if (rc)
		return rc;
	sqlite3_bind_int64(row, 1, meter);
	while (sqlite3_step(row) == SQLITE_ROW) {
		s64 last = sqlite3_column_int64(row, 3);

		c = counter_of(row, counters);
		if (!c)
			continue;
		c->known = true;
		if (sqlite3_column_int64(row, 2))
			add_segment(c, sqlite3_column_int64(row, 1), sqlite3_column_int64(row, 2),
				    last);
		read_spans(row, 4, last, c);
	}
	return sqlite3_finalize(row);
}

/**
 * ledger_counters_read - what the registers of a meter counted, and what runs
 * @db: open
 * @meter: its id
 * @counters: by register_index()
 *
 * Return: an error code of SQLite.
 */
int ledger_counters_read(sqlite3 *db, u32 meter, struct ledger_counter counters[REGISTER_COUNT])
{
	int rc;

	memset(counters, 0, sizeof(*counters) * REGISTER_COUNT);
	rc = read_segments(db, meter, counters);
	return rc ? rc : read_accounts(db, meter, counters);
}
