// SPDX-License-Identifier: MIT
/*
 * A source that reads captures again: a file, or those of a directory. The telegrams' clock is the
 * clock; a capture without stamps gets it from the keys start and interval.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../kernel/telegram/record.h"
#include "mbus_line.h"

/* In one turn of the loop, which takes some 100 us. */
#define TURN_PORTIONS 4

/* Telegrams further apart than this are of two recordings: at their own pace, no wait between. */
#define PACE_MAX_MS (15 * 60 * 1000)

static const struct timeval look_again = { .tv_sec = 30 };
static const struct timeval at_once = { 0 };

#define NO_CLOCK "these telegrams have no time stamps: give the keys start and interval"

/**
 * struct replay - where the reading of captures stands
 * @line: its only line
 * @turn: the next portion is to be read, or @held is due, or the path looked for again
 * @directory: in which @names are; AT_FDCWD for a single file
 * @names: of the files, sorted
 * @count: how many
 * @next: of @names, the next to open
 * @fd: of the file that is being read; -1: none
 * @telegrams: valid ones in this file
 * @stamped: a telegram of this file had a stamp
 * @timed: a telegram of this file had a time, by stamp or by keys
 * @clock_s: time of the newest telegram, seconds since 1970
 * @counted: telegrams that got their time from the keys
 * @given: telegrams that went to the meters
 * @read: files read to their end
 * @timeless: files of them whose telegrams had no time
 * @unreadable: files that could not be read to their end
 * @host_ms: the host's clock when this portion was read, ms since 1970
 * @held: at their own pace, room for a telegram that waits until it is due; else NULL
 * @holds: it is there
 * @held_when: its moment
 * @paced: @pace_ms is known
 * @pace_ms: from the telegrams' clock to the steady clock, ms
 * @stream: from bytes to telegrams
 * @mbus: whose the readings of DLMS are; NULL: none is tried
 */
struct replay {
	struct line *line;
	struct event *turn;
	int directory;
	char **names;
	size_t count;
	size_t next;
	int fd;
	u64 telegrams;
	bool stamped;
	bool timed;
	s64 clock_s;
	u64 counted;
	u64 given;
	unsigned int read;
	unsigned int timeless;
	unsigned int unreadable;
	s64 host_ms;
	u8 *held;
	bool holds;
	struct moment held_when;
	bool paced;
	s64 pace_ms;
	struct stream stream;
	struct mbus_line *mbus;
};

static const struct source_config *config_of(const struct replay *r)
{
	return &r->line->source->config;
}

static const char *current_name(const struct replay *r)
{
	return r->names[r->next - 1];
}

/*
 * The time of a telegram: its own, @clock_s, else by the keys in a file without stamps. One whose
 * stamp was damaged has none. False when nothing tells the time in this file.
 */
static bool tell_time(struct replay *r, const s64 *clock_s, struct moment *when)
{
	const struct source_config *c = config_of(r);

	r->telegrams++;
	when->unix_ms = r->host_ms;
	when->replay = true;
	if (clock_s) {
		r->clock_s = *clock_s;
		r->stamped = true;
	} else if (!r->stamped) {
		if (!c->has_start || !c->interval_s) {
			line_set_state(r->line, LINE_WRONG_DATA, NO_CLOCK);
			return false;
		}
		when->replay_s = c->start_s + (s64)r->counted++ * c->interval_s;
		r->clock_s = when->replay_s;
	}
	when->steady_ms = (u64)r->clock_s * 1000;
	r->timed = true;
	return true;
}

static void give(struct replay *r, const struct telegram *t, const char *number,
		 const struct moment *when)
{
	r->given++;
	line_telegram(r->line, t, number, when);
}

static void give_held(struct replay *r)
{
	const char *number;
	struct telegram t;

	record_unpack(r->held, &t, &number);
	r->holds = false;
	r->held_when.unix_ms = host_unix_ms();
	give(r, &t, *number ? number : NULL, &r->held_when);
}

/* When damage hid the ends of several, they come at once. */
static void hold(struct replay *r, const struct telegram *t, const struct moment *when)
{
	char number[METERLINE_NUMBER_MAX + 1];

	if (r->holds)
		give_held(r);
	telegram_number(t, number, sizeof(number));
	record_pack(t, number, r->held);
	r->held_when = *when;
	r->holds = true;
}

static void replay_telegram(void *context, const struct telegram *t)
{
	struct moment when = { 0 };
	struct replay *r = context;
	s64 clock_s;

	if (!tell_time(r, telegram_time(t, &clock_s) ? &clock_s : NULL, &when))
		return;
	if (r->held)
		hold(r, t, &when);
	else
		give(r, t, NULL, &when);
}

