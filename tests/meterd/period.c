// SPDX-License-Identifier: MIT
/*
 * What is told of the running day and month, and of those before.
 */
#include <event2/event.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../userspace/meterd/period_json.h"
#include "house.h"

/* Midnight of Paris between two months, in winter: 2024-11-01. */
#define NOVEMBER_S 1730415600ll
#define DAY_S	   86400

static struct house h;
static struct line *line;
static struct event_base *base;
static char directory[] = "/tmp/meterline-period-XXXXXX";

static struct meter_config *open_house(void)
{
	static unsigned int count;
	char path[sizeof(directory) + 16];
	const struct store_options options = { .directory = path };
	struct meter_config *c;

	snprintf(path, sizeof(path), "%s/%u", directory, count++);
	mkdir(path, 0700);
	house_open(&h);
	h.replay = true;
	h.store = store_open(base, &options, h.ledger);
	if (!h.store)
		abort();
	line = house_source(&h, "house", SOURCE_TCP);
	c = house_meter(&h, "E001", "house");
	house_configure(&h);
	return c;
}

static bool done(bool kept)
{
	store_close(h.store);
	house_close(&h);
	return kept;
}

/* A reading at this time, whatever season the meter thinks it is. */
static void read_at(s64 unix_s, s64 wh)
{
	h.now_s = unix_s;
	simple_p1(&h, line, "45303031", wh);
}

static const char *told(s64 now_s)
{
	static char *text;
	static size_t len;
	FILE *out;

	free(text);
	text = NULL;
	out = open_memstream(&text, &len);
	if (!period_json(out, h.store, h.last, now_s))
		broken("the file could not be read");
	fclose(out);
	return text;
}

static bool is_told(s64 now_s, const char *wanted)
{
	const char *text = told(now_s);

	return !strcmp(text, wanted) || broken("%s, not %s", text, wanted);
}

/* Whether a member is this object, to its end. */
static bool member_is(s64 now_s, const char *member, const char *object)
{
	char wanted[256];

	snprintf(wanted, sizeof(wanted), "\"%s\":%s", member, object);
	return strstr(told(now_s), wanted) || broken("no %s in %s", wanted, told(now_s));
}

static void end_of_october(void)
{
	read_at(NOVEMBER_S - DAY_S - 43200, 1000000);
	read_at(NOVEMBER_S - DAY_S, 1001000);
	read_at(NOVEMBER_S, 1003000);
	read_at(NOVEMBER_S + 28800, 1004500);
}

#define NOVEMBER "{\"start\":\"2024-10-31T23:00:00Z\""
#define YESTERDAY "{\"start\":\"2024-10-30T23:00:00Z\""

static const char first_of_november[] =
	"{\"day\":{\"start\":\"2024-10-31T23:00:00Z\",\"energy_import\":1500},"
	"\"month\":{\"start\":\"2024-10-31T23:00:00Z\",\"energy_import\":1500},"
	"\"yesterday\":{\"start\":\"2024-10-30T23:00:00Z\",\"energy_import\":2000},"
	"\"last_month\":{\"start\":\"2024-09-30T22:00:00Z\",\"energy_import\":3000}}";

static bool the_end_of_a_month_is_told_as_it_was_counted(const char **skip)
{
	(void)skip;
	open_house();
	end_of_october();
	return done(is_told(h.now_s, first_of_november));
}

static bool what_is_in_the_file_is_told_as_what_is_not_yet(const char **skip)
{
	struct store_status status;

	(void)skip;
	open_house();
	end_of_october();
	store_commit(h.store);
	for (unsigned int i = 0; i < 3000; i++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		store_status(h.store, &status);
		if (status.commits && !status.rows_waiting)
			break;
		usleep(10000);
	}
	return done((status.commits || broken("nothing was written")) &&
		    is_told(h.now_s, first_of_november));
}

static bool a_period_of_which_nothing_is_known_has_its_beginning_alone(const char **skip)
{
	(void)skip;
	open_house();
	read_at(NOVEMBER_S + 3600, 1000000);
	read_at(NOVEMBER_S + 7200, 1000500);
	return done(member_is(h.now_s, "day", NOVEMBER ",\"energy_import\":500}") &&
		    member_is(h.now_s, "yesterday", YESTERDAY "}") &&
		    member_is(h.now_s, "last_month", "{\"start\":\"2024-09-30T22:00:00Z\"}"));
}

