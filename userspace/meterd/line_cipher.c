// SPDX-License-Identifier: MIT
/*
 * What was counted of enciphered telegrams, whatever they are, and why those of DLMS are not read.
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

/**
 * stream_dlms_complaint - why frames of DLMS come, and no reading
 * @s: the stream
 *
 * Return: a constant sentence for line_set_state(), LINE_WRONG_DATA; NULL: nothing is wrong with
 * them.
 */
const char *stream_dlms_complaint(const struct stream *s)
{
	if (!s->dlms)
		return "frames of DLMS come, not TIC or P1: configure it as type = mbus";
	switch (dlms_line_trouble(s->dlms)) {
	case DLMS_FINE:
		return NULL;
	case DLMS_NO_KEY:
		return "frames of DLMS come, and are enciphered: ask the grid operator for the "
		       "meter's key and give it as key_file";
	case DLMS_WRONG_KEY:
		return "frames of DLMS come, but with this key nothing can be read in them: is it "
		       "that of this meter?";
	case DLMS_WRONG_TAG:
		return "frames of DLMS come, but their tags are wrong: correct auth_key, or leave "
		       "it out, and tags are not verified";
	case DLMS_NO_TAG:
		return "frames of DLMS come without tags: leave auth_key out of the key file";
	case DLMS_NO_TITLE:
		return "frames of DLMS come without a system title: add system_title to the key "
		       "file";
	case DLMS_REPLAYED:
		return "frames of DLMS come whose counter has not gone up, and replayed = refuse";
	default:
		return "frames of DLMS come, but what is in them is not known: 'meterctl explain' "
		       "shows it";
	}
}
