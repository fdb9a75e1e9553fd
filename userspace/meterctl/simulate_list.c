// SPDX-License-Identifier: MIT
/*
 * One list of a simulated DLMS meter as a data-notification (Green Book section 9.3.10), and what
 * it says.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "simulate_dlms.h"

#define DATA_NOTIFICATION 0x0f

#define CLASS_DATA     1
#define CLASS_REGISTER 3
#define CLASS_EXTENDED 4
#define CLASS_CLOCK    8
#define CLASS_PUSH     40
#define CLASS_CLIENT   72

#define DEVICE_GAS   3
#define DEVICE_WATER 7

/**
 * struct list_writer - a list that is written
 * @kind: of the meter
 * @list: which of its lists
 * @m: the meter
 * @number: of the meter
 * @t: gets the APDU, and what it says
 * @net_milli: power drawn without what is injected
 * @by_tariff_milli: energy drawn, and injected, of all tariffs in the list
 * @has_power: the list has power drawn
 * @has_total: it has a register of all tariffs, for energy drawn and injected
 * @has_tariff: it has registers of tariffs
 */
struct list_writer {
	const struct sim_kind *kind;
	const struct sim_list *list;
	const struct sim_meter *m;
	const char *number;
	struct sim_telegram *t;
	int64_t net_milli;
	int64_t by_tariff_milli[2];
	bool has_power;
	bool has_total[2];
	bool has_tariff[2];
};

static const char *unit_text(uint8_t unit)
{
	switch (unit) {
	case UNIT_M3:
		return "m3";
	case UNIT_W:
		return "W";
	case UNIT_VAR:
		return "var";
	case UNIT_WH:
		return "Wh";
	case UNIT_VARH:
		return "varh";
	case UNIT_A:
		return "A";
	case UNIT_V:
		return "V";
	default:
		return "";
	}
}

static bool has_code(const struct sim_object *o)
{
	static const uint8_t none[5];

	return memcmp(o->code, none, sizeof(none));
}

/* Each value brings its scaler and unit, or they are elsewhere in the list. */
static bool has_scaler(const struct list_writer *w, const struct sim_object *o)
{
	return w->list->layout == LAYOUT_ELEMENTS || w->list->layout == LAYOUT_TRIPLES ||
	       o->is == IS_CHANNEL_VALUE;
}

static int64_t times_ten(int64_t value, int exponent)
{
	for (; exponent > 0; exponent--)
		value *= 10;
	for (; exponent < 0; exponent++)
		value /= 10;
	return value;
}

/* The number times its scaler, with exactly that many decimals. */
static void print_scaled(char text[32], int64_t raw, int scaler)
{
	const int64_t unit = times_ten(1, -scaler);

	if (scaler >= 0)
		snprintf(text, 32, "%" PRId64, times_ten(raw, scaler));
	else
		snprintf(text, 32, "%" PRId64 ".%0*" PRId64, raw / unit, -scaler, raw % unit);
}

static void expect_field(const struct list_writer *w, const struct sim_object *o, const char *value,
			 const char *unit)
{
	char label[24] = "";

	if (has_code(o))
		snprintf(label, sizeof(label), "%u-%u:%u.%u.%u", o->code[0], o->code[1], o->code[2],
			 o->code[3], o->code[4]);
	sim_field_begin(w->t, label);
	sim_field_value(w->t, value, strlen(value));
	sim_field_value(w->t, unit, strlen(unit));
	sim_field_end(w->t);
}

static void note_energy(struct list_writer *w, const struct sim_object *o, unsigned int tariff,
			int64_t milli)
{
	const unsigned int way = o->code[2] - 1;

	if (way > 1)
		return;
	w->has_total[way] |= !tariff;
	w->has_tariff[way] |= tariff;
	w->by_tariff_milli[way] += tariff ? milli : 0;
}

static void note_power(struct list_writer *w, const struct sim_object *o, int64_t milli)
{
	if (o->code[2] > 2)
		return;
	w->has_power = true;
	w->net_milli += o->code[2] == 1 ? milli : -milli;
}

/* What the meter measures as far as its counts tell; nobody knows some of their scalers. */
static void expect_quantity(struct list_writer *w, const struct sim_object *o,
			    const struct sim_measure *measure, int64_t milli)
{
	const bool power = o->code[3] == 7;

	if (!measure->name || (w->kind->dlms->scalerless && (!power || measure->unit == UNIT_NONE)))
		return;
	if (measure->phase)
		sim_quantity_phase(w->t, measure->name, measure->phase - 1, milli);
	else if (measure->tariff)
		sim_quantity_tariff(w->t, measure->name, measure->tariff - 1, milli);
	else
		sim_quantity(w->t, measure->name, milli);
	if (power)
		note_power(w, o, milli);
	else
		note_energy(w, o, measure->tariff, milli);
}

