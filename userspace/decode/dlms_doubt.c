// SPDX-License-Identifier: MIT
/*
 * Whether the scalers of a meter can be right: by the voltage of the grid, and by power, voltage
 * and current, which say the same thing twice.
 */
#include "dlms_doubt.h"

#define VOLTAGE_MIN_MILLI 150000
#define VOLTAGE_MAX_MILLI 300000
/* Less power than this may be all reactive. */
#define POWER_MIN_MILLI 100000
#define POWER_MAX_MILLI 1000000000000ll
#define CURRENT_MAX_MILLI 1000000000ll

/* A phase that there is not has no voltage. */
static bool voltage_is_odd(const struct reading *r)
{
	for (unsigned int q = Q_voltage_l1; q <= Q_voltage_l3; q++) {
		if (reading_has(r, q) && r->milli[q] &&
		    (r->milli[q] < VOLTAGE_MIN_MILLI || r->milli[q] > VOLTAGE_MAX_MILLI))
			return true;
	}
	return false;
}

/* Sum of voltage times current, in thousandths of a VA; 0: not known. */
static s64 apparent_milli(const struct reading *r)
{
	s64 sum = 0;

	for (unsigned int i = 0; i < 3; i++) {
		const s64 current = r->milli[Q_current_l1 + i];

		if (!reading_has(r, Q_voltage_l1 + i) || !reading_has(r, Q_current_l1 + i))
			continue;
		if (current < -CURRENT_MAX_MILLI || current > CURRENT_MAX_MILLI)
			return 0;
		sum += r->milli[Q_voltage_l1 + i] * (current < 0 ? -current : current) / 1000;
	}
	return sum;
}

static bool is_about(s64 value, s64 times, s64 other)
{
	return value > other * times * 7 / 10 && value < other * times * 14 / 10;
}

/**
 * dlms_doubt_of - what looks wrong in one reading
 * @r: quantities of a telegram
 *
 * Power and currents have to come in the same telegram. One such reading says little: phases that
 * feed in and phases that draw leave little net power of large currents.
 *
 * Return: enum dlms_doubt.
 */
enum dlms_doubt dlms_doubt_of(const struct reading *r)
{
	s64 apparent, power = r->milli[Q_power_net];

	if (voltage_is_odd(r))
		return DLMS_DOUBT_VOLTAGE;
	apparent = apparent_milli(r);
	if (!apparent || !reading_has(r, Q_power_net))
		return DLMS_NO_DOUBT;
	if (power < 0)
		power = -power;
	if (power < POWER_MIN_MILLI || power > POWER_MAX_MILLI)
		return DLMS_NO_DOUBT;
	if (is_about(power, 10, apparent) || is_about(apparent, 10, power))
		return DLMS_DOUBT_CURRENT_10;
	if (is_about(power, 100, apparent) || is_about(apparent, 100, power))
		return DLMS_DOUBT_CURRENT_100;
	return DLMS_NO_DOUBT;
}

/* Readings without currents say nothing for and nothing against. */
static bool tells(const struct reading *r)
{
	for (unsigned int q = Q_voltage_l1; q <= Q_voltage_l3; q++) {
		if (reading_has(r, q))
			return true;
	}
	return false;
}

/**
 * dlms_doubts_take - a further reading of a meter
 * @d: what its readings said so far
 * @r: quantities of the telegram
 *
 * Return: what looks wrong, once, when DLMS_DOUBT_AFTER readings in a row have said so.
 */
enum dlms_doubt dlms_doubts_take(struct dlms_doubts *d, const struct reading *r)
{
	enum dlms_doubt doubt;

	if (!tells(r))
		return DLMS_NO_DOUBT;
	doubt = dlms_doubt_of(r);
	if (doubt != d->doubt) {
		d->doubt = doubt;
		d->count = 0;
	}
	if (d->count < UINT8_MAX)
		d->count++;
	return d->count == DLMS_DOUBT_AFTER ? doubt : DLMS_NO_DOUBT;
}

/**
 * dlms_doubt_text - what a person reads of it, and what to do
 * @doubt: something that looks wrong
 *
 * Return: a constant sentence.
 */
const char *dlms_doubt_text(enum dlms_doubt doubt)
{
	switch (doubt) {
	case DLMS_DOUBT_VOLTAGE:
		return "a voltage is not between 150 and 300 V: is profile that of this meter? If it "
		       "measures through transformers, give scale.1-0:32.7.0, 52 and 72";
	case DLMS_DOUBT_CURRENT_10:
		return "power is about 10 times more or less than voltage times current: is profile "
		       "that of this meter? Else give scale.1-0:31.7.0, 51 and 71";
	case DLMS_DOUBT_CURRENT_100:
		return "power is about 100 times more or less than voltage times current: is profile "
		       "that of this meter? Else give scale.1-0:31.7.0, 51 and 71";
	case DLMS_NO_DOUBT:
		break;
	}
	return "";
}
