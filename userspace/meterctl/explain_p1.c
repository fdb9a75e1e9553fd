// SPDX-License-Identifier: MIT
/*
 * meterctl explain: telegrams of P1, line by line.
 *
 * The decoder judges each telegram, and each object in a telegram of its own.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernel/telegram/quantities.h"
#include "../../kernel/telegram/record.h"
#include "explain.h"

#define MARK_LEN 4
#define CRC_DIGITS 4
/* Longer than any object. */
#define OBJECT_MAX 1024
/* An object goes on in further lines; no meter is known to use more. */
#define LINES_MAX 8

/**
 * struct p1_judge - the decoder, and what it said last
 * @decoder: knows of the whole text whether bytes have parity
 * @parity: that
 * @said: since the last question
 */
struct p1_judge {
	struct p1_decoder decoder;
	struct parity_evidence parity;
	struct verdict said;
};

static bool ask(struct p1_judge *j, const u8 *bytes, size_t len)
{
	const struct telegram_sink sink = explain_verdict(&j->said);

	p1_init(&j->decoder);
	j->decoder.parity = j->parity;
	p1_feed(&j->decoder, bytes, len, 0, &sink);
	p1_pause(&j->decoder, &sink);
	return j->said.given;
}

/* Whether these lines are an object; it then is the only field of the telegram. */
static bool ask_object(struct p1_judge *j, const u8 *line, size_t len)
{
	static const char head[] = "/ABC5\r\n\r\n", tail[] = "\r\n!\r\n";
	u8 text[sizeof(head) + OBJECT_MAX + sizeof(tail)];
	size_t at = 0;

	memcpy(text, head, sizeof(head) - 1);
	at += sizeof(head) - 1;
	for (size_t i = 0; i < len; i++)
		text[at++] = line[i] & 0x7f;
	memcpy(text + at, tail, sizeof(tail) - 1);
	at += sizeof(tail) - 1;
	return ask(j, text, at) && j->said.telegram.nfields == 1;
}

static bool is_line_end(u8 byte)
{
	byte &= 0x7f;
	return byte == '\r' || byte == '\n';
}

static size_t line_len(const u8 *text, size_t len)
{
	size_t n = 0;

	while (n < len && !is_line_end(text[n]))
		n++;
	return n;
}

static size_t line_ends_len(const u8 *text, size_t len)
{
	size_t n = 0;

	while (n < len && is_line_end(text[n]))
		n++;
	return n;
}

/* With the lines behind it that begin with a group; returns the length of all. */
static size_t with_groups(const u8 *text, size_t len, size_t n)
{
	for (unsigned int i = 0; i < LINES_MAX; i++) {
		const size_t next = n + line_ends_len(text + n, len - n);

		if (next == len || (text[next] & 0x7f) != '(')
			break;
		n = next + line_len(text + next, len - next);
	}
	return n;
}

/*
 * The length of the object that begins a text, and the telegram of it; 0: there is none. It goes on
 * where a parenthesis is open, and in lines that begin with one.
 */
static size_t object_len(struct p1_judge *j, const u8 *text, size_t len)
{
	size_t n = line_len(text, len), open = n;

	for (unsigned int i = 0; i < LINES_MAX && open <= OBJECT_MAX; i++) {
		const size_t whole = with_groups(text, len, open);

		if (whole <= OBJECT_MAX && ask_object(j, text, whole))
			return whole;
		if (!memchr(text, '(', n) || open == len)
			break;
		open += line_ends_len(text + open, len - open);
		open += line_len(text + open, len - open);
	}
	return 0;
}

static void put_text(const u8 *bytes, size_t len, char *text, size_t size)
{
	u8 masked[OBJECT_MAX];

	len = len < sizeof(masked) ? len : sizeof(masked);
	for (size_t i = 0; i < len; i++) {
		masked[i] = bytes[i] & 0x7f;
		if (masked[i] == '\t' || is_line_end(masked[i]))
			masked[i] = ' ';
	}
	record_escape(masked, len, text, size);
}

static const char *meaning_of(const struct telegram *t)
{
	const struct field *f = &t->fields[0];
	char label[DLMS_LIST_LEN];

	snprintf(label, sizeof(label), "%.*s", f->label_len, (const char *)t->text + f->label);
	return explain_code(label);
}

/* One object, or one line that is none; returns its length. */
static size_t explain_object(struct p1_judge *j, const u8 *base, const u8 *text, size_t len)
{
	char said[4 * OBJECT_MAX + 1];
	size_t n = object_len(j, text, len);
	const bool object = n;

	if (!object)
		n = line_len(text, len);
	put_text(text, n, said, sizeof(said));
	explain_row(text - base, text, n, 0, "%s - %s", said,
		    object ? meaning_of(&j->said.telegram) : "no object: it is ignored");
	return n;
}

