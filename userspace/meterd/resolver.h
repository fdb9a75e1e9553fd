/* SPDX-License-Identifier: MIT */
/*
 * Names to addresses, in a thread, for getaddrinfo() waits.
 */
#ifndef METERD_RESOLVER_H
#define METERD_RESOLVER_H

#include <event2/event.h>
#include <netdb.h>

#include "../../kernel/telegram/types.h"

struct resolver;
struct resolver_request;

/* @addresses is the callee's, freeaddrinfo(); NULL with @error a sentence. On the loop. */
typedef void (*resolver_fn)(void *context, struct addrinfo *addresses, const char *error);

struct resolver *resolver_new(struct event_base *base);
struct resolver_request *resolver_ask(struct resolver *r, const char *host, u16 port,
				      resolver_fn answer, void *context);
void resolver_forget(struct resolver *r, struct resolver_request *request);
void resolver_free(struct resolver *r);

#endif /* METERD_RESOLVER_H */
