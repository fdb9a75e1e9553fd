/* SPDX-License-Identifier: MIT */
/*
 * meterctl ledger: what its commands share.
 */
#ifndef METERCTL_LEDGER_H
#define METERCTL_LEDGER_H

#include "../lib/ledger_cost.h"
#include "../lib/ledger_file.h"

/* What a period has at most: registers and costs. */
#define LEDGER_ENTRIES (REGISTER_COUNT + COST_COUNT)

enum ledger_format {
	FORMAT_TABLE,
	FORMAT_CSV,
	FORMAT_JSON,
};

/**
 * struct ledger_arguments - of a command of meterctl ledger
 * @path: of the ledger
 * @meter: name of the one meter; NULL: all
 * @period: which; PERIOD_COUNT: all
 * @from: text of --from, NULL: from the beginning; @to likewise, exclusive
 * @input: what import reads, "-": standard input
 */
struct ledger_arguments {
	const char *path;
	const char *meter;
	enum period period;
	const char *from;
	const char *to;
	enum ledger_format format;
	const char *input;
};

/**
 * struct ledger_open_span - the period of an account that runs
 * @end_s: 0: none runs
 */
struct ledger_open_span {
	s64 start_s;
	s64 end_s;
	s64 milli;
	u8 quality;
};

/**
 * struct ledger_counter - an account of the file, as far as it matters here
 * @counted: by the segments of this register, ended and open, thousandths
 * @first_s: of the first segment; 0: none
 * @segments: how many
 */
struct ledger_counter {
	bool known;
	s64 counted;
	s64 first_s;
	u64 segments;
	struct ledger_open_span span[PERIOD_COUNT];
};

/* ledger_accounts.c: by register_index() */
int ledger_counters_read(sqlite3 *db, u32 meter, struct ledger_counter counters[REGISTER_COUNT]);

/* ledger_costs.c */
int ledger_costs_open(sqlite3 *db, sqlite3_stmt **costs);
int ledger_costs_of(sqlite3_stmt *costs, u32 meter, enum period p, const struct ledger_row *row,
		    struct cost_row *cost);

/* ledger_text.c */
const struct zone *ledger_meter_zone(const struct ledger_file_meter *m);
bool ledger_instant(const char *text, const struct zone *z, s64 *unix_s);
void ledger_local_time(const struct zone *z, enum period p, s64 unix_s, char text[20]);

int ledger_show(sqlite3 *db, const struct ledger_arguments *args);
int ledger_export(sqlite3 *db, const struct ledger_arguments *args);
int ledger_check(sqlite3 *db, const struct ledger_arguments *args);
int ledger_size(sqlite3 *db, const struct ledger_arguments *args);
int ledger_import(const struct ledger_arguments *args);

#endif /* METERCTL_LEDGER_H */
