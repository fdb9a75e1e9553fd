// SPDX-License-Identifier: MIT
/*
 * The store: what it is given comes back, whatever happens to the file.
 */
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "store_bench.h"

static bool same_account(const struct ledger_account *a, const struct ledger_account *b)
{
	if (a->reg != b->reg || a->kind != b->kind || a->interval_count != b->interval_count ||
	    memcmp(a->interval_s, b->interval_s, a->interval_count * sizeof(u32)))
		return broken("%s: kind or intervals differ", quantity_info[a->reg].name);
	if (a->first != b->first || a->first_s != b->first_s || a->last != b->last ||
	    a->last_s != b->last_s || a->continued != b->continued)
		return broken("%s: readings differ", quantity_info[a->reg].name);
	if (a->modulus != b->modulus || a->step != b->step || a->told_s != b->told_s)
		return broken("%s: modulus, step or told_s differ", quantity_info[a->reg].name);
	for (unsigned int p = 0; p < PERIOD_COUNT; p++) {
		const struct ledger_span *x = &a->span[p], *y = &b->span[p];

		if (x->start_s != y->start_s || x->end_s != y->end_s || x->base != y->base ||
		    x->carried != y->carried || a->quality[p] != b->quality[p])
			return broken("%s: %s spans differ", quantity_info[a->reg].name,
				      period_name(p));
	}
	return true;
}

static bool same_book(const struct ledger_book *a, const struct ledger_book *b)
{
	if (a->id != b->id || strcmp(a->name, b->name) || strcmp(a->number, b->number) ||
	    strcmp(a->source, b->source) || a->protocol != b->protocol || a->zone != b->zone ||
	    a->sends_total != b->sends_total || a->count != b->count)
		return broken("the meter differs");
	for (unsigned int i = 0; i < a->count; i++)
		if (!same_account(&a->accounts[i], &b->accounts[i]))
			return false;
	return true;
}

/* An account in which no member is what another one is. */
static struct ledger_account odd_account(enum quantity reg, s64 seed)
{
	struct ledger_account a = {
		.reg = reg,
		.kind = ACCOUNT_SENT,
		.interval_count = 3,
		.interval_s = { 4294967295u, 10, 3600 },
		.first = -seed,
		.first_s = 1700000000 + seed,
		.last = 999999999999000ll + seed,
		.last_s = 1700500000 + seed,
		.continued = -77 * seed,
		.modulus = 1000000000000ll,
		.step = seed % 7,
		.told_s = 1700600000 + seed,
		.changed = true,
	};

	for (unsigned int p = 0; p < PERIOD_COUNT; p++) {
		a.span[p] = (struct ledger_span){
			1700400000 + seed + p, 1700700000 + seed + p, -5 - seed - p, 77 + seed + p,
		};
		a.quality[p] = (QUALITY_ESTIMATED | QUALITY_REPLACED) << (p & 1);
	}
	return a;
}

static bool every_member_of_an_account_survives(const char **skip)
{
	struct ledger_book book = {
		.id = 7, .name = "house-1", .number = "E0031003112345678", .source = "gateway",
		.protocol = TELEGRAM_P1, .changed = true,
		.sends_total = 1ull << Q_energy_import | 1ull << (REGISTER_COUNT - 1),
	};
	struct ledger *first;
	struct ledger_book *b;
	struct bench t;
	bool kept;

	(void)skip;
	if (!bench_begin(&t))
		return broken("no ledger");
	book.zone = zone_get("Asia/Kathmandu");
	b = ledger_restore_book(t.ledger, &book);
	for (unsigned int i = 0; i < REGISTER_COUNT; i++) {
		struct ledger_account a = odd_account(register_at(i), i * 1000);

		a.interval_count = i % 4;
		a.kind = register_tariff(a.reg) > 1 ? ACCOUNT_RANGE : ACCOUNT_SENT;
		ledger_restore_account(b, &a)->changed = true;
	}
	store_close(t.store);
	t.store = NULL;
	notes_free(t.notes);
	event_base_free(t.base);
	first = t.ledger;
	kept = bench_open(&t) && ledger_find(t.ledger, "house-1") &&
	       same_book(ledger_find(first, "house-1"), ledger_find(t.ledger, "house-1"));
	ledger_free(first);
	bench_end(&t);
	return kept;
}

static size_t read_all(struct bench *t, const char *name, enum period p, s64 from_s, s64 to_s,
		       size_t newest, struct ledger_entry *entries, size_t max)
{
	struct ledger_query *q = ledger_query_open(t->store, name, p, from_s, to_s, newest);
	size_t count = 0;
	int n;

	while (q && count < max && (n = ledger_query_next(q, entries + count, 7)) > 0)
		count += n;
	ledger_query_close(q);
	return count;
}

static bool same_entry(const struct ledger_entry *a, const struct ledger_entry *b)
{
	return a->start_s == b->start_s && a->end_s == b->end_s && a->period == b->period &&
	       a->reg == b->reg && a->quality == b->quality &&
	       (a->quality & QUALITY_MISSING || a->milli == b->milli);
}

