// SPDX-License-Identifier: MIT
/*
 * Costs in the store: told at once wherever the rows are, and in the file whatever happens to it.
 */
#include "store_bench.h"

static const char fixed[] = "[price a]\ncurrency = EUR\nimport = 0.25161\nexport = 0.04\n"
			    "gas = 1.2\nfixed_month = 10\n";

/* The costs of a meter as text, all kinds of periods from @first on. */
static struct text costs_of(struct bench *t, const char *name, enum period first)
{
	struct ledger_entry e[7];
	struct text text = { 0 };
	int n;

	for (enum period p = first; p < PERIOD_COUNT; p++) {
		struct ledger_query *q =
			ledger_query_open(t->store, name, p, INT64_MIN, INT64_MAX, 0);

		while (q && (n = ledger_query_next(q, e, COUNT(e))) > 0)
			for (int i = 0; i < n; i++)
				if (e[i].reg >= COST_REGISTER)
					text_add(&text, "%u %lld %lld %s %lld %s %02x\n", p,
						 (long long)e[i].start_s, (long long)e[i].end_s,
						 ledger_entry_register(&e[i]),
						 (long long)e[i].milli, e[i].currency,
						 e[i].quality);
		ledger_query_close(q);
	}
	return text;
}

static bool same(struct text *expected, struct text got, const char *when)
{
	bool kept = got.len && text_same(expected, &got);

	text_free(&got);
	return kept || broken("%s other costs are told", when);
}

/* Commits until the writer has nothing left to compute. */
static bool settle_costs(struct bench *t, unsigned int *commits)
{
	struct store_status before, after = { 0 };

	for (*commits = 0; *commits < 100000; ++*commits) {
		store_status(t->store, &before);
		store_commit(t->store);
		do {
			event_base_loop(t->base, EVLOOP_NONBLOCK);
			store_status(t->store, &after);
			usleep(100);
		} while (after.writing && after.commits == before.commits);
		if (after.commits == before.commits)
			return true;
	}
	return broken("the writer comes to no end");
}

/* Prices by the hour for the first days, some below zero, some missing. */
static void write_series(const struct bench *t)
{
	char path[96], iso[ISO_TIME_LEN + 1];
	FILE *out;

	snprintf(path, sizeof(path), "%s/spot.csv", t->directory);
	out = fopen(path, "w");
	for (s64 at_s = DAY_ONE_S; at_s < DAY_ONE_S + 5 * 86400; at_s += 3600) {
		iso_time(at_s, iso);
		if (at_s / 3600 % 31)
			fprintf(out, "%s,%lld.5\n", iso, (long long)(at_s / 3600 % 11 - 3));
	}
	fclose(out);
}

/* From memory, at the writer, from the file, and after a restart. */
static bool costs_are_the_same_wherever_the_rows_are(const char **skip)
{
	static const char dynamic[] =
		"[price a]\ncurrency = EUR\nquarters = spot.csv\nimport_t1 = 0.1\n"
		"gas = 1\n";
	static const char *const prices[] = { fixed, dynamic };
	bool kept = true;

	(void)skip;
	for (unsigned int i = 0; kept && i < COUNT(prices); i++) {
		struct text expected;
		struct ledger_book *b;
		unsigned int commits;
		struct bench t;

		bench_directory(&t);
		t.only_told = true;
		write_series(&t);
		kept = bench_open(&t) && bench_prices(&t, prices[i]);
		b = bench_meter(&t, "house");
		bench_run(b, DAY_ONE_S + 333, DAY_ONE_S + 2 * 86400, 300);
		kept = kept && bench_commit(&t);
		bench_run(b, DAY_ONE_S + 2 * 86400 + 7200, DAY_ONE_S + 4 * 86400 + 5000, 300);
		expected = costs_of(&t, "house", PERIOD_QUARTER);
		store_commit(t.store);
		kept = kept &&
		       same(&expected, costs_of(&t, "house", PERIOD_QUARTER), "at the writer");
		kept = kept && settle_costs(&t, &commits);
		kept = kept &&
		       same(&expected, costs_of(&t, "house", PERIOD_QUARTER), "in the file");
		bench_close(&t);
		kept = kept && bench_open(&t) && bench_prices(&t, prices[i]) &&
		       same(&expected, costs_of(&t, "house", PERIOD_QUARTER), "after a restart");
		text_free(&expected);
		bench_close(&t);
		kept = kept && bench_check(t.path) &&
		       number(t.path, "SELECT count(*) FROM cost") == 4;
		bench_end(&t);
	}
	return kept;
}

