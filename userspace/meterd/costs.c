// SPDX-License-Identifier: MIT
/*
 * What a period costs: what was counted times its price, exactly, and its share of the charges.
 *
 * A price that is not known gives no cost, and no total: never 0.
 */
#include "costs.h"

#define DAY_S 86400

/* mWh at 1e-5 per kWh are 1e-11 of the currency; l at 1e-5 per m3 and MJ, per GJ, 1e-8. */
#define ENERGY_SCALE 1
#define OTHER_SCALE  1000

/**
 * struct costing - a period on its way into its costs
 * @entries: of the period, by register_index(); those of @has
 * @time_s: that prices by the quarter are looked up at
 * @unknown: something that has a price is not known
 */
struct costing {
	const struct price_section *section;
	struct ledger_entry entries[REGISTER_COUNT];
	u64 has;
	s64 time_s;
	struct cost_row *cost;
	bool unknown;
};

static void begin(struct costing *k, const struct price_section *s, const struct ledger_row *row,
		  enum period p, struct cost_row *cost)
{
	struct ledger_entry entries[REGISTER_COUNT];
	size_t count = ledger_row_entries(row, p, entries);

	*k = (struct costing){ .section = s, .time_s = row->start_s, .cost = cost };
	for (size_t i = 0; i < count; i++) {
		unsigned int index = register_index(entries[i].reg);

		k->entries[index] = entries[i];
		k->has |= 1ull << index;
	}
	*cost = (struct cost_row){ .start_s = row->start_s, .end_s = row->end_s };
	memcpy(cost->currency, s->terms.currency, sizeof(cost->currency));
}

static const struct ledger_entry *entry_of(const struct costing *k, enum quantity reg)
{
	unsigned int index = register_index(reg);

	return k->has >> index & 1 ? &k->entries[index] : NULL;
}

/* What one register costs; false when its price is not known, and it counted something. */
static bool product(const struct costing *k, const struct ledger_entry *e, s64 scale, s64 *exact)
{
	s64 e5;

	*exact = 0;
	if (e->quality & QUALITY_MISSING || !e->milli)
		return true;
	/* The smallest number has no negative. */
	return price_at(k->section, e->reg, k->time_s, &e5) &&
	       !__builtin_mul_overflow(e->milli, e5, exact) &&
	       !__builtin_mul_overflow(*exact, scale, exact) && *exact != INT64_MIN;
}

static enum quantity total_of(enum direction d)
{
	return d == DIRECTION_IMPORT ? Q_energy_import : Q_energy_export;
}

/* Each tariff, which is told of import, and their sum when prices go by them. */
static void add_tariffs(struct costing *k, enum direction d, bool by_tariff)
{
	enum cost whole = d == DIRECTION_IMPORT ? COST_IMPORT : COST_EXPORT;
	bool known = true;
	s64 exact;

	for (unsigned int t = 1; t <= TARIFF_COUNT; t++) {
		const struct ledger_entry *e = entry_of(k, total_of(d) + t);

		if (!e)
			continue;
		if (!product(k, e, ENERGY_SCALE, &exact)) {
			known = false;
			continue;
		}
		if (d == DIRECTION_IMPORT)
			cost_put(k->cost, COST_IMPORT_T1 + t - 1, exact, e->quality);
		if (by_tariff)
			cost_join(k->cost, whole, exact, e->quality);
	}
	if (by_tariff && !known) {
		k->cost->has &= ~(1u << whole);
		k->unknown = true;
	}
}

static bool has_tariffs(const struct costing *k, enum direction d)
{
	return k->has >> (total_of(d) + 1) & ((1ull << TARIFF_COUNT) - 1);
}

static void add_energy(struct costing *k, enum direction d)
{
	bool by_tariff = price_has_tariffs(k->section, d) && has_tariffs(k, d);
	const struct ledger_entry *e = entry_of(k, total_of(d));
	s64 exact;

	if (!price_is_given(k->section, d))
		return;
	add_tariffs(k, d, by_tariff);
	if (by_tariff || !e)
		return;
	if (product(k, e, ENERGY_SCALE, &exact))
		cost_put(k->cost, d == DIRECTION_IMPORT ? COST_IMPORT : COST_EXPORT, exact,
			 e->quality);
	else
		k->unknown = true;
}

static void add_others(struct costing *k)
{
	static const struct {
		enum quantity reg;
		enum price price;
		enum cost cost;
	} others[] = {
		{ Q_gas, PRICE_GAS, COST_GAS },
		{ Q_water, PRICE_WATER, COST_WATER },
		{ Q_heat, PRICE_HEAT, COST_HEAT },
		{ Q_heat_kwh, PRICE_HEAT_KWH, COST_HEAT },
	};
	s64 exact;

	for (unsigned int i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		const struct ledger_entry *e = entry_of(k, others[i].reg);

		if (!e || !(k->section->terms.has >> others[i].price & 1))
			continue;
		if (product(k, e, OTHER_SCALE, &exact))
			cost_join(k->cost, others[i].cost, exact, e->quality);
		else
			k->unknown = true;
	}
}

/* @part of @whole equal parts of an amount, up to the end of that part. */
static s64 share(s64 exact, s64 part, s64 whole)
{
	return (s64)((__int128)exact * part / whole);
}

/*
 * The charges of a day. A month's are spread over its days, so that these sum to it; their number
 * comes from how long the month is, for an hour more or less is no day.
 */
