// SPDX-License-Identifier: MIT
/*
 * Discovery: when meters are told of, and what is taken back. With the argument "print" it prints
 * what each kind of meter is told as, which discovery.t checks:
 *
 *	CASE flags TOPIC PAYLOAD, with tabs between them
 */
#include "../../userspace/meterd/mqtt_offer.h"
#include "../../userspace/meterd/source.h"
#include "../../userspace/meterd/state_json.h"
#include "house.h"

/* The messages of one call, as mqtt_out.c would send them. */

#define MESSAGES_MAX 256

static struct message {
	char topic[MQTT_TOPIC_LEN + 1];
	char *payload;
	unsigned int flags;
} messages[MESSAGES_MAX];
static unsigned int message_count;

static void forget_messages(void)
{
	for (unsigned int i = 0; i < message_count; i++)
		free(messages[i].payload);
	message_count = 0;
}

static struct message *next_message(const char *topic, va_list args)
{
	struct message *message = &messages[message_count++];

	if (message_count > MESSAGES_MAX)
		abort();
	if (vsnprintf(message->topic, sizeof(message->topic), topic, args) > MQTT_TOPIC_LEN)
		abort();
	return message;
}

FILE *mqtt_begin(struct mqtt_out *o)
{
	o->text = open_memstream(&o->bytes, &o->len);
	return o->text;
}

void mqtt_end(struct mqtt_out *o, unsigned int flags, const char *topic, ...)
{
	struct message *message;
	va_list args;

	va_start(args, topic);
	message = next_message(topic, args);
	va_end(args);
	fclose(o->text);
	message->payload = o->bytes;
	message->flags = flags;
}

void mqtt_withdraw(struct mqtt_out *o, const char *topic, ...)
{
	struct message *message;
	va_list args;

	(void)o;
	va_start(args, topic);
	message = next_message(topic, args);
	va_end(args);
	message->payload = strdup("");
	message->flags = MQTT_RETAIN | MQTT_QOS1;
}

static struct house h;
static struct line *line;
static struct mqtt_config config;
static struct mqtt_out out;

/* A house with one source and a configured meter, told of by device discovery. */
static struct meter_config *open_house(void)
{
	house_open(&h);
	line = house_source(&h, "house", SOURCE_TCP);
	h.sources[0].cycle_s = -1;
	h.replay = true;
	config = (struct mqtt_config){
		.topic = (char *)"meter",
		.discovery = DISCOVERY_DEVICE,
		.discovery_prefix = (char *)"homeassistant",
		.component_prefix = (char *)"domoticz",
		.cycle_s = -1,
	};
	out = (struct mqtt_out){ .config = &config, .cycle_s = 5, .offers = mqtt_offers_new() };
	return house_meter(&h, "041876097767", "");
}

static bool done(bool kept)
{
	forget_messages();
	mqtt_offers_free(out.offers);
	house_close(&h);
	return kept;
}

/* Tells of the meter that was heard last; the number of messages. */
static unsigned int tell(void)
{
	forget_messages();
	mqtt_discovery_meter(&out, h.last);
	return message_count;
}

static bool told_is(unsigned int wanted, const char *when)
{
	unsigned int count = tell();

	return count == wanted || broken("%s: %u messages, not %u", when, count, wanted);
}

static const struct message *message_of(const char *topic)
{
	for (unsigned int i = 0; i < message_count; i++)
		if (!strcmp(messages[i].topic, topic))
			return &messages[i];
	return NULL;
}

static bool device_says(const char *text, bool wanted)
{
	const struct message *message = message_of("homeassistant/device/meter_house/config");

	if (!message)
		return broken("no message of the device");
	return !!strstr(message->payload, text) == wanted ||
	       broken("%s %s in %s", text, wanted ? "is not" : "is", message->payload);
}

/* Telegrams of all kinds of meters. */

#define ADCO "ADCO 041876097767"
#define ADSC "ADSC\t041876097767"
#define NUMBER "0-0:96.1.1(303431383736303937373637)\r\n"

