// SPDX-License-Identifier: MIT
/*
 * Layout of dsmr-reader: one meter under dsmr/, a topic for each value, as its users and the
 * integration dsmr_reader of Home Assistant know them.
 *
 * Source: dsmrreader/dsmr-reader 5, the default mappings in dsmr_mqtt/models/settings, forms of
 * numbers in dsmr_datalogger/models/reading.py and dsmr_consumption/models/consumption.py, and
 * home-assistant/core, components/dsmr_reader/definitions.py. What is off there until somebody
 * turns it on and what no one but its own database has (dsmr/raw, dsmr/json, reading/id) is not
 * told.
 */
#include "layout_dsmr.h"
#include "layout_parts.h"
#include "source.h"
#include "state_json.h"

/** struct reading_value - a quantity and its topic below dsmr/reading */
struct reading_value {
	const char *name;
	u8 quantity;
	enum dsmr_form form;
};

static const struct reading_value reading_values[] = {
	{ "electricity_delivered_1", Q_energy_import_t1, DSMR_KILO },
	{ "electricity_returned_1", Q_energy_export_t1, DSMR_KILO },
	{ "electricity_delivered_2", Q_energy_import_t2, DSMR_KILO },
	{ "electricity_returned_2", Q_energy_export_t2, DSMR_KILO },
	{ "electricity_currently_delivered", Q_power_import, DSMR_KILO },
	{ "electricity_currently_returned", Q_power_export, DSMR_KILO },
	{ "phase_currently_delivered_l1", Q_power_import_l1, DSMR_KILO },
	{ "phase_currently_delivered_l2", Q_power_import_l2, DSMR_KILO },
	{ "phase_currently_delivered_l3", Q_power_import_l3, DSMR_KILO },
	{ "phase_currently_returned_l1", Q_power_export_l1, DSMR_KILO },
	{ "phase_currently_returned_l2", Q_power_export_l2, DSMR_KILO },
	{ "phase_currently_returned_l3", Q_power_export_l3, DSMR_KILO },
	{ "phase_voltage_l1", Q_voltage_l1, DSMR_VOLT },
	{ "phase_voltage_l2", Q_voltage_l2, DSMR_VOLT },
	{ "phase_voltage_l3", Q_voltage_l3, DSMR_VOLT },
	{ "phase_power_current_l1", Q_current_l1, DSMR_WHOLE },
	{ "phase_power_current_l2", Q_current_l2, DSMR_WHOLE },
	{ "phase_power_current_l3", Q_current_l3, DSMR_WHOLE },
	{ "extra_device_delivered", Q_gas, DSMR_M3 },
};

#define READING_VALUES (sizeof(reading_values) / sizeof(reading_values[0]))

/** struct counter - an object of P1 and its topic below dsmr/meter-stats */
struct counter {
	const char *name;
	const char *code;
};

static const struct counter counters[] = {
	{ "power_failure_count", "0-0:96.7.21" },    { "long_power_failure_count", "0-0:96.7.9" },
	{ "voltage_sag_count_l1", "1-0:32.32.0" },   { "voltage_sag_count_l2", "1-0:52.32.0" },
	{ "voltage_sag_count_l3", "1-0:72.32.0" },   { "voltage_swell_count_l1", "1-0:32.36.0" },
	{ "voltage_swell_count_l2", "1-0:52.36.0" }, { "voltage_swell_count_l3", "1-0:72.36.0" },
};

#define COUNTERS (sizeof(counters) / sizeof(counters[0]))

/* Version of the standard, such as 50. */
#define VERSION_CODE "1-3:0.2.8"
#define VERSION_MAX  2

/* DSMR 4 stamps the gas of an hour with its end, and there it stands at its beginning. */
#define HOUR_S 3600

#define STATS "meter-stats"
#define GAS   "consumption/gas"

/* What is not in the tables. */
static const char *const other_topics[] = {
	"reading/timestamp",
	"reading/extra_device_timestamp",
	STATS "/dsmr_version",
	STATS "/electricity_tariff",
	STATS "/rejected_telegrams",
	GAS "/read_at",
	GAS "/delivered",
	GAS "/currently_delivered",
};

#define OTHER_TOPICS (sizeof(other_topics) / sizeof(other_topics[0]))

