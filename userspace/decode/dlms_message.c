// SPDX-License-Identifier: MIT
/*
 * Messages of a DLMS line to plain xDLMS APDUs: IEC 62056-5-3, section 8 (Green Book, 9.5).
 *
 *	general-block-transfer: E0, control, number (2), number acknowledged (2), length, data
 *	general-glo-ciphering: DB, length, system title, length, security control, counter (4), text,
 *	tag (12)
 *
 * Blocks may hold an enciphered APDU, and both hold plain ones, in this order only: nothing nests
 * any deeper.
 */
#include "ber.h"
#include "dlms_message.h"
#include "dlms_tags.h"

#define LLC_LEN 3

#define BLOCK_LAST	 0x80
#define BLOCK_HEADER_LEN 6

/* Where a data-notification has its date-time. */
#define NOTIFICATION_TIME 5

/** enum layer - what may be inside */
enum layer { LAYER_MESSAGE, LAYER_BLOCKS, LAYER_CLEAR };

/**
 * struct envelope - what was taken off
 * @layer: what may be inside
 * @origin: who sends it to whom
 * @first_byte: the caller's clock when it began
 * @title: as it was sent; NULL: none was
 * @counter: with the title
 * @tag: what it proved
 * @doubtful: nothing says yet that the key was right
 * @read: all data-notifications that follow were read once, and are good
 */
struct envelope {
	enum layer layer;
	u64 origin;
	u64 first_byte;
	const u8 *title;
	u32 counter;
	enum dlms_tag tag;
	bool doubtful;
	bool read;
};

static size_t take_apdus(struct dlms_opener *m, struct envelope *e, const u8 *bytes, size_t len);

/**
 * dlms_opener_init - begin with a line
 * @m: its state; the caller serialises all calls on it
 * @keys: of the line, which are copied; NULL: none
 * @out: where APDUs go; copied
 *
 * Return: false when OpenSSL failed or there is no memory, and then there is nothing to release.
 */
bool dlms_opener_init(struct dlms_opener *m, const struct meter_keys *keys,
		      const struct dlms_out *out)
{
	memset(m, 0, sizeof(*m));
	m->out = *out;
	return !keys || glo_init(&m->glo, keys);
}

/** dlms_opener_release - wipe the keys, and what was deciphered */
void dlms_opener_release(struct dlms_opener *m)
{
	glo_release(&m->glo);
	explicit_bzero(m->clear, sizeof(m->clear));
}

static u64 *count_of(struct dlms_counts *c, enum dlms_trouble why)
{
	switch (why) {
	case DLMS_WRONG_TAG:
	case DLMS_NO_TAG:
		return &c->wrong_tag;
	case DLMS_REPLAYED:
		return &c->replayed;
	case DLMS_OTHER_APDU:
		return &c->other;
	case DLMS_UNPARSED:
		return &c->unparsed;
	case DLMS_BAD_FORM:
		return &c->bad_form;
	default:
		return &c->undecipherable;
	}
}

/* Returns 0, so that it can be returned: nothing was taken. */
static size_t drop(struct dlms_opener *m, const struct envelope *e, enum dlms_trouble why)
{
	/* With a wrong key anything comes out. */
	m->trouble = e->doubtful ? DLMS_WRONG_KEY : why;
	++*count_of(&m->counts, m->trouble);
	return 0;
}

/* Whether a text is what meters encipher. */
static bool is_plausible(const u8 *text, size_t len)
{
	if (len <= NOTIFICATION_TIME)
		return false;
	if (text[0] == '/')
		return (u8)((text[1] | 0x20) - 'a') <= 'z' - 'a';
	return text[0] == DLMS_DATA_NOTIFICATION &&
	       (text[NOTIFICATION_TIME] == 0x00 || text[NOTIFICATION_TIME] == 0x0c ||
		text[NOTIFICATION_TIME] == 0x09 || text[NOTIFICATION_TIME] == 0x19);
}

static struct dlms_apdu apdu_of(const struct envelope *e, const u8 *bytes, size_t len)
{
	return (struct dlms_apdu){
		.bytes = bytes,
		.len = len,
		.system_title = e->title,
		.counter = e->counter,
		.tag = e->tag,
		.first_byte = e->first_byte,
	};
}

static size_t handed_out(struct dlms_opener *m, struct envelope *e, u64 *count, size_t taken,
			 size_t len)
{
	if (!taken)
		return drop(m, e, DLMS_UNPARSED);
	e->doubtful = false;
	m->trouble = DLMS_FINE;
	++*count;
	return taken < len ? taken : len;
}

