// SPDX-License-Identifier: MIT
/*
 * meterctl explain: frames of HDLC and M-Bus, and what stands between them.
 *
 * The same functions as in decoding say what a frame is. Of a damaged one the fields are shown with
 * what is wrong, and its contents where they are whole.
 */
#include <stdio.h>
#include <string.h>

#include "../decode/crc16_x25.h"
#include "../decode/dlms_segment.h"
#include "explain.h"

#define CHECK_LEN 2
#define FORMAT_LEN 2
/* Format field: the length, and whether segments follow (IEC 62056-46, section 6.4.1). */
#define LENGTH_HIGH 0x07
#define SEGMENTED   0x08
/* Control: UI, and poll or final (section 6.4.3). */
#define CONTROL_UI   0x03
#define CONTROL_POLL 0x10

/* A check sequence is sent complemented, low byte first. */
static void check_of(const u8 *bytes, size_t len, u8 check[CHECK_LEN])
{
	u16 crc = ~crc16_x25(CRC16_X25_BEGIN, bytes, len);

	check[0] = crc;
	check[1] = crc >> 8;
}

/* The check sequence over @len bytes from @from on, which stands behind them. */
static void print_check(const u8 *file, const u8 *from, size_t len, const char *name)
{
	const u8 *sent = from + len;
	u8 right[CHECK_LEN];

	check_of(from, len, right);
	if (!memcmp(sent, right, CHECK_LEN))
		explain_row(sent - file, sent, CHECK_LEN, 0, "%s: good", name);
	else
		explain_row(sent - file, sent, CHECK_LEN, 0, "%s: wrong, %02X %02X would be right",
			    name, right[0], right[1]);
}

static size_t address_len(const u8 *bytes)
{
	size_t len = 1;

	while (!(bytes[len - 1] & 1))
		len++;
	return len;
}

/* Of two or four bytes the upper half is the logical, the lower the physical device. */
static void print_address(size_t offset, const u8 *bytes, size_t len, u32 address, const char *name)
{
	const unsigned int bits = 7 * len / 2;

	if (len == 1)
		explain_row(offset, bytes, len, 0, "%s %u", name, address);
	else
		explain_row(offset, bytes, len, 0, "%s %u, physical device %u", name,
			    address >> bits, address & ((1u << bits) - 1));
}

static void print_control(size_t offset, const u8 *control)
{
	const char *poll = *control & CONTROL_POLL ? ", poll or final" : "";

	if ((*control & ~CONTROL_POLL) == CONTROL_UI)
		explain_row(offset, control, 1, 0, "control: UI%s", poll);
	else
		explain_row(offset, control, 1, 0, "control: %s%s",
			    *control & 1 ? "a frame other than UI" : "an I frame", poll);
}

/* Between the flags, as the length field says. */
static size_t length_sent(const u8 *frame)
{
	return (size_t)(frame[1] & LENGTH_HIGH) << 8 | frame[2];
}

static void print_header(size_t at, const u8 *b, const struct hdlc_frame *f)
{
	const size_t destination = address_len(b + 1 + FORMAT_LEN);
	const size_t source = f->header_len - FORMAT_LEN - 1 - destination;
	size_t next = 1;

	explain_row(at, b, 1, 0, "flag");
	explain_row(at + 1, b + 1, FORMAT_LEN, 0, "format type 3, %zu bytes, %s",
		    length_sent(b), b[1] & SEGMENTED ? "more segments follow" : "last segment");
	next += FORMAT_LEN;
	print_address(at + next, b + next, destination, f->destination, "destination");
	next += destination;
	print_address(at + next, b + next, source, f->source, "source");
	print_control(at + f->header_len, b + f->header_len);
}

/* Behind the header: all of it is there. */
static void print_rest(const struct explain *e, const u8 *b, const struct hdlc_frame *f)
{
	const size_t length = f->len - 2, behind = 1 + f->header_len + CHECK_LEN;

	if (f->header_len + CHECK_LEN < length) {
		print_check(e->bytes, b + 1, f->header_len, "header check sequence");
		explain_row(b + behind - e->bytes, b + behind, f->len - behind - CHECK_LEN - 1, 0,
			    "information, %zu bytes", f->len - behind - CHECK_LEN - 1);
	}
	print_check(e->bytes, b + 1, length - CHECK_LEN, "frame check sequence");
}

/* A part of a message; @alone: all of it. */
static void take_part(struct explain *e, const struct part *part, bool alone)
{
	struct assembly_counts lost = { 0 };
	struct part message = *part;

	if (alone) {
		explain_message(e, part);
		return;
	}
	assembly_put(&e->segments, part, &lost);
	if (lost.gaps)
		explain_note("a segment of its message is missing, or came twice: it is dropped");
	if (lost.oversize)
		explain_note("its message is longer than any meter sends: it is dropped");
	if (e->segments.state != ASSEMBLY_WHOLE)
		return;
	explain_title("the segments together, %zu bytes", e->segments.len);
	message.bytes = e->segments.bytes;
	message.len = e->segments.len;
	explain_message(e, &message);
}

