/* SPDX-License-Identifier: MIT */
/*
 * What the parts of layout dsmr-reader share: how it prints, and its periods.
 */
#ifndef METERD_LAYOUT_DSMR_H
#define METERD_LAYOUT_DSMR_H

#include "mqtt.h"

/* Everything there is retained, and it waits until the broker has it. */
#define DSMR_FLAGS (MQTT_RETAIN | MQTT_QOS1 | MQTT_CHANGED)

/** enum dsmr_form - how a number is printed, always with the same decimals */
enum dsmr_form {
	DSMR_KILO,  /* thousands of the base unit, three: kWh, kW */
	DSMR_M3,    /* three */
	DSMR_VOLT,  /* one */
	DSMR_COST,  /* two, of 1e-5 of a currency */
	DSMR_WHOLE, /* none: what is behind the point is cut, while others are rounded */
	DSMR_FORMS,
};

void dsmr_print(FILE *out, s64 milli, enum dsmr_form form);
void dsmr_tell(struct mqtt_out *o, const char *topic, const char *name, bool has, s64 milli,
	       enum dsmr_form form);
void dsmr_print_local(FILE *out, const struct zone *zone, s64 unix_s);

/* layout_dsmr_periods.c */
void dsmr_periods(struct mqtt_out *o, const struct meter *m);
void dsmr_periods_withdraw(struct mqtt_out *o);

#endif /* METERD_LAYOUT_DSMR_H */
