// SPDX-License-Identifier: MIT
/*
 * Notes: what was learned is known after a restart, and no line can fill memory or disk with it.
 */
#include <sys/resource.h>

#include "store_bench.h"

static bool restart(struct bench *t)
{
	bench_close(t);
	return bench_open(t) || broken("the ledger does not open again");
}

static bool noted(const struct bench *t, const char *key, const char *value)
{
	const char *now = notes_get(t->notes, key);

	if (value ? now && !strcmp(now, value) : !now)
		return true;
	return broken("%s is %s, not %s", key, now ? now : "not noted", value ? value : "absent");
}

static bool in_file(const struct bench *t, s64 count)
{
	s64 now = number(t->path, "SELECT count(*) FROM note");

	return now == count ||
	       broken("%lld notes are in the file, not %lld", (long long)now, (long long)count);
}

/* Without a meter: what is committed is what the test notes. */
static bool begin(struct bench *t)
{
	return bench_begin(t) || broken("no ledger");
}

static bool a_note_survives_a_restart(const char **skip)
{
	struct bench t;
	bool kept;

	(void)skip;
	kept = begin(&t) && notes_set(t.notes, "house/title/4C475A0102030405/counter", "17") &&
	       notes_set(t.notes, "house/port/number", "\xc3\xa9 '%\\\"") && restart(&t);
	kept = kept && noted(&t, "house/title/4C475A0102030405/counter", "17") &&
	       noted(&t, "house/port/number", "\xc3\xa9 '%\\\"") && in_file(&t, 2);
	kept = kept && notes_set(t.notes, "house/title/4C475A0102030405/counter", "18") &&
	       bench_commit(&t) && restart(&t) &&
	       noted(&t, "house/title/4C475A0102030405/counter", "18") && in_file(&t, 2);
	kept = kept && bench_check(t.path);
	bench_end(&t);
	return kept;
}

static bool the_same_value_is_not_written_again(const char **skip)
{
	struct bench t;
	bool kept;

	(void)skip;
	kept = begin(&t) && notes_set(t.notes, "house/a", "1") && bench_commit(&t);
	kept = kept && notes_set(t.notes, "house/a", "1") && !notes_changed(t.notes);
	if (kept)
		store_commit(t.store);
	kept = kept && (!store_batch(t.store, 0) || broken("it is written again"));
	kept = kept && restart(&t) && notes_set(t.notes, "house/a", "1") &&
	       (!notes_changed(t.notes) || broken("it is written again after a restart"));
	bench_end(&t);
	return kept;
}

static bool a_removed_note_is_gone(const char **skip)
{
	struct bench t;
	bool kept;

	(void)skip;
	kept = begin(&t) && notes_set(t.notes, "house/a", "1") &&
	       notes_set(t.notes, "house/b", "2") && bench_commit(&t) &&
	       notes_set(t.notes, "house/a", NULL) && noted(&t, "house/a", NULL) && restart(&t) &&
	       noted(&t, "house/a", NULL) && noted(&t, "house/b", "2") && in_file(&t, 1);
	/* Never written: there is nothing to remove. */
	kept = kept && notes_set(t.notes, "house/c", "3") && notes_set(t.notes, "house/c", NULL) &&
	       notes_set(t.notes, "house/d", NULL) && !notes_changed(t.notes);
	/* Removed, and there again before that was written. */
	kept = kept && notes_set(t.notes, "house/b", NULL) && notes_set(t.notes, "house/b", "4") &&
	       restart(&t) && noted(&t, "house/b", "4") && in_file(&t, 1);
	bench_end(&t);
	return kept;
}

static bool what_is_too_long_or_of_no_source_is_not_noted(const char **skip)
{
	char key[NOTE_KEY_MAX + 2] = "house/", value[NOTE_VALUE_MAX + 2];
	struct bench t;
	bool kept;

	(void)skip;
	memset(key + 6, 'k', sizeof(key) - 7);
	memset(value, 'v', sizeof(value) - 1);
	key[sizeof(key) - 1] = value[sizeof(value) - 1] = 0;
	kept = begin(&t) && notes_set(t.notes, "house/a", "1") &&
	       !notes_set(t.notes, "house/a", value) && !notes_set(t.notes, key, "1") &&
	       !notes_set(t.notes, "house", "1") && noted(&t, "house/a", "1") &&
	       noted(&t, key, NULL) && noted(&t, "house", NULL);
	key[NOTE_KEY_MAX] = value[NOTE_VALUE_MAX] = 0;
	kept = kept && notes_set(t.notes, key, value) && restart(&t) && noted(&t, key, value) &&
	       noted(&t, "house/a", "1") && in_file(&t, 2);
	bench_end(&t);
	return kept;
}

