/* SPDX-License-Identifier: MIT */
/*
 * The control socket: meterctl status, meterctl source NAME on|off.
 */
#ifndef METERD_CONTROL_H
#define METERD_CONTROL_H

#include "http.h"

/* Its members may use it, besides root. */
#define CONTROL_GROUP	"meter"
/* In the runtime directory. */
#define CONTROL_SOCKET	"control"

struct control;

/* NULL after a line in the log: there is no socket, all else goes on. */
struct control *control_new(struct event_base *base, const char *runtime,
			    const struct view *view);
void control_free(struct control *c);

#endif /* METERD_CONTROL_H */
