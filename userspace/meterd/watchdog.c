// SPDX-License-Identifier: MIT
/*
 * The watchdog of the service manager: told that all is well, only when it is.
 *
 * That is when the loop turns, and each source that should run will be called again and looks
 * after its lines. The writer of the ledger is not asked: a disk that does not answer is not mended
 * by a new start, which would only lose what waits in memory for it.
 */
#include <stdlib.h>
#include <unistd.h>

#include "../lib/notify.h"
#include "config_values.h"
#include "watchdog.h"

/* A line should have said "silent" by itself after its patience; this is beyond doubt. */
#define OVERDUE_MS	60000

struct watchdog {
	const struct sources *sources;
	struct event *event;
	struct log_limit limit;
	int notify_fd;
};

/*
 * Whether a line looks after itself: one that says it is connected has had a telegram within its
 * patience, or its timer is dead. Lines without a decoder are of the kernel, which has the state;
 * a replay has its own clock.
 */
static bool line_is_well(const struct line *line, u64 now_ms)
{
	if (line->state != LINE_CONNECTED || !line->decoder ||
	    line->source->config.type == SOURCE_REPLAY)
		return true;
	return now_ms - line->last_steady_ms <= 2 * line_patience_ms(line) + OVERDUE_MS;
}

/* A source that should run and does not had no memory to begin, and nobody else tries again. */
static bool source_is_well(const struct source *s, u64 now_ms)
{
	if (!s->on)
		return true;
	if (!s->running || !s->ops->tended(s))
		return false;
	for (const struct line *line = s->lines; line; line = line->next)
		if (!line_is_well(line, now_ms))
			return false;
	return true;
}

static const struct source *ill_source(const struct sources *sources)
{
	u64 now_ms = steady_ms();

	for (const struct source *s = sources_first(sources); s; s = s->next)
		if (!source_is_well(s, now_ms))
			return s;
	return NULL;
}

/* On the loop: that it is called shows that the loop turns. */
static void on_time(evutil_socket_t fd, short what, void *context)
{
	struct watchdog *w = context;
	const struct source *ill = ill_source(w->sources);

	(void)fd;
	(void)what;
	if (!ill)
		notify_send(w->notify_fd, "WATCHDOG=1");
	else
		log_limited(&w->limit, LEVEL_ERROR, ill->config.name,
			    "it is no longer looked after; the service manager is not told that "
			    "all is well");
}

/* Microseconds that sd_watchdog_enabled(3) would give; 0: no watchdog, or that of another. */
static u64 wanted_us(void)
{
	const char *us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	u64 value, who;

	if (!us || !value_number(us, 2, UINT32_MAX * (u64)1000, &value))
		return 0;
	if (pid && (!value_number(pid, 1, INT32_MAX, &who) || who != (u64)getpid()))
		return 0;
	return value;
}

/**
 * watchdog_new - tells the service manager that all is well, at half of $WATCHDOG_USEC
 * @base: the loop
 * @notify_fd: of notify_open()
 * @sources: each is looked at every time, those of a later configuration too
 *
 * Return: the watchdog, or NULL when none is wanted.
 */
struct watchdog *watchdog_new(struct event_base *base, int notify_fd,
			      const struct sources *sources)
{
	u64 half_us = wanted_us() / 2;
	struct timeval half = { .tv_sec = half_us / 1000000, .tv_usec = half_us % 1000000 };
	struct watchdog *w;

	if (!half_us || notify_fd < 0)
		return NULL;
	w = calloc(1, sizeof(*w));
	if (!w)
		goto fail;
	w->sources = sources;
	w->notify_fd = notify_fd;
	w->event = event_new(base, -1, EV_PERSIST, on_time, w);
	if (!w->event || event_add(w->event, &half))
		goto free_watchdog;
	return w;

free_watchdog:
	if (w->event)
		event_free(w->event);
	free(w);
fail:
	log_line(LEVEL_ERROR, "daemon", "no memory for the watchdog of the service manager");
	return NULL;
}

/**
 * watchdog_free - ends it
 * @w: of watchdog_new(), or NULL
 */
void watchdog_free(struct watchdog *w)
{
	if (!w)
		return;
	event_free(w->event);
	free(w);
}
