// SPDX-License-Identifier: MIT
/*
 * DLMS: one APDU in clear to a reading. Meters and numbers are invented.
 */
#include <inttypes.h>

#include "../../userspace/decode/dlms_doubt.h"
#include "../../userspace/decode/dlms_settle.h"
#include "dlms_apdus.h"

#define SCALED(value, scaler, unit) value " 0202 0F" scaler " 16" unit

static struct apdu a;
static struct dlms_reading r;

static size_t read_with(const struct dlms_settings *s, const char *body, const char *title)
{
	apdu_of(&a, body);
	return parse_exact(&r, s, a.bytes, a.len, title);
}

static size_t read_body(const char *body)
{
	return read_with(NULL, body, NULL);
}

static bool is_text(const struct field *f, const char *text)
{
	return f->len == strlen(text) && !memcmp(r.text + f->value, text, f->len);
}

static const char *value_of(unsigned int i)
{
	static char text[512];

	if (i >= r.telegram.nfields)
		return "(none)";
	snprintf(text, sizeof(text), "%.*s", r.telegram.fields[i].len,
		 (const char *)r.text + r.telegram.fields[i].value);
	return text;
}

static bool says_milli(enum quantity q, s64 milli)
{
	if (!reading_has(&r.values, q))
		return broken("%s is not there", quantity_info[q].name);
	return r.values.milli[q] == milli ||
	       broken("%s is %" PRId64, quantity_info[q].name, r.values.milli[q]);
}

static bool lacks(enum quantity q)
{
	return !reading_has(&r.values, q) ||
	       broken("%s is %" PRId64, quantity_info[q].name, r.values.milli[q]);
}

static bool every_layout_gives_its_reading(const char **skip)
{
	bool kept = true;

	(void)skip;
	for (size_t i = 0; i < dlms_sample_count; i++) {
		const struct dlms_sample *s = &dlms_samples[i];
		char *json;

		a.len = 0;
		apdu_add(&a, s->apdu);
		if (parse_exact(&r, NULL, a.bytes, a.len, s->title) != a.len) {
			kept = broken("%s: not read", s->name);
			continue;
		}
		json = json_of(&r);
		if (strcmp(json, s->json))
			kept = broken("%s:\n%snot\n%s", s->name, json, s->json);
		free(json);
	}
	return kept;
}

static bool no_apdu_that_is_cut_off_is_read(const char **skip)
{
	(void)skip;
	for (size_t i = 0; i < dlms_sample_count; i++) {
		a.len = 0;
		apdu_add(&a, dlms_samples[i].apdu);
		for (size_t len = 0; len < a.len; len++)
			if (parse_exact(&r, NULL, a.bytes, len, NULL))
				return broken("%s: %zu bytes of %zu", dlms_samples[i].name, len,
					      a.len);
	}
	return true;
}

/* Whatever becomes of it: no more is read than there is, and none of it is called more. */
static bool no_apdu_with_an_altered_byte_is_read_beyond_its_end(const char **skip)
{
	size_t tried = 0, read = 0;

	(void)skip;
	for (size_t i = 0; i < dlms_sample_count; i++) {
		a.len = 0;
		apdu_add(&a, dlms_samples[i].apdu);
		for (size_t at = 0; at < a.len; at++) {
			for (unsigned int change = 1; change < 256; change++) {
				size_t used;

				a.bytes[at] ^= change;
				used = parse_exact(&r, NULL, a.bytes, a.len, NULL);
				a.bytes[at] ^= change;
				if (used > a.len)
					return broken("%zu bytes of %zu", used, a.len);
				tried++;
				read += used > 0;
			}
		}
	}
	note("%zu of %zu were read", read, tried);
	return read > 0 && read < tried;
}

static bool one_apdu_after_the_other_is_taken_from_a_message(const char **skip)
{
	size_t at = 0, count = 0, used;

	(void)skip;
	a.len = 0;
	for (size_t i = 0; i < dlms_sample_count; i++)
		apdu_add(&a, dlms_samples[i].apdu);
	while (at < a.len) {
		used = parse_exact(&r, NULL, a.bytes + at, a.len - at, NULL);
		if (!used)
			return broken("stops at %zu of %zu", at, a.len);
		at += used;
		count++;
	}
	return count == dlms_sample_count || broken("%zu APDUs", count);
}

static bool other_apdus_are_not_read(const char **skip)
{
	(void)skip;
	apdu_of(&a, "0201 06 00000001");
	for (unsigned int tag = 0; tag < 256; tag++) {
		a.bytes[0] = tag;
		if (!!parse_exact(&r, NULL, a.bytes, a.len, NULL) != (tag == 0x0f))
			return broken("tag %02x", tag);
	}
	return true;
}