static void hear_dsmr5(void)
{
	p1(&h, line, "1-3:0.2.8(50)\r\n0-0:1.0.0(%sW)\r\n" NUMBER
	   "1-0:1.8.1(001234.567*kWh)\r\n1-0:1.8.2(002345.678*kWh)\r\n"
	   "1-0:2.8.1(000123.456*kWh)\r\n1-0:2.8.2(000234.567*kWh)\r\n"
	   "0-0:96.14.0(0002)\r\n1-0:1.7.0(00.512*kW)\r\n1-0:2.7.0(00.000*kW)\r\n"
	   "0-0:96.7.21(00004)\r\n1-0:32.7.0(230.1*V)\r\n1-0:52.7.0(229.9*V)\r\n"
	   "1-0:72.7.0(231.0*V)\r\n1-0:31.7.0(001*A)\r\n1-0:51.7.0(000*A)\r\n"
	   "1-0:71.7.0(001*A)\r\n1-0:21.7.0(00.256*kW)\r\n1-0:41.7.0(00.000*kW)\r\n"
	   "1-0:61.7.0(00.256*kW)\r\n1-0:22.7.0(00.000*kW)\r\n1-0:42.7.0(00.000*kW)\r\n"
	   "1-0:62.7.0(00.000*kW)\r\n0-1:24.1.0(003)\r\n"
	   "0-1:96.1.0(4730303031)\r\n0-1:24.2.1(%sW)(00789.012*m3)\r\n",
	   winter(h.now_s), winter(h.now_s - 300));
}

static void hear_belgian(void)
{
	p1(&h, line, "0-0:96.1.4(50217)\r\n" NUMBER "0-0:1.0.0(%sW)\r\n"
	   "1-0:1.8.1(000123.456*kWh)\r\n1-0:1.8.2(000234.567*kWh)\r\n"
	   "1-0:2.8.1(000012.345*kWh)\r\n1-0:2.8.2(000023.456*kWh)\r\n0-0:96.14.0(0001)\r\n"
	   "1-0:1.4.0(02.351*kW)\r\n1-0:1.6.0(%sW)(04.329*kW)\r\n1-0:1.7.0(00.409*kW)\r\n"
	   "1-0:2.7.0(00.000*kW)\r\n1-0:32.7.0(234.7*V)\r\n1-0:31.7.0(002.00*A)\r\n"
	   "0-1:24.1.0(003)\r\n0-1:96.1.1(4730303031)\r\n0-1:24.2.3(%sW)(00112.384*m3)\r\n"
	   "0-2:24.1.0(007)\r\n0-2:96.1.1(5730303031)\r\n0-2:24.2.1(%sW)(00872.234*m3)\r\n",
	   winter(h.now_s), winter(h.now_s - 86400), winter(h.now_s - 300), winter(h.now_s - 300));
}

static void hear_heat(void)
{
	p1(&h, line, "0-0:1.0.0(%sW)\r\n" NUMBER "1-0:1.8.0(000123.456*kWh)\r\n"
	   "1-0:3.8.0(000000.100*kvarh)\r\n1-0:3.7.0(00.010*kvar)\r\n1-0:14.7.0(50.01*Hz)\r\n"
	   "1-0:13.7.0(0.982)\r\n0-1:24.1.0(004)\r\n0-1:96.1.0(4830303031)\r\n"
	   "0-1:24.2.1(%sW)(00012.345*GJ)\r\n", winter(h.now_s), winter(h.now_s - 300));
}

static void hear_standard(const char *label)
{
	char date[32], ltarf[64];

	snprintf(date, sizeof(date), "DATE\tH%s\t", winter(h.now_s));
	snprintf(ltarf, sizeof(ltarf), "LTARF\t%s", label);
	tic(&h, line, ADSC, date, ltarf, "EAST\t001234567", "EASF01\t000234567",
	    "EASF02\t001000000", "EAIT\t000012345", "ERQ1\t000000100", "ERQ2\t000000200",
	    "ERQ3\t000000300", "ERQ4\t000000400", "IRMS1\t002", "IRMS2\t003", "IRMS3\t004",
	    "URMS1\t230", "URMS2\t231", "URMS3\t232", "PREF\t12", "PCOUP\t12", "SINSTS\t02100",
	    "SINSTS1\t00500", "SINSTS2\t00700", "SINSTS3\t00900", "SINSTI\t00000", "NTARF\t02",
	    "STGE\t003A0001");
}

