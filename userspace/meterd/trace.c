// SPDX-License-Identifier: MIT
/*
 * trace = FILE or log: the telegrams of a source in clear, each with its time.
 *
 *	2024-10-10T23:05:31.123Z 192.0.2.1:8088 p1
 *	 1-0:1.8.0=(000123.456*kWh)
 *
 * The fields are those of the records of /dev/meterN, see include/uapi/linux/meterline.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../kernel/telegram/quantities.h"
#include "../../kernel/telegram/record.h"
#include "trace.h"

/* A file that has this size becomes FILE.1, and the one before it goes. */
#define TRACE_FILE_BYTES (16 << 20)

#define TRACE_HEAD_BYTES 192
#define TRACE_TEXT_BYTES (TRACE_HEAD_BYTES + METERLINE_RECORD_MAX)

/**
 * struct trace - where the telegrams of a source are written
 * @who: name of the source
 * @path: NULL: the log
 * @fd: -1: not open
 * @identity: numbers may be told
 * @limit: of what is said about the file
 */
struct trace {
	char who[METER_NAME_LEN + 1];
	char *path;
	int fd;
	bool identity;
	struct log_limit limit;
};

/* A pipe or a terminal could make the loop wait. */
static int open_regular(const char *path)
{
	const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int fd = open(path, flags, 0640);
	struct stat st;

	if (fd < 0)
		return -1;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	errno = EINVAL;
	return -1;
}

static void trace_open(struct trace *trace)
{
	trace->fd = open_regular(trace->path);
	if (trace->fd >= 0)
		return;
	log_limited(&trace->limit, LEVEL_WARNING, trace->who, "cannot write the trace to %s: %s",
		    trace->path, errno == EINVAL ? "it is not a regular file" : strerror(errno));
}

/**
 * trace_new - begin to trace
 * @config: of the source; its trace is a file, which is appended to, or "log"
 * @identity: numbers may be told; else they are masked, and so is what is not known
 *
 * A file that can't be opened is tried again for each telegram.
 *
 * Return: the trace; NULL without memory, and nothing is traced.
 */
struct trace *trace_new(const struct source_config *config, bool identity)
{
	struct trace *trace = calloc(1, sizeof(*trace));

	if (!trace)
		return NULL;
	snprintf(trace->who, sizeof(trace->who), "%s", config->name);
	trace->identity = identity;
	trace->fd = -1;
	if (!strcmp(config->trace, "log"))
		return trace;
	trace->path = strdup(config->trace);
	if (!trace->path) {
		free(trace);
		return NULL;
	}
	trace_open(trace);
	return trace;
}

static bool may_identify(const struct telegram *t, const struct field *f)
{
	const struct label_info *info = label_info_of(t, f);

	return !info || info->flags & LABEL_IDENTIFIES;
}

/* Copies a field to @at of @text, if there is room; 'X' for what may say whose meter it is. */
static bool mask_field(const struct telegram *t, struct field *f, u8 *text, unsigned int at)
{
	const unsigned int len = f->value + f->len - f->label;
	const bool mask = may_identify(t, f);

	if (at + len > METERLINE_P1_MAX_BYTES)
		return false;
	memcpy(text + at, t->text + f->label, len);
	f->value += at - f->label;
	f->label = at;
	for (u8 *c = text + f->value; mask && c < text + at + len; c++) {
		if (*c != '(' && *c != ')')
			*c = 'X';
	}
	return true;
}

/**
 * trace_mask - a copy of a telegram in which nothing says whose meter it is
 * @t: the telegram
 * @masked: for the copy, as long as there is room for its fields
 * @text: for its text, METERLINE_P1_MAX_BYTES + TELEGRAM_PAD
 */
void trace_mask(const struct telegram *t, struct telegram *masked, u8 *text)
{
	unsigned int i, at = 0;

	*masked = *t;
	for (i = 0; i < t->nfields; i++) {
		struct field *f = &masked->fields[i];

		if (!mask_field(t, f, text, at))
			break;
		at = f->value + f->len;
	}
	masked->nfields = i;
	masked->text = text;
}

