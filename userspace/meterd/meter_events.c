// SPDX-License-Identifier: MIT
/*
 * What a telegram says that its meter had not said before: tariff, colours, power failures, peaks.
 */
#include <stdio.h>
#include <string.h>

#include "meters_private.h"

#define FAILURES_DIGITS 9

/* Of a meter that was not heard yet, or is in the place of another one, nothing is. */
static bool anything_known(const struct meter *m)
{
	u64 valid = 0;

	for (unsigned int w = 0; w < sizeof(m->values.valid) / sizeof(m->values.valid[0]); w++)
		valid |= m->values.valid[w];
	return valid;
}

/**
 * meter_before - what is known of a meter before its next telegram
 * @m: the meter
 * @b: for it
 */
void meter_before(const struct meter *m, struct before *b)
{
	b->known = anything_known(m);
	b->today = m->color_today;
	b->tomorrow = m->color_tomorrow;
	b->failures = m->failures;
	b->has_peak = meter_values_has(&m->values, Q_demand_import_peak);
	b->peak = meter_values_milli(&m->values, Q_demand_import_peak);
	memcpy(b->label, m->tariff_label, sizeof(b->label));
}

/**
 * meter_take_failures - how many power failures a meter has counted
 * @m: the meter
 * @layout: of @t
 * @t: the telegram
 *
 * 0-0:96.7.21, failures of any phase (DSMR 5.0.2 P1, 6.12). TIC has no such counter. Loop thread.
 */
void meter_take_failures(struct meter *m, const struct layout *layout, const struct telegram *t)
{
	const struct field *f = field_at(t, layout->failures);
	struct span digits;
	unsigned int next;
	u32 count = 0;

	if (!f)
		return;
	digits = p1_group(t, f, 0, &next);
	if (!digits.len || digits.len > FAILURES_DIGITS)
		return;
	for (unsigned int i = 0; i < digits.len; i++) {
		if (digits.bytes[i] < '0' || digits.bytes[i] > '9')
			return;
		count = count * 10 + digits.bytes[i] - '0';
	}
	m->failures = count;
}

static void tell(const struct meters *all, const struct meter *m, const struct meter_event *e)
{
	all->out.event(all->out.context, m, e);
}

/* A colour that is not known any more is no news; at midnight tomorrow's becomes today's. */
static void tell_color(const struct meters *all, const struct meter *m, enum meter_event_kind kind,
		       enum color from, enum color to)
{
	if (to != from && to != COLOR_UNKNOWN)
		tell(all, m, &(struct meter_event){ .kind = kind, .from_text = color_name(from),
						     .to_text = color_name(to) });
}

/**
 * meter_tell_events - tells what is new
 * @all: the meters
 * @m: the meter, as its newest telegram left it
 * @b: as it was before
 *
 * Loop thread.
 */
void meter_tell_events(const struct meters *all, const struct meter *m, const struct before *b)
{
	bool has_peak = meter_values_has(&m->values, Q_demand_import_peak);
	s64 peak = meter_values_milli(&m->values, Q_demand_import_peak);

	if (b->label[0] && m->tariff_label[0] && strcmp(m->tariff_label, b->label))
		tell(all, m, &(struct meter_event){ .kind = METER_TARIFF, .from_text = b->label,
						     .to_text = m->tariff_label });
	tell_color(all, m, METER_COLOR_TODAY, b->today, m->color_today);
	tell_color(all, m, METER_COLOR_TOMORROW, b->tomorrow, m->color_tomorrow);
	if (b->failures != FAILURES_UNKNOWN && m->failures != FAILURES_UNKNOWN &&
	    m->failures > b->failures)
		tell(all, m, &(struct meter_event){ .kind = METER_POWER_FAILURE,
						     .from = b->failures * (s64)1000,
						     .to = m->failures * (s64)1000 });
	if (b->has_peak && has_peak && peak > b->peak)
		tell(all, m, &(struct meter_event){ .kind = METER_DEMAND_PEAK, .from = b->peak,
						     .to = peak });
}
