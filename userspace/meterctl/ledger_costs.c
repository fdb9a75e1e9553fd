// SPDX-License-Identifier: MIT
/*
 * meterctl ledger: what periods cost, from the file alone.
 *
 * The file has days; months and years are sums of them. Of quarters of an hour and of what runs
 * only meterd knows it, which has the prices.
 */
#include "ledger.h"

/**
 * ledger_costs_open - a statement that reads what days cost
 * @db: open
 * @costs: the statement; NULL where the file is of a version without costs
 *
 * Return: an error code of SQLite.
 */
int ledger_costs_open(sqlite3 *db, sqlite3_stmt **costs)
{
	int version, rc = ledger_file_version(db, &version);

	*costs = NULL;
	return rc || version < LEDGER_FILE_COSTS ? rc : ledger_file_costs(db, costs);
}

/**
 * ledger_costs_of - what a period cost
 * @costs: of ledger_costs_open(), or NULL
 * @meter: its id
 * @p: the period
 * @row: its start and end
 * @cost: all 0 but for what is known
 *
 * Return: an error code of SQLite.
 */
int ledger_costs_of(sqlite3_stmt *costs, u32 meter, enum period p, const struct ledger_row *row,
		    struct cost_row *cost)
{
	s64 to_s = p == PERIOD_DAY ? row->start_s + 1 : row->end_s;
	struct cost_row day;
	int rc;

	*cost = (struct cost_row){ 0 };
	if (!costs || p == PERIOD_QUARTER)
		return SQLITE_OK;
	ledger_file_costs_begin(costs, meter, row->start_s, to_s);
	while ((rc = ledger_file_costs_next(costs, &day)) == SQLITE_ROW)
		cost_row_add(cost, &day);
	sqlite3_reset(costs);
	cost_row_end(cost, row->start_s, row->end_s);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}
