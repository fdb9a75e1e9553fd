// SPDX-License-Identifier: MIT
/*
 * A line of DLMS push: whose its readings are, and what their numbers mean.
 *
 * Meters split what they say over several lists, and only one of them may have the meter's number.
 * Others are of whom their system title, or their line, is known for.
 */
#include <stdlib.h>
#include <string.h>

#include "../decode/dlms.h"
#include "../decode/dlms_doubt.h"
#include "../decode/dlms_settle.h"
#include "mbus_line.h"
#include "mbus_notes.h"
#include "sources.h"

/*
 * Of one line; a converter has one meter, and some pass on several. Beyond it the longest silent
 * one is forgotten.
 */
#define METERS_MAX 8
/*
 * All meters say their number more often: who was silent for so long while another one spoke was
 * replaced by it.
 */
#define GONE_MS (60 * 60 * 1000)
/* A title that had so many telegrams without a number is all that there is to call its meter. */
#define NAMELESS_MAX 12
#define SCALES_MAX 32

/**
 * struct mbus_meter - a meter that was heard on the line
 * @heard_ms: when its number came last, as @now_ms; 0: before the start
 * @settle: what one count of its registers is
 * @told: that this is not known
 */
struct mbus_meter {
	char number[METERLINE_NUMBER_MAX + 1];
	u64 heard_ms;
	struct dlms_settle settle;
	struct dlms_doubts doubts;
	bool told;
};

/**
 * struct mbus_title - a sender of enciphered telegrams
 * @heard_ms: when it came last, as @now_ms; 0: before the start
 * @meter: that it is; NULL: no telegram of it had a number so far
 * @nameless: telegrams without one
 */
struct mbus_title {
	u8 title[SYSTEM_TITLE_LEN];
	u64 heard_ms;
	struct mbus_meter *meter;
	unsigned int nameless;
};

/**
 * struct mbus_line - what is known of a line
 * @meters: those heard
 * @titles: those heard
 * @dlms: where its APDUs come from
 * @now_ms: when the newest APDU began, or the line did; see now_at()
 * @nameless: telegrams of nobody in a row
 * @ambiguous: it was told that nobody knows which of the meters they are of
 * @apdu: the newest one; its title is @title
 * @expected: whose it was thought to be when it was read
 * @scales: of the configuration, for who is read now
 * @reading: of @apdu
 */
struct mbus_line {
	struct line *line;
	mbus_moment_fn moment;
	void *context;
	struct mbus_meter meters[METERS_MAX];
	unsigned int meter_count;
	struct mbus_title titles[METERS_MAX];
	unsigned int title_count;
	struct dlms_line *dlms;
	u64 now_ms;
	unsigned int nameless;
	bool ambiguous;
	struct dlms_apdu apdu;
	u8 title[SYSTEM_TITLE_LEN];
	const struct mbus_meter *expected;
	struct dlms_scale scales[SCALES_MAX];
	struct dlms_reading reading;
};

static const struct source_config *config_of(const struct mbus_line *m)
{
	return &m->line->source->config;
}

static struct notes *notes_of(const struct mbus_line *m)
{
	return sources_notes(m->line->source->all);
}

/* A free entry, or that of the title that was silent longest. */
static struct mbus_title *room_for_title(struct mbus_line *m)
{
	struct mbus_title *oldest = m->titles;

	if (m->title_count < METERS_MAX)
		return &m->titles[m->title_count++];
	for (unsigned int i = 1; i < METERS_MAX; i++) {
		if (m->titles[i].heard_ms < oldest->heard_ms)
			oldest = &m->titles[i];
	}
	return oldest;
}

/* The entry of a system title that was heard now. */
static struct mbus_title *title_of(struct mbus_line *m, const u8 *title)
{
	struct mbus_title *t = NULL;

