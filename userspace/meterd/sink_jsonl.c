// SPDX-License-Identifier: MIT
/*
 * The sink of lines of JSON: each a state of the data contract, or an event.
 */
#include "../lib/json.h"
#include "publish.h"
#include "state_json.h"

static void jsonl_meter(const struct sink *s, FILE *out, const struct meter *m, u64 now_ms)
{
	struct state_options o = { .identity = s->identity, .fields = s->fields };

	meter_state_json(out, m, now_ms, &o);
	fputc('\n', out);
}

static const char *const event_names[] = {
	[LEDGER_METER_REPLACED] = "meter-replaced",
	[LEDGER_REGISTER_RESET] = "register-reset",
	[LEDGER_REGISTER_WRAPPED] = "register-wrapped",
	[LEDGER_HELD] = "held",
	[LEDGER_BELIEVED] = "believed",
	[LEDGER_JUMP] = "jump",
	[LEDGER_GAP] = "gap",
	[LEDGER_TARIFFS_DIFFER] = "tariffs-differ",
	[LEDGER_CLOCK_BACK] = "clock-back",
};

static void print_time(FILE *out, const char *member, s64 unix_s)
{
	char text[ISO_TIME_LEN + 1];

	iso_time(unix_s, text);
	fprintf(out, ",\"%s\":\"%s\"", member, text);
}

static void print_from_to(FILE *out, const struct ledger_event *e)
{
	if (e->kind == LEDGER_GAP || e->kind == LEDGER_CLOCK_BACK) {
		print_time(out, "from", e->from);
		print_time(out, "to", e->to);
	} else if (e->reg != Q_NONE) {
		fputs(",\"from\":", out);
		json_milli(out, e->from);
		fputs(",\"to\":", out);
		json_milli(out, e->to);
	}
}

static void jsonl_event(const struct sink *s, FILE *out, const struct ledger_book *b,
			const struct ledger_event *e)
{
	fprintf(out, "{\"event\":\"%s\",\"name\":\"%s\"", event_names[e->kind], b->name);
	if (s->identity && b->number[0]) {
		fputs(",\"meter\":", out);
		json_text(out, b->number);
	}
	print_time(out, "time", e->time_s);
	if (e->reg != Q_NONE)
		fprintf(out, ",\"register\":\"%s\"", quantity_info[e->reg].name);
	print_from_to(out, e);
	fputs("}\n", out);
}

const struct sink_ops sink_jsonl = {
	.type = "jsonl",
	.meter = jsonl_meter,
	.event = jsonl_event,
};
