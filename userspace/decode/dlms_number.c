// SPDX-License-Identifier: MIT
/*
 * Numbers of a kept telegram that are no quantity.
 */
#include "../lib/units.h"
#include "dlms_parts.h"

#define DIGITS_MAX 18

/* The whole of a value as text; false when it is no number. */
static bool read_decimal(const u8 *text, unsigned int len, struct dlms_detail *d)
{
	unsigned int at = len && text[0] == '-', digits = 0, behind = 0;
	bool point = false;

	*d = (struct dlms_detail){ .flags = at ? DLMS_NEGATIVE : 0 };
	for (; at < len; at++) {
		if (text[at] == '.' && !point) {
			point = true;
			continue;
		}
		if ((u8)(text[at] - '0') > 9 || ++digits > DIGITS_MAX)
			return false;
		d->magnitude = 10 * d->magnitude + (text[at] - '0');
		behind += point;
	}
	d->exponent = -(int)behind;
	return digits;
}

static bool unit_is(const struct telegram *t, const struct field *f, const char *unit)
{
	const unsigned int len = tic_horodate_len(f);

	return strlen(unit) == len && !memcmp(t->text + f->label + f->label_len + 1, unit, len);
}

/**
 * dlms_number_milli - the number of an object that is no quantity
 * @t: a telegram of DLMS, which may be a copy
 * @f: one of its fields
 * @profile: enum dlms_profile of numbers that came without a scaler
 * @like: a quantity of the same kind; Q_NONE: it has no unit, and a bare number is as it is
 * @milli: for its thousandths
 *
 * Return: false when it is no number of that kind, or nobody knows its scaler.
 */
bool dlms_number_milli(const struct telegram *t, const struct field *f, u8 profile,
		       enum quantity like, s64 *milli)
{
	struct dlms_detail d;
	int exponent = 0;

	if (!read_decimal(t->text + f->value, f->len, &d))
		return false;
	/* With a scaler a number has its unit or, where there is none, decimals. */
	if (like != Q_NONE && unit_is(t, f, "") && !d.exponent)
		exponent = dlms_profile_exponent(profile, NULL, &d, like);
	else if (like != Q_NONE && !unit_is(t, f, quantity_unit(like)))
		return false;
	return exponent != EXPONENT_UNKNOWN && dlms_milli(&d, d.exponent + exponent, milli);
}
