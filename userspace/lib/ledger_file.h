/* SPDX-License-Identifier: MIT */
/*
 * The file of the ledger: SQLite with a schema of ours, written by one program at a time.
 */
#ifndef METERLINE_LEDGER_FILE_H
#define METERLINE_LEDGER_FILE_H

#include <sqlite3.h>

#include "ledger_entry.h"
#include "../../kernel/include/uapi/linux/meterline.h"

#define LEDGER_FILE_NAME "ledger.db"

/* "MtrL", where file(1) and SQLite look for whose file it is. */
#define LEDGER_FILE_APPLICATION 0x4d74724c
#define LEDGER_FILE_VERSION	4
#define LEDGER_FILE_COSTS	2	/* from this version on there is the table cost */
#define LEDGER_FILE_NOTES	4	/* and from this one on the table note */

/* A sentence about what is wrong with a file and what to do about it. */
#define LEDGER_FILE_ERROR_MAX 1024

/*
 * In the column of qualities only: the value was imported, so no account knows of it. Never in
 * struct ledger_entry.
 */
#define LEDGER_FILE_IMPORTED 0x80u

/** enum ledger_file_mode - what a file is opened for */
enum ledger_file_mode {
	LEDGER_FILE_READ,
	LEDGER_FILE_WRITE,	/* made when it is not there; hold ledger_file_lock() */
};

/**
 * struct ledger_file_step - how a version of the schema is made of the one before it
 * @version: the new one
 * @apply: changes the schema inside a transaction; returns an error code of SQLite
 */
struct ledger_file_step {
	int version;
	int (*apply)(sqlite3 *db);
};

/**
 * struct ledger_file_meter - a row of table meter
 * @sends_total: bits register_index()
 * @phases: as of struct ledger_book, to be written; is read by ledger_file_phases()
 */
struct ledger_file_meter {
	u32 id;
	char name[METER_NAME_LEN + 1];
	char number[METERLINE_NUMBER_MAX + 1];
	char source[METER_NAME_LEN + 1];
	u8 protocol;
	char zone[64];
	u64 sends_total;
	u8 phases;
};

/**
 * struct ledger_row - all registers of one meter in one period, as they stand in the file
 * @start_s: seconds since 1970 in UTC; @end_s likewise, exclusive
 * @has: bits register_index() of the registers that have an entry, missing ones too
 * @milli: by register_index(), thousandths; of those in @has that are not missing
 * @quality: by register_index(), QUALITY_* and LEDGER_FILE_IMPORTED
 */
struct ledger_row {
	s64 start_s;
	s64 end_s;
	u64 has;
	s64 milli[REGISTER_COUNT];
	u8 quality[REGISTER_COUNT];
};

/* ledger_file.c */
int ledger_file_lock(const char *path, char error[LEDGER_FILE_ERROR_MAX]);
sqlite3 *ledger_file_open(const char *path, enum ledger_file_mode mode,
			  char error[LEDGER_FILE_ERROR_MAX]);
int ledger_file_connect(const char *path, enum ledger_file_mode mode, sqlite3 **db);
void ledger_file_say_damaged(const char *path, const char *what,
			     char error[LEDGER_FILE_ERROR_MAX]);

/* ledger_file_schema.c */
int ledger_file_version(sqlite3 *db, int *version);
int ledger_file_upgrade(sqlite3 *db, const char *path, const struct ledger_file_step *steps,
			size_t count, char error[LEDGER_FILE_ERROR_MAX]);
extern const struct ledger_file_step ledger_file_steps[LEDGER_FILE_VERSION];

/* ledger_file_rows.c */
int ledger_file_number(sqlite3 *db, const char *sql, s64 *number);
int ledger_file_meters(sqlite3 *db, void (*each)(void *context, const struct ledger_file_meter *m),
		       void *context);
int ledger_file_phases(sqlite3 *db, u32 meter, u8 *phases);
bool ledger_file_find(sqlite3 *db, const char *name, struct ledger_file_meter *m);
int ledger_file_rows(sqlite3 *db, enum period p, bool newest_first, sqlite3_stmt **rows);
void ledger_file_rows_begin(sqlite3_stmt *rows, u32 meter, s64 from_s, s64 to_s, size_t count);
int ledger_file_rows_next(sqlite3_stmt *rows, struct ledger_row *row);
size_t ledger_row_entries(const struct ledger_row *row, enum period p,
			  struct ledger_entry entries[REGISTER_COUNT]);

/* ledger_file_write.c */
struct ledger_file_writer;
struct ledger_file_writer *ledger_file_writer_new(sqlite3 *db);
void ledger_file_writer_free(struct ledger_file_writer *w);
int ledger_file_put_meter(struct ledger_file_writer *w, const struct ledger_file_meter *m);
int ledger_file_put_row(struct ledger_file_writer *w, enum period p, u32 meter,
			const struct ledger_row *row);

#endif /* METERLINE_LEDGER_FILE_H */
