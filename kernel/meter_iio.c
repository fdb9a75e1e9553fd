// SPDX-License-Identifier: GPL-2.0-only
/*
 * A meter as an IIO device: one channel for each quantity that it sends and that has one in the
 * table of quantities. Indexes are for ever, the label says what a channel is; see
 * Documentation/ABI/testing/sysfs-bus-iio-meter.
 *
 * Telegrams come when the meter likes, so there is no trigger. They go into the buffer through a
 * gate of our own, which postenable opens and predisable closes: both wait for a push that is
 * under way, and the receive path waits for nobody. Events are in meter_iio_events.c.
 */
#include <linux/align.h>
#include <linux/iio/buffer.h>
#include <linux/iio/buffer_impl.h>
#include <linux/iio/kfifo_buf.h>
#include <linux/math64.h>
#include <linux/overflow.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/ktime.h>

#include "meter_iio.h"
#include "meter_iio_device.h"

/* The words for alternating current that IIO has since 6.18; older libiio does not know them. */
#ifdef METERLINE_IIO_AC
#define TYPE_VOLTAGE	IIO_ALTVOLTAGE
#define TYPE_CURRENT	IIO_ALTCURRENT
#else
#define TYPE_VOLTAGE	IIO_VOLTAGE
#define TYPE_CURRENT	IIO_CURRENT
#endif

/**
 * struct channel_kind - what IIO calls a kind of quantity
 * @type: its channels
 * @scale: from raw to the unit of IIO
 * @div: from the value in sysfs to raw
 * @bits: of a raw value
 */
struct channel_kind {
	enum iio_chan_type type;
	u16 scale;
	u8 div;
	u8 bits;
};

static const struct channel_kind kinds[] = {
	[QUANTITY_IIO_VOLTAGE] = { TYPE_VOLTAGE, 100, 100, 32 },	/* mV from 0.1 V */
	[QUANTITY_IIO_CURRENT] = { TYPE_CURRENT, 1, 1, 32 },	/* mA */
	[QUANTITY_IIO_POWER] = { IIO_POWER, 1000, 1, 32 },	/* mW from W */
	[QUANTITY_IIO_ENERGY] = { IIO_ENERGY, 3600, 1, 64 },	/* J from Wh */
};

static const struct channel_kind *kind_of(enum quantity q)
{
	return &kinds[quantity_info[q].iio];
}

/* Half away from zero, as everywhere. */
static s64 div_round(s64 value, u8 div)
{
	return div_s64(value < 0 ? value - div / 2 : value + div / 2, div);
}

/**
 * meter_iio_raw - a value as its channel has it
 * @q: a quantity that has a channel
 * @milli: thousandths of its base unit
 * @raw: the raw value
 *
 * Return: false for one that the channel cannot hold.
 */
bool meter_iio_raw(enum quantity q, s64 milli, s64 *raw)
{
	const struct channel_kind *kind = kind_of(q);

	*raw = div_round(quantity_to_sysfs(q, milli), kind->div);
	return kind->bits == 64 || *raw == (s32)*raw;
}

static int meter_iio_read_raw(struct iio_dev *dev, struct iio_chan_spec const *channel, int *val,
			      int *val2, long info)
{
	struct meter_iio *iio = iio_priv(dev);
	enum quantity q = channel->address;
	s64 milli, raw;
	int ret;

	if (info == IIO_CHAN_INFO_SCALE) {
		*val = kind_of(q)->scale;
		return IIO_VAL_INT;
	}
	if (info != IIO_CHAN_INFO_RAW)
		return -EINVAL;
	ret = values_get(iio->m, q, &milli);
	if (ret)
		return ret;
	if (!meter_iio_raw(q, milli, &raw))
		return -ENODATA;
	*val = lower_32_bits(raw);
	*val2 = upper_32_bits(raw);
	return kind_of(q)->bits == 64 ? IIO_VAL_INT_64 : IIO_VAL_INT;
}

static int meter_iio_read_label(struct iio_dev *dev, struct iio_chan_spec const *channel,
				char *label)
{
	if (channel->type == IIO_TIMESTAMP)
		return -EINVAL;
	return sysfs_emit(label, "%s\n", quantity_info[channel->address].iio_label);
}

