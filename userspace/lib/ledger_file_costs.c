// SPDX-License-Identifier: MIT
/*
 * What days cost, in the ledger's file: one row for each meter and day, exact amounts.
 *
 * Months and years are sums of days and have no rows; quarters of an hour are computed from theirs
 * and the prices.
 */
#include <stdio.h>
#include <stdlib.h>

#include "ledger_cost.h"

/* Columns, and parameters from 1 on: meter, start, until, prices, currency, qualities, amounts. */
enum {
	COST_COLUMN_METER,
	COST_COLUMN_START,
	COST_COLUMN_UNTIL,
	COST_COLUMN_PRICES,
	COST_COLUMN_CURRENCY,
	COST_COLUMN_QUALITIES,
	COST_COLUMN_AMOUNTS,
};

static int prepare(sqlite3 *db, sqlite3_str *sql, sqlite3_stmt **statement)
{
	char *text = sqlite3_str_finish(sql);
	int rc = text ? sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL)
		      : SQLITE_NOMEM;

	sqlite3_free(text);
	return rc;
}

static void add_names(sqlite3_str *sql, const char *suffix)
{
	for (unsigned int c = 0; c < COST_COUNT; c++)
		sqlite3_str_appendf(sql, ", %s%s", cost_name(c), suffix);
}

/**
 * ledger_file_costs_make - make the table; the second version of the schema
 * @db: open to write, in a transaction
 *
 * Return: an error code of SQLite.
 */
int ledger_file_costs_make(sqlite3 *db)
{
	sqlite3_str *sql = sqlite3_str_new(db);
	char *text;
	int rc;

	sqlite3_str_appendall(sql, "CREATE TABLE cost(meter INTEGER NOT NULL, "
			      "start INTEGER NOT NULL, until INTEGER NOT NULL, "
			      "prices INTEGER NOT NULL, currency TEXT NOT NULL, "
			      "qualities TEXT NOT NULL");
	add_names(sql, " INTEGER");
	sqlite3_str_appendall(sql, ", PRIMARY KEY(meter, start)) WITHOUT ROWID, STRICT");
	text = sqlite3_str_finish(sql);
	rc = text ? sqlite3_exec(db, text, NULL, NULL, NULL) : SQLITE_NOMEM;
	sqlite3_free(text);
	return rc;
}

/**
 * ledger_file_costs - a statement that reads what days of a meter cost
 * @db: open, of the second version at least
 * @costs: the statement, for ledger_file_costs_begin()
 *
 * Return: an error code of SQLite.
 */
int ledger_file_costs(sqlite3 *db, sqlite3_stmt **costs)
{
	sqlite3_str *sql = sqlite3_str_new(db);

	sqlite3_str_appendall(sql, "SELECT meter, start, until, prices, currency, qualities");
	add_names(sql, "");
	sqlite3_str_appendall(sql, " FROM cost WHERE meter = ?1 AND start >= ?2 AND start < ?3 "
			      "ORDER BY start");
	return prepare(db, sql, costs);
}

/**
 * ledger_file_costs_begin - which days to read
 * @costs: of ledger_file_costs(); holds a transaction from the first row to sqlite3_reset()
 * @meter: its id
 * @from_s: start at the earliest
 * @to_s: exclusive
 */
void ledger_file_costs_begin(sqlite3_stmt *costs, u32 meter, s64 from_s, s64 to_s)
{
	sqlite3_reset(costs);
	sqlite3_bind_int64(costs, 1, meter);
	sqlite3_bind_int64(costs, 2, from_s);
	sqlite3_bind_int64(costs, 3, to_s);
}

static void read_currency(const char *text, struct cost_row *row)
{
	if (text && currency_is_good(text))
		strcpy(row->currency, text);
}

/* cost=2,cost_gas=1 */
static void read_qualities(const char *text, struct cost_row *row)
{
	char words[COST_COUNT * 24], *at = words, *word, *name;
	enum cost c;

	snprintf(words, sizeof(words), "%s", text ? text : "");
	while ((word = strsep(&at, ","))) {
		name = strsep(&word, "=");
		if (word && cost_by_name(name, &c))
			row->quality[c] = strtoul(word, NULL, 10);
	}
}

