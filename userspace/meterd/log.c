// SPDX-License-Identifier: MIT
/*
 * Lines for the journal: who, and a sentence. Never a flood.
 */
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../lib/utf8.h"
#include "log.h"

#define LINE_MAX_BYTES	1024
#define LIMIT_LINES	10
#define LIMIT_MS	(10 * 60 * 1000)

/* The one thing that is global: whoever has something to say may say it, on any thread. */
static atomic_int wanted = LEVEL_INFO;

/**
 * log_set_level - what is worth a line from now on
 * @level: this and what is more serious
 *
 * Any thread.
 */
void log_set_level(enum log_level level)
{
	atomic_store_explicit(&wanted, level, memory_order_relaxed);
}

/**
 * log_wants - whether a line of this level would be written
 * @level: of the line
 *
 * For callers whose line costs something to make. Any thread.
 */
bool log_wants(enum log_level level)
{
	return (int)level <= atomic_load_explicit(&wanted, memory_order_relaxed);
}

/*
 * Whether stderr is the journal, which takes "<N>" before a line for its level: systemd.exec(5)
 * has $JOURNAL_STREAM as device and inode of what stderr is then.
 */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       !fstat(STDERR_FILENO, &st) && st.st_dev == device && st.st_ino == inode;
}

static int print_start(char *line, size_t size, enum log_level level, const char *who)
{
	const char *word = level == LEVEL_ERROR ? "error: " :
			   level == LEVEL_WARNING ? "warning: " : "";

	if (stderr_is_journal())
		return snprintf(line, size, "<%d>%s: ",
				level > LEVEL_DEBUG ? LEVEL_DEBUG : (int)level, who);
	return snprintf(line, size, "meterd: %s%s: ", word, who);
}

/*
 * Text of a meter or of the network can hold what makes a terminal do things, and a line with a
 * byte that is no UTF-8 is not shown by journalctl.
 */
static void make_harmless(char *text, size_t len)
{
	u8 *b = (u8 *)text;
	size_t count;

	for (; len; len -= count, b += count) {
		count = utf8_len(b, len);
		if (utf8_is_control(b, len) || (!count && *b > '~'))
			memset(b, '?', count ? count : 1);
		count += !count;
	}
}

static void write_line(enum log_level level, const char *who, const char *format, va_list args,
		       u32 withheld)
{
	char line[LINE_MAX_BYTES];
	const size_t room = sizeof(line) - 64;	/* that of the count, and of the line end */
	int n = print_start(line, room, level, who);
	size_t len = n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;

	n = vsnprintf(line + len, room - len, format, args);
	if (n > 0)
		len += (size_t)n < room - len ? (size_t)n : room - len - 1;
	if (withheld)
		len += snprintf(line + len, sizeof(line) - len, " (and %u lines not told)",
				withheld);
	make_harmless(line, len);
	line[len++] = '\n';
	/* One write, so that the lines of threads do not mix; nobody to tell when it fails. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

/**
 * log_line - a line on stderr
 * @level: of it
 * @who: what it is about: a source, a meter, a file with its line
 * @format: of a sentence without a full stop, as of printf()
 *
 * Control characters and what is no UTF-8 come out as '?', what is beyond 1 KiB is cut off. Any
 * thread.
 */
void log_line(enum log_level level, const char *who, const char *format, ...)
{
	va_list args;

	if (!log_wants(level))
		return;
	va_start(args, format);
	write_line(level, who, format, args, 0);
	va_end(args);
}

static u64 now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (u64)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/**
 * log_limited - a line on stderr that something outside can cause again and again
 * @limit: of its subject; one thread at a time
 * @level: of it
 * @who: what it is about
 * @format: as of log_line()
 *
 * Ten lines in ten minutes; the first one after that tells how many were not.
 */
void log_limited(struct log_limit *limit, enum log_level level, const char *who,
		 const char *format, ...)
{
	u64 now;
	va_list args;

	if (!log_wants(level))
		return;
	now = now_ms();
	if (!limit->said || now - limit->since_ms >= LIMIT_MS) {
		limit->since_ms = now;
		limit->said = 0;
	}
	if (limit->said >= LIMIT_LINES) {
		limit->withheld++;
		return;
	}
	limit->said++;
	va_start(args, format);
	write_line(level, who, format, args, limit->withheld);
	va_end(args);
	limit->withheld = 0;
}
