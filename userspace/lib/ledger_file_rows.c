// SPDX-License-Identifier: MIT
/*
 * Reading the ledger's file: its meters, and the rows of one of them.
 */
#include <stdlib.h>

#include "ledger_file.h"

/* Columns of a row: start, end, qualities as text, a value for each register. */
#define COLUMN_QUALITIES 2
#define COLUMN_VALUES	 3

/**
 * ledger_file_number - the one number that a statement gives
 * @db: open
 * @sql: gives one row with one column; nothing or NULL counts as 0
 * @number: the number
 *
 * Return: an error code of SQLite.
 */
int ledger_file_number(sqlite3 *db, const char *sql, s64 *number)
{
	sqlite3_stmt *statement;
	int rc;

	*number = 0;
	rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
	if (rc)
		return rc;
	if (sqlite3_step(statement) == SQLITE_ROW)
		*number = sqlite3_column_int64(statement, 0);
	return sqlite3_finalize(statement);
}

static void column_text(sqlite3_stmt *statement, int column, char *text, size_t size)
{
	const char *value = (const char *)sqlite3_column_text(statement, column);

	snprintf(text, size, "%s", value ? value : "");
}

static u8 protocol_by_name(const char *name)
{
	for (u8 p = TELEGRAM_TIC_HISTORIQUE; p <= TELEGRAM_DLMS; p++)
		if (!strcmp(telegram_protocol_name(p), name))
			return p;
	return TELEGRAM_UNKNOWN;
}

/* Names and not bits stand in the file: the order of the registers may change. */
static u64 registers_named(const char *names)
{
	char text[2048], *at = text, *name;
	enum quantity q;
	u64 bits = 0;

	snprintf(text, sizeof(text), "%s", names);
	while ((name = strsep(&at, ",")))
		if (register_by_name(name, &q))
			bits |= 1ull << register_index(q);
	return bits;
}

static void meter_of(sqlite3_stmt *statement, struct ledger_file_meter *m)
{
	char protocol[32], names[2048];

	m->id = sqlite3_column_int64(statement, 0);
	column_text(statement, 1, m->name, sizeof(m->name));
	column_text(statement, 2, m->number, sizeof(m->number));
	column_text(statement, 3, m->source, sizeof(m->source));
	column_text(statement, 4, protocol, sizeof(protocol));
	column_text(statement, 5, m->zone, sizeof(m->zone));
	column_text(statement, 6, names, sizeof(names));
	m->protocol = protocol_by_name(protocol);
	m->sends_total = registers_named(names);
}

/**
 * ledger_file_phases - phases of a meter that ever carried current
 * @db: open, of the newest version
 * @meter: its id
 * @phases: for them, bit 0 for phase 1
 *
 * Not a part of a meter's row, since that is read of files of all versions.
 *
 * Return: an error code of SQLite.
 */
int ledger_file_phases(sqlite3 *db, u32 meter, u8 *phases)
{
	char sql[64];
	s64 number = 0;
	int rc;

	snprintf(sql, sizeof(sql), "SELECT phases FROM meter WHERE id = %u", meter);
	rc = ledger_file_number(db, sql, &number);
	*phases = number;
	return rc;
}

#define SELECT_METER "SELECT id, name, number, source, protocol, zone, sends_total FROM meter "

/**
 * ledger_file_meters - all meters, by name
 * @db: open
 * @each: called for each; what it is handed is valid until it returns
 * @context: handed to @each
 *
 * Return: an error code of SQLite.
 */
int ledger_file_meters(sqlite3 *db, void (*each)(void *context, const struct ledger_file_meter *m),
		       void *context)
{
	struct ledger_file_meter m;
	sqlite3_stmt *statement;
	int rc;

	rc = sqlite3_prepare_v2(db, SELECT_METER "ORDER BY name", -1, &statement, NULL);
	if (rc)
		return rc;
	while (sqlite3_step(statement) == SQLITE_ROW) {
		meter_of(statement, &m);
		each(context, &m);
	}
	return sqlite3_finalize(statement);
}

/**
 * ledger_file_find - a meter by its name
 * @db: open
 * @name: of the meter
 * @m: the meter, when there is one
 *
 * Return: whether there is.
 */
bool ledger_file_find(sqlite3 *db, const char *name, struct ledger_file_meter *m)
{
	sqlite3_stmt *statement;
	bool found;

	if (sqlite3_prepare_v2(db, SELECT_METER "WHERE name = ?1", -1, &statement, NULL))
		return false;
	sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
	found = sqlite3_step(statement) == SQLITE_ROW;
	if (found)
		meter_of(statement, m);
	sqlite3_finalize(statement);
	return found;
}

/*
 * From start to start, each found by one seek: with many meters, looking at all rows between two
 * of one meter would take long.
 */
static const char all_starts[] =
	"WITH RECURSIVE starts(s) AS ("
	"SELECT %s(start) FROM %s WHERE start >= ?2 AND start < ?3 "
	"UNION ALL "
	"SELECT (SELECT %s(start) FROM %s WHERE start %s s AND start >= ?2 AND start < ?3) "
	"FROM starts WHERE s IS NOT NULL) ";

