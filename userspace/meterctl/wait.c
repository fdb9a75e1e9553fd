// SPDX-License-Identifier: MIT
/*
 * Waiting: how long, by which clock, and what ends it.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>

#include "../lib/say.h"
#include "wait.h"

/**
 * wait_now_ms - the time by a clock that does not jump
 *
 * Return: ms since some moment.
 */
uint64_t wait_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/**
 * wait_signals - from here on, have SIGINT and SIGTERM end a wait, not the program
 * @extra: one more signal, or 0
 *
 * Return: a descriptor to poll beside others, or -1 with errno.
 */
int wait_signals(int extra)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (extra)
		sigaddset(&set, extra);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/**
 * wait_seconds - how long to wait, as given on a command line
 * @text: whole seconds, 1 to @max_s
 * @what_for: for people: "wait", "listen"
 * @max_s: at most
 * @seconds: filled
 *
 * Return: false after a sentence on stderr.
 */
bool wait_seconds(const char *text, const char *what_for, unsigned int max_s, unsigned int *seconds)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (*text >= '1' && *text <= '9' && !*end && number <= max_s) {
		*seconds = number;
		return true;
	}
	say("'%s' is no time to %s: give whole seconds, 1 to %u", text, what_for, max_s);
	return false;
}
