/* SPDX-License-Identifier: MIT */
/*
 * FNV-1a of 64 bits: whether something is the same as before, not who made it.
 */
#ifndef METERLINE_HASH_H
#define METERLINE_HASH_H

#include "../../kernel/telegram/types.h"

#define HASH_BEGIN 0xcbf29ce484222325ull

/** hash_add - goes on from @hash, or from HASH_BEGIN */
static inline u64 hash_add(u64 hash, const void *bytes, size_t len)
{
	for (const u8 *b = bytes; len--; b++)
		hash = (hash ^ *b) * 0x100000001b3ull;
	return hash;
}

#endif /* METERLINE_HASH_H */
