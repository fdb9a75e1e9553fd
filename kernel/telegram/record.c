// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Telegrams as records: packed in the ring of a meter, and as the text of /dev/meterN.
 *
 * Packed, in the byte order and of the size of this machine:
 *
 *	+--------+----------------------+------------+-----------------------------+
 *	| head   | fields               | number NUL | text                        |
 *	+--------+----------------------+------------+-----------------------------+
 *	 8 bytes  4 bytes for each field               TIC: label HT value
 *	                                                    label HT horodate HT value
 *	                                               P1:  label value
 *
 * The text of the fields stands without gaps in their order, so their offsets need not be kept.
 */
#include "quantities.h"
#include "record.h"

struct packed_head {
	u16 nfields;
	u16 damaged;
	u8 protocol;
	u8 number_len;
	u16 reserved;
};

/* Set in the length of a TIC field with a horodate. */
#define PACKED_HORODATE 0x8000

struct packed_field {
	u16 len;
	u8 label_len;
	u8 row;
};

/* What a horodate adds to the place of the value: its 13 characters and a separator. */
#define HORODATE_SPAN (TIC_HORODATE_LEN + 1)

static bool has_horodate(const struct telegram *t, const struct field *f)
{
	return !telegram_has_obis(t) && tic_field_has_horodate(f);
}

/* Bytes that one field needs in the text of a packed telegram. */
static size_t field_size(const struct telegram *t, const struct field *f)
{
	size_t separators = t->protocol == TELEGRAM_P1 ? 0 : 1;

	return f->label_len + separators + (has_horodate(t, f) ? HORODATE_SPAN : 0) + f->len;
}

static size_t number_length(const char *number)
{
	size_t len = 0;

	while (len < METERLINE_NUMBER_MAX && number[len])
		len++;
	return len;
}

/**
 * record_packed_size - bytes that record_pack() writes
 * @t: telegram
 * @number: the meter's number in it, or ""
 *
 * Return: at most RECORD_PACKED_MAX.
 */
size_t record_packed_size(const struct telegram *t, const char *number)
{
	size_t size = sizeof(struct packed_head) + number_length(number) + 1;
	unsigned int i;

	for (i = 0; i < t->nfields; i++)
		size += sizeof(struct packed_field) + field_size(t, &t->fields[i]);
	return size;
}

static u8 *pack_bytes(u8 *to, const void *from, size_t len)
{
	memcpy(to, from, len);
	return to + len;
}

static u8 *pack_text(const struct telegram *t, const struct field *f, u8 *to)
{
	to = pack_bytes(to, t->text + f->label, f->label_len);
	if (t->protocol == TELEGRAM_P1)
		return pack_bytes(to, t->text + f->value, f->len);
	*to++ = '\t';
	if (tic_field_has_horodate(f)) {
		to = pack_bytes(to, t->text + f->label + f->label_len + 1, TIC_HORODATE_LEN);
		*to++ = '\t';
	}
	return pack_bytes(to, t->text + f->value, f->len);
}

/**
 * record_pack - pack a telegram
 * @t: telegram
 * @number: the meter's number in it, or ""
 * @packed: room for record_packed_size() bytes
 */
void record_pack(const struct telegram *t, const char *number, u8 *packed)
{
	struct packed_head head = {
		.nfields = t->nfields,
		.damaged = t->damaged,
		.protocol = t->protocol,
		.number_len = number_length(number),
	};
	unsigned int i;

	packed = pack_bytes(packed, &head, sizeof(head));
	for (i = 0; i < t->nfields; i++) {
		const struct field *f = &t->fields[i];
		struct packed_field p = {
			.len = f->len | (has_horodate(t, f) ? PACKED_HORODATE : 0),
			.label_len = f->label_len,
			.row = f->row,
		};

		packed = pack_bytes(packed, &p, sizeof(p));
	}
	packed = pack_bytes(packed, number, head.number_len);
	*packed++ = '\0';
	for (i = 0; i < t->nfields; i++)
		packed = pack_text(t, &t->fields[i], packed);
}

/**
 * record_unpack - a telegram again from its packed form
 * @packed: what record_pack() wrote, with TELEGRAM_PAD readable bytes behind it
 * @t: the telegram; its text is in @packed. @started and the identification are not kept: 0.
 * @number: the meter's number or "", in @packed
 */
