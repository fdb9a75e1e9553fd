/* SPDX-License-Identifier: MIT */
/*
 * Giving up what a process may do.
 */
#ifndef METERLINE_PRIVILEGES_H
#define METERLINE_PRIVILEGES_H

#include <stdbool.h>

bool privileges_drop(void);

#endif /* METERLINE_PRIVILEGES_H */
