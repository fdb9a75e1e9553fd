// SPDX-License-Identifier: MIT
/*
 * Accounts in the ledger's file: all of struct ledger_account that must survive.
 */
#include "store_parts.h"

static void add_columns(sqlite3_str *sql)
{
	sqlite3_str_appendall(sql, "meter, register, kind, interval_1_s, interval_2_s, "
				   "interval_3_s, first, first_s, last, last_s, continued, "
				   "modulus, step, told_s");
	for (unsigned int p = 0; p < PERIOD_COUNT; p++) {
		const char *name = period_name(p);

		sqlite3_str_appendf(sql, ", %s_start, %s_end, %s_base, %s_carried, %s_quality",
				    name, name, name, name, name);
	}
}

#define ACCOUNT_COLUMNS (14 + 5 * PERIOD_COUNT)

static int prepare(sqlite3 *db, sqlite3_str *sql, unsigned int flags, sqlite3_stmt **statement)
{
	char *text = sqlite3_str_finish(sql);
	int rc;

	rc = text ? sqlite3_prepare_v3(db, text, -1, flags, statement, NULL) : SQLITE_NOMEM;
	sqlite3_free(text);
	return rc;
}

/**
 * account_insert_prepare - the statement that writes an account in place of what was there
 * @db: open to write
 * @insert: the statement
 *
 * Return: an error code of SQLite.
 */
int account_insert_prepare(sqlite3 *db, sqlite3_stmt **insert)
{
	sqlite3_str *sql = sqlite3_str_new(db);

	sqlite3_str_appendall(sql, "INSERT OR REPLACE INTO account(");
	add_columns(sql);
	sqlite3_str_appendall(sql, ") VALUES(?");
	for (unsigned int i = 1; i < ACCOUNT_COLUMNS; i++)
		sqlite3_str_appendall(sql, ", ?");
	sqlite3_str_appendall(sql, ")");
	return prepare(db, sql, SQLITE_PREPARE_PERSISTENT, insert);
}

/**
 * account_insert_bind - the values of an account
 * @insert: of account_insert_prepare()
 * @a: must live until the statement has run
 */
void account_insert_bind(sqlite3_stmt *insert, const struct batch_account *a)
{
	const struct ledger_account *k = &a->account;
	int at = 1;

	sqlite3_clear_bindings(insert);
	sqlite3_bind_int64(insert, at++, a->book);
	sqlite3_bind_text(insert, at++, quantity_info[k->reg].name, -1, SQLITE_STATIC);
	sqlite3_bind_int(insert, at++, k->kind);
	for (unsigned int i = 0; i < 3; i++, at++)
		if (i < k->interval_count)
			sqlite3_bind_int64(insert, at, k->interval_s[i]);
	sqlite3_bind_int64(insert, at++, k->first);
	sqlite3_bind_int64(insert, at++, k->first_s);
	sqlite3_bind_int64(insert, at++, k->last);
	sqlite3_bind_int64(insert, at++, k->last_s);
	sqlite3_bind_int64(insert, at++, k->continued);
	sqlite3_bind_int64(insert, at++, k->modulus);
	sqlite3_bind_int64(insert, at++, k->step);
	sqlite3_bind_int64(insert, at++, k->told_s);
	for (unsigned int p = 0; p < PERIOD_COUNT; p++) {
		sqlite3_bind_int64(insert, at++, k->span[p].start_s);
		sqlite3_bind_int64(insert, at++, k->span[p].end_s);
		sqlite3_bind_int64(insert, at++, k->span[p].base);
		sqlite3_bind_int64(insert, at++, k->span[p].carried);
		sqlite3_bind_int(insert, at++, k->quality[p]);
	}
}

/* Instants that an account has no room for are of no ledger. */
static bool read_time(sqlite3_stmt *select, int at, u32 *time_s)
{
	s64 value = sqlite3_column_int64(select, at);

	*time_s = value;
	return *time_s == value;
}

static bool read_account(sqlite3_stmt *select, struct ledger_account *k)
{
	const char *name = (const char *)sqlite3_column_text(select, 1);
	bool fine = true;
	enum quantity q;
	int at = 2;

	*k = (struct ledger_account){ 0 };
	if (!name || !register_by_name(name, &q))
		return false;
	k->reg = q;
	k->kind = sqlite3_column_int(select, at++);
	for (unsigned int i = 0; i < 3; i++, at++)
		if (sqlite3_column_type(select, at) != SQLITE_NULL)
			k->interval_s[k->interval_count++] = sqlite3_column_int64(select, at);
	k->first = sqlite3_column_int64(select, at++);
	fine &= read_time(select, at++, &k->first_s);
	k->last = sqlite3_column_int64(select, at++);
	fine &= read_time(select, at++, &k->last_s);
	k->continued = sqlite3_column_int64(select, at++);
	k->modulus = sqlite3_column_int64(select, at++);
	k->step = sqlite3_column_int64(select, at++);
	fine &= read_time(select, at++, &k->told_s);
	for (unsigned int p = 0; p < PERIOD_COUNT; p++) {
		fine &= read_time(select, at++, &k->span[p].start_s);
		fine &= read_time(select, at++, &k->span[p].end_s);
		k->span[p].base = sqlite3_column_int64(select, at++);
		k->span[p].carried = sqlite3_column_int64(select, at++);
		k->quality[p] = sqlite3_column_int(select, at++);
	}
	return fine;
}

/**
 * accounts_restore - put the accounts of a meter into the ledger
 * @db: open
 * @b: the meter
 * @meter: its id in the file
 *
 * Return: an error code of SQLite; SQLITE_CORRUPT for a register or an instant that there is none
 * of.
 */
int accounts_restore(sqlite3 *db, struct ledger_book *b, u32 meter)
{
	sqlite3_str *sql = sqlite3_str_new(db);
	sqlite3_stmt *select = NULL;
	struct ledger_account k;
	bool fine = true;
	int rc;

	sqlite3_str_appendall(sql, "SELECT ");
	add_columns(sql);
	sqlite3_str_appendall(sql, " FROM account WHERE meter = ?1");
	rc = prepare(db, sql, 0, &select);
	if (rc)
		return rc;
	sqlite3_bind_int64(select, 1, meter);
	while (fine && sqlite3_step(select) == SQLITE_ROW)
		fine = read_account(select, &k) && ledger_restore_account(b, &k);
	rc = sqlite3_finalize(select);
	return fine ? rc : SQLITE_CORRUPT;
}
