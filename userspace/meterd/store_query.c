// SPDX-License-Identifier: MIT
/*
 * Entries of one meter: what is on the disk, what waits to be written, and what runs, as one.
 *
 * A page of rows at a time: those of the file, then over them those of the batches, which are
 * newer, then the running periods; what a row costs is added when it is told. A batch is forgotten
 * by the loop, and only after it was written, so what a page finds in one of both places is never
 * in neither.
 */
#include <stdlib.h>

#include "store_parts.h"

#define PAGE_ROWS 32

/* An answer takes some milliseconds at most: after so much work the rest is the next one's. */
#define WORK_MAX 1000

#define ENTRY_MAX (REGISTER_COUNT + COST_COUNT)

/**
 * struct ledger_query - a walk over the rows of a meter
 * @rows: reads the file
 * @from_s: of the walk; moves on with each page
 * @to_s: exclusive
 * @backwards: from the newest to the oldest
 * @page: the rows nearest to where the walk is, in its order
 * @count: rows in @page
 * @at: the next row of @page
 * @costs: adds what rows cost; NULL: the meter has no prices, or nobody asked
 * @entries: of the row before @at
 * @entry_count: of them
 * @entry_at: the next of them
 */
struct ledger_query {
	struct store *store;
	const struct ledger_book *book;
	enum period period;
	sqlite3_stmt *rows;
	s64 from_s;
	s64 to_s;
	bool backwards;
	struct query_row page[PAGE_ROWS];
	size_t count;
	size_t at;
	struct query_costs *costs;
	struct ledger_entry entries[ENTRY_MAX];
	size_t entry_count;
	size_t entry_at;
};

static bool read_file(struct ledger_query *q)
{
	int rc;

	q->count = 0;
	ledger_file_rows_begin(q->rows, q->book->id, q->from_s, q->to_s, PAGE_ROWS);
	do {
		q->page[q->count].waits = false;
		rc = ledger_file_rows_next(q->rows, &q->page[q->count].row);
	} while (rc == SQLITE_ROW && ++q->count < PAGE_ROWS);
	sqlite3_reset(q->rows);
	return rc == SQLITE_ROW || rc == SQLITE_DONE;
}

static bool comes_before(const struct ledger_query *q, s64 a_s, s64 b_s)
{
	return q->backwards ? a_s > b_s : a_s < b_s;
}

/* The row of the page that starts then; NULL when it belongs to a later page. */
static struct query_row *row_at(struct ledger_query *q, s64 start_s)
{
	size_t i = q->count;

	while (i && comes_before(q, start_s, q->page[i - 1].row.start_s))
		i--;
	if (i && q->page[i - 1].row.start_s == start_s)
		return &q->page[i - 1];
	if (i == PAGE_ROWS)
		return NULL;
	if (q->count < PAGE_ROWS)
		q->count++;
	memmove(&q->page[i + 1], &q->page[i], (q->count - 1 - i) * sizeof(q->page[0]));
	q->page[i] = (struct query_row){ .row.start_s = start_s };
	return &q->page[i];
}

static void lay_over(struct ledger_query *q, s64 start_s, s64 end_s, unsigned int reg, s64 milli,
		     u8 quality)
{
	struct query_row *at;

	if (start_s < q->from_s || start_s >= q->to_s)
		return;
	at = row_at(q, start_s);
	if (!at)
		return;
	at->row.end_s = end_s;
	at->row.has |= 1ull << reg;
	at->row.milli[reg] = milli;
	at->row.quality[reg] = quality;
	at->waits = true;
}

static void lay_over_batch(struct ledger_query *q, const struct batch *b)
{
	for (size_t i = 0; b && i < b->count; i++) {
		const struct batch_row *r = &b->rows[i];

		if (r->book == q->book->id && r->period == q->period)
			lay_over(q, r->start_s, r->start_s + r->length_s, register_index(r->reg),
				 r->milli, r->quality);
	}
}

static void lay_over_running(struct ledger_query *q)
{
	struct ledger_entry e;

	for (unsigned int i = 0; i < q->book->count; i++)
		if (ledger_running(q->book, q->book->accounts[i].reg, q->period, &e))
			lay_over(q, e.start_s, e.end_s, register_index(e.reg), e.milli, e.quality);
}

static bool read_page(struct ledger_query *q)
{
	q->at = 0;
	if (!read_file(q))
		return false;
	for (unsigned int i = 0; i < STORE_BATCHES; i++)
		lay_over_batch(q, store_batch(q->store, i));
	lay_over_running(q);
	if (q->count && q->backwards)
		q->to_s = q->page[q->count - 1].row.start_s;
	else if (q->count)
		q->from_s = q->page[q->count - 1].row.start_s + 1;
	return true;
}

/**
 * query_rows_next - the next row of registers
 * @q: a query
 * @row: the row, until the next call
 *
 * Return: 1, 0 when there is none, -1 when the file can't be read.
 */
int query_rows_next(struct ledger_query *q, const struct query_row **row)
{
	if (q->at == q->count && !read_page(q))
		return -1;
	if (q->at == q->count)
		return 0;
	*row = &q->page[q->at++];
	return 1;
}

