// SPDX-License-Identifier: MIT
/*
 * What layouts share: which meters they can tell of, and of when.
 */
#include "layout_parts.h"
#include "source.h"

/**
 * layout_hears - whether what a meter said last is said now
 * @m: the meter
 *
 * For messages that nobody keeps: after a silence an old telegram would pass for a new one. Loop
 * thread.
 */
bool layout_hears(const struct meter *m)
{
	return m->heard && (m->replay || meter_line_state(m) == LINE_CONNECTED);
}

/**
 * layout_time_s - of when a meter's newest telegram is
 * @m: a meter that was heard
 *
 * Return: seconds since 1970 by the meter's clock; by the host's when the meter sends none.
 */
s64 layout_time_s(const struct meter *m)
{
	return m->has_time ? m->time_s : m->received_ms / 1000;
}

/* One level of a topic without wildcards (MQTT 3.1.1 section 4.7), in printable ASCII. */
static bool is_level(const char *number)
{
	const char *c = number;

	while (*c >= ' ' && *c <= '~' && !strchr("/+#", *c))
		c++;
	return c > number && !*c;
}

static bool is_unfit(const struct meter *m)
{
	return m->number[0] && !is_level(m->number);
}

static void tell_unfit(const struct meter *first)
{
	for (const struct meter *m = first; m; m = m->next) {
		if (is_unfit(m))
			log_line(LEVEL_WARNING, m->name,
				 "layouts teleinfo2mqtt and smartmeter-datacollector leave this "
				 "meter out: its number has /, +, # or what is not printable and "
				 "cannot stand in a topic. layout = native tells of it");
	}
}

/**
 * layout_number - whether the number of a meter can be a level of a topic
 * @o: where messages are made
 * @m: a meter
 *
 * One that cannot is told in the log, once until there are more of them. Loop thread.
 */
bool layout_number(struct mqtt_out *o, const struct meter *m)
{
	unsigned int count = 0;

	if (!is_unfit(m))
		return m->number[0];
	for (const struct meter *other = meters_first(o->view->meters); other; other = other->next)
		count += is_unfit(other);
	if (count > o->memory.unfit_told)
		tell_unfit(meters_first(o->view->meters));
	o->memory.unfit_told = count;
	return false;
}
