// SPDX-License-Identifier: MIT
/*
 * The watchdog: the service manager hears that all is well only when each source is looked after.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../kernel/telegram/telegram.h"
#include "../../userspace/meterd/watchdog.h"
#include "../host/host.h"

static u64 now_ms;
static struct source *first;
static unsigned int complaints;

u64 steady_ms(void)
{
	return now_ms;
}

struct source *sources_first(const struct sources *all)
{
	(void)all;
	return first;
}

u64 line_patience_ms(const struct line *line)
{
	return line->interval_ms * 3 > 30000 ? line->interval_ms * 3 : 30000;
}

void log_limited(struct log_limit *limit, enum log_level level, const char *who, const char *format,
		 ...)
{
	(void)limit;
	(void)level;
	(void)who;
	(void)format;
	complaints++;
}

void log_line(enum log_level level, const char *who, const char *format, ...)
{
	(void)level;
	(void)who;
	(void)format;
}

static struct line_decoder decoder;

static bool always(const struct source *s)
{
	(void)s;
	return true;
}

static bool never(const struct source *s)
{
	(void)s;
	return false;
}

static const struct source_ops tended = { .tended = always }, forgotten = { .tended = never };

static struct source running(enum source_type type)
{
	return (struct source){ .config.type = type, .ops = &tended, .on = true, .running = true };
}

/* Lets the watchdog look once at these sources; whether the service manager heard that all is well.
 */
static bool is_well(struct source *sources)
{
	struct event_base *base = event_base_new();
	struct watchdog *w;
	char text[64];
	int pair[2];
	ssize_t n;

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair))
		abort();
	first = sources;
	complaints = 0;
	setenv("WATCHDOG_USEC", "2000", 1);
	w = watchdog_new(base, pair[0], NULL);
	if (!w)
		abort();
	event_base_loop(base, EVLOOP_ONCE);
	n = recv(pair[1], text, sizeof(text), 0);
	watchdog_free(w);
	event_base_free(base);
	close(pair[0]);
	close(pair[1]);
	return n == 10 && !memcmp(text, "WATCHDOG=1", 10);
}

static struct line connected(struct source *s, u64 telegram_ms, u32 interval_ms)
{
	return (struct line){
		.source = s,
		.state = LINE_CONNECTED,
		.last_steady_ms = telegram_ms,
		.interval_ms = interval_ms,
		.decoder = &decoder,
	};
}

static bool no_sources_are_well(const char **skip)
{
	(void)skip;
	return is_well(NULL);
}

static bool lines_with_telegrams_are_well(const char **skip)
{
	struct source s = running(SOURCE_TCP);
	struct line line = connected(&s, 1000000, 10000);

	(void)skip;
	s.lines = &line;
	now_ms = 1000000 + 2 * 30000 + 60000;
	return is_well(&s) && !complaints;
}

/* Of the last source, the last line: each is visited. */
static bool a_line_that_nobody_looks_after_is_no_good_news(const char **skip)
{
	struct source b = running(SOURCE_TCP), a = running(SOURCE_TCP);
	struct line second, line;

	(void)skip;
	a.next = &b;
	now_ms = 10000000;
	line = connected(&b, now_ms, 1000);
	second = connected(&b, now_ms - 2 * 30000 - 60001, 1000);
	line.next = &second;
	b.lines = &line;
	if (is_well(&a) || complaints != 1)
		return broken("it was told that all is well");
	second.interval_ms = 60000;
	return is_well(&a) || broken("a slow meter was taken for a dead one");
}

static bool lines_that_say_they_are_silent_are_well(const char **skip)
{
	struct source s = running(SOURCE_SERIAL);
	struct line line = connected(&s, 1, 1000);

	(void)skip;
	s.lines = &line;
	now_ms = 10000000;
	line.state = LINE_SILENT;
	return is_well(&s);
}

