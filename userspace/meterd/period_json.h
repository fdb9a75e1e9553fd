/* SPDX-License-Identifier: MIT */
/*
 * What a meter counted today, this month, yesterday and last month.
 */
#ifndef METERD_PERIOD_JSON_H
#define METERD_PERIOD_JSON_H

#include <stdio.h>

#include "meters.h"
#include "store.h"

bool period_json(FILE *out, struct store *store, const struct meter *m, s64 now_s);

#endif /* METERD_PERIOD_JSON_H */
