// SPDX-License-Identifier: MIT
/*
 * Discovery: what Home Assistant, openHAB and Domoticz are told that there is.
 *
 * Device discovery is one message for each meter, component discovery one for each entity (Home
 * Assistant, MQTT, "MQTT discovery"). Members have their abbreviated names, which all that read
 * discovery know: so the message of a meter that says a lot stays below 16 KiB. "topic" within
 * "avty" and the identifiers are as Domoticz wants them (MQTTAutoDiscover.cpp). Templates are made
 * of words of this program only, in the form that Domoticz reads, too: a path and one filter.
 *
 * A live value that is not in the state is unknown; a register that is not there stays what it was,
 * for Home Assistant passes over an empty text where it expects a number (mqtt/sensor.py).
 */
#include <ctype.h>
#include <string.h>

#include "../lib/json.h"
#include "mqtt_offer.h"

#define ID_LEN (MQTT_TOPIC_LEN + 1 + METER_NAME_LEN)

#define CONFIG_FLAGS (MQTT_RETAIN | MQTT_QOS1 | MQTT_CHANGED)

/** struct period_words - a running period of the topic of periods; @when to a person */
struct period_words {
	const char *member;
	const char *suffix;
	const char *when;
};

static const struct period_words period_words[] = {
	{ "day", "_day", "today" },
	{ "month", "_month", "this month" },
};

#define PERIOD_WORDS (sizeof(period_words) / sizeof(period_words[0]))

/** struct payload - one that is being made; @id begins all ids of the meter, @comma a component */
struct payload {
	FILE *out;
	const char *comma;
	const struct mqtt_out *o;
	const struct meter *m;
	const struct mqtt_offer *offer;
	char id[ID_LEN + 1];
};

/* [a-zA-Z0-9_-], whatever the topic is made of. */
static void make_id(const struct mqtt_out *o, const char *name, char id[ID_LEN + 1])
{
	snprintf(id, ID_LEN + 1, "%s_%s", o->config->topic, name);
	for (; *id; id++) {
		if (!isascii((unsigned char)*id) || (!isalnum((unsigned char)*id) && *id != '-'))
			*id = '_';
	}
}

static void print_text(const struct payload *p, const char *member, const char *text)
{
	if (text)
		fprintf(p->out, ",\"%s\":\"%s\"", member, text);
}

/* A topic below that of the daemon, as a string. */
__attribute__((format(printf, 2, 3)))
static void print_topic(const struct payload *p, const char *format, ...)
{
	char below[METER_NAME_LEN + 32], topic[MQTT_TOPIC_LEN + sizeof(below) + 2];
	va_list args;

	va_start(args, format);
	vsnprintf(below, sizeof(below), format, args);
	va_end(args);
	snprintf(topic, sizeof(topic), "%s/%s", p->o->config->topic, below);
	json_utf8(p->out, topic);
}

/* Domoticz knows one topic, and that is the last one. */
static void print_availability(const struct payload *p, bool of_meter)
{
	fputs(",\"avty\":[{\"topic\":", p->out);
	print_topic(p, "bridge/state");
	if (of_meter) {
		fputs("},{\"topic\":", p->out);
		print_topic(p, "%s/availability", p->m->name);
	}
	fputs("}]", p->out);
	if (of_meter)
		print_text(p, "avty_mode", "all");
}

static const char *model(enum telegram_protocol protocol)
{
	switch (protocol) {
	case TELEGRAM_UNKNOWN:
		break;
	case TELEGRAM_TIC_HISTORIQUE:
		return "TIC historique";
	case TELEGRAM_TIC_STANDARD:
		return "TIC standard";
	case TELEGRAM_P1:
		return "DSMR P1";
	case TELEGRAM_DLMS:
		return "DLMS";
	}
	return NULL;
}

/*
 * Home Assistant merges devices of which one identifier is the same, Domoticz goes by the first.
 * No id of a meter has a ':'.
 */
static void print_device(const struct payload *p, enum mqtt_group group)
{
	static const char *const names[GROUP_COUNT] = {
		[GROUP_IMPORT] = "import",
		[GROUP_EXPORT] = "export",
		[GROUP_COUNTERS] = "counters",
	};

	fputs("\"dev\":{\"ids\":[", p->out);
	if (names[group])
		fprintf(p->out, "\"%s:%s\",", p->id, names[group]);
	fprintf(p->out, "\"%s\"],\"name\":\"%s\"", p->id, p->m->name);
	print_text(p, "mdl", model(p->m->protocol));
	if (p->o->identity && p->m->number[0]) {
		fputs(",\"sn\":", p->out);
		json_text(p->out, p->m->number);
	}
	fputs("},\"o\":{\"name\":\"meterd\",\"sw\":\"" METERLINE_VERSION "\"}", p->out);
}