static bool each_type_says_what_it_is(const char **skip)
{
	static const struct {
		const char *value;
		const char *text;
	} types[] = {
		{ "0300", "0" },
		{ "03FF", "1" },
		{ "0409 A580", "A580" },
		{ "0400", "" },
		{ "05 80000000", "-2147483648" },
		{ "06 FFFFFFFF", "4294967295" },
		{ "0903 010203", "010203" },
		{ "0900", "" },
		{ "0904 00000000", "" },
		{ "0A04 'A~ z'", "A~ z" },
		{ "0A05 'ab' 000000", "ab" },
		{ "0A03 'a' 00 'b'", "610062" },
		{ "0A02 'a' 7F", "617F" },
		{ "0C02 C3A9", "C3A9" },
		{ "0C8103 'abc'", "abc" },
		{ "09820003 'abc'", "abc" },
		{ "0D 59", "59" },
		{ "0D 5A", "5A" },
		{ "0F 80", "-128" },
		{ "10 FFFE", "-2" },
		{ "11 FF", "255" },
		{ "12 FFFF", "65535" },
		{ "14 8000000000000000", "-9223372036854775808" },
		{ "14 7FFFFFFFFFFFFFFF", "9223372036854775807" },
		{ "15 FFFFFFFFFFFFFFFF", "18446744073709551615" },
		{ "16 FF", "255" },
		{ "17 43668000", "230.5" },
		{ "17 C3668000", "-230.5" },
		{ "17 43661999", "230.099991" },
		{ "17 80000000", "0" },
		{ "17 00000001", "0" },
		{ "17 7FC00000", "7FC00000" },
		{ "17 7F800000", "7F800000" },
		{ "17 49742400", "1000000" },
		{ "18 406CC33333333333", "230.1" },
		{ "18 3EB0C6F7A0B5ED8D", "0.000001" },
		{ "18 3FE0000000000000", "0.5" },
		{ "18 42D6BCC41E900000", "100000000000000" },
		{ "18 42D6BCC41E900010", "100000000000000.25" },
		{ "18 433FFFFFFFFFFFFF", "9007199254740991" },
		{ "18 0000000000000001", "0" },
		{ "18 7FF0000000000000", "7FF0000000000000" },
		{ "18 7FEFFFFFFFFFFFFF", "7FEFFFFFFFFFFFFF" },
		{ "19 07E5091B01092F0F00FF8880", "07E5091B01092F0F00FF8880" },
		{ "1A 07E5091B01", "07E5091B01" },
		{ "1B 092F0F00", "092F0F00" },
		{ "1C 81", "81" },
		{ "1D 8001", "8001" },
		{ "1E 80000001", "80000001" },
		{ "1F 81", "81" },
		{ "20 8001", "8001" },
		{ "21 80000001", "80000001" },
	};
	char body[128];

	(void)skip;
	for (size_t i = 0; i < COUNT(types); i++) {
		snprintf(body, sizeof(body), "0202 0906 0000600900FF %s", types[i].value);
		if (!read_body(body) || r.telegram.nfields != 1 ||
		    !is_text(&r.telegram.fields[0], types[i].text))
			return broken("%s says %s", types[i].value, value_of(0));
	}
	return true;
}

static bool null_and_dont_care_are_no_fields(const char **skip)
{
	(void)skip;
	if (!read_body("0205 0906 0100010700FF 00 0906 0100020700FF FF 1601") ||
	    r.telegram.nfields != 1)
		return broken("%u fields", r.telegram.nfields);
	return (!read_body("00") && !read_body("0200") && !read_body("0100")) ||
	       broken("a list of nothing is read");
}

static bool types_that_there_are_not_are_refused(const char **skip)
{
	static const char *const bodies[] = {
		"0201 07", "0201 08 00000000", "0201 0B 00", "0201 0E 00", "0201 22 00", "0201 7F",
		"0201 80", "0201 FE", "0201 0980", "0201 0983000001 00", "0201 0984 00000001 00",
		"0201 13 07 00", "0201 13 13 09 00", "0201 13 01 00", "0202 0906 0100010700FF",
	};

	(void)skip;
	for (size_t i = 0; i < COUNT(bodies); i++)
		if (read_body(bodies[i]))
			return broken("%s is read", bodies[i]);
	return true;
}

static bool compact_arrays_are_read_by_their_types(const char **skip)
{
	(void)skip;
	/* Of numbers, of arrays of numbers, and of nothing. */
	if (!read_body("0201 13 12 06 0001 0002 0003") || r.telegram.nfields != 3 ||
	    strcmp(value_of(2), "3"))
		return broken("numbers: %u fields", r.telegram.nfields);
	if (!read_body("0201 13 01 0002 11 04 01020304") || r.telegram.nfields != 4 ||
	    strcmp(value_of(3), "4"))
		return broken("arrays: %u fields", r.telegram.nfields);
	if (!read_body("0202 13 11 00 11 07") || r.telegram.nfields != 1)
		return broken("nothing: %u fields", r.telegram.nfields);
	/* An empty array, and what follows it in the same element. */
	if (!read_body("0201 13 02 02 01 0000 12 11 02 0506") || r.telegram.nfields != 2 ||
	    strcmp(value_of(1), "6"))
		return broken("empty arrays: %u fields, %s", r.telegram.nfields, value_of(1));
	if (!read_body("0201 13 0203 0906 02020F16 1A"
		       " 060100010700FF 00000007 00 1B 060100020700FF 00000008 01 1B") ||
	    r.telegram.nfields != 2)
		return broken("with scalers: %u fields", r.telegram.nfields);
	return says_milli(Q_power_import, 7000) && says_milli(Q_power_export, 80000);
}

static bool compact_arrays_that_do_not_fit_their_types_are_refused(const char **skip)
{
	static const char *const bodies[] = {
		"0201 13 12 03 000100", "0201 13 00 01 00", "0201 13 0200 01 00",
		"0201 13 01 FFFF 00 01 00", "0201 13 01 FFFF 01 FFFF 00 01 00",
		"0201 13 09 03 050102",
	};

	(void)skip;
	for (size_t i = 0; i < COUNT(bodies); i++)
		if (read_body(bodies[i]))
			return broken("%s is read", bodies[i]);
	return true;
}

static void nest(unsigned int depth, const char *inner)
{
	apdu_of(&a, "");
	while (depth--)
		apdu_add(&a, "0201");
	apdu_add(&a, inner);
}

static bool what_is_nested_too_deeply_is_refused(const char **skip)
{
	(void)skip;
	for (unsigned int depth = 1; depth < 20; depth++) {
		nest(depth, "12 0001");
		if (!!parse_exact(&r, NULL, a.bytes, a.len, NULL) != (depth <= AXDR_DEPTH_MAX))
			return broken("%u structures", depth);
	}
	nest(20000, "12 0001");
	if (parse_exact(&r, NULL, a.bytes, a.len, NULL))
		return broken("20000 structures");
	apdu_of(&a, "0202 0102 0204 120028 0906 0008190900FF 0F02 120000"
		    "     0204 120001 0906 0008190900FF 0F02");
	for (unsigned int i = 0; i < 20000; i++)
		apdu_add(&a, "0201");
	return !parse_exact(&r, NULL, a.bytes, a.len, NULL) || broken("in a description");
}

