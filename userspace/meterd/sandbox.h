/* SPDX-License-Identifier: MIT */
/*
 * What the daemon may ask of the kernel once it has begun.
 */
#ifndef METERD_SANDBOX_H
#define METERD_SANDBOX_H

#include "config.h"

bool sandbox_enter(enum sandbox_policy policy);

#endif /* METERD_SANDBOX_H */
