/* SPDX-License-Identifier: MIT */
/*
 * The clients of a port: each gets the same bytes, from the beginning of a telegram on.
 */
#ifndef METERD_SERVE_CLIENTS_H
#define METERD_SERVE_CLIENTS_H

#include <event2/event.h>

#include "config.h"

#define SERVE_CLIENTS_MAX 64

/**
 * struct serve_block - bytes that all clients share; freed when the last one has them
 * @holders: of it
 * @bytes: of malloc()
 */
struct serve_block {
	unsigned int holders;
	char *bytes;
	size_t len;
};

/* NULL without memory; @bytes are the block's in any case. One holder: the caller. */
struct serve_block *serve_block_new(char *bytes, size_t len);
void serve_block_release(struct serve_block *b);

/**
 * struct serve_place - where clients come
 * @who: of what is logged
 * @host: address
 * @newest: a telegram for one that just came, or NULL; the caller becomes its holder
 * @context: handed to @newest
 */
struct serve_place {
	struct event_base *base;
	const char *who;
	const char *host;
	u16 port;
	struct serve_block *(*newest)(void *context);
	void *context;
};

struct serve_clients;
struct serve_clients *serve_clients_new(const struct serve_place *p);
bool serve_clients_none(const struct serve_clients *all);
void serve_clients_give(struct serve_clients *all, struct serve_block *b, bool begins);
void serve_clients_free(struct serve_clients *all);

#endif /* METERD_SERVE_CLIENTS_H */
