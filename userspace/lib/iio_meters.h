/* SPDX-License-Identifier: MIT */
/*
 * Meters as libiio shows them, of this machine or through iiod of another one.
 */
#ifndef METERLINE_IIO_METERS_H
#define METERLINE_IIO_METERS_H

#include "../../kernel/telegram/quantities.h"
#include "iio_library.h"
#include "meters.h"

/**
 * struct iio_meter - one of them
 * @about: the meter; its path is "", since that is no path of this machine
 * @device: its IIO device
 */
struct iio_meter {
	struct meter about;
	struct iio_device *device;
};

/**
 * struct iio_meters - the meters at an URI, as they were when it was opened
 * @library: libiio
 * @context: of the URI
 * @meters: in the order of their numbers
 * @count: how many
 */
struct iio_meters {
	struct iio_library library;
	struct iio_context *context;
	struct iio_meter *meters;
	size_t count;
};

bool iio_meters_open(struct iio_meters *im, const char *uri, char why[IIO_WHY_SIZE]);
void iio_meters_close(struct iio_meters *im);
enum meter_match iio_meters_find(const struct iio_meters *im, const char *wanted,
				 struct iio_meter *m);
int iio_meter_attribute(const struct iio_meters *im, const struct iio_meter *m, const char *name,
			char *value, size_t size);
bool iio_meter_skipped(const struct iio_meters *im, const struct iio_meter *m, u64 *skipped);
int iio_meter_reading(const struct iio_meters *im, const struct iio_meter *m, struct reading *r);
int iio_meter_value(const struct iio_meters *im, const struct iio_meter *m, enum quantity q,
		    char *value, size_t size);

/* Of one channel: */
enum quantity iio_channel_quantity(const struct iio_meters *im, const struct iio_channel *channel);
bool iio_channel_milli(enum quantity q, s64 raw, s64 *milli);
int iio_channel_raw(const struct iio_meters *im, const struct iio_channel *channel, s64 *raw);

#endif /* METERLINE_IIO_METERS_H */
