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
 * wrong its bytes are searched for the beginning of another one, since it may have lost some.
 */
#include <stdlib.h>

#include "p1_cipher.h"

#define GENERAL_GLO_CIPHERING	0xdb
#define LF			0x0a

/* Security control: suite 0, enciphered, with or without a tag. */
#define SC_ENCIPHERED		0x20
#define SC_AUTHENTICATED	0x30

#define COUNTER_LEN	4
/* A telegram and the line end behind it. */
#define TEXT_MAX	(METERLINE_P1_MAX_BYTES + 2)
/* Tag, title and its length, length in three bytes, security control. */
#define HEADER_MAX	(2 + P1_TITLE_LEN + 3 + 1)
#define FRAME_MAX	(HEADER_MAX + COUNTER_LEN + TEXT_MAX + CRYPT_TAG_LEN)

struct p1_cipher {
	struct p1_keys keys;
	telegram_fn emit;
	void *context;
	struct p1_cipher_stats stats;
	size_t len;			/* bytes of @bytes in use */
	u8 bytes[FRAME_MAX];
	u8 text[TEXT_MAX];
	struct p1_decoder p1;
	struct telegram telegram;
};

/* What stands before the text of a frame; offsets count from its first byte. */
struct frame {
	const u8 *title;		/* NULL: none was sent */
	size_t control;			/* offset of the security control */
	size_t end;			/* offset behind the frame */
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
 * @emit: called for each valid telegram
 * @context: given to @emit
 *
 * Return: the state of the line, for p1_cipher_free(); NULL without memory.
 */
struct p1_cipher *p1_cipher_new(const struct p1_keys *keys, telegram_fn emit, void *context)
{
	struct p1_cipher *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->keys = *keys;
	c->emit = emit;
	c->context = context;
	return c;
}

/**
 * p1_cipher_free - give the state of a line back
 * @c: the state, or NULL
 */
void p1_cipher_free(struct p1_cipher *c)
{
	free(c);
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

/* BER length at @at. Sets *@size to the bytes it takes. */
static enum verdict read_length(const u8 *bytes, size_t count, size_t at, size_t *size,
				size_t *length)
{
	if (at >= count)
		return FRAME_OPEN;
	*size = bytes[at] < 0x80 ? 1 : bytes[at] - 0x80 + 1;
	if (*size < 1 || *size > 3 || bytes[at] == 0x80)
		return FRAME_NONE;
	if (at + *size > count)
		return FRAME_OPEN;
	*length = *size == 3 ? bytes[at + 1] << 8 | bytes[at + 2] : bytes[at + *size - 1];
	return FRAME_WHOLE;
}

/* Reads the beginning of a frame in the @count bytes that are there. */
static enum verdict read_frame(const u8 *bytes, size_t count, struct frame *f)
{
	const bool titled = bytes[0] == GENERAL_GLO_CIPHERING;
	size_t at = titled ? 2 + P1_TITLE_LEN : 2;
	size_t size, length;
	enum verdict verdict;

	if (bytes[0] != GENERAL_GLO_CIPHERING && bytes[0] != LF)
		return FRAME_NONE;
	if (count > 1 && bytes[1] != (titled ? P1_TITLE_LEN : 0))
		return FRAME_NONE;
	verdict = read_length(bytes, count, at, &size, &length);
	if (verdict != FRAME_WHOLE)
		return verdict;
	f->title = titled ? bytes + 2 : NULL;
	f->control = at + size;
	f->end = f->control + length;
	if (f->control >= count)
		return FRAME_OPEN;
	if (bytes[f->control] != SC_ENCIPHERED && bytes[f->control] != SC_AUTHENTICATED)
		return FRAME_NONE;
	if (length <= 1 + COUNTER_LEN + CRYPT_TAG_LEN)
		return FRAME_NONE;
	if (f->end > FRAME_MAX)
		return FRAME_TOO_LONG;
	return f->end <= count ? FRAME_WHOLE : FRAME_OPEN;
}

/* Deciphers a whole frame into c->text; returns the length of that, or 0. */
static size_t open_frame(struct p1_cipher *c, const u8 *bytes, const struct frame *f)
{
	const bool tagged = bytes[f->control] == SC_AUTHENTICATED;
	const u8 *title = f->title ? f->title : c->keys.system_title;
	const size_t text = f->control + 1 + COUNTER_LEN;
	u8 iv[CRYPT_IV_LEN], aad[1 + CRYPT_KEY_LEN];
	struct crypt_message m = {
		.key = c->keys.key,
		.iv = iv,
		.aad = aad,
		.aad_len = sizeof(aad),
		.bytes = bytes + text,
		.len = f->end - text - (tagged ? CRYPT_TAG_LEN : 0),
		.tag = bytes + f->end - CRYPT_TAG_LEN,
	};
	bool good;

	if (m.len > sizeof(c->text))
		return 0;
	memcpy(iv, title, P1_TITLE_LEN);
	memcpy(iv + P1_TITLE_LEN, bytes + f->control + 1, COUNTER_LEN);
	aad[0] = bytes[f->control];
	memcpy(aad + 1, c->keys.auth_key, CRYPT_KEY_LEN);
	/* Who has the key to a tag is not content with a frame that claims to need none. */
	good = c->keys.has_auth_key ? tagged && crypt_verify_and_decipher(&m, c->text)
				    : crypt_decipher(&m, c->text);
	return good ? m.len : 0;
}

/* Hands out the telegrams in a whole frame; false when there is none. */
static bool take_frame(struct p1_cipher *c, const u8 *bytes, const struct frame *f)
{
	struct telegram_stats inner = { .bytes = 0 };
	const struct telegram_sink sink = { &c->telegram, &inner, c->emit, c->context };
	size_t len = open_frame(c, bytes, f);

	p1_init(&c->p1);
	p1_feed(&c->p1, c->text, len, 0, &sink);
	p1_pause(&c->p1, &sink);
	c->stats.telegrams += inner.telegrams;
	return inner.telegrams;
}

/* Returns how many of the @count bytes are done with; with @last no more will come for them. */
static size_t take_bytes(struct p1_cipher *c, const u8 *bytes, size_t count, bool last)
{
	enum verdict verdict;
	struct frame f;

	if (bytes[0] != GENERAL_GLO_CIPHERING && bytes[0] != LF)
		return 1;
	verdict = read_frame(bytes, count, &f);
	if (verdict == FRAME_OPEN && !last)
		return 0;
	if (verdict == FRAME_WHOLE && !f.title && !c->keys.has_system_title) {
		c->stats.untitled++;
		return f.end;
	}
	if (verdict == FRAME_WHOLE && take_frame(c, bytes, &f))
		return f.end;
	c->stats.bad_checksum += verdict == FRAME_WHOLE;
	c->stats.oversize += verdict == FRAME_TOO_LONG;
	c->stats.framing += verdict == FRAME_OPEN && count >= HEADER_MAX;
	return 1;
}

static void take(struct p1_cipher *c, bool last)
{
	size_t at = 0, done;

	while (at < c->len) {
		done = take_bytes(c, c->bytes + at, c->len - at, last);
		if (!done)
			break;
		at += done;
	}
	c->len -= at;
	memmove(c->bytes, c->bytes + at, c->len);
}

/**
 * p1_cipher_feed - take bytes of the line
 * @c: state of the line
 * @bytes: as they came, in any chunks
 * @count: number of @bytes
 *
 * What is no frame is skipped: clear telegrams are for a decoder of their own.
 */
void p1_cipher_feed(struct p1_cipher *c, const u8 *bytes, size_t count)
{
	c->stats.bytes += count;
	while (count) {
		size_t room = sizeof(c->bytes) - c->len;
		size_t n = count < room ? count : room;

		memcpy(c->bytes + c->len, bytes, n);
		c->len += n;
		bytes += n;
		count -= n;
		take(c, false);
	}
}

/**
 * p1_cipher_pause - the line was silent for a second, or its data is at an end
 * @c: state of the line
 *
 * A frame that has not come to its end has lost bytes: what looks like its text may be the next
 * one.
 */
void p1_cipher_pause(struct p1_cipher *c)
{
	take(c, true);
}
