// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Which speed a line has, by trying: 1200 bit/s is TIC historique, 9600 TIC standard and P1 before
 * DSMR 4, 115200 P1 since then. A meter's mode can be changed from afar on any day, so a line that
 * was read and falls silent is searched again.
 *
 * Freestanding, as telegram.h. Only decides; the caller has the line and the clock.
 */
#include "speed_search.h"

/* Telegrams that stay away for so long at the speed where they came before: try another. */
#define STALE_MS	10000

/*
 * A line without a byte: TIC never pauses for longer than 33 ms (54E 5.3), P1 comes each 10 s (P1
 * 4.2.2, 5.2). 9600 bit/s has both. In the first round TIC alone is waited for there, since P1 at
 * 9600 is rare; from the second round on, P1 as well.
 */
#define TIC_SILENT_MS	4500
#define P1_SILENT_MS	11000

/*
 * Text comes, so the speed is right: until the rest of what it began with has passed, and one
 * telegram more. P1 may take 8 s of each 10 s (P1 4.2.2, 5.2), the longest frame of TIC 4.2 s.
 */
#define TEXT_MS		19000

/* Garbage comes: a few characters at the beginning were damaged, or the speed is wrong. */
#define GARBAGE_MS	2500

static const struct {
	unsigned int bit_per_s;
	unsigned int first_ms;
	unsigned int later_ms;
} speeds[] = {
	{ 1200, TIC_SILENT_MS, TIC_SILENT_MS },
	{ 9600, TIC_SILENT_MS, P1_SILENT_MS },
	{ 115200, P1_SILENT_MS, P1_SILENT_MS },
};

#define SPEEDS (sizeof(speeds) / sizeof(speeds[0]))

/**
 * speed_search_init - begin
 * @s: the search
 * @fixed: the only speed, bit/s; 0 for any
 * @now_ms: a clock that does not jump, ms; may be told later by speed_search_silence()
 */
void speed_search_init(struct speed_search *s, unsigned int fixed, u64 now_ms)
{
	*s = (struct speed_search){ .fixed = fixed, .since_ms = now_ms };
}

/**
 * speed_search_begin_at - try this one first
 * @s: the search
 * @bit_per_s: the speed, one of those that are tried
 */
void speed_search_begin_at(struct speed_search *s, unsigned int bit_per_s)
{
	unsigned int i;

	for (i = 0; i < SPEEDS; i++)
		if (speeds[i].bit_per_s == bit_per_s)
			s->at = i;
}

/**
 * speed_search_speed - what the line is to be set to
 * @s: the search
 *
 * Return: bit/s.
 */
unsigned int speed_search_speed(const struct speed_search *s)
{
	return s->fixed ? s->fixed : speeds[s->at].bit_per_s;
}

/**
 * speed_search_telegram - telegrams come: the speed is right
 * @s: the search
 */
void speed_search_telegram(struct speed_search *s)
{
	s->read = true;
	s->tried = 0;
}

/**
 * speed_search_silence - telegrams have begun to stay away
 * @s: the search
 * @now_ms: see speed_search_init()
 */
void speed_search_silence(struct speed_search *s, u64 now_ms)
{
	s->since_ms = now_ms;
}

static unsigned int silent_ms(const struct speed_search *s)
{
	return s->tried < SPEEDS ? speeds[s->at].first_ms : speeds[s->at].later_ms;
}

/**
 * speed_search_until - until when the speed is kept if no telegram comes
 * @s: the search
 * @seen: what the bytes look like so far
 * @heard: whether any byte came at this speed
 *
 * Return: ms of the clock of speed_search_init(), or SPEED_KEEP when no other speed is to be tried,
 * since the line was recognised at this one or no other is allowed.
 */
u64 speed_search_until(const struct speed_search *s, enum line_seen seen, bool heard)
{
	if (s->fixed)
		return SPEED_KEEP;
	if (s->read)
		return s->since_ms + STALE_MS;
	switch (seen) {
	case SEEN_NOTHING:
		return s->since_ms + (heard ? TEXT_MS : silent_ms(s));
	case SEEN_GARBAGE:
		return s->since_ms + GARBAGE_MS;
	default:
		return SPEED_KEEP;
	}
}

/**
 * speed_search_next - go on to the next speed
 * @s: the search
 * @now_ms: see speed_search_init()
 */
void speed_search_next(struct speed_search *s, u64 now_ms)
{
	s->at = (s->at + 1) % SPEEDS;
	s->tried++;
	s->read = false;
	s->since_ms = now_ms;
}
