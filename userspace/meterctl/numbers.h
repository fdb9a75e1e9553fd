/* SPDX-License-Identifier: MIT */
/*
 * Numbers on the command line.
 */
#ifndef METERCTL_NUMBERS_H
#define METERCTL_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

bool number_option(const char *option, const char *text, uint64_t low, uint64_t high,
		   uint64_t *value);
bool seconds_option(const char *option, const char *text, int64_t *ms);

#endif /* METERCTL_NUMBERS_H */
