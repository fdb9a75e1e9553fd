// SPDX-License-Identifier: MIT
/*
 * The connections of D2L modules: from bytes to whole frames, and answers back.
 *
 * Anybody who reaches the port can connect. What is held for a connection is bounded, those that
 * bring no frame are closed after 10 s, and when there are too many the oldest of them goes, so
 * that no flood keeps a module out. No address is ever refused for what it did before.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lib/hash.h"
#include "d2l_server.h"
#include "listen.h"
#include "log.h"
#include "source.h"

#define CHECK_MS 1000

#define ADDRESS_BUCKETS 1024

/** struct address - an address from which there are connections */
struct address {
	struct address *next;
	struct in6_addr ip;
	unsigned int count;
};

/**
 * struct connection - one of a module, or of somebody else
 * @proven: a good frame came on it
 * @since_ms: when it was made, or its newest frame came, or the first byte of half a frame
 * @rest: a frame of which only the beginning came; NULL: there is none
 */
struct connection {
	TAILQ_ENTRY(connection) link;
	struct d2l_server *server;
	struct address *address;
	struct event *readable;
	int fd;
	bool proven;
	u64 since_ms;
	struct d2l_framer *rest;
};

TAILQ_HEAD(connections, connection);

/**
 * struct d2l_server - all of them, and where they come
 * @check: for those that are too slow, while there are any
 * @unproven: in the order in which they were made
 * @proven: in the order of their newest frames
 */
struct d2l_server {
	struct d2l_place place;
	struct listening *listening;
	struct event *check;
	struct connections unproven;
	struct connections proven;
	unsigned int count;
	struct address *addresses[ADDRESS_BUCKETS];
	struct log_limit limit;
	u8 buffer[D2L_FRAME_MAX];
	struct d2l_framer framer;
};

static struct address **bucket_of(struct d2l_server *s, const struct in6_addr *ip)
{
	return &s->addresses[hash_add(HASH_BEGIN, ip, sizeof(*ip)) % ADDRESS_BUCKETS];
}

static struct in6_addr ip_of(const struct sockaddr *sa)
{
	struct in6_addr ip = { 0 };

	if (sa->sa_family == AF_INET6)
		return ((const struct sockaddr_in6 *)sa)->sin6_addr;
	ip.s6_addr[10] = ip.s6_addr[11] = 0xff;
	memcpy(ip.s6_addr + 12, &((const struct sockaddr_in *)sa)->sin_addr, 4);
	return ip;
}

static const char *ip_text(const struct in6_addr *ip, char text[INET6_ADDRSTRLEN])
{
	bool v4 = IN6_IS_ADDR_V4MAPPED(ip);

	return inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? ip->s6_addr + 12 : ip->s6_addr, text,
			 INET6_ADDRSTRLEN);
}

/* NULL without memory. */
static struct address *address_take(struct d2l_server *s, const struct in6_addr *ip)
{
	struct address **bucket = bucket_of(s, ip), *a = *bucket;

	while (a && memcmp(&a->ip, ip, sizeof(*ip)))
		a = a->next;
	if (!a) {
		a = calloc(1, sizeof(*a));
		if (!a)
			return NULL;
		a->ip = *ip;
		a->next = *bucket;
		*bucket = a;
	}
	a->count++;
	return a;
}

static void address_release(struct d2l_server *s, struct address *a)
{
	struct address **at = bucket_of(s, &a->ip);

	if (--a->count)
		return;
	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	free(a);
}

static struct connections *list_of(struct connection *c)
{
	return c->proven ? &c->server->proven : &c->server->unproven;
}

static void connection_free(struct connection *c)
{
	struct d2l_server *s = c->server;

	TAILQ_REMOVE(list_of(c), c, link);
	event_free(c->readable);
	close(c->fd);
	address_release(s, c->address);
	free(c->rest);
	free(c);
	if (!--s->count)
		event_del(s->check);
}