static bool counts_beyond_what_follows_are_refused(const char **skip)
{
	static const char *const bodies[] = {
		"0282FFFF", "0182FFFF 00", "0203 00 00", "0981FF 00", "0482FFFF 00", "13 12 82FFFF 00",
		"0202 0182FFFF 0204", "13 0282FFFF 12 02 0001",
	};

	(void)skip;
	for (size_t i = 0; i < COUNT(bodies); i++)
		if (read_body(bodies[i]))
			return broken("%s is read", bodies[i]);
	/* 65535 nulls take no more time than others. */
	apdu_of(&a, "0182FFFF");
	memset(a.bytes + a.len, 0, APDU_MAX - a.len);
	a.len = APDU_MAX;
	return !parse_exact(&r, NULL, a.bytes, a.len, NULL) || broken("65535 nulls");
}

static bool as_many_fields_as_a_telegram_has_are_read_and_no_more(const char **skip)
{
	(void)skip;
	for (unsigned int count = METERLINE_P1_MAX_LINES; count <= METERLINE_P1_MAX_LINES + 1;
	     count++) {
		char head[16];

		snprintf(head, sizeof(head), "0281%02X", count);
		apdu_of(&a, head);
		for (unsigned int i = 0; i < count; i++)
			apdu_add(&a, "16 01");
		if (!!parse_exact(&r, NULL, a.bytes, a.len, NULL) !=
		    (count == METERLINE_P1_MAX_LINES))
			return broken("%u fields", count);
	}
	/* Two digits of hex for each byte. */
	for (unsigned int len = 1800; len < 3000; len += 100) {
		char head[24];
		size_t used;

		snprintf(head, sizeof(head), "0201 0982%04X", len);
		apdu_of(&a, head);
		memset(a.bytes + a.len, 0x80, len);
		a.len += len;
		used = parse_exact(&r, NULL, a.bytes, a.len, NULL);
		if (used && r.telegram.fields[0].len != 2 * len)
			return broken("%u bytes of %u", r.telegram.fields[0].len, len);
		if (!!used != (2 * len < METERLINE_P1_MAX_BYTES - 200))
			return broken("%u bytes: %zu", len, used);
	}
	return true;
}

static bool numbers_are_printed_with_as_many_decimals_as_their_scaler_has(const char **skip)
{
	static const struct {
		const char *value;
		const char *scaler;
		const char *text;
	} numbers[] = {
		{ "12 0001", "00", "1" },     { "12 0001", "FF", "0.1" },
		{ "12 000A", "FF", "1.0" },   { "12 03E8", "FD", "1.000" },
		{ "12 0000", "FE", "0.00" },  { "10 FFFF", "FE", "-0.01" },
		{ "10 FF38", "FF", "-20.0" }, { "12 000C", "03", "12000" },
		{ "12 0000", "7F", "0" },     { "15 FFFFFFFFFFFFFFFF", "ED", "1.8446744073709551615" },
		{ "14 8000000000000000", "01", "-92233720368547758080" },
		{ "17 43668000", "FF", "23.05" },
	};
	char body[160];

	(void)skip;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		snprintf(body, sizeof(body), "0203 0906 0000600900FF %s 0202 0F%s 161B",
			 numbers[i].value, numbers[i].scaler);
		if (!read_body(body) || !is_text(&r.telegram.fields[0], numbers[i].text))
			return broken("%s, %s: %s", numbers[i].value, numbers[i].scaler,
				      value_of(0));
	}
	/* The extremes: 147 digits, and 128 decimals. */
	if (!read_body("0203 0906 0100010800FF " SCALED("15 FFFFFFFFFFFFFFFF", "7F", "1E")) ||
	    r.telegram.fields[0].len != 20 + 127 || !lacks(Q_energy_import))
		return broken("scaler 127: %s", value_of(0));
	if (!read_body("0203 0906 0100010800FF " SCALED("14 8000000000000000", "80", "1E")) ||
	    r.telegram.fields[0].len != 3 + 128)
		return broken("scaler -128: %s", value_of(0));
	return says_milli(Q_energy_import, 0);
}

static bool quantities_are_rounded_half_away_from_zero(const char **skip)
{
	static const struct {
		const char *value;
		s64 milli;
	} numbers[] = {
		{ SCALED("12 04D1", "FC", "1B"), 123 },	   { SCALED("12 04D3", "FC", "1B"), 124 },
		{ SCALED("10 FB2D", "FC", "1B"), -124 },   { SCALED("10 FB2F", "FC", "1B"), -123 },
		{ SCALED("12 0005", "FC", "1B"), 1 },	   { SCALED("12 0004", "FC", "1B"), 0 },
		{ SCALED("10 FFFB", "FC", "1B"), -1 },	   { SCALED("12 FFFF", "E0", "1B"), 0 },
		{ SCALED("15 FFFFFFFFFFFFFFFF", "ED", "1B"), 1845 },
		{ SCALED("14 8000000000000000", "ED", "1B"), -922 },
		{ SCALED("15 00038D7EA4C67FFF", "00", "1B"), 999999999999999000 },
		{ SCALED("12 0001", "0E", "1B"), 100000000000000000 },
		{ SCALED("15 8AC7230489E7FFFF", "EC", "1B"), 100 },
	};
	char body[160];

	(void)skip;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		snprintf(body, sizeof(body), "0203 0906 0100010700FF %s", numbers[i].value);
		if (!read_body(body) || !says_milli(Q_power_import, numbers[i].milli))
			return broken("%s", numbers[i].value);
	}
	return true;
}

static bool a_number_of_more_than_15_digits_gives_no_quantity(const char **skip)
{
	static const char *const numbers[] = {
		SCALED("15 00038D7EA4C68000", "00", "1B"), SCALED("12 0001", "0F", "1B"),
		SCALED("12 0001", "7F", "1B"), SCALED("15 FFFFFFFFFFFFFFFF", "FC", "1B"),
		SCALED("14 8000000000000000", "FD", "1B"),
	};
	char body[160];

	(void)skip;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		snprintf(body, sizeof(body), "0203 0906 0100010700FF %s", numbers[i]);
		if (!read_body(body) || !lacks(Q_power_import) || !lacks(Q_power_net))
			return broken("%s", numbers[i]);
	}
	return true;
}

