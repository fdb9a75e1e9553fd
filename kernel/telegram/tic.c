// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * TIC, the customer port of French meters: historique (02E section 1.4, 54E section 5.2) and
 * standard (54E section 5.3).
 *
 *	frame = STX group... ETX		or EOT, where the meter interrupts it
 *	group = LF label SP data SP checksum CR				historique
 *	        LF label HT [horodate HT] data HT checksum CR		standard
 *
 * The checksum is (S & 0x3F) + 0x20, where S sums all from the label on: in historique to the end
 * of the data, in standard to the HT before the checksum. It is blind for bit 6 of a byte and for
 * two blanks, so the form of label and data and the parity are checked as well.
 *
 * A frame is collected while each byte is looked at once, and parsed when its end came. A frame
 * looks like the one before, so the label that followed last time is tried first.
 */
#include "labels.h"
#include "quantities.h"
#include "swar.h"

#define STX 0x02
#define ETX 0x03
#define EOT 0x04
#define HT 0x09
#define LF 0x0a
#define CR 0x0d

/* Frames are counted from STX to ETX; @text holds what is between them. */
#define TIC_TEXT_MAX (METERLINE_TIC_MAX_BYTES - 2)

/* Stands for "nothing yet" in the chain of rows. */
#define ROW_FIRST (TIC_ROWS - 1)

_Static_assert(TIC_ROW_COUNT <= ROW_FIRST, "a row for each label");

#define HORODATE_AND_HT (TIC_HORODATE_LEN + 1)

enum tic_state {
	TIC_OUTSIDE,
	TIC_INSIDE,
};

/* One bit for each byte of a frame: 1 where its parity is odd. */
struct tic_odd {
	u8 bits[(METERLINE_TIC_MAX_BYTES + TELEGRAM_PAD) / 8];
	bool any;
};

/* What lies between two separators, [start, end), and what one pass over it has shown. */
struct tic_piece {
	u16 start;
	u16 end;
	u16 sum;	/* of its bytes */
	u16 hts;	/* HTs in it */
	bool foul;	/* a byte outside 0x20..0x7E that is no HT */
};

/* Why a group was dropped. */
enum tic_verdict {
	TIC_GOOD,
	TIC_BAD_CHECKSUM,
	TIC_BAD_FORM,
	TIC_BAD_PARITY,
	TIC_VERDICTS,
};

/* The state of parsing one frame. */
struct tic_parse {
	const u8 *text;
	unsigned int len;		/* of the frame */
	const struct tic_odd *odd;	/* NULL when the stream has no parity */
	struct telegram *t;
	u8 *next;			/* these two as in struct tic_decoder */
	struct tic_shape *shape;
	u8 row;				/* of the group before */
	unsigned int unknown_labels;
	unsigned int dropped[TIC_VERDICTS];
};

/**
 * tic_init - begin with a line of which nothing is known
 * @d: state of the line; the caller serialises all calls on it
 */
void tic_init(struct tic_decoder *d)
{
	unsigned int i;

	memset(d, 0, sizeof(*d));
	for (i = 0; i < sizeof(d->next); i++)
		d->next[i] = i + 1 < TIC_ROW_COUNT ? i + 1 : 0;
	d->next[ROW_FIRST] = TIC_ROW_ADSC;
}

/* A byte that may begin or end a frame. Bit 7 may hold parity. */
static inline bool tic_is_control(u8 byte)
{
	byte &= 0x7f;
	return byte >= STX && byte <= EOT;
}

/* What a pass over bytes has counted. */
struct tic_scan {
	size_t n;	/* bytes */
	u64 odd;	/* those of odd parity, in 8 counts of up to 255 */
	u64 all;	/* OR of them */
};

/* Takes the next @here bytes, in @w; false when they end the pass. */
static __always_inline bool tic_scan_word(struct tic_scan *s, u64 w, unsigned int here, u8 *to)
{
	u64 low = swar_below(w & SWAR_LOW7, EOT + 1);

	if (here < 8)
		low = swar_first(low, here);
	if (low) {
		here = swar_index(low) + 1;
		w = swar_first(w, here);
		if (!tic_is_control(w >> (8 * here - 8)))
			return false;
	}
	swar_store(to + s->n, w);
	s->odd += swar_odd(w);
	s->all |= w;
	s->n += here;
	return !low;
}

