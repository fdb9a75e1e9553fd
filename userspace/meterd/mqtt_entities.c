// SPDX-License-Identifier: MIT
/*
 * The table of entities.
 *
 * Device classes, their units and state classes are those of Home Assistant
 * (homeassistant/components/sensor/const.py: DEVICE_CLASS_UNITS, DEVICE_CLASS_STATE_CLASSES). What
 * has no statistics worth keeping has no state class. Units are those of the data contract, so
 * that numbers pass as they are; Home Assistant converts what it shows.
 */
#include "mqtt_entities.h"

#define ENERGY .device_class = "energy", .state_class = "total_increasing", .unit = "Wh"
#define REACTIVE_ENERGY \
	.device_class = "reactive_energy", .state_class = "total_increasing", .unit = "varh"
#define POWER .device_class = "power", .state_class = "measurement", .unit = "W"
#define REACTIVE_POWER .device_class = "reactive_power", .state_class = "measurement", .unit = "var"
#define APPARENT_POWER .device_class = "apparent_power", .state_class = "measurement", .unit = "VA"
#define VOLTAGE .device_class = "voltage", .state_class = "measurement", .unit = "V", .digits = 1
#define CURRENT .device_class = "current", .state_class = "measurement", .unit = "A", .digits = 2
#define CONTRACT .flags = ENTITY_DIAGNOSTIC

