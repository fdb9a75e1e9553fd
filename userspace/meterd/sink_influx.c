// SPDX-License-Identifier: MIT
/*
 * The sink for InfluxDB and whatever else takes its lines, over HTTP or UDP.
 *
 * Publications wait in a queue until they are known to have arrived. What finds no place in it
 * takes that of the oldest one, which is counted. While nobody takes them there are pauses, which
 * grow; a host with several addresses is tried at all of them before each.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "../lib/text.h"
#include "influx.h"
#include "resolver.h"

/* Of a meter that publishes every 5 s, more than two hours. */
#define QUEUE_BYTES (1024 * 1024)

static struct influx *influx_of(struct sink *s)
{
	return (struct influx *)s;
}

static void lose(struct influx *i, unsigned int publications)
{
	i->lost += publications;
	i->sink.counts.lost += publications;
}

/* The first of the queue, or the one behind @before. */
static void queue_remove(struct influx_queue *q, struct influx_publication *before)
{
	struct influx_publication *p = before ? before->next : q->first;

	if (before)
		before->next = p->next;
	else
		q->first = p->next;
	if (q->last == p)
		q->last = before;
	q->bytes -= p->len;
	q->count--;
	free(p);
}

/* The oldest one that is not under way. */
static void drop_oldest(struct influx *i)
{
	struct influx_publication *before = NULL;

	for (unsigned int n = 0; n < i->queue.sent; n++)
		before = before ? before->next : i->queue.first;
	queue_remove(&i->queue, before);
	lose(i, 1);
	if (!i->full)
		log_limited(&i->limit, LEVEL_WARNING, i->who, "%s: %u publications wait, for more "
			    "there is no room: the oldest are given up", i->where, i->queue.count);
	i->full = true;
}

static void queue_add(struct influx *i, const char *text, size_t len)
{
	struct influx_publication *p = malloc(sizeof(*p) + len);

	if (!p) {
		lose(i, 1);
		return;
	}
	while (i->queue.bytes + len > QUEUE_BYTES && i->queue.count > i->queue.sent)
		drop_oldest(i);
	p->next = NULL;
	p->len = len;
	memcpy(p->text, text, len);
	if (i->queue.last)
		i->queue.last->next = p;
	else
		i->queue.first = p;
	i->queue.last = p;
	i->queue.bytes += len;
	i->queue.count++;
}

static void send_waiting(struct influx *i)
{
	while (i->phase == INFLUX_READY && i->queue.count)
		i->way->send(i);
}

/**
 * influx_set_timer - when something has to have happened
 * @i: the sink
 * @ms: from now
 *
 * Loop thread.
 */
void influx_set_timer(struct influx *i, u64 ms)
{
	const struct timeval after = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	event_add(i->timer, &after);
}

/* What is wrong, once. */
static void complain(struct influx *i, const char *format, va_list args)
{
	char why[sizeof(i->why)];

	vsnprintf(why, sizeof(why), format, args);
	if (!strcmp(why, i->why))
		return;
	memcpy(i->why, why, sizeof(why));
	log_limited(&i->limit, LEVEL_WARNING, i->who, "%s: %s", i->where, why);
}

static void remove_sent(struct influx *i)
{
	for (; i->queue.sent; i->queue.sent--)
		queue_remove(&i->queue, NULL);
	i->phase = INFLUX_READY;
	i->backoff.next_ms = 0;
}

/**
 * influx_arrived - what was sent is where it should be
 * @i: the sink
 *
 * Loop thread.
 */
void influx_arrived(struct influx *i)
{
	i->sink.counts.sent += i->queue.sent;
	remove_sent(i);
	if (!*i->why && !i->lost)
		return;
	log_limited(&i->limit, i->lost ? LEVEL_WARNING : LEVEL_INFO, i->who,
		    "%s takes lines again; %" PRIu64 " publications were lost", i->where, i->lost);
	*i->why = '\0';
	i->lost = 0;
	i->full = false;
}

/**
 * influx_refused - what was sent will never be taken
 * @i: the sink
 * @why: a sentence
 *
 * Loop thread.
 */
void influx_refused(struct influx *i, const char *why, ...)
{
	va_list args;

	va_start(args, why);
	complain(i, why, args);
	va_end(args);
	lose(i, i->queue.sent);
	remove_sent(i);
}

static void forget_addresses(struct influx *i)
{
	if (i->addresses)
		freeaddrinfo(i->addresses);
	i->addresses = NULL;
	i->address = NULL;
}

static void pause_sending(struct influx *i)
{
	forget_addresses(i);
	i->phase = INFLUX_PAUSE;
	influx_set_timer(i, backoff_pause_ms(&i->backoff));
}

/* False: this address is none. */
static bool open_address(struct influx *i)
{
	char problem[sizeof(i->why)];

	if (i->way->open(i, problem, sizeof(problem))) {
		i->phase = INFLUX_READY;
		return true;
	}
	i->way->close(i);
	if (!i->address->ai_next)
		influx_failed(i, false, "%s", problem);
	return false;
}

