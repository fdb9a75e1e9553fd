// SPDX-License-Identifier: MIT
/*
 * Publications at their cycle, and sinks whose disk is full or whose reader is slow or gone.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../userspace/meterd/publish.h"
#include "../host/host.h"

/* The world around the publisher. */

const struct sink_ops *const sink_kinds[SINK_TYPES] = {
	[SINK_JSONL] = &sink_lines,
	[SINK_CSV] = &sink_lines,
};

static u64 now_ms;
static bool real_clock;
static struct telegram newest;
static bool has_newest;

u64 steady_ms(void)
{
	struct timespec t;

	if (!real_clock)
		return now_ms;
	clock_gettime(CLOCK_BOOTTIME, &t);
	return (u64)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

enum line_state meter_line_state(const struct meter *m)
{
	(void)m;
	return LINE_CONNECTED;
}

const char *line_state_name(enum line_state state)
{
	(void)state;
	return "connected";
}

bool meter_kept_telegram(const struct meter *m, unsigned int at, struct telegram *t)
{
	(void)m;
	*t = newest;
	return has_newest && !at;
}

bool meter_newest_telegram(const struct meter *m, struct telegram *t)
{
	return meter_kept_telegram(m, 0, t);
}

const char *tariff_by_name(enum tariff_by by)
{
	(void)by;
	return "field";
}

const char *color_name(enum color c)
{
	return c == COLOR_RED ? "red" : "blue";
}

struct meter *meters_first(struct meters *all)
{
	(void)all;
	return NULL;
}

static char directory[] = "/tmp/meterd-sinks-XXXXXX";
static struct event_base *base;

static const char *in_directory(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

/** struct world - a publisher with one sink, and some meters on one line */
struct world {
	struct publisher *publisher;
	struct sink_config sink;
	struct config config;
	struct source source;
	struct line line;
	struct meter meters[1000];
	struct reading values[1000];
};

static const struct view view;
static struct world w;

void meter_quantities(const struct meter *m, u64 now, struct reading *r)
{
	(void)now;
	*r = w.values[m - w.meters];
}

static void apply(void)
{
	publisher_configure(w.publisher, &w.config);
}

static void begin(const char *path, bool csv, int cycle_s)
{
	memset(&w, 0, sizeof(w));
	has_newest = false;
	real_clock = false;
	now_ms = 1000000;
	strcpy(w.sink.name, "out");
	w.sink.path = (char *)path;
	w.sink.type = csv ? SINK_CSV : SINK_JSONL;
	w.sink.cycle_s = -1;
	w.config.sinks = &w.sink;
	w.config.sink_count = 1;
	w.config.cycle_s = cycle_s;
	w.source.config.cycle_s = -1;
	w.line.source = &w.source;
	for (unsigned int i = 0; i < COUNT(w.meters); i++) {
		snprintf(w.meters[i].name, sizeof(w.meters[i].name), "m%u", i);
		w.meters[i].number = "";
		w.meters[i].line = &w.line;
		w.meters[i].heard = true;
		w.meters[i].protocol = TELEGRAM_P1;
	}
	w.publisher = publisher_new(base, &view);
	if (!strncmp(path, directory, strlen(directory)))
		unlink(path);
	apply();
}

static void end(void)
{
	publisher_free(w.publisher);
	w.publisher = NULL;
}

/* A telegram of meter @i with this power, now. */
static void hear(unsigned int i, s64 power_w)
{
	struct meter *m = &w.meters[i];

	m->heard_ms = steady_ms();
	reading_set(&w.values[i], Q_power_import, power_w * 1000);
	publisher_heard(w.publisher, m);
}

static char *contents(const char *path)
{
	static char text[1 << 20];
	FILE *f = fopen(path, "r");
	size_t len = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	text[len] = '\0';
	if (f)
		fclose(f);
	return text;
}

static size_t lines_of(const char *path)
{
	size_t count = 0;

	for (const char *at = contents(path); *at; at++)
		count += *at == '\n';
	return count;
}

static bool has_lines(const char *path, size_t wanted)
{
	size_t got = lines_of(path);

	return got == wanted || broken("%zu lines, not %zu:\n%s", got, wanted, contents(path));
}

static bool has_whole_states_only(const char *text)
{
	while (*text) {
		const char *end = strchr(text, '\n');

		if (!end || strncmp(text, "{\"name\":\"m0\"", 12) || end[-1] != '}')
			return broken("no state of m0: %.60s", text);
		text = end + 1;
	}
	return true;
}

/* Lets the loop run until the file has so many lines. */
static bool comes_to(const char *path, size_t lines)
{
	for (unsigned int i = 0; i < 6000 && lines_of(path) < lines; i++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		usleep(10000);
	}
	return has_lines(path, lines);
}

/* Cycles */

static bool the_first_telegram_is_published_at_once(const char **skip)
{
	const char *path = in_directory("first");
	bool kept;

	(void)skip;
	begin(path, false, 5);
	hear(0, 42);
	kept = has_lines(path, 1) && strstr(contents(path), "\"power_import\":42");
	end();
	return kept;
}

static bool a_cycle_has_one_state_at_most(const char **skip)
{
	const char *path = in_directory("cycle");
	bool kept;

	(void)skip;
	begin(path, false, 1);
	for (unsigned int i = 0; i < 100; i++, now_ms += 100)
		hear(0, i);
	kept = has_lines(path, 10) && strstr(contents(path), "\"power_import\":90}");
	end();
	return kept;
}

static bool at_the_end_of_a_cycle_the_newest_state_is_published(const char **skip)
{
	const char *path = in_directory("end");
	u64 begun;
	bool kept;

	(void)skip;
	begin(path, false, 1);
	real_clock = true;
	begun = steady_ms();
	hear(0, 1);
	hear(0, 2);
	hear(0, 3);
	kept = has_lines(path, 1) && comes_to(path, 2) && steady_ms() - begun >= 1000 &&
	       strstr(contents(path), "\"power_import\":3}") &&
	       !strstr(contents(path), "\"power_import\":2}");
	/* And no more without a telegram. */
	for (unsigned int i = 0; i < 150; i++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		usleep(10000);
	}
	kept = kept && has_lines(path, 2);
	end();
	return kept;
}

static bool a_cycle_of_0_publishes_every_telegram(const char **skip)
{
	const char *path = in_directory("each");
	bool kept;

	(void)skip;
	begin(path, false, 0);
	for (unsigned int i = 0; i < 50; i++)
		hear(0, i);
	kept = has_lines(path, 50);
	end();
	return kept;
}

static size_t lines_in_ten_seconds(int daemon_s, int source_s, int sink_s)
{
	const char *path = in_directory("whose");

	begin(path, false, daemon_s);
	w.source.config.cycle_s = source_s;
	w.sink.cycle_s = sink_s;
	apply();
	for (unsigned int i = 0; i < 100; i++, now_ms += 100)
		hear(0, i);
	/* What waits is published at the end. */
	end();
	return lines_of(path);
}

static bool the_sink_s_cycle_comes_before_the_source_s_and_the_daemon_s(const char **skip)
{
	(void)skip;
	return lines_in_ten_seconds(5, -1, -1) == 3 && lines_in_ten_seconds(5, 2, -1) == 6 &&
	       lines_in_ten_seconds(5, 2, 1) == 11 && lines_in_ten_seconds(5, 0, -1) == 100 &&
	       lines_in_ten_seconds(5, 2, 0) == 100;
}

static bool a_thousand_meters_share_one_timer(const char **skip)
{
	const char *path = in_directory("many");
	bool kept;

	(void)skip;
	begin(path, false, 1);
	real_clock = true;
	for (unsigned int round = 0; round < 3; round++)
		for (unsigned int i = 0; i < 1000; i++)
			hear(i, round);
	kept = event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED) == 1 &&
	       comes_to(path, 2000);
	end();
	return kept;
}

static bool a_replay_goes_by_its_telegrams_clock(const char **skip)
{
	const char *path = in_directory("replay");
	bool kept;

	(void)skip;
	begin(path, false, 60);
	w.meters[0].replay = true;
	for (unsigned int i = 0; i < 3600; i++) {
		w.meters[0].heard_ms = 1000ull * i;
		publisher_heard(w.publisher, &w.meters[0]);
	}
	kept = has_lines(path, 60);
	end();
	return kept && has_lines(path, 61);
}

static bool what_waits_is_published_at_the_end(const char **skip)
{
	const char *path = in_directory("waits");

	(void)skip;
	begin(path, false, 3600);
	hear(0, 1);
	hear(0, 2);
	end();
	return has_lines(path, 2) && strstr(contents(path), "\"power_import\":2}");
}

static bool without_sinks_nothing_is_kept_of_a_meter(const char **skip)
{
	bool kept;

	(void)skip;
	begin(in_directory("none"), false, 1);
	w.config.sink_count = 0;
	apply();
	hear(0, 1);
	kept = !w.meters[0].published &&
	       !event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED);
	end();
	return kept;
}