/* @count titles that nobody has ever seen; one is heard all the while. */
static void storm(struct bench *t, unsigned int from, unsigned int count)
{
	char key[64];

	for (unsigned int i = from; i < from + count; i++) {
		snprintf(key, sizeof(key), "house/title/%08X/counter", i * 2654435761u);
		notes_set(t->notes, key, "1");
		notes_set(t->notes, "house/true", "constant");
	}
}

static bool a_storm_of_notes_removes_the_oldest_of_its_source_alone(const char **skip)
{
	struct bench t;
	bool kept;

	(void)skip;
	kept = begin(&t) && notes_set(t.notes, "garden/a", "1") &&
	       notes_set(t.notes, "house-2/a", "2") && notes_set(t.notes, "house/old", "3");
	if (kept)
		storm(&t, 0, 3 * NOTES_PER_SOURCE);
	kept = kept && notes_changed(t.notes) == NOTES_PER_SOURCE + 2 &&
	       noted(&t, "house/old", NULL) && noted(&t, "house/true", "constant") &&
	       bench_commit(&t) && in_file(&t, NOTES_PER_SOURCE + 2);
	/* Those in the file are to be removed, once; those that came and went since are not there.
	 */
	if (kept)
		storm(&t, 3 * NOTES_PER_SOURCE, 3 * NOTES_PER_SOURCE);
	kept = kept && notes_changed(t.notes) == 2 * (NOTES_PER_SOURCE - 1) && restart(&t) &&
	       in_file(&t, NOTES_PER_SOURCE + 2) && noted(&t, "house/true", "constant") &&
	       noted(&t, "garden/a", "1") && noted(&t, "house-2/a", "2");
	/* What was restored is older than what is set from then on. */
	if (kept && notes_set(t.notes, "house/true", "constant"))
		storm(&t, 0, NOTES_PER_SOURCE - 2);
	kept = kept && noted(&t, "house/true", "constant") && restart(&t) &&
	       in_file(&t, NOTES_PER_SOURCE + 2);
	bench_end(&t);
	return kept;
}

static void list(void *context, const char *key, const char *value)
{
	text_add(context, "%s=%s ", key, value);
}

static bool lists(const struct bench *t, const char *prefix, const char *expected)
{
	struct text said = { 0 };
	bool same;

	text_add(&said, "%s", "");
	notes_each(t->notes, prefix, list, &said);
	same = !strcmp(said.at, expected) ||
	       broken("\"%s\": %s, not %s", prefix, said.at, expected);
	text_free(&said);
	return same;
}

static bool a_prefix_lists_its_own_in_order(const char **skip)
{
	struct bench t;
	bool kept;

	(void)skip;
	kept = begin(&t) && lists(&t, "", "") && notes_set(t.notes, "house/b", "2") &&
	       notes_set(t.notes, "house-2/a", "5") && notes_set(t.notes, "house/a", "1") &&
	       notes_set(t.notes, "garden/z", "9") && notes_set(t.notes, "house/aa", "3") &&
	       notes_set(t.notes, "house0/a", "7");
	kept = kept && restart(&t) && notes_set(t.notes, "house/b", NULL) &&
	       notes_set(t.notes, "house/c", "4");
	kept = kept && lists(&t, "house/", "house/a=1 house/aa=3 house/c=4 ") &&
	       lists(&t, "house/a", "house/a=1 house/aa=3 ") && lists(&t, "house/b", "") &&
	       lists(&t, "zoo", "") &&
	       lists(&t, "", "garden/z=9 house-2/a=5 house/a=1 house/aa=3 house/c=4 house0/a=7 ");
	bench_end(&t);
	return kept;
}

static bool what_is_urgent_goes_soon_and_takes_what_waits_along(const char **skip)
{
	struct bench t;
	bool kept;

	(void)skip;
	kept = begin(&t) && notes_set(t.notes, "house/counter", "1");
	kept = kept && !bench_commits(&t) && (!store_batch(t.store, 0) || broken("it does not wait"));
	kept = kept && notes_set_soon(t.notes, "house/number", "E0031") && in_file(&t, 0);
	for (unsigned int i = 0; kept && i < 60000 && !bench_commits(&t); i++)
		usleep(1000);
	kept = kept && bench_commits(&t) == 1 && in_file(&t, 2);
	bench_end(&t);
	return kept;
}

static void count_urgent(void *context)
{
	++*(unsigned int *)context;
}

