// SPDX-License-Identifier: MIT
/*
 * meterctl ledger import: puts exported values into a ledger, all of them or none.
 *
 * What is there stays as it is: a value that the ledger has already, or counts right now, is left
 * out. What comes in is marked, for no register was ever seen to count it. Of costs only those of
 * days are taken, which the others follow from; meterd computes them again where it has prices.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/say.h"
#include "commands.h"
#include "ledger.h"
#include "ledger_parse.h"

/**
 * struct import - what is kept from value to value
 * @reader: statements that read the row that is there, by period
 * @costs: reads what a day cost, @put_cost writes it
 * @stale: marks the cost of a day of which something came in
 * @meter: of the row at hand
 * @counters: of the meter, for what runs
 * @period: of the row at hand
 * @row: gathered until another begins
 * @cost: of a day, likewise
 * @added: values that came in
 * @there: values that the ledger had, the same
 * @kept: values that were left out since the ledger has another one
 */
struct import {
	const char *path;
	sqlite3 *db;
	struct ledger_file_writer *writer;
	sqlite3_stmt *reader[PERIOD_COUNT];
	sqlite3_stmt *costs;
	sqlite3_stmt *put_cost;
	sqlite3_stmt *stale;
	struct ledger_file_meter meter;
	struct ledger_counter counters[REGISTER_COUNT];
	enum period period;
	struct ledger_row row;
	struct cost_row cost;
	u64 added;
	u64 there;
	u64 kept;
};

static bool failed(const struct import *i, int rc)
{
	if (rc)
		say("%s: cannot be written, nothing was imported: %s", i->path,
		    sqlite3_errmsg(i->db));
	return rc;
}

/* Whether the register counts this period itself, or one after it. */
static bool counts(const struct import *i, unsigned int reg)
{
	const struct ledger_open_span *span = &i->counters[reg].span[i->period];

	return span->end_s && i->row.start_s >= span->start_s;
}

/* Takes out of the row what must not go in. */
static void sift(struct import *i, const struct ledger_row *there)
{
	for (u64 left = i->row.has; left; left &= left - 1) {
		unsigned int reg = __ffs64(left);
		bool has = there->has >> reg & 1;
		bool missing = has && there->quality[reg] & QUALITY_MISSING;
		u8 quality = i->row.quality[reg] & ~LEDGER_FILE_IMPORTED;

		if (has && there->quality[reg] == quality &&
		    (missing || there->milli[reg] == i->row.milli[reg]))
			i->there++;
		else if ((has && !missing) || counts(i, reg))
			i->kept++;
		else
			continue;
		i->row.has &= ~(1ull << reg);
	}
}

