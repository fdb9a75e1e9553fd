/* SPDX-License-Identifier: MIT */
/*
 * News of the meters in the kernel: that some came, went or changed.
 */
#ifndef METERD_METER_NEWS_H
#define METERD_METER_NEWS_H

#include <event2/event.h>

struct meter_news;

typedef void (*meter_news_fn)(void *context);

struct meter_news *meter_news_new(struct event_base *base, meter_news_fn changed, void *context);
void meter_news_free(struct meter_news *n);

#endif /* METERD_METER_NEWS_H */
