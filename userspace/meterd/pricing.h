/* SPDX-License-Identifier: MIT */
/*
 * The prices in use: from the configuration and its files, which may change at any time.
 */
#ifndef METERD_PRICING_H
#define METERD_PRICING_H

#include "config.h"
#include "store.h"

struct pricing;

struct pricing *pricing_new(struct event_base *base, struct store *store);
void pricing_free(struct pricing *p);
void pricing_configure(struct pricing *p, const struct config *c);
/* Whether all files of prices can be read; each mistake is told in the log. */
bool pricing_check(const struct config *c);

/*
 * What a unit of a register costs a meter at @now_s. @reg: Q_energy_import or _export where one
 * price holds for all, else the register of the tariff that runs; gas, water, heat.
 */
bool pricing_now(const struct pricing *p, const struct ledger_book *b, s64 now_s, enum quantity reg,
		 s64 *price_e5, const char **currency);

#endif /* METERD_PRICING_H */
