// SPDX-License-Identifier: MIT
/*
 * Readings of DLMS as JSON.
 */
#include "../lib/json.h"
#include "dlms_json.h"

/**
 * dlms_json - one reading as the line of JSON of the data contract
 * @out: where to; the line end is written too
 * @r: the reading
 */
void dlms_json(FILE *out, const struct dlms_reading *r)
{
	const struct json_carrier line = { .has_clock = r->has_clock, .clock_s = r->clock_s };

	json_reading(out, &r->telegram, &r->values, r->number, &line);
}
