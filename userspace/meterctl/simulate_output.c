// SPDX-License-Identifier: MIT
/*
 * Where the bytes of a simulated meter go, at the pace of its line.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <termios.h>
#include <unistd.h>

#include "../lib/say.h"
#include "simulate.h"
#include "wait.h"

#define NS_PER_S 1000000000ll

/* Bytes go in portions of what the line carries in this time. */
#define PORTION_NS 10000000ll

/* Nobody makes up for a reader that slept: the line goes on from now. */
#define LATE_NS NS_PER_S

/* The slave as a serial port that carries bytes: raw, and closed again for the reader. */
static bool make_slave_raw(const char *slave)
{
	int fd = open(slave, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios raw;
	bool ok;

	if (fd < 0)
		return false;
	ok = !tcgetattr(fd, &raw);
	if (ok) {
		cfmakeraw(&raw);
		ok = !tcsetattr(fd, TCSANOW, &raw);
	}
	close(fd);
	return ok;
}

static bool make_link(struct sim_output *out, const char *slave, const char *link)
{
	if (!link)
		return true;
	if (symlink(slave, link)) {
		say("%s cannot be made: %s", link, strerror(errno));
		return false;
	}
	out->link = link;
	return true;
}

/* A link is removed and what was promised is written also after Ctrl-C. */
static bool watch_signals(struct sim_output *out)
{
	signal(SIGPIPE, SIG_IGN);
	out->stop = wait_signals(0);
	if (out->stop < 0)
		say("signals cannot be waited for: %s", strerror(errno));
	return out->stop >= 0;
}

/**
 * sim_output_open_pty - makes a pty to write to, and prints the path of its other side
 * @out: filled in
 * @link: path of a symbolic link to the other side, or NULL
 *
 * Return: false after having said what is wrong
 */
bool sim_output_open_pty(struct sim_output *out, const char *link)
{
	int flags = O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK;
	const char *slave;

	*out = (struct sim_output){ .fd = posix_openpt(flags), .watch = -1, .pty = true };
	if (!watch_signals(out))
		return false;
	if (out->fd < 0 || grantpt(out->fd) || unlockpt(out->fd)) {
		say("a pty cannot be made: %s; is /dev/pts mounted?", strerror(errno));
		return false;
	}
	slave = ptsname(out->fd);
	out->watch = inotify_init1(IN_CLOEXEC);
	if (!slave || !make_slave_raw(slave) || out->watch < 0 ||
	    inotify_add_watch(out->watch, slave, IN_OPEN) < 0) {
		say("the pty %s cannot be used: %s", slave ? slave : "", strerror(errno));
		return false;
	}
	if (!make_link(out, slave, link))
		return false;
	puts(slave);
	fflush(stdout);
	return true;
}

/**
 * sim_output_open - writes to a file or a device
 * @out: filled in
 * @path: of it, or NULL for standard output
 *
 * Return: false after having said what is wrong
 */
bool sim_output_open(struct sim_output *out, const char *path)
{
	*out = (struct sim_output){ .fd = STDOUT_FILENO, .watch = -1 };
	if (!watch_signals(out))
		return false;
	if (!path)
		return true;
	out->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0644);
	if (out->fd < 0)
		say("%s cannot be written: %s", path, strerror(errno));
	return out->fd >= 0;
}

static bool nobody_listens(const struct sim_output *out)
{
	struct pollfd master = { .fd = out->fd };

	return out->pty && poll(&master, 1, 0) > 0 && master.revents & POLLHUP;
}

/* False when it is time to stop. */
static bool wait_for_reader(const struct sim_output *out)
{
	struct pollfd fds[] = { { .fd = out->watch, .events = POLLIN },
				{ .fd = out->stop, .events = POLLIN } };
	char events[4096];

	while (nobody_listens(out)) {
		if (poll(fds, 2, -1) < 0 || fds[1].revents)
			return false;
		if (read(out->watch, events, sizeof(events)) < 0)
			return false;
	}
	return true;
}

