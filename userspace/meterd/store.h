/* SPDX-License-Identifier: MIT */
/*
 * The ledger's file: SQLite, written by a thread of its own, read by the loop.
 */
#ifndef METERD_STORE_H
#define METERD_STORE_H

#include <event2/event.h>

#include "ledger.h"
#include "notes.h"
#include "prices.h"

struct store;

/**
 * struct store_options - of [daemon]
 * @directory: for ledger.db
 * @keep_quarters_days: 0: 400, or 35 above 1,000 meters
 * @notes: filled, and stored from then on; must outlive the store. NULL: none are
 */
struct store_options {
	const char *directory;
	unsigned int keep_quarters_days;
	struct notes *notes;
};

/*
 * Opens or makes the file and fills @l and notes. NULL after a sentence in the log that says how to restore:
 * the file is damaged, newer, or in use by another meterd.
 */
struct store *store_open(struct event_base *base, const struct store_options *o,
			 struct ledger *l);

/* What struct ledger_out wants; all return at once. */
void store_row(struct store *s, const struct ledger_book *b, const struct ledger_entry *e);
void store_segment(struct store *s, const struct ledger_segment *segment);
void store_urgent(struct store *s);

/*
 * What energy costs from now on, NULL: nothing has a price. What ended before is computed again in
 * the background, where it changes; queries tell costs at once.
 */
void store_set_prices(struct store *s, struct prices *prices);

/* Hands everything that changed to the writer; the loop calls it g after each quarter. */
void store_commit(struct store *s);
/* The same, and waits for the disk; for the end. */
void store_close(struct store *s);

/** struct store_status - for /metrics and meterctl status */
struct store_status {
	u64 commits;
	u64 rows;
	u64 rows_waiting;
	u64 rows_lost;		/* given up: see error */
	bool writing;		/* something is on its way to the disk */
	u64 bytes;		/* of the file and its log */
	const char *error;	/* a sentence, or NULL */
};
void store_status(const struct store *s, struct store_status *status);

/**
 * struct ledger_query - entries of one meter and one kind of period
 *
 * What is on disk, what waits to be written, and what runs, as one; by start, then by register.
 * Reads a bounded part at a time and holds no transaction between the calls.
 */
struct ledger_query;

/*
 * Of [from_s, to_s); with @newest not 0 at most so many entries, the last ones, all or none of a
 * start.
 */
struct ledger_query *ledger_query_open(struct store *s, const char *name, enum period p, s64 from_s,
				       s64 to_s, size_t newest);
/* Returns how many of @entries were filled, 0 at the end, -1 when the file cannot be read. */
int ledger_query_next(struct ledger_query *q, struct ledger_entry *entries, size_t max);
void ledger_query_close(struct ledger_query *q);

#endif /* METERD_STORE_H */
