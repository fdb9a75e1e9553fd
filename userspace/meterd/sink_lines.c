// SPDX-License-Identifier: MIT
/*
 * Sinks of lines: JSON and CSV, into files and standard output.
 */
#include <stdlib.h>

#include "sink_lines.h"

/** struct lines - such a sink; @options change with the configuration, the others do not */
struct lines {
	struct sink sink;
	const struct line_format *format;
	struct line_options options;
	struct sink_file *file;
};

static struct lines *lines_of(struct sink *s)
{
	return (struct lines *)s;
}

static const struct line_format *format_of(const struct sink_config *own)
{
	return own->type == SINK_CSV ? &format_csv : &format_jsonl;
}

static void take_options(struct lines *l, const struct config *c, const struct sink_config *own)
{
	l->options = (struct line_options){ .fields = own->fields, .identity = c->identity };
}

static struct sink *lines_create(const struct sink_world *w, const struct config *c,
				 const struct sink_config *own)
{
	struct lines *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->format = format_of(own);
	take_options(l, c, own);
	l->file = sink_file_new(w->base, own->name, own->path, l->format->header,
				&l->sink.counts);
	if (l->file)
		return &l->sink;
	free(l);
	return NULL;
}

static bool lines_keep(struct sink *s, const struct config *c, const struct sink_config *own)
{
	struct lines *l = lines_of(s);

	if (!sink_file_is(l->file, own->path, l->format->header))
		return false;
	take_options(l, c, own);
	sink_file_reopen(l->file);
	return true;
}

static void lines_meter(struct sink *s, struct meter *m, u64 now_ms)
{
	struct lines *l = lines_of(s);
	FILE *out = sink_file_begin(l->file);

	if (!out)
		return;
	l->format->meter(out, m, now_ms, &l->options);
	sink_file_end(l->file);
}

static void lines_event(struct sink *s, const struct event_note *e)
{
	struct lines *l = lines_of(s);
	FILE *out = l->format->events ? sink_file_begin(l->file) : NULL;

	if (!out)
		return;
	fwrite(e->json, 1, e->len, out);
	fputc('\n', out);
	sink_file_end(l->file);
}

static void lines_free(struct sink *s)
{
	struct lines *l = lines_of(s);

	sink_file_free(l->file);
	free(l);
}

const struct sink_ops sink_lines = {
	.create = lines_create,
	.keep = lines_keep,
	.meter = lines_meter,
	.event = lines_event,
	.free = lines_free,
};
