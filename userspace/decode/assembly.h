/* SPDX-License-Identifier: MIT */
/*
 * A message from parts that have numbers: segments of HDLC and M-Bus, blocks of
 * general-block-transfer.
 */
#ifndef METERLINE_ASSEMBLY_H
#define METERLINE_ASSEMBLY_H

#include "../../kernel/telegram/types.h"

/* More than any meter sends: 16 segments of M-Bus have 4000 bytes. */
#define ASSEMBLY_MAX 8192

/** enum assembly_state - how far a message is */
enum assembly_state {
	ASSEMBLY_NONE,
	ASSEMBLY_OPEN,	 /* it has begun */
	ASSEMBLY_BROKEN, /* the rest of a message that lost a part is yet to come */
	ASSEMBLY_WHOLE,
};

/**
 * struct part - one part of a message
 * @number: from 0 on
 * @last: of the message
 * @origin: who sends it to whom; the same in all parts
 * @first_byte: the caller's clock when it began
 * @bytes: what it has
 * @len: length of @bytes
 */
struct part {
	unsigned int number;
	bool last;
	u64 origin;
	u64 first_byte;
	const u8 *bytes;
	size_t len;
};

/**
 * struct assembly - a message of which there are parts
 * @state: how far it is
 * @next: number of the next part
 * @origin: of its parts
 * @first_byte: of its first part
 * @len: bytes of @bytes in use
 * @bytes: of all parts so far
 *
 * All zero at the beginning.
 */
struct assembly {
	enum assembly_state state;
	unsigned int next;
	u64 origin;
	u64 first_byte;
	size_t len;
	u8 bytes[ASSEMBLY_MAX];
};

/**
 * struct assembly_counts - messages that were dropped
 * @gaps: parts are missing, came twice or in another order
 * @oversize: longer than ASSEMBLY_MAX
 */
struct assembly_counts {
	u64 gaps;
	u64 oversize;
};

void assembly_put(struct assembly *a, const struct part *p, struct assembly_counts *counts);
void assembly_break(struct assembly *a, struct assembly_counts *counts);

#endif /* METERLINE_ASSEMBLY_H */
