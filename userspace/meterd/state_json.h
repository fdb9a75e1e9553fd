/* SPDX-License-Identifier: MIT */
/*
 * The state of a meter as the data contract has it.
 */
#ifndef METERD_STATE_JSON_H
#define METERD_STATE_JSON_H

#include <stdio.h>

#include "meters.h"

/** struct state_options - @identity: numbers may be told; @fields: and what the meter printed */
struct state_options {
	bool identity;
	bool fields;
};

bool field_identifies(const struct telegram *t, const struct field *f);
u64 meter_now_ms(const struct meter *m);
void meter_state_json(FILE *out, const struct meter *m, u64 now_ms,
		      const struct state_options *o);

#endif /* METERD_STATE_JSON_H */
