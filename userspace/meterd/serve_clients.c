// SPDX-License-Identifier: MIT
/*
 * The clients of a port: each gets the same bytes, from the beginning of a telegram on.
 *
 * At most 64 connections, 8 of them from one address beyond loopback. Each has a queue of 64 KiB:
 * a client that does not keep up loses whole telegrams, which are counted, and one that takes
 * nothing for 30 s is closed. What clients send is thrown away, and one that sends more than a
 * reader could have to say is closed. An address that cannot be had is tried again.
 */
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "listen.h"
#include "serve_clients.h"
#include "source.h"

#define ADDRESS_CLIENTS_MAX	8
#define QUEUE_MAX		65536
#define PATIENCE_S		30

/* Some readers talk telnet or say hello; none has more to say in a window. */
#define INPUT_MAX		16384
#define INPUT_WINDOW_MS		10000

/* What the kernel queues of a client is old when it is read; it makes twice as much of it. */
#define SEND_BYTES		16384
#define KEEPALIVE_IDLE_S	60
#define KEEPALIVE_INTERVAL_S	15
#define KEEPALIVE_COUNT		4

/**
 * struct client - a connection
 * @address: of its other side; IPv4 mapped into IPv6
 * @taking: the telegram that is under way
 * @lost: telegrams for which its queue had no room
 * @input_ms: steady clock at the beginning of the window that @input_bytes came in
 */
struct client {
	struct client *next;
	struct client **link;
	struct serve_clients *all;
	struct bufferevent *bev;
	struct in6_addr address;
	bool loopback;
	bool taking;
	u64 lost;
	u64 input_ms;
	size_t input_bytes;
};

/**
 * struct serve_clients - all of them, and where they come
 * @error: errno of listening that was told
 */
struct serve_clients {
	struct serve_place place;
	struct listening *listening;
	int error;
	struct client *first;
	unsigned int count;
	struct log_limit limit;
};

/**
 * serve_block_new - bytes to be shared
 * @bytes: of malloc(); the block's from now on
 * @len: of them
 *
 * Return: with the caller as its holder; NULL without memory, and @bytes are freed.
 */
struct serve_block *serve_block_new(char *bytes, size_t len)
{
	struct serve_block *b = malloc(sizeof(*b));

	if (b)
		*b = (struct serve_block){ .holders = 1, .bytes = bytes, .len = len };
	else
		free(bytes);
	return b;
}

/**
 * serve_block_release - a holder needs it no more
 * @b: the block, or NULL
 */
void serve_block_release(struct serve_block *b)
{
	if (!b || --b->holders)
		return;
	free(b->bytes);
	free(b);
}

static void block_sent(const void *bytes, size_t len, void *block)
{
	(void)bytes;
	(void)len;
	serve_block_release(block);
}

static const char *address_text(const struct client *c, char text[INET6_ADDRSTRLEN])
{
	const u8 *bytes = c->address.s6_addr;
	bool v4 = IN6_IS_ADDR_V4MAPPED(&c->address);

	return inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? bytes + 12 : bytes, text, INET6_ADDRSTRLEN);
}

static void client_free(struct client *c)
{
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	c->all->count--;
	bufferevent_free(c->bev);
	free(c);
}

/* @why: NULL: it went by itself, which is worth a word only if it has missed something. */
static void client_close(struct client *c, const char *why)
{
	const char *who = c->all->place.who;
	char address[INET6_ADDRSTRLEN];

	address_text(c, address);
	if (why)
		log_limited(&c->all->limit, LEVEL_WARNING, who,
			    "client %s is closed: %s; it missed %" PRIu64 " telegrams", address,
			    why, c->lost);
	else if (c->lost)
		log_limited(&c->all->limit, LEVEL_WARNING, who,
			    "client %s has gone; it read too slowly and missed %" PRIu64
			    " telegrams", address, c->lost);
	client_free(c);
}

static void on_input(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	struct client *c = arg;
	u64 now_ms = steady_ms();

	if (now_ms - c->input_ms >= INPUT_WINDOW_MS) {
		c->input_ms = now_ms;
		c->input_bytes = 0;
	}
	c->input_bytes += evbuffer_get_length(in);
	evbuffer_drain(in, evbuffer_get_length(in));
	if (c->input_bytes > INPUT_MAX)
		client_close(c, "it sends without end, and nothing is read here");
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	if (what & BEV_EVENT_TIMEOUT)
		client_close(arg, "it has read nothing for 30 s");
	else if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		client_close(arg, NULL);
}

/* A failure of these leaves the queue's limits, which are enough. */
static void set_options(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
		{ SOL_SOCKET, SO_SNDBUF, SEND_BYTES },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S },
		{ IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S },
		{ IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		setsockopt(fd, options[i].level, options[i].name, &options[i].value,
			   sizeof(options[i].value));
}

static void take_address(struct client *c, const struct sockaddr *sa)
{
	u8 *bytes = c->address.s6_addr;

	c->loopback = address_is_loopback(sa);
	if (sa->sa_family == AF_INET6) {
		c->address = ((const struct sockaddr_in6 *)sa)->sin6_addr;
		return;
	}
	bytes[10] = bytes[11] = 0xff;
	memcpy(bytes + 12, &((const struct sockaddr_in *)sa)->sin_addr, 4);
}

