// SPDX-License-Identifier: MIT
#include "dlms_host.h"

const struct meter_keys dlms_keys = {
	.key = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 },
	.auth_key = { 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9 },
	.has_auth_key = true,
};

size_t dlms_cipher_of(u8 *message, u32 counter, u8 control, const u8 *text, size_t len)
{
	const struct cipher_frame f = {
		.keys = &dlms_keys,
		.title = "SIM\xdb\x08~h*",
		.counter = counter,
		.control = control,
		.length_bytes = len < 100   ? 1
				: len < 230 ? 2
					    : 3,
		.text = text,
		.len = len,
	};

	return cipher_frame(&f, message);
}

static void say_apdu(struct dlms_heard *h, const struct dlms_apdu *apdu, size_t len)
{
	if (apdu->system_title) {
		text_add_bytes(&h->said, apdu->system_title, SYSTEM_TITLE_LEN);
		text_add(&h->said, " %u ", apdu->counter);
	}
	text_add(&h->said, "%d %llu ", apdu->tag, (unsigned long long)apdu->first_byte);
	text_add_bytes(&h->said, apdu->bytes, len);
	text_add(&h->said, "\n");
}

static size_t take_apdu(void *heard, const struct dlms_apdu *apdu)
{
	struct dlms_heard *h = heard;
	size_t len = h->any_body ? apdu->len : notification_len(apdu->bytes, apdu->len);

	if (!len)
		return 0;
	h->apdus++;
	say_apdu(h, apdu, len);
	return len;
}

/* Of a telegram of P1 nothing but its form is looked at. */
static size_t take_text(void *heard, const struct dlms_apdu *apdu)
{
	const u8 *end = memchr(apdu->bytes, '!', apdu->len);
	struct dlms_heard *h = heard;

	if (!end || apdu->bytes + apdu->len - end < 7)
		return 0;
	h->texts++;
	say_apdu(h, apdu, apdu->len);
	return apdu->len;
}

void dlms_begin(struct dlms_heard *h, unsigned int framings, const struct meter_keys *keys)
{
	const struct dlms_out out = { take_apdu, take_text, h };

	memset(h, 0, sizeof(*h));
	h->line = dlms_line_new(framings, keys, &out);
	if (!h->line)
		abort();
}

void dlms_hear(struct dlms_heard *h, const u8 *bytes, size_t len)
{
	dlms_line_feed(h->line, bytes, len, 0);
}

void dlms_hear_in_pieces(struct dlms_heard *h, const u8 *bytes, size_t len, size_t most)
{
	u64 state = len;

	for (size_t at = 0; at < len;) {
		size_t n = most ? 1 + lot(&state, most) : len;

		n = n < len - at ? n : len - at;
		dlms_hear(h, bytes + at, n);
		at += n;
	}
}

void dlms_end(struct dlms_heard *h)
{
	dlms_line_end(h->line);
}

void dlms_forget(struct dlms_heard *h)
{
	dlms_line_free(h->line);
	text_free(&h->said);
}

bool dlms_same(const struct dlms_heard *a, const struct dlms_heard *b)
{
	const struct dlms_counts *of_a = dlms_line_counts(a->line);

	return text_same(&a->said, &b->said) &&
	       !memcmp(of_a, dlms_line_counts(b->line), sizeof(*of_a)) &&
	       dlms_line_trouble(a->line) == dlms_line_trouble(b->line) &&
	       dlms_line_framing(a->line) == dlms_line_framing(b->line);
}
