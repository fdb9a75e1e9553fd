/* SPDX-License-Identifier: MIT */
/*
 * What a period costs: arithmetic only, for any thread.
 */
#ifndef METERD_COSTS_H
#define METERD_COSTS_H

#include "../lib/ledger_file.h"
#include "prices.h"

/**
 * struct cost_quarters - the quarters of a day, one after the other
 * @sum: of what they cost
 * @milli: counted in them, by enum direction, thousandths of Wh
 */
struct cost_quarters {
	struct cost_row sum;
	s64 milli[DIRECTION_COUNT];
};

void costs_of_quarter(const struct price_section *s, const struct zone *z,
		      const struct ledger_row *row, struct cost_row *cost);
void cost_quarters_add(struct cost_quarters *q, const struct price_section *s, const struct zone *z,
		       const struct ledger_row *row);
bool costs_of_day(const struct price_section *s, const struct zone *z, const struct ledger_row *row,
		  const struct cost_quarters *quarters, struct cost_row *cost);

#endif /* METERD_COSTS_H */
