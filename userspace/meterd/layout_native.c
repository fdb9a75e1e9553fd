// SPDX-License-Identifier: MIT
/*
 * Our own topics: TOPIC/NAME and what stands below it, TOPIC/bridge/state.
 */
#include "../lib/json.h"
#include "mqtt.h"
#include "period_json.h"
#include "state_json.h"

static void native_online(struct mqtt_out *o)
{
	fputs("online", mqtt_begin(o));
	mqtt_end(o, MQTT_RETAIN | MQTT_QOS1, "%s/bridge/state", o->config->topic);
}

/* Whether this field counts: of a label that comes twice the last one does. */
static bool is_last(const struct telegram *t, unsigned int i)
{
	const struct field *f = &t->fields[i];

	for (unsigned int k = i + 1; k < t->nfields; k++) {
		const struct field *other = &t->fields[k];

		if (f->row == other->row && f->label_len == other->label_len &&
		    !memcmp(t->text + f->label, t->text + other->label, f->label_len))
			return false;
	}
	return true;
}

/* DATE has nothing but its stamp. P1 has one group in most lines, and brackets around it. */
static void print_value(FILE *out, const struct telegram *t, const struct field *f)
{
	struct span group;
	unsigned int next;

	if (t->protocol != TELEGRAM_P1) {
		if (!f->len && tic_field_has_horodate(f))
			json_string(out, t->text + f->label + f->label_len + 1, tic_horodate_len(f));
		else
			json_string(out, t->text + f->value, f->len);
		return;
	}
	group = p1_group(t, f, 0, &next);
	if (next >= f->len)
		json_string(out, group.bytes, group.len);
	else
		json_string(out, t->text + f->value, f->len);
}

static bool wants_fields(const struct mqtt_out *o, const struct telegram *t)
{
	if (o->config->fields == FIELDS_OF_TIC)
		return !telegram_has_obis(t);
	return o->config->fields == FIELDS_ALWAYS;
}

static void tell_fields(struct mqtt_out *o, const struct meter *m)
{
	const char *comma = "{";
	struct telegram t;
	FILE *out;

	if (!meter_newest_telegram(m, &t) || !wants_fields(o, &t))
		return;
	out = mqtt_begin(o);
	for (unsigned int i = 0; i < t.nfields; i++) {
		const struct field *f = &t.fields[i];

		if ((!o->identity && field_identifies(&t, f)) || !is_last(&t, i))
			continue;
		fputs(comma, out);
		json_string(out, t.text + f->label, f->label_len);
		fputc(':', out);
		print_value(out, &t, f);
		comma = ",";
	}
	fputs(*comma == '{' ? "{}" : "}", out);
	mqtt_end(o, MQTT_RETAIN | MQTT_CHANGED, "%s/%s/fields", o->config->topic, m->name);
}

static void tell_availability(struct mqtt_out *o, const struct meter *m, bool online)
{
	fputs(online ? "online" : "offline", mqtt_begin(o));
	mqtt_end(o, MQTT_RETAIN | MQTT_QOS1 | MQTT_CHANGED, "%s/%s/availability",
		 o->config->topic, m->name);
}

static void tell_state(struct mqtt_out *o, const struct meter *m, u64 now_ms, unsigned int flags)
{
	struct state_options state = { .identity = o->identity };

	meter_state_json(mqtt_begin(o), m, now_ms, &state);
	mqtt_end(o, MQTT_RETAIN | flags, "%s/%s", o->config->topic, m->name);
}

static void native_meter(struct mqtt_out *o, const struct meter *m, u64 now_ms)
{
	tell_state(o, m, now_ms, 0);
	tell_fields(o, m);
	tell_availability(o, m, meter_line_state(m) == LINE_CONNECTED);
}

/* A replay's present is that of its telegrams. */
static s64 present_s(const struct meter *m)
{
	return m->replay && m->has_time ? m->time_s : host_unix_ms() / 1000;
}

/* Values of a meter that is not heard age all the same: none may stand there as if it were new. */
static void native_minute(struct mqtt_out *o, const struct meter *m)
{
	FILE *out;

	if (meter_line_state(m) != LINE_CONNECTED)
		tell_state(o, m, meter_now_ms(m), MQTT_CHANGED);
	out = mqtt_begin(o);
	if (period_json(out, o->view->store, m, present_s(m)))
		mqtt_end(o, MQTT_RETAIN | MQTT_QOS1 | MQTT_CHANGED, "%s/%s/period",
			 o->config->topic, m->name);
}

/* With the state: its word for the line is another one, and live values are no more. */
static void native_changed(struct mqtt_out *o, const struct meter *m)
{
	native_meter(o, m, meter_now_ms(m));
}

static void native_offline(struct mqtt_out *o)
{
	for (const struct meter *m = meters_first(o->view->meters); m; m = m->next)
		if (m->book && !m->source_gone)
			tell_availability(o, m, false);
	fputs("offline", mqtt_begin(o));
	mqtt_end(o, MQTT_RETAIN | MQTT_QOS1, "%s/bridge/state", o->config->topic);
}

static void native_gone(struct mqtt_out *o, const char *name)
{
	static const char *const below[] = { "", "/fields", "/availability", "/period" };

	for (unsigned int i = 0; i < sizeof(below) / sizeof(below[0]); i++)
		mqtt_withdraw(o, "%s/%s%s", o->config->topic, name, below[i]);
}

static void native_event(struct mqtt_out *o, const struct event_note *e)
{
	fwrite(e->json, 1, e->len, mqtt_begin(o));
	mqtt_end(o, MQTT_QOS1 | MQTT_EACH, "%s/%s/event", o->config->topic, e->name);
}

const struct mqtt_layout layout_native = {
	.flag = LAYOUT_NATIVE,
	.online = native_online,
	.meter = native_meter,
	.minute = native_minute,
	.changed = native_changed,
	.offline = native_offline,
	.gone = native_gone,
	.event = native_event,
};
