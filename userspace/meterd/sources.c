// SPDX-License-Identifier: MIT
/*
 * All sources: which of them there are, run, or are switched off.
 */
#include <limits.h>
#include <stdlib.h>

#include "../lib/text.h"
#include "resolver.h"
#include "sources.h"
#include "trace.h"

static const struct source_ops *const source_kinds[] = {
	[SOURCE_KERNEL] = &source_kernel,
	[SOURCE_SERIAL] = &source_serial,
	[SOURCE_TCP] = &source_tcp,
	[SOURCE_REPLAY] = &source_replay,
	[SOURCE_GPIO] = &source_gpio,
	[SOURCE_D2L] = &source_d2l,
	[SOURCE_MBUS] = &source_mbus,
};

static void source_config_release(struct source_config *c)
{
	free(c->trace);
	free(c->host);
	free(c->device);
	free(c->path);
	free(c->key_file);
	free(c->listen_host);
	meter_keys_free(c->keys);
	d2l_keys_free(c->modules);
}

static bool source_config_copy(struct source_config *to, const struct source_config *from)
{
	bool ok;

	*to = *from;
	ok = copy_text(&to->trace, from->trace);
	ok &= copy_text(&to->host, from->host);
	ok &= copy_text(&to->device, from->device);
	ok &= copy_text(&to->path, from->path);
	ok &= copy_text(&to->key_file, from->key_file);
	ok &= copy_text(&to->listen_host, from->listen_host);
	to->keys = meter_keys_copy(from->keys);
	ok &= to->keys || !from->keys;
	to->modules = d2l_keys_copy(from->modules);
	ok &= to->modules || !from->modules;
	if (!ok)
		source_config_release(to);
	return ok;
}

/* A source is never without a line, so that its state can be seen. */
static void source_show(struct source *s, enum line_state state, const char *why)
{
	struct line *line;

	if (!s->lines)
		line_add(s, s->config.name);
	for (line = s->lines; line; line = line->next)
		line_set_state(line, state, "%s", why);
}

static void source_remove_lines(struct source *s)
{
	while (s->lines)
		line_remove(s->lines);
}

static void source_start(struct source *s)
{
	source_remove_lines(s);
	s->running = s->ops->start(s);
	if (!s->running)
		source_show(s, LINE_REFUSED, "no memory to begin; switch it on again later");
}

static void source_stop(struct source *s, const char *why)
{
	if (s->running)
		s->ops->stop(s);
	s->running = false;
	source_show(s, LINE_OFF, why);
}

/* Makes it what it should be. */
static void source_settle(struct source *s)
{
	if (s->on && !s->running)
		source_start(s);
	else if (!s->on && s->running)
		source_stop(s, "switched off");
}

static void sources_settle(evutil_socket_t fd, short what, void *context)
{
	struct sources *all = context;
	struct source *s;

	(void)fd;
	(void)what;
	for (s = all->first; s; s = s->next)
		source_settle(s);
}

static void source_free(struct source *s)
{
	if (s->running)
		s->ops->stop(s);
	source_remove_lines(s);
	trace_free(s->trace);
	meter_keys_free(s->keys);
	d2l_keys_free(s->modules);
	source_config_release(&s->config);
	free(s);
}

static struct source *source_new(struct sources *all, const struct source_config *c)
{
	struct source *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	if (!source_config_copy(&s->config, c)) {
		free(s);
		return NULL;
	}
	s->all = all;
	s->lines_end = &s->lines;
	s->ops = source_kinds[c->type];
	s->on = c->enabled;
	return s;
}

/* Takes the source of that name out of the list; NULL when there is none. */
static struct source *sources_take(struct sources *all, const char *name)
{
	struct source **at = &all->first;
	struct source *s;

	while (*at && strcmp((*at)->config.name, name))
		at = &(*at)->next;
	s = *at;
	if (s)
		*at = s->next;
	return s;
}

/* Opened anew each time: the file may have been moved away, or numbers be told from now on. */
static void source_trace(struct source *s)
{
	trace_free(s->trace);
	s->trace = s->config.trace ? trace_new(&s->config, s->all->identity) : NULL;
}

/*
 * Whether a source may go on with the keys that it has. Another key makes it begin again, for all
 * that came so far was not read by it; a file that cannot be read changes nothing.
 */
static bool keeps_keys(const struct source *s, const struct meter_keys *keys, const char *problem)
{
	if (!*problem)
		return meter_keys_same(s->keys, keys);
	if (s->keys || s->modules)
		log_line(LEVEL_WARNING, s->config.name, "it goes on with the keys that it has");
	return true;
}

/*
 * Modules come one by one, and those that post already are not to be disturbed: they go on with
 * the new table. Without one before or from now on the port opens or closes.
 */
static bool keeps_modules(struct source *s, struct d2l_keys **modules, const char *problem)
{
	struct d2l_keys *before = s->modules;

	if (*problem || !before != !*modules)
		return *problem;
	s->modules = *modules;
	*modules = before;
	return true;
}