static bool a_number_with_the_unit_of_something_else_gives_no_quantity(const char **skip)
{
	(void)skip;
	for (unsigned int unit = 0; unit < 256; unit++) {
		char body[96];

		snprintf(body, sizeof(body), "0203 0906 0100010700FF 12 0001 0202 0F00 16%02X",
			 unit);
		if (!read_body(body) || reading_has(&r.values, Q_power_import) != (unit == 27))
			return broken("unit %u", unit);
	}
	return (read_body("0203 0906 01000D0700FF " SCALED("12 03E9", "FD", "FF")) &&
		lacks(Q_power_factor)) ||
	       broken("a power factor of 1.001");
}

static bool only_the_present_value_of_an_object_counts(const char **skip)
{
	(void)skip;
	/* F other than 255 is a value of the past. */
	if (!read_body("0203 0906 010001080001 " SCALED("06 00000001", "00", "1E")) ||
	    r.telegram.nfields != 1 || !lacks(Q_energy_import))
		return false;
	/* The last one counts; one that is not valid leaves the sum out. */
	if (!read_body("0102 0203 0906 0100010700FF " SCALED("06 00000001", "00", "1B")
		       "     0203 0906 0100010700FF " SCALED("06 00000002", "00", "1B")) ||
	    !says_milli(Q_power_import, 2000))
		return false;
	return read_body("0102 0203 0906 0100010801FF " SCALED("06 00000001", "00", "1E")
			 "     0203 0906 0100010802FF " SCALED("06 00000002", "00", "1B")) &&
	       says_milli(Q_energy_import_t1, 1000) && lacks(Q_energy_import);
}

static bool an_attribute_that_is_no_value_gives_no_quantity(const char **skip)
{
	(void)skip;
	return read_body("0203 0102 0204 120004 0906 0100010600FF 0F05 120000"
			 "          0204 120001 0906 0000600100FF 0F04 120000"
			 " 06 00000001 0903 'ABC'") &&
	       r.telegram.nfields == 2 && lacks(Q_demand_import_peak) && !r.number[0];
}

static const char *number_of(const char *body, const char *title)
{
	return read_with(NULL, body, title) ? r.number : "(not read)";
}

static bool the_number_is_the_one_with_the_best_code(const char **skip)
{
#define OWN " 0906 0000600100FF 0903 'OWN'"
#define DEVICE " 0906 00002A0000FF 0906 'DEVICE'"
#define GS1 " 0906 0101000005FF 0A03 'GS1'"
#define PLAIN " 0906 0101000001FF 06 00000007"
	static const struct {
		const char *body;
		const char *number;
		enum dlms_number_from from;
	} lists[] = {
		{ "0208" PLAIN GS1 DEVICE OWN, "OWN", DLMS_NUMBER_CODE },
		{ "0208" OWN DEVICE GS1 PLAIN, "OWN", DLMS_NUMBER_CODE },
		{ "0206" PLAIN GS1 DEVICE, "DEVICE", DLMS_NUMBER_CODE },
		{ "0204" PLAIN GS1, "GS1", DLMS_NUMBER_CODE },
		{ "0202" PLAIN, "7", DLMS_NUMBER_CODE },
		{ "0204 0906 0000600100FF 0900" DEVICE, "DEVICE", DLMS_NUMBER_CODE },
		{ "0202 0906 0000600100FF 0902 80FF", "80FF", DLMS_NUMBER_CODE },
		{ "0203 0906 0100010700FF 12 0001 0908 'X1234567'", "X1234567",
		  DLMS_NUMBER_CLOSING },
		{ "0203 0906 0100010700FF 12 0001 0903 'abc'", "", DLMS_NUMBER_NONE },
		{ "0203 0906 0100010700FF 12 0001 0903 010203", "", DLMS_NUMBER_NONE },
		{ "0201 0908 'X1234567'", "", DLMS_NUMBER_NONE },
		{ "0202 0906 0000600101FF 0903 '123'", "", DLMS_NUMBER_NONE },
		{ "0202 0906 0000600107FF 0903 '123'", "", DLMS_NUMBER_NONE },
		{ "0202 0906 0001600100FF 0903 '123'", "", DLMS_NUMBER_NONE },
	};

	(void)skip;
	for (size_t i = 0; i < COUNT(lists); i++)
		if (strcmp(number_of(lists[i].body, NULL), lists[i].number) ||
		    r.number_from != lists[i].from)
			return broken("%s: %s", lists[i].body, r.number);
	return true;
}

static bool a_system_title_is_the_number_where_there_is_no_other(const char **skip)
{
	(void)skip;
	if (strcmp(number_of("0202 0906 0100010700FF 12 0001", "LGZgsp\xb1w"),
		   "4C475A677370B177") || r.number_from != DLMS_NUMBER_TITLE)
		return broken("%s", r.number);
	return (!strcmp(number_of("0202 0906 0000600100FF 0903 'OWN'", "LGZgspqw"), "OWN") &&
		r.number_from == DLMS_NUMBER_CODE) ||
	       broken("%s", r.number);
}

static bool a_number_of_any_length_ends(const char **skip)
{
	(void)skip;
	apdu_of(&a, "0202 0906 0000600100FF 0982 0400");
	memset(a.bytes + a.len, '7', 0x400);
	a.len += 0x400;
	return (parse_exact(&r, NULL, a.bytes, a.len, NULL) == a.len &&
		strlen(r.number) == METERLINE_NUMBER_MAX) ||
	       broken("%zu characters", strlen(r.number));
}

