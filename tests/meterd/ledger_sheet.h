/* SPDX-License-Identifier: MIT */
/*
 * A ledger with what it told on a sheet: the newest row of every period, the segments that ended,
 * and how often each event came. For one C file of a program.
 */
#ifndef METERD_TESTS_LEDGER_SHEET_H
#define METERD_TESTS_LEDGER_SHEET_H

#include <inttypes.h>

#include "../../userspace/meterd/ledger.h"
#include "../host/host.h"

#define HOUR_S 3600ll
#define DAY_S 86400ll
#define WH 1000ll	/* thousandths */
#define KWH 1000000ll

/**
 * struct sheet - what a store would have
 * @rows: open addressing by register, period and start; an empty one has no end
 * @told: rows that came, also those that replaced others
 */
struct sheet {
	struct ledger *ledger;
	struct ledger_book *book;
	struct ledger_entry *rows;
	size_t room;
	size_t count;
	u64 told;
	struct ledger_segment segments[256];
	size_t segment_count;
	unsigned int events[LEDGER_CLOCK_BACK + 1];
	struct ledger_event event;	/* the newest */
	unsigned int urgent;
};

static struct ledger_entry *sheet_place(struct sheet *s, enum quantity q, enum period p,
					s64 start_s)
{
	u64 hash = ((u64)start_s * 4 + p) * 256 + q;
	size_t i = (hash * 0x9e3779b97f4a7c15ull) >> 20;

	for (;; i++) {
		struct ledger_entry *e = &s->rows[i % s->room];

		if (!e->end_s || (e->reg == q && e->period == p && e->start_s == start_s))
			return e;
	}
}

static void sheet_grow(struct sheet *s)
{
	struct ledger_entry *old = s->rows;
	size_t room = s->room;

	s->room = room ? 2 * room : 1024;
	s->rows = calloc(s->room, sizeof(*s->rows));
	if (!s->rows)
		abort();
	for (size_t i = 0; i < room; i++) {
		if (old[i].end_s)
			*sheet_place(s, old[i].reg, old[i].period, old[i].start_s) = old[i];
	}
	free(old);
}

static void sheet_row(void *context, const struct ledger_book *b, const struct ledger_entry *e)
{
	struct sheet *s = context;
	struct ledger_entry *row;

	if (b != s->book && s->book)
		abort();
	if (2 * s->count >= s->room)
		sheet_grow(s);
	row = sheet_place(s, e->reg, e->period, e->start_s);
	s->count += !row->end_s;
	s->told++;
	*row = *e;
}

static void sheet_segment(void *context, const struct ledger_segment *segment)
{
	struct sheet *s = context;

	if (s->segment_count == COUNT(s->segments))
		abort();
	s->segments[s->segment_count++] = *segment;
}

static void sheet_urgent(void *context)
{
	struct sheet *s = context;

	s->urgent++;
}

static void sheet_event(void *context, const struct ledger_book *b, const struct ledger_event *e)
{
	struct sheet *s = context;

	(void)b;
	s->events[e->kind]++;
	s->event = *e;
}

static struct sheet *sheet_new(const char *zone)
{
	struct sheet *s = calloc(1, sizeof(*s));
	const struct ledger_out out = {
		.row = sheet_row,
		.segment = sheet_segment,
		.urgent = sheet_urgent,
		.event = sheet_event,
		.context = s,
	};

	if (!s)
		abort();
	sheet_grow(s);
	s->ledger = ledger_new(&out);
	s->book = ledger_add(s->ledger, "house", "1234", "line", zone_get(zone));
	if (!s->book || !s->book->zone)
		abort();
	return s;
}

static void sheet_free(struct sheet *s)
{
	ledger_free(s->ledger);
	free(s->rows);
	free(s);
}

/* Row of the period that @at_s lies in, or NULL. */
static inline const struct ledger_entry *sheet_at(struct sheet *s, enum quantity q, enum period p,
						  s64 at_s)
{
	const struct ledger_entry *e;
	s64 start_s, end_s;

	zone_period(s->book->zone, p, at_s, &start_s, &end_s);
	e = sheet_place(s, q, p, start_s);
	return e->end_s ? e : NULL;
}

/* Whether the period of @at_s was told with this value and quality. */
static inline bool row_is(struct sheet *s, enum quantity q, enum period p, s64 at_s, s64 milli,
			  unsigned int quality)
{
	const struct ledger_entry *e = sheet_at(s, q, p, at_s);
	char is[QUALITY_TEXT_MAX], wanted[QUALITY_TEXT_MAX], at[ISO_TIME_LEN + 1];

	iso_time(at_s, at);
	quality_text(quality, wanted);
	if (!e)
		return broken("%s of %s at %s was not told", period_name(p), quantity_info[q].name,
			      at);
	quality_text(e->quality, is);
	if (e->milli == milli && e->quality == quality)
		return true;
	return broken("%s of %s at %s is %" PRId64 " %s, not %" PRId64 " %s", period_name(p),
		      quantity_info[q].name, at, e->milli, is, milli, wanted);
}

