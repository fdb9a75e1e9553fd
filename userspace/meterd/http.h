/* SPDX-License-Identifier: MIT */
/*
 * The HTTP door: /meters, /meters/NAME, /ledger, /metrics.
 */
#ifndef METERD_HTTP_H
#define METERD_HTTP_H

#include "meters.h"
#include "store.h"

struct http;

/** struct http_view - what its pages show; all outlive the server */
struct http_view {
	struct meters *meters;
	struct sources *sources;
	struct store *store;
	struct ledger *ledger;
};

struct http *http_new(struct event_base *base, const struct http_view *view);
/* Binds anew where the address changed. False after a line in the log: the old one stays. */
bool http_configure(struct http *h, const struct config *c);
void http_free(struct http *h);

#endif /* METERD_HTTP_H */
