// SPDX-License-Identifier: MIT
/*
 * Whether a register's next reading is believed: rule 7 of the ledger.
 */
#include <stdlib.h>

#include "ledger_parts.h"

/* 3 x 80 A at 230 V, where the contract is not known. */
#define LIMIT_W 55200
/* More than any connection of low voltage; keeps the products below within 64 bits. */
#define LIMIT_MAX_W 1000000ll
#define ALLOWED_MAX_S (99ll * 366 * 86400)

/* Readings after the first doubtful one, and time, that make it the truth. */
#define JUMP_COUNT 3
#define JUMP_S 60
#define RESET_COUNT 10
#define RESET_S 900
#define CLOCK_COUNT 10
#define CLOCK_S 3600

/*
 * What a register may gain in 6,000 s, thousandths: 1.2 times the largest power. 1 W is 1000/3600
 * mWh/s. Gas 40 m3/h, water 20 m3/h, heat 0.5 GJ/h, which is 138.9 kW.
 */
#define MWH_PER_W 2000
#define GAS_RATE 80000
#define WATER_RATE 40000
#define HEAT_RATE 1000
#define HEAT_KWH_RATE 277778

/* The registers of M-Bus meters, as register_index(). */
#define INDEX_GAS (REGISTER_COUNT - 4)
#define INDEX_WATER (REGISTER_COUNT - 3)
#define INDEX_HEAT (REGISTER_COUNT - 2)

static s64 rate(unsigned int index, s64 limit_import_w)
{
	if (index <= Q_energy_import_t16 && limit_import_w > 0)
		return MWH_PER_W * (limit_import_w < LIMIT_MAX_W ? limit_import_w : LIMIT_MAX_W);
	if (index < INDEX_GAS)
		return MWH_PER_W * LIMIT_W;
	return index == INDEX_GAS   ? GAS_RATE :
	       index == INDEX_WATER ? WATER_RATE :
	       index == INDEX_HEAT  ? HEAT_RATE :
				      HEAT_KWH_RATE;
}

/**
 * account_allowed - how much a register may gain
 * @index: register_index()
 * @r: the reading, for the contract's limit
 * @dt_s: between the two readings, not less than 0. Stamps are whole seconds: two of the same one
 *	may lie nearly a second apart
 * @step: place value of the register's last digit, thousandths
 *
 * Return: thousandths.
 */
s64 account_allowed(unsigned int index, const struct ledger_reading *r, s64 dt_s, s64 step)
{
	if (dt_s < 1)
		dt_s = 1;
	if (dt_s > ALLOWED_MAX_S)
		dt_s = ALLOWED_MAX_S;
	return (u64)(rate(index, r->limit_import_w) * dt_s) / 6000u + 2 * step;
}

/* Whether a register may go from one reading to another. */
static bool plausible(const struct ledger_visit *v, const struct ledger_account *a, s64 from,
		      s64 from_s, s64 to)
{
	return to >= from && to - from <= account_allowed(register_index(a->reg), v->reading,
							  v->time_s - from_s, a->step);
}

/* Whether ranges divide what this account counts. */
static bool splits(const struct ledger_visit *v, const struct ledger_account *a)
{
	return v->book->split && a->reg == Q_energy_import;
}

static struct ledger_doubt *doubt_of(struct ledger_account *a)
{
	if (!a->doubt)
		a->doubt = calloc(1, sizeof(*a->doubt));
	return a->doubt;
}

static void doubt_end(struct ledger_account *a)
{
	struct ledger_doubt *d = a->doubt;

	if (!d || d->value.count || d->late.count || d->untimed.count || d->leapt)
		return;
	free(d);
	a->doubt = NULL;
}

static void held(struct ledger_visit *v)
{
	v->book->counts.held++;
}

static void late(struct ledger_visit *v)
{
	v->late = true;
}

/**
 * account_accepted - makes a reading the account's last one
 * @a: an account; its periods are in order already
 * @value: thousandths
 * @time_s: of the reading, not before the last one
 */