static void hear_standard_tempo(void)
{
	hear_standard("HP  BLEU");
}

static void hear_tempo(void)
{
	tic(&h, line, ADCO, "OPTARIF BBR(", "ISOUSC 45", "BBRHCJB 000000001", "BBRHPJB 000000002",
	    "BBRHCJW 000000003", "BBRHPJW 000000004", "BBRHCJR 000000005", "BBRHPJR 000000006",
	    "PTEC HPJB", "DEMAIN BLAN", "IINST 003", "PAPP 00700");
}

static void hear_number(const char *number)
{
	simple_p1(&h, line, number, 1000 + (h.now_s - BEGIN_S) / 10);
}

/* Hostile labels of the owner's configuration, and a meter that sends such a one. */
static void hear_hostile(void)
{
	hear_standard("{{ x }}\"'\\\xc3");
}

/** struct meter_case - a kind of meter; @labels: of its configuration */
static const struct meter_case {
	const char *name;
	void (*hear)(void);
	const char *labels[2];
	bool continuous;
	bool identity;
	const char *topic;
} cases[] = {
	{ .name = "dsmr5", .hear = hear_dsmr5 },
	{ .name = "belgian", .hear = hear_belgian },
	{ .name = "heat", .hear = hear_heat },
	{ .name = "standard", .hear = hear_standard_tempo },
	{ .name = "tempo", .hear = hear_tempo },
	{ .name = "labels", .hear = hear_dsmr5, .labels = { "HC", "HP \xc3\xa9t\xc3\xa9" } },
	{ .name = "continuous", .hear = hear_belgian, .continuous = true },
	{ .name = "identity", .hear = hear_dsmr5, .identity = true },
	{ .name = "hostile", .hear = hear_hostile, .topic = "a \"{{ x }}\"/caf\xc3\xa9",
	  .labels = { "\"},{{ value_json }}\\", "{% raw %}\xc3\x01" } },
};

static void open_case(const struct meter_case *c)
{
	struct meter_config *meter = open_house();

	for (unsigned int i = 0; i < COUNT(c->labels); i++)
		meter->tariff_labels[i] = (char *)c->labels[i];
	meter->continuous = c->continuous;
	out.identity = c->identity;
	if (c->topic)
		config.topic = (char *)c->topic;
	house_configure(&h);
	c->hear();
}

static void print_messages(const char *name)
{
	for (unsigned int i = 0; i < message_count; i++)
		printf("%s\t%u\t%s\t%s\n", name, messages[i].flags, messages[i].topic,
		       messages[i].payload);
}

static void print_state(const char *name)
{
	const struct state_options options = { .identity = false };

	printf("%s\tstate\t%s/%s\t", name, config.topic, h.last->name);
	meter_state_json(stdout, h.last, meter_now_ms(h.last), &options);
	putchar('\n');
}

/* A meter that has every quantity, which no real one has. */
static void print_everything(void)
{
	struct mqtt_offer *offer;

	open_house();
	house_configure(&h);
	hear_dsmr5();
	config.discovery |= DISCOVERY_COMPONENT;
	offer = mqtt_offer_of(out.offers, "house");
	for (unsigned int key = 0; key < ENTITY_COUNT; key++)
		entity_add(&offer->all, key);
	tell();
	print_messages("everything");
	for (unsigned int q = 0; q < QUANTITY_COUNT; q++)
		printf("everything\tquantity\t%s\t%s\n", quantity_info[q].name,
		       register_index(q) >= 0 ? "register" : "live");
	for (unsigned int i = 0; event_name_at(i); i++)
		printf("everything\tevent\t%s\t\n", event_name_at(i));
	done(true);
}

static int print_all(void)
{
	for (unsigned int i = 0; i < COUNT(cases); i++) {
		open_case(&cases[i]);
		config.discovery |= DISCOVERY_COMPONENT;
		tell();
		print_messages(cases[i].name);
		print_state(cases[i].name);
		done(true);
	}
	print_everything();
	return 0;
}

