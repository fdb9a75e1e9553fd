// SPDX-License-Identifier: MIT
/*
 * Layout of teleinfo2mqtt: each full frame of TIC under teleinfo/NUMBER as one object, what was
 * sent and what it means by label, and teleinfo/status; neither is retained.
 *
 * Source: fmartinou/teleinfo2mqtt 9, app/teleinfo/TicMode.js and the two modes beside it,
 * app/mqtt/index.js. Its status also counts what that program did, which nothing here has.
 */
#include <time.h>

#include "../../kernel/telegram/labels.h"
#include "../lib/json.h"
#include "layout_parts.h"

/* PREF and PCOUP get three zeros more. */
#define RAW_MAX (METERLINE_TIC_MAX_BYTES + 3)

/* YYMMDDhhmmss of a horodate, behind its season. */
#define CIVIL_DIGITS 12

static bool is_digit(u8 c)
{
	return c >= '0' && c <= '9';
}

static unsigned int two_digits(const u8 *p)
{
	return (p[0] - '0') * 10 + p[1] - '0';
}

/* H is winter, E and no season at all are summer; nothing else is a horodate there. */
static bool is_horodate(const u8 *h)
{
	unsigned int i;

	if (h[0] != 'H' && h[0] != 'E' && h[0] != ' ')
		return false;
	for (i = 1; i <= CIVIL_DIGITS && is_digit(h[i]); i++)
		;
	return i > CIVIL_DIGITS;
}

/* Civil time with the Z of UTC behind it, which it is not: so it is printed there. */
static void print_horodate(FILE *out, const u8 *h)
{
	struct tm civil = {
		.tm_year = 100 + two_digits(h + 1),
		.tm_mon = (int)two_digits(h + 3) - 1,
		.tm_mday = two_digits(h + 5),
		.tm_hour = two_digits(h + 7),
		.tm_min = two_digits(h + 9),
		.tm_sec = two_digits(h + 11),
	};
	char text[ISO_TIME_LEN + 1];

	iso_time(timegm(&civil), text);
	fprintf(out, ",\"timestamp\":{\"dst\":\"%s\",\"date\":\"%.19s.000Z\"}",
		h[0] == 'H' ? "winter" : "summer", text);
}

/* The digits that a text begins with as a number; false when there are none. */
static bool print_number(FILE *out, const u8 *c, const u8 *end)
{
	bool negative;

	while (c < end && *c == ' ')
		c++;
	negative = c < end && *c == '-';
	c += c < end && (*c == '-' || *c == '+');
	if (c == end || !is_digit(*c))
		return false;
	while (c + 1 < end && *c == '0' && is_digit(c[1]))
		c++;
	if (negative && *c != '0')
		fputc('-', out);
	for (; c < end && is_digit(*c); c++)
		fputc(*c, out);
	return true;
}

/* Points that fill a text up, as in "HC..", are no part of it. */
static size_t without_points(u8 *to, const u8 *from, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++) {
		if (i + 1 < len && from[i] == '.' && from[i + 1] == '.')
			i++;
		else
			to[count++] = from[i];
	}
	return count;
}

static void print_value(FILE *out, const struct field *f, const u8 *raw, size_t len)
{
	u8 text[RAW_MAX];
	size_t count = without_points(text, raw, len);

	if (f->row == TIC_ROW_STGE)
		json_string(out, raw, len);
	else if (!print_number(out, text, text + count))
		json_string(out, text, count);
}

/* {"raw":...,"value":...}; of PREF and PCOUP in VA, sent in kVA. */
static void print_item(FILE *out, const struct telegram *t, const struct field *f)
{
	const u8 *label = t->text + f->label;
	u8 raw[RAW_MAX];
	size_t len = f->len;

	memcpy(raw, t->text + f->value, len);
	if (f->row == TIC_ROW_PREF || f->row == TIC_ROW_PCOUP) {
		memset(raw + len, '0', 3);
		len += 3;
	}
	json_string(out, label, f->label_len);
	fputs(":{\"raw\":", out);
	json_string(out, raw, len);
	fputs(",\"value\":", out);
	print_value(out, f, raw, len);
	if (tic_field_has_horodate(f))
		print_horodate(out, label + f->label_len + 1);
	fputc('}', out);
}

/* A register of which the ledger does not believe what was sent. */
static bool is_held(const struct meter *m, const struct field *f)
{
	enum quantity q = tic_labels[f->row].quantity;
	int index;

	if (!m->book || q == Q_NONE)
		return false;
	if (m->book->single && q == Q_energy_import_t1)
		q = Q_energy_import;
	index = register_index(q);
	return index >= 0 && ledger_held(m->book) >> index & 1;
}

/* MOTDETAT ends a frame there, and GAZ and AUTRE are not known. */
static bool is_told(const struct meter *m, const struct telegram *t, const struct field *f)
{
	if (f->row == ROW_UNKNOWN || f->row == TIC_ROW_MOTDETAT || f->row == TIC_ROW_GAZ ||
	    f->row == TIC_ROW_AUTRE || f->len > METERLINE_TIC_MAX_BYTES || is_held(m, f))
		return false;
	if (tic_field_has_horodate(f) && !is_horodate(t->text + f->label + f->label_len + 1))
		return false;
	for (const struct field *later = f + 1; later < t->fields + t->nfields; later++) {
		if (later->row == f->row)
			return false;
	}
	return true;
}

/* Short frames tell of an overload alone; there they come to nothing. */
static bool is_full_frame(const struct telegram *t)
{
	unsigned int i;

	if (t->protocol != TELEGRAM_TIC_HISTORIQUE && t->protocol != TELEGRAM_TIC_STANDARD)
		return false;
	for (i = 0; i < t->nfields; i++) {
		const struct label_info *info = label_info_of(t, &t->fields[i]);

		if (info && info->flags & LABEL_REGISTER)
			break;
	}
	return i < t->nfields;
}

static void print_frame(FILE *out, const struct meter *m, const struct telegram *t)
{
	const char *comma = "";

	fputc('{', out);
	for (unsigned int i = 0; i < t->nfields; i++) {
		if (!is_told(m, t, &t->fields[i]))
			continue;
		fputs(comma, out);
		print_item(out, t, &t->fields[i]);
		comma = ",";
	}
	fputc('}', out);
}

static void teleinfo_meter(struct mqtt_out *o, const struct meter *m, u64 now_ms)
{
	struct telegram t;

	(void)now_ms;
	if (!layout_hears(m) || !meter_newest_telegram(m, &t) || !is_full_frame(&t) ||
	    !layout_number(o, m))
		return;
	print_frame(mqtt_begin(o), m, &t);
	mqtt_end(o, 0, "teleinfo/%s", m->number);
	fputs("{\"state\":\"up\"}", mqtt_begin(o));
	mqtt_end(o, 0, "teleinfo/status");
}

const struct mqtt_layout layout_teleinfo2mqtt = {
	.flag = LAYOUT_TELEINFO2MQTT,
	.meter = teleinfo_meter,
};
