// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * P1, the customer port of DSMR and its relatives, in clear text (DSMR P1 companion standard 2.2 to
 * 5.0.2, sections 5 and 6; e-MUCS-P1; Luxmetering P1 1.1.3; the Swedish H1 recommendation 2.0).
 *
 *	telegram = '/' 3 letters, identification, line end, line... '!' [CRC, 1..4 hex digits]
 *	line = A-B:C.D.E(group)(group)... line end
 *
 * The CRC covers all from '/' to '!'. Meters before DSMR 4 send none; theirs may be 7E1, whose
 * parity then stands in bit 7. What follows the '!' decides whether it was the end: a line end,
 * another '/', or a second of silence. Four digits that equal the CRC need nothing behind them.
 *
 * A telegram is collected while each byte is looked at once, and parsed when its end came. It looks
 * like the one before, so the label that stood in this place last time is tried first.
 */
#include "quantities.h"
#include "swar.h"
#include "telegram.h"

#define HT 0x09
#define LF 0x0a
#define CR 0x0d

/* '/' and three letters. */
#define P1_MARK_LEN 4

enum p1_state {
	P1_OUTSIDE,	/* of any telegram */
	P1_SLASH,	/* behind a '/' and up to two letters, which may begin a telegram */
	P1_INSIDE,
	P1_END,		/* behind '!' and up to four hex digits */
	P1_BLANKS,	/* the same, and blanks */
};

/**
 * p1_init - begin with a line of which nothing is known
 * @d: state of the line; the caller serialises all calls on it
 */
void p1_init(struct p1_decoder *d)
{
	memset(d, 0, sizeof(*d));
	memset(d->rows, ROW_UNKNOWN, sizeof(d->rows));
}

/* Blanks, and the NUL that some meters send before a line end. */
static inline bool p1_is_blank(u8 c)
{
	return c == ' ' || c == HT || c == 0;
}

static inline bool p1_is_line_end(u8 c)
{
	return c == CR || c == LF;
}

static inline bool p1_is_letter(u8 c)
{
	c |= 0x20;
	return c >= 'a' && c <= 'z';
}

