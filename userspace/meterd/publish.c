// SPDX-License-Identifier: MIT
/*
 * From meters to sinks, at the cycle of each meter.
 *
 * The first telegram of a meter is published at once, and then at most one state in each cycle:
 * the first that comes after its end, or at its end the newest when any came during it. Those of
 * which a newer state waits for the end are in one list, and one timer serves them all.
 */
#include <stdlib.h>

#include "publish.h"
#include "state_json.h"

/* The timer serves all that is due by then; a state is late by so much at most. */
#define TICK_MS 50

/**
 * struct publication - what one sink has of one meter
 * @of_meter: the same of the next sink
 * @due_ms: on the meter's clock: before, no other state is published
 * @waits: a newer state is there
 * @end_ms: when @due_ms is on the steady clock, while it @waits
 */
struct publication {
	struct publication *next;
	struct publication *of_meter;
	struct publication *next_waiting;
	struct publication **link;
	struct meter *meter;
	struct sink *sink;
	u64 due_ms;
	u64 end_ms;
	bool waits;
};

/**
 * struct publisher - all sinks
 * @cycle_s: of the daemon
 * @armed_ms: when the timer runs out; 0: it does not run
 */
struct publisher {
	struct event_base *base;
	struct event *timer;
	struct sink *sinks;
	struct publication *all;
	struct publication *waiting;
	int cycle_s;
	u64 armed_ms;
};

static u64 cycle_ms(const struct publisher *p, const struct publication *pub)
{
	const struct line *line = pub->meter->line;
	int cycle_s = pub->sink->cycle_s;

	if (cycle_s < 0 && line)
		cycle_s = line->source->config.cycle_s;
	if (cycle_s < 0)
		cycle_s = p->cycle_s;
	return (u64)cycle_s * 1000;
}

static void stop_waiting(struct publication *pub)
{
	if (!pub->waits)
		return;
	*pub->link = pub->next_waiting;
	if (pub->next_waiting)
		pub->next_waiting->link = pub->link;
	pub->waits = false;
}

static void publish(struct publisher *p, struct publication *pub, u64 now_ms)
{
	FILE *out = sink_file_begin(pub->sink->file);

	stop_waiting(pub);
	pub->due_ms = now_ms + cycle_ms(p, pub);
	if (!out)
		return;
	pub->sink->ops->meter(pub->sink, out, pub->meter, now_ms);
	sink_file_end(pub->sink->file);
}

static void arm(struct publisher *p, u64 now_ms, u64 end_ms)
{
	u64 ms = end_ms > now_ms ? end_ms - now_ms : 0;
	struct timeval delay = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	p->armed_ms = end_ms;
	event_add(p->timer, &delay);
}

static void wait_for_end(struct publisher *p, struct publication *pub)
{
	u64 now_ms = pub->meter->replay ? steady_ms() : pub->meter->heard_ms;

	pub->end_ms = now_ms + pub->due_ms - pub->meter->heard_ms;
	pub->waits = true;
	pub->link = &p->waiting;
	pub->next_waiting = p->waiting;
	if (p->waiting)
		p->waiting->link = &pub->next_waiting;
	p->waiting = pub;
	if (!p->armed_ms || pub->end_ms + TICK_MS < p->armed_ms)
		arm(p, now_ms, pub->end_ms);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct publisher *p = arg;
	u64 now_ms = steady_ms(), next_ms = UINT64_MAX;
	struct publication *pub, *next;

	(void)fd;
	(void)what;
	p->armed_ms = 0;
	for (pub = p->waiting; pub; pub = next) {
		next = pub->next_waiting;
		if (pub->end_ms <= now_ms)
			publish(p, pub, meter_now_ms(pub->meter));
		else if (pub->end_ms < next_ms)
			next_ms = pub->end_ms;
	}
	if (!p->waiting)
		return;
	if (next_ms < now_ms + TICK_MS)
		next_ms = now_ms + TICK_MS;
	arm(p, now_ms, next_ms);
}

static void add_publications(struct publisher *p, struct meter *m)
{
	for (struct sink *s = p->sinks; s; s = s->next) {
		struct publication *pub = calloc(1, sizeof(*pub));

		if (!pub)
			return;
		pub->meter = m;
		pub->sink = s;
		pub->next = p->all;
		p->all = pub;
		pub->of_meter = m->published;
		m->published = pub;
	}
}

