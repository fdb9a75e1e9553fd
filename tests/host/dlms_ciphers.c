// SPDX-License-Identifier: MIT
/*
 * Enciphered messages on DLMS lines. Keys, titles and texts are invented.
 */
#include <time.h>

#include "dlms_host.h"

#define TEXT_LEN 400

/* A line with one enciphered message in HDLC, in blocks where it is long. */
static size_t line_of(u8 *line, u32 counter, u8 control)
{
	u8 text[TEXT_LEN + 20], message[TEXT_LEN + 100];
	const size_t len = notification_of(text, 1, TEXT_LEN);

	return hdlc_blocks_of(line, message, dlms_cipher_of(message, counter, control, text, len),
			      120);
}

/** struct outcome - what a line with certain keys must give */
struct outcome {
	size_t apdus;
	enum dlms_trouble trouble;
	const char *tag; /* enum dlms_tag, as it is said */
};

static bool comes_out(const u8 *line, size_t len, const struct meter_keys *keys,
		      const struct outcome *o)
{
	struct dlms_heard h;
	bool kept;

	dlms_begin(&h, DLMS_AUTO, keys);
	dlms_hear(&h, line, len);
	dlms_end(&h);
	kept = h.apdus == o->apdus && dlms_line_trouble(h.line) == o->trouble;
	if (!kept)
		broken("%zu APDUs: %s", h.apdus, dlms_trouble_text(dlms_line_trouble(h.line)));
	else if (o->tag && strncmp(h.said.at + SYSTEM_TITLE_LEN, o->tag, strlen(o->tag)))
		kept = broken("its tag: %s", h.said.at);
	dlms_forget(&h);
	return kept;
}

static struct meter_keys with(bool auth_key, int key, int tag_key)
{
	struct meter_keys keys = dlms_keys;

	keys.has_auth_key = auth_key;
	keys.key[3] += key;
	keys.auth_key[3] += tag_key;
	return keys;
}

/* Behind the title: the counter, and DLMS_TAG_VERIFIED or DLMS_TAG_UNVERIFIED. */
#define VERIFIED   " 5 1 "
#define UNVERIFIED " 5 2 "

static bool a_tag_is_verified_not_verifiable_or_wrong(const char **skip)
{
	static const struct {
		u8 control;
		int key;      /* the meter's, or off by so much */
		int auth_key; /* likewise; -1: there is none */
		struct outcome outcome;
	} cases[] = {
		{ 0x30, 0, 0, { 1, DLMS_FINE, VERIFIED } },
		{ 0x30, 0, -1, { 1, DLMS_FINE, UNVERIFIED } },
		{ 0x30, 0, 1, { 0, DLMS_WRONG_TAG, NULL } },
		{ 0x30, 1, 0, { 0, DLMS_WRONG_KEY, NULL } },
		{ 0x30, 1, -1, { 0, DLMS_WRONG_KEY, NULL } },
		{ 0x20, 0, -1, { 1, DLMS_FINE, UNVERIFIED } },
		{ 0x20, 0, 0, { 0, DLMS_NO_TAG, NULL } },
		{ 0x20, 1, -1, { 0, DLMS_WRONG_KEY, NULL } },
		{ 0x21, 0, -1, { 1, DLMS_FINE, UNVERIFIED } },
		{ 0x31, 0, 0, { 1, DLMS_FINE, VERIFIED } },
		{ 0x70, 0, 0, { 1, DLMS_FINE, VERIFIED } },
		{ 0x10, 0, 0, { 1, DLMS_FINE, VERIFIED } },
		{ 0x10, 0, -1, { 1, DLMS_FINE, UNVERIFIED } },
		{ 0x10, 0, 1, { 0, DLMS_WRONG_TAG, NULL } },
		{ 0x00, 0, -1, { 1, DLMS_FINE, UNVERIFIED } },
		{ 0x00, 0, 0, { 0, DLMS_NO_TAG, NULL } },
		{ 0x32, 0, 0, { 0, DLMS_OTHER_CIPHER, NULL } },
		{ 0xb0, 0, 0, { 0, DLMS_OTHER_CIPHER, NULL } },
	};
	u8 line[2048];

	(void)skip;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct meter_keys keys =
			with(cases[i].auth_key >= 0, cases[i].key, cases[i].auth_key);

		if (!comes_out(line, line_of(line, 5, cases[i].control), &keys, &cases[i].outcome))
			return broken("case %zu", i);
	}
	return true;
}

