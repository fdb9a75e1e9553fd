// SPDX-License-Identifier: MIT
/*
 * What days cost, into the file: of the days of a batch in its own transaction, and of those whose
 * prices have changed, a slice with each batch. Writer's thread.
 *
 * Each day is stored with the fingerprint of the prices it was computed with. The file also knows
 * with which prices all of its days were: then a start has nothing to look for. That is taken back
 * in the same transaction in which it stops being true, so kill -9 leaves nothing stale behind.
 */
#include <stdlib.h>
#include <time.h>

#include "costs.h"
#include "store_parts.h"

/* A transaction is not prolonged by more than this; one that has nothing else to write lasts. */
#define SLICE_MS       20
#define SLICE_ALONE_MS 200

/* Days looked at in one go. */
#define SCAN_DAYS 128

/**
 * struct store_costs - what computes and writes costs
 * @days: reads a day, @quarters those of one, @stored what it cost
 * @put: what a day costs; @forget: it is not known
 * @scan: days after another one, and the prices they were computed with
 * @about: notes with which prices all days were
 * @prices: fingerprint of those of the last batch; 0: not known
 * @scanning: days after (@start_s, @meter) are still to be looked at
 */
struct store_costs {
	sqlite3 *db;
	sqlite3_stmt *days;
	sqlite3_stmt *quarters;
	sqlite3_stmt *stored;
	sqlite3_stmt *put;
	sqlite3_stmt *forget;
	sqlite3_stmt *scan;
	sqlite3_stmt *about;
	s64 prices;
	bool scanning;
	s64 start_s;
	u32 meter;
	struct ledger_row row;
};

/** struct slice - the work of one batch; @end_ms on the steady clock */
struct slice {
	const struct batch *batch;
	s64 end_ms;
};

static const char scan_days[] =
	"SELECT d.start, d.until, d.meter, c.prices FROM day d "
	"LEFT JOIN cost c ON c.meter = d.meter AND c.start = d.start "
	"WHERE (d.start, d.meter) > (?1, ?2) ORDER BY d.start, d.meter LIMIT ?3";

static const char forget_cost[] = "DELETE FROM cost WHERE meter = ?1 AND start = ?2";

static const char note_prices[] =
	"INSERT INTO about(key, value) VALUES('costs', ?1) "
	"ON CONFLICT(key) DO UPDATE SET value = excluded.value";

static int prepare(sqlite3 *db, const char *sql, sqlite3_stmt **statement)
{
	return sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
}

/**
 * store_costs_new - prepare to write costs
 * @db: open to write; must outlive it
 *
 * Return: what store_costs_apply() wants, or NULL: sqlite3_errmsg() tells why.
 */
struct store_costs *store_costs_new(sqlite3 *db)
{
	struct store_costs *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->db = db;
	if (!ledger_file_rows(db, PERIOD_DAY, false, &c->days) &&
	    !ledger_file_rows(db, PERIOD_QUARTER, false, &c->quarters) &&
	    !ledger_file_costs(db, &c->stored) && !ledger_file_costs_put(db, &c->put) &&
	    !prepare(db, forget_cost, &c->forget) && !prepare(db, scan_days, &c->scan) &&
	    !prepare(db, note_prices, &c->about))
		return c;
	store_costs_free(c);
	return NULL;
}

/**
 * store_costs_free - forget the statements
 * @c: may be NULL
 */
void store_costs_free(struct store_costs *c)
{
	if (!c)
		return;
	sqlite3_finalize(c->days);
	sqlite3_finalize(c->quarters);
	sqlite3_finalize(c->stored);
	sqlite3_finalize(c->put);
	sqlite3_finalize(c->forget);
	sqlite3_finalize(c->scan);
	sqlite3_finalize(c->about);
	free(c);
}

/**
 * store_costs_forget - what was done since the last commit is not in the file
 * @c: prepared
 */
void store_costs_forget(struct store_costs *c)
{
	c->prices = 0;
	c->scanning = false;
}

static s64 steady_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static int run(sqlite3_stmt *statement)
{
	sqlite3_step(statement);
	return sqlite3_reset(statement);
}

static int note(struct store_costs *c, s64 prices)
{
	sqlite3_bind_int64(c->about, 1, prices);
	return run(c->about);
}

