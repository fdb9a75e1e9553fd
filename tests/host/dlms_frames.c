// SPDX-License-Identifier: MIT
#include "dlms_frames.h"

static const u8 llc[] = { 0xe6, 0xe7, 0x00 };

u16 x25_of(const u8 *bytes, size_t len)
{
	u16 crc = 0xffff;

	for (size_t i = 0; i < len; i++)
		for (unsigned int bit = 0; bit < 8; bit++) {
			const bool one = (crc ^ bytes[i] >> bit) & 1;

			crc = crc >> 1 ^ (one ? 0x8408 : 0);
		}
	return ~crc;
}

static u8 *check(const u8 *from, u8 *at)
{
	const u16 crc = x25_of(from, at - from);

	*at++ = crc & 0xff;
	*at++ = crc >> 8;
	return at;
}

static u8 *add(u8 *at, const void *bytes, size_t len)
{
	if (len)
		memcpy(at, bytes, len);
	return at + len;
}

size_t hdlc_frame_of(u8 *frame, const struct hdlc_made *h)
{
	const size_t header = 2 + h->destination_len + h->source_len + 1 + 2;
	const size_t length = header + (h->information ? h->len + 2 : 0);
	u8 *at = frame;

	*at++ = 0x7e;
	*at++ = 0xa0 | (h->segmented ? 8 : 0) | length >> 8;
	*at++ = length & 0xff;
	at = add(at, h->destination, h->destination_len);
	at = add(at, h->source, h->source_len);
	*at++ = h->control;
	at = check(frame + 1, at);
	if (h->information)
		at = check(frame + 1, add(at, h->information, h->len));
	*at++ = 0x7e;
	return at - frame;
}

size_t e450_frame_of(u8 *frame, bool segmented, const u8 *information, size_t len)
{
	const struct hdlc_made h = {
		.destination = { 0xce, 0xff },
		.destination_len = 2,
		.source = { 0x03 },
		.source_len = 1,
		.control = segmented ? 0x03 : 0x13,
		.segmented = segmented,
		.information = information,
		.len = len,
	};

	return hdlc_frame_of(frame, &h);
}

size_t mbus_frame_of(u8 *frame, u8 ci, const u8 *data, size_t len)
{
	const u8 fields[] = { 0x53, 0xff, ci, 0x01, 0x67 };
	const u8 length = (sizeof(fields) + len) & 0xff;
	const u8 header[] = { 0x68, length, length, 0x68 };
	u8 *at = add(add(add(frame, header, 4), fields, sizeof(fields)), data, len), sum = 0;

	for (const u8 *byte = frame + 4; byte < at; byte++)
		sum += *byte;
	*at++ = sum;
	*at++ = 0x16;
	return at - frame;
}

/* A length in BER, in as few bytes as can be. */
static u8 *add_length(u8 *at, size_t len)
{
	if (len > 0xff) {
		*at++ = 0x82;
		*at++ = len >> 8;
	} else if (len > 0x7f) {
		*at++ = 0x81;
	}
	*at++ = len & 0xff;
	return at;
}

size_t block_of(u8 *block, unsigned int number, bool last, const u8 *data, size_t len)
{
	const u8 header[] = { 0xe0, last ? 0xc0 : 0x40, number >> 8, number & 0xff, 0, 0 };

	return add(add_length(add(block, header, sizeof(header)), len), data, len) - block;
}

static u8 byte_of(size_t i)
{
	return i * 37 + (i >> 8) * 5;
}

size_t notification_of(u8 *apdu, u32 invoke_id, size_t len)
{
	const u8 header[] = { 0x0f, invoke_id >> 24, invoke_id >> 16, invoke_id >> 8, invoke_id, 0,
			      9 };
	u8 *at = add_length(add(apdu, header, sizeof(header)), len);

	for (size_t i = 0; i < len; i++)
		*at++ = byte_of(i);
	return at - apdu;
}

size_t notification_len(const u8 *bytes, size_t count)
{
	size_t at, len;

	if (count < 8 || bytes[0] != 0x0f || bytes[5] || bytes[6] != 9)
		return 0;
	for (at = 8, len = 0; bytes[7] > 0x80 && at < 8u + (bytes[7] & 0x7f); at++)
		len = at < count ? len << 8 | bytes[at] : 0xffff;
	if (bytes[7] <= 0x80)
		len = bytes[7];
	if (at > count || len > count - at)
		return 0;
	for (size_t i = 0; i < len; i++)
		if (bytes[at + i] != byte_of(i))
			return 0;
	return at + len;
}

/* The LLC header and @apdu cut into parts of @part bytes, each of which is given to @make. */
static size_t in_parts(u8 *bytes, const u8 *apdu, size_t len, size_t part, bool headed,
		       size_t (*make)(u8 *frame, size_t nth, bool last, const u8 *part, size_t len))
{
	size_t out = 0, nth = 0, at = 0;
	u8 piece[DLMS_FRAME_ROOM];

	do {
		const size_t head = headed && !nth ? sizeof(llc) : 0;
		const size_t n = part < len - at ? part : len - at;

		add(add(piece, llc, head), apdu + at, n);
		at += n;
		out += make(bytes + out, nth++, at == len, piece, head + n);
	} while (at < len);
	return out;
}

static size_t make_segment(u8 *frame, size_t nth, bool last, const u8 *part, size_t len)
{
	(void)nth;
	return e450_frame_of(frame, !last, part, len);
}

static size_t make_block(u8 *frame, size_t nth, bool last, const u8 *part, size_t len)
{
	u8 block[DLMS_FRAME_ROOM];
	u8 *at = add(block, llc, nth ? 0 : sizeof(llc));

	return e450_frame_of(frame, false, block,
			     at - block + block_of(at, nth + 1, last, part, len));
}

static size_t make_mbus(u8 *frame, size_t nth, bool last, const u8 *part, size_t len)
{
	return mbus_frame_of(frame, (nth & 0x0f) | (last ? 0x10 : 0), part, len);
}

size_t hdlc_segments_of(u8 *bytes, const u8 *apdu, size_t len, size_t part)
{
	return in_parts(bytes, apdu, len, part, true, make_segment);
}

size_t hdlc_blocks_of(u8 *bytes, const u8 *apdu, size_t len, size_t part)
{
	return in_parts(bytes, apdu, len, part, false, make_block);
}

size_t mbus_segments_of(u8 *bytes, const u8 *apdu, size_t len, size_t part)
{
	return in_parts(bytes, apdu, len, part, false, make_mbus);
}
