// SPDX-License-Identifier: MIT
/*
 * A-XDR (Green Book section 9.5, Blue Book section 4.1.5 for the types): one value after the
 * other, each looked at only as far as there are bytes.
 */
#include "axdr.h"
#include "ber.h"

#define VARIABLE 0x80u
#define INVALID	 0xffu

/* Bytes of the contents of each type; VARIABLE: they begin with a length, or hold elements. */
static const u8 sizes[] = {
	[AXDR_NULL] = 0,
	[AXDR_ARRAY] = VARIABLE,
	[AXDR_STRUCTURE] = VARIABLE,
	[AXDR_BOOLEAN] = 1,
	[AXDR_BIT_STRING] = VARIABLE,
	[AXDR_INT32] = 4,
	[AXDR_UINT32] = 4,
	[7] = INVALID,
	[8] = INVALID,
	[AXDR_OCTET_STRING] = VARIABLE,
	[AXDR_VISIBLE_STRING] = VARIABLE,
	[11] = INVALID,
	[AXDR_UTF8_STRING] = VARIABLE,
	[AXDR_BCD] = 1,
	[14] = INVALID,
	[AXDR_INT8] = 1,
	[AXDR_INT16] = 2,
	[AXDR_UINT8] = 1,
	[AXDR_UINT16] = 2,
	[AXDR_COMPACT_ARRAY] = VARIABLE,
	[AXDR_INT64] = 8,
	[AXDR_UINT64] = 8,
	[AXDR_ENUM] = 1,
	[AXDR_FLOAT32] = 4,
	[AXDR_FLOAT64] = 8,
	[AXDR_DATE_TIME] = AXDR_CLOCK_LEN,
	[AXDR_DATE] = 5,
	[AXDR_TIME] = 4,
	[AXDR_DELTA_INT8] = 1,
	[AXDR_DELTA_INT16] = 2,
	[AXDR_DELTA_INT32] = 4,
	[AXDR_DELTA_UINT8] = 1,
	[AXDR_DELTA_UINT16] = 2,
	[AXDR_DELTA_UINT32] = 4,
};

/**
 * axdr_length - a length or count: one byte up to 127, else 0x81 and one, or 0x82 and two
 * @at: where it stands; moved behind it
 * @end: behind the last byte
 * @len: for the length
 *
 * Return: false when it is cut off or of another form.
 */
bool axdr_length(const u8 **at, const u8 *end, u32 *len)
{
	size_t length;
	int size = ber_length(*at, end - *at, &length);

	if (size <= 0)
		return false;
	*len = length;
	*at += size;
	return true;
}

static bool take(struct axdr *a, struct axdr_value *v, size_t len)
{
	if ((size_t)(a->end - a->at) < len)
		return false;
	v->bytes = a->at;
	v->len = len;
	a->at += len;
	return true;
}

/* Type of one value (Green Book, TypeDescription): a tag; 01 count type; 02 count type... */
static bool skip_type(const u8 **at, const u8 *end, unsigned int depth)
{
	u32 count;
	u8 tag;

	if (*at == end || depth > AXDR_DEPTH_MAX)
		return false;
	tag = *(*at)++;
	if (tag == AXDR_ARRAY) {
		if (end - *at < 2)
			return false;
		*at += 2;
		return skip_type(at, end, depth + 1);
	}
	if (tag == AXDR_STRUCTURE) {
		if (!axdr_length(at, end, &count))
			return false;
		while (count--) {
			if (!skip_type(at, end, depth + 1))
				return false;
		}
		return true;
	}
	return tag < sizeof(sizes) && sizes[tag] != INVALID && tag != AXDR_COMPACT_ARRAY;
}

/**
 * axdr_skip_type - go on behind the type of a value that is not there
 * @a: a place in the contents of a compact array
 *
 * Return: false when there is none.
 */
bool axdr_skip_type(struct axdr *a)
{
	return skip_type(&a->type, a->type_end, 0);
}

/* Each element takes a byte at least, of the data or of the types. */
static bool read_count(struct axdr *a, struct axdr_value *v)
{
	if (!a->type)
		return axdr_length(&a->at, a->end, &v->count) &&
		       v->count <= (size_t)(a->end - a->at);
	if (v->tag == AXDR_STRUCTURE)
		return axdr_length(&a->type, a->type_end, &v->count) &&
		       v->count <= (size_t)(a->type_end - a->type);
	if (a->type_end - a->type < 2)
		return false;
	v->count = a->type[0] << 8 | a->type[1];
	a->type += 2;
	v->each = a->type;
	return true;
}

