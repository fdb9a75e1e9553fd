// SPDX-License-Identifier: MIT
/*
 * News of the meters in the kernel, through libudev: from udevd, which has set the rights of
 * /dev/meterN by then, and from the kernel itself, for where no udevd runs.
 *
 * Only that there is news: what is there is then looked up, so hearing it twice does no harm.
 */
#include <libudev.h>
#include <stdbool.h>
#include <stdlib.h>

#include "meter_news.h"

/* After the kernel told, for udevd to tell it as well. */
static const struct timeval settle = { .tv_usec = 200000 };

/* Taken in one turn of the loop. */
#define TURN_NEWS 64

/**
 * struct meter_news - who tells us
 * @changed: called when there is news
 * @context: given to @changed
 * @udev: of libudev
 * @from_udevd: news of udevd; NULL: none can be had
 * @from_kernel: news of the kernel; NULL: none can be had
 * @udevd_told: something is to be read of @from_udevd
 * @kernel_told: something is to be read of @from_kernel
 * @settled: the kernel told a while ago
 */
struct meter_news {
	meter_news_fn changed;
	void *context;
	struct udev *udev;
	struct udev_monitor *from_udevd;
	struct udev_monitor *from_kernel;
	struct event *udevd_told;
	struct event *kernel_told;
	struct event *settled;
};

static bool drain(struct udev_monitor *from)
{
	struct udev_device *device = NULL;
	unsigned int count = 0;

	while (count < TURN_NEWS && (device = udev_monitor_receive_device(from))) {
		udev_device_unref(device);
		count++;
	}
	return count;
}

static void udevd_tells(evutil_socket_t fd, short what, void *context)
{
	struct meter_news *n = context;

	(void)fd;
	(void)what;
	if (!drain(n->from_udevd))
		return;
	event_del(n->settled);
	n->changed(n->context);
}

static void kernel_tells(evutil_socket_t fd, short what, void *context)
{
	struct meter_news *n = context;

	(void)fd;
	(void)what;
	if (drain(n->from_kernel))
		event_add(n->settled, &settle);
}

static void has_settled(evutil_socket_t fd, short what, void *context)
{
	struct meter_news *n = context;

	(void)fd;
	(void)what;
	n->changed(n->context);
}

static struct udev_monitor *monitor(struct udev *udev, const char *who)
{
	struct udev_monitor *from = udev_monitor_new_from_netlink(udev, who);

	if (!from)
		return NULL;
	if (udev_monitor_filter_add_match_subsystem_devtype(from, "meter", NULL) >= 0 &&
	    udev_monitor_enable_receiving(from) >= 0)
		return from;
	udev_monitor_unref(from);
	return NULL;
}

static struct event *listen_to(struct event_base *base, struct udev_monitor *from,
			       event_callback_fn tells, struct meter_news *n)
{
	struct event *told;

	if (!from)
		return NULL;
	told = event_new(base, udev_monitor_get_fd(from), EV_READ | EV_PERSIST, tells, n);
	if (!told || !event_add(told, NULL))
		return told;
	event_free(told);
	return NULL;
}

/**
 * meter_news_new - hear of meters that come, go or change
 * @base: the loop
 * @changed: called on it then; also when it was something that does not matter
 * @context: given to @changed
 *
 * In some containers the kernel tells nothing, and no call ever comes.
 *
 * Return: NULL without memory.
 */
struct meter_news *meter_news_new(struct event_base *base, meter_news_fn changed, void *context)
{
	struct meter_news *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->changed = changed;
	n->context = context;
	n->settled = event_new(base, -1, 0, has_settled, n);
	n->udev = udev_new();
	if (!n->settled || !n->udev) {
		meter_news_free(n);
		return NULL;
	}
	n->from_udevd = monitor(n->udev, "udev");
	n->from_kernel = monitor(n->udev, "kernel");
	n->udevd_told = listen_to(base, n->from_udevd, udevd_tells, n);
	n->kernel_told = listen_to(base, n->from_kernel, kernel_tells, n);
	return n;
}

/**
 * meter_news_free - hear no more
 * @n: the news, or NULL
 */
void meter_news_free(struct meter_news *n)
{
	if (!n)
		return;
	if (n->udevd_told)
		event_free(n->udevd_told);
	if (n->kernel_told)
		event_free(n->kernel_told);
	if (n->settled)
		event_free(n->settled);
	udev_monitor_unref(n->from_udevd);
	udev_monitor_unref(n->from_kernel);
	udev_unref(n->udev);
	free(n);
}
