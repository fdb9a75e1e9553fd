// SPDX-License-Identifier: MIT
/*
 * Meters as libiio shows them. What another machine says is not trusted: a word is a word, a number
 * a number, and a channel is known by its kind and its label.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iio_meters.h"

/**
 * struct channel_kind - see Documentation/ABI/testing/sysfs-bus-iio-meter
 * @id: its channels' ids without their indexes
 * @scale: what the channels say, so that another unit is not taken for this one
 * @step: of a raw value, in the unit of the quantity in sysfs
 */
struct channel_kind {
	const char *id;
	const char *scale;
	unsigned int step;
};

static const struct channel_kind kinds[] = {
	[QUANTITY_IIO_VOLTAGE] = { "voltage", "100", 100 },
	[QUANTITY_IIO_CURRENT] = { "current", "1", 1 },
	[QUANTITY_IIO_POWER] = { "power", "1000", 1 },
	[QUANTITY_IIO_ENERGY] = { "energy", "3600", 1 },
};

/* What libiio gives: with or without the line end of sysfs, and with the NUL in its length. */
static int text_of(ssize_t len, char *value, size_t size)
{
	if (len < 0 || !size) {
		*value = '\0';
		return len;
	}
	value[(size_t)len < size ? (size_t)len : size - 1] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return strlen(value);
}

static bool is_word(const char *text)
{
	for (; *text; text++)
		if (*text < 0x21 || *text > 0x7e)
			return false;
	return true;
}

static int device_word(const struct iio_meters *im, const struct iio_device *device,
		       const char *name, char *value, size_t size)
{
	int len = text_of(im->library.device_attr_read(device, name, value, size - 1), value, size);

	if (len < 0 || is_word(value))
		return len;
	*value = '\0';
	return -EPROTO;
}

static bool take_word(char *to, size_t size, const char *from)
{
	if (!from || !is_word(from) || strlen(from) >= size)
		return false;
	strcpy(to, from);
	return true;
}

/* False unless the device is a meter. */
static bool read_meter(const struct iio_meters *im, struct iio_device *device, struct iio_meter *m)
{
	const struct iio_library *l = &im->library;
	const char *name = l->device_get_name(device);
	struct meter *about = &m->about;

	*m = (struct iio_meter){ .device = device };
	if (!name || strcmp(name, "meter"))
		return false;
	if (device_word(im, device, "meter_name", about->name, sizeof(about->name)) <= 0 &&
	    !take_word(about->name, sizeof(about->name), l->device_get_id(device)))
		return false;
	sscanf(about->name, "meter%5u", &about->index);
	take_word(about->id, sizeof(about->id), l->device_get_label(device));
	device_word(im, device, "meter_type", about->type, sizeof(about->type));
	device_word(im, device, "meter_state", about->state, sizeof(about->state));
	device_word(im, device, "meter_seen", about->seen, sizeof(about->seen));
	device_word(im, device, "meter_port", about->port, sizeof(about->port));
	device_word(im, device, "meter_source", about->source, sizeof(about->source));
	return true;
}

static int by_number(const void *a, const void *b)
{
	const struct iio_meter *m = a, *n = b;

	return (m->about.index > n->about.index) - (m->about.index < n->about.index);
}

static bool list_meters(struct iio_meters *im)
{
	unsigned int devices = im->library.context_get_devices_count(im->context);

	im->meters = calloc(devices + 1, sizeof(*im->meters));
	if (!im->meters)
		return false;
	for (unsigned int i = 0; i < devices; i++) {
		struct iio_device *device = im->library.context_get_device(im->context, i);

		if (device && read_meter(im, device, &im->meters[im->count]))
			im->count++;
	}
	qsort(im->meters, im->count, sizeof(*im->meters), by_number);
	return true;
}

static void say_why(const char *uri, int error, char why[IIO_WHY_SIZE])
{
	if (!strncmp(uri, "ip:", 3))
		snprintf(why, IIO_WHY_SIZE,
			 "iiod does not answer at '%s': %s; it is in the package iiod of the "
			 "machine with the meter",
			 uri + 3, strerror(error));
	else if (!strncmp(uri, "local:", 6))
		snprintf(why, IIO_WHY_SIZE,
			 "no IIO device can be read here: %s; is there a meter ('meterctl list')?",
			 strerror(error));
	else
		snprintf(why, IIO_WHY_SIZE, "'%s' cannot be read: %s; give ip:HOST or local:", uri,
			 strerror(error));
}

