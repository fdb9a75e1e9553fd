// SPDX-License-Identifier: MIT
/*
 * Data of DLMS as A-XDR (Green Book section 9.5, IEC 61334-6).
 */
#include <stdlib.h>

#include "simulate_dlms.h"

#define NOT_SPECIFIED 0xff
#define NO_DEVIATION  0x8000

/** sim_axdr_unit - the next unit begins here: stays in one block unless it @splits */
void sim_axdr_unit(struct sim_telegram *t, bool splits)
{
	if (t->unit_count == sizeof(t->units) / sizeof(t->units[0]))
		abort();
	t->units[t->unit_count++] = (struct sim_unit){ .offset = t->len, .splits = splits };
}

/** sim_axdr_integer - the last @len bytes of @value, highest first */
void sim_axdr_integer(struct sim_telegram *t, uint64_t value, unsigned int len)
{
	while (len--) {
		const uint8_t byte = value >> 8 * len;

		sim_bytes(t, &byte, 1);
	}
}

/** sim_axdr_head - tag and count of elements or bytes that follow */
void sim_axdr_head(struct sim_telegram *t, enum sim_tag tag, size_t count)
{
	sim_axdr_integer(t, tag, 1);
	if (count >= 0x100)
		sim_axdr_integer(t, 0x820000 | count, 3);
	else if (count >= 0x80)
		sim_axdr_integer(t, 0x8100 | count, 2);
	else
		sim_axdr_integer(t, count, 1);
}

static unsigned int length_of(enum sim_tag tag)
{
	switch (tag) {
	case SIM_INT8:
	case SIM_UINT8:
	case SIM_ENUM:
		return 1;
	case SIM_INT16:
	case SIM_UINT16:
		return 2;
	case SIM_INT32:
	case SIM_UINT32:
		return 4;
	case SIM_INT64:
	case SIM_UINT64:
		return 8;
	default:
		abort();
	}
}

/** sim_axdr_number - an integer of a type */
void sim_axdr_number(struct sim_telegram *t, enum sim_tag tag, int64_t value)
{
	sim_axdr_integer(t, tag, 1);
	sim_axdr_integer(t, value, length_of(tag));
}

/** sim_axdr_string - a string of a type */
void sim_axdr_string(struct sim_telegram *t, enum sim_tag tag, const void *bytes, size_t len)
{
	sim_axdr_head(t, tag, len);
	sim_bytes(t, bytes, len);
}

/** sim_axdr_code - an OBIS code as an octet string, with F of 255 */
void sim_axdr_code(struct sim_telegram *t, const uint8_t code[5])
{
	sim_axdr_head(t, SIM_OCTETS, 6);
	sim_bytes(t, code, 5);
	sim_axdr_integer(t, 255, 1);
}

/** sim_axdr_scaler - the structure {scaler, unit} */
void sim_axdr_scaler(struct sim_telegram *t, int8_t scaler, uint8_t unit)
{
	sim_axdr_head(t, SIM_STRUCTURE, 2);
	sim_axdr_number(t, SIM_INT8, scaler);
	sim_axdr_number(t, SIM_ENUM, unit);
}

/**
 * sim_axdr_clock - a date-time (Blue Book section 4.1.6.1) in local time
 * @clock: for it
 * @utc_ms: the time
 * @dlms: whose
 * @summer: status while summer time counts; else it is 0
 *
 * UTC is local time and deviation.
 */
void sim_axdr_clock(uint8_t clock[SIM_CLOCK_LEN], int64_t utc_ms, const struct sim_dlms *dlms,
		    uint8_t summer)
{
	const struct sim_local local = sim_local(utc_ms / 1000);
	const int year = local.tm.tm_year + 1900;
	const int deviation = local.summer ? -120 : -60;
	const uint16_t sent = dlms->zoned ? deviation : NO_DEVIATION;

	clock[0] = year >> 8;
	clock[1] = year;
	clock[2] = local.tm.tm_mon + 1;
	clock[3] = local.tm.tm_mday;
	clock[4] = local.tm.tm_wday ? local.tm.tm_wday : 7;
	clock[5] = local.tm.tm_hour;
	clock[6] = local.tm.tm_min;
	clock[7] = local.tm.tm_sec;
	clock[8] = dlms->hundredths ? utc_ms % 1000 / 10 : NOT_SPECIFIED;
	clock[9] = sent >> 8;
	clock[10] = sent;
	clock[11] = local.summer ? summer : 0;
}
