// SPDX-License-Identifier: MIT
/*
 * The sink that tells a broker: which layout is told what, and when.
 */
#include <stdlib.h>
#include <sys/random.h>

#include "mqtt_link.h"
#include "mqtt_out.h"
#include "publish.h"
#include "state_json.h"

/* In each minute every meter has its turn; so often some of them. */
#define TURNS_MAX 60
#define MINUTE_MS 60000
/* Home Assistant is answered within this time, for it asks everybody at once. */
#define BIRTH_MS 10000

static const struct mqtt_layout *const layouts[] = {
	&layout_native, &layout_dsmr_reader, &layout_teleinfo2mqtt, &layout_datacollector,
};

#define LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

/** struct gone_name - a name that the broker may still know */
struct gone_name {
	struct gone_name *next;
	char name[METER_NAME_LEN + 1];
};

/**
 * struct mqtt_sink - the sink
 * @out: where messages are made
 * @turn: the next meters have their minute
 * @birth: Home Assistant is answered
 * @after: name of the meter that had its turn last
 * @round: how often all was begun to be told; 0: never
 * @telling: it goes on; @told_after is the meter that was told last
 * @gone: names that were given up while the broker was away
 */
struct mqtt_sink {
	struct sink sink;
	struct mqtt_out out;
	struct event *turn;
	struct event *birth;
	char after[METER_NAME_LEN + 1];
	u32 round;
	bool telling;
	char told_after[METER_NAME_LEN + 1];
	struct gone_name *gone;
};

static struct mqtt_sink *mqtt_of(struct sink *s)
{
	return (struct mqtt_sink *)s;
}