static bool what_is_known_is_not_urgent_again(const char **skip)
{
	unsigned int urgent = 0;
	struct notes *n = notes_new(count_urgent, &urgent);
	bool kept;

	(void)skip;
	kept = notes_set_soon(n, "house/number", "1") && urgent == 1 &&
	       notes_set_soon(n, "house/number", "1") && notes_set(n, "house/counter", "8") &&
	       urgent == 1 && notes_set_soon(n, "house/number", "2") && urgent == 2 &&
	       notes_set_soon(n, "house/number", NULL) && urgent == 3 &&
	       notes_set_soon(n, "house/number", NULL) && !notes_set_soon(n, "number", "1") &&
	       urgent == 3;
	notes_free(n);
	return kept || broken("urgent %u times", urgent);
}

/* What is at the writer is as it was; what is set meanwhile goes with the next batch. */
static bool a_note_that_changes_while_it_is_written_is_written_again(const char **skip)
{
	struct bench t;
	bool kept;

	(void)skip;
	kept = begin(&t) && notes_set(t.notes, "house/a", "1") &&
	       notes_set(t.notes, "house/b", "1");
	if (kept)
		store_commit(t.store);
	kept = kept && notes_set(t.notes, "house/a", "2") && notes_set(t.notes, "house/b", NULL) &&
	       store_batch(t.store, 0) && store_batch(t.store, 0)->note_count == 2 &&
	       !strcmp(store_batch(t.store, 0)->notes[0].value, "1") && restart(&t) &&
	       noted(&t, "house/a", "2") && noted(&t, "house/b", NULL) && in_file(&t, 1);
	bench_end(&t);
	return kept;
}

static bool what_could_not_be_written_is_written_later(const char **skip)
{
	struct rlimit limit, none;
	struct bench t;
	bool kept;

	(void)skip;
	signal(SIGXFSZ, SIG_IGN);
	kept = begin(&t) && notes_set(t.notes, "house/a", "1") && bench_commit(&t);
	getrlimit(RLIMIT_FSIZE, &none);
	limit = none;
	limit.rlim_cur = 4096;
	setrlimit(RLIMIT_FSIZE, &limit);
	kept = kept && notes_set(t.notes, "house/a", "2") && notes_set(t.notes, "house/b", "3") &&
	       (!bench_commit(&t) || broken("there was room for it"));
	kept = kept && notes_set(t.notes, "house/b", NULL) && notes_set(t.notes, "house/c", "4");
	setrlimit(RLIMIT_FSIZE, &none);
	kept = kept && in_file(&t, 1) && restart(&t) && noted(&t, "house/a", "2") &&
	       noted(&t, "house/b", NULL) && noted(&t, "house/c", "4") && in_file(&t, 2);
	bench_end(&t);
	return kept;
}

static bool a_file_with_what_can_be_no_note_is_refused(const char **skip)
{
	struct bench t;
	sqlite3 *db;
	bool kept;

	(void)skip;
	kept = begin(&t) && notes_set(t.notes, "house/a", "1");
	bench_close(&t);
	kept = kept && !sqlite3_open(t.path, &db) &&
	       !sqlite3_exec(db, "INSERT INTO note VALUES('house', '2')", NULL, NULL, NULL);
	sqlite3_close(db);
	kept = kept && (!bench_open(&t) || broken("it was opened"));
	bench_end(&t);
	return kept;
}

static const struct promise promises[] = {
	{ "a_note_survives_a_restart", a_note_survives_a_restart },
	{ "the_same_value_is_not_written_again", the_same_value_is_not_written_again },
	{ "a_removed_note_is_gone", a_removed_note_is_gone },
	{ "what_is_too_long_or_of_no_source_is_not_noted",
	  what_is_too_long_or_of_no_source_is_not_noted },
	{ "a_storm_of_notes_removes_the_oldest_of_its_source_alone",
	  a_storm_of_notes_removes_the_oldest_of_its_source_alone },
	{ "a_prefix_lists_its_own_in_order", a_prefix_lists_its_own_in_order },
	{ "what_is_urgent_goes_soon_and_takes_what_waits_along",
	  what_is_urgent_goes_soon_and_takes_what_waits_along },
	{ "what_is_known_is_not_urgent_again", what_is_known_is_not_urgent_again },
	{ "a_note_that_changes_while_it_is_written_is_written_again",
	  a_note_that_changes_while_it_is_written_is_written_again },
	{ "what_could_not_be_written_is_written_later",
	  what_could_not_be_written_is_written_later },
	{ "a_file_with_what_can_be_no_note_is_refused",
	  a_file_with_what_can_be_no_note_is_refused },
};

int main(void)
{
	return keep_promises(promises, COUNT(promises));
}
