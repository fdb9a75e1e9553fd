// SPDX-License-Identifier: MIT
/*
 * meterctl ledger: reading an export in JSON, one value at a time.
 */
#include <jansson.h>
#include <stdlib.h>

#include "../lib/say.h"
#include "ledger_parse.h"

/* Objects of ours have less than 300 bytes. */
#define OBJECT_MAX_BYTES 1024

/* Numbers as text: jansson reads 15 digits exactly, and a value has at most five decimals. */
static const char *number_text(const json_t *value, char text[40])
{
	if (json_is_integer(value))
		snprintf(text, 40, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		snprintf(text, 40, "%.5f", json_real_value(value));
	else
		return NULL;
	return text;
}

static const char *problem_of(const json_t *object, struct ledger_value *v)
{
	const char *members[MEMBER_COUNT];
	char number[40];

	for (unsigned int i = 0; i < MEMBER_COUNT; i++) {
		const json_t *member = json_object_get(object, ledger_member_names[i]);

		members[i] = i == MEMBER_VALUE ? number_text(member, number) :
						 json_string_value(member);
	}
	return ledger_value_of(members, v);
}

static bool parse_object(const char *text, size_t len, unsigned long count, const char *name,
			 ledger_value_fn each, void *context)
{
	struct ledger_value v;
	const char *problem;
	json_error_t error;
	json_t *object;

	object = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	problem = json_is_object(object) ? problem_of(object, &v) : "an object is expected";
	if (problem)
		say("%s: value %lu: %s; nothing was imported", name, count, problem);
	json_decref(object);
	return !problem && each(context, &v);
}

/* Objects of an export hold no other objects; what stands in their strings does not count. */
static size_t read_object(FILE *in, char text[OBJECT_MAX_BYTES])
{
	bool in_string = false, escaped = false;
	size_t len = 0;
	int c;

	do
		c = getc(in);
	while (c == '[' || c == ',' || c == ' ' || c == '\n' || c == '\r' || c == '\t');
	for (; c != EOF && len < OBJECT_MAX_BYTES; c = getc(in)) {
		text[len++] = c;
		if (!in_string && (c == '}' || (c == ']' && len == 1)))
			break;
		in_string ^= c == '"' && !escaped;
		escaped = c == '\\' && !escaped;
	}
	return len;
}

/**
 * ledger_parse_json - read an export in JSON
 * @in: an array of objects
 * @name: of @in, for sentences
 * @each: called for each value, in order; returns whether to go on
 * @context: handed to @each
 *
 * Return: whether all of it was read; else a person was told why not.
 */
bool ledger_parse_json(FILE *in, const char *name, ledger_value_fn each, void *context)
{
	char text[OBJECT_MAX_BYTES];
	unsigned long count = 0;
	size_t len;

	while ((len = read_object(in, text))) {
		if (text[0] == ']')
			return true;
		if (!parse_object(text, len, ++count, name, each, context))
			return false;
	}
	say("%s: the end is missing after value %lu; nothing was imported", name, count);
	return false;
}
