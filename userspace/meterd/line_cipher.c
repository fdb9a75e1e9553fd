// SPDX-License-Identifier: MIT
/*
 * What was counted of enciphered telegrams, whatever they are.
 */
#include "source.h"

/**
 * line_cipher_stats - what was counted of enciphered telegrams on a line
 * @line: the line
 * @sum: for the counts, of P1 and of DLMS
 *
 * Return: false when its source has no keys, or is off.
 */
bool line_cipher_stats(const struct line *line, struct p1_cipher_stats *sum)
{
	const struct p1_cipher_stats *p1 = line->cipher;
	const struct dlms_counts *dlms = line->dlms;

	*sum = p1 ? *p1 : (struct p1_cipher_stats){ .verified = 0 };
	if (dlms) {
		sum->verified += dlms->verified;
		sum->unverified += dlms->unverified;
		sum->wrong_tag += dlms->wrong_tag;
		sum->unreadable += dlms->undecipherable;
		sum->replayed += dlms->replayed;
	}
	return line->source->keys && (p1 || dlms);
}