/* What a person reads: may change, unlike the ids. @when NULL: no period. */
static void print_name(const struct payload *p, unsigned int key, const char *when)
{
	const struct mqtt_entity *e = mqtt_entity(key);
	unsigned int tariff = key < QUANTITY_COUNT ? register_tariff(key) : 0;
	const char *label = NULL;
	char name[128], number[16] = "";

	if (tariff && p->m->config)
		label = p->m->config->tariff_labels[tariff - 1];
	if (tariff && !label)
		snprintf(number, sizeof(number), "tariff %u", tariff);
	snprintf(name, sizeof(name), "%s%s%s%s%s%s", e->name, tariff ? " " : "", number,
		 label ? label : "", when ? " " : "", when ? when : "");
	fputs(",\"name\":", p->out);
	json_utf8(p->out, name);
}

static const char *platform(unsigned int key)
{
	return key == ENTITY_EVENT ? "event" : "sensor";
}

/*
 * @suffix: that of a period, or "". No id ends in '_' and another one, so that meters whose names
 * begin alike do not get the same. An entity id has no capitals and no '-'.
 */
static void print_ids(const struct payload *p, const char *suffix, unsigned int key)
{
	const char *id = mqtt_entity_id(key);

	fprintf(p->out, ",\"uniq_id\":\"%s_%s%s\",\"def_ent_id\":\"%s.", p->id, id, suffix,
		platform(key));
	for (const char *c = p->m->name; *c; c++)
		fputc(*c == '-' ? '_' : tolower((unsigned char)*c), p->out);
	fprintf(p->out, "_%s%s\"", id, suffix);
}

static void print_class(const struct payload *p, const struct mqtt_entity *e,
			const char *state_class)
{
	print_text(p, "dev_cla", e->device_class);
	print_text(p, "stat_cla", state_class);
	print_text(p, "unit_of_meas", e->unit);
	print_text(p, "ic", e->icon);
	if (e->digits)
		fprintf(p->out, ",\"sug_dsp_prc\":%u", e->digits);
	if (e->options)
		fprintf(p->out, ",\"ops\":%s", e->options);
}

static bool is_live(unsigned int key)
{
	return key >= FIRST_LIVE && key < Q_gas;
}

static bool is_register(unsigned int key)
{
	return key < QUANTITY_COUNT && register_index(key) >= 0;
}

/* Where in the state the value stands, and what it is when it is not there. */
static void print_value(const struct payload *p, unsigned int key)
{
	const char *missing = "none", *path = "";

	if (is_register(key)) {
		missing = "''";
		path = p->m->config && p->m->config->continuous ? "continuous." : "quantities.";
	} else if (key < QUANTITY_COUNT) {
		path = "quantities.";
	}
	fprintf(p->out, ",\"val_tpl\":\"{{ value_json.%s%s | default(%s) }}\"", path,
		key == ENTITY_LAST_TELEGRAM ? "received" : mqtt_entity_id(key), missing);
}

/* What a sensor is. */
static void print_sensor(const struct payload *p, unsigned int key)
{
	const struct mqtt_entity *e = mqtt_entity(key);

	print_class(p, e, e->state_class);
	print_value(p, key);
	if (is_live(key))
		fprintf(p->out, ",\"exp_aft\":%u", p->offer->expire_s);
	if (e->flags & ENTITY_DIAGNOSTIC)
		print_text(p, "ent_cat", "diagnostic");
	if (e->flags & ENTITY_DISABLED)
		fputs(",\"en\":false", p->out);
}

static void print_event_types(const struct payload *p)
{
	const char *comma = "", *name;

	fputs(",\"evt_typ\":[", p->out);
	for (unsigned int i = 0; (name = event_name_at(i)); i++, comma = ",")
		fprintf(p->out, "%s\"%s\"", comma, name);
	fputc(']', p->out);
}

/* Home Assistant wants the name as "event_type", all else are attributes (mqtt/event.py). */
static void print_event(const struct payload *p)
{
	fputs(",\"stat_t\":", p->out);
	print_topic(p, "%s/event", p->m->name);
	print_event_types(p);
	print_text(p, "val_tpl", "{{ dict(value_json, event_type=value_json.event) | to_json }}");
}

static void begin_component(struct payload *p, const char *suffix, unsigned int key)
{
	fprintf(p->out, "%s\"%s%s\":{\"p\":\"%s\"", p->comma, mqtt_entity_id(key), suffix,
		platform(key));
	p->comma = ",";
}

/* What a register counted in the running day or month: begins again with it. */
static void print_period(struct payload *p, unsigned int key, const struct period_words *w)
{
	begin_component(p, w->suffix, key);
	print_ids(p, w->suffix, key);
	print_name(p, key, w->when);
	print_class(p, mqtt_entity(key), "total");
	fputs(",\"stat_t\":", p->out);
	print_topic(p, "%s/period", p->m->name);
	fprintf(p->out, ",\"val_tpl\":\"{{ value_json.%s.%s | default(none) }}\"", w->member,
		mqtt_entity_id(key));
	fprintf(p->out, ",\"lrst_val_tpl\":\"{{ value_json.%s.start | default('') }}\"",
		w->member);
	fputs(",\"en\":false}", p->out);
}

