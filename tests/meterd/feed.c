// SPDX-License-Identifier: MIT
/*
 * From bytes to the telegrams of a line: time, state, period, complaints and traces.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "world.h"

/**
 * struct stage - a world with one line that is fed by hand
 * @source: of the line; not one of the world's list
 */
struct stage {
	struct world w;
	struct source source;
	struct line *line;
	struct feed *feed;
};

static void stage_begin(struct stage *s)
{
	memset(s, 0, sizeof(*s));
	world_begin(&s->w);
	s->source = (struct source){ .all = s->w.sources, .lines_end = &s->source.lines };
	snprintf(s->source.config.name, sizeof(s->source.config.name), "house");
	s->line = line_add(&s->source, "hand");
	s->feed = feed_new(s->line, LINE_AUTO);
}

static bool stage_end(struct stage *s, bool kept)
{
	feed_free(s->feed);
	line_remove(s->line);
	world_end(&s->w);
	return kept;
}

static void feed_now(struct stage *s, const void *bytes, size_t count)
{
	struct moment now = { .unix_ms = host_unix_ms(), .steady_ms = steady_ms() };

	feed_bytes(s->feed, bytes, count, &now);
}

static void feed_telegram_now(struct stage *s)
{
	char text[1024];

	feed_now(s, text, a_telegram(text, 1));
}

static bool is_number(const char *what, u64 got, u64 expected)
{
	if (got == expected)
		return true;
	return broken("%s: %llu, not %llu", what, (unsigned long long)got,
		      (unsigned long long)expected);
}

static bool is_text(const char *got, const char *words)
{
	if (words ? got && strstr(got, words) : !got)
		return true;
	return broken("\"%s\", not \"...%s...\"", got ? got : "(nothing)",
		      words ? words : "(nothing)");
}

static bool a_telegram_comes_whole_from_every_pair_of_pieces(const char **skip)
{
	struct stage s;
	char text[1024];
	size_t len = a_telegram(text, 1);
	bool kept;

	(void)skip;
	stage_begin(&s);
	for (size_t cut = 0; cut <= len; cut++) {
		feed_now(&s, text, cut);
		feed_now(&s, text + cut, len - cut);
	}
	kept = is_number("telegrams", s.w.heard, len + 1) &&
	       is_number("of the line", s.line->telegrams, len + 1) &&
	       is_text(s.w.number, "E0001");
	return stage_end(&s, kept);
}

/* DSMR 2.2 has no CRC: what ends its telegram is the line end, or silence. */
static const char without_crc[] = "/XYZ5\\OLD\r\n\r\n0-0:96.1.1(4530303031)\r\n"
				  "1-0:1.8.1(00001.001*kWh)\r\n!";

static bool a_telegram_without_crc_ends_after_a_second_of_silence(const char **skip)
{
	struct stage s;
	u64 begun;
	bool kept;

	(void)skip;
	stage_begin(&s);
	begun = steady_ms();
	feed_now(&s, without_crc, 20);
	world_run(&s.w, 400);
	feed_now(&s, without_crc + 20, sizeof(without_crc) - 1 - 20);
	world_run(&s.w, 900);
	kept = is_number("telegrams before", s.w.heard, 0);
	world_run(&s.w, 200);
	kept = kept && is_number("telegrams", s.w.heard, 1) &&
	       is_number("its time", s.w.when.steady_ms, begun) &&
	       is_number("its unix time", s.w.when.unix_ms - s.w.when.steady_ms,
			 WORLD_BEGIN_S * 1000ull);
	return stage_end(&s, kept);
}

static bool a_late_crc_is_waited_for(const char **skip)
{
	struct stage s;
	char text[1024];
	size_t len = a_telegram(text, 1);
	bool kept;

	(void)skip;
	stage_begin(&s);
	feed_now(&s, text, len - 6);
	world_run(&s.w, 900);
	feed_now(&s, text + len - 6, 2);
	world_run(&s.w, 900);
	kept = is_number("telegrams before", s.w.heard, 0);
	feed_now(&s, text + len - 4, 4);
	kept = kept && is_number("telegrams", s.w.heard, 1);
	return stage_end(&s, kept);
}

