// SPDX-License-Identifier: MIT
/*
 * The books of all meters, and the way of a reading through the accounts of its meter.
 *
 * ledger_account.c decides what is believed, ledger_periods.c what that does to the periods,
 * ledger_totals.c and ledger_ranges.c what totals and configured tariffs are made of.
 */
#include <stdio.h>
#include <stdlib.h>

#include "ledger_parts.h"

#define DAY_S 86400ll
#define KEEP_QUARTERS_DAYS 400

/**
 * ledger_new - a ledger without books
 * @out: where to put what it finds; what is NULL in it is not told
 *
 * Return: the ledger; NULL: no memory.
 */
struct ledger *ledger_new(const struct ledger_out *out)
{
	struct ledger *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->out = *out;
	l->end = &l->books;
	TAILQ_INIT(&l->pending[LEDGER_DUE]);
	TAILQ_INIT(&l->pending[LEDGER_CHANGED]);
	ledger_set_keep_quarters(l, KEEP_QUARTERS_DAYS);
	return l;
}

/** ledger_free - ends a ledger and all its books; NULL does nothing */
void ledger_free(struct ledger *l)
{
	struct ledger_book *b, *next;
	unsigned int i;

	for (b = l ? l->books : NULL; b; b = next) {
		next = b->next;
		for (i = 0; i < b->count; i++)
			free(b->accounts[i].doubt);
		free(b->accounts);
		free(b);
	}
	free(l);
}

/**
 * ledger_set_keep_quarters - how far back quarters are still made after a gap
 * @l: the ledger
 * @days: more than this before the reading that ends the gap there are none
 */
void ledger_set_keep_quarters(struct ledger *l, unsigned int days)
{
	l->keep_quarters_s = days * DAY_S;
}

/* Tells something for people. */
void ledger_tell(const struct ledger_book *b, enum ledger_event_kind kind, enum quantity q,
		 s64 time_s, s64 from, s64 to)
{
	const struct ledger_out *out = &b->ledger->out;
	struct ledger_event e = {
		.kind = kind,
		.reg = q,
		.time_s = time_s,
		.from = from,
		.to = to,
	};

	if (out->event)
		out->event(out->context, b, &e);
}

/* Tells that the segment of this account has ended at its last reading. */
void ledger_tell_segment(struct ledger_book *b, const struct ledger_account *a,
			 const char *why)
{
	const struct ledger_out *out = &b->ledger->out;
	struct ledger_segment s = {
		.book = b->id,
		.reg = a->reg,
		.why = why,
		.first = a->first,
		.first_s = a->first_s,
		.last = a->last,
		.last_s = a->last_s,
	};

	strcpy(s.number, b->number);
	ledger_put(b, LEDGER_DUE);
	if (out->segment)
		out->segment(out->context, &s);
}

void ledger_urgent(struct ledger_book *b)
{
	const struct ledger_out *out = &b->ledger->out;

	ledger_put(b, LEDGER_DUE);
	if (out->urgent)
		out->urgent(out->context);
}

/* Without its accounts. */
static struct ledger_book *append(struct ledger *l, const struct ledger_book *b)
{
	struct ledger_book *copy = malloc(sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = *b;
	copy->ledger = l;
	copy->accounts = NULL;
	copy->count = 0;
	copy->next = NULL;
	memset(copy->place, 0, sizeof(copy->place));
	*l->end = copy;
	l->end = &copy->next;
	l->count++;
	if (copy->id > l->last_id)
		l->last_id = copy->id;
	copy->pending = LEDGER_STORED;
	if (copy->changed)
		ledger_put(copy, LEDGER_CHANGED);
	return copy;
}

/**
 * ledger_restore_book - a book as it was stored, without its accounts
 * @l: the ledger
 * @b: all that the store knows of it; copied
 *
 * Loop thread only.
 *
 * Return: the book; NULL: no memory.
 */
struct ledger_book *ledger_restore_book(struct ledger *l, const struct ledger_book *b)
{
	return append(l, b);
}

/* Room for one more, in the order of the registers. */
static struct ledger_account *insert(struct ledger_book *b, enum quantity q)
{
	struct ledger_account *accounts;
	unsigned int i = b->count;