static bool without_a_key_it_is_told_that_there_is_none(const char **skip)
{
	static const struct outcome none = { 0, DLMS_NO_KEY, NULL };
	static const struct outcome clear = { 1, DLMS_FINE, UNVERIFIED };
	u8 line[2048];

	(void)skip;
	return comes_out(line, line_of(line, 5, 0x30), NULL, &none) &&
	       comes_out(line, line_of(line, 5, 0x20), NULL, &none) &&
	       comes_out(line, line_of(line, 5, 0x10), NULL, &clear);
}

/* Without framing nothing else guards it. */
static bool with_its_tag_no_altered_message_is_accepted(const char **skip)
{
	u8 text[100], message[200];
	const size_t text_len = notification_of(text, 1, 60);
	const size_t len = dlms_cipher_of(message, 1, 0x30, text, text_len);

	(void)skip;
	for (size_t bit = 0; bit < 8 * len; bit++) {
		struct dlms_heard h;
		size_t apdus;

		message[bit / 8] ^= 1 << bit % 8;
		dlms_begin(&h, bit % 2 ? DLMS_RAW : DLMS_AUTO, &dlms_keys);
		h.any_body = true;
		dlms_hear(&h, message, len);
		dlms_end(&h);
		apdus = h.apdus;
		dlms_forget(&h);
		message[bit / 8] ^= 1 << bit % 8;
		if (apdus)
			return broken("accepted with bit %zu of byte %zu flipped", bit % 8,
				      bit / 8);
	}
	note("%zu bits", 8 * len);
	return true;
}

static bool a_title_comes_with_the_message_or_the_keys(const char **skip)
{
	static const struct outcome none = { 0, DLMS_NO_TITLE, NULL };
	struct meter_keys keys = with(true, 0, 0);
	u8 text[100], message[200], line[300];
	struct cipher_frame f = {
		.keys = &keys, .header = "\xdb", .counter = 9, .control = 0x30, .text = text
	};
	struct dlms_heard h;
	size_t len;
	bool kept;

	(void)skip;
	memcpy(keys.system_title, "KEYTITLE", SYSTEM_TITLE_LEN);
	f.len = notification_of(text, 1, 60);
	len = hdlc_segments_of(line, message, cipher_frame(&f, message), 2000);
	if (!comes_out(line, len, &keys, &none))
		return false;
	keys.has_system_title = true;
	dlms_begin(&h, DLMS_AUTO, &keys);
	dlms_hear(&h, line, len);
	kept = h.apdus == 1 && !strncmp(h.said.at, "1 0 ", 4);
	dlms_forget(&h);
	return kept || broken("not with the title of the keys");
}

static bool every_form_of_a_length_is_read(const char **skip)
{
	static const struct outcome good = { 1, DLMS_FINE, " 5 1 " };
	u8 text[100], message[200], line[300];
	const size_t text_len = notification_of(text, 1, 60);

	(void)skip;
	for (unsigned int bytes = 1; bytes <= 3; bytes++) {
		const struct cipher_frame f = {
			.keys = &dlms_keys,
			.title = "SIMTITLE",
			.counter = 5,
			.control = 0x30,
			.length_bytes = bytes,
			.text = text,
			.len = text_len,
		};
		const size_t len = cipher_frame(&f, message);

		if (!comes_out(line, hdlc_segments_of(line, message, len, 2000), &dlms_keys,
			       &good) ||
		    !comes_out(message, len, &dlms_keys, &good))
			return broken("a length in %u bytes", bytes);
	}
	return true;
}

