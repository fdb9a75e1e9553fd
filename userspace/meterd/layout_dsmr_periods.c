// SPDX-License-Identifier: MIT
/*
 * Periods of layout dsmr-reader: the day, month and year that run, and the last quarter hour.
 *
 * Source: dsmrreader/dsmr-reader 5, the default mappings in day_totals.py, period_totals.py and
 * consumption.py of dsmr_mqtt/models/settings; timestamps there are local ones.
 */
#include "../lib/ledger_cost.h"
#include "layout_dsmr.h"
#include "layout_parts.h"

/** struct period_value - a register of a period and its topic */
struct period_value {
	const char *name;
	u8 reg;
	enum dsmr_form form;
};

enum period_index {
	DELIVERED_1,
	DELIVERED_2,
	RETURNED_1,
	RETURNED_2,
	DELIVERED,
	RETURNED,
	GAS,
	COSTS_1,
	COSTS_2,
	COSTS,
	COSTS_GAS,
	COSTS_FIXED,
	COSTS_ALL,
	VALUES
};

static const struct period_value values[VALUES] = {
	[DELIVERED_1] = { "electricity1", Q_energy_import_t1, DSMR_KILO },
	[DELIVERED_2] = { "electricity2", Q_energy_import_t2, DSMR_KILO },
	[RETURNED_1] = { "electricity1_returned", Q_energy_export_t1, DSMR_KILO },
	[RETURNED_2] = { "electricity2_returned", Q_energy_export_t2, DSMR_KILO },
	[DELIVERED] = { "electricity_merged", Q_energy_import, DSMR_KILO },
	[RETURNED] = { "electricity_returned_merged", Q_energy_export, DSMR_KILO },
	[GAS] = { "gas", Q_gas, DSMR_M3 },
	[COSTS_1] = { "electricity1_cost", COST_REGISTER + COST_IMPORT_T1, DSMR_COST },
	[COSTS_2] = { "electricity2_cost", COST_REGISTER + COST_IMPORT_T1 + 1, DSMR_COST },
	[COSTS] = { "electricity_cost_merged", COST_REGISTER + COST_IMPORT, DSMR_COST },
	[COSTS_GAS] = { "gas_cost", COST_REGISTER + COST_GAS, DSMR_COST },
	[COSTS_FIXED] = { "fixed_cost", COST_REGISTER + COST_FIXED, DSMR_COST },
	[COSTS_ALL] = { "total_cost", COST_REGISTER + COST_TOTAL, DSMR_COST },
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

/* Entries that are read at a time. */
#define ENTRIES 16

#define QUARTER "dsmr/consumption/quarter-hour-peak-electricity/"

/** struct sums - what a period has; bits of @has by enum period_index; costs in 1e-5 */
struct sums {
	unsigned int has;
	s64 earned_e5;
	s64 milli[VALUES];
	u8 quality[VALUES];
};

static void take(struct sums *sums, const struct ledger_entry *e)
{
	if (e->reg == COST_REGISTER + COST_EXPORT)
		sums->earned_e5 = e->milli;
	for (unsigned int i = 0; i < VALUES; i++) {
		if (e->reg != values[i].reg || e->quality & QUALITY_MISSING)
			continue;
		sums->has |= 1u << i;
		sums->milli[i] = e->milli;
		sums->quality[i] = e->quality;
	}
}

/* What was injected earns there by its tariff; here only the sum of it is known. */
static void settle_costs(struct sums *sums)
{
	sums->milli[COSTS] -= sums->earned_e5;
	if (sums->earned_e5)
		sums->has &= ~(1u << COSTS_1 | 1u << COSTS_2);
}

/* A total without tariffs is that of tariff 1, as among the readings. */
static void copy_total(struct sums *sums, enum period_index total, enum period_index tariff_1)
{
	if (sums->has >> tariff_1 & 3 || !(sums->has >> total & 1))
		return;
	sums->has |= 1u << tariff_1;
	sums->milli[tariff_1] = sums->milli[total];
}

/* Of the period that begins at @start_s; false when the ledger cannot be read. */
static bool sum_up(struct mqtt_out *o, const struct meter *m, enum period p, s64 start_s,
		   struct sums *sums)
{
	struct ledger_query *q =
		ledger_query_open(o->view->store, m->name, p, start_s, start_s + 1, 0);
	struct ledger_entry entries[ENTRIES];
	int count;

	*sums = (struct sums){ 0 };
	if (!q)
		return false;
	while ((count = ledger_query_next(q, entries, ENTRIES)) > 0) {
		for (int i = 0; i < count; i++)
			take(sums, &entries[i]);
	}
	ledger_query_close(q);
	settle_costs(sums);
	copy_total(sums, DELIVERED, DELIVERED_1);
	copy_total(sums, RETURNED, RETURNED_1);
	return !count;
}

static void tell_period(struct mqtt_out *o, const struct meter *m, const struct dsmr_period *p)
{
	s64 start_s, end_s;
	struct sums sums;

	zone_period(m->book->zone, p->period, layout_time_s(m), &start_s, &end_s);
	if (!sum_up(o, m, p->period, start_s, &sums))
		return;
	for (unsigned int i = 0; i < VALUES; i++)
		dsmr_tell(o, p->topic, values[i].name, sums.has >> i & 1, sums.milli[i],
			  values[i].form);
}

static void withdraw_quarter(struct mqtt_out *o)
{
	mqtt_withdraw(o, QUARTER "average_delivered");
	mqtt_withdraw(o, QUARTER "read_at_start");
	mqtt_withdraw(o, QUARTER "read_at_end");
}

static void tell_instant(struct mqtt_out *o, const struct meter *m, const char *name, s64 unix_s)
{
	dsmr_print_local(mqtt_begin(o), m->book->zone, unix_s);
	mqtt_end(o, DSMR_FLAGS, QUARTER "%s", name);
}

/* The last one that ended; its energy times four is its mean power. */
static void tell_quarter(struct mqtt_out *o, const struct meter *m)
{
	s64 start_s, end_s, running_end_s;
	struct sums sums;

	zone_period(m->book->zone, PERIOD_QUARTER, layout_time_s(m), &end_s, &running_end_s);
	start_s = end_s - QUARTER_S;
	if (!sum_up(o, m, PERIOD_QUARTER, start_s, &sums))
		return;
	if (!(sums.has >> DELIVERED & 1) || sums.quality[DELIVERED] & QUALITY_PARTIAL) {
		withdraw_quarter(o);
		return;
	}
	dsmr_print(mqtt_begin(o), 4 * sums.milli[DELIVERED], values[DELIVERED].form);
	mqtt_end(o, DSMR_FLAGS, QUARTER "average_delivered");
	tell_instant(o, m, "read_at_start", start_s);
	tell_instant(o, m, "read_at_end", end_s);
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
	withdraw_quarter(o);
}