/* What a program on another machine, which sees the IIO device alone, is to know of the meter. */
static ssize_t of_meter_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return meter_sysfs_show(to_meter(dev->parent), attr->attr.name + strlen("meter_"), buf);
}

static ssize_t meter_name_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", dev_name(dev->parent));
}

static DEVICE_ATTR_RO(meter_name);
static DEVICE_ATTR(meter_type, 0444, of_meter_show, NULL);
static DEVICE_ATTR(meter_port, 0444, of_meter_show, NULL);
static DEVICE_ATTR(meter_source, 0444, of_meter_show, NULL);
static DEVICE_ATTR(meter_state, 0444, of_meter_show, NULL);
static DEVICE_ATTR(meter_seen, 0444, of_meter_show, NULL);
static DEVICE_ATTR(meter_telegrams, 0444, of_meter_show, NULL);
static DEVICE_ATTR(meter_iio_skipped, 0444, of_meter_show, NULL);

static struct attribute *meter_iio_attrs[] = {
	&dev_attr_meter_name.attr,
	&dev_attr_meter_type.attr,
	&dev_attr_meter_port.attr,
	&dev_attr_meter_source.attr,
	&dev_attr_meter_state.attr,
	&dev_attr_meter_seen.attr,
	&dev_attr_meter_telegrams.attr,
	&dev_attr_meter_iio_skipped.attr,
	NULL,
};

static const struct attribute_group meter_iio_group = {
	.attrs = meter_iio_attrs,
};

static const struct iio_info meter_iio_info = {
	.attrs = &meter_iio_group,
	.read_raw = meter_iio_read_raw,
	.read_label = meter_iio_read_label,
	.read_event_config = meter_iio_read_event_config,
	.write_event_config = meter_iio_write_event_config,
	.read_event_value = meter_iio_read_event_value,
	.write_event_value = meter_iio_write_event_value,
};

/**
 * meter_iio_update_wanted - whether anybody wants telegrams has changed
 * @iio: the device; the caller holds iio_lock of its meter
 */
void meter_iio_update_wanted(struct meter_iio *iio)
{
	lockdep_assert_held(&iio->m->iio_lock);
	WRITE_ONCE(iio->m->iio_wanted, iio->gate_open || meter_iio_has_event(iio));
}

static int meter_iio_preenable(struct iio_dev *dev)
{
	struct meter_iio *iio = iio_priv(dev);
	bool going;

	spin_lock(&iio->m->iio_lock);
	going = iio->going;
	iio->captured |= !going;
	spin_unlock(&iio->m->iio_lock);
	return going ? -ENODEV : 0;
}

static int meter_iio_postenable(struct iio_dev *dev)
{
	struct meter_iio *iio = iio_priv(dev);
	unsigned int i;

	spin_lock(&iio->m->iio_lock);
	iio->nenabled = 0;
	for_each_set_bit(i, dev->active_scan_mask, iio->nchannels)
		iio->enabled[iio->nenabled++] = iio->channels[i].address;
	iio->gate_open = true;
	meter_iio_update_wanted(iio);
	spin_unlock(&iio->m->iio_lock);
	return 0;
}

static int meter_iio_predisable(struct iio_dev *dev)
{
	struct meter_iio *iio = iio_priv(dev);

	spin_lock(&iio->m->iio_lock);
	iio->gate_open = false;
	meter_iio_update_wanted(iio);
	spin_unlock(&iio->m->iio_lock);
	return 0;
}

static const struct iio_buffer_setup_ops meter_iio_buffer_ops = {
	.preenable = meter_iio_preenable,
	.postenable = meter_iio_postenable,
	.predisable = meter_iio_predisable,
};

static bool fill_scan(struct meter_iio *iio, const struct reading *r)
{
	unsigned int i, at = 0;

	for (i = 0; i < iio->nenabled; i++) {
		enum quantity q = iio->enabled[i];
		unsigned int size = kind_of(q)->bits / 8;
		s64 raw;
		s32 raw32;

		if (!reading_has(r, q) || !meter_iio_raw(q, r->milli[q], &raw))
			return false;
		raw32 = raw;
		at = ALIGN(at, size);
		memcpy(iio->scan + at, size == 8 ? (void *)&raw : (void *)&raw32, size);
		at += size;
	}
	return true;
}