/**
 * iio_meters_open - see which meters are at an URI of libiio
 * @im: filled; close with iio_meters_close(), unless this failed
 * @uri: "ip:HOST", "local:"
 * @why: when it failed, a sentence without full stop
 *
 * libiio looks at the devices once: one that comes later is seen when this is done anew.
 * Waits for the other machine as long as libiio does, some seconds.
 *
 * Return: false when libiio is missing, or nothing answers there.
 */
bool iio_meters_open(struct iio_meters *im, const char *uri, char why[IIO_WHY_SIZE])
{
	*im = (struct iio_meters){ 0 };
	if (!iio_library_load(&im->library, why))
		return false;
	errno = 0;
	im->context = im->library.create_context_from_uri(uri);
	if (!im->context) {
		say_why(uri, errno ? errno : EIO, why);
		iio_library_unload(&im->library);
		return false;
	}
	if (list_meters(im))
		return true;
	snprintf(why, IIO_WHY_SIZE, "out of memory");
	iio_meters_close(im);
	return false;
}

/**
 * iio_meters_close - give back what iio_meters_open() made
 * @im: its meters are gone too
 */
void iio_meters_close(struct iio_meters *im)
{
	free(im->meters);
	im->library.context_destroy(im->context);
	iio_library_unload(&im->library);
	*im = (struct iio_meters){ 0 };
}

/**
 * iio_meters_find - the meter that a person means
 * @im: the meters
 * @wanted: meterN, an id, or the beginning of either
 * @m: filled when found
 *
 * Return: as meter_find().
 */
enum meter_match iio_meters_find(const struct iio_meters *im, const char *wanted,
				 struct iio_meter *m)
{
	enum meter_match match = METER_NONE;

	for (size_t i = 0; i < im->count; i++) {
		enum meter_match named = meter_named(&im->meters[i].about, wanted);

		if (named == METER_NONE)
			continue;
		*m = im->meters[i];
		if (named == METER_FOUND)
			return METER_FOUND;
		match = match == METER_NONE ? METER_FOUND : METER_AMBIGUOUS;
	}
	return match;
}

/**
 * iio_meter_attribute - what a file of the meter says now
 * @im: the meters
 * @m: one of them
 * @name: id, name, type, port, source, state, seen, telegrams, iio_skipped
 * @value: ends with NUL, "" on errors
 * @size: room in @value
 *
 * Return: its length, or a negative errno: -ENOENT when IIO does not carry it, -ENODATA when it
 * has no value now, -ENODEV when the meter is gone, others when the other machine is.
 */
int iio_meter_attribute(const struct iio_meters *im, const struct iio_meter *m, const char *name,
			char *value, size_t size)
{
	char attribute[64];

	*value = '\0';
	if (!strcmp(name, "id"))
		return *m->about.id ? snprintf(value, size, "%s", m->about.id) : -ENODATA;
	if ((size_t)snprintf(attribute, sizeof(attribute), "meter_%s", name) >= sizeof(attribute))
		return -ENOENT;
	return device_word(im, m->device, attribute, value, size);
}

static bool to_number(const char *text, s64 *number)
{
	char *end;

	if (!*text || (*text != '-' && (*text < '0' || *text > '9')))
		return false;
	errno = 0;
	*number = strtoll(text, &end, 10);
	return !*end && !errno;
}

/**
 * iio_meter_skipped - how many telegrams were left out of the buffer so far
 * @im: the meters
 * @m: one of them
 * @skipped: filled
 *
 * Return: false when the other machine does not say.
 */
bool iio_meter_skipped(const struct iio_meters *im, const struct iio_meter *m, u64 *skipped)
{
	char text[32];
	s64 number;

	if (iio_meter_attribute(im, m, "iio_skipped", text, sizeof(text)) < 0 ||
	    !to_number(text, &number))
		return false;
	*skipped = number;
	return true;
}

static int channel_word(const struct iio_meters *im, const struct iio_channel *channel,
			const char *name, char *value, size_t size)
{
	return text_of(im->library.channel_attr_read(channel, name, value, size - 1), value, size);
}

static bool is_of_kind(const char *id, const struct channel_kind *kind)
{
	size_t len;

	if (!kind->id)
		return false;
	len = strlen(kind->id);
	return !strncmp(id, kind->id, len) && id[len] >= '0' && id[len] <= '9';
}

