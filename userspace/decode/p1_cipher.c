// SPDX-License-Identifier: MIT
/*
 * Enciphered P1: frames of general-glo-ciphering with one clear telegram in each (Luxmetering P1
 * 1.1.3, section 3.2.5).
 *
 *	DB 08 system title (8), length, security control, frame counter (4), text, tag (12)
 *
 * Poland's meters send LF 00 in place of DB and the system title, behind a clear header; the title
 * is then among the keys. The length is in BER and counts from the security control on.
 *
 * A frame is delimited by its length alone, for any byte may occur in it. After a frame that proves
 * wrong its bytes are searched for the beginning of another one, since it may have lost some. What
 * belongs to no frame goes on as it is.
 */
#include <stdlib.h>

#include "ber.h"
#include "glo.h"
#include "p1_cipher.h"

#define GENERAL_GLO_CIPHERING	0xdb
#define LF			0x0a

/* Security control: suite 0, enciphered, with or without a tag. */
#define SC_ENCIPHERED		GLO_ENCIPHERED
#define SC_AUTHENTICATED	(GLO_ENCIPHERED | GLO_AUTHENTICATED)

/* A telegram and the line end behind it. */
#define TEXT_MAX	(METERLINE_P1_MAX_BYTES + 2)
/* Tag, title and its length, length in three bytes, security control. */
#define HEADER_MAX	(2 + SYSTEM_TITLE_LEN + 3 + 1)
#define CLEAR_MARK_LEN	4
#define FRAME_MAX	(HEADER_MAX + GLO_COUNTER_LEN + TEXT_MAX + CRYPT_TAG_LEN)

/*
 * So many times what came is deciphered at most. A frame is once, and twice when its tag is wrong;
 * but headers in place of all its bytes would each claim the rest of it.
 */
#define EFFORT		4
#define EFFORT_MAX	(EFFORT * FRAME_MAX)

/* A frame; offsets count from its first byte. */
struct frame {
	const u8 *bytes;
	const u8 *title;		/* NULL: none was sent */
	size_t control;			/* offset of the security control */
	size_t end;			/* offset behind the frame */
};

/**
 * struct p1_cipher - the state of a line
 * @glo: keys and counters
 * @refuses: replayed frames are dropped
 * @hand: the frame in hand, until it gave a telegram; NULL: none
 * @replayed: the frame in hand is
 * @silent: offset in @bytes of what came after a pause; 0: there was none, or nothing before it
 * @dropped: offset in @bytes behind the frame that was dropped last; 0: it is not in there
 * @began: the caller's clock when the first of @bytes came
 * @effort: bytes that may still be deciphered
 * @len: bytes of @bytes in use
 */
struct p1_cipher {
	struct glo glo;
	struct p1_cipher_out out;
	struct p1_cipher_stats stats;
	enum p1_cipher_trouble trouble;
	bool refuses;
	const struct frame *hand;
	bool replayed;
	size_t silent;
	size_t dropped;
	u64 began;
	size_t effort;
	size_t len;
	u8 bytes[FRAME_MAX];
	u8 text[TEXT_MAX];
	struct p1_decoder p1;
};

enum verdict {
	FRAME_WHOLE,
	FRAME_OPEN,			/* more bytes are needed */
	FRAME_NONE,			/* no frame begins here */
	FRAME_TOO_LONG,
};

/**
 * p1_cipher_new - begin with an enciphered line
 * @keys: of the line, which are copied
 * @out: where telegrams and all else goes; copied
 *
 * Return: the state of the line, for p1_cipher_free(); NULL without memory, or when OpenSSL failed.
 */
struct p1_cipher *p1_cipher_new(const struct meter_keys *keys, const struct p1_cipher_out *out)
{
	struct p1_cipher *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	if (!glo_init(&c->glo, keys)) {
		free(c);
		return NULL;
	}
	c->out = *out;
	c->effort = EFFORT_MAX;
	return c;
}

/**
 * p1_cipher_free - give the state of a line back
 * @c: the state, or NULL
 */
void p1_cipher_free(struct p1_cipher *c)
{
	if (!c)
		return;
	glo_release(&c->glo);
	free(c);
}

/**
 * p1_cipher_refuse_replayed - what to do with a frame whose counter is not above those before
 * @c: state of the line
 * @refuse: drop it; by default it is taken and counted, for a meter may begin again
 */