static void put(struct bench *t, struct ledger_book *b, enum period p, unsigned int day, s64 milli,
		u8 quality)
{
	struct ledger_entry e = {
		.milli = milli,
		.period = p,
		.reg = Q_energy_import,
		.quality = quality,
	};

	zone_period(b->zone, p, DAY_ONE_S + day * 86400ll + 43200, &e.start_s, &e.end_s);
	store_row(t->store, b, &e);
}

static void put_day(struct bench *t, struct ledger_book *b, unsigned int day, s64 milli, u8 quality)
{
	put(t, b, PERIOD_DAY, day, milli, quality);
}

static bool a_day_that_is_told_again_is_computed_again_with_it(const char **skip)
{
	static const char import[] = "SELECT cost_import FROM cost";
	struct ledger_book *b;
	struct bench t;
	bool kept;

	(void)skip;
	if (!bench_begin(&t) || !bench_prices(&t, fixed))
		return broken("no ledger");
	b = bench_meter(&t, "house");
	put_day(&t, b, 0, 1000, QUALITY_PARTIAL);
	kept = bench_commit(&t) && number(t.path, import) == 1000 * 25161;
	put_day(&t, b, 0, 2000, QUALITY_ESTIMATED);
	kept = kept && bench_commit(&t) && number(t.path, import) == 2000 * 25161;
	kept = kept && number(t.path, "SELECT qualities = 'cost=1,cost_import=1' FROM cost") == 1;
	/* While nothing has a price, what is not true any more goes. */
	bench_prices(&t, "");
	put_day(&t, b, 0, 3000, 0);
	kept = kept && bench_commit(&t) && number(t.path, "SELECT count(*) FROM cost") == 0;
	kept = kept && bench_prices(&t, fixed) && bench_commit(&t) &&
	       number(t.path, import) == 3000 * 25161;
	bench_end(&t);
	return kept || broken("another cost is stored");
}

static bool new_prices_are_told_before_days_are_computed_again(const char **skip)
{
	struct ledger_book *b;
	struct ledger_entry e[8];
	struct ledger_query *q;
	struct bench t;
	bool kept;
	int n;

	(void)skip;
	if (!bench_begin(&t) || !bench_prices(&t, fixed))
		return broken("no ledger");
	b = bench_meter(&t, "house");
	put_day(&t, b, 0, 1000000, 0);
	kept = bench_commit(&t) && bench_prices(&t, "[price b]\ncurrency = EUR\nimport = 2\n");
	q = ledger_query_open(t.store, "house", PERIOD_DAY, INT64_MIN, INT64_MAX, 0);
	n = ledger_query_next(q, e, COUNT(e));
	ledger_query_close(q);
	kept = kept && n == 3 && e[2].reg == COST_REGISTER + COST_IMPORT && e[2].milli == 200000 &&
	       number(t.path, "SELECT cost_import FROM cost") == 25161000000ll;
	bench_end(&t);
	return kept || broken("%d entries, the last one %lld", n, (long long)e[n - 1].milli);
}

