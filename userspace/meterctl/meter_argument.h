/* SPDX-License-Identifier: MIT */
/*
 * METER on a command line.
 */
#ifndef METERCTL_METER_ARGUMENT_H
#define METERCTL_METER_ARGUMENT_H

#include "../lib/meters.h"

int meter_argument(const char *wanted, struct meter *m);
int no_meter(void);

#endif /* METERCTL_METER_ARGUMENT_H */
