// SPDX-License-Identifier: MIT
/*
 * The clock of the ledger: the timer for quarters and silent registers, under a clock that is set.
 *
 * All that the ticker calls is here: clocks, timerfd, ledger and store. The timer is one end of a
 * pair of sockets; a byte in it is its end, and read() says ECANCELED when the clock was set.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "../../userspace/meterd/ticker.h"
#include "../host/host.h"

/* 2024-10-10T10:00:00Z */
#define BEGIN_S 1728554400

static struct {
	s64 unix_ms;
	u64 steady_ms;
	bool trusted;
	bool canceled;
	int timer[2];
	s64 armed_s;
	int flags;
	s64 tick_s;		/* what the ledger wants next */
	unsigned int ticks;
	s64 ticked_s;
	unsigned int commits;
	unsigned int lines;
	char line[256];
} world;

s64 host_unix_ms(void)
{
	return world.unix_ms;
}

u64 steady_ms(void)
{
	return world.steady_ms;
}

bool host_clock_synchronised(void)
{
	return true;
}

enum clock_trust host_clock_trust(const struct host_clock *c, s64 unix_s, u64 steady,
				  bool synchronised)
{
	(void)c;
	(void)unix_s;
	(void)steady;
	return world.trusted && synchronised ? CLOCK_SYNCHRONISED : CLOCK_UNTRUSTED;
}

void ledger_tick(struct ledger *l, s64 now_s)
{
	(void)l;
	world.ticks++;
	world.ticked_s = now_s;
}

s64 ledger_next_tick(const struct ledger *l, s64 now_s)
{
	(void)l;
	(void)now_s;
	return world.tick_s;
}

void store_commit(struct store *s)
{
	(void)s;
	world.commits++;
}

void log_line(enum log_level level, const char *who, const char *format, ...)
{
	va_list args;

	(void)level;
	(void)who;
	va_start(args, format);
	vsnprintf(world.line, sizeof(world.line), format, args);
	va_end(args);
	world.lines++;
}

int timerfd_create(int clock, int flags)
{
	if (clock != CLOCK_REALTIME || socketpair(AF_UNIX, SOCK_STREAM, 0, world.timer))
		return -1;
	world.flags = flags;
	return world.timer[0];
}

int timerfd_settime(int fd, int flags, const struct itimerspec *at, struct itimerspec *old)
{
	(void)fd;
	(void)old;
	world.flags = flags;
	world.armed_s = at->it_value.tv_sec;
	return 0;
}

ssize_t read(int fd, void *to, size_t size)
{
	ssize_t n = syscall(SYS_read, fd, to, size);

	if (fd != world.timer[0] || n < 0 || !world.canceled)
		return n;
	world.canceled = false;
	errno = ECANCELED;
	return -1;
}

static struct event_base *base;
static struct ticker *ticker;
static struct host_clock host;

static bool begin(s64 unix_s, bool trusted)
{
	memset(&world, 0, sizeof(world));
	world.unix_ms = unix_s * 1000;
	world.steady_ms = 5000000;
	world.trusted = trusted;
	world.tick_s = INT64_MAX;
	base = event_base_new();
	ticker = ticker_new(base, &host, NULL, NULL);
	return ticker || broken("no ticker");
}

static bool end(bool kept)
{
	ticker_free(ticker);
	event_base_free(base);
	close(world.timer[1]);
	return kept;
}

/* Time goes on to @unix_s on both clocks, and the timer ends. */
static void pass_to(s64 unix_s)
{
	world.steady_ms += unix_s * 1000 - world.unix_ms;
	world.unix_ms = unix_s * 1000;
	if (write(world.timer[1], "", 1) == 1)
		event_base_loop(base, EVLOOP_ONCE);
}

/* The host's clock is set, which ends the timer. */
static void set_clock(s64 unix_s)
{
	world.unix_ms = unix_s * 1000;
	world.canceled = true;
	if (write(world.timer[1], "", 1) == 1)
		event_base_loop(base, EVLOOP_ONCE);
}

static bool is_after_a_quarter(s64 unix_s)
{
	s64 after = unix_s % QUARTER_S;

	return (after >= 60 && after < 300) || broken("%lld s after a quarter", (long long)after);
}

static bool the_ledger_is_stored_once_after_each_quarter(const char **skip)
{
	bool kept;

	(void)skip;
	if (!begin(BEGIN_S + 100, true))
		return false;
	kept = world.commits == 0;
	for (unsigned int i = 1; i <= 96 && kept; i++) {
		s64 next = world.armed_s;

		kept = is_after_a_quarter(next) && next <= world.unix_ms / 1000 + QUARTER_S;
		pass_to(next);
		kept = kept &&
		       (world.commits == i || broken("%u commits, not %u", world.commits, i));
	}
	return end(kept);
}