/*
 * Looks at bytes, 8 or more, up to and with the first control byte, a word at a time, and copies
 * them to @to, behind which a word may be spoiled. Returns their number; 0 when a byte stands among
 * the first that only looks like a control byte.
 */
static noinline size_t tic_scan_words(struct tic_decoder *d, const u8 *bytes, size_t count, u8 *to)
{
	struct tic_scan s = { 0 };
	bool more = true;

	if (count > 254 * 8)
		count = 254 * 8;
	while (more && s.n + 8 <= count)
		more = tic_scan_word(&s, swar_load(bytes + s.n), 8, to);
	if (more && s.n < count) {
		unsigned int here = count - s.n;

		tic_scan_word(&s, swar_load(bytes + count - 8) >> (64 - 8 * here), here, to);
	}
	if (s.all & SWAR_HIGH)
		d->bit7 |= 0x80;
	d->parity.bytes += s.n;
	d->parity.even += s.n - swar_sum(s.odd);
	return s.n;
}

static inline void tic_count_byte(struct tic_decoder *d, u8 byte)
{
	d->bit7 |= byte;
	d->parity.bytes++;
	d->parity.even += ~(0x6996 >> ((byte ^ byte >> 4) & 15)) & 1;
}

/* The same byte by byte, up to and with a control byte. */
static inline size_t tic_scan_bytes(struct tic_decoder *d, const u8 *bytes, size_t count, u8 *to)
{
	size_t n = 0;

	while (n < count) {
		u8 byte = bytes[n];

		to[n++] = byte;
		tic_count_byte(d, byte);
		if (tic_is_control(byte))
			break;
	}
	return n;
}

/* Some bytes, of which only the last one may be a control byte; @to has room for @count. */
static inline size_t tic_scan(struct tic_decoder *d, const u8 *bytes, size_t count, u8 *to)
{
	size_t n = 0;

	/* Frames follow one another, so STX is often the first. */
	if (count >= 8 && !tic_is_control(*bytes))
		n = tic_scan_words(d, bytes, count, to);
	return n ? n : tic_scan_bytes(d, bytes, count < 8 ? count : 8, to);
}

/* Masks bit 7 of the frame; with @odd, which is clear, it first notes which bytes have odd parity. */
static void tic_mask(struct tic_decoder *d, struct tic_odd *odd)
{
	unsigned int i;
	u64 any = 0;

	for (i = 0; i < d->len; i += 8) {
		u64 w = swar_load(d->text + i);

		if (odd) {
			u64 bad = swar_odd(w);

			odd->bits[i / 8] = bad * 0x0102040810204080ull >> 56;
			any |= swar_first(bad, d->len - i < 8 ? d->len - i : 8);
		}
		swar_store(d->text + i, w & SWAR_LOW7);
	}
	if (odd)
		odd->any = any;
}

static bool tic_odd_in(const struct tic_odd *odd, unsigned int start, unsigned int end)
{
	if (!odd || !odd->any)
		return false;
	for (; start < end; start++) {
		if (odd->bits[start / 8] >> (start % 8) & 1)
			return true;
	}
	return false;
}

/* The piece that begins at @start, in one pass; the frame ends with a CR behind its last byte. */
static inline struct tic_piece tic_piece_at(const u8 *text, unsigned int start)
{
	struct tic_piece piece = { .start = start };
	unsigned int sum = 0, hts = 0, at;
	u64 foul = 0;

	for (at = start;; at += 8) {
		u64 w = swar_load(text + at);
		u64 ht = swar_equal(w, HT);
		u64 other = (swar_below(w, 0x20) & ~ht) | swar_above(w, 0x7e);

		if (other) {
			u64 ends = swar_equal(w, CR) | swar_equal(w, LF);
			unsigned int n = ends ? swar_index(ends) : 8;

			foul |= swar_first(other, n);
			sum += swar_sum(swar_first(w, n));
			hts += swar_count(swar_first(ht, n));
			if (!ends)
				continue;
			piece.end = at + n;
			break;
		}
		sum += swar_sum(w);
		hts += swar_count(ht);
	}
	piece.sum = sum;
	piece.hts = hts;
	piece.foul = foul;
	return piece;
}

