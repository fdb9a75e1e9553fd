// SPDX-License-Identifier: MIT
/*
 * Source replay, under a clock of its own: what it reads, by which clock, and how fast.
 */
#include <sys/stat.h>

#include "world.h"

/* 2024-10-10T10:00:00Z, of the first telegram of each capture. */
#define FIRST_S 1728554400

/**
 * struct shelf - a directory with captures, and what was heard of them
 * @times: of each telegram: its moment, ms
 * @replay_s: of each telegram
 * @at_ms: when it was heard
 */
struct shelf {
	struct world w;
	char directory[64];
	char path[128];
	unsigned int heard;
	u64 times[64];
	s64 replay_s[64];
	u64 at_ms[64];
	char numbers[64][16];
};

static struct shelf *shelf;

static void note_telegram(struct world *w, struct line *line, const struct telegram *t)
{
	unsigned int i = shelf->heard++;

	(void)line;
	(void)t;
	if (i >= COUNT(shelf->times))
		return;
	shelf->times[i] = w->when.replay ? w->when.steady_ms : 0;
	shelf->replay_s[i] = w->when.replay_s;
	shelf->at_ms[i] = steady_ms();
	snprintf(shelf->numbers[i], sizeof(shelf->numbers[i]), "%s", w->number);
}

static void shelf_begin(struct shelf *s)
{
	*s = (struct shelf){ .heard = 0 };
	shelf = s;
	world_begin(&s->w);
	s->w.on_telegram = note_telegram;
	strcpy(s->directory, "/tmp/meter-shelf-XXXXXX");
	if (!mkdtemp(s->directory))
		abort();
	strcpy(s->path, s->directory);
}

static const char *shelf_file(const struct shelf *s, const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", s->directory, name);
	return path;
}

static bool shelf_end(struct shelf *s, bool kept)
{
	char command[128];

	world_end(&s->w);
	snprintf(command, sizeof(command), "rm -rf '%s'", s->directory);
	return !system(command) && kept;
}

static void put(const struct shelf *s, const char *name, const void *bytes, size_t len)
{
	FILE *file = fopen(shelf_file(s, name), "ab");

	if (!file || fwrite(bytes, 1, len, file) != len)
		abort();
	fclose(file);
}

/* A telegram of P1 of @number, whose clock is @after seconds behind FIRST_S; without a CRC. */
static void put_p1(const struct shelf *s, const char *name, const char *number, s64 after)
{
	time_t local = FIRST_S + after + 7200;
	char text[512], stamp[16];
	struct tm tm;

	gmtime_r(&local, &tm);
	strftime(stamp, sizeof(stamp), "%y%m%d%H%M%S", &tm);
	snprintf(text, sizeof(text),
		 "/XYZ5\\TEST\r\n\r\n0-0:1.0.0(%sS)\r\n0-0:96.1.1(%s)\r\n"
		 "1-0:1.8.1(000123.456*kWh)\r\n!\r\n",
		 stamp, number);
	put(s, name, text, strlen(text));
}

static void put_tic(const struct shelf *s, const char *name, const char *number)
{
	char adco[32];
	const char *const groups[] = { adco, "BASE 001234567", "PTEC TH..", "PAPP 00480" };
	u8 bytes[256];

	snprintf(adco, sizeof(adco), "ADCO %s", number);
	put(s, name, bytes, tic_frame_of(bytes, sizeof(bytes), groups, COUNT(groups)));
}

static struct source_config replay_config(const struct shelf *s)
{
	return (struct source_config){
		.name = "past",
		.type = SOURCE_REPLAY,
		.enabled = true,
		.cycle_s = -1,
		.path = (char *)s->path,
		.protocols = LINE_AUTO,
	};
}

static void shelf_read(struct shelf *s)
{
	struct source_config c = replay_config(s);

	world_apply(&s->w, &c, 1);
}

