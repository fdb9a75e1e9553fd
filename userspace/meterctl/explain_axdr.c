// SPDX-License-Identifier: MIT
/*
 * meterctl explain: A-XDR data as a tree, with their types, and codes, units and clocks by name.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../decode/dlms_parts.h"
#include "explain.h"

/* A value in text: no line is longer than what a person reads. */
#define VALUE_MAX 600
#define NOT_SPECIFIED 0xff
#define DEVIATION_UNKNOWN (-0x8000)
/* Status of a clock (Blue Book section 4.1.6.1). */
#define CLOCK_INVALID  0x01
#define CLOCK_DOUBTFUL 0x02
#define CLOCK_SUMMER   0x80

/* What the values before it in its structure were, in a description or with a scaler. */
enum place {
	PLACE_ANY,
	PLACE_CLASS,	/* a class was before it */
	PLACE_CODE,	/* a class and a code were */
	PLACE_SCALER,	/* a scaler was */
};

/**
 * struct tree - a tree that is printed
 * @base: offsets count from here
 * @budget: values that may be printed yet
 */
struct tree {
	const u8 *base;
	unsigned int budget;
};

static const char *const type_names[] = {
	[AXDR_NULL] = "null-data",
	[AXDR_ARRAY] = "array",
	[AXDR_STRUCTURE] = "structure",
	[AXDR_BOOLEAN] = "boolean",
	[AXDR_BIT_STRING] = "bit-string",
	[AXDR_INT32] = "double-long",
	[AXDR_UINT32] = "double-long-unsigned",
	[AXDR_OCTET_STRING] = "octet-string",
	[AXDR_VISIBLE_STRING] = "visible-string",
	[AXDR_UTF8_STRING] = "utf8-string",
	[AXDR_BCD] = "bcd",
	[AXDR_INT8] = "integer",
	[AXDR_INT16] = "long",
	[AXDR_UINT8] = "unsigned",
	[AXDR_UINT16] = "long-unsigned",
	[AXDR_COMPACT_ARRAY] = "compact-array",
	[AXDR_INT64] = "long64",
	[AXDR_UINT64] = "long64-unsigned",
	[AXDR_ENUM] = "enum",
	[AXDR_FLOAT32] = "float32",
	[AXDR_FLOAT64] = "float64",
	[AXDR_DATE_TIME] = "date-time",
	[AXDR_DATE] = "date",
	[AXDR_TIME] = "time",
	[AXDR_DELTA_INT8] = "delta-integer",
	[AXDR_DELTA_INT16] = "delta-long",
	[AXDR_DELTA_INT32] = "delta-double-long",
	[AXDR_DELTA_UINT8] = "delta-unsigned",
	[AXDR_DELTA_UINT16] = "delta-long-unsigned",
	[AXDR_DELTA_UINT32] = "delta-double-long-unsigned",
};

/* Classes of objects that meters push (Blue Book section 4.3). */
static const struct {
	u16 id;
	const char *name;
} classes[] = {
	{ 1, "Data" },		   { 3, "Register" }, { 4, "Extended register" },
	{ 5, "Demand register" },  { 7, "Profile" },  { 8, "Clock" },
	{ 40, "Push setup" },	   { 70, "Disconnect control" },
	{ 72, "M-Bus client" },
};

static const char *class_name(unsigned int id)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (classes[i].id == id)
			return classes[i].name;
	}
	return "not known here";
}

static int put_part(char *text, size_t size, char before, unsigned int value)
{
	if (value == NOT_SPECIFIED)
		return snprintf(text, size, "%c--", before);
	return snprintf(text, size, "%c%02u", before, value);
}

/**
 * explain_clock - a date-time as people read it
 * @clock: AXDR_CLOCK_LEN bytes
 * @text: for it; room for 80 characters
 * @size: of @text
 */