/* Thousandths by @divisor are units of the last decimal, @one of which make a whole. */
static const struct {
	u32 divisor;
	u32 one;
	u8 decimals;
} forms[DSMR_FORMS] = {
	[DSMR_KILO] = { 1000, 1000, 3 },
	[DSMR_M3] = { 1, 1000, 3 },
	[DSMR_VOLT] = { 100, 10, 1 },
	[DSMR_COST] = { 1000, 100, 2 },
	[DSMR_WHOLE] = { 1000, 1, 0 },
};

/**
 * dsmr_print - a number with as many decimals as it has there, rounded half away from zero
 * @out: where to
 * @milli: thousandths of the base unit
 * @form: how
 */
void dsmr_print(FILE *out, s64 milli, enum dsmr_form form)
{
	u32 divisor = forms[form].divisor, one = forms[form].one;
	u64 magnitude = milli < 0 ? -(u64)milli : (u64)milli;

	if (form != DSMR_WHOLE)
		magnitude += divisor / 2;
	magnitude /= divisor;
	fprintf(out, "%s%llu", milli < 0 && magnitude ? "-" : "",
		(unsigned long long)(magnitude / one));
	if (forms[form].decimals)
		fprintf(out, ".%0*llu", forms[form].decimals,
			(unsigned long long)(magnitude % one));
}

static void print_utc(FILE *out, s64 unix_s)
{
	char text[ISO_TIME_LEN + 1];

	iso_time(unix_s, text);
	fputs(text, out);
}

/**
 * dsmr_print_local - an instant in civil time, with how far that is from UTC
 * @out: where to
 * @zone: of the civil time
 * @unix_s: seconds since 1970 in UTC
 */
void dsmr_print_local(FILE *out, const struct zone *zone, s64 unix_s)
{
	s32 offset_s = zone_offset_s(zone, unix_s);
	unsigned int minutes = (offset_s < 0 ? -offset_s : offset_s) / 60;
	char text[ISO_TIME_LEN + 1];

	if (!offset_s) {
		print_utc(out, unix_s);
		return;
	}
	iso_time(unix_s + offset_s, text);
	fprintf(out, "%.19s%c%02u:%02u", text, offset_s < 0 ? '-' : '+', minutes / 60,
		minutes % 60);
}

/* As there in Luxembourg: a total without tariffs stands where that of tariff 1 would. */
static void total_as_tariff_1(struct reading *r, enum quantity total, enum quantity t1)
{
	bool tariffs = false;

	for (unsigned int i = 0; i < TARIFF_COUNT; i++)
		tariffs |= reading_has(r, t1 + i);
	if (!tariffs && reading_has(r, total))
		reading_set(r, t1, r->milli[total]);
}

/**
 * dsmr_tell - a number under a topic
 * @o: where messages are made
 * @topic: below dsmr/
 * @name: below @topic
 * @has: there is a value; else the broker keeps nothing, as an empty payload does it there
 * @milli: thousandths of the base unit
 * @form: how it is printed
 */
void dsmr_tell(struct mqtt_out *o, const char *topic, const char *name, bool has, s64 milli,
	       enum dsmr_form form)
{
	if (!has) {
		mqtt_withdraw(o, "dsmr/%s/%s", topic, name);
		return;
	}
	dsmr_print(mqtt_begin(o), milli, form);
	mqtt_end(o, DSMR_FLAGS, "dsmr/%s/%s", topic, name);
}

static void tell_utc(struct mqtt_out *o, const char *name, bool has, s64 unix_s)
{
	if (!has) {
		mqtt_withdraw(o, "dsmr/reading/%s", name);
		return;
	}
	print_utc(mqtt_begin(o), unix_s);
	mqtt_end(o, DSMR_FLAGS, "dsmr/reading/%s", name);
}

static void tell_reading(struct mqtt_out *o, const struct meter *m, const struct reading *now)
{
	struct reading r = *now;

	total_as_tariff_1(&r, Q_energy_import, Q_energy_import_t1);
	total_as_tariff_1(&r, Q_energy_export, Q_energy_export_t1);
	tell_utc(o, "timestamp", true, layout_time_s(m));
	for (unsigned int i = 0; i < READING_VALUES; i++) {
		const struct reading_value *v = &reading_values[i];

		dsmr_tell(o, "reading", v->name, reading_has(&r, v->quantity), r.milli[v->quantity],
			  v->form);
	}
	tell_utc(o, "extra_device_timestamp", reading_has(&r, Q_gas), r.captured_s[0]);
}

