/* SPDX-License-Identifier: MIT */
/*
 * The functions of libiio that are used, of its versions 0.x, which have had one API since 0.24.
 * The library is loaded where it is used: nothing else needs it, and it needs much.
 */
#ifndef METERLINE_IIO_LIBRARY_H
#define METERLINE_IIO_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define IIO_WHY_SIZE 256

struct iio_context;
struct iio_device;
struct iio_channel;
struct iio_buffer;

/* X(what it returns, name without iio_, parameters); tests/userspace/iio_header.c compares. */
#define IIO_FUNCTIONS(X)                                                                           \
	X(struct iio_context *, create_context_from_uri, (const char *))                           \
	X(void, context_destroy, (struct iio_context *))                                           \
	X(unsigned int, context_get_devices_count, (const struct iio_context *))                   \
	X(struct iio_device *, context_get_device, (const struct iio_context *, unsigned int))     \
	X(const char *, device_get_id, (const struct iio_device *))                                \
	X(const char *, device_get_name, (const struct iio_device *))                              \
	X(const char *, device_get_label, (const struct iio_device *))                             \
	X(ssize_t, device_attr_read, (const struct iio_device *, const char *, char *, size_t))    \
	X(ssize_t, device_buffer_attr_read,                                                        \
	  (const struct iio_device *, const char *, char *, size_t))                               \
	X(unsigned int, device_get_channels_count, (const struct iio_device *))                    \
	X(struct iio_channel *, device_get_channel, (const struct iio_device *, unsigned int))     \
	X(int, device_set_kernel_buffers_count, (const struct iio_device *, unsigned int))         \
	X(struct iio_buffer *, device_create_buffer, (const struct iio_device *, size_t, bool))    \
	X(const char *, channel_get_id, (const struct iio_channel *))                              \
	X(bool, channel_is_output, (const struct iio_channel *))                                   \
	X(bool, channel_is_scan_element, (const struct iio_channel *))                             \
	X(ssize_t, channel_attr_read, (const struct iio_channel *, const char *, char *, size_t))  \
	X(void, channel_enable, (struct iio_channel *))                                            \
	X(void, channel_disable, (struct iio_channel *))                                           \
	X(void, channel_convert, (const struct iio_channel *, void *, const void *))               \
	X(ssize_t, buffer_refill, (struct iio_buffer *))                                           \
	X(ssize_t, buffer_foreach_sample,                                                          \
	  (struct iio_buffer *,                                                                    \
	   ssize_t (*)(const struct iio_channel *, void *, size_t, void *), void *))               \
	X(void, buffer_cancel, (struct iio_buffer *))                                              \
	X(void, buffer_destroy, (struct iio_buffer *))

/**
 * struct iio_library - libiio, loaded
 * @handle: of dlopen()
 *
 * Its other members are its functions, named without iio_.
 */
struct iio_library {
	void *handle;
#define IIO_MEMBER(type, name, parameters) type(*name) parameters;
	IIO_FUNCTIONS(IIO_MEMBER)
#undef IIO_MEMBER
};

bool iio_library_load(struct iio_library *l, char why[IIO_WHY_SIZE]);
void iio_library_unload(struct iio_library *l);

#endif /* METERLINE_IIO_LIBRARY_H */
