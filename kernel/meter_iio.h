/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The IIO face of a meter; nothing where the kernel has no IIO with buffers.
 */
#ifndef METERLINE_METER_IIO_H
#define METERLINE_METER_IIO_H

#include "meter.h"

#ifdef METERLINE_IIO

void meter_iio_update(struct meter *m, const struct meter_files *seen);
void meter_iio_remove(struct meter *m);
bool meter_iio_push(struct meter *m, const struct reading *r, u64 started, u64 now);

#else

static inline void meter_iio_update(struct meter *m, const struct meter_files *seen)
{
}

static inline void meter_iio_remove(struct meter *m)
{
}

static inline bool meter_iio_push(struct meter *m, const struct reading *r, u64 started, u64 now)
{
	return true;
}

#endif /* METERLINE_IIO */

#endif /* METERLINE_METER_IIO_H */