/* The last object of P1 with this code. */
static const struct field *find_object(const struct telegram *t, const char *code)
{
	const struct field *found = NULL;

	if (t->protocol != TELEGRAM_P1)
		return NULL;
	for (unsigned int i = 0; i < t->nfields; i++) {
		const struct field *f = &t->fields[i];

		if (f->label_len == strlen(code) && !memcmp(t->text + f->label, code, f->label_len))
			found = f;
	}
	return found;
}

static bool is_version(struct span s)
{
	for (unsigned int i = 0; i < s.len; i++) {
		if (s.bytes[i] < '0' || s.bytes[i] > '9')
			return false;
	}
	return s.len && s.len <= VERSION_MAX;
}

static struct span version_of(const struct telegram *t)
{
	const struct field *f = find_object(t, VERSION_CODE);
	struct span version = { 0 };
	unsigned int next;

	if (f)
		version = p1_group(t, f, 0, &next);
	return is_version(version) ? version : (struct span){ 0 };
}

static void tell_rejected(struct mqtt_out *o, const struct meter *m)
{
	const struct line_decoder *d = m->line ? m->line->decoder : NULL;
	bool has = d && m->protocol == TELEGRAM_P1;
	s64 count = has ? d->stats.bad_checksum + d->stats.bad_parity + d->stats.bad_form : 0;

	dsmr_tell(o, STATS, "rejected_telegrams", has, count * 1000, DSMR_WHOLE);
}

static void tell_version(struct mqtt_out *o, struct span version)
{
	if (!version.len) {
		mqtt_withdraw(o, "dsmr/" STATS "/dsmr_version");
		return;
	}
	fwrite(version.bytes, 1, version.len, mqtt_begin(o));
	mqtt_end(o, DSMR_FLAGS, "dsmr/" STATS "/dsmr_version");
}

static void tell_stats(struct mqtt_out *o, const struct meter *m, const struct telegram *t)
{
	s64 milli = 0;

	tell_version(o, version_of(t));
	dsmr_tell(o, STATS, "electricity_tariff", m->tariff, m->tariff * 1000, DSMR_WHOLE);
	for (unsigned int i = 0; i < COUNTERS; i++) {
		const struct field *f = find_object(t, counters[i].code);
		bool has = f && p1_field_milli(t, f, &milli);

		dsmr_tell(o, STATS, counters[i].name, has, milli, DSMR_WHOLE);
	}
	tell_rejected(o, m);
}

/* What flowed since the value before, which only who saw both can know. */
static void remember_gas(struct layout_memory *memory, s64 captured_s, s64 milli)
{
	bool follows = memory->gas_s && captured_s > memory->gas_s && milli >= memory->gas_milli;

	if (captured_s == memory->gas_s)
		return;
	memory->gas_step_milli = follows ? milli - memory->gas_milli : -1;
	memory->gas_s = captured_s;
	memory->gas_milli = milli;
}

static void tell_gas_time(struct mqtt_out *o, const struct meter *m, bool has, s64 read_s)
{
	if (!has) {
		mqtt_withdraw(o, "dsmr/" GAS "/read_at");
		return;
	}
	dsmr_print_local(mqtt_begin(o), m->book ? m->book->zone : o->zone, read_s);
	mqtt_end(o, DSMR_FLAGS, "dsmr/" GAS "/read_at");
}

static void tell_gas(struct mqtt_out *o, const struct meter *m, const struct telegram *t,
		     const struct reading *now)
{
	bool has = reading_has(now, Q_gas);
	s64 captured_s = now->captured_s[0];
	struct span version = version_of(t);
	bool of_dsmr_4 = version.len && version.bytes[0] == '4';

	if (has)
		remember_gas(&o->memory, captured_s, now->milli[Q_gas]);
	tell_gas_time(o, m, has, of_dsmr_4 ? captured_s - HOUR_S : captured_s);
	dsmr_tell(o, GAS, "delivered", has, now->milli[Q_gas], DSMR_M3);
	dsmr_tell(o, GAS, "currently_delivered", has && o->memory.gas_step_milli >= 0,
		  o->memory.gas_step_milli, DSMR_M3);
}

