// SPDX-License-Identifier: MIT
/*
 * P1 once more, by the rules alone and with all bytes at hand: what the decoder must give for any
 * bytes.
 */
#include "host.h"

/** struct line - all bytes, and of each prefix whether it carries parity */
struct line {
	const u8 *bytes;
	size_t len;
	bool *parity;
};

/** struct object - a good line, as it is said */
struct object {
	u8 *text;
	size_t label_len, len;
};

/** struct reader - the lines of a telegram, bit 7 masked */
struct reader {
	u8 text[METERLINE_P1_MAX_BYTES + 1];
	size_t at, end;
};

static bool is_letter(u8 c)
{
	return ((c & 0x7f) | 0x20) >= 'a' && ((c & 0x7f) | 0x20) <= 'z';
}

static bool is_blank(u8 c)
{
	return c == ' ' || c == '\t' || c == '\0';
}

static bool is_line_end(u8 c)
{
	return c == '\r' || c == '\n';
}

static int hex_digit(u8 c)
{
	const char *digits = "0123456789abcdef", *found = c ? strchr(digits, c | 0x20) : NULL;

	return found && (c > '9' || (c >= '0' && c <= '9')) ? found - digits : -1;
}

static bool begins(const struct line *l, size_t at)
{
	return at + 3 < l->len && (l->bytes[at] & 0x7f) == '/' && is_letter(l->bytes[at + 1]) &&
	       is_letter(l->bytes[at + 2]) && is_letter(l->bytes[at + 3]);
}

static u16 crc16(const u8 *bytes, size_t len, u8 mask)
{
	u16 crc = 0;

	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i] & mask;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xa001 : crc >> 1;
	}
	return crc;
}

static void skip_blanks(struct reader *r)
{
	while (r->at < r->end && is_blank(r->text[r->at]))
		r->at++;
}

static void skip_gap(struct reader *r)
{
	while (r->at < r->end && (is_blank(r->text[r->at]) || is_line_end(r->text[r->at])))
		r->at++;
}

static void skip_line(struct reader *r)
{
	while (r->at < r->end && !is_line_end(r->text[r->at]))
		r->at++;
}

static bool is_one_of(u8 c, const char *set)
{
	return c && strchr(set, c);
}

static u8 peek(const struct reader *r)
{
	return r->at < r->end ? r->text[r->at] : '!';
}

static bool take_number(struct reader *r, unsigned int *number)
{
	size_t start = r->at;

	for (*number = 0; peek(r) >= '0' && peek(r) <= '9'; r->at++) {
		*number = *number * 10 + peek(r) - '0';
		if (*number > 255)
			return false;
	}
	return r->at > start;
}

/* A code with a group behind it; @label gets it as A-B:C.D.E. */
static bool take_code(struct reader *r, char label[24])
{
	static const char *const between[] = { "-", ":", ".:", ".:" };
	unsigned int n[5], folded;

	skip_blanks(r);
	for (int i = 0; i < 5; i++) {
		if (!take_number(r, &n[i]))
			return false;
		if (i < 4 && !is_one_of(peek(r), between[i]))
			return false;
		r->at += i < 4;
	}
	if (is_one_of(peek(r), ".:*")) {
		r->at++;
		if (!take_number(r, &folded))
			return false;
	}
	skip_gap(r);
	snprintf(label, 24, "%u-%u:%u.%u.%u", n[0], n[1], n[2], n[3], n[4]);
	return peek(r) == '(';
}

static bool is_object(const struct reader *r)
{
	struct reader *look = malloc(sizeof(*look));
	char label[24];
	bool object;

	*look = *r;
	object = take_code(look, label);
	free(look);
	return object;
}

/* One group, from its '(' on; lines may end in it, but no object begin. */
static bool take_group(struct reader *r, struct text *value)
{
	do {
		text_add_bytes(value, &r->text[r->at++], 1);
		while (r->at < r->end && is_line_end(r->text[r->at])) {
			size_t line_end = r->at;

			while (r->at < r->end && is_line_end(r->text[r->at]))
				r->at++;
			if (is_object(r)) {
				r->at = line_end;
				return false;
			}
		}
		if (r->at >= r->end || r->text[r->at] == '(')
			return false;
	} while (r->text[r->at] != ')');
	text_add_bytes(value, &r->text[r->at++], 1);
	return true;
}

static bool take_groups(struct reader *r, struct text *value)
{
	size_t behind;

	do {
		if (!take_group(r, value))
			return false;
		skip_blanks(r);
		behind = r->at;
		skip_gap(r);
	} while (peek(r) == '(');
	r->at = behind;
	return r->at == r->end || is_line_end(r->text[r->at]);
}

