// SPDX-License-Identifier: MIT
/*
 * The store: gathers what the ledger finds, and hands it in batches to the thread that writes.
 *
 * At most one batch is at the writer, one gathers. What could not be written stays and is tried
 * again; nothing here ever waits but store_close().
 */
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "store_parts.h"

/* Hand over when so many rows wait: a replay finds them faster than quarters of an hour pass. */
#define ROWS_PER_BATCH 2000

/* Beyond this, while nothing can be written, the oldest quarters are given up: 8 MiB. */
#define ROWS_MAX (256 << 10)

#define URGENT_INTERVAL_MS 5000
#define RETRY_INTERVAL_MS  60000

#define MANY_METERS	1000
#define KEEP_DAYS	400
#define KEEP_DAYS_MANY	35

/**
 * struct store - the store
 * @notes: NULL: none are stored
 * @reader: for queries, the loop's
 * @flying: at the writer, or waiting to be tried again
 * @gathering: what comes meanwhile; always there
 * @busy: @flying is at the writer
 * @wanted: hand over @gathering when @flying is written
 * @due_ms: when @timer fires, on the steady clock; 0: it is not set
 * @given_ms: when a batch was handed over for the last time, 0: never
 * @keep_quarters_days: of the configuration; 0: by the number of meters
 * @prices: NULL: nothing has a price
 * @costs_due: the writer is to compute what days cost, also when there is nothing else to write
 * @commits: batches written; @rows in them
 * @lost: rows that were given up
 * @kept_days: to how many days a full disk has cut the quarters, 0: it has not
 * @failed: what failed the last time, as a sentence; "": nothing
 */
struct store {
	struct ledger *ledger;
	struct notes *notes;
	char *path;
	int lock_fd;
	sqlite3 *reader;
	struct store_writer *writer;
	struct event *done;
	struct event *timer;
	struct batch *flying;
	struct batch *gathering;
	bool busy;
	bool wanted;
	s64 due_ms;
	s64 given_ms;
	unsigned int keep_quarters_days;
	struct prices *prices;
	bool costs_due;
	u64 commits;
	u64 rows;
	u64 lost;
	unsigned int kept_days;
	struct log_limit lost_limit;
	char failed[512];
};

static s64 steady_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* The timer serves whoever wants it first. */
static void hand_over_in(struct store *s, s64 delay_ms)
{
	s64 due_ms = steady_ms() + delay_ms;
	struct timeval tv = { delay_ms / 1000, delay_ms % 1000 * 1000 };

	if (s->due_ms && s->due_ms <= due_ms)
		return;
	s->due_ms = due_ms;
	evtimer_add(s->timer, &tv);
}

static void give(struct store *s)
{
	s->busy = true;
	s->given_ms = steady_ms();
	store_writer_give(s->writer, s->flying);
}

/* What is not kept need not be made after a gap either. */
static unsigned int keep_days(const struct store *s)
{
	unsigned int days = s->keep_quarters_days;

	if (!days)
		days = ledger_count(s->ledger) > MANY_METERS ? KEEP_DAYS_MANY : KEEP_DAYS;
	ledger_set_keep_quarters(s->ledger, days);
	return days;
}

/* False when there is no memory for it now: all stays where it is. */
static bool close_batch(struct store *s)
{
	struct batch *next = batch_new();

	if (!next || !batch_take_prices(s->gathering, s->ledger, s->prices) ||
	    !batch_take_notes(s->gathering, s->notes) ||
	    !batch_take_accounts(s->gathering, s->ledger)) {
		batch_free(next);
		hand_over_in(s, URGENT_INTERVAL_MS);
		return false;
	}
	s->gathering->keep_quarters_days = keep_days(s);
	if (batch_empty(s->gathering) && !s->costs_due) {
		batch_free(next);
		return false;
	}
	s->costs_due = false;
	s->flying = s->gathering;
	s->gathering = next;
	s->wanted |= ledger_pending(s->ledger, LEDGER_CHANGED) != NULL;
	return true;
}

/* What was not written goes first. Never inside a call of the ledger: its accounts must fit. */
static void hand_over(struct store *s)
{
	s->wanted = s->flying;
	if (!s->busy && (s->flying || close_batch(s)))
		give(s);
}

/**
 * store_commit - hand everything that changed to the writer
 * @s: the store; not inside a call of the ledger
 *
 * Returns at once. While the writer is at work it goes when that is done.
 */
void store_commit(struct store *s)
{
	hand_over(s);
}

static void written(struct store *s)
{
	s->commits++;
	s->rows += s->flying->count;
	batch_free(s->flying);
	s->flying = NULL;
	if (!s->failed[0])
		return;
	s->failed[0] = 0;
	log_line(LEVEL_INFO, "ledger", "%s: what had to wait is written now", s->path);
}