static __always_inline bool tic_label_is(const u8 *text, const struct label_info *label)
{
	const u8 *name = (const u8 *)label->name;

	if (label->len <= 8)
		return swar_same(swar_load(text), swar_load(name), label->len);
	return swar_load(text) == swar_load(name) &&
	       swar_same(swar_load(text + 8), swar_load(name + 8), label->len - 8);
}

/* Label: [A-Z][A-Z0-9+-]{0,9}. Returns its length, or 0. */
static unsigned int tic_label_length(const u8 *text, unsigned int end, u8 separator)
{
	unsigned int n;

	for (n = 0; n < end && text[n] != separator; n++) {
		u8 c = text[n];

		if (n >= 10)
			return 0;
		if (c >= 'A' && c <= 'Z')
			continue;
		if (n == 0 || !((c >= '0' && c <= '9') || c == '+' || c == '-'))
			return 0;
	}
	return n < end ? n : 0;
}

static inline bool tic_digits(const u8 *text, unsigned int len)
{
	for (; len > 8; text += 8, len -= 8) {
		if (!swar_is_decimal(swar_decimal(swar_load(text), 8)))
			return false;
	}
	return len && swar_is_decimal(swar_decimal(swar_load(text), len));
}

static __always_inline bool tic_hex(const u8 *text, unsigned int len)
{
	unsigned int at;
	u64 foul = 0;

	for (at = 0; at < len; at += 8) {
		u64 w = swar_load(text + at);

		foul |= swar_first(swar_below(w, '0') | swar_above(w, 'F') |
					   (swar_above(w, '9') & swar_below(w, 'A')),
				   len - at < 8 ? len - at : 8);
	}
	return len && !foul;
}

/* Small letters stand for a degraded clock, a blank for none. */
static inline bool tic_season(u8 season)
{
	return season == 'H' || season == 'E' || season == 'h' || season == 'e' || season == ' ';
}

/* 54E section 6.2.1.1: season, then SAAMMJJhhmmss. */
static inline bool tic_horodate(const u8 *text)
{
	return tic_season(text[0]) && tic_digits(text + 1, TIC_HORODATE_LEN - 1);
}

static inline bool tic_form(const u8 *text, unsigned int len, u8 row)
{
	u8 form = row == ROW_UNKNOWN ? FORM_TEXT : tic_labels[row].form;

	if (form == FORM_DIGITS)
		return tic_digits(text, len);
	return form == FORM_TEXT || tic_hex(text, len);
}

/* Standard: label HT data HT checksum, with one HT more for a horodate. Historique: none. */
static inline bool tic_separators(unsigned int hts, u8 separator)
{
	return separator == HT ? hts == 2 || hts == 3 : hts == 0;
}

/*
 * Whether a piece is a good group, which then stands in @f. The byte before the checksum tells the
 * method.
 */
static inline enum tic_verdict tic_group(const struct tic_parse *p, const struct tic_piece *piece,
					 struct field *f)
{
	const u8 *group = p->text + piece->start;
	unsigned int len = piece->end - piece->start;
	unsigned int sum, label, value, value_end;
	const struct label_info *expected = &tic_labels[p->next[p->row]];
	u8 checksum, separator;

	if (len < 4)
		return TIC_BAD_FORM;
	checksum = group[len - 1];
	separator = group[len - 2];
	if (separator != HT && separator != ' ')
		return TIC_BAD_FORM;
	sum = piece->sum - checksum - (separator == ' ' ? ' ' : 0);
	if ((sum & 0x3f) + 0x20 != checksum)
		return TIC_BAD_CHECKSUM;
	if (piece->foul || !tic_separators(piece->hts, separator))
		return TIC_BAD_FORM;