static enum quantity labelled(enum quantity_iio kind, const char *label)
{
	for (unsigned int q = 0; q < QUANTITY_COUNT; q++)
		if (quantity_info[q].iio == kind && !strcmp(quantity_info[q].iio_label, label))
			return q;
	return Q_NONE;
}

/**
 * iio_channel_quantity - what a channel is
 * @im: the meters
 * @channel: of one of them
 *
 * Return: Q_NONE when this version does not know it.
 */
enum quantity iio_channel_quantity(const struct iio_meters *im, const struct iio_channel *channel)
{
	const char *id = im->library.channel_get_id(channel);
	char word[64];

	if (!id || im->library.channel_is_output(channel))
		return Q_NONE;
	for (unsigned int kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
		if (!is_of_kind(id, &kinds[kind]))
			continue;
		if (channel_word(im, channel, "scale", word, sizeof(word)) < 0 ||
		    strcmp(word, kinds[kind].scale) ||
		    channel_word(im, channel, "label", word, sizeof(word)) < 0)
			return Q_NONE;
		return labelled(kind, word);
	}
	return Q_NONE;
}

/**
 * iio_channel_milli - a raw value in thousandths of the base unit of its quantity
 * @q: of iio_channel_quantity()
 * @raw: of its channel
 * @milli: filled
 *
 * Return: false when it is too large.
 */
bool iio_channel_milli(enum quantity q, s64 raw, s64 *milli)
{
	const struct quantity_info *info = &quantity_info[q];

	return !__builtin_mul_overflow(raw, kinds[info->iio].step * info->div / info->mul, milli);
}

/**
 * iio_channel_raw - the value of a channel now
 * @im: the meters
 * @channel: of one of them
 * @raw: filled
 *
 * Return: 0 or a negative errno: -ENODATA when the meter does not send it (now), -ENODEV when it is
 * gone.
 */
int iio_channel_raw(const struct iio_meters *im, const struct iio_channel *channel, s64 *raw)
{
	char text[32];
	int len = channel_word(im, channel, "raw", text, sizeof(text));

	if (len < 0)
		return len;
	return to_number(text, raw) ? 0 : -EPROTO;
}

static int channel_milli(const struct iio_meters *im, const struct iio_channel *channel,
			 enum quantity q, s64 *milli)
{
	s64 raw;
	int rc = iio_channel_raw(im, channel, &raw);

	if (rc)
		return rc;
	return iio_channel_milli(q, raw, milli) ? 0 : -ERANGE;
}

/**
 * iio_meter_reading - all that a meter says now
 * @im: the meters
 * @m: one of them
 * @r: filled; what the meter does not send is not valid in it
 *
 * The values are read one after another, so they may be of two telegrams, as those of sysfs.
 *
 * Return: 0 or a negative errno, when the meter or the other machine is gone.
 */
int iio_meter_reading(const struct iio_meters *im, const struct iio_meter *m, struct reading *r)
{
	unsigned int channels = im->library.device_get_channels_count(m->device);

	memset(r, 0, sizeof(*r));
	for (unsigned int i = 0; i < channels; i++) {
		struct iio_channel *channel = im->library.device_get_channel(m->device, i);
		enum quantity q = channel ? iio_channel_quantity(im, channel) : Q_NONE;
		s64 milli;
		int rc;

		if (q == Q_NONE)
			continue;
		rc = channel_milli(im, channel, q, &milli);
		if (!rc)
			reading_set(r, q, milli);
		else if (rc != -ENODATA && rc != -EPROTO && rc != -ERANGE)
			return rc;
	}
	return 0;
}

/**
 * iio_meter_value - what a file in fields/ of a meter says now
 * @im: the meters
 * @m: one of them
 * @q: whose
 * @value: ends with NUL, "" on errors
 * @size: room in @value
 *
 * Return: its length, or a negative errno: -ENOENT when IIO has no channel for it, else as
 * attribute_read().
 */
int iio_meter_value(const struct iio_meters *im, const struct iio_meter *m, enum quantity q,
		    char *value, size_t size)
{
	unsigned int channels = im->library.device_get_channels_count(m->device);

	*value = '\0';
	for (unsigned int i = 0; i < channels; i++) {
		struct iio_channel *channel = im->library.device_get_channel(m->device, i);
		s64 milli;
		int rc;

		if (!channel || iio_channel_quantity(im, channel) != q)
			continue;
		rc = channel_milli(im, channel, q, &milli);
		if (rc)
			return rc;
		return snprintf(value, size, "%" PRId64, (int64_t)quantity_to_sysfs(q, milli));
	}
	return -ENOENT;
}
