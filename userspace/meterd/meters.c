// SPDX-License-Identifier: MIT
/*
 * The registry of meters: all that configuration, ledger or lines know, by name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meters_private.h"

/**
 * meters_new - a registry without meters
 * @ledger: that keeps their accounts
 * @clock: what is known of the host's clock
 * @out: who wants to know; taken as it is
 *
 * Loop thread.
 *
 * Return: the registry, for meters_free(); NULL without memory.
 */
struct meters *meters_new(struct ledger *ledger, struct host_clock *clock,
			  const struct meters_out *out)
{
	struct meters *all = calloc(1, sizeof(*all));

	if (!all)
		return NULL;
	all->p1_roles = p1_roles_new();
	if (!all->p1_roles) {
		free(all);
		return NULL;
	}
	all->ledger = ledger;
	all->clock = clock;
	all->out = *out;
	return all;
}

static void set_line(struct meter *m, struct line *line)
{
	if (m->line)
		m->line->bound--;
	m->line = line;
	if (line)
		line->bound++;
}

static void meter_free(struct meters *all, struct meter *m)
{
	set_line(m, NULL);
	meters_set_number(all, m, "");
	meters_take(all, m);
	meter_values_forget(&m->values);
	free(m->kinds);
	meter_keep_nothing(m);
	free(m);
}

/**
 * meters_free - ends the registry
 * @all: NULL or the registry; lines must be gone before
 */
void meters_free(struct meters *all)
{
	if (!all)
		return;
	while (all->first)
		meter_free(all, all->first);
	free(all->p1_roles);
	free(all);
}

/**
 * meters_make - the meter with a name, which may be new
 * @all: the meters
 * @name: of 1 to 32 characters
 *
 * Loop thread.
 *
 * Return: the meter; NULL without memory.
 */
struct meter *meters_make(struct meters *all, const char *name)
{
	struct meter *m = meters_find(all, name);

	if (m)
		return m;
	m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	m->number = "";
	m->failures = FAILURES_UNKNOWN;
	if (meters_put(all, m, name))
		return m;
	free(m);
	return NULL;
}

/* By number; else by name, so that a meter keeps its particulars when it is replaced. */
static const struct meter_config *config_of(const struct config *c, const struct meter *m)
{
	const struct meter_config *found = m->number[0] ? config_meter(c, m->number) : NULL;
	unsigned int i;

	for (i = 0; !found && i < c->meter_count; i++) {
		if (!strcmp(c->meters[i].name, m->name))
			found = &c->meters[i];
	}
	return found;
}

static const struct source_config *source_named(const struct config *c, const char *name)
{
	unsigned int i;

	for (i = 0; i < c->source_count; i++) {
		if (!strcmp(c->sources[i].name, name))
			return &c->sources[i];
	}
	return NULL;
}

/* The line of a meter is of a source that may have been replaced or taken away. */
static void settle_source(const struct config *c, struct meter *m)
{
	const struct source_config *source = source_named(c, m->source);

	m->source_off = source ? !source->enabled : m->source[0];
	m->source_gone = !source && m->source[0];
}

/* Whether the host's clock says when telegrams of a source are due. */
static bool is_followed(const struct config *c, const char *name)
{
	const struct source_config *source = source_named(c, name);

	return source && source->enabled && source->type != SOURCE_REPLAY;
}

/**
 * meter_settle - what the configuration says of a meter comes into force
 * @all: the meters
 * @m: one of them, whose name, number or source may be new
 *
 * Loop thread.
 */
void meter_settle(struct meters *all, struct meter *m)
{
	const struct meter_config *config = config_of(all->config, m);
	const struct zone *zone = config && config->zone ? config->zone : all->config->zone;

	m->config = config;
	settle_source(all->config, m);
	m->tariff_until_s = 0;
	meter_relabel(m);
	if (!m->book)
		return;
	m->book->idle = !is_followed(all->config, m->source);
	if (m->book->zone != zone)
		ledger_set_zone(m->book, zone);
	ledger_set_ranges(m->book, config && config->ranges.count ? &config->ranges : NULL);
}

/* The name kept for the first meter of a source that has one now, under another name. */
static void drop_place_of(struct meters *all, const char *source)
{
	struct meter *m = meters_find(all, source);

	if (!m || m->book || m->number[0])
		return;
	meter_free(all, m);
}

/**
 * meter_open_book - accounts for a meter that is heard for the first time
 * @all: the meters
 * @m: one of them, without accounts
 * @number: of the meter
 * @source: that it was heard on
 *
 * Loop thread.
 *
 * Return: false without memory; nothing changed then.
 */
