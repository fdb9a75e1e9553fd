// SPDX-License-Identifier: MIT
/*
 * The periods of an account: readings at their boundaries, closing them, and what is told of them
 * while a register is silent. Rules 3, 4, 5 and 14 of the ledger.
 */
#include "../lib/median.h"
#include "ledger_parts.h"

/* A reading so long after a boundary stands for it, however slow or fast the register is. */
#define GRACE_MIN_S 60
#define GRACE_MAX_S 300
/* A register is not silent before it missed this many of its own intervals, or a day. */
#define PATIENCE_INTERVALS 3
#define PATIENCE_MAX_S 86400
/* While its interval is not known it may be an hour, as that of most gas meters. */
#define PATIENCE_UNKNOWN_S (3 * 3600)

/* 0: not yet known. */
static s64 interval_s(const struct ledger_account *a)
{
	return a->interval_count < 3 ? 0 : median_of_three(a->interval_s);
}

/**
 * account_grace_s - how long after a boundary a reading stands for it
 * @a: an account, before the reading at hand is in it
 *
 * Return: seconds, 60 to 300.
 */
s64 account_grace_s(const struct ledger_account *a)
{
	s64 grace = 3 * interval_s(a);

	return grace < GRACE_MIN_S ? GRACE_MIN_S : grace > GRACE_MAX_S ? GRACE_MAX_S : grace;
}

/**
 * account_patience_s - how long after its last reading a register is silent
 * @a: an account
 *
 * Return: seconds; for registers that are read each hour, as gas is, some hours.
 */
s64 account_patience_s(const struct ledger_account *a)
{
	s64 patience = PATIENCE_INTERVALS * interval_s(a);

	if (!patience)
		return PATIENCE_UNKNOWN_S;
	return patience < GRACE_MIN_S	 ? GRACE_MIN_S :
	       patience > PATIENCE_MAX_S ? PATIENCE_MAX_S :
					   patience;
}

/**
 * step_at - the register at an instant between two readings
 * @s: the two readings
 * @time_s: after the first one and not after the second
 * @quality: QUALITY_ESTIMATED is added when the second one is too late to stand for the instant
 *
 * Return: thousandths.
 */
s64 step_at(const struct ledger_step *s, s64 time_s, u8 *quality)
{
	if (s->to_s - time_s <= s->grace_s)
		return s->to;
	*quality |= QUALITY_ESTIMATED;
	return s->from + (s64)((__int128)(s->to - s->from) * (time_s - s->from_s) /
			       (s->to_s - s->from_s));
}

/**
 * struct walk - through the boundaries of one kind of period, in a step
 * @at_s: up to here
 * @at: the stepping register there
 * @value: the account's there: less, when it gets only a share of the step
 * @quality: QUALITY_* of edges of ranges since the last boundary
 */
struct walk {
	s64 at_s;
	s64 at;
	s64 value;
	u8 quality;
};

/* The account's value at a later instant of the step. */
static s64 walk_to(const struct ledger_step *s, struct walk *w, s64 time_s, u8 *quality)
{
	if (!s->ranges)
		return step_at(s, time_s, quality);
	while (w->at_s < time_s) {
		s64 edge_s = tariff_ranges_next(s->ranges, s->zone, w->at_s);
		u8 *edge_quality = edge_s < time_s ? &w->quality : quality;
		s64 to_s = edge_s < time_s ? edge_s : time_s;
		s64 to = step_at(s, to_s, edge_quality);

		if (tariff_ranges_at(s->ranges, s->zone, w->at_s) == s->tariff)
			w->value += to - w->at;
		w->at = to;
		w->at_s = to_s;
	}
	return w->value;
}

static void tell_row(struct ledger_book *b, const struct ledger_account *a, enum period p,
		     s64 start_s, s64 end_s, s64 milli, u8 quality)
{
	const struct ledger_out *out = &b->ledger->out;
	struct ledger_entry e = {
		.start_s = start_s,
		.end_s = end_s,
		.milli = milli,
		.period = p,
		.reg = a->reg,
		.quality = quality,
	};

	ledger_put(b, LEDGER_DUE);
	if (out->row)
		out->row(out->context, b, &e);
}

/* Whole periods of [@from_s, @to_s], without a reading. */
static void tell_missing(struct ledger_book *b, const struct ledger_account *a,
			 enum period p, s64 from_s, s64 to_s)
{
	s64 start_s, end_s;

	if (p == PERIOD_QUARTER && to_s - from_s > b->ledger->keep_quarters_s)
		zone_period(b->zone, p, to_s - b->ledger->keep_quarters_s - QUARTER_S, &start_s,
			    &from_s);
	for (;; from_s = end_s) {
		zone_period(b->zone, p, from_s, &start_s, &end_s);
		if (end_s > to_s)
			return;
		tell_row(b, a, p, from_s, end_s, 0, QUALITY_MISSING);
	}
}

