// SPDX-License-Identifier: MIT
/*
 * The state of a meter as the data contract has it.
 */
#include "../lib/json.h"
#include "source.h"
#include "state_json.h"

/* The next number of an OBIS code, whose separators all differ from digits. */
static unsigned int code_part(const u8 **at, const u8 *end)
{
	unsigned int part = 0;

	while (*at < end && **at >= '0' && **at <= '9')
		part = part * 10 + *(*at)++ - '0';
	if (*at < end)
		(*at)++;
	return part;
}

/*
 * Whether a code that the table lacks belongs to a group that names things (IEC 62056-6-1): ids
 * of devices (C.D 0.0 and 96.1), logical names (42) and messages to the customer (96.13).
 */
static bool code_may_identify(const u8 *label, size_t len)
{
	const u8 *end = label + len;
	unsigned int c, d;

	code_part(&label, end);
	code_part(&label, end);
	c = code_part(&label, end);
	d = code_part(&label, end);
	return c == 42 || (c == 0 && d == 0) || (c == 96 && (d == 1 || d == 13)) ||
	       (c == 24 && d == 1);
}

/**
 * field_identifies - whether a field may tell who or where a meter is
 * @t: the telegram
 * @f: one of its fields
 *
 * Return: what the table of labels says; of labels that it lacks, and of DLMS, whose objects have
 * several attributes, by the code; all of TIC, whose table is complete, and what has no code.
 */
bool field_identifies(const struct telegram *t, const struct field *f)
{
	const struct label_info *info = label_info_of(t, f);

	if (info && (t->protocol != TELEGRAM_DLMS || info->flags & LABEL_IDENTIFIES))
		return info->flags & LABEL_IDENTIFIES;
	return !telegram_has_obis(t) || !f->label_len ||
	       code_may_identify(t->text + f->label, f->label_len);
}

/* Registers as if the meter had always been this one. */
static void print_continuous(FILE *out, const struct meter *m, const struct reading *now)
{
	struct reading continuous = { 0 };
	s64 milli;

	if (!m->config || !m->config->continuous || !m->book)
		return;
	for (unsigned int i = 0; i < REGISTER_COUNT; i++)
		if (reading_has(now, register_at(i)) &&
		    ledger_continuous(m->book, register_at(i), &milli))
			reading_set(&continuous, register_at(i), milli);
	fputs(",\"continuous\":", out);
	json_quantities(out, &continuous);
}

static void print_held(FILE *out, const struct meter *m)
{
	u64 held = m->book ? ledger_held(m->book) : 0;
	const char *comma = "";

	if (!held)
		return;
	fputs(",\"held\":[", out);
	for (unsigned int i = 0; i < REGISTER_COUNT; i++) {
		if (!(held >> i & 1))
			continue;
		fprintf(out, "%s\"%s\"", comma, quantity_info[register_at(i)].name);
		comma = ",";
	}
	fputc(']', out);
}

static void print_tariff(FILE *out, const struct meter *m)
{
	if (m->tariff_label[0]) {
		fputs(",\"tariff_label\":", out);
		json_utf8(out, m->tariff_label);
	}
	if (m->tariff_by != TARIFF_BY_NOTHING)
		fprintf(out, ",\"tariff_by\":\"%s\"", tariff_by_name(m->tariff_by));
}

static void print_color(FILE *out, const char *member, enum color c)
{
	if (c != COLOR_UNKNOWN)
		fprintf(out, ",\"%s\":\"%s\"", member, color_name(c));
}

static void print_fields(FILE *out, const struct meter *m, bool identity)
{
	const char *comma = "";
	struct telegram t;

	fputs(",\"fields\":[", out);
	for (unsigned int at = 0; meter_kept_telegram(m, at, &t); at++) {
		for (unsigned int i = 0; i < t.nfields; i++) {
			if (!identity && field_identifies(&t, &t.fields[i]))
				continue;
			fputs(comma, out);
			json_field(out, &t, &t.fields[i]);
			comma = ",";
		}
	}
	fputc(']', out);
}

/**
 * meter_now_ms - the present on the clock on which a meter is heard
 * @m: a meter
 *
 * Return: ms of the steady clock; of a replay, which goes by its telegrams' clock, the newest one.
 */
u64 meter_now_ms(const struct meter *m)
{
	return m->replay ? m->heard_ms : steady_ms();
}

/**
 * meter_state_json - one object: the state of a meter, without a line end
 * @out: where to
 * @m: a meter, heard or not
 * @now_ms: present on the clock of the meter, see meter_now_ms()
 * @o: what may be told
 */
void meter_state_json(FILE *out, const struct meter *m, u64 now_ms,
		      const struct state_options *o)
{
	struct reading now;

	fprintf(out, "{\"name\":\"%s\"", m->name);
	if (o->identity && m->number[0]) {
		fputs(",\"meter\":", out);
		json_text(out, m->number);
	}
	if (m->protocol != TELEGRAM_UNKNOWN)
		fprintf(out, ",\"protocol\":\"%s\"", telegram_protocol_name(m->protocol));
	if (m->source[0])
		fprintf(out, ",\"source\":\"%s\"", m->source);
	if (m->via)
		fprintf(out, ",\"via\":\"%s\"", m->via->name);
	fprintf(out, ",\"state\":\"%s\"", line_state_name(meter_line_state(m)));
	if (m->has_time)
		json_time(out, "time", m->time_s);
	if (m->heard)
		json_time(out, "received", m->received_ms / 1000);
	meter_quantities(m, now_ms, &now);
	fputs(",\"quantities\":", out);
	json_quantities(out, &now);
	print_continuous(out, m, &now);
	print_held(out, m);
	print_tariff(out, m);
	print_color(out, "color_today", m->color_today);
	print_color(out, "color_tomorrow", m->color_tomorrow);
	if (o->fields)
		print_fields(out, m, o->identity);
	fputc('}', out);
}
