// SPDX-License-Identifier: MIT
/*
 * Where servers listen: what HTTP and the fan-out have in common.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>

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
