// SPDX-License-Identifier: MIT
/*
 * The names of xDLMS APDUs: IEC 62056-5-3, section 8 (Green Book, 9.5).
 */
#include "dlms_tags.h"

static const char *const names[256] = {
	[0x05] = "read-request",
	[0x06] = "write-request",
	[0x0c] = "read-response",
	[0x0d] = "write-response",
	[DLMS_DATA_NOTIFICATION] = "data-notification",
	[0x16] = "unconfirmed-write-request",
	[0x18] = "information-report-request",
	[0x60] = "aarq",
	[0x61] = "aare",
	[0x62] = "rlrq",
	[0x63] = "rlre",
	[0xc0] = "get-request",
	[0xc1] = "set-request",
	[0xc2] = "event-notification-request",
	[0xc3] = "action-request",
	[0xc4] = "get-response",
	[0xc5] = "set-response",
	[0xc7] = "action-response",
	[0xc8] = "glo-get-request",
	[0xc9] = "glo-set-request",
	[0xca] = "glo-event-notification-request",
	[0xcb] = "glo-action-request",
	[0xcc] = "glo-get-response",
	[0xcd] = "glo-set-response",
	[0xcf] = "glo-action-response",
	[0xd0] = "ded-get-request",
	[0xd1] = "ded-set-request",
	[0xd2] = "ded-event-notification-request",
	[0xd3] = "ded-action-request",
	[0xd4] = "ded-get-response",
	[0xd5] = "ded-set-response",
	[0xd7] = "ded-action-response",
	[0xd8] = "exception-response",
	[DLMS_GENERAL_GLO_CIPHERING] = "general-glo-ciphering",
	[0xdc] = "general-ded-ciphering",
	[0xdd] = "general-ciphering",
	[0xdf] = "general-signing",
	[DLMS_GENERAL_BLOCK_TRANSFER] = "general-block-transfer",
};

/**
 * dlms_tag_name - the name of an APDU
 * @tag: its first byte
 *
 * Return: a constant string; NULL when no APDU begins so.
 */
const char *dlms_tag_name(u8 tag)
{
	return names[tag];
}
