// SPDX-License-Identifier: MIT
/*
 * The JSON of D2L modules: one flat object of strings, named like the labels of TIC.
 *
 * Its quirks, as seen in frames of several firmwares (Zehir/eesmart-d2l, DomoticzD2LPlugin):
 *
 * - What a meter does not send is "" or "|", or has no member at all.
 * - In standard mode "horodate|value" is one string, and most horodates are cut to 9 characters,
 *   which say the hour; DATE has all 13, and no value.
 * - Of a single-phase meter, SMAXSN1 has what the meter sends as SMAXSN-1.
 * - IINST1 has the current of a single-phase meter; IINST2 and IINST3 are "0" then.
 * - Members that begin with '_' are of the module's own.
 *
 * All of it is kept as it was sent.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernel/telegram/labels.h"
#include "d2l.h"
#include "d2l_json.h"

#define TEXT_MAX	METERLINE_P1_MAX_BYTES

#define HT '\t'

/**
 * struct parse - a telegram that is made
 * @r: where
 * @at: end of its text so far
 * @expected: row of the label that comes next, when all come in the order of the table
 */
struct parse {
	struct d2l_reading *r;
	size_t at;
	unsigned int expected;
};

/* Most modules send the labels in the order of the table. */
static u8 row_of(struct parse *p, const char *label, size_t len)
{
	const struct label_info *info = &tic_labels[p->expected];
	u8 row;

	if (*label == '_')
		return ROW_UNKNOWN;
	if (info->len == len && !memcmp(info->name, label, len))
		row = p->expected;
	else
		row = tic_label_row((const u8 *)label, len);
	if (row != ROW_UNKNOWN)
		p->expected = (row + 1) % tic_label_count;
	return row;
}

static bool all_in(const u8 *value, size_t len, const char *letters)
{
	for (size_t i = 0; i < len; i++) {
		if (!value[i] || !strchr(letters, value[i]))
			return false;
	}
	return len;
}

/* H or E and 12 digits; only DATE has to be whole. */
static bool is_horodate(const u8 *text, size_t len)
{
	return len == TIC_HORODATE_LEN && strchr("EHeh ", text[0]) && text[0] &&
	       all_in(text + 1, len - 1, "0123456789");
}

/* Whether a value is what its label stands for (RULES of TIC, form): others have no meaning. */
static bool is_of_form(const struct parse *p, const struct field *f)
{
	const u8 *text = p->r->text;

	if (f->row == TIC_ROW_DATE)
		return tic_field_has_horodate(f) &&
		       is_horodate(text + f->label + f->label_len + 1, tic_horodate_len(f));
	switch (tic_labels[f->row].form) {
	case FORM_DIGITS:
		return all_in(text + f->value, f->len, "0123456789");
	case FORM_HEX:
		return all_in(text + f->value, f->len, "0123456789ABCDEF");
	default:
		return true;
	}
}

static void put(struct parse *p, const void *bytes, size_t len)
{
	memcpy(p->r->text + p->at, bytes, len);
	p->at += len;
	p->r->text[p->at++] = p->r->telegram.protocol == TELEGRAM_TIC_STANDARD ? HT : ' ';
}

/**
 * struct part - a text in the JSON
 * @text: may have NULs in it
 * @len: its length
 */
struct part {
	const char *text;
	size_t len;
};

/* @stamp: what stands before the value; its text is NULL when nothing does. */
static bool add_field(struct parse *p, const char *label, struct part stamp, struct part value)
{
	struct telegram *t = &p->r->telegram;
	struct field *f = &t->fields[t->nfields];
	size_t label_len = strlen(label);

	if (t->nfields == METERLINE_P1_MAX_LINES || label_len > UINT8_MAX ||
	    p->at + label_len + stamp.len + value.len + 3 > TEXT_MAX)
		return false;
	f->label = p->at;
	f->label_len = label_len;
	put(p, label, label_len);
	if (stamp.text)
		put(p, stamp.text, stamp.len);
	f->value = p->at;
	f->len = value.len;
	put(p, value.text, value.len);
	f->row = row_of(p, label, label_len);
	if (f->row != ROW_UNKNOWN && !is_of_form(p, f))
		f->row = ROW_UNKNOWN;
	t->nfields++;
	return true;
}

