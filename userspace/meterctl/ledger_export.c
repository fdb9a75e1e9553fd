// SPDX-License-Identifier: MIT
/*
 * meterctl ledger export: every value of the file, as CSV or JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/json.h"
#include "../lib/say.h"
#include "commands.h"
#include "ledger.h"

/**
 * struct export - what is kept from value to value
 * @costs: reads what days cost, or NULL
 * @object: the JSON of a value without what belongs to the meter; @length of it
 */
struct export {
	sqlite3 *db;
	const struct ledger_arguments *args;
	const struct ledger_file_meter *meter;
	sqlite3_stmt *costs;
	FILE *object_file;
	char *object;
	size_t length;
	u64 count;
	int rc;
};

/* A meter may call itself anything; a quality may be two words with a comma between them. */
static void print_csv_text(const char *text)
{
	if (!text[strcspn(text, ",\"\r\n")]) {
		fputs(text, stdout);
		return;
	}
	putchar('"');
	for (; *text; text++) {
		if (*text == '"')
			putchar('"');
		putchar(*text);
	}
	putchar('"');
}

static void print_csv(const struct ledger_file_meter *m, const struct ledger_entry *e)
{
	char start[ISO_TIME_LEN + 1], end[ISO_TIME_LEN + 1], quality[QUALITY_TEXT_MAX];

	iso_time(e->start_s, start);
	iso_time(e->end_s, end);
	quality_text(e->quality, quality);
	printf("%s,", m->name);
	print_csv_text(m->number);
	printf(",%s,%s,%s,%s,", period_name(e->period), start, end, ledger_entry_register(e));
	if (!(e->quality & QUALITY_MISSING))
		ledger_entry_value(stdout, e);
	printf(",%s,", ledger_entry_unit(e));
	print_csv_text(quality);
	putchar('\n');
}

/* An object of GET /ledger, with whose it is before its own members. */
static void print_json(struct export *x, const struct ledger_entry *e)
{
	rewind(x->object_file);
	ledger_entry_json(x->object_file, e);
	if (fflush(x->object_file))
		return;
	fputs(x->count ? ",\n{\"meter\":" : "[\n{\"meter\":", stdout);
	json_text(stdout, x->meter->name);
	fputs(",\"number\":", stdout);
	json_text(stdout, x->meter->number);
	putchar(',');
	fwrite(x->object + 1, 1, x->length - 1, stdout);
}

static void print_row(struct export *x, enum period p, const struct ledger_row *row)
{
	struct ledger_entry entries[LEDGER_ENTRIES];
	size_t count = ledger_row_entries(row, p, entries);
	struct cost_row cost;

	x->rc = ledger_costs_of(x->costs, x->meter->id, p, row, &cost);
	if (x->rc)
		return;
	count += cost_row_entries(&cost, p, entries + count);
	for (size_t i = 0; i < count; i++) {
		if (x->args->format == FORMAT_JSON)
			print_json(x, &entries[i]);
		else
			print_csv(x->meter, &entries[i]);
		x->count++;
	}
}

static void export_period(struct export *x, enum period p, s64 from_s, s64 to_s)
{
	sqlite3_stmt *rows = NULL;
	struct ledger_row row;

	x->rc = ledger_file_rows(x->db, p, false, &rows);
	if (x->rc)
		return;
	ledger_file_rows_begin(rows, x->meter->id, from_s, to_s, INT64_MAX);
	while ((x->rc = ledger_file_rows_next(rows, &row)) == SQLITE_ROW) {
		print_row(x, p, &row);
		if (x->rc)
			break;
	}
	if (x->rc == SQLITE_DONE)
		x->rc = SQLITE_OK;
	sqlite3_finalize(rows);
}

static void export_meter(void *context, const struct ledger_file_meter *m)
{
	struct export *x = context;
	const struct ledger_arguments *args = x->args;
	const struct zone *z = ledger_meter_zone(m);
	s64 from_s = INT64_MIN, to_s = INT64_MAX;

	x->meter = m;
	if (args->from)
		ledger_instant(args->from, z, &from_s);
	if (args->to)
		ledger_instant(args->to, z, &to_s);
	for (unsigned int p = 0; !x->rc && p < PERIOD_COUNT; p++)
		if (args->period == PERIOD_COUNT || args->period == p)
			export_period(x, p, from_s, to_s);
}

static void export_all(struct export *x)
{
	struct ledger_file_meter m;
	int rc;

	x->rc = ledger_costs_open(x->db, &x->costs);
	if (x->rc)
		return;
	if (x->args->meter && ledger_file_find(x->db, x->args->meter, &m)) {
		export_meter(x, &m);
		return;
	}
	rc = ledger_file_meters(x->db, export_meter, x);
	if (!x->rc)
		x->rc = rc;
}

static int export_end(const struct export *x)
{
	if (x->args->format == FORMAT_JSON)
		puts(x->count ? "\n]" : "[]");
	if (x->rc) {
		say("%s: not all of it can be read: %s", x->args->path, sqlite3_errmsg(x->db));
		return UNUSABLE;
	}
	return x->count ? DONE : NOTHING;
}

/**
 * ledger_export - meterctl ledger export
 * @db: open
 * @args: which values, and how
 *
 * Return: an exit code.
 */
int ledger_export(sqlite3 *db, const struct ledger_arguments *args)
{
	struct export x = { .db = db, .args = args };

	x.object_file = open_memstream(&x.object, &x.length);
	if (!x.object_file) {
		say("there is no memory left");
		return UNUSABLE;
	}
	if (args->format != FORMAT_JSON)
		puts("meter,number,period,start,end,register,value,unit,quality");
	export_all(&x);
	sqlite3_finalize(x.costs);
	fclose(x.object_file);
	free(x.object);
	return export_end(&x);
}
