/* SPDX-License-Identifier: MIT */
/*
 * Where servers listen: what HTTP, the fan-out and the port of D2L modules have in common.
 */
#ifndef METERD_LISTEN_H
#define METERD_LISTEN_H

#include <event2/listener.h>
#include <sys/socket.h>

#include "../../kernel/telegram/types.h"
#include "../lib/listen_advice.h"
#include "log.h"

/* When no descriptor is left for a connection, none is taken for so long. */
#define LISTEN_PAUSE_S 10

struct evconnlistener *listen_at(struct event_base *base, const char *host, u16 port,
				 evconnlistener_cb accepted, void *context);

/**
 * struct listening_place - where to listen for ever
 * @base: the loop
 * @who: for the log; outlives it
 * @limit: of what is said of connections that cannot be taken; likewise
 * @host: IPv4 or IPv6, without brackets; copied
 * @port: 1..65535
 * @accepted: for each connection
 * @told: it listens at @host now, or cannot: then @error is errno
 * @context: given to both
 */
struct listening_place {
	struct event_base *base;
	const char *who;
	struct log_limit *limit;
	const char *host;
	u16 port;
	evconnlistener_cb accepted;
	void (*told)(void *context, const char *host, int error);
	void *context;
};

struct listening;
struct listening *listening_new(const struct listening_place *p);
bool listening_tended(const struct listening *l);
void listening_free(struct listening *l);

bool address_is_loopback(const struct sockaddr *sa);
bool host_is_loopback(const char *host);

#endif /* METERD_LISTEN_H */
