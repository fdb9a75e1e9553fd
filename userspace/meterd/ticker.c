// SPDX-License-Identifier: MIT
/*
 * The clock of the ledger: what happens when time passes, though no telegram comes.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "ticker.h"

/* Readings of a boundary may come so late (accounting.md 4); then all meters are stored. */
#define COMMIT_AFTER_S	60
/* Many daemons of one house do not write to its storage in the same second. */
#define COMMIT_SPREAD_S	15
#define UNTRUSTED_WAIT_S 60
#define STEP_TOLD_MS	1000

/**
 * struct ticker - a timer of the host's clock
 * @offset_ms: from the steady clock to the host's, when last looked at
 * @commit_s: when the ledger is stored next, seconds since 1970
 * @after_s: seconds after the quarter for it
 */
struct ticker {
	const struct host_clock *clock;
	struct ledger *ledger;
	struct store *store;
	struct event *event;
	int fd;
	s64 offset_ms;
	s64 commit_s;
	s64 after_s;
};

static s64 offset_ms(void)
{
	return host_unix_ms() - (s64)steady_ms();
}

static s64 commit_after(const struct ticker *t, s64 now_s)
{
	s64 since = now_s - t->after_s;

	return since - since % QUARTER_S + QUARTER_S + t->after_s;
}

static void arm(struct ticker *t, s64 now_s, s64 next_s)
{
	struct itimerspec at = { .it_value.tv_sec = next_s > now_s ? next_s : now_s + 1 };

	if (!timerfd_settime(t->fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &at, NULL))
		return;
	/* ECANCELED: the clock was set meanwhile, and the timer runs all the same. */
	if (errno != ECANCELED)
		log_line(LEVEL_ERROR, "clock", "no timer for the next quarter: %s",
			 strerror(errno));
}

static void turn(struct ticker *t)
{
	s64 now_s = host_unix_ms() / 1000, next_s;
	bool trusted = host_clock_trust(t->clock, now_s, steady_ms(), host_clock_synchronised());

	if (trusted)
		ledger_tick(t->ledger, now_s);
	if (now_s >= t->commit_s || t->commit_s - now_s > QUARTER_S) {
		store_commit(t->store);
		t->commit_s = commit_after(t, now_s);
	}
	next_s = trusted ? ledger_next_tick(t->ledger, now_s) : now_s + UNTRUSTED_WAIT_S;
	arm(t, now_s, next_s < t->commit_s ? next_s : t->commit_s);
}

static void tell_step(struct ticker *t)
{
	s64 step_ms = offset_ms() - t->offset_ms;

	if (step_ms < STEP_TOLD_MS && step_ms > -STEP_TOLD_MS)
		return;
	log_line(LEVEL_WARNING, "clock", "the host's clock was set %s by %lld s",
		 step_ms < 0 ? "back" : "forward", llabs(step_ms) / 1000);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct ticker *t = context;
	u64 times;

	(void)what;
	if (read(fd, &times, sizeof(times)) < 0 && errno == ECANCELED)
		tell_step(t);
	t->offset_ms = offset_ms();
	turn(t);
}

/**
 * ticker_new - lets time pass for the ledger
 * @base: the loop
 * @clock: how far the host's clock can be trusted
 * @ledger: is told of silent registers when it wants
 * @store: stores it after each quarter
 *
 * Return: the ticker, or NULL after a line in the log.
 */
struct ticker *ticker_new(struct event_base *base, const struct host_clock *clock,
			  struct ledger *ledger, struct store *store)
{
	struct ticker *t = calloc(1, sizeof(*t));

	if (!t)
		goto fail;
	t->clock = clock;
	t->ledger = ledger;
	t->store = store;
	t->after_s = COMMIT_AFTER_S + steady_ms() % COMMIT_SPREAD_S;
	t->offset_ms = offset_ms();
	t->commit_s = commit_after(t, host_unix_ms() / 1000);
	t->fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (t->fd < 0)
		goto free_ticker;
	t->event = event_new(base, t->fd, EV_READ | EV_PERSIST, on_timer, t);
	if (!t->event || event_add(t->event, NULL))
		goto free_event;
	turn(t);
	return t;

free_event:
	if (t->event)
		event_free(t->event);
	close(t->fd);
free_ticker:
	free(t);
fail:
	log_line(LEVEL_ERROR, "clock", "no timer for the quarters: %s", strerror(errno));
	return NULL;
}

/**
 * ticker_free - ends it
 * @t: of ticker_new(), or NULL
 */
void ticker_free(struct ticker *t)
{
	if (!t)
		return;
	event_free(t->event);
	close(t->fd);
	free(t);
}
