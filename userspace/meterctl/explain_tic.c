// SPDX-License-Identifier: MIT
/*
 * meterctl explain: frames of TIC, group by group.
 *
 * The decoder judges each group in a frame of its own, with the separators that it had.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernel/telegram/quantities.h"
#include "../../kernel/telegram/record.h"
#include "explain.h"

#define STX 0x02
#define ETX 0x03
#define EOT 0x04
#define HT  0x09
#define LF  0x0a
#define CR  0x0d

/* Longer than any group. */
#define PIECE_MAX 256
/* Checksums are characters from here on (02E section 1.4). */
#define CHECKSUM_FIRST 0x20
#define CHECKSUM_COUNT 64

/**
 * struct judge - the decoder, and what it said last
 * @decoder: of the whole file, so that it knows whether bytes have parity
 * @parity: what it knew after the whole file
 * @said: since the last question
 */
struct judge {
	struct tic_decoder decoder;
	struct parity_evidence parity;
	struct verdict said;
};

static bool ask(struct judge *j, const u8 *bytes, size_t len)
{
	const struct telegram_sink sink = explain_verdict(&j->said);

	j->decoder.parity = j->parity;
	tic_feed(&j->decoder, bytes, len, 0, &sink);
	return j->said.given;
}

/**
 * struct piece - what stands between two separators
 * @bytes: the piece, in the file
 * @len: of it
 * @lf: LF stands before it
 * @cr: CR stands behind it
 */
struct piece {
	const u8 *bytes;
	size_t len;
	bool lf;
	bool cr;
};

/* A byte of a frame with even parity, which is as good as one without. */
static u8 control(const struct judge *j, u8 byte)
{
	return carries_parity(&j->parity) && __builtin_parity(byte) ? byte | 0x80 : byte;
}

/* Whether a frame with this piece alone is a telegram. */
static bool ask_piece(struct judge *j, const struct piece *p)
{
	u8 frame[PIECE_MAX + 4];
	size_t len = 0;

	frame[len++] = control(j, STX);
	if (p->lf)
		frame[len++] = control(j, LF);
	memcpy(frame + len, p->bytes, p->len);
	len += p->len;
	if (p->cr)
		frame[len++] = control(j, CR);
	frame[len++] = control(j, ETX);
	return ask(j, frame, len);
}

/* The checksum with which it would be good, but for its parity; 0: there is none. */
static u8 right_checksum(struct judge *j, const struct piece *p)
{
	u8 bytes[PIECE_MAX];
	struct piece altered = { bytes, p->len, p->lf, p->cr };

	memcpy(bytes, p->bytes, p->len);
	for (unsigned int i = 0; i < CHECKSUM_COUNT; i++) {
		bytes[p->len - 1] = control(j, CHECKSUM_FIRST + i);
		if (ask_piece(j, &altered) || j->said.stats.bad_parity)
			return CHECKSUM_FIRST + i;
	}
	return 0;
}

static const char *meaning_of(const struct telegram *t)
{
	const struct label_info *info = label_info_of(t, &t->fields[0]);

	if (!info)
		return "a label that is not known";
	return info->flags & LABEL_IDENTIFIES ? "identifies the meter or the supply point"
					      : explain_quantity(info->quantity);
}

static void say_what_is_wrong(struct judge *j, const struct piece *p, char *text, size_t size)
{
	const struct telegram_stats s = j->said.stats;
	u8 right;

	if (s.bad_parity) {
		snprintf(text, size, "a byte of it has wrong parity");
		return;
	}
	right = s.bad_checksum ? right_checksum(j, p) : 0;
	if (right)
		snprintf(text, size, "the checksum is wrong: '%c' would be right%s", right,
			 j->said.stats.bad_parity ? "; a byte has wrong parity" : "");
	else if (s.bad_checksum)
		snprintf(text, size, "the checksum is wrong, and so is its form");
	else
		snprintf(text, size, "its form is not that of its label, or of a group");
}

/* As text, with a blank for each HT. */
static void put_text(const struct piece *p, char *text, size_t size)
{
	u8 masked[PIECE_MAX];

	for (size_t i = 0; i < p->len; i++) {
		masked[i] = p->bytes[i] & 0x7f;
		if (masked[i] == HT)
			masked[i] = ' ';
	}
	record_escape(masked, p->len, text, size);
}

