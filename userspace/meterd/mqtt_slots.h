/* SPDX-License-Identifier: MIT */
/*
 * What waits to be sent to a broker: one slot for each topic, in which the newest message wins.
 */
#ifndef METERD_MQTT_SLOTS_H
#define METERD_MQTT_SLOTS_H

#include "mqtt.h"

/* So many messages with MQTT_EACH wait; the oldest one goes first when there are more. */
#define MQTT_EACH_MAX 64

struct mqtt_slots;
struct mqtt_slot;

/**
 * struct mqtt_message - what is to be sent
 * @topic: of the slot, which lives until mqtt_slots_sent()
 * @payload: of @len bytes; until then, too
 * @flags: MQTT_*
 * @owned: what of it is the receiver's to free, or NULL
 */
struct mqtt_message {
	const char *topic;
	const char *payload;
	size_t len;
	unsigned int flags;
	char *owned;
};

struct mqtt_slots *mqtt_slots_new(void);
void mqtt_slots_free(struct mqtt_slots *s);
bool mqtt_slots_put(struct mqtt_slots *s, const char *topic, const void *payload, size_t len,
		    unsigned int flags);
struct mqtt_slot *mqtt_slots_take(struct mqtt_slots *s, struct mqtt_message *m);
void mqtt_slots_sent(struct mqtt_slots *s, struct mqtt_slot *slot);
void mqtt_slots_forget(struct mqtt_slots *s);
void mqtt_slots_untold(struct mqtt_slots *s);

size_t mqtt_slots_waiting(const struct mqtt_slots *s);
u64 mqtt_slots_lost(const struct mqtt_slots *s);

#endif /* METERD_MQTT_SLOTS_H */
