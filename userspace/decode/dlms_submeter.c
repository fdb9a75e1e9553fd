// SPDX-License-Identifier: MIT
/*
 * Meters on the M-Bus of a meter, whose values come in its lists: objects 0-n:24.2.x (class 4),
 * their clients 0-n:24.1.0 (class 72) and ids 0-n:96.1.x, of channel n (Blue Book sections 4.3.3
 * and 4.8.3).
 */
#include "dlms_parts.h"

#define CHANNELS 8

#define CLASS_EXTENDED		4
#define CLASS_CLIENT		72
#define ATTRIBUTE_CAPTURED	5	/* of class 4 */
#define ATTRIBUTE_ID		6	/* of class 72: identification number */
#define ATTRIBUTE_TYPE		9	/* of class 72: device type */

#define UNIT_M3			13
#define UNIT_M3_CORRECTED	14
#define UNIT_LITRE		19
#define UNIT_J			25
#define UNIT_WH			30

/* Device types of EN 13757-3. */
static const struct {
	u8 type;
	u8 quantity;
} media[] = {
	{ 3, Q_gas },  { 6, Q_water }, { 7, Q_water }, { 22, Q_water },
	{ 4, Q_heat }, { 12, Q_heat },
};

/**
 * struct channel - what a telegram says of one channel
 * @value: field with its value; NULL: none
 * @type: device type; 0: not known
 * @has_time: @captured_s is known
 */
struct channel {
	const struct dlms_detail *value;
	u8 type;
	bool has_time;
	s64 captured_s;
};

static bool is_of_channel(const struct dlms_detail *d, unsigned int channel)
{
	return d->flags & DLMS_CODED && !d->code[0] && d->code[1] == channel;
}

static bool is_object(const struct dlms_detail *d, u8 c, u8 code_d)
{
	return d->code[2] == c && d->code[3] == code_d;
}

/* The first id that is not empty; one that is an object of its own counts more. */
static void take_id(struct dlms_submeter *m, const struct dlms_detail *d, struct span s, bool *own)
{
	const bool is_own = is_object(d, 96, 1) && d->flags & DLMS_COUNTS;
	const bool is_client = is_object(d, 24, 1) && d->class_id == CLASS_CLIENT &&
			       d->attribute == ATTRIBUTE_ID;
	const size_t len = s.len < METERLINE_NUMBER_MAX ? s.len : METERLINE_NUMBER_MAX;

	if (!len || (!is_own && !is_client) || *own || (!is_own && m->number[0]))
		return;
	memcpy(m->number, s.bytes, len);
	m->number[len] = '\0';
	*own = is_own;
}

static int hex_value(u8 c)
{
	return c <= '9' ? c - '0' : c - 'A' + 10;
}

/* The text of a clock is its bytes in hex. */
static void take_capture(struct channel *c, const struct dlms_detail *d, struct span s)
{
	u8 clock[AXDR_CLOCK_LEN];

	if (!is_object(d, 24, 2) || d->class_id != CLASS_EXTENDED ||
	    d->attribute != ATTRIBUTE_CAPTURED || d->flags & (DLMS_NUMERIC | DLMS_PRINTABLE) ||
	    s.len != 2 * AXDR_CLOCK_LEN)
		return;
	for (unsigned int i = 0; i < AXDR_CLOCK_LEN; i++)
		clock[i] = hex_value(s.bytes[2 * i]) << 4 | hex_value(s.bytes[2 * i + 1]);
	c->has_time = axdr_clock(clock, &c->captured_s);
}

static void take_type(struct channel *c, const struct dlms_detail *d)
{
	if (is_object(d, 24, 1) && d->class_id == CLASS_CLIENT && d->attribute == ATTRIBUTE_TYPE &&
	    d->flags & DLMS_NUMERIC && d->magnitude <= UINT8_MAX)
		c->type = d->magnitude;
}

/* The fields of one channel; false when it has none. */
static bool gather_channel(const struct dlms_reading *r, struct dlms_submeter *m,
			   struct channel *c)
{
	struct telegram *t = &m->telegram;
	bool own = false;

	*c = (struct channel){ .has_time = r->has_clock, .captured_s = r->clock_s };
	m->number[0] = '\0';
	t->text = r->text;
	t->started = r->telegram.started;
	t->damaged = 0;
	t->ident = 0;
	t->ident_len = 0;
	t->nfields = 0;
	t->protocol = TELEGRAM_DLMS;
	for (unsigned int i = 0; i < r->telegram.nfields; i++) {
		const struct dlms_detail *d = &r->details[i];

		if (!is_of_channel(d, m->channel))
			continue;
		t->fields[t->nfields++] = r->telegram.fields[i];
		take_id(m, d, dlms_text(r, i), &own);
		take_capture(c, d, dlms_text(r, i));
		take_type(c, d);
		if (is_object(d, 24, 2) && d->flags & DLMS_COUNTS && d->flags & DLMS_SCALED &&
		    d->flags & DLMS_NUMERIC)
			c->value = d;
	}
	return t->nfields;
}

static u8 quantity_of_type(u8 type)
{
	for (unsigned int i = 0; i < sizeof(media) / sizeof(media[0]); i++) {
		if (media[i].type == type)
			return media[i].quantity;
	}
	return Q_NONE;
}

/* The power of ten from the unit that was sent to that of the quantity; false: another unit. */
static bool unit_exponent(u8 unit, enum quantity q, int *exponent)
{
	switch (unit) {
	case UNIT_M3:
	case UNIT_M3_CORRECTED:
		*exponent = 0;
		return q == Q_gas || q == Q_water;
	case UNIT_LITRE:
		*exponent = -3;
		return q == Q_gas || q == Q_water;
	case UNIT_J:
		*exponent = -9;
		return q == Q_heat;
	case UNIT_WH:
		*exponent = -3;
		return q == Q_heat_kwh;
	default:
		return false;
	}
}

/* Cubic metres may be of gas or water; other units say by themselves what is measured. */
static u8 quantity_of(const struct channel *c)
{
	u8 q = quantity_of_type(c->type);

	if (!c->value)
		return Q_NONE;
	if (!c->type && c->value->unit == UNIT_M3_CORRECTED)
		return Q_gas;
	if (!c->type && c->value->unit == UNIT_J)
		return Q_heat;
	if ((!c->type || q == Q_heat) && c->value->unit == UNIT_WH)
		return Q_heat_kwh;
	return q;
}

static void take_value(struct dlms_submeter *m, const struct channel *c)
{
	int exponent;
	s64 milli;

	memset(m->values.valid, 0, sizeof(m->values.valid));
	m->quantity = quantity_of(c);
	if (m->quantity == Q_NONE)
		return;
	if (!unit_exponent(c->value->unit, m->quantity, &exponent) ||
	    !dlms_milli(c->value, c->value->exponent + exponent, &milli) || milli < 0) {
		m->quantity = Q_NONE;
		return;
	}
	reading_set(&m->values, m->quantity, milli);
	m->values.captured_s[m->quantity - Q_gas] = c->has_time ? c->captured_s : 0;
}

/**
 * dlms_submeter_next - the next of the meters on the M-Bus of a meter
 * @r: a reading
 * @m: the one before it, or all with channel 0; becomes the next one
 *
 * Only those that say their number are meters.
 *
 * Return: false when there is no further one.
 */
bool dlms_submeter_next(const struct dlms_reading *r, struct dlms_submeter *m)
{
	struct channel c;

	while (m->channel < CHANNELS) {
		m->channel++;
		if (!gather_channel(r, m, &c) || !m->number[0])
			continue;
		take_value(m, &c);
		return true;
	}
	return false;
}
