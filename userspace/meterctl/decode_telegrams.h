/* SPDX-License-Identifier: MIT */
/*
 * meterctl decode: from bytes to telegrams of any kind, and what there is to say about them.
 */
#ifndef METERCTL_DECODE_TELEGRAMS_H
#define METERCTL_DECODE_TELEGRAMS_H

#include "../decode/d2l_json.h"
#include "../decode/dlms.h"
#include "../decode/stream.h"
#include "d2l_file.h"
#include "protocols.h"

/* What a file turned out to be: it is of one kind, so its first telegram decides. */
enum kind {
	KIND_OPEN,
	KIND_METER,
	KIND_DLMS,
	KIND_D2L,
};

/**
 * struct decode - what is kept from telegram to telegram
 * @protocols: what is tried
 * @has_keys: there is a key file
 * @stream: from bytes to telegrams, when they come from a meter
 * @d2l: the same when they come from D2L modules; NULL: not asked for
 * @unread: frames of modules with a payload that is no reading
 * @module: of the newest frame of a module
 * @kind: enum kind
 * @telegrams: how many were printed
 * @bytes: how many were read
 * @settings: what is known of a meter of DLMS
 * @meaningless: telegrams of DLMS with numbers, none of which has a meaning
 * @unsettled: telegrams of DLMS with energies whose step nobody knows
 * @reading: of a module, the newest
 * @dlms: of a meter of DLMS, the newest
 */
struct decode {
	struct protocols protocols;
	bool has_keys;
	struct stream stream;
	struct d2l_file *d2l;
	u64 unread;
	u64 module;
	enum kind kind;
	u64 telegrams;
	u64 bytes;
	struct dlms_settings settings;
	u64 meaningless;
	u64 unsettled;
	struct d2l_reading reading;
	struct dlms_reading dlms;
};

/* decode_telegrams.c */
bool decode_init(struct decode *d, const struct protocols *p, const struct file_keys *keys);
void decode_release(struct decode *d);
void decode_feed(struct decode *d, const u8 *bytes, size_t count);
void decode_end(struct decode *d);

/* decode_advice.c */
const char *dlms_advice(enum dlms_trouble trouble);
void decode_say_advice(const struct decode *d, const char *path, const char *key_path);
void decode_print_counts(const struct decode *d);

#endif /* METERCTL_DECODE_TELEGRAMS_H */
