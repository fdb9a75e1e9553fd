/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The IIO device of a meter: what its channels and buffer (meter_iio.c) and its events
 * (meter_iio_events.c) share.
 */
#ifndef METERLINE_METER_IIO_DEVICE_H
#define METERLINE_METER_IIO_DEVICE_H

#include <linux/iio/iio.h>
#include <linux/stddef.h>

#include "compat.h"
#include "meter.h"

#define ENERGIES	20
#define OTHERS		(3 + 3 + 16)
#define CHANNELS_MAX	(ENERGIES + OTHERS)

/**
 * struct meter_limit - a limit of the total power
 * @value: as in the channel
 * @hysteresis: how far behind @value the power must be to have come back
 * @enabled: passing it is an event
 * @passed: it was passed, and the power has not come back
 */
struct meter_limit {
	s32 value;
	s32 hysteresis;
	bool enabled;
	bool passed;
};

/**
 * struct meter_iio - the IIO device of a meter
 * @m: the meter
 * @dev: the IIO device, whose private data this is
 * @buffer: its kfifo
 * @quantities: those that have a channel
 * @id: of the meter, "" when it is not known
 * @total_power: the channel that has events, or NULL
 * @going: the buffer is not to be enabled any more; under m->iio_lock as what follows
 * @captured: it was enabled once
 * @gate_open: a buffer is enabled
 * @rising: event when the power goes above it
 * @falling: event when the power goes below it
 * @enabled: quantities being captured, in the order of the channels
 * @nenabled: number of @enabled
 * @nchannels: number of @channels without the one of the time, which comes last
 * @scan: one telegram as it goes into the buffer, with room for its time
 * @channels: a channel for each of @quantities
 */
struct meter_iio {
	struct meter *m;
	struct iio_dev *dev;
	struct iio_buffer *buffer;
	DECLARE_BITMAP(quantities, QUANTITY_COUNT);
	char id[sizeof_field(struct meter, id)];
	const struct iio_chan_spec *total_power;
	bool going;
	bool captured;
	bool gate_open;
	struct meter_limit rising;
	struct meter_limit falling;
	u8 enabled[CHANNELS_MAX];
	u8 nenabled;
	u8 nchannels;
	u8 scan[ENERGIES * 8 + OTHERS * 4 + 2 * sizeof(s64)] __aligned(8);
	struct iio_chan_spec channels[];
};

/* meter_iio.c */
bool meter_iio_raw(enum quantity q, s64 milli, s64 *raw);
void meter_iio_update_wanted(struct meter_iio *iio);

/* meter_iio_events.c */
void meter_iio_init_events(struct meter_iio *iio);
bool meter_iio_has_event(const struct meter_iio *iio);
void meter_iio_check_limits(struct meter_iio *iio, const struct reading *r, s64 time);
int meter_iio_read_event_config(struct iio_dev *dev, const struct iio_chan_spec *channel,
				enum iio_event_type type, enum iio_event_direction dir);
int meter_iio_write_event_config(struct iio_dev *dev, const struct iio_chan_spec *channel,
				 enum iio_event_type type, enum iio_event_direction dir,
				 iio_event_state_t state);
int meter_iio_read_event_value(struct iio_dev *dev, const struct iio_chan_spec *channel,
			       enum iio_event_type type, enum iio_event_direction dir,
			       enum iio_event_info info, int *val, int *val2);
int meter_iio_write_event_value(struct iio_dev *dev, const struct iio_chan_spec *channel,
				enum iio_event_type type, enum iio_event_direction dir,
				enum iio_event_info info, int val, int val2);

#endif /* METERLINE_METER_IIO_DEVICE_H */