/* The host's clock goes on. */
static void silent_until(s64 unix_s)
{
	for (h.now_s++; h.now_s < unix_s; h.now_s += 900)
		ledger_tick(h.ledger, h.now_s);
	h.now_s = unix_s;
	ledger_tick(h.ledger, h.now_s);
}

static bool a_silent_meter_has_counted_nothing_that_is_known(const char **skip)
{
	struct meter *m;

	(void)skip;
	open_house();
	end_of_october();
	m = h.last;
	m->book->idle = false;
	silent_until(NOVEMBER_S + 3 * DAY_S + 3600);
	return done(member_is(h.now_s, "day", "{\"start\":\"2024-11-03T23:00:00Z\"}") &&
		    member_is(h.now_s, "yesterday", "{\"start\":\"2024-11-02T23:00:00Z\"}") &&
		    member_is(h.now_s, "month", NOVEMBER ",\"energy_import\":1500}"));
}

static bool days_that_were_estimated_are_told(const char **skip)
{
	(void)skip;
	open_house();
	read_at(NOVEMBER_S - 2 * DAY_S, 1000000);
	read_at(NOVEMBER_S + DAY_S / 2, 1005000);
	return done(member_is(h.now_s, "yesterday", YESTERDAY ",\"energy_import\":2000}") &&
		    member_is(h.now_s, "day", NOVEMBER ",\"energy_import\":1000}"));
}

static bool starts_are(s64 now_s, const char *day, const char *month, const char *yesterday,
		       const char *last_month)
{
	char wanted[512];

	snprintf(wanted, sizeof(wanted),
		 "{\"day\":{\"start\":\"%s\"},\"month\":{\"start\":\"%s\"},"
		 "\"yesterday\":{\"start\":\"%s\"},\"last_month\":{\"start\":\"%s\"}}",
		 day, month, yesterday, last_month);
	return is_told(now_s, wanted);
}

static bool days_begin_at_midnight_when_clocks_are_changed(const char **skip)
{
	(void)skip;
	open_house();
	read_at(BEGIN_S - 400 * (s64)DAY_S, 1000);
	/* Noon of 2024-03-31, of 23 hours, and the day after; the same of 2024-10-27, of 25. */
	return done(starts_are(1711879200, "2024-03-30T23:00:00Z", "2024-02-29T23:00:00Z",
			       "2024-03-29T23:00:00Z", "2024-01-31T23:00:00Z") &&
		    starts_are(1711965600, "2024-03-31T22:00:00Z", "2024-03-31T22:00:00Z",
			       "2024-03-30T23:00:00Z", "2024-02-29T23:00:00Z") &&
		    starts_are(1730026800, "2024-10-26T22:00:00Z", "2024-09-30T22:00:00Z",
			       "2024-10-25T22:00:00Z", "2024-08-31T22:00:00Z") &&
		    starts_are(1730113200, "2024-10-27T23:00:00Z", "2024-09-30T22:00:00Z",
			       "2024-10-26T22:00:00Z", "2024-08-31T22:00:00Z"));
}

static bool a_year_ends_as_a_month_does(const char **skip)
{
	(void)skip;
	open_house();
	read_at(BEGIN_S, 1000);
	return done(starts_are(1735686000, "2024-12-31T23:00:00Z", "2024-12-31T23:00:00Z",
			       "2024-12-30T23:00:00Z", "2024-11-30T23:00:00Z"));
}

static bool midnight_is_that_of_the_meter_s_zone(const char **skip)
{
	struct meter_config *c = open_house();

	(void)skip;
	c->zone = zone_get("America/New_York");
	house_configure(&h);
	read_at(NOVEMBER_S, 1000000);
	read_at(NOVEMBER_S + 5 * 3600, 1000500);
	read_at(NOVEMBER_S + 6 * 3600, 1000700);
	return done(member_is(h.now_s, "day",
			      "{\"start\":\"2024-11-01T04:00:00Z\",\"energy_import\":200}") &&
		    member_is(h.now_s, "yesterday",
			      "{\"start\":\"2024-10-31T04:00:00Z\",\"energy_import\":500}"));
}