static bool time_is_given_only_where_its_deviation_is_known(const char **skip)
{
	static const struct {
		const char *clock;
		s64 unix_s;	/* 0: none */
	} clocks[] = {
		{ "07E5 09 1B 01 09 2F 0F 00 FF88 80", 1632728835 },
		{ "07E5 09 1B FF 09 2F 0F FF FF88 FF", 1632728835 },
		{ "07E5 09 1B 01 09 2F 0F 00 8000 80", 0 },
		{ "07E5 09 1B 01 09 2F 0F 00 FF88 81", 0 },
		{ "07E5 09 1B 01 09 2F 0F 00 0000 00", 1632736035 },
		{ "07E5 09 1B 01 09 2F 0F 00 003C 02", 1632739635 },
		{ "07E5 09 1B 01 09 2F 0F 00 7FFF 00", 0 },
		{ "07E8 02 1D 04 00 00 00 00 0000 00", 1709164800 },
		{ "07E7 02 1D 04 00 00 00 00 0000 00", 0 },
		{ "0834 02 1D 04 00 00 00 00 0000 00", 0 },
		{ "07D0 02 1D 04 00 00 00 00 0000 00", 951782400 },
		{ "07E5 00 1B 01 09 2F 0F 00 FF88 80", 0 },
		{ "07E5 0D 1B 01 09 2F 0F 00 FF88 80", 0 },
		{ "07E5 09 00 01 09 2F 0F 00 FF88 80", 0 },
		{ "07E5 09 1F 01 09 2F 0F 00 FF88 80", 0 },
		{ "07E5 09 FE 01 09 2F 0F 00 FF88 80", 0 },
		{ "07E5 09 1B 01 18 2F 0F 00 FF88 80", 0 },
		{ "07E5 09 1B 01 09 3C 0F 00 FF88 80", 0 },
		{ "07E5 09 1B 01 09 2F 3C 00 FF88 80", 0 },
		{ "07E5 09 1B 01 09 2F FF 00 FF88 80", 0 },
		{ "FFFF FF FF FF FF FF FF FF 8000 FF", 0 },
		{ "FFFF 09 1B 01 09 2F 0F 00 FF88 80", 0 },
		{ "07B1 0C 1F 01 17 3B 3B 00 0000 00", 0 },
		{ "07B2 01 01 01 00 00 01 00 0000 00", 1 },
	};
	char body[96];

	(void)skip;
	for (size_t i = 0; i < COUNT(clocks); i++) {
		snprintf(body, sizeof(body), "0202 0906 0000010000FF 090C %s", clocks[i].clock);
		if (!read_body(body) || r.has_clock != !!clocks[i].unix_s ||
		    (r.has_clock && r.clock_s != clocks[i].unix_s))
			return broken("%s: %" PRId64, clocks[i].clock, r.has_clock ? r.clock_s : 0);
	}
	return true;
}

static bool the_clock_object_counts_before_the_time_of_the_message(const char **skip)
{
	static const char *const heads[] = { "0C", "090C", "19" };

	(void)skip;
	for (size_t i = 0; i < COUNT(heads); i++) {
		a.len = 0;
		apdu_add(&a, "0F 00000001");
		apdu_add(&a, heads[i]);
		apdu_add(&a, "07E5091B01092F0F00FF8880 0202 0906 0000010000FF 090C");
		apdu_add(&a, "07E5091B01092F1000FF8880");
		if (!parse_exact(&r, NULL, a.bytes, a.len, NULL) || r.clock_s != 1632728836)
			return broken("%s: not the clock's", heads[i]);
		a.bytes[a.len - 1] = 1;
		if (!parse_exact(&r, NULL, a.bytes, a.len, NULL) || !r.has_clock ||
		    r.clock_s != 1632728835)
			return broken("%s: not the message's", heads[i]);
	}
	apdu_of(&a, "12 0001");
	a.bytes[5] = 0x0b;
	return !parse_exact(&r, NULL, a.bytes, a.len, NULL) || broken("another form is read");
}

#define LIST(values)                                                                              \
	"0205 0105 0204 120028 0906 0008190900FF 0F02 120000"                                      \
	" 0204 120003 0906 0100010700FF 0F02 120000 0204 120003 0906 0100010800FF 0F02 120000"     \
	" 0204 120003 0906 0100200700FF 0F02 120000 0204 120003 0906 01001F0700FF 0F02 120000 "    \
	values

static bool each_profile_has_its_scalers(const char **skip)
{
	static const struct {
		const char *name;
		s64 power, energy, voltage, current;	/* of 500, 600, 700 and 800; -1: none */
	} profiles[] = {
		{ "push", 500000, 600000, 700000, 8000 },
		{ "e450", 500000, 600000, 700000, 8000 },
		{ "e360", 500000, 600000, 70000, 8000 },
		{ "am550", 500000, 600000, 70000, 8000 },
		{ "e570", 500000, 600000, 700000, 800000 },
		{ "omnipower", 500000, -1, 700000, 8000 },
		{ "kaifa", 500000, 600000, 70000, 800 },
		{ "none", -1, -1, -1, -1 },
		{ "auto", 500000, 600000, 700000, 8000 },
	};

	(void)skip;
	for (size_t i = 0; i < COUNT(profiles); i++) {
		const s64 *milli = &profiles[i].power;
		static const u8 of[] = { Q_power_import, Q_energy_import, Q_voltage_l1,
					 Q_current_l1 };
		struct dlms_settings s = { 0 };

		if (!dlms_profile_by_name(profiles[i].name, &s.profile) ||
		    strcmp(dlms_profile_name(s.profile), profiles[i].name) ||
		    !read_with(&s, LIST("12 01F4 06 00000258 12 02BC 12 0320"), NULL))
			return broken("%s is not known", profiles[i].name);
		for (unsigned int k = 0; k < COUNT(of); k++)
			if (milli[k] < 0 ? !lacks(of[k]) : !says_milli(of[k], milli[k]))
				return broken("profile %s", profiles[i].name);
	}
	return COUNT(profiles) == DLMS_PROFILE_COUNT;
}