void account_accepted(struct ledger_account *a, s64 value, s64 time_s)
{
	s64 dt_s = time_s - a->last_s;

	if (dt_s > 0) {
		a->interval_s[2] = a->interval_s[1];
		a->interval_s[1] = a->interval_s[0];
		a->interval_s[0] = dt_s > UINT32_MAX ? UINT32_MAX : dt_s;
		a->interval_count += a->interval_count < 3;
	}
	a->last = value;
	a->last_s = time_s;
	a->changed = true;
}

/* Whether one of the last three intervals was so long that a wrong stamp may stand behind it. */
static bool has_leapt(const struct ledger_account *a)
{
	unsigned int i;

	for (i = 0; i < a->interval_count; i++) {
		if (a->interval_s[i] > LEAP_S)
			return true;
	}
	return false;
}

/**
 * account_remember - keeps an account as it is before a leap of time
 * @a: an account
 * @time_s: of the reading that it is about to take
 *
 * A stamp far ahead makes all that follow late, and closes periods that have not begun. What stood
 * here before is kept until three more readings have shown that time really went on.
 */
void account_remember(struct ledger_account *a, s64 time_s)
{
	if (time_s - a->last_s > LEAP_S) {
		if ((a->doubt && a->doubt->leapt) || !doubt_of(a))
			return;
		a->doubt->before = *a;
		a->doubt->leapt = true;
	} else if (a->doubt && !has_leapt(a)) {
		a->doubt->leapt = false;
	}
}

static void note_gap(struct ledger_visit *v, const struct ledger_step *s)
{
	if (v->gap_to_s && s->to_s - s->from_s <= v->gap_to_s - v->gap_from_s)
		return;
	v->gap_from_s = s->from_s;
	v->gap_to_s = s->to_s;
}

/* The account goes on to this reading. */
static void book(struct ledger_visit *v, struct ledger_account *a, s64 value, s64 time_s, u8 flags)
{
	struct ledger_book *b = v->book;
	struct ledger_step s = {
		.from = a->last,
		.from_s = a->last_s,
		.to = value,
		.to_s = time_s,
		.grace_s = account_grace_s(a),
		.flags = flags,
		.closing = v->reading->flags & QUALITY_CLOCK,
	};
	bool estimated = false, gap = time_s - a->last_s > account_patience_s(a);

	v->booked = true;
	account_remember(a, time_s);
	if (flags || time_s >= account_next_end_s(a)) {
		v->crossed |= time_s >= account_next_end_s(a);
		account_advance(b, a, &s, &estimated);
	}
	if (estimated && gap)
		note_gap(v, &s);
	account_accepted(a, value, time_s);
	if (splits(v, a))
		ranges_advance(v, &s);
}

/* A new segment: what was counted since the last reading of the old one is not known. */
static void begin_segment(struct ledger_visit *v, struct ledger_account *a, s64 value, s64 time_s,
			  u8 flags)
{
	struct ledger_book *b = v->book;

	account_open(b, a, value, time_s, flags);
	v->booked = true;
	if (splits(v, a))
		ranges_open(b, time_s, flags);
	ledger_urgent(b);
}

/**
 * account_learn_form - the form of the value at hand, where the telegram is there to show it
 * @v: the visit
 * @a: the account
 * @value: thousandths
 */
void account_learn_form(const struct ledger_visit *v, struct ledger_account *a, s64 value)
{
	bool single = v->book->single && a->reg == Q_energy_import;

	register_form(v->reading->telegram, single ? Q_energy_import_t1 : a->reg, value, &a->step,
		      &a->modulus);
}

/* Passing the highest value that its digits can show. @value becomes what it stands for. */
static bool wraps(struct ledger_visit *v, struct ledger_account *a, s64 value)
{
	s64 modulus = a->modulus;

	if (!modulus || a->last >= modulus || a->last <= modulus - modulus / 10 ||
	    value >= modulus / 10)
		return false;
	return plausible(v, a, a->last - modulus, a->last_s, value);
}

