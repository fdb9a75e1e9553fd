/* SPDX-License-Identifier: MIT */
/*
 * A-XDR, the encoding of COSEM data (IEC 61334-6 with the tags of the Green Book, section 9.5).
 */
#ifndef METERLINE_AXDR_H
#define METERLINE_AXDR_H

#include "../../kernel/telegram/types.h"

/** enum axdr_tag - the types */
enum axdr_tag {
	AXDR_NULL = 0x00,
	AXDR_ARRAY = 0x01,
	AXDR_STRUCTURE = 0x02,
	AXDR_BOOLEAN = 0x03,
	AXDR_BIT_STRING = 0x04,
	AXDR_INT32 = 0x05,
	AXDR_UINT32 = 0x06,
	AXDR_OCTET_STRING = 0x09,
	AXDR_VISIBLE_STRING = 0x0a,
	AXDR_UTF8_STRING = 0x0c,
	AXDR_BCD = 0x0d,
	AXDR_INT8 = 0x0f,
	AXDR_INT16 = 0x10,
	AXDR_UINT8 = 0x11,
	AXDR_UINT16 = 0x12,
	AXDR_COMPACT_ARRAY = 0x13,
	AXDR_INT64 = 0x14,
	AXDR_UINT64 = 0x15,
	AXDR_ENUM = 0x16,
	AXDR_FLOAT32 = 0x17,
	AXDR_FLOAT64 = 0x18,
	AXDR_DATE_TIME = 0x19,
	AXDR_DATE = 0x1a,
	AXDR_TIME = 0x1b,
	AXDR_DELTA_INT8 = 0x1c,
	AXDR_DELTA_INT16 = 0x1d,
	AXDR_DELTA_INT32 = 0x1e,
	AXDR_DELTA_UINT8 = 0x1f,
	AXDR_DELTA_UINT16 = 0x20,
	AXDR_DELTA_UINT32 = 0x21,
	AXDR_DONT_CARE = 0xff,
};

/* Structures within each other; no meter is known to have more than 4. */
#define AXDR_DEPTH_MAX 8
/* Values of one message, those within others too. */
#define AXDR_VALUES_MAX 4096

#define AXDR_CLOCK_LEN 12

/**
 * struct axdr - a place in A-XDR data
 * @at: what comes next
 * @end: behind the last byte
 * @type: in the contents of a compact array, where no value has a tag: the type of what comes
 *	next; else NULL
 * @type_end: behind the last byte of the types
 */
struct axdr {
	const u8 *at;
	const u8 *end;
	const u8 *type;
	const u8 *type_end;
};

/**
 * struct axdr_value - one value; of an array or structure only its beginning, its elements follow
 * @tag: enum axdr_tag
 * @count: elements of an array or structure
 * @each: type of each element of an array, where the array is one in a compact array; else NULL
 * @bytes: contents of all others
 * @len: of @bytes
 * @type: compact array: type of its elements
 * @type_end: behind it
 */
struct axdr_value {
	u8 tag;
	u32 count;
	const u8 *each;
	const u8 *bytes;
	size_t len;
	const u8 *type;
	const u8 *type_end;
};

/**
 * struct axdr_number - a number, exactly: magnitude / 10^decimals
 * @decimals: of a floating-point number; else 0
 * @wide: it was sent in 64 bits
 */
struct axdr_number {
	u64 magnitude;
	bool negative;
	bool wide;
	u8 decimals;
};

bool axdr_read(struct axdr *a, struct axdr_value *v);
bool axdr_skip(struct axdr *a, unsigned int *budget);
bool axdr_skip_type(struct axdr *a);
struct axdr axdr_contents(const struct axdr_value *v);
bool axdr_length(const u8 **at, const u8 *end, u32 *len);
bool axdr_is_string(const struct axdr_value *v);
bool axdr_number(const struct axdr_value *v, struct axdr_number *n);
bool axdr_clock(const u8 clock[AXDR_CLOCK_LEN], s64 *unix_s);

/** axdr_has_elements - whether values lie within this one */
static inline bool axdr_has_elements(const struct axdr_value *v)
{
	return v->tag == AXDR_ARRAY || v->tag == AXDR_STRUCTURE || v->tag == AXDR_COMPACT_ARRAY;
}

#endif /* METERLINE_AXDR_H */
