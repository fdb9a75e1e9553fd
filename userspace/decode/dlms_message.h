/* SPDX-License-Identifier: MIT */
/*
 * Messages of a DLMS line to plain xDLMS APDUs: LLC, general-block-transfer and
 * general-glo-ciphering are taken off.
 */
#ifndef METERLINE_DLMS_MESSAGE_H
#define METERLINE_DLMS_MESSAGE_H

#include "assembly.h"
#include "dlms_apdu.h"
#include "glo.h"

/** enum dlms_trouble - why the newest message gave no APDU; see dlms_trouble_text() */
enum dlms_trouble {
	DLMS_FINE, /* it gave one, or there was none */
	DLMS_NO_KEY,
	DLMS_WRONG_KEY,	   /* what comes out is none; or OpenSSL failed */
	DLMS_WRONG_TAG,	   /* an APDU comes out, but the authentication key says no */
	DLMS_NO_TAG,	   /* there is an authentication key, and no tag */
	DLMS_NO_TITLE,	   /* neither message nor keys have a system title */
	DLMS_OTHER_CIPHER, /* another suite than 0 and 1, or compressed */
	DLMS_REPLAYED,	   /* its counter is not above those before, and that is refused */
	DLMS_OTHER_APDU,   /* of a kind that is not read, or none at all */
	DLMS_UNPARSED,	   /* its body has a form that is not known */
	DLMS_BAD_FORM,	   /* lengths inside do not fit */
};

/**
 * struct dlms_counts - what was counted on a line
 * @bytes: bytes seen
 * @skipped: of them, those that belong to no good frame or message
 * @frames: good ones, of HDLC or M-Bus
 * @bad_hcs: HDLC frames whose header is damaged
 * @bad_fcs: HDLC frames that are damaged behind it
 * @bad_checksum: M-Bus frames that are damaged
 * @bad_form: frames that are cut off, or do not end where they should; messages whose lengths do
 *	not fit
 * @parts: messages that lost a segment or a block, or are too long; also HDLC frames that neither
 *	begin nor go on with one
 * @apdus: handed out, and parsed
 * @texts: likewise, telegrams of P1
 * @verified: enciphered messages that gave some, with a good tag
 * @unverified: enciphered messages that gave some; there is no authentication key
 * @replayed: of @verified and @unverified, or dropped when that is refused: the counter was not
 *	above the highest one before
 * @undecipherable: enciphered messages that no key opens
 * @wrong_tag: dropped, since the tag is wrong, or missing where there is a key for it
 * @other: APDUs of a kind that is not read
 * @unparsed: APDUs whose body has a form that is not known
 */
struct dlms_counts {
	u64 bytes;
	u64 skipped;
	u64 frames;
	u64 bad_hcs;
	u64 bad_fcs;
	u64 bad_checksum;
	u64 bad_form;
	struct assembly_counts parts;
	u64 apdus;
	u64 texts;
	u64 verified;
	u64 unverified;
	u64 replayed;
	u64 undecipherable;
	u64 wrong_tag;
	u64 other;
	u64 unparsed;
};

/** dlms_damaged - frames whose check was wrong */
static inline u64 dlms_damaged(const struct dlms_counts *c)
{
	return c->bad_hcs + c->bad_fcs + c->bad_checksum;
}

/**
 * struct dlms_out - where that what is found goes
 * @layer: looks at each APDU of any kind before it is opened or read, those inside others too;
 *	NULL: nobody does. What an unverified message holds may be nothing: then its key is wrong
 * @apdu: reads a data-notification; returns the bytes that it took, 0 when it is none
 * @done: the one that @apdu read last counts: its message is whole and all of it was read. NULL:
 *	each counts that @apdu reads
 * @text: gets each telegram of P1 that was enciphered (Sagemcom T210-D, Graz), from its '/' on; the
 *	same; NULL: they count as @dlms_counts.other
 * @context: given to @layer, @apdu and @done
 * @text_context: given to @text
 */
struct dlms_out {
	void (*layer)(void *context, const struct dlms_apdu *apdu);
	dlms_apdu_fn apdu;
	void (*done)(void *context);
	dlms_apdu_fn text;
	void *context;
	void *text_context;
};

/**
 * struct dlms_opener - what a line needs from messages to APDUs
 * @out: where they go
 * @glo: keys and counters; all zero: none
 * @counts: of the line; those that concern frames are left to the caller
 * @trouble: of the newest message
 * @other: first byte of the newest APDU that is of another kind
 * @refuses: what is replayed is dropped
 * @blocks: of the message in general-block-transfer
 * @clear: the text of an enciphered message
 */
struct dlms_opener {
	struct dlms_out out;
	struct glo glo;
	struct dlms_counts counts;
	enum dlms_trouble trouble;
	u8 other;
	bool refuses;
	struct assembly blocks;
	u8 clear[ASSEMBLY_MAX];
};

bool dlms_opener_init(struct dlms_opener *m, const struct meter_keys *keys,
		      const struct dlms_out *out);
void dlms_opener_release(struct dlms_opener *m);
size_t dlms_open_message(struct dlms_opener *m, const struct part *message);
size_t dlms_llc_len(const u8 *bytes, size_t count);
int dlms_glo_len(const u8 *bytes, size_t count, size_t *len);
size_t dlms_read_ciphered(const struct dlms_opener *m, const u8 *bytes, size_t len,
			  struct glo_text *t);
size_t dlms_read_block(const u8 *bytes, size_t len, struct part *block);
const char *dlms_trouble_text(enum dlms_trouble trouble);

#endif /* METERLINE_DLMS_MESSAGE_H */
