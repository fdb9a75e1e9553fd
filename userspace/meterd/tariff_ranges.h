/* SPDX-License-Identifier: MIT */
/*
 * Tariffs by time of day: "22:00-06:00 1, 06:00-22:00 2".
 */
#ifndef METERD_TARIFF_RANGES_H
#define METERD_TARIFF_RANGES_H

#include "../lib/registers.h"
#include "../lib/zone.h"

#define TARIFF_RANGES_MAX 16

/**
 * struct tariff_ranges - a day cut into ranges without overlap or hole
 * @count: of ranges
 * @from_minute: of the day, civil time, ascending; each ends where the next one begins
 * @tariff: 1..16 of each
 */
struct tariff_ranges {
	unsigned int count;
	u16 from_minute[TARIFF_RANGES_MAX];
	u8 tariff[TARIFF_RANGES_MAX];
};

/* False with a sentence in @error. */
bool tariff_ranges_parse(const char *text, struct tariff_ranges *r, char *error, size_t size);
unsigned int tariff_ranges_at(const struct tariff_ranges *r, const struct zone *z, s64 unix_s);
/* The first instant after @unix_s at which another tariff begins. */
s64 tariff_ranges_next(const struct tariff_ranges *r, const struct zone *z, s64 unix_s);

#endif /* METERD_TARIFF_RANGES_H */
