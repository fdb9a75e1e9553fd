// SPDX-License-Identifier: MIT
/*
 * meterctl ledger: reading an export. Every member is checked before any is used.
 */
#include <stdlib.h>
#include <string.h>

#include "../lib/say.h"
#include "ledger_parse.h"

#define LINE_MAX_BYTES 1024

/* Digits before the point: more than any register shows, and as exact amounts of money have. */
#define REGISTER_DIGITS_MAX 15
#define COST_DIGITS_MAX 7

const char *const ledger_member_names[MEMBER_COUNT] = {
	"meter", "number", "period", "start", "end", "register", "value", "unit", "quality",
};

static bool is_name(const char *text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-";
	size_t len = strlen(text);

	return len && len <= METER_NAME_LEN && strspn(text, allowed) == len;
}

/* An exact decimal of so many decimals, in units of the last one; zeros behind them are none. */
static bool parse_decimal(const char *text, size_t digits_max, size_t wanted, s64 *number)
{
	bool negative = *text == '-';
	const char *whole = text + negative;
	size_t digits = strspn(whole, "0123456789"), decimals = 0;
	const char *rest = whole + digits;
	s64 value = 0;

	if (!digits || digits > digits_max)
		return false;
	for (size_t i = 0; i < digits; i++)
		value = value * 10 + (whole[i] - '0');
	if (*rest == '.') {
		decimals = strspn(++rest, "0123456789");
		if (!decimals ||
		    (decimals > wanted && strspn(rest + wanted, "0") != decimals - wanted))
			return false;
	}
	for (size_t i = 0; i < wanted; i++)
		value = value * 10 + (i < decimals ? rest[i] - '0' : 0);
	*number = negative ? -value : value;
	return !rest[decimals];
}

static bool parse_value(const char *text, struct ledger_entry *e)
{
	if (e->reg >= COST_REGISTER)
		return parse_decimal(text, COST_DIGITS_MAX, 5, &e->milli);
	return parse_decimal(text, REGISTER_DIGITS_MAX, 3, &e->milli);
}

static bool parse_register(const char *name, struct ledger_entry *e)
{
	enum quantity reg;
	enum cost cost;

	if (cost_by_name(name, &cost))
		e->reg = COST_REGISTER + cost;
	else if (register_by_name(name, &reg))
		e->reg = reg;
	else
		return false;
	return true;
}

static bool parse_unit(const char *text, struct ledger_entry *e)
{
	if (e->reg < COST_REGISTER)
		return !strcmp(text, register_unit(e->reg));
	if (!currency_is_good(text))
		return false;
	strcpy(e->currency, text);
	return true;
}

/* Civil periods of any zone: a day has 23 to 25 hours, more or less where a zone moved. */
static bool length_fits(enum period p, s64 start_s, s64 end_s)
{
	static const u32 least_s[PERIOD_COUNT] = { 900, 12 * 3600, 27 * 86400, 364 * 86400 };
	static const u32 most_s[PERIOD_COUNT] = { 900, 48 * 3600, 32 * 86400, 367 * 86400 };
	s64 length_s = end_s - start_s;

	if (p == PERIOD_QUARTER && start_s % QUARTER_S)
		return false;
	return length_s >= least_s[p] && length_s <= most_s[p];
}

/**
 * ledger_value_of - a value from its members as text
 * @members: each, or NULL where it is not there
 * @v: the value
 *
 * Return: NULL, or what is wrong.
 */
