/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the decoder of DLMS share among themselves.
 */
#ifndef METERLINE_DLMS_PARTS_H
#define METERLINE_DLMS_PARTS_H

#include "axdr.h"
#include "dlms.h"

#define OBIS_LEN 6

/**
 * struct dlms_item - one value of a list, with what is said of it
 * @code: its OBIS code, OBIS_LEN bytes; NULL: none
 * @class_id: of its object; 0: not named
 * @attribute: of its object; 0: not named
 * @value: the value
 * @layout: how it stands in its list, for dlms_layout_text()
 * @scaled: @scaler and @unit came
 */
struct dlms_item {
	const u8 *code;
	u16 class_id;
	u8 attribute;
	u8 layout;
	struct axdr_value value;
	bool scaled;
	s8 scaler;
	u8 unit;
};

/** dlms_is_code - a code, and not six octets of something else: its medium is 0 to 9, or 15 */
static inline bool dlms_is_code(const u8 *bytes)
{
	return bytes[0] <= 9 || bytes[0] == 15;
}

struct places;

/**
 * struct dlms_build - a reading that is made
 * @r: where
 * @at: end of its text so far
 * @budget: values that may be read yet
 * @places: what the values are, where that is known by their places; else NULL
 * @bare: descriptions without tags were read: what has elements has one
 * @in_push_list: it is a push object list
 */
struct dlms_build {
	struct dlms_reading *r;
	size_t at;
	unsigned int budget;
	const struct places *places;
	bool bare;
	bool in_push_list;
};

/* dlms.c */
bool dlms_read_head(struct axdr *a, const u8 **clock);

/* dlms_layout.c */
bool dlms_read_body(struct dlms_build *b, struct axdr *a);

/* dlms_field.c */
bool dlms_add_field(struct dlms_build *b, const struct dlms_item *item);
size_t dlms_write_code(const u8 code[OBIS_LEN], char *text);

/* dlms_unit.c */
const char *dlms_unit_text(u8 unit);

/* dlms_identity.c */
void dlms_find_number(struct dlms_reading *r, const u8 *system_title);

/* dlms_profile.c */
u8 dlms_profile_of(const struct dlms_build *b, const u8 *system_title);

#define EXPONENT_UNKNOWN INT8_MIN

s8 dlms_profile_exponent(u8 profile, const struct dlms_reading *r, const struct dlms_detail *d,
			 enum quantity q);

/* dlms_quantities.c */
void dlms_find_quantities(struct dlms_reading *r, const struct dlms_settings *settings);
bool dlms_milli(const struct dlms_detail *d, int exponent, s64 *milli);
bool dlms_times(s64 milli, s64 factor_milli, s64 *product);

/** dlms_text - the value of a field */
static inline struct span dlms_text(const struct dlms_reading *r, unsigned int i)
{
	const struct field *f = &r->telegram.fields[i];

	return (struct span){ r->text + f->value, f->len };
}

#endif /* METERLINE_DLMS_PARTS_H */
