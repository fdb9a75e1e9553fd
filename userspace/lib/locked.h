/* SPDX-License-Identifier: MIT */
/*
 * Memory for keys: never in swap or in a core file, and wiped when it is given back.
 */
#ifndef METERLINE_LOCKED_H
#define METERLINE_LOCKED_H

#include <stdbool.h>
#include <stddef.h>

void *locked_new(size_t size);
void locked_free(void *memory, size_t size);

#endif /* METERLINE_LOCKED_H */
