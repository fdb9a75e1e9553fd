/* SPDX-License-Identifier: MIT */
/*
 * The connections of D2L modules: from bytes to whole frames, and answers back.
 */
#ifndef METERD_D2L_SERVER_H
#define METERD_D2L_SERVER_H

#include <event2/event.h>

#include "../decode/d2l_reply.h"

/* So many connections from one address: modules behind one router have the same. */
#define D2L_ADDRESS_MAX 1024

/**
 * struct d2l_server_stats - what was counted of connections
 * @taken: all that were, also those that had to go
 * @full: had to go, or were not taken, since there were too many
 * @slow: closed since no whole frame came in time
 * @malformed: closed since what came was no frame
 */
struct d2l_server_stats {
	u64 taken;
	u64 full;
	u64 slow;
	u64 malformed;
};

/**
 * struct d2l_place - where a server listens, and whom it asks
 * @base: the loop
 * @who: for the log; outlives the server
 * @host: IPv4 or IPv6, without brackets; copied
 * @port: 1..65535
 * @max_connections: at most so many at a time
 * @frame: judges a whole frame and makes its answer; must not free the server
 * @listens: it listens now, or cannot: then @error is errno
 * @context: given to both
 * @stats: where it counts
 */
struct d2l_place {
	struct event_base *base;
	const char *who;
	const char *host;
	u16 port;
	unsigned int max_connections;
	enum d2l_next (*frame)(void *context, const u8 *bytes, const struct d2l_header *h,
			       const char *address, u8 answer[D2L_ANSWER_LEN]);
	void (*listens)(void *context, int error);
	void *context;
	struct d2l_server_stats *stats;
};

struct d2l_server;

struct d2l_server *d2l_server_new(const struct d2l_place *p);
bool d2l_server_tended(const struct d2l_server *s);
void d2l_server_free(struct d2l_server *s);

#endif /* METERD_D2L_SERVER_H */