static size_t take_text(struct dlms_opener *m, struct envelope *e, const u8 *bytes, size_t len)
{
	const struct dlms_apdu text = apdu_of(e, bytes, len);

	return handed_out(m, e, &m->counts.texts, m->out.text(m->out.text_context, &text), len);
}

/* Whether data-notifications and nothing else are in these bytes. */
static bool are_notifications(struct dlms_opener *m, const struct envelope *e, const u8 *bytes,
			      size_t len)
{
	while (len) {
		const size_t llc = dlms_llc_len(bytes, len);
		const struct dlms_apdu apdu = apdu_of(e, bytes + llc, len - llc);
		size_t taken;

		if (!apdu.len || apdu.bytes[0] != DLMS_DATA_NOTIFICATION)
			return false;
		taken = m->out.apdu(m->out.context, &apdu);
		if (!taken || taken > apdu.len)
			return false;
		bytes = apdu.bytes + taken;
		len = apdu.len - taken;
	}
	return true;
}

/* Several in one message count when all of them do. */
static size_t take_notification(struct dlms_opener *m, struct envelope *e, const u8 *bytes,
				size_t len)
{
	const struct dlms_apdu apdu = apdu_of(e, bytes, len);
	size_t taken = m->out.apdu(m->out.context, &apdu);

	if (taken && taken < len && m->out.done && !e->read) {
		if (!are_notifications(m, e, bytes + taken, len - taken))
			return drop(m, e, DLMS_UNPARSED);
		e->read = true;
		taken = m->out.apdu(m->out.context, &apdu);
	}
	if (taken && m->out.done)
		m->out.done(m->out.context);
	return handed_out(m, e, &m->counts.apdus, taken, len);
}

/* The message is whole, and all of it is done with whatever it gives. */
static void take_blocks(struct dlms_opener *m)
{
	struct envelope inner = {
		.layer = LAYER_BLOCKS,
		.first_byte = m->blocks.first_byte,
	};

	take_apdus(m, &inner, m->blocks.bytes, m->blocks.len);
}

/**
 * dlms_read_block - the header of a block of general-block-transfer
 * @bytes: of the APDU, the first is its tag
 * @len: how many there are
 * @block: for the block, whose sender and time are not known here
 *
 * Return: length of the APDU; 0: lengths do not fit.
 */
size_t dlms_read_block(const u8 *bytes, size_t len, struct part *block)
{
	size_t data = 0, at = BLOCK_HEADER_LEN;
	int size = len > at ? ber_length(bytes + at, len - at, &data) : 0;

	if (size <= 0 || data > len - at - size)
		return 0;
	at += size;
	/* From 1 on; there is no block 0. */
	*block = (struct part){
		.number = (bytes[2] << 8 | bytes[3]) - 1u,
		.last = bytes[1] & BLOCK_LAST,
		.bytes = bytes + at,
		.len = data,
	};
	return at + data;
}

static size_t take_block(struct dlms_opener *m, const struct envelope *e, const u8 *bytes,
			 size_t len)
{
	struct part block;

	len = dlms_read_block(bytes, len, &block);
	if (!len)
		return drop(m, e, DLMS_BAD_FORM);
	block.origin = e->origin;
	block.first_byte = e->first_byte;
	assembly_put(&m->blocks, &block, &m->counts.parts);
	if (m->blocks.state == ASSEMBLY_WHOLE)
		take_blocks(m);
	return len;
}

/**
 * dlms_glo_len - length of what may be a message of general-glo-ciphering
 * @bytes: the first is its tag
 * @count: how many there are
 * @len: for the length
 *
 * Return: 1 when @len is known, also if it is above @count; 0 when more bytes are needed; -1 when
 * it is none.
 */
int dlms_glo_len(const u8 *bytes, size_t count, size_t *len)
{
	size_t length, at;
	int size;

	if (count < 2)
		return 0;
	if (bytes[1] && bytes[1] != SYSTEM_TITLE_LEN)
		return -1;
	at = 2 + bytes[1];
	size = at < count ? ber_length(bytes + at, count - at, &length) : 0;
	if (size <= 0)
		return size;
	if (length <= GLO_HEADER_LEN)
		return -1;
	*len = at + size + length;
	return 1;
}