/* False when it is time to stop: a signal came, or whoever read has gone. */
static bool write_some(struct sim_output *out, const uint8_t *bytes, size_t len, size_t *done)
{
	struct pollfd fds[] = { { .fd = out->fd, .events = POLLOUT },
				{ .fd = out->stop, .events = POLLIN } };
	ssize_t count;

	if (poll(fds, 2, -1) < 0 || fds[1].revents)
		return false;
	/* What poll() promises room for in a pipe. */
	count = write(out->fd, bytes, len < PIPE_BUF ? len : PIPE_BUF);
	*done = count > 0 ? count : 0;
	if (count >= 0 || (out->pty && (errno == EIO || errno == EAGAIN)))
		return true;
	out->failed = errno != EPIPE;
	if (out->failed)
		say("writing failed: %s", strerror(errno));
	return false;
}

/* Without a reader the bytes of a pty are lost, like those of a meter that nobody reads. */
static bool write_all(struct sim_output *out, const uint8_t *bytes, size_t len)
{
	size_t done;

	while (len && !nobody_listens(out)) {
		if (!write_some(out, bytes, len, &done))
			return false;
		bytes += done;
		len -= done;
	}
	return true;
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* False when a signal came. */
static bool sleep_until_due(struct sim_output *out)
{
	struct pollfd stop = { .fd = out->stop, .events = POLLIN };
	int64_t left = out->due_ns - now_ns();
	struct timespec time = { .tv_sec = left / NS_PER_S, .tv_nsec = left % NS_PER_S };

	if (left < -LATE_NS)
		out->due_ns = now_ns();
	if (left < 0)
		time = (struct timespec){ 0 };
	return !ppoll(&stop, 1, &time, NULL);
}

/* Bytes without a gap in them. */
static bool send_run(struct sim_output *out, const uint8_t *bytes, size_t len, uint32_t baud)
{
	int64_t byte_ns = 10 * NS_PER_S / baud;
	size_t most = PORTION_NS / byte_ns + 1;

	while (len) {
		size_t count = len < most ? len : most;

		out->due_ns += count * byte_ns;
		if (!sleep_until_due(out) || !write_all(out, bytes, count))
			return false;
		bytes += count;
		len -= count;
	}
	return true;
}

/**
 * sim_output_send - sends one telegram
 * @out: where to
 * @t: the telegram
 * @baud: bits per second of the line, with ten bits for a character; 0: as fast as it is taken
 *
 * The first telegram over a pty waits for a reader; without a pace every telegram does.
 *
 * Return: false when it is time to stop: a signal came, the reader of a pipe has gone, or it
 * failed
 */
bool sim_output_send(struct sim_output *out, const struct sim_telegram *t, uint32_t baud)
{
	size_t from = 0;

	if ((!out->started || !baud) && !wait_for_reader(out))
		return false;
	if (!out->started)
		out->due_ns = now_ns();
	out->started = true;
	if (!baud)
		return write_all(out, t->bytes, t->len);
	for (size_t i = 0; i < t->gap_count; i++) {
		if (!send_run(out, t->bytes + from, t->gaps[i].offset - from, baud))
			return false;
		from = t->gaps[i].offset;
		sim_output_idle(out, t->gaps[i].ms);
	}
	return send_run(out, t->bytes + from, t->len - from, baud);
}

/** sim_output_idle - the line is silent for @ms before the next byte */
void sim_output_idle(struct sim_output *out, int64_t ms)
{
	out->due_ns += ms * 1000000;
}

/**
 * sim_output_close - ends the line
 * @out: the line
 *
 * Closing a pty throws away what its reader has not read yet, so this waits until the reader
 * has closed its side.
 */
void sim_output_close(struct sim_output *out)
{
	struct pollfd fds[] = { { .fd = out->fd }, { .fd = out->stop, .events = POLLIN } };

	if (out->pty && out->fd >= 0 && out->started)
		poll(fds, 2, -1);
	if (out->link)
		unlink(out->link);
	if (out->watch >= 0)
		close(out->watch);
	if (out->fd >= 0 && out->fd != STDOUT_FILENO)
		close(out->fd);
	close(out->stop);
}