static bool is_state(struct shelf *s, enum line_state state, const char *words)
{
	struct line *line = line_of(&s->w, "past");

	if (line->state == state && strstr(line->why, words))
		return true;
	return broken("%s: %s; not %s: ...%s...", line_state_name(line->state), line->why,
		      line_state_name(state), words);
}

static bool heard(const struct shelf *s, unsigned int expected)
{
	return s->heard == expected || broken("%u telegrams, not %u", s->heard, expected);
}

static bool is_heard_from(const struct shelf *s, unsigned int i, const char *number)
{
	return !strcmp(s->numbers[i], number) ||
	       broken("telegram %u is of %s, not %s", i, s->numbers[i], number);
}

static bool telegrams_own_clock_is_the_clock(const char **skip)
{
	struct shelf s;
	bool kept;

	(void)skip;
	shelf_begin(&s);
	put_p1(&s, "a", "AAA1", 0);
	put_p1(&s, "a", "AAA1", 86400);
	shelf_read(&s);
	world_run(&s.w, 1000);
	kept = heard(&s, 2) && s.times[0] == FIRST_S * 1000ull &&
	       s.times[1] == (FIRST_S + 86400) * 1000ull && !s.replay_s[0] &&
	       is_state(&s, LINE_OFF, "read to its end: 2 telegrams in 1 file");
	return shelf_end(&s, kept);
}

static bool files_of_a_directory_are_read_in_the_order_of_their_bytes(const char **skip)
{
	static const char *const names[] = { "B", "a", "10", "9", "~" };
	static const char *const order[] = { "BBB10", "BBB9", "BBBB", "BBBa", "BBB~" };
	struct shelf s;
	bool kept = true;

	(void)skip;
	shelf_begin(&s);
	for (unsigned int i = 0; i < COUNT(names); i++) {
		char number[16];

		snprintf(number, sizeof(number), "BBB%s", names[i]);
		put_p1(&s, names[i], number, i);
	}
	put_p1(&s, ".hidden", "CCC1", 0);
	mkdir(shelf_file(&s, "below"), 0700);
	put_p1(&s, "below/file", "CCC2", 0);
	shelf_read(&s);
	world_run(&s.w, 1000);
	kept = heard(&s, COUNT(names)) && is_state(&s, LINE_OFF, "5 telegrams in 5 files");
	for (unsigned int i = 0; kept && i < COUNT(order); i++)
		kept = is_heard_from(&s, i, order[i]);
	return shelf_end(&s, kept);
}

static bool each_file_has_its_own_protocol(const char **skip)
{
	struct source_config c;
	struct shelf s;
	bool kept;

	(void)skip;
	shelf_begin(&s);
	put_p1(&s, "1", "AAA1", 0);
	put_tic(&s, "2", "012345678901");
	put_p1(&s, "3", "AAA3", 0);
	c = replay_config(&s);
	c.has_start = true;
	c.start_s = FIRST_S;
	c.interval_s = 60;
	world_apply(&s.w, &c, 1);
	world_run(&s.w, 1000);
	kept = heard(&s, 3) && is_heard_from(&s, 1, "012345678901") &&
	       is_heard_from(&s, 2, "AAA3");
	return shelf_end(&s, kept);
}

static bool end_of_a_file_ends_its_telegram(const char **skip)
{
	struct stat st;
	struct shelf s;
	bool kept;

	(void)skip;
	shelf_begin(&s);
	put_p1(&s, "1", "AAA1", 0);
	/* Without the line end behind the '!'. */
	kept = !stat(shelf_file(&s, "1"), &st) && !truncate(shelf_file(&s, "1"), st.st_size - 2);
	shelf_read(&s);
	world_run(&s.w, 1000);
	kept &= heard(&s, 1) && is_state(&s, LINE_OFF, "1 telegram in 1 file");
	return shelf_end(&s, kept);
}

