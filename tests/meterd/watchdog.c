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
	struct source s = { .config.type = SOURCE_TCP };
	struct line line = connected(&s, 1000000, 10000);

	(void)skip;
	s.lines = &line;
	now_ms = 1000000 + 2 * 30000 + 60000;
	return is_well(&s) && !complaints;
}

/* Of the last source, the last line: each is visited. */
static bool a_line_that_nobody_looks_after_is_no_good_news(const char **skip)
{
	struct source b = { .config.type = SOURCE_TCP },
		      a = { .config.type = SOURCE_TCP, .next = &b };
	struct line second, line;

	(void)skip;
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
	struct source s = { .config.type = SOURCE_SERIAL };
	struct line line = connected(&s, 1, 1000);

	(void)skip;
	s.lines = &line;
	now_ms = 10000000;
	line.state = LINE_SILENT;
	return is_well(&s);
}

static bool a_replay_has_its_own_clock(const char **skip)
{
	struct source s = { .config.type = SOURCE_REPLAY };
	struct line line = connected(&s, 1, 1000);

	(void)skip;
	s.lines = &line;
	now_ms = 10000000;
	return is_well(&s);
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
		{ "nobody_who_wants_to_know_is_no_watchdog",
		  nobody_who_wants_to_know_is_no_watchdog },
	};

	return keep_promises(promises, COUNT(promises));
}
