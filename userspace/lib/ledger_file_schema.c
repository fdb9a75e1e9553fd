// SPDX-License-Identifier: MIT
/*
 * The schema of the ledger's file, and the way from each version to the next.
 *
 * One wide row for each meter and period, one column for each register: a third of the size and
 * the time that one row for each register would take. Rows are kept in order of (start, meter), so
 * what all meters write at the end of a quarter of an hour stands side by side. Qualities stand in
 * a table of their own, with rows only where something is not good.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "ledger_cost.h"
#include "ledger_file.h"

static const char account_columns[] =
	"CREATE TABLE account("
	"meter INTEGER NOT NULL, register TEXT NOT NULL, kind INTEGER NOT NULL,"
	"interval_1_s INTEGER, interval_2_s INTEGER, interval_3_s INTEGER,"
	"first INTEGER NOT NULL, first_s INTEGER NOT NULL,"
	"last INTEGER NOT NULL, last_s INTEGER NOT NULL,"
	"continued INTEGER NOT NULL, modulus INTEGER NOT NULL, step INTEGER NOT NULL,"
	"told_s INTEGER NOT NULL,";

static const char tables[] =
	"CREATE TABLE about(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID, STRICT;"
	"CREATE TABLE meter("
	"id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, number TEXT NOT NULL,"
	"source TEXT NOT NULL, protocol TEXT NOT NULL, zone TEXT NOT NULL,"
	"sends_total TEXT NOT NULL) STRICT;"
	"CREATE TABLE segment("
	"id INTEGER PRIMARY KEY, meter INTEGER NOT NULL, register TEXT NOT NULL,"
	"number TEXT NOT NULL, why TEXT NOT NULL,"
	"first INTEGER NOT NULL, first_s INTEGER NOT NULL,"
	"last INTEGER NOT NULL, last_s INTEGER NOT NULL) STRICT;"
	"CREATE TABLE quality("
	"period INTEGER NOT NULL, start INTEGER NOT NULL, meter INTEGER NOT NULL,"
	"register TEXT NOT NULL, quality INTEGER NOT NULL,"
	"PRIMARY KEY(period, start, meter, register)) WITHOUT ROWID, STRICT;";

static void add_registers(sqlite3_str *sql)
{
	for (unsigned int i = 0; i < REGISTER_COUNT; i++)
		sqlite3_str_appendf(sql, ", %s INTEGER", quantity_info[register_at(i)].name);
}

static void add_period_table(sqlite3_str *sql, enum period p)
{
	sqlite3_str_appendf(sql, "CREATE TABLE %s(start INTEGER NOT NULL, meter INTEGER NOT NULL",
			    period_name(p));
	if (p != PERIOD_QUARTER)
		sqlite3_str_appendall(sql, ", until INTEGER NOT NULL");
	add_registers(sql);
	sqlite3_str_appendall(sql, ", PRIMARY KEY(start, meter)) WITHOUT ROWID, STRICT;");
}

static void add_account_table(sqlite3_str *sql)
{
	sqlite3_str_appendall(sql, account_columns);
	for (unsigned int p = 0; p < PERIOD_COUNT; p++) {
		const char *name = period_name(p);

		sqlite3_str_appendf(sql,
				    "%s_start INTEGER NOT NULL, %s_end INTEGER NOT NULL,"
				    "%s_base INTEGER NOT NULL, %s_carried INTEGER NOT NULL,"
				    "%s_quality INTEGER NOT NULL,",
				    name, name, name, name, name);
	}
	sqlite3_str_appendall(sql, "PRIMARY KEY(meter, register)) WITHOUT ROWID, STRICT;");
}

static int make_tables(sqlite3 *db)
{
	sqlite3_str *sql = sqlite3_str_new(db);
	char *text;
	int rc;

	sqlite3_str_appendall(sql, tables);
	add_account_table(sql);
	for (unsigned int p = 0; p < PERIOD_COUNT; p++)
		add_period_table(sql, p);
	sqlite3_str_appendf(sql, "PRAGMA application_id = %d;", LEDGER_FILE_APPLICATION);
	text = sqlite3_str_finish(sql);
	rc = text ? sqlite3_exec(db, text, NULL, NULL, NULL) : SQLITE_NOMEM;
	sqlite3_free(text);
	return rc;
}

static int add_phases(sqlite3 *db)
{
	return sqlite3_exec(db, "ALTER TABLE meter ADD COLUMN phases INTEGER NOT NULL DEFAULT 0",
			    NULL, NULL, NULL);
}

static int add_notes(sqlite3 *db)
{
	return sqlite3_exec(db,
			    "CREATE TABLE note(key TEXT PRIMARY KEY, value TEXT NOT NULL) "
			    "WITHOUT ROWID, STRICT",
			    NULL, NULL, NULL);
}

const struct ledger_file_step ledger_file_steps[LEDGER_FILE_VERSION] = {
	{ 1, make_tables },
	{ 2, ledger_file_costs_make },
	{ 3, add_phases },
	{ LEDGER_FILE_NOTES, add_notes },
};

/**
 * ledger_file_version - which schema a file has
 * @db: open
 * @version: 0: none yet
 *
 * Return: an error code of SQLite.
 */