static bool all_registers_of_a_meter_are_told(const char **skip)
{
	(void)skip;
	open_house();
	for (unsigned int i = 0; i < 2; i++) {
		h.now_s = NOVEMBER_S + i * 3600;
		p1(&h, line,
		   "0-0:1.0.0(%sW)\r\n1-0:1.8.1(%06u.000*kWh)\r\n1-0:1.8.2(%06u.001*kWh)\r\n"
		   "1-0:2.8.1(%06u.002*kWh)\r\n0-1:24.1.0(003)\r\n0-1:96.1.0(33)\r\n"
		   "0-1:24.2.1(%sW)(%05u.123*m3)\r\n", winter(h.now_s), 1000 + i, 2000 + 2 * i,
		   3000 + 3 * i, winter(h.now_s), 4000 + i);
	}
	return done(member_is(h.now_s, "month",
			      NOVEMBER ",\"energy_import\":3000,"
			      "\"energy_import_t1\":1000,\"energy_import_t2\":2000,"
			      "\"energy_export\":3000,\"energy_export_t1\":3000,\"gas\":1}"));
}

static bool the_day_of_a_replaced_meter_is_told_as_both_have_counted_it(const char **skip)
{
	(void)skip;
	open_house();
	read_at(NOVEMBER_S, 1000000);
	read_at(NOVEMBER_S + 3600, 1000500);
	for (unsigned int i = 0; i < 4; i++) {
		h.now_s = NOVEMBER_S + 7200 + i * 10;
		simple_p1(&h, line, "45303032", 3000 + i);
	}
	return done((h.last->replacements == 1 || broken("it was not replaced")) &&
		    member_is(h.now_s, "day", NOVEMBER ",\"energy_import\":503}"));
}

/* Noon and midnight of each day from October to January: what is told is what lies between. */
static bool each_day_of_a_winter_is_told_as_it_was_counted(const char **skip)
{
	s64 wh = 1000000, midnight_wh = 0, before_wh = 0, month_wh = 0, last_month_wh = 0;
	s64 month_s = 0;
	char day[64], month[64];
	u64 state = 20241101;

	(void)skip;
	open_house();
	for (s64 t = NOVEMBER_S - DAY_S; t < NOVEMBER_S + 92 * DAY_S; t += DAY_S) {
		bool first = t == NOVEMBER_S || t == NOVEMBER_S + 30 * DAY_S ||
			     t == NOVEMBER_S + 61 * DAY_S;

		before_wh = wh - midnight_wh;
		midnight_wh = wh;
		if (first) {
			last_month_wh = wh - month_wh;
			month_wh = wh;
			month_s = t;
		}
		read_at(t, wh);
		wh += lot(&state, 20000);
		read_at(t + DAY_S / 2, wh);
		snprintf(day, sizeof(day), ",\"energy_import\":%lld}", (long long)before_wh);
		snprintf(month, sizeof(month), ",\"energy_import\":%lld}}",
			 (long long)last_month_wh);
		if (month_s && (!strstr(told(h.now_s), day) ||
				(month_s > NOVEMBER_S && !strstr(told(h.now_s), month))))
			return done(broken("%s, not %s and %s", told(h.now_s), day, month));
		wh += lot(&state, 20000);
	}
	return done(true);
}

int main(void)
{
	static const struct promise promises[] = {
		PROMISE(the_end_of_a_month_is_told_as_it_was_counted),
		PROMISE(what_is_in_the_file_is_told_as_what_is_not_yet),
		PROMISE(a_period_of_which_nothing_is_known_has_its_beginning_alone),
		PROMISE(a_silent_meter_has_counted_nothing_that_is_known),
		PROMISE(days_that_were_estimated_are_told),
		PROMISE(days_begin_at_midnight_when_clocks_are_changed),
		PROMISE(a_year_ends_as_a_month_does),
		PROMISE(midnight_is_that_of_the_meter_s_zone),
		PROMISE(all_registers_of_a_meter_are_told),
		PROMISE(the_day_of_a_replaced_meter_is_told_as_both_have_counted_it),
		PROMISE(each_day_of_a_winter_is_told_as_it_was_counted),
	};
	char command[64];
	int code;

	base = event_base_new();
	if (!base || !mkdtemp(directory)) {
		printf("Bail out! no directory\n");
		return 1;
	}
	code = keep_promises(promises, COUNT(promises));
	event_base_free(base);
	zones_free();
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command) ? 1 : code;
}