/**
 * dlms_read_ciphered - the header of a message of general-glo-ciphering
 * @m: state of the line, whose keys may have the system title
 * @bytes: of the APDU, the first is its tag
 * @len: how many there are
 * @t: for the text; its title is NULL when there is none
 *
 * Return: length of the APDU; 0: lengths do not fit.
 */
size_t dlms_read_ciphered(const struct dlms_opener *m, const u8 *bytes, size_t len,
			  struct glo_text *t)
{
	const struct meter_keys *keys = m->glo.keys;
	size_t whole, length = 0, at;

	if (dlms_glo_len(bytes, len, &whole) <= 0 || whole > len)
		return 0;
	at = 2 + bytes[1];
	at += ber_length(bytes + at, len - at, &length);
	t->title = bytes[1]			    ? bytes + 2
		   : keys && keys->has_system_title ? keys->system_title
						    : NULL;
	t->control = bytes + at;
	t->len = length;
	return length > glo_overhead(bytes[at]) && glo_text_len(t) <= sizeof(m->clear) ? whole : 0;
}

static bool verifies(const struct dlms_opener *m)
{
	return m->glo.keys && m->glo.keys->has_auth_key;
}

/* Why a tag is wrong. */
static enum dlms_trouble tag_trouble(struct dlms_opener *m, const struct glo_text *t)
{
	if (glo_open(&m->glo, t, false, m->clear) && is_plausible(m->clear, glo_text_len(t)))
		return DLMS_WRONG_TAG;
	return DLMS_WRONG_KEY;
}

static bool is_refused(const struct dlms_opener *m, const struct glo_text *t)
{
	return m->refuses && glo_is_replayed(&m->glo, t);
}

static enum dlms_trouble open_verified(struct dlms_opener *m, const struct glo_text *t)
{
	if (!glo_is_tagged(t))
		return DLMS_NO_TAG;
	if (!glo_open(&m->glo, t, true, m->clear))
		return tag_trouble(m, t);
	return is_refused(m, t) ? DLMS_REPLAYED : DLMS_FINE;
}

/* Deciphers into m->clear. */
static enum dlms_trouble open_text(struct dlms_opener *m, const struct glo_text *t)
{
	const struct meter_keys *keys = m->glo.keys;
	const u8 control = t->control[0];

	if ((control & GLO_SUITE) > 1 || control & GLO_COMPRESSED)
		return DLMS_OTHER_CIPHER;
	if (!(control & GLO_ENCIPHERED) && !verifies(m)) {
		memcpy(m->clear, t->control + GLO_HEADER_LEN, glo_text_len(t));
		return DLMS_FINE;
	}
	if (!keys)
		return DLMS_NO_KEY;
	if (!t->title)
		return DLMS_NO_TITLE;
	if (keys->has_auth_key)
		return open_verified(m, t);
	if (is_refused(m, t))
		return DLMS_REPLAYED;
	return glo_open(&m->glo, t, false, m->clear) ? DLMS_FINE : DLMS_WRONG_KEY;
}

static u64 *opened(struct dlms_opener *m)
{
	return verifies(m) ? &m->counts.verified : &m->counts.unverified;
}

/* A message was opened. In clear, and without a tag that is verified, its counter proves nothing.
 */
static void count_message(struct dlms_opener *m, const struct glo_text *t)
{
	if (!verifies(m) && !(t->control[0] & GLO_ENCIPHERED))
		return;
	m->counts.replayed += glo_is_replayed(&m->glo, t);
	glo_remember(&m->glo, t->title, glo_counter(t));
}

static size_t take_ciphered(struct dlms_opener *m, const struct envelope *e, const u8 *bytes,
			    size_t len)
{
	struct envelope inner = { .layer = LAYER_CLEAR, .first_byte = e->first_byte };
	enum dlms_trouble trouble;
	struct glo_text t;

	len = dlms_read_ciphered(m, bytes, len, &t);
	if (!len)
		return drop(m, e, DLMS_BAD_FORM);
	trouble = open_text(m, &t);
	if (trouble != DLMS_FINE)
		return drop(m, e, trouble);
	inner.title = bytes[1] ? t.title : NULL;
	inner.counter = glo_counter(&t);
	inner.tag = verifies(m) ? DLMS_TAG_VERIFIED : DLMS_TAG_UNVERIFIED;
	inner.doubtful = !verifies(m) && t.control[0] & GLO_ENCIPHERED;
	/* Who gets what is in it may ask how it came. */
	++*opened(m);
	if (!take_apdus(m, &inner, m->clear, glo_text_len(&t))) {
		--*opened(m);
		return 0;
	}
	count_message(m, &t);
	return len;
}

