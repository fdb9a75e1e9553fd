// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events of a meter's IIO device: the total power passes a limit. Each telegram is compared when it
 * comes, so that user space can sleep until then; see
 * Documentation/ABI/testing/sysfs-bus-iio-meter.
 */
#include <linux/iio/events.h>
#include <linux/kernel.h>

#include "meter_iio_device.h"

/* What is drawn from the grid less what is fed into it, or what comes nearest; the first counts. */
static const u8 total_powers[] = { Q_power_net, Q_power_apparent_import };

#define LIMIT_SPEC(direction)                                                         \
	{                                                                             \
		.type = IIO_EV_TYPE_THRESH,                                           \
		.dir = direction,                                                     \
		.mask_separate = BIT(IIO_EV_INFO_ENABLE) | BIT(IIO_EV_INFO_VALUE) |   \
				 BIT(IIO_EV_INFO_HYSTERESIS),                         \
	}

static const struct iio_event_spec limit_specs[] = {
	LIMIT_SPEC(IIO_EV_DIR_RISING),
	LIMIT_SPEC(IIO_EV_DIR_FALLING),
};

static struct iio_chan_spec *find_channel(struct meter_iio *iio, enum quantity q)
{
	unsigned int i;

	for (i = 0; i < iio->nchannels; i++) {
		if (iio->channels[i].address == q)
			return &iio->channels[i];
	}
	return NULL;
}

/**
 * meter_iio_init_events - give its events to the channel of the total power
 * @iio: the device, with its channels, not yet registered
 */
void meter_iio_init_events(struct meter_iio *iio)
{
	struct iio_chan_spec *channel = NULL;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(total_powers) && !channel; i++)
		channel = find_channel(iio, total_powers[i]);
	if (!channel)
		return;
	channel->event_spec = limit_specs;
	channel->num_event_specs = ARRAY_SIZE(limit_specs);
	iio->total_power = channel;
}

/** meter_iio_has_event - whether an event is enabled; the caller holds iio_lock */
bool meter_iio_has_event(const struct meter_iio *iio)
{
	return iio->rising.enabled || iio->falling.enabled;
}

/* @beyond: how far the power is beyond the limit, negative before it. */
static bool passes(struct meter_limit *limit, s64 beyond)
{
	bool before = !limit->passed;

	if (beyond > 0)
		limit->passed = true;
	else if (beyond < -(s64)limit->hysteresis)
		limit->passed = false;
	return limit->enabled && limit->passed && before;
}

static void push_event(struct meter_iio *iio, enum iio_event_direction dir, s64 time)
{
	const struct iio_chan_spec *channel = iio->total_power;

	iio_push_event(iio->dev,
		       IIO_MOD_EVENT_CODE(channel->type, channel->channel, channel->channel2,
					  IIO_EV_TYPE_THRESH, dir),
		       time);
}

/**
 * meter_iio_check_limits - make events of a telegram
 * @iio: the device; the caller holds iio_lock of its meter
 * @r: quantities of the telegram
 * @time: of its first byte, by the clock of the device
 *
 * Does not sleep. A telegram without the total power changes nothing.
 */
void meter_iio_check_limits(struct meter_iio *iio, const struct reading *r, s64 time)
{
	enum quantity q;
	s64 raw;

	lockdep_assert_held(&iio->m->iio_lock);
	if (!meter_iio_has_event(iio))
		return;
	q = iio->total_power->address;
	if (!reading_has(r, q) || !meter_iio_raw(q, r->milli[q], &raw))
		return;
	if (passes(&iio->rising, raw - iio->rising.value))
		push_event(iio, IIO_EV_DIR_RISING, time);
	if (passes(&iio->falling, iio->falling.value - raw))
		push_event(iio, IIO_EV_DIR_FALLING, time);
}

static struct meter_limit *limit_of(struct meter_iio *iio, enum iio_event_direction dir)
{
	return dir == IIO_EV_DIR_RISING ? &iio->rising : &iio->falling;
}

/** meter_iio_read_event_config - for struct iio_info */
int meter_iio_read_event_config(struct iio_dev *dev, const struct iio_chan_spec *channel,
				enum iio_event_type type, enum iio_event_direction dir)
{
	return READ_ONCE(limit_of(iio_priv(dev), dir)->enabled);
}

/** meter_iio_write_event_config - for struct iio_info; nothing has passed the limit so far */
int meter_iio_write_event_config(struct iio_dev *dev, const struct iio_chan_spec *channel,
				 enum iio_event_type type, enum iio_event_direction dir,
				 iio_event_state_t state)
{
	struct meter_iio *iio = iio_priv(dev);
	struct meter_limit *limit = limit_of(iio, dir);

	spin_lock(&iio->m->iio_lock);
	limit->enabled = state;
	limit->passed = false;
	meter_iio_update_wanted(iio);
	spin_unlock(&iio->m->iio_lock);
	return 0;
}

/** meter_iio_read_event_value - for struct iio_info */
int meter_iio_read_event_value(struct iio_dev *dev, const struct iio_chan_spec *channel,
			       enum iio_event_type type, enum iio_event_direction dir,
			       enum iio_event_info info, int *val, int *val2)
{
	const struct meter_limit *limit = limit_of(iio_priv(dev), dir);

	*val = READ_ONCE(*(info == IIO_EV_INFO_VALUE ? &limit->value : &limit->hysteresis));
	return IIO_VAL_INT;
}

/** meter_iio_write_event_value - for struct iio_info; nothing has passed the limit so far */
int meter_iio_write_event_value(struct iio_dev *dev, const struct iio_chan_spec *channel,
				enum iio_event_type type, enum iio_event_direction dir,
				enum iio_event_info info, int val, int val2)
{
	struct meter_iio *iio = iio_priv(dev);
	struct meter_limit *limit = limit_of(iio, dir);

	if (val2 || (info == IIO_EV_INFO_HYSTERESIS && val < 0))
		return -EINVAL;
	spin_lock(&iio->m->iio_lock);
	if (info == IIO_EV_INFO_VALUE)
		limit->value = val;
	else
		limit->hysteresis = val;
	limit->passed = false;
	spin_unlock(&iio->m->iio_lock);
	return 0;
}