	value_end = len - 2;
	if (group[expected->len] == separator && tic_label_is(group, expected)) {
		label = expected->len;
		f->row = p->next[p->row];
	} else {
		label = tic_label_length(group, value_end, separator);
		if (!label)
			return TIC_BAD_FORM;
		f->row = tic_label_row(group, label);
	}
	value = label + 1;
	if (piece->hts == 3) {
		value += TIC_HORODATE_LEN + 1;
		if (value > value_end || group[value - 1] != HT || !tic_horodate(group + label + 1))
			return TIC_BAD_FORM;
	} else if (value > value_end || (value == value_end && separator == ' ')) {
		return TIC_BAD_FORM;
	}
	if (!tic_form(group + value, value_end - value, f->row))
		return TIC_BAD_FORM;
	if (tic_odd_in(p->odd, piece->start, piece->end))
		return TIC_BAD_PARITY;
	f->label = piece->start;
	f->label_len = label;
	f->value = piece->start + value;
	f->len = value_end - value;
	return TIC_GOOD;
}

/* The same without its first or last byte: what stood there may be a damaged LF or CR. */
static enum tic_verdict tic_trimmed(const struct tic_parse *p, const struct tic_piece *piece,
				    unsigned int first, unsigned int last, struct field *f)
{
	struct tic_piece rest = { .start = piece->start + first, .end = piece->end - last };
	unsigned int i;

	if (rest.end < rest.start + 4)
		return TIC_BAD_FORM;
	for (i = rest.start; i < rest.end; i++) {
		u8 c = p->text[i];

		rest.sum += c;
		rest.hts += c == HT;
		rest.foul |= (c < 0x20 && c != HT) || c > 0x7e;
	}
	return tic_group(p, &rest, f);
}

/* Its separators are damaged, or it is: tries it without the bytes that may have been those. */
static enum tic_verdict tic_damaged(const struct tic_parse *p, const struct tic_piece *piece,
				    enum tic_verdict verdict, struct field *f)
{
	bool no_lf = piece->start == 0 || p->text[piece->start - 1] != LF;
	bool no_cr = piece->end == p->len || p->text[piece->end] != CR;
	unsigned int i;

	for (i = 1; i < 4; i++) {
		unsigned int first = i & 1, last = i >> 1;
		enum tic_verdict trimmed;

		if ((first && !no_lf) || (last && !no_cr))
			continue;
		trimmed = tic_trimmed(p, piece, first, last, f);
		if (trimmed == TIC_GOOD || trimmed == TIC_BAD_PARITY)
			return trimmed;
	}
	return verdict;
}

/* The mode of a frame is that of its first good group; the others must be of the same one. */
static __always_inline bool tic_same_mode(const struct tic_parse *p, const struct field *f)
{
	enum telegram_protocol mode = p->text[f->value - 1] == HT ? TELEGRAM_TIC_STANDARD
								  : TELEGRAM_TIC_HISTORIQUE;

	if (p->t->protocol == TELEGRAM_UNKNOWN)
		p->t->protocol = mode;
	return p->t->protocol == mode;
}

/* Remembers how a group looks, for tic_expected(). */
static void tic_learn(struct tic_parse *p, const struct field *f)
{
	const struct label_info *info = &tic_labels[f->row];
	struct tic_shape *shape = &p->shape[f->row];
	bool horodate = tic_field_has_horodate(f);
	unsigned int i;

	if (f->len > 0xff || p->text[f->value - 1] != (f->row < TIC_ROW_STANDARD ? ' ' : HT))
		return;
	shape->len = f->len;
	shape->value = info->len + 1 + (horodate ? HORODATE_AND_HT : 0);
	shape->sum = f->row < TIC_ROW_STANDARD ? ' ' : HT * (horodate ? 3 : 2);
	for (i = 0; i < info->len; i++)
		shape->sum += info->name[i];
}

/* Adds the sum of @n digits; false when they are not all digits. */
static __always_inline bool tic_sum_digits(const u8 *digits, unsigned int n, unsigned int *sum)
{
	u64 decimal = swar_decimal(swar_load(digits), n < 8 ? n : 8);
	bool good = swar_is_decimal(decimal);

	*sum += n * '0' + swar_digit_sum(decimal);
	for (digits += 8; n > 8; digits += 8) {
		n -= 8;
		decimal = swar_decimal(swar_load(digits), n < 8 ? n : 8);
		good &= swar_is_decimal(decimal);
		*sum += swar_digit_sum(decimal);
	}
	return good;
}

