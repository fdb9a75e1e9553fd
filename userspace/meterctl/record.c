// SPDX-License-Identifier: MIT
/*
 * meterctl record: telegrams as they come, with the times at which they came, as CSV.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/iio_capture.h"
#include "../lib/say.h"
#include "commands.h"
#include "iio_argument.h"
#include "numbers.h"
#include "record_csv.h"
#include "wait.h"

static const char help[] =
	"Usage: meterctl record [--uri URI] [--count N] -o FILE [METER]\n"
	"Write a meter's telegrams as CSV, one line for each, from the buffer of its IIO\n"
	"device, until Ctrl-C. METER (meterN, its id, or the beginning of either) may be\n"
	"left out when there is only one.\n"
	"\n"
	"  -o FILE    where to; a file that exists is not overwritten. -: standard output\n"
	"  --count N  end after N telegrams\n"
	"  --uri URI  a meter of another machine, through its iiod: ip:HOST; default:\n"
	"             local:, which only root may use, while no iiod captures the meter\n"
	"\n"
	"Columns: time_utc and time_ns, when the telegram's first byte came (to the ms,\n"
	"and ns since 1970, by the clock of the machine with the meter), then what the\n"
	"meter sends now of voltages, currents, powers and energies, named as in sysfs,\n"
	"with the unit. A telegram which lacks one of these is left out, and counted.\n"
	"\n"
	"Exit codes: 0 ended as asked, 1 no telegram came or the meter is gone, 2 bad\n"
	"usage, or the meter cannot be read or the file not be written.\n";

struct arguments {
	const char *uri;
	const char *file;
	uint64_t count;		/* 0: no limit */
};

/**
 * struct record - what is being written
 * @args: how
 * @im: the meters there
 * @meter: the one
 * @capture: its telegrams
 * @columns: quantities that are written
 * @out: where to
 * @signals: descriptor of those that end this
 * @written: telegrams so far
 * @skipped: telegrams left out until the last one
 * @skipped_before: telegrams left out before this began; both: where @counts_skipped
 * @counts_skipped: the other machine says so
 */
struct record {
	const struct arguments *args;
	struct iio_meters im;
	struct iio_meter meter;
	struct iio_capture *capture;
	struct reading columns;
	FILE *out;
	int signals;
	u64 written;
	u64 skipped;
	u64 skipped_before;
	bool counts_skipped;
};

static bool write_telegram(struct record *r, const struct iio_event *event)
{
	record_csv_line(r->out, &r->columns, event->time_ns, &event->reading);
	if (fflush(r->out)) {
		say("%s cannot be written: %s", r->args->file, strerror(errno));
		return false;
	}
	r->written++;
	return true;
}

/* Said when it begins: what is lost is lost when the end is reached. */
static void look_for_skipped(struct record *r)
{
	u64 before = r->skipped;

	if (!r->counts_skipped || !iio_meter_skipped(&r->im, &r->meter, &r->skipped))
		return;
	if (r->skipped != before && before == r->skipped_before)
		say("%s sent a telegram that is left out: it lacks a column, or was fetched too "
		    "late",
		    r->meter.about.name);
}

static int gone(const struct record *r, const struct iio_event *event)
{
	if (event->kind == IIO_GONE) {
		say("%s is gone, or its IIO device was made anew, for a further phase or another "
		    "meter: begin again with another file",
		    r->meter.about.name);
		return NOTHING;
	}
	say("%s cannot be read any more: %s", r->meter.about.name, strerror(event->error));
	return UNUSABLE;
}

/* True when the user wants to end. */
static bool pause_for(const struct record *r)
{
	struct pollfd fds[] = {
		{ .fd = iio_capture_fd(r->capture), .events = POLLIN },
		{ .fd = r->signals, .events = POLLIN },
	};

	poll(fds, 2, -1);
	return fds[1].revents;
}

