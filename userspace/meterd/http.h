/* SPDX-License-Identifier: MIT */
/*
 * The HTTP door: /meters, /meters/NAME, /ledger, /metrics.
 */
#ifndef METERD_HTTP_H
#define METERD_HTTP_H

#include "view.h"

struct http;

struct http *http_new(struct event_base *base, const struct view *view);
/* Binds anew where the address changed. False after a line in the log: the old one stays. */
bool http_configure(struct http *h, const struct config *c);
void http_free(struct http *h);

#endif /* METERD_HTTP_H */
