// SPDX-License-Identifier: MIT
/*
 * JSON of the data contract.
 *
 * Written by hand because quantities are exact decimals, which a JSON library would turn into
 * binary floating point, and because a byte of the wire is not yet a character of Unicode.
 */
#include <inttypes.h>

#include "json.h"
#include "utf8.h"
#include "zone.h"

static void json_byte(FILE *out, u8 byte)
{
	switch (byte) {
	case '"':
	case '\\':
		fputc('\\', out);
		fputc(byte, out);
		break;
	case '\t':
		fputs("\\t", out);
		break;
	case '\r':
		fputs("\\r", out);
		break;
	case '\n':
		fputs("\\n", out);
		break;
	default:
		if (byte < 0x20 || byte > 0x7e)
			fprintf(out, "\\u%04x", byte);
		else
			fputc(byte, out);
	}
}

/**
 * json_string - bytes as a JSON string
 * @out: where to
 * @bytes: any bytes; each one outside printable ASCII becomes \u00XX
 * @len: how many
 */
void json_string(FILE *out, const void *bytes, size_t len)
{
	const u8 *b = bytes;

	fputc('"', out);
	while (len--)
		json_byte(out, *b++);
	fputc('"', out);
}

/**
 * json_text - a C string as a JSON string
 * @out: where to
 * @text: ends with NUL
 */
void json_text(FILE *out, const char *text)
{
	json_string(out, text, strlen(text));
}

/**
 * json_utf8 - text that a person may have written as a JSON string
 * @out: where to
 * @text: ends with NUL; characters of UTF-8 stay but for control characters, which become \u00XX
 *	as any other byte outside printable ASCII does
 */
void json_utf8(FILE *out, const char *text)
{
	const u8 *b = (const u8 *)text;
	size_t len = strlen(text);

	fputc('"', out);
	while (len) {
		size_t count = utf8_len(b, len);

		if (count && !utf8_is_control(b, len))
			fwrite(b, 1, count, out);
		else
			/* Of U+0080 to U+009F the last byte is the number. */
			json_byte(out, b[count ? count - 1 : 0]);
		count += !count;
		b += count;
		len -= count;
	}
	fputc('"', out);
}

/* @digits decimals stand for one part of @unit. */
static void json_decimal(FILE *out, s64 number, unsigned int unit, int digits)
{
	u64 magnitude = number < 0 ? -(u64)number : (u64)number;
	unsigned int fraction = magnitude % unit;

	fprintf(out, "%s%" PRIu64, number < 0 ? "-" : "", magnitude / unit);
	if (!fraction)
		return;
	for (; fraction % 10 == 0; digits--)
		fraction /= 10;
	fprintf(out, ".%0*u", digits, fraction);
}

/**
 * json_milli - thousandths as an exact decimal number without needless zeros
 * @out: where to
 * @milli: the number times 1000
 */
void json_milli(FILE *out, s64 milli)
{
	json_decimal(out, milli, 1000, 3);
}

/**
 * json_e5 - amounts of money as an exact decimal number without needless zeros
 * @out: where to
 * @e5: the number times 100,000
 */
void json_e5(FILE *out, s64 e5)
{
	json_decimal(out, e5, 100000, 5);
}

/**
 * json_time - a further member of an object: an instant
 * @out: where to
 * @member: its name
 * @unix_s: seconds since 1970 in UTC
 */
void json_time(FILE *out, const char *member, s64 unix_s)
{
	char text[ISO_TIME_LEN + 1];

	iso_time(unix_s, text);
	fprintf(out, ",\"%s\":\"%s\"", member, text);
}

/* P1: "(group)(group)"; no group contains a '(' (RULES, P1). */
static void json_groups(FILE *out, const u8 *value, size_t len)
{
	const u8 *end = value + len;

	while (value < end) {
		const u8 *group = value + 1;
		const u8 *next = memchr(group, '(', end - group);

		if (!next)
			next = end;
		fputc(',', out);
		json_string(out, group, next - group - 1);
		value = next;
	}
}

/**
 * json_field - one field as an array of what the meter printed
 * @out: where to
 * @t: the telegram
 * @f: one of its fields
 */
void json_field(FILE *out, const struct telegram *t, const struct field *f)
{
	const u8 *label = t->text + f->label;

	fputc('[', out);
	json_string(out, label, f->label_len);
	if (t->protocol == TELEGRAM_P1) {
		json_groups(out, t->text + f->value, f->len);
	} else if (t->protocol == TELEGRAM_DLMS) {
		fputc(',', out);
		json_string(out, t->text + f->value, f->len);
		fputc(',', out);
		json_string(out, label + f->label_len + 1, tic_horodate_len(f));
	} else {
		if (tic_field_has_horodate(f)) {
			fputc(',', out);
			json_string(out, label + f->label_len + 1, tic_horodate_len(f));
		}
		fputc(',', out);
		json_string(out, t->text + f->value, f->len);
	}
	fputc(']', out);
}

/**
 * json_fields - all fields of a telegram as an array of json_field()
 * @out: where to
 * @t: the telegram
 */
void json_fields(FILE *out, const struct telegram *t)
{
	const char *comma = "";

	fputc('[', out);
	for (unsigned int i = 0; i < t->nfields; i++) {
		fputs(comma, out);
		json_field(out, t, &t->fields[i]);
		comma = ",";
	}
	fputc(']', out);
}

/**
 * json_quantities - quantities as an object, in the order of their table
 * @out: where to
 * @r: quantities; those that are not valid are left out
 */
void json_quantities(FILE *out, const struct reading *r)
{
	const char *comma = "";

	fputc('{', out);
	for (unsigned int q = 0; q < QUANTITY_COUNT; q++) {
		if (!reading_has(r, q))
			continue;
		fprintf(out, "%s\"%s\":", comma, quantity_info[q].name);
		json_milli(out, r->milli[q]);
		comma = ",";
	}
	fputc('}', out);
}

/**
 * json_reading - one telegram as the line of JSON of the data contract
 * @out: where to; the line end is written too
 * @t: the telegram
 * @r: its quantities
 * @number: the meter's own number, "" when it is not known
 * @via: what it came in; NULL: nothing but its line
 */
void json_reading(FILE *out, const struct telegram *t, const struct reading *r,
		  const char *number, const struct json_carrier *via)
{
	s64 unix_s;

	fprintf(out, "{\"protocol\":\"%s\"", telegram_protocol_name(t->protocol));
	if (via && via->name)
		fprintf(out, ",\"via\":\"%s\"", via->name);
	if (*number) {
		fputs(",\"meter\":", out);
		json_text(out, number);
	}
	if (telegram_time(t, &unix_s))
		json_time(out, "time", unix_s);
	else if (via && via->has_clock)
		json_time(out, "time", via->clock_s);
	fprintf(out, ",\"damaged\":%u,\"fields\":", t->damaged);
	json_fields(out, t);
	fputs(",\"quantities\":", out);
	json_quantities(out, r);
	fputs("}\n", out);
}
