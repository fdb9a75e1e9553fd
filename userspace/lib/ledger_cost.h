/* SPDX-License-Identifier: MIT */
/*
 * What periods cost: registers of their own, beside those that meters count.
 */
#ifndef METERLINE_LEDGER_COST_H
#define METERLINE_LEDGER_COST_H

#include <sqlite3.h>

#include "ledger_entry.h"

/** enum cost - what is told of a period that has prices, in this order */
enum cost {
	COST_TOTAL,		/* all that follows, less what export earned */
	COST_IMPORT,
	COST_IMPORT_T1,
	COST_IMPORT_T16 = COST_IMPORT_T1 + TARIFF_COUNT - 1,
	COST_EXPORT,		/* earned */
	COST_GAS,
	COST_WATER,
	COST_HEAT,
	COST_FIXED,
	COST_COUNT,
};

/* In struct ledger_entry a cost is a register behind all quantities. */
#define COST_REGISTER 0xc0u

/* Amounts are exact, in 1e-11 of the currency: mWh times 1e-5 per kWh. */
#define COST_EXACT_PER_E5 1000000ll

#define CURRENCY_LEN 3

/**
 * struct cost_row - what a meter cost in one period
 * @start_s: seconds since 1970 in UTC; @end_s likewise, exclusive
 * @prices: fingerprint of the prices that it was computed with
 * @currency: such as EUR; "": no price was in force
 * @has: bits enum cost of what has an entry, missing ones too
 * @exact: by enum cost, 1e-11 of the currency; of those in @has that are not missing
 * @quality: by enum cost, QUALITY_*
 */
struct cost_row {
	s64 start_s;
	s64 end_s;
	s64 prices;
	char currency[CURRENCY_LEN + 1];
	u32 has;
	s64 exact[COST_COUNT];
	u8 quality[COST_COUNT];
};

const char *cost_name(enum cost c);
bool cost_by_name(const char *name, enum cost *c);
bool currency_is_good(const char *text);
s64 cost_rounded_e5(s64 exact);
void cost_put(struct cost_row *row, enum cost c, s64 exact, u8 quality);
void cost_join(struct cost_row *row, enum cost c, s64 exact, u8 quality);
void cost_row_add(struct cost_row *sum, const struct cost_row *part);
void cost_row_end(struct cost_row *sum, s64 start_s, s64 end_s);
size_t cost_row_entries(const struct cost_row *row, enum period p,
			struct ledger_entry entries[COST_COUNT]);

/* ledger_file_costs.c: the days of the file */
int ledger_file_costs_make(sqlite3 *db);
int ledger_file_costs(sqlite3 *db, sqlite3_stmt **costs);
void ledger_file_costs_begin(sqlite3_stmt *costs, u32 meter, s64 from_s, s64 to_s);
int ledger_file_costs_next(sqlite3_stmt *costs, struct cost_row *row);
int ledger_file_costs_put(sqlite3 *db, sqlite3_stmt **put);
int ledger_file_put_cost(sqlite3_stmt *put, u32 meter, const struct cost_row *row);

#endif /* METERLINE_LEDGER_COST_H */
