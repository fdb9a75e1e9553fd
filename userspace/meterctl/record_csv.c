// SPDX-License-Identifier: MIT
/*
 * Telegrams as lines of CSV: integers, in the units and under the names that sysfs has for them.
 */
#include <inttypes.h>
#include <time.h>

#include "record_csv.h"

#define NS_PER_S  1000000000ll
#define NS_PER_MS 1000000ll

/**
 * record_csv_header - the names of the columns
 * @out: where to
 * @columns: the quantities that are valid here have one each
 */
void record_csv_header(FILE *out, const struct reading *columns)
{
	fputs("time_utc,time_ns", out);
	for (unsigned int q = 0; q < QUANTITY_COUNT; q++)
		if (reading_has(columns, q))
			fprintf(out, ",%s", quantity_info[q].sysfs);
	fputc('\n', out);
}

/* To the millisecond that has begun; nothing for a time that no calendar has. */
static void print_time(FILE *out, s64 time_ns)
{
	s64 rest = time_ns % NS_PER_S;
	char text[32];
	struct tm tm;
	time_t s;

	rest += rest < 0 ? NS_PER_S : 0;
	s = (time_ns - rest) / NS_PER_S;
	if (gmtime_r(&s, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm))
		fprintf(out, "%s.%03dZ", text, (int)(rest / NS_PER_MS));
}

/**
 * record_csv_line - one telegram
 * @out: where to
 * @columns: as in the header
 * @time_ns: when it came, since 1970 in UTC
 * @r: its quantities; one that is not valid here is an empty cell
 */
void record_csv_line(FILE *out, const struct reading *columns, s64 time_ns,
		     const struct reading *r)
{
	print_time(out, time_ns);
	fprintf(out, ",%" PRId64, (int64_t)time_ns);
	for (unsigned int q = 0; q < QUANTITY_COUNT; q++) {
		if (!reading_has(columns, q))
			continue;
		fputc(',', out);
		if (reading_has(r, q))
			fprintf(out, "%" PRId64, (int64_t)quantity_to_sysfs(q, r->milli[q]));
	}
	fputc('\n', out);
}
