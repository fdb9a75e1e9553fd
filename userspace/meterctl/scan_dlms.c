// SPDX-License-Identifier: MIT
/*
 * Listening for meters that push DLMS.
 */
#include <stdlib.h>

#include "../decode/dlms.h"
#include "../decode/dlms_line.h"
#include "scan.h"

/**
 * struct scan_dlms - what comes as frames of DLMS
 * @heard: what becomes known
 * @line: from bytes to APDUs
 * @reading: the newest one
 */
struct scan_dlms {
	struct heard *heard;
	struct dlms_line *line;
	struct dlms_reading reading;
};

static size_t take_apdu(void *context, const struct dlms_apdu *apdu)
{
	static const struct dlms_settings none;

	return dlms_reading_parse(&((struct scan_dlms *)context)->reading, &none, apdu);
}

static void take_reading(void *context)
{
	const struct scan_dlms *s = context;
	struct heard *h = s->heard;

	h->telegrams++;
	h->fields += s->reading.telegram.nfields;
	h->protocol = TELEGRAM_DLMS;
	if (s->reading.number_from == DLMS_NUMBER_NONE)
		return;
	snprintf(h->number, sizeof(h->number), "%s", s->reading.number);
	meter_id(TELEGRAM_DLMS, h->number, h->id);
}

/* P1 that is enciphered is told apart elsewhere. */
static size_t take_text(void *context, const struct dlms_apdu *apdu)
{
	(void)context;
	(void)apdu;
	return 0;
}

/**
 * scan_dlms_new - begin with a setting of a port
 * @heard: what becomes known; must live longer
 *
 * Return: for scan_dlms_free(); NULL without memory.
 */
struct scan_dlms *scan_dlms_new(struct heard *heard)
{
	struct scan_dlms *s = calloc(1, sizeof(*s));
	const struct dlms_out out = {
		.apdu = take_apdu,
		.done = take_reading,
		.text = take_text,
		.context = s,
	};

	if (!s)
		return NULL;
	s->heard = heard;
	s->line = dlms_line_new(DLMS_HDLC | DLMS_MBUS, NULL, &out);
	if (s->line)
		return s;
	free(s);
	return NULL;
}

/**
 * scan_dlms_free - no more of it
 * @s: NULL does nothing
 */
void scan_dlms_free(struct scan_dlms *s)
{
	if (s)
		dlms_line_free(s->line);
	free(s);
}

/** scan_dlms_begin - the port has another setting */
void scan_dlms_begin(struct scan_dlms *s)
{
	dlms_line_relearn(s->line);
}

/**
 * scan_dlms_take - bytes came
 * @s: of the port
 * @bytes: those
 * @count: of them
 * @now: the caller's clock, ms
 *
 * Return: what good frames of this setting are; SEEN_NOTHING: there was none.
 */
enum line_seen scan_dlms_take(struct scan_dlms *s, const u8 *bytes, size_t count, u64 now)
{
	dlms_line_feed(s->line, bytes, count, now);
	s->heard->enciphered = dlms_line_trouble(s->line) == DLMS_NO_KEY;
	switch (dlms_line_framing(s->line)) {
	case DLMS_HDLC:
		return SEEN_HDLC;
	case DLMS_MBUS:
		return SEEN_MBUS;
	default:
		return SEEN_NOTHING;
	}
}

/** scan_dlms_damaged - frames that were damaged, in all settings */
u64 scan_dlms_damaged(const struct scan_dlms *s)
{
	return dlms_damaged(dlms_line_counts(s->line));
}
