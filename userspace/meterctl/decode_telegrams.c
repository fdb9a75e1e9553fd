// SPDX-License-Identifier: MIT
/*
 * meterctl decode: from bytes to telegrams of any kind, which are printed.
 */
#include <stdio.h>

#include "../decode/dlms_json.h"
#include "../lib/json.h"
#include "decode_telegrams.h"

static bool may_be(const struct decode *d, enum kind kind)
{
	return d->kind == KIND_OPEN || d->kind == kind;
}

static void count_printed(struct decode *d)
{
	fflush(stdout);
	d->telegrams++;
}

static void print_telegram(struct decode *d, const struct telegram *t, const struct reading *r,
			   const struct json_carrier *via)
{
	char number[METERLINE_NUMBER_MAX + 1];

	telegram_number(t, number, sizeof(number));
	json_reading(stdout, t, r, number, via);
	count_printed(d);
}

static void meter_telegram(void *context, const struct telegram *t)
{
	struct decode *d = context;
	const struct json_carrier via = { .name = d->stream.via };
	struct reading reading;

	if (!may_be(d, KIND_METER))
		return;
	d->kind = KIND_METER;
	telegram_quantities(t, &reading);
	print_telegram(d, t, &reading, via.name ? &via : NULL);
}

static size_t dlms_apdu(void *context, const struct dlms_apdu *apdu)
{
	struct decode *d = context;

	return dlms_reading_parse(&d->dlms, &d->settings, apdu);
}

static bool has_numbers(const struct dlms_reading *r)
{
	for (unsigned int i = 0; i < r->telegram.nfields; i++) {
		if (r->details[i].flags & DLMS_NUMERIC)
			return true;
	}
	return false;
}

static bool has_quantities(const struct reading *r)
{
	u64 any = 0;

	for (unsigned int i = 0; i < sizeof(r->valid) / sizeof(r->valid[0]); i++)
		any |= r->valid[i];
	return any;
}

static void dlms_done(void *context)
{
	struct decode *d = context;
	const struct dlms_reading *r = &d->dlms;

	if (!may_be(d, KIND_DLMS))
		return;
	d->kind = KIND_DLMS;
	d->unsettled += r->unsettled;
	d->meaningless += r->profile == DLMS_PROFILE_NONE && has_numbers(r) &&
			  !has_quantities(&r->values);
	dlms_json(stdout, r);
	count_printed(d);
}

static void d2l_frame(void *context, const struct d2l_found *found)
{
	struct json_carrier via = { .name = "d2l" };
	struct decode *d = context;
	struct reading reading;

	d->module = found->header.id;
	if (!found->key || found->verdict != D2L_GOOD || found->frame.type != D2L_PUSH_JSON ||
	    found->frame.answer || !may_be(d, KIND_D2L))
		return;
	if (!d2l_reading_parse(&d->reading, found->frame.payload, found->frame.payload_len)) {
		d->unread++;
		return;
	}
	d->kind = KIND_D2L;
	via.has_clock = d->reading.has_clock;
	via.clock_s = d->reading.clock_s;
	d2l_quantities(&d->reading.telegram, 0, &reading);
	print_telegram(d, &d->reading.telegram, &reading, &via);
}

static bool begin_stream(struct decode *d, const struct meter_keys *keys)
{
	const struct dlms_out out = { .apdu = dlms_apdu, .done = dlms_done, .context = d };
	const struct protocols *p = &d->protocols;

	if (!stream_init(&d->stream, p->line, p->line & LINE_P1 ? keys : NULL, meter_telegram, d))
		return false;
	return !p->dlms || stream_add_dlms(&d->stream, p->dlms, keys, &out);
}

/**
 * decode_init - begin with a file
 * @d: its state, all zero but for @d->settings
 * @p: what to try
 * @keys: of a key file, which must live longer
 *
 * Return: false without memory; decode_release() is for both.
 */
bool decode_init(struct decode *d, const struct protocols *p, const struct file_keys *keys)
{
	d->protocols = *p;
	d->has_keys = keys->meter;
	if (p->d2l) {
		d->d2l = d2l_file_new(keys->d2l, d2l_frame, d);
		if (!d->d2l)
			return false;
	}
	return begin_stream(d, keys->meter);
}

/** decode_release - the end of a file */
void decode_release(struct decode *d)
{
	stream_release(&d->stream);
	d2l_file_free(d->d2l);
}

static bool may_be_of_meter(const struct decode *d)
{
	return may_be(d, KIND_METER) || may_be(d, KIND_DLMS);
}

/**
 * decode_feed - take bytes of the file
 * @d: its state
 * @bytes: in any chunks
 * @count: number of @bytes
 */
void decode_feed(struct decode *d, const u8 *bytes, size_t count)
{
	d->bytes += count;
	if (may_be_of_meter(d))
		stream_feed(&d->stream, bytes, count, 0);
	if (d->d2l && may_be(d, KIND_D2L))
		d2l_file_feed(d->d2l, bytes, count);
}

/**
 * decode_end - there are no more bytes, or none came for a second
 * @d: its state
 */
void decode_end(struct decode *d)
{
	if (may_be_of_meter(d))
		stream_end(&d->stream);
	if (d->d2l && may_be(d, KIND_D2L))
		d2l_file_end(d->d2l);
}