	for (unsigned int i = 0; i < m->title_count && !t; i++) {
		if (!memcmp(m->titles[i].title, title, sizeof(t->title)))
			t = &m->titles[i];
	}
	if (!t) {
		t = room_for_title(m);
		*t = (struct mbus_title){ .meter = NULL };
		memcpy(t->title, title, sizeof(t->title));
	}
	t->heard_ms = m->now_ms;
	return t;
}

/* Nothing may point to a meter whose entry becomes that of another one. */
static void forget_meter(struct mbus_line *m, const struct mbus_meter *gone)
{
	for (unsigned int i = 0; i < m->title_count; i++) {
		if (m->titles[i].meter == gone)
			m->titles[i].meter = NULL;
	}
	if (m->expected == gone)
		m->expected = NULL;
}

/* A free entry, or that of the meter that was silent longest. */
static struct mbus_meter *room_for_meter(struct mbus_line *m)
{
	struct mbus_meter *oldest = m->meters;

	if (m->meter_count < METERS_MAX)
		return &m->meters[m->meter_count++];
	for (unsigned int i = 1; i < METERS_MAX; i++) {
		if (m->meters[i].heard_ms < oldest->heard_ms)
			oldest = &m->meters[i];
	}
	forget_meter(m, oldest);
	return oldest;
}

/* The meter that was heard now. */
static struct mbus_meter *meter_numbered(struct mbus_line *m, const char *number)
{
	struct mbus_meter *found = NULL;

	for (unsigned int i = 0; i < m->meter_count && !found; i++) {
		if (!strcmp(m->meters[i].number, number))
			found = &m->meters[i];
	}
	if (!found) {
		found = room_for_meter(m);
		*found = (struct mbus_meter){
			.settle.step = mbus_notes_step(notes_of(m), config_of(m)->name, number),
		};
		snprintf(found->number, sizeof(found->number), "%s", number);
	}
	found->heard_ms = m->now_ms;
	return found;
}

/* NULL: there are several, or none. What was silent while another one spoke is none any more. */
static struct mbus_meter *only_meter(struct mbus_line *m)
{
	struct mbus_meter *newest = m->meters;

	for (unsigned int i = 1; i < m->meter_count; i++) {
		if (m->meters[i].heard_ms > newest->heard_ms)
			newest = &m->meters[i];
	}
	for (unsigned int i = 0; i < m->meter_count; i++) {
		if (&m->meters[i] != newest && newest->heard_ms - m->meters[i].heard_ms < GONE_MS)
			return NULL;
	}
	return m->meter_count ? newest : NULL;
}

static struct mbus_meter *configured(struct mbus_line *m)
{
	return *config_of(m)->meter ? meter_numbered(m, config_of(m)->meter) : NULL;
}

static struct mbus_meter *of_title(struct mbus_line *m, struct mbus_title *t)
{
	if (t->meter)
		return t->meter;
	t->meter = configured(m);
	if (!t->meter && ++t->nameless > NAMELESS_MAX)
		t->meter = meter_numbered(m, m->reading.number);
	return t->meter;
}

/* Who is meant where nothing says it. */
static struct mbus_meter *of_line(struct mbus_line *m)
{
	struct mbus_meter *meter = configured(m);

	return meter ? meter : only_meter(m);
}

/* Whose the reading is; NULL: that is not known, or not yet. */
static struct mbus_meter *whose(struct mbus_line *m)
{
	struct mbus_title *t = m->apdu.system_title ? title_of(m, m->title) : NULL;
	struct mbus_meter *meter;

	switch (m->reading.number_from) {
	case DLMS_NUMBER_NONE:
		return t && t->meter ? t->meter : of_line(m);
	case DLMS_NUMBER_TITLE:
		return of_title(m, t);
	default:
		meter = meter_numbered(m, m->reading.number);
		if (t)
			t->meter = meter;
		return meter;
	}
}

