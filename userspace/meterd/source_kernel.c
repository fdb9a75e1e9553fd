// SPDX-License-Identifier: MIT
/*
 * A source that follows the meters of this machine's kernel, /dev/meterN, as they come and go.
 *
 * A meter that is gone leaves its line, which says so, and comes back on it: the kernel gives the
 * smallest free number, so a replugged meter0 is meter0 again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../lib/meters.h"
#include "../lib/records.h"
#include "meter_news.h"
#include "source.h"

#define NO_METER "no meter in the kernel: 'modprobe meterline' and 'meterctl attach'"

/* Telegrams taken in one turn of the loop; the kernel keeps about ten. */
#define TURN_RECORDS 32

static const struct timeval at_once = { 0 };

/*
 * What is not announced is looked at: that a meter falls silent or what it carries, and, in some
 * containers, that it is there.
 */
static const struct timeval look_each = { .tv_sec = 3 };

/**
 * struct kernel_meter - meterN of the kernel
 * @next: of the source
 * @kernel: the source
 * @line: its line
 * @name: meterN
 * @fd: of /dev/meterN; -1: it is gone, or not ours to read
 * @readable: records are there, or it is gone
 */
struct kernel_meter {
	struct kernel_meter *next;
	struct kernel *kernel;
	struct line *line;
	char name[16];
	int fd;
	struct event *readable;
};

/**
 * struct kernel - what is known of the kernel's meters
 * @source: of the configuration
 * @first: of the meters
 * @nobody: the line while there has been no meter at all; else NULL
 * @news: that meters came, went or changed
 * @look: it is time to look
 * @reader: for one record at a time
 */
struct kernel {
	struct source *source;
	struct kernel_meter *first;
	struct line *nobody;
	struct meter_news *news;
	struct event *look;
	struct record_reader reader;
};

static void meter_close(struct kernel_meter *m)
{
	if (m->readable)
		event_free(m->readable);
	m->readable = NULL;
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
}

static void take_record(struct kernel_meter *m)
{
	const struct record_header *h = &m->kernel->reader.header;
	u64 began_ms = h->boottime_us / 1000;
	struct moment when = {
		.unix_ms = host_unix_ms() - (s64)(steady_ms() - began_ms),
		.steady_ms = began_ms,
	};

	line_telegram(m->line, &m->kernel->reader.telegram, *h->number ? h->number : NULL, &when);
}

static void tell_gone(struct kernel_meter *m)
{
	line_set_state(m->line, LINE_SILENT, "it is gone: unplugged, detached, or its module unloaded");
}

/* Another one may have its number already. */
static void meter_gone(struct kernel_meter *m)
{
	meter_close(m);
	tell_gone(m);
	event_add(m->kernel->look, &at_once);
}

static void meter_failed(struct kernel_meter *m)
{
	int error = errno;

	meter_close(m);
	line_set_state(m->line, LINE_REFUSED, "its records cannot be read: %s", strerror(error));
}

static void meter_readable(evutil_socket_t fd, short what, void *context)
{
	struct kernel_meter *m = context;
	struct record_reader *r = &m->kernel->reader;

	(void)what;
	r->fd = fd;
	for (unsigned int i = 0; i < TURN_RECORDS; i++) {
		switch (record_reader_next(r)) {
		case RECORD_TELEGRAM:
			take_record(m);
			break;
		case RECORD_LOST:
			m->line->gaps++;
			log_limited(&m->line->limit, LEVEL_WARNING, m->kernel->source->config.name,
				    "%s: telegrams were lost: they were read too slowly", m->name);
			break;
		case RECORD_UNREADABLE:
			line_set_state(m->line, LINE_WRONG_DATA,
				       "its records are of another version of the kernel module");
			break;
		case RECORD_NOTHING:
			return;
		case RECORD_GONE:
			meter_gone(m);
			return;
		case RECORD_FAILED:
			meter_failed(m);
			return;
		}
	}
}

/* A stale meter was locked once; one that searches has perhaps never been. */
static void tell_state(struct kernel_meter *m, const struct meter *now)
{
	if (!strcmp(now->state, "locked")) {
		if (m->line->telegrams)
			line_set_state(m->line, LINE_CONNECTED, "%s telegrams come", now->type);
	} else if (!strcmp(now->seen, "p1-encrypted")) {
		line_set_state(m->line, LINE_WRONG_DATA,
			       "%s carries encrypted P1: detach it, and give it to type = serial "
			       "with key_file", now->port);
	} else if (*now->seen && strcmp(now->seen, "nothing")) {
		line_set_state(m->line, LINE_WRONG_DATA,
			       "%s carries %s, not a telegram of TIC or P1 that can be read",
			       now->port, now->seen);
	} else if (!strcmp(now->state, "stale")) {
		line_set_state(m->line, LINE_SILENT, "telegrams no longer come on %s", now->port);
	} else {
		line_set_state(m->line, LINE_SILENT,
			       "no telegram so far on %s: is the meter wired and its port enabled?",
			       now->port);
	}
}

