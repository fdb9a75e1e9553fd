// SPDX-License-Identifier: MIT
/*
 * meterctl ledger size: bytes and rows, and what a meter takes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "../lib/say.h"
#include "commands.h"
#include "ledger.h"

static s64 file_bytes(const char *path, const char *suffix)
{
	char name[4096];
	struct stat st;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return stat(name, &st) ? 0 : st.st_size;
}

static s64 number_of(sqlite3 *db, const char *format, const char *table, u32 meter)
{
	char *sql = sqlite3_mprintf(format, table, meter);
	s64 number = 0;

	if (sql)
		ledger_file_number(db, sql, &number);
	sqlite3_free(sql);
	return number;
}

static s64 table_bytes(sqlite3 *db, const char *table)
{
	return number_of(db, "SELECT sum(pgsize) FROM dbstat WHERE name = '%s'", table, 0);
}

/* What a year of one meter takes: rows of a year, each as large as they are on average. */
static s64 bytes_per_year(sqlite3 *db)
{
	static const unsigned int rows_per_year[PERIOD_COUNT] = { 35064, 365, 12, 1 };
	s64 quality_bytes = table_bytes(db, "quality");
	s64 qualities = number_of(db, "SELECT count(*) FROM %s", "quality", 0);
	s64 bytes = 0;

	for (unsigned int p = 0; p < PERIOD_COUNT; p++) {
		const char *table = period_name(p);
		s64 rows = number_of(db, "SELECT count(*) FROM %s", table, 0);
		s64 of_them = number_of(db, "SELECT count(*) FROM %s WHERE period = %u", "quality",
					p);

		if (rows)
			bytes += table_bytes(db, table) * rows_per_year[p] / rows;
		if (rows && qualities)
			bytes += quality_bytes * of_them / qualities * rows_per_year[p] / rows;
	}
	return bytes;
}

static void print_meter(void *context, const struct ledger_file_meter *m)
{
	sqlite3 *db = context;

	printf("%-32s", m->name);
	for (unsigned int p = 0; p < PERIOD_COUNT; p++)
		printf(" %10" PRId64, number_of(db, "SELECT count(*) FROM %s WHERE meter = %u",
						period_name(p), m->id));
	putchar('\n');
}

/**
 * ledger_size - meterctl ledger size
 * @db: open
 * @args: of all meters, or one
 *
 * Return: an exit code.
 */
int ledger_size(sqlite3 *db, const struct ledger_arguments *args)
{
	struct ledger_file_meter m;
	s64 a_year;
	int rc = SQLITE_OK;

	printf("%-32s %10" PRId64 " bytes, of them %" PRId64 " free\n", args->path,
	       file_bytes(args->path, ""),
	       number_of(db, "PRAGMA freelist_count", NULL, 0) *
		       number_of(db, "PRAGMA page_size", NULL, 0));
	printf("%-32s %10" PRId64 " bytes\n", "its log", file_bytes(args->path, "-wal"));
	a_year = bytes_per_year(db);
	if (a_year)
		printf("%-32s %10" PRId64 " bytes\n", "a year of one meter", a_year);
	printf("\n%-32s", "periods");
	for (unsigned int p = 0; p < PERIOD_COUNT; p++)
		printf(" %10s", period_name(p));
	putchar('\n');
	if (args->meter && ledger_file_find(db, args->meter, &m))
		print_meter(db, &m);
	else
		rc = ledger_file_meters(db, print_meter, db);
	if (!rc)
		return DONE;
	say("%s: cannot be read: %s", args->path, sqlite3_errmsg(db));
	return UNUSABLE;
}