/* Adds the sum of @n characters; false when they are not all printable. */
static __always_inline bool tic_sum_text(const u8 *text, unsigned int n, unsigned int *sum)
{
	u64 foul = 0;

	for (; n; text += 8) {
		unsigned int here = n < 8 ? n : 8;
		u64 w = swar_load(text);

		foul |= swar_first(swar_below(w, 0x20) | swar_above(w, 0x7e), here);
		*sum += swar_sum(swar_first(w, here));
		n -= here;
	}
	return !foul;
}

/* Adds the sum of the data of a group; false when they have not the form of their label. */
static __always_inline bool tic_sum_data(const u8 *data, unsigned int n, u8 form, unsigned int *sum)
{
	if (form == FORM_DIGITS)
		return tic_sum_digits(data, n, sum);
	return tic_sum_text(data, n, sum) && (form == FORM_TEXT || tic_hex(data, n));
}

/* Adds the sum of a horodate; false when it is none. */
static inline bool tic_sum_horodate(const u8 *horodate, unsigned int *sum)
{
	*sum += horodate[0];
	return tic_season(horodate[0]) &&
	       tic_sum_digits(horodate + 1, TIC_HORODATE_LEN - 1, sum);
}

/*
 * Whether at @at stands, from LF to CR, a good group that looks like the one that was there in the
 * frame before. Finds all that tic_group() would, without a search; false says nothing.
 */
static __always_inline bool tic_expected(const struct tic_parse *p, unsigned int at,
					 struct field *f)
{
	u8 row = p->next[p->row];
	const struct label_info *info = &tic_labels[row];
	const struct tic_shape shape = p->shape[row];
	const u8 *group = p->text + at + 1;
	const u8 *data = group + shape.value;
	u8 separator = row < TIC_ROW_STANDARD ? ' ' : HT;
	unsigned int sum = shape.sum;
	u64 end;

	if (!shape.len || at + 1 + shape.value + shape.len + 2 >= p->len)
		return false;
	end = swar_load(data + shape.len);
	if (group[-1] != LF || group[info->len] != separator ||
	    (end & 0xff00ff) != (separator | CR << 16) || !tic_label_is(group, info))
		return false;
	if (shape.value > info->len + 1 &&
	    (data[-1] != HT || !tic_sum_horodate(data - HORODATE_AND_HT, &sum)))
		return false;
	if (!tic_sum_data(data, shape.len, info->form, &sum) ||
	    (sum & 0x3f) + 0x20 != (end >> 8 & 0xff) ||
	    tic_odd_in(p->odd, at + 1, at + 1 + shape.value + shape.len + 2))
		return false;
	f->label = at + 1;
	f->value = at + 1 + shape.value;
	f->len = shape.len;
	f->label_len = info->len;
	f->row = row;
	return true;
}

static inline void tic_piece(struct tic_parse *p, const struct tic_piece *piece)
{
	struct field *f = &p->t->fields[p->t->nfields];
	enum tic_verdict verdict = tic_group(p, piece, f);

	if (verdict == TIC_BAD_CHECKSUM || verdict == TIC_BAD_FORM)
		verdict = tic_damaged(p, piece, verdict, f);
	if (verdict == TIC_GOOD && !tic_same_mode(p, f))
		verdict = TIC_BAD_FORM;
	if (verdict != TIC_GOOD) {
		p->dropped[verdict]++;
		p->t->damaged++;
		p->row = p->next[p->row];
		return;
	}
	p->t->nfields++;
	if (f->row == ROW_UNKNOWN) {
		p->unknown_labels++;
		return;
	}
	tic_learn(p, f);
	p->next[p->row] = f->row;
	p->row = f->row;
}

/* Parses the frame into p->t; false when it has more groups than any meter sends. */
static bool tic_parse(struct tic_parse *p)
{
	unsigned int at = 0, pieces = 0;

	while (at < p->len) {
		struct field *f = &p->t->fields[p->t->nfields];
		struct tic_piece piece;

		if (pieces < METERLINE_TIC_MAX_GROUPS && tic_expected(p, at, f) &&
		    tic_same_mode(p, f)) {
			at = f->value + f->len + 3;
			p->t->nfields++;
			p->row = f->row;
			pieces++;
			continue;
		}
		if (p->text[at] == LF || p->text[at] == CR) {
			at++;
			continue;
		}
		if (++pieces > METERLINE_TIC_MAX_GROUPS)
			return false;
		piece = tic_piece_at(p->text, at);
		tic_piece(p, &piece);
		at = piece.end;
	}
	return true;
}

