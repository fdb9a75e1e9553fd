// SPDX-License-Identifier: MIT
/*
 * meterctl watch --uri: telegrams as they come, through libiio. What IIO does not carry is left
 * out: the meter's own number and time, what it printed, and how much of it was damaged.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/iio_capture.h"
#include "../lib/json.h"
#include "../lib/say.h"
#include "commands.h"
#include "iio_argument.h"
#include "wait.h"
#include "watch.h"
#include "watch_screen.h"

/**
 * struct iio_watch - a meter that is being watched
 * @args: how
 * @im: the meters there; with @capture only
 * @meter: the meter; its id also finds it when it comes back
 * @capture: its telegrams; NULL: it is gone
 * @signals: descriptor of those that end this
 * @shown: telegrams shown so far
 * @reading: the last one
 * @screen: the live view, or NULL
 */
struct iio_watch {
	const struct watch_arguments *args;
	struct iio_meters im;
	struct iio_meter meter;
	struct iio_capture *capture;
	int signals;
	u64 shown;
	struct reading reading;
	struct screen *screen;
};

static void note(struct iio_watch *w, const char *sentence)
{
	char text[IIO_WHY_SIZE + 32];

	snprintf(text, sizeof(text), "%s %s", w->meter.about.name, sentence);
	if (w->screen)
		screen_note(w->screen, text);
	else
		say("%s", text);
}

static void print_telegram(const struct iio_watch *w)
{
	if (w->args->json) {
		fputs("{\"protocol\":", stdout);
		json_text(stdout, w->meter.about.type);
		fputs(",\"quantities\":", stdout);
		json_quantities(stdout, &w->reading);
		fputs("}\n", stdout);
	} else {
		printf("%s -", w->meter.about.name);
		watch_print_quantities(&w->reading);
	}
	fflush(stdout);
}

/* A number that the meter no longer says is not shown. */
static void redraw(struct iio_watch *w)
{
	struct meter *about = &w->meter.about;
	bool fresh;

	if (!w->screen)
		return;
	if (w->capture)
		iio_meter_attribute(&w->im, &w->meter, "state", about->state, sizeof(about->state));
	fresh = w->shown && !strcmp(about->state, "locked");
	screen_draw(w->screen, about, NULL, fresh ? &w->reading : NULL);
}

/* True when the user wants to end. */
static bool pause_for(struct iio_watch *w)
{
	struct pollfd fds[] = {
		{ .fd = w->capture ? iio_capture_fd(w->capture) : -1, .events = POLLIN },
		{ .fd = w->screen ? STDIN_FILENO : -1, .events = POLLIN },
		{ .fd = w->signals, .events = POLLIN },
	};

	poll(fds, 3, WATCH_LOOK_MS);
	return fds[2].revents || (w->screen && screen_wants_to_quit(w->screen));
}

static void leave(struct iio_watch *w)
{
	if (!w->capture)
		return;
	iio_capture_end(w->capture);
	w->capture = NULL;
	iio_meters_close(&w->im);
}

static bool come_back(struct iio_watch *w)
{
	const struct meter *about = &w->meter.about;
	char why[IIO_WHY_SIZE];
	struct iio_meter again;

	if (!iio_meters_open(&w->im, w->args->uri, why))
		return false;
	if (iio_meters_find(&w->im, *about->id ? about->id : about->name, &again) == METER_FOUND)
		w->capture = iio_capture_start(&w->im, &again, why);
	if (w->capture)
		w->meter = again;
	else
		iio_meters_close(&w->im);
	return w->capture;
}

/* Until the meter is there again; true when the user wants to end instead. */
static bool await_return(struct iio_watch *w)
{
	leave(w);
	strcpy(w->meter.about.state, "gone");
	redraw(w);
	note(w, "is gone; waiting for it to come back");
	do
		if (pause_for(w))
			return true;
	while (!come_back(w));
	return false;
}

static void follow(struct iio_watch *w)
{
	struct iio_event event;

	for (;;) {
		iio_capture_next(w->capture, &event);
		switch (event.kind) {
		case IIO_TELEGRAM:
			w->reading = event.reading;
			w->shown++;
			if (!w->screen)
				print_telegram(w);
			if (w->args->count && w->shown >= w->args->count)
				return;
			break;
		case IIO_NOTHING:
			redraw(w);
			if (pause_for(w))
				return;
			break;
		case IIO_FAILED:
			note(w, strerror(event.error));
			/* fall through */
		case IIO_GONE:
			if (w->args->until_gone || await_return(w))
				return;
			break;
		}
	}
}

static int watch(struct iio_watch *w)
{
	follow(w);
	leave(w);
	screen_close(w->screen);
	if (ferror(stdout)) {
		say("telegrams could not be written to standard output");
		return UNUSABLE;
	}
	return w->shown ? DONE : NOTHING;
}

/* DONE when the meter is there and is being captured. */
static int begin(struct iio_watch *w, const char *wanted)
{
	const char *uri = w->args->uri;
	char why[IIO_WHY_SIZE];
	int rc;

	if (!uri_open(uri, &w->im))
		return UNUSABLE;
	rc = iio_meter_argument(&w->im, uri, wanted, &w->meter);
	if (rc == DONE) {
		w->capture = iio_capture_start(&w->im, &w->meter, why);
		if (w->capture)
			return DONE;
		say("%s cannot be watched: %s", w->meter.about.name, why);
		rc = UNUSABLE;
	}
	iio_meters_close(&w->im);
	return rc;
}

/**
 * watch_uri - see telegrams as they come, through libiio
 * @args: how; their @uri says where
 * @wanted: the meter; NULL: the only one
 *
 * Return: an exit code.
 */
int watch_uri(const struct watch_arguments *args, const char *wanted)
{
	bool live = !args->json && isatty(STDOUT_FILENO) && isatty(STDIN_FILENO);
	struct iio_watch w = { .args = args };
	int rc;

	if (args->oldest) {
		say("--oldest and --no-follow are for telegrams that this machine's kernel keeps; "
		    "IIO has those alone that come from now on");
		return UNUSABLE;
	}
	w.signals = wait_signals(0);
	if (w.signals < 0) {
		say("signals cannot be waited for: %s", strerror(errno));
		return UNUSABLE;
	}
	rc = begin(&w, wanted);
	if (rc == DONE) {
		if (live)
			w.screen = screen_open();
		rc = watch(&w);
	}
	close(w.signals);
	return rc;
}
