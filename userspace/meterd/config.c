// SPDX-License-Identifier: MIT
/*
 * The configuration: from the text of its files to what the daemon does.
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../kernel/telegram/telegram.h"
#include "../decode/d2l.h"
#include "../decode/dlms_line.h"
#include "../lib/text.h"
#include "config_keys.h"
#include "config_text.h"
#include "config_values.h"
#include "listen.h"

#define DEFAULT_CYCLE_S		5
#define DEFAULT_HTTP_HOST	"127.0.0.1"
#define DEFAULT_HTTP_PORT	8087
#define DEFAULT_TCP_PORT	8088
#define DEFAULT_D2L_HOST	"0.0.0.0"
#define DEFAULT_D2L_CONNECTIONS	4096
#define DEFAULT_SERVE_HOST	"127.0.0.1"
#define DEFAULT_SERVE_PORT	8088
#define CET_OFFSET_MIN		60
#define DEFAULT_MEASUREMENT	"electricity"
#define DEFAULT_MQTT_HOST	"localhost"
#define DEFAULT_MQTT_PORT	1883
#define DEFAULT_MQTTS_PORT	8883
#define DEFAULT_MQTT_TOPIC	"meter"
#define DEFAULT_MQTT_PREFIX	"homeassistant"
#define DEFAULT_MQTT_COMPONENTS	"domoticz"	/* beside DEFAULT_MQTT_PREFIX for devices */

/**
 * struct building - a configuration in the making
 * @directory: that relative paths begin at
 */
struct building {
	struct config_text text;
	struct config *config;
	char *directory;
};

static void source_config_free(struct source_config *s)
{
	free(s->trace);
	free(s->host);
	free(s->device);
	free(s->path);
	free(s->key_file);
	free(s->listen_host);
	meter_keys_free(s->keys);
	d2l_keys_free(s->modules);
}

static void meter_config_free(struct meter_config *m)
{
	for (unsigned int i = 0; i < TARIFF_COUNT; i++)
		free(m->tariff_labels[i]);
	free(m->scales);
}

static void sink_config_free(struct sink_config *s)
{
	free(s->path);
	free(s->listen_host);
	free(s->token_file);
	sink_target_free(&s->target);
}

static void mqtt_config_free(struct mqtt_config *m)
{
	if (!m)
		return;
	free(m->host);
	free(m->ca_file);
	free(m->cert_file);
	free(m->key_file);
	free(m->user);
	free(m->password_file);
	free(m->client_id);
	free(m->topic);
	free(m->discovery_prefix);
	free(m->component_prefix);
	free(m);
}

static void price_config_free(struct price_config *p)
{
	free(p->meters);
	for (unsigned int d = 0; d < DIRECTION_COUNT; d++)
		free(p->quarters[d]);
}

/**
 * config_free - frees a configuration
 * @c: of config_read(), or NULL
 */
void config_free(struct config *c)
{
	if (!c)
		return;
	for (unsigned int i = 0; i < c->source_count; i++)
		source_config_free(&c->sources[i]);
	for (unsigned int i = 0; i < c->meter_count; i++)
		meter_config_free(&c->meters[i]);
	for (unsigned int i = 0; i < c->sink_count; i++)
		sink_config_free(&c->sinks[i]);
	for (unsigned int i = 0; i < c->price_count; i++)
		price_config_free(&c->prices[i]);
	for (unsigned int i = 0; i < c->host_name_count; i++)
		free(c->host_names[i]);
	free(c->sources);
	free(c->meters);
	free(c->sinks);
	mqtt_config_free(c->mqtt);
	free(c->prices);
	free(c->host_names);
	free(c->listen_host);
	free(c->user);
	free(c->runtime);
	free(c->state);
	free(c);
}

/* The first directory of a variable of the service manager, or @parent/meterd. */
static char *directory_of(const char *variable, const char *parent)
{
	const char *given = getenv(variable);
	char *directory;

	if (given && *given)
		return strndup(given, strcspn(given, ":"));
	if (!parent || *parent != '/' || asprintf(&directory, "%s/meterd", parent) < 0)
		return NULL;
	return directory;
}

static char *default_state(void)
{
	const char *home = getenv("HOME");
	char *parent, *state;

	if (geteuid() == 0)
		return directory_of("STATE_DIRECTORY", "/var/lib");
	state = directory_of("STATE_DIRECTORY", getenv("XDG_STATE_HOME"));
	if (state || !home || asprintf(&parent, "%s/.local/state", home) < 0)
		return state;
	state = directory_of("STATE_DIRECTORY", parent);
	free(parent);
	return state;
}

