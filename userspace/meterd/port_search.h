/* SPDX-License-Identifier: MIT */
/*
 * Which speed and parity a serial line has, by trying.
 */
#ifndef METERD_PORT_SEARCH_H
#define METERD_PORT_SEARCH_H

#include "../../kernel/telegram/speed_search.h"
#include "config.h"

/**
 * struct port_setting - how a line is set
 * @bit_per_s: its speed
 * @even: 8E1; else 8N1
 */
struct port_setting {
	unsigned int bit_per_s;
	bool even;
};

/**
 * struct port_search - where the search stands
 * @text: of TIC and P1, where parity needs no setting
 * @mbus: DLMS push is looked for in place of those
 * @speed: the only one, bit/s; 0: try them all
 * @parity: the same
 * @at: which setting is tried
 * @read: telegrams have come with it
 * @since_ms: when it was set, or telegrams stayed away
 */
struct port_search {
	struct speed_search text;
	bool mbus;
	unsigned int speed;
	enum parity_policy parity;
	unsigned int at;
	bool read;
	u64 since_ms;
};

void port_search_init(struct port_search *p, const struct source_config *c, u64 now_ms);
bool port_search_is_open(const struct port_search *p);
struct port_setting port_search_setting(const struct port_search *p);
void port_search_telegram(struct port_search *p);
void port_search_silence(struct port_search *p, u64 now_ms);
u64 port_search_until(const struct port_search *p, enum line_seen seen, bool heard);
void port_search_next(struct port_search *p, u64 now_ms);

#endif /* METERD_PORT_SEARCH_H */