/**
 * account_next_end_s - the nearest boundary of an account's open periods
 * @a: an account
 *
 * Return: seconds since 1970; 0: none is open.
 */
s64 account_next_end_s(const struct ledger_account *a)
{
	s64 next = a->span[0].end_s;
	unsigned int p;

	for (p = 1; p < PERIOD_COUNT; p++) {
		if (a->span[p].end_s < next)
			next = a->span[p].end_s;
	}
	return next;
}

static void span_open(const struct ledger_book *b, struct ledger_account *a, enum period p,
		      s64 value, s64 time_s, u8 flags)
{
	s64 start_s, end_s;

	zone_period(b->zone, p, time_s, &start_s, &end_s);
	a->span[p] = (struct ledger_span){ .start_s = start_s, .end_s = end_s, .base = value };
	a->quality[p] = flags;
	if (time_s - start_s > GRACE_MIN_S)
		a->quality[p] |= QUALITY_PARTIAL;
}

/* The old segment has ended at a->last, the new one begins at @value. */
static void span_continue(struct ledger_book *b, struct ledger_account *a, enum period p,
			  s64 value, s64 time_s, u8 flags)
{
	struct ledger_span *span = &a->span[p];
	s64 end_s = span->end_s, moved = 0;

	span->carried += a->last - span->base;
	a->quality[p] |= flags;
	/* A clock was ahead: what was counted in a period that has not begun is of this one. */
	if (time_s < span->start_s)
		moved = span->carried;
	if (time_s >= span->start_s && time_s < end_s) {
		span->base = value;
		return;
	}
	if (time_s >= end_s) {
		tell_row(b, a, p, span->start_s, end_s, span->carried,
			 a->quality[p] | QUALITY_PARTIAL);
		tell_missing(b, a, p, end_s, time_s);
	}
	span_open(b, a, p, value, time_s, flags);
	span->carried = moved;
}

/**
 * account_open - begins a segment: nothing is counted between the last reading and this one
 * @b: a book
 * @a: one of its accounts; its periods keep what they have
 * @value: of the reading that opens the segment, thousandths
 * @time_s: when it was
 * @flags: QUALITY_* of the periods that it falls into; 0 for the first one ever
 */
void account_open(struct ledger_book *b, struct ledger_account *a, s64 value, s64 time_s,
		  u8 flags)
{
	unsigned int p;

	for (p = 0; p < PERIOD_COUNT; p++) {
		if (a->span[p].end_s)
			span_continue(b, a, p, value, time_s, flags);
		else
			span_open(b, a, p, value, time_s, flags);
	}
	if (a->last_s)
		a->continued += a->last - value;
	a->first = value;
	a->first_s = time_s;
	a->last = value;
	a->last_s = time_s;
	a->told_s = 0;
	a->changed = true;
}

/* Closes the periods that end in the step. */
static bool span_advance(struct ledger_book *b, struct ledger_account *a, enum period p,
			 const struct ledger_step *s, s64 *last)
{
	struct ledger_span *span = &a->span[p];
	struct walk w = { .at_s = s->from_s, .at = s->from, .value = a->last };
	s64 keep_from_s = s->to_s - b->ledger->keep_quarters_s, start_s, end_s;
	bool estimated = false;

	a->quality[p] |= s->flags;
	while (span->end_s <= s->to_s) {
		u8 quality = 0;
		s64 value = walk_to(s, &w, span->end_s, &quality);

		estimated |= quality & QUALITY_ESTIMATED;
		tell_row(b, a, p, span->start_s, span->end_s, span->carried + value - span->base,
			 a->quality[p] | quality | w.quality | s->closing);
		span->start_s = span->end_s;
		if (p == PERIOD_QUARTER && span->start_s < keep_from_s) {
			zone_period(b->zone, p, keep_from_s, &start_s, &end_s);
			span->start_s = end_s;
			value = walk_to(s, &w, end_s, &quality);
		}
		zone_period(b->zone, p, span->start_s, &start_s, &end_s);
		span->end_s = end_s;
		span->base = value;
		span->carried = 0;
		a->quality[p] = quality | s->flags;
		w.quality = 0;
	}
	if (s->ranges) {
		u8 quality = 0;

		*last = walk_to(s, &w, s->to_s, &quality);
		a->quality[p] |= w.quality;
	}
	return estimated;
}

/**
 * account_advance - closes the periods that end between two readings
 * @b: a book
 * @a: one of its accounts, with @s->from (or its share of what came before) as its last value
 * @s: the two readings; of the register that is split, for an account of ranges
 * @estimated: set when a boundary had to be interpolated
 *
 * Return: the account's value after the step; the caller makes it the last one.
 */
