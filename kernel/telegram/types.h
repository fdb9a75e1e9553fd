/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The few types and functions that the freestanding code needs, from the kernel or from the C
 * library.
 */
#ifndef TELEGRAM_TYPES_H
#define TELEGRAM_TYPES_H

#ifdef __KERNEL__

#include <linux/bitops.h>
#include <linux/math64.h>
#include <linux/string.h>
#include <linux/types.h>

#else

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#define noinline __attribute__((noinline))

static inline unsigned int __ffs64(u64 word)
{
	return __builtin_ctzll(word);
}

static inline s64 div_s64(s64 dividend, s32 divisor)
{
	return dividend / divisor;
}

#endif /* __KERNEL__ */

#endif /* TELEGRAM_TYPES_H */
