// SPDX-License-Identifier: MIT
/*
 * The daemon: all parts put together, and their life.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../lib/notify.h"
#include "../lib/text.h"
#include "control.h"
#include "daemon.h"
#include "identity.h"
#include "ledger_log.h"
#include "pricing.h"
#include "publish.h"
#include "sandbox.h"
#include "ticker.h"
#include "watchdog.h"

#define SIGNALS 3

/**
 * struct daemon - all of it; everything on the loop's thread
 * @path: of the configuration, NULL: none
 * @clock: how far the host's clock can be trusted
 * @events: of the ledger, told in the log
 */
struct daemon {
	const char *path;
	struct config *config;
	struct identity user;
	struct host_clock clock;
	struct log_limit events;
	int notify_fd;
	struct event_base *base;
	struct event *signals[SIGNALS];
	struct ledger *ledger;
	struct notes *notes;
	struct store *store;
	struct pricing *pricing;
	struct meters *meters;
	struct publisher *publisher;
	struct sources *sources;
	struct view view;
	struct http *http;
	struct control *control;
	struct ticker *ticker;
	struct watchdog *watchdog;
};

/* From the ledger and the notes to the store, to the log and to the sinks. */

static void on_row(void *context, const struct ledger_book *b, const struct ledger_entry *e)
{
	struct daemon *d = context;

	store_row(d->store, b, e);
}

static void on_segment(void *context, const struct ledger_segment *s)
{
	struct daemon *d = context;

	store_segment(d->store, s);
}

static void on_urgent(void *context)
{
	struct daemon *d = context;

	store_urgent(d->store);
}

static void on_event(void *context, const struct ledger_book *b, const struct ledger_event *e)
{
	struct daemon *d = context;

	ledger_log(&d->events, b, e);
	publisher_ledger_event(d->publisher, b, e);
}

/* From the sources to the meters, and from them to the sinks. */

static void on_telegram(void *context, struct line *line, const struct telegram *t,
			const char *number, const struct moment *when)
{
	struct daemon *d = context;

	meters_telegram(d->meters, line, t, number, when);
}

static void on_bytes(void *context, struct line *line, const u8 *bytes, size_t count)
{
	struct daemon *d = context;

	publisher_bytes(d->publisher, line, bytes, count);
}

static void on_gone(void *context, struct line *line)
{
	struct daemon *d = context;

	meters_line_gone(d->meters, line);
	publisher_changed(d->publisher, NULL);
}

/* What was read to its end, or switched off, is stored: nothing more comes of it. */
static void on_state(void *context, struct line *line)
{
	struct daemon *d = context;

	meters_line_state(d->meters, line);
	publisher_changed(d->publisher, line);
	if (line->state == LINE_OFF)
		store_urgent(d->store);
}

static void on_heard(void *context, struct meter *m)
{
	struct daemon *d = context;

	publisher_heard(d->publisher, m);
}

static void on_added(void *context, struct meter *m)
{
	struct daemon *d = context;

	log_line(LEVEL_INFO, m->name, "a new meter%s%s%s%s", *m->source ? " on " : "", m->source,
		 d->config->identity && *m->number ? ", number " : "",
		 d->config->identity ? m->number : "");
}

static void on_meter_gone(void *context, const char *name)
{
	struct daemon *d = context;

	publisher_gone(d->publisher, name);
}

static void on_meter_event(void *context, const struct meter *m, const struct meter_event *e)
{
	struct daemon *d = context;

	publisher_meter_event(d->publisher, m, e);
}