static bool the_end_of_a_stream_ends_a_telegram_without_crc(const char **skip)
{
	struct stage s;
	u64 begun;
	bool kept;

	(void)skip;
	stage_begin(&s);
	begun = steady_ms();
	feed_now(&s, without_crc, sizeof(without_crc) - 1);
	world_run(&s.w, 500);
	feed_end(s.feed);
	kept = is_number("telegrams", s.w.heard, 1) &&
	       is_number("its time", s.w.when.steady_ms, begun);
	world_run(&s.w, 5000);
	kept = kept && is_number("telegrams", s.w.heard, 1);
	return stage_end(&s, kept);
}

static bool half_a_telegram_is_given_up_when_another_stream_begins(const char **skip)
{
	struct stage s;
	char text[1024];
	size_t len = a_telegram(text, 1);
	bool kept;

	(void)skip;
	stage_begin(&s);
	feed_now(&s, text, len / 2);
	feed_reset(s.feed);
	feed_now(&s, text + len / 2, len - len / 2);
	kept = is_number("telegrams", s.w.heard, 0);
	feed_now(&s, without_crc, sizeof(without_crc) - 1);
	feed_reset(s.feed);
	world_run(&s.w, 5000);
	kept = kept && is_number("telegrams of no stream", s.w.heard, 0);
	feed_telegram_now(&s);
	kept = kept && is_number("telegrams of the next one", s.w.heard, 1);
	return stage_end(&s, kept);
}

static bool a_line_that_changes_its_protocol_is_read_after_a_reset(const char **skip)
{
	static const char *const groups[] = { "ADCO 123456789012", "BASE 000000123" };
	struct stage s;
	u8 frame[256];
	size_t len = tic_frame_of(frame, sizeof(frame), groups, COUNT(groups));
	bool kept;

	(void)skip;
	stage_begin(&s);
	feed_telegram_now(&s);
	feed_reset(s.feed);
	feed_now(&s, frame, len);
	kept = is_number("telegrams", s.w.heard, 2) && is_text(s.w.number, "123456789012");
	return stage_end(&s, kept);
}

static void telegram_after(struct stage *s, u64 ms)
{
	world_run(&s->w, ms);
	feed_telegram_now(s);
}

static bool the_period_is_the_median_of_three(const char **skip)
{
	struct stage s;
	bool kept;

	(void)skip;
	stage_begin(&s);
	feed_telegram_now(&s);
	telegram_after(&s, 10000);
	telegram_after(&s, 10000);
	kept = is_number("not known yet", s.line->interval_ms, 0) &&
	       is_number("patience", line_patience_ms(s.line), 30000);
	telegram_after(&s, 9000);
	kept = kept && is_number("period", s.line->interval_ms, 10000);
	telegram_after(&s, 3600000);
	kept = kept && is_number("after an hour's gap", s.line->interval_ms, 10000);
	telegram_after(&s, 11000);
	telegram_after(&s, 11000);
	kept = kept && is_number("of late", s.line->interval_ms, 11000) &&
	       is_number("patience of three periods", line_patience_ms(s.line), 33000);
	return stage_end(&s, kept);
}

static bool telegrams_of_one_read_say_nothing_of_the_period(const char **skip)
{
	struct stage s;
	bool kept;

	(void)skip;
	stage_begin(&s);
	for (unsigned int i = 0; i < 8; i++) {
		telegram_after(&s, 12000);
		feed_telegram_now(&s);
		feed_telegram_now(&s);
	}
	kept = is_number("telegrams", s.w.heard, 24) &&
	       is_number("period", s.line->interval_ms, 12000);
	return stage_end(&s, kept);
}

static bool a_line_is_connected_by_valid_telegrams_alone(const char **skip)
{
	struct stage s;
	char text[1024];
	size_t len = a_telegram(text, 1);
	bool kept;

	(void)skip;
	stage_begin(&s);
	kept = is_number("begins silent", s.line->state, LINE_SILENT) && s.line->why[0];
	text[len / 2] ^= 1;
	feed_now(&s, text, len);
	kept = kept && is_number("still", s.line->state, LINE_SILENT) &&
	       is_number("states told", s.w.states, 0);
	world_run(&s.w, 5000);
	feed_telegram_now(&s);
	feed_telegram_now(&s);
	kept = kept && is_number("now", s.line->state, LINE_CONNECTED) &&
	       is_number("since", s.line->since_s, host_unix_ms() / 1000) &&
	       is_number("states told", s.w.states, 1) && is_text(s.line->why, "p1");
	return stage_end(&s, kept);
}

