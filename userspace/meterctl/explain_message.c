// SPDX-License-Identifier: MIT
/*
 * meterctl explain: messages of DLMS: LLC, block transfer, encipherment and the heads of APDUs. The
 * decoder opens them and shows each layer before it does.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../decode/dlms_parts.h"
#include "../decode/dlms_tags.h"
#include "decode_telegrams.h"
#include "explain.h"

#define INVOKE_ID_LEN 4
/* Where a data-notification has its time. */
#define NOTIFICATION_TIME (1 + INVOKE_ID_LEN)

/* Control of a block: the last one, streaming, window (Green Book, 9.3.11). */
#define BLOCK_LAST	0x80
#define BLOCK_STREAMING 0x40
#define BLOCK_WINDOW	0x3f

/* Who makes meters, by the three letters with which system titles begin (FLAG association). */
static const struct {
	char letters[4];
	const char *name;
} makers[] = {
	{ "ELS", "Elster" },	     { "ISK", "Iskraemeco" }, { "KAM", "Kamstrup" },
	{ "KFM", "Kaifa" },	     { "LGZ", "Landis+Gyr" }, { "SAG", "Sagemcom" },
};

static const char *maker_of(const u8 *title)
{
	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
		if (!memcmp(makers[i].letters, title, 3))
			return makers[i].name;
	}
	return "a maker that is not known here";
}

static void print_title(const u8 *b, const struct glo_text *t)
{
	const char *from = t->title ? "the key file has one" : "none is known";

	if (!b[1])
		explain_row(1, b + 1, 1, 0, "no system title; %s", from);
	else
		explain_row(1, b + 1, 1 + SYSTEM_TITLE_LEN, 0,
			    "system title %02X%02X%02X%02X%02X%02X%02X%02X: %s", b[2], b[3], b[4],
			    b[5], b[6], b[7], b[8], b[9], maker_of(b + 2));
}

static void explain_ciphered(struct explain *e, const u8 *b, size_t len)
{
	size_t control, text, title;
	struct glo_text t;
	u8 bits;

	explain_title("general-glo-ciphering");
	explain_row(0, b, 1, 0, "tag of the APDU");
	if (!dlms_read_ciphered(&e->opener, b, len, &t)) {
		explain_bytes(0, b, len);
		return;
	}
	title = 2 + b[1];
	control = t.control - b;
	text = control + GLO_HEADER_LEN;
	bits = *t.control;
	print_title(b, &t);
	explain_row(title, b + title, control - title, 0, "length, %zu bytes", t.len);
	explain_row(control, b + control, 1, 0,
		    "security control: suite %u, %s, %s, key for %s%s", bits & GLO_SUITE,
		    bits & GLO_AUTHENTICATED ? "authenticated" : "not authenticated",
		    bits & GLO_ENCIPHERED ? "enciphered" : "not enciphered",
		    bits & GLO_BROADCAST_KEY ? "broadcasts" : "this meter",
		    bits & GLO_COMPRESSED ? ", compressed" : "");
	explain_row(control + 1, b + control + 1, GLO_COUNTER_LEN, 0, "invocation counter %u",
		    glo_counter(&t));
	explain_row(text, b + text, glo_text_len(&t), 0, "text, %zu bytes", glo_text_len(&t));
	if (glo_is_tagged(&t))
		explain_row(text + glo_text_len(&t), b + text + glo_text_len(&t), CRYPT_TAG_LEN, 0,
			    "tag");
}

static void explain_block(const u8 *b, size_t len)
{
	struct part block;
	size_t data;

	explain_title("general-block-transfer");
	explain_row(0, b, 1, 0, "tag of the APDU");
	if (!dlms_read_block(b, len, &block)) {
		explain_bytes(0, b, len);
		return;
	}
	data = block.bytes - b;
	explain_row(1, b + 1, 1, 0, "control: %s%s, window %u",
		    b[1] & BLOCK_LAST ? "the last block" : "more blocks follow",
		    b[1] & BLOCK_STREAMING ? ", streaming" : "", b[1] & BLOCK_WINDOW);
	explain_row(2, b + 2, 2, 0, "block %u", b[2] << 8 | b[3]);
	explain_row(4, b + 4, 2, 0, "acknowledges block %u", b[4] << 8 | b[5]);
	explain_row(6, b + 6, data - 6, 0, "length, %zu bytes", block.len);
	explain_row(data, block.bytes, block.len, 0, "data, %zu bytes", block.len);
}

static void print_head(const u8 *b, const u8 *body, const u8 *clock)
{
	char time[80];

	explain_row(0, b, 1, 0, "tag of the APDU");
	explain_row(1, b + 1, INVOKE_ID_LEN, 0, "invoke id %u, flags %02X",
		    b[2] << 16 | b[3] << 8 | b[4], b[1]);
	if (!clock) {
		explain_row(NOTIFICATION_TIME, b + NOTIFICATION_TIME, 1, 0,
			    "no time of the message");
		return;
	}
	explain_clock(clock, time, sizeof(time));
	explain_row(NOTIFICATION_TIME, b + NOTIFICATION_TIME, body - b - NOTIFICATION_TIME, 0,
		    "time of the message: %s%s", time,
		    clock - b == NOTIFICATION_TIME + 1 && b[NOTIFICATION_TIME] == AXDR_CLOCK_LEN
			    ? "" : " (with a tag that should not be there)");
}

