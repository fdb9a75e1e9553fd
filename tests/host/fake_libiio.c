// SPDX-License-Identifier: MIT
/*
 * A libiio.so.0 with meters that need no kernel, for iio.t. What follows their name in the URI is
 * how it ends with them when their telegrams have been read: ip:house, ip:house-gone,
 * ip:house-broken, ip:house-skips. ip:hostile says what no kernel says, ip:empty has no meter,
 * others do not answer.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define TELEGRAMS 2

struct iio_channel {
	const char *id, *label, *scale, *raw;	/* NULL: -ENODATA */
	int bytes;
	bool enabled;
};

struct iio_device {
	const char *id, *name, *label;
	const char *attributes[10][2];
	struct iio_channel channels[16];
};

struct iio_context {
	const char *uri;
	struct iio_device *devices;
	unsigned int count;
};

struct iio_buffer {
	struct iio_device *device;
	int refills;
	int cancel[2];
};

static const char *the_uri;
static int skipped;

static struct iio_device house[] = {
	{ .id = "iio:device0", .name = "adc", .channels = { { "voltage0", "l1", "100", "1", 4 } } },
	{
		.id = "iio:device1",
		.name = "meter",
		.label = "p1-0000000b",
		.attributes = { { "meter_name", "meter10" },
				{ "meter_type", "p1" },
				{ "meter_state", "stale" },
				{ "meter_seen", "garbage" },
				{ "meter_port", "pts/3" },
				{ "meter_source", "tty" } },
		.channels = { { "energy0", "import", "3600", NULL, 8 },
			      { .id = "timestamp", .bytes = 8 } },
	},
	{
		.id = "iio:device2",
		.name = "meter",
		.label = "tic-0000000a",
		.attributes = { { "meter_name", "meter2\n" },
				{ "meter_type", "tic-standard\n" },
				{ "meter_state", "locked\n" },
				{ "meter_port", "ttyUSB0\n" },
				{ "meter_source", "tty\n" } },
		.channels = { { "energy0", "import", "3600", "99999999999", 8 },
			      { "energy1", "import_t1", "3600", NULL, 8 },
			      { "energy12", "export_t1", "3600", "7", 8 },
			      { "power0", "apparent_import", "1000", "420", 4 },
			      { "power13", "active_net", "1000", "-15", 4 },
			      { "voltage0", "l1", "100", "2310", 4 },
			      { "current0", "l1", "1", "0", 4 },
			      { .id = "timestamp", .bytes = 8 } },
	},
};

static struct iio_device hostile[] = {
	{
		.id = "iio:device0",
		.name = "meter",
		.label = "\x1b[2Jtic",
		.attributes = { { "meter_name", "a name that is far too long for any meter" },
				{ "meter_type", "p1\x07" },
				{ "meter_state", "locked" } },
		.channels = { { "energy0", "import", "3600", "9223372036854775807", 8 },
			      { "energy11", "export", "3600", "12x", 8 },
			      { "energy16", "reactive_q1", "3600", "99999999999999999999", 8 },
			      { "power5", "of something", "1000", "1", 4 },
			      { "power9", "active_export", "1", "2", 4 },
			      { "power", "active_import", "1000", "3", 4 },
			      { "voltage7", "l2", "100", "2310", 2 },
			      { "in\x1b", NULL, NULL, NULL, 4 },
			      { "current2", "l3", "1", "4", 4 },
			      { .id = "timestamp", .bytes = 8 } },
	},
};

struct iio_context *iio_create_context_from_uri(const char *uri);
struct iio_context *iio_create_context_from_uri(const char *uri)
{
	struct iio_context *c = calloc(1, sizeof(*c));

	the_uri = c->uri = uri;
	if (!strncmp(uri, "ip:house", 8)) {
		c->devices = house;
		c->count = 3;
	} else if (!strcmp(uri, "ip:hostile")) {
		c->devices = hostile;
		c->count = 1;
	} else if (strcmp(uri, "ip:empty")) {
		free(c);
		errno = ECONNREFUSED;
		return NULL;
	}
	return c;
}

void iio_context_destroy(struct iio_context *c);
void iio_context_destroy(struct iio_context *c)
{
	free(c);
}

unsigned int iio_context_get_devices_count(const struct iio_context *c);
unsigned int iio_context_get_devices_count(const struct iio_context *c)
{
	return c->count;
}

struct iio_device *iio_context_get_device(const struct iio_context *c, unsigned int i);
struct iio_device *iio_context_get_device(const struct iio_context *c, unsigned int i)
{
	return &c->devices[i];
}

const char *iio_device_get_id(const struct iio_device *d);
const char *iio_device_get_id(const struct iio_device *d)
{
	return d->id;
}

const char *iio_device_get_name(const struct iio_device *d);
const char *iio_device_get_name(const struct iio_device *d)
{
	return d->name;
}

const char *iio_device_get_label(const struct iio_device *d);
const char *iio_device_get_label(const struct iio_device *d)
{
	return d->label;
}

/* As libiio does, with the NUL in the length. */
static ssize_t give(const char *value, char *to, size_t size)
{
	if (!value)
		return -ENODATA;
	snprintf(to, size, "%s", value);
	return strlen(to) + 1;
}