/* Lengths inside a frame that is good. */
static bool lengths_that_do_not_fit_are_refused(const char **skip)
{
	u8 text[100], message[200], line[300];
	const size_t text_len = notification_of(text, 1, 60);
	const size_t len = dlms_cipher_of(message, 5, 0x30, text, text_len);

	(void)skip;
	for (size_t cut = 1; cut < len; cut++) {
		struct dlms_heard h;
		bool kept;

		dlms_begin(&h, DLMS_HDLC, &dlms_keys);
		h.any_body = true;
		dlms_hear(&h, line, hdlc_segments_of(line, message, cut, 2000));
		kept = !h.apdus && dlms_line_trouble(h.line) == DLMS_BAD_FORM &&
		       dlms_line_counts(h.line)->bad_form == 1;
		dlms_forget(&h);
		if (!kept)
			return broken("cut off at %zu", cut);
	}
	return true;
}

static bool nothing_nests_any_deeper(const char **skip)
{
	u8 text[300], inner[500], outer[700], line[2048];
	const size_t text_len = notification_of(text, 1, 200);
	const size_t inner_len = dlms_cipher_of(inner, 1, 0x30, text, text_len);
	const size_t outer_len = dlms_cipher_of(outer, 2, 0x30, inner, inner_len);
	const size_t block_len = block_of(outer + outer_len, 1, true, text, text_len);
	struct dlms_heard h;
	bool kept;

	(void)skip;
	dlms_begin(&h, DLMS_AUTO, &dlms_keys);
	dlms_hear(&h, line, hdlc_segments_of(line, outer, outer_len, 2000));
	kept = !h.apdus && dlms_line_counts(h.line)->other == 1 &&
	       dlms_line_other_apdu(h.line) == 0xdb;
	dlms_hear(&h, line, hdlc_blocks_of(line, outer + outer_len, block_len, 100));
	kept = kept && !h.apdus && dlms_line_counts(h.line)->other == 2 &&
	       dlms_line_other_apdu(h.line) == 0xe0;
	dlms_forget(&h);
	return kept;
}

static void send(struct dlms_heard *h, u32 counter)
{
	u8 line[2048];

	dlms_hear(h, line, line_of(line, counter, 0x30));
}

static bool a_counter_that_goes_back_is_counted_and_may_be_refused(const char **skip)
{
	static const bool auth_keys[] = { true, false };
	bool kept = true;

	(void)skip;
	for (size_t i = 0; kept && i < COUNT(auth_keys); i++) {
		const struct meter_keys keys = with(auth_keys[i], 0, 0);
		const struct dlms_counts *counts;
		struct dlms_heard h;

		dlms_begin(&h, DLMS_AUTO, &keys);
		counts = dlms_line_counts(h.line);
		send(&h, 100);
		send(&h, 101);
		kept = h.apdus == 2 && !counts->replayed;
		send(&h, 101);
		send(&h, 50);
		/* It began again, which is told once. */
		send(&h, 51);
		kept = kept && h.apdus == 5 && counts->replayed == 2 &&
		       dlms_line_trouble(h.line) == DLMS_FINE;
		dlms_line_refuse_replayed(h.line, true);
		send(&h, 51);
		send(&h, 7);
		kept = kept && h.apdus == 5 && counts->replayed == 4 &&
		       dlms_line_trouble(h.line) == DLMS_REPLAYED;
		send(&h, 52);
		kept = kept && h.apdus == 6 && counts->replayed == 4 &&
		       dlms_line_trouble(h.line) == DLMS_FINE;
		dlms_forget(&h);
	}
	return kept;
}