/* A reading of DLMS, which is more than a telegram that could be held. */
static bool replay_reading(void *context, u64 started, struct moment *when)
{
	struct replay *r = context;

	(void)started;
	if (!tell_time(r, when->has_clock ? &when->clock_s : NULL, when))
		return false;
	if (r->held)
		log_limited(&r->line->limit, LEVEL_WARNING, config_of(r)->name,
			    "%s has DLMS, which is read at once: speed = real is for TIC and P1",
			    current_name(r));
	r->given++;
	return true;
}

/* How long the held telegram is not yet due, in ms. */
static u64 wait_ms(struct replay *r)
{
	s64 now_ms = steady_ms(), clock_ms = r->held_when.steady_ms;
	s64 early_ms = clock_ms + r->pace_ms - now_ms;

	if (!r->paced || early_ms > PACE_MAX_MS || early_ms < -PACE_MAX_MS) {
		r->pace_ms = now_ms - clock_ms;
		r->paced = true;
		return 0;
	}
	return early_ms > 0 ? early_ms : 0;
}

static void next_turn(struct replay *r)
{
	u64 ms = r->holds ? wait_ms(r) : 0;
	struct timeval after = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	event_add(r->turn, &after);
}

static void say_unreadable(struct replay *r, const char *name)
{
	r->unreadable++;
	log_limited(&r->line->limit, LEVEL_WARNING, config_of(r)->name, "%s cannot be read: %s",
		    name, strerror(errno));
}

