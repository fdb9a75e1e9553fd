/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Which speed a line has, by trying.
 */
#ifndef METERLINE_SPEED_SEARCH_H
#define METERLINE_SPEED_SEARCH_H

#include "telegram.h"

#define SPEED_KEEP (~0ull)

/**
 * struct speed_search - where the search stands
 * @fixed: the only speed, bit/s; 0: try them all
 * @at: which of the speeds is set
 * @tried: speeds that were given up since the last telegram
 * @read: a telegram has come at the current speed
 * @since_ms: when the current speed was set, or telegrams stayed away
 */
struct speed_search {
	unsigned int fixed;
	unsigned int at;
	unsigned int tried;
	bool read;
	u64 since_ms;
};

void speed_search_init(struct speed_search *s, unsigned int fixed, u64 now_ms);
unsigned int speed_search_speed(const struct speed_search *s);
void speed_search_telegram(struct speed_search *s);
void speed_search_silence(struct speed_search *s, u64 now_ms);
void speed_search_begin_at(struct speed_search *s, unsigned int bit_per_s);
u64 speed_search_until(const struct speed_search *s, enum line_seen seen, bool heard);
void speed_search_next(struct speed_search *s, u64 now_ms);

#endif /* METERLINE_SPEED_SEARCH_H */