static bool a_state_is_told_once_and_keeps_its_beginning(const char **skip)
{
	struct stage s;
	s64 since_s;
	bool kept;

	(void)skip;
	stage_begin(&s);
	line_set_state(s.line, LINE_REFUSED, "because of %s", "this");
	since_s = s.line->since_s;
	world_run(&s.w, 5000);
	line_set_state(s.line, LINE_REFUSED, "because of %s", "this");
	kept = is_number("told", s.w.states, 1);
	line_set_state(s.line, LINE_REFUSED, "because of that %200s", "x");
	kept = kept && is_number("told", s.w.states, 2) &&
	       is_number("since", s.line->since_s, since_s) &&
	       is_number("length", strlen(s.line->why), LINE_WHY_MAX - 1);
	return stage_end(&s, kept);
}

static bool complaint_is(struct stage *s, const char *bytes, size_t count, const char *words)
{
	feed_reset(s->feed);
	feed_now(s, bytes, count);
	return is_text(feed_complaint(s->feed), words);
}

static bool what_comes_in_place_of_telegrams_is_named(const char **skip)
{
	char hdlc[600] = "\x7e\xa0\x08\x02\x23\x21\x13\xb5\xe0";
	char poland[600] = "/EGM5G15\r\n\r\n\x00\x82\x02\x30\x30";
	char mbus[600] = "\x68\xfa\xfa\x68\x53\xff";
	char text[1024], noise[8192];
	size_t len = a_telegram(text, 1);
	u64 lots = 3;
	struct stage s;
	bool kept;

	(void)skip;
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = lot(&lots, 256);
	memcpy(poland + 17, noise, 500);
	text[len / 2] ^= 1;
	stage_begin(&s);
	kept = complaint_is(&s, noise, 20, NULL) &&
	       complaint_is(&s, poland, sizeof(poland), "encrypted P1") &&
	       complaint_is(&s, hdlc, sizeof(hdlc), "type = mbus") &&
	       complaint_is(&s, mbus, sizeof(mbus), "type = mbus") &&
	       complaint_is(&s, noise, sizeof(noise), "neither TIC nor P1") &&
	       complaint_is(&s, text, len, "none is intact") &&
	       complaint_is(&s, "some words from a gateway that is no gateway", 44, NULL);
	world_run(&s.w, 14000);
	feed_now(&s, "some words from a gateway that is no gateway", 44);
	world_run(&s.w, 14000);
	feed_now(&s, "some words from a gateway that is no gateway", 44);
	world_run(&s.w, 14000);
	kept = kept && is_text(feed_complaint(s.feed), "no whole telegram");
	world_run(&s.w, 60000);
	kept = kept && is_text(feed_complaint(s.feed), NULL);
	return stage_end(&s, kept);
}

static bool a_valid_telegram_ends_all_complaints(const char **skip)
{
	struct stage s;
	char text[1024];
	size_t len = a_telegram(text, 1);
	bool kept;

	(void)skip;
	stage_begin(&s);
	text[len / 2] ^= 1;
	feed_now(&s, text, len);
	feed_telegram_now(&s);
	kept = is_text(feed_complaint(s.feed), NULL) && is_number("idle", feed_idle_ms(s.feed), 0);
	world_run(&s.w, 7000);
	kept = kept && is_number("idle", feed_idle_ms(s.feed), 7000);
	return stage_end(&s, kept);
}

