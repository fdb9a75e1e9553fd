// SPDX-License-Identifier: MIT
/*
 * meterctl wait: sleep until the total power passes a limit. The kernel compares each telegram, by
 * an event of the meter's IIO device; see Documentation/ABI/testing/sysfs-bus-iio-meter.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <glob.h>
#include <inttypes.h>
#include <linux/iio/events.h>
#include <linux/iio/types.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../lib/say.h"
#include "commands.h"
#include "meter_argument.h"
#include "wait.h"

static const char help[] =
	"Usage: meterctl wait --above POWER|--below POWER [--timeout S] METER\n"
	"Sleep until a telegram says that the total power is above a limit, or below it.\n"
	"That may be the next telegram. Total power is what is drawn from the grid less\n"
	"what is fed into it, in W, where the meter says that; of TIC it is the apparent\n"
	"power that is drawn, in VA. For root, and one at a time for each meter.\n"
	"\n"
	"METER is meterN, its id, or the beginning of either.\n"
	"\n"
	"  --above POWER  a whole number of W or VA; may be negative: --below -1500 is\n"
	"  --below POWER  that more than 1500 W are fed into the grid\n"
	"  --timeout S    give up after S seconds, 1 to 86400\n"
	"\n"
	"Exit codes: 0 the limit was passed, 1 it was not: time is up, or the meter is\n"
	"not there, has no such power, or is gone, 2 bad usage, or no right to wait.\n";

/* poll() does not tell that the device is gone. */
#define LOOK_MS 2000

struct arguments {
	const char *limit;
	enum iio_event_direction direction;
	unsigned int timeout_s;		/* 0: no end */
};

/**
 * struct limit - a limit that is waited for
 * @args: which
 * @meter: whose
 * @events: the directory in sysfs
 * @enable: its file that enables
 * @value: its file of the limit
 * @events_fd: where the events come from
 * @signals: descriptor of those that end this
 */
struct limit {
	const struct arguments *args;
	struct meter meter;
	char events[METER_PATH_MAX];
	char enable[METER_WORD_MAX];
	char value[METER_WORD_MAX];
	int events_fd;
	int signals;
};

static bool write_event(const struct limit *l, const char *name, const char *text)
{
	char path[METER_PATH_MAX + METER_WORD_MAX + 1];
	size_t len = strlen(text);
	bool written;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", l->events, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	written = fd >= 0 && write(fd, text, len) == (ssize_t)len;
	if (fd >= 0)
		close(fd);
	return written;
}

/* The channel that has events is the total power. */
static bool find_event(struct limit *l)
{
	const char *direction = l->args->direction == IIO_EV_DIR_RISING ? "rising" : "falling";
	char pattern[METER_PATH_MAX];
	glob_t found = { 0 };
	bool one;

	snprintf(pattern, sizeof(pattern), "%s/iio:device*/events/in_power*_thresh_%s_en",
		 l->meter.path, direction);
	one = !glob(pattern, 0, NULL, &found) && strlen(found.gl_pathv[0]) < sizeof(l->events);
	if (one) {
		char *name = strrchr(strcpy(l->events, found.gl_pathv[0]), '/');
		int stem = strlen(name + 1) - strlen("en");

		snprintf(l->enable, sizeof(l->enable), "%s", name + 1);
		snprintf(l->value, sizeof(l->value), "%.*svalue", stem, name + 1);
		*name = '\0';
	}
	globfree(&found);
	return one;
}

