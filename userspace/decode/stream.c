// SPDX-License-Identifier: MIT
/*
 * A stream of bytes to telegrams, whether they are clear or enciphered.
 *
 * Frames of P1 are taken out first; what belongs to none goes on to the decoders of clear telegrams,
 * so that those of both kinds come in the order in which they were sent. DLMS is another kind of
 * stream: which one it is shows with the first that is valid.
 */
#include "stream.h"

static void clear_bytes(void *context, const u8 *bytes, size_t count, u64 now)
{
	struct stream *s = context;

	line_decoder_feed(&s->line, bytes, count, now);
}

/*
 * Where telegrams are clear too, a damaged length may have taken one in. Elsewhere it is noise, and
 * would only count as broken telegrams of every protocol that is tried.
 */
static void dropped_bytes(void *context, const u8 *bytes, size_t count, u64 now)
{
	struct stream *s = context;

	if (s->line.valid)
		line_decoder_feed(&s->line, bytes, count, now);
	else
		s->line.stats.bytes += count;
}

/* The header of a frame looks like the beginning of a clear telegram that never ends. */
static void forget_header(void *context)
{
	struct stream *s = context;

	p1_init(&s->line.p1);
}

static void enciphered_telegram(void *context, const struct telegram *t)
{
	struct stream *s = context;

	s->via = "p1-encrypted";
	s->line.emit(s->line.context, t);
	s->via = NULL;
}

/**
 * stream_init - begin with a stream
 * @s: its state; the caller serialises all calls on it
 * @protocols: LINE_*, those to try
 * @keys: of enciphered P1, which are copied; NULL: none
 * @emit: called for each valid telegram
 * @context: given to @emit
 *
 * Return: false without memory, and then there is nothing to release.
 */
bool stream_init(struct stream *s, unsigned int protocols, const struct meter_keys *keys,
		 telegram_fn emit, void *context)
{
	const struct p1_cipher_out out = {
		.clear = clear_bytes,
		.dropped = dropped_bytes,
		.headed = forget_header,
		.telegrams = {
			.telegram = &s->line.telegram,
			.stats = &s->line.stats,
			.emit = enciphered_telegram,
			.context = s,
		},
	};

	line_decoder_init(&s->line, protocols, emit, context);
	s->via = NULL;
	s->dlms = NULL;
	s->dlms_before = 0;
	s->bytes = 0;
	s->cipher = keys ? p1_cipher_new(keys, &out) : NULL;
	return s->cipher || !keys;
}

/* What a meter of DLMS enciphers may be the text of a P1 telegram (Sagemcom T210-D, Graz). */
static size_t dlms_text(void *context, const struct dlms_apdu *apdu)
{
	struct stream *s = context;
	const struct telegram_sink sink = {
		.telegram = &s->line.telegram,
		.stats = &s->line.stats,
		.emit = enciphered_telegram,
		.context = s,
	};
	const u64 before = s->line.stats.telegrams;

	p1_init(&s->line.p1);
	p1_feed(&s->line.p1, apdu->bytes, apdu->len, apdu->first_byte, &sink);
	p1_pause(&s->line.p1, &sink);
	return s->line.stats.telegrams != before ? apdu->len : 0;
}

/**
 * stream_add_dlms - DLMS is tried, too
 * @s: its state, just begun
 * @framings: DLMS_HDLC, DLMS_MBUS, DLMS_RAW
 * @keys: of enciphered messages, which are copied; NULL: none
 * @out: where APDUs go; its @text is not used
 *
 * Return: false without memory.
 */
bool stream_add_dlms(struct stream *s, unsigned int framings, const struct meter_keys *keys,
		     const struct dlms_out *out)
{
	struct dlms_out with_text = *out;

	/* Where there is another decoder for it, it must not be read twice. */
	with_text.text = s->cipher ? NULL : dlms_text;
	with_text.text_context = s;
	s->dlms = dlms_line_new(framings, keys, &with_text);
	return s->dlms;
}

/* A stream is of one kind, so its first telegram decides. */
static bool gives_dlms(const struct stream *s)
{
	const struct dlms_counts *c = s->dlms ? dlms_line_counts(s->dlms) : NULL;

	return c && c->apdus + c->texts != s->dlms_before;
}

