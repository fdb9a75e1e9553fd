// SPDX-License-Identifier: MIT
/*
 * Periods of layout dsmr-reader: the day, month and year that run, and the last quarter of an hour.
 *
 * Source: dsmrreader/dsmr-reader 5, the default mappings in dsmr_mqtt/models/settings/day_totals.py,
 * period_totals.py and consumption.py, whose timestamps are local ones.
 */
#include "layout_dsmr.h"
#include "layout_parts.h"

/** struct period_value - a register of a period, by its name in the ledger, and its topic */
struct period_value {
	const char *name;
	const char *reg;
	struct dsmr_form form;
};

/* Those of the tariffs come first: without any of them the total is that of tariff 1. */
enum period_index { DELIVERED_1, DELIVERED_2, RETURNED_1, RETURNED_2, DELIVERED, RETURNED, GAS,
		    VALUES };

static const struct period_value values[VALUES] = {
	[DELIVERED_1] = { "electricity1", "energy_import_t1", DSMR_KILO },
	[DELIVERED_2] = { "electricity2", "energy_import_t2", DSMR_KILO },
	[RETURNED_1] = { "electricity1_returned", "energy_export_t1", DSMR_KILO },
	[RETURNED_2] = { "electricity2_returned", "energy_export_t2", DSMR_KILO },
	[DELIVERED] = { "electricity_merged", "energy_import", DSMR_KILO },
	[RETURNED] = { "electricity_returned_merged", "energy_export", DSMR_KILO },
	[GAS] = { "gas", "gas", DSMR_M3 },
};

/** struct dsmr_period - a period and where it is told */
struct dsmr_period {
	enum period period;
	const char *topic;
};

static const struct dsmr_period periods[] = {
	{ PERIOD_DAY, "day-consumption" },
	{ PERIOD_MONTH, "current-month" },
	{ PERIOD_YEAR, "current-year" },
};

#define PERIODS (sizeof(periods) / sizeof(periods[0]))

static const char *const quarter_values[] = { "average_delivered", "read_at_start", "read_at_end" };

#define QUARTER_VALUES (sizeof(quarter_values) / sizeof(quarter_values[0]))

#define QUARTER "dsmr/consumption/quarter-hour-peak-electricity/"

/** struct sums - what a period has; bits of @has by enum period_index */
struct sums {
	unsigned int has;
	s64 milli[VALUES];
	u8 quality[VALUES];
};

static void take(struct sums *sums, const struct ledger_entry *e)
{
	for (unsigned int i = 0; i < VALUES; i++) {
		if (strcmp(quantity_info[e->reg].name, values[i].reg) ||
		    e->quality & QUALITY_MISSING)
			continue;
		sums->has |= 1u << i;
		sums->milli[i] = e->milli;
		sums->quality[i] = e->quality;
	}
}

static void copy_total(struct sums *sums, enum period_index total, enum period_index tariff)
{
	if (sums->has >> tariff & 3 || !(sums->has >> total & 1))
		return;
	sums->has |= 1u << tariff;
	sums->milli[tariff] = sums->milli[total];
}

/* Of the period that begins at @start_s; nothing when the ledger cannot be read. */
static struct sums sums_of(struct mqtt_out *o, const struct meter *m, enum period p, s64 start_s)
{
	struct ledger_query *q = ledger_query_open(o->view->store, m->name, p, start_s,
						   start_s + 1, 0);
	struct ledger_entry entries[16];
	struct sums sums = { 0 };
	int count;

	if (!q)
		return sums;
	while ((count = ledger_query_next(q, entries, 16)) > 0) {
		while (count--)
			take(&sums, &entries[count]);
	}
	ledger_query_close(q);
	copy_total(&sums, DELIVERED, DELIVERED_1);
	copy_total(&sums, RETURNED, RETURNED_1);
	return sums;
}

static void tell_period(struct mqtt_out *o, const struct meter *m, const struct dsmr_period *p)
{
	s64 start_s, end_s;
	struct sums sums;

	zone_period(m->book->zone, p->period, layout_time_s(m), &start_s, &end_s);
	sums = sums_of(o, m, p->period, start_s);
	for (unsigned int i = 0; i < VALUES; i++) {
		FILE *text = mqtt_begin(o);

		if (sums.has >> i & 1)
			dsmr_print(text, sums.milli[i], values[i].form);
		mqtt_end(o, DSMR_FLAGS, "dsmr/%s/%s", p->topic, values[i].name);
	}
}

static void tell_quarter(struct mqtt_out *o, const struct meter *m)
{
	s64 running_s, end_s;
	struct sums sums;
	bool whole;

	zone_period(m->book->zone, PERIOD_QUARTER, layout_time_s(m), &running_s, &end_s);
	sums = sums_of(o, m, PERIOD_QUARTER, running_s - QUARTER_S);
	whole = sums.has >> DELIVERED & 1 && !(sums.quality[DELIVERED] & QUALITY_PARTIAL);
	for (unsigned int i = 0; i < QUARTER_VALUES; i++) {
		FILE *text = mqtt_begin(o);

		if (whole && i == 0)
			dsmr_print(text, 4 * sums.milli[DELIVERED], values[DELIVERED].form);
		else if (whole)
			dsmr_print_local(text, m->book->zone,
					 i == 1 ? running_s - QUARTER_S : running_s);
		mqtt_end(o, DSMR_FLAGS, QUARTER "%s", quarter_values[i]);
	}
}

/**
 * dsmr_periods - tells of the periods of a meter
 * @o: where messages are made
 * @m: a meter that was heard
 *
 * Loop thread; reads from the ledger's file.
 */
void dsmr_periods(struct mqtt_out *o, const struct meter *m)
{
	if (!m->book)
		return;
	for (unsigned int i = 0; i < PERIODS; i++)
		tell_period(o, m, &periods[i]);
	tell_quarter(o, m);
}

/** dsmr_periods_withdraw - the broker keeps nothing of what dsmr_periods() told */
void dsmr_periods_withdraw(struct mqtt_out *o)
{
	for (unsigned int i = 0; i < PERIODS * VALUES; i++)
		mqtt_withdraw(o, "dsmr/%s/%s", periods[i / VALUES].topic, values[i % VALUES].name);
	for (unsigned int i = 0; i < QUARTER_VALUES; i++)
		mqtt_withdraw(o, QUARTER "%s", quarter_values[i]);
}