static int follow(struct record *r)
{
	struct iio_event event;

	for (;;) {
		iio_capture_next(r->capture, &event);
		switch (event.kind) {
		case IIO_TELEGRAM:
			if (!write_telegram(r, &event))
				return UNUSABLE;
			look_for_skipped(r);
			if (r->written == r->args->count)
				return DONE;
			break;
		case IIO_NOTHING:
			if (pause_for(r))
				return r->written ? DONE : NOTHING;
			break;
		case IIO_GONE:
		case IIO_FAILED:
			return gone(r, &event);
		}
	}
}

static void summarize(const struct record *r)
{
	char left_out[64] = "";

	if (r->skipped != r->skipped_before)
		snprintf(left_out, sizeof(left_out), "; %" PRIu64 " were left out",
			 (uint64_t)(r->skipped - r->skipped_before));
	say("%" PRIu64 " telegrams of %s are in %s%s", (uint64_t)r->written, r->meter.about.name,
	    r->args->file, left_out);
}

/* Telegrams show when people are at home. */
static FILE *create(const char *path)
{
	FILE *out;
	int fd;

	if (!strcmp(path, "-"))
		return stdout;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (out)
		return out;
	say("%s cannot be created: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return NULL;
}

static int write_file(struct record *r)
{
	int rc;

	r->out = create(r->args->file);
	if (!r->out)
		return UNUSABLE;
	record_csv_header(r->out, &r->columns);
	rc = follow(r);
	if (fclose(r->out) && rc != UNUSABLE) {
		say("%s cannot be written: %s", r->args->file, strerror(errno));
		rc = UNUSABLE;
	}
	summarize(r);
	return rc;
}

static int capture(struct record *r, const char *wanted)
{
	char why[IIO_WHY_SIZE];
	int rc;

	rc = iio_meter_argument(&r->im, r->args->uri, wanted, &r->meter);
	if (rc != DONE)
		return rc;
	r->counts_skipped = iio_meter_skipped(&r->im, &r->meter, &r->skipped_before);
	r->skipped = r->skipped_before;
	r->capture = iio_capture_start(&r->im, &r->meter, why);
	if (!r->capture) {
		say("%s cannot be recorded: %s", r->meter.about.name, why);
		return UNUSABLE;
	}
	iio_capture_columns(r->capture, &r->columns);
	rc = write_file(r);
	iio_capture_end(r->capture);
	return rc;
}

static int record(const struct arguments *args, const char *wanted)
{
	struct record r = { .args = args };
	int rc;

	r.signals = wait_signals(0);
	if (r.signals < 0) {
		say("signals cannot be waited for: %s", strerror(errno));
		return UNUSABLE;
	}
	if (uri_open(args->uri, &r.im)) {
		rc = capture(&r, wanted);
		iio_meters_close(&r.im);
	} else {
		rc = UNUSABLE;
	}
	close(r.signals);
	return rc;
}

/* UNUSABLE after a sentence; NOTHING for --help. */
static int parse(int argc, char **argv, struct arguments *args)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "output", required_argument, NULL, 'o' },
		{ "count", required_argument, NULL, 'n' },
		{ "uri", required_argument, NULL, 'u' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "ho:n:", options, NULL)) != -1) {
		switch (c) {
		case 'h':
			fputs(help, stdout);
			return NOTHING;
		case 'o':
			args->file = optarg;
			break;
		case 'n':
			if (!number_option("count", optarg, 1, UINT64_MAX, &args->count))
				return UNUSABLE;
			break;
		case 'u':
			args->uri = optarg;
			break;
		default:
			return UNUSABLE;
		}
	}
	if (args->file && argc - optind <= 1)
		return DONE;
	say("record wants -o FILE and at most one meter: 'meterctl record --help' tells more");
	return UNUSABLE;
}

/**
 * cmd_record - write telegrams as they come
 * @argc: as of main()
 * @argv: as of main(), from the command's name on
 *
 * Return: an exit code.
 */
int cmd_record(int argc, char **argv)
{
	struct arguments args = { .uri = "local:" };
	int rc;

	rc = parse(argc, argv, &args);
	if (rc != DONE)
		return rc == NOTHING ? DONE : rc;
	return record(&args, argv[optind]);
}