static bool same_entries(const struct ledger_entry *a, size_t a_count,
			 const struct ledger_entry *b, size_t b_count)
{
	if (a_count != b_count)
		return broken("%zu entries, and then %zu", a_count, b_count);
	for (size_t i = 0; i < a_count; i++)
		if (!same_entry(&a[i], &b[i]))
			return broken("entry %zu of %zu differs: %s at %lld", i, a_count,
				      quantity_info[a[i].reg].name, (long long)a[i].start_s);
	return true;
}

static bool in_order(const struct ledger_entry *e, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (e[i].start_s < e[i - 1].start_s ||
		    (e[i].start_s == e[i - 1].start_s &&
		     register_index(e[i].reg) <= register_index(e[i - 1].reg)))
			return broken("entry %zu is out of order", i);
	return true;
}

#define ENTRIES_MAX 20000

static struct ledger_entry before[ENTRIES_MAX], after[ENTRIES_MAX];

/* The same answer from memory, at the writer, from the file, and after a restart. */
static bool a_query_says_the_same_wherever_the_rows_are(const char **skip)
{
	struct ledger_book *b;
	size_t was, is;
	struct bench t;
	bool kept = true;

	(void)skip;
	if (!bench_begin(&t))
		return broken("no ledger");
	b = bench_meter(&t, "house");
	bench_run(b, DAY_ONE_S + 333, DAY_ONE_S + 3 * 86400, 60);
	bench_commit(&t);
	bench_run(b, DAY_ONE_S + 3 * 86400 + 7200, DAY_ONE_S + 4 * 86400, 300);
	for (unsigned int p = 0; kept && p < PERIOD_COUNT; p++) {
		was = read_all(&t, "house", p, 0, INT64_MAX, 0, before, ENTRIES_MAX);
		kept = was && in_order(before, was);
	}
	if (!kept)
		broken("nothing was found");
	was = read_all(&t, "house", PERIOD_QUARTER, 0, INT64_MAX, 0, before, ENTRIES_MAX);
	store_commit(t.store);
	is = read_all(&t, "house", PERIOD_QUARTER, 0, INT64_MAX, 0, after, ENTRIES_MAX);
	kept = kept && same_entries(before, was, after, is);
	kept = kept && bench_settle(&t);
	is = read_all(&t, "house", PERIOD_QUARTER, 0, INT64_MAX, 0, after, ENTRIES_MAX);
	kept = kept && same_entries(before, was, after, is);
	bench_close(&t);
	kept = kept && bench_open(&t);
	is = kept ? read_all(&t, "house", PERIOD_QUARTER, 0, INT64_MAX, 0, after, ENTRIES_MAX) : 0;
	kept = kept && same_entries(before, was, after, is) && was > 4 * 96 * 3;
	bench_close(&t);
	kept = kept && bench_check(t.path);
	bench_end(&t);
	return kept;
}

/* Two tariffs and no total: the total is their sum, at every stage. */
static bool a_total_that_is_not_sent_is_the_sum_of_its_tariffs(const char **skip)
{
	s64 sum = 0, start_s = 0;
	struct bench t;
	bool kept = true;
	size_t count;

	(void)skip;
	if (!bench_begin(&t))
		return broken("no ledger");
	bench_run(bench_meter(&t, "house"), DAY_ONE_S, DAY_ONE_S + 30 * 3600, 120);
	bench_commit(&t);
	count = read_all(&t, "house", PERIOD_QUARTER, 0, INT64_MAX, 0, before, ENTRIES_MAX);
	for (size_t i = count; i-- > 0;) {
		const struct ledger_entry *e = &before[i];

		if (e->start_s != start_s)
			sum = 0;
		start_s = e->start_s;
		if (register_total(e->reg) == Q_energy_import)
			sum += e->milli;
		if (e->reg == Q_energy_import && e->milli != sum)
			kept = broken("quarter at %lld: %lld, not %lld", (long long)start_s,
				      (long long)e->milli, (long long)sum);
	}
	kept = kept && count && before[0].reg == Q_energy_import;
	bench_end(&t);
	return kept;
}

static void put(struct bench *t, struct ledger_book *b, enum quantity reg, s64 start_s, s64 milli,
		u8 quality)
{
	struct ledger_entry e = {
		.start_s = start_s, .end_s = start_s + 900, .milli = milli,
		.period = PERIOD_QUARTER, .reg = reg, .quality = quality,
	};

	store_row(t->store, b, &e);
}

static bool is_entry(const struct ledger_entry *e, enum quantity reg, s64 milli, u8 quality)
{
	if (e->reg == reg && e->quality == quality && (quality & QUALITY_MISSING || e->milli == milli))
		return true;
	return broken("%s is %lld with quality %02x, not %s %lld with %02x",
		      quantity_info[e->reg].name, (long long)e->milli, e->quality,
		      quantity_info[reg].name, (long long)milli, quality);
}

