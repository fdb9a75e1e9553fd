/* SPDX-License-Identifier: MIT */
/*
 * The first bytes of xDLMS APDUs.
 */
#ifndef METERLINE_DLMS_TAGS_H
#define METERLINE_DLMS_TAGS_H

#include "../../kernel/telegram/types.h"

/** enum dlms_apdu_tag - APDUs that are read: IEC 62056-5-3, section 8 */
enum dlms_apdu_tag {
	DLMS_DATA_NOTIFICATION = 0x0f,
	DLMS_GENERAL_GLO_CIPHERING = 0xdb,
	DLMS_GENERAL_BLOCK_TRANSFER = 0xe0,
};

const char *dlms_tag_name(u8 tag);

#endif /* METERLINE_DLMS_TAGS_H */
