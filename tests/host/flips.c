// SPDX-License-Identifier: MIT
/*
 * Every telegram of every vector with each single bit of it flipped.
 *
 * P1 with a CRC: nothing altered is accepted. CRC-16 sees every single bit; what is accepted is
 * altered only behind the '!', where 'a' is 'A' and a receiver masks bit 7.
 *
 * TIC: the sum of 6 bits does not see bit 6 of a character. What is accepted altered is the data of
 * a label whose form is text, in bit 6, or the HT before the empty data of a DATE, which then ends
 * in 'I'. No numeric or hexadecimal value, no label, no horodate is ever altered, and with parity
 * nothing is. No quantity is ever altered.
 */
#include "host.h"

/** struct flips - what came of the flips of a kind of telegrams */
struct flips {
	size_t telegrams;
	size_t bits;
	size_t altered; /* groups that were accepted and say something else */
	size_t gone;	/* telegrams of P1 that were not accepted */
};

typedef bool (*flip_fn)(const struct vector *v, u8 *bytes, size_t len, struct flips *flips);

/* The next telegram of a vector from *@at on: from '/' to behind the CRC, or from STX to ETX. */
static bool next_telegram(const struct vector *v, bool p1, size_t *at, size_t *len)
{
	size_t i = *at;

	for (; i < v->len && (v->bytes[i] & 0x7f) != (p1 ? '/' : 2); i++)
		;
	*at = i;
	for (; i < v->len; i++) {
		u8 c = v->bytes[i] & 0x7f;

		if (p1 ? c == '!' : c == 3 || c == 4)
			break;
	}
	if (i >= v->len)
		return false;
	if (p1)
		while (i < v->len && (v->bytes[i] & 0x7f) != '\n')
			i++;
	*len = i + (i < v->len) - *at;
	return true;
}

/* Whether these bytes are one telegram, and nothing of it is damaged already. */
static bool is_whole(unsigned int protocol, const u8 *bytes, size_t len)
{
	struct telegram_stats stats;
	struct said said = decode(protocol, bytes, len, 0, &stats);
	bool whole = said.telegrams == 1;

	said_free(&said);
	return whole && !stats.bad_checksum && !stats.bad_parity && !stats.bad_form;
}

/* Every undamaged telegram is handed to @flip. */
static bool for_each_telegram(unsigned int protocol, flip_fn flip, struct flips *flips)
{
	struct vector *vectors;
	size_t count = load_vectors(&vectors);
	bool kept = true;

	for (size_t i = 0; i < count; i++) {
		struct vector *v = &vectors[i];
		size_t len = 0;

		for (size_t at = 0; next_telegram(v, protocol == LINE_P1, &at, &len); at += len) {
			if (!is_whole(protocol, v->bytes + at, len))
				continue;
			flips->telegrams++;
			kept &= flip(v, v->bytes + at, len, flips);
		}
	}
	free_vectors(vectors, count);
	return kept;
}

static bool has_crc(const u8 *bytes, size_t len)
{
	const u8 *end = memchr(bytes, '!', len);

	return end && end + 1 < bytes + len && strchr("0123456789ABCDEFabcdef", end[1]) && end[1];
}

static bool flip_p1_with_crc(const struct vector *v, u8 *bytes, size_t len, struct flips *flips)
{
	struct said whole, said;
	size_t crc;
	bool kept = true;

	if (!has_crc(bytes, len) || is_7e1(bytes, len))
		return true;
	crc = (u8 *)memchr(bytes, '!', len) + 1 - bytes;
	whole = decode(LINE_P1, bytes, len, 0, NULL);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		bytes[bit / 8] ^= 1 << bit % 8;
		said = decode(LINE_P1, bytes, len, 0, NULL);
		if (said.telegrams && (bit / 8 < crc || !same_said(&said, &whole)))
			kept = broken("%s: accepted with bit %zu of byte %zu flipped:\n%s", v->name,
				      bit % 8, bit / 8, said.fields.at);
		flips->gone += !said.telegrams;
		said_free(&said);
		bytes[bit / 8] ^= 1 << bit % 8;
	}
	flips->bits += 8 * len;
	said_free(&whole);
	return kept;
}

