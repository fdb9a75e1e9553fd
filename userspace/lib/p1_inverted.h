/* SPDX-License-Identifier: MIT */
/*
 * P1 whose cable lacks the inverter.
 */
#ifndef METERLINE_P1_INVERTED_H
#define METERLINE_P1_INVERTED_H

#include "../../kernel/telegram/types.h"

/**
 * struct p1_inverted - what the bytes of a line without a telegram look like when turned round
 * @bytes: bytes seen, breaks left aside
 * @text: those that become text
 * @line_ends: how often the end of a line of P1 came
 * @last: the last bytes, turned round
 */
struct p1_inverted {
	u32 bytes;
	u32 text;
	u32 line_ends;
	u32 last;
};

void p1_inverted_feed(struct p1_inverted *p, const u8 *bytes, size_t count);
bool p1_inverted_is_evident(const struct p1_inverted *p);

#endif /* METERLINE_P1_INVERTED_H */
