// SPDX-License-Identifier: MIT
/*
 * kill -9 and power cuts, at every write: the ledger opens again, with whole transactions, with
 * all that was told to be written, and in order; and the same telegrams once more give what would
 * have been without.
 *
 * CRASH_POINTS tells how many points are tried of each kind, spread evenly; 0: all.
 */
#include <sys/mman.h>

#include "crash_vfs.h"
#include "store_bench.h"

#define COMMITS_MAX 64
#define POINTS 40

/**
 * struct story - what happens, once without a crash
 * @digest: of the file after each commit; the first is that of an empty ledger
 * @commits: how many
 * @final: of all values at the end
 */
struct story {
	char digest[COMMITS_MAX + 1][256];
	unsigned int commits;
	struct text final;
};

static struct story story;

/** struct image - what a disk holds of a file; @len 0 and not @there: no such file */
struct image {
	u8 *bytes;
	size_t len;
	bool there;
};

/** struct platter - all files */
struct platter {
	struct image file[CRASH_FILES];
};

/* A new ledger, as it is when recording begins. */
static struct platter fresh;

/* Told by the child that is killed: shared memory. */
static volatile u64 *told;

static u64 points(u64 count)
{
	const char *text = getenv("CRASH_POINTS");
	u64 wanted = text ? strtoull(text, NULL, 10) : POINTS;

	return wanted && wanted < count ? wanted : count;
}

/* One number for each kind of thing that a transaction changes. */
static const char digest_sql[] =
	"SELECT printf('%d %d %d %d %d %d %d %d %d %d %d %d',"
	"(SELECT count(*) FROM meter), (SELECT count(*) FROM segment),"
	"(SELECT count(*) FROM account), (SELECT total(last_s) FROM account),"
	"(SELECT total(last) FROM account),"
	"(SELECT count(*) FROM quarter), (SELECT total(gas) FROM quarter),"
	"(SELECT count(*) FROM quality), (SELECT count(*) FROM day),"
	"(SELECT count(*) FROM month),"
	"(SELECT count(*) FROM note), (SELECT total(value) FROM note))";

static bool digest_of(sqlite3 *db, char digest[256])
{
	sqlite3_stmt *row;
	bool got;

	digest[0] = 0;
	if (sqlite3_prepare_v2(db, digest_sql, -1, &row, NULL))
		return false;
	got = sqlite3_step(row) == SQLITE_ROW;
	if (got)
		snprintf(digest, 256, "%s", (const char *)sqlite3_column_text(row, 0));
	return !sqlite3_finalize(row) && got;
}

static struct ledger_book *meter(struct bench *t, const char *name)
{
	struct ledger_book *b = ledger_find(t->ledger, name);

	return b ? b : bench_meter(t, name);
}

/* The meter of the house is replaced on the second day; its number says whether it was. */
static void replace(struct ledger_book *b, s64 time_s)
{
	if (strcmp(b->number, "second"))
		ledger_replace(b, "second", time_s);
}

static s64 house_wh(s64 at_s)
{
	bool second = at_s >= DAY_ONE_S + 129600;

	return (second ? 500 : 1000000) + (at_s - DAY_ONE_S) / 7;
}

/* The old meter's telegrams, read once more, must not be booked on the new one. */
static bool is_of_its_meter(const struct ledger_book *b, s64 at_s)
{
	return !strcmp(b->number, "second") == (at_s >= DAY_ONE_S + 129600);
}

/* One that changes, one that comes, and one that goes. */
static void learn(struct bench *t, unsigned int part)
{
	char key[32], value[16];

	snprintf(value, sizeof(value), "%u", part + 1);
	notes_set(t->notes, "house/counter", value);
	snprintf(key, sizeof(key), "house/part/%u", part);
	notes_set(t->notes, key, value);
	snprintf(key, sizeof(key), "house/part/%u", part - 3);
	notes_set(t->notes, key, NULL);
}