static bool a_meter_is_told_once(const char **skip)
{
	bool kept;

	(void)skip;
	open_house();
	house_configure(&h);
	hear_dsmr5();
	kept = told_is(1, "when it was heard") &&
	       message_of("homeassistant/device/meter_house/config") && told_is(0, "again");
	h.now_s += 10;
	hear_dsmr5();
	kept = kept && told_is(0, "with other values");
	mqtt_offers_untold(out.offers);
	return done(kept && told_is(1, "when nobody may know"));
}

static bool a_meter_that_was_not_heard_is_not_told(const char **skip)
{
	(void)skip;
	open_house();
	snprintf(h.meter_configs[0].name, sizeof(h.meter_configs[0].name), "house");
	house_configure(&h);
	h.last = meters_find(h.meters, "house");
	return done((h.last || broken("there is no meter")) && told_is(0, "before it was heard"));
}

static bool without_discovery_nothing_is_told(const char **skip)
{
	(void)skip;
	open_house();
	house_configure(&h);
	config.discovery = 0;
	hear_dsmr5();
	return done(told_is(0, "without discovery"));
}

static bool what_was_offered_is_not_taken_back_by_a_silent_meter(const char **skip)
{
	bool kept;

	(void)skip;
	open_house();
	h.replay = false;
	house_configure(&h);
	hear_dsmr5();
	kept = told_is(1, "when it was heard") && device_says("\"power_import\":{", true);
	h.now_s += 7 * 86400;
	kept = kept && told_is(0, "when it is silent");
	/* It comes back and says less. */
	hear_number("303431383736303937373637");
	mqtt_offers_untold(out.offers);
	return done(kept && told_is(1, "anew") &&
		    device_says("\"voltage_l1\":{\"p\":\"sensor\",", true) &&
		    device_says("\"gas\":{\"p\":\"sensor\",", true));
}

static bool what_comes_later_is_offered_then(const char **skip)
{
	bool kept;

	(void)skip;
	open_house();
	house_configure(&h);
	hear_number("303431383736303937373637");
	kept = told_is(1, "when it was heard") && device_says("\"gas\":{", false);
	h.now_s += 10;
	hear_dsmr5();
	return done(kept && told_is(1, "with gas") &&
		    device_says("\"gas\":{\"p\":\"sensor\",", true));
}

/* Another number on the line of a meter that has been heard, until it has taken its place. */
static void replace(void)
{
	const unsigned int before = h.last->replacements;

	for (unsigned int i = 0; i < 100 && h.last->replacements == before; i++) {
		h.now_s += 10;
		hear_number("303431383736303030303031");
	}
}

static bool what_only_the_meter_before_had_is_dropped_after_two_days(const char **skip)
{
	const struct message *gone;
	bool kept;

	(void)skip;
	open_house();
	house_configure(&h);
	hear_dsmr5();
	config.discovery |= DISCOVERY_COMPONENT;
	tell();
	replace();
	if (!h.last->replacements)
		return done(broken("the meter was not replaced"));
	tell();
	h.now_s += 47 * 3600;
	hear_number("303431383736303030303031");
	mqtt_offers_untold(out.offers);
	kept = tell() && device_says("\"voltage_l1\":{\"p\":\"sensor\",", true);
	h.now_s += 2 * 3600;
	hear_number("303431383736303030303031");
	kept = kept && tell() && device_says("\"voltage_l1\":{\"p\":\"sensor\"}", true) &&
	       device_says("\"energy_import_t1_day\":{\"p\":\"sensor\"}", true) &&
	       device_says("\"power_import\":{\"p\":\"sensor\",", true);
	gone = message_of("domoticz/sensor/meter_house_voltage_l1/config");
	if (kept && (!gone || gone->payload[0]))
		kept = broken("the component of a voltage was not withdrawn");
	return done(kept);
}

static bool a_meter_that_is_gone_leaves_nothing_retained(const char **skip)
{
	char topics[MESSAGES_MAX][MQTT_TOPIC_LEN + 1];
	unsigned int count;

	(void)skip;
	open_house();
	house_configure(&h);
	config.discovery |= DISCOVERY_COMPONENT;
	hear_dsmr5();
	count = tell();
	if (count < 25)
		return done(broken("%u messages only", count));
	for (unsigned int i = 0; i < count; i++)
		memcpy(topics[i], messages[i].topic, sizeof(topics[i]));
	forget_messages();
	mqtt_discovery_gone(&out, "house");
	for (unsigned int i = 0; i < count; i++) {
		const struct message *message = message_of(topics[i]);

		if (!message || message->payload[0])
			return done(broken("%s stays", topics[i]));
	}
	/* One of that name is a new one. */
	return done(told_is(count, "when it is there again"));
}

