// SPDX-License-Identifier: MIT
/*
 * Notes in the ledger's file.
 */
#include "store_parts.h"

static int bind_and_run(sqlite3_stmt *statement, const struct batch_note *note)
{
	sqlite3_bind_text(statement, 1, note->key, -1, SQLITE_STATIC);
	if (!note->removed)
		sqlite3_bind_text(statement, 2, note->value, -1, SQLITE_STATIC);
	sqlite3_step(statement);
	return sqlite3_reset(statement);
}

/**
 * notes_put - write the notes of a batch
 * @db: open to write, in a transaction
 * @b: the batch
 *
 * Writer's thread.
 *
 * Return: an error code of SQLite.
 */
int notes_put(sqlite3 *db, const struct batch *b)
{
	sqlite3_stmt *put = NULL, *drop = NULL;
	int rc;

	if (!b->note_count)
		return SQLITE_OK;
	rc = sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO note(key, value) VALUES(?1, ?2)", -1,
				&put, NULL);
	if (!rc)
		rc = sqlite3_prepare_v2(db, "DELETE FROM note WHERE key = ?1", -1, &drop, NULL);
	for (size_t i = 0; !rc && i < b->note_count; i++)
		rc = bind_and_run(b->notes[i].removed ? drop : put, &b->notes[i]);
	sqlite3_finalize(put);
	sqlite3_finalize(drop);
	return rc;
}

/**
 * notes_read - all notes of the file
 * @db: open
 * @notes: has none yet
 *
 * Return: an error code of SQLite; SQLITE_CORRUPT for what can be no note.
 */
int notes_read(sqlite3 *db, struct notes *notes)
{
	sqlite3_stmt *select;
	bool fine = true;
	int rc;

	rc = sqlite3_prepare_v2(db, "SELECT key, value FROM note", -1, &select, NULL);
	if (rc)
		return rc;
	while (fine && sqlite3_step(select) == SQLITE_ROW) {
		const char *key = (const char *)sqlite3_column_text(select, 0);
		const char *value = (const char *)sqlite3_column_text(select, 1);

		fine = key && value && notes_restore(notes, key, value);
	}
	rc = sqlite3_finalize(select);
	return fine ? rc : SQLITE_CORRUPT;
}
