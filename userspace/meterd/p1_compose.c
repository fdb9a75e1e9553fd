// SPDX-License-Identifier: MIT
/*
 * A telegram of P1 in the shape of DSMR 5 (P1 companion standard 5.0.2, section 6) of the state of
 * any meter. What is not known is not in it.
 *
 * Numbers are those of the state, in the digits of the standard and in more where they need them.
 * Readers know two tariffs: 1.8.1 is the sum of tariffs 1, 3, 5 and so on, 1.8.2 that of the even
 * ones. With two tariffs these are the tariffs; of France's Tempo, off-peak and peak of all
 * colours. 1.8.0 is the total. It stands before them, for some readers take the last of 1.8.0 and
 * 1.8.1. A meter without tariffs has its total in 1.8.1, too, which is all that others look at.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "p1_compose.h"

#define STAMP_LEN	13
#define CET_OFFSET_S	3600
#define CEST_OFFSET_S	7200

/* A stamp has two digits of the year; from 70 on it is one of a clock that is not set. */
#define YEAR_MIN	2000
#define YEAR_MAX	2069

/**
 * struct object - how a quantity is printed, with at most three decimals
 * @quantity: enum quantity
 * @digits: before the point, with leading zeros
 * @places: decimals that are there even when they are zeros
 * @kilo: the unit is a thousand of the base unit
 */
struct object {
	u8 quantity;
	u8 digits;
	u8 places;
	bool kilo;
	const char *code;
	const char *unit;
};

static const struct object powers[] = {
	{ Q_power_import, 2, 3, true, "1-0:1.7.0", "*kW" },
	{ Q_power_export, 2, 3, true, "1-0:2.7.0", "*kW" },
};

static const struct object live[] = {
	{ Q_voltage_l1, 3, 1, false, "1-0:32.7.0", "*V" },
	{ Q_voltage_l2, 3, 1, false, "1-0:52.7.0", "*V" },
	{ Q_voltage_l3, 3, 1, false, "1-0:72.7.0", "*V" },
	{ Q_current_l1, 3, 0, false, "1-0:31.7.0", "*A" },
	{ Q_current_l2, 3, 0, false, "1-0:51.7.0", "*A" },
	{ Q_current_l3, 3, 0, false, "1-0:71.7.0", "*A" },
	{ Q_power_import_l1, 2, 3, true, "1-0:21.7.0", "*kW" },
	{ Q_power_import_l2, 2, 3, true, "1-0:41.7.0", "*kW" },
	{ Q_power_import_l3, 2, 3, true, "1-0:61.7.0", "*kW" },
	{ Q_power_export_l1, 2, 3, true, "1-0:22.7.0", "*kW" },
	{ Q_power_export_l2, 2, 3, true, "1-0:42.7.0", "*kW" },
	{ Q_power_export_l3, 2, 3, true, "1-0:62.7.0", "*kW" },
	{ Q_power_apparent_import, 2, 3, true, "1-0:9.7.0", "*kVA" },
	{ Q_power_apparent_export, 2, 3, true, "1-0:10.7.0", "*kVA" },
	{ Q_power_apparent_import_l1, 2, 3, true, "1-0:29.7.0", "*kVA" },
	{ Q_power_apparent_import_l2, 2, 3, true, "1-0:49.7.0", "*kVA" },
	{ Q_power_apparent_import_l3, 2, 3, true, "1-0:69.7.0", "*kVA" },
	{ Q_power_reactive_import, 2, 3, true, "1-0:3.7.0", "*kvar" },
	{ Q_power_reactive_export, 2, 3, true, "1-0:4.7.0", "*kvar" },
	{ Q_power_reactive_import_l1, 2, 3, true, "1-0:23.7.0", "*kvar" },
	{ Q_power_reactive_import_l2, 2, 3, true, "1-0:43.7.0", "*kvar" },
	{ Q_power_reactive_import_l3, 2, 3, true, "1-0:63.7.0", "*kvar" },
	{ Q_power_reactive_export_l1, 2, 3, true, "1-0:24.7.0", "*kvar" },
	{ Q_power_reactive_export_l2, 2, 3, true, "1-0:44.7.0", "*kvar" },
	{ Q_power_reactive_export_l3, 2, 3, true, "1-0:64.7.0", "*kvar" },
	{ Q_energy_reactive_import, 6, 3, true, "1-0:3.8.0", "*kvarh" },
	{ Q_energy_reactive_export, 6, 3, true, "1-0:4.8.0", "*kvarh" },
	{ Q_energy_reactive_q1, 6, 3, true, "1-0:5.8.0", "*kvarh" },
	{ Q_energy_reactive_q2, 6, 3, true, "1-0:6.8.0", "*kvarh" },
	{ Q_energy_reactive_q3, 6, 3, true, "1-0:7.8.0", "*kvarh" },
	{ Q_energy_reactive_q4, 6, 3, true, "1-0:8.8.0", "*kvarh" },
	{ Q_demand_import, 2, 3, true, "1-0:1.4.0", "*kW" },
	{ Q_frequency, 2, 2, false, "1-0:14.7.0", "*Hz" },
	{ Q_power_factor, 1, 3, false, "1-0:13.7.0", "" },
};