void record_unpack(const u8 *packed, struct telegram *t, const char **number)
{
	const u8 *fields = packed + sizeof(struct packed_head);
	struct packed_head head;
	unsigned int i, at = 0;

	memcpy(&head, packed, sizeof(head));
	*number = (const char *)fields + head.nfields * sizeof(struct packed_field);
	t->text = (const u8 *)*number + head.number_len + 1;
	t->started = 0;
	t->damaged = head.damaged;
	t->ident = 0;
	t->ident_len = 0;
	t->nfields = head.nfields;
	t->protocol = head.protocol;
	for (i = 0; i < head.nfields; i++) {
		struct field *f = &t->fields[i];
		struct packed_field p;

		memcpy(&p, fields + i * sizeof(p), sizeof(p));
		f->label = at;
		f->label_len = p.label_len;
		f->row = p.row;
		f->len = p.len & ~PACKED_HORODATE;
		f->value = at + p.label_len;
		if (head.protocol != TELEGRAM_P1)
			f->value += 1 + (p.len & PACKED_HORODATE ? HORODATE_SPAN : 0);
		at = f->value + f->len;
	}
}

/** record_protocol - enum telegram_protocol of a packed telegram */
u8 record_protocol(const u8 *packed)
{
	struct packed_head head;

	memcpy(&head, packed, sizeof(head));
	return head.protocol;
}

/**
 * record_first - begin to walk through the fields of a packed telegram
 * @packed: what record_pack() wrote
 * @c: for record_next()
 */
void record_first(const u8 *packed, struct record_cursor *c)
{
	struct packed_head head;

	memcpy(&head, packed, sizeof(head));
	c->field = packed + sizeof(head);
	c->text = c->field + head.nfields * sizeof(struct packed_field) + head.number_len + 1;
	c->left = head.nfields;
	c->p1 = head.protocol == TELEGRAM_P1;
}

/**
 * record_next - the next field of a packed telegram
 * @c: from record_first()
 * @item: the field
 *
 * Return: false when there is no further one.
 */
bool record_next(struct record_cursor *c, struct record_item *item)
{
	struct packed_field p;

	if (!c->left)
		return false;
	memcpy(&p, c->field, sizeof(p));
	item->row = p.row;
	item->raw = c->text + p.label_len + (c->p1 ? 0 : 1);
	item->len = p.len & ~PACKED_HORODATE;
	if (p.len & PACKED_HORODATE)
		item->len += HORODATE_SPAN;
	c->field += sizeof(p);
	c->text = item->raw + item->len;
	c->left--;
	return true;
}

/* Text that is written as far as there is room and counted to its end. */
struct writer {
	char *text;
	size_t size;
	size_t len;
};

static void put_char(struct writer *w, char c)
{
	if (w->len < w->size)
		w->text[w->len] = c;
	w->len++;
}

static void put_string(struct writer *w, const char *s)
{
	while (*s)
		put_char(w, *s++);
}

/* By subtraction: 32-bit kernels have no 64-bit division. */
static void put_number(struct writer *w, u64 n)
{
	static const u64 powers[] = {
		10000000000000000000ull, 1000000000000000000ull, 100000000000000000ull,
		10000000000000000ull,	 1000000000000000ull,	 100000000000000ull,
		10000000000000ull,	 1000000000000ull,	 100000000000ull,
		10000000000ull,		 1000000000ull,		 100000000ull,
		10000000ull,		 1000000ull,		 100000ull,
		10000ull,		 1000ull,		 100ull,
		10ull,			 1ull,
	};
	bool leading = true;
	unsigned int i;

	for (i = 0; i < sizeof(powers) / sizeof(powers[0]); i++) {
		char digit = '0';

		for (; n >= powers[i]; n -= powers[i])
			digit++;
		if (digit == '0' && leading && powers[i] != 1)
			continue;
		leading = false;
		put_char(w, digit);
	}
}

static bool is_plain(u8 c)
{
	return (c >= 0x20 && c <= 0x7e) || c == '\t';
}

static void put_escaped(struct writer *w, const u8 *bytes, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < len; i++) {
		u8 c = bytes[i];

		if (is_plain(c) && !(c == '\\' && i + 1 < len && bytes[i + 1] == 'x')) {
			put_char(w, c);
			continue;
		}
		put_char(w, '\\');
		put_char(w, 'x');
		put_char(w, hex[c >> 4]);
		put_char(w, hex[c & 15]);
	}
}

/* As much as there is room for, and a NUL. */
static size_t finish(struct writer *w)
{
	if (w->size)
		w->text[w->len < w->size ? w->len : w->size - 1] = '\0';
	return w->len;
}