void p1_cipher_refuse_replayed(struct p1_cipher *c, bool refuse)
{
	c->refuses = refuse;
}

/**
 * p1_cipher_stats - what was counted
 * @c: state of the line
 *
 * Return: the counts, valid as long as @c.
 */
const struct p1_cipher_stats *p1_cipher_stats(const struct p1_cipher *c)
{
	return &c->stats;
}

/** p1_cipher_trouble - why the newest frame gave no telegram */
enum p1_cipher_trouble p1_cipher_trouble(const struct p1_cipher *c)
{
	return c->trouble;
}

/* Whether a frame may begin with these bytes, of which there is at least one. */
static bool may_begin(const u8 *bytes, size_t count)
{
	if (bytes[0] == GENERAL_GLO_CIPHERING)
		return count < 2 || bytes[1] == SYSTEM_TITLE_LEN;
	return bytes[0] == LF && (count < 2 || !bytes[1]);
}

/* Reads the beginning of a frame in the @count bytes that are there. */
static enum verdict read_frame(const u8 *bytes, size_t count, struct frame *f)
{
	const bool titled = bytes[0] == GENERAL_GLO_CIPHERING;
	size_t at = titled ? 2 + SYSTEM_TITLE_LEN : 2;
	size_t length;
	int size;

	if (!may_begin(bytes, count))
		return FRAME_NONE;
	size = at < count ? ber_length(bytes + at, count - at, &length) : 0;
	if (size <= 0)
		return size ? FRAME_NONE : FRAME_OPEN;
	f->bytes = bytes;
	f->title = titled ? bytes + 2 : NULL;
	f->control = at + size;
	f->end = f->control + length;
	if (f->control >= count)
		return FRAME_OPEN;
	if (bytes[f->control] != SC_ENCIPHERED && bytes[f->control] != SC_AUTHENTICATED)
		return FRAME_NONE;
	if (length <= glo_overhead(SC_AUTHENTICATED))
		return FRAME_NONE;
	if (f->end > FRAME_MAX)
		return FRAME_TOO_LONG;
	return f->end <= count ? FRAME_WHOLE : FRAME_OPEN;
}

/* '/' and three letters: a clear telegram, or the clear header of a frame. */
static bool begins_clear(const u8 *bytes, size_t count)
{
	if (count < CLEAR_MARK_LEN || bytes[0] != '/')
		return false;
	for (size_t i = 1; i < CLEAR_MARK_LEN; i++)
		if ((u8)((bytes[i] | 0x20) - 'a') > 'z' - 'a')
			return false;
	return true;
}

/*
 * Whether another frame or telegram begins with what came after a pause. The frame at @open was cut
 * off, then; else it may go on, for gateways stall.
 */
static bool begins_after_pause(const struct p1_cipher *c, size_t open)
{
	const u8 *bytes = c->bytes + c->silent;
	size_t count = c->len - c->silent;
	enum verdict verdict;
	struct frame f;

	if (c->silent <= open || !count)
		return false;
	verdict = count < HEADER_MAX ? FRAME_NONE : read_frame(bytes, count, &f);
	return verdict == FRAME_WHOLE || verdict == FRAME_OPEN || begins_clear(bytes, count);
}

static struct glo_text text_of(const struct p1_cipher *c, const struct frame *f)
{
	const struct glo_text text = {
		.title = f->title ? f->title : c->glo.keys->system_title,
		.control = f->bytes + f->control,
		.len = f->end - f->control,
	};

	return text;
}

static bool is_tagged(const struct frame *f)
{
	return f->bytes[f->control] & GLO_AUTHENTICATED;
}

/* Deciphers a whole frame into c->text. Returns its length; 0: with @verify, the tag is wrong. */
static size_t open_frame(struct p1_cipher *c, const struct frame *f, bool verify)
{
	const struct glo_text text = text_of(c, f);
	const size_t len = glo_text_len(&text);

	if (len > sizeof(c->text) || len > c->effort)
		return 0;
	c->effort -= len;
	c->stats.deciphered += len;
	return glo_open(&c->glo, &text, verify, c->text) ? len : 0;
}