static bool half_a_telegram_does_not_reach_into_the_next_file(const char **skip)
{
	struct shelf s;
	bool kept;

	(void)skip;
	shelf_begin(&s);
	put(&s, "1", "/XYZ5\\TEST\r\n\r\n0-0:96.1.1(HALF)\r\n", 33);
	put(&s, "2", "1-0:1.8.1(000123.456*kWh)\r\n!\r\n", 30);
	shelf_read(&s);
	world_run(&s.w, 1000);
	kept = heard(&s, 0) && is_state(&s, LINE_WRONG_DATA, "no telegram of TIC, P1 or DLMS");
	return shelf_end(&s, kept);
}

static bool telegrams_without_stamps_are_not_given_without_a_clock(const char **skip)
{
	struct source_config c;
	struct shelf s;
	bool kept;

	(void)skip;
	shelf_begin(&s);
	put_tic(&s, "a", "012345678901");
	put_tic(&s, "a", "012345678901");
	c = replay_config(&s);
	/* Neither key alone tells the time. */
	c.has_start = true;
	c.start_s = FIRST_S;
	world_apply(&s.w, &c, 1);
	world_run(&s.w, 1000);
	kept = heard(&s, 0) && is_state(&s, LINE_WRONG_DATA, "give the keys start and interval");
	return shelf_end(&s, kept);
}

static bool start_and_interval_give_a_clock_over_all_files(const char **skip)
{
	struct source_config c;
	struct shelf s;
	bool kept = true;

	(void)skip;
	shelf_begin(&s);
	put_tic(&s, "a", "012345678901");
	put_tic(&s, "a", "012345678901");
	put_tic(&s, "b", "012345678901");
	c = replay_config(&s);
	c.has_start = true;
	c.start_s = FIRST_S;
	c.interval_s = 90;
	world_apply(&s.w, &c, 1);
	world_run(&s.w, 1000);
	kept = heard(&s, 3);
	for (unsigned int i = 0; kept && i < 3; i++)
		kept = s.replay_s[i] == FIRST_S + 90 * i &&
		       s.times[i] == (FIRST_S + 90 * i) * 1000ull;
	return shelf_end(&s, kept);
}

/* It is one whose stamp was damaged: nobody knows when it was. */
static bool keys_say_nothing_in_a_file_with_stamps(const char **skip)
{
	static const char unstamped[] = "/XYZ5\\TEST\r\n\r\n0-0:96.1.1(AAA1)\r\n"
					"1-0:1.8.1(000123.456*kWh)\r\n!\r\n";
	struct source_config c;
	struct shelf s;
	bool kept;

	(void)skip;
	shelf_begin(&s);
	put_p1(&s, "a", "AAA1", 0);
	put(&s, "a", unstamped, sizeof(unstamped) - 1);
	c = replay_config(&s);
	c.has_start = true;
	c.start_s = FIRST_S;
	c.interval_s = 60;
	world_apply(&s.w, &c, 1);
	world_run(&s.w, 1000);
	kept = heard(&s, 2) && !s.replay_s[1] && s.times[1] == FIRST_S * 1000ull;
	return shelf_end(&s, kept);
}

static bool own_pace_is_that_of_the_stamps(const char **skip)
{
	static const s64 after[] = { 0, 10, 20, 320 };
	struct source_config c;
	struct shelf s;
	bool kept;

	(void)skip;
	shelf_begin(&s);
	for (unsigned int i = 0; i < COUNT(after); i++)
		put_p1(&s, "a", "AAA1", after[i]);
	/* Recorded a year later: nobody waits for a year. */
	put_p1(&s, "b", "AAA1", 31536000);
	c = replay_config(&s);
	c.real_pace = true;
	world_apply(&s.w, &c, 1);
	world_run(&s.w, 19000);
	kept = heard(&s, 2);
	world_run(&s.w, 281000);
	kept &= heard(&s, 3);
	world_run(&s.w, 30000);
	kept &= heard(&s, 5) && is_state(&s, LINE_OFF, "5 telegrams in 2 files");
	for (unsigned int i = 1; kept && i < COUNT(after); i++) {
		u64 ms = s.at_ms[i] - s.at_ms[0];

		if (ms < after[i] * 1000ull || ms > after[i] * 1000ull + 100)
			kept = broken("telegram %u came after %llu ms", i, (unsigned long long)ms);
	}
	return shelf_end(&s, kept);
}

