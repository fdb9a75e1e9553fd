/* SPDX-License-Identifier: MIT */
/*
 * Where servers listen: what HTTP and the fan-out have in common.
 */
#ifndef METERD_LISTEN_H
#define METERD_LISTEN_H

#include <event2/listener.h>
#include <sys/socket.h>

#include "../../kernel/telegram/types.h"
#include "../lib/listen_advice.h"

/* When no descriptor is left for a connection, none is taken for so long. */
#define LISTEN_PAUSE_S 10

struct evconnlistener *listen_at(struct event_base *base, const char *host, u16 port,
				 evconnlistener_cb accepted, void *context);
bool address_is_loopback(const struct sockaddr *sa);
bool host_is_loopback(const char *host);

#endif /* METERD_LISTEN_H */
