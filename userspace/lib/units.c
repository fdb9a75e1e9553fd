// SPDX-License-Identifier: MIT
/*
 * The units of the data contract.
 */
#include "registers.h"
#include "units.h"

/**
 * quantity_unit - the unit of a quantity's values, as the data contract writes it
 * @q: a quantity
 *
 * Return: such as "Wh"; "" of what has none.
 */
const char *quantity_unit(enum quantity q)
{
	if (register_index(q) >= 0)
		return register_unit(q);
	switch (q) {
	case Q_voltage_l1 ... Q_voltage_l3:
		return "V";
	case Q_current_l1 ... Q_current_l3:
	case Q_current_subscribed:
		return "A";
	case Q_power_reactive_import ... Q_power_reactive_export_l3:
		return "var";
	case Q_power_apparent_import ... Q_power_apparent_export:
	case Q_power_reference:
	case Q_power_cutoff:
		return "VA";
	case Q_frequency:
		return "Hz";
	case Q_load:
		return "%";
	case Q_power_factor:
	case Q_tariff:
		return "";
	default:
		return "W";
	}
}
