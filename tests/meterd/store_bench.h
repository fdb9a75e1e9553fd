/* SPDX-License-Identifier: MIT */
/*
 * A ledger in a directory of its own, with its store, and meters that count.
 */
#ifndef METERD_TESTS_STORE_BENCH_H
#define METERD_TESTS_STORE_BENCH_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../userspace/meterd/config.h"
#include "../../userspace/meterd/store_parts.h"
#include "../host/host.h"

/* 2024-03-30T23:00:00Z: midnight in Paris, an hour's change 25 hours later. */
#define DAY_ONE_S 1711839600ll

/** struct bench - what a test works on; all of it is gone with bench_end() */
struct bench {
	char directory[64];
	char path[96];
	struct event_base *base;
	struct ledger *ledger;
	struct notes *notes;
	struct store *store;
	unsigned int rows;
	bool only_told;		/* commits when the test says so, and at no other time */
};

static void bench_row(void *context, const struct ledger_book *b, const struct ledger_entry *e)
{
	struct bench *t = context;

	t->rows++;
	if (t->store)
		store_row(t->store, b, e);
}

static void bench_segment(void *context, const struct ledger_segment *s)
{
	struct bench *t = context;

	if (t->store)
		store_segment(t->store, s);
}

static void bench_urgent(void *context)
{
	struct bench *t = context;

	if (t->store && !t->only_told)
		store_urgent(t->store);
}

static bool bench_open_days(struct bench *t, unsigned int keep_days)
{
	struct ledger_out out = { bench_row, bench_segment, bench_urgent, NULL, t };
	struct store_options o = { t->directory, keep_days, notes_new(bench_urgent, t) };

	t->notes = o.notes;
	t->base = event_base_new();
	t->ledger = ledger_new(&out);
	t->store = store_open(t->base, &o, t->ledger);
	return t->store;
}

static bool bench_open(struct bench *t)
{
	return bench_open_days(t, 0);
}

static void bench_close(struct bench *t)
{
	store_close(t->store);
	t->store = NULL;
	ledger_free(t->ledger);
	notes_free(t->notes);
	if (t->base)
		event_base_free(t->base);
	t->ledger = NULL;
	t->notes = NULL;
	t->base = NULL;
}

static void bench_directory(struct bench *t)
{
	log_set_level(LEVEL_ERROR - 1);
	*t = (struct bench){ .directory = "/tmp/store-XXXXXX" };
	if (!mkdtemp(t->directory))
		abort();
	snprintf(t->path, sizeof(t->path), "%s/" LEDGER_FILE_NAME, t->directory);
}

static __attribute__((unused)) bool bench_begin(struct bench *t)
{
	bench_directory(t);
	return bench_open(t);
}

static void remove_directory(const char *directory)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	if (system(command))
		note("%s stays", directory);
}

static void bench_end(struct bench *t)
{
	bench_close(t);
	remove_directory(t->directory);
}

/* Runs the loop until nothing waits to be written, or it can't be. */
static __attribute__((unused)) bool bench_settle(struct bench *t)
{
	struct store_status status;

	for (unsigned int i = 0; i < 60000; i++) {
		event_base_loop(t->base, EVLOOP_NONBLOCK);
		store_status(t->store, &status);
		if (!status.rows_waiting || status.error)
			return !status.error;
		usleep(1000);
	}
	return broken("nothing was written for a minute");
}

static bool bench_commit(struct bench *t)
{
	struct store_status before, status;

	store_status(t->store, &before);
	store_commit(t->store);
	for (unsigned int i = 0; i < 60000; i++) {
		event_base_loop(t->base, EVLOOP_NONBLOCK);
		store_status(t->store, &status);
		if (status.error || (status.commits > before.commits && !status.rows_waiting))
			return !status.error;
		usleep(1000);
	}
	return broken("no commit within a minute");
}

/* How many times was committed, after all that is due now. */
static __attribute__((unused)) u64 bench_commits(struct bench *t)
{
	struct store_status status;

	event_base_loop(t->base, EVLOOP_NONBLOCK);
	store_status(t->store, &status);
	return status.commits;
}

static __attribute__((unused)) struct ledger_book *bench_meter(struct bench *t, const char *name)
{
	return ledger_add(t->ledger, name, name, "line", zone_get("Europe/Paris"));
}

/* Of the one file that they name. */
static __attribute__((unused)) struct price_series *bench_series(void *context, const char *path)
{
	struct price_series **series = context;
	char error[PRICE_ERROR_MAX];

	if (!*series)
		*series = price_series_read(path, error);
	return *series;
}

/* What the sections of a configuration say costs; @text "": nothing. */
static __attribute__((unused)) bool bench_prices(struct bench *t, const char *text)
{
	struct price_series *series = NULL;
	struct prices *p = NULL;
	struct config *c;
	char path[96];
	FILE *out;

	snprintf(path, sizeof(path), "%s/meterd.conf", t->directory);
	out = fopen(path, "w");
	if (!out)
		abort();
	fprintf(out, "[daemon]\nstate = .\ntimezone = Europe/Paris\n%s", text);
	fclose(out);
	c = config_read(path);
	unlink(path);
	if (c && c->price_count)
		p = prices_new(c, bench_series, &series);
	price_series_put(series);
	config_free(c);
	store_set_prices(t->store, p);
	prices_put(p);
	return p || !*text;
}

/* The registers of a house: two tariffs, what goes back, and gas once an hour. */
static __attribute__((unused)) void bench_read(struct ledger_book *b, s64 time_s, s64 wh)
{
	struct reading values = { 0 };
	struct ledger_reading r = {
		.values = &values,
		.time_s = time_s,
		.sent = ~0ull,
		.may_close = true,
	};

	reading_set(&values, Q_energy_import_t1, 1000 * (wh * 2 / 3));
	reading_set(&values, Q_energy_import_t2, 1000 * (wh - wh * 2 / 3));
	reading_set(&values, Q_energy_export, 1000 * (wh / 4));
	reading_set(&values, Q_gas, wh / 100);
	values.captured_s[0] = time_s - time_s % 3600;
	ledger_read(b, &r);
}

/* A reading each @every_s seconds, up to @until_s exclusive. */
static __attribute__((unused)) void bench_run(struct ledger_book *b, s64 from_s, s64 until_s,
					       s64 every_s)
{
	for (s64 at_s = from_s; at_s < until_s; at_s += every_s)
		bench_read(b, at_s, 1000000 + (at_s - DAY_ONE_S) / 7);
}

/* What a query of one number says of a file; -1: nothing. */
static __attribute__((unused)) s64 number(const char *path, const char *sql)
{
	sqlite3 *db;
	s64 n = -1;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) || ledger_file_number(db, sql, &n))
		n = -1;
	sqlite3_close(db);
	return n;
}

/* What meterctl ledger check says of the file; true when it is content. */
static __attribute__((unused)) bool bench_check(const char *path)
{
	const char *meterctl = getenv("METERCTL");
	char command[256], text[4096] = "";
	FILE *out;

	snprintf(command, sizeof(command), "%s ledger check --file '%s' 2>&1",
		 meterctl ? meterctl : "build/meterctl", path);
	out = popen(command, "r");
	if (out)
		text[fread(text, 1, sizeof(text) - 1, out)] = 0;
	if (out && !pclose(out) && strstr(text, "every sum is exact"))
		return true;
	return broken("%s is not in order: %s", path, text);
}

#endif /* METERD_TESTS_STORE_BENCH_H */
