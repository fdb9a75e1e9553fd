// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What is on a line: which protocol, and what it looks like while none can be read.
 *
 * The proof of a protocol is a valid telegram. Until there is one, the bytes also give evidence of
 * what else they are: another speed, or a protocol that is not read here.
 */
#include "telegram.h"

#define HT 0x09
#define CR 0x0d

/* Evidence older than one to two of these counts half, then a quarter, and so on. */
#define EVIDENCE_BYTES METERLINE_P1_MAX_BYTES
/* Bytes that are looked at in one go while no telegram was valid. */
#define EVIDENCE_PIECE 64
/* Fewer bytes prove nothing about the speed. */
#define EVIDENCE_MIN_BYTES 64

/* Speeds of meters, the slowest first: TIC historique; TIC standard and P1 before DSMR 4; P1. */
static const unsigned int line_speeds[] = { 1200, 9600, 115200 };
#define LINE_SPEED_COUNT (sizeof(line_speeds) / sizeof(line_speeds[0]))

/**
 * telegram_protocol_name - the name of a protocol in the data contract and in sysfs
 * @protocol: a protocol
 *
 * Return: a constant string.
 */
const char *telegram_protocol_name(enum telegram_protocol protocol)
{
	switch (protocol) {
	case TELEGRAM_TIC_HISTORIQUE:
		return "tic-historique";
	case TELEGRAM_TIC_STANDARD:
		return "tic-standard";
	case TELEGRAM_P1:
		return "p1";
	case TELEGRAM_DLMS:
		return "dlms";
	case TELEGRAM_UNKNOWN:
		break;
	}
	return "unknown";
}

/**
 * line_seen_name - the name of what a line seems to carry, as in sysfs
 * @seen: what was seen
 *
 * Return: a constant string.
 */
const char *line_seen_name(enum line_seen seen)
{
	switch (seen) {
	case SEEN_GARBAGE:
		return "garbage";
	case SEEN_P1_ENCRYPTED:
		return "p1-encrypted";
	case SEEN_HDLC:
		return "hdlc";
	case SEEN_MBUS:
		return "mbus";
	case SEEN_NOTHING:
		break;
	}
	return "nothing";
}

/* Ones above zeros: what single bits of a line several times slower look like. */
static bool is_flat(u8 byte)
{
	u8 zeros = ~byte;

	return !(zeros & (zeros + 1));
}

/* HT, LF, CR (and VT, FF) count: meters send them. */
static bool is_printable(u8 byte)
{
	byte &= 0x7f;
	return ((u8)(byte - 0x20) < 0x7f - 0x20) | ((u8)(byte - HT) <= CR - HT);
}

/*
 * Length in BER and security control of a ciphered APDU: encrypted, or encrypted and authenticated
 * (Luxmetering P1 1.1.3, section 3.2.5).
 */
static bool is_ciphered(const u8 *p)
{
	if (p[0] == 0x82)
		p += 3;
	else if (p[0] == 0x81)
		p += 2;
	else
		return false;
	return *p == 0x20 || *p == 0x30;
}

/* CRC-16/X-25 of IEC 62056-46 section 6.4.4: its residue over data and check sequence. */
static bool hcs_is_good(const u8 *p, unsigned int count)
{
	u16 fcs = 0xffff;
	unsigned int i, bit;

	for (i = 0; i < count; i++) {
		fcs ^= p[i];
		for (bit = 0; bit < 8; bit++)
			fcs = fcs >> 1 ^ (fcs & 1 ? 0x8408 : 0);
	}
	return fcs == 0xf0b8;
}

/* Behind a flag: frame format type 3, two addresses of 1 to 4 bytes, control, HCS. */
static bool is_hdlc(const u8 *p)
{
	unsigned int n = 3, address, i;

	if ((p[1] & 0xf0) != 0xa0)
		return false;
	for (address = 0; address < 2; address++) {
		for (i = 0; i < 4 && !(p[n] & 1); i++)
			n++;
		if (i == 4)
			return false;
		n++;
	}
	return hcs_is_good(p + 1, n + 2);
}

/* Behind 68h: a long frame (EN 13757-2 section 5.5); some meters send the length modulo 256. */
static bool is_mbus(const u8 *p)
{
	return p[3] == 0x68 && p[1] == p[2];
}