/* Files */

static bool a_reload_opens_a_file_that_was_moved_away_anew(const char **skip)
{
	char path[128], moved[128];
	bool kept;

	(void)skip;
	strcpy(path, in_directory("rotated"));
	strcpy(moved, in_directory("rotated.1"));
	begin(path, true, 0);
	hear(0, 1);
	rename(path, moved);
	hear(0, 2);
	apply();
	hear(0, 3);
	apply();
	hear(0, 4);
	kept = has_lines(moved, 3) && has_lines(path, 3) &&
	       !strncmp(contents(path), "received,time,", 14);
	end();
	return kept;
}

static bool a_full_disk_leaves_no_half_line_and_goes_on_when_there_is_room(const char **skip)
{
	const char *path = in_directory("full");
	struct rlimit before, little;
	const char *at;
	bool kept;

	(void)skip;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	begin(path, false, 0);
	little = before;
	little.rlim_cur = 1000;
	setrlimit(RLIMIT_FSIZE, &little);
	for (unsigned int i = 0; i < 100; i++)
		hear(0, i);
	setrlimit(RLIMIT_FSIZE, &before);
	at = contents(path);
	kept = *at && strlen(at) <= 1000 && at[strlen(at) - 1] == '\n';
	hear(0, 100);
	kept = kept && strstr(contents(path), "\"power_import\":100}");
	kept = kept && has_whole_states_only(contents(path));
	end();
	return kept;
}

