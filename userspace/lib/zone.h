/* SPDX-License-Identifier: MIT */
/*
 * Civil time in any zone, and the periods of the ledger in it.
 */
#ifndef METERLINE_ZONE_H
#define METERLINE_ZONE_H

#include "../../kernel/telegram/types.h"

/** enum period - what the ledger keeps */
enum period {
	PERIOD_QUARTER,		/* quarter of an hour, by UTC */
	PERIOD_DAY,		/* civil, as all that follow: 23 to 25 hours */
	PERIOD_MONTH,
	PERIOD_YEAR,
	PERIOD_COUNT,
};

#define QUARTER_S 900

struct zone;

/* NULL for the zone of this machine; NULL when there is no such zone. */
const struct zone *zone_get(const char *name);
const char *zone_name(const struct zone *z);
void zones_free(void);

s32 zone_offset_s(const struct zone *z, s64 unix_s);
s64 zone_next_change_s(const struct zone *z, s64 unix_s);
void zone_period(const struct zone *z, enum period p, s64 unix_s, s64 *start_s, s64 *end_s);
unsigned int zone_minute_of_day(const struct zone *z, s64 unix_s);

const char *period_name(enum period p);
bool period_by_name(const char *name, enum period *p);

/* ISO 8601 in UTC: 2024-10-10T23:05:31Z */
#define ISO_TIME_LEN 20
void iso_time(s64 unix_s, char text[ISO_TIME_LEN + 1]);
bool iso_time_parse(const char *text, s64 *unix_s);

#endif /* METERLINE_ZONE_H */