/* A body that is no A-XDR may be read all the same: some meters leave tags out. */
static void explain_body(struct explain *e, const struct dlms_apdu *apdu, const u8 *body)
{
	const u8 *b = apdu->bytes, *end = b + apdu->len;
	struct axdr a = { body, end, NULL, NULL };
	unsigned int budget = AXDR_VALUES_MAX;
	size_t read;

	if (axdr_skip(&a, &budget)) {
		explain_axdr(b, body, end);
		return;
	}
	read = dlms_reading_parse(&e->reading, &e->settings, apdu);
	if (!read) {
		explain_axdr(b, body, end);
		return;
	}
	explain_note("the body is not A-XDR, since it lacks tags; it is read all the same:");
	explain_bytes(body - b, body, read - (body - b));
}

static const char *protection_of(const struct dlms_apdu *apdu)
{
	switch (apdu->tag) {
	case DLMS_TAG_VERIFIED:
		return ", in clear; its tag is good";
	case DLMS_TAG_UNVERIFIED:
		return ", in clear; no tag was verified";
	default:
		return "";
	}
}

static void explain_notification(struct explain *e, const struct dlms_apdu *apdu)
{
	struct axdr a = { apdu->bytes, apdu->bytes + apdu->len, NULL, NULL };
	const u8 *clock;

	explain_title("data-notification%s", protection_of(apdu));
	if (!dlms_read_head(&a, &clock)) {
		explain_note("its head is cut off, or its time has a form that is not known:");
		explain_bytes(0, apdu->bytes, apdu->len);
		return;
	}
	print_head(apdu->bytes, a.at, clock);
	explain_body(e, apdu, a.at);
}

static void explain_other(const struct dlms_apdu *apdu)
{
	const u8 tag = apdu->bytes[0];
	const char *name = dlms_tag_name(tag);

	explain_title("%s%s", name ? name : "no APDU", protection_of(apdu));
	explain_row(0, apdu->bytes, 1, 0, "%s, which is not read",
		    name ? name : "no tag of an APDU");
	explain_bytes(0, apdu->bytes, apdu->len);
}

/* With a wrong key anything comes out, which is of no interest. */
static bool may_be_noise(const struct dlms_apdu *apdu)
{
	return apdu->tag == DLMS_TAG_UNVERIFIED && apdu->bytes[0] != DLMS_DATA_NOTIFICATION;
}

static void explain_layer(void *context, const struct dlms_apdu *apdu)
{
	struct explain *e = context;

	switch (apdu->bytes[0]) {
	case DLMS_DATA_NOTIFICATION:
		explain_notification(e, apdu);
		break;
	case DLMS_GENERAL_GLO_CIPHERING:
		if (!may_be_noise(apdu))
			explain_ciphered(e, apdu->bytes, apdu->len);
		break;
	case DLMS_GENERAL_BLOCK_TRANSFER:
		if (!may_be_noise(apdu))
			explain_block(apdu->bytes, apdu->len);
		break;
	case '/':
		/* A telegram of P1, which explain_text() gets. */
		if (apdu->tag != DLMS_CLEAR)
			break;
		explain_other(apdu);
		break;
	default:
		if (!may_be_noise(apdu))
			explain_other(apdu);
		break;
	}
}

static size_t explain_apdu(void *context, const struct dlms_apdu *apdu)
{
	struct explain *e = context;

	return dlms_reading_parse(&e->reading, &e->settings, apdu);
}

static void explain_done(void *context)
{
	struct explain *e = context;

	explain_title(e->damaged ? "what it says, which may be damaged" : "what it says");
	explain_reading(&e->reading, &e->settings);
	e->good += !e->damaged;
}

static size_t explain_text(void *context, const struct dlms_apdu *apdu)
{
	struct explain *e = context;
	u64 good = 0;

	explain_title("a telegram of P1%s", protection_of(apdu));
	explain_p1(apdu->bytes, apdu->len, &good);
	e->good += e->damaged ? 0 : good;
	return good ? apdu->len : 0;
}

/**
 * explain_message_begin - get ready for messages
 * @e: the file, with its keys
 *
 * Return: false without memory; else dlms_opener_release() is for @e->opener.
 */
bool explain_message_begin(struct explain *e)
{
	const struct dlms_out out = {
		.layer = explain_layer,
		.apdu = explain_apdu,
		.done = explain_done,
		.text = explain_text,
		.context = e,
		.text_context = e,
	};

	return dlms_opener_init(&e->opener, e->keys->meter, &out);
}

static void print_trouble(enum dlms_trouble trouble)
{
	const char *advice = dlms_advice(trouble);

	if (trouble == DLMS_FINE)
		return;
	if (advice)
		explain_note("not read: %s: %s", dlms_trouble_text(trouble), advice);
	else
		explain_note("not read: %s", dlms_trouble_text(trouble));
}

/**
 * explain_message - a whole message and all that is in it
 * @e: the file
 * @message: the message
 *
 * Return: bytes of it that gave something.
 */
size_t explain_message(struct explain *e, const struct part *message)
{
	const u64 gaps = e->opener.counts.parts.gaps, replayed = e->opener.counts.replayed;
	size_t taken;

	if (dlms_llc_len(message->bytes, message->len))
		explain_row(0, message->bytes, 3, 0, "LLC header");
	e->opener.trouble = DLMS_FINE;
	taken = dlms_open_message(&e->opener, message);
	print_trouble(e->opener.trouble);
	if (e->opener.counts.parts.gaps != gaps)
		explain_note("a block of its message is missing, or came twice: it is dropped");
	if (e->opener.counts.replayed != replayed)
		explain_note("its counter is not above those before: it is a repetition");
	return taken;
}
