// SPDX-License-Identifier: MIT
/*
 * From numbers with their scalers, or those of a profile, to quantities: exact, in thousandths.
 */
#include "../../kernel/telegram/gathering.h"
#include "../lib/units.h"
#include "dlms_parts.h"

/* A number of more digits before its point says nothing that a meter could (RULES 20). */
#define INTEGER_DIGITS_MAX   15
#define MAGNITUDE_DIGITS_MAX 20

static u64 power_of_ten(unsigned int exponent)
{
	u64 power = 1;

	while (exponent--)
		power *= 10;
	return power;
}

static unsigned int digits_of(u64 number)
{
	unsigned int digits = 1;

	while (number /= 10)
		digits++;
	return digits;
}

/**
 * dlms_milli - a number in thousandths
 * @d: what the field says
 * @exponent: power of ten of the number, in place of the one that was sent
 * @milli: for the thousandths, rounded half away from zero
 *
 * Return: false when it has more than 15 digits before its point.
 */
bool dlms_milli(const struct dlms_detail *d, int exponent, s64 *milli)
{
	const int up = exponent + 3;
	u64 value = 0;

	if (d->magnitude && (int)digits_of(d->magnitude) + exponent > INTEGER_DIGITS_MAX)
		return false;
	if (up >= 0 && d->magnitude)
		value = d->magnitude * power_of_ten(up);
	else if (up < 0 && up >= -MAGNITUDE_DIGITS_MAX + 1)
		value = d->magnitude / power_of_ten(-up) +
			(d->magnitude % power_of_ten(-up) >= power_of_ten(-up) / 2);
	*milli = d->flags & DLMS_NEGATIVE ? -(s64)value : (s64)value;
	return true;
}

/**
 * dlms_times - a product, rounded half away from zero
 * @milli: thousandths
 * @factor_milli: factor in thousandths
 * @product: for it, thousandths
 *
 * Return: false when it does not fit.
 */
bool dlms_times(s64 milli, s64 factor_milli, s64 *product)
{
	if (__builtin_mul_overflow(milli, factor_milli, product) ||
	    __builtin_add_overflow(*product, *product < 0 ? -500 : 500, product))
		return false;
	*product /= 1000;
	return true;
}

static const struct dlms_scale *find_scale(const struct dlms_settings *s, enum quantity q)
{
	for (unsigned int i = s->scale_count; i--;) {
		if (s->scales[i].quantity == q)
			return &s->scales[i];
	}
	return NULL;
}

static bool is_energy(enum quantity q)
{
	return q <= Q_energy_reactive_q4;
}

static bool is_possible(enum quantity q, s64 milli)
{
	if (q == Q_power_factor)
		return milli >= -1000 && milli <= 1000;
	if (q == Q_tariff)
		return milli >= 0 && milli % 1000 == 0;
	return true;
}

static enum dlms_meaning meaning_if(bool valid, enum quantity q, const s64 *milli)
{
	return valid && is_possible(q, *milli) ? DLMS_MEANS_QUANTITY : DLMS_MEANS_IMPOSSIBLE;
}

/* A number with a scaler; its unit has to be that of the quantity. */
static enum dlms_meaning scaled_value(const struct dlms_detail *d, const struct dlms_scale *scale,
				      enum quantity q, s64 *milli)
{
	if (strcmp(dlms_unit_text(d->unit), quantity_unit(q)))
		return DLMS_MEANS_OTHER_UNIT;
	return meaning_if(dlms_milli(d, d->exponent, milli) &&
				  (!scale || dlms_times(*milli, scale->milli, milli)),
			  q, milli);
}

/* A number without a scaler: what the configuration says, else what its meter is known to mean. */
static enum dlms_meaning bare_value(const struct dlms_reading *r, const struct dlms_detail *d,
				    const struct dlms_settings *s, enum quantity q, s64 *milli)
{
	const struct dlms_scale *scale = find_scale(s, q);
	int exponent = dlms_profile_exponent(r->profile, r, d, q);
	bool valid;

	if (scale)
		valid = dlms_milli(d, d->exponent, milli) &&
			dlms_times(*milli, scale->milli, milli);
	else if (exponent != EXPONENT_UNKNOWN)
		valid = dlms_milli(d, d->exponent + exponent, milli);
	else if (!is_energy(q) || r->profile == DLMS_PROFILE_NONE)
		return DLMS_MEANS_NO_SCALER;
	else if (!s->energy_step)
		return DLMS_MEANS_UNSETTLED;
	else
		valid = dlms_milli(d, d->exponent, milli) &&
			!__builtin_mul_overflow(*milli, (s64)s->energy_step, milli);
	return meaning_if(valid, q, milli);
}

/**
 * dlms_meaning_of - what one field means, and if nothing, why
 * @r: the reading, with its fields and its profile
 * @settings: of its meter
 * @i: which of its fields
 * @quantity: for the quantity that its code stands for, or Q_NONE
 * @milli: for its value in thousandths; valid when it means that quantity
 *
 * Return: enum dlms_meaning.
 */
enum dlms_meaning dlms_meaning_of(const struct dlms_reading *r,
				  const struct dlms_settings *settings, unsigned int i,
				  u8 *quantity, s64 *milli)
{
	const struct dlms_detail *d = &r->details[i];

	*quantity = Q_NONE;
	*milli = 0;
	if (!(d->flags & DLMS_CODED))
		return DLMS_MEANS_NONE;
	if (!(d->flags & DLMS_COUNTS))
		return DLMS_MEANS_ELSE;
	*quantity = obis_quantity(&r->telegram, &r->telegram.fields[i]);
	if (*quantity == Q_NONE)
		return DLMS_MEANS_NONE;
	if (d->flags & DLMS_SCALED)
		return scaled_value(d, find_scale(settings, *quantity), *quantity, milli);
	if (d->flags & DLMS_NUMERIC)
		return bare_value(r, d, settings, *quantity, milli);
	return DLMS_MEANS_NO_NUMBER;
}

static void take_value(struct gathering *g, struct dlms_reading *r, unsigned int i,
		       const struct dlms_settings *s)
{
	enum dlms_meaning meaning;
	u8 quantity;
	s64 milli;

	meaning = dlms_meaning_of(r, s, i, &quantity, &milli);
	r->unsettled |= meaning == DLMS_MEANS_UNSETTLED;
	if (quantity != Q_NONE)
		gather(g, quantity, meaning == DLMS_MEANS_QUANTITY, milli);
}

/**
 * dlms_find_quantities - what the fields of a reading mean
 * @r: the reading, with its fields and its profile; its quantities are found
 * @settings: of its meter
 */
void dlms_find_quantities(struct dlms_reading *r, const struct dlms_settings *settings)
{
	struct gathering g = { .r = &r->values };

	r->unsettled = false;
	memset(r->values.valid, 0, sizeof(r->values.valid));
	for (unsigned int i = 0; i < r->telegram.nfields; i++)
		take_value(&g, r, i, settings);
	sum_tariffs(&g, Q_energy_import, Q_energy_import_t1);
	sum_tariffs(&g, Q_energy_export, Q_energy_export_t1);
	net_power(&g);
}
