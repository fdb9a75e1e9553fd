/* SPDX-License-Identifier: MIT */
/*
 * Many D2L modules that post to a server, each on a connection of its own each time.
 */
#ifndef METERCTL_D2L_POSTS_H
#define METERCTL_D2L_POSTS_H

#include <sys/socket.h>

#include "d2l_module.h"

/* A module waits so long for an answer (node-red-contrib-eesmart-d2l). */
#define D2L_PATIENCE_MS 3000

/* Answers are counted by the 10 us that they took. */
#define D2L_TOOK_US	10
#define D2L_TOOK_COUNT	(D2L_PATIENCE_MS * 1000 / D2L_TOOK_US + 1)

/**
 * struct d2l_plan - what the modules do
 * @keys: of the modules; NULL: simulated ones
 * @first_id: of the first module, unless @keys has ids; the others count on from there
 * @modules: how many
 * @mode: of their meters
 * @period_ms: from a module's post to its next
 * @count: posts of each module; 0: until @stop
 * @to: the server
 * @to_len: of @to
 * @per_address: so many modules have one source address of 127.0.0.0/8; 0: the machine's own
 * @connections: at most so many at a time
 * @stop: a descriptor that becomes readable when it is enough
 */
struct d2l_plan {
	const struct d2l_keys *keys;
	u64 first_id;
	u32 modules;
	enum d2l_mode mode;
	s64 period_ms;
	u64 count;
	struct sockaddr_storage to;
	socklen_t to_len;
	u32 per_address;
	u32 connections;
	int stop;
};

/**
 * struct d2l_tally - what came of it
 * @clocks: requests for the time; each module begins with one
 * @posts: readings posted
 * @answered: of both, those with the right answer in time
 * @refused: no connection could be made
 * @closed: the server closed it without an answer
 * @late_answers: there was none within D2L_PATIENCE_MS
 * @wrong: the answer was none, or not the right one
 * @behind: posts that began more than a second after they were due
 * @took: how many answers took how long, by D2L_TOOK_US from the beginning of the connection
 */
struct d2l_tally {
	u64 clocks;
	u64 posts;
	u64 answered;
	u64 refused;
	u64 closed;
	u64 late_answers;
	u64 wrong;
	u64 behind;
	u32 took[D2L_TOOK_COUNT];
};

bool d2l_post(const struct d2l_plan *plan, struct d2l_tally *tally);

#endif /* METERCTL_D2L_POSTS_H */