/* Else one who has no key could have all that the meter sends refused. */
static bool moves_no_counter(const struct meter_keys *keys, u8 control)
{
	u8 text[100], message[200], line[300];
	const size_t len =
		dlms_cipher_of(message, 0xffffffff, control, text, notification_of(text, 1, 60));
	const size_t first = len - (control & 0x10 ? 12 : 0) - 68;
	struct dlms_heard h;
	bool kept;

	/* What anybody can make: a text that is not enciphered, or noise. */
	if (control & 0x20 || keys->has_auth_key)
		message[first] ^= 0xff;
	dlms_begin(&h, DLMS_AUTO, keys);
	dlms_line_refuse_replayed(h.line, true);
	dlms_hear(&h, line, hdlc_segments_of(line, message, len, 2000));
	h.apdus = 0;
	send(&h, 2);
	kept = h.apdus == 1;
	dlms_forget(&h);
	return kept;
}

static bool what_cannot_be_read_moves_no_counter(const char **skip)
{
	static const u8 controls[] = { 0x30, 0x20, 0x10, 0x00 };

	(void)skip;
	for (size_t i = 0; i < 2 * COUNT(controls); i++) {
		const struct meter_keys keys = with(i % 2, 0, 0);

		if (!moves_no_counter(&keys, controls[i / 2]))
			return broken("control %02x, %zu authentication key", controls[i / 2],
				      i % 2);
	}
	return true;
}

static bool counters_of_several_senders_are_told_apart_and_kept(const char **skip)
{
	u8 text[100], message[200], line[300], title[] = "SIM0TITL";
	const size_t text_len = notification_of(text, 1, 60);
	struct dlms_heard h, later;
	struct glo_mark mark = { .counter = 981 };
	size_t len = 0;
	bool kept;

	(void)skip;
	dlms_begin(&h, DLMS_HDLC, &dlms_keys);
	for (unsigned int i = 0; i < 20; i++) {
		const struct cipher_frame f = {
			.keys = &dlms_keys,
			.title = (char *)title,
			.counter = 1000 - i,
			.control = 0x30,
			.text = text,
			.len = text_len,
		};

		title[3] = 'A' + i % 10;
		len = hdlc_segments_of(line, message, cipher_frame(&f, message), 2000);
		dlms_hear(&h, line, len);
	}
	/* Of ten in turns, eight are remembered, so that each is new. */
	kept = h.apdus == 20 && !dlms_line_counts(h.line)->replayed;
	dlms_hear(&h, line, len);
	kept = kept && dlms_line_counts(h.line)->replayed == 1;
	dlms_begin(&later, DLMS_HDLC, &dlms_keys);
	dlms_line_refuse_replayed(later.line, true);
	memcpy(mark.title, title, SYSTEM_TITLE_LEN);
	dlms_line_remember(later.line, &mark);
	dlms_hear(&later, line, len);
	kept = kept && !later.apdus && dlms_line_trouble(later.line) == DLMS_REPLAYED;
	dlms_forget(&later);
	dlms_forget(&h);
	return kept;
}

static bool a_telegram_of_p1_is_handed_out_as_text(const char **skip)
{
	static const char clear[] = "/SIM5\\2TEST\r\n\r\n1-0:1.8.0(000123.456*kWh)\r\n!";
	const struct meter_keys keys = with(false, 0, 0), wrong = with(false, 1, 0);
	u8 text[200], message[300];
	const size_t text_len = p1_with_crc(text, sizeof(text), clear);
	const size_t len = dlms_cipher_of(message, 1, 0x20, text, text_len);
	struct dlms_heard h;
	bool kept;

	(void)skip;
	dlms_begin(&h, DLMS_RAW, &keys);
	dlms_hear(&h, message, len);
	kept = h.texts == 1 && !h.apdus && dlms_line_counts(h.line)->texts == 1 &&
	       memmem(h.said.at, h.said.len, clear, strlen(clear));
	dlms_forget(&h);
	dlms_begin(&h, DLMS_RAW, &wrong);
	dlms_hear(&h, message, len);
	kept = kept && !h.texts && dlms_line_trouble(h.line) == DLMS_WRONG_KEY;
	dlms_forget(&h);
	return kept;
}

