/* SPDX-License-Identifier: MIT */
/*
 * The watchdog of the service manager.
 */
#ifndef METERD_WATCHDOG_H
#define METERD_WATCHDOG_H

#include "source.h"

struct watchdog;

/* NULL when the service manager wants none, or without memory. */
struct watchdog *watchdog_new(struct event_base *base, int notify_fd,
			      const struct sources *sources);
void watchdog_free(struct watchdog *w);

#endif /* METERD_WATCHDOG_H */
