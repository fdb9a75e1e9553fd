/* SPDX-License-Identifier: MIT */
/*
 * Which speed a line has, by trying.
 */
#ifndef METERLINE_SPEED_SEARCH_H
#define METERLINE_SPEED_SEARCH_H

#include "../../kernel/telegram/telegram.h"

#define SPEED_KEEP UINT64_MAX

/**
 * struct speed_search - where the search stands
 * @fixed: the only speed, bit/s; 0: try them all
 * @current: which of the speeds is set
 * @tried: speeds that were given up since the last telegram
 * @read: a telegram has come at the current speed
 * @since_ms: when the current speed was set, or telegrams stayed away
 */
struct speed_search {
	unsigned int fixed;
	unsigned int current;
	unsigned int tried;
	bool read;
	u64 since_ms;
};

void speed_search_init(struct speed_search *s, unsigned int fixed, u64 now_ms);
unsigned int speed_search_speed(const struct speed_search *s);
void speed_search_telegram(struct speed_search *s);
void speed_search_silence(struct speed_search *s, u64 now_ms);
u64 speed_search_until(const struct speed_search *s, enum line_seen seen, bool heard);
void speed_search_next(struct speed_search *s, u64 now_ms);

#endif /* METERLINE_SPEED_SEARCH_H */