static char *default_runtime(const char *state)
{
	char *runtime = directory_of("RUNTIME_DIRECTORY",
				     geteuid() == 0 ? "/run" : getenv("XDG_RUNTIME_DIR"));

	return runtime ? runtime : strdup(state);
}

/* $TZ, else what /etc/localtime points at, else UTC. */
static const struct zone *system_zone(void)
{
	const char *tz = getenv("TZ"), *name;
	const struct zone *zone = NULL;
	char path[PATH_MAX];
	ssize_t len;

	if (tz && *tz)
		zone = zone_get(*tz == ':' ? tz + 1 : tz);
	if (zone)
		return zone;
	len = readlink("/etc/localtime", path, sizeof(path) - 1);
	if (len > 0) {
		path[len] = '\0';
		name = strstr(path, "/zoneinfo/");
		zone = name ? zone_get(name + strlen("/zoneinfo/")) : NULL;
	}
	return zone ? zone : zone_get("UTC");
}

static struct config *new_config(void)
{
	struct config *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->cycle_s = DEFAULT_CYCLE_S;
	c->log = LEVEL_INFO;
	c->listen_host = strdup(DEFAULT_HTTP_HOST);
	c->listen_port = DEFAULT_HTTP_PORT;
	if (c->listen_host)
		return c;
	config_free(c);
	return NULL;
}

static struct source_config *add_source(struct config *c, const char *name, enum source_type type)
{
	struct source_config *s;

	if (!grow((void **)&c->sources, c->source_count, sizeof(*s)))
		return NULL;
	s = &c->sources[c->source_count++];
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->type = type;
	s->enabled = true;
	s->cycle_s = -1;
	s->protocols = LINE_AUTO;
	s->port = DEFAULT_TCP_PORT;
	s->makes_meters = true;
	if (type == SOURCE_MBUS) {
		s->protocols = LINE_P1;
		s->framings = DLMS_AUTO;
	}
	if (type == SOURCE_REPLAY)
		s->framings = DLMS_HDLC | DLMS_MBUS;
	if (type != SOURCE_D2L)
		return s;
	s->listen_host = strdup(DEFAULT_D2L_HOST);
	s->port = D2L_PORT;
	s->max_connections = DEFAULT_D2L_CONNECTIONS;
	return s->listen_host ? s : NULL;
}

static struct meter_config *add_meter(struct config *c, const char *number)
{
	struct meter_config *m;

	if (!grow((void **)&c->meters, c->meter_count, sizeof(*m)))
		return NULL;
	m = &c->meters[c->meter_count++];
	snprintf(m->number, sizeof(m->number), "%s", number);
	m->base_offset_min = CET_OFFSET_MIN;
	return m;
}

static struct sink_config *add_sink(struct config *c, const char *name, enum sink_type type)
{
	struct sink_config *s;

	if (!grow((void **)&c->sinks, c->sink_count, sizeof(*s)))
		return NULL;
	s = &c->sinks[c->sink_count++];
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->type = type;
	s->cycle_s = -1;
	snprintf(s->measurement, sizeof(s->measurement), DEFAULT_MEASUREMENT);
	if (type != SINK_SERVE)
		return s;
	/* A reader of P1 expects each telegram of the meter. */
	s->cycle_s = 0;
	s->listen_host = strdup(DEFAULT_SERVE_HOST);
	s->listen_port = DEFAULT_SERVE_PORT;
	return s->listen_host ? s : NULL;
}

static bool add_mqtt(struct config *c)
{
	struct mqtt_config *m = calloc(1, sizeof(*m));

	c->mqtt = m;
	if (!m)
		return false;
	m->host = strdup(DEFAULT_MQTT_HOST);
	m->topic = strdup(DEFAULT_MQTT_TOPIC);
	m->discovery_prefix = strdup(DEFAULT_MQTT_PREFIX);
	m->version = 3;
	m->layouts = LAYOUT_NATIVE;
	m->discovery = DISCOVERY_DEVICE;
	m->cycle_s = -1;
	return m->host && m->topic && m->discovery_prefix;
}

static struct price_config *add_price(struct config *c, const char *name)
{
	struct price_config *p;

	if (!grow((void **)&c->prices, c->price_count, sizeof(*p)))
		return NULL;
	p = &c->prices[c->price_count++];
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->terms.from_day = DATE_ALWAYS;
	for (unsigned int d = 0; d < DIRECTION_COUNT; d++)
		p->terms.factor[d] = FACTOR_ONE;
	return p;
}

