// SPDX-License-Identifier: MIT
/*
 * Tables of prices: which section holds for a meter and a day, and what a unit costs by it.
 */
#include <stdlib.h>

#include "config.h"
#include "prices.h"

#define DAY_S 86400

static u64 hash_number(u64 hash, s64 number)
{
	return hash_add(hash, &number, sizeof(number));
}

/* Members one by one: what lies between them has any value. */
static u64 hash_terms(const struct price_terms *t)
{
	u64 hash = hash_add(HASH_BEGIN, t->currency, strlen(t->currency));

	hash = hash_number(hash, t->has);
	for (unsigned int i = 0; i < PRICE_COUNT; i++)
		hash = hash_number(hash, t->has >> i & 1 ? t->e5[i] : 0);
	for (unsigned int d = 0; d < DIRECTION_COUNT; d++)
		hash = hash_number(hash, t->factor[d]);
	return hash;
}

static size_t names_len(const char *names)
{
	const char *at = names;

	while (*at)
		at += strlen(at) + 1;
	return at + 1 - names;
}

static bool take_section(struct price_section *s, const struct price_config *c,
			 price_series_fn series, void *context)
{
	s->terms = c->terms;
	if (c->meters) {
		s->meters = malloc(names_len(c->meters));
		if (!s->meters)
			return false;
		memcpy(s->meters, c->meters, names_len(c->meters));
	}
	for (unsigned int d = 0; d < DIRECTION_COUNT; d++) {
		if (!c->quarters[d]) {
			s->terms.factor[d] = 0;
			continue;
		}
		s->quarters[d] = series(context, c->quarters[d]);
		if (!s->quarters[d])
			return false;
		price_series_get(s->quarters[d]);
	}
	s->hash = hash_terms(&s->terms);
	return true;
}

static u64 hash_all(const struct prices *p)
{
	u64 hash = HASH_BEGIN;

	for (unsigned int i = 0; i < p->count; i++) {
		const struct price_section *s = &p->sections[i];

		hash = hash_number(hash, s->hash);
		hash = hash_number(hash, s->terms.from_day);
		if (s->meters)
			hash = hash_add(hash, s->meters, names_len(s->meters));
		for (unsigned int d = 0; d < DIRECTION_COUNT; d++)
			hash = hash_number(hash, s->quarters[d] ? s->quarters[d]->hash : 0);
	}
	return hash;
}

/**
 * prices_new - the prices of a configuration
 * @c: with one [price] section at least
 * @series: gives the series of a file
 * @context: handed to @series
 *
 * Loop thread.
 *
 * Return: the prices, with one reference, or NULL when there is no memory.
 */
struct prices *prices_new(const struct config *c, price_series_fn series, void *context)
{
	struct prices *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->references = 1;
	p->sections = calloc(c->price_count, sizeof(*p->sections));
	for (; p->sections && p->count < c->price_count; p->count++) {
		if (!take_section(&p->sections[p->count], &c->prices[p->count], series, context)) {
			p->count++;
			prices_put(p);
			return NULL;
		}
	}
	p->hash = hash_all(p);
	return p;
}

/** prices_get - one more reference; loop thread */
struct prices *prices_get(struct prices *p)
{
	p->references++;
	return p;
}

/** prices_put - one reference less; NULL does nothing; loop thread */
void prices_put(struct prices *p)
{
	if (!p || --p->references)
		return;
	for (unsigned int i = 0; i < p->count; i++) {
		free(p->sections[i].meters);
		for (unsigned int d = 0; d < DIRECTION_COUNT; d++)
			price_series_put(p->sections[i].quarters[d]);
	}
	free(p->sections);
	free(p);
}

static bool is_for(const struct price_section *s, const char *meter)
{
	for (const char *at = s->meters; at && *at; at += strlen(at) + 1)
		if (!strcmp(at, meter))
			return true;
	return !s->meters;
}

/**
 * prices_has_meter - whether a meter has prices at any time
 * @p: NULL: there are none
 * @meter: its name
 */
bool prices_has_meter(const struct prices *p, const char *meter)
{
	for (unsigned int i = 0; p && i < p->count; i++)
		if (is_for(&p->sections[i], meter))
			return true;
	return false;
}

/**
 * prices_section - the section that holds for a period
 * @p: prices
 * @meter: its name
 * @z: its zone: sections change at its midnights
 * @start_s: of the period
 *
 * Any thread.
 *
 * Return: the one with the newest date that is not later than the period's start, or NULL.
 */
