// SPDX-License-Identifier: MIT
/*
 * The telegrams of a meter as they come. libiio waits for them in a thread, which hands each one
 * over through a pipe, so that who reads them can wait for other things beside.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "iio_capture.h"

/* Telegrams that the kernel keeps while nobody fetches them. */
#define KERNEL_TELEGRAMS 64

/* Channels of a meter, at most. */
#define CHANNELS_MAX	 64

struct captured_channel {
	const struct iio_channel *channel;
	enum quantity quantity;
};

/**
 * struct iio_capture - a buffer that is being read
 * @im: the meters, whose libiio is used by the thread alone from now on, but for attributes
 * @device: that of the meter
 * @buffer: its buffer
 * @channels: what is captured
 * @nchannels: number of @channels
 * @time: the channel of the time
 * @pipe: events come out of [0], whole ones
 * @thread: who waits for telegrams
 * @ending: it is to end
 */
struct iio_capture {
	const struct iio_meters *im;
	const struct iio_device *device;
	struct iio_buffer *buffer;
	struct captured_channel channels[CHANNELS_MAX];
	unsigned int nchannels;
	const struct iio_channel *time;
	int pipe[2];
	pthread_t thread;
	atomic_bool ending;
};

_Static_assert(sizeof(struct iio_event) <= PIPE_BUF, "an event is written as a whole");

/*
 * A telegram that lacks a channel which is captured is left out, so those that the meter does not
 * send now are not.
 */
static bool is_wanted(const struct iio_capture *c, struct iio_channel *channel, enum quantity *q)
{
	s64 raw;

	*q = iio_channel_quantity(c->im, channel);
	return *q != Q_NONE && !iio_channel_raw(c->im, channel, &raw);
}

static void choose_channel(struct iio_capture *c, struct iio_channel *channel)
{
	const struct iio_library *l = &c->im->library;
	const char *id = l->channel_get_id(channel);
	enum quantity q;

	if (!l->channel_is_scan_element(channel))
		return;
	if (id && !strcmp(id, "timestamp")) {
		c->time = channel;
		l->channel_enable(channel);
	} else if (c->nchannels < CHANNELS_MAX && is_wanted(c, channel, &q)) {
		c->channels[c->nchannels++] = (struct captured_channel){ channel, q };
		l->channel_enable(channel);
	} else {
		l->channel_disable(channel);
	}
}

static bool choose_channels(struct iio_capture *c)
{
	const struct iio_library *l = &c->im->library;
	unsigned int channels = l->device_get_channels_count(c->device);

	for (unsigned int i = 0; i < channels; i++) {
		struct iio_channel *channel = l->device_get_channel(c->device, i);

		if (channel)
			choose_channel(c, channel);
	}
	return c->time && c->nchannels;
}

static bool takes_time_of_day(const struct iio_capture *c, char why[IIO_WHY_SIZE])
{
	char clock[32] = "";
	ssize_t len = c->im->library.device_attr_read(c->device, "current_timestamp_clock", clock,
						      sizeof(clock) - 1);

	if (len < 0 || !strncmp(clock, "realtime", 8))
		return true;
	snprintf(why, IIO_WHY_SIZE,
		 "its times are not those of a calendar: write realtime into "
		 "current_timestamp_clock of its IIO device");
	return false;
}

struct sample {
	const struct iio_capture *c;
	struct iio_event *event;
	bool has_time;
};

static ssize_t take_channel(const struct iio_channel *channel, void *raw, size_t bytes, void *data)
{
	struct sample *sample = data;
	const struct iio_capture *c = sample->c;
	s64 milli, raw64 = 0;
	s32 raw32 = 0;

	if (bytes != 8 && bytes != 4)
		return bytes;
	c->im->library.channel_convert(channel, bytes == 8 ? (void *)&raw64 : &raw32, raw);
	if (bytes == 4)
		raw64 = raw32;
	if (channel == c->time) {
		sample->event->time_ns = raw64;
		sample->has_time = true;
	}
	for (unsigned int i = 0; i < c->nchannels; i++)
		if (channel == c->channels[i].channel &&
		    iio_channel_milli(c->channels[i].quantity, raw64, &milli))
			reading_set(&sample->event->reading, c->channels[i].quantity, milli);
	return bytes;
}

/* False when it was not a whole sample. */
static bool take_sample(const struct iio_capture *c, struct iio_event *event)
{
	struct sample sample = { .c = c, .event = event };

	event->kind = IIO_TELEGRAM;
	return c->im->library.buffer_foreach_sample(c->buffer, take_channel, &sample) > 0 &&
	       sample.has_time;
}

/*
 * A device that is gone, or was made anew, tells nobody who waits for its buffer (see the page of
 * its ABI): no telegram comes for some time. Then its buffer is not there any more, or not enabled.
 */
static enum iio_event_kind look_why(const struct iio_capture *c, int error)
{
	char enabled[16] = "";
	ssize_t len = c->im->library.device_buffer_attr_read(c->device, "enable", enabled,
							     sizeof(enabled) - 1);

	if (len == -ENODEV || len == -ENOENT || (len > 0 && enabled[0] == '0'))
		return IIO_GONE;
	return len > 0 && error == ETIMEDOUT ? IIO_NOTHING : IIO_FAILED;
}