static bool a_replay_has_its_own_clock(const char **skip)
{
	struct source s = running(SOURCE_REPLAY);
	struct line line = connected(&s, 1, 1000);

	(void)skip;
	s.lines = &line;
	now_ms = 10000000;
	return is_well(&s);
}

/* Whatever its lines say, and though the source before it is well. */
static bool a_source_that_nothing_wakes_is_no_good_news(const char **skip)
{
	struct source b = running(SOURCE_KERNEL), a = running(SOURCE_TCP);

	(void)skip;
	a.next = &b;
	b.ops = &forgotten;
	if (is_well(&a) || complaints != 1)
		return broken("it was told that all is well");
	b.ops = &tended;
	b.running = false;
	if (is_well(&a) || complaints != 1)
		return broken("a source that could not begin is called well");
	b.running = true;
	return is_well(&a) && !complaints;
}

static bool a_source_that_is_off_needs_nobody(const char **skip)
{
	struct source s = { .config.type = SOURCE_TCP, .ops = &forgotten };

	(void)skip;
	return is_well(&s) && !complaints;
}

/* Lets the watchdog look once more; whether it told that all is well. */
static bool looks_again(struct event_base *base, int fd)
{
	char text[64];

	event_base_loop(base, EVLOOP_ONCE);
	return recv(fd, text, sizeof(text), 0) > 0;
}

static bool a_source_of_a_later_configuration_is_visited(const char **skip)
{
	struct source a = running(SOURCE_TCP), b = running(SOURCE_TCP);
	struct event_base *base = event_base_new();
	struct watchdog *w;
	bool kept;
	int pair[2];

	(void)skip;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair))
		abort();
	first = &a;
	setenv("WATCHDOG_USEC", "2000", 1);
	w = watchdog_new(base, pair[0], NULL);
	kept = looks_again(base, pair[1]);
	b.ops = &forgotten;
	a.next = &b;
	kept = kept && !looks_again(base, pair[1]);
	a.next = NULL;
	kept = kept && looks_again(base, pair[1]);
	watchdog_free(w);
	event_base_free(base);
	close(pair[0]);
	close(pair[1]);
	return kept;
}

static bool nobody_who_wants_to_know_is_no_watchdog(const char **skip)
{
	struct event_base *base = event_base_new();
	static const char *const wrong[] = { "", "0", "1", "-5", "soon", "99999999999999999999" };
	bool kept = true;

	(void)skip;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		setenv("WATCHDOG_USEC", wrong[i], 1);
		kept = kept && !watchdog_new(base, 0, NULL);
	}
	unsetenv("WATCHDOG_USEC");
	kept = kept && !watchdog_new(base, 0, NULL);
	setenv("WATCHDOG_USEC", "2000", 1);
	kept = kept && !watchdog_new(base, -1, NULL);
	setenv("WATCHDOG_PID", "1", 1);
	kept = kept && !watchdog_new(base, 0, NULL);
	unsetenv("WATCHDOG_PID");
	event_base_free(base);
	return kept;
}

int main(void)
{
	static const struct promise promises[] = {
		{ "no_sources_are_well", no_sources_are_well },
		{ "lines_with_telegrams_are_well", lines_with_telegrams_are_well },
		{ "a_line_that_nobody_looks_after_is_no_good_news",
		  a_line_that_nobody_looks_after_is_no_good_news },
		{ "lines_that_say_they_are_silent_are_well",
		  lines_that_say_they_are_silent_are_well },
		{ "a_replay_has_its_own_clock", a_replay_has_its_own_clock },
		{ "a_source_that_nothing_wakes_is_no_good_news",
		  a_source_that_nothing_wakes_is_no_good_news },
		{ "a_source_that_is_off_needs_nobody", a_source_that_is_off_needs_nobody },
		{ "a_source_of_a_later_configuration_is_visited",
		  a_source_of_a_later_configuration_is_visited },
		{ "nobody_who_wants_to_know_is_no_watchdog",
		  nobody_who_wants_to_know_is_no_watchdog },
	};

	return keep_promises(promises, COUNT(promises));
}