static bool no_p1_telegram_with_a_flipped_bit_is_accepted(const char **skip)
{
	struct flips flips = { 0 };
	bool kept = for_each_telegram(LINE_P1, flip_p1_with_crc, &flips);

	(void)skip;
	note("%zu telegrams, %zu bits, %zu times nothing accepted", flips.telegrams, flips.bits,
	     flips.gone);
	return kept && flips.gone > flips.bits * 9 / 10;
}

/* DSMR 2.2 behind enough of its own stream that the parity is known. */
static bool flip_7e1(unsigned int protocol, const struct vector *v, u8 *bytes, size_t len,
		     struct flips *flips)
{
	u8 *stream = malloc(2 * len);
	struct said whole, said;
	bool kept = true;

	memcpy(stream, bytes, len);
	memcpy(stream + len, bytes, len);
	whole = decode(protocol, stream, 2 * len, 0, NULL);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		size_t at = len + bit / 8;
		const char *line, *next;

		stream[at] ^= 1 << bit % 8;
		said = decode(protocol, stream, 2 * len, 0, NULL);
		/* What is still said was said before. */
		for (line = said.fields.at; line && *line && protocol == LINE_TIC;
		     line = next + 1) {
			char text[256];

			next = strchr(line, '\n');
			snprintf(text, sizeof(text), "%.*s", (int)(next - line), line);
			if (strstr(text, " = ") && !strstr(whole.fields.at, text))
				kept = broken("%s: bit %zu of byte %zu gives %s", v->name, bit % 8,
					      bit / 8, text);
		}
		if (protocol == LINE_P1 && said.telegrams == 2 && !same_said(&said, &whole))
			kept = broken("%s: accepted with bit %zu of byte %zu flipped", v->name,
				      bit % 8, bit / 8);
		flips->gone += said.telegrams < 2;
		said_free(&said);
		stream[at] ^= 1 << bit % 8;
	}
	flips->bits += 8 * len;
	said_free(&whole);
	free(stream);
	return kept;
}

static bool flip_p1_7e1(const struct vector *v, u8 *bytes, size_t len, struct flips *flips)
{
	return !is_7e1(bytes, len) || flip_7e1(LINE_P1, v, bytes, len, flips);
}

static bool without_a_crc_the_parity_shows_a_flipped_bit(const char **skip)
{
	struct flips flips = { 0 };
	bool kept = for_each_telegram(LINE_P1, flip_p1_7e1, &flips);

	(void)skip;
	note("%zu bits, %zu telegrams not accepted", flips.bits, flips.gone);
	return kept && flips.gone;
}

static bool flip_tic_7e1(const struct vector *v, u8 *bytes, size_t len, struct flips *flips)
{
	return !is_7e1(bytes, len) || flip_7e1(LINE_TIC, v, bytes, len, flips);
}

static bool with_parity_no_group_with_a_flipped_bit_is_accepted(const char **skip)
{
	struct flips flips = { 0 };
	bool kept = for_each_telegram(LINE_TIC, flip_tic_7e1, &flips);

	(void)skip;
	note("%zu bits", flips.bits);
	return kept && flips.bits;
}

/** struct copy - the fields of a telegram, kept */
struct copy {
	u8 text[METERLINE_TIC_MAX_BYTES + TELEGRAM_PAD];
	struct telegram t;
	size_t count;
};

static void keep(void *context, const struct telegram *t)
{
	struct copy *copy = context;

	copy->count++;
	copy->t = *t;
	memcpy(copy->text, t->text, sizeof(copy->text));
	copy->t.text = copy->text;
}

static void decode_copy(const u8 *bytes, size_t len, struct copy *copy)
{
	struct line_decoder *d = malloc(sizeof(*d));

	copy->count = 0;
	line_decoder_init(d, LINE_TIC, keep, copy);
	line_decoder_feed(d, bytes, len, 0);
	free(d);
}

