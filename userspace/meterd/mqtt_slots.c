// SPDX-License-Identifier: MIT
/*
 * What waits to be sent to a broker: one slot for each topic, in which the newest message wins.
 *
 * A slot is idle, waits in the queue, or flies: was handed to the library, and the broker has not
 * confirmed it. What comes while it flies waits in it, so that messages of one topic never overtake
 * each other. Messages with MQTT_EACH have slots of their own.
 */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/hash.h"
#include "mqtt_slots.h"

/**
 * struct mqtt_slot - one topic, or one message with MQTT_EACH
 * @payload: NULL: nothing waits
 * @told: hash of what was handed out last; 0: not known what the broker has
 * @queued: is between first and last of the queue
 */
struct mqtt_slot {
	char *topic;
	char *payload;
	size_t len;
	unsigned int flags;
	u64 told;
	bool queued;
	bool flying;
	struct mqtt_slot *next;
};

/** struct slot_queue - first in, first out */
struct slot_queue {
	struct mqtt_slot *first;
	struct mqtt_slot *last;
};

/**
 * struct mqtt_slots - all of them
 * @tree: of tsearch(), by topic
 * @queue: slots that wait
 * @each: messages with MQTT_EACH, those that fly first
 * @each_count: of @each
 * @bytes: messages that wait, or may have to be sent again
 */
struct mqtt_slots {
	void *tree;
	struct slot_queue queue;
	struct slot_queue each;
	unsigned int each_count;
	size_t bytes;
	u64 lost;
};

static int by_topic(const void *a, const void *b)
{
	return strcmp(((const struct mqtt_slot *)a)->topic, ((const struct mqtt_slot *)b)->topic);
}

/* Never 0. A wrong "the same" has one chance in 2^64. */
static u64 hash_of(const void *bytes, size_t len)
{
	u64 hash = hash_add(HASH_BEGIN, bytes, len);

	return hash ? hash : 1;
}

static void push(struct slot_queue *q, struct mqtt_slot *slot)
{
	slot->next = NULL;
	if (q->first)
		q->last->next = slot;
	else
		q->first = slot;
	q->last = slot;
}

static struct mqtt_slot *pop(struct slot_queue *q)
{
	struct mqtt_slot *slot = q->first;

	if (slot)
		q->first = slot->next;
	return slot;
}

static void unlink_slot(struct slot_queue *q, struct mqtt_slot *slot)
{
	struct mqtt_slot **at = &q->first, *before = NULL;

	for (; *at != slot; at = &(*at)->next)
		before = *at;
	*at = slot->next;
	if (q->last == slot)
		q->last = before;
}

static struct mqtt_slot *slot_new(const char *topic)
{
	struct mqtt_slot *slot = calloc(1, sizeof(*slot));

	if (!slot)
		return NULL;
	slot->topic = strdup(topic);
	if (slot->topic)
		return slot;
	free(slot);
	return NULL;
}

static void slot_free(void *arg)
{
	struct mqtt_slot *slot = arg;

	free(slot->topic);
	free(slot->payload);
	free(slot);
}

static struct mqtt_slot *slot_of(struct mqtt_slots *s, const char *topic)
{
	const struct mqtt_slot key = { .topic = (char *)topic };
	struct mqtt_slot **found = tfind(&key, &s->tree, by_topic), *slot;

	if (found)
		return *found;
	slot = slot_new(topic);
	if (slot && !tsearch(slot, &s->tree, by_topic)) {
		slot_free(slot);
		return NULL;
	}
	return slot;
}

/* With its topic, for what is withdrawn has no other bytes. */
static size_t bytes_of(const struct mqtt_slot *slot)
{
	return strlen(slot->topic) + slot->len;
}

static void drop_payload(struct mqtt_slots *s, struct mqtt_slot *slot)
{
	if (slot->payload)
		s->bytes -= bytes_of(slot);
	free(slot->payload);
	slot->payload = NULL;
}

static bool set_payload(struct mqtt_slots *s, struct mqtt_slot *slot, const void *payload,
			size_t len, unsigned int flags)
{
	char *copy = malloc(len + 1);

	drop_payload(s, slot);
	if (!copy)
		return false;
	memcpy(copy, payload, len);
	slot->payload = copy;
	slot->len = len;
	slot->flags = flags;
	s->bytes += bytes_of(slot);
	return true;
}

/* The oldest that nobody has been handed makes place; those that fly come first. */
static void make_place(struct mqtt_slots *s)
{
	struct mqtt_slot *slot = s->each.first;

	if (s->each_count < MQTT_EACH_MAX)
		return;
	while (slot && slot->flying)
		slot = slot->next;
	if (!slot)
		return;
	unlink_slot(&s->each, slot);
	drop_payload(s, slot);
	slot_free(slot);
	s->each_count--;
	s->lost++;
}

static bool put_each(struct mqtt_slots *s, const char *topic, const void *payload, size_t len,
		     unsigned int flags)
{
	struct mqtt_slot *slot;

	make_place(s);
	slot = slot_new(topic);
	if (!slot || !set_payload(s, slot, payload, len, flags)) {
		if (slot)
			slot_free(slot);
		return false;
	}
	push(&s->each, slot);
	s->each_count++;
	return true;
}

