// SPDX-License-Identifier: MIT
/*
 * Opening the ledger's file: whose it is, whether it is whole, and one writer at a time.
 *
 * What can't be used is left as it is, byte for byte: it is looked at through a connection that
 * cannot write before one that can is made.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger_file.h"

/* Larger files are checked but for their quarters: 64 MiB are read in less than a second. */
#define CHECK_ALL_MAX_BYTES (64 << 20)

static const char magic[16] = "SQLite format 3";

/* Memory counts: 64 pages are enough for writing in order and for seeks. */
static const char pragmas[] =
	"PRAGMA cache_size = -256;"
	"PRAGMA mmap_size = 0;"
	"PRAGMA temp_store = MEMORY;"
	"PRAGMA trusted_schema = OFF;"
	"PRAGMA cell_size_check = ON;";

/* The log goes back into the file at 1 MiB, which bounds it and the time to open. */
static const char write_pragmas[] =
	"PRAGMA auto_vacuum = INCREMENTAL;"	/* has an effect before the first table only */
	"PRAGMA journal_mode = WAL;"
	"PRAGMA synchronous = FULL;"
	"PRAGMA wal_autocheckpoint = 256;"
	"PRAGMA journal_size_limit = 1048576;"
	"PRAGMA secure_delete = OFF;";

enum found {
	FOUND_NOTHING,
	FOUND_LEDGER,
	FOUND_UNUSABLE,
};

/**
 * ledger_file_lock - keep every other writer away from a ledger
 * @path: of the ledger; the lock is a file of its own beside it
 * @error: a sentence, when it fails
 *
 * SQLite's own locks are per transaction, and closing any descriptor of the ledger would drop
 * them, hence another file.
 *
 * Return: a descriptor that holds the lock until it is closed, or -1.
 */
int ledger_file_lock(const char *path, char error[LEDGER_FILE_ERROR_MAX])
{
	char name[4096];
	int fd;

	snprintf(name, sizeof(name), "%s-lock", path);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		snprintf(error, LEDGER_FILE_ERROR_MAX,
			 "%s: cannot be made: %s: the directory must exist and belong to the user "
			 "that writes the ledger",
			 name, strerror(errno));
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		snprintf(error, LEDGER_FILE_ERROR_MAX,
			 "%s: another meterd or an import is writing this ledger: stop it first "
			 "('fuser -v %s' tells which it is), or choose another 'state' directory",
			 path, name);
		close(fd);
		return -1;
	}
	return fd;
}

/**
 * ledger_file_say_damaged - what to do about a damaged ledger
 * @path: of the file
 * @what: is wrong
 * @error: where the sentences go
 */
void ledger_file_say_damaged(const char *path, const char *what, char error[LEDGER_FILE_ERROR_MAX])
{
	snprintf(error, LEDGER_FILE_ERROR_MAX,
		 "%s is damaged (%s) and was left as it is. To restore: stop meterd, move %s, "
		 "%s-wal and %s-shm to another directory, and put a backup in their place; without a "
		 "backup 'meterctl ledger export --file MOVED/ledger.db > saved.csv' saves what can "
		 "be read, and 'meterctl ledger import saved.csv' puts it into a new ledger",
		 path, what, path, path, path);
}

static void say_foreign(const char *path, const char *what, char *error)
{
	snprintf(error, LEDGER_FILE_ERROR_MAX,
		 "%s is not a ledger (%s) and was left as it is: move it away to begin a new "
		 "ledger, or put a backup of the ledger in its place",
		 path, what);
}

static void say_newer(const char *path, int version, char *error)
{
	snprintf(error, LEDGER_FILE_ERROR_MAX,
		 "%s was written by a newer version of Meterline (format %d, this one knows %d) and "
		 "was left as it is: install the newer version again, or restore the copy that it "
		 "made before the change: stop meterd, move %s, %s-wal and %s-shm away, then "
		 "'cp -p %s.before-%d %s'",
		 path, version, LEDGER_FILE_VERSION, path, path, path, path,
		 LEDGER_FILE_VERSION + 1, path);
}

static void say_unreadable(const char *path, const char *why, char *error)
{
	snprintf(error, LEDGER_FILE_ERROR_MAX, "%s: cannot be opened: %s", path, why);
}

