/* SPDX-License-Identifier: MIT */
/*
 * How a file is read: the options that are about that, and the key file that they name.
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
 * struct file_options - how a file is read, as given on the command line
 * @protocols: what it is tried for
 * @key_path: its key file, or NULL
 * @profile: enum dlms_profile
 */
struct file_options {
	struct protocols protocols;
	const char *key_path;
	u8 profile;
};

/**
 * struct file_keys - what a key file says: meters and D2L modules have files of their own
 */
struct file_keys {
	struct meter_keys *meter;
	struct d2l_keys *d2l;
};

void file_options_init(struct file_options *o);
bool file_option(int c, const char *value, struct file_options *o);
bool file_keys_read(const struct file_options *o, struct file_keys *keys);
void file_keys_free(struct file_keys *keys);

#endif /* METERCTL_PROTOCOLS_H */
