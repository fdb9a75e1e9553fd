/* SPDX-License-Identifier: MIT */
/*
 * --uri on a command line, and METER among the meters there.
 */
#ifndef METERCTL_IIO_ARGUMENT_H
#define METERCTL_IIO_ARGUMENT_H

#include "../lib/iio_meters.h"

bool uri_open(const char *uri, struct iio_meters *im);
int no_meter_at(const char *uri);
int iio_meter_argument(const struct iio_meters *im, const char *uri, const char *wanted,
		       struct iio_meter *m);

#endif /* METERCTL_IIO_ARGUMENT_H */