/* Noise goes through here, so without branches. */
static inline bool may_begin_header(u8 byte)
{
	return (byte == 0xdb) | (byte == '\n') | (byte == 0x7e) | (byte == 0x68);
}

/* Counts the header that begins at @p, if one does. */
static void evidence_header(struct line_evidence *e, const u8 *p)
{
	switch (p[0]) {
	case 0xdb:	/* general-glo-ciphering, system title: Luxembourg, Austria */
		e->encrypted += p[1] == 0x08 && is_ciphered(p + 10);
		break;
	case '\n':	/* end of a clear header, no system title: Poland */
		e->encrypted += p[1] == 0x00 && is_ciphered(p + 2);
		break;
	case 0x7e:
		e->hdlc += is_hdlc(p);
		break;
	case 0x68:
		e->mbus += is_mbus(p);
		break;
	}
}

static void evidence_fade(struct line_evidence *e)
{
	e->bytes /= 2;
	e->flat /= 2;
	e->printable /= 2;
	e->encrypted /= 2;
	e->hdlc /= 2;
	e->mbus /= 2;
}

/*
 * Takes at most EVIDENCE_PIECE bytes. Headers are looked for with all of window[] behind their
 * first byte, so 16 bytes late.
 */
static void evidence_feed(struct line_evidence *e, const u8 *bytes, size_t count)
{
	u8 window[sizeof(e->window) + EVIDENCE_PIECE];
	size_t i;

	memcpy(window, e->window, sizeof(e->window));
	memcpy(window + sizeof(e->window), bytes, count);
	for (i = 0; i < count; i++) {
		bool flat = is_flat(bytes[i]);

		e->flat += flat;
		e->printable += flat ? 0 : is_printable(bytes[i]);
		if (may_begin_header(window[i]))
			evidence_header(e, window + i);
	}
	memcpy(e->window, window + count, sizeof(e->window));
	e->bytes += count;
	if (e->bytes >= 2 * EVIDENCE_BYTES)
		evidence_fade(e);
}

/* A decoder gave a telegram: from now on its protocol is that of the line. */
static void line_telegram(void *context, const struct telegram *t)
{
	struct line_decoder *d = context;

	d->valid = true;
	d->tried = t->protocol == TELEGRAM_P1 ? LINE_P1 : LINE_TIC;
	d->emit(d->context, t);
}

/**
 * line_decoder_init - begin with a line
 * @d: state of the line; the caller serialises all calls on it
 * @protocols: LINE_*, those to try
 * @emit: called for each valid telegram
 * @context: given to @emit
 */
void line_decoder_init(struct line_decoder *d, unsigned int protocols, telegram_fn emit,
		       void *context)
{
	memset(d, 0, sizeof(*d));
	d->emit = emit;
	d->context = context;
	d->allowed = protocols;
	d->sink = (struct telegram_sink){ &d->telegram, &d->stats, line_telegram, d };
	line_decoder_relearn(d);
}

/**
 * line_decoder_relearn - forget what is on the line, but not its statistics
 * @d: state of the line; the caller serialises all calls on it
 *
 * For a line whose speed was changed, or whose telegrams are no longer valid. Drops a telegram that
 * has begun.
 */
void line_decoder_relearn(struct line_decoder *d)
{
	d->valid = false;
	d->tried = d->allowed;
	memset(&d->evidence, 0, sizeof(d->evidence));
	tic_init(&d->tic);
	p1_init(&d->p1);
}

static inline void line_decode(struct line_decoder *d, const u8 *bytes, size_t count, u64 now)
{
	d->stats.bytes += count;
	if (d->tried & LINE_TIC)
		tic_feed(&d->tic, bytes, count, now, &d->sink);
	if (d->tried & LINE_P1)
		p1_feed(&d->p1, bytes, count, now, &d->sink);
}

/* Takes bytes until a telegram is valid. Returns their number. */
static noinline size_t line_search(struct line_decoder *d, const u8 *bytes, size_t count, u64 now)
{
	size_t done = 0;

	while (!d->valid && done < count) {
		size_t n = count - done < EVIDENCE_PIECE ? count - done : EVIDENCE_PIECE;

		evidence_feed(&d->evidence, bytes + done, n);
		line_decode(d, bytes + done, n, now);
		done += n;
	}
	return done;
}