	accounts = realloc(b->accounts, (b->count + 1) * sizeof(*accounts));
	if (!accounts)
		return NULL;
	b->accounts = accounts;
	b->count++;
	for (; i && accounts[i - 1].reg > q; i--) {
		accounts[i] = accounts[i - 1];
		b->place[register_index(accounts[i].reg)] = i + 1;
	}
	b->place[register_index(q)] = i + 1;
	return &accounts[i];
}

/* After a reading went the slow way: up to when the next ones need not. */
static void set_fast(const struct ledger_book *b, struct ledger_account *a)
{
	bool slow = !a->first_s || a->kind == ACCOUNT_RANGE ||
		    (b->split && a->reg == Q_energy_import);

	a->fast_until_s = slow ? 0 : account_next_end_s(a);
}

static void set_all_fast(const struct ledger_book *b)
{
	unsigned int i;

	for (i = 0; i < b->count; i++)
		set_fast(b, &b->accounts[i]);
}

/**
 * ledger_restore_account - an account as it was stored
 * @b: its book
 * @a: all that the store knows of it; copied, but for @a->doubt
 *
 * Loop thread only.
 *
 * Return: the account, until the next one comes; NULL: no memory, no register, or there is one.
 */
struct ledger_account *ledger_restore_account(struct ledger_book *b, const struct ledger_account *a)
{
	struct ledger_account *copy;
	int index = register_index(a->reg);

	if (index < 0 || b->place[index])
		return NULL;
	copy = insert(b, a->reg);
	if (!copy)
		return NULL;
	*copy = *a;
	copy->doubt = NULL;
	copy->changed = false;
	ranges_decide(b);
	set_fast(b, copy);
	return copy;
}

/* The account of a register, or NULL. */
struct ledger_account *book_account(const struct ledger_book *b, enum quantity q)
{
	int index = register_index(q);

	return index < 0 || !b->place[index] ? NULL : &b->accounts[b->place[index] - 1];
}

/* A new account without a reading; NULL: no memory. Pointers to the others change. */
struct ledger_account *book_add_account(struct ledger_book *b, enum quantity q,
					enum account_kind kind)
{
	struct ledger_account *a = insert(b, q);

	if (!a)
		return NULL;
	*a = (struct ledger_account){
		.reg = q,
		.kind = kind,
		.step = register_index(q) <= Q_energy_reactive_q4 ? 1000 : 1,
		.changed = true,
	};
	ledger_book_changed(b);
	return a;
}

/**
 * ledger_put - something of a book waits to be stored, or nothing does any more
 * @b: the book
 * @pending: how it waits; what is due stays so until it is stored
 *
 * Loop thread only.
 */
void ledger_put(struct ledger_book *b, enum ledger_pending pending)
{
	struct ledger *l = b->ledger;

	if (b->pending == pending || (b->pending == LEDGER_DUE && pending == LEDGER_CHANGED))
		return;
	if (b->pending < LEDGER_STORED)
		TAILQ_REMOVE(&l->pending[b->pending], b, link);
	if (pending < LEDGER_STORED)
		TAILQ_INSERT_TAIL(&l->pending[pending], b, link);
	b->pending = pending;
}

/** ledger_book_changed - name, number, source or the like of a book did */
void ledger_book_changed(struct ledger_book *b)
{
	b->changed = true;
	ledger_put(b, LEDGER_CHANGED);
}

/** ledger_pending - the first book that waits so; the others follow by their link. NULL: none */
struct ledger_book *ledger_pending(const struct ledger *l, enum ledger_pending pending)
{
	return TAILQ_FIRST(&l->pending[pending]);
}

/** ledger_count - how many books there are */
unsigned int ledger_count(const struct ledger *l)
{
	return l->count;
}

/** ledger_books - the first book; the others follow by their next, in the order they were added */
struct ledger_book *ledger_books(const struct ledger *l)
{
	return l->books;
}

/** ledger_find - the book of the meter with this name, or NULL */
struct ledger_book *ledger_find(const struct ledger *l, const char *name)
{
	struct ledger_book *b = l->books;

	while (b && strcmp(b->name, name))
		b = b->next;
	return b;
}

/** ledger_find_number - the book of the meter that has this number now, or NULL */
struct ledger_book *ledger_find_number(const struct ledger *l, const char *number)
{
	struct ledger_book *b = l->books;

