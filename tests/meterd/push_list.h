/* SPDX-License-Identifier: MIT */
/*
 * A list that a DLMS meter pushes, and its frame of HDLC.
 */
#ifndef METERD_TESTS_PUSH_LIST_H
#define METERD_TESTS_PUSH_LIST_H

#include <string.h>

#include "../../userspace/decode/crc16_x25.h"

#define LIST_MAX       400
#define LIST_FRAME_MAX (LIST_MAX + 32)

/** struct list - a list that is written: code, value, code, value in a structure */
struct list {
	u8 bytes[LIST_MAX];
	size_t len;
};

static inline void put(struct list *l, const void *bytes, size_t count)
{
	memcpy(l->bytes + l->len, bytes, count);
	l->len += count;
}

static inline void put_text(struct list *l, const char *text)
{
	const u8 head[] = { 0x0a, (u8)strlen(text) };

	l->bytes[6 + 1]++;
	put(l, head, sizeof(head));
	put(l, text, strlen(text));
}

static inline void put_code(struct list *l, u8 b, u8 c, u8 d, u8 e)
{
	const u8 code[] = { 0x09, 6, c != 96, b, c, d, e, 255 };

	l->bytes[6 + 1]++;
	put(l, code, sizeof(code));
}

static inline void put_number(struct list *l, u32 number)
{
	const u8 value[] = { 0x06, number >> 24, number >> 16, number >> 8, number };

	l->bytes[6 + 1]++;
	put(l, value, sizeof(value));
}

/* A notification without a time, and a structure that is empty so far. */
static inline void list_begin(struct list *l)
{
	static const u8 head[] = { 0x0f, 0, 0, 0, 0, 0, 0x02, 0 };

	l->len = 0;
	put(l, head, sizeof(head));
}

static inline void put_fcs(u8 *frame, size_t len)
{
	const u16 fcs = (u16)~crc16_x25(CRC16_X25_BEGIN, frame, len);

	frame[len] = fcs & 0xff;
	frame[len + 1] = fcs >> 8;
}

/* In one frame. Returns its length. */
static inline size_t list_frame(const struct list *l, u8 frame[LIST_FRAME_MAX])
{
	static const u8 llc[] = { 0xe6, 0xe7, 0x00 };
	const size_t len = 6 + 2 + sizeof(llc) + l->len + 2 - 1;
	const u8 head[] = { 0x7e, 0xa0 | len >> 8, len & 0xff, 0x03, 0x21, 0x13 };

	memcpy(frame, head, sizeof(head));
	put_fcs(frame + 1, 5);
	memcpy(frame + 8, llc, sizeof(llc));
	memcpy(frame + 8 + sizeof(llc), l->bytes, l->len);
	put_fcs(frame + 1, len - 2);
	frame[len + 1] = 0x7e;
	return len + 2;
}

#endif /* METERD_TESTS_PUSH_LIST_H */
