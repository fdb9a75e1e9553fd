/* SPDX-License-Identifier: MIT */
/*
 * Which entities a meter has been offered to have.
 */
#ifndef METERD_MQTT_OFFER_H
#define METERD_MQTT_OFFER_H

#include "mqtt.h"
#include "mqtt_entities.h"

#define ENTITY_WORDS ((ENTITY_COUNT + 63) / 64)

/** struct entity_set - one bit for each entity */
struct entity_set {
	u64 bits[ENTITY_WORDS];
};

static inline bool entity_in(const struct entity_set *s, unsigned int key)
{
	return s->bits[key / 64] >> (key % 64) & 1;
}

static inline void entity_add(struct entity_set *s, unsigned int key)
{
	s->bits[key / 64] |= 1ull << (key % 64);
}

/**
 * struct mqtt_offer - what one meter was offered to have since the start
 * @all: those that there are
 * @seen: those of the meter that is there now
 * @dropped: those that only the meter before had
 * @replacements: of the meter, when @seen began
 * @drop_ms: on the clock of the meter: then what is not in @seen is dropped; 0: nothing is
 * @expire_s: how long live values hold without a message
 * @told: what decided on the messages that were sent; 0: none were
 */
struct mqtt_offer {
	struct mqtt_offer *next;
	char name[METER_NAME_LEN + 1];
	struct entity_set all;
	struct entity_set seen;
	struct entity_set dropped;
	unsigned int replacements;
	u64 drop_ms;
	u32 expire_s;
	u64 told;
};

struct mqtt_offer *mqtt_offer_of(struct mqtt_offers *all, const char *name);
bool mqtt_offer_update(struct mqtt_offer *offer, const struct mqtt_out *o, const struct meter *m);
void mqtt_offer_forget(struct mqtt_offers *all, const char *name);

#endif /* METERD_MQTT_OFFER_H */
