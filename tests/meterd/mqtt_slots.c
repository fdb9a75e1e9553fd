// SPDX-License-Identifier: MIT
/*
 * Slots: what of each topic is sent, when, and what is left of it when a connection is lost.
 */
#include <string.h>

#include "../../userspace/meterd/mqtt_slots.h"
#include "../host/host.h"

static struct mqtt_slots *slots;

static void begin(void)
{
	slots = mqtt_slots_new();
	if (!slots)
		abort();
}

static bool done(bool kept)
{
	mqtt_slots_free(slots);
	return kept;
}

static void put(const char *topic, const char *payload, unsigned int flags)
{
	if (!mqtt_slots_put(slots, topic, payload, strlen(payload), flags))
		abort();
}

/* The next message, which must be this one; it flies then. NULL: it is not, or there is none. */
static struct mqtt_slot *take(const char *topic, const char *payload)
{
	struct mqtt_message m = { 0 };
	struct mqtt_slot *slot = mqtt_slots_take(slots, &m);
	bool same = slot && !strcmp(m.topic, topic) && m.len == strlen(payload) &&
		    !memcmp(m.payload, payload, m.len);

	if (!same)
		broken("%s %.*s came, not %s %s", slot ? m.topic : "nothing", (int)m.len,
		       slot ? m.payload : "", topic, payload);
	free(m.owned);
	return same ? slot : NULL;
}

/* And arrives at once. */
static bool comes(const char *topic, const char *payload)
{
	struct mqtt_slot *slot = take(topic, payload);

	if (slot)
		mqtt_slots_sent(slots, slot);
	return slot;
}

static bool nothing_comes(void)
{
	struct mqtt_message m;
	struct mqtt_slot *slot = mqtt_slots_take(slots, &m);

	if (!slot)
		return true;
	broken("%s %.*s came", m.topic, (int)m.len, m.payload);
	free(m.owned);
	return false;
}

static bool the_newest_message_of_a_topic_wins(const char **skip)
{
	(void)skip;
	begin();
	put("a", "1", 0);
	put("a", "2", 0);
	put("a", "three", 0);
	return done(comes("a", "three") && nothing_comes());
}

static bool topics_wait_in_the_order_in_which_they_came(const char **skip)
{
	(void)skip;
	begin();
	put("b", "1", 0);
	put("a", "1", 0);
	put("c", "1", 0);
	/* What changes does not lose its place. */
	put("b", "2", 0);
	return done(comes("b", "2") && comes("a", "1") && comes("c", "1") && nothing_comes());
}

static bool payloads_are_bytes_and_are_copied(const char **skip)
{
	char bytes[] = { 'x', 0, (char)0xff, '\n' };
	struct mqtt_message m;
	struct mqtt_slot *slot;
	bool kept;

	(void)skip;
	begin();
	mqtt_slots_put(slots, "a", bytes, sizeof(bytes), MQTT_RETAIN);
	memset(bytes, 'y', sizeof(bytes));
	slot = mqtt_slots_take(slots, &m);
	kept = slot && m.len == 4 && !memcmp(m.payload, "x\0\xff\n", 4) && m.flags == MQTT_RETAIN;
	free(m.owned);
	return done(kept);
}

static bool what_is_the_same_is_sent_once_where_changes_count(const char **skip)
{
	(void)skip;
	begin();
	for (unsigned int i = 0; i < 2; i++) {
		put("a", "1", MQTT_CHANGED);
		put("b", "1", 0);
		if ((!i && !comes("a", "1")) || !comes("b", "1") || !nothing_comes())
			return done(false);
	}
	put("a", "2", MQTT_CHANGED);
	if (!comes("a", "2"))
		return done(false);
	put("a", "1", MQTT_CHANGED);
	return done(comes("a", "1") && nothing_comes());
}

static bool what_changes_back_while_it_waits_is_not_sent(const char **skip)
{
	(void)skip;
	begin();
	put("a", "1", MQTT_CHANGED);
	if (!comes("a", "1"))
		return done(false);
	put("a", "2", MQTT_CHANGED);
	put("b", "1", 0);
	put("a", "1", MQTT_CHANGED);
	return done(comes("b", "1") && nothing_comes() && !mqtt_slots_waiting(slots));
}