/* In every order of stages: both in memory, one in the file, both in the file. */
static bool a_row_that_comes_again_replaces_value_and_quality(const char **skip)
{
	const s64 start_s = DAY_ONE_S;
	bool kept = true;

	(void)skip;
	for (unsigned int stages = 0; kept && stages < 4; stages++) {
		struct ledger_book *b;
		struct bench t;
		size_t count;

		if (!bench_begin(&t))
			return broken("no ledger");
		b = bench_meter(&t, "house");
		put(&t, b, Q_gas, start_s, 5, QUALITY_PARTIAL);
		put(&t, b, Q_water, start_s, 0, QUALITY_MISSING);
		put(&t, b, Q_energy_import, start_s, 100, 0);
		put(&t, b, Q_energy_export, start_s, 7, QUALITY_JUMP);
		kept = !(stages & 1) || bench_commit(&t);
		put(&t, b, Q_gas, start_s, -6, 0);
		put(&t, b, Q_water, start_s, 9, QUALITY_ESTIMATED);
		put(&t, b, Q_energy_import, start_s, 0, QUALITY_MISSING);
		kept = kept && (!(stages & 2) || bench_commit(&t));
		count = read_all(&t, "house", PERIOD_QUARTER, 0, INT64_MAX, 0, after, ENTRIES_MAX);
		kept = kept && count == 4 &&
		       is_entry(&after[0], Q_energy_import, 0, QUALITY_MISSING) &&
		       is_entry(&after[1], Q_energy_export, 7, QUALITY_JUMP) &&
		       is_entry(&after[2], Q_gas, -6, 0) &&
		       is_entry(&after[3], Q_water, 9, QUALITY_ESTIMATED);
		bench_end(&t);
	}
	return kept;
}

static bool from_and_to_select_by_start(const char **skip)
{
	struct ledger_book *b;
	bool kept = true;
	struct bench t;

	(void)skip;
	if (!bench_begin(&t))
		return broken("no ledger");
	b = bench_meter(&t, "house");
	for (unsigned int i = 0; i < 300; i++) {
		put(&t, b, Q_gas, DAY_ONE_S + i * 900, i, 0);
		if (i == 100)
			kept = bench_commit(&t);
		if (i == 200)
			store_commit(t.store);
	}
	for (unsigned int i = 0; kept && i < 300; i += 23) {
		for (unsigned int n = 0; kept && n < 100; n += 33) {
			s64 from_s = DAY_ONE_S + i * 900, to_s = from_s + n * 900;
			size_t count = read_all(&t, "house", PERIOD_QUARTER, from_s, to_s, 0, after,
						ENTRIES_MAX);
			size_t wanted = i + n <= 300 ? n : 300 - i;

			kept = count == wanted && (!n || after[0].milli == i);
			count = read_all(&t, "house", PERIOD_QUARTER, from_s + 1, to_s + 1, 0, after,
					 ENTRIES_MAX);
			kept = kept && count == (i + 1 + n <= 300 ? n : 299 - i);
			if (!kept)
				broken("%u periods from %u on: %zu", n, i, count);
		}
	}
	bench_end(&t);
	return kept;
}

static bool the_newest_are_whole_starts_and_not_one_more_than_asked(const char **skip)
{
	struct ledger_book *b;
	bool kept = true;
	struct bench t;

	(void)skip;
	if (!bench_begin(&t))
		return broken("no ledger");
	b = bench_meter(&t, "house");
	for (unsigned int i = 0; i < 100; i++) {
		put(&t, b, Q_gas, DAY_ONE_S + i * 900, i, 0);
		put(&t, b, Q_water, DAY_ONE_S + i * 900, i, 0);
		if (i % 2)
			put(&t, b, Q_heat, DAY_ONE_S + i * 900, i, 0);
		if (i == 60)
			kept = bench_commit(&t);
	}
	for (size_t newest = 1; kept && newest < 300; newest++) {
		size_t count = read_all(&t, "house", PERIOD_QUARTER, 0, INT64_MAX, newest, after,
					ENTRIES_MAX);
		/* From the newest on a start has 3, 2, 3, 2 ... entries. */
		size_t wanted = newest / 5 * 5 + (newest % 5 >= 3 ? 3 : 0);

		if (wanted > 250)
			wanted = 250;
		kept = count == wanted || broken("%zu of the newest %zu", count, newest);
		kept = kept && (!count || (after[count - 1].milli == 99 && in_order(after, count)));
	}
	bench_end(&t);
	return kept;
}

static bool a_meter_without_entries_has_none(const char **skip)
{
	struct bench t;
	bool kept;

	(void)skip;
	if (!bench_begin(&t))
		return broken("no ledger");
	bench_meter(&t, "house");
	kept = !read_all(&t, "house", PERIOD_DAY, 0, INT64_MAX, 10000, after, ENTRIES_MAX) &&
	       !read_all(&t, "nobody", PERIOD_DAY, 0, INT64_MAX, 0, after, ENTRIES_MAX);
	bench_end(&t);
	return kept;
}

