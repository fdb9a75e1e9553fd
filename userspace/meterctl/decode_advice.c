// SPDX-License-Identifier: MIT
/*
 * meterctl decode: what was rejected, and what a person may do about it.
 */
#include <inttypes.h>
#include <stdio.h>

#include "../decode/dlms_tags.h"
#include "../lib/say.h"
#include "decode_telegrams.h"

struct counts {
	u64 groups_bad;
	u64 checksum_bad;
	u64 framing_bad;
	u64 oversize;
};

/* The groups of TIC and the telegrams of P1 share their counters, and a stream is of one kind. */
static struct counts meter_counts(const struct decode *d)
{
	const struct telegram_stats *s = &d->stream.line.stats;
	bool tic = (d->telegrams ? d->stream.line.tried : d->protocols.line) == LINE_TIC;
	u64 misshapen = s->bad_parity + s->bad_form;

	return (struct counts){
		.groups_bad = tic ? s->bad_checksum + misshapen : 0,
		.checksum_bad = s->bad_checksum,
		.framing_bad = s->resyncs + (tic ? 0 : misshapen),
		.oversize = s->oversize,
	};
}

/* Without keys a message is not wrong, but closed. */
static struct counts dlms_counts(const struct decode *d)
{
	const struct dlms_counts *c = dlms_line_counts(d->stream.dlms);

	return (struct counts){
		.checksum_bad = c->bad_hcs + c->bad_fcs + c->bad_checksum + c->wrong_tag +
				(d->has_keys ? c->undecipherable : 0),
		.framing_bad = c->bad_form + c->parts.gaps + c->other + c->unparsed,
		.oversize = c->parts.oversize,
	};
}

static struct counts d2l_counts(const struct decode *d)
{
	const struct d2l_file_stats *s = d2l_file_stats(d->d2l);

	return (struct counts){
		.checksum_bad = s->bad_checksum,
		.framing_bad = s->framing + d->unread,
	};
}

/* Whether DLMS came, and nothing else; damaged frames are known by their headers. */
static bool looks_like_dlms(const struct decode *d)
{
	enum line_seen seen;

	if (d->kind != KIND_OPEN || !d->stream.dlms)
		return d->kind == KIND_DLMS;
	seen = stream_seen(&d->stream);
	return (!d->protocols.line && !d->d2l) || dlms_line_counts(d->stream.dlms)->frames ||
	       seen == SEEN_HDLC || seen == SEEN_MBUS ||
	       (seen != SEEN_P1_ENCRYPTED && dlms_line_trouble(d->stream.dlms) != DLMS_FINE);
}

/* Whether frames of modules came, and nothing else. */
static bool looks_like_d2l(const struct decode *d)
{
	return d->kind == KIND_D2L ||
	       (d->kind == KIND_OPEN && d->d2l &&
		((!d->protocols.line && !d->protocols.dlms) || d2l_file_stats(d->d2l)->frames));
}

/**
 * decode_print_counts - the last line on stderr
 * @d: a file that was read
 */
void decode_print_counts(const struct decode *d)
{
	struct counts c = looks_like_dlms(d)  ? dlms_counts(d)
			  : looks_like_d2l(d) ? d2l_counts(d)
					      : meter_counts(d);

	fprintf(stderr,
		"telegrams=%" PRIu64 " groups_bad=%" PRIu64 " checksum_bad=%" PRIu64
		" framing_bad=%" PRIu64 " oversize=%" PRIu64 " bytes=%" PRIu64 "\n",
		d->telegrams, c.groups_bad, c.checksum_bad, c.framing_bad, c.oversize, d->bytes);
}

static void say_no_d2l_reading(const struct decode *d, const char *path, const char *key_path)
{
	const struct d2l_file_stats *s = d2l_file_stats(d->d2l);

	if (!s->frames)
		say("%s: no frame of a D2L module", path);
	else if (s->keyless && !key_path)
		say("%s: frames of the D2L module %0*" PRIu64 ": give its key and IV with "
		    "--key-file", path, D2L_ID_DIGITS, d->module);
	else if (s->keyless)
		say("%s: frames of the D2L module %0*" PRIu64 ", which has no key in %s", path,
		    D2L_ID_DIGITS, d->module, key_path);
	else if (s->bad_checksum)
		say("%s: frames of a D2L module, but with this key and IV their CRC is wrong",
		    path);
	else if (d->unread)
		say("%s: frames of a D2L module, but no JSON in them", path);
	else
		say("%s: frames of a D2L module, but none with a reading", path);
}