static bool put_newest(struct mqtt_slots *s, const char *topic, const void *payload, size_t len,
		       unsigned int flags)
{
	struct mqtt_slot *slot = slot_of(s, topic);

	if (!slot)
		return false;
	if (flags & MQTT_CHANGED && slot->told && slot->told == hash_of(payload, len)) {
		drop_payload(s, slot);
		return true;
	}
	if (!set_payload(s, slot, payload, len, flags))
		return false;
	if (!slot->queued && !slot->flying) {
		slot->queued = true;
		push(&s->queue, slot);
	}
	return true;
}

/**
 * mqtt_slots_put - something is to be sent
 * @s: the slots
 * @topic: ends with NUL
 * @payload: is copied
 * @len: bytes of it
 * @flags: MQTT_*
 *
 * The caller serialises all calls on @s.
 *
 * Return: false without memory, which is counted.
 */
bool mqtt_slots_put(struct mqtt_slots *s, const char *topic, const void *payload, size_t len,
		    unsigned int flags)
{
	bool put = flags & MQTT_EACH ? put_each(s, topic, payload, len, flags) :
				       put_newest(s, topic, payload, len, flags);

	s->lost += !put;
	return put;
}

static struct mqtt_slot *first_waiting_each(const struct mqtt_slots *s)
{
	struct mqtt_slot *slot = s->each.first;

	while (slot && slot->flying)
		slot = slot->next;
	return slot;
}

/* What was dropped while it waited leaves its slot in the queue. */
static struct mqtt_slot *first_waiting(struct mqtt_slots *s)
{
	struct mqtt_slot *slot;

	while ((slot = pop(&s->queue))) {
		slot->queued = false;
		if (slot->payload)
			return slot;
	}
	return NULL;
}

/* Of a topic the slot is free for the next one at once; MQTT_EACH is kept until it is confirmed. */
static char *hand_out(struct mqtt_slots *s, struct mqtt_slot *slot)
{
	char *payload = slot->payload;

	if (slot->flags & MQTT_EACH)
		return NULL;
	slot->told = hash_of(payload, slot->len);
	slot->payload = NULL;
	s->bytes -= bytes_of(slot);
	return payload;
}

/**
 * mqtt_slots_take - the message that has waited longest; it flies then
 * @s: the slots
 * @m: for it
 *
 * Those with MQTT_EACH come before others.
 *
 * Return: its slot, for mqtt_slots_sent(); NULL: none waits.
 */
struct mqtt_slot *mqtt_slots_take(struct mqtt_slots *s, struct mqtt_message *m)
{
	struct mqtt_slot *slot = first_waiting_each(s);

	if (!slot)
		slot = first_waiting(s);
	if (!slot)
		return NULL;
	slot->flying = true;
	*m = (struct mqtt_message){ slot->topic, slot->payload, slot->len, slot->flags, NULL };
	m->owned = hand_out(s, slot);
	return slot;
}

/**
 * mqtt_slots_sent - a message has arrived, or has left where nothing confirms it
 * @s: the slots
 * @slot: of mqtt_slots_take(); may not be used any more
 */
void mqtt_slots_sent(struct mqtt_slots *s, struct mqtt_slot *slot)
{
	slot->flying = false;
	if (slot->flags & MQTT_EACH) {
		unlink_slot(&s->each, slot);
		drop_payload(s, slot);
		slot_free(slot);
		s->each_count--;
	} else if (slot->payload) {
		slot->queued = true;
		push(&s->queue, slot);
	}
}

static void forget_slot(const void *node, VISIT visit, void *arg)
{
	struct mqtt_slot *slot = *(struct mqtt_slot *const *)node;

	if (visit != postorder && visit != leaf)
		return;
	drop_payload(arg, slot);
	slot->told = 0;
	slot->queued = false;
	slot->flying = false;
}

/**
 * mqtt_slots_forget - the connection is gone: what waits is of no use, all will be told anew
 * @s: the slots
 *
 * But for messages with MQTT_EACH: those that were not confirmed are sent again.
 */
void mqtt_slots_forget(struct mqtt_slots *s)
{
	twalk_r(s->tree, forget_slot, s);
	s->queue = (struct slot_queue){ 0 };
	for (struct mqtt_slot *slot = s->each.first; slot; slot = slot->next)
		slot->flying = false;
}

static void untell_slot(const void *node, VISIT visit, void *arg)
{
	struct mqtt_slot *slot = *(struct mqtt_slot *const *)node;

	(void)arg;
	if (visit == postorder || visit == leaf)
		slot->told = 0;
}

/**
 * mqtt_slots_untold - MQTT_CHANGED is sent again, for somebody may not have heard it
 * @s: the slots
 */
void mqtt_slots_untold(struct mqtt_slots *s)
{
	twalk_r(s->tree, untell_slot, NULL);
}

/** mqtt_slots_waiting - bytes of topics and payloads that wait or may be sent again; 0: nothing */
size_t mqtt_slots_waiting(const struct mqtt_slots *s)
{
	return s->bytes;
}

/** mqtt_slots_lost - messages that were given up without being sent, since the beginning */
u64 mqtt_slots_lost(const struct mqtt_slots *s)
{
	return s->lost;
}

/** mqtt_slots_new - no topics yet; NULL without memory */
struct mqtt_slots *mqtt_slots_new(void)
{
	return calloc(1, sizeof(struct mqtt_slots));
}

/**
 * mqtt_slots_free - ends them
 * @s: of mqtt_slots_new(), or NULL
 */
void mqtt_slots_free(struct mqtt_slots *s)
{
	struct mqtt_slot *slot;

	if (!s)
		return;
	while ((slot = pop(&s->each)))
		slot_free(slot);
	tdestroy(s->tree, slot_free);
	free(s);
}
