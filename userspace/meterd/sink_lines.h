/* SPDX-License-Identifier: MIT */
/*
 * Sinks of lines: JSON and CSV, into files and standard output.
 */
#ifndef METERD_SINK_LINES_H
#define METERD_SINK_LINES_H

#include <stdio.h>

#include "publish.h"

/**
 * struct line_options - what lines may tell
 * @fields: also what the meter printed
 * @identity: numbers of meters
 */
struct line_options {
	bool fields;
	bool identity;
};

/**
 * struct line_format - how a state is written; whole lines
 * @header: first line of an empty file, or NULL
 * @meter: the state of a meter, that of @now_ms on its clock
 * @events: they are told, too, as JSON
 */
struct line_format {
	const char *header;
	void (*meter)(FILE *out, const struct meter *m, u64 now_ms, const struct line_options *o);
	bool events;
};

extern const struct line_format format_jsonl, format_csv;

/* sink_file.c */
struct sink_file *sink_file_new(struct event_base *base, const char *name, const char *path,
				const char *header, struct sink_counts *counts);
bool sink_file_is(const struct sink_file *f, const char *path, const char *header);
void sink_file_reopen(struct sink_file *f);
/* NULL: nothing can be taken now, which is counted. */
FILE *sink_file_begin(struct sink_file *f);
void sink_file_end(struct sink_file *f);
void sink_file_free(struct sink_file *f);

#endif /* METERD_SINK_LINES_H */
