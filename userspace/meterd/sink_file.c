// SPDX-License-Identifier: MIT
/*
 * Where a sink's lines go: a file, or what reads our standard output.
 *
 * Lines go whole or not at all. A full disk costs the lines that find no room, which are counted;
 * the file goes on when there is room again. A pipe or terminal that does not read has a queue of
 * 256 KiB, for the loop must not wait; what finds no place in it is counted. One whose other side
 * is closed is given up; the daemon goes on.
 */
#include <errno.h>
#include <event2/buffer.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sink_lines.h"

#define QUEUE_MAX (256 * 1024)
/* After a file could not be opened. */
#define RETRY_MS 10000

/**
 * struct sink_file - a file or standard output
 * @path: NULL: standard output
 * @fd: -1: not open
 * @regular: on a disk
 * @waits: it may keep us waiting: pipe, terminal, socket
 * @headed: it was given its header; of what is not @regular
 * @ended: its reader is gone, for ever
 * @retry_ms: of the steady clock: not before is it opened again
 * @out: lines that are being made, into @text
 * @queue: of a file that @waits
 * @queued: publications, since the queue was empty
 * @lost: publications, since the last word about them
 * @counts: of the sink, all publications
 * @failing: this was said
 */
struct sink_file {
	struct event_base *base;
	char who[METER_NAME_LEN + 8];
	char *path;
	const char *header;
	int fd;
	bool regular;
	bool waits;
	bool headed;
	bool ended;
	u64 retry_ms;
	FILE *out;
	char *text;
	size_t len;
	struct evbuffer *queue;
	struct event *writable;
	u64 queued;
	u64 lost;
	struct sink_counts *counts;
	bool failing;
	struct log_limit limit;
};

static void on_writable(evutil_socket_t fd, short what, void *arg);

static const char *path_text(const struct sink_file *f)
{
	return f->path ? f->path : "standard output";
}

static void fail(struct sink_file *f, const char *doing, const char *advice)
{
	if (!f->failing)
		log_limited(&f->limit, LEVEL_ERROR, f->who, "cannot %s %s: %s%s", doing,
			    path_text(f), strerror(errno), advice);
	f->failing = true;
}

static void lose(struct sink_file *f, u64 publications)
{
	f->lost += publications;
	f->counts->lost += publications;
}

static void succeed(struct sink_file *f, u64 publications)
{
	f->counts->sent += publications;
	if (!f->failing && !f->lost)
		return;
	log_limited(&f->limit, LEVEL_WARNING, f->who, "%s takes lines again; %" PRIu64
		    " publications were lost", path_text(f), f->lost);
	f->failing = false;
	f->lost = 0;
}

static void file_close(struct sink_file *f)
{
	if (f->writable)
		event_free(f->writable);
	f->writable = NULL;
	if (f->fd >= 0 && f->path)
		close(f->fd);
	f->fd = -1;
	if (f->queue)
		evbuffer_drain(f->queue, evbuffer_get_length(f->queue));
	lose(f, f->queued);
	f->queued = 0;
}

/* The other side of standard output does not come back, a reader of a named pipe may. */
static void reader_gone(struct sink_file *f)
{
	if (f->path)
		fail(f, "write to", "");
	else
		log_line(LEVEL_WARNING, f->who, "nobody reads standard output any more: this "
			 "sink has ended");
	f->ended = !f->path;
	f->retry_ms = steady_ms() + RETRY_MS;
	file_close(f);
}

/* At most PIPE_BUF at a time: that much never waits where poll() says that there is room. */
static void queue_run(struct sink_file *f)
{
	struct pollfd room = { .fd = f->fd, .events = POLLOUT };
	size_t len;

	while ((len = evbuffer_get_length(f->queue))) {
		ssize_t written;

		if (poll(&room, 1, 0) == 0) {
			event_add(f->writable, NULL);
			return;
		}
		if (len > PIPE_BUF)
			len = PIPE_BUF;
		written = write(f->fd, evbuffer_pullup(f->queue, len), len);
		if (written < 0 && (errno == EAGAIN || errno == EINTR)) {
			event_add(f->writable, NULL);
			return;
		}
		if (written < 0) {
			reader_gone(f);
			return;
		}
		evbuffer_drain(f->queue, written);
	}
	succeed(f, f->queued);
	f->queued = 0;
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	queue_run(arg);
}

static void queue_add(struct sink_file *f, const char *text, size_t len)
{
	if (evbuffer_get_length(f->queue) + len > QUEUE_MAX || evbuffer_add(f->queue, text, len)) {
		errno = EAGAIN;
		fail(f, "write to", "; its reader is slower than the lines, some are lost");
		lose(f, 1);
		return;
	}
	f->queued++;
	queue_run(f);
}