/* Rows of others stand between those of one meter, and their starts need not be the same. */
static bool meters_do_not_see_each_others_rows(const char **skip)
{
	struct ledger_book *b[5];
	char name[8];
	bool kept = true;
	struct bench t;

	(void)skip;
	if (!bench_begin(&t))
		return broken("no ledger");
	for (unsigned int i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "m%u", i);
		b[i] = bench_meter(&t, name);
	}
	for (unsigned int i = 0; i < 500; i++)
		for (unsigned int m = 0; m < 5; m++)
			if (i % (m + 1) == 0)
				put(&t, b[m], Q_gas, DAY_ONE_S + i * 900, i * 10 + m, 0);
	kept = bench_commit(&t);
	for (unsigned int m = 0; kept && m < 5; m++) {
		size_t count;

		snprintf(name, sizeof(name), "m%u", m);
		count = read_all(&t, name, PERIOD_QUARTER, 0, INT64_MAX, 0, after, ENTRIES_MAX);
		kept = count == (500 + m) / (m + 1) || broken("%s has %zu", name, count);
		for (size_t i = 0; kept && i < count; i++)
			kept = after[i].milli == (s64)(i * (m + 1) * 10 + m);
	}
	bench_end(&t);
	return kept;
}

static char *file_text(const char *path, size_t *len)
{
	FILE *in = fopen(path, "rb");
	char *text = NULL;
	struct stat st;

	*len = 0;
	if (!in || fstat(fileno(in), &st))
		return NULL;
	text = malloc(st.st_size + 1);
	*len = fread(text, 1, st.st_size, in);
	fclose(in);
	return text;
}

static void write_file(const char *path, const void *bytes, size_t len)
{
	FILE *out = fopen(path, "wb");

	if (!out || fwrite(bytes, 1, len, out) != len || fclose(out))
		abort();
}

/* Opening must fail, and leave the file and its log as they were. */
static bool refuses_and_leaves(struct bench *t, const char *what)
{
	char wal[128];
	size_t len, wal_len, now_len, wal_now_len;
	char *text, *wal_text, *now, *wal_now;
	bool kept;

	snprintf(wal, sizeof(wal), "%s-wal", t->path);
	text = file_text(t->path, &len);
	wal_text = file_text(wal, &wal_len);
	kept = !bench_open(t) || broken("%s: it was opened", what);
	bench_close(t);
	now = file_text(t->path, &now_len);
	wal_now = file_text(wal, &wal_now_len);
	if (len != now_len || memcmp(text, now, len))
		kept = broken("%s: the file has changed", what);
	if (wal_len != wal_now_len || (wal_len && memcmp(wal_text, wal_now, wal_len)))
		kept = broken("%s: its log has changed", what);
	free(text);
	free(now);
	free(wal_text);
	free(wal_now);
	return kept;
}

static bool a_file_that_is_no_ledger_is_refused_and_untouched(const char **skip)
{
	static const char *const texts[] = { "x", "hello, this is my shopping list\n",
					     "SQLite format 2 and more than a hundred bytes of it, "
					     "which nobody can read any more since years and years" };
	sqlite3 *db;
	struct bench t;
	bool kept = true;

	(void)skip;
	bench_directory(&t);
	for (unsigned int i = 0; kept && i < COUNT(texts); i++) {
		write_file(t.path, texts[i], strlen(texts[i]));
		kept = refuses_and_leaves(&t, texts[i]);
	}
	unlink(t.path);
	sqlite3_open(t.path, &db);
	sqlite3_exec(db, "CREATE TABLE mine(x); INSERT INTO mine VALUES(1)", NULL, NULL, NULL);
	sqlite3_close(db);
	kept = kept && refuses_and_leaves(&t, "another program's");
	unlink(t.path);
	kept = kept && !mkdir(t.path, 0700) && !bench_open(&t);
	bench_end(&t);
	return kept;
}

static void make_ledger(struct bench *t)
{
	struct ledger_book *b;

	bench_directory(t);
	if (!bench_open(t))
		abort();
	b = bench_meter(t, "house");
	bench_run(b, DAY_ONE_S, DAY_ONE_S + 20 * 86400, 450);
	bench_close(t);
}

static bool a_damaged_file_is_refused_and_untouched(const char **skip)
{
	struct bench t;
	size_t len;
	char *text;
	bool kept = true;

	(void)skip;
	make_ledger(&t);
	text = file_text(t.path, &len);
	for (size_t at = 4096; kept && at < len; at += 3 * 4096) {
		char *bad = malloc(len);

		memcpy(bad, text, len);
		memset(bad + at, 0xa5, 512);
		write_file(t.path, bad, len);
		kept = refuses_and_leaves(&t, "a page of noise");
		free(bad);
	}
	write_file(t.path, text, len / 2);
	kept = kept && refuses_and_leaves(&t, "the second half is missing");
	write_file(t.path, text, len);
	kept = kept && (bench_open(&t) || broken("the file as it was is refused too"));
	free(text);
	bench_end(&t);
	return kept;
}