static bool silent_registers_are_told_when_the_ledger_wants(const char **skip)
{
	bool kept;

	(void)skip;
	if (!begin(BEGIN_S + 100, true))
		return false;
	world.tick_s = BEGIN_S + 170;
	pass_to(BEGIN_S + 160);
	kept = world.armed_s == BEGIN_S + 170 && world.ticks == 2;
	world.tick_s = BEGIN_S + 2000;
	pass_to(BEGIN_S + 170);
	kept = kept && world.ticks == 3 && world.ticked_s == BEGIN_S + 170 && world.commits == 0;
	kept = kept && is_after_a_quarter(world.armed_s);
	return end(kept || broken("armed for %lld, %u ticks", (long long)world.armed_s - BEGIN_S,
				  world.ticks));
}

static bool a_wish_in_the_past_does_not_spin(const char **skip)
{
	bool kept;

	(void)skip;
	if (!begin(BEGIN_S + 100, true))
		return false;
	world.tick_s = BEGIN_S - 1000;
	pass_to(BEGIN_S + 101);
	kept = world.armed_s == BEGIN_S + 102;
	return end(kept || broken("armed for %lld", (long long)world.armed_s - BEGIN_S));
}

static bool an_untrusted_clock_tells_nothing_but_stores(const char **skip)
{
	bool kept;

	(void)skip;
	if (!begin(BEGIN_S + 100, false))
		return false;
	world.tick_s = BEGIN_S + 120;
	for (unsigned int i = 0; i < 40; i++)
		pass_to(world.armed_s);
	kept = !world.ticks && world.commits >= 1 && world.armed_s <= world.unix_ms / 1000 + 60;
	world.trusted = true;
	pass_to(world.armed_s);
	kept = kept && world.ticks == 1;
	return end(kept || broken("%u ticks, %u commits", world.ticks, world.commits));
}

static bool a_clock_set_forward_is_told_and_followed(const char **skip)
{
	bool kept;

	(void)skip;
	if (!begin(BEGIN_S + 100, true))
		return false;
	set_clock(BEGIN_S + 100 + 3600);
	kept = world.lines == 1 &&
	       !strcmp(world.line, "the host's clock was set forward by 3600 s") &&
	       world.commits == 1 && world.armed_s > BEGIN_S + 3700 &&
	       world.armed_s <= BEGIN_S + 3700 + QUARTER_S;
	return end(kept || broken("%s; %u commits, armed for %lld", world.line, world.commits,
				  (long long)world.armed_s - BEGIN_S));
}

static bool a_clock_set_back_is_told_and_followed(const char **skip)
{
	bool kept;

	(void)skip;
	if (!begin(BEGIN_S + 100, true))
		return false;
	set_clock(BEGIN_S + 100 - 3600);
	kept = world.lines == 1 && !strcmp(world.line, "the host's clock was set back by 3600 s") &&
	       world.armed_s > BEGIN_S - 3500 && world.armed_s <= BEGIN_S - 3500 + QUARTER_S;
	kept = kept && world.commits == 1;
	pass_to(world.armed_s);
	kept = kept && world.commits == 2;
	return end(kept || broken("%s; %u commits, armed for %lld", world.line, world.commits,
				  (long long)world.armed_s - BEGIN_S));
}

static bool a_clock_set_by_less_than_a_second_is_not_told(const char **skip)
{
	bool kept;

	(void)skip;
	if (!begin(BEGIN_S + 100, true))
		return false;
	world.unix_ms += 500;
	world.canceled = true;
	if (write(world.timer[1], "", 1) == 1)
		event_base_loop(base, EVLOOP_ONCE);
	kept = !world.lines && is_after_a_quarter(world.armed_s);
	return end(kept || broken("%s", world.line));
}

/* TFD_TIMER_CANCEL_ON_SET is only for absolute timers. */
static bool the_timer_follows_the_clock(const char **skip)
{
	(void)skip;
	if (!begin(BEGIN_S + 100, true))
		return false;
	return end(world.flags == (TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET));
}

int main(void)
{
	static const struct promise promises[] = {
		{ "the_ledger_is_stored_once_after_each_quarter",
		  the_ledger_is_stored_once_after_each_quarter },
		{ "silent_registers_are_told_when_the_ledger_wants",
		  silent_registers_are_told_when_the_ledger_wants },
		{ "a_wish_in_the_past_does_not_spin", a_wish_in_the_past_does_not_spin },
		{ "an_untrusted_clock_tells_nothing_but_stores",
		  an_untrusted_clock_tells_nothing_but_stores },
		{ "a_clock_set_forward_is_told_and_followed",
		  a_clock_set_forward_is_told_and_followed },
		{ "a_clock_set_back_is_told_and_followed", a_clock_set_back_is_told_and_followed },
		{ "a_clock_set_by_less_than_a_second_is_not_told",
		  a_clock_set_by_less_than_a_second_is_not_told },
		{ "the_timer_follows_the_clock", the_timer_follows_the_clock },
	};

	return keep_promises(promises, COUNT(promises));
}
