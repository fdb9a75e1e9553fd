// SPDX-License-Identifier: MIT
/*
 * What a meter counted today, this month, yesterday and last month: the ledger's entries as one
 * object.
 */
#include "period_json.h"

#define ENTRIES 64

/** struct period_part - one member */
struct period_part {
	const char *name;
	s64 start_s;
};

static bool print_entries(FILE *out, struct ledger_query *q, s64 start_s)
{
	struct ledger_entry entries[ENTRIES];
	int count;

	while ((count = ledger_query_next(q, entries, ENTRIES)) > 0) {
		for (int i = 0; i < count; i++) {
			if (entries[i].start_s != start_s || entries[i].quality & QUALITY_MISSING)
				continue;
			fprintf(out, ",\"%s\":", ledger_entry_register(&entries[i]));
			ledger_entry_value(out, &entries[i]);
		}
	}
	return !count;
}

/* A period of which nothing is known has its beginning alone. */
static bool print_part(FILE *out, struct store *store, const struct meter *m, enum period p,
		       const struct period_part *part)
{
	struct ledger_query *q = ledger_query_open(store, m->name, p, part->start_s,
						   part->start_s + 1, 0);
	char start[ISO_TIME_LEN + 1];
	bool ok;

	if (!q)
		return false;
	iso_time(part->start_s, start);
	fprintf(out, "\"%s\":{\"start\":\"%s\"", part->name, start);
	ok = print_entries(out, q, part->start_s);
	fputc('}', out);
	ledger_query_close(q);
	return ok;
}

/**
 * period_json - {"day":{"start",...},"month":{...},"yesterday":{...},"last_month":{...}}
 * @out: where to
 * @store: of the ledger
 * @m: a meter with accounts
 * @now_s: the present on the clock of the meter, seconds since 1970
 *
 * Registers whose value is missing are left out; costs stand behind them where there are prices.
 * Loop thread; reads four rows of the file, and the costs of their days.
 *
 * Return: false when the file cannot be read.
 */
bool period_json(FILE *out, struct store *store, const struct meter *m, s64 now_s)
{
	static const struct {
		enum period period;
		const char *running;
		const char *before;
	} parts[] = {
		{ PERIOD_DAY, "day", "yesterday" },
		{ PERIOD_MONTH, "month", "last_month" },
	};
	struct period_part running[2], before[2];
	s64 end_s;
	bool ok = true;

	for (unsigned int i = 0; i < 2; i++) {
		running[i].name = parts[i].running;
		before[i].name = parts[i].before;
		zone_period(m->book->zone, parts[i].period, now_s, &running[i].start_s, &end_s);
		zone_period(m->book->zone, parts[i].period, running[i].start_s - 1,
			    &before[i].start_s, &end_s);
	}
	fputc('{', out);
	for (unsigned int i = 0; i < 4; i++) {
		const struct period_part *part = i < 2 ? &running[i] : &before[i - 2];

		if (i)
			fputc(',', out);
		ok &= print_part(out, store, m, parts[i % 2].period, part);
	}
	fputc('}', out);
	return ok;
}