/* The source that runs already when the configuration says the same of it, else a new one. */
static struct source *source_for(struct sources *all, const struct source_config *c)
{
	const bool d2l = c->type == SOURCE_D2L;
	struct source *s = sources_take(all, c->name);
	char problem[PATH_MAX + 256];
	struct meter_keys *keys = d2l ? NULL : source_keys_read(c, problem, sizeof(problem));
	struct d2l_keys *modules = d2l ? source_modules_read(c, problem, sizeof(problem)) : NULL;

	if (*problem)
		log_line(LEVEL_ERROR, c->name, "%s", problem);
	if (s && source_config_same(&s->config, c) && keeps_keys(s, keys, problem) &&
	    (!d2l || keeps_modules(s, &modules, problem))) {
		meter_keys_free(keys);
		d2l_keys_free(modules);
		return s;
	}
	if (s)
		source_free(s);
	s = source_new(all, c);
	if (!s) {
		log_line(LEVEL_ERROR, c->name, "no memory for this source; reload later");
		meter_keys_free(keys);
		d2l_keys_free(modules);
		return NULL;
	}
	s->keys = keys;
	s->modules = modules;
	return s;
}

/**
 * sources_new - no sources yet
 * @base: the loop
 * @out: where telegrams and states go; copied
 * @notes: what is known of their meters; must outlive them
 *
 * Return: the sources; NULL without memory.
 */
struct sources *sources_new(struct event_base *base, const struct source_out *out,
			    struct notes *notes)
{
	struct sources *all = calloc(1, sizeof(*all));

	if (!all)
		return NULL;
	all->base = base;
	all->out = *out;
	all->notes = notes;
	all->settle = event_new(base, -1, 0, sources_settle, all);
	if (!all->settle) {
		free(all);
		return NULL;
	}
	return all;
}

/**
 * sources_apply - have what the configuration asks for
 * @all: the sources
 * @c: the configuration; must live until the next call
 *
 * A source of which the configuration says the same as before runs on without losing a byte, or
 * stays switched off. Traces are opened anew. Not from within a call of struct source_out.
 */
void sources_apply(struct sources *all, const struct config *c)
{
	struct source *kept = NULL, **end = &kept, *s;

	all->identity = c->identity;
	all->config = c;
	for (unsigned int i = 0; i < c->source_count; i++) {
		s = source_for(all, &c->sources[i]);
		if (!s)
			continue;
		s->next = NULL;
		*end = s;
		end = &s->next;
	}
	while (all->first) {
		s = all->first;
		all->first = s->next;
		source_free(s);
	}
	all->first = kept;
	for (s = kept; s; s = s->next) {
		source_trace(s);
		if (!s->on && !s->lines)
			source_show(s, LINE_OFF, "not enabled in the configuration");
		source_settle(s);
	}
}

/**
 * sources_first - the first source; the others are its ->next
 * @all: the sources
 *
 * Return: in the order of the configuration; NULL when there is none.
 */
struct source *sources_first(const struct sources *all)
{
	return all->first;
}

/**
 * sources_switch - switch a source on or off until the configuration says otherwise of it
 * @all: the sources
 * @name: of the source
 * @on: it should run
 *
 * At once; from within a call of struct source_out when the loop goes on.
 *
 * Return: false when there is no such source.
 */
bool sources_switch(struct sources *all, const char *name, bool on)
{
	struct source *s = all->first;

	while (s && strcmp(s->config.name, name))
		s = s->next;
	if (!s)
		return false;
	s->on = on;
	if (all->calling)
		event_active(all->settle, EV_TIMEOUT, 0);
	else
		source_settle(s);
	return true;
}

/** sources_base - the loop */
struct event_base *sources_base(const struct sources *all)
{
	return all->base;
}

/** sources_notes - what is known of their meters and stays known after a restart */
struct notes *sources_notes(const struct sources *all)
{
	return all->notes;
}

/**
 * sources_resolver - names to addresses for whoever needs it
 * @all: the sources
 *
 * Return: the resolver, whose thread begins with the first call; NULL without memory.
 */
struct resolver *sources_resolver(struct sources *all)
{
	if (!all->resolver)
		all->resolver = resolver_new(all->base);
	return all->resolver;
}

/** sources_buffer - SOURCES_BUFFER_BYTES for what is read and fed in one go */
u8 *sources_buffer(struct sources *all)
{
	return all->buffer;
}

/**
 * sources_free - close everything
 * @all: the sources, or NULL. Half telegrams are given up
 */
void sources_free(struct sources *all)
{
	if (!all)
		return;
	while (all->first) {
		struct source *s = all->first;

		all->first = s->next;
		source_free(s);
	}
	resolver_free(all->resolver);
	event_free(all->settle);
	free(all);
}