bool meter_open_book(struct meters *all, struct meter *m, const char *number,
		     const struct source_config *source)
{
	m->book = ledger_add(all->ledger, m->name, number, source->name, all->config->zone);
	if (!m->book)
		return false;
	meters_set_number(all, m, m->book->number);
	memcpy(m->source, source->name, sizeof(m->source));
	meter_settle(all, m);
	drop_place_of(all, source->name);
	all->out.added(all->out.context, m);
	return true;
}

static void meter_from_book(struct meters *all, struct ledger_book *b)
{
	struct meter *m = meters_make(all, b->name);

	if (!m || m->book)
		return;
	m->book = b;
	meters_set_number(all, m, b->number);
	memcpy(m->source, b->source, sizeof(m->source));
	m->protocol = b->protocol;
}

static void rename_meter(struct meters *all, struct meter *m, const char *name)
{
	struct meter *other = meters_find(all, name);

	if (other && other->book) {
		log_line(LEVEL_WARNING, m->name,
			 "keeps its name: %s has accounts of another meter", name);
		return;
	}
	if (other)
		meter_free(all, other);
	log_line(LEVEL_INFO, m->name, "is called %s now", name);
	all->out.gone(all->out.context, m->name);
	meters_take(all, m);
	meters_put(all, m, name);
	memcpy(m->book->name, m->name, sizeof(m->book->name));
	ledger_book_changed(m->book);
}

/* The meter of a [meter NUMBER] that has a name: is there, is renamed, or has a place kept. */
static void meter_from_config(struct meters *all, const struct meter_config *config)
{
	struct meter *m = meters_with_number(all, config->number);

	if (!config->name[0])
		return;
	if (m && m->book) {
		if (strcmp(m->name, config->name))
			rename_meter(all, m, config->name);
		return;
	}
	m = meters_make(all, config->name);
	if (m && !m->book)
		meters_set_number(all, m, config->number);
}

static void meter_from_source(struct meters *all, const struct source_config *source)
{
	struct meter *m;

	if (source_has_many(source) || meters_source_has_meter(all, source->name))
		return;
	m = meters_make(all, source->name);
	if (m && !m->book && !m->number[0])
		memcpy(m->source, source->name, sizeof(m->source));
}

/* What was never heard is only a place kept by a configuration. */
static void drop_places(struct meters *all)
{
	struct meter *m, *next;

	for (m = all->first; m; m = next) {
		next = m->next;
		if (!m->book)
			meter_free(all, m);
	}
}

/**
 * meters_configure - a configuration comes into force
 * @all: the meters
 * @c: the configuration; must live until the next call
 *
 * Loop thread.
 */
void meters_configure(struct meters *all, const struct config *c)
{
	struct ledger_book *b;
	struct meter *m;
	unsigned int i;

	all->config = c;
	drop_places(all);
	for (b = ledger_books(all->ledger); b; b = b->next)
		meter_from_book(all, b);
	for (i = 0; i < c->meter_count; i++)
		meter_from_config(all, &c->meters[i]);
	for (i = 0; i < c->source_count; i++)
		meter_from_source(all, &c->sources[i]);
	for (m = all->first; m; m = m->next)
		meter_settle(all, m);
}

/**
 * meters_line_state - a line is new, or changed its state
 * @all: the meters
 * @line: the line
 *
 * What was not heard since the start is expected on the line of its source. Loop thread.
 */
void meters_line_state(struct meters *all, struct line *line)
{
	const struct source_config *source = &line->source->config;
	struct meter *m;

	if (line->meters || source_has_many(source))
		return;
	for (m = all->first; m; m = m->next) {
		if (!m->line && !strcmp(m->source, source->name))
			set_line(m, line);
	}
}

/**
 * meters_line_gone - a line is about to be freed
 * @all: the meters
 * @line: the line
 *
 * Loop thread.
 */
void meters_line_gone(struct meters *all, struct line *line)
{
	struct meter *m = line->meters ? line->meters->last : NULL;

	/* Most lines have had one meter, and others need not be looked for. */
	if (m && m->line == line)
		set_line(m, NULL);
	for (m = all->first; m && line->bound; m = m->next) {
		if (m->line == line)
			set_line(m, NULL);
	}
	if (line->meters) {
		free(line->meters->candidate);
		free(line->meters->number);
	}
	free(line->meters);
	line->meters = NULL;
}