static bool a_message_that_flies_is_not_overtaken(const char **skip)
{
	struct mqtt_slot *flying;

	(void)skip;
	begin();
	put("a", "1", 0);
	flying = take("a", "1");
	put("a", "2", 0);
	put("b", "1", 0);
	put("a", "3", 0);
	if (!flying || !comes("b", "1") || !nothing_comes())
		return done(false);
	mqtt_slots_sent(slots, flying);
	return done(comes("a", "3") && nothing_comes());
}

static bool what_flies_counts_as_told(const char **skip)
{
	struct mqtt_slot *flying;

	(void)skip;
	begin();
	put("a", "1", MQTT_CHANGED);
	flying = take("a", "1");
	put("a", "2", MQTT_CHANGED);
	put("a", "1", MQTT_CHANGED);
	if (!flying)
		return done(false);
	mqtt_slots_sent(slots, flying);
	return done(nothing_comes());
}

static bool each_event_is_sent_in_order_and_before_states(const char **skip)
{
	(void)skip;
	begin();
	put("a", "state", 0);
	put("e", "1", MQTT_EACH);
	put("e", "1", MQTT_EACH);
	put("f", "2", MQTT_EACH);
	put("e", "3", MQTT_EACH);
	return done(comes("e", "1") && comes("e", "1") && comes("f", "2") && comes("e", "3") &&
		    comes("a", "state") && nothing_comes());
}

static const char *number(unsigned int i)
{
	static char text[16];

	snprintf(text, sizeof(text), "%u", i);
	return text;
}

static bool of_too_many_events_the_oldest_go_and_are_counted(const char **skip)
{
	(void)skip;
	begin();
	for (unsigned int i = 0; i < MQTT_EACH_MAX + 3; i++)
		put("e", number(i), MQTT_EACH);
	if (mqtt_slots_lost(slots) != 3)
		return done(broken("%llu lost", (unsigned long long)mqtt_slots_lost(slots)));
	for (unsigned int i = 3; i < MQTT_EACH_MAX + 3; i++)
		if (!comes("e", number(i)))
			return done(false);
	return done(nothing_comes() && !mqtt_slots_waiting(slots));
}

static bool an_event_that_flies_is_not_given_up_for_a_newer_one(const char **skip)
{
	struct mqtt_slot *flying[2];

	(void)skip;
	begin();
	for (unsigned int i = 0; i < MQTT_EACH_MAX; i++)
		put("e", number(i), MQTT_EACH);
	flying[0] = take("e", "0");
	flying[1] = take("e", "1");
	put("e", "newest", MQTT_EACH);
	if (!flying[0] || !flying[1] || mqtt_slots_lost(slots) != 1)
		return done(false);
	/* In any order. */
	mqtt_slots_sent(slots, flying[1]);
	mqtt_slots_sent(slots, flying[0]);
	for (unsigned int i = 3; i < MQTT_EACH_MAX; i++)
		if (!comes("e", number(i)))
			return done(false);
	return done(comes("e", "newest") && nothing_comes());
}

static bool a_lost_connection_keeps_events_and_nothing_else(const char **skip)
{
	(void)skip;
	begin();
	put("a", "waits", 0);
	put("b", "flies", MQTT_CHANGED);
	put("e", "1", MQTT_EACH);
	put("e", "2", MQTT_EACH);
	put("e", "3", MQTT_EACH);
	/* The first arrived, the second may have. */
	if (!comes("e", "1") || !take("e", "2"))
		return done(false);
	mqtt_slots_forget(slots);
	put("b", "flies", MQTT_CHANGED);
	if (!comes("e", "2") || !comes("e", "3") || !comes("b", "flies"))
		return done(false);
	return done(nothing_comes() && !mqtt_slots_waiting(slots));
}

static bool after_a_lost_connection_what_flew_is_free(const char **skip)
{
	(void)skip;
	begin();
	put("a", "1", MQTT_CHANGED);
	if (!take("a", "1"))
		return done(false);
	put("a", "2", MQTT_CHANGED);
	mqtt_slots_forget(slots);
	put("a", "1", MQTT_CHANGED);
	return done(comes("a", "1") && nothing_comes());
}

