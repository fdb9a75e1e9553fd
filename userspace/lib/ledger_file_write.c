// SPDX-License-Identifier: MIT
/*
 * Writing meters and rows into the ledger's file, inside a transaction of the caller.
 */
#include <stdlib.h>

#include "ledger_file.h"

/* Parameters of the statements of rows. */
enum {
	PARAMETER_START = 1,
	PARAMETER_METER,
	PARAMETER_END,
	PARAMETER_MASK,
	PARAMETER_FIRST_REGISTER,
};

/* Parameters of the statements of qualities. */
enum {
	QUALITY_PERIOD = 1,
	QUALITY_START,
	QUALITY_METER,
	QUALITY_REGISTER,
	QUALITY_VALUE,
};

/**
 * struct ledger_file_writer - prepared statements
 * @meter: puts a meter
 * @row: by period: puts values
 * @not_good: tells which registers have a quality
 * @quality: puts one
 * @good: forgets one
 */
struct ledger_file_writer {
	sqlite3_stmt *meter;
	sqlite3_stmt *row[PERIOD_COUNT];
	sqlite3_stmt *not_good;
	sqlite3_stmt *quality;
	sqlite3_stmt *good;
};

static const char select_not_good[] =
	"SELECT register FROM quality WHERE period = ?1 AND start = ?2 AND meter = ?3";

static const char put_quality[] =
	"INSERT OR REPLACE INTO quality(period, start, meter, register, quality) "
	"VALUES(?1, ?2, ?3, ?4, ?5)";

static const char put_good[] =
	"DELETE FROM quality WHERE period = ?1 AND start = ?2 AND meter = ?3 AND register = ?4";

static const char put_meter[] =
	"INSERT INTO meter(id, name, number, source, protocol, zone, sends_total, phases) "
	"VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT(id) DO UPDATE SET "
	"name = excluded.name, number = excluded.number, source = excluded.source, "
	"protocol = excluded.protocol, zone = excluded.zone, sends_total = excluded.sends_total, "
	"phases = excluded.phases";

static void add_names(sqlite3_str *sql)
{
	for (unsigned int i = 0; i < REGISTER_COUNT; i++)
		sqlite3_str_appendf(sql, ", %s", quantity_info[register_at(i)].name);
}

static void add_parameters(sqlite3_str *sql)
{
	for (unsigned int i = 0; i < REGISTER_COUNT; i++)
		sqlite3_str_appendf(sql, ", ?%d", PARAMETER_FIRST_REGISTER + i);
}

/* Only the registers of the mask are replaced, by NULL too. */
static void add_masked(sqlite3_str *sql)
{
	for (unsigned int i = 0; i < REGISTER_COUNT; i++) {
		const char *name = quantity_info[register_at(i)].name;

		sqlite3_str_appendf(sql, "%s%s = iif(?%d >> %d & 1, excluded.%s, %s)",
				    i ? ", " : "", name, PARAMETER_MASK, i, name, name);
	}
}

static int prepare_text(sqlite3 *db, const char *sql, sqlite3_stmt **statement)
{
	return sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
}

static int prepare(sqlite3 *db, sqlite3_str *sql, sqlite3_stmt **statement)
{
	char *text = sqlite3_str_finish(sql);
	int rc;

	rc = text ? prepare_text(db, text, statement) : SQLITE_NOMEM;
	sqlite3_free(text);
	return rc;
}

static int prepare_row(sqlite3 *db, enum period p, sqlite3_stmt **statement)
{
	sqlite3_str *sql = sqlite3_str_new(db);
	bool has_end = p != PERIOD_QUARTER;

	sqlite3_str_appendf(sql, "INSERT INTO %s(start, meter%s", period_name(p),
			    has_end ? ", until" : "");
	add_names(sql);
	sqlite3_str_appendf(sql, ") VALUES(?%d, ?%d", PARAMETER_START, PARAMETER_METER);
	if (has_end)
		sqlite3_str_appendf(sql, ", ?%d", PARAMETER_END);
	add_parameters(sql);
	sqlite3_str_appendf(sql, ") ON CONFLICT(start, meter) DO UPDATE SET ");
	if (has_end)
		sqlite3_str_appendall(sql, "until = excluded.until, ");
	add_masked(sql);
	return prepare(db, sql, statement);
}

/**
 * ledger_file_writer_new - statements that write
 * @db: open to write; must outlive them
 *
 * Return: the statements, or NULL: sqlite3_errmsg() tells why.
 */
struct ledger_file_writer *ledger_file_writer_new(sqlite3 *db)
{
	struct ledger_file_writer *w = calloc(1, sizeof(*w));
	int rc;

	if (!w)
		return NULL;
	rc = prepare_text(db, put_meter, &w->meter);
	for (unsigned int p = 0; !rc && p < PERIOD_COUNT; p++)
		rc = prepare_row(db, p, &w->row[p]);
	if (!rc)
		rc = prepare_text(db, select_not_good, &w->not_good);
	if (!rc)
		rc = prepare_text(db, put_quality, &w->quality);
	if (!rc)
		rc = prepare_text(db, put_good, &w->good);
	if (!rc)
		return w;
	ledger_file_writer_free(w);
	return NULL;
}

