// SPDX-License-Identifier: MIT
/*
 * One data-notification (Green Book section 9.3.10): its head, and then what other files know of
 * its body.
 */
#include "dlms_parts.h"

#define DATA_NOTIFICATION 0x0f
#define INVOKE_ID_LEN	  4

/*
 * The time of the message is an octet string without a tag, which may be absent (0). Some meters
 * write a tag before it, or a date-time with its tag and no length.
 */
static bool read_time(struct axdr *a, const u8 **clock)
{
	const u8 *b = a->at;
	const size_t left = a->end - b;
	size_t head;

	*clock = NULL;
	if (!left)
		return false;
	if (!b[0]) {
		a->at++;
		return true;
	}
	if (b[0] == AXDR_CLOCK_LEN || b[0] == AXDR_DATE_TIME)
		head = 1;
	else if (b[0] == AXDR_OCTET_STRING && left > 1 && b[1] == AXDR_CLOCK_LEN)
		head = 2;
	else
		return false;
	if (left < head + AXDR_CLOCK_LEN)
		return false;
	*clock = b + head;
	a->at += head + AXDR_CLOCK_LEN;
	return true;
}

/**
 * dlms_read_head - what stands before the body of a data-notification
 * @a: where the APDU begins; moved to its body
 * @clock: for the time of the message, AXDR_CLOCK_LEN bytes; NULL: it has none
 *
 * Return: false when it is no data-notification.
 */
bool dlms_read_head(struct axdr *a, const u8 **clock)
{
	if (a->end - a->at < 1 + INVOKE_ID_LEN || a->at[0] != DATA_NOTIFICATION)
		return false;
	a->at += 1 + INVOKE_ID_LEN;
	return read_time(a, clock);
}

static void begin_reading(struct dlms_reading *r, u64 started)
{
	struct telegram *t = &r->telegram;

	t->text = r->text;
	t->started = started;
	t->damaged = 0;
	t->ident = 0;
	t->ident_len = 0;
	t->nfields = 0;
	t->protocol = TELEGRAM_DLMS;
	r->has_clock = false;
	r->clock_s = 0;
	r->list[0] = '\0';
}

/**
 * dlms_reading_parse - read one APDU
 * @r: for the reading; its telegram is valid until the next call
 * @settings: what is known of the meter beside its telegrams; all 0: nothing
 * @apdu: a data-notification; what follows it is left alone
 *
 * Its time is that of the clock object, else that of the message.
 *
 * Return: bytes of the APDU; 0 when it is no data-notification, when its data are not valid A-XDR,
 * and when it says nothing, or more than a telegram can.
 */
size_t dlms_reading_parse(struct dlms_reading *r, const struct dlms_settings *settings,
			  const struct dlms_apdu *apdu)
{
	struct axdr a = { apdu->bytes, apdu->bytes + apdu->len, NULL, NULL };
	struct dlms_build b = { .r = r, .budget = AXDR_VALUES_MAX };
	const u8 *clock;

	begin_reading(r, apdu->first_byte);
	if (!dlms_read_head(&a, &clock))
		return 0;
	r->has_clock = clock && axdr_clock(clock, &r->clock_s);
	if (!dlms_read_body(&b, &a) || !r->telegram.nfields)
		return 0;
	memset(r->text + b.at, 0, TELEGRAM_PAD);
	dlms_find_number(r, apdu->system_title);
	r->profile = settings->profile;
	if (r->profile == DLMS_PROFILE_AUTO)
		r->profile = dlms_profile_of(&b, apdu->system_title);
	dlms_find_quantities(r, settings);
	return a.at - apdu->bytes;
}
