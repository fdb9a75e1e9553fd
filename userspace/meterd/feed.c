// SPDX-License-Identifier: MIT
/*
 * Bytes of one stream to the telegrams of its line.
 */
#include <stdlib.h>

#include "mbus_line.h"

/* After this much silence, a '!' without anything behind it was the end of a P1 telegram. */
static const struct timeval pause_after = { .tv_sec = 1 };

/* What may stand between two telegrams, and the line end that is late. */
#define REST_BYTES 32

/**
 * struct feed - the decoder of one stream
 * @line: where telegrams go
 * @newest: when the newest bytes came
 * @pause: NULL until it was needed
 * @marked_ms: steady clock of the last valid telegram's end, or of feed_reset()
 * @bytes: that the decoder had seen then
 * @damaged: telegrams and groups that were damaged until then
 * @replayed: enciphered telegrams whose counter was old, until now
 * @mbus: whose the readings of DLMS are; NULL: none is tried
 */
struct feed {
	struct line *line;
	struct moment newest;
	struct event *pause;
	u64 marked_ms;
	u64 bytes;
	u64 damaged;
	u64 replayed;
	struct mbus_line *mbus;
	struct stream stream;
};

/* From here on it counts what comes without a valid telegram. */
static void feed_mark(struct feed *f, u64 now_ms)
{
	f->marked_ms = now_ms;
	f->bytes = stream_bytes(&f->stream);
	f->damaged = stream_damaged(&f->stream);
}

/* A telegram began at @started, and is valid. */
static bool feed_moment(void *context, u64 started, struct moment *when)
{
	struct feed *f = context;

	when->steady_ms = started;
	when->unix_ms = f->newest.unix_ms - (s64)(f->newest.steady_ms - started);
	feed_mark(f, f->newest.steady_ms);
	return true;
}

static void feed_telegram(void *context, const struct telegram *t)
{
	struct feed *f = context;
	struct moment when = { 0 };

	feed_moment(f, t->started, &when);
	line_telegram(f->line, t, NULL, &when);
}

/* False without memory. */
static bool feed_begin(struct feed *f, unsigned int protocols)
{
	if (!line_decode_begin(f->line, &f->stream, protocols, feed_telegram, f))
		return false;
	if (!f->line->source->config.framings)
		return true;
	f->mbus = mbus_line_new(f->line, feed_moment, f);
	return f->mbus && mbus_line_begin(f->mbus, &f->stream);
}

/**
 * feed_new - a decoder for a stream that comes as a meter sends it
 * @line: its line; must live longer
 * @protocols: LINE_*, those to try
 *
 * Return: the feed; NULL without memory.
 */
struct feed *feed_new(struct line *line, unsigned int protocols)
{
	struct feed *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->line = line;
	if (!feed_begin(f, protocols)) {
		feed_free(f);
		return NULL;
	}
	feed_mark(f, steady_ms());
	return f;
}

/**
 * feed_end - no more bytes of this stream
 * @f: the feed
 *
 * May give a last telegram, one without a CRC.
 */
void feed_end(struct feed *f)
{
	stream_end(&f->stream);
}

static void feed_paused(evutil_socket_t fd, short what, void *context)
{
	struct feed *f = context;

	(void)fd;
	(void)what;
	stream_pause(&f->stream);
}

/* A pause that is told when nothing waits for it any more changes nothing. */
static void feed_wait(struct feed *f)
{
	if (!f->pause)
		f->pause = event_new(sources_base(f->line->source->all), -1, 0, feed_paused, f);
	if (f->pause)
		event_add(f->pause, &pause_after);
}

/* A meter begins again when it gets another key; all else is worth a look. */
static void feed_tell_replayed(struct feed *f)
{
	const struct line *line = f->line;
	struct p1_cipher_stats cipher;

	if (!line_cipher_stats(line, &cipher) || cipher.replayed == f->replayed)
		return;
	f->replayed = cipher.replayed;
	log_limited(&f->line->limit, LEVEL_WARNING, line->source->config.name,
		    "%s: the frame counter of encrypted telegrams has not gone up: %s", line->what,
		    line->source->config.refuses_replayed ?
			    "dropped, for it may be a recording" :
			    "taken; with replayed = refuse it would be dropped");
}