/* What follows from several values. */
static void expect_sums(const struct list_writer *w)
{
	static const char *const names[] = { "energy_import", "energy_export" };

	if (w->has_power)
		sim_quantity(w->t, "power_net", w->net_milli);
	for (unsigned int way = 0; way < 2; way++)
		if (w->has_tariff[way] && !w->has_total[way])
			sim_quantity(w->t, names[way], w->by_tariff_milli[way]);
}

static void write_measure(struct list_writer *w, const struct sim_object *o)
{
	const struct sim_measure measure = o->is == IS_VALUE
						   ? sim_measure(w->m, o->code)
						   : sim_measure_channel(w->m, o->code[1]);
	const int64_t raw = times_ten(measure.milli, -3 - o->scaler);
	char text[32];

	sim_axdr_number(w->t, o->tag, raw);
	print_scaled(text, raw, has_scaler(w, o) ? o->scaler : 0);
	expect_field(w, o, text, has_scaler(w, o) ? unit_text(measure.unit) : "");
	if (o->is == IS_VALUE)
		expect_quantity(w, o, &measure, times_ten(raw, 3 + o->scaler));
}

static void write_text(const struct list_writer *w, const struct sim_object *o, const char *text)
{
	sim_axdr_string(w->t, o->tag, text, strlen(text));
	expect_field(w, o, text, "");
}

static void write_number(const struct list_writer *w, const struct sim_object *o)
{
	if (o->tag == SIM_UINT32) {
		sim_axdr_number(w->t, o->tag, strtoll(w->number, NULL, 10));
		expect_field(w, o, w->number, "");
	} else {
		write_text(w, o, w->number);
	}
	sim_meter_is(w->t, w->number);
}

static void write_clock(const struct list_writer *w, const struct sim_object *o)
{
	char hex[2 * SIM_CLOCK_LEN + 1];
	uint8_t clock[SIM_CLOCK_LEN];

	sim_axdr_clock(clock, w->m->utc_ms, w->kind->dlms, w->kind->dlms->clock_summer);
	sim_axdr_string(w->t, SIM_OCTETS, clock, sizeof(clock));
	for (unsigned int i = 0; i < SIM_CLOCK_LEN; i++)
		snprintf(hex + 2 * i, 3, "%02X", clock[i]);
	expect_field(w, o, hex, "");
}

static void write_type(const struct list_writer *w, const struct sim_object *o)
{
	const uint8_t type = o->code[1] == 1 ? DEVICE_GAS : DEVICE_WATER;
	char text[4];

	sim_axdr_number(w->t, SIM_UINT8, type);
	snprintf(text, sizeof(text), "%u", type);
	expect_field(w, o, text, "");
}

static void write_value(struct list_writer *w, const struct sim_object *o)
{
	sim_axdr_unit(w->t, o->is == IS_NAME || o->is == IS_NUMBER || o->is == IS_TEXT ||
				    o->is == IS_CLOCK);
	switch (o->is) {
	case IS_VALUE:
	case IS_CHANNEL_VALUE:
		write_measure(w, o);
		break;
	case IS_NAME:
		sim_axdr_code(w->t, o->code);
		break;
	case IS_NUMBER:
		write_number(w, o);
		break;
	case IS_TEXT:
		write_text(w, o, o->text);
		break;
	case IS_CLOCK:
		write_clock(w, o);
		break;
	case IS_CHANNEL_SCALER:
		sim_axdr_scaler(w->t, o->scaler, sim_measure_channel(w->m, o->code[1]).unit);
		break;
	case IS_CHANNEL_TYPE:
		write_type(w, o);
		break;
	case IS_LIST:
		break;
	}
}

static unsigned int class_of(enum sim_is is)
{
	switch (is) {
	case IS_VALUE:
		return CLASS_REGISTER;
	case IS_LIST:
	case IS_NAME:
		return CLASS_PUSH;
	case IS_CLOCK:
		return CLASS_CLOCK;
	case IS_CHANNEL_VALUE:
	case IS_CHANNEL_SCALER:
		return CLASS_EXTENDED;
	case IS_CHANNEL_TYPE:
		return CLASS_CLIENT;
	default:
		return CLASS_DATA;
	}
}

