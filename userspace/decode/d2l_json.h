/* SPDX-License-Identifier: MIT */
/*
 * What a D2L module reads from its meter: JSON as a telegram of TIC.
 */
#ifndef METERLINE_D2L_JSON_H
#define METERLINE_D2L_JSON_H

#include "../../kernel/telegram/quantities.h"

/**
 * struct d2l_reading - one reading
 * @telegram: as if it had come over the meter's line, with the members of the JSON as fields; its
 *	text is @text, so that a copy of this is none of it
 * @has_clock: @clock_s is known
 * @clock_s: the meter's clock (DATE) or the module's (_HORLOGE), seconds since 1970 in UTC
 */
struct d2l_reading {
	struct telegram telegram;
	bool has_clock;
	s64 clock_s;
	u8 text[METERLINE_P1_MAX_BYTES + TELEGRAM_PAD];
};

bool d2l_reading_parse(struct d2l_reading *r, const u8 *json, size_t len);
void d2l_quantities(const struct telegram *t, unsigned int phases, struct reading *values);

#endif /* METERLINE_D2L_JSON_H */