/* What this reading taught, for the next start. */
static void take_notes(struct mbus_line *m, const struct mbus_meter *meter)
{
	const char *source = config_of(m)->name;
	struct glo_mark mark = { .counter = m->apdu.counter };

	mbus_note_meter(notes_of(m), source, only_meter(m) ? meter->number : NULL);
	if (!m->apdu.system_title)
		return;
	mbus_note_title(notes_of(m), source, m->title, meter->number);
	memcpy(mark.title, m->title, sizeof(mark.title));
	if (m->apdu.tag != DLMS_CLEAR)
		mbus_note_counter(notes_of(m), source, &mark);
}

/* Who will it be? Most lines have one meter. */
static const struct mbus_meter *expect(struct mbus_line *m)
{
	const struct mbus_title *t = m->apdu.system_title ? title_of(m, m->title) : NULL;

	return t && t->meter ? t->meter : of_line(m);
}

static unsigned int put_scales(struct mbus_line *m, const struct meter_config *c)
{
	unsigned int count = 0;

	for (unsigned int i = 0; c && i < c->scale_count && count < SCALES_MAX; i++)
		count += dlms_scale_of(c->scales[i].code, c->scales[i].milli, &m->scales[count]);
	return count;
}

static struct dlms_settings settings_of(struct mbus_line *m, const struct mbus_meter *meter)
{
	const struct config *all = m->line->source->all->config;

	return (struct dlms_settings){
		.profile = config_of(m)->profile,
		.energy_step = meter ? meter->settle.step : 0,
		.scales = m->scales,
		.scale_count = meter ? put_scales(m, config_meter(all, meter->number)) : 0,
	};
}

static size_t read_apdu(struct mbus_line *m, const struct mbus_meter *meter)
{
	const struct dlms_settings settings = settings_of(m, meter);

	m->expected = meter;
	return dlms_reading_parse(&m->reading, &settings, &m->apdu);
}

/* What is known from before, at 0, is silent for long already. */
static u64 now_at(u64 steady_ms)
{
	return GONE_MS + steady_ms;
}

static size_t take_apdu(void *context, const struct dlms_apdu *apdu)
{
	struct mbus_line *m = context;

	m->apdu = *apdu;
	m->now_ms = now_at(apdu->first_byte);
	if (apdu->system_title)
		memcpy(m->title, apdu->system_title, sizeof(m->title));
	return read_apdu(m, expect(m));
}

static void tell_nameless(struct mbus_line *m)
{
	if (m->meter_count > 1 && !m->ambiguous) {
		m->ambiguous = true;
		log_line(LEVEL_WARNING, config_of(m)->name,
			 "%s: lists without a number come, and several meters are on the line: "
			 "they are dropped, for nobody knows whose they are", m->line->what);
	}
	if (++m->nameless <= NAMELESS_MAX)
		return;
	line_set_state(m->line, LINE_WRONG_DATA,
		       "telegrams come, but none has the number of its meter: give it as meter = "
		       "in this source");
}

/* Until one count of its registers is known, a meter has no energies. */
static void settle(struct mbus_line *m, struct mbus_meter *meter, u64 now_ms)
{
	if (meter->settle.step)
		return;
	if (dlms_settle_take(&meter->settle, &m->reading, now_ms)) {
		mbus_note_step(notes_of(m), config_of(m)->name, meter->number, meter->settle.step);
		log_line(LEVEL_INFO, config_of(m)->name,
			 "%s: one count of its registers is %u Wh, as its power shows",
			 m->line->what, meter->settle.step);
		read_apdu(m, meter);
	} else if (m->reading.unsettled && !meter->told) {
		meter->told = true;
		log_limited(&m->line->limit, LEVEL_INFO, config_of(m)->name,
			    "%s: it does not say whether its registers count 1 or 10 Wh: there are "
			    "no energies until its power has shown it, or scale.1-1:1.8.0 = 1 or 10 "
			    "(and so on) stands in its [meter ...]", m->line->what);
	}
}