/* @mode: of the frame; TELEGRAM_UNKNOWN: no group was good so far. */
static void explain_piece(const struct explain *e, struct judge *j, const struct piece *p, u8 *mode)
{
	char text[4 * PIECE_MAX + 1], wrong[80];
	const size_t at = p->bytes - e->bytes;

	if (p->len > PIECE_MAX) {
		explain_row(at, p->bytes, p->len, 0, "%zu bytes, longer than any group", p->len);
		return;
	}
	put_text(p, text, sizeof(text));
	if (!ask_piece(j, p)) {
		say_what_is_wrong(j, p, wrong, sizeof(wrong));
		explain_row(at, p->bytes, p->len, 0, "%s - BAD: %s", text, wrong);
		return;
	}
	if (*mode == TELEGRAM_UNKNOWN)
		*mode = j->said.telegram.protocol;
	if (*mode != j->said.telegram.protocol)
		explain_row(at, p->bytes, p->len, 0, "%s - BAD: of the other mode", text);
	else
		explain_row(at, p->bytes, p->len, 0, "%s - good: %s", text,
			    meaning_of(&j->said.telegram));
}

static bool is_separator(u8 byte)
{
	byte &= 0x7f;
	return byte == LF || byte == CR;
}

/* The groups of [@at, @end). */
static void explain_groups(const struct explain *e, struct judge *j, size_t at, size_t end)
{
	u8 mode = TELEGRAM_UNKNOWN;
	const size_t begin = at;

	while (at < end) {
		const size_t first = at;
		struct piece p = { .bytes = e->bytes + first };

		while (at < end && !is_separator(e->bytes[at]))
			at++;
		p.len = at - first;
		p.lf = first > begin && (e->bytes[first - 1] & 0x7f) == LF;
		p.cr = at < end && (e->bytes[at] & 0x7f) == CR;
		if (p.len)
			explain_piece(e, j, &p, &mode);
		at++;
	}
}

static size_t find_control(const struct explain *e, size_t at, u8 low, u8 high)
{
	while (at < e->len && ((e->bytes[at] & 0x7f) < low || (e->bytes[at] & 0x7f) > high))
		at++;
	return at;
}

/* The frame that begins at @at; returns where it ends. */
static size_t explain_frame(struct explain *e, struct judge *j, size_t at)
{
	const size_t end = find_control(e, at + 1, STX, EOT);
	const u8 last = end < e->len ? e->bytes[end] & 0x7f : STX;

	explain_title("byte %zu: frame, %s", at,
		      last == ETX   ? "whole"
		      : last == EOT ? "interrupted by the meter"
				    : "cut off");
	j->said.explains = false;
	explain_groups(e, j, at + 1, end);
	if (last == STX) {
		explain_note("no telegram, since its end is missing");
		return end;
	}
	j->said.explains = true;
	if (ask(j, e->bytes + at, end + 1 - at))
		e->good++;
	else
		explain_note(j->said.stats.oversize ? "no telegram: it is longer than any meter sends"
					       : "no telegram, since no group of it is good");
	return end + 1;
}

static void explain_all(struct explain *e, struct judge *j)
{
	size_t at = 0, next;

	tic_init(&j->decoder);
	ask(j, e->bytes, e->len);
	j->parity = j->decoder.parity;
	if (carries_parity(&j->parity))
		puts("bit 7 of its bytes is their parity: the line is 7E1");
	/* Half a frame may be left in it. */
	ask(j, (const u8[]){ EOT }, 1);
	while (at < e->len) {
		next = find_control(e, at, STX, STX);
		if (next > at) {
			explain_title("byte %zu: %zu bytes of no frame", at, next - at);
			explain_bytes(at, e->bytes + at, next - at);
		}
		at = next < e->len ? explain_frame(e, j, next) : next;
	}
}

/**
 * explain_tic - the frames of a file
 * @e: the file
 */
void explain_tic(struct explain *e)
{
	struct judge *j = calloc(1, sizeof(*j));

	if (j)
		explain_all(e, j);
	free(j);
}
