/* SPDX-License-Identifier: MIT */
/*
 * Prices by the quarter of an hour, from a CSV.
 */
#ifndef METERD_PRICE_SERIES_H
#define METERD_PRICE_SERIES_H

#include "../../kernel/telegram/types.h"
#include "../lib/hash.h"

/* A price holds until the next one's start, but not longer. */
#define PRICE_HOLDS_S 3600

/* More than three years of quarters; reading so many takes some 20 ms. */
#define PRICE_FILE_MAX_BYTES (4 << 20)
#define PRICE_LINE_MAX_BYTES 256

/** struct price_row - from when on, seconds since 1970, and what a unit costs in 1e-5 */
struct price_row {
	u32 start_s;
	s32 e5;
};

/**
 * struct price_series - never changes once it is made
 * @references: counted by the loop's thread only
 * @rows: by start, quarters of an hour
 * @hash: of them
 */
struct price_series {
	unsigned int references;
	unsigned int count;
	struct price_row *rows;
	u64 hash;
};

#define PRICE_ERROR_MAX 512

struct price_series *price_series_empty(void);
struct price_series *price_series_read(const char *path, char error[PRICE_ERROR_MAX]);
struct price_series *price_series_get(struct price_series *p);
void price_series_put(struct price_series *p);
bool price_series_at(const struct price_series *p, s64 time_s, s64 *e5);

#endif /* METERD_PRICE_SERIES_H */