/* Where it is heard now; the ledger learns of it unless it is heard in both places. */
static void bind_line(struct meters *all, struct meter *m, struct line *line)
{
	const char *source = line->source->config.name;
	bool moved = !m->line || m->line->state != LINE_CONNECTED;

	set_line(m, line);
	if (strcmp(m->source, source)) {
		memcpy(m->source, source, sizeof(m->source));
		settle_source(all->config, m);
	}
	if (moved && strcmp(m->book->source, source)) {
		memcpy(m->book->source, source, sizeof(m->book->source));
		ledger_book_changed(m->book);
	}
}

static void read_registers(struct meter *m, const struct line_meters *lm,
			   const struct telegram *t, const struct reading *values,
			   const struct reading_time *time)
{
	const struct ledger_reading r = {
		.values = values,
		.telegram = m->config && m->config->scale_count ? NULL : t,
		.time_s = time->time_s,
		.sent = lm->layout.sent,
		.may_close = time->may_close,
		.flags = time->flags,
		.limit_import_w = m->limit_import_w,
	};

	if (time->known)
		ledger_read(m->book, &r);
}

/*
 * A D2L module prints a current of 0 for phases that there are not, so the load of a contract in
 * amperes is that of the phases which ever carried current.
 */
static void take_phases(struct meter *m, const struct telegram *t, struct reading *values)
{
	u8 phases = m->book->phases;

	if (t->protocol != TELEGRAM_TIC_HISTORIQUE)
		return;
	for (unsigned int i = 0; i < 3; i++) {
		if (reading_has(values, Q_current_l1 + i) && values->milli[Q_current_l1 + i] > 0)
			phases |= 1 << i;
	}
	if (phases != m->book->phases) {
		m->book->phases = phases;
		ledger_book_changed(m->book);
	}
	historique_load(values, m->config && m->config->phases ? m->config->phases : phases);
}

static struct ledger_book *book_of_number(const struct meters *all, const char *number)
{
	const struct meter *m = meters_with_number(all, number);

	return m ? m->book : NULL;
}

static void hear(struct meters *all, struct meter *m, const struct line_meters *lm,
		 const struct telegram *t, struct reading *values, const struct moment *when)
{
	struct reading_time time;
	struct before before;

	meter_before(m, &before);
	/* Scales of DLMS are in the place of scalers, and there already. */
	if (t->protocol != TELEGRAM_DLMS)
		meter_adjust(m->config, values);
	meter_telegram_time(all, m->config, lm, t, when, &time);
	m->heard = true;
	m->telegrams++;
	m->via = when->behind ? book_of_number(all, when->behind) : NULL;
	m->replay = when->replay;
	m->book->idle = when->replay;
	m->protocol = t->protocol;
	m->profile = when->profile;
	if (m->book->protocol != t->protocol) {
		m->book->protocol = t->protocol;
		ledger_book_changed(m->book);
	}
	m->received_ms = when->unix_ms;
	m->has_time = time.known;
	m->time_s = time.time_s;
	if (!when->replay)
		m->heard_ms = when->steady_ms;
	else if (time.known)
		m->heard_ms = time.time_s * 1000;
	meter_take_contract(m, &lm->layout, t, values);
	read_registers(m, lm, t, values, &time);
	meter_take_tariff(m, &lm->layout, t, values);
	meter_take_failures(m, &lm->layout, t);
	meter_take(m, t, values);
	meter_keep(m, t, lm->layout.text_end, when->list);
	if (before.known)
		meter_tell_events(all, m, &before);
	all->out.heard(all->out.context, m);
}

/**
 * meters_telegram - a telegram came
 * @all: the meters
 * @line: that it came on
 * @t: the telegram; is copied
 * @number: of the meter, where the transport knows it; else NULL
 * @when: its first byte came
 *
 * Loop thread; the hot path.
 */
void meters_telegram(struct meters *all, struct line *line, const struct telegram *t,
		     const char *number, const struct moment *when)
{
	struct reading values;
	struct meter *m;

	if (!line->meters)
		line->meters = calloc(1, sizeof(*line->meters));
	if (!line->meters)
		return;
	layout_of(all->p1_roles, t, &line->meters->layout);
	if (when->values)
		values = *when->values;
	else
		telegram_quantities(t, &values);
	m = meter_of_telegram(all, line, t, number, &values, when);
	if (!m)
		return;
	if (line->source->config.type == SOURCE_D2L)
		take_phases(m, t, &values);
	if (m->line != line)
		bind_line(all, m, line);
	hear(all, m, line->meters, t, &values, when);
}