/* Before @bit7 begins anew, and before it is asked whether the stream carries parity. */
static void tic_note_bit7(struct tic_decoder *d)
{
	d->parity.bit7 |= d->bit7 >> 7;
}

/* The frame is complete. One without a good group is no telegram. */
static void tic_frame(struct tic_decoder *d, const struct telegram_sink *sink)
{
	struct telegram_stats *stats = sink->stats;
	struct telegram *t = sink->telegram;
	struct tic_odd odd;
	struct tic_parse p = {
		.text = d->text,
		.len = d->len,
		.t = t,
		.next = d->next,
		.shape = d->shape,
		.row = ROW_FIRST,
	};

	tic_note_bit7(d);
	if (carries_parity(&d->parity)) {
		tic_mask(d, &odd);
		p.odd = &odd;
	} else if (d->bit7 & 0x80) {
		tic_mask(d, NULL);
	}
	d->text[d->len] = CR;
	t->text = d->text;
	t->started = d->started;
	t->protocol = TELEGRAM_UNKNOWN;
	t->damaged = 0;
	t->ident_len = 0;
	t->nfields = 0;
	if (!tic_parse(&p)) {
		stats->oversize++;
		return;
	}
	stats->bad_checksum += p.dropped[TIC_BAD_CHECKSUM];
	stats->bad_form += p.dropped[TIC_BAD_FORM];
	stats->bad_parity += p.dropped[TIC_BAD_PARITY];
	stats->unknown_labels += p.unknown_labels;
	if (!t->nfields)
		return;
	stats->telegrams++;
	sink->emit(sink->context, t);
}

static void tic_begin(struct tic_decoder *d, u64 now, struct telegram_stats *stats)
{
	if (d->state == TIC_INSIDE)
		stats->resyncs++;
	d->state = TIC_INSIDE;
	d->len = 0;
	tic_note_bit7(d);
	d->bit7 = 0;
	d->started = now;
}

static void tic_end(struct tic_decoder *d)
{
	d->state = TIC_OUTSIDE;
	d->len = 0;
}

/* Takes a byte inside a frame that is not its end; false when it may be more than that. */
static inline bool tic_take_plain(struct tic_decoder *d, u8 byte)
{
	if (d->state != TIC_INSIDE || tic_is_control(byte) || d->len == TIC_TEXT_MAX)
		return false;
	tic_count_byte(d, byte);
	d->text[d->len++] = byte;
	return true;
}

static noinline void tic_feed_chunk(struct tic_decoder *d, const u8 *bytes, size_t count, u64 now,
				    const struct telegram_sink *sink)
{
	while (count) {
		size_t room = TIC_TEXT_MAX + 1 - d->len;
		size_t n = tic_scan(d, bytes, count < room ? count : room, d->text + d->len);
		u8 last = bytes[n - 1];

		bytes += n;
		count -= n;
		if (!tic_is_control(last)) {
			if (d->state == TIC_INSIDE && (d->len += n) > TIC_TEXT_MAX) {
				sink->stats->oversize++;
				tic_end(d);
			}
		} else if ((last & 0x7f) == STX) {
			tic_begin(d, now, sink->stats);
		} else if (d->state == TIC_INSIDE) {
			d->len += n - 1;
			tic_frame(d, sink);
			tic_end(d);
		}
	}
}

/**
 * tic_feed - take the next bytes of a line
 * @d: state of the line; the caller serialises all calls on it
 * @bytes: as they came, 8N1 or 7E1 read as 8N1
 * @count: their number
 * @now: the caller's clock; a frame that begins in these bytes is stamped with it
 * @sink: for the telegrams and what is counted
 */
void tic_feed(struct tic_decoder *d, const u8 *bytes, size_t count, u64 now,
	      const struct telegram_sink *sink)
{
	/* Many a UART hands out single bytes. */
	if (count != 1 || !tic_take_plain(d, *bytes))
		tic_feed_chunk(d, bytes, count, now, sink);
}