/* Keys such as scale.OBIS and import_tN. */
static bool goes_on(const char *name, size_t len)
{
	return name[len - 1] == '.' || (len > 2 && !strcmp(name + len - 2, "_t"));
}

static const struct config_key *find_key(const struct config_kind *kind, const char *name)
{
	for (const struct config_key *k = kind->keys; k->name; k++) {
		size_t len = strlen(k->name);

		if (goes_on(k->name, len) ? !strncmp(name, k->name, len) : !strcmp(name, k->name))
			return k;
	}
	return NULL;
}

static bool has_type(const struct config_key *k, unsigned int type)
{
	return !k->types || k->types & type;
}

/* "type, enabled or cycle": the keys that a section of this type has. */
static void list_keys(const struct config_kind *kind, unsigned int type, char *text, size_t size)
{
	size_t len = 0;

	*text = '\0';
	for (const struct config_key *k = kind->keys; k->name && len < size; k++)
		if (has_type(k, type))
			len += snprintf(text + len, size - len, "%s%s", len ? ", " : "", k->name);
}

/* "serial or replay": the types that have a key. */
static void list_types(const struct config_kind *kind, const struct config_key *k, char *text,
		       size_t size)
{
	size_t len = 0;

	*text = '\0';
	for (unsigned int t = 0; t < kind->type_count && len < size; t++)
		if (k->types & 1u << t)
			len += snprintf(text + len, size - len, "%s%s", len ? " or " : "",
					kind->types[t]);
}

static void refuse_later(struct building *b, const struct config_place *place, const char *what,
			 const struct later_word *later)
{
	config_error(&b->text, place, "%s: this meterd (%s) cannot do %s yet; leave it out", what,
		     METERLINE_VERSION, later->what);
}

static bool same_section(const struct config_section *a, const struct config_section *b)
{
	return !strcmp(a->kind, b->kind) && !strcmp(a->name, b->name);
}

/* The same key before @e in sections of this kind and name, or NULL. */
static const struct config_entry *earlier_entry(const struct building *b,
						const struct config_section *s,
						const struct config_entry *e)
{
	/* One with a name stands once. */
	for (const struct config_section *at = *s->name ? s : b->text.sections; at <= s; at++) {
		if (!same_section(at, s))
			continue;
		for (unsigned int i = 0; i < at->count; i++) {
			if (&at->entries[i] == e)
				return NULL;
			if (!strcmp(at->entries[i].key, e->key))
				return &at->entries[i];
		}
	}
	return NULL;
}

static void apply_value(struct building *b, const struct config_key *k,
			const struct config_entry *e, void *item)
{
	struct key_value v = {
		.text = e->value,
		.rest = e->key + strlen(k->name),
		.directory = b->directory,
		.config = b->config,
	};
	const char *value;

	if (k->set(&v, item))
		return;
	value = v.hidden ? "***" : e->value;
	if (*v.problem)
		config_error(&b->text, &e->place, "%s = %s: %s", e->key, value, v.problem);
	else
		config_error(&b->text, &e->place, "%s = %s: expected %s", e->key, value,
			     k->expected);
}

static void apply_entry(struct building *b, const struct config_kind *kind,
			const struct config_section *s, const struct config_entry *e,
			unsigned int type, void *item)
{
	const struct later_word *later = config_later(s->kind, e->key, e->value);
	const struct config_entry *earlier = earlier_entry(b, s, e);
	const struct config_key *k = find_key(kind, e->key);
	char list[512];

	if (earlier) {
		config_error(&b->text, &e->place,
			     "%s: it was given already at %s:%u, expected once", e->key,
			     earlier->place.file, earlier->place.line);
	} else if (later) {
		refuse_later(b, &e->place, e->key, later);
	} else if (!k) {
		list_keys(kind, type, list, sizeof(list));
		config_error(&b->text, &e->place, "%s: [%s] has no such key, expected one of %s",
			     e->key, s->kind, list);
	} else if (!has_type(k, type)) {
		list_types(kind, k, list, sizeof(list));
		config_error(&b->text, &e->place,
			     "%s: not a key of a %s of this type, expected with type = %s", e->key,
			     kind->name, list);
	} else {
		apply_value(b, k, e, item);
	}
}

static const struct config_entry *entry_of(const struct config_section *s, const char *key)
{
	for (unsigned int i = 0; i < s->count; i++)
		if (!strcmp(s->entries[i].key, key))
			return &s->entries[i];
	return NULL;
}

