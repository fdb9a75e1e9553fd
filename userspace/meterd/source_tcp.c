// SPDX-License-Identifier: MIT
/*
 * A gateway that hands out the bytes of a meter on a TCP port: we are its client and say nothing.
 *
 * One connection at a time. It is given up when no valid telegram came for long enough, whatever
 * else comes; until the next one there is a pause that grows, so that a gateway which serves one
 * client only, or is just starting, is left alone.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backoff.h"
#include "resolver.h"
#include "source.h"

#define CONNECT_MS 10000
/* A gateway that serves somebody else closes sooner than this. */
#define SETTLE_MS 2000
/* While no telegram has come on a connection, it is looked at so often. */
#define CHECK_MS 5000
/* A connection that was closed sooner than this did not last. */
#define SHORT_MS 10000

/* Longest pause after a short connection on which telegrams came. */
#define PAUSE_SHORT_MS 10000

/* A meter sends 11.5 KiB/s at most; a gateway may keep some seconds of that back. */
#define BUDGET_BYTES 65536
#define BUDGET_MS 1000
/* What the kernel may hold of a gateway that talks without end. */
#define RECEIVE_BYTES 65536

/* A peer that is gone without a word is noticed after a minute or two. */
#define KEEPALIVE_IDLE_S 60
#define KEEPALIVE_INTERVAL_S 15
#define KEEPALIVE_COUNT 4
#define USER_TIMEOUT_MS 60000

enum tcp_phase {
	TCP_PAUSE,		/* until the next attempt */
	TCP_NAME,		/* waits for the resolver */
	TCP_CONNECT,
	TCP_OPEN,
};

/**
 * struct tcp - a gateway
 * @phase: what is under way
 * @fd: -1: none
 * @socket: events of @fd; NULL: none
 * @timer: end of what is under way
 * @question: of TCP_NAME
 * @addresses: all of the gateway, while they are tried; @address: the one that is
 * @error: errno of the last one that was tried
 * @backoff: before the next attempt
 * @opened_ms: steady clock when the connection was made
 * @telegrams: of the line, until then
 * @second_ms: steady clock at the beginning of the second that @second_bytes came in
 * @given_up: the connection before this one was, for want of telegrams; that is still said
 * @held: not read until the next second
 * @told: that it sends too much, on this connection
 */
struct tcp {
	struct source *source;
	struct line *line;
	struct feed *feed;
	enum tcp_phase phase;
	int fd;
	struct event *socket;
	struct event *timer;
	struct resolver_request *question;
	struct addrinfo *addresses;
	struct addrinfo *address;
	int error;
	struct backoff backoff;
	u64 opened_ms;
	u64 telegrams;
	u64 second_ms;
	u32 second_bytes;
	bool given_up;
	bool held;
	bool told;
};

static void tcp_try_address(struct tcp *tcp);

static void tcp_set_timer(struct tcp *tcp, u64 ms)
{
	const struct timeval after = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	if (event_add(tcp->timer, &after))
		log_limited(&tcp->line->limit, LEVEL_ERROR, tcp->source->config.name,
			    "%s: no memory to go on; switch it off and on again later",
			    tcp->line->what);
}

static void tcp_close(struct tcp *tcp)
{
	if (tcp->socket)
		event_free(tcp->socket);
	tcp->socket = NULL;
	if (tcp->fd >= 0)
		close(tcp->fd);
	tcp->fd = -1;
	tcp->held = false;
}

static void tcp_forget_addresses(struct tcp *tcp)
{
	if (tcp->addresses)
		freeaddrinfo(tcp->addresses);
	tcp->addresses = NULL;
	tcp->address = NULL;
}

/* Leaves the gateway alone for a while. */
static void tcp_pause(struct tcp *tcp)
{
	tcp_close(tcp);
	tcp_forget_addresses(tcp);
	tcp->phase = TCP_PAUSE;
	tcp_set_timer(tcp, backoff_pause_ms(&tcp->backoff));
}