/* Returns false for a telegram that was left out: it lacks a channel, or the buffer is full. */
static bool push_sample(struct meter_iio *iio, const struct reading *r, s64 time)
{
	return fill_scan(iio, r) &&
	       !iio_push_to_buffers_with_timestamp(iio->dev, iio->scan, time);
}

/* meter_iio_push() of a telegram that somebody seems to want. */
bool __meter_iio_push(struct meter *m, const struct reading *r, u64 started, u64 now)
{
	struct meter_iio *iio;
	bool pushed = true;
	s64 time;

	spin_lock(&m->iio_lock);
	iio = m->iio;
	if (iio) {
		time = iio_get_time_ns(iio->dev) - (s64)(now - started);
		meter_iio_check_limits(iio, r, time);
		if (iio->gate_open)
			pushed = push_sample(iio, r, time);
	}
	spin_unlock(&m->iio_lock);
	return pushed;
}

#ifdef METERLINE_IIO_AC

static enum iio_modifier modifier_of(enum quantity q)
{
	const char *unit = strrchr(quantity_info[q].sysfs, '_');

	if (kind_of(q)->type == IIO_ALTVOLTAGE || kind_of(q)->type == IIO_ALTCURRENT)
		return IIO_MOD_RMS;
	if (!strcmp(unit, "_va"))
		return IIO_MOD_APPARENT;
	if (!strcmp(unit, "_var") || !strcmp(unit, "_varh"))
		return IIO_MOD_REACTIVE;
	return IIO_MOD_ACTIVE;
}

static void modify_channel(struct iio_chan_spec *channel, enum quantity q)
{
	channel->modified = 1;
	channel->channel2 = modifier_of(q);
}

#else

static void modify_channel(struct iio_chan_spec *channel, enum quantity q)
{
}

#endif /* METERLINE_IIO_AC */

static void init_channel(struct iio_chan_spec *channel, enum quantity q, int scan_index)
{
	const struct channel_kind *kind = kind_of(q);

	channel->type = kind->type;
	channel->indexed = 1;
	channel->channel = quantity_info[q].iio_index;
	channel->address = q;
	channel->info_mask_separate = BIT(IIO_CHAN_INFO_RAW);
	channel->info_mask_shared_by_type = BIT(IIO_CHAN_INFO_SCALE);
	channel->scan_index = scan_index;
	channel->scan_type.sign = 's';
	channel->scan_type.realbits = kind->bits;
	channel->scan_type.storagebits = kind->bits;
	channel->scan_type.endianness = IIO_CPU;
	modify_channel(channel, q);
}

static void init_channels(struct meter_iio *iio)
{
	const struct iio_chan_spec timestamp = IIO_CHAN_SOFT_TIMESTAMP(iio->nchannels);
	unsigned int q, n = 0;

	for_each_set_bit(q, iio->quantities, QUANTITY_COUNT) {
		init_channel(&iio->channels[n], q, n);
		n++;
	}
	iio->channels[n] = timestamp;
	meter_iio_init_events(iio);
}

static struct meter_iio *meter_iio_alloc(struct meter *m, const unsigned long *quantities,
					 const char *id)
{
	unsigned int nchannels = bitmap_weight(quantities, QUANTITY_COUNT);
	struct meter_iio *iio;
	struct iio_dev *dev;

	dev = iio_device_alloc(&m->dev, struct_size(iio, channels, nchannels + 1));
	if (!dev)
		return NULL;
	iio = iio_priv(dev);
	iio->m = m;
	iio->dev = dev;
	iio->nchannels = nchannels;
	bitmap_copy(iio->quantities, quantities, QUANTITY_COUNT);
	strscpy(iio->id, id, sizeof(iio->id));
	init_channels(iio);
	dev->name = METER_NAME;
	dev->label = iio->id[0] ? iio->id : NULL;
	dev->info = &meter_iio_info;
	dev->modes = INDIO_DIRECT_MODE | INDIO_BUFFER_SOFTWARE;
	dev->channels = iio->channels;
	dev->num_channels = nchannels + 1;
	dev->setup_ops = &meter_iio_buffer_ops;
	return iio;
}