static void six_hours(struct bench *t, unsigned int part)
{
	s64 from_s = DAY_ONE_S + part * 21600ll;
	struct ledger_book *house = meter(t, "house"), *garden = meter(t, "garden");

	learn(t, part);
	for (s64 at_s = from_s; at_s < from_s + 21600; at_s += 450) {
		if (at_s == DAY_ONE_S + 129600)
			replace(house, at_s);
		if (is_of_its_meter(house, at_s))
			bench_read(house, at_s, house_wh(at_s));
		/* Silent for a day: told as missing, and estimated when it comes back. */
		if (at_s < DAY_ONE_S + 80000 || at_s > DAY_ONE_S + 170000)
			bench_read(garden, at_s, 77 + (at_s - DAY_ONE_S) / 50);
		if (at_s % 3600 == 0)
			ledger_tick(t->ledger, at_s);
	}
}

#define PARTS 14

/* Tells each commit to @told when the store has. */
static void tell_story(struct bench *t, struct story *s)
{
	for (unsigned int part = 0; part < PARTS; part++) {
		six_hours(t, part);
		if (!bench_commit(t))
			return;
		disk.acknowledged++;
		if (told)
			*told = disk.acknowledged;
		if (s)
			digest_of(store_reader(t->store), s->digest[++s->commits]);
	}
}

/* What was booked before changes nothing, so that there may be nothing to write. */
static void tell_again(struct bench *t)
{
	for (unsigned int part = 0; part < PARTS; part++) {
		six_hours(t, part);
		store_commit(t->store);
		bench_settle(t);
	}
}

static void export_all(struct bench *t, struct text *text)
{
	static const char *const names[] = { "garden", "house" };
	struct ledger_entry entries[64];

	for (unsigned int m = 0; m < 2; m++) {
		for (unsigned int p = 0; p < PERIOD_COUNT; p++) {
			struct ledger_query *q = ledger_query_open(t->store, names[m], p, INT64_MIN,
								   INT64_MAX, 0);
			int n;

			while ((n = ledger_query_next(q, entries, 64)) > 0)
				for (int i = 0; i < n; i++)
					text_add(text, "%s %u %u %lld %lld %02x %lld\n", names[m],
						 p, entries[i].reg, (long long)entries[i].start_s,
						 (long long)entries[i].end_s, entries[i].quality,
						 (long long)entries[i].milli);
			ledger_query_close(q);
		}
	}
}

static bool open_story(struct bench *t)
{
	t->only_told = true;
	return bench_open_days(t, 2) &&
	       bench_prices(t, "[price a]\ncurrency = EUR\nimport = 0.25161\nexport = 0.04\n"
			       "gas = 1.2\nfixed_month = 10\n");
}

static void load(struct image *f, const char *path)
{
	FILE *in = fopen(path, "rb");
	struct stat st;

	if (!in || fstat(fileno(in), &st))
		abort();
	f->bytes = malloc(st.st_size);
	f->len = fread(f->bytes, 1, st.st_size, in);
	f->there = true;
	fclose(in);
}

/* Without a crash; what it writes is recorded. */
static bool tell_once(void)
{
	struct bench t;
	bool kept;

	bench_directory(&t);
	open_story(&t);
	bench_close(&t);
	load(&fresh.file[crash_file_number(LEDGER_FILE_NAME)], t.path);
	disk.record = true;
	kept = open_story(&t);
	kept = kept && digest_of(store_reader(t.store), story.digest[0]);
	tell_story(&t, &story);
	kept = kept && story.commits == PARTS &&
	       number(t.path, "SELECT count(*) FROM note") == 4;
	export_all(&t, &story.final);
	bench_close(&t);
	disk.record = false;
	kept = kept && bench_check(t.path);
	bench_end(&t);
	return kept || broken("the story can't be told at all");
}

static int which_commit(const char *digest)
{
	for (int i = story.commits; i >= 0; i--)
		if (!strcmp(digest, story.digest[i]))
			return i;
	return -1;
}