/* The version stands in the log still, as after a power cut: neither is written into the other. */
static bool a_newer_file_is_refused_and_untouched(const char **skip)
{
	struct bench t;
	bool kept;
	pid_t child;

	(void)skip;
	make_ledger(&t);
	child = fork();
	if (!child) {
		sqlite3 *db;

		sqlite3_open(t.path, &db);
		sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	kept = refuses_and_leaves(&t, "a newer one");
	bench_end(&t);
	return kept;
}

static bool a_second_writer_is_refused(const char **skip)
{
	struct bench t, second;
	bool kept;

	(void)skip;
	if (!bench_begin(&t))
		return broken("no ledger");
	second = (struct bench){ 0 };
	strcpy(second.directory, t.directory);
	kept = !bench_open(&second) || broken("two write the same ledger");
	bench_close(&second);
	bench_meter(&t, "house");
	kept = kept && bench_commit(&t);
	bench_close(&t);
	kept = kept && (bench_open(&second) || broken("it stays locked after its writer has gone"));
	bench_close(&second);
	bench_end(&t);
	return kept;
}

static int add_a_table(sqlite3 *db)
{
	return sqlite3_exec(db, "CREATE TABLE later(x)", NULL, NULL, NULL);
}

static int fail_half_way(sqlite3 *db)
{
	int rc = sqlite3_exec(db, "DROP TABLE meter", NULL, NULL, NULL);

	return rc ? rc : SQLITE_IOERR;
}

static bool the_file_is_copied_before_its_schema_changes(const char **skip)
{
	struct ledger_file_step steps[] = { { LEDGER_FILE_VERSION + 1, add_a_table } };
	struct ledger_file_step bad[] = { { LEDGER_FILE_VERSION + 1, fail_half_way } };
	char error[LEDGER_FILE_ERROR_MAX] = "", copy[160];
	struct bench t;
	sqlite3 *db;
	bool kept;

	(void)skip;
	make_ledger(&t);
	snprintf(copy, sizeof(copy), "%s.before-%d", t.path, LEDGER_FILE_VERSION + 1);
	db = ledger_file_open(t.path, LEDGER_FILE_WRITE, error);
	kept = ledger_file_upgrade(db, t.path, bad, 1, error) && error[0] &&
	       number(t.path, "PRAGMA user_version") == LEDGER_FILE_VERSION &&
	       number(t.path, "SELECT count(*) FROM meter") == 1;
	if (!kept)
		broken("a change that failed has left something: %s", error);
	kept = kept && !ledger_file_upgrade(db, t.path, steps, 1, error);
	sqlite3_close(db);
	kept = kept && number(t.path, "PRAGMA user_version") == LEDGER_FILE_VERSION + 1 &&
	       number(copy, "PRAGMA user_version") == LEDGER_FILE_VERSION &&
	       number(copy, "PRAGMA application_id") == LEDGER_FILE_APPLICATION &&
	       number(copy, "SELECT count(*) FROM quarter") ==
		       number(t.path, "SELECT count(*) FROM quarter") &&
	       number(copy, "SELECT count(*) FROM quarter") > 1900;
	kept = kept && bench_check(copy);
	bench_end(&t);
	return kept || broken("no good copy: %s", error);
}

static bool change_file(const char *path, const char *sql)
{
	sqlite3 *db;
	bool fine = !sqlite3_open(path, &db) && !sqlite3_exec(db, sql, NULL, NULL, NULL);

	sqlite3_close(db);
	return fine;
}

/* Also one that is so large that its tables are checked one by one, those that it has. */
static bool a_file_of_the_third_version_gets_notes_after_a_copy(const char **skip)
{
	bool kept = true;

	(void)skip;
	for (off_t bytes = 0; kept && bytes <= 65 << 20; bytes += 65 << 20) {
		char copy[160];
		struct bench t;

		make_ledger(&t);
		snprintf(copy, sizeof(copy), "%s.before-%d", t.path, LEDGER_FILE_VERSION);
		kept = change_file(t.path, "DROP TABLE note; PRAGMA user_version = 3") &&
		       (!bytes || !truncate(t.path, bytes)) && bench_open(&t) &&
		       notes_set(t.notes, "house/a", "1") && bench_commit(&t);
		bench_close(&t);
		kept = kept && number(t.path, "PRAGMA user_version") == LEDGER_FILE_VERSION &&
		       number(t.path, "SELECT count(*) FROM note") == 1 && bench_check(t.path) &&
		       number(copy, "PRAGMA user_version") == 3 && bench_check(copy);
		kept = kept && bench_open(&t) && notes_get(t.notes, "house/a");
		bench_end(&t);
	}
	return kept || broken("no notes, or no copy");
}

/* A day that ends, @days after the first. */
static void end_day(struct bench *t, struct ledger_book *b, unsigned int days)
{
	struct ledger_entry e = {
		.start_s = DAY_ONE_S + (s64)days * 86400,
		.end_s = DAY_ONE_S + (s64)(days + 1) * 86400,
		.milli = 1,
		.period = PERIOD_DAY,
		.reg = Q_gas,
	};

	store_row(t->store, b, &e);
}

static bool old_quarters_go_with_the_transaction_of_midnight(const char **skip)
{
	struct ledger_book *b;
	struct bench t;
	bool kept;

	(void)skip;
	bench_directory(&t);
	if (!bench_open_days(&t, 10))
		return broken("no ledger");
	b = bench_meter(&t, "house");
	for (unsigned int i = 0; i < 30 * 96; i++)
		put(&t, b, Q_gas, DAY_ONE_S + i * 900, 1, i % 2 ? QUALITY_ESTIMATED : 0);
	for (unsigned int day = 0; day < 29; day++)
		end_day(&t, b, day);
	kept = bench_commit(&t);
	/* The 29th day has ended: its quarters, and those of the nine days before it. */
	kept = kept && number(t.path, "SELECT min(start) FROM quarter") == DAY_ONE_S + 19 * 86400ll &&
	       number(t.path, "SELECT count(*) FROM quarter") == 11 * 96 &&
	       number(t.path, "SELECT count(*) FROM quality") == 11 * 48 &&
	       number(t.path, "SELECT count(*) FROM day") == 29;
	if (!kept)
		broken("%lld quarters", (long long)number(t.path, "SELECT count(*) FROM quarter"));
	put(&t, b, Q_gas, DAY_ONE_S + 30 * 96 * 900, 1, 0);
	kept = kept && bench_commit(&t) &&
	       number(t.path, "SELECT count(*) FROM quarter") == 11 * 96 + 1;
	bench_end(&t);
	return kept;
}

/* A replay with stamps of the next century is no reason to throw away this one. */
static bool a_day_of_the_future_deletes_nothing_of_today(const char **skip)
{
	struct ledger_book *b;
	struct bench t;
	bool kept;
	s64 now_s = time(NULL);

	(void)skip;
	bench_directory(&t);
	if (!bench_open_days(&t, 10))
		return broken("no ledger");
	b = bench_meter(&t, "house");
	put(&t, b, Q_gas, now_s - now_s % 900 - 5 * 86400, 1, 0);
	end_day(&t, b, 20000);
	kept = bench_commit(&t) && number(t.path, "SELECT count(*) FROM quarter") == 1;
	bench_end(&t);
	return kept;
}

static bool more_than_a_thousand_meters_keep_fewer_quarters(const char **skip)
{
	struct ledger_book *b = NULL;
	struct bench t;
	char name[16];
	bool kept;

	(void)skip;
	if (!bench_begin(&t))
		return broken("no ledger");
	for (unsigned int i = 0; i < 1001; i++) {
		snprintf(name, sizeof(name), "m%u", i);
		b = bench_meter(&t, name);
	}
	put(&t, b, Q_gas, DAY_ONE_S, 1, 0);
	put(&t, b, Q_gas, DAY_ONE_S + 86400, 1, 0);
	end_day(&t, b, 35);
	kept = bench_commit(&t) && number(t.path, "SELECT count(*) FROM quarter") == 1;
	bench_end(&t);
	return kept;
}

/* What can't be written stays in memory, is told once, and is written when there is room. */
static bool a_full_disk_costs_nothing(const char **skip)
{
	struct rlimit limit, none;
	struct store_status status;
	struct ledger_book *b;
	struct bench t;
	size_t was, is;
	bool kept;

	(void)skip;
	signal(SIGXFSZ, SIG_IGN);
	if (!bench_begin(&t))
		return broken("no ledger");
	b = bench_meter(&t, "house");
	bench_run(b, DAY_ONE_S, DAY_ONE_S + 86400, 450);
	kept = bench_commit(&t);
	getrlimit(RLIMIT_FSIZE, &none);
	limit = none;
	limit.rlim_cur = 65536;
	setrlimit(RLIMIT_FSIZE, &limit);
	bench_run(b, DAY_ONE_S + 86400, DAY_ONE_S + 20 * 86400, 450);
	kept = kept && !bench_commit(&t);
	store_status(t.store, &status);
	kept = kept && status.error && status.rows_waiting > 5000 && !status.rows_lost;
	was = read_all(&t, "house", PERIOD_QUARTER, 0, INT64_MAX, 0, before, ENTRIES_MAX);
	kept = kept && was > 20 * 96 * 4;
	bench_run(b, DAY_ONE_S + 20 * 86400, DAY_ONE_S + 21 * 86400, 450);
	was = read_all(&t, "house", PERIOD_QUARTER, 0, INT64_MAX, 0, before, ENTRIES_MAX);
	setrlimit(RLIMIT_FSIZE, &none);
	store_commit(t.store);
	for (unsigned int i = 0; i < 60000; i++) {
		event_base_loop(t.base, EVLOOP_NONBLOCK);
		store_status(t.store, &status);
		if (!status.rows_waiting)
			break;
		usleep(1000);
	}
	kept = kept && !status.rows_waiting && !status.error;
	is = read_all(&t, "house", PERIOD_QUARTER, 0, INT64_MAX, 0, after, ENTRIES_MAX);
	kept = kept && same_entries(before, was, after, is);
	bench_close(&t);
	kept = kept && bench_check(t.path);
	bench_end(&t);
	return kept;
}

/* A small disk of its own; false with a reason where that is not allowed. */
static bool mount_disk(const struct bench *t, const char *size, const char **skip)
{
	char options[32];

	snprintf(options, sizeof(options), "size=%s", size);
	if (!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	    !mount("none", t->directory, "tmpfs", 0, options))
		return true;
	*skip = "mounting a small disk needs root";
	return false;
}

/* Takes up so many bytes of the disk, or what is left of it. */
static void fill(const struct bench *t, size_t bytes)
{
	char path[96], block[4096] = { 0 };
	int fd;

	snprintf(path, sizeof(path), "%s/other", t->directory);
	fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
	for (size_t done = 0; done < bytes; done += sizeof(block))
		if (write(fd, block, sizeof(block)) <= 0)
			break;
	close(fd);
}

static void end_disk(struct bench *t)
{
	bench_close(t);
	umount2(t->directory, MNT_DETACH);
	remove_directory(t->directory);
}

static bool no_space_left_on_the_device_costs_nothing(const char **skip)
{
	struct store_status status;
	struct ledger_book *b;
	struct bench t;
	size_t was, is;
	bool kept;

	bench_directory(&t);
	if (!mount_disk(&t, "2m", skip)) {
		remove_directory(t.directory);
		return true;
	}
	kept = bench_open(&t);
	b = bench_meter(&t, "house");
	bench_run(b, DAY_ONE_S, DAY_ONE_S + 86400, 450);
	kept = kept && bench_commit(&t);
	fill(&t, 4 << 20);
	for (unsigned int day = 1; kept && day < 30; day++) {
		bench_run(b, DAY_ONE_S + day * 86400ll, DAY_ONE_S + (day + 1) * 86400ll, 450);
		if (!bench_commit(&t))
			break;
	}
	store_status(t.store, &status);
	kept = kept && (status.error || broken("the disk did not get full"));
	was = read_all(&t, "house", PERIOD_QUARTER, 0, INT64_MAX, 0, before, ENTRIES_MAX);
	fill(&t, 0);
	store_commit(t.store);
	for (unsigned int i = 0; i < 60000 && (store_status(t.store, &status), status.error); i++) {
		event_base_loop(t.base, EVLOOP_NONBLOCK);
		usleep(1000);
	}
	kept = kept && bench_settle(&t) && !status.rows_lost;
	is = read_all(&t, "house", PERIOD_QUARTER, 0, INT64_MAX, 0, after, ENTRIES_MAX);
	kept = kept && same_entries(before, was, after, is);
	bench_close(&t);
	kept = kept && bench_check(t.path);
	end_disk(&t);
	return kept;
}

/* @days_left of 60 days of quarters when the disk is as full as that. */
static bool keeps_days_on_a_disk(size_t full, unsigned int days_left, const char **skip)
{
	struct ledger_book *b;
	struct bench t;
	bool kept;

	bench_directory(&t);
	if (!mount_disk(&t, "30m", skip)) {
		remove_directory(t.directory);
		return true;
	}
	kept = bench_open(&t);
	b = bench_meter(&t, "house");
	for (unsigned int i = 0; i < 60 * 96; i++)
		put(&t, b, Q_gas, DAY_ONE_S + i * 900, 1, 0);
	kept = kept && bench_commit(&t);
	fill(&t, full);
	for (unsigned int i = 0; i < 3; i++) {
		end_day(&t, b, 59);
		kept = kept && bench_commit(&t);
	}
	kept = kept && number(t.path, "SELECT count(*) FROM quarter") == days_left * 96;
	if (!kept)
		broken("%lld quarters are left", (long long)number(t.path, "SELECT count(*) FROM quarter"));
	end_disk(&t);
	return kept;
}

static bool quarters_go_first_when_the_disk_is_nearly_full(const char **skip)
{
	const size_t mib = 1 << 20;

	return keeps_days_on_a_disk(15 * mib, 60, skip) && keeps_days_on_a_disk(25 * mib, 35, skip) &&
	       keeps_days_on_a_disk(57 * mib / 2, 2, skip);
}

static bool memory_is_bounded_while_nothing_can_be_written(const char **skip)
{
	struct rlimit limit, none;
	struct store_status status;
	struct ledger_book *b;
	struct bench t;
	bool kept;

	(void)skip;
	signal(SIGXFSZ, SIG_IGN);
	if (!bench_begin(&t))
		return broken("no ledger");
	b = bench_meter(&t, "house");
	getrlimit(RLIMIT_FSIZE, &none);
	limit = none;
	limit.rlim_cur = 4096;
	setrlimit(RLIMIT_FSIZE, &limit);
	put(&t, b, Q_gas, DAY_ONE_S, 1, 0);
	kept = !bench_commit(&t);
	for (unsigned int day = 0; day < 6000; day++) {
		end_day(&t, b, day);
		for (unsigned int i = 0; i < 96; i++)
			put(&t, b, Q_gas, DAY_ONE_S + (day * 96ll + i) * 900, 1, 0);
	}
	store_status(t.store, &status);
	kept = kept && status.rows_waiting <= (256 << 10) + 1 && status.rows_lost > 96 * 3000;
	kept = kept && read_all(&t, "house", PERIOD_DAY, 0, INT64_MAX, 0, after, ENTRIES_MAX) == 6000;
	if (!kept)
		broken("%llu wait, %llu were given up", (unsigned long long)status.rows_waiting,
		       (unsigned long long)status.rows_lost);
	setrlimit(RLIMIT_FSIZE, &none);
	kept = kept && (store_commit(t.store), true);
	bench_close(&t);
	kept = kept && number(t.path, "SELECT count(*) FROM day") == 6000 &&
	       number(t.path, "SELECT value FROM about WHERE key = 'lost_to'") > DAY_ONE_S;
	bench_end(&t);
	return kept;
}

static bool many_rows_go_without_waiting_for_the_quarter(const char **skip)
{
	struct store_status status;
	struct ledger_book *b;
	struct bench t;
	bool kept;

	(void)skip;
	if (!bench_begin(&t))
		return broken("no ledger");
	b = bench_meter(&t, "house");
	kept = bench_commit(&t);
	for (unsigned int i = 0; i < 2500; i++)
		put(&t, b, Q_gas, DAY_ONE_S + i * 900, 1, 0);
	kept = kept && bench_settle(&t);
	store_status(t.store, &status);
	kept = kept && status.rows == 2500 && status.commits >= 2;
	bench_end(&t);
	return kept;
}

static bool what_has_not_changed_is_not_written_again(const char **skip)
{
	struct ledger_book *b;
	struct bench t;
	bool kept;

	(void)skip;
	bench_directory(&t);
	t.only_told = true;
	if (!bench_open(&t))
		return broken("no ledger");
	b = bench_meter(&t, "house");
	bench_run(b, DAY_ONE_S, DAY_ONE_S + 7200, 60);
	kept = bench_commit(&t);
	store_commit(t.store);
	kept = kept && !store_batch(t.store, 0);
	bench_read(b, DAY_ONE_S + 7200, 1002000);
	store_commit(t.store);
	kept = kept && store_batch(t.store, 0) && store_batch(t.store, 0)->account_count &&
	       !store_batch(t.store, 0)->meter_count;
	bench_end(&t);
	return kept;
}

static s64 now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

/* The first at once; all that follow, together, five seconds after it. */
static bool urgent_commits_come_at_once_but_not_often(const char **skip)
{
	struct bench t;
	s64 begin_ms;
	char name[8];
	bool kept;

	(void)skip;
	if (!bench_begin(&t))
		return broken("no ledger");
	begin_ms = now_ms();
	bench_meter(&t, "first");
	while (!bench_commits(&t) && now_ms() < begin_ms + 60000)
		usleep(1000);
	kept = bench_commits(&t) == 1 || broken("nothing was written");
	for (unsigned int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "m%u", i);
		bench_meter(&t, name);
		bench_commits(&t);
	}
	while (bench_commits(&t) < 2 && now_ms() < begin_ms + 60000)
		usleep(1000);
	kept = kept && (now_ms() >= begin_ms + 4950 || broken("again after %lld ms",
							      (long long)(now_ms() - begin_ms)));
	kept = kept && bench_commits(&t) == 2 && number(t.path, "SELECT count(*) FROM meter") == 11;
	bench_end(&t);
	return kept;
}