/**
 * record_escape - what a meter sent, as printable text
 * @bytes: what it sent
 * @len: bytes of it
 * @text: bytes outside 0x20..0x7E, HT excepted, become \xNN, and so does a backslash before an x
 * @size: room in @text
 *
 * Return: the length of the whole text without NUL, as snprintf() does.
 */
size_t record_escape(const u8 *bytes, size_t len, char *text, size_t size)
{
	struct writer w = { .text = text, .size = size };

	put_escaped(&w, bytes, len);
	return finish(&w);
}

static void put_header(struct writer *w, const struct record_header *h)
{
	put_number(w, h->seq);
	put_char(w, ',');
	put_number(w, h->boottime_us);
	put_char(w, ',');
	put_string(w, telegram_protocol_name(h->protocol));
	put_char(w, ',');
	put_char(w, h->gap ? METERLINE_FLAG_GAP : '-');
	put_char(w, ',');
	put_number(w, h->damaged);
	put_char(w, ';');
	put_escaped(w, (const u8 *)h->number, number_length(h->number));
	put_char(w, '\n');
}

static void put_field(struct writer *w, const struct telegram *t, const struct field *f)
{
	const u8 *label = t->text + f->label;

	put_char(w, ' ');
	put_escaped(w, label, f->label_len);
	if (has_horodate(t, f)) {
		put_char(w, '@');
		put_escaped(w, label + f->label_len + 1, tic_horodate_len(f));
	}
	put_char(w, '=');
	put_escaped(w, t->text + f->value, f->len);
	if (t->protocol == TELEGRAM_DLMS && tic_horodate_len(f)) {
		put_char(w, '*');
		put_escaped(w, label + f->label_len + 1, tic_horodate_len(f));
	}
	put_char(w, '\n');
}

/**
 * record_text - a record of /dev/meterN
 * @t: telegram
 * @h: header of the record
 * @text: the record, with NUL
 * @size: room in @text
 *
 * Return: the length of the whole record without NUL, as snprintf() does.
 */
size_t record_text(const struct telegram *t, const struct record_header *h, char *text,
		   size_t size)
{
	struct writer w = { .text = text, .size = size };
	unsigned int i;

	put_header(&w, h);
	for (i = 0; i < t->nfields; i++)
		put_field(&w, t, &t->fields[i]);
	put_char(&w, '\n');
	return finish(&w);
}

/* Text that is read, from @at up to @end. */
struct reader {
	char *at;
	char *end;
};

