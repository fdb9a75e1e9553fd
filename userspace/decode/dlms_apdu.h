/* SPDX-License-Identifier: MIT */
/*
 * What one message of a DLMS line is, once framing and encipherment are taken off.
 */
#ifndef METERLINE_DLMS_APDU_H
#define METERLINE_DLMS_APDU_H

#include "../../kernel/telegram/types.h"

/* one xDLMS APDU, deciphered */
enum dlms_tag { DLMS_CLEAR, DLMS_TAG_VERIFIED, DLMS_TAG_UNVERIFIED };
struct dlms_apdu {
	const u8 *bytes;
	size_t len;		/* up to the end of the message: another APDU may follow */
	const u8 *system_title;	/* 8 bytes, NULL: none came */
	u32 counter;		/* invocation counter, when there is a system title */
	enum dlms_tag tag;
	u64 first_byte;		/* "now" of the feed that brought the message's first byte */
};
typedef size_t (*dlms_apdu_fn)(void *context, const struct dlms_apdu *apdu);

#endif /* METERLINE_DLMS_APDU_H */