/** struct device - a quantity of an M-Bus channel; @type: of EN 13757-3 */
struct device {
	struct object value;
	unsigned int type;
};

static const struct device devices[] = {
	{ { Q_gas, 5, 3, false, "24.2.1", "*m3" }, 3 },
	{ { Q_water, 5, 3, false, "24.2.1", "*m3" }, 7 },
	{ { Q_heat, 5, 3, false, "24.2.1", "*GJ" }, 4 },
	{ { Q_heat_kwh, 5, 3, false, "24.2.1", "*kWh" }, 4 },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/**
 * p1_print_hex - text in hex
 * @out: where to
 * @text: the text
 */
void p1_print_hex(FILE *out, const char *text)
{
	for (; *text; text++)
		fprintf(out, "%02X", (unsigned char)*text);
}

/* "(000123.456*kWh)"; rounded half away from zero where three decimals are not all. */
static void print_number(FILE *out, const struct object *o, s64 milli)
{
	u64 magnitude = milli < 0 ? -(u64)milli : (u64)milli;
	u64 thousandths = o->kilo ? (magnitude + 500) / 1000 : magnitude;
	unsigned int fraction = thousandths % 1000;
	int places = 3;

	while (places > o->places && fraction % 10 == 0) {
		fraction /= 10;
		places--;
	}
	fprintf(out, "(%s%0*" PRIu64, milli < 0 && thousandths ? "-" : "", o->digits,
		thousandths / 1000);
	if (places)
		fprintf(out, ".%0*u", places, fraction);
	fprintf(out, "%s)", o->unit);
}

static void print_object(FILE *out, const struct object *o, s64 milli)
{
	fputs(o->code, out);
	print_number(out, o, milli);
	fputs("\r\n", out);
}

static void print_objects(FILE *out, const struct object *o, size_t count,
			  const struct reading *r)
{
	for (; count--; o++)
		if (reading_has(r, o->quantity))
			print_object(out, o, r->milli[o->quantity]);
}

/*
 * YYMMDDhhmmssX, wherever the meter is: X says how far that is from UTC, and there are readers
 * that take the summer time of central Europe for granted. False when it has no place in a stamp.
 */
static bool stamp(s64 unix_s, char text[STAMP_LEN + 1])
{
	const struct zone *zone = zone_get("Europe/Paris");
	s32 offset_s = zone ? zone_offset_s(zone, unix_s) : CET_OFFSET_S;
	time_t local_s = unix_s + offset_s;
	struct tm tm;

	if (!gmtime_r(&local_s, &tm) || tm.tm_year + 1900 < YEAR_MIN ||
	    tm.tm_year + 1900 > YEAR_MAX)
		return false;
	snprintf(text, STAMP_LEN + 1, "%02d%02d%02d%02d%02d%02d%c", tm.tm_year % 100,
		 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		 offset_s == CEST_OFFSET_S ? 'S' : 'W');
	return true;
}

static void print_head(FILE *out, const struct meter *m, bool identity)
{
	char text[STAMP_LEN + 1];

	fputs("/MTL5" P1_OWN_IDENT "\r\n\r\n1-3:0.2.8(50)\r\n", out);
	if (m->has_time && stamp(m->time_s, text))
		fprintf(out, "0-0:1.0.0(%s)\r\n", text);
	fputs("0-0:96.1.1(", out);
	p1_print_hex(out, identity && m->number[0] ? m->number : m->name);
	fputs(")\r\n", out);
}

/*
 * What the meter's tariffs @from, @from + 2 and so on have counted; false when it has none of
 * them, or when one of them is not known now: a sum without it would go back.
 */
static bool sum_of_tariffs(const struct meter *m, const struct reading *r, enum quantity total,
			   unsigned int from, s64 *sum)
{
	bool any = false;

	*sum = 0;
	for (unsigned int q = total + from; q <= total + TARIFF_COUNT; q += 2) {
		if (!reading_has(r, q) && !meter_values_has(&m->values, q))
			continue;
		if (!reading_has(r, q) || __builtin_add_overflow(*sum, r->milli[q], sum))
			return false;
		any = true;
	}
	return any;
}

static bool has_tariffs(const struct meter *m, const struct reading *r, enum quantity total)
{
	for (unsigned int t = 1; t <= TARIFF_COUNT; t++)
		if (reading_has(r, total + t) || meter_values_has(&m->values, total + t))
			return true;
	return false;
}

/* @direction: 1 import, 2 export */
static void print_energy(FILE *out, const struct meter *m, const struct reading *r,
			 enum quantity total, unsigned int direction)
{
	char code[16];
	const struct object o = { total, 6, 3, true, code, "*kWh" };
	s64 sum;

	snprintf(code, sizeof(code), "1-0:%u.8.0", direction);
	if (reading_has(r, total))
		print_object(out, &o, r->milli[total]);
	for (unsigned int tariff = 1; tariff <= 2; tariff++) {
		snprintf(code, sizeof(code), "1-0:%u.8.%u", direction, tariff);
		if (sum_of_tariffs(m, r, total, tariff, &sum))
			print_object(out, &o, sum);
		else if (tariff == 1 && reading_has(r, total) && !has_tariffs(m, r, total))
			print_object(out, &o, r->milli[total]);
	}
}

static void replace(struct reading *r, enum quantity from, enum quantity to)
{
	if (reading_has(r, from))
		reading_set(r, to, r->milli[from]);
}

static void apparent_as_power(struct reading *r)
{
	if (reading_has(r, Q_power_import) || reading_has(r, Q_power_export))
		return;
	replace(r, Q_power_apparent_import, Q_power_import);
	replace(r, Q_power_apparent_import_l1, Q_power_import_l1);
	replace(r, Q_power_apparent_import_l2, Q_power_import_l2);
	replace(r, Q_power_apparent_import_l3, Q_power_import_l3);
	replace(r, Q_power_apparent_export, Q_power_export);
}

static void print_devices(FILE *out, const struct meter *m, const struct reading *r)
{
	unsigned int channel = 0;
	char when[STAMP_LEN + 1];

	for (const struct device *d = devices; d < devices + COUNT(devices); d++) {
		enum quantity q = d->value.quantity;

		if (!reading_has(r, q) || !stamp(r->captured_s[q - Q_gas], when))
			continue;
		channel++;
		fprintf(out, "0-%u:24.1.0(%03u)\r\n0-%u:96.1.0(", channel, d->type, channel);
		p1_print_hex(out, m->name);
		fprintf(out, "2D%02X)\r\n0-%u:%s(%s)", '0' + channel, channel, d->value.code, when);
		print_number(out, &d->value, r->milli[q]);
		fputs("\r\n", out);
	}
}

static void print_state(FILE *out, const struct meter *m, u64 now_ms, const struct p1_options *o)
{
	struct reading r;

	meter_quantities(m, now_ms, &r);
	if (o->apparent_as_power)
		apparent_as_power(&r);
	print_head(out, m, o->identity);
	print_energy(out, m, &r, Q_energy_import, 1);
	print_energy(out, m, &r, Q_energy_export, 2);
	if (m->tariff)
		fprintf(out, "0-0:96.14.0(%04u)\r\n", 2 - m->tariff % 2);
	print_objects(out, powers, COUNT(powers), &r);
	fputs("0-0:96.13.0()\r\n", out);
	print_objects(out, live, COUNT(live), &r);
	print_devices(out, m, &r);
}

/* DSMR P1 5.0.2 section 6.2: over all from '/' to '!'. */
static char *with_end(FILE *out, char **text, size_t *len)
{
	bool whole = fputc('!', out) != EOF && !fflush(out) &&
		     fprintf(out, "%04X\r\n", crc16_arc(0, (const u8 *)*text, *len)) > 0;

	if (!fclose(out) && whole)
		return *text;
	free(*text);
	return NULL;
}

/* What is printed is what counts, unless the configuration says that it means something else. */
static bool says_it_itself(const struct meter *m, struct telegram *t)
{
	return meter_newest_telegram(m, t) && t->protocol == TELEGRAM_P1 &&
	       !(m->config && m->config->scale_count);
}

/**
 * p1_compose - a telegram of P1, with its CRC
 * @m: the meter
 * @now_ms: the present on its clock
 * @o: what may be said
 * @len: for the length
 *
 * Of a meter with P1 its newest telegram, of any other its state. Loop thread.
 *
 * Return: the telegram, to be freed; NULL without memory, or before the meter was heard.
 */
char *p1_compose(const struct meter *m, u64 now_ms, const struct p1_options *o, size_t *len)
{
	struct telegram t;
	char *text = NULL;
	FILE *out;

	if (!m->heard)
		return NULL;
	out = open_memstream(&text, len);
	if (!out)
		return NULL;
	if (says_it_itself(m, &t))
		p1_print_again(out, m, &t, o->identity);
	else
		print_state(out, m, now_ms, o);
	return with_end(out, &text, len);
}
