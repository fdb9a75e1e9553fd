/* SPDX-License-Identifier: MIT */
/*
 * The clock of the ledger: what happens when time passes, though no telegram comes.
 */
#ifndef METERD_TICKER_H
#define METERD_TICKER_H

#include "clock.h"
#include "store.h"

struct ticker;

/* All outlive it. NULL after a line in the log. */
struct ticker *ticker_new(struct event_base *base, const struct host_clock *clock,
			  struct ledger *ledger, struct store *store);
void ticker_free(struct ticker *t);

#endif /* METERD_TICKER_H */
