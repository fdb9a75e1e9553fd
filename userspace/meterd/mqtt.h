/* SPDX-License-Identifier: MIT */
/*
 * What is told to a broker: layouts and discovery make messages, the link sends them.
 */
#ifndef METERD_MQTT_H
#define METERD_MQTT_H

#include "events.h"
#include "view.h"

/* Flags of a message. */
#define MQTT_RETAIN	0x1u	/* the broker keeps it for who comes later */
#define MQTT_QOS1	0x2u	/* at least once, else at most once */
#define MQTT_CHANGED	0x4u	/* not again when it is what its topic had last */
#define MQTT_EACH	0x8u	/* no later one of its topic takes its place while it waits */

/* Topics that are longer are not sent: names and numbers of the project are far below. */
#define MQTT_TOPIC_LEN 255

struct mqtt_link;
struct mqtt_offers;

/**
 * struct layout_memory - what layouts know from one call to the next; all 0 at first
 * @unfit_told: so many meters, it was said, have a number that cannot stand in a topic
 * @choice_told: it was said that dsmr-reader needs to be told which meter
 * @served: the meter that dsmr-reader's topics are of; "": nobody has been
 * @gas_s: when its newest gas was captured; 0: not known
 * @gas_milli: that value, thousandths of m3
 * @gas_step_milli: by how much it is more than the one before; less than 0: not known
 */
struct layout_memory {
	unsigned int unfit_told;
	bool choice_told;
	char served[METER_NAME_LEN + 1];
	s64 gas_s;
	s64 gas_milli;
	s64 gas_step_milli;
};

/**
 * struct mqtt_out - where messages are made
 * @config: [mqtt]
 * @view: what there is to tell of
 * @zone: of the daemon
 * @cycle_s: of the daemon
 * @identity: numbers of meters may be told
 * @offers: what discovery has told; kept as long as the daemon runs
 * @link: to the broker
 * @memory: of the layouts
 * @text: the payload that is being made
 */
struct mqtt_out {
	const struct mqtt_config *config;
	const struct view *view;
	const struct zone *zone;
	int cycle_s;
	bool identity;
	struct mqtt_offers *offers;
	struct mqtt_link *link;
	struct layout_memory memory;
	FILE *text;
	char *bytes;
	size_t len;
};

/* mqtt_out.c: a message is what was printed between the two. Loop thread. */
FILE *mqtt_begin(struct mqtt_out *o);
__attribute__((format(printf, 3, 4)))
void mqtt_end(struct mqtt_out *o, unsigned int flags, const char *topic, ...);
/* The broker forgets what it kept under a topic. */
__attribute__((format(printf, 2, 3)))
void mqtt_withdraw(struct mqtt_out *o, const char *topic, ...);

/**
 * struct mqtt_layout - topics and payloads as somebody knows them
 * @flag: LAYOUT_*
 * @online: the broker took the connection, after which all is told anew
 * @meter: the state of a meter, at its cycle and when the broker came back
 * @minute: each minute, for what changes slowly: periods
 * @changed: the line of a meter has another state
 * @offline: meterd ends or leaves the broker: what is retained must not look alive
 * @gone: no meter is called so any more: nothing of it stays retained
 * @event: something happened
 *
 * Each may be NULL. None is called while there is no connection: all is told when there is one.
 */
struct mqtt_layout {
	unsigned int flag;
	void (*online)(struct mqtt_out *o);
	void (*meter)(struct mqtt_out *o, const struct meter *m, u64 now_ms);
	void (*minute)(struct mqtt_out *o, const struct meter *m);
	void (*changed)(struct mqtt_out *o, const struct meter *m);
	void (*offline)(struct mqtt_out *o);
	void (*gone)(struct mqtt_out *o, const char *name);
	void (*event)(struct mqtt_out *o, const struct event_note *e);
};

extern const struct mqtt_layout layout_native, layout_dsmr_reader, layout_teleinfo2mqtt,
	layout_datacollector;

/*
 * mqtt_discovery.c: what Home Assistant and Domoticz are told that there is. Only of meters that
 * were heard since the start, and what they offer only grows: a value that is late is not gone.
 */
void mqtt_discovery_meter(struct mqtt_out *o, const struct meter *m);
void mqtt_discovery_gone(struct mqtt_out *o, const char *name);

/* mqtt_offer.c: NULL without memory. */
struct mqtt_offers *mqtt_offers_new(void);
void mqtt_offers_free(struct mqtt_offers *all);
/* Nobody may know any more what was offered: the next mqtt_discovery_meter() tells it anew. */
void mqtt_offers_untold(struct mqtt_offers *all);

#endif /* METERD_MQTT_H */
