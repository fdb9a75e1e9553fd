// SPDX-License-Identifier: GPL-2.0-only
/*
 * A meter in sysfs, see Documentation/ABI/testing/sysfs-class-meter.
 *
 * The files of fields/ and raw/ come from the tables of quantities and labels, never from the line.
 * Their attributes are the same for all meters and are made once, with the module.
 */
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "meter.h"

#define FIELDS	"fields"
#define RAW	"raw"

/**
 * struct value_attribute - a file in fields/ or raw/
 * @attr: the attribute
 * @index: enum quantity, or row of the label in its table
 * @p1: whether that table is the one of P1
 */
struct value_attribute {
	struct device_attribute attr;
	u8 index;
	bool p1;
};

/* All in one allocation: those of the quantities, of the TIC labels and of the P1 labels. */
static struct value_attribute *quantity_attributes;
static struct value_attribute *tic_attributes;
static struct value_attribute *p1_attributes;

static const struct value_attribute *to_value_attribute(const struct device_attribute *attr)
{
	return container_of(attr, struct value_attribute, attr);
}

static ssize_t quantity_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	enum quantity q = to_value_attribute(attr)->index;
	s64 milli;
	int ret;

	ret = values_get(to_meter(dev), q, &milli);
	if (ret)
		return ret;
	return sysfs_emit(buf, "%lld\n", quantity_to_sysfs(q, milli));
}

/* A value is shown whole or not at all. */
static ssize_t raw_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct value_attribute *value = to_value_attribute(attr);
	ssize_t len;

	len = values_raw(to_meter(dev), value->p1, value->index, buf, PAGE_SIZE - 1);
	if (len < 0)
		return len;
	if (len >= PAGE_SIZE - 1)
		return -EFBIG;
	buf[len] = '\n';
	return len + 1;
}

static ssize_t type_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	u8 protocol = READ_ONCE(to_meter(dev)->protocol);

	return sysfs_emit(buf, "%s\n", telegram_protocol_name(protocol));
}
static DEVICE_ATTR_RO(type);

static ssize_t id_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct meter *m = to_meter(dev);
	char id[sizeof(m->id)];

	spin_lock(&m->lock);
	memcpy(id, m->id, sizeof(id));
	spin_unlock(&m->lock);
	return id[0] ? sysfs_emit(buf, "%s\n", id) : -ENODATA;
}
static DEVICE_ATTR_RO(id);

static ssize_t serial_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct meter *m = to_meter(dev);
	size_t len;

	spin_lock(&m->lock);
	len = record_escape((const u8 *)m->number, strlen(m->number), buf, PAGE_SIZE - 1);
	spin_unlock(&m->lock);
	if (!len)
		return -ENODATA;
	buf[len] = '\n';
	return len + 1;
}
static DEVICE_ATTR(serial, 0440, serial_show, NULL);

static ssize_t port_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_meter(dev)->port);
}
static DEVICE_ATTR_RO(port);

static ssize_t source_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_meter(dev)->source);
}
static DEVICE_ATTR_RO(source);

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	static const char *const names[] = {
		[METER_SEARCHING] = "searching",
		[METER_LOCKED] = "locked",
		[METER_STALE] = "stale",
	};

	return sysfs_emit(buf, "%s\n", names[READ_ONCE(to_meter(dev)->state)]);
}
static DEVICE_ATTR_RO(state);

static ssize_t seen_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct meter *m = to_meter(dev);
	enum line_seen seen;

	if (READ_ONCE(m->state) == METER_LOCKED)
		return -ENODATA;
	spin_lock(&m->rx_lock);
	seen = line_decoder_seen(&m->decoder);
	spin_unlock(&m->rx_lock);
	return sysfs_emit(buf, "%s\n", line_seen_name(seen));
}
static DEVICE_ATTR_RO(seen);

static ssize_t last_telegram_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct meter *m = to_meter(dev);
	u64 heard, last;

	spin_lock(&m->lock);
	heard = m->heard;
	last = m->last;
	spin_unlock(&m->lock);
	return heard ? sysfs_emit(buf, "%llu\n", last) : -ENODATA;
}
static DEVICE_ATTR_RO(last_telegram);