static s64 fixed_of_day(const struct price_section *s, const struct zone *z, s64 start_s)
{
	const struct price_terms *t = &s->terms;
	s64 month_s, month_end_s, days, day, exact = 0;

	if (t->has >> PRICE_FIXED_DAY & 1)
		exact += t->e5[PRICE_FIXED_DAY] * COST_EXACT_PER_E5;
	if (t->has >> PRICE_FIXED_MONTH & 1) {
		s64 month = t->e5[PRICE_FIXED_MONTH] * COST_EXACT_PER_E5;

		zone_period(z, PERIOD_MONTH, start_s, &month_s, &month_end_s);
		days = (month_end_s - month_s + DAY_S / 2) / DAY_S;
		day = (start_s - month_s + DAY_S / 2) / DAY_S;
		exact += share(month, day + 1, days) - share(month, day, days);
	}
	return exact;
}

static bool has_fixed(const struct price_section *s)
{
	return s->terms.has & (1ull << PRICE_FIXED_DAY | 1ull << PRICE_FIXED_MONTH);
}

static void add_total(struct costing *k)
{
	static const enum cost parts[] = { COST_IMPORT, COST_EXPORT, COST_GAS, COST_WATER,
					   COST_HEAT, COST_FIXED };
	struct cost_row *c = k->cost;

	for (unsigned int i = 0; !k->unknown && i < sizeof(parts) / sizeof(parts[0]); i++) {
		enum cost p = parts[i];

		if (c->has >> p & 1)
			cost_join(c, COST_TOTAL, p == COST_EXPORT ? -c->exact[p] : c->exact[p],
				  c->quality[p]);
	}
}

static void cost_quarter(struct costing *k, const struct zone *z)
{
	struct cost_row *cost = k->cost;
	s64 day_s, day_end_s, fixed, whole_s;

	add_energy(k, DIRECTION_IMPORT);
	add_energy(k, DIRECTION_EXPORT);
	add_others(k);
	if (has_fixed(k->section)) {
		zone_period(z, PERIOD_DAY, cost->start_s, &day_s, &day_end_s);
		fixed = fixed_of_day(k->section, z, day_s);
		whole_s = day_end_s - day_s;
		cost_put(cost, COST_FIXED,
			 share(fixed, cost->end_s - day_s, whole_s) -
				 share(fixed, cost->start_s - day_s, whole_s), 0);
	}
	add_total(k);
}

/**
 * costs_of_quarter - what a quarter of an hour costs
 * @s: section that holds
 * @z: zone of the meter
 * @row: the quarter
 * @cost: all of it is set, but its @prices
 *
 * Charges are spread over the quarters of the day, so that these sum to it.
 */
void costs_of_quarter(const struct price_section *s, const struct zone *z,
		      const struct ledger_row *row, struct cost_row *cost)
{
	struct costing k;

	begin(&k, s, row, PERIOD_QUARTER, cost);
	cost_quarter(&k, z);
}

/**
 * cost_quarters_add - adds a quarter of an hour to what is known of its day
 * @q: all 0 before the first one
 * @s: section that holds
 * @z: zone of the meter
 * @row: the quarter
 */
void cost_quarters_add(struct cost_quarters *q, const struct price_section *s, const struct zone *z,
		       const struct ledger_row *row)
{
	struct cost_row cost;
	struct costing k;

	begin(&k, s, row, PERIOD_QUARTER, &cost);
	cost_quarter(&k, z);
	cost_row_add(&q->sum, &cost);
	for (unsigned int d = 0; d < DIRECTION_COUNT; d++) {
		const struct ledger_entry *e = entry_of(&k, total_of(d));

		if (e)
			q->milli[d] = (u64)q->milli[d] + (u64)e->milli;
	}
}

static void take(struct cost_row *cost, const struct cost_row *from, enum cost c, bool partial)
{
	if (from->has >> c & 1)
		cost_put(cost, c, from->exact[c],
			 from->quality[c] | (partial ? QUALITY_PARTIAL : 0));
}

/* Energy whose prices go by the quarter; false when quarters are missing for what was counted. */
static bool add_quarters(struct costing *k, enum direction d, const struct cost_quarters *quarters)
{
	const struct ledger_entry *e = entry_of(k, total_of(d));
	enum cost whole = d == DIRECTION_IMPORT ? COST_IMPORT : COST_EXPORT;
	bool complete = e && quarters->milli[d] == e->milli;

	if (!e)
		return true;
	take(k->cost, &quarters->sum, whole, !complete);
	for (enum cost c = COST_IMPORT_T1; d == DIRECTION_IMPORT && c <= COST_IMPORT_T16; c++)
		take(k->cost, &quarters->sum, c, !complete);
	if (!(k->cost->has >> whole & 1))
		k->unknown = true;
	return complete;
}

/**
 * costs_of_day - what a day costs
 * @s: section that holds
 * @z: zone of the meter
 * @row: the day
 * @quarters: of the day, where prices go by the quarter
 * @cost: all of it is set, but its @prices
 *
 * Return: false when prices go by the quarter, and quarters do not make up what the day counted:
 * what is known of it is partial.
 */
bool costs_of_day(const struct price_section *s, const struct zone *z, const struct ledger_row *row,
		  const struct cost_quarters *quarters, struct cost_row *cost)
{
	bool complete = true;
	struct costing k;

	begin(&k, s, row, PERIOD_DAY, cost);
	for (unsigned int d = 0; d < DIRECTION_COUNT; d++) {
		if (s->quarters[d])
			complete &= add_quarters(&k, d, quarters);
		else
			add_energy(&k, d);
	}
	add_others(&k);
	if (has_fixed(s))
		cost_put(cost, COST_FIXED, fixed_of_day(s, z, row->start_s), 0);
	add_total(&k);
	return complete;
}