static bool what_is_untold_is_sent_again(const char **skip)
{
	(void)skip;
	begin();
	put("a", "1", MQTT_CHANGED);
	put("b", "1", MQTT_CHANGED);
	if (!comes("a", "1"))
		return done(false);
	mqtt_slots_untold(slots);
	put("a", "1", MQTT_CHANGED);
	return done(comes("b", "1") && comes("a", "1") && nothing_comes());
}

static bool an_empty_message_waits_as_others_do(const char **skip)
{
	bool kept;

	(void)skip;
	begin();
	put("a", "", MQTT_RETAIN | MQTT_CHANGED);
	kept = mqtt_slots_waiting(slots) || broken("nothing waits");
	return done(comes("a", "") && nothing_comes() && !mqtt_slots_waiting(slots) && kept);
}

static bool ten_thousand_topics_are_kept_apart(const char **skip)
{
	static const unsigned int many = 10000, step = 7919;
	char topic[32];

	(void)skip;
	begin();
	/* In an order that is not that of their names. */
	for (unsigned int i = 0; i < many; i++) {
		snprintf(topic, sizeof(topic), "meter/%u", i * step % many);
		put(topic, "old", 0);
		put(topic, number(i), 0);
	}
	for (unsigned int i = 0; i < many; i++) {
		snprintf(topic, sizeof(topic), "meter/%u", i * step % many);
		if (!comes(topic, number(i)))
			return done(false);
	}
	return done(nothing_comes() && !mqtt_slots_waiting(slots));
}

/*
 * The same by arrays that are searched from end to end.
 *
 * @since: of a topic that is queued; it may have lost its message meanwhile
 * @told: what was handed out last; "-": nobody knows
 */
#define TOPICS 5
#define EVENTS 256

static struct model {
	struct {
		char waits[8];
		char told[8];
		bool has, queued, flying;
		unsigned int since;
		struct mqtt_slot *slot;
	} topics[TOPICS];
	struct {
		char payload[8];
		bool flying;
		struct mqtt_slot *slot;
	} events[EVENTS];
	unsigned int event_count, clock;
	u64 lost;
} model;

static const char *topic_of(unsigned int i)
{
	static const char *const names[TOPICS] = { "c", "a", "e", "b", "d" };

	return names[i];
}

static void model_remove(unsigned int at)
{
	model.event_count--;
	memmove(&model.events[at], &model.events[at + 1],
		(model.event_count - at) * sizeof(model.events[0]));
}

static void model_event(const char *payload)
{
	unsigned int i = 0;

	while (i < model.event_count && model.events[i].flying)
		i++;
	if (model.event_count >= MQTT_EACH_MAX && i < model.event_count) {
		model_remove(i);
		model.lost++;
	}
	memset(&model.events[model.event_count], 0, sizeof(model.events[0]));
	strcpy(model.events[model.event_count++].payload, payload);
}

static void model_queue(unsigned int i)
{
	model.topics[i].queued = true;
	model.topics[i].since = model.clock++;
}

static void model_put(unsigned int i, const char *payload, bool changed)
{
	model.topics[i].has = !changed || strcmp(model.topics[i].told, payload);
	if (!model.topics[i].has)
		return;
	strcpy(model.topics[i].waits, payload);
	if (!model.topics[i].queued && !model.topics[i].flying)
		model_queue(i);
}

/* The topic that waits longest; what stands before it without a message is not queued any more. */
static int model_next(void)
{
	for (;;) {
		int first = -1;

		for (int i = 0; i < TOPICS; i++)
			if (model.topics[i].queued && (first < 0 || model.topics[i].since <
							      model.topics[first].since))
				first = i;
		if (first < 0)
			return -1;
		model.topics[first].queued = false;
		if (model.topics[first].has)
			return first;
	}
}

static bool random_take(void)
{
	unsigned int e = 0;
	int i;

	while (e < model.event_count && model.events[e].flying)
		e++;
	if (e < model.event_count) {
		model.events[e].flying = true;
		model.events[e].slot = take("event", model.events[e].payload);
		return model.events[e].slot;
	}
	i = model_next();
	if (i < 0)
		return nothing_comes();
	model.topics[i].has = false;
	model.topics[i].flying = true;
	strcpy(model.topics[i].told, model.topics[i].waits);
	model.topics[i].slot = take(topic_of(i), model.topics[i].waits);
	return model.topics[i].slot;
}

