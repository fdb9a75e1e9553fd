// SPDX-License-Identifier: MIT
/*
 * Where servers listen: what HTTP, the fan-out and the port of D2L modules have in common.
 */
#include <errno.h>
#include <event2/event.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "listen.h"

static struct addrinfo *find_address(const char *host, u16 port)
{
	const struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
	};
	struct addrinfo *found;
	char service[6];

	snprintf(service, sizeof(service), "%u", port);
	return getaddrinfo(host, service, &hints, &found) ? NULL : found;
}

/**
 * listen_at - listens on an address
 * @base: the loop
 * @host: IPv4 or IPv6, without brackets
 * @port: 1..65535
 * @accepted: for each connection; NULL: none is taken yet
 * @context: handed to @accepted
 *
 * Loop thread.
 *
 * Return: the listener; NULL with errno.
 */
struct evconnlistener *listen_at(struct event_base *base, const char *host, u16 port,
				 evconnlistener_cb accepted, void *context)
{
	struct addrinfo *a = find_address(host, port);
	struct evconnlistener *listener;

	errno = EINVAL;
	if (!a)
		return NULL;
	listener = evconnlistener_new_bind(base, accepted, context, LEV_OPT_CLOSE_ON_FREE |
					   LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, SOMAXCONN,
					   a->ai_addr, a->ai_addrlen);
	freeaddrinfo(a);
	return listener;
}

/**
 * struct listening - a place where it is listened, or will be
 * @host: of @place
 * @listener: NULL: the address could not be had
 * @again: to listen, or to take connections
 */
struct listening {
	struct listening_place place;
	char *host;
	struct evconnlistener *listener;
	struct event *again;
};

static void try_again(struct listening *l)
{
	static const struct timeval pause = { .tv_sec = LISTEN_PAUSE_S };

	event_add(l->again, &pause);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *sa,
		      int len, void *context)
{
	const struct listening_place *p = &((struct listening *)context)->place;

	p->accepted(listener, fd, sa, len, p->context);
}

/* No descriptor is left: a listener that goes on would find the same at once, for ever. */
static void on_accept_error(struct evconnlistener *listener, void *context)
{
	struct listening *l = context;

	log_limited(l->place.limit, LEVEL_WARNING, l->place.who,
		    "no connection can be taken: %s; none is for %d s", strerror(errno),
		    LISTEN_PAUSE_S);
	evconnlistener_disable(listener);
	try_again(l);
}

static void begin_listening(struct listening *l)
{
	const struct listening_place *p = &l->place;

	l->listener = listen_at(p->base, l->host, p->port, on_accept, l);
	if (l->listener) {
		evconnlistener_set_error_cb(l->listener, on_accept_error);
		p->told(p->context, l->host, 0);
		return;
	}
	p->told(p->context, l->host, errno);
	try_again(l);
}

static void on_again(evutil_socket_t fd, short what, void *context)
{
	struct listening *l = context;

	(void)fd;
	(void)what;
	if (l->listener)
		evconnlistener_enable(l->listener);
	else
		begin_listening(l);
}

/**
 * listening_new - listens
 * @p: where
 *
 * An address that cannot be had is tried again for ever. Loop thread.
 *
 * Return: for listening_free(); NULL without memory.
 */
struct listening *listening_new(const struct listening_place *p)
{
	struct listening *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->place = *p;
	l->host = strdup(p->host);
	l->again = evtimer_new(p->base, on_again, l);
	if (!l->host || !l->again) {
		listening_free(l);
		return NULL;
	}
	begin_listening(l);
	return l;
}

/** listening_tended - whether it listens, or will try to */
bool listening_tended(const struct listening *l)
{
	return l->listener || evtimer_pending(l->again, NULL);
}

/** listening_free - listens no more; NULL does nothing */
void listening_free(struct listening *l)
{
	if (!l)
		return;
	if (l->listener)
		evconnlistener_free(l->listener);
	if (l->again)
		event_free(l->again);
	free(l->host);
	free(l);
}

/** address_is_loopback - whether only this machine has this address */
bool address_is_loopback(const struct sockaddr *sa)
{
	const struct in6_addr *v6 = &((const struct sockaddr_in6 *)sa)->sin6_addr;

	if (sa->sa_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)sa)->sin_addr.s_addr) >> 24 == 127;
	if (sa->sa_family != AF_INET6)
		return false;
	return IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == 127);
}

/** host_is_loopback - the same of an address as text */
bool host_is_loopback(const char *host)
{
	struct addrinfo *a = find_address(host, 0);
	bool loopback = a && address_is_loopback(a->ai_addr);

	if (a)
		freeaddrinfo(a);
	return loopback;
}
