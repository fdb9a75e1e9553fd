/* SPDX-License-Identifier: MIT */
/*
 * From meters to sinks, at the cycle of each meter.
 */
#ifndef METERD_PUBLISH_H
#define METERD_PUBLISH_H

#include "meters.h"

/**
 * struct sink_ops - a kind of sink; knows readings and periods, not where they come from
 * @meter: the state of a meter is to be published
 * @event: something happened to a meter, see ledger.h
 * @reopen: log rotation or reload
 */
struct sink;
struct sink_ops {
	const char *type;
	void (*meter)(struct sink *s, const struct meter *m, u64 now_ms);
	void (*event)(struct sink *s, const struct ledger_book *b, const struct ledger_event *e);
	void (*free)(struct sink *s);
};

struct publisher;
struct publisher *publisher_new(struct event_base *base);
void publisher_configure(struct publisher *p, const struct config *c);
void publisher_heard(struct publisher *p, struct meter *m);
void publisher_event(struct publisher *p, const struct ledger_book *b,
		     const struct ledger_event *e);
void publisher_free(struct publisher *p);

#endif /* METERD_PUBLISH_H */