/**
 * line_decoder_feed - take bytes of a line
 * @d: state of the line; the caller serialises all calls on it
 * @bytes: as they came, in any chunks, read as 8N1
 * @count: number of @bytes
 * @now: the caller's clock, for the start of a telegram that begins in these bytes
 */
void line_decoder_feed(struct line_decoder *d, const u8 *bytes, size_t count, u64 now)
{
	if (!d->valid) {
		size_t done = line_search(d, bytes, count, now);

		bytes += done;
		count -= done;
	}
	if (count)
		line_decode(d, bytes, count, now);
}

/**
 * line_decoder_pause - the line was silent for a second, or its data is at an end
 * @d: state of the line; the caller serialises all calls on it
 */
void line_decoder_pause(struct line_decoder *d)
{
	if (d->tried & LINE_P1)
		p1_pause(&d->p1, &d->sink);
}

/**
 * line_decoder_waits_for_pause - whether line_decoder_pause() would change anything
 * @d: state of the line; the caller serialises all calls on it
 *
 * Return: true when a second of silence should be told.
 */
bool line_decoder_waits_for_pause(const struct line_decoder *d)
{
	return d->tried & LINE_P1 && p1_waits_for_pause(&d->p1);
}

/* Whether the protocol of the line was recognised, though it cannot be read here. */
static bool is_recognised(const struct line_evidence *e)
{
	return e->encrypted || e->hdlc || e->mbus;
}

/* Text as meters send it. Noise has at most three quarters of it, flat bytes left aside. */
static bool is_text(const struct line_evidence *e)
{
	return e->printable * 10 >= e->bytes * 9;
}

/**
 * line_decoder_seen - what the line seems to carry
 * @d: state of the line; the caller serialises all calls on it
 *
 * HDLC and M-Bus carry ciphered APDUs with the same header as P1 does, at most one in a frame.
 *
 * Return: SEEN_NOTHING when a telegram was valid, nothing came, or too little of what may become
 * a telegram.
 */
enum line_seen line_decoder_seen(const struct line_decoder *d)
{
	const struct line_evidence *e = &d->evidence;

	if (d->valid || !e->bytes)
		return SEEN_NOTHING;
	if (e->hdlc)
		return SEEN_HDLC;
	if (e->mbus && e->mbus >= e->encrypted)
		return SEEN_MBUS;
	if (e->encrypted)
		return SEEN_P1_ENCRYPTED;
	if (is_text(e) && e->bytes < EVIDENCE_BYTES)
		return SEEN_NOTHING;
	return SEEN_GARBAGE;
}

/**
 * line_decoder_next_speed - the speed to read an unreadable line with next
 * @d: state of the line; the caller serialises all calls on it
 * @speed: in bit/s, what it is read with now
 *
 * A line that is slower than it is read shows each of its bits as one flat byte. A faster one shows
 * noise. A silent one shows nothing.
 *
 * Return: 1200, 9600 or 115200; @speed itself when what came can only be right at that speed.
 */
unsigned int line_decoder_next_speed(const struct line_decoder *d, unsigned int speed)
{
	const struct line_evidence *e = &d->evidence;
	const bool enough = e->bytes >= EVIDENCE_MIN_BYTES;
	unsigned int i = 0;

	if (d->valid || is_recognised(e) || (enough && is_text(e)))
		return speed;
	while (i < LINE_SPEED_COUNT && line_speeds[i] < speed)
		i++;
	if (enough && e->flat * 2 > e->bytes && i > 0)
		return line_speeds[i - 1];
	if (i < LINE_SPEED_COUNT && line_speeds[i] == speed)
		i++;
	return line_speeds[i < LINE_SPEED_COUNT ? i : 0];
}

/**
 * line_decoder_has_parity - whether the line carries even parity in bit 7
 * @d: state of the line; the caller serialises all calls on it
 *
 * Return: true for 7E1 read as 8N1; false for 8N1, and while too little came to tell.
 */
bool line_decoder_has_parity(const struct line_decoder *d)
{
	return carries_parity(d->tried & LINE_P1 ? &d->p1.parity : &d->tic.parity);
}