static struct attribute *meter_attrs[] = {
	&dev_attr_type.attr,
	&dev_attr_id.attr,
	&dev_attr_serial.attr,
	&dev_attr_port.attr,
	&dev_attr_source.attr,
	&dev_attr_state.attr,
	&dev_attr_seen.attr,
	&dev_attr_last_telegram.attr,
	NULL,
};

static const struct attribute_group meter_group = {
	.attrs = meter_attrs,
};

/**
 * struct counter_attribute - a file in statistics/
 * @attr: the attribute
 * @offset: place of the u64 in struct meter
 */
struct counter_attribute {
	struct device_attribute attr;
	size_t offset;
};

static ssize_t counter_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct counter_attribute *c = container_of(attr, struct counter_attribute, attr);
	struct meter *m = to_meter(dev);
	u64 value;

	spin_lock(&m->rx_lock);
	spin_lock(&m->lock);
	memcpy(&value, (u8 *)m + c->offset, sizeof(value));
	spin_unlock(&m->lock);
	spin_unlock(&m->rx_lock);
	return sysfs_emit(buf, "%llu\n", value);
}

#define COUNTER(_name, _member)						\
	static struct counter_attribute counter_##_name = {		\
		.attr = __ATTR(_name, 0444, counter_show, NULL),	\
		.offset = offsetof(struct meter, _member),		\
	}

COUNTER(bytes, decoder.stats.bytes);
COUNTER(telegrams, decoder.stats.telegrams);
COUNTER(bad_checksum, decoder.stats.bad_checksum);
COUNTER(bad_parity, decoder.stats.bad_parity);
COUNTER(bad_form, decoder.stats.bad_form);
COUNTER(oversize, decoder.stats.oversize);
COUNTER(resyncs, decoder.stats.resyncs);
COUNTER(unknown_labels, decoder.stats.unknown_labels);
COUNTER(uart_overruns, uart_overruns);
COUNTER(uart_framing, uart_framing);
COUNTER(records_lost, records_lost);
COUNTER(iio_skipped, iio_skipped);

static struct attribute *statistics_attrs[] = {
	&counter_bytes.attr.attr,
	&counter_telegrams.attr.attr,
	&counter_bad_checksum.attr.attr,
	&counter_bad_parity.attr.attr,
	&counter_bad_form.attr.attr,
	&counter_oversize.attr.attr,
	&counter_resyncs.attr.attr,
	&counter_unknown_labels.attr.attr,
	&counter_uart_overruns.attr.attr,
	&counter_uart_framing.attr.attr,
	&counter_records_lost.attr.attr,
	&counter_iio_skipped.attr.attr,
	NULL,
};

static const struct attribute_group statistics_group = {
	.name = "statistics",
	.attrs = statistics_attrs,
};

static struct device_attribute *find_attribute(struct attribute **attrs, const char *name)
{
	for (; *attrs; attrs++)
		if (!strcmp((*attrs)->name, name))
			return container_of(*attrs, struct device_attribute, attr);
	return NULL;
}

/**
 * meter_sysfs_show - what a file of a meter says, for another device of the same meter
 * @m: the meter
 * @name: of a file in the meter's directory, or in statistics/
 * @buf: a page
 *
 * Return: its length, or a negative errno.
 */
ssize_t meter_sysfs_show(struct meter *m, const char *name, char *buf)
{
	struct device_attribute *attr = find_attribute(meter_attrs, name);

	if (!attr)
		attr = find_attribute(statistics_attrs, name);
	return attr ? attr->show(&m->dev, attr, buf) : -ENOENT;
}

/* Registered empty; meter_sysfs_add_files() fills them. */
static struct attribute *no_attrs[] = {
	NULL,
};

static const struct attribute_group fields_group = {
	.name = FIELDS,
	.attrs = no_attrs,
};