/* The layouts that are configured and have a function do it. */
#define EACH_LAYOUT(s, function, ...)                                                              \
	do {                                                                                       \
		for (unsigned int i_ = 0; i_ < LAYOUTS; i_++)                                      \
			if ((s)->out.config->layouts & layouts[i_]->flag && layouts[i_]->function) \
				layouts[i_]->function(&(s)->out, ##__VA_ARGS__);                   \
	} while (0)

static bool is_online(const struct mqtt_sink *s)
{
	return mqtt_link_online(s->out.link);
}

/* Entities first, so that nobody reads an empty state. */
static void withdraw(struct mqtt_sink *s, const char *name)
{
	if (s->out.config->discovery)
		mqtt_discovery_gone(&s->out, name);
	EACH_LAYOUT(s, gone, name);
}

/* The first time in a round, the broker knows nothing of it, or what was long ago. */
static void tell_state(struct mqtt_sink *s, struct meter *m, u64 now_ms)
{
	bool first = m->told != s->round;

	m->told = s->round;
	EACH_LAYOUT(s, meter, m, now_ms);
	if (s->out.config->discovery)
		mqtt_discovery_meter(&s->out, m);
	if (first)
		EACH_LAYOUT(s, minute, m);
}

/* A place that a configuration keeps for a meter that was never heard is told nobody. */
static bool is_told(const struct meter *m)
{
	return m->book && !m->source_gone;
}

/* Without memory it is left to its owner. */
static void remember_gone(struct mqtt_sink *s, const char *name)
{
	struct gone_name *gone = malloc(sizeof(*gone));

	if (!gone)
		return;
	snprintf(gone->name, sizeof(gone->name), "%s", name);
	gone->next = s->gone;
	s->gone = gone;
}

/* @withdrawn: from the broker, unless another meter is called so now. */
static void forget_gone(struct mqtt_sink *s, bool withdrawn)
{
	while (s->gone) {
		struct gone_name *gone = s->gone;
		const struct meter *m = meters_find(s->out.view->meters, gone->name);

		if (withdrawn && !(m && is_told(m)))
			withdraw(s, gone->name);
		s->gone = gone->next;
		free(gone);
	}
}

static struct meter *meter_after(const struct mqtt_sink *s, const char *name)
{
	struct meter *m = meters_first(s->out.view->meters);

	while (m && strcmp(m->name, name) <= 0)
		m = m->next;
	return m;
}

/* As many meters as the link has room for; it calls when it has room again. */
static void tell_on(void *context)
{
	struct mqtt_sink *s = context;
	struct meter *m;

	while (s->telling && !mqtt_link_is_full(s->out.link)) {
		m = meter_after(s, s->told_after);
		if (!m) {
			s->telling = false;
			break;
		}
		if (m->source_gone)
			withdraw(s, m->name);
		else if (m->book && m->told != s->round)
			tell_state(s, m, meter_now_ms(m));
		strcpy(s->told_after, m->name);
	}
}

static void tell_all(struct mqtt_sink *s)
{
	s->round++;
	mqtt_link_untold(s->out.link);
	mqtt_offers_untold(s->out.offers);
	s->telling = true;
	s->told_after[0] = '\0';
	tell_on(s);
}

static void on_online(void *context)
{
	struct mqtt_sink *s = context;

	EACH_LAYOUT(s, online);
	forget_gone(s, true);
	tell_all(s);
}

static void on_disowned(void *context)
{
	struct mqtt_sink *s = context;

	EACH_LAYOUT(s, online);
}

static void on_birth_time(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	tell_all(context);
}

static void after_ms(struct event *e, u64 ms)
{
	struct timeval delay = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	event_add(e, &delay);
}

static void on_born(void *context)
{
	struct mqtt_sink *s = context;
	u32 random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = (u32)steady_ms();
	after_ms(s->birth, random % BIRTH_MS);
}

static unsigned int count_meters(const struct mqtt_sink *s)
{
	unsigned int count = 0;

	for (struct meter *m = meters_first(s->out.view->meters); m; m = m->next)
		count++;
	return count;
}

/* Turns are as even as they can be: each has the same number of meters, or one less. */
static void on_turn(evutil_socket_t fd, short what, void *context)
{
	struct mqtt_sink *s = context;
	unsigned int count = count_meters(s);
	unsigned int each = (count + TURNS_MAX - 1) / TURNS_MAX;
	unsigned int turns = each ? (count + each - 1) / each : 1;

	(void)fd;
	(void)what;
	for (unsigned int i = 0; i < each; i++) {
		struct meter *m = meter_after(s, s->after);

		if (!m)
			m = meters_first(s->out.view->meters);
		if (!m)
			break;
		if (is_online(s) && !s->telling && is_told(m))
			EACH_LAYOUT(s, minute, m);
		strcpy(s->after, m->name);
	}
	after_ms(s->turn, MINUTE_MS / turns);
}

static void mqtt_meter(struct sink *sink, struct meter *m, u64 now_ms)
{
	struct mqtt_sink *s = mqtt_of(sink);

	if (is_online(s))
		tell_state(s, m, now_ms);
}

static void mqtt_changed(struct sink *sink, const struct meter *m)
{
	struct mqtt_sink *s = mqtt_of(sink);

	if (!is_online(s) || !is_told(m))
		return;
	EACH_LAYOUT(s, changed, m);
	EACH_LAYOUT(s, minute, m);
}

static void mqtt_gone(struct sink *sink, const char *name)
{
	struct mqtt_sink *s = mqtt_of(sink);

	if (is_online(s))
		withdraw(s, name);
	else
		remember_gone(s, name);
}

static void mqtt_event(struct sink *sink, const struct event_note *e)
{
	struct mqtt_sink *s = mqtt_of(sink);

	EACH_LAYOUT(s, event, e);
}

static bool mqtt_status(const struct sink *sink, struct sink_status *status)
{
	const struct mqtt_sink *s = (const struct mqtt_sink *)sink;
	struct mqtt_link_status link;

	mqtt_link_status(s->out.link, &link);
	status->connected = link.online;
	status->connections = link.connections;
	status->sent = link.sent;
	status->lost = link.lost;
	snprintf(status->what, sizeof(status->what), "%s:%u", s->out.config->host,
		 s->out.config->port);
	snprintf(status->why, sizeof(status->why), "%s", link.why);
	return true;
}

static bool same_places(const struct mqtt_config *a, const struct mqtt_config *b)
{
	return !strcmp(a->topic, b->topic) && a->layouts == b->layouts &&
	       a->discovery == b->discovery && !strcmp(a->discovery_prefix, b->discovery_prefix) &&
	       !strcmp(a->component_prefix, b->component_prefix);
}

static void take_config(struct mqtt_sink *s, const struct config *c)
{
	s->out.config = c->mqtt;
	s->out.zone = c->zone;
	s->out.cycle_s = c->cycle_s;
	s->out.identity = c->identity;
}

/* What stands where nothing will stand any more must go before the names of the places are lost. */
static void leave_places(struct mqtt_sink *s)
{
	EACH_LAYOUT(s, offline);
	for (struct meter *m = meters_first(s->out.view->meters); m; m = m->next)
		withdraw(s, m->name);
	mqtt_withdraw(&s->out, "%s/bridge/state", s->out.config->topic);
}

static bool mqtt_keep(struct sink *sink, const struct config *c, const struct sink_config *own)
{
	struct mqtt_sink *s = mqtt_of(sink);

	(void)own;
	if (is_online(s) && !same_places(s->out.config, c->mqtt))
		leave_places(s);
	else if (is_online(s) && !mqtt_link_stays(s->out.link, c->mqtt, c->state))
		EACH_LAYOUT(s, offline);
	take_config(s, c);
	return mqtt_link_configure(s->out.link, c->mqtt, c->state);
}

/* Names, numbers, labels may all be others than before. */
static void mqtt_configured(struct sink *sink)
{
	struct mqtt_sink *s = mqtt_of(sink);

	if (is_online(s))
		on_online(s);
}

static void mqtt_free(struct sink *sink)
{
	struct mqtt_sink *s = mqtt_of(sink);

	if (s->out.link && is_online(s))
		EACH_LAYOUT(s, offline);
	mqtt_link_end(s->out.link);
	forget_gone(s, false);
	if (s->turn)
		event_free(s->turn);
	if (s->birth)
		event_free(s->birth);
	mqtt_out_close(&s->out);
	mqtt_offers_free(s->out.offers);
	free(s);
}

/* Another sink, which is no more, counted its own. */
static void forget_rounds(struct mqtt_sink *s)
{
	for (struct meter *m = meters_first(s->out.view->meters); m; m = m->next)
		m->told = 0;
}

static struct sink *mqtt_create(const struct sink_world *w, const struct config *c,
				const struct sink_config *own)
{
	struct mqtt_sink *s = calloc(1, sizeof(*s));
	const struct mqtt_link_calls calls = {
		.online = on_online,
		.drained = tell_on,
		.born = on_born,
		.disowned = on_disowned,
		.context = s,
	};

	(void)own;
	if (!s)
		return NULL;
	s->out.view = w->view;
	take_config(s, c);
	forget_rounds(s);
	s->turn = event_new(w->base, -1, 0, on_turn, s);
	s->birth = event_new(w->base, -1, 0, on_birth_time, s);
	s->out.offers = mqtt_offers_new();
	s->out.link = mqtt_link_new(w->base, &calls);
	if (s->turn && s->birth && s->out.offers && s->out.link && mqtt_out_open(&s->out) &&
	    mqtt_link_configure(s->out.link, c->mqtt, c->state)) {
		after_ms(s->turn, MINUTE_MS / TURNS_MAX);
		return &s->sink;
	}
	mqtt_free(&s->sink);
	return NULL;
}

const struct sink_ops sink_mqtt = {
	.create = mqtt_create,
	.keep = mqtt_keep,
	.begin = mqtt_configured,
	.meter = mqtt_meter,
	.changed = mqtt_changed,
	.gone = mqtt_gone,
	.event = mqtt_event,
	.status = mqtt_status,
	.free = mqtt_free,
};