/**
 * ledger_file_writer_free - forget the statements
 * @w: may be NULL
 */
void ledger_file_writer_free(struct ledger_file_writer *w)
{
	if (!w)
		return;
	sqlite3_finalize(w->meter);
	for (unsigned int p = 0; p < PERIOD_COUNT; p++)
		sqlite3_finalize(w->row[p]);
	sqlite3_finalize(w->not_good);
	sqlite3_finalize(w->quality);
	sqlite3_finalize(w->good);
	free(w);
}

static int run(sqlite3_stmt *statement)
{
	sqlite3_step(statement);
	return sqlite3_reset(statement);
}

static void names_of(u64 registers, char *names, size_t size)
{
	size_t len = 0;

	names[0] = 0;
	for (unsigned int i = 0; i < REGISTER_COUNT && len < size; i++)
		if (registers >> i & 1)
			len += snprintf(names + len, size - len, "%s%s", len ? "," : "",
					quantity_info[register_at(i)].name);
}

/**
 * ledger_file_put_meter - a meter, new or changed
 * @w: statements
 * @m: the meter; its id says which
 *
 * Return: an error code of SQLite.
 */
int ledger_file_put_meter(struct ledger_file_writer *w, const struct ledger_file_meter *m)
{
	char names[2048];

	names_of(m->sends_total, names, sizeof(names));
	sqlite3_bind_int64(w->meter, 1, m->id);
	sqlite3_bind_text(w->meter, 2, m->name, -1, SQLITE_STATIC);
	sqlite3_bind_text(w->meter, 3, m->number, -1, SQLITE_STATIC);
	sqlite3_bind_text(w->meter, 4, m->source, -1, SQLITE_STATIC);
	sqlite3_bind_text(w->meter, 5, telegram_protocol_name(m->protocol), -1, SQLITE_STATIC);
	sqlite3_bind_text(w->meter, 6, m->zone, -1, SQLITE_STATIC);
	sqlite3_bind_text(w->meter, 7, names, -1, SQLITE_STATIC);
	sqlite3_bind_int64(w->meter, 8, m->phases);
	return run(w->meter);
}

static int put_values(sqlite3_stmt *statement, u32 meter, const struct ledger_row *row)
{
	sqlite3_clear_bindings(statement);
	sqlite3_bind_int64(statement, PARAMETER_START, row->start_s);
	sqlite3_bind_int64(statement, PARAMETER_METER, meter);
	sqlite3_bind_int64(statement, PARAMETER_END, row->end_s);
	sqlite3_bind_int64(statement, PARAMETER_MASK, row->has);
	for (u64 left = row->has; left; left &= left - 1) {
		unsigned int i = __ffs64(left);

		if (!(row->quality[i] & QUALITY_MISSING))
			sqlite3_bind_int64(statement, PARAMETER_FIRST_REGISTER + i, row->milli[i]);
	}
	return run(statement);
}

static void bind_key(sqlite3_stmt *statement, enum period p, u32 meter,
		     const struct ledger_row *row)
{
	sqlite3_bind_int(statement, QUALITY_PERIOD, p);
	sqlite3_bind_int64(statement, QUALITY_START, row->start_s);
	sqlite3_bind_int64(statement, QUALITY_METER, meter);
}

/* The registers that have a quality now. */
static int read_not_good(sqlite3_stmt *statement, u64 *registers)
{
	enum quantity q;

	*registers = 0;
	while (sqlite3_step(statement) == SQLITE_ROW)
		if (register_by_name((const char *)sqlite3_column_text(statement, 0), &q))
			*registers |= 1ull << register_index(q);
	return sqlite3_reset(statement);
}

static int put_register_quality(struct ledger_file_writer *w, unsigned int i, u8 quality)
{
	sqlite3_stmt *statement = quality ? w->quality : w->good;

	sqlite3_bind_text(statement, QUALITY_REGISTER, quantity_info[register_at(i)].name, -1,
			  SQLITE_STATIC);
	if (quality)
		sqlite3_bind_int(statement, QUALITY_VALUE, quality);
	return run(statement);
}

/* Only what is not good has a row. */
static int put_qualities(struct ledger_file_writer *w, enum period p, u32 meter,
			 const struct ledger_row *row)
{
	u64 not_good;
	int rc;

	bind_key(w->not_good, p, meter, row);
	bind_key(w->quality, p, meter, row);
	bind_key(w->good, p, meter, row);
	rc = read_not_good(w->not_good, &not_good);
	for (u64 left = row->has; !rc && left; left &= left - 1) {
		unsigned int i = __ffs64(left);

		if (row->quality[i] || not_good >> i & 1)
			rc = put_register_quality(w, i, row->quality[i]);
	}
	return rc;
}

/**
 * ledger_file_put_row - a row, or some registers of it, in place of what was there
 * @w: statements
 * @p: which table
 * @meter: id of the meter
 * @row: the registers in @row->has replace value and quality, the others stay
 *
 * Return: an error code of SQLite.
 */
int ledger_file_put_row(struct ledger_file_writer *w, enum period p, u32 meter,
			const struct ledger_row *row)
{
	int rc = put_values(w->row[p], meter, row);

	return rc ? rc : put_qualities(w, p, meter, row);
}