	while (b && strcmp(b->number, number))
		b = b->next;
	return b;
}

/**
 * ledger_add - a book for a meter that was never heard
 * @l: the ledger
 * @name: that no other book has; cut at METER_NAME_LEN
 * @number: of the meter; cut at METERLINE_NUMBER_MAX
 * @source: that it was first heard on
 * @zone: its civil time
 *
 * Loop thread only.
 *
 * Return: the book, until ledger_free(); NULL: no memory.
 */
struct ledger_book *ledger_add(struct ledger *l, const char *name, const char *number,
			       const char *source, const struct zone *zone)
{
	struct ledger_book b = { .id = l->last_id + 1, .zone = zone, .changed = true };
	struct ledger_book *added;

	snprintf(b.name, sizeof(b.name), "%s", name);
	snprintf(b.number, sizeof(b.number), "%s", number);
	snprintf(b.source, sizeof(b.source), "%s", source);
	added = append(l, &b);
	if (added)
		ledger_urgent(added);
	return added;
}

/**
 * ledger_set_zone - the civil time of a meter
 * @b: its book
 * @zone: from now on
 *
 * Open periods stay and end where those of the new zone do.
 */
void ledger_set_zone(struct ledger_book *b, const struct zone *zone)
{
	unsigned int i, p;
	s64 start_s, end_s;

	b->zone = zone;
	b->edge_s = 0;
	for (i = 0; i < b->count; i++) {
		struct ledger_account *a = &b->accounts[i];

		for (p = 0; p < PERIOD_COUNT && a->span[p].end_s; p++) {
			zone_period(zone, p, a->last_s, &start_s, &end_s);
			a->span[p].end_s = end_s;
		}
	}
	set_all_fast(b);
}

/**
 * ledger_set_ranges - the configured tariffs of a meter
 * @b: its book
 * @ranges: until the next call; NULL: none
 */
void ledger_set_ranges(struct ledger_book *b, const struct tariff_ranges *ranges)
{
	b->ranges = ranges;
	ranges_decide(b);
	set_all_fast(b);
}

static bool time_is_set(s64 time_s)
{
	return time_s >= LEDGER_TIME_MIN_S && time_s < LEDGER_TIME_MAX_S;
}

/* The first reading of this register, ever. */
static struct ledger_account *begin_account(struct ledger_visit *v, enum quantity q, s64 value)
{
	struct ledger_account *a = book_add_account(v->book, q, ACCOUNT_SENT);