/* What an export would say of the period, totals that are sums of tariffs too. */
static int read_there(struct import *i, struct ledger_row *there)
{
	struct ledger_entry entries[REGISTER_COUNT];
	sqlite3_stmt *reader = i->reader[i->period];
	size_t count = 0;
	int rc;

	ledger_file_rows_begin(reader, i->meter.id, i->row.start_s, i->row.start_s + 1, 1);
	rc = ledger_file_rows_next(reader, there);
	sqlite3_reset(reader);
	if (rc == SQLITE_ROW)
		count = ledger_row_entries(there, i->period, entries);
	for (size_t n = 0; n < count; n++) {
		unsigned int reg = register_index(entries[n].reg);

		there->has |= 1ull << reg;
		there->milli[reg] = entries[n].milli;
		there->quality[reg] = entries[n].quality;
	}
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* What the day cost was computed without what comes in. */
static int mark_stale(struct import *i)
{
	sqlite3_bind_int64(i->stale, 1, i->meter.id);
	sqlite3_bind_int64(i->stale, 2, i->row.start_s);
	sqlite3_step(i->stale);
	return sqlite3_reset(i->stale);
}

static int put_registers(struct import *i)
{
	struct ledger_row there = { 0 };
	int rc;

	if (!i->row.has)
		return SQLITE_OK;
	rc = read_there(i, &there);
	if (rc)
		return rc;
	sift(i, &there);
	i->added += __builtin_popcountll(i->row.has);
	if (!i->row.has)
		return SQLITE_OK;
	rc = ledger_file_put_row(i->writer, i->period, i->meter.id, &i->row);
	i->row.has = 0;
	return rc ? rc : mark_stale(i);
}

/* Takes out of the costs what must not go in. */
static void sift_costs(struct import *i, const struct cost_row *there)
{
	for (u32 left = i->cost.has; left; left &= left - 1) {
		unsigned int c = __ffs64(left);

		if (!(there->has >> c & 1))
			continue;
		if (there->quality[c] == i->cost.quality[c] &&
		    cost_rounded_e5(there->exact[c]) == cost_rounded_e5(i->cost.exact[c]))
			i->there++;
		else
			i->kept++;
		i->cost.has &= ~(1u << c);
	}
}

static int put_costs(struct import *i)
{
	struct cost_row there = { 0 };
	int rc;

	if (!i->cost.has)
		return SQLITE_OK;
	ledger_file_costs_begin(i->costs, i->meter.id, i->row.start_s, i->row.start_s + 1);
	rc = ledger_file_costs_next(i->costs, &there);
	sqlite3_reset(i->costs);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return rc;
	sift_costs(i, &there);
	i->added += __builtin_popcount(i->cost.has);
	for (unsigned int c = 0; c < COST_COUNT; c++)
		if (there.has >> c & 1)
			cost_put(&i->cost, c, there.exact[c], there.quality[c]);
	i->cost.start_s = i->row.start_s;
	i->cost.end_s = i->row.end_s;
	rc = ledger_file_put_cost(i->put_cost, i->meter.id, &i->cost);
	i->cost = (struct cost_row){ 0 };
	return rc;
}

static int put_row(struct import *i)
{
	int rc = put_registers(i);

	return rc ? rc : put_costs(i);
}

static int add_meter(struct import *i, const char *name, const char *number)
{
	struct ledger_file_meter m = { .protocol = TELEGRAM_UNKNOWN };
	s64 id;
	int rc;

	rc = ledger_file_number(i->db, "SELECT max(id) + 1 FROM meter", &id);
	if (rc)
		return rc;
	m.id = id ? id : 1;
	snprintf(m.name, sizeof(m.name), "%s", name);
	snprintf(m.number, sizeof(m.number), "%s", number);
	snprintf(m.zone, sizeof(m.zone), "%s", zone_name(zone_get(NULL)));
	i->meter = m;
	return ledger_file_put_meter(i->writer, &m);
}

static int set_meter(struct import *i, const char *name, const char *number)
{
	int rc = SQLITE_OK;

	if (!strcmp(i->meter.name, name))
		return SQLITE_OK;
	if (!ledger_file_find(i->db, name, &i->meter))
		rc = add_meter(i, name, number);
	return rc ? rc : ledger_counters_read(i->db, i->meter.id, i->counters);
}

/* One value of the export. */
static bool add_value(void *context, const struct ledger_value *v)
{
	const struct ledger_entry *e = &v->entry;
	struct import *i = context;
	bool same = !strcmp(i->meter.name, v->meter) && i->period == e->period &&
		    i->row.start_s == e->start_s;

	if (!same && (failed(i, put_row(i)) || failed(i, set_meter(i, v->meter, v->number))))
		return false;
	i->period = e->period;
	i->row.start_s = e->start_s;
	i->row.end_s = e->end_s;
	if (e->reg < COST_REGISTER) {
		unsigned int reg = register_index(e->reg);

		i->row.has |= 1ull << reg;
		i->row.milli[reg] = e->milli;
		i->row.quality[reg] = e->quality | LEDGER_FILE_IMPORTED;
	} else if (e->period == PERIOD_DAY) {
		cost_put(&i->cost, e->reg - COST_REGISTER, e->milli * COST_EXACT_PER_E5,
			 e->quality);
		strcpy(i->cost.currency, e->currency);
	}
	return true;
}

static const char set_stale[] =
	"UPDATE cost SET prices = 0 WHERE meter = ?1 AND start <= ?2 AND until > ?2";

/* meterd is to look at all days. */
static const char look_at_all[] = "DELETE FROM about WHERE key = 'costs'";

static bool prepare(struct import *i)
{
	int rc = SQLITE_OK;

	i->writer = ledger_file_writer_new(i->db);
	for (unsigned int p = 0; !rc && p < PERIOD_COUNT; p++)
		rc = ledger_file_rows(i->db, p, false, &i->reader[p]);
	if (!rc)
		rc = ledger_file_costs(i->db, &i->costs);
	if (!rc)
		rc = ledger_file_costs_put(i->db, &i->put_cost);
	if (!rc)
		rc = sqlite3_prepare_v2(i->db, set_stale, -1, &i->stale, NULL);
	if (!rc && i->writer)
		rc = sqlite3_exec(i->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	return i->writer && !failed(i, rc);
}

static void finish(struct import *i)
{
	for (unsigned int p = 0; p < PERIOD_COUNT; p++)
		sqlite3_finalize(i->reader[p]);
	sqlite3_finalize(i->costs);
	sqlite3_finalize(i->put_cost);
	sqlite3_finalize(i->stale);
	ledger_file_writer_free(i->writer);
	if (!sqlite3_get_autocommit(i->db))
		sqlite3_exec(i->db, "ROLLBACK", NULL, NULL, NULL);
	sqlite3_close(i->db);
}

static int tell(const struct import *i)
{
	printf("%" PRIu64 " values imported, %" PRIu64 " were there already, %" PRIu64
	       " left out since the ledger has another value\n",
	       i->added, i->there, i->kept);
	return i->kept || !(i->added + i->there) ? NOTHING : DONE;
}

static int import_stream(struct import *i, FILE *in, const char *name)
{
	int rc = UNUSABLE;

	if (prepare(i) && ledger_parse(in, name, add_value, i) && !failed(i, put_row(i)) &&
	    !failed(i, sqlite3_exec(i->db, look_at_all, NULL, NULL, NULL)) &&
	    !failed(i, sqlite3_exec(i->db, "COMMIT", NULL, NULL, NULL)))
		rc = tell(i);
	finish(i);
	return rc;
}

static int import_into(const struct ledger_arguments *args, FILE *in)
{
	char error[LEDGER_FILE_ERROR_MAX];
	struct import i = { .path = args->path };
	int lock_fd, rc = UNUSABLE;

	lock_fd = ledger_file_lock(args->path, error);
	i.db = lock_fd < 0 ? NULL : ledger_file_open(args->path, LEDGER_FILE_WRITE, error);
	if (i.db)
		rc = import_stream(&i, in, args->input);
	else
		say("%s", error);
	if (lock_fd >= 0)
		close(lock_fd);
	return rc;
}

/**
 * ledger_import - meterctl ledger import
 * @args: which export, and into which ledger
 *
 * Return: an exit code.
 */
int ledger_import(const struct ledger_arguments *args)
{
	FILE *in;
	int rc;

	if (!strcmp(args->input, "-"))
		return import_into(args, stdin);
	in = fopen(args->input, "re");
	if (!in) {
		say("%s: cannot be opened: %m", args->input);
		return UNUSABLE;
	}
	rc = import_into(args, in);
	fclose(in);
	return rc;
}