static size_t trace_head(char *text, const struct line *line, const struct telegram *t,
			 const struct moment *when)
{
	const u64 ms = when->unix_ms > 0 ? when->unix_ms : 0;
	time_t unix_s = ms / 1000;
	char stamp[32] = "?";
	struct tm tm;
	int n;

	if (gmtime_r(&unix_s, &tm))
		strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	n = snprintf(text, TRACE_HEAD_BYTES, "%s.%03uZ %s %s damaged=%u\n", stamp,
		     (unsigned int)(ms % 1000), line->what,
		     telegram_protocol_name(t->protocol), t->damaged);
	return n < TRACE_HEAD_BYTES ? n : TRACE_HEAD_BYTES - 1;
}

/* Returns the length of @text. The head is ours, and the fields are those of a record. */
static size_t trace_text(char text[TRACE_TEXT_BYTES], const struct line *line,
			 const struct telegram *t, const struct moment *when)
{
	const struct record_header none = { .protocol = t->protocol };
	size_t head = trace_head(text, line, t, when);
	char *record = text + head;
	size_t len = record_text(t, &none, record, METERLINE_RECORD_MAX);
	char *fields = len ? memchr(record, '\n', len) : NULL;

	if (!fields)
		return head;
	len -= fields + 1 - record;
	memmove(record, fields + 1, len);
	return head + len;
}

static void trace_to_log(const struct trace *trace, const char *text, size_t len)
{
	const char *line = text, *end;

	while ((end = memchr(line, '\n', text + len - line))) {
		if (end > line)
			log_line(LEVEL_INFO, trace->who, "%.*s", (int)(end - line), line);
		line = end + 1;
	}
}

static void trace_turn_over(struct trace *trace)
{
	char old[4096];

	if (snprintf(old, sizeof(old), "%s.1", trace->path) >= (int)sizeof(old) ||
	    rename(trace->path, old))
		log_limited(&trace->limit, LEVEL_WARNING, trace->who,
			    "cannot rename the full trace %s to %s.1: %s", trace->path,
			    trace->path, strerror(errno));
	close(trace->fd);
	trace_open(trace);
}

/* Whether there is a file with room for more; @size: what it has. */
static bool trace_ready(struct trace *trace, off_t *size)
{
	struct stat st;

	if (trace->fd < 0)
		trace_open(trace);
	if (trace->fd < 0 || fstat(trace->fd, &st))
		return false;
	*size = st.st_size;
	return true;
}

/* All of the telegram or, on a full disk, nothing of it. */
static void trace_to_file(struct trace *trace, const char *text, size_t len)
{
	off_t size;
	ssize_t n;

	if (!trace_ready(trace, &size))
		return;
	if (size >= TRACE_FILE_BYTES) {
		trace_turn_over(trace);
		if (!trace_ready(trace, &size) || size >= TRACE_FILE_BYTES)
			return;
	}
	n = write(trace->fd, text, len);
	if (n == (ssize_t)len)
		return;
	log_limited(&trace->limit, LEVEL_WARNING, trace->who,
		    "a telegram is missing in the trace %s: %s", trace->path,
		    n < 0 ? strerror(errno) : "no room on the disk");
	if (n > 0 && ftruncate(trace->fd, size)) {
		close(trace->fd);
		trace->fd = -1;
	}
}

/**
 * trace_telegram - write a telegram down
 * @trace: where
 * @line: that it came on
 * @t: the telegram
 * @when: its first byte came
 */
void trace_telegram(struct trace *trace, const struct line *line, const struct telegram *t,
		    const struct moment *when)
{
	u8 masked_text[METERLINE_P1_MAX_BYTES + TELEGRAM_PAD];
	char text[TRACE_TEXT_BYTES];
	struct telegram masked;
	size_t len;

	if (!trace->identity) {
		trace_mask(t, &masked, masked_text);
		t = &masked;
	}
	len = trace_text(text, line, t, when);
	if (trace->path)
		trace_to_file(trace, text, len);
	else
		trace_to_log(trace, text, len);
}

/**
 * trace_free - no more of it
 * @trace: the trace, or NULL
 */
void trace_free(struct trace *trace)
{
	if (!trace)
		return;
	if (trace->fd >= 0)
		close(trace->fd);
	free(trace->path);
	free(trace);
}