static int forget_day(struct store_costs *c, u32 meter, s64 start_s)
{
	sqlite3_bind_int64(c->forget, 1, meter);
	sqlite3_bind_int64(c->forget, 2, start_s);
	return run(c->forget);
}

/* SQLITE_ROW: c->row is the day. */
static int read_day(struct store_costs *c, u32 meter, s64 start_s)
{
	int rc;

	ledger_file_rows_begin(c->days, meter, start_s, start_s + 1, 1);
	rc = ledger_file_rows_next(c->days, &c->row);
	sqlite3_reset(c->days);
	return rc;
}

static int add_quarters(struct store_costs *c, const struct cost_meter *m,
			const struct price_section *s, s64 start_s, s64 end_s,
			struct cost_quarters *quarters)
{
	struct ledger_row row;
	int rc;

	ledger_file_rows_begin(c->quarters, m->id, start_s, end_s, INT64_MAX);
	while ((rc = ledger_file_rows_next(c->quarters, &row)) == SQLITE_ROW)
		cost_quarters_add(quarters, s, m->zone, &row);
	sqlite3_reset(c->quarters);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static bool is_stored(struct store_costs *c, u32 meter, s64 start_s)
{
	struct cost_row there;
	bool found;

	ledger_file_costs_begin(c->stored, meter, start_s, start_s + 1);
	found = ledger_file_costs_next(c->stored, &there) == SQLITE_ROW;
	sqlite3_reset(c->stored);
	return found;
}

/* Where the quarters that would be needed are gone, what is stored stays. */
static int compute_day(struct store_costs *c, const struct prices *p, const struct cost_meter *m,
		       s64 start_s)
{
	struct cost_quarters quarters = { 0 };
	const struct price_section *s;
	struct cost_row cost = { 0 };
	bool complete = true;
	int rc;

	rc = read_day(c, m->id, start_s);
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? SQLITE_OK : rc;
	s = prices_section(p, m->name, m->zone, start_s);
	if (s && price_section_has_quarters(s)) {
		rc = add_quarters(c, m, s, start_s, c->row.end_s, &quarters);
		if (rc)
			return rc;
	}
	if (s)
		complete = costs_of_day(s, m->zone, &c->row, &quarters, &cost);
	if (!complete && is_stored(c, m->id, start_s))
		return SQLITE_OK;
	cost.start_s = start_s;
	cost.end_s = c->row.end_s;
	cost.prices = prices_of_day(s, start_s, c->row.end_s);
	return ledger_file_put_cost(c->put, m->id, &cost);
}

static const struct cost_meter *meter_of(const struct batch *b, u32 id)
{
	size_t low = 0, high = b->cost_meter_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (b->cost_meters[middle].id == id)
			return &b->cost_meters[middle];
		if (b->cost_meters[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* Of all prices, and of whom they are for. */
static s64 fingerprint(const struct batch *b)
{
	u64 hash = hash_add(HASH_BEGIN, &b->prices->hash, sizeof(b->prices->hash));

	for (size_t i = 0; i < b->cost_meter_count; i++) {
		const struct cost_meter *m = &b->cost_meters[i];

		hash = hash_add(hash, &m->id, sizeof(m->id));
		hash = hash_add(hash, m->name, strlen(m->name) + 1);
		hash = hash_add(hash, zone_name(m->zone), strlen(zone_name(m->zone)) + 1);
	}
	return hash ? hash : 1;
}

/* From this day on all are to be looked at, once more where they were. */
static int scan_from(struct store_costs *c, s64 start_s)
{
	if (c->scanning && c->start_s < start_s)
		return SQLITE_OK;
	c->scanning = true;
	c->start_s = start_s - 1;
	c->meter = UINT32_MAX;
	return note(c, 0);
}

static int begin(struct store_costs *c, const struct batch *b)
{
	s64 prices = fingerprint(b), known;
	int rc;

	if (c->prices == prices)
		return SQLITE_OK;
	rc = ledger_file_number(c->db, "SELECT value FROM about WHERE key = 'costs'", &known);
	if (rc)
		return rc;
	c->prices = prices;
	c->scanning = false;
	return known == prices ? SQLITE_OK : scan_from(c, INT64_MIN + 1);
}

/* A day that got a row in this batch. */
static int put_day(struct store_costs *c, const struct slice *s, u32 book, s64 start_s)
{
	const struct cost_meter *m = meter_of(s->batch, book);
	int rc;

	if (m && steady_ms() < s->end_ms)
		return compute_day(c, s->batch->prices, m, start_s);
	rc = forget_day(c, book, start_s);
	if (rc)
		return rc;
	return m ? scan_from(c, start_s) : SQLITE_OK;
}

static int put_days(struct store_costs *c, const struct slice *s,
		    const struct batch_row *const *order, bool *any)
{
	const struct batch_row *before = NULL;
	int rc = SQLITE_OK;

	for (size_t i = 0; !rc && i < s->batch->count; i++) {
		const struct batch_row *r = order[i];

		if (r->period != PERIOD_DAY ||
		    (before && before->book == r->book && before->start_s == r->start_s))
			continue;
		before = r;
		*any = true;
		rc = put_day(c, s, r->book, r->start_s);
	}
	return rc;
}

/** struct scanned - a day to look at; @prices NULL in the file: 0 */
struct scanned {
	s64 start_s;
	s64 end_s;
	u32 meter;
	bool stored;
	s64 prices;
};

static int read_days(struct store_costs *c, struct scanned days[SCAN_DAYS], size_t *count)
{
	*count = 0;
	sqlite3_bind_int64(c->scan, 1, c->start_s);
	sqlite3_bind_int64(c->scan, 2, c->meter);
	sqlite3_bind_int64(c->scan, 3, SCAN_DAYS);
	while (sqlite3_step(c->scan) == SQLITE_ROW)
		days[(*count)++] = (struct scanned){
			.start_s = sqlite3_column_int64(c->scan, 0),
			.end_s = sqlite3_column_int64(c->scan, 1),
			.meter = sqlite3_column_int64(c->scan, 2),
			.stored = sqlite3_column_type(c->scan, 3) != SQLITE_NULL,
			.prices = sqlite3_column_int64(c->scan, 3),
		};
	return sqlite3_reset(c->scan);
}

static int look_at(struct store_costs *c, const struct batch *b, const struct scanned *d)
{
	const struct cost_meter *m = meter_of(b, d->meter);
	const struct price_section *s;

	if (!m)
		return SQLITE_OK;
	s = prices_section(b->prices, m->name, m->zone, d->start_s);
	if (d->stored && d->prices == prices_of_day(s, d->start_s, d->end_s))
		return SQLITE_OK;
	return compute_day(c, b->prices, m, d->start_s);
}

static int scan(struct store_costs *c, const struct slice *s)
{
	struct scanned days[SCAN_DAYS];
	size_t count = 0, done = 0;
	int rc = read_days(c, days, &count);

	while (!rc && done < count && steady_ms() < s->end_ms) {
		rc = look_at(c, s->batch, &days[done]);
		c->start_s = days[done].start_s;
		c->meter = days[done++].meter;
	}
	if (rc || done < count || count == SCAN_DAYS)
		return rc;
	c->scanning = false;
	return note(c, c->prices);
}

/**
 * store_costs_apply - what the days of a batch cost, and a slice of those whose prices changed
 * @c: prepared, in the transaction in which @b was written
 * @b: the batch
 * @order: its rows in order of period, start and meter
 * @left: whether more batches are wanted to come to the end
 *
 * Return: an error code of SQLite.
 */
int store_costs_apply(struct store_costs *c, const struct batch *b,
		      const struct batch_row *const *order, bool *left)
{
	struct slice s = {
		.batch = b,
		.end_ms = steady_ms() + (b->count ? SLICE_MS : SLICE_ALONE_MS),
	};
	bool any = false;
	int rc;

	rc = b->prices ? begin(c, b) : SQLITE_OK;
	if (!rc)
		rc = put_days(c, &s, order, &any);
	if (!rc && any && !b->prices) {
		c->prices = 0;
		rc = note(c, 0);
	}
	while (!rc && b->prices && c->scanning && steady_ms() < s.end_ms)
		rc = scan(c, &s);
	*left = b->prices && c->scanning;
	return rc;
}
