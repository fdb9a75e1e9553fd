/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A telegram in the ring of a meter (packed) and on /dev/meterN (text); see
 * include/uapi/linux/meterline.h for the grammar of the text.
 */
#ifndef TELEGRAM_RECORD_H
#define TELEGRAM_RECORD_H

#include "telegram.h"

/** struct record_header - the first line of a record */
struct record_header {
	u64 seq;
	u64 boottime_us;
	u16 damaged;
	u8 protocol;		/* enum telegram_protocol */
	bool gap;		/* records were lost before this one */
	char number[METERLINE_NUMBER_MAX + 1];
};

/* Size of the largest packed telegram. */
#define RECORD_PACKED_MAX (METERLINE_P1_MAX_BYTES + METERLINE_P1_MAX_LINES * 4 + 128)

size_t record_packed_size(const struct telegram *t, const char *number);
void record_pack(const struct telegram *t, const char *number, u8 *packed);
/* A telegram again from its packed form: @t points into @packed, which must have
 * TELEGRAM_PAD readable bytes behind it. */
void record_unpack(const u8 *packed, size_t size, struct telegram *t, const char **number);

/* Text of a telegram with the header @h; returns its length without NUL, as snprintf() does. */
size_t record_text(const struct telegram *t, const struct record_header *h, char *text,
		   size_t size);
/* Reads one record of @len bytes; @text is unescaped in place and must have TELEGRAM_PAD bytes
 * of room behind it; @t points into it. False when it is not a record. */
bool record_parse(char *text, size_t len, struct telegram *t, struct record_header *h);

#endif /* TELEGRAM_RECORD_H */
