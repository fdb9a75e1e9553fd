/* SPDX-License-Identifier: MIT */
/*
 * Waiting for a device to be there, or to be ours.
 */
#ifndef METERD_DEVICE_WAIT_H
#define METERD_DEVICE_WAIT_H

#include <event2/event.h>

#include "../../kernel/telegram/types.h"

struct device_wait;

typedef void (*device_fn)(void *context);

struct device_wait *device_wait_new(struct event_base *base, const char *path, device_fn look,
				    void *context);
void device_wait_begin(struct device_wait *w);
bool device_wait_pending(const struct device_wait *w);
void device_wait_found(struct device_wait *w);
void device_wait_free(struct device_wait *w);

#endif /* METERD_DEVICE_WAIT_H */