ssize_t iio_device_attr_read(const struct iio_device *d, const char *name, char *to, size_t size);
ssize_t iio_device_attr_read(const struct iio_device *d, const char *name, char *to, size_t size)
{
	char number[16];

	if (!strcmp(name, "meter_iio_skipped")) {
		snprintf(number, sizeof(number), "%d", skipped);
		return give(number, to, size);
	}
	for (int i = 0; i < 10 && d->attributes[i][0]; i++)
		if (!strcmp(d->attributes[i][0], name))
			return give(d->attributes[i][1], to, size);
	return -ENOENT;
}

ssize_t iio_device_buffer_attr_read(const struct iio_device *d, const char *name, char *to,
				    size_t size);
ssize_t iio_device_buffer_attr_read(const struct iio_device *d, const char *name, char *to,
				    size_t size)
{
	(void)d;
	if (strcmp(name, "enable"))
		return -ENOENT;
	if (strstr(the_uri, "-broken"))
		return -EPIPE;
	return give(strstr(the_uri, "-gone") ? "0" : "1", to, size);
}

unsigned int iio_device_get_channels_count(const struct iio_device *d);
unsigned int iio_device_get_channels_count(const struct iio_device *d)
{
	unsigned int count = 0;

	while (count < 16 && d->channels[count].id)
		count++;
	return count;
}

struct iio_channel *iio_device_get_channel(struct iio_device *d, unsigned int i);
struct iio_channel *iio_device_get_channel(struct iio_device *d, unsigned int i)
{
	return &d->channels[i];
}

int iio_device_set_kernel_buffers_count(const struct iio_device *d, unsigned int count);
int iio_device_set_kernel_buffers_count(const struct iio_device *d, unsigned int count)
{
	(void)d;
	return count ? 0 : -EINVAL;
}

const char *iio_channel_get_id(const struct iio_channel *c);
const char *iio_channel_get_id(const struct iio_channel *c)
{
	return c->id;
}

bool iio_channel_is_output(const struct iio_channel *c);
bool iio_channel_is_output(const struct iio_channel *c)
{
	return c->id[0] == 'o';
}

bool iio_channel_is_scan_element(const struct iio_channel *c);
bool iio_channel_is_scan_element(const struct iio_channel *c)
{
	return c->bytes;
}

ssize_t iio_channel_attr_read(const struct iio_channel *c, const char *name, char *to, size_t size);
ssize_t iio_channel_attr_read(const struct iio_channel *c, const char *name, char *to, size_t size)
{
	if (!strcmp(name, "label"))
		return give(c->label, to, size);
	if (!strcmp(name, "scale"))
		return give(c->scale, to, size);
	return !strcmp(name, "raw") ? give(c->raw, to, size) : -ENOENT;
}

void iio_channel_enable(struct iio_channel *c);
void iio_channel_enable(struct iio_channel *c)
{
	c->enabled = true;
}

void iio_channel_disable(struct iio_channel *c);
void iio_channel_disable(struct iio_channel *c)
{
	c->enabled = false;
}

void iio_channel_convert(const struct iio_channel *c, void *to, const void *from);
void iio_channel_convert(const struct iio_channel *c, void *to, const void *from)
{
	memcpy(to, from, c->bytes);
}

struct iio_buffer *iio_device_create_buffer(struct iio_device *d, size_t samples, bool cyclic);
struct iio_buffer *iio_device_create_buffer(struct iio_device *d, size_t samples, bool cyclic)
{
	struct iio_buffer *b;

	if (samples != 1 || cyclic) {
		errno = EINVAL;
		return NULL;
	}
	b = calloc(1, sizeof(*b));
	b->device = d;
	if (pipe(b->cancel))
		abort();
	return b;
}

ssize_t iio_buffer_refill(struct iio_buffer *b);
ssize_t iio_buffer_refill(struct iio_buffer *b)
{
	char byte;

	if (b->refills++ < TELEGRAMS) {
		skipped += !!strstr(the_uri, "-skips");
		return 8;
	}
	if (strstr(the_uri, "-gone"))
		return -ETIMEDOUT;
	if (strstr(the_uri, "-broken"))
		return -EPIPE;
	if (b->refills == TELEGRAMS + 1)
		return -ETIMEDOUT;
	return read(b->cancel[0], &byte, 1) < 0 ? -errno : -EBADF;
}

/* Each telegram says what the channel says now; the second came 1.5 s before 1970. */
ssize_t iio_buffer_foreach_sample(struct iio_buffer *b,
				  ssize_t (*callback)(const struct iio_channel *, void *, size_t,
						      void *),
				  void *data);
ssize_t iio_buffer_foreach_sample(struct iio_buffer *b,
				  ssize_t (*callback)(const struct iio_channel *, void *, size_t,
						      void *),
				  void *data)
{
	ssize_t done = 0;

	for (struct iio_channel *c = b->device->channels; c->id; c++) {
		int64_t value = c->raw ? strtoll(c->raw, NULL, 10) : 0;

		if (!strcmp(c->id, "timestamp"))
			value = b->refills == 1 ? 1735689600123456789ll : -1500000000ll;
		if (c->enabled)
			done += callback(c, &value, c->bytes, data);
	}
	return done;
}

void iio_buffer_cancel(struct iio_buffer *b);
void iio_buffer_cancel(struct iio_buffer *b)
{
	if (write(b->cancel[1], "", 1) != 1)
		abort();
}

void iio_buffer_destroy(struct iio_buffer *b);
void iio_buffer_destroy(struct iio_buffer *b)
{
	close(b->cancel[0]);
	close(b->cancel[1]);
	free(b);
}
