// SPDX-License-Identifier: MIT
/*
 * Which of the lists of a meter is sent next, and when. A meter with one list sends it again and
 * again; what further lists a DLMS meter has come by its clock.
 */
#include "simulate_dlms.h"

/* The first time of a list at or after @from_ms. */
static int64_t by_clock(const struct sim_list *list, int64_t from_ms)
{
	const int64_t period_ms = (int64_t)list->period_s * 1000;
	const int64_t into_ms = (from_ms - (int64_t)list->offset_s * 1000) % period_ms;

	return into_ms ? from_ms + period_ms - into_ms : from_ms;
}

/**
 * sim_schedule_start - the first list is due now, others when the clock says so
 * @s: filled in
 * @kind: of the meter
 * @now_ms: its clock
 */
void sim_schedule_start(struct sim_schedule *s, const struct sim_kind *kind, int64_t now_ms)
{
	s->lists = kind->dlms ? kind->dlms->list_count : 1;
	s->due_ms[0] = now_ms;
	for (unsigned int i = 1; i < s->lists; i++)
		s->due_ms[i] = by_clock(&kind->dlms->lists[i], now_ms);
}

/* That with the longest period, where several are due. */
static unsigned int first_due(const struct sim_schedule *s)
{
	unsigned int first = 0;

	for (unsigned int i = 1; i < s->lists; i++)
		if (s->due_ms[i] <= s->due_ms[first])
			first = i;
	return first;
}

/** sim_schedule_next - when the next list is due, milliseconds UTC */
int64_t sim_schedule_next(const struct sim_schedule *s)
{
	return s->due_ms[first_due(s)];
}

/**
 * sim_schedule_take - the list that is sent now
 * @s: when each is due
 * @kind: of the meter
 * @now_ms: its clock; at least one list is due
 * @interval_ms: from one first list to the next
 *
 * Return: its index.
 */
unsigned int sim_schedule_take(struct sim_schedule *s, const struct sim_kind *kind, int64_t now_ms,
			       int64_t interval_ms)
{
	const bool exclusive = kind->dlms && kind->dlms->exclusive;
	const unsigned int list = first_due(s);

	for (unsigned int i = 0; i < s->lists; i++) {
		if (i != list && !(exclusive && s->due_ms[i] <= now_ms))
			continue;
		s->due_ms[i] = i ? by_clock(&kind->dlms->lists[i], now_ms + 1)
				 : now_ms + interval_ms;
	}
	return list;
}
