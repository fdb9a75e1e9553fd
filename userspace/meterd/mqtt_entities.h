/* SPDX-License-Identifier: MIT */
/*
 * The entities that discovery offers of a meter: what each one is to a home automation system.
 */
#ifndef METERD_MQTT_ENTITIES_H
#define METERD_MQTT_ENTITIES_H

#include "../lib/registers.h"

/** enum mqtt_entity_key - one for each quantity, named as it, and further ones */
enum mqtt_entity_key {
	ENTITY_TARIFF_LABEL = QUANTITY_COUNT,
	ENTITY_COLOR_TODAY,
	ENTITY_COLOR_TOMORROW,
	ENTITY_STATE,
	ENTITY_LAST_TELEGRAM,
	ENTITY_EVENT,
	ENTITY_COUNT,
};

/**
 * enum mqtt_group - which counter and which power belong together
 *
 * Domoticz shows with each counter the power of the same device whose unique id is most alike
 * (MQTTAutoDiscover.cpp, get_auto_discovery_sensor_unit), so what belongs together must be alone.
 */
enum mqtt_group {
	GROUP_METER,
	GROUP_IMPORT,
	GROUP_EXPORT,
	GROUP_COUNTERS,		/* that no power belongs to */
	GROUP_COUNT,
};

/* Flags of an entity. */
#define ENTITY_DIAGNOSTIC	0x01u	/* about the meter or its contract, not about energy */
#define ENTITY_DISABLED		0x02u	/* for those who look for it */
#define ENTITY_DEVICE_ONLY	0x04u	/* what reads component discovery has no use for it */
#define ENTITY_STANDS		0x08u	/* also tells something while the meter is not available */

/**
 * struct mqtt_entity - one row of the table; most strings are words of Home Assistant
 * @id: see mqtt_entity_id(); NULL for quantities
 * @name: beside that of the meter; of a tariff without the tariff
 * @device_class: NULL: none; as all that follow
 * @state_class: how statistics are made of it
 * @unit: of its values
 * @icon: where a device class does not say enough
 * @options: all values that it may have, as JSON
 * @digits: to show behind the decimal point; 0: not said
 * @group: enum mqtt_group
 * @flags: ENTITY_*
 */
struct mqtt_entity {
	const char *id;
	const char *name;
	const char *device_class;
	const char *state_class;
	const char *unit;
	const char *icon;
	const char *options;
	u8 digits;
	u8 group;
	u8 flags;
};

const struct mqtt_entity *mqtt_entity(unsigned int key);
const char *mqtt_entity_id(unsigned int key);

#endif /* METERD_MQTT_ENTITIES_H */
