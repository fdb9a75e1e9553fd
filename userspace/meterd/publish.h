/* SPDX-License-Identifier: MIT */
/*
 * From meters to sinks, at the cycle of each meter.
 */
#ifndef METERD_PUBLISH_H
#define METERD_PUBLISH_H

#include "events.h"
#include "view.h"

struct sink;

/**
 * struct sink_world - what a sink may need; outlives it
 * @base: the loop
 * @view: what there is to tell of
 */
struct sink_world {
	struct event_base *base;
	const struct view *view;
};

/**
 * struct sink_status - how the connection of a sink does
 * @connected: it is there
 * @what: for people: host and port
 * @why: a sentence without a full stop
 * @connections: since the beginning
 * @sent: messages that arrived, as far as that is confirmed
 * @lost: messages that were given up
 */
struct sink_status {
	bool connected;
	char what[280];
	char why[192];
	u64 connections;
	u64 sent;
	u64 lost;
};

/**
 * struct sink_ops - a kind of sink; knows readings and periods, not where they come from
 * @create: begins, @c is needed during the call only; NULL without memory. What cannot be reached
 *	is tried again and no failure.
 * @keep: goes on with another configuration, if it can; false: @free and @create
 * @begin: all is configured; the meters that there are can be told
 * @meter: publishes the state of a meter, that of @now_ms on its clock
 * @bytes: of a line, as they came; of serial lines and gateways only
 * @changed: the line of a meter has another state
 * @gone: a meter is not called so any more
 * @event: something happened to a meter
 * @status: how its connection does; false: it has none
 * @free: publishes what waits and ends
 *
 * All but @create, @meter and @free may be NULL. Loop thread; none may wait.
 */
struct sink_ops {
	struct sink *(*create)(const struct sink_world *w, const struct config *c,
			       const struct sink_config *own);
	bool (*keep)(struct sink *s, const struct config *c, const struct sink_config *own);
	void (*begin)(struct sink *s);
	void (*meter)(struct sink *s, struct meter *m, u64 now_ms);
	void (*bytes)(struct sink *s, const struct line *line, const u8 *bytes, size_t count);
	void (*changed)(struct sink *s, const struct meter *m);
	void (*gone)(struct sink *s, const char *name);
	void (*event)(struct sink *s, const struct event_note *e);
	bool (*status)(const struct sink *s, struct sink_status *status);
	void (*free)(struct sink *s);
};

extern const struct sink_ops sink_lines, sink_serve, sink_influx, sink_mqtt;
/* By enum sink_type. */
extern const struct sink_ops *const sink_kinds[SINK_TYPES];

/** struct sink_counts - publications that a sink took to where they go, and that it could not */
struct sink_counts {
	u64 sent;
	u64 lost;
};

/**
 * struct sink - the beginning of every sink
 * @type: by which its kind is found
 * @cycle_s: -1: by source and daemon
 * @counts: since it began
 */
struct sink {
	struct sink *next;
	const struct sink_ops *ops;
	enum sink_type type;
	char name[METER_NAME_LEN + 1];
	int cycle_s;
	struct sink_counts counts;
};

struct publisher;
struct publisher *publisher_new(struct event_base *base, const struct view *view);
const struct sink *publisher_sinks(const struct publisher *p);
bool sink_status(const struct sink *s, struct sink_status *status);
void publisher_configure(struct publisher *p, const struct config *c);
void publisher_heard(struct publisher *p, struct meter *m);
void publisher_bytes(struct publisher *p, const struct line *line, const u8 *bytes, size_t count);
void publisher_changed(struct publisher *p, const struct line *line);
void publisher_gone(struct publisher *p, const char *name);
void publisher_ledger_event(struct publisher *p, const struct ledger_book *b,
			    const struct ledger_event *e);
void publisher_meter_event(struct publisher *p, const struct meter *m,
			   const struct meter_event *e);
void publisher_free(struct publisher *p);

#endif /* METERD_PUBLISH_H */
