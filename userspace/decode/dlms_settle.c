// SPDX-License-Identifier: MIT
/*
 * Of how many watt-hours one count of a register is, by what the power said meanwhile.
 *
 * A span lasts from one telegram with registers to a later one. Between two telegrams the power is
 * taken to be the mean of both. What two steps of ten apart is told apart by a wide margin; two
 * spans must agree, since one may hold a short load that no telegram has seen.
 */
#include "dlms_parts.h"
#include "dlms_settle.h"

/* Lists with power come every 10 s: with a longer gap nobody knows what was drawn. */
#define GAP_MAX_MS 60000
/* Counts that make a span; with fewer the last digit weighs too much. */
#define COUNTS_MIN 20
#define COUNTS_MAX 1000000
#define SPANS	   2
/* mW times ms in one Wh. */
#define MWMS_PER_WH 3600000000ll
/* No house draws more. */
#define POWER_MAX_MILLI 1000000000ll
#define ENERGY_MAX_MWMS (INT64_MAX / 4)

/* Import, as its power; that of the other registers is the same. */
static bool find_count(const struct dlms_reading *r, s64 *count)
{
	static const u8 code[] = { 1, 8, 0, 255 };

	for (unsigned int i = 0; i < r->telegram.nfields; i++) {
		const struct dlms_detail *d = &r->details[i];

		if (d->code[0] != 1 || memcmp(d->code + 2, code, sizeof(code)) ||
		    (d->flags & (DLMS_COUNTS | DLMS_NUMERIC | DLMS_SCALED | DLMS_NEGATIVE)) !=
			    (DLMS_COUNTS | DLMS_NUMERIC) ||
		    d->magnitude > INT64_MAX / 2)
			continue;
		*count = d->magnitude;
		return true;
	}
	return false;
}

static bool find_power(const struct reading *r, s64 *milli)
{
	*milli = r->milli[Q_power_import];
	return reading_has(r, Q_power_import) && *milli >= 0 && *milli <= POWER_MAX_MILLI;
}

/* Without the power of a while, nobody knows what the span had. */
static bool is_gap(const struct dlms_settle *s, u64 now_ms)
{
	return !s->has_power || now_ms < s->power_ms || now_ms - s->power_ms > GAP_MAX_MS ||
	       s->energy_mwms > ENERGY_MAX_MWMS;
}

static void take_power(struct dlms_settle *s, s64 milli, u64 now_ms)
{
	if (is_gap(s, now_ms)) {
		s->has_count = false;
		s->energy_mwms = 0;
	} else {
		s->energy_mwms += (s->power_milli + milli) / 2 * (s64)(now_ms - s->power_ms);
	}
	s->has_power = true;
	s->power_milli = milli;
	s->power_ms = now_ms;
}

/* 1 or 10, when the span says so clearly; else 0. */
static u8 step_of(s64 energy_mwms, s64 counts)
{
	const s64 per_count = energy_mwms / counts;

	if (per_count > MWMS_PER_WH * 7 / 10 && per_count < MWMS_PER_WH * 14 / 10)
		return 1;
	if (per_count > MWMS_PER_WH * 7 && per_count < MWMS_PER_WH * 14)
		return 10;
	return 0;
}

static void end_span(struct dlms_settle *s, s64 counted)
{
	const u8 step = step_of(s->energy_mwms, counted);

	s->agreed = step && step == s->leaning ? s->agreed + 1 : !!step;
	s->leaning = step;
	if (s->agreed >= SPANS)
		s->step = step;
}

static void take_count(struct dlms_settle *s, s64 count)
{
	const s64 counted = count - s->count;

	if (s->has_count && counted >= 0 && counted < COUNTS_MIN)
		return;
	if (s->has_count && counted > 0 && counted <= COUNTS_MAX)
		end_span(s, counted);
	s->has_count = true;
	s->count = count;
	s->energy_mwms = 0;
}

/**
 * dlms_settle_take - a further telegram of a meter
 * @s: what is known of its registers
 * @r: the reading; with registers of unknown step, power or both
 * @now_ms: when it came, on a clock that only goes on
 *
 * Return: whether the step has just been settled; then @s->step goes into the settings of the meter
 * and is worth keeping.
 */
bool dlms_settle_take(struct dlms_settle *s, const struct dlms_reading *r, u64 now_ms)
{
	s64 power, count;

	if (s->step)
		return false;
	if (find_power(&r->values, &power))
		take_power(s, power, now_ms);
	if (!r->unsettled || is_gap(s, now_ms) || !find_count(r, &count))
		return false;
	take_count(s, count);
	return s->step;
}