static void withdraw(struct mqtt_out *o)
{
	for (unsigned int i = 0; i < READING_VALUES; i++)
		mqtt_withdraw(o, "dsmr/reading/%s", reading_values[i].name);
	for (unsigned int i = 0; i < COUNTERS; i++)
		mqtt_withdraw(o, "dsmr/" STATS "/%s", counters[i].name);
	for (unsigned int i = 0; i < OTHER_TOPICS; i++)
		mqtt_withdraw(o, "dsmr/%s", other_topics[i]);
	dsmr_periods_withdraw(o);
	o->memory.served[0] = '\0';
}

/* Not a place that waits for a meter, nor what is left of a source. */
static const struct meter *next_of(const struct meter *m)
{
	while (m && (!m->book || m->source_gone))
		m = m->next;
	return m;
}

static const struct meter *choose(const struct mqtt_out *o)
{
	const struct meter *first = next_of(meters_first(o->view->meters));

	if (o->config->dsmr_reader_meter[0])
		return meters_find(o->view->meters, o->config->dsmr_reader_meter);
	return first && !next_of(first->next) ? first : NULL;
}

static void tell_choice(const struct mqtt_out *o)
{
	const char *wanted = o->config->dsmr_reader_meter;
	const struct meter *first = next_of(meters_first(o->view->meters));
	char names[160] = "";
	size_t len = 0;

	for (const struct meter *m = first; m && len < sizeof(names); m = next_of(m->next))
		len += snprintf(names + len, sizeof(names) - len, "%s%s", len ? ", " : "", m->name);
	if (len >= sizeof(names))
		strcpy(names + sizeof(names) - 4, "...");
	if (wanted[0])
		log_line(LEVEL_WARNING, "mqtt",
			 "layout dsmr-reader tells of nothing: no meter is called %s, expected one "
			 "of %s in dsmr_reader_meter of [mqtt]",
			 wanted, names);
	else
		log_line(LEVEL_WARNING, "mqtt",
			 "layout dsmr-reader tells of one meter and there are %s: write "
			 "dsmr_reader_meter = %s, or another of them, in [mqtt]",
			 names, first->name);
}

/* Whether this is the meter that all the topics are of. */
static bool serves(struct mqtt_out *o, const struct meter *m)
{
	const struct meter *chosen = choose(o);

	if (!m->heard)
		return false;
	if (!chosen && !o->memory.choice_told)
		tell_choice(o);
	o->memory.choice_told = !chosen;
	if (!chosen && o->memory.served[0])
		withdraw(o);
	if (chosen != m)
		return false;
	if (strcmp(o->memory.served, m->name)) {
		strcpy(o->memory.served, m->name);
		o->memory.gas_s = 0;
	}
	return true;
}

static void dsmr_meter(struct mqtt_out *o, const struct meter *m, u64 now_ms)
{
	struct reading now;
	struct telegram t;

	if (!serves(o, m) || !meter_newest_telegram(m, &t))
		return;
	meter_quantities(m, now_ms, &now);
	tell_reading(o, m, &now);
	tell_stats(o, m, &t);
	tell_gas(o, m, &t, &now);
}

/* Live values that have become old go, also when nothing more is heard. */
static void dsmr_minute(struct mqtt_out *o, const struct meter *m)
{
	struct reading now;

	if (!serves(o, m))
		return;
	meter_quantities(m, meter_now_ms(m), &now);
	tell_reading(o, m, &now);
	dsmr_periods(o, m);
}

/* Registers and periods stay true; what flows now does not. */
static void dsmr_offline(struct mqtt_out *o)
{
	if (!o->memory.served[0])
		return;
	for (unsigned int i = 0; i < READING_VALUES; i++) {
		if (reading_values[i].quantity >= FIRST_LIVE && reading_values[i].quantity < Q_gas)
			mqtt_withdraw(o, "dsmr/reading/%s", reading_values[i].name);
	}
}

/* Also of a meter that was served before the last start. */
static void dsmr_gone(struct mqtt_out *o, const char *name)
{
	if (!strcmp(o->memory.served, name) || !choose(o))
		withdraw(o);
}

const struct mqtt_layout layout_dsmr_reader = {
	.flag = LAYOUT_DSMR_READER,
	.meter = dsmr_meter,
	.minute = dsmr_minute,
	.offline = dsmr_offline,
	.gone = dsmr_gone,
};