static void not_written(struct store *s, const struct write_result *result)
{
	bool said = s->failed[0];

	snprintf(s->failed, sizeof(s->failed),
		 "%s can't be written (%s): all is kept in memory and tried again each minute; make "
		 "room on its disk or see that it can be written",
		 s->path, result->error);
	if (!said)
		log_line(LEVEL_ERROR, "ledger", "%s", s->failed);
	hand_over_in(s, RETRY_INTERVAL_MS);
}

static void say_kept(struct store *s, unsigned int days)
{
	if (days && days != s->kept_days)
		log_line(LEVEL_WARNING, "ledger",
			 "the disk of %s is nearly full: only the quarter hours of the last %u days "
			 "are kept; days, months and years are",
			 s->path, days);
	s->kept_days = days;
}

/* Whether the batch was written. */
static bool finish(struct store *s, const struct write_result *result)
{
	s->busy = false;
	if (result->rc) {
		not_written(s, result);
		return false;
	}
	written(s);
	if (result->kept_days)
		say_kept(s, result->kept_days);
	if (result->costs_left)
		s->costs_due = s->wanted = true;
	return true;
}

static void on_done(evutil_socket_t fd, short what, void *context)
{
	struct write_result result;
	struct store *s = context;

	(void)fd;
	(void)what;
	if (!store_writer_done(s->writer, false, &result) || !finish(s, &result))
		return;
	if (s->wanted || s->gathering->count >= ROWS_PER_BATCH)
		hand_over(s);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct store *s = context;

	(void)fd;
	(void)what;
	s->due_ms = 0;
	hand_over(s);
}