/* Why one more from the address of @c cannot be had, or NULL. */
static const char *refusal(const struct serve_clients *all, const struct client *c)
{
	unsigned int same = 0;

	if (all->count >= SERVE_CLIENTS_MAX)
		return "64 clients are connected, which is the limit";
	for (const struct client *other = all->first; other && !c->loopback; other = other->next)
		same += !memcmp(&other->address, &c->address, sizeof(c->address));
	if (same >= ADDRESS_CLIENTS_MAX)
		return "8 clients of its address are connected, which is the limit";
	return NULL;
}

/* @fd is the bufferevent's when there is one. */
static bool client_begin(struct client *c, evutil_socket_t fd)
{
	static const struct timeval patience = { .tv_sec = PATIENCE_S };

	c->bev = bufferevent_socket_new(c->all->place.base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!c->bev)
		return false;
	set_options(fd);
	bufferevent_setcb(c->bev, on_input, NULL, on_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, INPUT_MAX);
	/* It runs only while something waits to be written. */
	bufferevent_set_timeouts(c->bev, NULL, &patience);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	c->next = c->all->first;
	c->link = &c->all->first;
	if (c->next)
		c->next->link = &c->next;
	c->all->first = c;
	c->all->count++;
	return true;
}

/* A telegram is begun only if there is room for any. */
static void client_give(struct client *c, struct serve_block *b, bool begins)
{
	struct evbuffer *queue = bufferevent_get_output(c->bev);
	size_t queued = evbuffer_get_length(queue);
	size_t room = begins && b->len < METERLINE_P1_MAX_BYTES ? METERLINE_P1_MAX_BYTES : b->len;

	if (begins || queued + room > QUEUE_MAX) {
		c->lost += begins ? queued + room > QUEUE_MAX : c->taking;
		c->taking = queued + room <= QUEUE_MAX;
	}
	if (!c->taking)
		return;
	b->holders++;
	if (evbuffer_add_reference(queue, b->bytes, b->len, block_sent, b)) {
		serve_block_release(b);
		c->taking = false;
		c->lost++;
	}
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *sa,
		      int len, void *arg)
{
	struct serve_clients *all = arg;
	struct client *c = calloc(1, sizeof(*c));
	struct serve_block *newest;
	const char *why = "no memory for it";
	char address[INET6_ADDRSTRLEN] = "?";

	(void)listener;
	(void)len;
	if (c) {
		c->all = all;
		take_address(c, sa);
		address_text(c, address);
		why = refusal(all, c);
	}
	if (why || !client_begin(c, fd)) {
		log_limited(&all->limit, LEVEL_WARNING, all->place.who, "client %s is refused: %s",
			    address, why ? why : "no memory for it");
		free(c);
		close(fd);
		return;
	}
	newest = all->place.newest(all->place.context);
	if (newest)
		client_give(c, newest, true);
	serve_block_release(newest);
}

static void on_told(void *context, const char *host, int error)
{
	struct serve_clients *all = context;
	const struct serve_place *p = &all->place;

	if (!error)
		log_line(LEVEL_INFO, p->who, "listening on %s port %u", host, p->port);
	else if (error != all->error)
		log_line(LEVEL_ERROR, p->who,
			 "cannot listen on %s port %u: %s%s; it is tried again", host, p->port,
			 strerror(error), listen_advice(error));
	if (error)
		all->error = error;
}

/* NULL without memory. */
static struct listening *listen_for(struct serve_clients *all)
{
	const struct serve_place *p = &all->place;
	const struct listening_place at = {
		.base = p->base,
		.who = p->who,
		.limit = &all->limit,
		.host = p->host,
		.port = p->port,
		.accepted = on_accept,
		.told = on_told,
		.context = all,
	};

	return listening_new(&at);
}

/**
 * serve_clients_new - listens
 * @p: where; @p->who outlives the clients, @p->host need not
 *
 * An address that cannot be had is told, and tried again for ever. Loop thread.
 *
 * Return: NULL without memory.
 */
struct serve_clients *serve_clients_new(const struct serve_place *p)
{
	struct serve_clients *all = calloc(1, sizeof(*all));

	if (!all)
		return NULL;
	all->place = *p;
	all->listening = listen_for(all);
	if (all->listening)
		return all;
	free(all);
	return NULL;
}

/** serve_clients_none - whether nobody is connected */
bool serve_clients_none(const struct serve_clients *all)
{
	return !all->first;
}

/**
 * serve_clients_give - bytes for everybody who gets what is under way
 * @all: the clients
 * @b: the bytes; the caller stays their holder
 * @begins: with them a telegram begins. A client that has no room misses all up to the next one
 *
 * Loop thread; does not wait.
 */
void serve_clients_give(struct serve_clients *all, struct serve_block *b, bool begins)
{
	for (struct client *c = all->first; c; c = c->next)
		client_give(c, b, begins);
}

/**
 * serve_clients_free - closes all connections
 * @all: the clients, or NULL
 */
void serve_clients_free(struct serve_clients *all)
{
	if (!all)
		return;
	while (all->first)
		client_free(all->first);
	listening_free(all->listening);
	free(all);
}