static bool own_pace_without_stamps_is_the_interval(const char **skip)
{
	struct source_config c;
	struct shelf s;
	bool kept;

	(void)skip;
	shelf_begin(&s);
	for (unsigned int i = 0; i < 5; i++)
		put_tic(&s, "a", "012345678901");
	c = replay_config(&s);
	c.has_start = true;
	c.start_s = FIRST_S;
	c.interval_s = 60;
	c.real_pace = true;
	world_apply(&s.w, &c, 1);
	world_run(&s.w, 150000);
	kept = heard(&s, 3) && is_heard_from(&s, 2, "012345678901");
	return shelf_end(&s, kept);
}

static bool path_that_is_not_there_is_found_later(const char **skip)
{
	struct shelf s;
	bool kept;

	(void)skip;
	shelf_begin(&s);
	strcat(s.path, "/later");
	shelf_read(&s);
	world_run(&s.w, 60000);
	kept = is_state(&s, LINE_REFUSED, "No such file");
	put_p1(&s, "later", "AAA1", 0);
	world_run(&s.w, 60000);
	kept &= heard(&s, 1) && is_state(&s, LINE_OFF, "1 telegram in 1 file");
	return shelf_end(&s, kept);
}

static bool what_is_no_file_is_refused(const char **skip)
{
	struct shelf s;
	bool kept;

	(void)skip;
	shelf_begin(&s);
	strcpy(s.path, "/dev/zero");
	shelf_read(&s);
	world_run(&s.w, 1000);
	kept = is_state(&s, LINE_REFUSED, "neither a file nor a directory");
	return shelf_end(&s, kept);
}

static bool empty_directory_is_looked_into_again(const char **skip)
{
	struct shelf s;
	bool kept;

	(void)skip;
	shelf_begin(&s);
	mkdir(shelf_file(&s, "below"), 0700);
	shelf_read(&s);
	world_run(&s.w, 60000);
	kept = is_state(&s, LINE_SILENT, "no file");
	put_p1(&s, "a", "AAA1", 0);
	world_run(&s.w, 60000);
	kept &= heard(&s, 1);
	return shelf_end(&s, kept);
}

static bool file_that_is_not_readable_is_counted(const char **skip)
{
	struct shelf s;
	bool kept;

	(void)skip;
	shelf_begin(&s);
	put_p1(&s, "a", "AAA1", 0);
	if (symlink("nowhere", shelf_file(&s, "b")))
		abort();
	put_p1(&s, "c", "AAA1", 1);
	shelf_read(&s);
	world_run(&s.w, 1000);
	kept = heard(&s, 2) && is_state(&s, LINE_OFF, "2 telegrams in 2 files, 1 unreadable");
	return shelf_end(&s, kept);
}

static bool same_configuration_does_not_read_again(const char **skip)
{
	struct shelf s;
	bool kept;

	(void)skip;
	shelf_begin(&s);
	put_p1(&s, "a", "AAA1", 0);
	shelf_read(&s);
	world_run(&s.w, 1000);
	shelf_read(&s);
	world_run(&s.w, 60000);
	kept = heard(&s, 1);
	sources_switch(s.w.sources, "past", false);
	sources_switch(s.w.sources, "past", true);
	world_run(&s.w, 1000);
	kept &= heard(&s, 2);
	return shelf_end(&s, kept);
}

/* A turn of the loop is short, so others have theirs. */
static unsigned int turns;

static void count_turn(evutil_socket_t fd, short what, void *context)
{
	static const struct timeval soon = { 0 };

	(void)fd;
	(void)what;
	turns++;
	event_add(context, &soon);
}

