/* SPDX-License-Identifier: MIT */
/*
 * A VFS of SQLite that remembers what is written and synced, or ends the process at one of those.
 *
 * It passes everything on to the VFS of the system; shared memory is not part of what a disk holds.
 */
#ifndef METERD_TESTS_CRASH_VFS_H
#define METERD_TESTS_CRASH_VFS_H

#include <signal.h>
#include <sqlite3.h>
#include <unistd.h>

#include "../host/host.h"

#define CRASH_FILES 8

/** enum crash_kind - what can change a disk */
enum crash_kind {
	CRASH_WRITE,
	CRASH_TRUNCATE,
	CRASH_SYNC,
	CRASH_DELETE,
};

/** struct crash_op - one change; @acknowledged: commits the store had told before it */
struct crash_op {
	enum crash_kind kind;
	unsigned int file;
	s64 offset;
	u8 *bytes;
	size_t len;
	u64 acknowledged;
};

/**
 * struct crash_disk - all changes
 * @name: of files, the last part
 * @at: end the process at this change, counted from 1; 0: never
 * @torn: a write is done by half before
 * @acknowledged: commits that the store has told
 */
struct crash_disk {
	sqlite3_vfs vfs;
	sqlite3_vfs *system;
	char name[CRASH_FILES][64];
	unsigned int files;
	bool record;
	struct crash_op *ops;
	size_t count;
	size_t room;
	u64 at;
	bool torn;
	u64 done;
	volatile u64 acknowledged;
};

struct crash_file {
	sqlite3_file base;
	struct crash_disk *disk;
	unsigned int number;
	sqlite3_file real[];
};

static struct crash_disk disk;

static unsigned int crash_file_number(const char *path)
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

	for (unsigned int i = 0; i < disk.files; i++)
		if (!strcmp(disk.name[i], name))
			return i;
	if (disk.files == CRASH_FILES)
		abort();
	snprintf(disk.name[disk.files], sizeof(disk.name[0]), "%s", name);
	return disk.files++;
}

/* Whether the process is to end here. */
static bool crash_here(void)
{
	return ++disk.done == disk.at;
}

static void crash_note(enum crash_kind kind, unsigned int file, s64 offset, const void *bytes,
		       size_t len)
{
	struct crash_op *op;

	if (!disk.record)
		return;
	if (disk.count == disk.room) {
		disk.room = disk.room ? 2 * disk.room : 1024;
		disk.ops = reallocarray(disk.ops, disk.room, sizeof(*disk.ops));
	}
	op = &disk.ops[disk.count++];
	*op = (struct crash_op){ kind, file, offset, NULL, len, disk.acknowledged };
	if (!bytes)
		return;
	op->bytes = malloc(len);
	memcpy(op->bytes, bytes, len);
}

#define REAL(file) (((struct crash_file *)(file))->real)
#define NUMBER(file) (((struct crash_file *)(file))->number)

static int crash_write(sqlite3_file *f, const void *bytes, int len, sqlite3_int64 offset)
{
	if (crash_here()) {
		if (disk.torn)
			REAL(f)->pMethods->xWrite(REAL(f), bytes, len / 2, offset);
		raise(SIGKILL);
	}
	crash_note(CRASH_WRITE, NUMBER(f), offset, bytes, len);
	return REAL(f)->pMethods->xWrite(REAL(f), bytes, len, offset);
}

static int crash_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	if (crash_here())
		raise(SIGKILL);
	crash_note(CRASH_TRUNCATE, NUMBER(f), size, NULL, 0);
	return REAL(f)->pMethods->xTruncate(REAL(f), size);
}

static int crash_sync(sqlite3_file *f, int flags)
{
	if (crash_here())
		raise(SIGKILL);
	crash_note(CRASH_SYNC, NUMBER(f), 0, NULL, 0);
	return disk.record ? SQLITE_OK : REAL(f)->pMethods->xSync(REAL(f), flags);
}

static int crash_close(sqlite3_file *f)
{
	return REAL(f)->pMethods ? REAL(f)->pMethods->xClose(REAL(f)) : SQLITE_OK;
}

static int crash_read(sqlite3_file *f, void *bytes, int len, sqlite3_int64 offset)
{
	return REAL(f)->pMethods->xRead(REAL(f), bytes, len, offset);
}

static int crash_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return REAL(f)->pMethods->xFileSize(REAL(f), size);
}

static int crash_lock(sqlite3_file *f, int lock)
{
	return REAL(f)->pMethods->xLock(REAL(f), lock);
}

static int crash_unlock(sqlite3_file *f, int lock)
{
	return REAL(f)->pMethods->xUnlock(REAL(f), lock);
}

static int crash_reserved(sqlite3_file *f, int *reserved)
{
	return REAL(f)->pMethods->xCheckReservedLock(REAL(f), reserved);
}

static int crash_control(sqlite3_file *f, int what, void *argument)
{
	return REAL(f)->pMethods->xFileControl(REAL(f), what, argument);
}

static int crash_sector(sqlite3_file *f)
{
	return REAL(f)->pMethods->xSectorSize(REAL(f));
}

static int crash_traits(sqlite3_file *f)
{
	return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f));
}

static int crash_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **at)
{
	return REAL(f)->pMethods->xShmMap(REAL(f), page, size, extend, at);
}

static int crash_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return REAL(f)->pMethods->xShmLock(REAL(f), offset, n, flags);
}

static void crash_shm_barrier(sqlite3_file *f)
{
	REAL(f)->pMethods->xShmBarrier(REAL(f));
}

static int crash_shm_unmap(sqlite3_file *f, int remove)
{
	return REAL(f)->pMethods->xShmUnmap(REAL(f), remove);
}

static const sqlite3_io_methods crash_methods = {
	.iVersion = 2,
	.xClose = crash_close,
	.xRead = crash_read,
	.xWrite = crash_write,
	.xTruncate = crash_truncate,
	.xSync = crash_sync,
	.xFileSize = crash_size,
	.xLock = crash_lock,
	.xUnlock = crash_unlock,
	.xCheckReservedLock = crash_reserved,
	.xFileControl = crash_control,
	.xSectorSize = crash_sector,
	.xDeviceCharacteristics = crash_traits,
	.xShmMap = crash_shm_map,
	.xShmLock = crash_shm_lock,
	.xShmBarrier = crash_shm_barrier,
	.xShmUnmap = crash_shm_unmap,
};

/* Files without a name are temporary: no part of what must survive. */
static int crash_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *out)
{
	struct crash_file *file = (struct crash_file *)f;
	int rc;

	(void)vfs;
	rc = disk.system->xOpen(disk.system, path, file->real, flags, out);
	file->base.pMethods = file->real->pMethods ? &crash_methods : NULL;
	file->number = path ? crash_file_number(path) : CRASH_FILES - 1;
	return rc;
}

static int crash_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
	(void)vfs;
	if (crash_here())
		raise(SIGKILL);
	crash_note(CRASH_DELETE, crash_file_number(path), 0, NULL, 0);
	return disk.system->xDelete(disk.system, path, sync);
}

/* From here on SQLite writes through it. */
static void crash_disk_install(void)
{
	disk.system = sqlite3_vfs_find(NULL);
	disk.vfs = *disk.system;
	disk.vfs.zName = "crash";
	disk.vfs.szOsFile = sizeof(struct crash_file) + disk.system->szOsFile;
	disk.vfs.xOpen = crash_open;
	disk.vfs.xDelete = crash_delete;
	sqlite3_vfs_register(&disk.vfs, 1);
}

#endif /* METERD_TESTS_CRASH_VFS_H */