static void missing(struct building *b, const struct config_section *s, const struct config_key *k)
{
	config_error(&b->text, &s->place, "[%s %s]: %s is missing, expected %s", s->kind, s->name,
		     k->name, k->expected);
}

static void apply_section(struct building *b, const struct config_kind *kind,
			  const struct config_section *s, unsigned int type, void *item)
{
	for (unsigned int i = 0; i < s->count; i++)
		apply_entry(b, kind, s, &s->entries[i], type, item);
	for (const struct config_key *k = kind->keys; k->name; k++)
		if (k->needed && has_type(k, type) && !entry_of(s, k->name))
			missing(b, s, k);
}

static void no_memory(struct building *b, const struct config_section *s)
{
	config_error(&b->text, &s->place, "[%s %s]: no memory for it", s->kind, s->name);
}

/* What has a type that is a mistake has no keys to check against. */
static bool type_of(struct building *b, const struct config_kind *kind,
		    const struct config_section *s, unsigned int *type)
{
	const struct config_entry *e = entry_of(s, "type");
	const struct config_key *k = find_key(kind, "type");

	if (!e)
		missing(b, s, k);
	else if (config_type_by_name(kind, e->value, type))
		return true;
	else
		apply_entry(b, kind, s, e, 0, NULL);
	return false;
}

static void check_replay(struct building *b, const struct config_section *s)
{
	const struct config_entry *start = entry_of(s, "start");
	const struct config_entry *interval = entry_of(s, "interval");

	if (start && !interval)
		config_error(&b->text, &start->place,
			     "start: it needs interval too, expected interval = SECONDS");
	if (interval && !start)
		config_error(&b->text, &interval->place,
			     "interval: it needs start too, expected start = TIME");
}

/* M-Bus comes on a line of this machine, or through a converter. */
static void check_mbus(struct building *b, const struct config_section *s)
{
	const struct config_entry *host = entry_of(s, "host"), *port = entry_of(s, "port");
	const struct config_entry *device = entry_of(s, "device");

	if (!host && !device)
		config_error(&b->text, &s->place,
			     "[source %s]: device is missing, expected device = /dev/..., or host "
			     "and port of a converter", s->name);
	else if (host && device)
		config_error(&b->text, &host->place,
			     "host: there is a device, too; expected one of them");
	else if (!host != !port)
		config_error(&b->text, host ? &host->place : &port->place,
			     "%s: expected %s, too", host ? "host" : "port", host ? "port" : "host");
}

static void check_transport(struct building *b, const struct config_kind *kind,
			    const struct config_section *s, enum source_type type)
{
	if (type == SOURCE_MBUS)
		check_mbus(b, s);
	else if (type == SOURCE_TCP && !entry_of(s, "host"))
		missing(b, s, find_key(kind, "host"));
	else if (type == SOURCE_SERIAL && !entry_of(s, "device"))
		missing(b, s, find_key(kind, "device"));
}

static void build_source(struct building *b, const struct config_kind *kind,
			 const struct config_section *s)
{
	struct source_config *source;
	unsigned int type;

	if (!type_of(b, kind, s, &type))
		return;
	source = add_source(b->config, s->name, type);
	if (!source) {
		no_memory(b, s);
		return;
	}
	apply_section(b, kind, s, 1u << type, source);
	check_transport(b, kind, s, type);
	if (type == SOURCE_REPLAY)
		check_replay(b, s);
}

static void check_meter_name(struct building *b, const struct config_section *s)
{
	const struct config *c = b->config;
	const struct meter_config *m = &c->meters[c->meter_count - 1];

	for (unsigned int i = 0; *m->name && i + 1 < c->meter_count; i++) {
		if (strcmp(c->meters[i].name, m->name))
			continue;
		config_error(&b->text, &entry_of(s, "name")->place,
			     "name = %s: meter %s is called so, expected a name of its own",
			     m->name, c->meters[i].number);
	}
}