static void look_for_doubt(struct mbus_line *m, struct mbus_meter *meter)
{
	enum dlms_doubt doubt = dlms_doubts_take(&meter->doubts, &m->reading.values);

	if (doubt)
		log_limited(&m->line->limit, LEVEL_WARNING, config_of(m)->name, "%s: %s",
			    m->line->what, dlms_doubt_text(doubt));
}

/* Gas, water and heat that are behind this meter. */
static void tell_of_others(struct mbus_line *m, const struct mbus_meter *meter, struct moment *when)
{
	struct dlms_submeter other = { 0 };

	when->behind = meter->number;
	when->values = &other.values;
	while (dlms_submeter_next(&m->reading, &other)) {
		s64 *captured_s = &other.values.captured_s[other.quantity - Q_gas];

		if (!*other.number || other.quantity == Q_NONE)
			continue;
		if (!*captured_s)
			*captured_s = (when->replay ? (s64)when->steady_ms : when->unix_ms) / 1000;
		line_told_of(m->line, &other.telegram, other.number, when);
	}
}

/* The newest APDU counts. */
static void take_reading(void *context)
{
	struct mbus_line *m = context;
	struct mbus_meter *meter = whose(m);
	struct moment when = {
		.has_clock = m->reading.has_clock,
		.clock_s = m->reading.clock_s,
	};

	if (!meter) {
		tell_nameless(m);
		return;
	}
	m->nameless = 0;
	take_notes(m, meter);
	if (meter != m->expected)
		read_apdu(m, meter);
	if (!m->moment(m->context, m->apdu.first_byte, &when))
		return;
	settle(m, meter, when.steady_ms);
	look_for_doubt(m, meter);
	when.values = &m->reading.values;
	when.profile = m->reading.profile;
	when.list = m->reading.list;
	line_telegram(m->line, &m->reading.telegram, meter->number, &when);
	tell_of_others(m, meter, &when);
}

/**
 * mbus_line_new - nothing is known of a line yet
 * @line: must live longer
 * @moment: says when telegrams came
 * @context: given to @moment
 *
 * Loop thread, as for all that follow.
 *
 * Return: for mbus_line_free(); NULL without memory.
 */
struct mbus_line *mbus_line_new(struct line *line, mbus_moment_fn moment, void *context)
{
	struct mbus_line *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->line = line;
	m->moment = moment;
	m->context = context;
	return m;
}

static void recall_title(void *context, const u8 title[SYSTEM_TITLE_LEN], const char *number)
{
	title_of(context, title)->meter = meter_numbered(context, number);
}

static void recall_counter(void *context, const struct glo_mark *mark)
{
	struct mbus_line *m = context;

	if (m->line->source->keys)
		dlms_line_remember(m->dlms, mark);
}

static void recall(struct mbus_line *m)
{
	const struct mbus_known known = { recall_title, recall_counter, m };
	const char *only = mbus_notes_meter(notes_of(m), config_of(m)->name);

	mbus_notes_recall(notes_of(m), config_of(m)->name, &known);
	m->now_ms = now_at(steady_ms());
	if (only)
		meter_numbered(m, only);
}

/**
 * mbus_line_begin - a stream of bytes begins on the line
 * @m: the line
 * @stream: just begun; ends before @m is freed
 *
 * Return: false without memory.
 */
bool mbus_line_begin(struct mbus_line *m, struct stream *stream)
{
	const struct dlms_out out = {
		.apdu = take_apdu,
		.done = take_reading,
		.context = m,
	};

	if (!stream_add_dlms(stream, config_of(m)->framings, m->line->source->keys, &out))
		return false;
	dlms_line_refuse_replayed(stream->dlms, config_of(m)->refuses_replayed);
	m->dlms = stream->dlms;
	m->line->dlms = dlms_line_counts(stream->dlms);
	recall(m);
	return true;
}

/** mbus_line_free - forgets a line; NULL does nothing */
void mbus_line_free(struct mbus_line *m)
{
	free(m);
}