/* Sorted before SQLite first runs, and only once: small is what matters here. */
static void configure_sqlite(void)
{
	sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static bool open_file(struct store *s)
{
	char error[LEDGER_FILE_ERROR_MAX];
	sqlite3 *db;

	s->lock_fd = ledger_file_lock(s->path, error);
	db = s->lock_fd < 0 ? NULL : ledger_file_open(s->path, LEDGER_FILE_WRITE, error);
	if (!db) {
		log_line(LEVEL_ERROR, "ledger", "%s", error);
		return false;
	}
	if (!store_restore(db, s->ledger, s->notes)) {
		ledger_file_say_damaged(s->path, sqlite3_errmsg(db), error);
		log_line(LEVEL_ERROR, "ledger", "%s", error);
		sqlite3_close(db);
		return false;
	}
	keep_days(s);
	s->writer = store_writer_new(db, s->path);
	if (s->writer && !ledger_file_connect(s->path, LEDGER_FILE_READ, &s->reader))
		return true;
	log_line(LEVEL_ERROR, "ledger", "%s: no memory or no thread to write it: end other "
		 "programs, or allow this one more", s->path);
	return false;
}

static bool make_events(struct store *s, struct event_base *base)
{
	s->done = event_new(base, store_writer_fd(s->writer), EV_READ | EV_PERSIST, on_done, s);
	s->timer = evtimer_new(base, on_timer, s);
	return s->done && s->timer && !event_add(s->done, NULL);
}

static void free_store(struct store *s)
{
	if (s->done)
		event_free(s->done);
	if (s->timer)
		event_free(s->timer);
	sqlite3_close(s->reader);
	store_writer_free(s->writer);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	batch_free(s->flying);
	batch_free(s->gathering);
	prices_put(s->prices);
	free(s->path);
	free(s);
}

/**
 * store_open - open or make the ledger's file, and fill the ledger from it
 * @base: whose loop hears of written batches
 * @o: copied
 * @l: empty; must outlive the store
 *
 * Return: the store, or NULL after a sentence in the log: the file is damaged, newer, not a
 * ledger or in use, and was not touched.
 */
struct store *store_open(struct event_base *base, const struct store_options *o, struct ledger *l)
{
	struct store *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	configure_sqlite();
	s->ledger = l;
	s->notes = o->notes;
	s->keep_quarters_days = o->keep_quarters_days;
	s->lock_fd = -1;
	s->gathering = batch_new();
	if (s->gathering && asprintf(&s->path, "%s/" LEDGER_FILE_NAME, o->directory) >= 0 &&
	    open_file(s) && make_events(s, base))
		return s;
	free_store(s);
	return NULL;
}

/**
 * store_set_prices - what energy costs from now on
 * @s: the store
 * @prices: the caller keeps a reference of its own; NULL: nothing has a price
 *
 * Returns at once: days that ended before are computed again by the writer, a slice with each
 * batch. Without prices what is stored stays as it is.
 */
void store_set_prices(struct store *s, struct prices *prices)
{
	struct prices *before = s->prices;

	s->prices = prices ? prices_get(prices) : NULL;
	prices_put(before);
	if (!prices)
		return;
	s->costs_due = true;
	hand_over_in(s, 0);
}

static void count_lost(struct store *s, u64 rows, const char *why)
{
	s->lost += rows;
	log_limited(&s->lost_limit, LEVEL_ERROR, "ledger",
		    "%s: %" PRIu64 " values given up, %" PRIu64 " in all (%s)", s->path, rows, s->lost,
		    why);
}

/**
 * store_row - a period has this value now
 * @s: the store
 * @b: of this meter
 * @e: the value; replaces what the same period and register had
 *
 * Returns at once.
 */
void store_row(struct store *s, const struct ledger_book *b, const struct ledger_entry *e)
{
	if (s->failed[0] && s->gathering->count >= ROWS_MAX)
		count_lost(s, batch_give_up_rows(s->gathering), "nothing could be written for long");
	if (!batch_add_row(s->gathering, b->id, e))
		count_lost(s, 1, "no memory");
	if (s->gathering->count == ROWS_PER_BATCH && !s->busy && !s->failed[0])
		hand_over_in(s, 0);
}

/**
 * store_segment - a segment has ended
 * @s: the store
 * @segment: copied; its @why is constant
 *
 * Returns at once.
 */
void store_segment(struct store *s, const struct ledger_segment *segment)
{
	if (!batch_add_segment(s->gathering, segment))
		count_lost(s, 1, "no memory");
}

/**
 * store_urgent - something new stands in the accounts or the notes that is to be stored soon
 * @s: the store
 *
 * Returns at once; a batch goes when the loop goes on, or 5 s after the last one.
 */
void store_urgent(struct store *s)
{
	s64 since_ms = steady_ms() - s->given_ms;
	bool at_once = !s->given_ms || since_ms >= URGENT_INTERVAL_MS;

	if (!s->failed[0])
		hand_over_in(s, at_once ? 0 : URGENT_INTERVAL_MS - since_ms);
}

/* Whether the batch at hand was written; waits for the disk. */
static bool write_now(struct store *s)
{
	struct write_result result;

	if (!s->busy)
		give(s);
	return store_writer_done(s->writer, true, &result) && finish(s, &result);
}

/* What was handed over, once more where that failed, and then what has gathered. */
static bool write_all(struct store *s)
{
	bool tried = !s->busy;

	if (s->flying && !write_now(s) && (tried || !write_now(s)))
		return false;
	while (close_batch(s)) {
		if (!write_now(s))
			return false;
	}
	return batch_empty(s->gathering);
}

/**
 * store_close - write what is left, wait for the disk, close the file
 * @s: may be NULL
 */
void store_close(struct store *s)
{
	if (!s)
		return;
	if (!write_all(s))
		log_line(LEVEL_ERROR, "ledger",
			 "%s: the last %zu values could not be written and are lost; their energy is "
			 "not: it is in the meter's registers and will be booked by the next start",
			 s->path, (s->flying ? s->flying->count : 0) + s->gathering->count);
	free_store(s);
}

static u64 file_bytes(const char *path, const char *suffix)
{
	char name[4096];
	struct stat st;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return stat(name, &st) ? 0 : st.st_size;
}

/**
 * store_status - what the store did and what it can't do
 * @s: the store
 * @status: filled; its @error lives until the loop goes on
 */
void store_status(const struct store *s, struct store_status *status)
{
	*status = (struct store_status){
		.commits = s->commits,
		.rows = s->rows,
		.rows_waiting = s->gathering->count + (s->flying ? s->flying->count : 0),
		.rows_lost = s->lost,
		.writing = s->busy,
		.bytes = file_bytes(s->path, "") + file_bytes(s->path, "-wal"),
		.error = s->failed[0] ? s->failed : NULL,
	};
}

/**
 * store_reader - the loop's connection
 * @s: the store
 *
 * Return: a connection that can't write.
 */
sqlite3 *store_reader(const struct store *s)
{
	return s->reader;
}

/**
 * store_ledger - the ledger that is stored
 * @s: the store
 *
 * Return: the ledger.
 */
const struct ledger *store_ledger(const struct store *s)
{
	return s->ledger;
}

/**
 * store_prices - what energy costs
 * @s: the store
 *
 * Return: prices that live until the loop goes on, or NULL.
 */
struct prices *store_prices(const struct store *s)
{
	return s->prices;
}

/**
 * store_batch - what is not in the file yet, or not known to be
 * @s: the store
 * @which: below STORE_BATCHES, older first
 *
 * Return: a batch, or NULL.
 */
const struct batch *store_batch(const struct store *s, unsigned int which)
{
	return which ? s->gathering : s->flying;
}