/* Runs @what with stderr in a file, and returns what was written there. */
static const char *log_of(void (*what)(struct stage *s), struct stage *s)
{
	static char text[65536];
	FILE *file = tmpfile();
	int before = dup(STDERR_FILENO);

	dup2(fileno(file), STDERR_FILENO);
	log_set_level(LEVEL_INFO);
	what(s);
	log_set_level(LEVEL_ERROR);
	dup2(before, STDERR_FILENO);
	close(before);
	rewind(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	return text;
}

static unsigned int count_of(const char *text, const char *words)
{
	unsigned int count = 0;

	while (text && (text = strstr(text, words))) {
		count++;
		text += strlen(words);
	}
	return count;
}

static void some_states(struct stage *s)
{
	line_set_state(s->line, LINE_SILENT, "connecting");
	feed_telegram_now(s);
	feed_telegram_now(s);
	line_set_state(s->line, LINE_SILENT, "it fell silent");
	line_set_state(s->line, LINE_SILENT, "it fell silent");
	line_set_state(s->line, LINE_REFUSED, "it says no");
	line_set_state(s->line, LINE_OFF, "switched off");
}

static bool trouble_is_a_warning_and_being_well_is_not(const char **skip)
{
	struct stage s;
	const char *text;
	bool kept;

	(void)skip;
	stage_begin(&s);
	text = log_of(some_states, &s);
	kept = is_text(text, "meterd: house: hand: silent: connecting\n") &&
	       is_text(text, "meterd: house: hand: connected: p1 telegrams come\n") &&
	       is_text(text, "meterd: warning: house: hand: silent: it fell silent\n") &&
	       is_text(text, "meterd: warning: house: hand: refused: it says no\n") &&
	       is_text(text, "meterd: house: hand: off: switched off\n") &&
	       is_number("lines", count_of(text, "\n"), 5);
	return stage_end(&s, kept);
}

static void flap(struct stage *s)
{
	for (unsigned int i = 0; i < 500; i++) {
		line_set_state(s->line, LINE_REFUSED, "it says no");
		world_run(&s->w, 1000);
		feed_telegram_now(s);
	}
}

static bool a_line_that_flaps_does_not_flood_the_log(const char **skip)
{
	struct stage s;
	bool kept;

	(void)skip;
	stage_begin(&s);
	kept = is_number("lines", count_of(log_of(flap, &s), "\n"), 10) &&
	       is_number("states", s.w.states, 1000);
	return stage_end(&s, kept);
}

/* Traces */

/**
 * struct tracing - a stage with a world of one tcp source, for its trace
 * @directory: of the trace
 * @path: of it
 */
struct tracing {
	struct world w;
	struct gateway g;
	struct source_config config;
	char directory[64];
	char path[96];
};

static void tick_telegram(struct gateway *g)
{
	char text[1024];

	gateway_send_all(g, text, a_telegram(text, g->ticks));
}

static void tracing_apply(struct tracing *t, bool identity)
{
	struct config c = { .sources = &t->config, .source_count = 1, .identity = identity };

	sources_apply(t->w.sources, &c);
}

static bool tracing_begin(struct tracing *t, bool identity)
{
	memset(t, 0, sizeof(*t));
	snprintf(t->directory, sizeof(t->directory), "/tmp/meterd-feed-XXXXXX");
	if (!mkdtemp(t->directory))
		return broken("no temporary directory");
	snprintf(t->path, sizeof(t->path), "%s/trace", t->directory);
	world_begin(&t->w);
	t->g.tick = tick_telegram;
	if (!gateway_begin(&t->g, &t->w, 1000))
		return false;
	t->config = tcp_config("house", "127.0.0.1", t->g.port);
	t->config.trace = t->path;
	tracing_apply(t, identity);
	return true;
}

static bool tracing_end(struct tracing *t, bool kept)
{
	char command[128];

	gateway_end(&t->g);
	world_end(&t->w);
	snprintf(command, sizeof(command), "rm -rf %s", t->directory);
	return !system(command) && kept;
}

static char *file_text(const char *path)
{
	static char text[65536];
	FILE *file = fopen(path, "r");

	if (!file)
		return NULL;
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	return text;
}

static bool a_trace_has_each_telegram_in_clear_with_its_time(const char **skip)
{
	struct tracing t;
	const char *text;
	bool kept;

	(void)skip;
	if (!tracing_begin(&t, true))
		return false;
	world_run(&t.w, 3500);
	text = file_text(t.path);
	kept = is_number("telegrams", t.w.heard, 3) &&
	       is_number("in the trace", count_of(text, " p1 damaged=0\n"), 3) &&
	       is_number("on that day", count_of(text, "2024-10-10T"), 3) &&
	       is_text(text, "\n 1-0:1.8.1=(000003.123*kWh)\n") &&
	       is_text(text, "\n 0-0:96.1.1=(4530303031)\n");
	return tracing_end(&t, kept);
}

static bool a_trace_masks_numbers_unless_identity_is_told(const char **skip)
{
	struct tracing t;
	const char *text;
	bool kept;

	(void)skip;
	if (!tracing_begin(&t, false))
		return false;
	world_run(&t.w, 2500);
	text = file_text(t.path);
	kept = is_text(text, "\n 0-0:96.1.1=(XXXXXXXXXX)\n") &&
	       is_text(text, "\n 1-0:1.8.1=(000002.123*kWh)\n") &&
	       is_number("numbers", count_of(text, "4530303031"), 0);
	tracing_apply(&t, true);
	world_run(&t.w, 2000);
	kept = kept && is_number("after a reload", count_of(file_text(t.path), "4530303031"), 2) &&
	       is_number("connections", t.g.connections, 1);
	return tracing_end(&t, kept);
}

static bool a_trace_that_was_moved_away_is_begun_anew_by_a_reload(const char **skip)
{
	struct tracing t;
	char moved[128];
	bool kept;

	(void)skip;
	if (!tracing_begin(&t, false))
		return false;
	snprintf(moved, sizeof(moved), "%s.moved", t.path);
	world_run(&t.w, 1500);
	kept = !rename(t.path, moved);
	world_run(&t.w, 1000);
	kept = kept && is_number("in the old one", count_of(file_text(moved), " p1 "), 2);
	tracing_apply(&t, false);
	world_run(&t.w, 1000);
	kept = kept && is_number("in the new one", count_of(file_text(t.path), " p1 "), 1) &&
	       is_number("in the old one", count_of(file_text(moved), " p1 "), 2);
	return tracing_end(&t, kept);
}

static bool a_trace_is_bounded(const char **skip)
{
	struct tracing t;
	struct stat now, before;
	char old[128];
	bool kept;

	(void)skip;
	if (!tracing_begin(&t, false))
		return false;
	snprintf(old, sizeof(old), "%s.1", t.path);
	world_run(&t.w, 1500);
	kept = !truncate(t.path, 16 << 20);
	world_run(&t.w, 2000);
	kept = kept && !stat(t.path, &now) && !stat(old, &before) &&
	       is_number("in the new one", count_of(file_text(t.path), " p1 "), 2) &&
	       is_number("size of the old one", before.st_size, 16 << 20) &&
	       is_number("mode", now.st_mode & 07777 & ~0640, 0);
	return tracing_end(&t, kept);
}

static bool a_trace_that_cannot_be_written_costs_no_telegram(const char **skip)
{
	struct tracing t;
	char path[128];
	bool kept;

	(void)skip;
	if (!tracing_begin(&t, false))
		return false;
	snprintf(path, sizeof(path), "%s/no/such/directory", t.directory);
	t.config.trace = path;
	tracing_apply(&t, false);
	world_run(&t.w, 3500);
	kept = is_number("telegrams", t.w.heard, 3);
	snprintf(path, sizeof(path), "/dev/full");
	tracing_apply(&t, false);
	world_run(&t.w, 3000);
	kept = kept && is_number("telegrams", t.w.heard, 6);
	return tracing_end(&t, kept);
}

#define PROMISE(name) { #name, name }

static const struct promise promises[] = {
	PROMISE(a_telegram_comes_whole_from_every_pair_of_pieces),
	PROMISE(a_telegram_without_crc_ends_after_a_second_of_silence),
	PROMISE(a_late_crc_is_waited_for),
	PROMISE(the_end_of_a_stream_ends_a_telegram_without_crc),
	PROMISE(half_a_telegram_is_given_up_when_another_stream_begins),
	PROMISE(a_line_that_changes_its_protocol_is_read_after_a_reset),
	PROMISE(the_period_is_the_median_of_three),
	PROMISE(telegrams_of_one_read_say_nothing_of_the_period),
	PROMISE(a_line_is_connected_by_valid_telegrams_alone),
	PROMISE(a_state_is_told_once_and_keeps_its_beginning),
	PROMISE(what_comes_in_place_of_telegrams_is_named),
	PROMISE(a_valid_telegram_ends_all_complaints),
	PROMISE(trouble_is_a_warning_and_being_well_is_not),
	PROMISE(a_line_that_flaps_does_not_flood_the_log),
	PROMISE(a_trace_has_each_telegram_in_clear_with_its_time),
	PROMISE(a_trace_masks_numbers_unless_identity_is_told),
	PROMISE(a_trace_that_was_moved_away_is_begun_anew_by_a_reload),
	PROMISE(a_trace_is_bounded),
	PROMISE(a_trace_that_cannot_be_written_costs_no_telegram),
};

int main(void)
{
	return keep_promises(promises, COUNT(promises));
}