/* Standard mode: "horodate|value", and DATE is nothing but its horodate. */
static bool add_standard(struct parse *p, const char *label, struct part all)
{
	const char *bar = memchr(all.text, '|', all.len);
	struct part stamp = { NULL, 0 };

	if (bar) {
		stamp = (struct part){ all.text, bar - all.text };
		all.text = bar + 1;
		all.len -= stamp.len + 1;
	} else if (!strcmp(label, "DATE")) {
		stamp = all;
		all = (struct part){ "", 0 };
	}
	return add_field(p, label, stamp, all);
}

static bool add_member(struct parse *p, const char *label, struct part value)
{
	if (!value.len || (value.len == 1 && *value.text == '|'))
		return true;
	if (p->r->telegram.protocol == TELEGRAM_TIC_STANDARD)
		return add_standard(p, label, value);
	return add_field(p, label, (struct part){ NULL, 0 }, value);
}

/* All values of the firmwares that are known are strings; others are kept as they would print. */
static bool add_value(struct parse *p, const char *label, const json_t *value)
{
	char text[TEXT_MAX];
	size_t len;

	if (json_is_null(value))
		return true;
	if (json_is_string(value))
		return add_member(p, label, (struct part){ json_string_value(value),
							   json_string_length(value) });
	len = json_dumpb(value, text, sizeof(text), JSON_ENCODE_ANY | JSON_COMPACT);
	return len <= sizeof(text) && add_member(p, label, (struct part){ text, len });
}

/* Of a frame that does not say which, the mode is that of its labels. */
static enum telegram_protocol protocol_of(const json_t *object)
{
	const char *type = json_string_value(json_object_get(object, "_TYPE_TRAME"));

	if (type && !strcmp(type, "HISTORIQUE"))
		return TELEGRAM_TIC_HISTORIQUE;
	if ((type && !strcmp(type, "STANDARD")) || json_object_get(object, "ADSC"))
		return TELEGRAM_TIC_STANDARD;
	return TELEGRAM_TIC_HISTORIQUE;
}

static bool module_clock(const json_t *object, s64 *unix_s)
{
	const char *text = json_string_value(json_object_get(object, "_HORLOGE"));
	size_t len = text ? strlen(text) : 0;
	u64 clock;

	if (!len || len > 10 || strspn(text, "0123456789") != len)
		return false;
	clock = strtoull(text, NULL, 10);
	*unix_s = D2L_EPOCH_S + (s64)clock;
	return clock <= UINT32_MAX;
}

static bool read_object(struct d2l_reading *r, json_t *object)
{
	struct telegram *t = &r->telegram;
	struct parse p = { .r = r };
	const char *label;
	json_t *value;

	t->text = r->text;
	t->started = 0;
	t->damaged = 0;
	t->ident = 0;
	t->ident_len = 0;
	t->nfields = 0;
	t->protocol = protocol_of(object);
	p.expected = t->protocol == TELEGRAM_TIC_STANDARD ? TIC_ROW_ADSC : TIC_ROW_ADCO;
	json_object_foreach(object, label, value) {
		if (!add_value(&p, label, value))
			return false;
	}
	memset(r->text + p.at, 0, TELEGRAM_PAD);
	r->has_clock = telegram_time(t, &r->clock_s) || module_clock(object, &r->clock_s);
	return t->nfields;
}

/**
 * d2l_reading_parse - read the payload of a PUSH_JSON
 * @r: for the reading; its telegram is valid until the next call
 * @json: the payload
 * @len: its length in bytes
 *
 * Return: false when it is not a JSON object that says anything, or says more than a telegram can.
 */
bool d2l_reading_parse(struct d2l_reading *r, const u8 *json, size_t len)
{
	json_t *object = json_loadb((const char *)json, len, JSON_ALLOW_NUL, NULL);
	bool good = json_is_object(object) && read_object(r, object);

	json_decref(object);
	return good;
}

/**
 * d2l_quantities - what a reading means
 * @t: telegram of a reading
 * @phases: those that the meter has, when its TIC is historique: bit 0 for phase 1 and so on; 0:
 *	not known. The module prints 0 for phases that there are not, so that one reading alone says
 *	nothing of the load
 * @values: for the quantities, as telegram_quantities() has them
 */
void d2l_quantities(const struct telegram *t, unsigned int phases, struct reading *values)
{
	telegram_quantities(t, values);
	if (t->protocol == TELEGRAM_TIC_HISTORIQUE)
		historique_load(values, phases);
}
