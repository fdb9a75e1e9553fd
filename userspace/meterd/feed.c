// SPDX-License-Identifier: MIT
/*
 * Bytes of one stream to the telegrams of its line.
 */
#include <stdlib.h>

#include "source.h"

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
 */
struct feed {
	struct line *line;
	struct moment newest;
	struct event *pause;
	u64 marked_ms;
	u64 bytes;
	u64 damaged;
	struct line_decoder decoder;
};

static u64 feed_damaged(const struct feed *f)
{
	return f->decoder.stats.bad_checksum + f->decoder.stats.bad_parity;
}

/* From here on it counts what comes without a valid telegram. */
static void feed_mark(struct feed *f, u64 now_ms)
{
	f->marked_ms = now_ms;
	f->bytes = f->decoder.stats.bytes;
	f->damaged = feed_damaged(f);
}

static void feed_telegram(void *context, const struct telegram *t)
{
	struct feed *f = context;
	struct moment when = f->newest;

	when.steady_ms = t->started;
	when.unix_ms -= f->newest.steady_ms - t->started;
	feed_mark(f, f->newest.steady_ms);
	line_telegram(f->line, t, NULL, &when);
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
	line_decoder_init(&f->decoder, protocols, feed_telegram, f);
	line->decoder = &f->decoder;
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
	line_decoder_pause(&f->decoder);
}

static void feed_paused(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	feed_end(context);
}

/* A pause that is told when nothing waits for it any more changes nothing. */
static void feed_wait(struct feed *f)
{
	if (!f->pause)
		f->pause = event_new(sources_base(f->line->source->all), -1, 0, feed_paused, f);
	if (f->pause)
		event_add(f->pause, &pause_after);
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
	line_decoder_feed(&f->decoder, bytes, count, when->steady_ms);
	if (line_decoder_waits_for_pause(&f->decoder))
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
	line_decoder_relearn(&f->decoder);
	feed_mark(f, steady_ms());
}

static const char *feed_seen(const struct feed *f)
{
	switch (line_decoder_seen(&f->decoder)) {
	case SEEN_P1_ENCRYPTED:
		return "encrypted P1 comes; meterd can't read it, 'meterctl decode --key-file' "
		       "reads a recording of it";
	case SEEN_HDLC:
		return "HDLC frames come (DLMS), not TIC or P1: meterd can't read this kind of "
		       "meter";
	case SEEN_MBUS:
		return "M-Bus frames come (DLMS), not TIC or P1: meterd can't read this kind of "
		       "meter";
	case SEEN_GARBAGE:
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
	const struct line_decoder *d = &f->decoder;
	const u64 patience_ms = line_patience_ms(f->line);
	const char *seen;

	if (d->stats.bytes - f->bytes < REST_BYTES)
		return NULL;
	if (steady_ms() - f->newest.steady_ms > patience_ms / 2)
		return NULL;
	seen = feed_seen(f);
	if (seen)
		return seen;
	if (feed_damaged(f) > f->damaged)
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
	f->line->decoder = NULL;
	free(f);
}