static bool number_is_good(const char *number)
{
	for (const char *c = number; *c; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return *number && strlen(number) <= METERLINE_NUMBER_MAX;
}

static void build_meter(struct building *b, const struct config_kind *kind,
			const struct config_section *s)
{
	struct meter_config *m;

	if (!number_is_good(s->name)) {
		config_error(&b->text, &s->place,
			     "[meter %s]: expected the meter's number, 1 to %d characters without "
			     "blanks", s->name, METERLINE_NUMBER_MAX);
		return;
	}
	m = add_meter(b->config, s->name);
	if (!m) {
		no_memory(b, s);
		return;
	}
	apply_section(b, kind, s, 0, m);
	check_meter_name(b, s);
}

static void check_token(struct building *b, const struct config_section *s,
			const struct sink_target *target)
{
	const struct config_entry *token = entry_of(s, "token_file");

	if (token && target->host && !target->path)
		config_error(&b->text, &token->place,
			     "token_file: datagrams have no place for it, expected url = http://...");
}

static void build_sink(struct building *b, const struct config_kind *kind,
		       const struct config_section *s)
{
	struct sink_config *sink;
	unsigned int type;

	if (!type_of(b, kind, s, &type))
		return;
	sink = add_sink(b->config, s->name, type);
	if (!sink) {
		no_memory(b, s);
		return;
	}
	apply_section(b, kind, s, 1u << type, sink);
	check_token(b, s, &sink->target);
}

/* Keys may come from several files. */
static void build_mqtt(struct building *b, const struct config_kind *kind,
		       const struct config_section *s)
{
	if (b->config->mqtt || add_mqtt(b->config))
		apply_section(b, kind, s, 0, b->config);
	else
		no_memory(b, s);
}

/* Where a section that was taken stands. */
static const struct config_place *price_place(const struct building *b, const char *name)
{
	const struct config_section *s = b->text.sections;

	while (strcmp(s->kind, "price") || strcmp(s->name, name))
		s++;
	return &s->place;
}

/* A meter that both are for; "" when both are for all; NULL: none. */
static const char *common_meter(const struct price_config *a, const struct price_config *b)
{
	if (!a->meters)
		return b->meters ? b->meters : "";
	for (const char *x = a->meters; *x; x += strlen(x) + 1) {
		if (!b->meters)
			return x;
		for (const char *y = b->meters; *y; y += strlen(y) + 1)
			if (!strcmp(x, y))
				return x;
	}
	return NULL;
}

static void check_price(struct building *b, const struct config_section *s,
			const struct price_config *p)
{
	const struct price_config *all = b->config->prices;

	for (const struct price_config *at = all; at < p; at++) {
		const char *meter = common_meter(at, p);

		if (*at->terms.currency && *p->terms.currency &&
		    strcmp(at->terms.currency, p->terms.currency))
			config_error(&b->text, &s->place,
				     "[price %s]: its currency is %s, that of [price %s] is %s, "
				     "expected the same in all",
				     p->name, p->terms.currency, at->name, at->terms.currency);
		if (!meter || at->terms.from_day != p->terms.from_day)
			continue;
		config_error(&b->text, &s->place,
			     "[price %s]: [price %s] at %s:%u holds from the same date for %s%s, "
			     "expected another 'from' or other meters", p->name, at->name,
			     price_place(b, at->name)->file, price_place(b, at->name)->line,
			     *meter ? "meter " : "all meters", meter);
	}
}

static void build_price(struct building *b, const struct config_kind *kind,
			const struct config_section *s)
{
	struct price_config *p = add_price(b->config, s->name);
	unsigned int errors = b->text.errors;

	if (!p) {
		no_memory(b, s);
		return;
	}
	apply_section(b, kind, s, 0, p);
	if (b->text.errors == errors)
		check_price(b, s, p);
}

/* Sections with a name stand once; false when this one cannot be taken. */
static bool check_argument(struct building *b, const struct config_kind *kind,
			   const struct config_section *s)
{
	if (!kind->argument) {
		if (*s->name)
			config_error(&b->text, &s->place, "[%s %s]: expected [%s]", s->kind,
				     s->name, s->kind);
		return !*s->name;
	}
	if (!*s->name) {
		config_error(&b->text, &s->place, "[%s]: expected [%s %s]", s->kind, s->kind,
			     kind->argument);
		return false;
	}
	if (strcmp(s->kind, "meter") && !name_is_good(s->name)) {
		config_error(&b->text, &s->place,
			     "[%s %s]: expected a name of 1 to %d of A-Z a-z 0-9 _ -, and not "
			     "bridge", s->kind, s->name, METER_NAME_LEN);
		return false;
	}
	for (const struct config_section *at = b->text.sections; at < s; at++) {
		if (!same_section(at, s))
			continue;
		config_error(&b->text, &s->place,
			     "[%s %s]: it was given already at %s:%u, expected once", s->kind,
			     s->name, at->place.file, at->place.line);
		return false;
	}
	return true;
}

static void build_section(struct building *b, const struct config_section *s)
{
	const struct later_word *later = config_later(s->kind, "", NULL);
	const struct config_kind *kind = config_kinds;
	char what[64];

	while (kind->name && strcmp(kind->name, s->kind))
		kind++;
	if (later) {
		snprintf(what, sizeof(what), "[%s]", s->kind);
		refuse_later(b, &s->place, what, later);
	} else if (!kind->name) {
		config_error(&b->text, &s->place,
			     "[%.80s]: there is no such section, expected daemon, http, mqtt, "
			     "source NAME, meter NUMBER, sink NAME or price NAME", s->kind);
	} else if (!check_argument(b, kind, s)) {
		return;
	} else if (!strcmp(s->kind, "source")) {
		build_source(b, kind, s);
	} else if (!strcmp(s->kind, "meter")) {
		build_meter(b, kind, s);
	} else if (!strcmp(s->kind, "sink")) {
		build_sink(b, kind, s);
	} else if (!strcmp(s->kind, "mqtt")) {
		build_mqtt(b, kind, s);
	} else if (!strcmp(s->kind, "price")) {
		build_price(b, kind, s);
	} else {
		apply_section(b, kind, s, 0, b->config);
	}
}

/* Where a key of [mqtt] was given; NULL: it was not. */
static const struct config_place *mqtt_given(const struct building *b, const char *key)
{
	for (unsigned int i = 0; i < b->text.count; i++) {
		const struct config_section *s = &b->text.sections[i];

		if (!strcmp(s->kind, "mqtt") && entry_of(s, key))
			return &entry_of(s, key)->place;
	}
	return NULL;
}

/* The same, or where [mqtt] begins. */
static const struct config_place *mqtt_place(const struct building *b, const char *key)
{
	const struct config_place *place = mqtt_given(b, key);

	for (unsigned int i = 0; !place && i < b->text.count; i++) {
		if (!strcmp(b->text.sections[i].kind, "mqtt"))
			place = &b->text.sections[i].place;
	}
	return place;
}

/* What one key needs of another. */
static void check_mqtt(struct building *b)
{
	const struct mqtt_config *m = b->config->mqtt;
	const unsigned int numbered = LAYOUT_TELEINFO2MQTT | LAYOUT_DATACOLLECTOR;

	if (!m->cert_file != !m->key_file)
		config_error(&b->text, mqtt_place(b, m->cert_file ? "cert_file" : "key_file"),
			     "cert_file and key_file: expected both or none");
	if (!m->tls && (m->ca_file || m->cert_file || m->insecure))
		config_error(&b->text, mqtt_place(b, m->ca_file ? "ca_file" : m->cert_file ?
						  "cert_file" : "insecure"),
			     "ca_file, cert_file, key_file and insecure: they need tls = yes");
	if (m->layouts & numbered && !b->config->identity)
		config_error(&b->text, mqtt_place(b, "layout"),
			     "layout: teleinfo2mqtt and smartmeter-datacollector have the meter's "
			     "number in their topics, expected identity = yes in [daemon]");
	if (m->discovery && !(m->layouts & LAYOUT_NATIVE) && mqtt_given(b, "discovery"))
		config_error(&b->text, mqtt_given(b, "discovery"),
			     "discovery: it tells of the topics of layout native, expected native "
			     "in layout, or discovery = none");
	if (m->component_prefix && !(m->discovery & DISCOVERY_COMPONENT))
		config_error(&b->text, mqtt_place(b, "component_prefix"),
			     "component_prefix: expected component in discovery");
	if (m->component_prefix && m->discovery & DISCOVERY_DEVICE &&
	    !strcmp(m->component_prefix, m->discovery_prefix))
		config_error(&b->text, mqtt_place(b, "component_prefix"),
			     "component_prefix: expected another than discovery_prefix, so that "
			     "nobody finds everything twice");
}

static void complete_mqtt(struct building *b)
{
	struct mqtt_config *m = b->config->mqtt;
	struct sink_config *sink = add_sink(b->config, "mqtt", SINK_MQTT);

	check_mqtt(b);
	if (!(m->layouts & LAYOUT_NATIVE))
		m->discovery = 0;
	if (!m->port)
		m->port = m->tls ? DEFAULT_MQTTS_PORT : DEFAULT_MQTT_PORT;
	if (!m->component_prefix)
		m->component_prefix = strdup(m->discovery & DISCOVERY_DEVICE ?
					     DEFAULT_MQTT_COMPONENTS : m->discovery_prefix);
	if (sink)
		sink->cycle_s = m->cycle_s;
	if (!sink || !m->component_prefix)
		config_error(&b->text, mqtt_place(b, "host"), "no memory for [mqtt]");
}

static const struct config_section *section_of(const struct building *b, const char *kind,
					       const char *name)
{
	for (unsigned int i = 0; i < b->text.count; i++)
		if (!strcmp(b->text.sections[i].kind, kind) &&
		    !strcmp(b->text.sections[i].name, name))
			return &b->text.sections[i];
	return NULL;
}

/* The entry of a section that gives a key in the configuration itself, or NULL. */
static const struct config_entry *inline_key(const struct config_section *s)
{
	static const char *const keys[] = { "key", "auth_key", "system_title" };
	const struct config_entry *e = NULL;

	for (unsigned int i = 0; !e && i < sizeof(keys) / sizeof(keys[0]); i++)
		e = entry_of(s, keys[i]);
	for (unsigned int i = 0; !e && i < s->count; i++)
		if (!strncmp(s->entries[i].key, "module.", strlen("module.")))
			e = &s->entries[i];
	return e;
}

/* Keys of enciphered telegrams: where they stand, and whether there is one. */
static void check_source_keys(struct building *b, const struct source_config *source)
{
	const struct config_section *s = section_of(b, "source", source->name);
	const struct config_entry *given = s ? inline_key(s) : NULL;
	const struct config_entry *file = s ? entry_of(s, "key_file") : NULL;

	if (given && file)
		config_error(&b->text, &given->place,
			     "%s: there is a key_file, too; expected all keys in one place",
			     given->key);
	else if (given && !b->config->inline_secrets)
		config_error(&b->text, &given->place,
			     "%s: others may read it here, expected key_file = FILE, or "
			     "allow_inline_secrets = yes in [daemon]", given->key);
	else if (given && source->type != SOURCE_D2L && !entry_of(s, "key"))
		config_error(&b->text, &given->place,
			     "%s: it is of use only with a key, expected key = 32 hex digits",
			     given->key);
	if ((given || file) && !(source->protocols & LINE_P1) && !source->framings)
		config_error(&b->text, given ? &given->place : &file->place,
			     "%s: it is for encrypted P1, expected protocol = auto or p1",
			     given ? given->key : file->key);
}

/* Who listens where this sink should, or NULL. */
static const char *listens_there(const struct config *c, const struct sink_config *own)
{
	if (c->listen_host && c->listen_port == own->listen_port &&
	    !strcmp(c->listen_host, own->listen_host))
		return "http";
	for (unsigned int i = 0; i < c->source_count; i++)
		if (c->sources[i].listen_host && c->sources[i].port == own->listen_port &&
		    !strcmp(c->sources[i].listen_host, own->listen_host))
			return c->sources[i].name;
	for (const struct sink_config *s = c->sinks; s < own; s++)
		if (s->listen_host && s->listen_port == own->listen_port &&
		    !strcmp(s->listen_host, own->listen_host))
			return s->name;
	return NULL;
}

static void check_serve(struct building *b, const struct sink_config *own)
{
	const struct config_section *s = section_of(b, "sink", own->name);
	const struct config_entry *listen = entry_of(s, "listen");
	const char *other = listens_there(b->config, own);

	if (own->raw && !b->config->identity && !host_is_loopback(own->listen_host))
		config_error(&b->text, &entry_of(s, "format")->place,
			     "format = raw: it has the meter's number, for all who reach this "
			     "port; expected listen = 127.0.0.1:%u, or identity = yes in [daemon]",
			     own->listen_port);
	if (own->raw && entry_of(s, "cycle"))
		config_error(&b->text, &entry_of(s, "cycle")->place,
			     "cycle: format = raw is all that comes, expected no cycle");
	if (own->raw && own->apparent_as_power)
		config_error(&b->text, &entry_of(s, "apparent_as_power")->place,
			     "apparent_as_power: format = raw is all that comes, expected "
			     "format = p1");
	if (other)
		config_error(&b->text, listen ? &listen->place : &s->place,
			     "listen = %s, port %u: %s listens there, expected another address or "
			     "port", own->listen_host, own->listen_port, other);
}

/* What follows from what was not given. */
static void complete(struct building *b)
{
	static const struct config_place nowhere = { .file = "configuration" };
	struct config *c = b->config;
	bool sources = false;

	for (unsigned int i = 0; i < b->text.count; i++)
		sources |= !strcmp(b->text.sections[i].kind, "source");
	if (!sources && !add_source(c, "kernel", SOURCE_KERNEL))
		config_error(&b->text, &nowhere, "no memory for it");
	for (unsigned int i = 0; i < c->source_count; i++)
		check_source_keys(b, &c->sources[i]);
	for (unsigned int i = 0; i < c->sink_count; i++)
		if (c->sinks[i].listen_host)
			check_serve(b, &c->sinks[i]);
	if (c->mqtt && c->mqtt->host && c->mqtt->topic)
		complete_mqtt(b);
	if (!c->state)
		c->state = default_state();
	if (!c->state)
		config_error(&b->text, &nowhere,
			     "no directory for the ledger is known, expected state = DIRECTORY in "
			     "[daemon], or $HOME");
	if (c->state && !c->runtime)
		c->runtime = default_runtime(c->state);
	if (!c->zone)
		c->zone = system_zone();
	if (!c->zone)
		config_error(&b->text, &nowhere,
			     "the system's time zone is not known, expected timezone = "
			     "Europe/Paris or another in [daemon], and the package tzdata");
}

static int is_configuration(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 && !strcmp(entry->d_name + len - 5, ".conf");
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void read_more(struct building *b, const char *beside, size_t directory_len)
{
	struct dirent **entries;
	char path[PATH_MAX];
	int count;

	snprintf(path, sizeof(path), "%.*sconf.d", (int)directory_len, beside);
	count = scandir(path, &entries, is_configuration, by_bytes);
	if (count < 0)
		return;
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%.*sconf.d/%s", (int)directory_len, beside,
			 entries[i]->d_name);
		config_text_read(&b->text, path);
		free(entries[i]);
	}
	free(entries);
}

