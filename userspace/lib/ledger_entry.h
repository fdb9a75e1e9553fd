/* SPDX-License-Identifier: MIT */
/*
 * What the ledger says of one period of one register, whoever asks.
 */
#ifndef METERLINE_LEDGER_ENTRY_H
#define METERLINE_LEDGER_ENTRY_H

#include <stdio.h>

#include "registers.h"
#include "zone.h"

/* Quality of a period; none of them: good. Their order is the one in which they are printed. */
#define QUALITY_ESTIMATED	0x01u	/* a boundary was interpolated */
#define QUALITY_PARTIAL		0x02u	/* from the first reading ever, or up to the last */
#define QUALITY_JUMP		0x04u	/* a step that was too large until it was confirmed */
#define QUALITY_REPLACED	0x08u	/* the meter was replaced in it */
#define QUALITY_CLOCK		0x10u	/* closed by a host's clock that nothing confirmed */
#define QUALITY_REVISED		0x20u	/* from the meter's own history */
#define QUALITY_MISSING		0x40u	/* no reading: no value */

/* Name of a meter: [A-Za-z0-9_-], NUL not counted. */
#define METER_NAME_LEN 32

/**
 * struct ledger_entry - one period of one register
 * @start_s: seconds since 1970 in UTC; @end_s likewise, exclusive
 * @milli: thousandths of the register's unit, of costs 1e-5 of the currency; 0 when QUALITY_MISSING
 * @period: enum period
 * @reg: enum quantity, or COST_REGISTER and an enum cost; ledger_entry_register() names both
 * @quality: QUALITY_*
 * @currency: of costs, such as EUR; else ""
 */
struct ledger_entry {
	s64 start_s;
	s64 end_s;
	s64 milli;
	u8 period;
	u8 reg;
	u8 quality;
	char currency[4];
};

/* "good", or the words of the contract joined by commas; text has room for all of them. */
#define QUALITY_TEXT_MAX 80
void quality_text(unsigned int quality, char text[QUALITY_TEXT_MAX]);
bool quality_parse(const char *text, unsigned int *quality);

/*
 * The total of a meter that never sent its total register: for each period the sum of the entries
 * of its tariffs, wherever no entry of the total itself is stored. @total is all 0 at first.
 */
void ledger_entry_add(struct ledger_entry *total, const struct ledger_entry *part);

/* What an entry is of, whether a meter counted it or it is a cost. */
const char *ledger_entry_register(const struct ledger_entry *e);
const char *ledger_entry_unit(const struct ledger_entry *e);
void ledger_entry_value(FILE *out, const struct ledger_entry *e);

/* One object of GET /ledger. */
void ledger_entry_json(FILE *out, const struct ledger_entry *e);

#endif /* METERLINE_LEDGER_ENTRY_H */
