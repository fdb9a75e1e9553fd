/* SPDX-License-Identifier: MIT */
/*
 * What the sink of the line protocol and its two ways, HTTP and UDP, share.
 */
#ifndef METERD_INFLUX_H
#define METERD_INFLUX_H

#include <netdb.h>

#include "backoff.h"
#include "influx_line.h"
#include "publish.h"

/**
 * struct influx_publication - the lines of one
 * @len: of @text, without a NUL
 */
struct influx_publication {
	struct influx_publication *next;
	size_t len;
	char text[];
};

/**
 * struct influx_queue - publications that wait, oldest first
 * @last: NULL: none
 * @bytes: of all
 * @count: of them
 * @sent: how many at the head are under way, and not known to have arrived
 */
struct influx_queue {
	struct influx_publication *first;
	struct influx_publication *last;
	size_t bytes;
	unsigned int count;
	unsigned int sent;
};

enum influx_phase {
	INFLUX_PAUSE,		/* until the next attempt */
	INFLUX_NAME,		/* waits for the resolver */
	INFLUX_READY,		/* can send */
	INFLUX_BUSY,		/* has sent, and waits for an answer */
	INFLUX_ANSWERED,	/* it came */
};

struct influx;

/**
 * struct influx_way - how lines get there
 * @open: to influx.address; false: cannot be, with a sentence in @problem
 * @send: begins to send a queue that is not empty; INFLUX_READY becomes INFLUX_BUSY
 * @timer: of INFLUX_BUSY and INFLUX_ANSWERED
 * @end: sends what needs no waiting, the last time; may be NULL
 * @close: undoes @open, done or not
 */
struct influx_way {
	bool (*open)(struct influx *i, char *problem, size_t size);
	void (*send)(struct influx *i);
	void (*timer)(struct influx *i);
	void (*end)(struct influx *i);
	void (*close)(struct influx *i);
};

extern const struct influx_way influx_http, influx_udp;

/**
 * struct influx - such a sink
 * @who: for the log
 * @where: HOST:PORT, as in a URL
 * @timer: end of what is under way
 * @out: lines that are being made, into @text
 * @addresses: of the host; @address: the one in use
 * @why: what was said to be wrong; "": nothing is
 * @lost: publications, since the last word about them
 * @full: it was said that the queue is
 * @http: of influx_http.c; NULL: no connection
 * @fd: of influx_udp.c; -1: none
 */
struct influx {
	struct sink sink;
	const struct sink_world *world;
	const struct influx_way *way;
	struct sink_target target;
	char *token_file;
	char measurement[METER_NAME_LEN + 1];
	char who[METER_NAME_LEN + 8];
	char where[280];
	enum influx_phase phase;
	struct event *timer;
	struct backoff backoff;
	struct influx_queue queue;
	FILE *out;
	char *text;
	size_t len;
	struct resolver_request *question;
	struct addrinfo *addresses;
	struct addrinfo *address;
	char why[256];
	u64 lost;
	bool full;
	struct log_limit limit;
	struct influx_exchange *http;
	int fd;
};

/* sink_influx.c, for the ways. Loop thread. */
void influx_set_timer(struct influx *i, u64 ms);
/* What was sent arrived, or was refused for good: INFLUX_READY. */
void influx_arrived(struct influx *i);
__attribute__((format(printf, 2, 3)))
void influx_refused(struct influx *i, const char *why, ...);
/* Nothing arrives now, and is sent again later. @address: at another address it may arrive. */
__attribute__((format(printf, 3, 4)))
void influx_failed(struct influx *i, bool address, const char *why, ...);

#endif /* METERD_INFLUX_H */