static void parse(struct reader *r, struct said *said)
{
	struct said telegram = { .fields_only = true };
	unsigned int lines = 0;

	say_start(&telegram, TELEGRAM_P1, 0);
	for (skip_gap(r); r->at < r->end; skip_gap(r)) {
		struct text value = { 0 };
		size_t start = r->at;
		char label[24];

		if (take_code(r, label)) {
			if (take_groups(r, &value)) {
				lines++;
				say_field(&telegram, (u8 *)label, strlen(label), NULL,
					  (u8 *)value.at, value.len);
			} else {
				skip_line(r);
			}
		} else {
			r->at = start;
			skip_line(r);
		}
		text_free(&value);
	}
	if (lines && lines <= METERLINE_P1_MAX_LINES) {
		said->telegrams++;
		text_add_bytes(&said->fields, (u8 *)telegram.fields.at, telegram.fields.len);
	}
	said_free(&telegram);
}

/* From '/' at @begin to '!' at @end: its checks were good. */
static void say_lines(const struct line *l, size_t begin, size_t end, struct said *said)
{
	struct reader *r = calloc(1, sizeof(*r));

	for (size_t i = begin; i < end; i++)
		r->text[i - begin] = l->bytes[i] & 0x7f;
	r->end = end - begin;
	skip_line(r);
	parse(r, said);
	free(r);
}

static bool has_odd(const struct line *l, size_t begin, size_t end)
{
	for (; begin <= end; begin++)
		if (__builtin_parity(l->bytes[begin]))
			return true;
	return false;
}

/* A '!' with nothing behind it may be a damaged ')': it must begin a line or follow a group. */
static bool stands_alone(const struct line *l, size_t end)
{
	u8 c;

	do {
		c = l->bytes[--end] & 0x7f;
	} while (is_blank(c));
	return is_line_end(c) || c == ')';
}

/*
 * Whether the '!' at @end ends the telegram from @begin; *@next is behind it then. Says it when its
 * checks are good.
 */
static bool ends(const struct line *l, size_t begin, size_t end, size_t *next, struct said *said)
{
	size_t at = end + 1, digits = 0;
	unsigned int sent = 0;
	bool fits = false;

	for (; digits < 4 && at < l->len && hex_digit(l->bytes[at] & 0x7f) >= 0; digits++, at++)
		sent = sent << 4 | hex_digit(l->bytes[at] & 0x7f);
	*next = at;
	if (at - begin > METERLINE_P1_MAX_BYTES)
		return false;
	if (digits == 4)
		fits = sent ==
		       crc16(l->bytes + begin, end + 1 - begin, l->parity[at] ? 0x7f : 0xff);
	if (!fits) {
		while (at < l->len && is_blank(l->bytes[at] & 0x7f))
			at++;
		*next = at;
		if (at < l->len && !is_line_end(l->bytes[at] & 0x7f) &&
		    (l->bytes[at] & 0x7f) != '/')
			return false;
		if (at - begin > METERLINE_P1_MAX_BYTES)
			return false;
		if (!digits && !stands_alone(l, end))
			return false;
		/* The byte that ends it has been seen, when there is one. */
		at += at < l->len;
		fits = digits ? sent == crc16(l->bytes + begin, end + 1 - begin,
					      l->parity[at] ? 0x7f : 0xff)
			      : !(l->parity[at] && has_odd(l, begin, end));
	}
	if (fits)
		say_lines(l, begin, end, said);
	return true;
}

/* Where reading goes on when a telegram is too long: a '/' at its very end may begin another. */
static size_t behind_oversize(const struct line *l, size_t full)
{
	for (size_t k = 3; k > 0; k--)
		if ((l->bytes[full - k] & 0x7f) == '/' &&
		    (k < 2 || is_letter(l->bytes[full - k + 1])) &&
		    (k < 3 || is_letter(l->bytes[full - k + 2])))
			return full - k;
	return full;
}

/* Reads the telegram that begins at @begin; returns where to go on. */
static size_t telegram(const struct line *l, size_t begin, struct said *said)
{
	bool header = false;
	size_t next;

	for (size_t at = begin + 4; at < l->len; at++) {
		u8 c = l->bytes[at] & 0x7f;

		if (at - begin == METERLINE_P1_MAX_BYTES)
			return behind_oversize(l, at);
		if (begins(l, at))
			return at;
		header |= is_line_end(c);
		if (c == '!' && header && ends(l, begin, at, &next, said))
			return next;
	}
	return l->len;
}

/** p1_reference - the fields of the telegrams in these bytes, with a pause behind them */
struct said p1_reference(const u8 *bytes, size_t len)
{
	struct line l = { .bytes = bytes, .len = len, .parity = malloc(len + 1) };
	struct said said = { .fields_only = true };
	size_t even = 0;
	bool bit7 = false;

	l.parity[0] = false;
	for (size_t i = 0; i < len; i++) {
		even += !__builtin_parity(bytes[i]);
		bit7 |= bytes[i] >> 7;
		l.parity[i + 1] = bit7 && even * 10 > (i + 1) * 9;
	}
	for (size_t at = 0; at < len;)
		at = begins(&l, at) ? telegram(&l, at, &said) : at + 1;
	free(l.parity);
	return said;
}
