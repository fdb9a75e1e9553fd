// SPDX-License-Identifier: MIT
/*
 * What the rows of a query cost.
 *
 * Quarters from their row and the prices. Days as stored, when that is with today's prices, else
 * from the day and its quarters, as days are that run or wait to be written. Longer periods are
 * sums of their days.
 */
#include <stdlib.h>

#include "costs.h"
#include "store_parts.h"

/**
 * struct query_costs - what a query needs for costs
 * @stored: reads what days cost
 * @days: of longer periods; NULL: not needed yet. @quarters: of days, likewise
 * @work: rows read since query_costs_begin()
 */
struct query_costs {
	struct store *store;
	const struct ledger_book *book;
	struct prices *prices;
	sqlite3_stmt *stored;
	struct ledger_query *days;
	struct ledger_query *quarters;
	unsigned int work;
};

/**
 * query_costs_new - begin to tell costs
 * @s: the store
 * @b: a meter that has prices
 * @prices: kept to the end of the query
 *
 * Return: NULL when there is no memory or the file can't be read.
 */
struct query_costs *query_costs_new(struct store *s, const struct ledger_book *b,
				    struct prices *prices)
{
	struct query_costs *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->store = s;
	c->book = b;
	c->prices = prices_get(prices);
	if (!ledger_file_costs(store_reader(s), &c->stored))
		return c;
	query_costs_free(c);
	return NULL;
}

/**
 * query_costs_free - end it
 * @c: may be NULL
 */
void query_costs_free(struct query_costs *c)
{
	if (!c)
		return;
	sqlite3_finalize(c->stored);
	ledger_query_close(c->days);
	ledger_query_close(c->quarters);
	prices_put(c->prices);
	free(c);
}

/** query_costs_begin - an answer begins: no work was done for it yet */
void query_costs_begin(struct query_costs *c)
{
	c->work = 0;
}

/** query_costs_work - rows that were read for costs since the answer began */
unsigned int query_costs_work(const struct query_costs *c)
{
	return c->work;
}

static struct ledger_query *rows_of(struct query_costs *c, struct ledger_query **rows,
				    enum period p, s64 from_s, s64 to_s)
{
	if (!*rows)
		*rows = query_rows_open(c->store, c->book, p);
	if (*rows)
		query_rows_from(*rows, from_s, to_s);
	return *rows;
}

/* 1: it is stored, 0: it is not, -1: the file can't be read. */
static int read_stored(struct query_costs *c, s64 start_s, struct cost_row *cost)
{
	int rc;

	c->work++;
	ledger_file_costs_begin(c->stored, c->book->id, start_s, start_s + 1);
	rc = ledger_file_costs_next(c->stored, cost);
	sqlite3_reset(c->stored);
	return rc == SQLITE_ROW ? 1 : rc == SQLITE_DONE ? 0 : -1;
}

static bool add_quarters(struct query_costs *c, const struct price_section *s,
			 const struct ledger_row *day, struct cost_quarters *quarters)
{
	struct ledger_query *q = rows_of(c, &c->quarters, PERIOD_QUARTER, day->start_s, day->end_s);
	const struct query_row *row;
	int rc = -1;

	while (q && (rc = query_rows_next(q, &row)) > 0) {
		cost_quarters_add(quarters, s, c->book->zone, &row->row);
		c->work++;
	}
	return !rc;
}

/*
 * @deep: also when all its quarters have to be read for it; a sum of many days leaves those out
 * until the writer has been there.
 */
static bool day_cost(struct query_costs *c, const struct query_row *day, bool deep,
		     struct cost_row *cost)
{
	const struct ledger_row *row = &day->row;
	const struct price_section *s = prices_section(c->prices, c->book->name, c->book->zone,
						       row->start_s);
	struct cost_quarters quarters = { 0 };
	struct cost_row stored;
	int there = read_stored(c, row->start_s, &stored);

	*cost = (struct cost_row){ .start_s = row->start_s, .end_s = row->end_s };
	if (there < 0)
		return false;
	if (there && !day->waits &&
	    (!deep || stored.prices == prices_of_day(s, row->start_s, row->end_s))) {
		*cost = stored;
		return true;
	}
	if (!s || (price_section_has_quarters(s) && !deep && !day->waits))
		return true;
	if (price_section_has_quarters(s) && !add_quarters(c, s, row, &quarters))
		return false;
	if (!costs_of_day(s, c->book->zone, row, &quarters, cost) && there)
		*cost = stored;
	return true;
}

static bool sum_of_days(struct query_costs *c, const struct ledger_row *whole,
			struct cost_row *cost)
{
	struct ledger_query *q = rows_of(c, &c->days, PERIOD_DAY, whole->start_s, whole->end_s);
	const struct query_row *day;
	struct cost_row part;
	int rc = -1;

	*cost = (struct cost_row){ 0 };
	while (q && (rc = query_rows_next(q, &day)) > 0) {
		if (!day_cost(c, day, false, &part))
			return false;
		cost_row_add(cost, &part);
	}
	cost_row_end(cost, whole->start_s, whole->end_s);
	return !rc;
}

static void quarter_cost(struct query_costs *c, const struct ledger_row *row, struct cost_row *cost)
{
	const struct price_section *s = prices_section(c->prices, c->book->name, c->book->zone,
						       row->start_s);

	*cost = (struct cost_row){ 0 };
	if (s)
		costs_of_quarter(s, c->book->zone, row, cost);
}

/**
 * query_costs_of - what a row costs
 * @c: of the query
 * @p: the period
 * @row: the row
 * @cost: set
 *
 * Return: false when the file can't be read, or there is no memory.
 */
bool query_costs_of(struct query_costs *c, enum period p, const struct query_row *row,
		    struct cost_row *cost)
{
	if (p == PERIOD_QUARTER)
		quarter_cost(c, &row->row, cost);
	else if (p == PERIOD_DAY)
		return day_cost(c, row, true, cost);
	else
		return sum_of_days(c, &row->row, cost);
	return true;
}
