/* SPDX-License-Identifier: MIT */
/*
 * The telegrams of a meter as they come, from the buffer of its IIO device.
 */
#ifndef METERLINE_IIO_CAPTURE_H
#define METERLINE_IIO_CAPTURE_H

#include "iio_meters.h"

/** enum iio_event_kind - what iio_capture_next() found */
enum iio_event_kind {
	IIO_NOTHING,	/* nothing there now: poll */
	IIO_TELEGRAM,	/* one sample */
	IIO_GONE,	/* the IIO device is gone: the last event, as is the next one */
	IIO_FAILED,	/* @error says why */
};

/**
 * struct iio_event - what happened
 * @kind: enum iio_event_kind
 * @error: of IIO_FAILED, an errno
 * @time_ns: of IIO_TELEGRAM, when its first byte came, since 1970 in UTC by the clock of the
 *	machine that the meter is on
 * @reading: its quantities
 */
struct iio_event {
	enum iio_event_kind kind;
	int error;
	s64 time_ns;
	struct reading reading;
};

struct iio_capture;

struct iio_capture *iio_capture_start(struct iio_meters *im, const struct iio_meter *m,
				      char why[IIO_WHY_SIZE]);
void iio_capture_columns(const struct iio_capture *c, struct reading *columns);
int iio_capture_fd(const struct iio_capture *c);
void iio_capture_next(struct iio_capture *c, struct iio_event *event);
void iio_capture_end(struct iio_capture *c);

#endif /* METERLINE_IIO_CAPTURE_H */