static void read_files(struct building *b, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t directory_len = slash ? (size_t)(slash + 1 - path) : 0;
	char *given = strndup(path, directory_len);

	b->directory = given ? realpath(*given ? given : ".", NULL) : NULL;
	if (!b->directory)
		b->directory = strdup("/");
	free(given);
	config_text_read(&b->text, path);
	read_more(b, path, directory_len);
}

/**
 * config_read - reads a configuration
 * @path: the file; conf.d/NAME.conf beside it are read too, in the order of their bytes.
 *	NULL: none, all is as by default
 *
 * Each mistake is told in the log with its file and line. No other thread may change the
 * environment.
 *
 * Return: the configuration for config_free(), or NULL when there was a mistake.
 */
struct config *config_read(const char *path)
{
	struct building b = { .config = new_config() };

	if (!b.config) {
		log_line(LEVEL_ERROR, "configuration", "no memory for it");
		return NULL;
	}
	if (path)
		read_files(&b, path);
	for (unsigned int i = 0; i < b.text.count; i++)
		build_section(&b, &b.text.sections[i]);
	complete(&b);
	if (b.text.errors) {
		config_free(b.config);
		b.config = NULL;
	}
	config_text_free(&b.text);
	free(b.directory);
	return b.config;
}

/**
 * config_meter - the particulars of a meter
 * @c: the configuration
 * @number: of the meter
 *
 * Return: its section, or NULL.
 */