static void tell_reload(const struct daemon *d)
{
	char state[64];
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%llu",
		 (unsigned long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	notify_send(d->notify_fd, state);
}

static void tell_unchanged(const struct config *old, const struct config *new)
{
	if (!same_text(old->state, new->state) || !same_text(old->runtime, new->runtime) ||
	    !same_text(old->user, new->user) || old->sandbox != new->sandbox ||
	    old->keep_quarters_days != new->keep_quarters_days)
		log_line(LEVEL_WARNING, "daemon",
			 "state, runtime, user, sandbox and keep_quarters stay as they are until "
			 "meterd is started again");
}

/* The old configuration lives until everybody has the new one. */
static void apply(struct daemon *d, struct config *new)
{
	struct config *old = d->config;

	files_allow(new);
	log_set_level(new->log);
	meters_configure(d->meters, new);
	pricing_configure(d->pricing, new);
	publisher_configure(d->publisher, new);
	http_configure(d->http, new);
	sources_apply(d->sources, new);
	tell_unchanged(old, new);
	d->config = new;
	config_free(old);
}

static void reload(struct daemon *d)
{
	struct config *new;

	if (!d->path) {
		log_line(LEVEL_INFO, "daemon", "there is no configuration file to read again");
		return;
	}
	tell_reload(d);
	new = config_read(d->path);
	if (new) {
		apply(d, new);
		log_line(LEVEL_INFO, "daemon", "%s was read again", d->path);
	} else {
		log_line(LEVEL_ERROR, "daemon",
			 "%s was not taken; all goes on as before. Mend it and reload again",
			 d->path);
	}
	notify_send(d->notify_fd, "READY=1");
}

static void on_hangup(evutil_socket_t signal, short what, void *context)
{
	(void)signal;
	(void)what;
	reload(context);
}

static void on_stop(evutil_socket_t signal, short what, void *context)
{
	struct daemon *d = context;

	(void)signal;
	(void)what;
	event_base_loopbreak(d->base);
}

static bool watch_signals(struct daemon *d)
{
	static const struct {
		int signal;
		event_callback_fn call;
	} wanted[SIGNALS] = {
		{ SIGTERM, on_stop },
		{ SIGINT, on_stop },
		{ SIGHUP, on_hangup },
	};

	signal(SIGPIPE, SIG_IGN);
	for (unsigned int i = 0; i < SIGNALS; i++) {
		d->signals[i] = evsignal_new(d->base, wanted[i].signal, wanted[i].call, d);
		if (!d->signals[i] || event_add(d->signals[i], NULL))
			return false;
	}
	return true;
}

/* The ledger's files belong to the user that meterd will be. */
static bool open_ledger(struct daemon *d)
{
	struct store_options options = {
		.directory = d->config->state,
		.keep_quarters_days = d->config->keep_quarters_days,
	};
	const struct ledger_out out = {
		.row = on_row,
		.segment = on_segment,
		.urgent = on_urgent,
		.event = on_event,
		.context = d,
	};

	d->ledger = ledger_new(&out);
	d->notes = options.notes = notes_new(on_urgent, d);
	if (!d->ledger || !d->notes || !identity_lend(&d->user)) {
		log_line(LEVEL_ERROR, "daemon", "the ledger cannot be begun: %s", strerror(errno));
		return false;
	}
	d->store = store_open(d->base, &options, d->ledger);
	if (!identity_return(&d->user)) {
		log_line(LEVEL_ERROR, "daemon", "no way back to root: %s", strerror(errno));
		return false;
	}
	return d->store;
}

static bool make_parts(struct daemon *d)
{
	const struct meters_out heard = {
		.heard = on_heard,
		.added = on_added,
		.gone = on_meter_gone,
		.event = on_meter_event,
		.context = d,
	};
	const struct source_out telegrams = {
		.telegram = on_telegram,
		.bytes = on_bytes,
		.state = on_state,
		.gone = on_gone,
		.context = d,
	};

	d->pricing = pricing_new(d->base, d->store);
	d->meters = meters_new(d->ledger, &d->clock, &heard);
	d->publisher = publisher_new(d->base, &d->view);
	d->sources = sources_new(d->base, &telegrams, d->notes);
	d->view = (struct view){
		.meters = d->meters,
		.sources = d->sources,
		.store = d->store,
		.ledger = d->ledger,
		.publisher = d->publisher,
	};
	if (d->pricing && d->meters && d->publisher && d->sources)
		return true;
	log_line(LEVEL_ERROR, "daemon", "no memory to begin");
	return false;
}

/* Without a control socket, which another meterd may have, the accounts go on all the same. */
static bool open_doors(struct daemon *d)
{
	d->http = http_new(d->base, &d->view);
	if (!d->http || !http_configure(d->http, d->config))
		return false;
	if (identity_make_directory(&d->user, d->config->runtime, CONTROL_GROUP))
		d->control = control_new(d->base, d->config->runtime, &d->view);
	return true;
}

static bool start(struct daemon *d)
{
	const struct config *c = d->config;

	files_allow(c);
	if (!watch_signals(d) || !identity_find(&d->user, c->user) ||
	    !identity_make_directory(&d->user, c->state, NULL) || !open_ledger(d) ||
	    !make_parts(d) || !open_doors(d))
		return false;
	if (!identity_become(&d->user)) {
		log_line(LEVEL_ERROR, "daemon", "user = %s: %s", c->user, strerror(errno));
		return false;
	}
	if (!sandbox_enter(c->sandbox))
		return false;
	/* Before the meters, so that sinks hear of names that are not used any more. */
	publisher_configure(d->publisher, c);
	meters_configure(d->meters, c);
	pricing_configure(d->pricing, c);
	d->ticker = ticker_new(d->base, &d->clock, d->ledger, d->store);
	if (!d->ticker)
		return false;
	sources_apply(d->sources, c);
	d->watchdog = watchdog_new(d->base, d->notify_fd, d->sources);
	return true;
}

static void stop(struct daemon *d)
{
	watchdog_free(d->watchdog);
	ticker_free(d->ticker);
	control_free(d->control);
	http_free(d->http);
	publisher_free(d->publisher);
	d->publisher = NULL;
	sources_free(d->sources);
	pricing_free(d->pricing);
	store_close(d->store);
	meters_free(d->meters);
	ledger_free(d->ledger);
	notes_free(d->notes);
	for (unsigned int i = 0; i < SIGNALS; i++)
		if (d->signals[i])
			event_free(d->signals[i]);
	event_base_free(d->base);
	config_free(d->config);
	zones_free();
	if (d->notify_fd >= 0)
		close(d->notify_fd);
}

static void on_libevent(int severity, const char *message)
{
	log_line(severity == EVENT_LOG_ERR    ? LEVEL_ERROR :
		 severity == EVENT_LOG_WARN   ? LEVEL_WARNING :
						LEVEL_DEBUG, "libevent", "%s", message);
}

/**
 * daemon_run - the daemon's life
 * @path: of the configuration file, which SIGHUP reads again; NULL: none
 * @config: what was read; freed
 *
 * Ends with SIGTERM or SIGINT, when all that is known is on disk.
 *
 * Return: 0; 1 after a line in the log when it could not begin.
 */
int daemon_run(const char *path, struct config *config)
{
	struct daemon d = {
		.path = path,
		.config = config,
		.notify_fd = notify_open(),
	};
	bool started;

	log_set_level(config->log);
	event_set_log_callback(on_libevent);
	d.base = event_base_new();
	if (!d.base) {
		log_line(LEVEL_ERROR, "daemon", "no event loop: %s", strerror(errno));
		config_free(config);
		return 1;
	}
	started = start(&d);
	if (started) {
		log_line(LEVEL_INFO, "daemon", "meterd %s has begun, its ledger is in %s",
			 METERLINE_VERSION, config->state);
		notify_send(d.notify_fd, "READY=1");
		event_base_dispatch(d.base);
		log_line(LEVEL_INFO, "daemon", "stopping");
		notify_send(d.notify_fd, "STOPPING=1");
	}
	stop(&d);
	return started ? 0 : 1;
}