static void print_component(struct payload *p, unsigned int key)
{
	begin_component(p, "", key);
	print_ids(p, "", key);
	print_name(p, key, NULL);
	if (key == ENTITY_EVENT)
		print_event(p);
	else
		print_sensor(p, key);
	if (mqtt_entity(key)->flags & ENTITY_STANDS)
		print_availability(p, false);
	fputc('}', p->out);
	for (unsigned int i = 0; is_register(key) && i < PERIOD_WORDS; i++)
		print_period(p, key, &period_words[i]);
}

/* With nothing but its platform a component is taken away. */
static void print_dropped(struct payload *p, unsigned int key)
{
	begin_component(p, "", key);
	fputc('}', p->out);
	for (unsigned int i = 0; is_register(key) && i < PERIOD_WORDS; i++) {
		begin_component(p, period_words[i].suffix, key);
		fputc('}', p->out);
	}
}

static void print_components(struct payload *p)
{
	fputs(",\"cmps\":{", p->out);
	p->comma = "";
	for (unsigned int key = 0; key < ENTITY_COUNT; key++) {
		if (entity_in(&p->offer->all, key))
			print_component(p, key);
		else if (entity_in(&p->offer->dropped, key))
			print_dropped(p, key);
	}
	fputc('}', p->out);
}

static void tell_device(struct payload *p, struct mqtt_out *o)
{
	p->out = mqtt_begin(o);
	fputc('{', p->out);
	print_device(p, GROUP_METER);
	fputs(",\"stat_t\":", p->out);
	print_topic(p, "%s", p->m->name);
	print_availability(p, true);
	print_components(p);
	fputc('}', p->out);
	mqtt_end(o, CONFIG_FLAGS, "%s/device/%s/config", o->config->discovery_prefix, p->id);
}

static bool in_component_discovery(unsigned int key)
{
	return !(mqtt_entity(key)->flags & ENTITY_DEVICE_ONLY);
}

static void tell_component(struct payload *p, struct mqtt_out *o, unsigned int key)
{
	p->out = mqtt_begin(o);
	fputc('{', p->out);
	print_device(p, mqtt_entity(key)->group);
	print_ids(p, "", key);
	print_name(p, key, NULL);
	fputs(",\"stat_t\":", p->out);
	print_topic(p, "%s", p->m->name);
	print_sensor(p, key);
	print_availability(p, !(mqtt_entity(key)->flags & ENTITY_STANDS));
	fputc('}', p->out);
	mqtt_end(o, CONFIG_FLAGS, "%s/sensor/%s_%s/config", o->config->component_prefix, p->id,
		 mqtt_entity_id(key));
}

static void withdraw_component(struct mqtt_out *o, const char *id, unsigned int key)
{
	mqtt_withdraw(o, "%s/sensor/%s_%s/config", o->config->component_prefix, id,
		      mqtt_entity_id(key));
}

static void tell_components(struct payload *p, struct mqtt_out *o)
{
	for (unsigned int key = 0; key < ENTITY_COUNT; key++) {
		if (!in_component_discovery(key))
			continue;
		if (entity_in(&p->offer->all, key))
			tell_component(p, o, key);
		else if (entity_in(&p->offer->dropped, key))
			withdraw_component(o, p->id, key);
	}
}

/**
 * mqtt_discovery_meter - tells what a meter has, when that is not what was told last
 * @o: where to
 * @m: the meter; nothing is told before it was heard
 *
 * Without memory for what is to be remembered nothing is told. Loop thread.
 */
void mqtt_discovery_meter(struct mqtt_out *o, const struct meter *m)
{
	struct payload p = { .o = o, .m = m };
	struct mqtt_offer *offer;

	if (!o->config->discovery || !m->heard)
		return;
	offer = mqtt_offer_of(o->offers, m->name);
	if (!offer || !mqtt_offer_update(offer, o, m))
		return;
	p.offer = offer;
	make_id(o, m->name, p.id);
	if (o->config->discovery & DISCOVERY_DEVICE)
		tell_device(&p, o);
	if (o->config->discovery & DISCOVERY_COMPONENT)
		tell_components(&p, o);
}

/**
 * mqtt_discovery_gone - takes away all that may ever have been told of a meter
 * @o: where to
 * @name: no meter is called so any more
 *
 * Loop thread.
 */
void mqtt_discovery_gone(struct mqtt_out *o, const char *name)
{
	char id[ID_LEN + 1];

	make_id(o, name, id);
	mqtt_offer_forget(o->offers, name);
	if (o->config->discovery & DISCOVERY_DEVICE)
		mqtt_withdraw(o, "%s/device/%s/config", o->config->discovery_prefix, id);
	for (unsigned int key = 0; o->config->discovery & DISCOVERY_COMPONENT && key < ENTITY_COUNT;
	     key++) {
		if (in_component_discovery(key))
			withdraw_component(o, id, key);
	}
}
