// SPDX-License-Identifier: MIT
/*
 * meterctl explain: what codes, quantities and units are called.
 */
#include <string.h>

#include "../decode/dlms_parts.h"
#include "explain.h"

#define CLOCK "0-0:1.0.0"
/* C of what meters on the M-Bus of a meter measure. */
#define MBUS_DEVICE ":24."

/**
 * explain_quantity - the name of a quantity
 * @quantity: enum quantity, or Q_NONE
 *
 * Return: a constant text.
 */
const char *explain_quantity(u8 quantity)
{
	return quantity == Q_NONE ? "no quantity" : quantity_info[quantity].name;
}

/**
 * explain_code - what an object is, by the table of all codes that mean something here
 * @label: its code A-B:C.D.E
 *
 * Return: a constant text.
 */
const char *explain_code(const char *label)
{
	const u8 row = p1_label_row((const u8 *)label, strlen(label));

	if (!strcmp(label, CLOCK))
		return "the clock";
	if (!strncmp(label, "0-", 2) && strstr(label, MBUS_DEVICE))
		return "of a meter on its M-Bus";
	if (row != ROW_UNKNOWN && p1_labels[row].flags & LABEL_IDENTIFIES)
		return "a number or name of the meter";
	return explain_quantity(dlms_code_quantity(label));
}

/**
 * explain_unit - a unit in ASCII
 * @unit: its number (Blue Book section 4.3.2)
 *
 * Return: a constant text; "" of none and of those that are not known.
 */
const char *explain_unit(u8 unit)
{
	const char *text = dlms_unit_text(unit);

	/* The degree sign is of Latin-1. */
	if ((u8)text[0] == 0xb0)
		return text[1] ? "degrees C" : "degrees";
	return text;
}