static int meter_iio_register(struct meter_iio *iio)
{
	int ret;

	iio->buffer = iio_kfifo_allocate();
	if (!iio->buffer)
		return -ENOMEM;
	ret = iio_device_attach_buffer(iio->dev, iio->buffer);
	if (!ret)
		ret = iio_device_register(iio->dev);
	if (ret)
		iio_kfifo_free(iio->buffer);
	return ret;
}

static void set_device(struct meter *m, struct meter_iio *iio)
{
	spin_lock(&m->iio_lock);
	m->iio = iio;
	WRITE_ONCE(m->iio_wanted, false);
	spin_unlock(&m->iio_lock);
}

static int add_device(struct meter *m, const unsigned long *quantities, const char *id)
{
	struct meter_iio *iio = meter_iio_alloc(m, quantities, id);
	int ret;

	if (!iio)
		return -ENOMEM;
	/* User space may open the gate before the registration returns. */
	set_device(m, iio);
	ret = meter_iio_register(iio);
	if (ret) {
		set_device(m, NULL);
		iio_device_free(iio->dev);
	}
	return ret;
}

/*
 * Disables the buffer for good, which closes the gate. A read() of an enabled buffer looks into
 * the device's info once more after it has seen that it is there, and iio_device_unregister()
 * takes it away (6.1 to 6.12: NULL pointer dereference in iio_buffer_ready()). One of a disabled
 * buffer does not, so those that saw it enabled are waited for.
 */
static void end_capture(struct meter_iio *iio)
{
	bool captured;

	spin_lock(&iio->m->iio_lock);
	iio->going = true;
	captured = iio->captured;
	spin_unlock(&iio->m->iio_lock);
	iio_update_buffers(iio->dev, NULL, iio->buffer);
	if (captured)
		synchronize_rcu_tasks();
}

/**
 * meter_iio_remove - take the IIO device away
 * @m: the meter
 *
 * Context: the work item @changes, or after it was cancelled.
 */
void meter_iio_remove(struct meter *m)
{
	struct meter_iio *iio = m->iio;

	if (!iio)
		return;
	end_capture(iio);
	/* Wakes who sleeps in read(), of events too. */
	iio_device_unregister(iio->dev);
	set_device(m, NULL);
	iio_kfifo_free(iio->buffer);
	iio_device_free(iio->dev);
}

static bool is_up_to_date(const struct meter_iio *iio, const unsigned long *quantities,
			  const char *id)
{
	return iio && bitmap_equal(quantities, iio->quantities, QUANTITY_COUNT) &&
	       !strcmp(id, iio->id);
}

/**
 * meter_iio_update - make the IIO device have a channel for all that was seen
 * @m: the meter
 * @seen: what was seen
 *
 * A device cannot get further channels, nor another label: it is made anew, when a phase appears
 * for instance, or another meter.
 * Context: the work item @changes.
 */
void meter_iio_update(struct meter *m, const struct meter_files *seen)
{
	DECLARE_BITMAP(quantities, QUANTITY_COUNT);
	char id[sizeof(m->id)];
	unsigned int q;
	int ret;

	spin_lock(&m->lock);
	memcpy(id, m->id, sizeof(id));
	spin_unlock(&m->lock);
	bitmap_zero(quantities, QUANTITY_COUNT);
	for_each_set_bit(q, seen->quantities, QUANTITY_COUNT) {
		if (quantity_info[q].iio != QUANTITY_IIO_NONE)
			__set_bit(q, quantities);
	}
	if (bitmap_empty(quantities, QUANTITY_COUNT) || is_up_to_date(m->iio, quantities, id))
		return;
	meter_iio_remove(m);
	ret = add_device(m, quantities, id);
	if (ret)
		dev_warn_ratelimited(&m->dev, "no IIO device: error %d\n", ret);
}