/* What was written of lines that found no room is taken back. */
static void disk_add(struct sink_file *f, const char *text, size_t len)
{
	ssize_t written = write(f->fd, text, len);
	off_t before;

	if (written == (ssize_t)len) {
		succeed(f, 1);
		return;
	}
	if (written > 0) {
		before = lseek(f->fd, -written, SEEK_CUR);
		if (before < 0 || ftruncate(f->fd, before))
			log_limited(&f->limit, LEVEL_ERROR, f->who, "%s ends with half a line",
				    path_text(f));
		errno = ENOSPC;
	}
	fail(f, "write to", errno == ENOSPC ? "; make room, it goes on by itself" : "");
	lose(f, 1);
}

static bool make_queue(struct sink_file *f)
{
	if (!f->queue)
		f->queue = evbuffer_new();
	f->writable = event_new(f->base, f->fd, EV_WRITE, on_writable, f);
	return f->queue && f->writable;
}

static void file_open(struct sink_file *f)
{
	struct stat status;

	f->fd = STDOUT_FILENO;
	if (f->path)
		f->fd = open(f->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY |
			     O_NONBLOCK, 0640);
	if (f->fd < 0 || fstat(f->fd, &status)) {
		fail(f, "open", errno == ENXIO ? "; nothing reads this pipe yet" : "");
		f->fd = -1;
		f->retry_ms = steady_ms() + RETRY_MS;
		return;
	}
	f->headed = false;
	f->regular = S_ISREG(status.st_mode);
	f->waits = !f->regular && (!S_ISCHR(status.st_mode) || isatty(f->fd));
	if (f->waits && !make_queue(f)) {
		errno = ENOMEM;
		fail(f, "open", "");
		file_close(f);
	}
}

static bool wants_header(const struct sink_file *f)
{
	struct stat status;

	if (!f->header)
		return false;
	return f->regular ? !fstat(f->fd, &status) && !status.st_size : !f->headed;
}

/**
 * sink_file_begin - begins to write lines
 * @f: where to
 *
 * Return: where to print them, until sink_file_end(); NULL: they cannot be had now.
 */
FILE *sink_file_begin(struct sink_file *f)
{
	if (f->ended) {
		f->counts->lost++;
		return NULL;
	}
	if (f->fd < 0 && steady_ms() >= f->retry_ms)
		file_open(f);
	if (f->fd < 0 || fseek(f->out, 0, SEEK_SET)) {
		lose(f, 1);
		return NULL;
	}
	if (wants_header(f))
		fputs(f->header, f->out);
	f->headed = true;
	return f->out;
}

/**
 * sink_file_end - hands over what was printed since sink_file_begin()
 * @f: where to
 */
void sink_file_end(struct sink_file *f)
{
	if (fflush(f->out))
		lose(f, 1);
	else if (f->waits)
		queue_add(f, f->text, f->len);
	else
		disk_add(f, f->text, f->len);
}

/**
 * sink_file_reopen - begins the file anew, after the old one was moved away
 * @f: a file; standard output and a pipe that is open stay
 */
void sink_file_reopen(struct sink_file *f)
{
	if (!f->path || (f->fd >= 0 && f->waits))
		return;
	file_close(f);
	f->retry_ms = 0;
	file_open(f);
}

/** sink_file_is - whether this is that file, with that header */
bool sink_file_is(const struct sink_file *f, const char *path, const char *header)
{
	return !strcmp(f->path ? f->path : "-", path) && f->header == header;
}

/**
 * sink_file_new - opens a file
 * @base: loop
 * @name: of the sink, for the log
 * @path: "-": standard output
 * @header: first line of an empty file, or NULL
 * @counts: of the sink, outlives the file
 *
 * Loop thread. A file that cannot be opened is tried again when there is something to write.
 *
 * Return: NULL without memory.
 */
struct sink_file *sink_file_new(struct event_base *base, const char *name, const char *path,
				const char *header, struct sink_counts *counts)
{
	struct sink_file *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->base = base;
	f->fd = -1;
	f->header = header;
	f->counts = counts;
	snprintf(f->who, sizeof(f->who), "sink %s", name);
	f->out = open_memstream(&f->text, &f->len);
	if (strcmp(path, "-"))
		f->path = strdup(path);
	if (!f->out || (strcmp(path, "-") && !f->path)) {
		sink_file_free(f);
		return NULL;
	}
	file_open(f);
	return f;
}

/**
 * sink_file_free - closes a file
 * @f: the file; what its reader has not taken is given up
 */
void sink_file_free(struct sink_file *f)
{
	file_close(f);
	if (f->lost)
		log_line(LEVEL_WARNING, f->who, "%" PRIu64 " publications for %s were lost",
			 f->lost, path_text(f));
	if (f->queue)
		evbuffer_free(f->queue);
	if (f->out)
		fclose(f->out);
	free(f->text);
	free(f->path);
	free(f);
}