/* The frame in hand gave a telegram, so its counter is no noise. */
static void count_frame(struct p1_cipher *c)
{
	const struct frame *f = c->hand;
	const struct glo_text text = text_of(c, f);

	c->hand = NULL;
	if (!f->title)
		c->out.headed(c->out.telegrams.context);
	c->out.telegrams.stats->bytes += f->end;
	if (c->glo.keys->has_auth_key)
		c->stats.verified++;
	else
		c->stats.unverified++;
	c->stats.replayed += c->replayed;
	c->trouble = c->replayed && c->refuses ? CIPHER_REPLAYED : CIPHER_FINE;
	if (c->replayed && c->refuses)
		return;
	glo_remember(&c->glo, text.title, glo_counter(&text));
}

/* A telegram in the frame in hand. */
static void take_telegram(void *context, const struct telegram *t)
{
	struct p1_cipher *c = context;
	const struct telegram_sink *to = &c->out.telegrams;

	/* One without a CRC is for clear lines. */
	if (!c->glo.keys->has_auth_key && !c->p1.digits)
		return;
	if (c->hand)
		count_frame(c);
	if (c->replayed && c->refuses)
		return;
	to->stats->telegrams++;
	to->emit(to->context, t);
}

static void ignore_telegram(void *context, const struct telegram *t)
{
	(void)context;
	(void)t;
}

/* How many telegrams are in the first @len bytes of c->text; each goes to @emit. */
static u64 read_text(struct p1_cipher *c, size_t len, u64 now, telegram_fn emit)
{
	struct telegram_stats inner = { .bytes = 0 };
	const struct telegram_sink sink = { c->out.telegrams.telegram, &inner, emit, c };

	p1_init(&c->p1);
	p1_feed(&c->p1, c->text, len, now, &sink);
	p1_pause(&c->p1, &sink);
	c->out.telegrams.stats->unknown_labels += inner.unknown_labels;
	return inner.telegrams;
}

static bool is_replayed(const struct p1_cipher *c, const struct frame *f)
{
	const struct glo_text text = text_of(c, f);

	return glo_is_replayed(&c->glo, &text);
}

/* What is wrong when the tag is, or is not there. Who has the key to it is not content then. */
static enum p1_cipher_trouble tag_trouble(struct p1_cipher *c, const struct frame *f)
{
	size_t len = open_frame(c, f, false);

	if (!len || !read_text(c, len, 0, ignore_telegram))
		return CIPHER_WRONG_KEY;
	return is_tagged(f) ? CIPHER_WRONG_TAG : CIPHER_NO_TAG;
}

static void drop_frame(struct p1_cipher *c, enum p1_cipher_trouble why)
{
	c->trouble = why;
	if (why == CIPHER_WRONG_TAG || why == CIPHER_NO_TAG)
		c->stats.wrong_tag++;
	else
		c->stats.unreadable++;
	if (why == CIPHER_NO_TITLE)
		c->out.telegrams.stats->bad_form++;
	else
		c->out.telegrams.stats->bad_checksum++;
}

/* Hands out the telegrams in a whole frame; false when it is perhaps none. */
static bool take_frame(struct p1_cipher *c, const struct frame *f, u64 began)
{
	const bool verify = c->glo.keys->has_auth_key;
	size_t len = 0;

	if (!f->title && !c->glo.keys->has_system_title) {
		drop_frame(c, CIPHER_NO_TITLE);
		return false;
	}
	if (!verify || is_tagged(f))
		len = open_frame(c, f, verify);
	if (verify && !len) {
		drop_frame(c, tag_trouble(c, f));
		return false;
	}
	c->hand = f;
	c->replayed = is_replayed(c, f);
	read_text(c, len, began, take_telegram);
	if (!c->hand)
		return true;
	c->hand = NULL;
	drop_frame(c, CIPHER_WRONG_KEY);
	return false;
}

/* What begins at @at is none, or is cut off: its bytes up to @end, that is. */
static void drop_bytes(struct p1_cipher *c, size_t end)
{
	if (end > c->dropped)
		c->dropped = end;
}

