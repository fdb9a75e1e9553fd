/* SPDX-License-Identifier: MIT */
/*
 * Frames of D2L modules in a file.
 */
#ifndef METERCTL_D2L_FILE_H
#define METERCTL_D2L_FILE_H

#include "../decode/d2l.h"

/**
 * struct d2l_found - a frame in a file
 * @offset: of its first byte
 * @header: of the frame
 * @key: the module's; NULL: not known, and then all that follows is not either
 * @verdict: D2L_GOOD, or what is wrong with it
 * @frame: when it is good
 */
struct d2l_found {
	u64 offset;
	struct d2l_header header;
	const struct d2l_key *key;
	enum d2l_verdict verdict;
	struct d2l_frame frame;
};

typedef void (*d2l_found_fn)(void *context, const struct d2l_found *found);

/**
 * struct d2l_file_stats - what was counted
 * @frames: whole ones, good or bad
 * @keyless: frames of modules whose key is not known
 * @bad_checksum: frames whose CRC is wrong
 * @framing: places where something else stood than a frame, or where one was cut off
 */
struct d2l_file_stats {
	u64 frames;
	u64 keyless;
	u64 bad_checksum;
	u64 framing;
};

struct d2l_file;

struct d2l_file *d2l_file_new(const struct d2l_keys *keys, d2l_found_fn found, void *context);
void d2l_file_free(struct d2l_file *d);
void d2l_file_feed(struct d2l_file *d, const u8 *bytes, size_t count);
void d2l_file_end(struct d2l_file *d);
const struct d2l_file_stats *d2l_file_stats(const struct d2l_file *d);

struct d2l_keys *d2l_keys_from_file(const char *path);
bool d2l_is_key_file(const char *path);

#endif /* METERCTL_D2L_FILE_H */