static bool read_compact(struct axdr *a, struct axdr_value *v)
{
	u32 len;

	if (a->type)
		return false;
	v->type = a->at;
	if (!skip_type(&a->at, a->end, 0))
		return false;
	v->type_end = a->at;
	return axdr_length(&a->at, a->end, &len) && take(a, v, len);
}

static bool read_variable(struct axdr *a, struct axdr_value *v)
{
	u32 len;

	if (v->tag == AXDR_COMPACT_ARRAY)
		return read_compact(a, v);
	if (axdr_has_elements(v))
		return read_count(a, v);
	if (!axdr_length(&a->at, a->end, &len))
		return false;
	return take(a, v, v->tag == AXDR_BIT_STRING ? (len + 7) / 8 : len);
}

/**
 * axdr_read - the next value
 * @a: where; moved behind the value, or in front of its first element
 * @v: for the value; points into the data
 *
 * Return: false when it is cut off or of no type that there is.
 */
bool axdr_read(struct axdr *a, struct axdr_value *v)
{
	u8 size;

	v->each = NULL;
	v->count = 0;
	v->len = 0;
	if (a->type ? a->type == a->type_end : a->at == a->end)
		return false;
	v->tag = a->type ? *a->type++ : *a->at++;
	if (v->tag == AXDR_DONT_CARE)
		return true;
	if (v->tag >= sizeof(sizes))
		return false;
	size = sizes[v->tag];
	if (size == VARIABLE)
		return read_variable(a, v);
	return size != INVALID && take(a, v, size);
}

/**
 * axdr_contents - the elements of a compact array
 * @v: the compact array
 *
 * Return: where they begin; each has the type with which this begins.
 */
struct axdr axdr_contents(const struct axdr_value *v)
{
	return (struct axdr){ v->bytes, v->bytes + v->len, v->type, v->type_end };
}

static bool skip(struct axdr *a, unsigned int *budget, unsigned int depth)
{
	struct axdr_value v;

	if (depth > AXDR_DEPTH_MAX || !*budget || !axdr_read(a, &v))
		return false;
	--*budget;
	for (u32 i = 0; i < v.count; i++) {
		if (v.each)
			a->type = v.each;
		if (!skip(a, budget, depth + 1))
			return false;
	}
	return !v.each || v.count || axdr_skip_type(a);
}

/**
 * axdr_skip - go on behind the next value and all that it has
 * @a: where
 * @budget: values that may be read yet; becomes less
 *
 * Return: false when it is not valid, too deep or too much.
 */
bool axdr_skip(struct axdr *a, unsigned int *budget)
{
	return skip(a, budget, 1);
}

/** axdr_is_string - whether a value is text or octets */
bool axdr_is_string(const struct axdr_value *v)
{
	return v->tag == AXDR_OCTET_STRING || v->tag == AXDR_VISIBLE_STRING ||
	       v->tag == AXDR_UTF8_STRING;
}

static u64 big_endian(const u8 *bytes, size_t len)
{
	u64 number = 0;

	while (len--)
		number = number << 8 | *bytes++;
	return number;
}

static void set_signed(struct axdr_number *n, const struct axdr_value *v)
{
	const unsigned int unused = 64 - 8 * v->len;
	s64 number = (s64)(big_endian(v->bytes, v->len) << unused) >> unused;

	n->negative = number < 0;
	n->magnitude = n->negative ? -(u64)number : (u64)number;
}

#define FLOAT_DECIMALS 6
#define MILLION	       1000000u
/* Bits of a fraction that a product with a million leaves room for. */
#define FRACTION_BITS 43

/* @mantissa * 2^@exponent, rounded to as many of six decimals as fit, without those that are 0. */
static bool set_binary(struct axdr_number *n, u64 mantissa, int exponent)
{
	u64 whole, unit = MILLION;
	unsigned int bits = exponent < 0 ? -exponent : 0;

	if (exponent > 10)
		return false;
	if (exponent >= 0) {
		n->magnitude = mantissa << exponent;
		return true;
	}
	whole = bits < 64 ? mantissa >> bits : 0;
	if (bits < 64)
		mantissa &= (1ull << bits) - 1;
	if (bits > FRACTION_BITS) {
		mantissa = bits - FRACTION_BITS < 64 ? mantissa >> (bits - FRACTION_BITS) : 0;
		bits = FRACTION_BITS;
	}
	for (n->decimals = FLOAT_DECIMALS; whole > UINT64_MAX / unit - 1; n->decimals--)
		unit /= 10;
	n->magnitude = whole * unit + ((mantissa * unit + (1ull << bits >> 1)) >> bits);
	for (; n->decimals && n->magnitude % 10 == 0; n->decimals--)
		n->magnitude /= 10;
	return true;
}

