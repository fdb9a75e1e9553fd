/* SPDX-License-Identifier: MIT */
/*
 * From meters to sinks, at the cycle of each meter.
 */
#ifndef METERD_PUBLISH_H
#define METERD_PUBLISH_H

#include <stdio.h>

#include "meters.h"

struct sink;

/**
 * struct sink_ops - a kind of sink; knows readings and periods, not where they come from
 * @type: in the configuration
 * @header: first line of an empty file, or NULL
 * @meter: writes the state of a meter, that of @now_ms on its clock; whole lines
 * @event: the same of something that happened to a meter, see ledger.h; NULL: not told
 */
struct sink_ops {
	const char *type;
	const char *header;
	void (*meter)(const struct sink *s, FILE *out, const struct meter *m, u64 now_ms);
	void (*event)(const struct sink *s, FILE *out, const struct ledger_book *b,
		      const struct ledger_event *e);
};

extern const struct sink_ops sink_jsonl, sink_csv;

/**
 * struct sink - a section of the configuration
 * @cycle_s: -1: by source and daemon
 * @fields: also what the meter printed
 * @identity: numbers of meters may be told
 * @file: where to
 */
struct sink {
	struct sink *next;
	const struct sink_ops *ops;
	char name[METER_NAME_LEN + 1];
	int cycle_s;
	bool fields;
	bool identity;
	struct sink_file *file;
};

/* sink_file.c */
struct sink_file *sink_file_new(struct event_base *base, const char *name, const char *path,
				const char *header);
bool sink_file_is(const struct sink_file *f, const char *path, const char *header);
void sink_file_reopen(struct sink_file *f);
/* NULL: nothing can be taken now, which is counted. */
FILE *sink_file_begin(struct sink_file *f);
void sink_file_end(struct sink_file *f);
void sink_file_free(struct sink_file *f);

struct publisher;
struct publisher *publisher_new(struct event_base *base);
void publisher_configure(struct publisher *p, const struct config *c);
void publisher_heard(struct publisher *p, struct meter *m);
void publisher_event(struct publisher *p, const struct ledger_book *b,
		     const struct ledger_event *e);
void publisher_free(struct publisher *p);

#endif /* METERD_PUBLISH_H */
