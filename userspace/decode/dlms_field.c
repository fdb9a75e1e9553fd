// SPDX-License-Identifier: MIT
/*
 * Values of a list as fields of a telegram: label, unit and value as text, with a separator behind
 * each, which none of them can have in itself.
 */
#include "dlms_parts.h"

#define TEXT_MAX  METERLINE_P1_MAX_BYTES
#define SEPARATOR '\t'

#define DIGITS_MAX 20 /* of 64 bits */
/* A sign, the digits, a point, and what a scaler of -128 to 127 can add. */
#define NUMBER_TEXT_MAX (DIGITS_MAX + 130)
#define LABEL_TEXT_MAX	24
#define UNIT_TEXT_MAX	8

#define ATTRIBUTE_NAME	1
#define ATTRIBUTE_VALUE 2

static size_t write_small(unsigned int number, char *text)
{
	size_t len = 0;

	if (number >= 100)
		text[len++] = '0' + number / 100;
	if (number >= 10)
		text[len++] = '0' + number / 10 % 10;
	text[len++] = '0' + number % 10;
	return len;
}

/**
 * dlms_write_code - an OBIS code as a label
 * @code: A to F
 * @text: for A-B:C.D.E, at most 19 characters
 *
 * Return: its length.
 */
size_t dlms_write_code(const u8 code[OBIS_LEN], char *text)
{
	static const char behind[] = "-:..";
	size_t len = 0;

	for (unsigned int i = 0; i < 5; i++) {
		len += write_small(code[i], text + len);
		if (i < 4)
			text[len++] = behind[i];
	}
	return len;
}

static void put(struct dlms_build *b, const char *text, size_t len)
{
	memcpy(b->r->text + b->at, text, len);
	b->at += len;
}

static void put_zeros(struct dlms_build *b, unsigned int count)
{
	memset(b->r->text + b->at, '0', count);
	b->at += count;
}

/* @magnitude * 10^@exponent with exactly -@exponent decimals. */
static void put_number(struct dlms_build *b, const struct dlms_detail *d)
{
	char digits[DIGITS_MAX];
	unsigned int first = DIGITS_MAX, len;
	unsigned int decimals = d->exponent < 0 ? -d->exponent : 0;
	u64 left = d->magnitude;

	do {
		digits[--first] = '0' + left % 10;
		left /= 10;
	} while (left);
	len = DIGITS_MAX - first;
	if (d->flags & DLMS_NEGATIVE)
		put(b, "-", 1);
	if (len > decimals) {
		put(b, digits + first, len - decimals);
		first = DIGITS_MAX - decimals;
		len = decimals;
	} else {
		put(b, "0", 1);
	}
	if (d->exponent > 0 && d->magnitude)
		put_zeros(b, d->exponent);
	if (!decimals)
		return;
	put(b, ".", 1);
	put_zeros(b, decimals - len);
	put(b, digits + first, len);
}

static void put_hex(struct dlms_build *b, const u8 *bytes, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++) {
		b->r->text[b->at++] = digits[bytes[i] >> 4];
		b->r->text[b->at++] = digits[bytes[i] & 15];
	}
}

static bool is_text(const u8 *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] < 0x20 || bytes[i] > 0x7e)
			return false;
	}
	return true;
}

/* Text is cut where nothing but NULs follows; all that is no text and no number is hex. */
static void put_octets(struct dlms_build *b, const struct axdr_value *v, struct dlms_detail *d)
{
	size_t len = v->len;

	while (len && !v->bytes[len - 1])
		len--;
	if (!axdr_is_string(v) || !is_text(v->bytes, len)) {
		put_hex(b, v->bytes, v->len);
		return;
	}
	d->flags |= DLMS_PRINTABLE;
	put(b, (const char *)v->bytes, len);
}

static bool is_null(const struct axdr_value *v)
{
	return v->tag == AXDR_NULL || v->tag == AXDR_DONT_CARE;
}

