// SPDX-License-Identifier: MIT
/*
 * Layout of smartmeter-datacollector, as Jeedom's plugin SmartMeterUSB reads it: each value of a
 * telegram under smartmeter/NUMBER/TYPE, in W, Wh, var, varh, V, A, Hz and degrees, not retained.
 *
 * Source: scs/smartmeter-datacollector, smartmeter/meter_data.py, smartmeter/cosem.py and
 * sinks/mqtt_sink.py; ktn001/SmartMeterUSB, core/config/OBISCode_mapping.json. The
 * member "obis" is of version 2.0.0; the plugin does not read it.
 */
#include "../decode/dlms.h"
#include "../lib/json.h"
#include "layout_parts.h"

/** struct value_type - a quantity, its code and its type there */
struct value_type {
	u8 quantity;
	const char *code;
	const char *type;
};

static const struct value_type value_types[] = {
	{ Q_power_import, "1.7.0", "ACTIVE_POWER_P" },
	{ Q_power_import_l1, "21.7.0", "ACTIVE_POWER_P_L1" },
	{ Q_power_import_l2, "41.7.0", "ACTIVE_POWER_P_L2" },
	{ Q_power_import_l3, "61.7.0", "ACTIVE_POWER_P_L3" },
	{ Q_power_export, "2.7.0", "ACTIVE_POWER_N" },
	{ Q_power_export_l1, "22.7.0", "ACTIVE_POWER_N_L1" },
	{ Q_power_export_l2, "42.7.0", "ACTIVE_POWER_N_L2" },
	{ Q_power_export_l3, "62.7.0", "ACTIVE_POWER_N_L3" },
	{ Q_power_reactive_import, "3.7.0", "REACTIVE_POWER_P" },
	{ Q_power_reactive_import_l1, "23.7.0", "REACTIVE_POWER_P_L1" },
	{ Q_power_reactive_import_l2, "43.7.0", "REACTIVE_POWER_P_L2" },
	{ Q_power_reactive_import_l3, "63.7.0", "REACTIVE_POWER_P_L3" },
	{ Q_power_reactive_export, "4.7.0", "REACTIVE_POWER_N" },
	{ Q_power_reactive_export_l1, "24.7.0", "REACTIVE_POWER_N_L1" },
	{ Q_power_reactive_export_l2, "44.7.0", "REACTIVE_POWER_N_L2" },
	{ Q_power_reactive_export_l3, "64.7.0", "REACTIVE_POWER_N_L3" },
	{ Q_current_l1, "31.7.0", "CURRENT_L1" },
	{ Q_current_l2, "51.7.0", "CURRENT_L2" },
	{ Q_current_l3, "71.7.0", "CURRENT_L3" },
	{ Q_voltage_l1, "32.7.0", "VOLTAGE_L1" },
	{ Q_voltage_l2, "52.7.0", "VOLTAGE_L2" },
	{ Q_voltage_l3, "72.7.0", "VOLTAGE_L3" },
	{ Q_energy_import, "1.8.0", "ACTIVE_ENERGY_P" },
	{ Q_energy_import_t1, "1.8.1", "ACTIVE_ENERGY_P_T1" },
	{ Q_energy_import_t2, "1.8.2", "ACTIVE_ENERGY_P_T2" },
	{ Q_energy_import_t3, "1.8.3", "ACTIVE_ENERGY_P_T3" },
	{ Q_energy_import_t4, "1.8.4", "ACTIVE_ENERGY_P_T4" },
	{ Q_energy_export, "2.8.0", "ACTIVE_ENERGY_N" },
	{ Q_energy_export_t1, "2.8.1", "ACTIVE_ENERGY_N_T1" },
	{ Q_energy_export_t2, "2.8.2", "ACTIVE_ENERGY_N_T2" },
	{ Q_energy_export_t3, "2.8.3", "ACTIVE_ENERGY_N_T3" },
	{ Q_energy_export_t4, "2.8.4", "ACTIVE_ENERGY_N_T4" },
	{ Q_energy_reactive_import, "3.8.0", "REACTIVE_ENERGY_P" },
	{ Q_energy_reactive_export, "4.8.0", "REACTIVE_ENERGY_N" },
	{ Q_energy_reactive_q1, "5.8.0", "REACTIVE_ENERGY_Q1" },
	{ Q_energy_reactive_q2, "6.8.0", "REACTIVE_ENERGY_Q2" },
	{ Q_energy_reactive_q3, "7.8.0", "REACTIVE_ENERGY_Q3" },
	{ Q_energy_reactive_q4, "8.8.0", "REACTIVE_ENERGY_Q4" },
	{ Q_power_factor, "13.7.0", "POWER_FACTOR" },
	{ Q_frequency, "14.7.0", "NET_FREQUENCY" },
};

