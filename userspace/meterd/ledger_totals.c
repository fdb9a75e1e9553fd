// SPDX-License-Identifier: MIT
/*
 * Totals and their tariffs. A meter that ever sent its total register has an account for it; the
 * total of any other meter is the sum of what its tariffs counted, made where it is read. Rules 9
 * and 11 of the ledger.
 */
#include "ledger_parts.h"

/* The accounts of the tariffs that the meter itself counts under this total, one by one. */
static struct ledger_account *next_part(const struct ledger_book *b, enum quantity total,
					unsigned int *tariff)
{
	while (++*tariff <= TARIFF_COUNT) {
		struct ledger_account *a = book_account(b, total + *tariff);

		if (a && a->kind == ACCOUNT_SENT)
			return a;
	}
	return NULL;
}

#define for_each_part(a, b, total, tariff)                                                        \
	for ((tariff) = 0; ((a) = next_part(b, total, &(tariff))) != NULL;)

/**
 * total_is_derived - whether a register is a total that the meter never sent
 * @b: a book
 * @q: a register
 */
bool total_is_derived(const struct ledger_book *b, enum quantity q)
{
	return (q == Q_energy_import || q == Q_energy_export) &&
	       !(b->sends_total & REGISTER_BIT(q));
}

/* What the parts have in the period that the total opened, it has too. */
static void carry(struct ledger_book *b, struct ledger_account *total, enum period p)
{
	struct ledger_span *span = &total->span[p];
	struct ledger_account *part;
	unsigned int tariff;
	u8 quality = 0;
	bool any = false;

	for_each_part(part, b, total->reg, tariff) {
		struct ledger_entry e;

		if (part->span[p].start_s != span->start_s || part->span[p].end_s != span->end_s)
			continue;
		account_running(part, p, &e);
		span->carried += e.milli;
		quality |= part->quality[p];
		any = true;
	}
	if (any)
		total->quality[p] = quality;
}

/**
 * total_begin - the meter sends this total for the first time
 * @v: the visit, in which the tariffs are booked already
 * @total: the total's account, just opened
 *
 * The total goes on from what its tariffs counted.
 */
void total_begin(struct ledger_visit *v, struct ledger_account *total)
{
	struct ledger_account so_far = { .reg = total->reg, .first_s = UINT32_MAX };
	struct ledger_account *part;
	unsigned int tariff, p;

	for (p = 0; p < PERIOD_COUNT; p++)
		carry(v->book, total, p);
	for_each_part(part, v->book, total->reg, tariff) {
		so_far.first += part->first;
		so_far.last += part->last;
		if (part->first_s && part->first_s < so_far.first_s)
			so_far.first_s = part->first_s;
	}
	so_far.last_s = total->first_s;
	if (so_far.first_s < so_far.last_s)
		ledger_tell_segment(v->book, &so_far, "total");
}

/**
 * totals_forget - a meter that took another one's place may send no totals
 * @b: a book
 * @registers: set of what a telegram carries
 *
 * That the old meter did is forgotten when the new one's tariffs come without the total.
 */
void totals_forget(struct ledger_book *b, u64 registers)
{
	static const enum quantity totals[] = { Q_energy_import, Q_energy_export };
	unsigned int i;

	for (i = 0; i < sizeof(totals) / sizeof(totals[0]); i++) {
		u64 tariffs = ((1ull << TARIFF_COUNT) - 1) << (totals[i] + 1);
		const struct ledger_account *a = book_account(b, totals[i]);

		if (a && !a->first_s && a->last_s && registers & tariffs &&
		    !(registers & REGISTER_BIT(totals[i]))) {
			b->sends_total &= ~REGISTER_BIT(totals[i]);
			ledger_book_changed(b);
		}
	}
}