static const struct attribute_group raw_group = {
	.name = RAW,
	.attrs = no_attrs,
};

const struct attribute_group *meter_groups[] = {
	&meter_group,
	&statistics_group,
	&fields_group,
	&raw_group,
	NULL,
};

static struct value_attribute *row_attributes(const struct meter_files *files)
{
	return files->protocol == TELEGRAM_P1 ? p1_attributes : tic_attributes;
}

/**
 * meter_sysfs_remove_files - empty fields/ and raw/
 * @m: the meter
 *
 * Context: the work item @changes.
 */
void meter_sysfs_remove_files(struct meter *m)
{
	struct value_attribute *rows = row_attributes(&m->made);
	struct kobject *kobj = &m->dev.kobj;
	unsigned int i;

	for_each_set_bit(i, m->made.quantities, QUANTITY_COUNT)
		sysfs_remove_file_from_group(kobj, &quantity_attributes[i].attr.attr, FIELDS);
	for_each_set_bit(i, m->made.rows, ROW_UNKNOWN)
		sysfs_remove_file_from_group(kobj, &rows[i].attr.attr, RAW);
	bitmap_zero(m->made.quantities, QUANTITY_COUNT);
	bitmap_zero(m->made.rows, ROW_UNKNOWN);
}

static void add_file(struct meter *m, struct value_attribute *value, const char *group,
		     unsigned long *made)
{
	int ret;

	if (test_bit(value->index, made))
		return;
	ret = sysfs_add_file_to_group(&m->dev.kobj, &value->attr.attr, group);
	if (ret)
		dev_warn_ratelimited(&m->dev, "no file %s/%s: error %d\n", group,
				     value->attr.attr.name, ret);
	else
		__set_bit(value->index, made);
}

/**
 * meter_sysfs_add_files - give all that was seen its file, once
 * @m: the meter
 * @seen: what was seen
 *
 * Context: the work item @changes.
 */
void meter_sysfs_add_files(struct meter *m, const struct meter_files *seen)
{
	struct value_attribute *rows = row_attributes(seen);
	unsigned int i;

	for_each_set_bit(i, seen->quantities, QUANTITY_COUNT)
		add_file(m, &quantity_attributes[i], FIELDS, m->made.quantities);
	for_each_set_bit(i, seen->rows, ROW_UNKNOWN)
		add_file(m, &rows[i], RAW, m->made.rows);
}

static void init_value_attribute(struct value_attribute *value, const char *name,
				 unsigned int index)
{
	sysfs_attr_init(&value->attr.attr);
	value->attr.attr.name = name;
	value->attr.attr.mode = 0444;
	value->index = index;
}

static void init_row_attributes(struct value_attribute *values, const struct label_info *labels,
				unsigned int count, bool p1)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		init_value_attribute(&values[i], labels[i].name, i);
		values[i].attr.show = raw_show;
		values[i].p1 = p1;
	}
}

/**
 * meter_sysfs_init - make the attributes of quantities and labels
 *
 * Return: 0 or -ENOMEM.
 */
int meter_sysfs_init(void)
{
	size_t count = QUANTITY_COUNT + tic_label_count + p1_label_count;
	unsigned int i;

	quantity_attributes = kvcalloc(count, sizeof(*quantity_attributes), GFP_KERNEL);
	if (!quantity_attributes)
		return -ENOMEM;
	tic_attributes = quantity_attributes + QUANTITY_COUNT;
	p1_attributes = tic_attributes + tic_label_count;
	for (i = 0; i < QUANTITY_COUNT; i++) {
		init_value_attribute(&quantity_attributes[i], quantity_info[i].sysfs, i);
		quantity_attributes[i].attr.show = quantity_show;
	}
	init_row_attributes(tic_attributes, tic_labels, tic_label_count, false);
	init_row_attributes(p1_attributes, p1_labels, p1_label_count, true);
	return 0;
}

/** meter_sysfs_exit - undo meter_sysfs_init() */
void meter_sysfs_exit(void)
{
	kvfree(quantity_attributes);
}