static bool a_silent_day_has_charges_and_no_energy(const char **skip)
{
	struct ledger_query *q;
	struct ledger_entry e[64];
	struct ledger_book *b;
	unsigned int found = 0;
	struct bench t;
	bool kept;
	int n;

	(void)skip;
	if (!bench_begin(&t) || !bench_prices(&t, fixed))
		return broken("no ledger");
	b = bench_meter(&t, "house");
	bench_run(b, DAY_ONE_S, DAY_ONE_S + 90000, 300);
	ledger_tick(t.ledger, DAY_ONE_S + 4 * 86400);
	kept = bench_commit(&t);
	q = ledger_query_open(t.store, "house", PERIOD_DAY, DAY_ONE_S + 2 * 86400 - 7200,
			      DAY_ONE_S + 3 * 86400 - 7200, 0);
	n = ledger_query_next(q, e, COUNT(e));
	ledger_query_close(q);
	for (int i = 0; i < n; i++) {
		const char *name = ledger_entry_register(&e[i]);

		if (!strcmp(name, "cost_import"))
			found += e[i].quality == QUALITY_MISSING;
		else if (!strcmp(name, "cost_fixed"))
			found += !e[i].quality && e[i].milli > 30000;
		else if (!strcmp(name, "cost"))
			found += e[i].quality == QUALITY_PARTIAL && e[i].milli > 30000;
	}
	bench_end(&t);
	return (kept && found == 3) || broken("%u of %d entries", found, n);
}

static bool days_of_many_meters_are_computed_in_slices(const char **skip)
{
	static const char all_prices[] = "SELECT value FROM about WHERE key = 'costs'";
	struct ledger_book *b[40];
	unsigned int commits;
	struct bench t;
	char name[16];
	bool kept;
	s64 known;

	(void)skip;
	if (!bench_begin(&t))
		return broken("no ledger");
	for (unsigned int i = 0; i < COUNT(b); i++) {
		snprintf(name, sizeof(name), "m%u", i);
		b[i] = bench_meter(&t, name);
	}
	for (unsigned int day = 0; day < 400; day++)
		for (unsigned int i = 0; i < COUNT(b); i++)
			put_day(&t, b[i], day, 1000 + i, 0);
	kept = bench_commit(&t) && bench_settle(&t);
	kept = kept && bench_prices(&t, fixed) && settle_costs(&t, &commits);
	kept = kept && commits > 1 && number(t.path, "SELECT count(*) FROM cost") == 16000 &&
	       number(t.path, "SELECT sum(cost_import) FROM cost") ==
		       25161ll * 400 * (40 * 1000 + 39 * 20);
	if (!kept)
		broken("%lld days in %u commits",
		       (long long)number(t.path, "SELECT count(*) FROM cost"), commits);
	/* Then the file knows that there is nothing to look for, also after a restart. */
	known = number(t.path, all_prices);
	bench_close(&t);
	kept = kept && bench_open(&t) && bench_prices(&t, fixed) && settle_costs(&t, &commits) &&
	       commits <= 1 && known && known == number(t.path, all_prices);
	bench_end(&t);
	return kept;
}

/* So that no answer takes long: each of these sums has some 365 days. */
static bool sums_of_many_days_are_told_a_few_at_a_time(const char **skip)
{
	struct ledger_entry e[128];
	struct ledger_query *q;
	struct ledger_book *b;
	unsigned int commits;
	struct bench t;
	int first, n, all;
	bool kept;

	(void)skip;
	if (!bench_begin(&t) || !bench_prices(&t, fixed))
		return broken("no ledger");
	b = bench_meter(&t, "house");
	for (unsigned int day = 0; day < 8 * 365; day++)
		put_day(&t, b, day, 1000, 0);
	for (unsigned int year = 0; year < 8; year++)
		put(&t, b, PERIOD_YEAR, year * 365, 365000, 0);
	kept = settle_costs(&t, &commits);
	q = ledger_query_open(t.store, "house", PERIOD_YEAR, INT64_MIN, INT64_MAX, 0);
	first = all = ledger_query_next(q, e, COUNT(e));
	while ((n = ledger_query_next(q, e, COUNT(e))) > 0)
		all += n;
	ledger_query_close(q);
	bench_end(&t);
	/* A register and three costs. */
	return (kept && first >= 4 && first <= 4 * 4 && all == 8 * 4) ||
	       broken("%d entries at first, %d in all", first, all);
}

