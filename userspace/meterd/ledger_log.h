/* SPDX-License-Identifier: MIT */
/*
 * What the ledger found, as a line for people.
 */
#ifndef METERD_LEDGER_LOG_H
#define METERD_LEDGER_LOG_H

#include "ledger.h"
#include "log.h"

void ledger_log(struct log_limit *limit, const struct ledger_book *b,
		const struct ledger_event *e);

#endif /* METERD_LEDGER_LOG_H */