/* No address could be connected to. */
static void tcp_unreachable(struct tcp *tcp)
{
	const char *error = strerror(tcp->error);

	tcp->given_up = false;
	switch (tcp->error) {
	case ETIMEDOUT:
		line_set_state(tcp->line, LINE_SILENT,
			       "the gateway does not answer: is it switched on, and its address "
			       "right?");
		break;
	case ECONNREFUSED:
		line_set_state(tcp->line, LINE_REFUSED,
			       "the connection is refused: is the port right, and the gateway's "
			       "service switched on?");
		break;
	case EHOSTUNREACH:
	case EHOSTDOWN:
	case ENETUNREACH:
	case ENETDOWN:
		line_set_state(tcp->line, LINE_REFUSED,
			       "no way leads to the gateway (%s): is it switched on, and in this "
			       "network?", error);
		break;
	case EACCES:
	case EPERM:
		line_set_state(tcp->line, LINE_REFUSED,
			       "this machine forbids the connection (%s): look at its firewall",
			       error);
		break;
	case EMFILE:
	case ENFILE:
		line_set_state(tcp->line, LINE_REFUSED,
			       "too many files are open: raise LimitNOFILE of meterd");
		break;
	default:
		line_set_state(tcp->line, LINE_REFUSED, "cannot connect: %s", error);
	}
	tcp_pause(tcp);
}

/* The pause after a connection: short only after one that was worth something. */
static void tcp_set_pause(struct tcp *tcp)
{
	if (tcp->line->telegrams == tcp->telegrams)
		return;
	if (steady_ms() - tcp->opened_ms >= SHORT_MS)
		tcp->backoff.next_ms = 0;
	else if (tcp->backoff.next_ms > PAUSE_SHORT_MS)
		tcp->backoff.next_ms = PAUSE_SHORT_MS;
}

/* @how: the connection ended. */
static void tcp_say_lost(struct tcp *tcp, const char *how)
{
	const bool lasted = steady_ms() - tcp->opened_ms >= SHORT_MS;
	const char *complaint = feed_complaint(tcp->feed);

	if (tcp->line->telegrams != tcp->telegrams)
		line_set_state(tcp->line, LINE_SILENT, "%s%s; connecting again", how,
			       lasted ? "" : " soon after it was made");
	else if (complaint)
		line_set_state(tcp->line, LINE_WRONG_DATA, "%s", complaint);
	else if (lasted)
		line_set_state(tcp->line, LINE_SILENT, "%s without any telegram", how);
	else
		line_set_state(tcp->line, LINE_REFUSED,
			       "%s at once: many gateways serve one client only; does another "
			       "program use it?", how);
}

/* @error: errno; 0: the other side closed the connection. */
static void tcp_lost(struct tcp *tcp, int error)
{
	const char *how = "the gateway closed the connection";

	if (error == ETIMEDOUT || error == EHOSTUNREACH)
		how = "the gateway has vanished from the network";
	else if (error)
		how = "the gateway broke the connection";
	tcp_close(tcp);
	feed_end(tcp->feed);
	tcp->given_up = false;
	tcp_set_pause(tcp);
	tcp_say_lost(tcp, how);
	tcp_pause(tcp);
}

/* Nothing valid came for too long. */
static void tcp_give_up(struct tcp *tcp)
{
	const char *complaint = feed_complaint(tcp->feed);

	if (complaint && !tcp->told)
		line_set_state(tcp->line, LINE_WRONG_DATA, "%s", complaint);
	else if (!complaint)
		line_set_state(tcp->line, LINE_SILENT,
			       "the gateway is connected, but sends no telegram: is the meter's "
			       "port switched on?");
	tcp->given_up = true;
	tcp_set_pause(tcp);
	tcp_pause(tcp);
}

/* While no telegram has come on this connection, and it stays open. */
static void tcp_say_waiting(struct tcp *tcp)
{
	const char *complaint = feed_complaint(tcp->feed);

	if (complaint)
		line_set_state(tcp->line, LINE_WRONG_DATA, "%s", complaint);
	else if (!tcp->given_up && tcp->line->state != LINE_WRONG_DATA)
		line_set_state(tcp->line, LINE_SILENT, "connected, no telegram so far");
}

static void tcp_read_again(struct tcp *tcp)
{
	tcp->held = false;
	tcp->second_bytes = 0;
	event_add(tcp->socket, NULL);
}