/* All that refers to the register's values goes back by one turn, so that differences stay. */
static void wrap(struct ledger_visit *v, struct ledger_account *a, s64 value)
{
	s64 from = a->last;
	unsigned int p;

	a->first -= a->modulus;
	a->last -= a->modulus;
	a->continued += a->modulus;
	for (p = 0; p < PERIOD_COUNT; p++)
		a->span[p].base -= a->modulus;
	ledger_tell(v->book, LEDGER_REGISTER_WRAPPED, a->reg, v->time_s, from, value);
	book(v, a, value, v->time_s, 0);
	ledger_urgent(v->book);
}

/* One more reading that agrees with the run, or the first one of a new run. */
static void run_add(struct ledger_visit *v, const struct ledger_account *a, struct ledger_run *run,
		    bool up, s64 value)
{
	if (run->count && run->up == up && plausible(v, a, run->last, run->last_s, value)) {
		run->count++;
	} else {
		run->count = 1;
		run->up = up;
		run->first = value;
		run->first_s = v->time_s;
	}
	run->last = value;
	run->last_s = v->time_s;
}

static bool run_lasted(const struct ledger_run *run, unsigned int count, s64 seconds)
{
	return run->count >= count && run->last_s - run->first_s >= seconds;
}

/* What the run shows is the truth: a step that was too large, or a register that began anew. */
static void believe_run(struct ledger_visit *v, struct ledger_account *a)
{
	struct ledger_run run = a->doubt->value;

	a->doubt->value.count = 0;
	if (run.up) {
		ledger_tell(v->book, LEDGER_JUMP, a->reg, v->time_s, a->last, run.last);
		book(v, a, run.first, run.first_s, QUALITY_JUMP);
	} else {
		ledger_tell(v->book, LEDGER_REGISTER_RESET, a->reg, v->time_s, a->last, run.last);
		ledger_tell_segment(v->book, a, "reset");
		begin_segment(v, a, run.first, run.first_s, QUALITY_REPLACED);
	}
	book(v, a, run.last, run.last_s, 0);
	ledger_urgent(v->book);
	doubt_end(a);
}

/* A value that rose too much or fell. */
static void hold(struct ledger_visit *v, struct ledger_account *a, s64 value)
{
	struct ledger_doubt *d = doubt_of(a);
	bool up = value > a->last;
	struct ledger_run *run;

	held(v);
	if (!d)
		return;
	run = &d->value;
	if (run->count && (v->time_s < run->last_s ||
			   (v->time_s == run->last_s && value == run->last))) {
		late(v);
		return;
	}
	if (!run->count)
		ledger_tell(v->book, LEDGER_HELD, a->reg, v->time_s, a->last, value);
	run_add(v, a, run, up, value);
	if (up ? run_lasted(run, 1 + JUMP_COUNT, JUMP_S) : run_lasted(run, RESET_COUNT, RESET_S))
		believe_run(v, a);
}

/**
 * account_recall - makes an account what it was before the last leap of time
 * @b: its book
 * @a: an account
 * @value: it must not have counted more than this, thousandths
 * @time_s: nor after this
 *
 * Return: false when that is not known (any more).
 */
bool account_recall(struct ledger_book *b, struct ledger_account *a, s64 value, s64 time_s)
{
	struct ledger_doubt *d = a->doubt;
	struct ledger_account ahead = *a;

	if (!d || !d->leapt || d->before.last > value || d->before.last_s >= time_s)
		return false;
	*a = d->before;
	a->doubt = d;
	a->changed = true;
	d->leapt = false;
	account_untell(b, a, &ahead);
	return true;
}

/*
 * The account's stamps were ahead of time. It goes on from where they were right, where that is
 * still known; else from its last value, so that nothing of the energy is lost.
 */
static void clock_back(struct ledger_visit *v, struct ledger_account *a, s64 value)
{
	s64 last = a->last;

	ledger_tell(v->book, LEDGER_CLOCK_BACK, a->reg, v->time_s, a->last_s, v->time_s);
	a->doubt->late.count = 0;
	if (account_recall(v->book, a, value, v->time_s)) {
		if (splits(v, a))
			ranges_recall(v->book, v->time_s);
	} else {
		a->doubt->leapt = false;
		ledger_tell_segment(v->book, a, "clock");
		begin_segment(v, a, last, v->time_s, QUALITY_CLOCK);
	}
	book(v, a, value, v->time_s, QUALITY_CLOCK);
	ledger_urgent(v->book);
}