/**
 * ledger_file_costs_next - the next day
 * @costs: begun
 * @row: filled
 *
 * Return: SQLITE_ROW, SQLITE_DONE or an error code of SQLite.
 */
int ledger_file_costs_next(sqlite3_stmt *costs, struct cost_row *row)
{
	int rc = sqlite3_step(costs);

	if (rc != SQLITE_ROW)
		return rc;
	*row = (struct cost_row){
		.start_s = sqlite3_column_int64(costs, COST_COLUMN_START),
		.end_s = sqlite3_column_int64(costs, COST_COLUMN_UNTIL),
		.prices = sqlite3_column_int64(costs, COST_COLUMN_PRICES),
	};
	read_currency((const char *)sqlite3_column_text(costs, COST_COLUMN_CURRENCY), row);
	read_qualities((const char *)sqlite3_column_text(costs, COST_COLUMN_QUALITIES), row);
	for (unsigned int c = 0; c < COST_COUNT; c++) {
		int column = COST_COLUMN_AMOUNTS + c;

		if (sqlite3_column_type(costs, column) == SQLITE_NULL &&
		    !(row->quality[c] & QUALITY_MISSING))
			continue;
		row->exact[c] = sqlite3_column_int64(costs, column);
		row->has |= 1u << c;
	}
	return rc;
}

/**
 * ledger_file_costs_put - a statement that writes what a day cost
 * @db: open to write
 * @put: the statement, for ledger_file_put_cost()
 *
 * Return: an error code of SQLite.
 */
int ledger_file_costs_put(sqlite3 *db, sqlite3_stmt **put)
{
	sqlite3_str *sql = sqlite3_str_new(db);

	sqlite3_str_appendall(sql, "INSERT OR REPLACE INTO cost VALUES(?1");
	for (unsigned int i = 1; i < COST_COLUMN_AMOUNTS + COST_COUNT; i++)
		sqlite3_str_appendf(sql, ", ?%u", i + 1);
	sqlite3_str_appendall(sql, ")");
	return prepare(db, sql, put);
}

static void qualities_of(const struct cost_row *row, char *text, size_t size)
{
	size_t len = 0;

	*text = 0;
	for (u32 left = row->has; left && len < size; left &= left - 1) {
		unsigned int c = __ffs64(left);

		if (row->quality[c])
			len += snprintf(text + len, size - len, "%s%s=%u", len ? "," : "",
					cost_name(c), row->quality[c]);
	}
}

/**
 * ledger_file_put_cost - what a day cost, in place of what was there
 * @put: of ledger_file_costs_put()
 * @meter: id of the meter
 * @row: the day
 *
 * Return: an error code of SQLite.
 */
int ledger_file_put_cost(sqlite3_stmt *put, u32 meter, const struct cost_row *row)
{
	char qualities[COST_COUNT * 24];

	qualities_of(row, qualities, sizeof(qualities));
	sqlite3_clear_bindings(put);
	sqlite3_bind_int64(put, COST_COLUMN_METER + 1, meter);
	sqlite3_bind_int64(put, COST_COLUMN_START + 1, row->start_s);
	sqlite3_bind_int64(put, COST_COLUMN_UNTIL + 1, row->end_s);
	sqlite3_bind_int64(put, COST_COLUMN_PRICES + 1, row->prices);
	sqlite3_bind_text(put, COST_COLUMN_CURRENCY + 1, row->currency, -1, SQLITE_STATIC);
	sqlite3_bind_text(put, COST_COLUMN_QUALITIES + 1, qualities, -1, SQLITE_STATIC);
	for (u32 left = row->has; left; left &= left - 1) {
		unsigned int c = __ffs64(left);

		if (!(row->quality[c] & QUALITY_MISSING))
			sqlite3_bind_int64(put, COST_COLUMN_AMOUNTS + 1 + c, row->exact[c]);
	}
	sqlite3_step(put);
	return sqlite3_reset(put);
}
