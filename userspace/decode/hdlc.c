// SPDX-License-Identifier: MIT
/*
 * HDLC frames of DLMS: IEC 62056-46, section 6.4. A pure function of bytes.
 */
#include "crc16_x25.h"
#include "hdlc.h"

#define FORMAT_MASK 0xf0
#define FORMAT_3    0xa0
#define SEGMENTED   0x08
#define LENGTH_HIGH 0x07

#define FORMAT_LEN  2
#define CONTROL_LEN 1
#define CHECK_LEN   2
/* What a frame has at least, without flags. */
#define LENGTH_MIN (FORMAT_LEN + 1 + 1 + CONTROL_LEN + CHECK_LEN)

/*
 * An address ends with the byte whose lowest bit is set; the other bits are its value. Returns its
 * length; 0: it is not whole; -1: it is none.
 */
static int read_address(const u8 *bytes, size_t count, u32 *address)
{
	*address = 0;
	for (size_t i = 0; i < count && i < 4; i++) {
		*address = *address << 7 | bytes[i] >> 1;
		if (bytes[i] & 1)
			return i == 2 ? -1 : (int)i + 1;
	}
	return count < 4 ? 0 : -1;
}

static bool is_checked(const u8 *bytes, size_t count)
{
	return crc16_x25(CRC16_X25_BEGIN, bytes, count) == CRC16_X25_RESIDUE;
}

/* Reads format and addresses behind the flag. */
static enum hdlc_verdict read_header(const u8 *bytes, size_t count, struct hdlc_frame *f)
{
	u32 *const addresses[] = { &f->destination, &f->source };
	size_t at = FORMAT_LEN;

	if (!count)
		return HDLC_OPEN;
	if ((bytes[0] & FORMAT_MASK) != FORMAT_3)
		return HDLC_NONE;
	for (unsigned int i = 0; i < 2; i++) {
		int len = at < count ? read_address(bytes + at, count - at, addresses[i]) : 0;

		if (len <= 0)
			return len ? HDLC_NONE : HDLC_OPEN;
		at += len;
	}
	f->header_len = at + CONTROL_LEN;
	return HDLC_GOOD;
}

/* What is between the flags is whole: the FCS covers the HCS, too. */
static enum hdlc_verdict check_frame(const u8 *bytes, size_t length, struct hdlc_frame *f)
{
	const size_t header = f->header_len;

	if (bytes[length] != HDLC_FLAG)
		return HDLC_NO_END;
	if (!is_checked(bytes, length))
		return HDLC_BAD_FCS;
	if (header + CHECK_LEN < length) {
		f->information = bytes + header + CHECK_LEN;
		f->information_len = length - header - 2 * CHECK_LEN;
	} else {
		f->information = NULL;
		f->information_len = 0;
	}
	return HDLC_GOOD;
}

/**
 * hdlc_read - look at what may be a frame
 * @bytes: the first is a flag
 * @count: how many there are, at least one
 * @f: for what it says; all of it is valid when it is good, @f->len also when its header is. The
 *	addresses are there as soon as @f->header_len is
 *
 * A frame is delimited by its length, which counts only once the check sequence of the header is
 * good: else noise would hold up the frames behind it. A frame without information has no HCS, but
 * is short.
 *
 * Return: HDLC_GOOD, HDLC_OPEN, or what is wrong.
 */
enum hdlc_verdict hdlc_read(const u8 *bytes, size_t count, struct hdlc_frame *f)
{
	const u8 *inner = bytes + 1;
	enum hdlc_verdict verdict;
	size_t header, length;

	f->len = 0;
	f->header_len = 0;
	verdict = read_header(inner, --count, f);
	if (verdict != HDLC_GOOD)
		return verdict;
	header = f->header_len;
	length = (size_t)(inner[0] & LENGTH_HIGH) << 8 | inner[1];
	if (length < LENGTH_MIN || length < header + CHECK_LEN || length == header + CHECK_LEN + 1)
		return HDLC_NONE;
	if (count < header + CHECK_LEN)
		return HDLC_OPEN;
	if (!is_checked(inner, header + CHECK_LEN))
		return length > header + CHECK_LEN ? HDLC_BAD_HCS : HDLC_BAD_FCS;
	f->len = length + 2;
	f->segmented = inner[0] & SEGMENTED;
	return count > length ? check_frame(inner, length, f) : HDLC_OPEN;
}