/* Sent with room to spare, unless the other side takes nothing: then it is no module. */
static bool send_answer(struct connection *c, const u8 answer[D2L_ANSWER_LEN])
{
	return send(c->fd, answer, D2L_ANSWER_LEN, MSG_NOSIGNAL) == D2L_ANSWER_LEN;
}

/* A good frame came: from now on it goes last. */
static void prove(struct connection *c)
{
	TAILQ_REMOVE(list_of(c), c, link);
	c->proven = true;
	c->since_ms = steady_ms();
	TAILQ_INSERT_TAIL(&c->server->proven, c, link);
}

/* False when the connection is to be closed. */
static bool take_frame(struct connection *c, struct d2l_framer *framer, const struct d2l_header *h)
{
	const struct d2l_place *p = &c->server->place;
	char address[INET6_ADDRSTRLEN];
	u8 answer[D2L_ANSWER_LEN];
	enum d2l_next next;

	next = p->frame(p->context, framer->bytes, h, ip_text(&c->address->ip, address), answer);
	if (next == D2L_CLOSE)
		return false;
	d2l_framer_drop(framer, h->len);
	prove(c);
	return next != D2L_ANSWER || send_answer(c, answer);
}

/* False when the connection is to be closed. */
static bool take_frames(struct connection *c, struct d2l_framer *framer)
{
	struct d2l_header h;
	enum d2l_verdict verdict;

	while ((verdict = d2l_framer_next(framer, &h)) == D2L_GOOD) {
		if (!take_frame(c, framer, &h))
			return false;
	}
	if (verdict == D2L_OPEN)
		return true;
	c->server->place.stats->malformed++;
	return false;
}

static bool take_bytes(struct connection *c, struct d2l_framer *framer, const u8 *bytes,
		       size_t count)
{
	while (count) {
		size_t n = d2l_framer_put(framer, bytes, count);

		bytes += n;
		count -= n;
		if (!take_frames(c, framer))
			return false;
	}
	return true;
}

/* Most frames come whole, so that few connections need room for half of one. */
static bool keep_rest(struct connection *c, const struct d2l_framer *framer)
{
	if (c->rest && c->rest->len)
		return true;
	if (c->rest || !framer->len) {
		free(c->rest);
		c->rest = NULL;
		return true;
	}
	c->rest = malloc(sizeof(*c->rest));
	if (!c->rest)
		return false;
	c->rest->len = framer->len;
	memcpy(c->rest->bytes, framer->bytes, framer->len);
	if (c->proven)
		c->since_ms = steady_ms();
	return true;
}

/* One read each time, so that all connections have their turn. */
static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct connection *c = context;
	struct d2l_server *s = c->server;
	struct d2l_framer *framer = c->rest ? c->rest : &s->framer;
	ssize_t n = recv(fd, s->buffer, sizeof(s->buffer), 0);

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	s->framer.len = 0;
	if (n <= 0 || !take_bytes(c, framer, s->buffer, n) || !keep_rest(c, framer))
		connection_free(c);
}

static bool is_slow(const struct connection *c, u64 now_ms)
{
	return now_ms - c->since_ms >= (c->proven && !c->rest ? D2L_IDLE_MS : D2L_FRAME_MS);
}

static void close_slow(struct d2l_server *s, struct connections *list, u64 now_ms)
{
	struct connection *c, *next;

	for (c = TAILQ_FIRST(list); c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (!is_slow(c, now_ms))
			continue;
		s->place.stats->slow++;
		connection_free(c);
	}
}

static void on_check(evutil_socket_t fd, short what, void *context)
{
	struct d2l_server *s = context;
	u64 now_ms = steady_ms();

	(void)fd;
	(void)what;
	close_slow(s, &s->unproven, now_ms);
	close_slow(s, &s->proven, now_ms);
}

/* The oldest without a good frame, of one address or of all; NULL: there is none. */
static struct connection *oldest_unproven(struct d2l_server *s, const struct address *a)
{
	struct connection *c;

