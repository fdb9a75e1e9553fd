// SPDX-License-Identifier: MIT
/*
 * meterctl ledger: times as people write and read them.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ledger.h"

/**
 * ledger_meter_zone - the zone of a meter's days
 * @m: a meter
 *
 * Return: its zone; UTC where this machine has no zone of that name.
 */
const struct zone *ledger_meter_zone(const struct ledger_file_meter *m)
{
	const struct zone *z = zone_get(m->zone);

	return z ? z : zone_get("UTC");
}

/**
 * ledger_instant - an instant as a person gives it
 * @text: YYYY-MM-DD, which is the beginning of that date in @z, or YYYY-MM-DDTHH:MM:SSZ
 * @z: a zone
 * @unix_s: seconds since 1970
 *
 * Return: whether it is one.
 */
bool ledger_instant(const char *text, const struct zone *z, s64 *unix_s)
{
	char noon[ISO_TIME_LEN + 1];
	s64 noon_s, end_s;

	if (iso_time_parse(text, unix_s))
		return true;
	if (strlen(text) != strlen("YYYY-MM-DD"))
		return false;
	snprintf(noon, sizeof(noon), "%sT12:00:00Z", text);
	if (!iso_time_parse(noon, &noon_s))
		return false;
	zone_period(z, PERIOD_DAY, noon_s - zone_offset_s(z, noon_s), unix_s, &end_s);
	return true;
}

/**
 * ledger_local_time - the name of a period in the zone of its meter
 * @z: a zone
 * @p: the period
 * @unix_s: its start
 * @text: 2025-11-20 14:15, 2025-11-20, 2025-11 or 2025
 */
void ledger_local_time(const struct zone *z, enum period p, s64 unix_s, char text[20])
{
	static const u8 lengths[PERIOD_COUNT] = { 16, 10, 7, 4 };
	time_t local = unix_s + zone_offset_s(z, unix_s);
	struct tm tm = { 0 };

	gmtime_r(&local, &tm);
	if (strftime(text, 20, "%Y-%m-%d %H:%M", &tm))
		text[lengths[p]] = 0;
	else
		snprintf(text, 20, "?");
}
