// SPDX-License-Identifier: MIT
/*
 * Tariffs of configured ranges, on a meter with a single register of import: what that register
 * counts goes to the account of the tariff that holds, split at the edges of the ranges as it is at
 * the boundaries of periods. Rule 9 of the ledger.
 */
#include "ledger_parts.h"

#define IMPORT REGISTER_BIT(Q_energy_import)
#define IMPORT_T1 REGISTER_BIT(Q_energy_import_t1)
#define IMPORT_TARIFFS (((1ull << TARIFF_COUNT) - 1) << Q_energy_import_t1)

static struct ledger_account *sent_account(const struct ledger_book *b, enum quantity q)
{
	struct ledger_account *a = book_account(b, q);

	return a && a->kind == ACCOUNT_SENT ? a : NULL;
}

static struct ledger_account *range_account(const struct ledger_book *b, unsigned int tariff)
{
	struct ledger_account *a = book_account(b, Q_energy_import + tariff);

	return a && a->kind == ACCOUNT_RANGE ? a : NULL;
}

/* Each tariff of the ranges once. */
static u64 range_tariffs(const struct tariff_ranges *r)
{
	u64 tariffs = 0;
	unsigned int i;

	for (i = 0; i < r->count; i++)
		tariffs |= 1ull << r->tariff[i];
	return tariffs;
}

/* Calls for each account of the ranges: for (...) over bits of range_tariffs(). */
static unsigned int next_tariff(u64 *tariffs)
{
	unsigned int tariff = __ffs64(*tariffs);

	*tariffs &= *tariffs - 1;
	return tariff;
}

/**
 * ranges_decide - whether the configured ranges divide the import
 * @b: a book, after its ranges or its accounts changed
 *
 * They do not where the meter counts by tariffs itself.
 */
void ranges_decide(struct ledger_book *b)
{
	unsigned int tariff;

	b->split = b->ranges && b->ranges->count;
	b->ranges_ready = false;
	b->edge_s = 0;
	for (tariff = 2; tariff <= TARIFF_COUNT; tariff++) {
		if (sent_account(b, Q_energy_import + tariff))
			b->split = false;
	}
}

/* The meter counts this tariff itself after all: its readings begin a segment. */
static void become_sent(struct ledger_book *b, struct ledger_account *a)
{
	ledger_tell_segment(b, a, "ranges");
	a->kind = ACCOUNT_SENT;
	a->first_s = 0;
	a->changed = true;
}

/**
 * ranges_registers - which registers of a telegram to book, and as what
 * @b: a book
 * @registers: set of those that the telegram carries
 *
 * A single register of a tariff is the total of a meter with ranges (and stays it without them,
 * once it was): @b->single then, and the total is in the set that is returned. Where the account of
 * that tariff is still that of the register, both are, one last time.
 */
u64 ranges_registers(struct ledger_book *b, u64 registers)
{
	u64 tariffs = registers & IMPORT_TARIFFS;
	unsigned int i;

	if (tariffs & ~IMPORT_T1) {
		for (i = 1; i <= TARIFF_COUNT; i++) {
			struct ledger_account *a = range_account(b, i);

			if (a && tariffs >> i & 1)
				become_sent(b, a);
		}
		b->split = b->single = false;
		return registers;
	}
	if (!tariffs)
		return registers;
	b->single = !(registers & IMPORT) &&
		    (b->split || (b->sends_total & IMPORT &&
				  !sent_account(b, Q_energy_import_t1)));
	if (b->single)
		registers |= IMPORT;
	if ((b->split || b->single) && !sent_account(b, Q_energy_import_t1))
		registers &= ~IMPORT_T1;
	return registers;
}

/* Nothing is counted up to @time_s. */
static void open_range(struct ledger_book *b, struct ledger_account *a, const char *why, s64 time_s,
		       u8 flags)
{
	if (a->first_s)
		ledger_tell_segment(b, a, why);
	account_open(b, a, a->last, time_s, flags);
}

/**
 * ranges_prepare - sees to it that there is an open account for each tariff of the ranges
 * @b: a book whose import the ranges divide; its pointers to accounts change
 */