/* IEEE 754, by its bits; what is no number, and what is too large for 64 bits, is none. */
static bool set_float(struct axdr_number *n, const struct axdr_value *v)
{
	const unsigned int bits = v->len == 4 ? 23 : 52;
	const unsigned int exponents = v->len == 4 ? 0xff : 0x7ff;
	const u64 number = big_endian(v->bytes, v->len);
	const unsigned int exponent = number >> bits & exponents;
	u64 mantissa = number & ((1ull << bits) - 1);

	if (exponent == exponents)
		return false;
	n->negative = number >> (8 * v->len - 1);
	if (exponent)
		mantissa |= 1ull << bits;
	if (!set_binary(n, mantissa, (int)(exponent ? exponent : 1) - (int)(exponents / 2 + bits)))
		return false;
	n->negative = n->negative && n->magnitude;
	return true;
}

/**
 * axdr_number - what a value says as a number
 * @v: a value
 * @n: for the number
 *
 * Of floating-point numbers six decimals, rounded half away from zero. Delta types are numbers
 * only together with others.
 *
 * Return: false when it is no number.
 */
bool axdr_number(const struct axdr_value *v, struct axdr_number *n)
{
	*n = (struct axdr_number){ .wide = v->len == 8 };
	switch (v->tag) {
	case AXDR_INT8:
	case AXDR_INT16:
	case AXDR_INT32:
	case AXDR_INT64:
		set_signed(n, v);
		return true;
	case AXDR_BOOLEAN:
		n->magnitude = v->bytes[0] != 0;
		return true;
	case AXDR_UINT8:
	case AXDR_UINT16:
	case AXDR_UINT32:
	case AXDR_UINT64:
	case AXDR_ENUM:
		n->magnitude = big_endian(v->bytes, v->len);
		return true;
	case AXDR_BCD:
		n->magnitude = 10 * (v->bytes[0] >> 4) + (v->bytes[0] & 15);
		return v->bytes[0] >> 4 < 10 && (v->bytes[0] & 15) < 10;
	case AXDR_FLOAT32:
	case AXDR_FLOAT64:
		return set_float(n, v);
	default:
		return false;
	}
}

/* Days from 1970 to a day of the Gregorian calendar. */
static s64 days_of(unsigned int year, unsigned int month, unsigned int day)
{
	static const u16 before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	const bool leap = year % 4 == 0 && (year % 100 || year % 400 == 0);
	const unsigned int past = year - 1;

	return 365ll * (year - 1970) + (past / 4 - 492) - (past / 100 - 19) + (past / 400 - 4) +
	       before[month - 1] + (leap && month > 2) + day - 1;
}

static unsigned int days_in_month(unsigned int year, unsigned int month)
{
	static const u8 days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	const bool leap = year % 4 == 0 && (year % 100 || year % 400 == 0);

	return days[month - 1] + (leap && month == 2);
}

#define STATUS_UNKNOWN 0xff
#define STATUS_INVALID 0x01
/* Blue Book section 4.1.6.1: minutes from local time to UTC, -720 to 720; some write 840. */
#define DEVIATION_MAX_MIN 840

/**
 * axdr_clock - the time of a date-time
 * @clock: year, month, day, weekday, hour, minute, second, hundredths, deviation, status (Blue Book
 *	section 4.1.6.1); UTC is local time and deviation
 * @unix_s: for the seconds since 1970 in UTC
 *
 * Return: false when its deviation is not known, when it says that it is not valid, or when there
 * is no such time.
 */
bool axdr_clock(const u8 clock[AXDR_CLOCK_LEN], s64 *unix_s)
{
	const unsigned int year = clock[0] << 8 | clock[1], month = clock[2], day = clock[3];
	const unsigned int hour = clock[5], minute = clock[6], second = clock[7];
	const int deviation_min = (s16)(clock[9] << 8 | clock[10]);
	const u8 status = clock[11];

	if (deviation_min < -DEVIATION_MAX_MIN || deviation_min > DEVIATION_MAX_MIN ||
	    (status != STATUS_UNKNOWN && status & STATUS_INVALID))
		return false;
	if (year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1 ||
	    day > days_in_month(year, month) || hour > 23 || minute > 59 || second > 59)
		return false;
	*unix_s = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second +
		  deviation_min * 60;
	return true;
}