static void open_first(struct influx *i)
{
	while (i->address && !open_address(i))
		if (i->address)
			i->address = i->address->ai_next;
}

/**
 * influx_failed - what was sent has not arrived, and is sent again later
 * @i: the sink
 * @address: another address of the host may be better
 * @why: a sentence
 *
 * Loop thread.
 */
void influx_failed(struct influx *i, bool address, const char *why, ...)
{
	va_list args;

	i->way->close(i);
	i->queue.sent = 0;
	if (address && i->address->ai_next) {
		i->address = i->address->ai_next;
		open_first(i);
		return;
	}
	va_start(args, why);
	complain(i, why, args);
	va_end(args);
	pause_sending(i);
}

static void on_addresses(void *context, struct addrinfo *addresses, const char *error)
{
	struct influx *i = context;

	i->question = NULL;
	if (!addresses) {
		influx_failed(i, false, "%s", error);
		return;
	}
	i->addresses = addresses;
	i->address = addresses;
	open_first(i);
	send_waiting(i);
}

static void dial(struct influx *i)
{
	struct resolver *resolver = sources_resolver(i->world->view->sources);

	i->phase = INFLUX_NAME;
	if (resolver)
		i->question = resolver_ask(resolver, i->target.host, i->target.port, on_addresses,
					   i);
	if (!i->question)
		influx_failed(i, false, "no memory to look up its name");
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct influx *i = context;

	(void)fd;
	(void)what;
	if (i->phase == INFLUX_PAUSE)
		dial(i);
	else if (i->phase == INFLUX_BUSY || i->phase == INFLUX_ANSWERED)
		i->way->timer(i);
	send_waiting(i);
}

static void influx_free(struct sink *s)
{
	struct influx *i = influx_of(s);

	if (i->way->end)
		i->way->end(i);
	lose(i, i->queue.count);
	if (i->lost)
		log_line(LEVEL_WARNING, i->who, "%" PRIu64 " publications for %s were lost, of "
			 "which %u had waited until now", i->lost, i->where, i->queue.count);
	i->way->close(i);
	if (i->question)
		resolver_forget(sources_resolver(i->world->view->sources), i->question);
	forget_addresses(i);
	while (i->queue.count)
		queue_remove(&i->queue, NULL);
	if (i->timer)
		event_free(i->timer);
	if (i->out)
		fclose(i->out);
	free(i->text);
	free(i->token_file);
	sink_target_free(&i->target);
	free(i);
}

static bool take_config(struct influx *i, const struct sink_config *own)
{
	bool brackets = strchr(own->target.host, ':');

	snprintf(i->who, sizeof(i->who), "sink %s", own->name);
	snprintf(i->where, sizeof(i->where), brackets ? "[%s]:%u" : "%s:%u", own->target.host,
		 own->target.port);
	strcpy(i->measurement, own->measurement);
	if (own->token_file)
		i->token_file = strdup(own->token_file);
	return sink_target_copy(&i->target, &own->target) && !own->token_file == !i->token_file;
}

static struct sink *influx_create(const struct sink_world *w, const struct config *c,
				  const struct sink_config *own)
{
	struct influx *i = calloc(1, sizeof(*i));

	(void)c;
	if (!i)
		return NULL;
	i->world = w;
	i->fd = -1;
	i->way = own->target.path ? &influx_http : &influx_udp;
	i->timer = evtimer_new(w->base, on_timer, i);
	i->out = open_memstream(&i->text, &i->len);
	if (!take_config(i, own) || !i->timer || !i->out) {
		influx_free(&i->sink);
		return NULL;
	}
	dial(i);
	return &i->sink;
}

/* What waits goes on waiting, and is tried at once. */
static bool influx_keep(struct sink *s, const struct config *c, const struct sink_config *own)
{
	struct influx *i = influx_of(s);

	(void)c;
	if (!sink_target_same(&i->target, &own->target) ||
	    !same_text(i->token_file, own->token_file))
		return false;
	strcpy(i->measurement, own->measurement);
	if (i->phase == INFLUX_PAUSE) {
		event_del(i->timer);
		i->backoff.next_ms = 0;
		dial(i);
	}
	return true;
}

static void influx_meter(struct sink *s, struct meter *m, u64 now_ms)
{
	struct influx *i = influx_of(s);
	const struct influx_format format = {
		.measurement = i->measurement,
		.unit_ns = i->target.unit_ns,
	};

	if (fseek(i->out, 0, SEEK_SET)) {
		lose(i, 1);
		return;
	}
	influx_lines(i->out, m, now_ms, &format);
	if (fflush(i->out)) {
		lose(i, 1);
		return;
	}
	if (!i->len)
		return;
	queue_add(i, i->text, i->len);
	send_waiting(i);
}

const struct sink_ops sink_influx = {
	.create = influx_create,
	.keep = influx_keep,
	.meter = influx_meter,
	.free = influx_free,
};