s64 account_advance(struct ledger_book *b, struct ledger_account *a,
		    const struct ledger_step *s, bool *estimated)
{
	s64 last = s->to;
	unsigned int p;

	for (p = 0; p < PERIOD_COUNT; p++)
		*estimated |= span_advance(b, a, p, s, &last);
	a->told_s = 0;
	return last;
}

/**
 * account_untell - takes back what was told of periods that have not begun
 * @b: a book
 * @a: one of its accounts, as it was before its clock was ahead
 * @ahead: the same account as it was then
 */
void account_untell(struct ledger_book *b, const struct ledger_account *a,
		    const struct ledger_account *ahead)
{
	unsigned int p;

	for (p = 0; p < PERIOD_COUNT; p++)
		tell_missing(b, a, p, a->span[p].end_s, ahead->span[p].end_s);
}

/**
 * account_running - an open period of an account, up to its last reading
 * @a: an account with open periods
 * @p: which one
 * @e: for the entry
 */
void account_running(const struct ledger_account *a, enum period p, struct ledger_entry *e)
{
	const struct ledger_span *span = &a->span[p];

	*e = (struct ledger_entry){
		.start_s = span->start_s,
		.end_s = span->end_s,
		.milli = span->carried + a->last - span->base,
		.period = p,
		.reg = a->reg,
		.quality = a->quality[p] | QUALITY_PARTIAL,
	};
}

/* Whether anybody waits for readings of this account. */
static bool is_awaited(const struct ledger_book *b, const struct ledger_account *a)
{
	if (!a->span[0].end_s || !b->zone || b->idle)
		return false;
	return a->kind == ACCOUNT_RANGE ? b->split : !total_is_derived(b, a->reg);
}

/* The end of the first period that has not been told. */
static s64 untold_end_s(const struct ledger_book *b, const struct ledger_account *a, enum period p)
{
	s64 start_s, end_s = a->span[p].end_s;

	if (a->told_s >= end_s)
		zone_period(b->zone, p, a->told_s, &start_s, &end_s);
	return end_s;
}

static void tell_silence(struct ledger_book *b, struct ledger_account *a, s64 until_s)
{
	unsigned int p;

	for (p = 0; p < PERIOD_COUNT; p++) {
		s64 end_s = untold_end_s(b, a, p), from_s, ignored_s;
		struct ledger_entry e;

		if (end_s > until_s)
			continue;
		from_s = a->span[p].end_s;
		if (a->told_s < from_s) {
			account_running(a, p, &e);
			tell_row(b, a, p, e.start_s, e.end_s, e.milli, e.quality);
		} else {
			zone_period(b->zone, p, a->told_s, &from_s, &ignored_s);
		}
		tell_missing(b, a, p, from_s, until_s);
	}
	a->told_s = until_s;
	a->changed = true;
}

/* When the account has something to tell, if it stays silent. */
static s64 silence_due_s(const struct ledger_book *b, const struct ledger_account *a)
{
	s64 due_s = INT64_MAX, silent_s = a->last_s + account_patience_s(a) + 1;
	unsigned int p;

	for (p = 0; p < PERIOD_COUNT; p++) {
		s64 end_s = untold_end_s(b, a, p);

		if (end_s < due_s)
			due_s = end_s;
	}
	due_s += account_grace_s(a);
	return due_s > silent_s ? due_s : silent_s;
}

/**
 * ledger_tick - tells the periods of registers that are silent
 * @l: the ledger
 * @now_s: a trusted clock
 *
 * The period of the last reading is told as partial, whole periods after it as missing. All of them
 * come again, estimated, when the register does.
 */
void ledger_tick(struct ledger *l, s64 now_s)
{
	struct ledger_book *b;
	unsigned int i;

	if (now_s < LEDGER_TIME_MIN_S || now_s > LEDGER_TIME_MAX_S)
		return;
	for (b = l->books; b; b = b->next) {
		for (i = 0; i < b->count; i++) {
			struct ledger_account *a = &b->accounts[i];

			if (!is_awaited(b, a) || silence_due_s(b, a) > now_s)
				continue;
			tell_silence(b, a, now_s - account_grace_s(a));
			ledger_put(b, LEDGER_CHANGED);
		}
	}
}

/**
 * ledger_next_tick - when ledger_tick() may have something to tell
 * @l: the ledger
 * @now_s: of the last ledger_tick()
 *
 * Return: an instant after @now_s; INT64_MAX: not before the next reading.
 */
s64 ledger_next_tick(const struct ledger *l, s64 now_s)
{
	const struct ledger_book *b;
	s64 next_s = INT64_MAX;
	unsigned int i;

	for (b = l->books; b; b = b->next) {
		for (i = 0; i < b->count; i++) {
			const struct ledger_account *a = &b->accounts[i];
			s64 due_s;

			if (!is_awaited(b, a))
				continue;
			due_s = silence_due_s(b, a);
			if (due_s < next_s)
				next_s = due_s;
		}
	}
	return next_s > now_s ? next_s : now_s + 1;
}
