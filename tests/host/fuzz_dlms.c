// SPDX-License-Identifier: MIT
#include "dlms_apdus.h"
#include "fuzz.h"
#include "../../userspace/decode/dlms_doubt.h"
#include "../../userspace/decode/dlms_settle.h"

const char property[] = "any_apdu_gives_one_sound_reading_of_just_its_bytes_or_none";

/** fuzz_seeds - what inputs are made from */
size_t fuzz_seeds(struct vector **vectors)
{
	return apdu_seeds(vectors);
}

/* Fields lie one behind the other within the text, and behind them is room to read words. */
static bool is_sound(const struct dlms_reading *r)
{
	size_t at = 0;

	for (unsigned int i = 0; i < r->telegram.nfields; i++) {
		const struct field *f = &r->telegram.fields[i];

		if (f->label != at || f->value < f->label + f->label_len + 2)
			return broken("field %u is out of place", i);
		for (at = f->value; at < f->value + f->len; at++)
			if (r->text[at] < 0x20 || r->text[at] > 0x7e)
				return broken("byte %02x in a value", r->text[at]);
		at++;
	}
	if (strlen(r->number) > METERLINE_NUMBER_MAX || strlen(r->list) >= DLMS_LIST_LEN)
		return broken("number or list have no end");
	return at + TELEGRAM_PAD <= sizeof(r->text) || broken("the text is too long");
}

static bool others_take_it(const struct dlms_reading *r)
{
	struct dlms_submeter m = { 0 };
	struct dlms_settle settle = { 0 };
	struct dlms_doubts doubts = { 0 };
	unsigned int count = 0;

	while (dlms_submeter_next(r, &m)) {
		if (++count > 8 || !m.number[0] || !m.telegram.nfields)
			return broken("%u meters on the M-Bus", count);
	}
	for (u64 now_ms = 0; now_ms < 50000; now_ms += 10000)
		dlms_settle_take(&settle, r, now_ms);
	dlms_doubts_take(&doubts, &r->values);
	return true;
}

static bool same_of_just_its_bytes(struct dlms_reading *r, const struct dlms_settings *s,
				   const u8 *bytes, size_t used)
{
	char *json = json_of(r), *again;
	bool kept;

	if (parse_exact(r, s, bytes, used, NULL) != used) {
		free(json);
		return broken("not read without what follows");
	}
	again = json_of(r);
	kept = !strcmp(json, again) || broken("%snot\n%s", again, json);
	free(json);
	free(again);
	if (parse_exact(r, s, bytes, used - 1, NULL))
		return broken("read without its last byte");
	return kept;
}

/** holds - see the property */
bool holds(const u8 *bytes, size_t len)
{
	const struct dlms_settings s = { .profile = len % DLMS_PROFILE_COUNT,
					 .energy_step = len % 2 };
	struct dlms_reading *r = malloc(sizeof(*r));
	size_t used = parse_exact(r, &s, bytes, len, NULL);
	bool kept = used <= len;

	if (used)
		kept = kept && is_sound(r) && goes_into_a_record(&r->telegram) &&
		       others_take_it(r) && same_of_just_its_bytes(r, &s, bytes, used);
	free(r);
	return kept;
}