static void lose_part(struct explain *e)
{
	struct assembly_counts lost = { 0 };

	assembly_break(&e->segments, &lost);
	assembly_break(&e->opener.blocks, &lost);
	if (lost.gaps)
		explain_note("the message that had begun before lost a part: it is dropped");
}

/*
 * What is whole but damaged is shown with all that is in it, and in its message; decoding drops
 * both.
 */
static void note_damage(struct explain *e, bool damaged)
{
	const bool open = e->segments.state == ASSEMBLY_OPEN ||
			  e->opener.blocks.state == ASSEMBLY_OPEN;

	e->damaged = damaged || (open && e->damaged);
	if (damaged)
		explain_note("'meterctl decode' drops this frame. What follows may be damaged:");
}

static void explain_whole_frame(struct explain *e, const u8 *b, const struct hdlc_frame *f,
				bool damaged)
{
	struct part part;
	bool alone;

	print_header(b - e->bytes, b, f);
	print_rest(e, b, f);
	explain_row(b + f->len - 1 - e->bytes, b + f->len - 1, 1, 0, "flag");
	note_damage(e, damaged);
	if (!f->information_len) {
		explain_note("it carries nothing");
		return;
	}
	alone = hdlc_segment(f, &e->segments, 0, &part);
	take_part(e, &part, alone);
}

/* Behind its header nothing was looked at yet. */
static void read_damaged(const u8 *b, struct hdlc_frame *f)
{
	const size_t behind = 1 + f->header_len + CHECK_LEN;

	f->information = b + behind;
	f->information_len = f->len > behind + CHECK_LEN + 1 ? f->len - behind - CHECK_LEN - 1 : 0;
	f->segmented = b[1] & SEGMENTED;
}

/* Why there is no frame; returns the bytes that are done with. */
static size_t explain_bad_frame(struct explain *e, const u8 *b, size_t count, struct hdlc_frame *f,
				enum hdlc_verdict verdict)
{
	const size_t at = b - e->bytes;

	explain_title("byte %zu: HDLC frame, %s", at,
		      verdict == HDLC_OPEN     ? "cut off"
		      : verdict == HDLC_NO_END ? "without its end"
					       : "damaged");
	if (verdict == HDLC_BAD_FCS && f->len) {
		read_damaged(b, f);
		explain_whole_frame(e, b, f, true);
		return f->len - 1;
	}
	if (f->header_len && count > f->header_len + CHECK_LEN) {
		print_header(at, b, f);
		print_check(e->bytes, b + 1, f->header_len,
			    verdict == HDLC_BAD_FCS ? "frame check sequence"
						    : "header check sequence");
	}
	if (verdict == HDLC_NO_END)
		explain_row(at + f->len - 1, b + f->len - 1, 1, 0, "no flag, where it ends");
	if (verdict == HDLC_OPEN && f->len)
		explain_note("%zu bytes are missing at its end", f->len - count);
	lose_part(e);
	return 1;
}

typedef bool (*begins_fn)(const u8 *bytes, size_t count);

/* Bytes up to the next frame; returns their number. Decoding joins nothing across them. */
static size_t explain_noise(struct explain *e, size_t at, begins_fn begins)
{
	size_t len = 0;

	while (at + len < e->len && !begins(e->bytes + at + len, e->len - at - len))
		len++;
	if (!len)
		return 0;
	explain_title("byte %zu: %zu byte%s of no frame", at, len, len == 1 ? "" : "s");
	explain_bytes(at, e->bytes + at, len);
	lose_part(e);
	return len;
}

static bool begins_hdlc(const u8 *bytes, size_t count)
{
	struct hdlc_frame f;

	return count > 1 && *bytes == HDLC_FLAG && hdlc_read(bytes, count, &f) != HDLC_NONE;
}

/* Flags that begin no frame: the last one of the frame before, or more of them. */
static size_t flags_len(const u8 *bytes, size_t count)
{
	size_t len = 0;

	while (len < count && bytes[len] == HDLC_FLAG && !begins_hdlc(bytes + len, count - len))
		len++;
	return len;
}

/**
 * explain_hdlc - the frames of a file, and the messages in them
 * @e: the file
 */
void explain_hdlc(struct explain *e)
{
	enum hdlc_verdict verdict;
	struct hdlc_frame f;
	size_t at = 0;

	for (;;) {
		at += flags_len(e->bytes + at, e->len - at);
		at += explain_noise(e, at, begins_hdlc);
		if (at == e->len)
			return;
		verdict = hdlc_read(e->bytes + at, e->len - at, &f);
		if (verdict != HDLC_GOOD) {
			at += explain_bad_frame(e, e->bytes + at, e->len - at, &f, verdict);
			continue;
		}
		explain_title("byte %zu: HDLC frame, %zu bytes", at, f.len);
		explain_whole_frame(e, e->bytes + at, &f, false);
		at += f.len - 1;
	}
}

