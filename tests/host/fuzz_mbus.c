// SPDX-License-Identifier: MIT
/*
 * Long frames of M-Bus by the document and without any haste: the decoder must say the same of any
 * bytes, and of the same bytes once the checksums of all that may be frames are right.
 */
#include "../../userspace/decode/mbus.h"
#include "dlms_host.h"
#include "fuzz.h"

const char property[] = "any_bytes_have_the_frames_of_mbus_that_the_document_says";

/** fuzz_seeds - what inputs are made from */
size_t fuzz_seeds(struct vector **vectors)
{
	return dlms_seeds(vectors);
}

/* Whether the form is that of a frame with so many bytes from C on, whatever its checksum is. */
static bool has_form(const u8 *bytes, size_t len, size_t length)
{
	return length >= 5 && length + 6 <= len && bytes[0] == 0x68 && bytes[3] == 0x68 &&
	       bytes[1] == bytes[2] && bytes[1] == length % 256 && bytes[length + 5] == 0x16;
}

static u8 sum_of(const u8 *bytes, size_t length)
{
	u8 sum = 0;

	for (size_t i = 0; i < length; i++)
		sum += bytes[4 + i];
	return sum;
}

/* Length of the frame from C on; 0: it is none. */
static size_t frame_length(const u8 *bytes, size_t len)
{
	for (size_t length = len < 2 ? 512 : bytes[1]; length < 512; length += 256)
		if (has_form(bytes, len, length) && sum_of(bytes, length) == bytes[length + 4])
			return length;
	return 0;
}

static void put_all_right(u8 *bytes, size_t len)
{
	for (size_t at = 0; at + 1 < len; at++) {
		for (size_t length = bytes[at + 1]; length < 512; length += 256) {
			if (!has_form(bytes + at, len - at, length))
				continue;
			bytes[at + length + 4] = sum_of(bytes + at, length);
			at += length + 5;
			break;
		}
	}
}

static bool reads_the_same(const u8 *bytes, size_t len)
{
	const size_t length = frame_length(bytes, len);
	struct mbus_frame f;

	if ((mbus_read(bytes, len, true, &f) == MBUS_GOOD) != (length > 0))
		return broken("a frame of %zu bytes", length);
	if (!length)
		return true;
	return (f.len == length + 6 && f.dlms == (bytes[6] < 0x20) &&
		f.segment == (bytes[6] & 15) && f.final == (bytes[6] >> 4 & 1) &&
		f.data == bytes + 9 && f.data_len == length - 5) ||
	       broken("it says something else");
}

static size_t step(const u8 *bytes, size_t len)
{
	const size_t length = frame_length(bytes, len);

	return length ? length + 6 : 0;
}

/** holds - see the property */
bool holds(const u8 *bytes, size_t len)
{
	static const struct frame_rules rules = {
		.framing = DLMS_MBUS,
		.start = 0x68,
		.step = step,
		.reads_the_same = reads_the_same,
		.put_all_right = put_all_right,
	};

	return dlms_frames_agree(&rules, bytes, len);
}
