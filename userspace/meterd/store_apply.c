// SPDX-License-Identifier: MIT
/*
 * One batch into the file, as one transaction, and with it what has become too old.
 */
#include <stdlib.h>
#include <sys/statvfs.h>
#include <time.h>

#include "store_parts.h"

#define DAY_S 86400

/* Old quarters go in bites, so that a smaller keep_quarters doesn't make one huge transaction. */
#define BITE_S (28 * DAY_S)

/*
 * A disk that is fuller than this keeps fewer quarters; the days, months and years of a meter take
 * 40 KB a year. Pages that became free are given back to the file system a bite at a time.
 */
#define FULL_PERCENT	    80
#define FULL_KEEP_DAYS	    35
#define VERY_FULL_PERCENT   95
#define VERY_FULL_KEEP_DAYS 2

/**
 * struct store_apply - what writes batches
 * @order: room for the rows of a batch in order
 */
struct store_apply {
	sqlite3 *db;
	char *path;
	struct ledger_file_writer *writer;
	sqlite3_stmt *account;
	sqlite3_stmt *segment;
	struct store_costs *costs;
	const struct batch_row **order;
	size_t room;
};

static const char put_segment[] =
	"INSERT INTO segment(meter, register, number, why, first, first_s, last, last_s) "
	"VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

/**
 * store_apply_new - prepare to write batches
 * @db: open to write; must outlive it
 * @path: of the file, for the room on its disk
 *
 * Return: what store_apply() wants, or NULL: sqlite3_errmsg() tells why.
 */
struct store_apply *store_apply_new(sqlite3 *db, const char *path)
{
	struct store_apply *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->db = db;
	a->path = strdup(path);
	a->writer = ledger_file_writer_new(db);
	a->costs = store_costs_new(db);
	if (a->path && a->writer && a->costs && !account_insert_prepare(db, &a->account) &&
	    !sqlite3_prepare_v3(db, put_segment, -1, SQLITE_PREPARE_PERSISTENT, &a->segment, NULL))
		return a;
	store_apply_free(a);
	return NULL;
}

/**
 * store_apply_free - forget the statements; the file stays open
 * @a: may be NULL
 */
void store_apply_free(struct store_apply *a)
{
	if (!a)
		return;
	ledger_file_writer_free(a->writer);
	store_costs_free(a->costs);
	sqlite3_finalize(a->account);
	sqlite3_finalize(a->segment);
	free(a->order);
	free(a->path);
	free(a);
}

static int run(sqlite3_stmt *statement)
{
	sqlite3_step(statement);
	return sqlite3_reset(statement);
}

/* A name that no configuration can give. */
static int put_nameless(struct store_apply *a, const struct ledger_file_meter *m)
{
	struct ledger_file_meter nameless = *m;

	snprintf(nameless.name, sizeof(nameless.name), "#%u", m->id);
	return ledger_file_put_meter(a->writer, &nameless);
}

/* One of them may take a name that another one gives up. */
static int put_meters(struct store_apply *a, const struct batch *b)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; !rc && b->meter_count > 1 && i < b->meter_count; i++)
		rc = put_nameless(a, &b->meters[i]);
	for (size_t i = 0; !rc && i < b->meter_count; i++)
		rc = ledger_file_put_meter(a->writer, &b->meters[i]);
	return rc;
}

static int put_accounts(struct store_apply *a, const struct batch *b)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; !rc && i < b->account_count; i++) {
		account_insert_bind(a->account, &b->accounts[i]);
		rc = run(a->account);
	}
	return rc;
}

static int put_segments(struct store_apply *a, const struct batch *b)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; !rc && i < b->segment_count; i++) {
		const struct ledger_segment *s = &b->segments[i];

		sqlite3_bind_int64(a->segment, 1, s->book);
		sqlite3_bind_text(a->segment, 2, quantity_info[s->reg].name, -1, SQLITE_STATIC);
		sqlite3_bind_text(a->segment, 3, s->number, -1, SQLITE_STATIC);
		sqlite3_bind_text(a->segment, 4, s->why, -1, SQLITE_STATIC);
		sqlite3_bind_int64(a->segment, 5, s->first);
		sqlite3_bind_int64(a->segment, 6, s->first_s);
		sqlite3_bind_int64(a->segment, 7, s->last);
		sqlite3_bind_int64(a->segment, 8, s->last_s);
		rc = run(a->segment);
	}
	return rc;
}