static size_t take_other(struct dlms_opener *m, const struct envelope *e, u8 tag)
{
	if (!e->doubtful)
		m->other = tag;
	return drop(m, e, DLMS_OTHER_APDU);
}

/* Returns the bytes that it took; 0: where it ends is not known. */
static size_t take_apdu(struct dlms_opener *m, struct envelope *e, const u8 *bytes, size_t len)
{
	if (m->out.layer) {
		const struct dlms_apdu layer = apdu_of(e, bytes, len);

		m->out.layer(m->out.context, &layer);
	}
	switch (bytes[0]) {
	case DLMS_DATA_NOTIFICATION:
		return take_notification(m, e, bytes, len);
	case DLMS_GENERAL_BLOCK_TRANSFER:
		if (e->layer < LAYER_BLOCKS)
			return take_block(m, e, bytes, len);
		break;
	case DLMS_GENERAL_GLO_CIPHERING:
		if (e->layer < LAYER_CLEAR)
			return take_ciphered(m, e, bytes, len);
		break;
	case '/':
		if (e->layer == LAYER_CLEAR && m->out.text)
			return take_text(m, e, bytes, len);
		break;
	}
	return take_other(m, e, bytes[0]);
}

/* Returns how many bytes gave something. */
static size_t take_apdus(struct dlms_opener *m, struct envelope *e, const u8 *bytes, size_t len)
{
	size_t at = 0;

	while (at < len) {
		const size_t llc = dlms_llc_len(bytes + at, len - at);
		const enum dlms_trouble before = m->trouble;
		size_t taken;

		if (at + llc < len)
			taken = take_apdu(m, e, bytes + at + llc, len - at - llc);
		else
			taken = drop(m, e, DLMS_BAD_FORM);
		if (!taken && at)
			m->trouble = before;
		if (!taken)
			break;
		at += llc + taken;
	}
	return at;
}

/**
 * dlms_open_message - hand out the APDUs in a message
 * @m: state of the line
 * @message: the whole of it
 *
 * Return: the bytes of it that gave something, or are a block of a message to come.
 */
size_t dlms_open_message(struct dlms_opener *m, const struct part *message)
{
	struct envelope e = {
		.layer = LAYER_MESSAGE,
		.origin = message->origin,
		.first_byte = message->first_byte,
	};

	return take_apdus(m, &e, message->bytes, message->len);
}

/**
 * dlms_llc_len - length of the LLC header that a message begins with
 * @bytes: of the message
 * @count: how many there are
 *
 * Return: 0 when it has none. IEC 62056-46, section 5.3: destination, source (E7 in what a meter
 * sends), quality.
 */
size_t dlms_llc_len(const u8 *bytes, size_t count)
{
	if (count < LLC_LEN || bytes[0] != 0xe6 || (bytes[1] & ~1) != 0xe6 || bytes[2])
		return 0;
	return LLC_LEN;
}

/**
 * dlms_trouble_text - what is wrong with messages that give nothing
 * @trouble: of the newest one
 *
 * Return: a constant clause for people.
 */
const char *dlms_trouble_text(enum dlms_trouble trouble)
{
	switch (trouble) {
	case DLMS_FINE:
		return "it is read";
	case DLMS_NO_KEY:
		return "it is enciphered, and there is no key";
	case DLMS_WRONG_KEY:
		return "the key is not the meter's: nothing that can be read comes out";
	case DLMS_WRONG_TAG:
		return "the authentication key is not the meter's, or the message was altered: its "
		       "tag is wrong";
	case DLMS_NO_TAG:
		return "it has no tag, so that an authentication key is of no use";
	case DLMS_NO_TITLE:
		return "it has no system title, and the keys have none";
	case DLMS_OTHER_CIPHER:
		return "it is enciphered in a way that is not read: neither security suite 0 nor "
		       "1, or "
		       "compressed";
	case DLMS_REPLAYED:
		return "its counter is not above those before";
	case DLMS_OTHER_APDU:
		return "it is of a kind that is not read";
	case DLMS_UNPARSED:
		return "its body has a form that is not known";
	case DLMS_BAD_FORM:
		break;
	}
	return "lengths inside it do not fit";
}