static unsigned int attribute_of(enum sim_is is)
{
	switch (is) {
	case IS_NAME:
		return 1;
	case IS_CHANNEL_SCALER:
		return 3;
	case IS_CHANNEL_TYPE:
		return 9;
	default:
		return 2;
	}
}

/* {class, logical name, attribute, all of its data} */
static void write_description(const struct list_writer *w, const struct sim_object *o)
{
	sim_axdr_unit(w->t, false);
	sim_axdr_head(w->t, SIM_STRUCTURE, 4);
	sim_axdr_number(w->t, SIM_UINT16, class_of(o->is));
	sim_axdr_code(w->t, o->code);
	sim_axdr_number(w->t, SIM_INT8, attribute_of(o->is));
	sim_axdr_number(w->t, SIM_UINT16, 0);
}

/* The first object is the list itself, whose value is this description. */
static void write_descriptions(const struct list_writer *w)
{
	sim_axdr_head(w->t, SIM_ARRAY, w->list->count);
	for (unsigned int i = 0; i < w->list->count; i++)
		write_description(w, &w->list->objects[i]);
}

static void write_scaler(const struct list_writer *w, const struct sim_object *o)
{
	sim_axdr_scaler(w->t, o->scaler, sim_measure(w->m, o->code).unit);
}

/* How many elements of the list one object has. */
static unsigned int elements(const struct list_writer *w, const struct sim_object *o)
{
	if (w->list->layout == LAYOUT_PAIRS || w->list->layout == LAYOUT_TRIPLES)
		return 1 + has_code(o) + (o->is == IS_VALUE && w->list->layout == LAYOUT_TRIPLES);
	return 1;
}

static void write_object(struct list_writer *w, const struct sim_object *o)
{
	const bool scaled = o->is == IS_VALUE && has_scaler(w, o);
	const bool coded = w->list->layout != LAYOUT_PUSH && w->list->layout != LAYOUT_VALUES;

	if (w->list->layout == LAYOUT_ELEMENTS)
		sim_axdr_head(w->t, SIM_STRUCTURE, scaled ? 3 : 2);
	if (coded && has_code(o))
		sim_axdr_code(w->t, o->code);
	write_value(w, o);
	if (scaled)
		write_scaler(w, o);
}

static void write_body(struct list_writer *w)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < w->list->count; i++)
		count += elements(w, &w->list->objects[i]);
	sim_axdr_head(w->t, w->list->outer, count);
	if (w->list->layout == LAYOUT_PUSH)
		write_descriptions(w);
	for (unsigned int i = 0; i < w->list->count; i++)
		write_object(w, &w->list->objects[i]);
	expect_sums(w);
}

static bool tells_clock(const struct list_writer *w)
{
	for (unsigned int i = 0; i < w->list->count; i++)
		if (w->list->objects[i].is == IS_CLOCK)
			return true;
	return w->kind->dlms->stamp != STAMP_NONE;
}

static void write_stamp(const struct list_writer *w)
{
	const struct sim_dlms *dlms = w->kind->dlms;
	uint8_t clock[SIM_CLOCK_LEN];

	if (dlms->stamp == STAMP_NONE) {
		sim_axdr_integer(w->t, 0, 1);
		return;
	}
	if (dlms->stamp == STAMP_TAGGED)
		sim_axdr_integer(w->t, SIM_OCTETS, 1);
	sim_axdr_clock(clock, w->m->utc_ms, dlms, dlms->stamp_summer);
	sim_axdr_integer(w->t, sizeof(clock), 1);
	sim_bytes(w->t, clock, sizeof(clock));
}

/**
 * sim_write_list - the notification with one list of a meter
 * @kind: of the meter
 * @m: the meter, and which of its lists
 * @number: of the meter
 * @t: for the APDU, and what it says
 */
void sim_write_list(const struct sim_kind *kind, const struct sim_meter *m, const char *number,
		    struct sim_telegram *t)
{
	const struct sim_dlms *dlms = kind->dlms;
	struct list_writer w = {
		.kind = kind, .list = &dlms->lists[m->list], .m = m, .number = number, .t = t
	};

	sim_telegram_reset(t, SIM_DLMS);
	sim_axdr_unit(t, false);
	sim_axdr_integer(t, DATA_NOTIFICATION, 1);
	sim_axdr_integer(t, dlms->invoke + (dlms->invoke_counts ? m->telegrams : 0), 4);
	write_stamp(&w);
	write_body(&w);
	if (dlms->zoned && tells_clock(&w))
		sim_time_is(t, m->utc_ms / 1000);
}
