// SPDX-License-Identifier: MIT
/*
 * Pauses between attempts.
 */
#include <sys/random.h>

#include "backoff.h"
#include "source.h"

/* 80 % to 120 %, so that what broke off together is not dialled together. */
static u64 jitter(u32 ms)
{
	u16 lot = 0;

	if (getrandom(&lot, sizeof(lot), GRND_NONBLOCK) < 0)
		lot = steady_ms();
	return (u64)ms * (80 + lot % 41) / 100;
}

/**
 * backoff_pause_ms - how long to leave the other side alone before the next attempt
 * @b: becomes twice as long, up to BACKOFF_MAX_MS; its owner makes it short again
 *
 * Return: ms.
 */
u64 backoff_pause_ms(struct backoff *b)
{
	u32 ms = b->next_ms ? b->next_ms : BACKOFF_MIN_MS;

	b->next_ms = 2 * ms < BACKOFF_MAX_MS ? 2 * ms : BACKOFF_MAX_MS;
	return jitter(ms);
}