#define PHASES(q, base, ...)                     \
	[Q_##q##_l1] = { .name = base " L1", __VA_ARGS__ }, \
	[Q_##q##_l2] = { .name = base " L2", __VA_ARGS__ }, \
	[Q_##q##_l3] = { .name = base " L3", __VA_ARGS__ }

static const struct mqtt_entity entities[ENTITY_COUNT] = {
	[Q_energy_import] = { .name = "Energy import", ENERGY, .group = GROUP_IMPORT },
	[Q_energy_import_t1 ... Q_energy_import_t16] = { .name = "Energy import", ENERGY,
							 .group = GROUP_COUNTERS },
	[Q_energy_export] = { .name = "Energy export", ENERGY, .group = GROUP_EXPORT },
	[Q_energy_export_t1 ... Q_energy_export_t16] = { .name = "Energy export", ENERGY,
							 .group = GROUP_COUNTERS },
	[Q_energy_reactive_import] = { .name = "Reactive energy import", REACTIVE_ENERGY },
	[Q_energy_reactive_export] = { .name = "Reactive energy export", REACTIVE_ENERGY },
	[Q_energy_reactive_q1] = { .name = "Reactive energy Q1", REACTIVE_ENERGY },
	[Q_energy_reactive_q2] = { .name = "Reactive energy Q2", REACTIVE_ENERGY },
	[Q_energy_reactive_q3] = { .name = "Reactive energy Q3", REACTIVE_ENERGY },
	[Q_energy_reactive_q4] = { .name = "Reactive energy Q4", REACTIVE_ENERGY },
	[Q_power_import] = { .name = "Power import", POWER, .group = GROUP_IMPORT },
	PHASES(power_import, "Power import", POWER),
	[Q_power_export] = { .name = "Power export", POWER, .group = GROUP_EXPORT },
	PHASES(power_export, "Power export", POWER),
	[Q_power_net] = { .name = "Power net", POWER },
	[Q_power_reactive_import] = { .name = "Reactive power import", REACTIVE_POWER },
	PHASES(power_reactive_import, "Reactive power import", REACTIVE_POWER),
	[Q_power_reactive_export] = { .name = "Reactive power export", REACTIVE_POWER },
	PHASES(power_reactive_export, "Reactive power export", REACTIVE_POWER),
	[Q_power_apparent_import] = { .name = "Apparent power import", APPARENT_POWER },
	PHASES(power_apparent_import, "Apparent power import", APPARENT_POWER),
	[Q_power_apparent_export] = { .name = "Apparent power export", APPARENT_POWER },
	PHASES(voltage, "Voltage", VOLTAGE),
	PHASES(current, "Current", CURRENT),
	[Q_frequency] = { .name = "Frequency", .device_class = "frequency",
			  .state_class = "measurement", .unit = "Hz", .digits = 2 },
	[Q_power_factor] = { .name = "Power factor", .device_class = "power_factor",
			     .state_class = "measurement", .digits = 2 },
	[Q_demand_import] = { .name = "Demand", POWER },
	[Q_demand_import_peak] = { .name = "Demand peak", POWER },
	[Q_current_subscribed] = { .name = "Subscribed current", .device_class = "current",
				   .unit = "A", CONTRACT },
	[Q_power_reference] = { .name = "Subscribed power", .device_class = "apparent_power",
				.unit = "VA", CONTRACT },
	[Q_power_cutoff] = { .name = "Cut-off power", .device_class = "apparent_power",
			     .unit = "VA", CONTRACT },
	[Q_load] = { .name = "Load", .state_class = "measurement", .unit = "%", .digits = 1,
		     .icon = "mdi:gauge" },
	[Q_tariff] = { .name = "Tariff number", CONTRACT },
	/* By their icon Domoticz knows what m³ are: "gas" is a gas meter, but "water" is rain. */
	[Q_gas] = { .name = "Gas", .device_class = "gas", .state_class = "total_increasing",
		    .unit = "m³", .digits = 3, .icon = "mdi:meter-gas" },
	[Q_water] = { .name = "Water", .device_class = "water", .state_class = "total_increasing",
		      .unit = "m³", .digits = 3 },
	[Q_heat] = { .name = "Heat", .device_class = "energy", .state_class = "total_increasing",
		     .unit = "GJ", .digits = 3, .group = GROUP_COUNTERS },
	[Q_heat_kwh] = { .name = "Heat", .device_class = "energy",
			 .state_class = "total_increasing", .unit = "kWh", .digits = 3,
			 .group = GROUP_COUNTERS },
	[ENTITY_TARIFF_LABEL] = { .id = "tariff_label", .name = "Tariff" },
	[ENTITY_COLOR_TODAY] = { .id = "color_today", .name = "Colour today",
				 .device_class = "enum",
				 .options = "[\"blue\",\"white\",\"red\"]" },
	[ENTITY_COLOR_TOMORROW] = { .id = "color_tomorrow", .name = "Colour tomorrow",
				    .device_class = "enum",
				    .options = "[\"blue\",\"white\",\"red\"]" },
	[ENTITY_STATE] = { .id = "state", .name = "State", .device_class = "enum",
			   .options = "[\"connected\",\"silent\",\"wrong-data\",\"refused\","
				      "\"off\"]",
			   .flags = ENTITY_DIAGNOSTIC | ENTITY_STANDS },
	[ENTITY_LAST_TELEGRAM] = { .id = "last_telegram", .name = "Last telegram",
				   .device_class = "timestamp",
				   .flags = ENTITY_DIAGNOSTIC | ENTITY_DISABLED |
					    ENTITY_DEVICE_ONLY | ENTITY_STANDS },
	[ENTITY_EVENT] = { .id = "event", .name = "Event",
			   .flags = ENTITY_DEVICE_ONLY | ENTITY_STANDS },
};

/**
 * mqtt_entity - what there is to say of an entity
 * @key: below ENTITY_COUNT; a quantity, or enum mqtt_entity_key
 */
const struct mqtt_entity *mqtt_entity(unsigned int key)
{
	return &entities[key];
}

/**
 * mqtt_entity_id - what its unique ids end in, which never changes
 * @key: below ENTITY_COUNT
 *
 * Return: the name of a quantity in the data contract, or a word of its own.
 */
const char *mqtt_entity_id(unsigned int key)
{
	return key < QUANTITY_COUNT ? quantity_info[key].name : entities[key].id;
}