static bool long_file_leaves_the_loop_to_others(const char **skip)
{
	const struct timeval soon = { 0 };
	struct event *other;
	struct shelf s;
	struct stat st;
	bool kept;

	(void)skip;
	shelf_begin(&s);
	for (unsigned int i = 0; i < 20000; i++)
		put_p1(&s, "a", "AAA1", i);
	kept = !stat(shelf_file(&s, "a"), &st) && st.st_size > 1000000;
	other = event_new(s.w.base, -1, 0, count_turn, event_self_cbarg());
	event_add(other, &soon);
	turns = 0;
	shelf_read(&s);
	while (line_of(&s.w, "past")->state != LINE_OFF)
		event_base_loop(s.w.base, EVLOOP_ONCE);
	event_free(other);
	kept &= heard(&s, 20000) && turns >= st.st_size / 65536;
	return shelf_end(&s, kept);
}

/* Every capture, of the simulator and of real meters: as many telegrams as the decoder finds. */
static bool captures_give_every_telegram(const char **skip)
{
	struct vector *vectors;
	size_t count = load_vectors(&vectors);
	bool kept = true;

	(void)skip;
	for (size_t i = 0; i < count && kept; i++) {
		struct said said = decode(LINE_AUTO, vectors[i].bytes, vectors[i].len, 0, NULL);
		struct source_config c;
		struct shelf s;

		shelf_begin(&s);
		put(&s, "capture", vectors[i].bytes, vectors[i].len);
		c = replay_config(&s);
		c.has_start = true;
		c.start_s = FIRST_S;
		c.interval_s = 1;
		world_apply(&s.w, &c, 1);
		world_run(&s.w, 1000);
		kept = heard(&s, said.telegrams);
		if (!kept)
			note("in %s", vectors[i].name);
		kept = shelf_end(&s, kept);
		said_free(&said);
	}
	note("%zu captures", count);
	free_vectors(vectors, count);
	return kept && count;
}

static const struct promise promises[] = {
	{ "telegrams_own_clock_is_the_clock", telegrams_own_clock_is_the_clock },
	{ "files_of_a_directory_are_read_in_the_order_of_their_bytes",
	  files_of_a_directory_are_read_in_the_order_of_their_bytes },
	{ "each_file_has_its_own_protocol", each_file_has_its_own_protocol },
	{ "end_of_a_file_ends_its_telegram", end_of_a_file_ends_its_telegram },
	{ "keys_say_nothing_in_a_file_with_stamps", keys_say_nothing_in_a_file_with_stamps },
	{ "half_a_telegram_does_not_reach_into_the_next_file",
	  half_a_telegram_does_not_reach_into_the_next_file },
	{ "telegrams_without_stamps_are_not_given_without_a_clock",
	  telegrams_without_stamps_are_not_given_without_a_clock },
	{ "start_and_interval_give_a_clock_over_all_files",
	  start_and_interval_give_a_clock_over_all_files },
	{ "own_pace_is_that_of_the_stamps", own_pace_is_that_of_the_stamps },
	{ "own_pace_without_stamps_is_the_interval", own_pace_without_stamps_is_the_interval },
	{ "path_that_is_not_there_is_found_later", path_that_is_not_there_is_found_later },
	{ "what_is_no_file_is_refused", what_is_no_file_is_refused },
	{ "empty_directory_is_looked_into_again", empty_directory_is_looked_into_again },
	{ "file_that_is_not_readable_is_counted", file_that_is_not_readable_is_counted },
	{ "same_configuration_does_not_read_again", same_configuration_does_not_read_again },
	{ "long_file_leaves_the_loop_to_others", long_file_leaves_the_loop_to_others },
	{ "captures_give_every_telegram", captures_give_every_telegram },
};

int main(void)
{
	return keep_promises(promises, COUNT(promises));
}