/* Before SQLite has it open: it must not be there for closing a descriptor to drop its locks. */
static enum found look_at_header(const char *path, off_t *bytes, char *error)
{
	char head[sizeof(magic)];
	struct stat st;
	ssize_t len;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return FOUND_NOTHING;
	if (fd < 0 || fstat(fd, &st)) {
		say_unreadable(path, strerror(errno), error);
		if (fd >= 0)
			close(fd);
		return FOUND_UNUSABLE;
	}
	len = S_ISREG(st.st_mode) ? pread(fd, head, sizeof(head), 0) : -1;
	close(fd);
	*bytes = st.st_size;
	if (!len)
		return FOUND_NOTHING;
	if (len == sizeof(head) && !memcmp(head, magic, sizeof(magic)))
		return FOUND_LEDGER;
	say_foreign(path, S_ISREG(st.st_mode) ? "no SQLite file" : "no regular file", error);
	return FOUND_UNUSABLE;
}

/**
 * ledger_file_connect - a connection to a file of which is known that it may be used
 * @path: of the file
 * @mode: what for
 * @db: the connection, for one thread at a time; to be closed also after an error
 *
 * Return: an error code of SQLite.
 */
int ledger_file_connect(const char *path, enum ledger_file_mode mode, sqlite3 **db)
{
	int flags = mode == LEDGER_FILE_WRITE ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE :
						SQLITE_OPEN_READONLY;
	int rc;

	rc = sqlite3_open_v2(path, db, flags | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc)
		return rc;
	sqlite3_extended_result_codes(*db, 1);
	sqlite3_db_config(*db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	rc = sqlite3_exec(*db, pragmas, NULL, NULL, NULL);
	if (mode == LEDGER_FILE_READ) {
		sqlite3_db_config(*db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		return sqlite3_exec(*db, "SELECT 1 FROM sqlite_schema", NULL, NULL, NULL);
	}
	sqlite3_busy_timeout(*db, 5000);
	return rc ? rc : sqlite3_exec(*db, write_pragmas, NULL, NULL, NULL);
}

/* The first sentence of quick_check, "ok" when there is nothing to say. */
static int quick_check(sqlite3 *db, const char *table, char *said, size_t size)
{
	sqlite3_stmt *statement;
	char sql[64];
	int rc;

	if (table)
		snprintf(sql, sizeof(sql), "PRAGMA quick_check('%s')", table);
	else
		snprintf(sql, sizeof(sql), "PRAGMA quick_check(1)");
	snprintf(said, size, "%s", sqlite3_errstr(SQLITE_CORRUPT));
	rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
	if (rc)
		return rc;
	if (sqlite3_step(statement) == SQLITE_ROW)
		snprintf(said, size, "%s", (const char *)sqlite3_column_text(statement, 0));
	return sqlite3_finalize(statement);
}

static bool whole(sqlite3 *db, const char *path, int version, off_t bytes, char *error)
{
	static const char *const all[] = { NULL };
	static const char *const small[] = { "meter", "account", "segment", "day", "month", "year",
					     "cost", "note" };
	const char *const *tables = bytes > CHECK_ALL_MAX_BYTES ? small : all;
	size_t count = bytes > CHECK_ALL_MAX_BYTES ? sizeof(small) / sizeof(small[0]) : 1;
	char said[256];

	if (tables == small)
		count -= (version < LEDGER_FILE_COSTS) + (version < LEDGER_FILE_NOTES);
	for (size_t i = 0; i < count; i++) {
		if (quick_check(db, tables[i], said, sizeof(said)) || strcmp(said, "ok")) {
			said[strcspn(said, "\n")] = 0;
			ledger_file_say_damaged(path, said, error);
			return false;
		}
	}
	return true;
}

static bool ours(sqlite3 *db, const char *path, int *version, char *error)
{
	s64 application;

	if (ledger_file_number(db, "PRAGMA application_id", &application) ||
	    ledger_file_version(db, version)) {
		ledger_file_say_damaged(path, sqlite3_errmsg(db), error);
		return false;
	}
	if (application != LEDGER_FILE_APPLICATION) {
		say_foreign(path, "a SQLite file of something else", error);
		return false;
	}
	if (*version > LEDGER_FILE_VERSION) {
		say_newer(path, *version, error);
		return false;
	}
	return true;
}

/* Through a connection that can't write. */
static bool examine(const char *path, off_t bytes, char *error)
{
	sqlite3 *db = NULL;
	bool fine = false;
	int version, rc;

	rc = ledger_file_connect(path, LEDGER_FILE_READ, &db);
	if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB)
		ledger_file_say_damaged(path, sqlite3_errmsg(db), error);
	else if (rc)
		say_unreadable(path, sqlite3_errmsg(db), error);
	else
		fine = ours(db, path, &version, error) && whole(db, path, version, bytes, error);
	sqlite3_close(db);
	return fine;
}

static sqlite3 *open_to_write(const char *path, char *error)
{
	sqlite3 *db = NULL;
	int rc;

	rc = ledger_file_connect(path, LEDGER_FILE_WRITE, &db);
	if (rc)
		say_unreadable(path, db ? sqlite3_errmsg(db) : sqlite3_errstr(rc), error);
	else if (!ledger_file_upgrade(db, path, ledger_file_steps, LEDGER_FILE_VERSION, error))
		return db;
	sqlite3_close(db);
	return NULL;
}

static void remove_with_logs(const char *path)
{
	static const char *const suffixes[] = { "", "-journal", "-wal", "-shm" };
	char name[4096];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		unlink(name);
	}
}