/* The same, with its entries. */
static int next_row(struct ledger_query *q)
{
	const struct query_row *row;
	struct cost_row cost;
	int rc = query_rows_next(q, &row);

	if (rc <= 0)
		return rc;
	q->entry_count = ledger_row_entries(&row->row, q->period, q->entries);
	q->entry_at = 0;
	if (!q->costs || q->backwards)
		return 1;
	if (!query_costs_of(q->costs, q->period, row, &cost))
		return -1;
	q->entry_count += cost_row_entries(&cost, q->period, q->entries + q->entry_count);
	return 1;
}

/*
 * The start of the oldest row that can be told in full with @newest entries. Each register has one
 * cost at most, and there are two more, the total and charges: as many are reckoned with.
 */
static bool find_newest(struct ledger_query *q, size_t newest, s64 *from_s)
{
	size_t count = 0;
	int rc;

	*from_s = q->to_s;
	while ((rc = next_row(q)) > 0) {
		count += q->costs ? 2 * q->entry_count + 2 : q->entry_count;
		if (count > newest)
			break;
		*from_s = q->entries[0].start_s;
	}
	return rc >= 0;
}

static bool prepare(struct ledger_query *q, bool backwards)
{
	sqlite3_finalize(q->rows);
	q->rows = NULL;
	q->backwards = backwards;
	q->count = q->at = 0;
	q->entry_count = q->entry_at = 0;
	return !ledger_file_rows(store_reader(q->store), q->period, backwards, &q->rows);
}

/**
 * query_rows_open - rows of a meter, without costs
 * @s: the store
 * @b: the meter
 * @p: which periods
 *
 * Return: the query, which query_rows_from() begins, or NULL.
 */
struct ledger_query *query_rows_open(struct store *s, const struct ledger_book *b, enum period p)
{
	struct ledger_query *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->store = s;
	q->period = p;
	q->book = b;
	if (prepare(q, false))
		return q;
	ledger_query_close(q);
	return NULL;
}

/**
 * query_rows_from - begin, or begin anew
 * @q: of query_rows_open()
 * @from_s: start at the earliest
 * @to_s: exclusive
 */
void query_rows_from(struct ledger_query *q, s64 from_s, s64 to_s)
{
	q->count = q->at = 0;
	q->from_s = from_s;
	q->to_s = to_s;
}

static bool find_costs(struct ledger_query *q)
{
	struct prices *prices = store_prices(q->store);

	if (!prices_has_meter(prices, q->book->name))
		return true;
	q->costs = query_costs_new(q->store, q->book, prices);
	return q->costs;
}

static bool begin(struct ledger_query *q, s64 from_s, s64 to_s, size_t newest)
{
	if (newest) {
		q->from_s = from_s;
		q->to_s = to_s;
		if (!prepare(q, true) || !find_newest(q, newest, &from_s))
			return false;
	}
	q->from_s = from_s;
	q->to_s = to_s;
	return prepare(q, false);
}

/**
 * ledger_query_open - begin to read entries of a meter
 * @s: the store
 * @name: of the meter; one that the ledger doesn't know has no entries
 * @p: which periods
 * @from_s: start at the earliest, seconds since 1970 in UTC
 * @to_s: exclusive
 * @newest: 0: all of them; else at most so many entries, the last ones, whole starts only
 *
 * Loop thread. Finding where the last 10,000 entries begin takes some 10 ms.
 *
 * Return: the query, or NULL when there is no memory or the file can't be read.
 */
struct ledger_query *ledger_query_open(struct store *s, const char *name, enum period p, s64 from_s,
				       s64 to_s, size_t newest)
{
	struct ledger_query *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->store = s;
	q->period = p;
	q->book = ledger_find(store_ledger(s), name);
	if (!q->book || (find_costs(q) && begin(q, from_s, to_s, newest)))
		return q;
	ledger_query_close(q);
	return NULL;
}

/**
 * ledger_query_next - the next entries
 * @q: a query
 * @entries: filled, by start and then in order of register_index(), costs behind them
 * @max: at most so many
 *
 * Holds no transaction between the calls: what is written meanwhile is seen from the next page on.
 * Where costs take long to sum, fewer entries are given at a time.
 *
 * Return: how many, 0 at the end, -1 when the file can't be read.
 */
int ledger_query_next(struct ledger_query *q, struct ledger_entry *entries, size_t max)
{
	size_t count = 0;
	int rc = 1;

	if (!q->book)
		return 0;
	if (q->costs)
		query_costs_begin(q->costs);
	while (count < max && rc > 0) {
		if (q->entry_at < q->entry_count)
			entries[count++] = q->entries[q->entry_at++];
		else if (count && q->costs && query_costs_work(q->costs) > WORK_MAX)
			break;
		else
			rc = next_row(q);
	}
	return count ? (int)count : rc;
}

/**
 * ledger_query_close - end a query, at its end or before
 * @q: may be NULL
 */
void ledger_query_close(struct ledger_query *q)
{
	if (!q)
		return;
	sqlite3_finalize(q->rows);
	query_costs_free(q->costs);
	free(q);
}