static bool a_full_device_is_survived(const char **skip)
{
	(void)skip;
	if (access("/dev/full", W_OK)) {
		*skip = "no /dev/full";
		return false;
	}
	begin("/dev/full", true, 0);
	for (unsigned int i = 0; i < 1000; i++)
		hear(0, i);
	end();
	return true;
}

static bool a_directory_that_comes_later_is_found(const char **skip)
{
	const char *path = in_directory("later/out");
	bool kept;

	(void)skip;
	begin(path, false, 0);
	hear(0, 1);
	mkdir(in_directory("later"), 0700);
	path = in_directory("later/out");
	now_ms += 60000;
	hear(0, 2);
	kept = has_lines(path, 1);
	end();
	return kept;
}

/* Pipes */

static bool a_reader_that_sleeps_keeps_nobody_waiting(const char **skip)
{
	static char bytes[1 << 20];
	char path[128];
	ssize_t got;
	size_t len = 0;
	bool kept;
	int fd;

	(void)skip;
	strcpy(path, in_directory("pipe"));
	mkfifo(path, 0600);
	fd = open(path, O_RDONLY | O_NONBLOCK);
	begin(in_directory("unused"), false, 0);
	w.sink.path = path;
	apply();
	/* Some 5 MB: more than pipe and queue take. */
	for (unsigned int i = 0; i < 30000; i++)
		hear(0, i);
	for (;;) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		got = read(fd, bytes + len, sizeof(bytes) - 1 - len);
		if (got <= 0)
			break;
		len += got;
	}
	bytes[len] = '\0';
	note("%zu bytes were kept", len);
	kept = len > 256 * 1024 && len < 512 * 1024 && has_whole_states_only(bytes);
	/* It goes on when the reader does. */
	hear(0, 77777);
	got = read(fd, bytes, sizeof(bytes) - 1);
	kept = kept && got > 0 && memmem(bytes, got, ":77777}", 7);
	end();
	close(fd);
	return kept;
}

static bool a_closed_standard_output_ends_the_sink_alone(const char **skip)
{
	int ends[2], out;
	bool kept;

	(void)skip;
	fflush(stdout);
	out = dup(STDOUT_FILENO);
	if (pipe(ends) || dup2(ends[1], STDOUT_FILENO) < 0)
		return broken("no pipe");
	close(ends[1]);
	begin(in_directory("unused"), false, 0);
	w.sink.path = "-";
	apply();
	hear(0, 1);
	close(ends[0]);
	for (unsigned int i = 0; i < 1000; i++)
		hear(0, i);
	kept = write(STDOUT_FILENO, "x", 1) < 0 && errno == EPIPE;
	end();
	dup2(out, STDOUT_FILENO);
	close(out);
	return kept;
}