static const struct promise promises[] = {
	{ "every_member_of_an_account_survives", every_member_of_an_account_survives },
	{ "a_query_says_the_same_wherever_the_rows_are",
	  a_query_says_the_same_wherever_the_rows_are },
	{ "a_total_that_is_not_sent_is_the_sum_of_its_tariffs",
	  a_total_that_is_not_sent_is_the_sum_of_its_tariffs },
	{ "a_row_that_comes_again_replaces_value_and_quality",
	  a_row_that_comes_again_replaces_value_and_quality },
	{ "from_and_to_select_by_start", from_and_to_select_by_start },
	{ "the_newest_are_whole_starts_and_not_one_more_than_asked",
	  the_newest_are_whole_starts_and_not_one_more_than_asked },
	{ "a_meter_without_entries_has_none", a_meter_without_entries_has_none },
	{ "meters_do_not_see_each_others_rows", meters_do_not_see_each_others_rows },
	{ "a_file_that_is_no_ledger_is_refused_and_untouched",
	  a_file_that_is_no_ledger_is_refused_and_untouched },
	{ "a_damaged_file_is_refused_and_untouched", a_damaged_file_is_refused_and_untouched },
	{ "a_newer_file_is_refused_and_untouched", a_newer_file_is_refused_and_untouched },
	{ "a_second_writer_is_refused", a_second_writer_is_refused },
	{ "the_file_is_copied_before_its_schema_changes",
	  the_file_is_copied_before_its_schema_changes },
	{ "a_file_of_the_third_version_gets_notes_after_a_copy",
	  a_file_of_the_third_version_gets_notes_after_a_copy },
	{ "old_quarters_go_with_the_transaction_of_midnight",
	  old_quarters_go_with_the_transaction_of_midnight },
	{ "a_day_of_the_future_deletes_nothing_of_today",
	  a_day_of_the_future_deletes_nothing_of_today },
	{ "more_than_a_thousand_meters_keep_fewer_quarters",
	  more_than_a_thousand_meters_keep_fewer_quarters },
	{ "a_full_disk_costs_nothing", a_full_disk_costs_nothing },
	{ "no_space_left_on_the_device_costs_nothing", no_space_left_on_the_device_costs_nothing },
	{ "quarters_go_first_when_the_disk_is_nearly_full",
	  quarters_go_first_when_the_disk_is_nearly_full },
	{ "memory_is_bounded_while_nothing_can_be_written",
	  memory_is_bounded_while_nothing_can_be_written },
	{ "many_rows_go_without_waiting_for_the_quarter",
	  many_rows_go_without_waiting_for_the_quarter },
	{ "what_has_not_changed_is_not_written_again", what_has_not_changed_is_not_written_again },
	{ "urgent_commits_come_at_once_but_not_often", urgent_commits_come_at_once_but_not_often },
};

int main(void)
{
	return keep_promises(promises, COUNT(promises));
}
