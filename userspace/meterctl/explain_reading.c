// SPDX-License-Identifier: MIT
/*
 * meterctl explain: what a telegram says in the end: fields, what each of them means or why it
 * means nothing, and quantities.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../../kernel/telegram/record.h"
#include "../decode/dlms_doubt.h"
#include "../decode/dlms_parts.h"
#include "../lib/json.h"
#include "../lib/units.h"
#include "../lib/zone.h"
#include "explain.h"

/* Where columns of fields begin. */
#define VALUE_COLUMN   16
#define MEANING_COLUMN (VALUE_COLUMN + 25)
#define NUMBER_TEXT    64
/* What is longer is cut. */
#define FIELD_TEXT 50

static const char *number_from_text(enum dlms_number_from from)
{
	switch (from) {
	case DLMS_NUMBER_TITLE:
		return "the system title";
	case DLMS_NUMBER_CLOSING:
		return "the text that closes the list";
	case DLMS_NUMBER_CODE:
		return "its code";
	case DLMS_NUMBER_NONE:
		break;
	}
	return "nothing";
}

/* A value with its unit. */
static void put_milli(char *text, size_t size, enum quantity q, s64 milli)
{
	FILE *out = fmemopen(text, size, "w");

	text[0] = '\0';
	if (!out)
		return;
	json_milli(out, milli);
	fprintf(out, " %s", quantity_unit(q));
	fclose(out);
}

static const char *scaler_from(const struct dlms_reading *r, const struct dlms_detail *d)
{
	return d->flags & DLMS_SCALED || r->profile == DLMS_PROFILE_NONE ? "" : " (profile)";
}

/* What field @i means, or why it means nothing. */
static void put_meaning(char *text, size_t size, const struct dlms_reading *r,
			const struct dlms_settings *settings, unsigned int i, const char *label)
{
	const struct dlms_detail *d = &r->details[i];
	enum dlms_meaning meaning;
	char value[NUMBER_TEXT];
	u8 quantity;
	s64 milli;

	meaning = dlms_meaning_of(r, settings, i, &quantity, &milli);
	switch (meaning) {
	case DLMS_MEANS_QUANTITY:
		put_milli(value, sizeof(value), quantity, milli);
		snprintf(text, size, "%s %s%s", explain_quantity(quantity), value,
			 scaler_from(r, d));
		break;
	case DLMS_MEANS_NONE:
		snprintf(text, size, "%s", d->flags & DLMS_CODED ? explain_code(label) : "no code");
		break;
	case DLMS_MEANS_ELSE:
		snprintf(text, size, "not the present value");
		break;
	case DLMS_MEANS_NO_NUMBER:
		snprintf(text, size, "%s: this is no number", explain_quantity(quantity));
		break;
	case DLMS_MEANS_OTHER_UNIT:
		snprintf(text, size, "%s: its unit is not %s", explain_quantity(quantity),
			 quantity_unit(quantity));
		break;
	case DLMS_MEANS_NO_SCALER:
		snprintf(text, size, "%s: scale not known", explain_quantity(quantity));
		break;
	case DLMS_MEANS_UNSETTLED:
		snprintf(text, size, "%s: not known whether in 1 or 10 Wh",
			 explain_quantity(quantity));
		break;
	case DLMS_MEANS_IMPOSSIBLE:
		snprintf(text, size, "%s: no such value can be", explain_quantity(quantity));
		break;
	}
}

/* A row of three columns; what is too wide takes a line of its own. */
static void print_field(const char *label, const char *value, const char *meaning)
{
	int at = printf("  %-*s ", VALUE_COLUMN - 3, label);

	at += printf("%-*s ", MEANING_COLUMN - at - 1, value);
	if (at > MEANING_COLUMN)
		printf("\n%*s", MEANING_COLUMN, "");
	explain_wrapped(meaning, MEANING_COLUMN);
}

/* The text of a field with its unit; nothing in it is but printable ASCII, and a degree sign. */
static void put_field(char *text, size_t size, const struct dlms_reading *r, unsigned int i)
{
	const struct span s = dlms_text(r, i);
	const char *unit = explain_unit(r->details[i].unit);

	if (s.len > FIELD_TEXT)
		snprintf(text, size, "%.*s...", FIELD_TEXT, (const char *)s.bytes);
	else
		snprintf(text, size, "%.*s%s%s", (int)s.len, (const char *)s.bytes,
			 *unit ? " " : "", unit);
}

static void print_fields(const struct dlms_reading *r, const struct dlms_settings *settings)
{
	const struct telegram *t = &r->telegram;
	char label[DLMS_LIST_LEN], value[80], meaning[160];

	puts("fields, as they were sent, and what they mean:");
	for (unsigned int i = 0; i < t->nfields; i++) {
		const struct field *f = &t->fields[i];

		snprintf(label, sizeof(label), "%.*s", f->label_len,
			 (const char *)t->text + f->label);
		put_field(value, sizeof(value), r, i);
		put_meaning(meaning, sizeof(meaning), r, settings, i, label);
		print_field(*label ? label : "-", value, meaning);
	}
}