static bool same_field(const struct copy *a, const struct field *f, const struct copy *b,
		       const struct field *g)
{
	size_t len = f->value + f->len - f->label;

	return len == (size_t)(g->value + g->len - g->label) && f->label_len == g->label_len &&
	       f->value - f->label == g->value - g->label &&
	       !memcmp(a->text + f->label, b->text + g->label, len);
}

static bool is_in(const struct copy *a, const struct field *f, const struct copy *whole)
{
	for (unsigned int i = 0; i < whole->t.nfields; i++)
		if (same_field(a, f, whole, &whole->t.fields[i]))
			return true;
	return false;
}

/* What the sum cannot see and no other check catches: see above. */
static bool may_be_altered(const struct copy *a, const struct field *f, unsigned int bit)
{
	const struct label_info *label = label_info_of(&a->t, f);
	const u8 *value = a->text + f->value;

	if (bit != 6 || tic_field_has_horodate(f))
		return false;
	if (label && !strcmp(label->name, "DATE"))
		return f->len == 14 && value[13] == 'I';
	return !label || label->form == FORM_TEXT;
}

/* A quantity may get lost with its group; none is ever another one. */
static bool same_quantities(const struct copy *said, const struct copy *whole)
{
	struct reading a, b;

	telegram_quantities(&said->t, &a);
	telegram_quantities(&whole->t, &b);
	for (unsigned int q = 0; q < QUANTITY_COUNT; q++)
		if (reading_has(&a, q) && (!reading_has(&b, q) || a.milli[q] != b.milli[q]))
			return false;
	return true;
}

static bool flip_tic(const struct vector *v, u8 *bytes, size_t len, struct flips *flips)
{
	struct copy *whole, *said;
	bool kept = true;

	if (is_7e1(bytes, len))
		return true;
	whole = malloc(sizeof(*whole));
	said = malloc(sizeof(*said));
	decode_copy(bytes, len, whole);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		bytes[bit / 8] ^= 1 << bit % 8;
		decode_copy(bytes, len, said);
		for (unsigned int i = 0; said->count && i < said->t.nfields; i++) {
			const struct field *f = &said->t.fields[i];

			if (is_in(said, f, whole))
				continue;
			flips->altered++;
			if (!may_be_altered(said, f, bit % 8))
				kept = broken("%s: bit %zu of byte %zu gives %.*s", v->name,
					      bit % 8, bit / 8, f->value + f->len - f->label,
					      said->text + f->label);
		}
		if (said->count && !same_quantities(said, whole))
			kept = broken("%s: bit %zu of byte %zu changes a quantity", v->name,
				      bit % 8, bit / 8);
		bytes[bit / 8] ^= 1 << bit % 8;
	}
	flips->bits += 8 * len;
	free(whole);
	free(said);
	return kept;
}

static bool tic_accepts_a_flipped_bit_only_where_no_check_sees_it(const char **skip)
{
	struct flips flips = { 0 };
	bool kept = for_each_telegram(LINE_TIC, flip_tic, &flips);

	(void)skip;
	note("%zu frames, %zu bits, %zu texts altered", flips.telegrams, flips.bits, flips.altered);
	return kept && flips.altered && flips.altered < flips.bits / 8;
}

static const struct promise promises[] = {
	{ "no_p1_telegram_with_a_flipped_bit_is_accepted",
	  no_p1_telegram_with_a_flipped_bit_is_accepted },
	{ "without_a_crc_the_parity_shows_a_flipped_bit",
	  without_a_crc_the_parity_shows_a_flipped_bit },
	{ "with_parity_no_group_with_a_flipped_bit_is_accepted",
	  with_parity_no_group_with_a_flipped_bit_is_accepted },
	{ "tic_accepts_a_flipped_bit_only_where_no_check_sees_it",
	  tic_accepts_a_flipped_bit_only_where_no_check_sees_it },
};

int main(void)
{
	return keep_promises(promises, COUNT(promises));
}
