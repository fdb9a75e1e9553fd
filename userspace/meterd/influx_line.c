// SPDX-License-Identifier: MIT
/*
 * The line protocol of InfluxDB (its documentation, "Line protocol"): the state of a meter as
 * points.
 *
 * A measurement for each medium, and tags that hardly ever change: the meter's name and its
 * protocol. A field has one type for ever, by its quantity and never by its value, for InfluxDB
 * refuses a point whose field was of another type before: numbers are floats, written as exact
 * decimals, since a register in Wh has thousandths with some meters, or behind a factor of the
 * configuration. Only the tariff's index is an integer. Numbers of meters are never told here.
 */
#include <inttypes.h>

#include "../lib/json.h"
#include "../lib/registers.h"
#include "../lib/units.h"
#include "../lib/utf8.h"
#include "influx_line.h"

/* More than any field: its name, and a text of which each byte became two. */
#define FIELD_MAX	128
/* " 9223372036854775807\n" */
#define STAMP_MAX	21

_Static_assert(2 * TARIFF_LABEL_MAX + sizeof(",tariff_label=\"\"") < FIELD_MAX, "a label fits");

/**
 * struct point - one that is being written, on one line or several
 * @measurement: a name
 * @stamp: in the unit that is expected
 * @start: where its line begins in @out; -1: none is begun
 */
struct point {
	FILE *out;
	const struct meter *m;
	const char *measurement;
	s64 stamp;
	long start;
};

static void end_line(struct point *p)
{
	if (p->start >= 0)
		fprintf(p->out, " %" PRId64 "\n", p->stamp);
	p->start = -1;
}

/* Names of measurements, meters and protocols have nothing that a tag would have to escape. */
static void begin_line(struct point *p)
{
	p->start = ftell(p->out);
	fprintf(p->out, "%s,meter=%s,protocol=%s ", p->measurement, p->m->name,
		telegram_protocol_name(p->m->protocol));
}

/* Fields that find no room go to another line: same tags and time are the same point. */
static void begin_field(struct point *p, const char *name, const char *unit)
{
	if (p->start >= 0 && ftell(p->out) - p->start > INFLUX_LINE_MAX - FIELD_MAX - STAMP_MAX)
		end_line(p);
	if (p->start < 0)
		begin_line(p);
	else
		fputc(',', p->out);
	fprintf(p->out, "%s%s%s=", name, *unit ? "_" : "", unit);
}

/* In a string '"' and '\' are escaped, line ends have no way to be. */
static void string_field(struct point *p, const char *name, const char *text)
{
	const u8 *b = (const u8 *)text, *end = b + strlen(text);

	if (b == end)
		return;
	begin_field(p, name, "");
	fputc('"', p->out);
	while (b < end) {
		if (*b == '"' || *b == '\\')
			fputc('\\', p->out);
		b += utf8_print(p->out, b, end - b);
	}
	fputc('"', p->out);
}

static void number_field(struct point *p, const char *name, const char *unit, s64 milli)
{
	begin_field(p, name, unit);
	json_milli(p->out, milli);
}

/* Units as InfluxDB's and Prometheus' users write them in names. */
static const char *unit_suffix(enum quantity q)
{
	static const struct {
		const char *unit;
		const char *suffix;
	} suffixes[] = {
		{ "Wh", "wh" }, { "varh", "varh" }, { "W", "w" }, { "var", "var" }, { "VA", "va" },
		{ "V", "v" }, { "A", "a" }, { "Hz", "hz" }, { "%", "percent" },
	};
	const char *unit = quantity_unit(q);

	for (unsigned int i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (!strcmp(suffixes[i].unit, unit))
			return suffixes[i].suffix;
	return "";
}

static s64 stamp_of(const struct influx_format *f, s64 unix_ms)
{
	return f->unit_ns >= 1000000 ? unix_ms / (f->unit_ns / 1000000) :
				       unix_ms * (1000000 / f->unit_ns);
}

static void print_electricity(FILE *out, const struct meter *m, const struct reading *now,
			      const struct influx_format *f)
{
	struct point p = {
		.out = out,
		.m = m,
		.measurement = f->measurement,
		.stamp = stamp_of(f, m->has_time ? m->time_s * 1000 : m->received_ms),
		.start = -1,
	};

	for (unsigned int q = 0; q < Q_gas; q++)
		if (q != Q_tariff && reading_has(now, q))
			number_field(&p, quantity_info[q].name, unit_suffix(q), now->milli[q]);
	if (reading_has(now, Q_tariff)) {
		begin_field(&p, quantity_info[Q_tariff].name, "");
		fprintf(out, "%" PRId64 "i", now->milli[Q_tariff] / 1000);
	}
	string_field(&p, "tariff_label", m->tariff_label);
	if (m->color_today != COLOR_UNKNOWN)
		string_field(&p, "color_today", color_name(m->color_today));
	if (m->color_tomorrow != COLOR_UNKNOWN)
		string_field(&p, "color_tomorrow", color_name(m->color_tomorrow));
	end_line(&p);
}

/* At the time of its capture, which the value has to be of: it is not while a newer one is held. */
static void print_medium(FILE *out, const struct meter *m, const struct reading *now,
			 const struct influx_format *f, enum quantity q, const char *medium,
			 const char *name, const char *unit)
{
	s64 captured_s = now->captured_s[q - Q_gas];
	struct point p = {
		.out = out,
		.m = m,
		.measurement = medium,
		.stamp = stamp_of(f, captured_s * 1000),
		.start = -1,
	};
	u64 held = m->book ? ledger_held(m->book) : 0;

	if (!reading_has(now, q) || !captured_s || held >> register_index(q) & 1)
		return;
	number_field(&p, name, unit, now->milli[q]);
	end_line(&p);
}

/**
 * influx_lines - the state of a meter as lines
 * @out: where to; a memory stream, of which the place is asked
 * @m: a meter
 * @now_ms: present on the clock of the meter, see meter_now_ms()
 * @f: what lines are like
 *
 * Whole lines of at most INFLUX_LINE_MAX bytes; none while nothing is known. Timestamps are the
 * time of the newest telegram, or when it came where it has none.
 */
void influx_lines(FILE *out, const struct meter *m, u64 now_ms, const struct influx_format *f)
{
	struct reading now;

	meter_quantities(m, now_ms, &now);
	print_electricity(out, m, &now, f);
	print_medium(out, m, &now, f, Q_gas, "gas", "volume", "m3");
	print_medium(out, m, &now, f, Q_water, "water", "volume", "m3");
	print_medium(out, m, &now, f, Q_heat, "heat", "energy", "gj");
	print_medium(out, m, &now, f, Q_heat_kwh, "heat", "energy", "kwh");
}