/* What is sent of an object beside its present value. */
static u8 flags_of(const struct dlms_item *item)
{
	u8 flags = item->code ? DLMS_CODED : 0;

	if (item->code && item->code[5] == 255 &&
	    (!item->attribute || item->attribute == ATTRIBUTE_VALUE))
		flags |= DLMS_COUNTS;
	return flags;
}

static void read_number(const struct dlms_item *item, struct dlms_detail *d)
{
	struct axdr_number n;

	if (!axdr_number(&item->value, &n))
		return;
	d->magnitude = n.magnitude;
	d->exponent = -(int)n.decimals;
	d->flags |= DLMS_NUMERIC | (n.negative ? DLMS_NEGATIVE : 0) | (n.wide ? DLMS_WIDE : 0);
	if (!item->scaled)
		return;
	d->exponent += item->scaler;
	d->unit = item->unit;
	d->flags |= DLMS_SCALED;
}

static bool is_clock(const u8 code[OBIS_LEN])
{
	return !code[0] && !code[1] && code[2] == 1 && !code[3] && !code[4];
}

static void take_clock(struct dlms_reading *r, const struct dlms_detail *d,
		       const struct axdr_value *v)
{
	s64 unix_s;

	if (!(d->flags & DLMS_COUNTS) || !is_clock(d->code) || v->len != AXDR_CLOCK_LEN ||
	    (v->tag != AXDR_OCTET_STRING && v->tag != AXDR_DATE_TIME) ||
	    !axdr_clock(v->bytes, &unix_s))
		return;
	r->has_clock = true;
	r->clock_s = unix_s;
}

/* Label and unit, and where the value begins. */
static void begin_field(struct dlms_build *b, struct field *f, const struct dlms_detail *d)
{
	const char *unit = dlms_unit_text(d->unit);
	u8 *label = b->r->text + b->at;

	f->label = b->at;
	f->label_len = d->flags & DLMS_CODED ? dlms_write_code(d->code, (char *)label) : 0;
	f->row = f->label_len && d->flags & DLMS_COUNTS ? p1_label_row(label, f->label_len)
							: ROW_UNKNOWN;
	b->at += f->label_len;
	put(b, (const char[]){ SEPARATOR }, 1);
	put(b, unit, strlen(unit));
	put(b, (const char[]){ SEPARATOR }, 1);
	f->value = b->at;
}

static bool has_room(const struct dlms_build *b, const struct axdr_value *v)
{
	const size_t most = LABEL_TEXT_MAX + UNIT_TEXT_MAX + NUMBER_TEXT_MAX + 2 * v->len;

	return b->r->telegram.nfields < METERLINE_P1_MAX_LINES && b->at + most <= TEXT_MAX;
}

/**
 * dlms_add_field - one value of a list becomes a field
 * @b: the reading that is made
 * @item: the value; what is null, and attributes that only name an object, become none
 *
 * Return: false when there is no room for it: the list says more than a telegram can.
 */
bool dlms_add_field(struct dlms_build *b, const struct dlms_item *item)
{
	struct telegram *t = &b->r->telegram;
	struct field *f = &t->fields[t->nfields];
	struct dlms_detail *d = &b->r->details[t->nfields];

	if (is_null(&item->value) || item->attribute == ATTRIBUTE_NAME)
		return true;
	if (!has_room(b, &item->value))
		return false;
	*d = (struct dlms_detail){
		.class_id = item->class_id,
		.attribute = item->attribute,
		.layout = item->layout,
	};
	d->flags = flags_of(item);
	if (item->code)
		memcpy(d->code, item->code, OBIS_LEN);
	read_number(item, d);
	begin_field(b, f, d);
	if (d->flags & DLMS_NUMERIC)
		put_number(b, d);
	else
		put_octets(b, &item->value, d);
	f->len = b->at - f->value;
	put(b, (const char[]){ SEPARATOR }, 1);
	take_clock(b->r, d, &item->value);
	t->nfields++;
	return true;
}
