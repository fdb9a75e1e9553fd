/* SPDX-License-Identifier: MIT */
/*
 * JSON of the data contract: strings, exact decimals, and a telegram with its quantities.
 */
#ifndef METERLINE_JSON_H
#define METERLINE_JSON_H

#include <stdio.h>

#include "../../kernel/telegram/quantities.h"

/**
 * struct json_carrier - what a telegram came in
 * @name: of the data contract, such as "p1-encrypted"; NULL: nothing but its line
 * @has_clock: @clock_s is known
 * @clock_s: the time that it gives to telegrams without one, seconds since 1970 in UTC
 */
struct json_carrier {
	const char *name;
	bool has_clock;
	s64 clock_s;
};

void json_string(FILE *out, const void *bytes, size_t len);
void json_text(FILE *out, const char *text);
void json_utf8(FILE *out, const char *text);
void json_milli(FILE *out, s64 milli);
void json_time(FILE *out, const char *member, s64 unix_s);
void json_e5(FILE *out, s64 e5);
void json_field(FILE *out, const struct telegram *t, const struct field *f);
void json_fields(FILE *out, const struct telegram *t);
void json_quantities(FILE *out, const struct reading *r);
void json_reading(FILE *out, const struct telegram *t, const struct reading *r,
		  const char *number, const struct json_carrier *via);

#endif /* METERLINE_JSON_H */