void explain_clock(const u8 *clock, char *text, size_t size)
{
	static const struct {
		char before;
		u8 at;
	} parts[] = { { '-', 2 }, { '-', 3 }, { ' ', 5 }, { ':', 6 }, { ':', 7 } };
	const int deviation = (s16)(clock[9] << 8 | clock[10]);
	size_t at = snprintf(text, size, "%04u", clock[0] << 8 | clock[1]);

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		at += put_part(text + at, size - at, parts[i].before, clock[parts[i].at]);
	if (deviation == DEVIATION_UNKNOWN)
		at += snprintf(text + at, size - at, ", deviation not known");
	else
		at += snprintf(text + at, size - at, ", UTC%+d min", -deviation);
	if (clock[11] == NOT_SPECIFIED)
		return;
	snprintf(text + at, size - at, "%s%s%s", clock[11] & CLOCK_SUMMER ? ", summer time" : "",
		 clock[11] & CLOCK_INVALID ? ", INVALID" : "",
		 clock[11] & CLOCK_DOUBTFUL ? ", doubtful" : "");
}

/* Octets that could hardly be anything else. */
static bool is_clock(const struct axdr_value *v)
{
	const u8 *b = v->bytes;

	if (v->tag == AXDR_DATE_TIME)
		return true;
	return v->tag == AXDR_OCTET_STRING && v->len == AXDR_CLOCK_LEN &&
	       (b[0] << 8 | b[1]) >= 1970 && (b[0] << 8 | b[1]) < 2200 && b[2] >= 1 && b[2] <= 12 &&
	       b[3] >= 1 && b[3] <= 31 && b[5] < 24 && b[6] < 60;
}

static bool is_printable(const struct axdr_value *v)
{
	if (!axdr_is_string(v) || !v->len)
		return false;
	for (size_t i = 0; i < v->len; i++) {
		if (v->bytes[i] < 0x20 || v->bytes[i] > 0x7e)
			return false;
	}
	return true;
}

static bool is_code(const struct axdr_value *v)
{
	return v->tag == AXDR_OCTET_STRING && v->len == OBIS_LEN && dlms_is_code(v->bytes);
}

static void put_code(const u8 *code, char *text, size_t size)
{
	char label[DLMS_LIST_LEN];

	label[dlms_write_code(code, label)] = '\0';
	snprintf(text, size, "code %s%s: %s", label, code[5] == 255 ? "" : " of the past",
		 explain_code(label));
}

static void put_hex(const u8 *bytes, size_t len, char *text, size_t size)
{
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < len && at + 6 < size; i++)
		at += snprintf(text + at, size - at, "%02X", bytes[i]);
	if (2 * len > at)
		snprintf(text + at, size - at, "...");
}

static void put_number(const struct axdr_number *n, char *text, size_t size)
{
	u64 unit = 1;

	for (unsigned int i = 0; i < n->decimals; i++)
		unit *= 10;
	if (n->decimals)
		snprintf(text, size, "%s%" PRIu64 ".%0*" PRIu64, n->negative ? "-" : "",
			 n->magnitude / unit, n->decimals, n->magnitude % unit);
	else
		snprintf(text, size, "%s%" PRIu64, n->negative ? "-" : "", n->magnitude);
}

/* What a value is, beyond its type. */
static void put_value(const struct axdr_value *v, char *text, size_t size)
{
	struct axdr_number n;

	if (axdr_number(v, &n))
		put_number(&n, text, size);
	else if (is_code(v))
		put_code(v->bytes, text, size);
	else if (is_clock(v))
		explain_clock(v->bytes, text, size);
	else if (is_printable(v))
		snprintf(text, size, "'%.*s'%s", (int)(v->len < size - 8 ? v->len : size - 8),
			 (const char *)v->bytes, v->len < size - 8 ? "" : "...");
	else
		put_hex(v->bytes, v->len, text, size);
}

static bool code_follows(const struct axdr *a)
{
	return !a->type && a->end - a->at >= 2 + OBIS_LEN && a->at[0] == AXDR_OCTET_STRING &&
	       a->at[1] == OBIS_LEN;
}

/* In a structure: what this value is there, and what that makes of the next one. */
static enum place place_of(const struct axdr *a, const struct axdr_value *v, enum place before)
{
	if (v->tag == AXDR_UINT16 && code_follows(a))
		return PLACE_CLASS;
	if (before == PLACE_CLASS && is_code(v))
		return PLACE_CODE;
	if (v->tag == AXDR_INT8 && before == PLACE_ANY && !a->type && a->end - a->at >= 2 &&
	    a->at[0] == AXDR_ENUM)
		return PLACE_SCALER;
	return PLACE_ANY;
}

