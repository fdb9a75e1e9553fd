// SPDX-License-Identifier: MIT
/*
 * Lines of the log: never a flood, and nothing that does things to a terminal.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../../userspace/meterd/log.h"
#include "../host/host.h"

static u64 now_ms = 1000;

int clock_gettime(clockid_t id, struct timespec *t)
{
	if (id != CLOCK_BOOTTIME)
		return syscall(SYS_clock_gettime, id, t);
	*t = (struct timespec){ .tv_sec = now_ms / 1000, .tv_nsec = now_ms % 1000 * 1000000 };
	return 0;
}

static char said[65536];

/* What @speak says on stderr goes to @said. */
static void listen_to(void (*speak)(void))
{
	int memory = memfd_create("said", MFD_CLOEXEC), before = dup(STDERR_FILENO);
	ssize_t n;

	dup2(memory, STDERR_FILENO);
	speak();
	dup2(before, STDERR_FILENO);
	n = pread(memory, said, sizeof(said) - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	close(before);
	close(memory);
}

static unsigned int lines(void)
{
	unsigned int count = 0;

	for (const char *c = said; *c; c++)
		count += *c == '\n';
	return count;
}

static struct log_limit limit;

static void speak_25_times(void)
{
	for (unsigned int i = 0; i < 25; i++)
		log_limited(&limit, LEVEL_INFO, "gateway", "line %u", i);
}

static bool ten_lines_of_a_subject_in_ten_minutes(const char **skip)
{
	(void)skip;
	listen_to(speak_25_times);
	if (lines() != 10)
		return broken("%u lines", lines());
	now_ms += 10 * 60 * 1000 - 1;
	listen_to(speak_25_times);
	if (lines() != 0)
		return broken("%u lines before ten minutes are over", lines());
	now_ms += 1;
	listen_to(speak_25_times);
	return (lines() == 10 &&
		!strncmp(said, "meterd: gateway: line 0 (and 40 lines not told)\n", 48)) ||
	       broken("%s", said);
}

static void speak_of_two(void)
{
	struct log_limit a = { 0 }, b = { 0 };

	for (unsigned int i = 0; i < 25; i++) {
		log_limited(&a, LEVEL_INFO, "a", "line");
		log_limited(&b, LEVEL_INFO, "b", "line");
	}
}

static bool one_subject_does_not_silence_another(const char **skip)
{
	(void)skip;
	listen_to(speak_of_two);
	return lines() == 20 || broken("%u lines", lines());
}

static void speak_at_all_levels(void)
{
	log_line(LEVEL_ERROR, "x", "error");
	log_line(LEVEL_WARNING, "x", "warning");
	log_line(LEVEL_INFO, "x", "info");
	log_line(LEVEL_DEBUG, "x", "debug");
}

static bool levels_are_kept(const char **skip)
{
	bool kept;

	(void)skip;
	listen_to(speak_at_all_levels);
	kept = !strcmp(said,
		       "meterd: error: x: error\nmeterd: warning: x: warning\nmeterd: x: info\n");
	log_set_level(LEVEL_ERROR);
	listen_to(speak_at_all_levels);
	kept = kept && !strcmp(said, "meterd: error: x: error\n") && !log_wants(LEVEL_WARNING);
	log_set_level(LEVEL_DEBUG);
	listen_to(speak_at_all_levels);
	kept = kept && lines() == 4 && log_wants(LEVEL_DEBUG);
	log_set_level(LEVEL_INFO);
	return kept || broken("%s", said);
}

static void speak_badly(void)
{
	log_line(LEVEL_INFO, "meter", "\033[2Jtext\r\nmeterd: error: forged\tend\x7f %s", "é");
}

static bool a_meter_cannot_forge_lines(const char **skip)
{
	(void)skip;
	listen_to(speak_badly);
	return !strcmp(said, "meterd: meter: ?[2Jtext??meterd: error: forged?end? é\n") ||
	       broken("%s", said);
}

static void speak_in_pieces(void)
{
	log_line(LEVEL_INFO, "meter", "caf\xe9 \xc3, \xc2\x9b" "2J \x9b" "2J, \xf0\x9f\x94\x8c \xed\xa0\x80");
}

static bool what_is_no_text_does_not_hide_a_line(const char **skip)
{
	(void)skip;
	listen_to(speak_in_pieces);
	return !strcmp(said, "meterd: meter: caf? ?, ??2J ?2J, \xf0\x9f\x94\x8c ???\n") ||
	       broken("%s", said);
}

static void speak_long(void)
{
	char text[4096];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_line(LEVEL_INFO, "meter", "%s", text);
	log_line(LEVEL_INFO, text, "%s", text);
}

static bool long_lines_are_cut_and_still_lines(const char **skip)
{
	(void)skip;
	listen_to(speak_long);
	return (lines() == 2 && strlen(said) <= 2 * 1024 && strlen(said) > 1024) ||
	       broken("%zu bytes, %u lines", strlen(said), lines());
}

int main(void)
{
	static const struct promise promises[] = {
		{ "ten_lines_of_a_subject_in_ten_minutes", ten_lines_of_a_subject_in_ten_minutes },
		{ "one_subject_does_not_silence_another", one_subject_does_not_silence_another },
		{ "levels_are_kept", levels_are_kept },
		{ "a_meter_cannot_forge_lines", a_meter_cannot_forge_lines },
		{ "what_is_no_text_does_not_hide_a_line", what_is_no_text_does_not_hide_a_line },
		{ "long_lines_are_cut_and_still_lines", long_lines_are_cut_and_still_lines },
	};

	return keep_promises(promises, COUNT(promises));
}
