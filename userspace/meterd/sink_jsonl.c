// SPDX-License-Identifier: MIT
/*
 * Lines of JSON: each a state of the data contract, or an event.
 */
#include "sink_lines.h"
#include "state_json.h"

static void jsonl_meter(FILE *out, const struct meter *m, u64 now_ms, const struct line_options *o)
{
	struct state_options state = { .identity = o->identity, .fields = o->fields };

	meter_state_json(out, m, now_ms, &state);
	fputc('\n', out);
}

const struct line_format format_jsonl = {
	.meter = jsonl_meter,
	.events = true,
};
