/* SPDX-License-Identifier: MIT */
/*
 * The control socket: meterctl status, meterctl source NAME on|off.
 */
#ifndef METERD_CONTROL_H
#define METERD_CONTROL_H

#include "http.h"

struct control;

struct control *control_new(struct event_base *base, const char *runtime,
			    const struct http_view *view);
void control_free(struct control *c);

#endif /* METERD_CONTROL_H */
