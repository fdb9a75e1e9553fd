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

static bool line_has_them(const u8 *bytes, size_t len)
{
	u64 frames = 0, found = dlms_frames_in(DLMS_MBUS, bytes, len);

	for (size_t at = 0; at < len; at++) {
		const size_t length = frame_length(bytes + at, len - at);

		frames += length > 0;
		at += length ? length + 5 : 0;
	}
	return frames == found || broken("%llu frames instead of %llu", (unsigned long long)found,
					 (unsigned long long)frames);
}

static bool agrees(const u8 *bytes, size_t len)
{
	for (size_t at = 0; at < len; at++)
		if (bytes[at] == 0x68 && !reads_the_same(bytes + at, len - at))
			return false;
	return line_has_them(bytes, len);
}

/** holds - see the property */
bool holds(const u8 *bytes, size_t len)
{
	u8 *right = malloc(len + 1);
	bool kept;

	if (!right)
		abort();
	memcpy(right, bytes, len);
	put_all_right(right, len);
	kept = agrees(bytes, len) && agrees(right, len) &&
	       dlms_same_in_chunks(DLMS_MBUS, NULL, right, len);
	free(right);
	return kept;
}
