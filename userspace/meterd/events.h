/* SPDX-License-Identifier: MIT */
/*
 * What happens to meters, and how it is told.
 */
#ifndef METERD_EVENTS_H
#define METERD_EVENTS_H

#include <stdio.h>

#include "meters.h"

/**
 * struct event_note - an event, ready to be told
 * @event: what happened: "meter-replaced", "gap", ...
 * @name: of the meter
 * @json: an object with all that is known, without a line end
 * @len: of @json
 */
struct event_note {
	const char *event;
	const char *name;
	const char *json;
	size_t len;
};

/* The object, and the word of its member "event". */
const char *ledger_event_json(FILE *out, const struct ledger_book *b, const struct ledger_event *e,
			      bool identity);
const char *meter_event_json(FILE *out, const struct meter *m, const struct meter_event *e,
			     bool identity);

const char *event_name_at(unsigned int index);

#endif /* METERD_EVENTS_H */