static void tcp_check(struct tcp *tcp)
{
	const u64 patience_ms = line_patience_ms(tcp->line);
	const bool heard = tcp->line->telegrams != tcp->telegrams;
	u64 idle_ms = feed_idle_ms(tcp->feed);
	u64 next_ms;

	if (idle_ms >= patience_ms) {
		tcp_give_up(tcp);
		return;
	}
	if (tcp->held)
		tcp_read_again(tcp);
	if (!heard && !tcp->told)
		tcp_say_waiting(tcp);
	next_ms = patience_ms - idle_ms;
	tcp_set_timer(tcp, heard || next_ms < CHECK_MS ? next_ms : CHECK_MS);
}

/* No meter sends that much: the rest waits in the kernel, and then in the gateway. */
static void tcp_hold(struct tcp *tcp, u64 now_ms)
{
	static const char why[] = "more than 64 KiB/s come, which no meter sends; the rest waits";

	event_del(tcp->socket);
	tcp->held = true;
	tcp_set_timer(tcp, tcp->second_ms + BUDGET_MS - now_ms);
	if (tcp->told)
		return;
	tcp->told = true;
	if (tcp->line->telegrams == tcp->telegrams)
		line_set_state(tcp->line, LINE_WRONG_DATA, why);
	else
		log_limited(&tcp->line->limit, LEVEL_WARNING, tcp->source->config.name, "%s: %s",
			    tcp->line->what, why);
}

/* How many bytes may be read now, more than 0. */
static size_t tcp_allowance(struct tcp *tcp, u64 now_ms)
{
	size_t left;

	if (now_ms - tcp->second_ms >= BUDGET_MS) {
		tcp->second_ms = now_ms;
		tcp->second_bytes = 0;
	}
	left = BUDGET_BYTES - tcp->second_bytes;
	return left < SOURCES_BUFFER_BYTES ? left : SOURCES_BUFFER_BYTES;
}

/* One read each time, so that all gateways have their turn. */
static void tcp_readable(evutil_socket_t fd, short what, void *context)
{
	struct tcp *tcp = context;
	const struct moment now = { .unix_ms = host_unix_ms(), .steady_ms = steady_ms() };
	u8 *buffer = sources_buffer(tcp->source->all);
	ssize_t n = recv(fd, buffer, tcp_allowance(tcp, now.steady_ms), 0);

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		tcp_lost(tcp, n < 0 ? errno : 0);
		return;
	}
	feed_bytes(tcp->feed, buffer, n, &now);
	tcp->second_bytes += n;
	if (tcp->second_bytes >= BUDGET_BYTES)
		tcp_hold(tcp, now.steady_ms);
}

static bool tcp_watch(struct tcp *tcp, short what, event_callback_fn callback)
{
	if (tcp->socket)
		event_free(tcp->socket);
	tcp->socket = event_new(sources_base(tcp->source->all), tcp->fd, what, callback, tcp);
	return tcp->socket && !event_add(tcp->socket, NULL);
}

static void tcp_opened(struct tcp *tcp)
{
	tcp_forget_addresses(tcp);
	tcp->phase = TCP_OPEN;
	tcp->opened_ms = steady_ms();
	tcp->telegrams = tcp->line->telegrams;
	tcp->second_ms = tcp->opened_ms;
	tcp->second_bytes = 0;
	tcp->told = false;
	feed_reset(tcp->feed);
	if (!tcp_watch(tcp, EV_READ | EV_PERSIST, tcp_readable)) {
		tcp->error = ENOMEM;
		tcp_unreachable(tcp);
		return;
	}
	tcp_set_timer(tcp, SETTLE_MS);
}

/* This address is none: the next one. */
static void tcp_next_address(struct tcp *tcp, int error)
{
	tcp->error = error;
	tcp_close(tcp);
	tcp->address = tcp->address->ai_next;
	tcp_try_address(tcp);
}

static void tcp_writable(evutil_socket_t fd, short what, void *context)
{
	struct tcp *tcp = context;
	int error = 0;
	socklen_t len = sizeof(error);

	(void)what;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len))
		error = errno;
	if (error)
		tcp_next_address(tcp, error);
	else
		tcp_opened(tcp);
}