	TAILQ_FOREACH(c, &s->unproven, link) {
		if (!a || c->address == a)
			return c;
	}
	return NULL;
}

/* False when one more from @a, which is counted in it, cannot be had. */
static bool make_room(struct d2l_server *s, const struct address *a)
{
	struct connection *c;

	if (a->count <= D2L_ADDRESS_MAX && s->count < s->place.max_connections)
		return true;
	s->place.stats->full++;
	c = oldest_unproven(s, a->count > D2L_ADDRESS_MAX ? a : NULL);
	log_limited(&s->limit, LEVEL_WARNING, s->place.who,
		    "%u connections are open: %s", s->count, c ?
		    "the oldest that brought no frame is closed for a new one" :
		    "no more are taken; raise max_connections if these are all modules");
	if (c)
		connection_free(c);
	return c;
}

/* NULL without memory, and then @fd is not taken. */
static struct connection *connection_new(struct d2l_server *s, struct address *a, int fd)
{
	static const struct timeval every = { .tv_sec = CHECK_MS / 1000 };
	struct connection *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->server = s;
	c->address = a;
	c->fd = fd;
	c->since_ms = steady_ms();
	c->readable = event_new(s->place.base, fd, EV_READ | EV_PERSIST, on_readable, c);
	if (!c->readable || event_add(c->readable, NULL)) {
		if (c->readable)
			event_free(c->readable);
		free(c);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&s->unproven, c, link);
	if (!s->count++)
		event_add(s->check, &every);
	return c;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *sa,
		      int len, void *context)
{
	struct d2l_server *s = context;
	const struct in6_addr ip = ip_of(sa);
	struct address *a = address_take(s, &ip);
	const int on = 1;

	(void)listener;
	(void)len;
	s->place.stats->taken++;
	/* An answer waits for nothing; a failure of this only makes it later. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (a && make_room(s, a) && connection_new(s, a, fd))
		return;
	if (a)
		address_release(s, a);
	close(fd);
}

static void on_told(void *context, const char *host, int error)
{
	const struct d2l_place *p = &((struct d2l_server *)context)->place;

	(void)host;
	p->listens(p->context, error);
}

/* NULL without memory. */
static struct listening *listen_for(struct d2l_server *s)
{
	const struct d2l_place *p = &s->place;
	const struct listening_place at = {
		.base = p->base,
		.who = p->who,
		.limit = &s->limit,
		.host = p->host,
		.port = p->port,
		.accepted = on_accept,
		.told = on_told,
		.context = s,
	};

	return listening_new(&at);
}

/**
 * d2l_server_new - listens
 * @p: where
 *
 * An address that cannot be had is tried again for ever. Loop thread.
 *
 * Return: for d2l_server_free(); NULL without memory.
 */
struct d2l_server *d2l_server_new(const struct d2l_place *p)
{
	struct d2l_server *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	TAILQ_INIT(&s->unproven);
	TAILQ_INIT(&s->proven);
	s->place = *p;
	s->check = event_new(p->base, -1, EV_PERSIST, on_check, s);
	s->listening = s->check ? listen_for(s) : NULL;
	if (s->listening)
		return s;
	d2l_server_free(s);
	return NULL;
}

/** d2l_server_tended - whether it listens, or will try to */
bool d2l_server_tended(const struct d2l_server *s)
{
	return listening_tended(s->listening);
}

static void close_all(struct connections *list)
{
	while (!TAILQ_EMPTY(list))
		connection_free(TAILQ_FIRST(list));
}

/**
 * d2l_server_free - closes all connections
 * @s: the server, or NULL
 */
void d2l_server_free(struct d2l_server *s)
{
	if (!s)
		return;
	close_all(&s->unproven);
	close_all(&s->proven);
	listening_free(s->listening);
	if (s->check)
		event_free(s->check);
	free(s);
}
