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

/** struct batch_account - an account as it was when its batch was handed over */
struct batch_account {
	u32 book;
	struct ledger_account account;
};

/**
 * struct batch - what goes into one transaction
 * @rows: in the order in which they came; a later one replaces an earlier one
 * @keep_quarters_days: rows of quarters that are older go when a day has ended
 * @lost_from_s: quarters from here, @lost_to_s up to there, exclusive, were given up while
 *	nothing could be written; both 0: none
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
	unsigned int keep_quarters_days;
	s64 lost_from_s;
	s64 lost_to_s;
};

/* store_batch.c */
struct batch *batch_new(void);
void batch_free(struct batch *b);
bool batch_empty(const struct batch *b);
bool batch_add_row(struct batch *b, u32 book, const struct ledger_entry *e);
bool batch_add_segment(struct batch *b, const struct ledger_segment *segment);
bool batch_take_accounts(struct batch *b, struct ledger *l);
size_t batch_give_up_rows(struct batch *b);

/* store_account.c */
int account_insert_prepare(sqlite3 *db, sqlite3_stmt **insert);
void account_insert_bind(sqlite3_stmt *insert, const struct batch_account *a);
int accounts_restore(sqlite3 *db, struct ledger_book *b, u32 meter);

/* store_restore.c */
bool store_restore(sqlite3 *db, struct ledger *l);

/**
 * struct write_result - how a batch went
 * @rc: error code of SQLite
 * @error: what SQLite says
 * @kept_days: 0, or to how many days quarters were cut because the disk is nearly full
 */
struct write_result {
	int rc;
	char error[160];
	unsigned int kept_days;
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

/* store.c, for store_query.c */
sqlite3 *store_reader(const struct store *s);
const struct ledger *store_ledger(const struct store *s);
const struct batch *store_batch(const struct store *s, unsigned int which);
#define STORE_BATCHES 2	/* older first: at the writer, gathering */

#endif /* METERD_STORE_PARTS_H */
