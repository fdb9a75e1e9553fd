// SPDX-License-Identifier: MIT
/*
 * A line: its state, and the way of its telegrams to the meters.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../lib/median.h"
#include "sources.h"
#include "trace.h"

/* Without a valid telegram for less than this, no line is given up: meters send every 10 s. */
#define PATIENCE_MIN_MS 30000
#define PATIENCE_PERIODS 3

/**
 * steady_ms - a clock that only goes on, also while the machine sleeps
 *
 * Return: CLOCK_BOOTTIME in ms.
 */
u64 steady_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (u64)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/**
 * host_unix_ms - the host's clock, right or wrong
 *
 * Return: ms since 1970.
 */
s64 host_unix_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (s64)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/**
 * line_state_name - the word of the data contract
 * @state: a state
 *
 * Return: a constant string.
 */
const char *line_state_name(enum line_state state)
{
	switch (state) {
	case LINE_OFF:
		break;
	case LINE_SILENT:
		return "silent";
	case LINE_CONNECTED:
		return "connected";
	case LINE_WRONG_DATA:
		return "wrong-data";
	case LINE_REFUSED:
		return "refused";
	}
	return "off";
}

static void line_free(struct line *line)
{
	free(line->what);
	free(line->why);
	free(line);
}

/**
 * line_set_what - a line is of something else from now on
 * @line: the line
 * @what: for people: host and port, device, file, meterN; cut at LINE_WHAT_MAX
 *
 * Return: false without memory; nothing changed then.
 */
bool line_set_what(struct line *line, const char *what)
{
	char *copy = strndup(what, LINE_WHAT_MAX - 1);

	if (!copy)
		return false;
	free(line->what);
	line->what = copy;
	return true;
}

/**
 * line_add - a stream of telegrams begins to exist
 * @s: its source
 * @what: as of line_set_what()
 *
 * It begins silent, and the first line_set_state() is told in the log even when it says silent.
 *
 * Return: the line, which is the last of its source; NULL without memory.
 */
struct line *line_add(struct source *s, const char *what)
{
	struct line *line = calloc(1, sizeof(*line));

	if (!line)
		return NULL;
	line->why = strdup("just begun");
	if (!line->why || !line_set_what(line, what)) {
		line_free(line);
		return NULL;
	}
	line->source = s;
	line->state = LINE_SILENT;
	line->since_s = host_unix_ms() / 1000;
	*s->lines_end = line;
	s->lines_end = &line->next;
	return line;
}

/**
 * line_add_address - line_add() of what is called by an address
 * @s: its source
 * @host: a name or an address, without brackets
 * @port: of it
 *
 * Return: as line_add().
 */
struct line *line_add_address(struct source *s, const char *host, u16 port)
{
	const bool brackets = strchr(host, ':');
	char what[LINE_WHAT_MAX];

	snprintf(what, sizeof(what), brackets ? "[%s]:%u" : "%s:%u", host, port);
	return line_add(s, what);
}

/**
 * line_remove - a stream of telegrams is no more
 * @line: of a source; freed. Its feed, if any, was freed before
 *
 * Never while one of its telegrams is on its way.
 */
void line_remove(struct line *line)
{
	struct sources *all = line->source->all;
	struct line **at = &line->source->lines;

	while (*at != line)
		at = &(*at)->next;
	*at = line->next;
	if (!line->next)
		line->source->lines_end = at;
	all->calling++;
	all->out.gone(all->out.context, line);
	all->calling--;
	line_free(line);
}

/* Trouble is a warning; beginning, ending and being well is not. */
static enum log_level state_level(const struct line *line)
{
	if (line->state == LINE_CONNECTED || line->state == LINE_OFF)
		return LEVEL_INFO;
	return !line->told && line->state == LINE_SILENT ? LEVEL_INFO : LEVEL_WARNING;
}

/* Thousands of modules that come and go together are one subject. */
static struct log_limit *limit_of(struct line *line)
{
	struct source *s = line->source;

	return s->config.type == SOURCE_D2L && line != s->lines ? &s->modules_limit : &line->limit;
}

/* Without memory it stays as it was. */
static void set_why(struct line *line, const char *why)
{
	char *copy = strdup(why);

	if (!copy)
		return;
	free(line->why);
	line->why = copy;
}

/**
 * line_set_state - how a line does
 * @line: the line
 * @state: its state from now on
 * @why: a sentence without a full stop that says what to do, as of printf(). Without numbers that
 *	differ each time, since each new sentence is a line in the log
 *
 * Costs little and does nothing when both are as they were.
 */
void line_set_state(struct line *line, enum line_state state, const char *why, ...)
{
	struct source *s = line->source;
	char text[LINE_WHY_MAX];
	va_list args;

	va_start(args, why);
	vsnprintf(text, sizeof(text), why, args);
	va_end(args);
	if (line->state == state && !strcmp(line->why, text))
		return;
	if (line->state != state)
		line->since_s = host_unix_ms() / 1000;
	line->state = state;
	set_why(line, text);
	log_limited(limit_of(line), state_level(line), s->config.name, "%s: %s: %s",
		    line->what, line_state_name(state), text);
	line->told = true;
	s->all->calling++;
	s->all->out.state(s->all->out.context, line);
	s->all->calling--;
}

/* Telegrams of one read, and clocks that were turned back, say nothing of the period. */
static void line_interval(struct line *line, u64 now_ms)
{
	u64 ms = now_ms - line->last_steady_ms;

	if (!line->last_steady_ms || now_ms <= line->last_steady_ms || ms > UINT32_MAX)
		return;
	line->recent_ms[2] = line->recent_ms[1];
	line->recent_ms[1] = line->recent_ms[0];
	line->recent_ms[0] = ms;
	if (line->recent_ms[2])
		line->interval_ms = median_of_three(line->recent_ms);
}

