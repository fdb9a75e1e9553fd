/* SPDX-License-Identifier: MIT */
/*
 * The connection to a broker, in a thread of its own.
 */
#ifndef METERD_MQTT_LINK_H
#define METERD_MQTT_LINK_H

#include <event2/event.h>

#include "config.h"

struct mqtt_link;

/**
 * struct mqtt_link_calls - what the link tells; all on the loop
 * @online: the broker has taken the connection and knows nothing of us
 * @drained: little waits; who has much to tell may go on
 * @born: Home Assistant has begun and wants to be told what there is
 * @disowned: somebody said in our name that we are offline, such as the will of a lost connection
 */
struct mqtt_link_calls {
	void (*online)(void *context);
	void (*drained)(void *context);
	void (*born)(void *context);
	void (*disowned)(void *context);
	void *context;
};

/**
 * struct mqtt_link_status - for people and metrics
 * @online: the broker takes messages
 * @why: a sentence without a full stop
 * @sent: messages that the broker confirmed, or that left with QoS 0
 * @lost: messages that were given up
 */
struct mqtt_link_status {
	bool online;
	char why[192];
	u64 connections;
	u64 sent;
	u64 lost;
};

struct mqtt_link *mqtt_link_new(struct event_base *base, const struct mqtt_link_calls *calls);
bool mqtt_link_configure(struct mqtt_link *l, const struct mqtt_config *c, const char *state);
bool mqtt_link_stays(const struct mqtt_link *l, const struct mqtt_config *c, const char *state);
bool mqtt_link_online(const struct mqtt_link *l);
void mqtt_link_send(struct mqtt_link *l, const char *topic, const void *payload, size_t len,
		    unsigned int flags);
void mqtt_link_untold(struct mqtt_link *l);
bool mqtt_link_is_full(struct mqtt_link *l);
void mqtt_link_status(struct mqtt_link *l, struct mqtt_link_status *status);
void mqtt_link_end(struct mqtt_link *l);

#endif /* METERD_MQTT_LINK_H */
