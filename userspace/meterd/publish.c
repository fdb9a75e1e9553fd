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
 * @identity: numbers of meters may be told
 * @armed_ms: when the timer runs out; 0: it does not run
 * @note: an event that is being told, into @note_text
 */
struct publisher {
	struct sink_world world;
	struct event *timer;
	struct sink *sinks;
	struct publication *all;
	struct publication *waiting;
	int cycle_s;
	bool identity;
	u64 armed_ms;
	FILE *note;
	char *note_text;
	size_t note_len;
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
	stop_waiting(pub);
	pub->due_ms = now_ms + cycle_ms(p, pub);
	pub->sink->ops->meter(pub->sink, pub->meter, now_ms);
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
 * @p: the publisher, or NULL
 * @m: the meter; lives as long as the publisher
 *
 * Loop thread. Does nothing at all without sinks, and next to nothing within a cycle.
 */
void publisher_heard(struct publisher *p, struct meter *m)
{
	struct publication *pub;

	if (!p || !p->sinks)
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
 * publisher_bytes - bytes came on a line
 * @p: the publisher, or NULL
 * @line: the line
 * @bytes: as they came
 * @count: of them
 *
 * Loop thread. They are decoded afterwards.
 */
void publisher_bytes(struct publisher *p, const struct line *line, const u8 *bytes, size_t count)
{
	for (struct sink *s = p ? p->sinks : NULL; s; s = s->next)
		if (s->ops->bytes)
			s->ops->bytes(s, line, bytes, count);
}

/**
 * publisher_changed - a line has another state, and so have its meters
 * @p: the publisher, or NULL
 * @line: the line; NULL: all meters that have none
 *
 * Loop thread.
 */
void publisher_changed(struct publisher *p, const struct line *line)
{
	for (struct sink *s = p ? p->sinks : NULL; s; s = s->next) {
		if (!s->ops->changed)
			continue;
		for (struct meter *m = meters_first(p->world.view->meters); m; m = m->next)
			if (m->line == line)
				s->ops->changed(s, m);
	}
}

/**
 * publisher_gone - no meter is called so any more
 * @p: the publisher
 * @name: that it had
 *
 * Loop thread.
 */
void publisher_gone(struct publisher *p, const char *name)
{
	for (struct sink *s = p->sinks; s; s = s->next)
		if (s->ops->gone)
			s->ops->gone(s, name);
}

/* The object is written where @p->note goes between begin and end. */
static bool note_begin(struct publisher *p)
{
	return p && p->sinks && !fseek(p->note, 0, SEEK_SET);
}

static void note_end(struct publisher *p, const char *event, const char *name)
{
	struct event_note e = { .event = event, .name = name };

	if (fflush(p->note))
		return;
	e.json = p->note_text;
	e.len = p->note_len;
	for (struct sink *s = p->sinks; s; s = s->next)
		if (s->ops->event)
			s->ops->event(s, &e);
}

/**
 * publisher_ledger_event - the ledger found something
 * @p: the publisher, or NULL
 * @b: accounts of the meter
 * @e: what
 *
 * Loop thread.
 */
void publisher_ledger_event(struct publisher *p, const struct ledger_book *b,
			    const struct ledger_event *e)
{
	if (note_begin(p))
		note_end(p, ledger_event_json(p->note, b, e, p->identity), b->name);
}

/**
 * publisher_meter_event - a telegram brought news
 * @p: the publisher
 * @m: its meter
 * @e: what
 *
 * Loop thread.
 */
void publisher_meter_event(struct publisher *p, const struct meter *m, const struct meter_event *e)
{
	if (note_begin(p))
		note_end(p, meter_event_json(p->note, m, e, p->identity), m->name);
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

static struct sink *sink_new(struct publisher *p, const struct config *c,
			     const struct sink_config *own)
{
	const struct sink_ops *ops = sink_kinds[own->type];
	struct sink *s = ops->create(&p->world, c, own);

	if (!s)
		return NULL;
	s->ops = ops;
	s->type = own->type;
	snprintf(s->name, sizeof(s->name), "%s", own->name);
	return s;
}

/* Takes the sink of this section out of @old, where it can go on. */
static struct sink *sink_keep(struct sink **old, const struct config *c,
			      const struct sink_config *own)
{
	for (; *old; old = &(*old)->next) {
		struct sink *s = *old;

		if (s->type != own->type || strcmp(s->name, own->name) || !s->ops->keep ||
		    !s->ops->keep(s, c, own))
			continue;
		*old = s->next;
		return s;
	}
	return NULL;
}

static void sinks_free(struct sink *s)
{
	while (s) {
		struct sink *next = s->next;

		s->ops->free(s);
		s = next;
	}
}

/* The old sinks of which none is left end before new ones begin, which may need their place. */
static struct sink *sinks_keep(struct publisher *p, const struct config *c)
{
	struct sink *old = p->sinks, *kept = NULL, **end = &kept;

	for (unsigned int i = 0; i < c->sink_count; i++) {
		struct sink *s = sink_keep(&old, c, &c->sinks[i]);

		if (!s)
			continue;
		s->next = NULL;
		*end = s;
		end = &s->next;
	}
	sinks_free(old);
	return kept;
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
	struct sink *kept, **end = &p->sinks;

	forget_publications(p);
	kept = sinks_keep(p, c);
	p->sinks = NULL;
	p->cycle_s = c->cycle_s;
	p->identity = c->identity;
	for (unsigned int i = 0; i < c->sink_count; i++) {
		const struct sink_config *own = &c->sinks[i];
		bool is_kept = kept && kept->type == own->type && !strcmp(kept->name, own->name);
		struct sink *s = is_kept ? kept : sink_new(p, c, own);

		if (!s) {
			log_line(LEVEL_ERROR, own->name,
				 "no memory for this sink; reload to try again");
			continue;
		}
		if (is_kept)
			kept = kept->next;
		s->cycle_s = own->cycle_s;
		s->next = NULL;
		*end = s;
		end = &s->next;
	}
	for (struct sink *s = p->sinks; s; s = s->next)
		if (s->ops->begin)
			s->ops->begin(s);
}

/** publisher_sinks - the first of all sinks, for their counts; NULL: there is none */
const struct sink *publisher_sinks(const struct publisher *p)
{
	return p->sinks;
}

/**
 * sink_status - how the connection of a sink does
 * @s: a sink
 * @status: for the answer
 *
 * Return: false when it has none.
 */
bool sink_status(const struct sink *s, struct sink_status *status)
{
	return s->ops->status && s->ops->status(s, status);
}

/**
 * publisher_new - a publisher without sinks
 * @base: loop
 * @view: what there is to tell of; its members need to be there when it is configured
 *
 * Return: NULL without memory.
 */
struct publisher *publisher_new(struct event_base *base, const struct view *view)
{
	struct publisher *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->world = (struct sink_world){ .base = base, .view = view };
	p->note = open_memstream(&p->note_text, &p->note_len);
	p->timer = event_new(base, -1, 0, on_timer, p);
	if (p->timer && p->note)
		return p;
	publisher_free(p);
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
	sinks_free(p->sinks);
	if (p->timer)
		event_free(p->timer);
	if (p->note)
		fclose(p->note);
	free(p->note_text);
	free(p);
}