static bool sizes_of_numbers_tell_the_meters_of_push_lists_apart(const char **skip)
{
	(void)skip;
	/* Tenths of a volt, and amperes in 64 bits. */
	return read_body(LIST("12 01F4 06 00000258 12 08FC 12 0320")) &&
	       says_milli(Q_voltage_l1, 230000) && says_milli(Q_current_l1, 8000) &&
	       read_body(LIST("12 01F4 06 00000258 12 03E7 15 0000000000000320")) &&
	       says_milli(Q_voltage_l1, 999000) && says_milli(Q_current_l1, 800000) &&
	       read_body(LIST("12 01F4 06 00000258 12 03E8 12 0320")) &&
	       says_milli(Q_voltage_l1, 100000) &&
	       read_body(LIST("12 01F4 15 0000000000000258 12 03E7 12 0320")) &&
	       says_milli(Q_current_l1, 8000);
}

static bool a_meter_is_known_by_title_list_or_number(const char **skip)
{
#define CURRENT " 0906 01001F0700FF 12 0320"
	(void)skip;
	return read_with(NULL, "0202" CURRENT, "LGZ12345") && says_milli(Q_current_l1, 8000) &&
	       read_with(NULL, "0202" CURRENT, "ISK12345") && says_milli(Q_current_l1, 8000) &&
	       read_with(NULL, "0202" CURRENT, "KFM12345") && says_milli(Q_current_l1, 800) &&
	       read_with(NULL, "0202" CURRENT, "KAM12345") && says_milli(Q_current_l1, 8000) &&
	       read_with(NULL, "0202" CURRENT, "SAG12345") && lacks(Q_current_l1) &&
	       r.profile == DLMS_PROFILE_NONE &&
	       read_body("0203 0907 'KFM_001'" CURRENT) && says_milli(Q_current_l1, 800) &&
	       read_body("0204" CURRENT " 0906 00002A0000FF 0906 'LGZ103'") &&
	       says_milli(Q_current_l1, 8000) &&
	       read_body("0204" CURRENT " 0906 00002A0000FF 0906 'XYZ103'") && lacks(Q_current_l1);
}

static bool a_factor_counts_in_place_of_the_profiles_and_beside_a_scaler(const char **skip)
{
	struct dlms_scale scales[2];
	const struct dlms_settings s = { .scales = scales, .scale_count = 2 };

	(void)skip;
	if (!dlms_scale_of("1-0:31.7.0", 40, &scales[0]) ||
	    !dlms_scale_of("1-1:1.8.0", 10000, &scales[1]))
		return broken("a code is not known");
	if (!read_with(&s, LIST("12 01F4 06 00000258 12 02BC 12 0320"), NULL) ||
	    !says_milli(Q_current_l1, 32000) || !says_milli(Q_energy_import, 6000000) ||
	    !says_milli(Q_voltage_l1, 700000))
		return false;
	/* One of an unknown meter. */
	if (!read_with(&s, "0202 0906 01021F0700FF 12 0001", NULL) ||
	    !says_milli(Q_current_l1, 40))
		return false;
	if (!read_with(&s, "0203 0906 01001F0700FF " SCALED("12 0019", "FE", "21"), NULL) ||
	    !says_milli(Q_current_l1, 10))
		return false;
	scales[1].milli = INT64_MAX;
	return read_with(&s, LIST("12 01F4 06 00000258 12 02BC 12 0320"), NULL) &&
	       lacks(Q_energy_import);
}

static bool factors_are_only_of_codes_that_are_quantities(const char **skip)
{
	static const char *const codes[] = {
		"", "1", "1-0", "1-0:", "1-0:31.7.9", "0-0:96.14.0", "0-0:96.1.0", "1-00000000000",
		"2-0:1.8.0", "1-0:1.8.0000000000000000000000000",
	};
	struct dlms_scale scale;

	(void)skip;
	for (size_t i = 0; i < COUNT(codes); i++) {
		char *copy = strdup(codes[i]);
		bool known = dlms_scale_of(copy, 1000, &scale);

		free(copy);
		if (known)
			return broken("%s", codes[i]);
	}
	return dlms_scale_of("1-3:32.7.0", 1000, &scale) && scale.quantity == Q_voltage_l1;
}

#define KAMSTRUP(power, energy)                                                                   \
	"0205 0A0E 'Kamstrup_V0001' 0906 0101010700FF 06 " power " 0906 0101010800FF 06 " energy

static bool energies_of_an_unknown_step_are_not_there_until_it_is_known(const char **skip)
{
	struct dlms_settings s = { 0 };

	(void)skip;
	if (!read_body(KAMSTRUP("00000064", "000003E8")) || !r.unsettled ||
	    !says_milli(Q_power_import, 100000) || !lacks(Q_energy_import))
		return false;
	s.energy_step = 10;
	return read_with(&s, KAMSTRUP("00000064", "000003E8"), NULL) && !r.unsettled &&
	       says_milli(Q_energy_import, 10000000);
}

/* Telegrams every 10 s of a meter whose register counts @step Wh, with these watts. */
static u8 settled_after(unsigned int watts, unsigned int step, unsigned int telegrams,
			unsigned int list_every)
{
	struct dlms_settle settle = { 0 };
	u64 milliwatthours = 7777777;
	char body[160];

	for (unsigned int i = 0; i < telegrams; i++) {
		const unsigned int now = watts + (i % 7) * watts / 20;
		const u32 count = milliwatthours / 1000 / step;

		if (i % list_every)
			snprintf(body, sizeof(body), "0203 0A0E 'Kamstrup_V0001' "
						     "0906 0101010700FF 06 %08X", now);
		else
			snprintf(body, sizeof(body), "0205 0A0E 'Kamstrup_V0001' 0906 0101010700FF "
				 "06 %08X 0906 0101010800FF 06 %08X", now, count);
		if (!read_body(body))
			return 255;
		if (dlms_settle_take(&settle, &r, 10000ull * i) != (settle.step && !(i % list_every)))
			return 254;
		if (settle.step)
			return settle.step;
		milliwatthours += now * 10000ull / 3600;
	}
	return 0;
}