/* A failure of these leaves the watchdog, which is enough. */
static void tcp_set_options(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{ SOL_SOCKET, SO_RCVBUF, RECEIVE_BYTES },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S },
		{ IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S },
		{ IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		setsockopt(fd, options[i].level, options[i].name, &options[i].value,
			   sizeof(options[i].value));
}

/* Returns 0 when a connection is on its way, else errno. */
static int tcp_begin_connect(struct tcp *tcp)
{
	const struct addrinfo *a = tcp->address;

	tcp->fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (tcp->fd < 0)
		return errno;
	tcp_set_options(tcp->fd);
	if (connect(tcp->fd, a->ai_addr, a->ai_addrlen) && errno != EINPROGRESS)
		return errno;
	return tcp_watch(tcp, EV_WRITE, tcp_writable) ? 0 : ENOMEM;
}

static void tcp_try_address(struct tcp *tcp)
{
	for (; tcp->address; tcp->address = tcp->address->ai_next) {
		int error = tcp_begin_connect(tcp);

		if (!error) {
			tcp->phase = TCP_CONNECT;
			tcp_set_timer(tcp, CONNECT_MS);
			return;
		}
		tcp->error = error;
		tcp_close(tcp);
	}
	tcp_unreachable(tcp);
}

static void tcp_answered(void *context, struct addrinfo *addresses, const char *error)
{
	struct tcp *tcp = context;

	tcp->question = NULL;
	if (!addresses) {
		line_set_state(tcp->line, LINE_REFUSED, "%s", error);
		tcp_pause(tcp);
		return;
	}
	tcp->addresses = addresses;
	tcp->address = addresses;
	tcp_try_address(tcp);
}

static void tcp_dial(struct tcp *tcp)
{
	const struct source_config *c = &tcp->source->config;
	struct resolver *resolver = sources_resolver(tcp->source->all);

	tcp->phase = TCP_NAME;
	if (resolver)
		tcp->question = resolver_ask(resolver, c->host, c->port, tcp_answered, tcp);
	if (tcp->question)
		return;
	tcp->error = ENOMEM;
	tcp_unreachable(tcp);
}

static void tcp_timer(evutil_socket_t fd, short what, void *context)
{
	struct tcp *tcp = context;

	(void)fd;
	(void)what;
	switch (tcp->phase) {
	case TCP_PAUSE:
		tcp_dial(tcp);
		break;
	case TCP_CONNECT:
		tcp_next_address(tcp, ETIMEDOUT);
		break;
	case TCP_OPEN:
		tcp_check(tcp);
		break;
	case TCP_NAME:
		break;
	}
}

static void tcp_free(struct tcp *tcp)
{
	if (tcp->question)
		resolver_forget(sources_resolver(tcp->source->all), tcp->question);
	tcp_close(tcp);
	tcp_forget_addresses(tcp);
	if (tcp->timer)
		event_free(tcp->timer);
	feed_free(tcp->feed);
	free(tcp);
}

static bool tcp_start(struct source *s)
{
	struct tcp *tcp = calloc(1, sizeof(*tcp));

	if (!tcp)
		return false;
	tcp->source = s;
	tcp->fd = -1;
	tcp->line = line_add_address(s, s->config.host, s->config.port);
	if (tcp->line)
		tcp->feed = feed_new(tcp->line, s->config.protocols);
	tcp->timer = evtimer_new(sources_base(s->all), tcp_timer, tcp);
	if (!tcp->feed || !tcp->timer) {
		tcp_free(tcp);
		return false;
	}
	s->private = tcp;
	line_set_state(tcp->line, LINE_SILENT, "connecting");
	tcp_dial(tcp);
	return true;
}

static void tcp_stop(struct source *s)
{
	tcp_free(s->private);
	s->private = NULL;
}

static bool tcp_tended(const struct source *s)
{
	const struct tcp *tcp = s->private;

	return tcp->question || evtimer_pending(tcp->timer, NULL);
}

const struct source_ops source_tcp = {
	.type = "tcp",
	.start = tcp_start,
	.stop = tcp_stop,
	.tended = tcp_tended,
};