static bool take(struct reader *r, char c)
{
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static bool take_number(struct reader *r, u64 max, u64 *n)
{
	const char *start = r->at;

	for (*n = 0; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
		unsigned int digit = *r->at - '0';

		/* n * 10 + digit <= max, without a division */
		if (*n > (max >> 3) || *n * 8 > max - *n * 2 || *n * 10 > max - digit)
			return false;
		*n = *n * 10 + digit;
	}
	return r->at > start;
}

/* The text up to @stop, which is taken too. */
static bool take_until(struct reader *r, char stop, struct reader *taken)
{
	char *found = memchr(r->at, stop, r->end - r->at);

	if (!found)
		return false;
	taken->at = r->at;
	taken->end = found;
	r->at = found + 1;
	return true;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Undoes record_escape() in place; false for an escape that is none. */
static bool unescape(struct reader *r)
{
	char *from = r->at, *to = r->at;

	while (from < r->end) {
		int high, low;

		if (r->end - from < 2 || from[0] != '\\' || from[1] != 'x') {
			*to++ = *from++;
			continue;
		}
		if (r->end - from < 4)
			return false;
		high = hex_value(from[2]);
		low = hex_value(from[3]);
		if (high < 0 || low < 0)
			return false;
		*to++ = high << 4 | low;
		from += 4;
	}
	r->end = to;
	return true;
}

static bool is_word(const struct reader *r, const char *word)
{
	const char *at = r->at;

	while (at < r->end && *word && *at == *word) {
		at++;
		word++;
	}
	return at == r->end && !*word;
}

static bool parse_protocol(const struct reader *name, u8 *protocol)
{
	for (*protocol = TELEGRAM_TIC_HISTORIQUE; *protocol <= TELEGRAM_P1; (*protocol)++)
		if (is_word(name, telegram_protocol_name(*protocol)))
			return true;
	return false;
}

static bool parse_header(struct reader *r, struct record_header *h)
{
	struct reader type, flags, number, more;
	u64 damaged;

	if (!take_number(r, ~0ull, &h->seq) || !take(r, ',') ||
	    !take_number(r, ~0ull, &h->boottime_us) || !take(r, ',') ||
	    !take_until(r, ',', &type) || !parse_protocol(&type, &h->protocol) ||
	    !take_until(r, ',', &flags) || !take_number(r, 0xffff, &damaged) ||
	    !take_until(r, ';', &more) || !take_until(r, '\n', &number))
		return false;
	if (more.at != more.end && *more.at != ',')
		return false;
	h->damaged = damaged;
	h->gap = memchr(flags.at, METERLINE_FLAG_GAP, flags.end - flags.at);
	if (!unescape(&number) || number.end - number.at > METERLINE_NUMBER_MAX)
		return false;
	memcpy(h->number, number.at, number.end - number.at);
	h->number[number.end - number.at] = '\0';
	return true;
}

/* [A-Z][A-Z0-9+-]{0,9} */
static bool is_tic_label(const char *label, size_t len)
{
	size_t i;

	if (!len || len > 10 || label[0] < 'A' || label[0] > 'Z')
		return false;
	for (i = 1; i < len; i++) {
		char c = label[i];

		if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '+' && c != '-')
			return false;
	}
	return true;
}

/* A-B:C.D.E, each 0..255 */
static bool is_obis_code(const char *label, size_t len)
{
	struct reader r = { .at = (char *)label, .end = (char *)label + len };
	const char *separator;
	u64 n;

	for (separator = "-:.."; *separator; separator++)
		if (!take_number(&r, 255, &n) || !take(&r, *separator))
			return false;
	return take_number(&r, 255, &n) && r.at == r.end;
}

/* LABEL=value or LABEL@horodate=value; the places in the text are those of a field already. */
static bool parse_tic_field(const struct reader *name, const char *text, struct field *f)
{
	size_t len = name->end - name->at;

	if (len > HORODATE_SPAN && name->end[-HORODATE_SPAN] == '@')
		len -= HORODATE_SPAN;
	if (!is_tic_label(name->at, len))
		return false;
	f->label = name->at - text;
	f->label_len = len;
	f->row = tic_label_row((const u8 *)name->at, len);
	return true;
}

/* OBIS=(group)(group); the label moves up to its value. */
static bool parse_p1_field(const struct reader *name, const struct reader *value,
			   const char *text, struct field *f)
{
	size_t len = name->end - name->at;

	if (!is_obis_code(name->at, len) || value->end - value->at < 2 || value->at[0] != '(' ||
	    value->end[-1] != ')')
		return false;
	memmove(name->at + 1, name->at, len);
	f->label = name->at + 1 - text;
	f->label_len = len;
	f->row = p1_label_row((const u8 *)name->at + 1, len);
	return true;
}

/* Returns false for what no record has; a key that is no label of the protocol is left out. */
static bool parse_field(struct reader *line, const char *text, struct telegram *t)
{
	struct field *f = &t->fields[t->nfields];
	struct reader name;

	if (t->nfields == METERLINE_P1_MAX_LINES || !take(line, ' ') ||
	    !take_until(line, '=', &name) || !unescape(line))
		return false;
	if (t->protocol == TELEGRAM_P1 ? !parse_p1_field(&name, line, text, f)
				       : !parse_tic_field(&name, text, f))
		return true;
	f->value = line->at - text;
	f->len = line->end - line->at;
	t->nfields++;
	return true;
}

/**
 * record_parse - read a record of /dev/meterN
 * @text: the record, with or without its empty line; escapes are undone in place, and TELEGRAM_PAD
 *	bytes behind it must be readable
 * @len: bytes of @text, at most METERLINE_RECORD_MAX
 * @t: the telegram; its text is in @text, it has no identification
 * @h: the header
 *
 * Keys that are no label of the protocol are left out.
 *
 * Return: false when it is not a record.
 */
bool record_parse(char *text, size_t len, struct telegram *t, struct record_header *h)
{
	struct reader r = { .at = text, .end = text + len }, line;

	if (len > METERLINE_RECORD_MAX || !parse_header(&r, h))
		return false;
	t->text = (const u8 *)text;
	t->started = h->boottime_us * 1000;
	t->damaged = h->damaged;
	t->ident = 0;
	t->ident_len = 0;
	t->nfields = 0;
	t->protocol = h->protocol;
	while (take_until(&r, '\n', &line)) {
		if (line.at == line.end)
			break;
		if (!parse_field(&line, text, t))
			return false;
	}
	return r.at == r.end;
}