static inline bool not_told(struct sheet *s, enum quantity q, enum period p, s64 at_s)
{
	return !sheet_at(s, q, p, at_s) ||
	       broken("%s at %" PRId64 " was told", period_name(p), at_s);
}

static inline bool running_is(struct sheet *s, enum quantity q, enum period p, s64 milli,
			      unsigned int quality)
{
	char is[QUALITY_TEXT_MAX];
	struct ledger_entry e;

	if (!ledger_running(s->book, q, p, &e))
		return broken("no %s of %s runs", period_name(p), quantity_info[q].name);
	quality_text(e.quality, is);
	if (e.milli == milli && e.quality == quality)
		return true;
	return broken("running %s of %s is %" PRId64 " %s, not %" PRId64, period_name(p),
		      quantity_info[q].name, e.milli, is, milli);
}

/* What the periods of one kind sum to, the running one as it is now. */
static inline s64 sum_of_periods(const struct sheet *s, enum quantity q, enum period p)
{
	struct ledger_entry running = { 0 };
	bool runs = ledger_running(s->book, q, p, &running);
	s64 sum = running.milli;

	for (size_t i = 0; i < s->room; i++) {
		const struct ledger_entry *e = &s->rows[i];

		if (!e->end_s || e->reg != q || e->period != p || e->quality & QUALITY_MISSING ||
		    (runs && e->start_s == running.start_s))
			continue;
		sum += e->milli;
	}
	return sum;
}

/* What the register counted: last - first of each segment. */
static inline s64 sum_of_segments(const struct sheet *s, enum quantity q)
{
	const struct ledger_account *a = ledger_account(s->book, q);
	s64 sum = a && a->first_s ? a->last - a->first : 0;

	for (size_t i = 0; i < s->segment_count; i++) {
		if (s->segments[i].reg == q)
			sum += s->segments[i].last - s->segments[i].first;
	}
	return sum;
}

static inline bool conserved(const struct sheet *s, enum quantity q, s64 total)
{
	for (unsigned int p = 0; p < PERIOD_COUNT; p++) {
		s64 sum = sum_of_periods(s, q, p);

		if (sum != total)
			return broken("the %ss of %s sum to %" PRId64 ", not %" PRId64,
				      period_name(p), quantity_info[q].name, sum, total);
	}
	return true;
}

/* Periods of one register neither overlap nor have a negative value. */
static inline bool sane_rows(const struct sheet *s)
{
	for (size_t i = 0; i < s->room; i++) {
		const struct ledger_entry *e = &s->rows[i];

		if (!e->end_s)
			continue;
		if (e->milli < 0 || e->end_s <= e->start_s ||
		    (e->quality & QUALITY_MISSING && e->milli))
			return broken("%s %" PRId64 "..%" PRId64 " of %s: %" PRId64,
				      period_name(e->period), e->start_s, e->end_s,
				      quantity_info[e->reg].name, e->milli);
	}
	return true;
}

static inline s64 at(const char *iso)
{
	s64 unix_s = 0;

	if (!iso_time_parse(iso, &unix_s))
		abort();
	return unix_s;
}

/* One telegram of some registers; more of them with put(). */
struct sent {
	struct reading values;
	struct ledger_reading reading;
};

static inline struct sent telegram_at(s64 time_s)
{
	return (struct sent){
		.reading = { .time_s = time_s, .sent = ~0ull, .may_close = true },
	};
}

static inline void put(struct sent *t, enum quantity q, s64 milli)
{
	reading_set(&t->values, q, milli);
	if (q >= Q_gas)
		t->values.captured_s[q - Q_gas] = t->reading.time_s;
}

static inline void hear(struct sheet *s, struct sent *t)
{
	t->reading.values = &t->values;
	ledger_read(s->book, &t->reading);
}

static inline void hear_one(struct sheet *s, enum quantity q, s64 time_s, s64 milli)
{
	struct sent t = telegram_at(time_s);

	put(&t, q, milli);
	hear(s, &t);
}

static inline void hear_import(struct sheet *s, s64 time_s, s64 milli)
{
	hear_one(s, Q_energy_import, time_s, milli);
}

/* Readings from @from_s to before @to_s, each @interval_s, at 1 Wh/s from @milli on; the end. */
static inline s64 hear_on(struct sheet *s, enum quantity q, s64 from_s, s64 to_s, s64 interval_s,
			  s64 milli)
{
	for (s64 t = from_s; t < to_s; t += interval_s)
		hear_one(s, q, t, milli + (t - from_s) * WH);
	return milli + (to_s - from_s) * WH;
}

#endif /* METERD_TESTS_LEDGER_SHEET_H */