/* What stands in the lines */

static bool csv_has_one_header_and_a_line_for_each_quantity(const char **skip)
{
	static const char wanted[] =
		"received,time,meter,quantity,value,unit\n"
		"2024-10-10T23:05:31Z,2024-10-10T23:05:30Z,\"m0\",energy_import,1234567.5,Wh\n"
		"2024-10-10T23:05:31Z,2024-10-10T23:05:30Z,\"m0\",power_import,-0.001,W\n"
		"2024-10-10T23:05:31Z,2024-10-10T23:05:30Z,\"m0\",gas,5.123,m3\n"
		"2024-10-10T23:05:31Z,2024-10-10T23:05:30Z,\"m0\",tariff_label,\"HP\",\n"
		"2024-10-10T23:05:31Z,2024-10-10T23:05:30Z,\"m0\",color_tomorrow,\"red\",\n";
	const char *path = in_directory("csv");
	struct meter *m = &w.meters[0];
	bool kept;

	(void)skip;
	begin(path, true, 0);
	m->received_ms = 1728601531999;
	m->has_time = true;
	m->time_s = 1728601530;
	reading_set(&w.values[0], Q_energy_import, 1234567500);
	reading_set(&w.values[0], Q_power_import, -1);
	reading_set(&w.values[0], Q_gas, 5123);
	strcpy(m->tariff_label, "HP");
	m->color_tomorrow = COLOR_RED;
	publisher_heard(w.publisher, m);
	kept = !strcmp(contents(path), wanted) || broken("%s", contents(path));
	end();
	return kept;
}

static void field(unsigned int i, unsigned int at, const char *label, const char *value)
{
	static u8 text[1024];

	newest.text = text;
	newest.fields[i] = (struct field){
		.label = at, .label_len = strlen(label), .value = at + strlen(label),
		.len = strlen(value), .row = ROW_UNKNOWN,
	};
	memcpy(text + at, label, strlen(label));
	memcpy(text + at + strlen(label), value, strlen(value));
}

static bool no_cell_is_a_formula_or_breaks_out(const char **skip)
{
	const char *path = in_directory("formula");
	const char *text;
	bool kept;

	(void)skip;
	begin(path, true, 0);
	w.sink.fields = true;
	w.config.identity = true;
	apply();
	memset(&newest, 0, sizeof(newest));
	newest.protocol = TELEGRAM_TIC_HISTORIQUE;
	newest.nfields = 5;
	field(0, 0, "A", "=HYPERLINK(\"http://x\")");
	field(1, 100, "@SUM", "+1");
	field(2, 200, "C", "-2\r\n\"m0\",power_import,5");
	field(3, 300, "D", "\tx");
	field(4, 400, "", "");
	has_newest = true;
	publisher_heard(w.publisher, &w.meters[0]);
	text = contents(path);
	kept = strstr(text, "\"A\",\"'=HYPERLINK(\"\"http://x\"\")\",\n") &&
	       strstr(text, "\"'@SUM\",\"'+1\",\n") &&
	       strstr(text, "\"C\",\"'-2  \"\"m0\"\",power_import,5\",\n") &&
	       strstr(text, "\"D\",\"' x\",\n") && strstr(text, ",\"\",\"\",\n") &&
	       has_lines(path, 6);
	if (!kept)
		broken("%s", contents(path));
	end();
	return kept;
}

static bool sinks_tell_numbers_only_where_identity_is_yes(const char **skip)
{
	const char *path = in_directory("identity");
	struct ledger_book book = { .name = "m0", .number = "123456789012" };
	struct ledger_event event = { .kind = LEDGER_METER_REPLACED, .reg = Q_NONE };
	bool kept;

	(void)skip;
	begin(path, false, 0);
	w.sink.fields = true;
	apply();
	w.meters[0].number = "123456789012";
	memset(&newest, 0, sizeof(newest));
	newest.protocol = TELEGRAM_TIC_HISTORIQUE;
	newest.nfields = 1;
	field(0, 0, "ADCO", "123456789012");
	newest.fields[0].row = tic_label_row((const u8 *)"ADCO", 4);
	has_newest = true;
	hear(0, 1);
	publisher_ledger_event(w.publisher, &book, &event);
	kept = has_lines(path, 2) && !strstr(contents(path), "123456789012");
	w.config.identity = true;
	apply();
	hear(0, 2);
	publisher_ledger_event(w.publisher, &book, &event);
	kept = kept && strstr(contents(path), "\"meter\":\"123456789012\"") &&
	       strstr(contents(path), "[\"ADCO\",\"123456789012\"]");
	end();
	return kept;
}