/* Length of the frame at @at, which is done with; 1: none begins there; 0: more is to come. */
static size_t take_at(struct p1_cipher *c, size_t at, u64 now, bool last)
{
	const size_t count = c->len - at;
	struct frame f;

	switch (read_frame(c->bytes + at, count, &f)) {
	case FRAME_WHOLE:
		if (take_frame(c, &f, at ? now : c->began))
			return f.end;
		drop_bytes(c, at + f.end);
		break;
	case FRAME_OPEN:
		if (!last && !begins_after_pause(c, at))
			return 0;
		if (count < HEADER_MAX)
			break;
		c->out.telegrams.stats->resyncs++;
		drop_bytes(c, last ? c->len : c->silent);
		break;
	case FRAME_TOO_LONG:
		c->out.telegrams.stats->oversize++;
		break;
	case FRAME_NONE:
		break;
	}
	return 1;
}

/* Offset of the next byte that may begin a frame, from @at on. */
static size_t next_begin(const struct p1_cipher *c, size_t at)
{
	while (at < c->len && !may_begin(c->bytes + at, c->len - at))
		at++;
	return at;
}

static void pass_on(struct p1_cipher *c, size_t from, size_t to, u64 now)
{
	size_t dropped = c->dropped < to ? c->dropped : to;

	if (from < dropped) {
		c->out.dropped(c->out.telegrams.context, c->bytes + from, dropped - from, now);
		from = dropped;
	}
	if (from < to)
		c->out.clear(c->out.telegrams.context, c->bytes + from, to - from, now);
}

/* Forgets the first @done bytes. */
static void shift(struct p1_cipher *c, size_t done, u64 now)
{
	if (!done)
		return;
	c->len -= done;
	memmove(c->bytes, c->bytes + done, c->len);
	c->silent = c->silent > done ? c->silent - done : 0;
	c->dropped = c->dropped > done ? c->dropped - done : 0;
	c->began = now;
}

/* By what is done with and not by what came, so that chunks change nothing. */
static void allow_effort(struct p1_cipher *c, size_t done)
{
	c->effort += EFFORT * done;
	if (c->effort > EFFORT_MAX)
		c->effort = EFFORT_MAX;
}

/* With @last no more bytes will come. */
static void take(struct p1_cipher *c, u64 now, bool last)
{
	size_t at = 0, clear = 0, done;

	for (;;) {
		at = next_begin(c, at);
		pass_on(c, clear, at, now);
		allow_effort(c, at - clear);
		clear = at;
		if (at == c->len)
			break;
		done = take_at(c, at, now, last);
		if (!done)
			break;
		at += done;
		if (done == 1)
			continue;
		allow_effort(c, done);
		clear = at;
	}
	shift(c, clear, now);
}

/**
 * p1_cipher_feed - take bytes of the line
 * @c: state of the line
 * @bytes: as they came, in any chunks
 * @count: number of @bytes
 * @now: the caller's clock, for the start of a telegram that begins in these bytes
 */
void p1_cipher_feed(struct p1_cipher *c, const u8 *bytes, size_t count, u64 now)
{
	while (count) {
		size_t room = sizeof(c->bytes) - c->len;
		size_t n = count < room ? count : room;

		if (!c->len)
			c->began = now;
		memcpy(c->bytes + c->len, bytes, n);
		c->len += n;
		bytes += n;
		count -= n;
		take(c, now, false);
	}
}

/**
 * p1_cipher_waits_for_pause - whether p1_cipher_pause() would change anything
 * @c: state of the line
 */
bool p1_cipher_waits_for_pause(const struct p1_cipher *c)
{
	return c->len && c->silent != c->len;
}

/**
 * p1_cipher_pause - the line was silent for a second
 * @c: state of the line
 *
 * The frame that has not come to its end may have lost bytes: when another one begins in what comes
 * next, it is not waited for.
 */
void p1_cipher_pause(struct p1_cipher *c)
{
	c->silent = c->len;
}

/**
 * p1_cipher_end - the data of the line is at its end
 * @c: state of the line
 *
 * A frame that has not come to its end has lost bytes: what looks like its text may be the next
 * one.
 */
void p1_cipher_end(struct p1_cipher *c)
{
	take(c, c->began, true);
}

/**
 * p1_cipher_reset - another stream begins
 * @c: state of the line
 *
 * Half a frame is given up; counts, and the highest counter, stay.
 */
void p1_cipher_reset(struct p1_cipher *c)
{
	c->len = 0;
	c->silent = 0;
	c->dropped = 0;
	c->trouble = CIPHER_FINE;
}