static const char *role_of(const struct axdr_value *v, enum place before, enum place place,
			   char *text, size_t size)
{
	text[0] = '\0';
	if (place == PLACE_CLASS)
		snprintf(text, size, ": class %s", class_name(v->bytes[0] << 8 | v->bytes[1]));
	else if (place == PLACE_SCALER)
		snprintf(text, size, ": scaler, times 10^%d", (s8)v->bytes[0]);
	else if (before == PLACE_SCALER && v->tag == AXDR_ENUM)
		snprintf(text, size, ": unit %s",
			 *explain_unit(v->bytes[0]) ? explain_unit(v->bytes[0]) : "none");
	else if (before == PLACE_CODE && (v->tag == AXDR_INT8 || v->tag == AXDR_UINT8))
		snprintf(text, size, ": attribute");
	return text;
}

static void print_value(const struct tree *t, const u8 *from, const struct axdr *a,
			const struct axdr_value *v, unsigned int depth, const char *role)
{
	const char *name = v->tag == AXDR_DONT_CARE ? "don't care" : type_names[v->tag];
	const size_t offset = from - t->base, len = a->at - from;
	char text[VALUE_MAX];

	if (v->tag == AXDR_COMPACT_ARRAY) {
		explain_row(offset, from, len, depth, "%s, %zu bytes", name, v->len);
	} else if (axdr_has_elements(v)) {
		explain_row(offset, from, len, depth, "%s of %u", name, v->count);
	} else {
		put_value(v, text, sizeof(text));
		explain_row(offset, from, len, depth, "%s%s%s%s", name, *text ? " " : "", text,
			    role);
	}
}

static bool print_tree(struct tree *t, struct axdr *a, unsigned int depth, enum place *place);

static bool print_elements(struct tree *t, struct axdr *a, const struct axdr_value *v,
			   unsigned int depth)
{
	enum place place = PLACE_ANY;

	for (u32 i = 0; i < v->count; i++) {
		if (v->each)
			a->type = v->each;
		if (!print_tree(t, a, depth, &place))
			return false;
	}
	return !v->each || v->count || axdr_skip_type(a);
}

/* Elements without a single byte cannot go on for ever: they use up the budget. */
static bool print_compact(struct tree *t, const struct axdr_value *v, unsigned int depth)
{
	struct axdr a = axdr_contents(v);
	enum place place = PLACE_ANY;

	while (a.at < a.end) {
		a.type = v->type;
		if (!print_tree(t, &a, depth, &place))
			return false;
	}
	return true;
}

/* As axdr_skip() goes through the same values. */
static bool print_tree(struct tree *t, struct axdr *a, unsigned int depth, enum place *place)
{
	const enum place before = *place;
	const u8 *from = a->at;
	struct axdr_value v;
	char role[64];

	if (depth > AXDR_DEPTH_MAX || !t->budget || !axdr_read(a, &v))
		return false;
	t->budget--;
	*place = place_of(a, &v, before);
	print_value(t, from, a, &v, depth - 1, role_of(&v, before, *place, role, sizeof(role)));
	if (v.tag == AXDR_COMPACT_ARRAY)
		return print_compact(t, &v, depth + 1);
	return print_elements(t, a, &v, depth + 1);
}

/**
 * explain_axdr - one value and all that it has
 * @apdu: offsets count from here
 * @at: the value
 * @end: behind the last byte of the message
 *
 * Return: false when it is not valid, which is shown with what is left.
 */
bool explain_axdr(const u8 *apdu, const u8 *at, const u8 *end)
{
	struct axdr a = { at, end, NULL, NULL };
	struct tree t = { .base = apdu, .budget = AXDR_VALUES_MAX };
	enum place place = PLACE_ANY;

	if (print_tree(&t, &a, 1, &place))
		return true;
	explain_note("here it is no A-XDR any longer, cut off, too deep or too much:");
	explain_bytes(a.at - apdu, a.at, end - a.at);
	return false;
}