/* What meters send beside the quantities; the quantity is one of the same kind. */
static const struct value_type field_types[] = {
	{ Q_energy_reactive_import, "3.8.1", "REACTIVE_ENERGY_P_T1" },
	{ Q_energy_reactive_import, "3.8.2", "REACTIVE_ENERGY_P_T2" },
	{ Q_energy_reactive_import, "4.8.1", "REACTIVE_ENERGY_N_T1" },
	{ Q_energy_reactive_import, "4.8.2", "REACTIVE_ENERGY_N_T2" },
	{ Q_energy_reactive_import, "5.8.1", "REACTIVE_ENERGY_Q1_T1" },
	{ Q_energy_reactive_import, "5.8.2", "REACTIVE_ENERGY_Q1_T2" },
	{ Q_energy_reactive_import, "6.8.1", "REACTIVE_ENERGY_Q2_T1" },
	{ Q_energy_reactive_import, "6.8.2", "REACTIVE_ENERGY_Q2_T2" },
	{ Q_energy_reactive_import, "7.8.1", "REACTIVE_ENERGY_Q3_T1" },
	{ Q_energy_reactive_import, "7.8.2", "REACTIVE_ENERGY_Q3_T2" },
	{ Q_energy_reactive_import, "8.8.1", "REACTIVE_ENERGY_Q4_T1" },
	{ Q_energy_reactive_import, "8.8.2", "REACTIVE_ENERGY_Q4_T2" },
	{ Q_energy_import, "21.8.0", "ACTIVE_ENERGY_P_L1" },
	{ Q_energy_import, "22.8.0", "ACTIVE_ENERGY_N_L1" },
	{ Q_energy_import, "41.8.0", "ACTIVE_ENERGY_P_L2" },
	{ Q_energy_import, "42.8.0", "ACTIVE_ENERGY_N_L2" },
	{ Q_energy_import, "61.8.0", "ACTIVE_ENERGY_P_L3" },
	{ Q_energy_import, "62.8.0", "ACTIVE_ENERGY_N_L3" },
	{ Q_power_factor, "33.7.0", "POWER_FACTOR_L1" },
	{ Q_power_factor, "53.7.0", "POWER_FACTOR_L2" },
	{ Q_power_factor, "73.7.0", "POWER_FACTOR_L3" },
	{ Q_NONE, "81.7.40", "ANGLE_UI_L1" },
	{ Q_NONE, "81.7.51", "ANGLE_UI_L2" },
	{ Q_NONE, "81.7.62", "ANGLE_UI_L3" },
};

#define FIELD_TYPES (sizeof(field_types) / sizeof(field_types[0]))

/* The value is a number with a point, whole ones as 12.0. */
static void tell_value(struct mqtt_out *o, const struct meter *m, const struct value_type *v,
		       s64 milli)
{
	FILE *text = mqtt_begin(o);

	fputs("{\"value\": ", text);
	json_milli(text, milli);
	fprintf(text, "%s, \"timestamp\": %lld, \"obis\": \"%s\"}", milli % 1000 ? "" : ".0",
		(long long)layout_time_s(m), v->code);
	mqtt_end(o, 0, "smartmeter/%s/%s", m->number, v->type);
}

/* The row of an object of electricity, 1-B:C.D.E; FIELD_TYPES: there is none. */
static unsigned int type_of(const struct telegram *t, const struct field *f)
{
	const char *label = (const char *)t->text + f->label;
	const char *code = memchr(label, ':', f->label_len);
	unsigned int i = 0, len;

	if (!code || label[0] != '1' || label[1] != '-')
		return FIELD_TYPES;
	len = label + f->label_len - ++code;
	while (i < FIELD_TYPES &&
	       (strlen(field_types[i].code) != len || memcmp(field_types[i].code, code, len)))
		i++;
	return i;
}

static bool number_of(const struct meter *m, const struct telegram *t, const struct field *f,
		      u8 like, s64 *milli)
{
	if (t->protocol == TELEGRAM_DLMS)
		return dlms_number_milli(t, f, m->profile, like, milli);
	return p1_field_milli(t, f, milli);
}

/* Of several lists the newer one comes first, and counts. */
static void tell_fields(struct mqtt_out *o, const struct meter *m, const struct telegram *t,
			u32 *told)
{
	s64 milli;

	for (unsigned int i = 0; i < t->nfields; i++) {
		unsigned int type = type_of(t, &t->fields[i]);

		if (type == FIELD_TYPES || *told >> type & 1 ||
		    !number_of(m, t, &t->fields[i], field_types[type].quantity, &milli))
			continue;
		*told |= 1u << type;
		tell_value(o, m, &field_types[type], milli);
	}
}

static void datacollector_meter(struct mqtt_out *o, const struct meter *m, u64 now_ms)
{
	struct reading now;
	struct telegram t;
	u32 told = 0;

	if (!layout_hears(m) || !layout_number(o, m))
		return;
	meter_quantities(m, now_ms, &now);
	for (size_t i = 0; i < sizeof(value_types) / sizeof(value_types[0]); i++) {
		if (reading_has(&now, value_types[i].quantity))
			tell_value(o, m, &value_types[i], now.milli[value_types[i].quantity]);
	}
	for (unsigned int at = 0; meter_kept_telegram(m, at, &t) && telegram_has_obis(&t); at++)
		tell_fields(o, m, &t, &told);
}

const struct mqtt_layout layout_datacollector = {
	.flag = LAYOUT_DATACOLLECTOR,
	.meter = datacollector_meter,
};
