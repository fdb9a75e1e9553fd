// SPDX-License-Identifier: MIT
/*
 * HDLC frames by the document and without any haste: the decoder must say the same of any bytes,
 * and of the same bytes once the checks of all that may be frames are right.
 */
#include "../../userspace/decode/hdlc.h"
#include "dlms_host.h"
#include "fuzz.h"

const char property[] = "any_bytes_have_the_frames_of_hdlc_that_the_document_says";

/** fuzz_seeds - what inputs are made from */
size_t fuzz_seeds(struct vector **vectors)
{
	return dlms_seeds(vectors);
}

/* Bytes of an address; 0: it is none. */
static size_t address_len(const u8 *bytes, size_t len)
{
	static const size_t lengths[] = { 1, 2, 4 };

	for (size_t i = 0; i < COUNT(lengths); i++) {
		size_t ones = 0;

		if (lengths[i] > len)
			return 0;
		for (size_t k = 0; k < lengths[i]; k++)
			ones += bytes[k] & 1;
		if (ones == 1 && bytes[lengths[i] - 1] & 1)
			return lengths[i];
	}
	return 0;
}

/** struct shape - where the checks of a frame stand; offsets from its flag */
struct shape {
	size_t hcs; /* 0: there is none */
	size_t fcs;
};

/* Whether the form is that of a frame, whatever its checks are. */
static bool has_form(const u8 *bytes, size_t len, struct shape *s)
{
	size_t length, to, from, header;

	if (len < 3 || bytes[0] != 0x7e || bytes[1] >> 4 != 0xa)
		return false;
	length = (bytes[1] & 7) * 256 + bytes[2];
	if (length + 2 > len || bytes[length + 1] != 0x7e || length < 7)
		return false;
	to = address_len(bytes + 3, len - 3);
	from = to ? address_len(bytes + 3 + to, len - 3 - to) : 0;
	header = 3 + to + from + 1;
	s->fcs = length - 1;
	s->hcs = s->fcs > header ? header : 0;
	return from && s->fcs >= header && (!s->hcs || s->fcs >= header + 2);
}

static bool is_right(const u8 *bytes, size_t at)
{
	return x25_of(bytes + 1, at - 1) == (bytes[at] | bytes[at + 1] << 8);
}

static bool is_frame(const u8 *bytes, size_t len, struct shape *s)
{
	return has_form(bytes, len, s) && is_right(bytes, s->fcs) &&
	       (!s->hcs || is_right(bytes, s->hcs));
}

static void put_right(u8 *bytes, size_t at)
{
	const u16 crc = x25_of(bytes + 1, at - 1);

	bytes[at] = crc & 0xff;
	bytes[at + 1] = crc >> 8;
}

static void put_all_right(u8 *bytes, size_t len)
{
	struct shape s;

	for (size_t at = 0; at < len; at++) {
		if (!has_form(bytes + at, len - at, &s))
			continue;
		if (s.hcs)
			put_right(bytes + at, s.hcs);
		put_right(bytes + at, s.fcs);
		at += s.fcs + 1;
	}
}

static bool reads_the_same(const u8 *bytes, size_t len)
{
	struct hdlc_frame f;
	struct shape s;
	const bool frame = is_frame(bytes, len, &s);

	if (frame != (hdlc_read(bytes, len, &f) == HDLC_GOOD))
		return broken("a frame of %zu bytes: %d", s.fcs, frame);
	if (!frame)
		return true;
	return (f.len == s.fcs + 3 && f.segmented == (bytes[1] >> 3 & 1) &&
		f.information_len == (s.hcs ? s.fcs - s.hcs - 2 : 0) &&
		(!s.hcs || f.information == bytes + s.hcs + 2)) ||
	       broken("it says something else");
}

/* The last flag of a frame may be the first one of the next. */
static size_t step(const u8 *bytes, size_t len)
{
	struct shape s;

	return is_frame(bytes, len, &s) ? s.fcs + 2 : 0;
}

/** holds - see the property */
bool holds(const u8 *bytes, size_t len)
{
	static const struct frame_rules rules = {
		.framing = DLMS_HDLC,
		.start = 0x7e,
		.step = step,
		.reads_the_same = reads_the_same,
		.put_all_right = put_all_right,
	};

	return dlms_frames_agree(&rules, bytes, len);
}
