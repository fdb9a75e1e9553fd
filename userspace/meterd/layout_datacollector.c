// SPDX-License-Identifier: MIT
/*
 * Layout of smartmeter-datacollector, as Jeedom's plugin SmartMeterUSB reads it: each value of a
 * telegram under smartmeter/NUMBER/TYPE, in W, Wh, var, varh, V, A and Hz, not retained.
 *
 * Source: scs/smartmeter-datacollector, smartmeter/meter_data.py, smartmeter/cosem.py and
 * sinks/mqtt_sink.py; ktn001/SmartMeterUSB, core/config/OBISCode_mapping.json. Newer versions add a
 * member "obis", which the plugin does not read.
 */
#include "../lib/json.h"
#include "layout_parts.h"

/** struct value_type - a quantity and its type there */
struct value_type {
	u8 quantity;
	const char *type;
};

static const struct value_type value_types[] = {
	{ Q_power_import, "ACTIVE_POWER_P" },
	{ Q_power_import_l1, "ACTIVE_POWER_P_L1" },
	{ Q_power_import_l2, "ACTIVE_POWER_P_L2" },
	{ Q_power_import_l3, "ACTIVE_POWER_P_L3" },
	{ Q_power_export, "ACTIVE_POWER_N" },
	{ Q_power_export_l1, "ACTIVE_POWER_N_L1" },
	{ Q_power_export_l2, "ACTIVE_POWER_N_L2" },
	{ Q_power_export_l3, "ACTIVE_POWER_N_L3" },
	{ Q_power_reactive_import, "REACTIVE_POWER_P" },
	{ Q_power_reactive_import_l1, "REACTIVE_POWER_P_L1" },
	{ Q_power_reactive_import_l2, "REACTIVE_POWER_P_L2" },
	{ Q_power_reactive_import_l3, "REACTIVE_POWER_P_L3" },
	{ Q_power_reactive_export, "REACTIVE_POWER_N" },
	{ Q_power_reactive_export_l1, "REACTIVE_POWER_N_L1" },
	{ Q_power_reactive_export_l2, "REACTIVE_POWER_N_L2" },
	{ Q_power_reactive_export_l3, "REACTIVE_POWER_N_L3" },
	{ Q_current_l1, "CURRENT_L1" },
	{ Q_current_l2, "CURRENT_L2" },
	{ Q_current_l3, "CURRENT_L3" },
	{ Q_voltage_l1, "VOLTAGE_L1" },
	{ Q_voltage_l2, "VOLTAGE_L2" },
	{ Q_voltage_l3, "VOLTAGE_L3" },
	{ Q_energy_import, "ACTIVE_ENERGY_P" },
	{ Q_energy_import_t1, "ACTIVE_ENERGY_P_T1" },
	{ Q_energy_import_t2, "ACTIVE_ENERGY_P_T2" },
	{ Q_energy_import_t3, "ACTIVE_ENERGY_P_T3" },
	{ Q_energy_import_t4, "ACTIVE_ENERGY_P_T4" },
	{ Q_energy_export, "ACTIVE_ENERGY_N" },
	{ Q_energy_export_t1, "ACTIVE_ENERGY_N_T1" },
	{ Q_energy_export_t2, "ACTIVE_ENERGY_N_T2" },
	{ Q_energy_export_t3, "ACTIVE_ENERGY_N_T3" },
	{ Q_energy_export_t4, "ACTIVE_ENERGY_N_T4" },
	{ Q_energy_reactive_import, "REACTIVE_ENERGY_P" },
	{ Q_energy_reactive_export, "REACTIVE_ENERGY_N" },
	{ Q_energy_reactive_q1, "REACTIVE_ENERGY_Q1" },
	{ Q_energy_reactive_q2, "REACTIVE_ENERGY_Q2" },
	{ Q_energy_reactive_q3, "REACTIVE_ENERGY_Q3" },
	{ Q_energy_reactive_q4, "REACTIVE_ENERGY_Q4" },
	{ Q_power_factor, "POWER_FACTOR" },
	{ Q_frequency, "NET_FREQUENCY" },
};

/** struct field_type - an object of P1 that is no quantity, and its type there */
struct field_type {
	const char *code;
	const char *type;
};

static const struct field_type field_types[] = {
	{ "1-0:3.8.1", "REACTIVE_ENERGY_P_T1" },  { "1-0:3.8.2", "REACTIVE_ENERGY_P_T2" },
	{ "1-0:4.8.1", "REACTIVE_ENERGY_N_T1" },  { "1-0:4.8.2", "REACTIVE_ENERGY_N_T2" },
	{ "1-0:5.8.1", "REACTIVE_ENERGY_Q1_T1" }, { "1-0:5.8.2", "REACTIVE_ENERGY_Q1_T2" },
	{ "1-0:6.8.1", "REACTIVE_ENERGY_Q2_T1" }, { "1-0:6.8.2", "REACTIVE_ENERGY_Q2_T2" },
	{ "1-0:7.8.1", "REACTIVE_ENERGY_Q3_T1" }, { "1-0:7.8.2", "REACTIVE_ENERGY_Q3_T2" },
	{ "1-0:8.8.1", "REACTIVE_ENERGY_Q4_T1" }, { "1-0:8.8.2", "REACTIVE_ENERGY_Q4_T2" },
};

/* The value is a number with a point, whole ones as 12.0. */
static void tell_value(struct mqtt_out *o, const struct meter *m, const char *type, s64 milli)
{
	FILE *text = mqtt_begin(o);

	fputs("{\"value\": ", text);
	json_milli(text, milli);
	fprintf(text, "%s, \"timestamp\": %lld}", milli % 1000 ? "" : ".0",
		(long long)layout_time_s(m));
	mqtt_end(o, 0, "smartmeter/%s/%s", m->number, type);
}

static void tell_field(struct mqtt_out *o, const struct meter *m, const struct telegram *t,
		       const struct field *f)
{
	const char *label = (const char *)t->text + f->label;
	s64 milli;

	for (size_t i = 0; i < sizeof(field_types) / sizeof(field_types[0]); i++) {
		if (f->label_len == strlen(field_types[i].code) &&
		    !memcmp(label, field_types[i].code, f->label_len) &&
		    p1_field_milli(t, f, &milli))
			tell_value(o, m, field_types[i].type, milli);
	}
}

static void datacollector_meter(struct mqtt_out *o, const struct meter *m, u64 now_ms)
{
	struct reading now;
	struct telegram t;

	if (!layout_hears(m) || !layout_number(o, m))
		return;
	meter_quantities(m, now_ms, &now);
	for (size_t i = 0; i < sizeof(value_types) / sizeof(value_types[0]); i++) {
		if (reading_has(&now, value_types[i].quantity))
			tell_value(o, m, value_types[i].type, now.milli[value_types[i].quantity]);
	}
	if (!meter_newest_telegram(m, &t) || t.protocol != TELEGRAM_P1)
		return;
	for (unsigned int i = 0; i < t.nfields; i++)
		tell_field(o, m, &t, &t.fields[i]);
}

const struct mqtt_layout layout_datacollector = {
	.flag = LAYOUT_DATACOLLECTOR,
	.meter = datacollector_meter,
};
