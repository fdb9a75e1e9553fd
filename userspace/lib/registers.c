// SPDX-License-Identifier: MIT
/*
 * The registers that the ledger keeps, as a dense range of indexes: a set of them is one u64.
 */
#include "registers.h"

/* Energy stands at the beginning of the quantities, what M-Bus meters count at their end. */
#define ENERGY_COUNT (Q_energy_reactive_q4 + 1)
#define MBUS_COUNT (Q_heat_kwh - Q_gas + 1)

_Static_assert(Q_energy_import == 0, "energy stands at the beginning");
_Static_assert(ENERGY_COUNT + MBUS_COUNT == REGISTER_COUNT, "every register has an index");
_Static_assert(Q_energy_import_t16 - Q_energy_import == TARIFF_COUNT, "tariffs follow the total");
_Static_assert(Q_energy_export_t16 - Q_energy_export == TARIFF_COUNT, "tariffs follow the total");

/**
 * register_index - place of a quantity among the registers
 * @q: a quantity, or Q_NONE
 *
 * Return: 0 to REGISTER_COUNT - 1, in the order of the quantities; -1 when @q is no register.
 */
int register_index(enum quantity q)
{
	if (q < ENERGY_COUNT)
		return q;
	if (q >= Q_gas && q <= Q_heat_kwh)
		return ENERGY_COUNT + q - Q_gas;
	return -1;
}

/**
 * register_at - the reverse of register_index()
 * @index: below REGISTER_COUNT
 */
enum quantity register_at(unsigned int index)
{
	return index < ENERGY_COUNT ? index : Q_gas + (index - ENERGY_COUNT);
}

/**
 * registers_of - the registers that have a value in a reading
 * @r: a reading
 *
 * Return: a set of registers, bit register_index().
 */
u64 registers_of(const struct reading *r)
{
	u64 set = r->valid[0] & ((1ull << ENERGY_COUNT) - 1);
	unsigned int i;

	for (i = 0; i < MBUS_COUNT; i++)
		set |= (u64)reading_has(r, Q_gas + i) << (ENERGY_COUNT + i);
	return set;
}

/**
 * register_by_name - the register with this name of the data contract
 * @name: such as "energy_import_t1"
 * @q: for the register
 *
 * Return: whether there is one.
 */
bool register_by_name(const char *name, enum quantity *q)
{
	unsigned int i;

	for (i = 0; i < REGISTER_COUNT; i++) {
		if (!strcmp(quantity_info[register_at(i)].name, name)) {
			*q = register_at(i);
			return true;
		}
	}
	return false;
}

/**
 * register_unit - the unit of a register's values, as the data contract writes it
 * @q: a register
 */
const char *register_unit(enum quantity q)
{
	switch (q) {
	case Q_gas:
	case Q_water:
		return "m3";
	case Q_heat:
		return "GJ";
	case Q_heat_kwh:
		return "kWh";
	default:
		return q >= Q_energy_reactive_import ? "varh" : "Wh";
	}
}

/**
 * register_tariff - which tariff a register counts
 * @q: a quantity
 *
 * Return: 1 to TARIFF_COUNT; 0 for totals and for what has no tariffs.
 */
unsigned int register_tariff(enum quantity q)
{
	if (q <= Q_energy_import_t16)
		return q - Q_energy_import;
	if (q >= Q_energy_export && q <= Q_energy_export_t16)
		return q - Q_energy_export;
	return 0;
}

/**
 * register_total - the total that a tariff's register is a part of
 * @q: a quantity
 *
 * Return: Q_energy_import or Q_energy_export; Q_NONE when @q is not the register of a tariff.
 */
enum quantity register_total(enum quantity q)
{
	if (!register_tariff(q))
		return Q_NONE;
	return q <= Q_energy_import_t16 ? Q_energy_import : Q_energy_export;
}