static int compare(s64 a, s64 b)
{
	return (a > b) - (a < b);
}

/* In the order of the tables; what came later stands later. */
static int in_order(const void *left, const void *right)
{
	const struct batch_row *a = *(const struct batch_row *const *)left;
	const struct batch_row *b = *(const struct batch_row *const *)right;
	int order = compare(a->period, b->period);

	if (!order)
		order = compare(a->start_s, b->start_s);
	if (!order)
		order = compare(a->book, b->book);
	return order ? order : compare((intptr_t)a, (intptr_t)b);
}

static bool sort_rows(struct store_apply *a, const struct batch *b)
{
	if (a->room < b->count) {
		free(a->order);
		a->order = calloc(b->count, sizeof(*a->order));
		a->room = a->order ? b->count : 0;
		if (!a->order)
			return false;
	}
	for (size_t i = 0; i < b->count; i++)
		a->order[i] = &b->rows[i];
	qsort(a->order, b->count, sizeof(*a->order), in_order);
	return true;
}

static bool same_row(const struct batch_row *a, const struct batch_row *b)
{
	return a->period == b->period && a->start_s == b->start_s && a->book == b->book;
}

static void add_to_row(struct ledger_row *row, const struct batch_row *r)
{
	int i = register_index(r->reg);

	row->has |= 1ull << i;
	row->milli[i] = r->milli;
	row->quality[i] = r->quality;
	row->end_s = r->start_s + r->length_s;
}

/* All registers of one meter and period are one row of the file. */
static int put_rows(struct store_apply *a, const struct batch *b)
{
	int rc = SQLITE_OK;
	size_t i = 0;

	if (b->count && !sort_rows(a, b))
		return SQLITE_NOMEM;
	while (!rc && i < b->count) {
		const struct batch_row *first = a->order[i];
		struct ledger_row row = { .start_s = first->start_s };

		for (; i < b->count && same_row(first, a->order[i]); i++)
			add_to_row(&row, a->order[i]);
		rc = ledger_file_put_row(a->writer, first->period, first->book, &row);
	}
	return rc;
}

static int run_number(struct store_apply *a, const char *sql, s64 number)
{
	sqlite3_stmt *statement;
	int rc;

	rc = sqlite3_prepare_v2(a->db, sql, -1, &statement, NULL);
	if (rc)
		return rc;
	sqlite3_bind_int64(statement, 1, number);
	sqlite3_step(statement);
	return sqlite3_finalize(statement);
}

static int delete_quarters(struct store_apply *a, s64 before_s)
{
	int rc;

	rc = run_number(a, "DELETE FROM quarter WHERE start < ?1", before_s);
	if (!rc)
		rc = run_number(a, "DELETE FROM quality WHERE period = 0 AND start < ?1", before_s);
	return rc;
}

/* Where the quarters are complete from, for who compares them with the days. */
static int note_kept(struct store_apply *a, s64 from_s)
{
	return run_number(a,
			  "INSERT INTO about(key, value) VALUES('quarters_from', ?1) "
			  "ON CONFLICT(key) DO UPDATE SET value = max(value, excluded.value)",
			  from_s);
}

static int note_lost(struct store_apply *a, const struct batch *b)
{
	int rc;

	if (!b->lost_to_s)
		return SQLITE_OK;
	rc = run_number(a,
			"INSERT INTO about(key, value) VALUES('lost_from', ?1) "
			"ON CONFLICT(key) DO UPDATE SET value = min(value, excluded.value)",
			b->lost_from_s);
	if (!rc)
		rc = run_number(a,
				"INSERT INTO about(key, value) VALUES('lost_to', ?1) "
				"ON CONFLICT(key) DO UPDATE SET value = max(value, excluded.value)",
				b->lost_to_s);
	return rc;
}