static void *wait_for_telegrams(void *data)
{
	struct iio_capture *c = data;
	struct iio_event event;
	ssize_t rc;

	do {
		event = (struct iio_event){ 0 };
		rc = c->im->library.buffer_refill(c->buffer);
		if (c->ending)
			break;
		if (rc > 0 && !take_sample(c, &event))
			continue;
		if (rc <= 0) {
			event.error = rc ? -rc : EPROTO;
			event.kind = look_why(c, event.error);
		}
		if (event.kind != IIO_NOTHING &&
		    write(c->pipe[1], &event, sizeof(event)) != sizeof(event))
			break;
	} while (event.kind == IIO_NOTHING || event.kind == IIO_TELEGRAM);
	close(c->pipe[1]);
	return NULL;
}

static void explain(int error, char why[IIO_WHY_SIZE])
{
	switch (error) {
	case EACCES:
	case EPERM:
		snprintf(why, IIO_WHY_SIZE,
			 "only root may capture on this machine: become root, or let iiod do it "
			 "(--uri ip:127.0.0.1)");
		break;
	case EBUSY:
		snprintf(why, IIO_WHY_SIZE,
			 "another program captures already; if that is iiod, share it "
			 "(--uri ip:127.0.0.1)");
		break;
	default:
		snprintf(why, IIO_WHY_SIZE, "its buffer cannot be opened: %s", strerror(error));
	}
}

static bool open_buffer(struct iio_capture *c, char why[IIO_WHY_SIZE])
{
	const struct iio_library *l = &c->im->library;

	if (!takes_time_of_day(c, why))
		return false;
	if (!choose_channels(c)) {
		snprintf(why, IIO_WHY_SIZE, "it says nothing now that IIO carries");
		return false;
	}
	/* A version that cannot set this has 4, which do as well unless the reader is slow. */
	if (l->device_set_kernel_buffers_count(c->device, KERNEL_TELEGRAMS) < 0)
		errno = 0;
	c->buffer = l->device_create_buffer(c->device, 1, false);
	if (!c->buffer)
		explain(errno, why);
	return c->buffer;
}

/* Signals are for the other threads. */
static int start_thread(struct iio_capture *c)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&c->thread, NULL, wait_for_telegrams, c);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

static bool start(struct iio_capture *c, char why[IIO_WHY_SIZE])
{
	int error;

	if (!open_buffer(c, why))
		return false;
	error = pipe2(c->pipe, O_CLOEXEC) ? errno : 0;
	if (!error) {
		fcntl(c->pipe[0], F_SETFL, O_NONBLOCK);
		error = start_thread(c);
		if (!error)
			return true;
		close(c->pipe[0]);
		close(c->pipe[1]);
	}
	c->im->library.buffer_destroy(c->buffer);
	snprintf(why, IIO_WHY_SIZE, "%s", strerror(error));
	return false;
}

/**
 * iio_capture_start - begin to capture a meter's telegrams
 * @im: the meters, which stay open; one capture at a time
 * @m: one of them
 * @why: when this failed, a sentence without full stop
 *
 * Captured is what the meter sends now and IIO carries. Others may capture the same meter through
 * the same iiod.
 *
 * Return: NULL when this failed.
 */
struct iio_capture *iio_capture_start(struct iio_meters *im, const struct iio_meter *m,
				      char why[IIO_WHY_SIZE])
{
	struct iio_capture *c = calloc(1, sizeof(*c));

	if (!c) {
		snprintf(why, IIO_WHY_SIZE, "out of memory");
		return NULL;
	}
	c->im = im;
	c->device = m->device;
	if (start(c, why))
		return c;
	free(c);
	return NULL;
}

/**
 * iio_capture_columns - what is captured
 * @c: the capture
 * @columns: each quantity of every telegram is valid in it, with 0 for a value
 */
void iio_capture_columns(const struct iio_capture *c, struct reading *columns)
{
	memset(columns, 0, sizeof(*columns));
	for (unsigned int i = 0; i < c->nchannels; i++)
		reading_set(columns, c->channels[i].quantity, 0);
}

/**
 * iio_capture_fd - what becomes readable when iio_capture_next() has something
 * @c: the capture
 *
 * Return: a descriptor to poll, and nothing else.
 */
int iio_capture_fd(const struct iio_capture *c)
{
	return c->pipe[0];
}

/**
 * iio_capture_next - the next thing that happened
 * @c: the capture
 * @event: filled
 *
 * Does not wait.
 */
void iio_capture_next(struct iio_capture *c, struct iio_event *event)
{
	ssize_t len = read(c->pipe[0], event, sizeof(*event));

	if (len == sizeof(*event))
		return;
	*event = (struct iio_event){ .kind = len < 0 && errno == EAGAIN ? IIO_NOTHING : IIO_GONE };
}

/**
 * iio_capture_end - capture no more
 * @c: freed; NULL is allowed
 */
void iio_capture_end(struct iio_capture *c)
{
	if (!c)
		return;
	c->ending = true;
	c->im->library.buffer_cancel(c->buffer);
	/* Who stands in write() learns that nobody reads. */
	close(c->pipe[0]);
	pthread_join(c->thread, NULL);
	c->im->library.buffer_destroy(c->buffer);
	free(c);
}
