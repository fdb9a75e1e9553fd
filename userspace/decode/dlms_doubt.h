/* SPDX-License-Identifier: MIT */
/*
 * Whether the scalers of a meter can be right.
 */
#ifndef METERLINE_DLMS_DOUBT_H
#define METERLINE_DLMS_DOUBT_H

#include "../../kernel/telegram/quantities.h"

/** enum dlms_doubt - what looks wrong */
enum dlms_doubt {
	DLMS_NO_DOUBT,
	DLMS_DOUBT_VOLTAGE,		/* a voltage is not 150 to 300 V */
	DLMS_DOUBT_CURRENT_10,		/* currents seem 10 times too large or too small */
	DLMS_DOUBT_CURRENT_100,		/* 100 times */
};

/* So many readings in a row have to look wrong in the same way. */
#define DLMS_DOUBT_AFTER 10

/**
 * struct dlms_doubts - of one meter; all 0 at first
 * @doubt: enum dlms_doubt, of the newest reading that tells
 * @count: readings in a row that said so
 */
struct dlms_doubts {
	u8 doubt;
	u8 count;
};

enum dlms_doubt dlms_doubt_of(const struct reading *r);
enum dlms_doubt dlms_doubts_take(struct dlms_doubts *d, const struct reading *r);
const char *dlms_doubt_text(enum dlms_doubt doubt);

#endif /* METERLINE_DLMS_DOUBT_H */