int ledger_file_version(sqlite3 *db, int *version)
{
	s64 number = 0;
	int rc = ledger_file_number(db, "PRAGMA user_version", &number);

	*version = number;
	return rc;
}

static int sync_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

	rc = fd < 0 || fsync(fd) ? SQLITE_IOERR_FSYNC : SQLITE_OK;
	if (fd >= 0)
		close(fd);
	return rc;
}

/* A copy without the log, complete and on the disk before anything changes. */
static int back_up(sqlite3 *db, const char *copy)
{
	sqlite3_stmt *statement;
	int rc;

	rc = sqlite3_prepare_v2(db, "VACUUM INTO ?1", -1, &statement, NULL);
	if (rc)
		return rc;
	sqlite3_bind_text(statement, 1, copy, -1, SQLITE_STATIC);
	sqlite3_step(statement);
	rc = sqlite3_finalize(statement);
	return rc ? rc : sync_file(copy);
}

static int apply_steps(sqlite3 *db, int version, const struct ledger_file_step *steps, size_t count)
{
	char pragma[40];
	int rc;

	rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	for (size_t i = 0; !rc && i < count; i++)
		if (steps[i].version > version)
			rc = steps[i].apply(db);
	snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d", steps[count - 1].version);
	if (!rc)
		rc = sqlite3_exec(db, pragma, NULL, NULL, NULL);
	if (!rc)
		rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	return rc;
}

/**
 * ledger_file_upgrade - bring a file to the newest schema
 * @db: open to write
 * @path: of the file; its copy is made beside it, PATH.before-VERSION
 * @steps: in order of their versions
 * @count: how many
 * @error: a sentence, when it fails; the file is as it was then
 *
 * Return: an error code of SQLite.
 */
int ledger_file_upgrade(sqlite3 *db, const char *path, const struct ledger_file_step *steps,
			size_t count, char error[LEDGER_FILE_ERROR_MAX])
{
	int newest = steps[count - 1].version;
	char copy[4096];
	int version, rc;

	snprintf(copy, sizeof(copy), "%s.before-%d", path, newest);
	rc = ledger_file_version(db, &version);
	if (!rc && version == newest)
		return SQLITE_OK;
	if (!rc && version) {
		unlink(copy);
		rc = back_up(db, copy);
	}
	if (rc) {
		snprintf(error, LEDGER_FILE_ERROR_MAX,
			 "%s: the copy that is kept before its format changes could not be made: %s: "
			 "make room for it in the same directory",
			 copy, sqlite3_errmsg(db));
		return rc;
	}
	rc = apply_steps(db, version, steps, count);
	if (rc) {
		snprintf(error, LEDGER_FILE_ERROR_MAX, "%s: format %d could not be made: %s", path,
			 newest, sqlite3_errmsg(db));
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	}
	return rc;
}