static void check(struct ledger_visit *v, u64 registers, enum quantity total)
{
	struct ledger_book *b = v->book;
	struct ledger_account *sum = book_account(b, total), *part;
	s64 rest, room = 0;
	unsigned int tariff;

	if (!sum || !(registers & REGISTER_BIT(total)))
		return;
	rest = sum->last;
	for_each_part(part, b, total, tariff) {
		if (!(registers & REGISTER_BIT(part->reg)))
			return;
		rest -= part->last;
		room += part->step;
	}
	if (!room)
		return;
	if (rest > room || rest < -room) {
		if (!b->tariffs_differ)
			ledger_tell(b, LEDGER_TARIFFS_DIFFER, total, v->time_s,
				    sum->last - rest, sum->last);
		v->book->tariffs_differ = true;
	}
}

/**
 * totals_check - tells, once, that the tariffs do not sum to the total
 * @v: the visit
 * @registers: set of what the telegram carries
 *
 * Each register leaves out what its digits cannot show, so they may differ by a step each.
 */
void totals_check(struct ledger_visit *v, u64 registers)
{
	if (v->book->tariffs_differ)
		return;
	check(v, registers, Q_energy_import);
	check(v, registers, Q_energy_export);
}

static bool derived_running(const struct ledger_book *b, enum quantity total, enum period p,
			    struct ledger_entry *e)
{
	struct ledger_account *part;
	s64 start_s = 0, end_s = 0;
	unsigned int tariff;

	for_each_part(part, b, total, tariff) {
		if (part->span[p].end_s > end_s) {
			start_s = part->span[p].start_s;
			end_s = part->span[p].end_s;
		}
	}
	*e = (struct ledger_entry){ 0 };
	for_each_part(part, b, total, tariff) {
		struct ledger_entry running;

		if (!end_s || part->span[p].start_s != start_s || part->span[p].end_s != end_s)
			continue;
		account_running(part, p, &running);
		ledger_entry_add(e, &running);
	}
	return end_s;
}

/**
 * ledger_running - the open period of a register, up to its last reading
 * @b: a book
 * @reg: a register; a total that the meter does not send is the sum of its tariffs
 * @p: which period
 * @e: for the entry
 *
 * Loop thread only.
 *
 * Return: false when no reading opened one.
 */
bool ledger_running(const struct ledger_book *b, enum quantity reg, enum period p,
		    struct ledger_entry *e)
{
	const struct ledger_account *a;

	if (total_is_derived(b, reg))
		return derived_running(b, reg, p, e);
	a = book_account(b, reg);
	if (!a || !a->span[p].end_s)
		return false;
	account_running(a, p, e);
	return true;
}

static s64 shown(const struct ledger_account *a, bool continuous)
{
	return continuous ? a->last + a->continued : a->last;
}

static bool accepted(const struct ledger_book *b, enum quantity reg, bool continuous, s64 *milli)
{
	const struct ledger_account *a;
	struct ledger_account *part;
	unsigned int tariff;
	bool any = false;

	if (total_is_derived(b, reg)) {
		*milli = 0;
		for_each_part(part, b, reg, tariff) {
			*milli += shown(part, continuous);
			any = true;
		}
		return any;
	}
	if (b->single && reg == Q_energy_import_t1)
		reg = Q_energy_import;
	a = book_account(b, reg);
	if (!a || a->kind != ACCOUNT_SENT)
		return false;
	*milli = shown(a, continuous);
	return true;
}

/**
 * ledger_accepted - the newest value of a register that was believed
 * @b: a book
 * @reg: a register; a total that the meter does not send is the sum of its tariffs
 * @milli: for the value, thousandths
 *
 * Loop thread only.
 *
 * Return: false when there is none: no such register was read, or it is a tariff of configured
 * ranges, which no meter shows.
 */
bool ledger_accepted(const struct ledger_book *b, enum quantity reg, s64 *milli)
{
	return accepted(b, reg, false, milli);
}

/**
 * ledger_continuous - the same as a total that goes on where a meter was replaced or began anew
 * @b: a book
 * @reg: a register, see ledger_accepted()
 * @milli: for the value, thousandths
 *
 * Loop thread only.
 *
 * Return: as ledger_accepted().
 */
bool ledger_continuous(const struct ledger_book *b, enum quantity reg, s64 *milli)
{
	return accepted(b, reg, true, milli);
}