/**
 * feed_bytes - take bytes of the stream
 * @f: the feed
 * @bytes: as they came
 * @count: how many
 * @when: they came
 *
 * Valid telegrams go to the line before this returns.
 */
void feed_bytes(struct feed *f, const u8 *bytes, size_t count, const struct moment *when)
{
	f->newest = *when;
	line_bytes(f->line, bytes, count);
	stream_feed(&f->stream, bytes, count, when->steady_ms);
	feed_tell_replayed(f);
	if (stream_waits_for_pause(&f->stream))
		feed_wait(f);
}

/**
 * feed_reset - another stream begins on the same line
 * @f: the feed
 *
 * Half a telegram is given up, and what protocol it was is found out again.
 */
void feed_reset(struct feed *f)
{
	stream_relearn(&f->stream);
	feed_mark(f, steady_ms());
}

/**
 * feed_seen - what the stream seems to carry
 * @f: the feed
 *
 * Where DLMS is decoded only a good frame of it tells: what looks like one may be read with the
 * wrong parity.
 *
 * Return: SEEN_NOTHING when a telegram was valid, or too little came to tell.
 */
enum line_seen feed_seen(const struct feed *f)
{
	const struct dlms_line *dlms = f->stream.dlms;
	enum line_seen seen = stream_seen(&f->stream);

	if (dlms && (seen == SEEN_HDLC || seen == SEEN_MBUS) && !dlms_line_has_frames(dlms))
		return SEEN_NOTHING;
	return seen;
}

/** feed_bytes_seen - how many bytes came since the stream began */
u64 feed_bytes_seen(const struct feed *f)
{
	return stream_bytes(&f->stream);
}

/** feed_protocol - of the telegrams that come */
enum telegram_protocol feed_protocol(const struct feed *f)
{
	return stream_is_dlms(&f->stream) ? TELEGRAM_DLMS : f->stream.line.telegram.protocol;
}

static const char *seen_complaint(const struct feed *f)
{
	switch (feed_seen(f)) {
	case SEEN_P1_ENCRYPTED:
		return line_cipher_complaint(f->line, stream_trouble(&f->stream));
	case SEEN_HDLC:
	case SEEN_MBUS:
		return stream_dlms_complaint(&f->stream);
	case SEEN_GARBAGE:
		if (f->stream.dlms)
			return "what comes is neither DLMS nor P1: look at the port, its speed and "
			       "parity, and whether it sends raw bytes";
		return "what comes is neither TIC nor P1: look at the port, its speed, and whether "
		       "it sends raw telegrams";
	case SEEN_NOTHING:
		break;
	}
	return NULL;
}

/**
 * feed_idle_ms - how long there was no valid telegram
 * @f: the feed
 *
 * Return: ms since the end of the newest one, or since the stream began.
 */
u64 feed_idle_ms(const struct feed *f)
{
	const u64 now_ms = steady_ms();

	return now_ms > f->marked_ms ? now_ms - f->marked_ms : 0;
}

/**
 * feed_complaint - what comes in place of telegrams
 * @f: the feed
 *
 * Return: a constant sentence for line_set_state(), LINE_WRONG_DATA; NULL when nothing has come
 * lately, or nothing but the rest of a valid telegram, or when it is too early to tell.
 */
const char *feed_complaint(const struct feed *f)
{
	const u64 patience_ms = line_patience_ms(f->line);
	const char *seen;

	if (stream_bytes(&f->stream) - f->bytes < REST_BYTES)
		return NULL;
	if (steady_ms() - f->newest.steady_ms > patience_ms / 2)
		return NULL;
	seen = seen_complaint(f);
	if (seen)
		return seen;
	if (stream_damaged(&f->stream) > f->damaged)
		return "telegrams come, but none is intact: is the line noisy, or are line ends "
		       "changed on the way?";
	if (feed_idle_ms(f) < patience_ms)
		return NULL;
	return "something comes, but no whole telegram so far";
}

/**
 * feed_free - the stream and its decoder are no more
 * @f: the feed, or NULL
 */
void feed_free(struct feed *f)
{
	if (!f)
		return;
	if (f->pause)
		event_free(f->pause);
	line_decode_end(f->line, &f->stream);
	mbus_line_free(f->mbus);
	free(f);
}