static void random_sent(u64 *state)
{
	unsigned int i = lot(state, TOPICS), e = lot(state, EVENTS);

	if (model.topics[i].flying) {
		model.topics[i].flying = false;
		mqtt_slots_sent(slots, model.topics[i].slot);
		if (model.topics[i].has)
			model_queue(i);
	}
	e = model.event_count ? e % model.event_count : 0;
	if (e < model.event_count && model.events[e].flying) {
		mqtt_slots_sent(slots, model.events[e].slot);
		model_remove(e);
	}
}

static void untell_model(void)
{
	for (unsigned int i = 0; i < TOPICS; i++)
		strcpy(model.topics[i].told, "-");
}

static void random_end(u64 *state)
{
	if (lot(state, 2)) {
		mqtt_slots_untold(slots);
		untell_model();
		return;
	}
	mqtt_slots_forget(slots);
	memset(model.topics, 0, sizeof(model.topics));
	untell_model();
	for (unsigned int e = 0; e < model.event_count; e++)
		model.events[e].flying = false;
}

static bool random_step(u64 *state)
{
	unsigned int what = lot(state, 100), i = lot(state, TOPICS);
	const char *payload = number(lot(state, 4));

	if (what < 30) {
		bool changed = lot(state, 2);

		put(topic_of(i), payload, changed ? MQTT_CHANGED : 0);
		model_put(i, payload, changed);
	} else if (what < 50) {
		put("event", payload, MQTT_EACH);
		model_event(payload);
	} else if (what < 79) {
		return random_take();
	} else if (what < 99) {
		random_sent(state);
	} else if (!lot(state, 10)) {
		random_end(state);
	}
	return true;
}

static bool anything_waits_in_the_model(void)
{
	bool waits = model.event_count;

	for (unsigned int i = 0; i < TOPICS; i++)
		waits |= model.topics[i].has;
	return waits;
}

static bool whatever_comes_slots_do_as_arrays_do(const char **skip)
{
	u64 state = 20241010;

	(void)skip;
	begin();
	memset(&model, 0, sizeof(model));
	untell_model();
	for (unsigned int n = 0; n < 300000; n++) {
		if (!random_step(&state) || model.event_count == EVENTS)
			return done(broken("at step %u", n));
		if (!mqtt_slots_waiting(slots) == anything_waits_in_the_model() ||
		    mqtt_slots_lost(slots) != model.lost)
			return done(broken("at step %u: %zu bytes wait, %llu are lost", n,
					   mqtt_slots_waiting(slots),
					   (unsigned long long)mqtt_slots_lost(slots)));
	}
	return done(model.lost > 0 || broken("no event was ever lost"));
}

#define PROMISE(name) { #name, name }

int main(void)
{
	static const struct promise promises[] = {
		PROMISE(the_newest_message_of_a_topic_wins),
		PROMISE(topics_wait_in_the_order_in_which_they_came),
		PROMISE(payloads_are_bytes_and_are_copied),
		PROMISE(what_is_the_same_is_sent_once_where_changes_count),
		PROMISE(what_changes_back_while_it_waits_is_not_sent),
		PROMISE(a_message_that_flies_is_not_overtaken),
		PROMISE(what_flies_counts_as_told),
		PROMISE(each_event_is_sent_in_order_and_before_states),
		PROMISE(of_too_many_events_the_oldest_go_and_are_counted),
		PROMISE(an_event_that_flies_is_not_given_up_for_a_newer_one),
		PROMISE(a_lost_connection_keeps_events_and_nothing_else),
		PROMISE(after_a_lost_connection_what_flew_is_free),
		PROMISE(what_is_untold_is_sent_again),
		PROMISE(an_empty_message_waits_as_others_do),
		PROMISE(ten_thousand_topics_are_kept_apart),
		PROMISE(whatever_comes_slots_do_as_arrays_do),
	};

	return keep_promises(promises, COUNT(promises));
}