/**
 * stream_is_dlms - whether what was valid last was of DLMS
 * @s: its state
 */
bool stream_is_dlms(const struct stream *s)
{
	return gives_dlms(s) || (s->dlms && !s->line.allowed);
}

/**
 * stream_release - the end of a stream
 * @s: its state, which is not freed itself; all zero is fine
 */
void stream_release(struct stream *s)
{
	p1_cipher_free(s->cipher);
	s->cipher = NULL;
	dlms_line_free(s->dlms);
	s->dlms = NULL;
}

/**
 * stream_feed - take bytes of a stream
 * @s: its state
 * @bytes: as they came, in any chunks, read as 8N1
 * @count: number of @bytes
 * @now: the caller's clock, for the start of a telegram that begins in these bytes
 */
void stream_feed(struct stream *s, const u8 *bytes, size_t count, u64 now)
{
	s->bytes += count;
	if (s->dlms && !s->line.valid)
		dlms_line_feed(s->dlms, bytes, count, now);
	if (!s->line.allowed || gives_dlms(s))
		return;
	if (s->cipher)
		p1_cipher_feed(s->cipher, bytes, count, now);
	else
		line_decoder_feed(&s->line, bytes, count, now);
}

/**
 * stream_pause - the stream was silent for a second
 * @s: its state
 */
void stream_pause(struct stream *s)
{
	if (s->dlms)
		dlms_line_pause(s->dlms);
	if (s->cipher)
		p1_cipher_pause(s->cipher);
	line_decoder_pause(&s->line);
}

/**
 * stream_end - no more bytes will come
 * @s: its state
 */
void stream_end(struct stream *s)
{
	if (s->dlms)
		dlms_line_end(s->dlms);
	if (s->cipher)
		p1_cipher_end(s->cipher);
	line_decoder_pause(&s->line);
}

/**
 * stream_waits_for_pause - whether stream_pause() would change anything
 * @s: its state
 */
bool stream_waits_for_pause(const struct stream *s)
{
	return line_decoder_waits_for_pause(&s->line) ||
	       (s->cipher && p1_cipher_waits_for_pause(s->cipher)) ||
	       (s->dlms && dlms_line_waits_for_pause(s->dlms));
}

/**
 * stream_relearn - another stream begins, or its speed was changed
 * @s: its state
 *
 * Half a telegram is given up, and what protocol it is is found out again; the counts stay.
 */
void stream_relearn(struct stream *s)
{
	if (s->cipher)
		p1_cipher_reset(s->cipher);
	if (s->dlms) {
		const struct dlms_counts *c = dlms_line_counts(s->dlms);

		dlms_line_relearn(s->dlms);
		s->dlms_before = c->apdus + c->texts;
	}
	line_decoder_relearn(&s->line);
}

/** stream_bytes - how many bytes came */
u64 stream_bytes(const struct stream *s)
{
	return s->bytes;
}

/** stream_damaged - how many telegrams, groups or frames were damaged */
u64 stream_damaged(const struct stream *s)
{
	const struct telegram_stats *clear = &s->line.stats;
	const struct dlms_counts *c = s->dlms ? dlms_line_counts(s->dlms) : NULL;

	return clear->bad_checksum + clear->bad_parity + (c ? dlms_damaged(c) : 0);
}

/**
 * stream_trouble - why the newest frame of enciphered P1 gave no telegram
 * @s: its state
 *
 * Return: CIPHER_FINE also without keys.
 */
enum p1_cipher_trouble stream_trouble(const struct stream *s)
{
	return s->cipher ? p1_cipher_trouble(s->cipher) : CIPHER_FINE;
}

/**
 * stream_seen - what the stream seems to carry
 * @s: its state
 *
 * Return: as line_decoder_seen().
 */
enum line_seen stream_seen(const struct stream *s)
{
	if (s->dlms && dlms_line_framing(s->dlms) == DLMS_HDLC)
		return SEEN_HDLC;
	if (s->dlms && dlms_line_framing(s->dlms) == DLMS_MBUS)
		return SEEN_MBUS;
	if (stream_trouble(s) != CIPHER_FINE)
		return SEEN_P1_ENCRYPTED;
	return line_decoder_seen(&s->line);
}