static bool gone_withdraws_what_earlier_runs_may_have_told(const char **skip)
{
	(void)skip;
	open_house();
	house_configure(&h);
	config.discovery |= DISCOVERY_COMPONENT;
	mqtt_discovery_gone(&out, "house");
	if (!message_of("homeassistant/device/meter_house/config"))
		return done(broken("the device was not withdrawn"));
	for (unsigned int q = 0; q < QUANTITY_COUNT; q++) {
		char topic[128];

		snprintf(topic, sizeof(topic), "domoticz/sensor/meter_house_%s/config",
			 quantity_info[q].name);
		if (!message_of(topic))
			return done(broken("%s was not withdrawn", topic));
	}
	return done(true);
}

static u32 expires_s(void)
{
	return mqtt_offer_of(out.offers, h.last->name)->expire_s;
}

static bool expires_after(u32 wanted_s, const char *when)
{
	tell();
	return expires_s() == wanted_s ||
	       broken("%s: values expire after %u s, not %u", when, expires_s(), wanted_s);
}

static void hear_each(unsigned int seconds, unsigned int times)
{
	while (times--) {
		h.now_s += seconds;
		hear_dsmr5();
	}
}

static bool live_values_expire_by_the_pace_of_the_meter_and_do_not_flap(const char **skip)
{
	bool kept;

	(void)skip;
	open_house();
	house_configure(&h);
	hear_dsmr5();
	kept = expires_after(60, "a first telegram");
	hear_each(1, 5);
	kept = kept && expires_after(60, "each second") && told_is(0, "each second");
	hear_each(10, 5);
	kept = kept && expires_after(300, "each 10 s");
	hear_each(3600, 1);
	hear_each(10, 1);
	kept = kept && expires_after(300, "after a gap");
	hear_each(1, 5);
	return done(kept && expires_after(300, "each second again") && told_is(0, "again"));
}

static bool live_values_outlive_the_cycle(const char **skip)
{
	bool kept;

	(void)skip;
	open_house();
	out.cycle_s = 60;
	house_configure(&h);
	hear_dsmr5();
	kept = expires_after(1800, "with the daemon's cycle");
	out.cycle_s = 5;
	h.source[0].config.cycle_s = 300;
	kept = kept && expires_after(7200, "with that of the source");
	config.cycle_s = 3600;
	return done(kept && expires_after(43200, "with that of [mqtt]"));
}

static bool another_label_is_told(const char **skip)
{
	bool kept;

	(void)skip;
	open_house();
	house_configure(&h);
	hear_dsmr5();
	kept = told_is(1, "without labels") && device_says("\"Energy import tariff 1\"", true);
	h.meter_configs[0].tariff_labels[0] = (char *)"HC";
	house_configure(&h);
	return done(kept && told_is(1, "with a label") &&
		    device_says("\"uniq_id\":\"meter_house_energy_import_t1\"", true) &&
		    device_says("\"Energy import HC\"", true));
}

int main(int argc, char **argv)
{
	static const struct promise promises[] = {
		PROMISE(a_meter_is_told_once),
		PROMISE(a_meter_that_was_not_heard_is_not_told),
		PROMISE(without_discovery_nothing_is_told),
		PROMISE(what_was_offered_is_not_taken_back_by_a_silent_meter),
		PROMISE(what_comes_later_is_offered_then),
		PROMISE(what_only_the_meter_before_had_is_dropped_after_two_days),
		PROMISE(a_meter_that_is_gone_leaves_nothing_retained),
		PROMISE(gone_withdraws_what_earlier_runs_may_have_told),
		PROMISE(live_values_expire_by_the_pace_of_the_meter_and_do_not_flap),
		PROMISE(live_values_outlive_the_cycle),
		PROMISE(another_label_is_told),
	};

	log_set_level(LEVEL_ERROR);
	if (argc > 1 && !strcmp(argv[1], "print"))
		return print_all();
	return keep_promises(promises, COUNT(promises));
}