static void file_close(struct replay *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

/* May leave the last telegram held. */
static void file_end(struct replay *r)
{
	stream_end(&r->stream);
	r->read++;
	if (!r->telegrams)
		log_limited(&r->line->limit, LEVEL_WARNING, config_of(r)->name,
			    "%s has no telegram of TIC, P1 or DLMS in it", current_name(r));
	else if (!r->timed)
		r->timeless++;
	file_close(r);
}

/* At their own pace not more than one telegram is taken; the rest is read again later. */
static void take(struct replay *r, const u8 *bytes, size_t count)
{
	size_t at = 0;

	if (!r->held) {
		stream_feed(&r->stream, bytes, count, 0);
		return;
	}
	while (at < count && !r->holds)
		stream_feed(&r->stream, &bytes[at++], 1, 0);
	lseek(r->fd, (off_t)at - (off_t)count, SEEK_CUR);
}

/* False when the file is at its end. */
static bool read_portion(struct replay *r)
{
	u8 *bytes = sources_buffer(r->line->source->all);
	ssize_t count;

	do
		count = read(r->fd, bytes, SOURCES_BUFFER_BYTES);
	while (count < 0 && errno == EINTR);
	if (count > 0) {
		take(r, bytes, count);
		return true;
	}
	if (count < 0) {
		say_unreadable(r, current_name(r));
		file_close(r);
	} else {
		file_end(r);
	}
	return false;
}

/* True for a file; what else lies in a directory is passed over. */
static bool file_open(struct replay *r, const char *name)
{
	struct stat st;

	r->fd = openat(r->directory, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (r->fd < 0) {
		say_unreadable(r, name);
		return false;
	}
	if (fstat(r->fd, &st) || !S_ISREG(st.st_mode)) {
		file_close(r);
		return false;
	}
	r->telegrams = 0;
	r->stamped = false;
	r->timed = false;
	stream_relearn(&r->stream);
	return true;
}

/* False when there is nothing more to read. */
static bool read_on(struct replay *r)
{
	while (r->fd < 0) {
		if (r->next == r->count)
			return false;
		file_open(r, r->names[r->next++]);
	}
	r->host_ms = host_unix_ms();
	for (unsigned int i = 0; i < TURN_PORTIONS && !r->holds; i++)
		if (!read_portion(r))
			break;
	return true;
}

static void forget_names(struct replay *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->names[i]);
	free(r->names);
	r->names = NULL;
	r->count = 0;
	r->next = 0;
	if (r->directory >= 0)
		close(r->directory);
	r->directory = AT_FDCWD;
}

static bool add_name(struct replay *r, const char *name)
{
	char **larger = reallocarray(r->names, r->count + 1, sizeof(*larger));

	if (!larger)
		return false;
	r->names = larger;
	larger[r->count] = strdup(name);
	if (!larger[r->count])
		return false;
	r->count++;
	return true;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool list_directory(struct replay *r, DIR *dir)
{
	const struct dirent *entry;

	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' && !add_name(r, entry->d_name))
			return false;
	if (r->count)
		qsort(r->names, r->count, sizeof(*r->names), by_bytes);
	return true;
}

/* Takes @fd. False with errno. */
static bool open_directory(struct replay *r, int fd)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	DIR *dir = own < 0 ? NULL : fdopendir(own);
	bool listed = dir && list_directory(r, dir);

	if (dir)
		closedir(dir);
	else if (own >= 0)
		close(own);
	r->directory = fd;
	return listed;
}

/* Fills @names. False with errno. */
static bool open_path(struct replay *r, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return false;
	if (!fstat(fd, &st) && S_ISDIR(st.st_mode))
		return open_directory(r, fd);
	close(fd);
	if (S_ISREG(st.st_mode))
		return add_name(r, path);
	errno = ENOTSUP;
	return false;
}

/* The files there are, or later, when there are none. */
static void begin(struct replay *r)
{
	bool opened = open_path(r, config_of(r)->path);

	if (opened && r->count) {
		event_add(r->turn, &at_once);
		return;
	}
	if (opened)
		line_set_state(r->line, LINE_SILENT, "no file in this directory yet");
	else if (errno == ENOTSUP)
		line_set_state(r->line, LINE_REFUSED, "it is neither a file nor a directory");
	else
		line_set_state(r->line, LINE_REFUSED, "it cannot be read: %s", strerror(errno));
	forget_names(r);
	event_add(r->turn, &look_again);
}

/* None of the files could be read. */
static void nothing_read(struct replay *r)
{
	if (r->unreadable)
		line_set_state(r->line, LINE_REFUSED, "its files cannot be read");
	else
		line_set_state(r->line, LINE_SILENT, "no file in this directory yet");
	r->unreadable = 0;
	forget_names(r);
	event_add(r->turn, &look_again);
}

/* Nothing was given to the meters. */
static const char *why_nothing(const struct replay *r)
{
	const enum line_seen seen = stream_seen(&r->stream);
	const char *why = NULL;

	if (r->timeless)
		return NO_CLOCK;
	if (seen == SEEN_P1_ENCRYPTED)
		return line_cipher_complaint(r->line, stream_trouble(&r->stream));
	if (seen == SEEN_HDLC || seen == SEEN_MBUS)
		why = stream_dlms_complaint(&r->stream);
	return why ? why : "read to its end: no telegram of TIC, P1 or DLMS in it";
}

static void say_end(struct replay *r)
{
	char timeless[40] = "", unreadable[40] = "";

	if (!r->given) {
		line_set_state(r->line, LINE_WRONG_DATA, "%s", why_nothing(r));
		return;
	}
	if (r->timeless)
		snprintf(timeless, sizeof(timeless), ", %u without time stamps", r->timeless);
	if (r->unreadable)
		snprintf(unreadable, sizeof(unreadable), ", %u unreadable", r->unreadable);
	line_set_state(r->line, LINE_OFF,
		       "read to its end: %" PRIu64 " telegram%s in %u file%s%s%s%s", r->given,
		       r->given == 1 ? "" : "s", r->read, r->read == 1 ? "" : "s", timeless,
		       unreadable, line_via(r->line));
}

static void replay_turn(evutil_socket_t fd, short what, void *context)
{
	struct replay *r = context;

	(void)fd;
	(void)what;
	if (!r->count) {
		begin(r);
		return;
	}
	if (r->holds)
		give_held(r);
	if (read_on(r) || r->holds)
		next_turn(r);
	else if (r->read)
		say_end(r);
	else
		nothing_read(r);
}

static void replay_free(struct replay *r)
{
	if (r->line)
		line_decode_end(r->line, &r->stream);
	mbus_line_free(r->mbus);
	file_close(r);
	forget_names(r);
	if (r->turn)
		event_free(r->turn);
	free(r->held);
	free(r);
}

/* False without memory. */
static bool decode_begin(struct replay *r)
{
	if (!line_decode_begin(r->line, &r->stream, config_of(r)->protocols, replay_telegram, r))
		return false;
	if (!config_of(r)->framings)
		return true;
	r->mbus = mbus_line_new(r->line, replay_reading, r);
	return r->mbus && mbus_line_begin(r->mbus, &r->stream);
}

static bool replay_start(struct source *s)
{
	struct replay *r = calloc(1, sizeof(*r));

	if (!r)
		return false;
	r->fd = -1;
	r->directory = AT_FDCWD;
	r->line = line_add(s, s->config.path);
	r->turn = event_new(sources_base(s->all), -1, 0, replay_turn, r);
	if (s->config.real_pace)
		r->held = malloc(RECORD_PACKED_MAX + TELEGRAM_PAD);
	if (!r->line || !r->turn || (s->config.real_pace && !r->held) || !decode_begin(r)) {
		replay_free(r);
		return false;
	}
	s->private = r;
	begin(r);
	return true;
}

static void replay_stop(struct source *s)
{
	replay_free(s->private);
	s->private = NULL;
}

static bool replay_tended(const struct source *s)
{
	const struct replay *r = s->private;
	bool at_end = r->count && r->next == r->count && r->fd < 0 && !r->holds;

	return at_end || evtimer_pending(r->turn, NULL);
}

const struct source_ops source_replay = {
	.type = "replay",
	.start = replay_start,
	.stop = replay_stop,
	.tended = replay_tended,
};
