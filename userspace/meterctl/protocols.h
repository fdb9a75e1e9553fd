/* SPDX-License-Identifier: MIT */
/*
 * Protocols and profiles of a file by their names on the command line, and the key file that
 * belongs to them.
 */
#ifndef METERCTL_PROTOCOLS_H
#define METERCTL_PROTOCOLS_H

#include <stdbool.h>

#include "../decode/d2l.h"
#include "../decode/meter_keys.h"

/**
 * struct protocols - what a file is tried for
 * @line: LINE_TIC, LINE_P1
 * @dlms: DLMS_HDLC, DLMS_MBUS, DLMS_RAW
 * @d2l: frames of D2L modules
 */
struct protocols {
	unsigned int line;
	unsigned int dlms;
	bool d2l;
};

/**
 * struct file_keys - what a key file says: meters and D2L modules have files of their own
 */
struct file_keys {
	struct meter_keys *meter;
	struct d2l_keys *d2l;
};

bool protocols_by_name(const char *name, struct protocols *p);
bool profile_by_name(const char *name, u8 *profile);
bool file_keys_read(const char *path, const struct protocols *p, struct file_keys *keys);
void file_keys_free(struct file_keys *keys);

#endif /* METERCTL_PROTOCOLS_H */
