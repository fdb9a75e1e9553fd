// SPDX-License-Identifier: MIT
/*
 * Waiting for a device: by inotify on the directory where its name will appear, and, since not
 * everything is told there (what a symbolic link leads to, who has it open), by looking again.
 *
 * Names under /dev/serial/by-id come and go with their directories, so the nearest directory that
 * exists is watched.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "device_wait.h"

/* After a name appeared, until its rights are set and other links to it are made. */
static const struct timeval settle = { .tv_usec = 200000 };

/* Between two looks without news: twice as long each time. */
#define LOOK_FIRST_MS	1000
#define LOOK_MAX_MS	10000

/**
 * struct device_wait - a device that is waited for
 * @path: of it
 * @look: called when it may be there
 * @context: given to @look
 * @again: the time for @look has come
 * @news: of @notify; NULL: nothing is watched
 * @notify: of inotify; -1: nothing is watched
 * @awaited: the part of @path that the watched directory does not have yet
 * @awaited_len: its length
 * @wait_ms: until the next look without news
 */
struct device_wait {
	char *path;
	device_fn look;
	void *context;
	struct event *again;
	struct event *news;
	int notify;
	const char *awaited;
	size_t awaited_len;
	unsigned int wait_ms;
};

static void watch_end(struct device_wait *w)
{
	if (w->news)
		event_free(w->news);
	w->news = NULL;
	if (w->notify >= 0)
		close(w->notify);
	w->notify = -1;
}

static bool watch_directory(struct device_wait *w, size_t len)
{
	char *directory = len ? strndup(w->path, len) : strdup("/");
	bool watched;

	watched = directory && inotify_add_watch(w->notify, directory,
						 IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR) >= 0;
	free(directory);
	return watched;
}

/* The nearest directory that exists. */
static bool watch_nearest(struct device_wait *w)
{
	size_t end = strlen(w->path), slash;

	while (end) {
		for (slash = end; slash && w->path[slash - 1] != '/'; slash--)
			;
		if (!slash)
			return false;
		w->awaited = w->path + slash;
		w->awaited_len = end - slash;
		end = slash - 1;
		if (w->awaited_len && watch_directory(w, end))
			return true;
	}
	return false;
}

static bool is_awaited(const struct device_wait *w, const struct inotify_event *e)
{
	return e->len && strlen(e->name) == w->awaited_len &&
	       !memcmp(e->name, w->awaited, w->awaited_len);
}

static void watch_news(evutil_socket_t fd, short what, void *context)
{
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	struct device_wait *w = context;
	ssize_t len = read(fd, buffer, sizeof(buffer));
	bool came = false;

	(void)what;
	for (ssize_t at = 0; at < len;) {
		const struct inotify_event *e = (const void *)(buffer + at);

		came |= is_awaited(w, e);
		at += sizeof(*e) + e->len;
	}
	if (came)
		event_add(w->again, &settle);
}

static void watch_begin(struct device_wait *w, struct event_base *base)
{
	w->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->notify < 0)
		return;
	if (watch_nearest(w))
		w->news = event_new(base, w->notify, EV_READ | EV_PERSIST, watch_news, w);
	if (!w->news || event_add(w->news, NULL))
		watch_end(w);
}

static void wait_over(evutil_socket_t fd, short what, void *context)
{
	struct device_wait *w = context;

	(void)fd;
	(void)what;
	watch_end(w);
	w->look(w->context);
}

/**
 * device_wait_new - a device that will have to be waited for
 * @base: the loop
 * @path: of the device, absolute; copied
 * @look: called on the loop when it may be there
 * @context: given to @look
 *
 * Return: nothing is waited for yet; NULL without memory.
 */
struct device_wait *device_wait_new(struct event_base *base, const char *path, device_fn look,
				    void *context)
{
	struct device_wait *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->notify = -1;
	w->look = look;
	w->context = context;
	w->wait_ms = LOOK_FIRST_MS;
	w->path = strdup(path);
	w->again = event_new(base, -1, 0, wait_over, w);
	if (w->path && w->again)
		return w;
	device_wait_free(w);
	return NULL;
}

/**
 * device_wait_begin - wait for the device
 * @w: the device
 *
 * Until look() is called once: when its name appears or its rights change, else after 1 s, and
 * after twice that time each time it is waited for, up to 10 s.
 */
void device_wait_begin(struct device_wait *w)
{
	struct timeval after = { w->wait_ms / 1000, w->wait_ms % 1000 * 1000 };

	watch_end(w);
	watch_begin(w, event_get_base(w->again));
	event_add(w->again, &after);
	w->wait_ms = w->wait_ms * 2 > LOOK_MAX_MS ? LOOK_MAX_MS : w->wait_ms * 2;
}

/**
 * device_wait_pending - whether the device is waited for
 * @w: the device
 *
 * Return: false before device_wait_begin(), and when look() was called since.
 */
bool device_wait_pending(const struct device_wait *w)
{
	return evtimer_pending(w->again, NULL);
}

/**
 * device_wait_found - the device was there and did what it is for
 * @w: the device; is waited for impatiently when it goes
 */
void device_wait_found(struct device_wait *w)
{
	w->wait_ms = LOOK_FIRST_MS;
}

/**
 * device_wait_free - wait no more
 * @w: the device, or NULL
 */
void device_wait_free(struct device_wait *w)
{
	if (!w)
		return;
	watch_end(w);
	if (w->again)
		event_free(w->again);
	free(w->path);
	free(w);
}