/* Value of a hex digit, or -1. */
static inline int p1_hex_digit(u8 c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The first byte from @at on that is no blank and no line end; the '!' of the end is one. */
static inline unsigned int p1_skip_gap(const u8 *text, unsigned int at)
{
	const u64 gap = 1ull << ' ' | 1ull << HT | 1ull << CR | 1ull << LF | 1ull << 0;

	while (text[at] <= ' ' && gap >> text[at] & 1)
		at++;
	return at;
}

static inline unsigned int p1_skip_line_ends(const u8 *text, unsigned int at)
{
	while (p1_is_line_end(text[at]))
		at++;
	return at;
}

static inline unsigned int p1_skip_blanks(const u8 *text, unsigned int at)
{
	while (p1_is_blank(text[at]))
		at++;
	return at;
}

static const u8 p1_separators[] = { '-', ':', '.', '.' };

/* A printed code A-B:C.D.E with its optional .F, up to the parenthesis behind it. */
struct p1_code {
	u8 part[5];
	unsigned int value;	/* offset of the parenthesis */
};

/* Reads a number 0..255 at @at. Returns the offset behind it, or 0. */
static unsigned int p1_code_part(const u8 *text, unsigned int at, u8 *part)
{
	unsigned int start = at, number = 0;

	for (; text[at] >= '0' && text[at] <= '9'; at++) {
		number = number * 10 + text[at] - '0';
		if (number > 255)
			return 0;
	}
	*part = number;
	return at > start ? at : 0;
}

/* Reads the code of an object; false when the line at @at does not begin one. */
static bool p1_code_at(const u8 *text, unsigned int at, struct p1_code *code)
{
	unsigned int i;
	u8 folded;

	for (i = 0; i < 5; i++) {
		at = p1_code_part(text, at, &code->part[i]);
		if (!at)
			return false;
		if (i < 4 && text[at] != p1_separators[i] && (i < 2 || text[at] != ':'))
			return false;
		at += i < 4;
	}
	if (text[at] == '.' || text[at] == ':' || text[at] == '*') {
		at = p1_code_part(text, at + 1, &folded);
		if (!at)
			return false;
	}
	code->value = p1_skip_gap(text, at);
	return text[code->value] == '(';
}

/* Writes the normalised code directly before its value; it is never longer than as printed. */
static unsigned int p1_write_code(u8 *text, const struct p1_code *code)
{
	unsigned int at = code->value;
	unsigned int i = 5;

	while (i-- > 0) {
		unsigned int number = code->part[i];

		do {
			text[--at] = '0' + number % 10;
			number /= 10;
		} while (number);
		if (i)
			text[--at] = p1_separators[i - 1];
	}
	return at;
}

static inline bool p1_label_is(const u8 *text, const struct label_info *label)
{
	const u8 *name = (const u8 *)label->name;

	return swar_load(text) == swar_load(name) &&
	       swar_same(swar_load(text + 8), swar_load(name + 8), label->len - 8);
}

/* Blanks, line ends, parentheses and '!' are below '*'; what groups usually hold is not. */
static inline unsigned int p1_skip_usual(const u8 *text, unsigned int at)
{
	u64 stop;

	while (!(stop = swar_below(swar_load(text + at), '*')))
		at += 8;
	return at + swar_index(stop);
}

/*
 * Groups as nearly all are: one behind the other, without blanks, in one line with CR LF. Returns
 * the offset behind them, and that of the next line in @next; or 0 when p1_groups() must read them.
 */
static inline unsigned int p1_plain_groups(const u8 *text, unsigned int at, unsigned int *next)
{
	do {
		at = p1_skip_usual(text, at + 1);
		if (text[at++] != ')')
			return 0;
	} while (text[at] == '(');

	if (text[at] != CR || text[at + 1] != LF)
		return 0;
	*next = at + 2;
	return text[at + 2] > '(' || text[at + 2] == '!' ? at : 0;
}

/* Moves what usual bytes there are from @*from to @*to; the '!' at @end is none. */
static void p1_move_usual(u8 *text, unsigned int *to, unsigned int *from)
{
	unsigned int count = p1_skip_usual(text, *from) - *from;

	if (*to != *from)
		memmove(text + *to, text + *from, count);
	*to += count;
	*from += count;
}

/*
 * Groups with anything between them, or going on in the next line: moves them together. Returns the
 * offset behind them, or 0 when the line is not good; @at moves to where reading ended.
 */
static unsigned int p1_groups(u8 *text, unsigned int *at, unsigned int end)
{
	unsigned int from = *at, to = from;
	struct p1_code code;
	unsigned int gap;

	do {
		text[to++] = '(';
		from++;
		for (;;) {
			p1_move_usual(text, &to, &from);
			*at = from;
			if (from >= end || text[from] == '(')
				return 0;
			if (text[from] == ')')
				break;
			if (!p1_is_line_end(text[from])) {
				text[to++] = text[from++];
				continue;
			}
			from = p1_skip_line_ends(text, from);
			if (p1_code_at(text, p1_skip_blanks(text, from), &code))
				return 0;
		}
		text[to++] = ')';
		gap = p1_skip_blanks(text, from + 1);
		from = p1_skip_gap(text, gap);
	} while (text[from] == '(');

	*at = gap;
	return gap == end || p1_is_line_end(text[gap]) ? to : 0;
}

/* Whether the line at @at has the label of that row, with a group behind it. */
static inline bool p1_has_label(const u8 *text, unsigned int at, u8 row)
{
	const struct label_info *label;

	if (row == ROW_UNKNOWN)
		return false;
	label = &p1_labels[row];
	return text[at + label->len] == '(' && p1_label_is(text + at, label);
}

/*
 * Reads a line that has the expected label and plain groups, as nearly all have. Returns the offset
 * of the next line, or 0 when p1_line() has to read it.
 */
static inline unsigned int p1_usual_line(const u8 *text, unsigned int at, u8 row, struct field *f)
{
	unsigned int value, end, next;

	if (!p1_has_label(text, at, row))
		return 0;
	value = at + p1_labels[row].len;
	end = p1_plain_groups(text, value, &next);
	if (!end)
		return 0;
	*f = (struct field){
		.label = at,
		.value = value,
		.len = end - value,
		.label_len = value - at,
		.row = row,
	};
	return next;
}

/* The label of any line; false when it is none of an object. */
static bool p1_label(u8 *text, unsigned int at, u8 expected, struct field *f)
{
	struct p1_code code;

	if (p1_has_label(text, at, expected)) {
		f->label = at;
		f->label_len = p1_labels[expected].len;
		f->row = expected;
	} else if (p1_code_at(text, at, &code)) {
		f->label = p1_write_code(text, &code);
		f->label_len = code.value - f->label;
		f->row = p1_label_row(text + f->label, f->label_len);
	} else {
		return false;
	}
	f->value = f->label + f->label_len;
	return true;
}

/* Reads any line. Returns where reading ended; the length of @f is 0 when the line is not good. */
static unsigned int p1_line(u8 *text, unsigned int at, unsigned int end, u8 expected,
			    struct field *f)
{
	unsigned int value_end = 0;

	f->len = 0;
	if (p1_label(text, at, expected, f)) {
		at = f->value;
		value_end = p1_groups(text, &at, end);
	}
	if (value_end) {
		f->len = value_end - f->value;
		return at;
	}
	while (at < end && !p1_is_line_end(text[at]))
		at++;
	return at;
}

/* Parses the lines; false when there are more of them than any meter sends. */
static bool p1_lines(struct p1_decoder *d, struct telegram *t, struct telegram_stats *stats)
{
	const unsigned int end = d->end;
	unsigned int at = p1_skip_gap(d->text, d->first_line);
	unsigned int unknown = 0, n = 0;
	struct field f;

	while (at < end) {
		u8 expected = n < METERLINE_P1_MAX_LINES ? d->rows[n] : ROW_UNKNOWN;
		unsigned int next = p1_usual_line(d->text, at, expected, &f);

		if (!next)
			next = p1_line(d->text, at, end, expected, &f);
		at = p1_skip_gap(d->text, next);
		if (!f.len)
			continue;
		if (n == METERLINE_P1_MAX_LINES)
			return false;
		unknown += f.row == ROW_UNKNOWN;
		d->rows[n] = f.row;
		t->fields[n++] = f;
	}
	t->nfields = n;
	stats->unknown_labels += unknown;
	return true;
}

static void p1_mask(struct p1_decoder *d)
{
	unsigned int i;

	for (i = 0; i <= d->end; i += 8)
		swar_store(d->text + i, swar_load(d->text + i) & SWAR_LOW7);
}

/* The telegram is complete and intact. */
static void p1_parse(struct p1_decoder *d, const struct telegram_sink *sink)
{
	struct telegram *t = sink->telegram;
	unsigned int ident_end = d->first_line - 1;

	if (d->bit7 & 0x80)
		p1_mask(d);
	if (!p1_lines(d, t, sink->stats)) {
		sink->stats->oversize++;
		return;
	}
	if (!t->nfields) {
		sink->stats->bad_form++;
		return;
	}
	while (p1_is_blank(d->text[ident_end - 1]))
		ident_end--;
	t->text = d->text;
	t->started = d->started;
	t->damaged = 0;
	t->ident = 1;
	t->ident_len = ident_end - 1;
	t->protocol = TELEGRAM_P1;
	sink->stats->telegrams++;
	sink->emit(sink->context, t);
}

/* Whether a byte from '/' to '!' has odd parity. */
static bool p1_has_odd_byte(const struct p1_decoder *d)
{
	unsigned int i;

	for (i = 0; i <= d->end; i++) {
		if (swar_odd(d->text[i]))
			return true;
	}
	return false;
}

/* A stream with parity carries it outside the CRC. */
static bool p1_crc_fits(const struct p1_decoder *d)
{
	return d->crc_sent == (carries_parity(&d->parity) ? d->crc7 : d->crc);
}

static void p1_complete(struct p1_decoder *d, const struct telegram_sink *sink)
{
	if (d->digits && !p1_crc_fits(d))
		sink->stats->bad_checksum++;
	else if (!d->digits && carries_parity(&d->parity) && p1_has_odd_byte(d))
		sink->stats->bad_parity++;
	else
		p1_parse(d, sink);
	d->state = P1_OUTSIDE;
	d->len = 0;
}

/* Drops a telegram that is too long; a '/' at its very end may yet begin the next one. */
static void p1_oversize(struct p1_decoder *d, struct telegram_stats *stats)
{
	unsigned int kept = d->state == P1_SLASH ? d->len - d->slash : 0;

	stats->oversize++;
	memmove(d->text, d->text + d->slash, kept);
	d->slash = 0;
	d->len = kept;
	d->state = kept ? P1_SLASH : P1_OUTSIDE;
}

/* CRC over @count bytes of the text from @at on with bit 7 masked. */
static u16 p1_crc7(const struct p1_decoder *d, unsigned int at, unsigned int count)
{
	u16 crc = d->crc7;
	u8 masked[64];

	while (count) {
		unsigned int i, n = count < sizeof(masked) ? count : sizeof(masked);

		for (i = 0; i < n; i++)
			masked[i] = d->text[at + i] & 0x7f;
		crc = crc16_arc(crc, masked, n);
		at += n;
		count -= n;
	}
	return crc;
}

/* The first digit behind a '!' came: sums up what was not summed up before. */
static void p1_sum(struct p1_decoder *d)
{
	unsigned int at = d->crc_len, count = d->end + 1 - at;

	d->crc = crc16_arc(d->crc, d->text + at, count);
	d->crc7 = d->bit7 & 0x80 ? p1_crc7(d, at, count) : d->crc;
	d->crc_len = d->end + 1;
	d->crc_sent = 0;
}

/* Looks for the end of the first line, in what was not looked at before. */
static bool p1_header_ended(struct p1_decoder *d)
{
	while (!d->first_line && d->header < d->len) {
		if (p1_is_line_end(d->text[d->header++] & 0x7f))
			d->first_line = d->header;
	}
	return d->first_line;
}

/*
 * Whether the '!' may be an end. Without a CRC nothing else tells it from a damaged ')', so it must
 * begin a line or follow a group.
 */
static bool p1_may_end(const struct p1_decoder *d)
{
	unsigned int at = d->end;
	u8 before;

	if (d->digits)
		return true;
	do {
		before = d->text[--at] & 0x7f;
	} while (p1_is_blank(before));
	return p1_is_line_end(before) || before == ')';
}

/* '/' and three letters came: drops what was before them. */
static void p1_begin(struct p1_decoder *d, struct telegram_stats *stats)
{
	unsigned int i;

	if (d->slash)
		stats->resyncs++;
	d->bit7 = 0;
	for (i = 0; i < P1_MARK_LEN; i++) {
		d->text[i] = d->text[d->slash + i];
		d->bit7 |= d->text[i];
	}
	d->len = P1_MARK_LEN;
	d->header = P1_MARK_LEN;
	d->first_line = 0;
	d->crc = 0;
	d->crc7 = 0;
	d->crc_len = 0;
	d->started = d->slash_started;
	d->state = P1_INSIDE;
}

static void p1_store(struct p1_decoder *d, u8 byte)
{
	d->text[d->len++] = byte;
}

static void p1_slash(struct p1_decoder *d, u8 byte, u64 now)
{
	d->slash = d->len;
	d->slash_started = now;
	d->state = P1_SLASH;
	p1_store(d, byte);
}

/* Takes a byte inside a telegram, with room for it. */
static void p1_take_inside(struct p1_decoder *d, u8 byte, u64 now)
{
	if ((byte & 0x7f) == '/') {
		p1_slash(d, byte, now);
		return;
	}
	p1_store(d, byte);
	if ((byte & 0x7f) == '!' && p1_header_ended(d)) {
		d->end = d->len - 1;
		d->digits = 0;
		d->state = P1_END;
	}
}

/* Takes a byte behind a '!', with room for it; false when it shows that this was not the end. */
static bool p1_take_behind(struct p1_decoder *d, u8 byte, const struct telegram_sink *sink)
{
	int hex = d->state == P1_END && d->digits < 4 ? p1_hex_digit(byte & 0x7f) : -1;

	if (hex >= 0) {
		if (!d->digits)
			p1_sum(d);
		p1_store(d, byte);
		d->crc_sent = d->crc_sent << 4 | hex;
		if (++d->digits == 4 && p1_crc_fits(d))
			p1_complete(d, sink);
		return true;
	}
	if (p1_is_blank(byte & 0x7f)) {
		p1_store(d, byte);
		d->state = P1_BLANKS;
		return true;
	}
	return false;
}

/*
 * Takes one byte where it may mean something. Returns false when only the state has changed and the
 * byte has to be taken again.
 */
static bool p1_take(struct p1_decoder *d, u8 byte, u64 now, const struct telegram_sink *sink)
{
	const u8 c = byte & 0x7f;

	if (d->state == P1_OUTSIDE) {
		if (c == '/')
			p1_slash(d, byte, now);
		return true;
	}
	if (d->state == P1_SLASH && !p1_is_letter(c)) {
		d->state = d->slash ? P1_INSIDE : P1_OUTSIDE;
		d->len = d->slash ? d->len : 0;
		return false;
	}
	if (d->state >= P1_END && (p1_is_line_end(c) || c == '/') && p1_may_end(d)) {
		p1_complete(d, sink);
		return c != '/';
	}
	if (d->len == METERLINE_P1_MAX_BYTES) {
		p1_oversize(d, sink->stats);
		return false;
	}
	if (d->state == P1_SLASH) {
		p1_store(d, byte);
		if (d->len - d->slash == P1_MARK_LEN)
			p1_begin(d, sink->stats);
		return true;
	}
	if (d->state >= P1_END) {
		if (p1_take_behind(d, byte, sink))
			return true;
		d->state = P1_INSIDE;
		return false;
	}
	p1_take_inside(d, byte, now);
	return true;
}

/* @all is the OR of the bytes. */
static inline void p1_count(struct p1_decoder *d, size_t bytes, size_t odd, u8 all)
{
	d->bit7 |= all;
	d->parity.bit7 |= (all & 0x80) != 0;
	d->parity.bytes += bytes;
	d->parity.even += bytes - odd;
}

/*
 * Looks at words up to the next byte that may mean something, and copies them behind the text,
 * where there is room for a word more than a telegram. Returns the number of bytes before that one.
 */
static inline size_t p1_scan(struct p1_decoder *d, const u8 *bytes, size_t count)
{
	const u8 special = d->state == P1_INSIDE ? '!' : '/';
	size_t last = METERLINE_P1_MAX_BYTES - d->len;
	u8 *to = d->text + d->len;
	u64 odd = 0, all = 0;
	size_t n = 0;

	last = last < count ? last : count;
	last = last < 255 * 8 ? last : 255 * 8;
	while (n + 8 <= last) {
		u64 w = swar_load(bytes + n);
		u64 stop = swar_equal(w & SWAR_LOW7, '/') | swar_equal(w & SWAR_LOW7, special);

		swar_store(to + n, w);
		if (stop) {
			unsigned int before = swar_index(stop);

			odd += swar_first(swar_odd(w), before);
			all |= swar_first(w, before);
			n += before;
			break;
		}
		odd += swar_odd(w);
		all |= w;
		n += 8;
	}
	all |= all >> 32;
	all |= all >> 16;
	p1_count(d, n, swar_sum(odd), all | all >> 8);
	return n;
}

static inline void p1_count_byte(struct p1_decoder *d, u8 byte)
{
	p1_count(d, 1, 0x6996 >> ((byte ^ byte >> 4) & 15) & 1, byte);
}

/* Takes a byte that means nothing by itself; false when it may. */
static inline bool p1_take_plain(struct p1_decoder *d, u8 byte)
{
	const u8 c = byte & 0x7f;

	if (d->state != P1_INSIDE || c == '/' || c == '!' || d->len == METERLINE_P1_MAX_BYTES)
		return false;
	p1_count_byte(d, byte);
	p1_store(d, byte);
	return true;
}

static noinline void p1_feed_chunk(struct p1_decoder *d, const u8 *bytes, size_t count, u64 now,
				   const struct telegram_sink *sink)
{
	const u8 *end = bytes + count;

	while (bytes < end) {
		if (end - bytes >= 8 && (d->state == P1_INSIDE || d->state == P1_OUTSIDE)) {
			size_t n = p1_scan(d, bytes, end - bytes);

			d->len += d->state == P1_INSIDE ? n : 0;
			bytes += n;
			if (bytes == end)
				break;
		}
		if (!p1_take_plain(d, *bytes)) {
			p1_count_byte(d, *bytes);
			while (!p1_take(d, *bytes, now, sink))
				;
		}
		bytes++;
	}
}

/**
 * p1_feed - take bytes of a line
 * @d: state of the line; the caller serialises all calls on it
 * @bytes: as they came, in any chunks; bit 7 may hold even parity
 * @count: number of @bytes
 * @now: the caller's clock, for the start of a telegram that begins in these bytes
 * @sink: for the telegrams and what is counted
 */
void p1_feed(struct p1_decoder *d, const u8 *bytes, size_t count, u64 now,
	     const struct telegram_sink *sink)
{
	/* Many a UART hands out single bytes. */
	if (count != 1 || !p1_take_plain(d, *bytes))
		p1_feed_chunk(d, bytes, count, now, sink);
}

/**
 * p1_pause - the line was silent for a second, or its data is at an end
 * @d: state of the line; the caller serialises all calls on it
 * @sink: as in p1_feed()
 *
 * Ends a telegram whose '!' had nothing behind it that does. A telegram without its '!' stays open.
 */
void p1_pause(struct p1_decoder *d, const struct telegram_sink *sink)
{
	if (!p1_waits_for_pause(d))
		return;
	if (p1_may_end(d))
		p1_complete(d, sink);
	else
		d->state = P1_INSIDE;
}

/**
 * p1_waits_for_pause - whether p1_pause() would end a telegram
 * @d: state of the line; the caller serialises all calls on it
 *
 * Return: true when a '!' was the last that came, and a second of silence should be told.
 */
bool p1_waits_for_pause(const struct p1_decoder *d)
{
	return d->state == P1_END || d->state == P1_BLANKS;
}
