/* SPDX-License-Identifier: MIT */
/*
 * Telegrams as lines of CSV.
 */
#ifndef METERCTL_RECORD_CSV_H
#define METERCTL_RECORD_CSV_H

#include <stdio.h>

#include "../../kernel/telegram/quantities.h"

void record_csv_header(FILE *out, const struct reading *columns);
void record_csv_line(FILE *out, const struct reading *columns, s64 time_ns,
		     const struct reading *r);

#endif /* METERCTL_RECORD_CSV_H */
