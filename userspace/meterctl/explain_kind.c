// SPDX-License-Identifier: MIT
/*
 * meterctl explain: of which kind the bytes are. What can be read tells; else what looks like it.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "../decode/dlms_segment.h"
#include "../decode/stream.h"
#include "d2l_file.h"
#include "explain.h"

#define STX 0x02

/**
 * struct trial - bytes that are read in order to know what they are
 * @stream: reads them
 * @kind: what was read; EXPLAIN_UNKNOWN: nothing
 * @reading: of DLMS
 */
struct trial {
	struct stream stream;
	enum explain_kind kind;
	struct dlms_reading reading;
};

static void take_telegram(void *context, const struct telegram *t)
{
	struct trial *trial = context;

	/* What is enciphered is a message of DLMS with a telegram in it. */
	if (trial->stream.via)
		trial->kind = EXPLAIN_RAW;
	else
		trial->kind = t->protocol == TELEGRAM_P1 ? EXPLAIN_P1 : EXPLAIN_TIC;
}

static size_t take_apdu(void *context, const struct dlms_apdu *apdu)
{
	static const struct dlms_settings none;
	struct trial *trial = context;

	return dlms_reading_parse(&trial->reading, &none, apdu);
}

static enum explain_kind kind_of_framing(unsigned int framing)
{
	switch (framing) {
	case DLMS_HDLC:
		return EXPLAIN_HDLC;
	case DLMS_MBUS:
		return EXPLAIN_MBUS;
	case DLMS_RAW:
		return EXPLAIN_RAW;
	default:
		return EXPLAIN_UNKNOWN;
	}
}

static enum explain_kind kind_of_seen(enum line_seen seen)
{
	switch (seen) {
	case SEEN_HDLC:
		return EXPLAIN_HDLC;
	case SEEN_MBUS:
		return EXPLAIN_MBUS;
	case SEEN_P1_ENCRYPTED:
		return EXPLAIN_RAW;
	default:
		return EXPLAIN_UNKNOWN;
	}
}

static enum explain_kind kind_of_trial(struct trial *t, const struct explain *e)
{
	stream_feed(&t->stream, e->bytes, e->len, 0);
	stream_end(&t->stream);
	if (t->kind == EXPLAIN_UNKNOWN)
		t->kind = kind_of_framing(dlms_line_framing(t->stream.dlms));
	return t->kind != EXPLAIN_UNKNOWN ? t->kind : kind_of_seen(stream_seen(&t->stream));
}

static enum explain_kind kind_by_reading(const struct explain *e)
{
	struct trial *t = calloc(1, sizeof(*t));
	const struct dlms_out out = { .apdu = take_apdu, .context = t };
	enum explain_kind kind = EXPLAIN_UNKNOWN;

	if (t && stream_init(&t->stream, LINE_AUTO, e->keys->meter, take_telegram, t)) {
		if (stream_add_dlms(&t->stream, DLMS_AUTO, e->keys->meter, &out))
			kind = kind_of_trial(t, e);
		stream_release(&t->stream);
	}
	free(t);
	return kind;
}

static void ignore_frame(void *context, const struct d2l_found *found)
{
	(void)context;
	(void)found;
}

static bool has_frames_of_modules(const struct explain *e)
{
	struct d2l_file *d = d2l_file_new(e->keys->d2l, ignore_frame, NULL);
	bool found;

	if (!d)
		return false;
	d2l_file_feed(d, e->bytes, e->len);
	d2l_file_end(d);
	found = d2l_file_stats(d)->frames;
	d2l_file_free(d);
	return found;
}

static bool begins_p1(const u8 *p, size_t count)
{
	return count > 3 && (p[0] & 0x7f) == '/' && isalpha(p[1] & 0x7f) && isalpha(p[2] & 0x7f) &&
	       isalpha(p[3] & 0x7f);
}

/* What stands somewhere in damaged or short data. */
static enum explain_kind kind_by_beginnings(const struct explain *e)
{
	const size_t llc = dlms_llc_len(e->bytes, e->len);

	for (size_t at = 0; at < e->len; at++) {
		const u8 *p = e->bytes + at;
		const size_t count = e->len - at;

		if (count > 2 && p[0] == HDLC_FLAG && (p[1] & 0xf0) == 0xa0)
			return EXPLAIN_HDLC;
		if (count > 3 && p[0] == MBUS_START && p[3] == MBUS_START && p[1] == p[2])
			return EXPLAIN_MBUS;
		if (begins_p1(p, count))
			return EXPLAIN_P1;
		if ((p[0] & 0x7f) == STX)
			return llc || dlms_tag_name(e->bytes[0]) ? EXPLAIN_RAW : EXPLAIN_TIC;
	}
	return llc < e->len && dlms_tag_name(e->bytes[llc]) ? EXPLAIN_RAW : EXPLAIN_UNKNOWN;
}

static enum explain_kind kind_by_name(const struct protocols *p)
{
	if (p->line)
		return p->line == LINE_TIC ? EXPLAIN_TIC : EXPLAIN_P1;
	return p->dlms ? kind_of_framing(p->dlms) : EXPLAIN_D2L;
}

/**
 * explain_kind_of - what the bytes are
 * @e: a file
 * @p: what they may be
 *
 * Return: enum explain_kind.
 */
enum explain_kind explain_kind_of(const struct explain *e, const struct protocols *p)
{
	enum explain_kind kind;

	if (p->line != LINE_AUTO)
		return kind_by_name(p);
	kind = kind_by_reading(e);
	if (kind == EXPLAIN_UNKNOWN && has_frames_of_modules(e))
		kind = EXPLAIN_D2L;
	return kind == EXPLAIN_UNKNOWN ? kind_by_beginnings(e) : kind;
}