/* What to do about what no key of the file opens; NULL: nothing is known of it. */
static const char *p1_advice(enum p1_cipher_trouble trouble)
{
	switch (trouble) {
	case CIPHER_WRONG_KEY:
		return "no telegram comes out with this \"key\": is it that of this meter?";
	case CIPHER_WRONG_TAG:
		return "\"key\" is right, but \"auth_key\" is not: correct it, or leave it out, "
		       "and tags are not verified";
	case CIPHER_NO_TAG:
		return "it has no tags to verify: leave \"auth_key\" out of the key file";
	case CIPHER_NO_TITLE:
		return "it comes without a system title: add \"system_title\" to the key file";
	case CIPHER_REPLAYED:
	case CIPHER_FINE:
		break;
	}
	return NULL;
}

/**
 * dlms_advice - what to do about messages that no key of the file opens
 * @trouble: of the newest one
 *
 * Return: a constant clause; NULL when a key has nothing to do with it.
 */
const char *dlms_advice(enum dlms_trouble trouble)
{
	switch (trouble) {
	case DLMS_NO_KEY:
		return "give the meter's key with --key-file";
	case DLMS_WRONG_KEY:
		return p1_advice(CIPHER_WRONG_KEY);
	case DLMS_WRONG_TAG:
		return p1_advice(CIPHER_WRONG_TAG);
	case DLMS_NO_TAG:
		return p1_advice(CIPHER_NO_TAG);
	case DLMS_NO_TITLE:
		return p1_advice(CIPHER_NO_TITLE);
	default:
		return NULL;
	}
}

static void say_other_apdu(const char *path, u8 tag)
{
	const char *name = dlms_tag_name(tag);

	if (name)
		say("%s: DLMS, but an APDU of a kind that is not read: %s (%02X)", path, name, tag);
	else
		say("%s: DLMS, but what is inside begins with %02X, which is no APDU", path, tag);
}

static void say_no_frame(const struct decode *d, const char *path)
{
	const struct dlms_counts *c = dlms_line_counts(d->stream.dlms);
	const u64 damaged = c->bad_hcs + c->bad_fcs + c->bad_checksum + c->bad_form;

	if (c->parts.gaps)
		say("%s: messages of DLMS, but a segment or a block of each is missing", path);
	else if (c->frames)
		say("%s: frames of DLMS, but nothing in them", path);
	else if (damaged)
		say("%s: no frame of DLMS is whole: 'meterctl explain' shows why. If it came from "
		    "a serial line: is its parity that of the meter, 8E1 or 8N1?", path);
	else
		say("%s: no frame or message of DLMS: 'meterctl explain' shows what is there",
		    path);
}

static void say_no_dlms_reading(const struct decode *d, const char *path)
{
	enum dlms_trouble trouble = dlms_line_trouble(d->stream.dlms);

	if (dlms_advice(trouble))
		say("%s: encrypted DLMS: %s", path, dlms_advice(trouble));
	else if (trouble == DLMS_OTHER_APDU)
		say_other_apdu(path, dlms_line_other_apdu(d->stream.dlms));
	else if (trouble == DLMS_FINE)
		say_no_frame(d, path);
	else
		say("%s: DLMS, but %s: 'meterctl explain' shows what is in it", path,
		    dlms_trouble_text(trouble));
}

/* A person who sees no telegram wants to know what else there was. */
static void say_nothing_read(const struct decode *d, const char *path, const char *key_path)
{
	const char *advice = p1_advice(stream_trouble(&d->stream));
	enum line_seen seen = stream_seen(&d->stream);

	if (looks_like_dlms(d))
		say_no_dlms_reading(d, path);
	else if (looks_like_d2l(d))
		say_no_d2l_reading(d, path, key_path);
	else if (advice)
		say("%s: encrypted P1: %s", path, advice);
	else if (seen == SEEN_P1_ENCRYPTED && d->stream.cipher)
		say("%s: encrypted P1, but no frame of it is whole", path);
	else if (seen == SEEN_P1_ENCRYPTED)
		say("%s: encrypted P1: give the meter's key with --key-file", path);
	else if (seen == SEEN_HDLC || seen == SEEN_MBUS)
		say("%s: no telegram of TIC or P1; it looks like DLMS: try --protocol %s", path,
		    line_seen_name(seen));
}

/**
 * decode_say_advice - what is wrong, and what to type next
 * @d: a file that was read
 * @path: its name
 * @key_path: name of the key file; NULL: none was given
 *
 * Says nothing when all is well.
 */
void decode_say_advice(const struct decode *d, const char *path, const char *key_path)
{
	if (!d->telegrams)
		say_nothing_read(d, path, key_path);
	if (d->meaningless)
		say("%s: numbers without scalers, of a meter that is not known: --profile says "
		    "which it is, and 'meterctl explain' what is known of each number", path);
	if (d->unsettled)
		say("%s: one count of the energies is 1 or 10 Wh, and the telegram does not say "
		    "which: they are left out of the quantities", path);
}
