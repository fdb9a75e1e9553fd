/* SPDX-License-Identifier: MIT */
/*
 * Waiting: how long, by which clock, and what ends it.
 */
#ifndef METERCTL_WAIT_H
#define METERCTL_WAIT_H

#include <stdbool.h>
#include <stdint.h>

uint64_t wait_now_ms(void);
int wait_signals(int extra);
bool wait_seconds(const char *text, const char *what_for, unsigned int max_s, unsigned int *seconds);

#endif /* METERCTL_WAIT_H */