/**
 * publisher_heard - a meter has a newer state
 * @p: the publisher
 * @m: the meter; lives as long as the publisher
 *
 * Loop thread. Does nothing at all without sinks, and next to nothing within a cycle.
 */
void publisher_heard(struct publisher *p, struct meter *m)
{
	struct publication *pub;

	if (!p->sinks)
		return;
	if (!m->published)
		add_publications(p, m);
	for (pub = m->published; pub; pub = pub->of_meter) {
		if (m->heard_ms >= pub->due_ms)
			publish(p, pub, m->heard_ms);
		else if (!pub->waits)
			wait_for_end(p, pub);
	}
}

/**
 * publisher_event - something happened to a meter
 * @p: the publisher, or NULL
 * @b: its accounts
 * @e: what
 *
 * Loop thread.
 */
void publisher_event(struct publisher *p, const struct ledger_book *b,
		     const struct ledger_event *e)
{
	for (struct sink *s = p ? p->sinks : NULL; s; s = s->next) {
		FILE *out = s->ops->event ? sink_file_begin(s->file) : NULL;

		if (!out)
			continue;
		s->ops->event(s, out, b, e);
		sink_file_end(s->file);
	}
}

/* Nothing that a meter said is kept back when its sink goes. */
static void publish_waiting(struct publisher *p)
{
	while (p->waiting)
		publish(p, p->waiting, meter_now_ms(p->waiting->meter));
}

static void forget_publications(struct publisher *p)
{
	publish_waiting(p);
	while (p->all) {
		struct publication *pub = p->all;

		p->all = pub->next;
		pub->meter->published = NULL;
		free(pub);
	}
}

static void sink_free(struct sink *s)
{
	sink_file_free(s->file);
	free(s);
}

static struct sink *sink_new(struct publisher *p, const struct sink_config *c)
{
	const struct sink_ops *ops = c->csv ? &sink_csv : &sink_jsonl;
	struct sink *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->ops = ops;
	snprintf(s->name, sizeof(s->name), "%s", c->name);
	s->file = sink_file_new(p->base, c->name, c->path, ops->header);
	if (s->file)
		return s;
	free(s);
	return NULL;
}

/* Takes the sink of this section out of @old, where it is there as it should be. */
static struct sink *sink_keep(struct sink **old, const struct sink_config *c)
{
	for (; *old; old = &(*old)->next) {
		struct sink *s = *old;

		if (strcmp(s->name, c->name) ||
		    !sink_file_is(s->file, c->path, c->csv ? sink_csv.header : sink_jsonl.header))
			continue;
		*old = s->next;
		sink_file_reopen(s->file);
		return s;
	}
	return NULL;
}

/**
 * publisher_configure - follows the configuration; every file is opened anew
 * @p: the publisher
 * @c: needed during the call only
 *
 * Loop thread. Each meter's next telegram is published at once.
 */
void publisher_configure(struct publisher *p, const struct config *c)
{
	struct sink *old = p->sinks, **end = &p->sinks;

	forget_publications(p);
	p->sinks = NULL;
	p->cycle_s = c->cycle_s;
	for (unsigned int i = 0; i < c->sink_count; i++) {
		const struct sink_config *wanted = &c->sinks[i];
		struct sink *s = sink_keep(&old, wanted);

		if (!s)
			s = sink_new(p, wanted);
		if (!s) {
			log_line(LEVEL_ERROR, wanted->name,
				 "no memory for this sink; reload to try again");
			continue;
		}
		s->cycle_s = wanted->cycle_s;
		s->fields = wanted->fields;
		s->identity = c->identity;
		s->next = NULL;
		*end = s;
		end = &s->next;
	}
	while (old) {
		struct sink *s = old;

		old = s->next;
		sink_free(s);
	}
}

/**
 * publisher_new - a publisher without sinks
 * @base: loop
 *
 * Return: NULL without memory.
 */
struct publisher *publisher_new(struct event_base *base)
{
	struct publisher *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->base = base;
	p->timer = event_new(base, -1, 0, on_timer, p);
	if (p->timer)
		return p;
	free(p);
	return NULL;
}

/**
 * publisher_free - publishes what waits and closes the sinks
 * @p: the publisher, or NULL; its meters are still there
 */
void publisher_free(struct publisher *p)
{
	if (!p)
		return;
	forget_publications(p);
	while (p->sinks) {
		struct sink *s = p->sinks;

		p->sinks = s->next;
		sink_free(s);
	}
	event_free(p->timer);
	free(p);
}
