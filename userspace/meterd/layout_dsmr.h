/* SPDX-License-Identifier: MIT */
/*
 * What the parts of layout dsmr-reader share: how it prints, and its periods.
 */
#ifndef METERD_LAYOUT_DSMR_H
#define METERD_LAYOUT_DSMR_H

#include "mqtt.h"

/* Everything there is retained, and it waits until the broker has it. */
#define DSMR_FLAGS (MQTT_RETAIN | MQTT_QOS1 | MQTT_CHANGED)

/**
 * struct dsmr_form - how a number is printed
 * @divisor: thousandths of the base unit by this are units of the last decimal
 * @decimals: always so many; without any the number is cut, else rounded half away from zero
 */
struct dsmr_form {
	u32 divisor;
	u8 decimals;
};

#define DSMR_KILO	{ 1000, 3 }	/* kWh, kW */
#define DSMR_M3		{ 1, 3 }
#define DSMR_VOLT	{ 100, 1 }
#define DSMR_AMPERE	{ 1000, 0 }

void dsmr_print(FILE *out, s64 milli, struct dsmr_form form);
void dsmr_tell(struct mqtt_out *o, const char *topic, const char *name, bool has, s64 milli,
	       struct dsmr_form form);
void dsmr_print_local(FILE *out, const struct zone *zone, s64 unix_s);

/* layout_dsmr_periods.c */
void dsmr_periods(struct mqtt_out *o, const struct meter *m);
void dsmr_periods_withdraw(struct mqtt_out *o);

#endif /* METERD_LAYOUT_DSMR_H */