static void print_quantities(const struct reading *r)
{
	char value[NUMBER_TEXT];
	bool any = false;

	for (unsigned int q = 0; q < QUANTITY_COUNT; q++) {
		if (!reading_has(r, q))
			continue;
		if (!any)
			puts("quantities:");
		any = true;
		put_milli(value, sizeof(value), q, r->milli[q]);
		printf("  %-28s %s\n", quantity_info[q].name, value);
	}
	if (!any)
		puts("quantities: none");
}

static void print_time(bool has_clock, s64 clock_s)
{
	char text[ISO_TIME_LEN + 1];

	if (!has_clock) {
		puts("time: none that is valid and whose deviation from UTC is known");
		return;
	}
	iso_time(clock_s, text);
	printf("time: %s\n", text);
}

/* Each way to stand in the list once. */
static void print_layouts(const struct dlms_reading *r)
{
	u32 seen = 0;

	for (unsigned int i = 0; i < r->telegram.nfields; i++) {
		const u8 layout = r->details[i].layout;

		if (!(seen >> layout & 1))
			printf("read as: %s\n", dlms_layout_text(layout));
		seen |= 1u << layout;
	}
}

static void print_profile(const struct dlms_reading *r, const struct dlms_settings *settings)
{
	if (r->profile == DLMS_PROFILE_NONE)
		puts("profile: none, so numbers without a scaler mean nothing (--profile)");
	else
		printf("profile: %s, %s, for numbers without a scaler\n",
		       dlms_profile_name(r->profile),
		       settings->profile == DLMS_PROFILE_AUTO ? "by what the telegram shows"
							      : "as --profile says");
}

static void print_submeters(const struct dlms_reading *r)
{
	struct dlms_submeter m = { .channel = 0 };
	char value[NUMBER_TEXT];

	while (dlms_submeter_next(r, &m)) {
		printf("meter on its M-Bus, channel %u: %s", m.channel, m.number);
		if (m.quantity != Q_NONE) {
			put_milli(value, sizeof(value), m.quantity, m.values.milli[m.quantity]);
			printf(", %s %s", explain_quantity(m.quantity), value);
		}
		putchar('\n');
	}
}

/**
 * explain_reading - what an APDU of DLMS says
 * @r: the reading
 * @settings: with which it was read
 */
void explain_reading(const struct dlms_reading *r, const struct dlms_settings *settings)
{
	const enum dlms_doubt doubt = dlms_doubt_of(&r->values);

	if (*r->number)
		printf("meter: %s, by %s\n", r->number, number_from_text(r->number_from));
	else
		puts("meter: its number is not in this telegram");
	print_time(r->has_clock, r->clock_s);
	if (*r->list)
		printf("list: push setup %s\n", r->list);
	print_layouts(r);
	print_profile(r, settings);
	print_fields(r, settings);
	print_quantities(&r->values);
	print_submeters(r);
	if (doubt != DLMS_NO_DOUBT)
		explain_wrapped(dlms_doubt_text(doubt), 0);
}

/**
 * explain_telegram - what a telegram of TIC or P1 says beyond its fields
 * @t: the telegram
 */
void explain_telegram(const struct telegram *t)
{
	char number[METERLINE_NUMBER_MAX + 1], text[4 * METERLINE_NUMBER_MAX + 1];
	struct reading reading;
	s64 unix_s = 0;
	bool has_clock;

	explain_title("what it says");
	telegram_number(t, number, sizeof(number));
	record_escape((const u8 *)number, strlen(number), text, sizeof(text));
	printf("protocol: %s\n", telegram_protocol_name(t->protocol));
	printf("meter: %s\n", *text ? text : "its number is not in this telegram");
	has_clock = telegram_time(t, &unix_s);
	if (has_clock)
		print_time(true, unix_s);
	telegram_quantities(t, &reading);
	print_quantities(&reading);
}

static void take_telegram(void *context, const struct telegram *t)
{
	struct verdict *v = context;

	v->given = true;
	if (v->explains)
		explain_telegram(t);
}

/**
 * explain_verdict - begin anew, with other bytes
 * @v: all zero, or of other bytes; @v->explains stays
 *
 * Return: for a decoder; it is valid as long as @v.
 */
struct telegram_sink explain_verdict(struct verdict *v)
{
	memset(&v->stats, 0, sizeof(v->stats));
	v->given = false;
	return (struct telegram_sink){ &v->telegram, &v->stats, take_telegram, v };
}