/*
 * Whether a late reading may be the right one, and the last one's stamp wrong. A replay of what is
 * booked already never goes on from the last value: it comes to it, or is of an older segment.
 */
static bool may_be_in_time(const struct ledger_visit *v, const struct ledger_account *a, s64 value)
{
	if (v->time_s == a->last_s || value <= a->last || !a->first_s)
		return false;
	if (v->time_s < a->first_s && a->interval_count == 3 && !has_leapt(a) &&
	    !(a->quality[PERIOD_YEAR] & QUALITY_CLOCK))
		return false;
	return value - a->last <= account_allowed(register_index(a->reg), v->reading, 86400,
						  a->step);
}

/*
 * Older than the last reading, or the same again. Readings that go on from the last one, but stay
 * before it for more than an hour of their own, show that its stamp was wrong.
 */
static void read_late(struct ledger_visit *v, struct ledger_account *a, s64 value)
{
	struct ledger_run *run;

	late(v);
	if (!may_be_in_time(v, a, value) || !doubt_of(a))
		return;
	run = &a->doubt->late;
	if (run->count && v->time_s <= run->last_s)
		return;
	run_add(v, a, run, true, value);
	if (run->count >= CLOCK_COUNT && run->last_s - run->first_s > CLOCK_S)
		clock_back(v, a, value);
	doubt_end(a);
}

/*
 * A reading whose time is not known counts, but moves nothing in time: what it adds lies between
 * the last reading with a time and the next one. It counts from the second on that agrees.
 */
static void read_untimed(struct ledger_visit *v, struct ledger_account *a, s64 value)
{
	struct ledger_doubt *d;
	bool agrees;

	if (!value && a->last > 0) {
		v->book->counts.zeros++;
		return;
	}
	d = doubt_of(a);
	if (!d)
		return;
	agrees = d->untimed.count &&
		 plausible(v, a, d->untimed.last, d->untimed.last_s, value);
	run_add(v, a, &d->untimed, true, value);
	if (!agrees || value < a->last || (!a->first_s && a->last_s)) {
		held(v);
		return;
	}
	if (splits(v, a) && a->first_s)
		ranges_add(v->book, value - a->last, a->last_s);
	a->last = value;
	a->changed = true;
	v->booked = true;
}

/* The first reading of a segment. */
static void read_first(struct ledger_visit *v, struct ledger_account *a, s64 value)
{
	bool untimed = !a->last_s && value >= a->first;
	bool replaced = a->last_s && a->span[0].end_s;

	if (a->doubt)
		a->doubt->value.count = a->doubt->untimed.count = 0;
	begin_segment(v, a, untimed ? a->first : value, v->time_s, replaced ? QUALITY_REPLACED : 0);
	if (untimed)
		account_accepted(a, value, v->time_s);
	doubt_end(a);
}

/**
 * account_read - a register's reading comes to its account
 * @v: the visit, with the time of this register
 * @a: the account
 * @value: thousandths
 */
void account_read(struct ledger_visit *v, struct ledger_account *a, s64 value)
{
	if (!v->closes) {
		read_untimed(v, a, value);
		return;
	}
	if (v->time_s < a->last_s || (v->time_s == a->last_s && value == a->last)) {
		read_late(v, a, value);
		return;
	}
	if (!a->first_s) {
		read_first(v, a, value);
		return;
	}
	if (!value && a->last > 0) {
		v->book->counts.zeros++;
		return;
	}
	if (a->doubt)
		a->doubt->late.count = a->doubt->untimed.count = 0;
	if (!plausible(v, a, a->last, a->last_s, value)) {
		account_learn_form(v, a, value);
		if (value < a->last && wraps(v, a, value))
			wrap(v, a, value);
		else
			hold(v, a, value);
		return;
	}
	book(v, a, value, v->time_s, 0);
	if (a->doubt && a->doubt->value.count) {
		a->doubt->value.count = 0;
		ledger_tell(v->book, LEDGER_BELIEVED, a->reg, v->time_s, a->last, value);
	}
	doubt_end(a);
}
