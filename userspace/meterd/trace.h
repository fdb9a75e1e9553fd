/* SPDX-License-Identifier: MIT */
/*
 * trace = FILE or log: the telegrams of a source, for a person who looks for a fault.
 */
#ifndef METERD_TRACE_H
#define METERD_TRACE_H

#include "source.h"

struct trace;

struct trace *trace_new(const struct source_config *config, bool identity);
void trace_telegram(struct trace *trace, const struct line *line, const struct telegram *t,
		    const struct moment *when);
void trace_mask(const struct telegram *t, struct telegram *masked, u8 *text);
void trace_free(struct trace *trace);

#endif /* METERD_TRACE_H */