const struct price_section *prices_section(const struct prices *p, const char *meter,
					   const struct zone *z, s64 start_s)
{
	s64 local_s = start_s + zone_offset_s(z, start_s);
	s64 day = local_s / DAY_S - (local_s % DAY_S < 0);
	const struct price_section *newest = NULL;

	for (unsigned int i = 0; i < p->count; i++) {
		const struct price_section *s = &p->sections[i];

		if (s->terms.from_day <= day && is_for(s, meter) &&
		    (!newest || s->terms.from_day > newest->terms.from_day))
			newest = s;
	}
	return newest;
}

/** price_section_has_quarters - whether it has prices by the quarter of an hour */
bool price_section_has_quarters(const struct price_section *s)
{
	return s->quarters[DIRECTION_IMPORT] || s->quarters[DIRECTION_EXPORT];
}

/**
 * prices_of_day - a fingerprint of all that a day's cost depends on, but for what was counted
 * @s: section that holds, or NULL
 * @start_s: of the day
 * @end_s: exclusive
 *
 * Any thread.
 */
s64 prices_of_day(const struct price_section *s, s64 start_s, s64 end_s)
{
	u64 hash = s ? s->hash : HASH_BEGIN;

	for (unsigned int d = 0; s && d < DIRECTION_COUNT; d++) {
		if (!s->quarters[d])
			continue;
		for (s64 at_s = start_s; at_s < end_s; at_s += QUARTER_S) {
			s64 e5 = INT64_MIN;

			price_series_at(s->quarters[d], at_s, &e5);
			hash = hash_number(hash, e5);
		}
	}
	return hash;
}

static enum price first_price(enum direction d)
{
	return d == DIRECTION_IMPORT ? PRICE_IMPORT : PRICE_EXPORT;
}

/** price_has_tariffs - whether a direction has prices by tariff */
bool price_has_tariffs(const struct price_section *s, enum direction d)
{
	return s->terms.has >> (first_price(d) + 1) & ((1u << TARIFF_COUNT) - 1);
}

/** price_is_given - whether a direction has any price */
bool price_is_given(const struct price_section *s, enum direction d)
{
	return s->quarters[d] || s->terms.has >> first_price(d) & 1 || price_has_tariffs(s, d);
}

static s64 times_factor(s64 e5, s64 factor)
{
	__int128 product = (__int128)e5 * factor;
	__int128 half = product < 0 ? -FACTOR_ONE / 2 : FACTOR_ONE / 2;

	return (s64)((product + half) / FACTOR_ONE);
}

static bool energy_price(const struct price_section *s, enum direction d, unsigned int tariff,
			 s64 time_s, s64 *e5)
{
	enum price total = first_price(d), own = total + tariff;
	s64 quarter_e5;

	/* Nobody knows which tariff it was. */
	if (!tariff && price_has_tariffs(s, d))
		return false;
	if (!(s->terms.has >> own & 1))
		own = total;
	if (!(s->terms.has >> own & 1) && !s->quarters[d])
		return false;
	*e5 = s->terms.has >> own & 1 ? s->terms.e5[own] : 0;
	if (!s->quarters[d])
		return true;
	if (!price_series_at(s->quarters[d], time_s, &quarter_e5))
		return false;
	*e5 += times_factor(quarter_e5, s->terms.factor[d]);
	return true;
}

/**
 * price_at - what a unit of a register costs
 * @s: section that holds
 * @reg: a register; of energy a tariff's, or the total
 * @time_s: seconds since 1970; matters where prices go by the quarter
 * @e5: for the price, 1e-5 of the currency per kWh, m3 or GJ
 *
 * A tariff without a price of its own has that of the direction. Prices by the quarter come on top
 * of what is given for the direction or the tariff, rounded to five decimals. Any thread.
 *
 * Return: false when it is not known.
 */
bool price_at(const struct price_section *s, enum quantity reg, s64 time_s, s64 *e5)
{
	enum price p;

	switch (reg) {
	case Q_gas:
		p = PRICE_GAS;
		break;
	case Q_water:
		p = PRICE_WATER;
		break;
	case Q_heat:
		p = PRICE_HEAT;
		break;
	case Q_heat_kwh:
		p = PRICE_HEAT_KWH;
		break;
	default:
		if (reg <= Q_energy_import_t16)
			return energy_price(s, DIRECTION_IMPORT, register_tariff(reg), time_s, e5);
		if (reg >= Q_energy_export && reg <= Q_energy_export_t16)
			return energy_price(s, DIRECTION_EXPORT, register_tariff(reg), time_s, e5);
		return false;
	}
	*e5 = s->terms.e5[p];
	return s->terms.has >> p & 1;
}
