// SPDX-License-Identifier: MIT
/*
 * One telegram under construction: bytes, damage, and the reading that it must give.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "simulate.h"

__attribute__((format(printf, 2, 3))) static void text_add(struct sim_text *text,
							   const char *format, ...)
{
	size_t room = sizeof(text->text) - text->len;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text->text + text->len, room, format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= room)
		abort();
	text->len += len;
}

/* JSON: a backslash before quotation mark and backslash; nothing else of ASCII is sent. */
static void text_add_json(struct sim_text *text, const char *value, size_t len)
{
	text_add(text, "\"");
	for (size_t i = 0; i < len; i++)
		text_add(text, strchr("\"\\", value[i]) ? "\\%c" : "%c", value[i]);
	text_add(text, "\"");
}

static void text_clear(struct sim_text *text)
{
	text->len = 0;
	text->text[0] = '\0';
}

/**
 * sim_telegram_reset - begins the next telegram
 * @t: the telegram; how the one before ended is kept
 * @protocol: as the data contract names it
 */
void sim_telegram_reset(struct sim_telegram *t, const char *protocol)
{
	t->len = 0;
	t->gap_count = 0;
	t->unit_count = 0;
	t->has_meter = false;
	t->standard = !strcmp(protocol, SIM_TIC_STANDARD);
	text_clear(&t->head);
	text_add(&t->head, "\"protocol\":\"%s\"", protocol);
	text_clear(&t->fields);
	text_clear(&t->quantities);
	t->good = 0;
	t->damaged = 0;
	t->lost = false;
	t->separator_damaged = false;
}

/** sim_via_is - what it comes in, once it is whole */
void sim_via_is(struct sim_telegram *t, const char *via)
{
	text_add(&t->head, ",\"via\":\"%s\"", via);
}

/** sim_meter_is - the number that can be read in it */
void sim_meter_is(struct sim_telegram *t, const char *number)
{
	text_add(&t->head, ",\"meter\":");
	text_add_json(&t->head, number, strlen(number));
	t->has_meter = true;
}

/** sim_time_is - the time that can be read in it, seconds UTC */
void sim_time_is(struct sim_telegram *t, int64_t utc_s)
{
	time_t time = utc_s;
	char stamp[40];
	struct tm tm;

	gmtime_r(&time, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &tm);
	text_add(&t->head, ",\"time\":\"%s\"", stamp);
}

static uint8_t even_parity(uint8_t byte)
{
	return byte | (__builtin_parity(byte) << 7);
}

/** sim_bytes - appends bytes of 7 bits, with parity where the line has it */
void sim_bytes(struct sim_telegram *t, const void *bytes, size_t len)
{
	const uint8_t *from = bytes;

	if (len > sizeof(t->bytes) - t->len)
		abort();
	for (size_t i = 0; i < len; i++)
		t->bytes[t->len++] = t->parity ? even_parity(from[i]) : from[i];
}

/** sim_silence - the line is silent for @ms before the next byte */
void sim_silence(struct sim_telegram *t, uint32_t ms)
{
	if (t->gap_count == sizeof(t->gaps) / sizeof(t->gaps[0]))
		abort();
	t->gaps[t->gap_count++] = (struct sim_gap){ .offset = t->len, .ms = ms };
}

/** sim_field_begin - a field that must be read; its values follow */
void sim_field_begin(struct sim_telegram *t, const char *label)
{
	text_add(&t->fields, "%s[", t->good++ ? "," : "");
	text_add_json(&t->fields, label, strlen(label));
}

/** sim_field_value - one value of it */
void sim_field_value(struct sim_telegram *t, const char *value, size_t len)
{
	text_add(&t->fields, ",");
	text_add_json(&t->fields, value, len);
}

/** sim_field_end - all values of it are there */
void sim_field_end(struct sim_telegram *t)
{
	text_add(&t->fields, "]");
}

/**
 * sim_quantity - a quantity that the reading must have
 * @t: the telegram
 * @name: in the data contract
 * @milli: thousandths of its base unit
 */
void sim_quantity(struct sim_telegram *t, const char *name, int64_t milli)
{
	uint64_t size = milli < 0 ? -(uint64_t)milli : (uint64_t)milli;
	unsigned int rest = size % 1000;

	text_add(&t->quantities, "%s\"%s\":%s%" PRIu64, t->quantities.len ? "," : "", name,
		 milli < 0 ? "-" : "", size / 1000);
	if (rest % 100 == 0 && rest)
		text_add(&t->quantities, ".%u", rest / 100);
	else if (rest % 10 == 0 && rest)
		text_add(&t->quantities, ".%02u", rest / 10);
	else if (rest)
		text_add(&t->quantities, ".%03u", rest);
}

/** sim_quantity_tariff - the same with _tN behind its name, @tariff from 0 */
void sim_quantity_tariff(struct sim_telegram *t, const char *name, unsigned int tariff,
			 int64_t milli)
{
	char full[64];

	snprintf(full, sizeof(full), "%s_t%u", name, tariff + 1);
	sim_quantity(t, full, milli);
}

/** sim_quantity_phase - the same with _lN behind its name, @phase from 0 */
void sim_quantity_phase(struct sim_telegram *t, const char *name, unsigned int phase, int64_t milli)
{
	char full[64];

	snprintf(full, sizeof(full), "%s_l%u", name, phase + 1);
	sim_quantity(t, full, milli);
}

/** sim_hit - whether one of so many characters is to be damaged */
bool sim_hit(struct sim_telegram *t, size_t characters)
{
	for (size_t i = 0; t->damage_permille && i < characters; i++)
		if (sim_random(&t->random, 1000) < t->damage_permille)
			return true;
	return false;
}

/**
 * sim_flip - flips one bit of a character so that its check must see it
 * @t: the telegram
 * @offset: of the character
 * @bits: how many of its bits the check sees, from the lowest
 * @avoid: characters that must not come out
 *
 * The result is printable.
 *
 * Return: false when no bit of this character will do
 */
bool sim_flip(struct sim_telegram *t, size_t offset, unsigned int bits, const char *avoid)
{
	unsigned int first = sim_random(&t->random, bits);

	for (unsigned int i = 0; i < bits; i++) {
		uint8_t byte = t->bytes[offset] ^ 1 << (first + i) % bits;
		uint8_t seen = byte & 0x7f;

		if (seen < 0x20 || seen == 0x7f || strchr(avoid, seen))
			continue;
		t->bytes[offset] = byte;
		return true;
	}
	return false;
}

/**
 * sim_expect - writes the reading that a decoder must make of this telegram, if any
 * @t: the telegram
 * @file: gets one line of JSON
 *
 * Return: false when it could not be written
 */
bool sim_expect(const struct sim_telegram *t, FILE *file)
{
	if (t->lost || !t->good)
		return true;
	fprintf(file, "{%s,\"damaged\":%u,\"fields\":[%s],\"quantities\":{%s}}\n", t->head.text,
		t->damaged, t->fields.text, t->quantities.text);
	return !ferror(file);
}