static void explain_lines(struct p1_judge *j, const u8 *base, const u8 *text, size_t len)
{
	size_t at = line_len(text, len);
	char said[4 * OBJECT_MAX + 1];

	put_text(text, at, said, sizeof(said));
	explain_row(text - base, text, at, 0, "%s - identification", said);
	while (at += line_ends_len(text + at, len - at), at < len)
		at += explain_object(j, base, text + at, len - at);
}

/* @end: offset of the '!' */
static void explain_crc(const struct p1_judge *j, const u8 *base, const u8 *text, size_t end,
			unsigned int digits)
{
	const u8 *sent = text + end;
	u16 crc = 0;

	for (size_t i = 0; i <= end; i++) {
		const u8 byte = carries_parity(&j->parity) ? text[i] & 0x7f : text[i];

		crc = crc16_arc(crc, &byte, 1);
	}
	if (!digits)
		explain_row(sent - base, sent, 1, 0, "end, without a CRC");
	else if (j->said.stats.bad_checksum)
		explain_row(sent - base, sent, 1 + digits, 0, "CRC: wrong, %04X would be right",
			    crc);
	else
		explain_row(sent - base, sent, 1 + digits, 0, "CRC: good");
}

static bool begins(const u8 *text, size_t len)
{
	if (len < MARK_LEN || (text[0] & 0x7f) != '/')
		return false;
	for (unsigned int i = 1; i < MARK_LEN; i++) {
		if (!isalpha(text[i] & 0x7f))
			return false;
	}
	return true;
}

/* Where the next telegram begins, from @at on. */
static size_t next_begin(const u8 *text, size_t len, size_t at)
{
	while (at < len && !begins(text + at, len - at))
		at++;
	return at;
}

static unsigned int crc_digits(const u8 *text, size_t len)
{
	unsigned int digits = 0;

	while (digits < CRC_DIGITS && digits < len && isxdigit(text[digits] & 0x7f))
		digits++;
	return digits;
}

static size_t blanks_len(const u8 *text, size_t len)
{
	size_t n = 0;

	while (n < len && (text[n] & 0x7f) <= ' ' && !is_line_end(text[n]))
		n++;
	return n;
}

/* Whether a '!' ends a telegram: by a CRC or where it stands, and by what follows. */
static bool is_end(const u8 *text, size_t len, size_t at)
{
	const unsigned int digits = crc_digits(text + at + 1, len - at - 1);
	size_t behind = at + 1 + digits;

	behind += blanks_len(text + behind, len - behind);
	return (digits || is_line_end(text[at - 1]) || (text[at - 1] & 0x7f) == ')') &&
	       (behind == len || is_line_end(text[behind]));
}

/* The '!' that ends a telegram, behind its first line; @len: there is none. */
static size_t find_end(const u8 *text, size_t len)
{
	size_t at = line_len(text, len);

	while (at < len && !((text[at] & 0x7f) == '!' && is_end(text, len, at)))
		at++;
	return at;
}

/* One telegram, up to the next one's beginning. */
static bool explain_one(struct p1_judge *j, const u8 *base, const u8 *text, size_t len)
{
	const size_t end = find_end(text, len);
	const unsigned int digits = end < len ? crc_digits(text + end + 1, len - end - 1) : 0;
	bool good;

	explain_title("byte %zu: telegram, %s", text - base, end < len ? "whole" : "cut off");
	j->said.explains = false;
	explain_lines(j, base, text, end);
	if (end == len) {
		explain_note("no telegram, since its end is missing: '!' on a line of its own");
		return false;
	}
	good = ask(j, text, end + 1 + digits);
	explain_crc(j, base, text, end, digits);
	if (!good && !j->said.stats.bad_checksum)
		explain_note(j->said.stats.bad_parity ? "no telegram: a byte of it has wrong parity"
			     : j->said.stats.oversize ? "no telegram: it is longer than any meter sends"
						 : "no telegram: there is no object in it");
	j->said.explains = true;
	return good && ask(j, text, end + 1 + digits);
}

static void explain_all(struct p1_judge *j, const u8 *bytes, size_t len, u64 *good)
{
	size_t at = next_begin(bytes, len, 0), next;

	ask(j, bytes, len);
	j->parity = j->decoder.parity;
	if (carries_parity(&j->parity))
		puts("bit 7 of its bytes is their parity: the line is 7E1");
	if (at) {
		explain_title("byte 0: %zu bytes of no telegram", at);
		explain_bytes(0, bytes, at);
	}
	for (; at < len; at = next) {
		next = next_begin(bytes, len, at + 1);
		*good += explain_one(j, bytes, bytes + at, next - at);
	}
}

/**
 * explain_p1 - the telegrams of a text
 * @bytes: of the text
 * @len: how many
 * @good: those that can be read are added here
 */
void explain_p1(const u8 *bytes, size_t len, u64 *good)
{
	struct p1_judge *j = calloc(1, sizeof(*j));

	if (j)
		explain_all(j, bytes, len, good);
	free(j);
}