static void tell_refused(struct kernel_meter *m)
{
	if (errno == EACCES || errno == EPERM)
		line_set_state(m->line, LINE_REFUSED,
			       "/dev/%s is for root and the group meter: add this user to it", m->name);
	else if (errno == ENODEV || errno == ENXIO || errno == ENOENT)
		tell_gone(m);
	else
		line_set_state(m->line, LINE_REFUSED, "/dev/%s cannot be opened: %s", m->name,
			       strerror(errno));
}

static void meter_open(struct kernel_meter *m)
{
	struct kernel *k = m->kernel;

	if (!record_reader_open(&k->reader, m->name, true)) {
		tell_refused(m);
		return;
	}
	m->fd = k->reader.fd;
	m->readable = event_new(sources_base(k->source->all), m->fd, EV_READ | EV_PERSIST,
				meter_readable, m);
	if (!m->readable || event_add(m->readable, NULL)) {
		meter_close(m);
		return;
	}
	meter_readable(m->fd, EV_READ, m);
}

static struct kernel_meter *meter_find_name(const struct kernel *k, const char *name)
{
	struct kernel_meter *m = k->first;

	while (m && strcmp(m->name, name))
		m = m->next;
	return m;
}

/* The first meter takes the line that said that there is none. */
static struct line *line_for(struct kernel *k, const char *name)
{
	struct line *line = k->nobody;

	if (!line)
		return line_add(k->source, name);
	if (!line_set_what(line, name))
		return NULL;
	k->nobody = NULL;
	return line;
}

static struct kernel_meter *meter_new(struct kernel *k, const char *name)
{
	struct kernel_meter *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->line = line_for(k, name);
	if (!m->line) {
		free(m);
		return NULL;
	}
	m->kernel = k;
	m->fd = -1;
	snprintf(m->name, sizeof(m->name), "%s", name);
	m->next = k->first;
	k->first = m;
	return m;
}

static void meter_is_there(struct kernel *k, const struct meter *now)
{
	struct kernel_meter *m = meter_find_name(k, now->name);
	struct meter then = *now;

	if (!m)
		m = meter_new(k, now->name);
	if (!m)
		return;
	/* What the kernel kept may be old, so its state has the last word. */
	if (m->fd < 0) {
		meter_open(m);
		meter_read(&then, now->name);
	}
	if (m->fd >= 0)
		tell_state(m, &then);
}

static bool is_listed(const struct kernel_meter *m, const struct meter *meters, size_t count)
{
	while (count--)
		if (!strcmp(meters[count].name, m->name))
			return true;
	return false;
}

/* A meter that is open is told to be gone by its own device, after its last record. */
static void tell_missing(struct kernel *k, const struct meter *meters, size_t count)
{
	for (struct kernel_meter *m = k->first; m; m = m->next)
		if (m->fd < 0 && !is_listed(m, meters, count))
			tell_gone(m);
	if (k->nobody)
		line_set_state(k->nobody, LINE_SILENT, NO_METER);
}

/* What is there now; a meter_news_fn. */
static void kernel_look(void *context)
{
	struct kernel *k = context;
	struct meter *meters;
	size_t count;

	if (!meters_list(&meters, &count)) {
		for (size_t i = 0; i < count; i++)
			meter_is_there(k, &meters[i]);
		tell_missing(k, meters, count);
	}
	free(meters);
	event_add(k->look, &look_each);
}

static void time_to_look(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	kernel_look(context);
}

static void kernel_free(struct kernel *k)
{
	while (k->first) {
		struct kernel_meter *m = k->first;

		k->first = m->next;
		meter_close(m);
		free(m);
	}
	meter_news_free(k->news);
	if (k->look)
		event_free(k->look);
	free(k);
}

static bool kernel_start(struct source *s)
{
	struct event_base *base = sources_base(s->all);
	struct kernel *k = calloc(1, sizeof(*k));

	if (!k)
		return false;
	k->source = s;
	k->nobody = line_add(s, "/dev/meterN");
	k->look = event_new(base, -1, 0, time_to_look, k);
	k->news = meter_news_new(base, kernel_look, k);
	if (!k->nobody || !k->look || !k->news) {
		kernel_free(k);
		return false;
	}
	s->private = k;
	kernel_look(k);
	return true;
}

static void kernel_stop(struct source *s)
{
	kernel_free(s->private);
	s->private = NULL;
}

static bool kernel_tended(const struct source *s)
{
	const struct kernel *k = s->private;

	return evtimer_pending(k->look, NULL);
}

const struct source_ops source_kernel = {
	.type = "kernel",
	.start = kernel_start,
	.stop = kernel_stop,
	.tended = kernel_tended,
};
