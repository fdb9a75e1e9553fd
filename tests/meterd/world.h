/* SPDX-License-Identifier: MIT */
/*
 * Sources and gateways in one loop under a clock of its own: hours pass as fast as they can.
 *
 * The clock stands still while anything is to be done, and jumps to the next timer otherwise. All
 * gateways live in the same loop, and names are addresses, so nothing else is ever waited for.
 * For one C file of a program; it replaces clock_gettime() and epoll_wait() for libevent, too.
 */
#ifndef METERD_TESTS_WORLD_H
#define METERD_TESTS_WORLD_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../../userspace/meterd/source.h"
#include "../host/host.h"

/* 2024-10-10T10:00:00Z, when every world begins. */
#define WORLD_BEGIN_S 1728554400
/* How long the kernel may take to carry bytes over the loopback, real time. */
#define LOOPBACK_US 200

static u64 world_ns = 1000000000;

int clock_gettime(clockid_t id, struct timespec *t)
{
	u64 s = world_ns / 1000000000;

	if (id == CLOCK_PROCESS_CPUTIME_ID || id == CLOCK_THREAD_CPUTIME_ID)
		return syscall(SYS_clock_gettime, id, t);
	if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
		s += WORLD_BEGIN_S;
	*t = (struct timespec){ .tv_sec = s, .tv_nsec = world_ns % 1000000000 };
	return 0;
}

static int poll_now(int fd, struct epoll_event *events, int max)
{
	return syscall(SYS_epoll_pwait, fd, events, max, 0, NULL, 8);
}

int epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
	struct timespec grace = { .tv_nsec = LOOPBACK_US * 1000 };
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	int n = poll_now(fd, events, max);

	if (n || !timeout)
		return n;
	if (ppoll(&ready, 1, timeout < 0 ? NULL : &grace, NULL) > 0)
		return poll_now(fd, events, max);
	world_ns += (u64)timeout * 1000000;
	return 0;
}

/**
 * struct world - sources, and what came out of them
 * @config: newest one of world_apply()
 * @heard: telegrams
 * @when: of the last one; @number: of its meter
 * @states: changes of states
 * @gone: lines that are no more
 * @on_telegram: called for each one
 */
struct world {
	struct event_base *base;
	struct notes *notes;
	struct sources *sources;
	struct config config;
	unsigned int heard;
	struct moment when;
	char number[METERLINE_NUMBER_MAX + 1];
	unsigned int states;
	unsigned int gone;
	void (*on_telegram)(struct world *w, struct line *line, const struct telegram *t);
};

static void world_telegram(void *context, struct line *line, const struct telegram *t,
			   const char *number, const struct moment *when)
{
	struct world *w = context;

	w->heard++;
	w->when = *when;
	if (number)
		snprintf(w->number, sizeof(w->number), "%s", number);
	else
		telegram_number(t, w->number, sizeof(w->number));
	if (w->on_telegram)
		w->on_telegram(w, line, t);
}

static void world_state(void *context, struct line *line)
{
	struct world *w = context;

	(void)line;
	w->states++;
}

static void world_gone(void *context, struct line *line)
{
	struct world *w = context;

	(void)line;
	w->gone++;
}

static void world_begin(struct world *w)
{
	struct source_out out = {
		.telegram = world_telegram,
		.state = world_state,
		.gone = world_gone,
		.context = w,
	};

	signal(SIGPIPE, SIG_IGN);
	log_set_level(LEVEL_ERROR);
	*w = (struct world){ .base = event_base_new(), .notes = notes_new(NULL, NULL) };
	w->sources = sources_new(w->base, &out, w->notes);
}

static void world_end(struct world *w)
{
	sources_free(w->sources);
	notes_free(w->notes);
	event_base_free(w->base);
}

/* Runs until this much time has passed. In no state may a source be left that nothing wakes. */
static __attribute__((unused)) void world_run(struct world *w, u64 ms)
{
	const struct timeval end = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	event_base_loopexit(w->base, &end);
	event_base_dispatch(w->base);
	for (struct source *s = sources_first(w->sources); s; s = s->next) {
		if (!s->running || s->ops->tended(s))
			continue;
		broken("nothing wakes %s: %s", s->config.name, s->lines->why);
		abort();
	}
}

static __attribute__((unused)) struct source_config tcp_config(const char *name, const char *host,
								u16 port)
{
	struct source_config c = {
		.type = SOURCE_TCP,
		.enabled = true,
		.cycle_s = -1,
		.host = (char *)host,
		.port = port,
		.protocols = LINE_AUTO,
	};

	snprintf(c.name, sizeof(c.name), "%s", name);
	return c;
}

static __attribute__((unused)) void world_apply(struct world *w, struct source_config *sources,
						 unsigned int count)
{
	w->config = (struct config){ .sources = sources, .source_count = count };
	sources_apply(w->sources, &w->config);
}

static __attribute__((unused)) struct line *line_of(struct world *w, const char *name)
{
	struct source *s = sources_first(w->sources);

	while (s && strcmp(s->config.name, name))
		s = s->next;
	return s ? s->lines : NULL;
}

#define CLIENTS_MAX 1100
#define TIMES_MAX 4096