static void print_mbus(size_t at, const u8 *b, const struct mbus_frame *f)
{
	const size_t length = f->len - MBUS_AROUND;
	u8 sum = 0;

	explain_row(at, b, MBUS_HEADER_LEN, 0, "long frame, %zu bytes%s", length,
		    length > 255 ? ", sent modulo 256" : "");
	explain_row(at + 4, b + 4, 1, 0, "C, control");
	explain_row(at + 5, b + 5, 1, 0, "A, address %u%s", b[5], b[5] == 255 ? ": all" : "");
	if (f->dlms) {
		explain_row(at + 6, b + 6, 1, 0, "CI: DLMS, segment %u%s", f->segment,
			    f->final ? ", the last one" : "");
		explain_row(at + 7, b + 7, 1, 0, "STSAP, source %u", f->source);
		explain_row(at + 8, b + 8, 1, 0, "DTSAP, destination %u", f->destination);
	} else {
		explain_row(at + 6, b + 6, 1, 0, "CI: not the transport layer of DLMS");
	}
	explain_row(at + 9, f->data, f->data_len, 0, "data, %zu bytes", f->data_len);
	for (size_t i = 0; i < length; i++)
		sum += b[MBUS_HEADER_LEN + i];
	if (sum == b[f->len - 2])
		explain_row(at + f->len - 2, b + f->len - 2, 1, 0, "checksum: good");
	else
		explain_row(at + f->len - 2, b + f->len - 2, 1, 0,
			    "checksum: wrong, %02X would be right", sum);
	explain_row(at + f->len - 1, b + f->len - 1, 1, 0, "stop");
}

static void explain_mbus_frame(struct explain *e, size_t at, const struct mbus_frame *f, bool good)
{
	struct part part;
	bool alone;

	explain_title("byte %zu: M-Bus frame, %zu bytes%s", at, f->len, good ? "" : ", damaged");
	print_mbus(at, e->bytes + at, f);
	if (!f->dlms)
		return;
	note_damage(e, !good);
	alone = mbus_segment(f, &e->segments, 0, &part);
	take_part(e, &part, alone);
}

static void explain_bad_mbus(struct explain *e, size_t at, enum mbus_verdict verdict)
{
	const size_t count = e->len - at;
	const u8 *b = e->bytes + at;

	explain_title("byte %zu: M-Bus frame, %s", at,
		      verdict == MBUS_OPEN ? "cut off" : "without its stop");
	explain_row(at, b, count < MBUS_HEADER_LEN ? count : MBUS_HEADER_LEN, 0,
		    "long frame, %u bytes, or 256 more", count > 1 ? b[1] : 0);
	lose_part(e);
}

static bool begins_mbus(const u8 *bytes, size_t count)
{
	struct mbus_frame f;

	return *bytes == MBUS_START && mbus_read(bytes, count, true, &f) != MBUS_NONE;
}

/**
 * explain_mbus - the long frames of a file, and the messages in them
 * @e: the file
 */
void explain_mbus(struct explain *e)
{
	enum mbus_verdict verdict;
	struct mbus_frame f;
	size_t at = 0;

	while (at += explain_noise(e, at, begins_mbus), at < e->len) {
		const u8 *b = e->bytes + at;

		verdict = mbus_read(b, e->len - at, true, &f);
		if (verdict == MBUS_GOOD || verdict == MBUS_BAD_CHECKSUM) {
			explain_mbus_frame(e, at, &f, verdict == MBUS_GOOD);
			at += f.len;
			continue;
		}
		explain_bad_mbus(e, at, verdict);
		at++;
	}
}

/* Where a message may begin: at the beginning, or where noise hardly looks so. */
static bool may_begin(const struct explain *e, size_t at)
{
	const u8 *b = e->bytes + at;
	const size_t count = e->len - at, llc = dlms_llc_len(b, count);

	if (!at || llc)
		return llc < count && dlms_tag_name(b[llc]);
	return count > 1 && b[0] == DLMS_GENERAL_GLO_CIPHERING && b[1] == SYSTEM_TITLE_LEN;
}

/**
 * explain_raw - the messages of a file without framing
 * @e: the file
 */
void explain_raw(struct explain *e)
{
	size_t at = 0, from, taken;

	while (at < e->len) {
		const struct part message = { .bytes = e->bytes + at, .len = e->len - at };

		if (may_begin(e, at)) {
			explain_title("byte %zu: message", at);
			taken = explain_message(e, &message);
			at += taken;
			if (taken)
				continue;
		}
		for (from = at++; at < e->len && !may_begin(e, at);)
			at++;
		explain_title("byte %zu: %zu bytes of no message", from, at - from);
		explain_bytes(from, e->bytes + from, at - from);
	}
}