/* The ledger may not have been made yet. */
static bool holds_whole_transactions(const char *path, u64 acknowledged, const char *when)
{
	char error[LEDGER_FILE_ERROR_MAX] = "", digest[256] = "";
	sqlite3 *db = ledger_file_open(path, LEDGER_FILE_WRITE, error);
	int commit;

	if (!db)
		return broken("%s: %s", when, error);
	digest_of(db, digest);
	sqlite3_close(db);
	commit = which_commit(digest);
	if (commit < 0)
		return broken("%s: %s is no state between two transactions", when, digest);
	if ((u64)commit < acknowledged)
		return broken("%s: %llu commits were told, but %d are there", when,
			      (unsigned long long)acknowledged, commit);
	return bench_check(path);
}

/* The same telegrams again, from the first: late ones are not booked twice. */
static bool goes_on_as_if_nothing_was(struct bench *t, const char *when)
{
	struct text final = { 0 };
	bool kept;

	if (!open_story(t))
		return broken("%s: it does not open", when);
	tell_again(t);
	export_all(t, &final);
	kept = text_same(&final, &story.final) || broken("%s: other values at the end", when);
	text_free(&final);
	bench_close(t);
	return kept && bench_check(t->path);
}

/* True when the child was killed, false when it came to its end. */
static bool run_killed(struct bench *t, u64 at, bool torn)
{
	int status = 0;
	pid_t child;

	*told = 0;
	fflush(stdout);
	child = fork();
	if (!child) {
		disk.at = at;
		disk.torn = torn;
		disk.done = 0;
		disk.acknowledged = 0;
		if (open_story(t))
			tell_story(t, NULL);
		store_close(t->store);
		_exit(0);
	}
	waitpid(child, &status, 0);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static u64 count_changes(void)
{
	struct bench t;

	bench_directory(&t);
	disk.done = 0;
	if (open_story(&t))
		tell_story(&t, NULL);
	bench_end(&t);
	return disk.done;
}

static bool killed_at_every_write(bool torn)
{
	u64 count = count_changes(), tried = points(count);
	bool kept = count > 300;

	for (u64 i = 0; kept && i < tried; i++) {
		u64 at = 1 + i * count / tried;
		struct bench t;
		char when[64];

		bench_directory(&t);
		snprintf(when, sizeof(when), "killed at write %llu of %llu", (unsigned long long)at,
			 (unsigned long long)count);
		kept = run_killed(&t, at, torn) || broken("%s: it was not", when);
		kept = kept && holds_whole_transactions(t.path, *told, when) &&
		       goes_on_as_if_nothing_was(&t, when);
		bench_end(&t);
	}
	note("%llu of %llu writes", (unsigned long long)tried, (unsigned long long)count);
	return kept;
}

static bool kill_9_at_every_write_loses_nothing_that_was_told(const char **skip)
{
	(void)skip;
	return killed_at_every_write(false);
}

static bool a_write_that_is_torn_by_kill_9_loses_nothing_that_was_told(const char **skip)
{
	(void)skip;
	return killed_at_every_write(true);
}

static void image_write(struct image *f, s64 offset, const u8 *bytes, size_t len)
{
	if (offset + len > f->len) {
		f->bytes = realloc(f->bytes, offset + len);
		memset(f->bytes + f->len, 0, offset + len - f->len);
		f->len = offset + len;
	}
	memcpy(f->bytes + offset, bytes, len);
	f->there = true;
}

static void platter_apply(struct platter *p, const struct crash_op *op, size_t len)
{
	struct image *f = &p->file[op->file];

	switch (op->kind) {
	case CRASH_WRITE:
		image_write(f, op->offset, op->bytes, len);
		break;
	case CRASH_TRUNCATE:
		if ((size_t)op->offset < f->len)
			f->len = op->offset;
		break;
	case CRASH_DELETE:
		f->len = 0;
		f->there = false;
		break;
	case CRASH_SYNC:
		break;
	}
}

static void platter_copy(struct platter *to, const struct platter *from)
{
	for (unsigned int i = 0; i < CRASH_FILES; i++)
		if (from->file[i].there)
			image_write(&to->file[i], 0, from->file[i].bytes, from->file[i].len);
}

static void platter_free(struct platter *p)
{
	for (unsigned int i = 0; i < CRASH_FILES; i++)
		free(p->file[i].bytes);
}

static void platter_save(const struct platter *p, const char *directory)
{
	char path[192];

	for (unsigned int i = 0; i < disk.files; i++) {
		FILE *out;

		if (!p->file[i].there || strstr(disk.name[i], "-shm"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, disk.name[i]);
		out = fopen(path, "wb");
		if (!out || fwrite(p->file[i].bytes, 1, p->file[i].len, out) != p->file[i].len ||
		    fclose(out))
			abort();
	}
}

/** enum cut - what the disk did with what was not synced */
enum cut {
	CUT_KEPT_ALL,
	CUT_KEPT_NOTHING,
	CUT_KEPT_SOME,		/* any, in any order, sectors of them torn */
	CUTS,
};

/* What is not synced may be there or not; a write may have got on with some of its sectors. */
static void apply_unsynced(struct platter *p, const struct crash_op *op, enum cut cut, u64 *state)
{
	size_t len = op->len;

	if (cut == CUT_KEPT_NOTHING || (cut == CUT_KEPT_SOME && lot(state, 2)))
		return;
	if (cut == CUT_KEPT_SOME && op->kind == CRASH_WRITE && len > 512 && !lot(state, 4))
		len = 512 * (1 + lot(state, len / 512));
	platter_apply(p, op, len);
}

/* The changes of a file before its last sync are on the disk. */
static void mark_synced(bool *synced, size_t at)
{
	for (size_t i = 0; i <= at; i++)
		if (disk.ops[i].file == disk.ops[at].file)
			synced[i] = true;
}

static bool survives_cut(const struct platter *p, u64 acknowledged, const char *when)
{
	struct bench t;
	bool kept;

	bench_directory(&t);
	platter_save(p, t.directory);
	kept = holds_whole_transactions(t.path, acknowledged, when);
	bench_end(&t);
	return kept;
}

/* After the first @count changes. */
static bool cut_after(size_t count, enum cut cut, u64 *state)
{
	static const char *const names[CUTS] = { "all", "nothing", "some" };
	bool *synced = calloc(count + 1, sizeof(*synced));
	struct platter p = { 0 };
	char when[96];
	bool kept;

	platter_copy(&p, &fresh);
	for (size_t i = 0; i < count; i++)
		if (disk.ops[i].kind == CRASH_SYNC)
			mark_synced(synced, i);
	for (size_t i = 0; i < count; i++) {
		if (synced[i])
			platter_apply(&p, &disk.ops[i], disk.ops[i].len);
		else
			apply_unsynced(&p, &disk.ops[i], cut, state);
	}
	snprintf(when, sizeof(when), "power cut after write %zu of %zu, %s unsynced kept", count,
		 disk.count, names[cut]);
	kept = survives_cut(&p, count ? disk.ops[count - 1].acknowledged : 0, when);
	platter_free(&p);
	free(synced);
	return kept;
}

static bool a_power_cut_after_any_write_loses_nothing_that_was_told(const char **skip)
{
	bool kept = disk.count > 300;
	u64 tried = points(disk.count), state = 1;

	(void)skip;
	for (u64 i = 0; kept && i <= tried; i++)
		for (unsigned int cut = 0; kept && cut < CUTS; cut++)
			kept = cut_after(i * disk.count / tried, cut, &state);
	note("%llu of %zu writes, %d ways each", (unsigned long long)tried, disk.count, CUTS);
	return kept;
}

static const struct promise promises[] = {
	{ "a_power_cut_after_any_write_loses_nothing_that_was_told",
	  a_power_cut_after_any_write_loses_nothing_that_was_told },
	{ "kill_9_at_every_write_loses_nothing_that_was_told",
	  kill_9_at_every_write_loses_nothing_that_was_told },
	{ "a_write_that_is_torn_by_kill_9_loses_nothing_that_was_told",
	  a_write_that_is_torn_by_kill_9_loses_nothing_that_was_told },
};

int main(void)
{
	int rc;

	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
	crash_disk_install();
	if (!tell_once())
		return 1;
	rc = keep_promises(promises, COUNT(promises));
	for (size_t i = 0; i < disk.count; i++)
		free(disk.ops[i].bytes);
	free(disk.ops);
	platter_free(&fresh);
	text_free(&story.final);
	return rc;
}
