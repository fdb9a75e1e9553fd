/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A telegram in the ring of a meter (packed) and on /dev/meterN (text); see
 * include/uapi/linux/meterline.h for the grammar of the text.
 */
#ifndef TELEGRAM_RECORD_H
#define TELEGRAM_RECORD_H

#include "telegram.h"

/**
 * struct record_header - the first line of a record
 * @seq: number of the record, one more for each telegram of a meter
 * @boottime_us: CLOCK_BOOTTIME of the telegram's first byte
 * @damaged: groups of the telegram that were dropped
 * @protocol: enum telegram_protocol
 * @gap: records were lost before this one
 * @number: the meter's own number as this telegram tells it, or ""
 */
struct record_header {
	u64 seq;
	u64 boottime_us;
	u16 damaged;
	u8 protocol;
	bool gap;
	char number[METERLINE_NUMBER_MAX + 1];
};

/* Size of the largest packed telegram. */
#define RECORD_PACKED_MAX (METERLINE_P1_MAX_BYTES + METERLINE_P1_MAX_LINES * 4 + 128)

size_t record_packed_size(const struct telegram *t, const char *number);
void record_pack(const struct telegram *t, const char *number, u8 *packed);
void record_unpack(const u8 *packed, struct telegram *t, const char **number);

/** struct record_cursor - a place in a packed telegram, see record_next() */
struct record_cursor {
	const u8 *field;
	const u8 *text;
	u16 left;
	bool p1;
};

/**
 * struct record_item - one field of a packed telegram
 * @row: its row in the table of the protocol, or ROW_UNKNOWN
 * @raw: value, or horodate HT value
 * @len: bytes of @raw
 */
struct record_item {
	u8 row;
	const u8 *raw;
	size_t len;
};

u8 record_protocol(const u8 *packed);
void record_first(const u8 *packed, struct record_cursor *c);
bool record_next(struct record_cursor *c, struct record_item *item);

size_t record_escape(const u8 *bytes, size_t len, char *text, size_t size);
size_t record_text(const struct telegram *t, const struct record_header *h, char *text,
		   size_t size);
bool record_parse(char *text, size_t len, struct telegram *t, struct record_header *h);

#endif /* TELEGRAM_RECORD_H */
