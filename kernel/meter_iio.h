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
bool __meter_iio_push(struct meter *m, const struct reading *r, u64 started, u64 now);

/**
 * meter_iio_push - give a telegram to those who capture, and compare it with the limits
 * @m: the meter
 * @r: quantities of the telegram
 * @started: when its first byte came, CLOCK_BOOTTIME ns
 * @now: CLOCK_BOOTTIME ns
 *
 * Does not sleep. Costs one look at a flag while nobody wants telegrams: no lock and no call.
 *
 * Return: false when the telegram was left out: it lacks a channel that is being captured, or the
 * buffer is full.
 */
static inline bool meter_iio_push(struct meter *m, const struct reading *r, u64 started, u64 now)
{
	return !READ_ONCE(m->iio_wanted) || __meter_iio_push(m, r, started, now);
}

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
