// SPDX-License-Identifier: MIT
/*
 * P1 whose cable lacks the inverter: the data line of a meter is inverted (P1, physical
 * interface: a space is more than 4 V, a mark less than 1 V), and a UART that is wired to it
 * without one sees every bit turned round.
 *
 * Between telegrams such a line looks like a break. In a telegram, of ASCII in 8N1, bit 7 is 0 and
 * the stop bit behind it 1, so that the inverted line has a falling edge there in each character
 * and nowhere else at the same place: the UART takes the stop bit for a start bit and hands on the
 * start bit and bits 0 to 6 as a character, inverted, whose stop bit is bit 7. No framing error
 * gives this away.
 */
#include "p1_inverted.h"

/* Fewer bytes prove nothing. */
#define EVIDENT_BYTES 200
/* Of a telegram with that many bytes; each object ends so. */
#define EVIDENT_LINES 4

/* What the meter sent, or 0 when it was no text. */
static u8 turned_round(u8 byte)
{
	u8 sent = (u8)~byte >> 1;
	bool text = (sent >= 0x20 && sent < 0x7f) || sent == '\r' || sent == '\n';

	return byte & 1 && text ? sent : 0;
}

/**
 * p1_inverted_feed - take bytes of a line
 * @p: zero at the beginning, and when the line's speed was changed
 * @bytes: as they came, read as 8N1
 * @count: number of @bytes
 */
void p1_inverted_feed(struct p1_inverted *p, const u8 *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		u8 sent = turned_round(bytes[i]);

		if (!bytes[i])
			continue;
		p->bytes++;
		p->text += sent != 0;
		p->last = (p->last << 8 | sent) & 0xffffff;
		p->line_ends += p->last == (')' << 16 | '\r' << 8 | '\n');
	}
}

/**
 * p1_inverted_is_evident - whether it can be nothing else
 * @p: of a line without a valid telegram
 *
 * Return: true when nearly all is text and has the lines of P1, which no wrong speed and no other
 * protocol looks like.
 */
bool p1_inverted_is_evident(const struct p1_inverted *p)
{
	return p->bytes >= EVIDENT_BYTES && p->line_ends >= EVIDENT_LINES &&
	       p->text >= p->bytes - p->bytes / 20;
}
