// SPDX-License-Identifier: MIT
/*
 * Whose reading it is: the number of its meter, as far as the telegram has it.
 */
#include <stdio.h>

#include "dlms_parts.h"

#define TITLE_LEN 8

/* Where a list may have the number, best first; the last two are Kamstrup's. */
static const u8 number_codes[][OBIS_LEN] = {
	{ 0, 0, 96, 1, 0, 255 },
	{ 0, 0, 42, 0, 0, 255 },
	{ 1, 1, 0, 0, 5, 255 },
	{ 1, 1, 0, 0, 1, 255 },
};

#define NUMBER_CODES (sizeof(number_codes) / sizeof(number_codes[0]))

static bool take_number(struct dlms_reading *r, unsigned int i, enum dlms_number_from from)
{
	struct span s = dlms_text(r, i);
	size_t len = s.len < METERLINE_NUMBER_MAX ? s.len : METERLINE_NUMBER_MAX;

	if (!len)
		return false;
	memcpy(r->number, s.bytes, len);
	r->number[len] = '\0';
	r->number_from = from;
	return true;
}

static bool number_by_code(struct dlms_reading *r)
{
	unsigned int best = NUMBER_CODES;

	for (unsigned int i = 0; i < r->telegram.nfields; i++) {
		const struct dlms_detail *d = &r->details[i];

		if (!(d->flags & DLMS_COUNTS) || d->code[0] > 1)
			continue;
		for (unsigned int k = 0; k < best; k++) {
			if (!memcmp(d->code, number_codes[k], OBIS_LEN) &&
			    take_number(r, i, DLMS_NUMBER_CODE))
				best = k;
		}
	}
	return best < NUMBER_CODES;
}

static bool has_digit(struct span s)
{
	for (unsigned int i = 0; i < s.len; i++) {
		if (s.bytes[i] >= '0' && s.bytes[i] <= '9')
			return true;
	}
	return false;
}

/* A serial number is text with a digit in it, behind other values. */
static bool number_that_closes(struct dlms_reading *r)
{
	const unsigned int last = r->telegram.nfields - 1;

	if (r->telegram.nfields < 2 || r->details[last].flags & DLMS_CODED ||
	    !(r->details[last].flags & DLMS_PRINTABLE) || !has_digit(dlms_text(r, last)))
		return false;
	return take_number(r, last, DLMS_NUMBER_CLOSING);
}

static void number_of_title(struct dlms_reading *r, const u8 *title)
{
	for (unsigned int i = 0; i < TITLE_LEN; i++)
		snprintf(r->number + 2 * i, 3, "%02X", title[i]);
	r->number_from = DLMS_NUMBER_TITLE;
}

/**
 * dlms_find_number - the meter's own number
 * @r: the reading, with its fields
 * @system_title: 8 bytes; NULL: none came
 */
void dlms_find_number(struct dlms_reading *r, const u8 *system_title)
{
	r->number[0] = '\0';
	r->number_from = DLMS_NUMBER_NONE;
	if (number_by_code(r) || number_that_closes(r) || !system_title)
		return;
	number_of_title(r, system_title);
}
