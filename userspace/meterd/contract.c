// SPDX-License-Identifier: MIT
/*
 * What the contract allows to draw, by what the meter says of it.
 */
#include <string.h>

#include "meters_private.h"

/* Amperes are told per phase, without a voltage. */
#define NOMINAL_V 230
#define P1_PHASES 3

/* 999 of any unit, and more, stands for "no limit". */
#define NO_LIMIT 999

/* "(number*unit)" of 0-0:17.0.0: whole units, rounded up; false when it is not one. */
static bool parse_limiter(struct span s, s64 *units, struct span *unit)
{
	unsigned int i = 0;
	bool more = false;

	*units = 0;
	for (; i < s.len && s.bytes[i] >= '0' && s.bytes[i] <= '9' && i < 9; i++)
		*units = *units * 10 + (s.bytes[i] - '0');
	if (!i)
		return false;
	if (i < s.len && s.bytes[i] == '.') {
		for (i++; i < s.len && s.bytes[i] >= '0' && s.bytes[i] <= '9'; i++)
			more |= s.bytes[i] != '0';
	}
	if (i == s.len || s.bytes[i] != '*')
		return false;
	*units += more;
	*unit = (struct span){ s.bytes + i + 1, s.len - i - 1 };
	return true;
}

static bool unit_is(struct span unit, const char *name)
{
	return unit.len == strlen(name) && !memcmp(unit.bytes, name, unit.len);
}

/* p1.md B: the limiter is in A, kW or kVA. */
static s64 limiter_w(const struct telegram *t, const struct field *f)
{
	struct span unit;
	unsigned int next;
	s64 units;

	if (!parse_limiter(p1_group(t, f, 0, &next), &units, &unit) || units >= NO_LIMIT)
		return 0;
	if (unit_is(unit, "A"))
		return units * NOMINAL_V * P1_PHASES;
	return unit_is(unit, "kW") || unit_is(unit, "kVA") ? units * 1000 : 0;
}

static s64 milli_of(const struct reading *r, enum quantity q)
{
	return reading_has(r, q) ? r->milli[q] : 0;
}

/* PREF and PCOUP in VA; else ISOUSC in A for each phase that has a current. */
static s64 tic_limit(const struct meter *m, const struct reading *r)
{
	s64 reference = milli_of(r, Q_power_reference), cutoff = milli_of(r, Q_power_cutoff);
	s64 subscribed = milli_of(r, Q_current_subscribed);
	bool three = reading_has(r, Q_current_l2) || meter_values_has(&m->values, Q_current_l2);

	if (reference > 0 || cutoff > 0)
		return (reference > cutoff ? reference : cutoff) / 1000;
	if (subscribed > 0 && subscribed < 1000000)
		return subscribed * NOMINAL_V * (three ? 3 : 1) / 1000;
	return 0;
}

/**
 * meter_take_contract - learns the limit of a meter's contract from a telegram
 * @m: the meter
 * @layout: of @t
 * @t: the telegram
 * @r: its quantities
 *
 * PREF, PCOUP (54E section 6.2), ISOUSC (02E section 2.2), 0-0:17.0.0 (DSMR). A telegram that says
 * nothing of it changes nothing. Loop thread.
 */
void meter_take_contract(struct meter *m, const struct layout *layout, const struct telegram *t,
			 const struct reading *r)
{
	const struct field *limiter = field_at(t, layout->limiter);
	s64 limit_w = limiter ? limiter_w(t, limiter) : tic_limit(m, r);

	if (limit_w)
		m->limit_import_w = limit_w;
}