static bool only_meters_of_a_section_have_costs(const char **skip)
{
	struct ledger_book *b;
	struct text text;
	struct bench t;
	bool kept;

	(void)skip;
	if (!bench_begin(&t) ||
	    !bench_prices(&t, "[price a]\ncurrency = EUR\nimport = 1\nmeter = house\n"))
		return broken("no ledger");
	b = bench_meter(&t, "house");
	put_day(&t, b, 0, 1000, 0);
	put_day(&t, bench_meter(&t, "barn"), 0, 1000, 0);
	kept = bench_commit(&t) && number(t.path, "SELECT count(*) FROM cost") == 1 &&
	       number(t.path, "SELECT meter FROM cost") == b->id;
	text = costs_of(&t, "barn", PERIOD_DAY);
	kept = kept && !text.len;
	text_free(&text);
	text = costs_of(&t, "house", PERIOD_DAY);
	kept = kept && text.len;
	text_free(&text);
	bench_end(&t);
	return kept || broken("costs of another meter");
}

/* As the first version left it. */
static void make_first_version(struct bench *t)
{
	sqlite3 *db;

	bench_directory(t);
	if (!bench_open(t))
		abort();
	bench_run(bench_meter(t, "house"), DAY_ONE_S, DAY_ONE_S + 3 * 86400, 450);
	bench_close(t);
	if (sqlite3_open(t->path, &db) ||
	    sqlite3_exec(db, "DROP TABLE note; DROP TABLE cost; ALTER TABLE meter DROP COLUMN phases;"
			 "PRAGMA user_version = 1", NULL, NULL, NULL))
		abort();
	sqlite3_close(db);
}

static bool a_file_of_the_first_version_gets_costs_after_a_copy(const char **skip)
{
	char copy[160];
	struct bench t;
	bool kept;

	(void)skip;
	make_first_version(&t);
	snprintf(copy, sizeof(copy), "%s.before-%d", t.path, LEDGER_FILE_VERSION);
	kept = bench_check(t.path) && access(copy, F_OK);
	kept = kept && bench_open(&t) && bench_prices(&t, fixed) && bench_commit(&t) &&
	       number(t.path, "PRAGMA user_version") == LEDGER_FILE_VERSION &&
	       number(t.path, "SELECT count(cost_import) FROM cost") == 3;
	bench_close(&t);
	kept = kept && bench_check(t.path) && bench_check(copy) &&
	       number(copy, "PRAGMA user_version") == 1 &&
	       number(copy, "SELECT count(*) FROM quarter") ==
		       number(t.path, "SELECT count(*) FROM quarter");
	bench_end(&t);
	return kept || broken("no costs, or no copy");
}

static const struct promise promises[] = {
	{ "costs_are_the_same_wherever_the_rows_are", costs_are_the_same_wherever_the_rows_are },
	{ "a_day_that_is_told_again_is_computed_again_with_it",
	  a_day_that_is_told_again_is_computed_again_with_it },
	{ "new_prices_are_told_before_days_are_computed_again",
	  new_prices_are_told_before_days_are_computed_again },
	{ "a_silent_day_has_charges_and_no_energy", a_silent_day_has_charges_and_no_energy },
	{ "days_of_many_meters_are_computed_in_slices",
	  days_of_many_meters_are_computed_in_slices },
	{ "sums_of_many_days_are_told_a_few_at_a_time",
	  sums_of_many_days_are_told_a_few_at_a_time },
	{ "only_meters_of_a_section_have_costs", only_meters_of_a_section_have_costs },
	{ "a_file_of_the_first_version_gets_costs_after_a_copy",
	  a_file_of_the_first_version_gets_costs_after_a_copy },
};

int main(void)
{
	return keep_promises(promises, COUNT(promises));
}