/* The directory's entry is on the disk when this returns. */
static int put_in_place(const char *from, const char *path)
{
	char directory[4096];
	int fd, rc;

	if (rename(from, path))
		return -1;
	snprintf(directory, sizeof(directory), "%s", path);
	*(strrchr(directory, '/') ? strrchr(directory, '/') + 1 : directory) = 0;
	fd = open(*directory ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = fd < 0 ? -1 : fsync(fd);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* Under another name until it is complete: whatever happens, there is a ledger or there is none. */
static sqlite3 *make(const char *path, char *error)
{
	char name[4096];
	sqlite3 *db;

	snprintf(name, sizeof(name), "%s.new", path);
	remove_with_logs(name);
	db = open_to_write(name, error);
	if (!db)
		return NULL;
	if (sqlite3_close(db) || put_in_place(name, path)) {
		say_unreadable(path, strerror(errno), error);
		return NULL;
	}
	return open_to_write(path, error);
}

static bool has_log(const char *path, const char *suffix)
{
	char name[4096];

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return !access(name, F_OK);
}

static char *immutable_uri(const char *path)
{
	sqlite3_str *uri = sqlite3_str_new(NULL);

	sqlite3_str_appendall(uri, "file:");
	for (; *path; path++)
		sqlite3_str_appendf(uri, strchr("%?#", *path) ? "%%%02x" : "%c", *path);
	sqlite3_str_appendall(uri, "?immutable=1");
	return sqlite3_str_finish(uri);
}

/* A ledger that nobody writes, in a directory where the reader may make no files. */
static int connect_immutable(const char *path, sqlite3 **db)
{
	char *uri;
	int rc;

	if (has_log(path, "-wal") || has_log(path, "-journal"))
		return SQLITE_CANTOPEN;
	uri = immutable_uri(path);
	if (!uri)
		return SQLITE_NOMEM;
	sqlite3_close(*db);
	rc = sqlite3_open_v2(uri, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
			     NULL);
	sqlite3_free(uri);
	return rc;
}

static sqlite3 *open_to_read(const char *path, char *error)
{
	sqlite3 *db = NULL;
	int version, rc;

	rc = ledger_file_connect(path, LEDGER_FILE_READ, &db);
	if ((rc & 0xff) == SQLITE_CANTOPEN || (rc & 0xff) == SQLITE_READONLY)
		rc = connect_immutable(path, &db);
	if (rc)
		say_unreadable(path, db ? sqlite3_errmsg(db) : sqlite3_errstr(rc), error);
	else if (ours(db, path, &version, error))
		return db;
	sqlite3_close(db);
	return NULL;
}

/**
 * ledger_file_open - open a ledger after looking whether it is one
 * @path: of the file; may be missing or empty for LEDGER_FILE_WRITE, which makes it
 * @mode: LEDGER_FILE_WRITE also checks that it is whole, and brings it to this version's schema
 *	after a copy of the file was made
 * @error: a sentence for a person, when it fails
 *
 * A file that is damaged, newer or not a ledger is not touched.
 *
 * Return: a connection for one thread at a time, or NULL.
 */
sqlite3 *ledger_file_open(const char *path, enum ledger_file_mode mode,
			  char error[LEDGER_FILE_ERROR_MAX])
{
	off_t bytes = 0;

	switch (look_at_header(path, &bytes, error)) {
	case FOUND_UNUSABLE:
		return NULL;
	case FOUND_NOTHING:
		if (mode == LEDGER_FILE_WRITE)
			return make(path, error);
		snprintf(error, LEDGER_FILE_ERROR_MAX,
			 "%s: there is no ledger here; --file PATH names another", path);
		return NULL;
	case FOUND_LEDGER:
		break;
	}
	if (mode == LEDGER_FILE_READ)
		return open_to_read(path, error);
	return examine(path, bytes, error) ? open_to_write(path, error) : NULL;
}
