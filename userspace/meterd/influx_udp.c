// SPDX-License-Identifier: MIT
/*
 * Lines in datagrams: whole lines in each, small enough for any network.
 *
 * The network tells that nobody takes a datagram, if at all, a moment later (ICMP): for so long
 * each is kept, and sent again when it was so.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "influx.h"

/* Longer than an answer of ICMP is on its way in a network of one's own. */
#define SETTLE_MS 250
/* What is sent before the next look at such answers. */
#define BATCH_BYTES (64 * 1024)

static bool udp_open(struct influx *i, char *problem, size_t size)
{
	const struct addrinfo *a = i->address;

	i->fd = socket(a->ai_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (i->fd >= 0 && !connect(i->fd, a->ai_addr, a->ai_addrlen))
		return true;
	snprintf(problem, size, "no way leads there: %s", strerror(errno));
	return false;
}

static void udp_close(struct influx *i)
{
	if (i->fd >= 0)
		close(i->fd);
	i->fd = -1;
}

/* As many whole lines as fit, of which none is longer. */
static size_t datagram_len(const char *text, size_t len)
{
	const char *end = text + len;

	if (len > INFLUX_LINE_MAX)
		end = (const char *)memrchr(text, '\n', INFLUX_LINE_MAX) + 1;
	return end - text;
}

/* 0, or errno. */
static int send_publication(int fd, const struct influx_publication *p)
{
	const char *at = p->text, *end = at + p->len;

	while (at < end) {
		size_t len = datagram_len(at, end - at);

		if (send(fd, at, len, MSG_NOSIGNAL) < 0)
			return errno;
		at += len;
	}
	return 0;
}

/* 0, or errno of the one that could not be sent. Those before are under way. */
static int send_batch(struct influx *i, size_t max)
{
	const struct influx_publication *p = i->queue.first;
	size_t bytes = 0;
	int error = 0;

	for (; p && bytes < max; p = p->next) {
		error = send_publication(i->fd, p);
		if (error)
			break;
		i->queue.sent++;
		bytes += p->len;
	}
	/* No room is no failure: there is some when the next ones are sent. */
	return error == EAGAIN || error == ENOBUFS ? 0 : error;
}

static void udp_failed(struct influx *i, int error)
{
	if (error == ECONNREFUSED)
		influx_failed(i, true, "nobody takes datagrams there: is the port right, and the "
			      "server switched on?");
	else
		influx_failed(i, true, "cannot send: %s", strerror(error));
}

static void udp_send(struct influx *i)
{
	int error = send_batch(i, BATCH_BYTES);

	if (error) {
		udp_failed(i, error);
		return;
	}
	i->phase = INFLUX_BUSY;
	influx_set_timer(i, SETTLE_MS);
}

/* What the network said meanwhile; 0: nothing. */
static int udp_error(int fd)
{
	socklen_t len = sizeof(int);
	int error;

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) ? errno : error;
}

static void udp_timer(struct influx *i)
{
	int error = udp_error(i->fd);

	if (error)
		udp_failed(i, error);
	else
		influx_arrived(i);
}

static void udp_end(struct influx *i)
{
	if (i->fd < 0 || udp_error(i->fd))
		return;
	if (i->phase == INFLUX_BUSY)
		influx_arrived(i);
	if (!send_batch(i, SIZE_MAX))
		influx_arrived(i);
}

const struct influx_way influx_udp = {
	.open = udp_open,
	.send = udp_send,
	.timer = udp_timer,
	.end = udp_end,
	.close = udp_close,
};