/**
 * struct gateway - plays one
 * @accept: what it does with a new connection
 * @tick: what it does every @tick_ms
 * @connections: accepted so far; @times: when, ms
 * @clients: those that are connected, @count of them
 * @received: bytes that came from clients
 * @sent: bytes that went to them
 * @ticks: so far
 * @step: for @tick
 */
struct gateway {
	struct world *world;
	int fd;
	u16 port;
	struct event *acceptor;
	struct event *ticker;
	void (*accept)(struct gateway *g, int client);
	void (*tick)(struct gateway *g);
	unsigned int connections;
	u64 times[TIMES_MAX];
	unsigned int count;
	int clients[CLIENTS_MAX];
	u64 received;
	u64 sent;
	unsigned int ticks;
	int step;
};

static void gateway_drop(struct gateway *g, int client)
{
	for (unsigned int i = 0; i < g->count; i++)
		if (g->clients[i] == client)
			g->clients[i] = g->clients[--g->count];
	close(client);
}

static __attribute__((unused)) void gateway_drop_all(struct gateway *g)
{
	while (g->count)
		gateway_drop(g, g->clients[0]);
}

static __attribute__((unused)) void gateway_reset(struct gateway *g, int client)
{
	const struct linger now = { 1, 0 };

	setsockopt(client, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	gateway_drop(g, client);
}

static ssize_t gateway_send(struct gateway *g, int client, const void *bytes, size_t count)
{
	ssize_t n = send(client, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);

	g->sent += n > 0 ? n : 0;
	return n;
}

static __attribute__((unused)) void gateway_send_all(struct gateway *g, const void *bytes,
						      size_t count)
{
	for (unsigned int i = g->count; i-- > 0;)
		gateway_send(g, g->clients[i], bytes, count);
}

static void gateway_accepts(evutil_socket_t fd, short what, void *context)
{
	struct gateway *g = context;
	int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;

	(void)what;
	if (client < 0)
		return;
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (g->connections < TIMES_MAX)
		g->times[g->connections] = steady_ms();
	g->connections++;
	g->clients[g->count++] = client;
	if (g->accept)
		g->accept(g, client);
}

/* Clients that have gone are noticed here. */
static void gateway_ticks(evutil_socket_t fd, short what, void *context)
{
	struct gateway *g = context;
	char bytes[256];

	(void)fd;
	(void)what;
	for (unsigned int i = g->count; i-- > 0;) {
		ssize_t n = recv(g->clients[i], bytes, sizeof(bytes), MSG_DONTWAIT);

		g->received += n > 0 ? n : 0;
		if (!n || (n < 0 && errno != EAGAIN))
			gateway_drop(g, g->clients[i]);
	}
	g->ticks++;
	if (g->tick)
		g->tick(g);
}

static bool gateway_listen(struct gateway *g, const char *address)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(g->port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(g->port) };
	const bool is_six = inet_pton(AF_INET6, address, &six.sin6_addr) == 1;
	struct sockaddr *a = is_six ? (struct sockaddr *)&six : (struct sockaddr *)&four;
	socklen_t len = is_six ? sizeof(six) : sizeof(four);
	int one = 1;

	if (!is_six)
		inet_pton(AF_INET, address, &four.sin_addr);
	g->fd = socket(a->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(g->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (g->fd < 0 || bind(g->fd, a, len) || listen(g->fd, 1024) || getsockname(g->fd, a, &len))
		return broken("no gateway at %s: %s", address, strerror(errno));
	g->port = ntohs(is_six ? six.sin6_port : four.sin_port);
	g->acceptor = event_new(g->world->base, g->fd, EV_READ | EV_PERSIST, gateway_accepts, g);
	event_add(g->acceptor, NULL);
	return true;
}

static __attribute__((unused)) bool gateway_begin(struct gateway *g, struct world *w, u64 tick_ms)
{
	const struct timeval tick = { .tv_sec = tick_ms / 1000, .tv_usec = tick_ms % 1000 * 1000 };

	g->world = w;
	g->ticker = event_new(w->base, -1, EV_PERSIST, gateway_ticks, g);
	event_add(g->ticker, &tick);
	return gateway_listen(g, "127.0.0.1");
}

static void gateway_close(struct gateway *g)
{
	gateway_drop_all(g);
	if (g->acceptor)
		event_free(g->acceptor);
	g->acceptor = NULL;
	close(g->fd);
}

static __attribute__((unused)) void gateway_end(struct gateway *g)
{
	gateway_close(g);
	event_free(g->ticker);
}

/* A telegram of DSMR 5; @kwh makes it differ from others. Returns its length. */
static __attribute__((unused)) size_t a_telegram(char text[1024], unsigned int kwh)
{
	char body[900];

	snprintf(body, sizeof(body),
		 "/XYZ5\\TEST-METER\r\n\r\n"
		 "1-3:0.2.8(50)\r\n"
		 "0-0:1.0.0(241010120000S)\r\n"
		 "0-0:96.1.1(4530303031)\r\n"
		 "1-0:1.8.1(%06u.123*kWh)\r\n"
		 "1-0:1.8.2(000456.789*kWh)\r\n"
		 "0-0:96.14.0(0001)\r\n"
		 "1-0:1.7.0(00.512*kW)\r\n"
		 "!", kwh);
	return p1_with_crc((u8 *)text, 1024, body);
}

#endif /* METERD_TESTS_WORLD_H */