/**
 * line_via - in which way the telegrams of a line came
 * @line: the line
 *
 * Return: for people, what to say behind "telegrams come"; "" when they came in clear.
 */
const char *line_via(const struct line *line)
{
	struct p1_cipher_stats cipher;

	if (!line_cipher_stats(line, &cipher))
		return "";
	if (cipher.verified)
		return ", encrypted, with good tags";
	if (cipher.unverified)
		return ", encrypted; their tags cannot be verified without auth_key";
	return "";
}

/**
 * line_telegram - a valid telegram came
 * @line: on it
 * @t: the telegram; valid until this returns
 * @number: the meter's number where the transport knows it better than the telegram, else NULL
 * @when: its first byte came
 *
 * What hears of it may switch sources on and off; that takes place when this has returned.
 */
void line_telegram(struct line *line, const struct telegram *t, const char *number,
		   const struct moment *when)
{
	struct source *s = line->source;

	line_interval(line, when->steady_ms);
	line->telegrams++;
	line->last_steady_ms = when->steady_ms;
	if (line->state != LINE_CONNECTED)
		line_set_state(line, LINE_CONNECTED, "%s telegrams come%s",
			       telegram_protocol_name(t->protocol), line_via(line));
	if (s->trace)
		trace_telegram(s->trace, line, t, when);
	s->all->calling++;
	s->all->out.telegram(s->all->out.context, line, t, number, when);
	s->all->calling--;
}

/**
 * line_told_of - the meter of a line told of another one, in a telegram that has just come
 * @line: the line
 * @t: what it said; valid until this returns
 * @number: of the other meter
 * @when: as of line_telegram()
 */
void line_told_of(struct line *line, const struct telegram *t, const char *number,
		  const struct moment *when)
{
	struct sources *all = line->source->all;

	all->calling++;
	all->out.telegram(all->out.context, line, t, number, when);
	all->calling--;
}

/**
 * line_bytes - bytes came
 * @line: on it
 * @bytes: as they came, before they are decoded
 * @count: of them
 */
void line_bytes(struct line *line, const u8 *bytes, size_t count)
{
	const struct source_out *out = &line->source->all->out;

	if (out->bytes)
		out->bytes(out->context, line, bytes, count);
}

/**
 * line_decode_begin - a stream of bytes on a line
 * @line: the line, which has one at a time
 * @stream: its state, for line_decode_end()
 * @protocols: LINE_*, those to try
 * @emit: called for each valid telegram
 * @context: given to @emit
 *
 * It has the keys of the source, and what is counted of it is seen at the line.
 *
 * Return: false without memory.
 */
bool line_decode_begin(struct line *line, struct stream *stream, unsigned int protocols,
		       telegram_fn emit, void *context)
{
	const struct source *s = line->source;

	if (!stream_init(stream, protocols, s->keys, emit, context))
		return false;
	line->decoder = &stream->line;
	if (!stream->cipher)
		return true;
	p1_cipher_refuse_replayed(stream->cipher, s->config.refuses_replayed);
	line->cipher = p1_cipher_stats(stream->cipher);
	return true;
}

/**
 * line_decode_end - no more of it
 * @line: the line
 * @stream: of line_decode_begin()
 */
void line_decode_end(struct line *line, struct stream *stream)
{
	line->decoder = NULL;
	line->cipher = NULL;
	line->dlms = NULL;
	stream_release(stream);
}

/* What to do while there are no keys. */
static const char *want_keys(const struct source *s)
{
	if (s->config.key_file)
		return "encrypted P1 comes, and its key file could not be read, as the log says; "
		       "mend it and reload";
	return "encrypted P1 comes: ask the grid operator for the meter's key and give it as "
	       "key_file";
}

/**
 * line_cipher_complaint - what to do about enciphered telegrams that are not read
 * @line: the line
 * @trouble: why not; CIPHER_FINE: there are no keys
 *
 * Return: a constant sentence for line_set_state(), LINE_WRONG_DATA.
 */
const char *line_cipher_complaint(const struct line *line, enum p1_cipher_trouble trouble)
{
	switch (trouble) {
	case CIPHER_WRONG_KEY:
		return "encrypted P1 comes, but no telegram comes out: is the key that of this "
		       "meter?";
	case CIPHER_WRONG_TAG:
		return "encrypted P1 comes, but its tags are wrong: correct auth_key, or leave it "
		       "out";
	case CIPHER_NO_TAG:
		return "encrypted P1 comes without tags to verify: leave auth_key out";
	case CIPHER_NO_TITLE:
		return "encrypted P1 comes without a system title: give system_title beside the "
		       "key";
	case CIPHER_REPLAYED:
		return "encrypted P1 comes with old counters, which replayed = refuse drops: has "
		       "the meter begun again?";
	case CIPHER_FINE:
		break;
	}
	if (line->cipher)
		return "encrypted P1 comes, but no frame of it is whole: is the line noisy?";
	return want_keys(line->source);
}

/**
 * line_patience_ms - how long a line may be without a valid telegram
 * @line: the line
 *
 * Return: three of its periods, at least 30 s, in ms.
 */
u64 line_patience_ms(const struct line *line)
{
	u64 ms = (u64)line->interval_ms * PATIENCE_PERIODS;

	return ms > PATIENCE_MIN_MS ? ms : PATIENCE_MIN_MS;
}