	if (!a)
		return NULL;
	account_learn_form(v, a, value);
	a->first = a->last = value;
	if (register_tariff(q) > 1 && q <= Q_energy_import_t16)
		ranges_decide(v->book);
	if (!v->closes)
		v->booked = true;
	ledger_urgent(v->book);
	return a;
}

/* Whatever is not simple. */
static void read_slow(struct ledger_visit *v, enum quantity q, s64 value)
{
	struct ledger_book *b = v->book;
	struct ledger_account *a = book_account(b, q);
	bool begins = TOTALS & REGISTER_BIT(q) && total_is_derived(b, q);
	bool is_new = !a;

	if (is_new)
		a = begin_account(v, q, value);
	if (!a)
		return;
	if (v->closes || !is_new)
		account_read(v, a, value);
	if (begins) {
		b->sends_total |= REGISTER_BIT(q);
		ledger_book_changed(b);
		if (is_new && a->first_s)
			total_begin(v, a);
	}
	set_fast(b, a);
}

static inline void read_register(struct ledger_visit *v, unsigned int index, s64 value)
{
	const struct ledger_reading *r = v->reading;
	struct ledger_book *b = v->book;
	struct ledger_account *a;
	s64 gain, dt_s;

	v->time_s = r->time_s;
	if (index > Q_energy_reactive_q4)
		v->time_s = r->values->captured_s[index - Q_energy_reactive_q4 - 1];
	v->closes = r->may_close && time_is_set(v->time_s);
	if (b->place[index] && v->closes) {
		a = &b->accounts[b->place[index] - 1];
		gain = value - a->last;
		dt_s = v->time_s - a->last_s;
		if (dt_s > 0 && v->time_s < a->fast_until_s && !a->doubt && gain >= 0 &&
		    gain <= account_allowed(index, r, dt_s, a->step)) {
			account_accepted(a, value, v->time_s);
			v->booked = true;
			return;
		}
	}
	read_slow(v, register_at(index), value);
}

static void read_all(struct ledger_visit *v, u64 registers)
{
	const struct reading *values = v->reading->values;

	while (registers) {
		unsigned int index = __ffs64(registers);
		enum quantity q = register_at(index);

		registers &= registers - 1;
		if (q == Q_energy_import && v->book->single)
			q = Q_energy_import_t1;
		read_register(v, index, values->milli[q]);
	}
}

/**
 * ledger_read - books the registers of one telegram
 * @b: the book of its meter
 * @r: the telegram's registers, and when they were read
 *
 * Loop thread only; some tens of nanoseconds while no period ends and nothing is doubtful. What is
 * not believed is counted in @b->counts and told.
 */
void ledger_read(struct ledger_book *b, const struct ledger_reading *r)
{
	u64 registers = registers_of(r->values) & r->sent;
	struct ledger_visit v = { .book = b, .reading = r };

	if (!b->zone)
		return;
	if (b->ranges || b->single) {
		registers = ranges_registers(b, registers);
		if (b->split && !b->ranges_ready)
			ranges_prepare(b);
	}
	/* Tariffs first: a total that is new goes on from them. */
	read_all(&v, registers & ~TOTALS);
	read_all(&v, registers & TOTALS);
	if (b->split && !b->ranges_ready)
		ranges_prepare(b);
	if (b->sends_total & ~registers && v.closes)
		totals_forget(b, registers);
	ledger_put(b, LEDGER_CHANGED);
	b->counts.booked += v.booked;
	b->counts.late += v.late && !v.booked;
	if (v.crossed)
		totals_check(&v, registers);
	if (v.gap_to_s)
		ledger_tell(b, LEDGER_GAP, Q_NONE, v.gap_to_s, v.gap_from_s, v.gap_to_s);
}

/* When the meter's own registers were last read. */
static s64 newest_s(const struct ledger_book *b)
{
	s64 newest = 0;
	unsigned int i;

	for (i = 0; i < b->count && b->accounts[i].reg < Q_gas; i++) {
		if (b->accounts[i].last_s > newest)
			newest = b->accounts[i].last_s;
	}
	return newest;
}

/**
 * ledger_replace - another meter has taken the place of this one
 * @b: its book, which keeps its name and goes on
 * @number: of the new meter; cut at METERLINE_NUMBER_MAX
 * @time_s: of its first telegram
 *
 * All segments end at their last readings. The next reading of each register opens another one,
 * without counting anything in between. Gas, water and heat have meters of their own, which stay.
 *
 * Return: false when the telegram is older than the last reading: a former meter's, once more.
 */
bool ledger_replace(struct ledger_book *b, const char *number, s64 time_s)
{
	unsigned int i, p;

	if (time_is_set(time_s) && time_s < newest_s(b)) {
		b->counts.late++;
		return false;
	}

	for (i = 0; i < b->count && b->accounts[i].reg < Q_gas; i++) {
		struct ledger_account *a = &b->accounts[i];

		if (a->first_s)
			ledger_tell_segment(b, a, "replaced");
		if (!a->last_s)
			a->last_s = 1;
		a->first_s = 0;
		a->modulus = 0;
		a->changed = true;
		free(a->doubt);
		a->doubt = NULL;
		for (p = 0; p < PERIOD_COUNT && a->span[p].end_s; p++)
			a->quality[p] |= QUALITY_REPLACED;
	}
	set_all_fast(b);
	ledger_tell(b, LEDGER_METER_REPLACED, Q_NONE, time_s, 0, 0);
	snprintf(b->number, sizeof(b->number), "%s", number);
	b->tariffs_differ = false;
	ledger_book_changed(b);
	ledger_urgent(b);
	return true;
}

/**
 * ledger_account - the account of a register
 * @b: a book
 * @reg: a register
 *
 * Return: the account, until the next ledger_read(); NULL: there is none, as of a total that the
 * meter never sent.
 */
struct ledger_account *ledger_account(const struct ledger_book *b, enum quantity reg)
{
	return total_is_derived(b, reg) ? NULL : book_account(b, reg);
}

/**
 * ledger_held - the registers whose newest value is not believed (yet)
 * @b: a book
 *
 * Return: a set of registers, bit register_index().
 */
u64 ledger_held(const struct ledger_book *b)
{
	u64 held = 0;
	unsigned int i;

	for (i = 0; i < b->count; i++) {
		const struct ledger_account *a = &b->accounts[i];

		if (a->doubt && a->doubt->value.count)
			held |= REGISTER_BIT(a->reg);
	}
	return held;
}