const struct meter_config *config_meter(const struct config *c, const char *number)
{
	for (unsigned int i = 0; i < c->meter_count; i++)
		if (!strcmp(c->meters[i].number, number))
			return &c->meters[i];
	return NULL;
}

/**
 * source_config_same - whether a source may go on as it is
 * @a: what it was started with
 * @b: what is wanted now
 */
bool source_config_same(const struct source_config *a, const struct source_config *b)
{
	return !strcmp(a->name, b->name) && a->type == b->type && a->enabled == b->enabled &&
	       a->cycle_s == b->cycle_s && same_text(a->trace, b->trace) &&
	       same_text(a->host, b->host) && a->port == b->port &&
	       same_text(a->device, b->device) && a->protocols == b->protocols &&
	       a->framings == b->framings && a->profile == b->profile &&
	       !strcmp(a->meter, b->meter) &&
	       a->speed_bit_per_s == b->speed_bit_per_s && a->parity == b->parity &&
	       same_text(a->path, b->path) && a->real_pace == b->real_pace &&
	       a->has_start == b->has_start && a->start_s == b->start_s &&
	       a->interval_s == b->interval_s && !strcmp(a->request.text, b->request.text) &&
	       !strcmp(a->led.text, b->led.text) && !strcmp(a->line.text, b->line.text) &&
	       a->inverted == b->inverted && a->makes_meters == b->makes_meters &&
	       same_text(a->key_file, b->key_file) && meter_keys_same(a->keys, b->keys) &&
	       a->refuses_replayed == b->refuses_replayed &&
	       same_text(a->listen_host, b->listen_host) &&
	       a->max_connections == b->max_connections;
}