static bool the_step_of_a_register_is_settled_by_the_power(const char **skip)
{
	(void)skip;
	for (unsigned int watts = 200; watts < 20000; watts = watts * 3 / 2) {
		if (settled_after(watts, 1, 2000, 1) != 1 || settled_after(watts, 10, 3000, 1) != 10)
			return broken("%u W, in each list", watts);
		if (settled_after(watts, 1, 1500, 360) != 1 ||
		    settled_after(watts, 10, 8000, 360) != 10)
			return broken("%u W, each hour", watts);
	}
	/* Neither of both, too little, and a register that stands still. */
	return (!settled_after(2000, 4, 3000, 1) && !settled_after(2000, 100, 3000, 1) &&
		!settled_after(1, 10, 1000, 1) && !settled_after(0, 1, 1000, 1)) ||
	       broken("it is settled by nothing");
}

/* 20 counts in each 10 s: the first of them 20 Wh by the power, then 200 Wh twice. */
static bool one_span_alone_settles_nothing(const char **skip)
{
	static const struct {
		u32 watts;
		u32 count;
		u8 step;
	} lists[] = {
		{ 7200, 1000, 0 }, { 7200, 1020, 0 }, { 136800, 1040, 0 }, { 7200, 1060, 10 },
	};
	struct dlms_settle s = { 0 };

	(void)skip;
	for (size_t i = 0; i < COUNT(lists); i++) {
		char body[160];

		snprintf(body, sizeof(body), KAMSTRUP("%08X", "%08X"), lists[i].watts,
			 lists[i].count);
		if (!read_body(body))
			return broken("list %zu", i);
		dlms_settle_take(&s, &r, 10000ull * i);
		if (s.step != lists[i].step)
			return broken("list %zu: %u", i, s.step);
	}
	return true;
}

static bool nothing_is_settled_across_gaps_and_by_registers_that_jump(const char **skip)
{
	struct dlms_settle s = { 0 };

	(void)skip;
	/* Each time the power is the same, and the register goes on by 10 Wh in 36 s of 1 kW. */
	for (unsigned int i = 0; i < 200; i++) {
		char body[160];

		snprintf(body, sizeof(body), KAMSTRUP("000003E8", "%08X"), 1000 + 1000 * i);
		if (!read_body(body) || dlms_settle_take(&s, &r, 3600000ull * i))
			return broken("across an hour without lists");
	}
	for (unsigned int i = 0; i < 200; i++) {
		char body[160];

		snprintf(body, sizeof(body), KAMSTRUP("000003E8", "%08X"),
			 i % 2 ? 1000 : 0x7fffffff - i);
		if (!read_body(body) || dlms_settle_take(&s, &r, 10000ull * i))
			return broken("by jumps");
	}
	return true;
}

static struct reading values_of(s64 power_w, s64 volts, s64 milliamperes)
{
	struct reading v = { 0 };

	reading_set(&v, Q_power_net, power_w * 1000);
	for (unsigned int i = 0; i < 3; i++) {
		reading_set(&v, Q_voltage_l1 + i, volts * 1000);
		reading_set(&v, Q_current_l1 + i, milliamperes);
	}
	return v;
}

static bool scalers_that_cannot_be_right_are_told_once(const char **skip)
{
	const struct reading wrong = values_of(690, 230, 10000);
	struct dlms_doubts d = { 0 };
	unsigned int told = 0;

	(void)skip;
	for (unsigned int i = 1; i < 1000; i++) {
		enum dlms_doubt doubt = dlms_doubts_take(&d, &wrong);

		if (doubt && (i != DLMS_DOUBT_AFTER || doubt != DLMS_DOUBT_CURRENT_10 ||
			      !*dlms_doubt_text(doubt)))
			return broken("at %u", i);
		told += doubt != DLMS_NO_DOUBT;
	}
	return told == 1 || broken("%u times", told);
}

static bool doubts_are_of_voltage_and_of_powers_of_ten(const char **skip)
{
	static const struct {
		s64 power_w, volts, milliamperes;
		enum dlms_doubt doubt;
	} readings[] = {
		{ 6900, 230, 10000, DLMS_NO_DOUBT },
		{ 3450, 230, 10000, DLMS_NO_DOUBT },
		{ -6900, 230, 10000, DLMS_NO_DOUBT },
		{ 69000, 230, 10000, DLMS_DOUBT_CURRENT_10 },
		{ -69000, 230, 10000, DLMS_DOUBT_CURRENT_10 },
		{ 690, 230, 10000, DLMS_DOUBT_CURRENT_10 },
		{ 690, 230, 100000, DLMS_DOUBT_CURRENT_100 },
		{ 690000, 230, 10000, DLMS_DOUBT_CURRENT_100 },
		{ 50, 230, 1000, DLMS_NO_DOUBT },
		{ 690, 23, 10000, DLMS_DOUBT_VOLTAGE },
		{ 690, 2300, 10000, DLMS_DOUBT_VOLTAGE },
		{ 690, 149, 1000, DLMS_DOUBT_VOLTAGE },
		{ 690, 0, 1000, DLMS_NO_DOUBT },
	};

	(void)skip;
	for (size_t i = 0; i < COUNT(readings); i++) {
		const struct reading v = values_of(readings[i].power_w, readings[i].volts,
						   readings[i].milliamperes);

		if (dlms_doubt_of(&v) != readings[i].doubt)
			return broken("%zu", i);
	}
	return true;
}

#define ENTRY(class_id, code, attribute)                                                          \
	" 0204 1200" class_id " 0906 " code " 0F" attribute " 120000"

