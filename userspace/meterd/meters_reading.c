// SPDX-License-Identifier: MIT
/*
 * From what a telegram says to what counts: its time, and factors of the configuration.
 */
#include <string.h>

#include "meters_private.h"

/* How long an answer of the system on its clock is good for. */
#define ASK_EVERY_MS 5000

static enum clock_trust trust_of(struct meters *all, const struct moment *when)
{
	if (!all->asked_ms || when->steady_ms - all->asked_ms >= ASK_EVERY_MS) {
		all->synchronised = host_clock_synchronised();
		all->asked_ms = when->steady_ms;
	}
	return host_clock_trust(all->clock, when->unix_ms / 1000, when->steady_ms,
				all->synchronised);
}

/**
 * meter_telegram_time - when a telegram's readings were taken
 * @all: the meters
 * @config: of its meter; NULL: none
 * @lm: of its line; its layout is that of @t
 * @t: the telegram
 * @when: its first byte came
 * @time: for the answer
 *
 * Loop thread.
 */
void meter_telegram_time(struct meters *all, const struct meter_config *config,
			 const struct line_meters *lm, const struct telegram *t,
			 const struct moment *when, struct reading_time *time)
{
	static const struct meter_config usual = { .base_offset_min = 60, .time = TIME_AUTO };
	const struct meter_config *c = config ? config : &usual;
	enum clock_trust trust = when->replay ? CLOCK_UNTRUSTED : trust_of(all, when);

	reading_time(t, field_at(t, lm->layout.date), when, c->time, c->base_offset_min, trust,
		     time);
}

static void reading_drop(struct reading *r, enum quantity q)
{
	r->valid[q / 64] &= ~(1ull << (q % 64));
}

/* Rounded half away from zero; a product that does not fit is no value. */
static void scale_quantity(struct reading *r, enum quantity q, s64 factor_milli)
{
	s64 product;

	if (!reading_has(r, q))
		return;
	if (__builtin_mul_overflow(r->milli[q], factor_milli, &product) ||
	    __builtin_add_overflow(product, product < 0 ? -500 : 500, &product))
		reading_drop(r, q);
	else
		r->milli[q] = product / 1000;
}

/* Net power follows from import and export, as where telegrams are read. */
static void scale_power(struct reading *r, enum quantity q, s64 factor_milli)
{
	bool is_import = reading_has(r, Q_power_net) && reading_has(r, Q_power_import) &&
			 r->milli[Q_power_net] == r->milli[Q_power_import];

	scale_quantity(r, q, factor_milli);
	if (!reading_has(r, Q_power_import))
		return;
	if (reading_has(r, Q_power_export))
		r->milli[Q_power_net] = r->milli[Q_power_import] - r->milli[Q_power_export];
	else if (is_import)
		r->milli[Q_power_net] = r->milli[Q_power_import];
}

static void scale_by(struct reading *r, const struct meter_scale *s)
{
	u8 row = p1_label_row((const u8 *)s->code, strlen(s->code));
	enum quantity q = row == ROW_UNKNOWN ? Q_NONE : p1_labels[row].quantity;

	if (q == Q_power_import || q == Q_power_export)
		scale_power(r, q, s->milli);
	else if (q != Q_NONE)
		scale_quantity(r, q, s->milli);
}

/**
 * meter_adjust - what the configuration knows better than the meter
 * @config: of the meter; NULL: nothing
 * @r: quantities of a telegram; are scaled, and captured in UTC by the meter's own offset
 *
 * Loop thread.
 */
void meter_adjust(const struct meter_config *config, struct reading *r)
{
	unsigned int i;

	if (!config)
		return;
	for (i = 0; i < config->scale_count; i++)
		scale_by(r, &config->scales[i]);
	for (i = Q_gas; i < QUANTITY_COUNT; i++) {
		if (reading_has(r, i))
			r->captured_s[i - Q_gas] =
				shift_stamp(r->captured_s[i - Q_gas], config->base_offset_min);
	}
}
