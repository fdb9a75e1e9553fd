/* SPDX-License-Identifier: MIT */
/*
 * What energy, gas, water and heat cost: tables with dates, and prices by the quarter of an hour.
 */
#ifndef METERD_PRICES_H
#define METERD_PRICES_H

#include "../lib/ledger_cost.h"
#include "price_series.h"

struct config;

/** enum price - keys of [price NAME], each in 1e-5 of the currency per kWh, m3, GJ, day or month */
enum price {
	PRICE_IMPORT,
	PRICE_IMPORT_T1,
	PRICE_EXPORT = PRICE_IMPORT_T1 + TARIFF_COUNT,
	PRICE_EXPORT_T1,
	PRICE_GAS = PRICE_EXPORT_T1 + TARIFF_COUNT,
	PRICE_WATER,
	PRICE_HEAT,
	PRICE_HEAT_KWH,
	PRICE_FIXED_DAY,
	PRICE_FIXED_MONTH,
	PRICE_COUNT,
};

/** enum direction - what has prices by the quarter */
enum direction {
	DIRECTION_IMPORT,
	DIRECTION_EXPORT,
	DIRECTION_COUNT,
};

/* 20,000 per unit: that of a kWh, and of a MWh where a file of prices is in MWh. */
#define PRICE_MAX_E5 2000000000ll

/* Decimals of what prices by the quarter are multiplied with. */
#define FACTOR_DECIMALS 7
#define FACTOR_ONE 10000000ll

/* Before every date. */
#define DATE_ALWAYS INT64_MIN

/**
 * struct price_terms - what a section says of all its meters
 * @from_day: civil day since 1970 from which on it holds; DATE_ALWAYS
 * @has: bits enum price of those that are given
 * @e5: by enum price
 * @factor: of prices by the quarter, by enum direction, 1e-7
 */
struct price_terms {
	s64 from_day;
	char currency[CURRENCY_LEN + 1];
	u64 has;
	s64 e5[PRICE_COUNT];
	s64 factor[DIRECTION_COUNT];
};

/**
 * struct price_section - [price NAME], ready to compute with
 * @meters: names of those it is for, separated by NUL, "" behind the last; NULL: all
 * @quarters: by enum direction; NULL: none
 * @hash: of all that is above but @meters and @quarters
 */
struct price_section {
	struct price_terms terms;
	char *meters;
	struct price_series *quarters[DIRECTION_COUNT];
	u64 hash;
};

/**
 * struct prices - all sections; never changes once it is made, so that any thread may read it
 * @references: who uses it; counted by the loop's thread only
 * @hash: of everything
 */
struct prices {
	unsigned int references;
	unsigned int count;
	struct price_section *sections;
	u64 hash;
};

/* The series of a file of prices, empty when it could not be read yet; NULL: no memory. */
typedef struct price_series *(*price_series_fn)(void *context, const char *path);

struct prices *prices_new(const struct config *c, price_series_fn series, void *context);
struct prices *prices_get(struct prices *p);
void prices_put(struct prices *p);

bool prices_has_meter(const struct prices *p, const char *meter);
const struct price_section *prices_section(const struct prices *p, const char *meter,
					   const struct zone *z, s64 start_s);
s64 prices_of_day(const struct price_section *s, s64 start_s, s64 end_s);
bool price_at(const struct price_section *s, enum quantity reg, s64 time_s, s64 *e5);
bool price_is_given(const struct price_section *s, enum direction d);
bool price_has_tariffs(const struct price_section *s, enum direction d);
bool price_section_has_quarters(const struct price_section *s);

#endif /* METERD_PRICES_H */