static const char quarter[] =
	"020E 010E" ENTRY("28", "000B190900FF", "02") ENTRY("01", "0000600100FF", "02")
	ENTRY("48", "0001180100FF", "06") ENTRY("48", "0001180100FF", "09")
	ENTRY("01", "0001600100FF", "02") ENTRY("04", "0001180201FF", "02")
	ENTRY("04", "0001180201FF", "03") ENTRY("04", "0001180201FF", "05")
	ENTRY("48", "0002180100FF", "06") ENTRY("48", "0002180100FF", "09")
	ENTRY("04", "0002180201FF", "03") ENTRY("04", "0002180201FF", "02")
	ENTRY("04", "0003180201FF", "02") ENTRY("04", "0003180201FF", "03")
	" 0903 'OWN' 06 00BC614E 11 03 0904 'GAS1' 06 0001E240 0202 0FFD 160D"
	" 090C 07E5091B01092F0F00FF8880 06 0000002A 11 04 0202 0F06 1619 06 000004D2"
	" 06 00000005 0202 0FFD 160D";

static bool meters_on_the_mbus_are_meters_of_their_own(const char **skip)
{
	struct dlms_submeter m = { 0 };

	(void)skip;
	if (read_body(quarter) != a.len || strcmp(r.list, "0-11:25.9.0") ||
	    strcmp(r.number, "OWN"))
		return broken("the list: %s of %s", r.list, r.number);
	if (reading_has(&r.values, Q_gas) || reading_has(&r.values, Q_heat))
		return broken("they are quantities of the meter, too");
	if (!dlms_submeter_next(&r, &m) || m.channel != 1 || strcmp(m.number, "GAS1") ||
	    m.quantity != Q_gas || !reading_has(&m.values, Q_gas) ||
	    m.values.milli[Q_gas] != 123456 || m.values.captured_s[0] != 1632728835 ||
	    m.telegram.nfields != 5)
		return broken("gas: channel %u, %s, %u fields", m.channel, m.number,
			      m.telegram.nfields);
	if (!dlms_submeter_next(&r, &m) || m.channel != 2 || strcmp(m.number, "42") ||
	    m.quantity != Q_heat || m.values.milli[Q_heat] != 1234 ||
	    reading_has(&m.values, Q_gas))
		return broken("heat: channel %u, %s", m.channel, m.number);
	return !dlms_submeter_next(&r, &m) || broken("channel %u has no number", m.channel);
}

static bool cubic_metres_of_nobody_knows_what_are_no_quantity(const char **skip)
{
	struct dlms_submeter m = { 0 };

	(void)skip;
	if (!read_body("0102 0202 0906 0004600100FF 0904 'SUB4'"
		       "     0203 0906 0004180201FF " SCALED("06 00000007", "00", "0D")) ||
	    !dlms_submeter_next(&r, &m) || m.channel != 4 || m.quantity != Q_NONE)
		return broken("channel %u, quantity %u", m.channel, m.quantity);
	m.channel = 0;
	return read_body("0102 0202 0906 0004600100FF 0904 'SUB4'"
			 "     0203 0906 0004180201FF " SCALED("06 00000007", "03", "1E")) &&
	       dlms_submeter_next(&r, &m) && m.quantity == Q_heat_kwh &&
	       m.values.milli[Q_heat_kwh] == 7000;
}

static bool a_reading_says_when_its_first_byte_came_and_what_it_is(const char **skip)
{
	(void)skip;
	return read_body("0201 06 00000001") && r.telegram.started == 42 &&
	       r.telegram.protocol == TELEGRAM_DLMS && !r.telegram.damaged && !r.list[0];
}

#define PROMISE(name) { #name, name }

int main(void)
{
	static const struct promise promises[] = {
		PROMISE(every_layout_gives_its_reading),
		PROMISE(no_apdu_that_is_cut_off_is_read),
		PROMISE(no_apdu_with_an_altered_byte_is_read_beyond_its_end),
		PROMISE(one_apdu_after_the_other_is_taken_from_a_message),
		PROMISE(other_apdus_are_not_read),
		PROMISE(each_type_says_what_it_is),
		PROMISE(null_and_dont_care_are_no_fields),
		PROMISE(types_that_there_are_not_are_refused),
		PROMISE(compact_arrays_are_read_by_their_types),
		PROMISE(compact_arrays_that_do_not_fit_their_types_are_refused),
		PROMISE(what_is_nested_too_deeply_is_refused),
		PROMISE(counts_beyond_what_follows_are_refused),
		PROMISE(as_many_fields_as_a_telegram_has_are_read_and_no_more),
		PROMISE(numbers_are_printed_with_as_many_decimals_as_their_scaler_has),
		PROMISE(quantities_are_rounded_half_away_from_zero),
		PROMISE(a_number_of_more_than_15_digits_gives_no_quantity),
		PROMISE(a_number_with_the_unit_of_something_else_gives_no_quantity),
		PROMISE(only_the_present_value_of_an_object_counts),
		PROMISE(an_attribute_that_is_no_value_gives_no_quantity),
		PROMISE(the_number_is_the_one_with_the_best_code),
		PROMISE(a_system_title_is_the_number_where_there_is_no_other),
		PROMISE(a_number_of_any_length_ends),
		PROMISE(time_is_given_only_where_its_deviation_is_known),
		PROMISE(the_clock_object_counts_before_the_time_of_the_message),
		PROMISE(each_profile_has_its_scalers),
		PROMISE(sizes_of_numbers_tell_the_meters_of_push_lists_apart),
		PROMISE(a_meter_is_known_by_title_list_or_number),
		PROMISE(a_factor_counts_in_place_of_the_profiles_and_beside_a_scaler),
		PROMISE(factors_are_only_of_codes_that_are_quantities),
		PROMISE(energies_of_an_unknown_step_are_not_there_until_it_is_known),
		PROMISE(the_step_of_a_register_is_settled_by_the_power),
		PROMISE(one_span_alone_settles_nothing),
		PROMISE(nothing_is_settled_across_gaps_and_by_registers_that_jump),
		PROMISE(scalers_that_cannot_be_right_are_told_once),
		PROMISE(doubts_are_of_voltage_and_of_powers_of_ten),
		PROMISE(meters_on_the_mbus_are_meters_of_their_own),
		PROMISE(cubic_metres_of_nobody_knows_what_are_no_quantity),
		PROMISE(a_reading_says_when_its_first_byte_came_and_what_it_is),
	};

	return keep_promises(promises, COUNT(promises));
}