void ranges_prepare(struct ledger_book *b)
{
	const struct ledger_account *total = book_account(b, Q_energy_import);
	u64 tariffs = range_tariffs(b->ranges);

	if (!total || !total->first_s)
		return;
	b->ranges_ready = true;
	while (tariffs) {
		enum quantity q = Q_energy_import + next_tariff(&tariffs);
		struct ledger_account *a = book_account(b, q);

		if (!a)
			a = book_add_account(b, q, ACCOUNT_RANGE);
		if (!a) {
			b->ranges_ready = false;
			continue;
		}
		total = book_account(b, Q_energy_import);
		/* What the register of tariff 1 counted stays; from now on it gets its share. */
		a->kind = ACCOUNT_RANGE;
		if (!a->first_s || a->last_s < total->last_s)
			open_range(b, a, "ranges", total->last_s, 0);
	}
	ledger_urgent(b);
}

/**
 * ranges_open - the register that is divided begins a segment
 * @b: a book
 * @time_s: when
 * @flags: QUALITY_* of the periods that this falls into
 */
void ranges_open(struct ledger_book *b, s64 time_s, u8 flags)
{
	u64 tariffs = range_tariffs(b->ranges);

	while (tariffs) {
		struct ledger_account *a = range_account(b, next_tariff(&tariffs));

		if (a)
			open_range(b, a, "reset", time_s, flags);
	}
	b->edge_s = 0;
}

/* Nothing but the account of the tariff that holds changes. */
static void advance_within(struct ledger_book *b, const struct ledger_step *s)
{
	u64 tariffs = range_tariffs(b->ranges);

	while (tariffs) {
		unsigned int tariff = next_tariff(&tariffs);
		struct ledger_account *a = range_account(b, tariff);
		s64 gained = tariff == b->edge_tariff ? s->to - s->from : 0;

		if (a)
			account_accepted(a, a->last + gained, s->to_s);
	}
}

static void advance_over(struct ledger_book *b, const struct ledger_step *s)
{
	u64 tariffs = range_tariffs(b->ranges);

	while (tariffs) {
		unsigned int tariff = next_tariff(&tariffs);
		struct ledger_account *a = range_account(b, tariff);
		struct ledger_step share = *s;
		bool estimated = false;
		s64 value;

		if (!a)
			continue;
		share.ranges = b->ranges;
		share.zone = b->zone;
		share.tariff = tariff;
		account_remember(a, s->to_s);
		value = account_advance(b, a, &share, &estimated);
		account_accepted(a, value, s->to_s);
	}
	b->edge_tariff = tariff_ranges_at(b->ranges, b->zone, s->to_s);
	b->edge_s = tariff_ranges_next(b->ranges, b->zone, s->to_s);
}

/**
 * ranges_advance - divides a step of the register among the tariffs
 * @v: the visit
 * @s: the step
 */
void ranges_advance(struct ledger_visit *v, const struct ledger_step *s)
{
	struct ledger_book *b = v->book;
	u64 tariffs = range_tariffs(b->ranges);
	bool within = s->to_s < b->edge_s && !s->flags;

	if (!b->ranges_ready)
		return;
	while (tariffs && within) {
		struct ledger_account *a = range_account(b, next_tariff(&tariffs));

		within = a && !a->doubt && s->to_s < account_next_end_s(a);
	}
	if (within)
		advance_within(b, s);
	else
		advance_over(b, s);
}

/**
 * ranges_add - gives what came without a known time to the tariff that held last
 * @b: a book
 * @milli: thousandths
 * @time_s: of the last reading with a time
 */
void ranges_add(struct ledger_book *b, s64 milli, s64 time_s)
{
	struct ledger_account *a;

	a = range_account(b, tariff_ranges_at(b->ranges, b->zone, time_s));
	if (a && a->first_s) {
		a->last += milli;
		a->changed = true;
	}
}

/**
 * ranges_recall - makes the accounts what they were before the last leap of time
 * @b: a book
 * @time_s: of a reading before that leap
 */
void ranges_recall(struct ledger_book *b, s64 time_s)
{
	u64 tariffs = range_tariffs(b->ranges);

	while (tariffs) {
		struct ledger_account *a = range_account(b, next_tariff(&tariffs));

		if (a && !account_recall(b, a, INT64_MAX, time_s))
			open_range(b, a, "clock", time_s, QUALITY_CLOCK);
	}
	b->edge_s = 0;
}
