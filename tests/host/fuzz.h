/* SPDX-License-Identifier: MIT */
/*
 * A property that must hold for any bytes. Each fuzz_*.c defines one; it is tried by fuzz_main.c
 * on changed vectors in `make check-host`, and by libFuzzer (`make fuzz`) for as long as one likes.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "host.h"

extern const char property[];
size_t fuzz_seeds(struct vector **vectors);
bool holds(const u8 *bytes, size_t len);
int LLVMFuzzerTestOneInput(const u8 *bytes, size_t len);

#endif /* FUZZ_H */
