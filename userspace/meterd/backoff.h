/* SPDX-License-Identifier: MIT */
/*
 * Pauses between attempts.
 */
#ifndef METERD_BACKOFF_H
#define METERD_BACKOFF_H

#include "../../kernel/telegram/types.h"

#define BACKOFF_MIN_MS 1000
#define BACKOFF_MAX_MS 60000

/** struct backoff - @next_ms: the next pause, without jitter; 0: BACKOFF_MIN_MS */
struct backoff {
	u32 next_ms;
};

u64 backoff_pause_ms(struct backoff *b);

#endif /* METERD_BACKOFF_H */