/* Where there are no frames it tells its length, and needs no pause. */
static bool without_framing_it_is_read_at_once_and_behind_damage(const char **skip)
{
	u8 text[100], line[1000];
	const size_t text_len = notification_of(text, 1, 60);
	struct dlms_heard h;
	size_t len = 0, one;
	bool kept;

	(void)skip;
	for (u32 i = 1; i <= 3; i++)
		len += dlms_cipher_of(line + len, i, 0x30, text, text_len);
	one = len / 3;
	dlms_begin(&h, DLMS_RAW, &dlms_keys);
	dlms_hear_in_pieces(&h, line, len, 7);
	kept = h.apdus == 3 && !dlms_line_waits_for_pause(h.line);
	/* One of them is damaged, then one lost a byte, then there is noise before them. */
	line[40] ^= 1;
	dlms_hear(&h, line, len);
	dlms_line_pause(h.line);
	line[40] ^= 1;
	kept = (kept && h.apdus == 5) || broken("one damaged: %zu", h.apdus);
	dlms_hear(&h, line, one / 2);
	dlms_hear(&h, line + one / 2 + 1, len - one / 2 - 1);
	dlms_line_pause(h.line);
	kept = (kept && h.apdus == 7) || broken("one short: %zu", h.apdus);
	dlms_hear(&h, (const u8 *)"\x55\xdb\x08", 3);
	dlms_hear(&h, line, len);
	dlms_line_pause(h.line);
	kept = (kept && h.apdus == 10) || broken("noise: %zu", h.apdus);
	dlms_forget(&h);
	return kept;
}

/* 5000 bytes of headers, each of which claims all that follows. */
static bool a_flood_of_headers_costs_little(const char **skip)
{
	static u8 flood[8192];
	struct dlms_heard h;
	clock_t began = clock();
	bool kept;

	(void)skip;
	for (size_t at = 0; at + 16 <= sizeof(flood); at += 16)
		memcpy(flood + at, "\xdb\x08SIMTITLE\x82\x10\x00\x30\0\0", 16);
	dlms_begin(&h, DLMS_RAW, &dlms_keys);
	for (unsigned int i = 0; i < 20; i++)
		dlms_hear(&h, flood, sizeof(flood));
	dlms_line_pause(h.line);
	dlms_hear(&h, flood, line_of(flood, 1, 0x30));
	kept = clock() - began < 5 * CLOCKS_PER_SEC;
	note("%.1f us/byte", (double)(clock() - began) / 20 / sizeof(flood));
	dlms_forget(&h);
	return kept;
}

static const struct promise promises[] = {
#define PROMISE(name)       \
	{                   \
#name, name \
	}
	PROMISE(a_tag_is_verified_not_verifiable_or_wrong),
	PROMISE(without_a_key_it_is_told_that_there_is_none),
	PROMISE(with_its_tag_no_altered_message_is_accepted),
	PROMISE(a_title_comes_with_the_message_or_the_keys),
	PROMISE(every_form_of_a_length_is_read),
	PROMISE(lengths_that_do_not_fit_are_refused),
	PROMISE(nothing_nests_any_deeper),
	PROMISE(a_counter_that_goes_back_is_counted_and_may_be_refused),
	PROMISE(what_cannot_be_read_moves_no_counter),
	PROMISE(counters_of_several_senders_are_told_apart_and_kept),
	PROMISE(a_telegram_of_p1_is_handed_out_as_text),
	PROMISE(without_framing_it_is_read_at_once_and_behind_damage),
	PROMISE(a_flood_of_headers_costs_little),
#undef PROMISE
};

int main(void)
{
	return keep_promises(promises, COUNT(promises));
}