static bool each_event_has_a_name_and_its_values(const char **skip)
{
	static const struct {
		struct ledger_event event;
		const char *line;
	} cases[] = {
		{ { LEDGER_METER_REPLACED, Q_NONE, 0, 0, 0 },
		  "{\"event\":\"meter-replaced\",\"name\":\"m0\","
		  "\"time\":\"1970-01-01T00:00:00Z\"}\n" },
		{ { LEDGER_REGISTER_RESET, Q_energy_import, 1, 5500, 0 },
		  "\"event\":\"register-reset\",\"name\":\"m0\",\"time\":\"1970-01-01T00:00:01Z\","
		  "\"register\":\"energy_import\",\"from\":5.5,\"to\":0}\n" },
		{ { LEDGER_REGISTER_WRAPPED, Q_gas, 1, 99999000, 1 },
		  "\"register-wrapped\",\"name\":\"m0\",\"time\":\"1970-01-01T00:00:01Z\","
		  "\"register\":\"gas\",\"from\":99999,\"to\":0.001}\n" },
		{ { LEDGER_HELD, Q_energy_import, 1, 2000, 1000 }, "\"held\"" },
		{ { LEDGER_BELIEVED, Q_energy_import, 1, 2000, 1000 }, "\"believed\"" },
		{ { LEDGER_JUMP, Q_energy_import, 1, 2000, 1000 }, "\"jump\"" },
		{ { LEDGER_GAP, Q_energy_import, 1800, 0, 900 },
		  "\"gap\",\"name\":\"m0\",\"time\":\"1970-01-01T00:30:00Z\",\"register\":"
		  "\"energy_import\",\"from\":\"1970-01-01T00:00:00Z\","
		  "\"to\":\"1970-01-01T00:15:00Z\"}\n" },
		{ { LEDGER_TARIFFS_DIFFER, Q_energy_import, 1, 2000, 1000 },
		  "\"tariffs-differ\"" },
	};
	const char *path = in_directory("events");
	struct ledger_book book = { .name = "m0" };
	bool kept = true;

	(void)skip;
	begin(path, false, 0);
	for (unsigned int i = 0; i < COUNT(cases); i++) {
		publisher_ledger_event(w.publisher, &book, &cases[i].event);
		if (!strstr(contents(path), cases[i].line))
			kept = broken("no %sin\n%s", cases[i].line, contents(path));
	}
	kept = kept && has_lines(path, COUNT(cases));
	end();
	return kept;
}

#define PROMISE(name) { #name, name }

static const struct promise promises[] = {
	PROMISE(the_first_telegram_is_published_at_once),
	PROMISE(a_cycle_has_one_state_at_most),
	PROMISE(at_the_end_of_a_cycle_the_newest_state_is_published),
	PROMISE(a_cycle_of_0_publishes_every_telegram),
	PROMISE(the_sink_s_cycle_comes_before_the_source_s_and_the_daemon_s),
	PROMISE(a_thousand_meters_share_one_timer),
	PROMISE(a_replay_goes_by_its_telegrams_clock),
	PROMISE(what_waits_is_published_at_the_end),
	PROMISE(without_sinks_nothing_is_kept_of_a_meter),
	PROMISE(a_reload_opens_a_file_that_was_moved_away_anew),
	PROMISE(a_full_disk_leaves_no_half_line_and_goes_on_when_there_is_room),
	PROMISE(a_full_device_is_survived),
	PROMISE(a_directory_that_comes_later_is_found),
	PROMISE(a_reader_that_sleeps_keeps_nobody_waiting),
	PROMISE(a_closed_standard_output_ends_the_sink_alone),
	PROMISE(csv_has_one_header_and_a_line_for_each_quantity),
	PROMISE(no_cell_is_a_formula_or_breaks_out),
	PROMISE(sinks_tell_numbers_only_where_identity_is_yes),
	PROMISE(each_event_has_a_name_and_its_values),
};

int main(void)
{
	char command[64];
	int code;

	signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	if (!base || !mkdtemp(directory)) {
		printf("Bail out! no directory\n");
		return 1;
	}
	code = keep_promises(promises, COUNT(promises));
	event_base_free(base);
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command) ? 1 : code;
}