const char *ledger_value_of(const char *const members[MEMBER_COUNT], struct ledger_value *v)
{
	struct ledger_entry *e = &v->entry;
	const char *number = members[MEMBER_NUMBER] ? members[MEMBER_NUMBER] : "";
	unsigned int quality = 0;
	enum period period;

	*v = (struct ledger_value){ 0 };
	for (unsigned int i = 0; i < MEMBER_COUNT; i++)
		if (!members[i] && i != MEMBER_NUMBER && i != MEMBER_VALUE)
			return ledger_member_names[i];
	if (!is_name(members[MEMBER_METER]))
		return "meter: 1 to 32 of A-Z a-z 0-9 _ -";
	if (strlen(number) > METERLINE_NUMBER_MAX)
		return "number: it is too long";
	if (!period_by_name(members[MEMBER_PERIOD], &period))
		return "period: quarter, day, month or year";
	if (!iso_time_parse(members[MEMBER_START], &e->start_s) ||
	    !iso_time_parse(members[MEMBER_END], &e->end_s) ||
	    !length_fits(period, e->start_s, e->end_s))
		return "start and end: such as 2025-11-20T14:15:00Z, as far apart as the period is long";
	if (!parse_register(members[MEMBER_REGISTER], e))
		return "register: there is none of this name";
	if (!parse_unit(members[MEMBER_UNIT], e))
		return "unit: not that of the register";
	if (!quality_parse(members[MEMBER_QUALITY], &quality))
		return "quality: good, or estimated, partial and so on";
	if (quality & QUALITY_MISSING ? members[MEMBER_VALUE] && *members[MEMBER_VALUE] :
					!members[MEMBER_VALUE] ||
						!parse_value(members[MEMBER_VALUE], e))
		return "value: an exact decimal with at most three decimals, of costs five; none "
		       "when missing";
	e->period = period;
	e->quality = quality;
	strcpy(v->meter, members[MEMBER_METER]);
	strcpy(v->number, number);
	return NULL;
}

/* Cuts one field off; quotes are taken off in place. NULL: a quote is not closed. */
static char *next_field(char **line)
{
	char *from = *line, *to = from, *field = from;
	bool quoted = *from == '"';

	if (!quoted) {
		*line += strcspn(from, ",");
		if (**line)
			*(*line)++ = 0;
		return field;
	}
	for (from++; *from && (*from != '"' || from[1] == '"'); from++) {
		from += *from == '"';
		*to++ = *from;
	}
	if (*from++ != '"' || (*from && *from != ','))
		return NULL;
	*line = *from ? from + 1 : from;
	*to = 0;
	return field;
}

static bool split(char *line, const char *members[MEMBER_COUNT])
{
	for (unsigned int i = 0; i < MEMBER_COUNT; i++) {
		members[i] = next_field(&line);
		if (!members[i])
			return false;
	}
	return !*line;
}

static bool is_header(char *line)
{
	const char *members[MEMBER_COUNT];

	if (!split(line, members))
		return false;
	for (unsigned int i = 0; i < MEMBER_COUNT; i++)
		if (strcmp(members[i], ledger_member_names[i]))
			return false;
	return true;
}

static bool parse_line(char *line, const char *name, unsigned long number, ledger_value_fn each,
		       void *context)
{
	const char *members[MEMBER_COUNT], *problem;
	struct ledger_value v;

	problem = split(line, members) ? ledger_value_of(members, &v) : "nine fields are expected";
	if (!problem)
		return each(context, &v);
	say("%s:%lu: %s; nothing was imported", name, number, problem);
	return false;
}

/* A line without its end; NULL at the end of the file. */
static char *read_line(FILE *in, char line[LINE_MAX_BYTES], bool *too_long)
{
	if (!fgets(line, LINE_MAX_BYTES, in))
		return NULL;
	*too_long = !strchr(line, '\n') && !feof(in);
	line[strcspn(line, "\r\n")] = 0;
	return line;
}

static bool parse_csv(FILE *in, const char *name, ledger_value_fn each, void *context)
{
	char line[LINE_MAX_BYTES];
	unsigned long number = 1;
	bool too_long = false;

	if (!read_line(in, line, &too_long) || too_long || !is_header(line)) {
		say("%s:1: neither JSON nor CSV of 'meterctl ledger export': the first line is "
		    "meter,number,period,start,end,register,value,unit,quality",
		    name);
		return false;
	}
	while (read_line(in, line, &too_long)) {
		number++;
		if (too_long) {
			say("%s:%lu: the line is too long; nothing was imported", name, number);
			return false;
		}
		if (*line && !parse_line(line, name, number, each, context))
			return false;
	}
	if (!ferror(in))
		return true;
	say("%s: cannot be read: %m; nothing was imported", name);
	return false;
}

/**
 * ledger_parse - read an export
 * @in: CSV or JSON
 * @name: of @in, for sentences
 * @each: called for each value, in order; returns whether to go on
 * @context: handed to @each
 *
 * Return: whether all of it was read; else a person was told why not.
 */
bool ledger_parse(FILE *in, const char *name, ledger_value_fn each, void *context)
{
	int c = getc(in);

	if (c != EOF)
		ungetc(c, in);
	return c == '[' ? ledger_parse_json(in, name, each, context) :
			  parse_csv(in, name, each, context);
}
