// SPDX-License-Identifier: MIT
/*
 * What periods cost: names, rounding, and sums over time.
 */
#include <stdio.h>

#include "ledger_cost.h"

_Static_assert(QUANTITY_COUNT <= COST_REGISTER, "costs stand behind all quantities");
_Static_assert(COST_REGISTER + COST_COUNT <= Q_NONE, "a cost is a register of a byte");
_Static_assert(COST_COUNT <= 32, "a set of costs is a u32");

static const char *const cost_names[COST_COUNT] = {
	"cost", "cost_import",
	"cost_import_t1", "cost_import_t2", "cost_import_t3", "cost_import_t4",
	"cost_import_t5", "cost_import_t6", "cost_import_t7", "cost_import_t8",
	"cost_import_t9", "cost_import_t10", "cost_import_t11", "cost_import_t12",
	"cost_import_t13", "cost_import_t14", "cost_import_t15", "cost_import_t16",
	"cost_export", "cost_gas", "cost_water", "cost_heat", "cost_fixed",
};

/** cost_name - a cost in the word of the data contract */
const char *cost_name(enum cost c)
{
	return cost_names[c];
}

/**
 * cost_by_name - the reverse of cost_name()
 * @name: such as "cost_import_t1"
 * @c: for the cost
 *
 * Return: whether there is one.
 */
bool cost_by_name(const char *name, enum cost *c)
{
	for (unsigned int i = 0; i < COST_COUNT; i++) {
		if (!strcmp(cost_names[i], name)) {
			*c = i;
			return true;
		}
	}
	return false;
}

/** currency_is_good - whether a text is three capital letters, such as EUR */
bool currency_is_good(const char *text)
{
	return strlen(text) == CURRENCY_LEN &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == CURRENCY_LEN;
}

/**
 * cost_rounded_e5 - an amount as it is told
 * @exact: 1e-11 of the currency
 *
 * Return: 1e-5 of the currency, half away from zero.
 */
s64 cost_rounded_e5(s64 exact)
{
	s64 whole = exact / COST_EXACT_PER_E5, rest = exact % COST_EXACT_PER_E5;

	if (2 * rest >= COST_EXACT_PER_E5)
		return whole + 1;
	return 2 * rest <= -COST_EXACT_PER_E5 ? whole - 1 : whole;
}

/**
 * cost_put - sets a cost
 * @row: of a period
 * @c: which
 * @exact: 1e-11 of the currency
 * @quality: QUALITY_*; with QUALITY_MISSING there is no amount
 */
void cost_put(struct cost_row *row, enum cost c, s64 exact, u8 quality)
{
	row->has |= 1u << c;
	row->exact[c] = quality & QUALITY_MISSING ? 0 : exact;
	row->quality[c] = quality;
}

/**
 * cost_join - adds to a cost
 * @row: of a period
 * @c: which; may have nothing yet
 * @exact: 1e-11 of the currency
 * @quality: QUALITY_* of what is added
 *
 * What is missing only in part is partial. A sum that is too large for its type is missing.
 */
void cost_join(struct cost_row *row, enum cost c, s64 exact, u8 quality)
{
	u8 both = row->quality[c] | quality;
	s64 sum;

	if (!(row->has >> c & 1)) {
		cost_put(row, c, exact, quality);
		return;
	}
	if (both & QUALITY_MISSING && !(row->quality[c] & quality & QUALITY_MISSING))
		both = (both & ~QUALITY_MISSING) | QUALITY_PARTIAL;
	if (__builtin_add_overflow(row->exact[c], quality & QUALITY_MISSING ? 0 : exact, &sum))
		both |= QUALITY_MISSING;
	cost_put(row, c, sum, both);
}

/**
 * cost_row_add - makes a longer period of its parts, one after the other
 * @sum: all 0 before the first part
 * @part: of a period in it
 *
 * A cost that some of the parts do not have is the sum of the others, and partial; so are all when
 * there is a hole between two parts. What is in another currency than what came first is left out.
 */
void cost_row_add(struct cost_row *sum, const struct cost_row *part)
{
	bool first = !sum->end_s, hole = !first && sum->end_s != part->start_s;
	u32 has = part->has;

	if (!*sum->currency)
		memcpy(sum->currency, part->currency, sizeof(sum->currency));
	else if (*part->currency && strcmp(part->currency, sum->currency))
		has = 0;
	for (unsigned int c = 0; c < COST_COUNT; c++) {
		bool had = sum->has >> c & 1, gets = has >> c & 1;

		if (gets)
			cost_join(sum, c, part->exact[c], part->quality[c]);
		if ((had != gets && !first) || hole)
			sum->quality[c] |= QUALITY_PARTIAL;
	}
	if (first)
		sum->start_s = part->start_s;
	sum->end_s = part->end_s;
}

/**
 * cost_row_end - all parts were added
 * @sum: of the parts
 * @start_s: of the period that they are of
 * @end_s: exclusive; where the parts do not reach from edge to edge, all is partial
 */
void cost_row_end(struct cost_row *sum, s64 start_s, s64 end_s)
{
	bool whole = sum->start_s == start_s && sum->end_s == end_s;

	for (unsigned int c = 0; !whole && c < COST_COUNT; c++)
		if (!(sum->quality[c] & QUALITY_MISSING))
			sum->quality[c] |= QUALITY_PARTIAL;
	sum->start_s = start_s;
	sum->end_s = end_s;
}

/**
 * cost_row_entries - what the ledger says of the costs of a period
 * @row: of the period
 * @p: which kind it is
 * @entries: in the order of enum cost
 *
 * Return: how many there are.
 */
size_t cost_row_entries(const struct cost_row *row, enum period p,
			struct ledger_entry entries[COST_COUNT])
{
	size_t count = 0;

	for (u32 left = row->has; left; left &= left - 1) {
		unsigned int c = __ffs64(left);
		struct ledger_entry *e = &entries[count++];

		*e = (struct ledger_entry){
			.start_s = row->start_s,
			.end_s = row->end_s,
			.milli = cost_rounded_e5(row->exact[c]),
			.period = p,
			.reg = COST_REGISTER + c,
			.quality = row->quality[c],
		};
		memcpy(e->currency, row->currency, sizeof(e->currency));
	}
	return count;
}