static s64 newest_day_end(const struct batch *b)
{
	s64 end_s = 0;

	for (size_t i = 0; i < b->count; i++) {
		const struct batch_row *r = &b->rows[i];

		if (r->period == PERIOD_DAY && r->start_s + r->length_s > end_s)
			end_s = r->start_s + r->length_s;
	}
	return end_s;
}

static unsigned int disk_percent(const char *path)
{
	struct statvfs fs;
	u64 used;

	if (statvfs(path, &fs) || !fs.f_blocks)
		return 0;
	used = fs.f_blocks - fs.f_bfree;
	return used * 100 / (used + fs.f_bavail ? used + fs.f_bavail : 1);
}

static unsigned int disk_keep_days(const char *path)
{
	unsigned int percent = disk_percent(path);

	if (percent > VERY_FULL_PERCENT)
		return VERY_FULL_KEEP_DAYS;
	return percent > FULL_PERCENT ? FULL_KEEP_DAYS : 0;
}

/*
 * At midnight: the transaction in which a day ends. A replay of the past must not count as today,
 * and neither must one of the future.
 */
static int retire(struct store_apply *a, const struct batch *b, struct write_result *result)
{
	s64 now_s = newest_day_end(b), oldest_s, before_s;
	unsigned int keep_days = b->keep_quarters_days;
	unsigned int disk_days;
	int rc;

	if (!now_s)
		return SQLITE_OK;
	disk_days = disk_keep_days(a->path);
	if (disk_days && disk_days < keep_days)
		keep_days = disk_days;
	if (now_s > time(NULL))
		now_s = time(NULL);
	before_s = now_s - (s64)keep_days * DAY_S;
	before_s -= before_s % QUARTER_S;
	rc = note_kept(a, before_s);
	if (!rc)
		rc = ledger_file_number(a->db, "SELECT min(start) FROM quarter", &oldest_s);
	if (rc || !oldest_s || oldest_s >= before_s)
		return rc;
	if (keep_days != b->keep_quarters_days)
		result->kept_days = keep_days;
	if (before_s > oldest_s + BITE_S)
		before_s = oldest_s + BITE_S;
	rc = delete_quarters(a, before_s);
	if (!rc && result->kept_days)
		rc = sqlite3_exec(a->db, "PRAGMA incremental_vacuum(1024)", NULL, NULL, NULL);
	return rc;
}

static int put_all(struct store_apply *a, const struct batch *b, struct write_result *result)
{
	int rc = put_meters(a, b);

	if (!rc)
		rc = put_accounts(a, b);
	if (!rc)
		rc = put_segments(a, b);
	if (!rc)
		rc = notes_put(a->db, b);
	if (!rc)
		rc = put_rows(a, b);
	if (!rc)
		rc = store_costs_apply(a->costs, b, a->order, &result->costs_left);
	if (!rc)
		rc = note_lost(a, b);
	return rc ? rc : retire(a, b, result);
}

/**
 * store_apply - write a batch, all of it or nothing
 * @a: prepared
 * @b: the batch
 * @result: how it went
 *
 * Returns when it is on the disk. Writer's thread.
 */
void store_apply(struct store_apply *a, const struct batch *b, struct write_result *result)
{
	int rc;

	*result = (struct write_result){ 0 };
	rc = sqlite3_exec(a->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (!rc)
		rc = put_all(a, b, result);
	if (!rc)
		rc = sqlite3_exec(a->db, "COMMIT", NULL, NULL, NULL);
	result->rc = rc;
	if (!rc)
		return;
	store_costs_forget(a->costs);
	snprintf(result->error, sizeof(result->error), "%s",
		 rc == SQLITE_NOMEM ? sqlite3_errstr(rc) : sqlite3_errmsg(a->db));
	if (!sqlite3_get_autocommit(a->db))
		sqlite3_exec(a->db, "ROLLBACK", NULL, NULL, NULL);
}