/**
 * ledger_file_rows - a statement that reads the rows of a meter
 * @db: open
 * @p: which table
 * @newest_first: else by start
 * @rows: the statement, for ledger_file_rows_begin()
 *
 * Return: an error code of SQLite.
 */
int ledger_file_rows(sqlite3 *db, enum period p, bool newest_first, sqlite3_stmt **rows)
{
	const char *edge = newest_first ? "max" : "min";
	const char *table = period_name(p);
	sqlite3_str *sql = sqlite3_str_new(db);
	char *text;
	int rc;

	sqlite3_str_appendf(sql, all_starts, edge, table, edge, table, newest_first ? "<" : ">");
	sqlite3_str_appendf(sql, "SELECT v.start, %s, (SELECT group_concat(register || '=' || quality) "
			    "FROM quality WHERE period = %d AND start = v.start AND meter = v.meter)",
			    p == PERIOD_QUARTER ? "v.start + 900" : "v.until", p);
	for (unsigned int i = 0; i < REGISTER_COUNT; i++)
		sqlite3_str_appendf(sql, ", v.%s", quantity_info[register_at(i)].name);
	sqlite3_str_appendf(sql,
			    " FROM starts CROSS JOIN %s v ON v.start = s AND v.meter = ?1 LIMIT ?4",
			    table);
	text = sqlite3_str_finish(sql);
	rc = text ? sqlite3_prepare_v2(db, text, -1, rows, NULL) : SQLITE_NOMEM;
	sqlite3_free(text);
	return rc;
}

/**
 * ledger_file_rows_begin - which rows to read
 * @rows: of ledger_file_rows(); holds a transaction from the first row to sqlite3_reset()
 * @meter: its id
 * @from_s: start at the earliest
 * @to_s: exclusive
 * @count: at most
 */
void ledger_file_rows_begin(sqlite3_stmt *rows, u32 meter, s64 from_s, s64 to_s, size_t count)
{
	sqlite3_reset(rows);
	sqlite3_bind_int64(rows, 1, meter);
	sqlite3_bind_int64(rows, 2, from_s);
	sqlite3_bind_int64(rows, 3, to_s);
	sqlite3_bind_int64(rows, 4, count);
}

/* energy_import=2,gas=1 */
static void read_qualities(const char *text, struct ledger_row *row)
{
	char words[REGISTER_COUNT * 40], *at = words, *word, *name;
	enum quantity q;

	memset(row->quality, 0, sizeof(row->quality));
	if (!text)
		return;
	snprintf(words, sizeof(words), "%s", text);
	while ((word = strsep(&at, ","))) {
		name = strsep(&word, "=");
		if (word && register_by_name(name, &q))
			row->quality[register_index(q)] = strtoul(word, NULL, 10);
	}
}

/**
 * ledger_file_rows_next - the next row
 * @rows: begun
 * @row: filled
 *
 * Return: SQLITE_ROW, SQLITE_DONE or an error code of SQLite.
 */
int ledger_file_rows_next(sqlite3_stmt *rows, struct ledger_row *row)
{
	int rc = sqlite3_step(rows);

	if (rc != SQLITE_ROW)
		return rc;
	row->start_s = sqlite3_column_int64(rows, 0);
	row->end_s = sqlite3_column_int64(rows, 1);
	row->has = 0;
	read_qualities((const char *)sqlite3_column_text(rows, COLUMN_QUALITIES), row);
	for (unsigned int i = 0; i < REGISTER_COUNT; i++) {
		int type = sqlite3_column_type(rows, COLUMN_VALUES + i);

		if (type == SQLITE_NULL && !(row->quality[i] & QUALITY_MISSING))
			continue;
		row->milli[i] = sqlite3_column_int64(rows, COLUMN_VALUES + i);
		row->has |= 1ull << i;
	}
	return rc;
}

/**
 * ledger_row_entries - what the ledger says of one period of a meter
 * @row: of the file, or as it would stand in it
 * @p: the period
 * @entries: in order of register_index()
 *
 * Totals that the meter never sent are the sums of their tariffs.
 *
 * Return: how many there are.
 */
size_t ledger_row_entries(const struct ledger_row *row, enum period p,
			  struct ledger_entry entries[REGISTER_COUNT])
{
	struct ledger_entry all[REGISTER_COUNT] = { 0 };
	u64 has = row->has;
	size_t count = 0;

	for (u64 left = row->has; left; left &= left - 1) {
		unsigned int i = __ffs64(left);
		enum quantity total = register_total(register_at(i));

		all[i] = (struct ledger_entry){
			.start_s = row->start_s,
			.end_s = row->end_s,
			.milli = row->quality[i] & QUALITY_MISSING ? 0 : row->milli[i],
			.period = p,
			.reg = register_at(i),
			.quality = row->quality[i] & ~LEDGER_FILE_IMPORTED,
		};
		if (total == Q_NONE || row->has >> register_index(total) & 1)
			continue;
		ledger_entry_add(&all[register_index(total)], &all[i]);
		has |= 1ull << register_index(total);
	}
	for (; has; has &= has - 1)
		entries[count++] = all[__ffs64(has)];
	return count;
}