/* The directory events/ is in that of the IIO device, which is named as its node in /dev. */
static int open_events(const struct limit *l)
{
	const char *device = l->events + strlen(l->meter.path) + 1;
	char node[METER_PATH_MAX];
	int events = -1, fd;

	snprintf(node, sizeof(node), "/dev/%.*s", (int)strcspn(device, "/"), device);
	fd = open(node, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (ioctl(fd, IIO_GET_EVENT_FD_IOCTL, &events))
		events = -1;
	close(fd);
	return events;
}

/* One that was made anew has no limits. */
static bool is_there(const struct limit *l)
{
	char enabled[METER_WORD_MAX];

	return attribute_read(l->events, l->enable, enabled, sizeof(enabled)) > 0 &&
	       enabled[0] == '1';
}

static bool is_passed(const struct limit *l)
{
	struct iio_event_data event;

	return read(l->events_fd, &event, sizeof(event)) == sizeof(event) &&
	       IIO_EVENT_CODE_EXTRACT_DIR(event.id) == l->args->direction;
}

static int gone(const struct limit *l)
{
	say("%s is gone, or its IIO device was made anew, for a further phase or another meter",
	    l->meter.name);
	return NOTHING;
}

static int sleep_until_passed(const struct limit *l)
{
	struct pollfd fds[] = {
		{ .fd = l->events_fd, .events = POLLIN },
		{ .fd = l->signals, .events = POLLIN },
	};
	const uint64_t begun_ms = wait_now_ms();

	for (;;) {
		poll(fds, 2, LOOK_MS);
		if (fds[1].revents)
			return NOTHING;
		if (fds[0].revents & POLLIN && is_passed(l))
			return DONE;
		if (!is_there(l))
			return gone(l);
		if (l->args->timeout_s && wait_now_ms() - begun_ms >= l->args->timeout_s * 1000ull) {
			say("the power of %s did not pass the limit within %u s", l->meter.name,
			    l->args->timeout_s);
			return NOTHING;
		}
	}
}

static int refused(const struct limit *l)
{
	switch (errno) {
	case EACCES:
	case EPERM:
		say("only root may wait for a limit of %s", l->meter.name);
		return UNUSABLE;
	case EBUSY:
		say("another program waits for limits of %s: only one can at a time", l->meter.name);
		return UNUSABLE;
	default:
		return gone(l);
	}
}

/* Disabled first, so that nothing of an earlier limit is left in the new descriptor. */
static int wait_for_limit(struct limit *l)
{
	int rc;

	if (!write_event(l, l->enable, "0"))
		return refused(l);
	l->events_fd = open_events(l);
	if (l->events_fd < 0)
		return refused(l);
	if (write_event(l, l->value, l->args->limit) && write_event(l, l->enable, "1"))
		rc = sleep_until_passed(l);
	else
		rc = refused(l);
	write_event(l, l->enable, "0");
	close(l->events_fd);
	return rc;
}

static int wait_limit(const struct arguments *args, const char *wanted)
{
	struct limit l = { .args = args };
	int rc = meter_argument(wanted, &l.meter);

	if (rc != DONE)
		return rc;
	if (!find_event(&l)) {
		say("%s has no total power in IIO: it comes with the first whole telegram, where "
		    "the kernel has IIO and the meter sends a power", l.meter.name);
		return NOTHING;
	}
	l.signals = wait_signals(0);
	if (l.signals < 0) {
		say("signals cannot be waited for: %s", strerror(errno));
		return UNUSABLE;
	}
	rc = wait_for_limit(&l);
	close(l.signals);
	return rc;
}

static bool is_power(const char *text)
{
	char *end;
	long power;

	errno = 0;
	power = strtol(text, &end, 10);
	return (*text == '-' || (*text >= '0' && *text <= '9')) && end != text && !*end && !errno &&
	       power == (int32_t)power;
}

/* UNUSABLE after a sentence; NOTHING for --help. */
static int parse(int argc, char **argv, struct arguments *args)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "above", required_argument, NULL, 'a' },
		{ "below", required_argument, NULL, 'b' },
		{ "timeout", required_argument, NULL, 't' },
		{ 0 },
	};
	unsigned int limits = 0;
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'h':
			fputs(help, stdout);
			return NOTHING;
		case 'a':
		case 'b':
			args->direction = c == 'a' ? IIO_EV_DIR_RISING : IIO_EV_DIR_FALLING;
			args->limit = optarg;
			limits++;
			break;
		case 't':
			if (!wait_seconds(optarg, "wait", 86400, &args->timeout_s))
				return UNUSABLE;
			break;
		default:
			return UNUSABLE;
		}
	}
	if (limits != 1 || argc - optind != 1) {
		say("wait wants --above or --below, and one meter: 'meterctl wait --help' tells "
		    "more");
		return UNUSABLE;
	}
	if (is_power(args->limit))
		return DONE;
	say("'%s' is no power: give a whole number of W or VA", args->limit);
	return UNUSABLE;
}

/**
 * cmd_wait - sleep until the total power passes a limit
 * @argc: as of main()
 * @argv: as of main(), from the command's name on
 *
 * Return: an exit code.
 */
int cmd_wait(int argc, char **argv)
{
	struct arguments args = { 0 };
	int rc = parse(argc, argv, &args);

	if (rc != DONE)
		return rc == NOTHING ? DONE : rc;
	return wait_limit(&args, argv[optind]);
}
