/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the store share: batches, the thread that writes them, accounts in the file.
 */
#ifndef METERD_STORE_PARTS_H
#define METERD_STORE_PARTS_H

#include "../lib/ledger_file.h"
#include "store.h"

/**
 * struct batch_row - a value that waits to be written
 * @length_s: of the period
 */
struct batch_row {
	s64 start_s;
	s64 milli;
	u32 book;
	u32 length_s;
	u8 period;
	u8 reg;
	u8 quality;
};

/** struct cost_meter - a meter that has prices, for the writer */
struct cost_meter {
	u32 id;
	const struct zone *zone;
	char name[METER_NAME_LEN + 1];
};

/** struct batch_account - an account as it was when its batch was handed over */
struct batch_account {
	u32 book;
	struct ledger_account account;
};

/** struct batch_note - a note as it was when its batch was handed over */
struct batch_note {
	bool removed;
	char key[NOTE_KEY_MAX + 1];
	char value[NOTE_VALUE_MAX + 1];
};

/**
 * struct batch - what goes into one transaction
 * @rows: in the order in which they came; a later one replaces an earlier one
 * @notes: a later one replaces an earlier one
 * @keep_quarters_days: rows of quarters that are older go when a day has ended
 * @lost_from_s: quarters from here, @lost_to_s up to there, exclusive, were given up while
 *	nothing could be written; both 0: none
 * @prices: to compute costs with; NULL: none
 * @cost_meters: those that have prices, by id
 *
 * Nobody changes it from when the writer has it until the writer is done: both threads read it.
 */
struct batch {
	struct batch_row *rows;
	size_t count;
	size_t room;
	struct ledger_file_meter *meters;
	size_t meter_count;
	struct batch_account *accounts;
	size_t account_count;
	struct ledger_segment *segments;
	size_t segment_count;
	struct batch_note *notes;
	size_t note_count;
	unsigned int keep_quarters_days;
	s64 lost_from_s;
	s64 lost_to_s;
	struct prices *prices;
	struct cost_meter *cost_meters;
	size_t cost_meter_count;
};

/* store_batch.c */
struct batch *batch_new(void);
void batch_free(struct batch *b);
bool batch_empty(const struct batch *b);
bool batch_add_row(struct batch *b, u32 book, const struct ledger_entry *e);
bool batch_add_segment(struct batch *b, const struct ledger_segment *segment);
bool batch_take_accounts(struct batch *b, struct ledger *l);
size_t batch_give_up_rows(struct batch *b);
bool batch_take_notes(struct batch *b, struct notes *notes);
bool batch_take_prices(struct batch *b, struct ledger *l, struct prices *prices);

/* store_account.c */
int account_insert_prepare(sqlite3 *db, sqlite3_stmt **insert);
void account_insert_bind(sqlite3_stmt *insert, const struct batch_account *a);
int accounts_restore(sqlite3 *db, struct ledger_book *b, u32 meter);

/* store_notes.c */
int notes_put(sqlite3 *db, const struct batch *b);
int notes_read(sqlite3 *db, struct notes *notes);

/* store_restore.c */
bool store_restore(sqlite3 *db, struct ledger *l, struct notes *notes);

/**
 * struct write_result - how a batch went
 * @rc: error code of SQLite
 * @error: what SQLite says
 * @kept_days: 0, or to how many days quarters were cut because the disk is nearly full
 * @costs_left: days are left whose cost is to be computed by the next batches
 */
struct write_result {
	int rc;
	char error[160];
	unsigned int kept_days;
	bool costs_left;
};

/* store_writer.c */
struct store_writer;
struct store_writer *store_writer_new(sqlite3 *db, const char *path);
void store_writer_free(struct store_writer *w);
int store_writer_fd(const struct store_writer *w);
void store_writer_give(struct store_writer *w, const struct batch *b);
bool store_writer_done(struct store_writer *w, bool wait, struct write_result *result);

/* store_apply.c */
struct store_apply;
struct store_apply *store_apply_new(sqlite3 *db, const char *path);
void store_apply_free(struct store_apply *a);
void store_apply(struct store_apply *a, const struct batch *b, struct write_result *result);

/* store_costs.c */
struct store_costs;
struct store_costs *store_costs_new(sqlite3 *db);
void store_costs_free(struct store_costs *c);
int store_costs_apply(struct store_costs *c, const struct batch *b,
		      const struct batch_row *const *order, bool *left);
void store_costs_forget(struct store_costs *c);

/**
 * struct query_row - a row on its way through a query
 * @waits: some of it is not in the file: it waits to be written, or runs
 */
struct query_row {
	struct ledger_row row;
	bool waits;
};

/* store_query.c, for store_query_costs.c: rows of registers, without costs */
struct ledger_query *query_rows_open(struct store *s, const struct ledger_book *b, enum period p);
void query_rows_from(struct ledger_query *q, s64 from_s, s64 to_s);
int query_rows_next(struct ledger_query *q, const struct query_row **row);

/* store_query_costs.c */
struct query_costs;
struct query_costs *query_costs_new(struct store *s, const struct ledger_book *b,
				    struct prices *prices);
void query_costs_free(struct query_costs *c);
void query_costs_begin(struct query_costs *c);
bool query_costs_of(struct query_costs *c, enum period p, const struct query_row *row,
		    struct cost_row *cost);
unsigned int query_costs_work(const struct query_costs *c);

/* store.c, for store_query.c */
sqlite3 *store_reader(const struct store *s);
const struct ledger *store_ledger(const struct store *s);
struct prices *store_prices(const struct store *s);
const struct batch *store_batch(const struct store *s, unsigned int which);
#define STORE_BATCHES 2	/* older first: at the writer, gathering */

#endif /* METERD_STORE_PARTS_H */
