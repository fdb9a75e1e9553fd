// SPDX-License-Identifier: MIT
/*
 * What happens to meters, as objects of JSON.
 */
#include "../lib/json.h"
#include "events.h"

static const char *const ledger_event_names[] = {
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

static const char *const meter_event_names[] = {
	[METER_TARIFF] = "tariff-changed",
	[METER_COLOR_TODAY] = "color-today",
	[METER_COLOR_TOMORROW] = "color-tomorrow",
	[METER_POWER_FAILURE] = "power-failure",
	[METER_DEMAND_PEAK] = "demand-peak",
};

/**
 * event_name_at - all names that events may have
 * @index: from 0 on
 *
 * Return: NULL behind the last one.
 */
const char *event_name_at(unsigned int index)
{
	const unsigned int of_ledger = sizeof(ledger_event_names) / sizeof(ledger_event_names[0]);
	const unsigned int of_meter = sizeof(meter_event_names) / sizeof(meter_event_names[0]);

	if (index < of_ledger)
		return ledger_event_names[index];
	return index - of_ledger < of_meter ? meter_event_names[index - of_ledger] : NULL;
}

static void begin(FILE *out, const char *event, const char *name, const char *number, bool identity)
{
	fprintf(out, "{\"event\":\"%s\",\"name\":\"%s\"", event, name);
	if (identity && *number) {
		fputs(",\"meter\":", out);
		json_text(out, number);
	}
}

static void print_from_to(FILE *out, const struct ledger_event *e)
{
	if (e->kind == LEDGER_GAP || e->kind == LEDGER_CLOCK_BACK) {
		json_time(out, "from", e->from);
		json_time(out, "to", e->to);
	} else if (e->reg != Q_NONE) {
		fputs(",\"from\":", out);
		json_milli(out, e->from);
		fputs(",\"to\":", out);
		json_milli(out, e->to);
	}
}

/**
 * ledger_event_json - what the ledger found
 * @out: where the object goes
 * @b: the accounts of the meter
 * @e: what was found
 * @identity: numbers may be told
 *
 * Return: its name.
 */
const char *ledger_event_json(FILE *out, const struct ledger_book *b, const struct ledger_event *e,
			      bool identity)
{
	begin(out, ledger_event_names[e->kind], b->name, b->number, identity);
	json_time(out, "time", e->time_s);
	if (e->reg != Q_NONE)
		fprintf(out, ",\"register\":\"%s\"", quantity_info[e->reg].name);
	print_from_to(out, e);
	fputc('}', out);
	return ledger_event_names[e->kind];
}

static void print_values(FILE *out, const struct meter_event *e)
{
	if (e->kind == METER_DEMAND_PEAK || e->kind == METER_POWER_FAILURE) {
		fputs(",\"from\":", out);
		json_milli(out, e->from);
		fputs(",\"to\":", out);
		json_milli(out, e->to);
		return;
	}
	if (e->from_text[0]) {
		fputs(",\"from\":", out);
		json_utf8(out, e->from_text);
	}
	fputs(",\"to\":", out);
	json_utf8(out, e->to_text);
}

/**
 * meter_event_json - what a telegram said that its meter had not said before
 * @out: where the object goes
 * @m: the meter
 * @e: what it said
 * @identity: numbers may be told
 *
 * Return: its name.
 */
const char *meter_event_json(FILE *out, const struct meter *m, const struct meter_event *e,
			     bool identity)
{
	begin(out, meter_event_names[e->kind], m->name, m->number, identity);
	json_time(out, "time", m->has_time ? m->time_s : m->received_ms / 1000);
	print_values(out, e);
	fputc('}', out);
	return meter_event_names[e->kind];
}
