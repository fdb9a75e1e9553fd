// SPDX-License-Identifier: MIT
/*
 * Layouts that people know from elsewhere: their topics and payloads, in full.
 */
#include <event2/event.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../userspace/meterd/layout_dsmr.h"
#include "house.h"

#define ADCO_NUMBER "041876097767"
#define DSMR	    (MQTT_RETAIN | MQTT_QOS1 | MQTT_CHANGED)
#define QUARTER	    "dsmr/consumption/quarter-hour-peak-electricity/"

#define TOPICS_MAX 128

/** struct topic - @last: the newest payload, for MQTT_CHANGED; @kept: the broker has it */
struct topic {
	char name[MQTT_TOPIC_LEN + 1];
	char *last;
	unsigned int flags;
	bool kept;
};

/**
 * struct broker - what a real one would have, and what it passed on
 * @topics: that were ever retained, in the order of their first messages
 * @passed: messages that nobody keeps: topic, blank, payload, line end
 * @sent: messages that came
 */
static struct broker {
	struct topic topics[TOPICS_MAX];
	unsigned int count;
	struct text passed;
	unsigned int sent;
} broker;

static struct house h;
static struct event_base *base;
static struct mqtt_config config;
static struct view view;
static struct mqtt_out out;
/* The steady clock is that of the house; all others run. */
int clock_gettime(clockid_t id, struct timespec *t)
{
	if (id != CLOCK_BOOTTIME)
		return syscall(SYS_clock_gettime, id, t);
	*t = (struct timespec){ .tv_sec = house_ms(&h) / 1000 };
	return 0;
}

static char directory[] = "/tmp/meterline-layouts-XXXXXX";

static struct topic *topic_of(const char *name)
{
	unsigned int i = 0;

	while (i < broker.count && strcmp(broker.topics[i].name, name))
		i++;
	if (i == TOPICS_MAX)
		abort();
	if (i == broker.count) {
		strcpy(broker.topics[i].name, name);
		broker.count++;
	}
	return &broker.topics[i];
}

static void retain(const char *name, const char *payload, unsigned int flags)
{
	struct topic *t = topic_of(name);

	if (flags & MQTT_CHANGED && t->last && !strcmp(t->last, payload))
		return;
	free(t->last);
	t->last = strdup(payload);
	t->flags = flags;
	t->kept = *payload;
	broker.sent++;
}

FILE *mqtt_begin(struct mqtt_out *o)
{
	o->text = open_memstream(&o->bytes, &o->len);
	return o->text;
}

void mqtt_end(struct mqtt_out *o, unsigned int flags, const char *topic, ...)
{
	char name[MQTT_TOPIC_LEN + 1];
	va_list args;

	va_start(args, topic);
	vsnprintf(name, sizeof(name), topic, args);
	va_end(args);
	fclose(o->text);
	if (flags & MQTT_RETAIN) {
		retain(name, o->bytes, flags);
	} else {
		text_add(&broker.passed, "%s ", name);
		text_add_bytes(&broker.passed, (const u8 *)o->bytes, o->len);
		text_add(&broker.passed, "\n");
		broker.sent++;
	}
	free(o->bytes);
}

void mqtt_withdraw(struct mqtt_out *o, const char *topic, ...)
{
	char name[MQTT_TOPIC_LEN + 1];
	va_list args;

	(void)o;
	va_start(args, topic);
	vsnprintf(name, sizeof(name), topic, args);
	va_end(args);
	retain(name, "", DSMR);
}

static void forget(void)
{
	for (unsigned int i = 0; i < broker.count; i++)
		free(broker.topics[i].last);
	text_free(&broker.passed);
	memset(&broker, 0, sizeof(broker));
}

/* What the broker keeps: lines of topic, blank, payload; each with these flags. */
static bool keeps(unsigned int flags, const char *wanted)
{
	struct text text = { 0 };
	bool same;

	text_add(&text, "%s", "");
	for (unsigned int i = 0; i < broker.count; i++) {
		const struct topic *t = &broker.topics[i];

		if (t->kept && t->flags != flags)
			return broken("%s has flags 0x%x", t->name, t->flags);
		if (t->kept)
			text_add(&text, "%s %s\n", t->name, t->last);
	}
	same = !strcmp(text.at, wanted) || broken("the broker keeps\n%s", text.at);
	text_free(&text);
	return same;
}

static bool passes(const char *wanted)
{
	bool same;

	text_add(&broker.passed, "%s", "");
	same = !strcmp(broker.passed.at, wanted) || broken("what came is\n%s", broker.passed.at);
	text_free(&broker.passed);
	memset(&broker.passed, 0, sizeof(broker.passed));
	return same;
}

/* What is kept under one topic; "" when nothing is. */
static bool is_kept(const char *name, const char *wanted)
{
	const struct topic *t = topic_of(name);
	const char *kept = t->kept ? t->last : "";

	return !strcmp(kept, wanted) || broken("%s has \"%s\"", name, kept);
}

/* stderr goes to a file until said(), which tells whether these words are in it so often. */
static FILE *log_file;
static int real_stderr;

static void listen_to_log(void)
{
	fflush(stderr);
	log_file = tmpfile();
	real_stderr = dup(STDERR_FILENO);
	dup2(fileno(log_file), STDERR_FILENO);
}

static bool said(const char *words, unsigned int times)
{
	char text[8192];
	unsigned int count = 0;
	size_t len;

	fflush(stderr);
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	rewind(log_file);
	len = fread(text, 1, sizeof(text) - 1, log_file);
	text[len] = '\0';
	fclose(log_file);
	for (const char *at = text; (at = strstr(at, words)); at += strlen(words))
		count++;
	return count == times || broken("\"%s\" was said %u times in\n%s", words, count, text);
}

static void open_layouts(void)
{
	static unsigned int count;
	char path[sizeof(directory) + 16];
	const struct store_options options = { .directory = path };

	snprintf(path, sizeof(path), "%s/%u", directory, count++);
	mkdir(path, 0700);
	house_open(&h);
	h.store = store_open(base, &options, h.ledger);
	if (!h.store)
		abort();
	memset(&config, 0, sizeof(config));
	memset(&out, 0, sizeof(out));
	view = (struct view){ .meters = h.meters, .store = h.store, .ledger = h.ledger };
	out.config = &config;
	out.view = &view;
	out.zone = h.config.zone;
}

static bool done(bool kept)
{
	store_close(h.store);
	house_close(&h);
	forget();
	return kept;
}

static struct line *one_meter(void)
{
	struct line *line;

	open_layouts();
	line = house_source(&h, "house", SOURCE_TCP);
	house_configure(&h);
	return line;
}

static void dsmr(void)
{
	layout_dsmr_reader.meter(&out, h.last, house_ms(&h));
	layout_dsmr_reader.minute(&out, h.last);
}

static char *summer(s64 unix_s)
{
	static char text[14];
	time_t t = unix_s + 7200;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%y%m%d%H%M%SS", &tm);
	return text;
}

/* DSMR 5.0.2 of a meter with three phases and gas. */
static void dsmr5(struct line *line, unsigned int t1_wh, unsigned int t2_wh, const char *gas)
{
	p1(&h, line,
	   "1-3:0.2.8(50)\r\n0-0:1.0.0(%s)\r\n0-0:96.1.1(4B384547303034303436333935353037)\r\n"
	   "1-0:1.8.1(%06u.%03u*kWh)\r\n1-0:1.8.2(%06u.%03u*kWh)\r\n"
	   "1-0:2.8.1(000789.012*kWh)\r\n1-0:2.8.2(000345.678*kWh)\r\n0-0:96.14.0(0002)\r\n"
	   "1-0:1.7.0(01.193*kW)\r\n1-0:2.7.0(00.000*kW)\r\n0-0:96.7.21(00004)\r\n"
	   "0-0:96.7.9(00002)\r\n1-0:99.97.0(0)(0-0:96.7.19)\r\n1-0:32.32.0(00002)\r\n"
	   "1-0:52.32.0(00001)\r\n1-0:72.32.0(00000)\r\n1-0:32.36.0(00000)\r\n"
	   "1-0:52.36.0(00003)\r\n1-0:72.36.0(00000)\r\n0-0:96.13.0()\r\n"
	   "1-0:32.7.0(220.1*V)\r\n1-0:52.7.0(220.2*V)\r\n1-0:72.7.0(220.0*V)\r\n"
	   "1-0:31.7.0(001*A)\r\n1-0:51.7.0(002*A)\r\n1-0:71.7.0(003*A)\r\n"
	   "1-0:21.7.0(01.111*kW)\r\n1-0:41.7.0(02.222*kW)\r\n1-0:61.7.0(03.333*kW)\r\n"
	   "1-0:22.7.0(04.444*kW)\r\n1-0:42.7.0(05.555*kW)\r\n1-0:62.7.0(06.666*kW)\r\n"
	   "0-1:24.1.0(003)\r\n0-1:96.1.0(3232323241424344313233343536373839)\r\n"
	   "0-1:24.2.1(%s\r\n",
	   summer(h.now_s), t1_wh / 1000, t1_wh % 1000, t2_wh / 1000, t2_wh % 1000, gas);
}

static bool dsmr_reader_tells_of_a_dutch_meter(const char **skip)
{
	struct line *line = one_meter();

	(void)skip;
	line->decoder = &h.decoder;
	dsmr5(line, 123456789, 987654321, "241010120000S)(12785.123*m3)");
	dsmr();
	h.now_s += 900;
	dsmr5(line, 123456789, 987654421, "241010121500S)(12785.223*m3)");
	h.now_s += 900;
	dsmr5(line, 123457289, 987654521, "241010123000S)(12785.625*m3)");
	dsmr();
	h.now_s += 1;
	dsmr5(line, 123457290, 987654521, "241010123000S)(12785.625*m3)");
	dsmr();
	return done(keeps(DSMR, "dsmr/reading/timestamp 2024-10-10T10:30:01Z\n"
				"dsmr/reading/electricity_delivered_1 123457.290\n"
				"dsmr/reading/electricity_returned_1 789.012\n"
				"dsmr/reading/electricity_delivered_2 987654.521\n"
				"dsmr/reading/electricity_returned_2 345.678\n"
				"dsmr/reading/electricity_currently_delivered 1.193\n"
				"dsmr/reading/electricity_currently_returned 0.000\n"
				"dsmr/reading/phase_currently_delivered_l1 1.111\n"
				"dsmr/reading/phase_currently_delivered_l2 2.222\n"
				"dsmr/reading/phase_currently_delivered_l3 3.333\n"
				"dsmr/reading/phase_currently_returned_l1 4.444\n"
				"dsmr/reading/phase_currently_returned_l2 5.555\n"
				"dsmr/reading/phase_currently_returned_l3 6.666\n"
				"dsmr/reading/phase_voltage_l1 220.1\n"
				"dsmr/reading/phase_voltage_l2 220.2\n"
				"dsmr/reading/phase_voltage_l3 220.0\n"
				"dsmr/reading/phase_power_current_l1 1\n"
				"dsmr/reading/phase_power_current_l2 2\n"
				"dsmr/reading/phase_power_current_l3 3\n"
				"dsmr/reading/extra_device_delivered 12785.625\n"
				"dsmr/reading/extra_device_timestamp 2024-10-10T10:30:00Z\n"
				"dsmr/meter-stats/dsmr_version 50\n"
				"dsmr/meter-stats/electricity_tariff 2\n"
				"dsmr/meter-stats/power_failure_count 4\n"
				"dsmr/meter-stats/long_power_failure_count 2\n"
				"dsmr/meter-stats/voltage_sag_count_l1 2\n"
				"dsmr/meter-stats/voltage_sag_count_l2 1\n"
				"dsmr/meter-stats/voltage_sag_count_l3 0\n"
				"dsmr/meter-stats/voltage_swell_count_l1 0\n"
				"dsmr/meter-stats/voltage_swell_count_l2 3\n"
				"dsmr/meter-stats/voltage_swell_count_l3 0\n"
				"dsmr/meter-stats/rejected_telegrams 0\n"
				"dsmr/consumption/gas/read_at 2024-10-10T12:30:00+02:00\n"
				"dsmr/consumption/gas/delivered 12785.625\n"
				"dsmr/consumption/gas/currently_delivered 0.502\n"
				"dsmr/day-consumption/electricity1 0.501\n"
				"dsmr/day-consumption/electricity2 0.200\n"
				"dsmr/day-consumption/electricity1_returned 0.000\n"
				"dsmr/day-consumption/electricity2_returned 0.000\n"
				"dsmr/day-consumption/electricity_merged 0.701\n"
				"dsmr/day-consumption/electricity_returned_merged 0.000\n"
				"dsmr/day-consumption/gas 0.502\n"
				"dsmr/current-month/electricity1 0.501\n"
				"dsmr/current-month/electricity2 0.200\n"
				"dsmr/current-month/electricity1_returned 0.000\n"
				"dsmr/current-month/electricity2_returned 0.000\n"
				"dsmr/current-month/electricity_merged 0.701\n"
				"dsmr/current-month/electricity_returned_merged 0.000\n"
				"dsmr/current-month/gas 0.502\n"
				"dsmr/current-year/electricity1 0.501\n"
				"dsmr/current-year/electricity2 0.200\n"
				"dsmr/current-year/electricity1_returned 0.000\n"
				"dsmr/current-year/electricity2_returned 0.000\n"
				"dsmr/current-year/electricity_merged 0.701\n"
				"dsmr/current-year/electricity_returned_merged 0.000\n"
				"dsmr/current-year/gas 0.502\n" QUARTER
				"average_delivered 2.400\n" QUARTER
				"read_at_start 2024-10-10T12:15:00+02:00\n" QUARTER
				"read_at_end 2024-10-10T12:30:00+02:00\n"));
}

/* e-MUCS-P1 1.7.1 with the peaks of the month, currents with decimals, and gas as it flowed. */
static bool dsmr_reader_tells_of_a_belgian_meter(const char **skip)
{
	struct line *line = one_meter();

	(void)skip;
	p1(&h, line,
	   "0-0:96.1.4(50217)\r\n0-0:96.1.1(3153414733313030303030303030)\r\n"
	   "0-0:1.0.0(%s)\r\n1-0:1.8.1(000143.608*kWh)\r\n1-0:1.8.2(000170.853*kWh)\r\n"
	   "1-0:2.8.1(000002.963*kWh)\r\n1-0:2.8.2(000000.427*kWh)\r\n0-0:96.14.0(0001)\r\n"
	   "1-0:1.4.0(00.078*kW)\r\n1-0:1.6.0(241001020000S)(01.566*kW)\r\n"
	   "0-0:98.1.0(1)(1-0:1.6.0)(1-0:1.6.0)(241001000000S)(240914124500S)(03.332*kW)\r\n"
	   "1-0:1.7.0(00.182*kW)\r\n1-0:2.7.0(00.000*kW)\r\n1-0:32.7.0(227.8*V)\r\n"
	   "1-0:31.7.0(001.66*A)\r\n0-0:96.3.10(1)\r\n0-0:17.0.0(999.9*kW)\r\n"
	   "1-0:31.4.0(999*A)\r\n0-0:96.13.0()\r\n0-1:24.1.0(003)\r\n0-1:96.1.1(37464C4F32)\r\n"
	   "0-1:24.4.0(1)\r\n0-1:24.2.3(241010115500S)(00112.384*m3)\r\n",
	   summer(h.now_s));
	dsmr();
	return done(keeps(DSMR, "dsmr/reading/timestamp 2024-10-10T10:00:00Z\n"
				"dsmr/reading/electricity_delivered_1 143.608\n"
				"dsmr/reading/electricity_returned_1 2.963\n"
				"dsmr/reading/electricity_delivered_2 170.853\n"
				"dsmr/reading/electricity_returned_2 0.427\n"
				"dsmr/reading/electricity_currently_delivered 0.182\n"
				"dsmr/reading/electricity_currently_returned 0.000\n"
				"dsmr/reading/phase_voltage_l1 227.8\n"
				"dsmr/reading/phase_power_current_l1 1\n"
				"dsmr/reading/extra_device_delivered 112.384\n"
				"dsmr/reading/extra_device_timestamp 2024-10-10T09:55:00Z\n"
				"dsmr/meter-stats/electricity_tariff 1\n"
				"dsmr/consumption/gas/read_at 2024-10-10T11:55:00+02:00\n"
				"dsmr/consumption/gas/delivered 112.384\n"
				"dsmr/day-consumption/electricity1 0.000\n"
				"dsmr/day-consumption/electricity2 0.000\n"
				"dsmr/day-consumption/electricity1_returned 0.000\n"
				"dsmr/day-consumption/electricity2_returned 0.000\n"
				"dsmr/day-consumption/electricity_merged 0.000\n"
				"dsmr/day-consumption/electricity_returned_merged 0.000\n"
				"dsmr/day-consumption/gas 0.000\n"
				"dsmr/current-month/electricity1 0.000\n"
				"dsmr/current-month/electricity2 0.000\n"
				"dsmr/current-month/electricity1_returned 0.000\n"
				"dsmr/current-month/electricity2_returned 0.000\n"
				"dsmr/current-month/electricity_merged 0.000\n"
				"dsmr/current-month/electricity_returned_merged 0.000\n"
				"dsmr/current-month/gas 0.000\n"
				"dsmr/current-year/electricity1 0.000\n"
				"dsmr/current-year/electricity2 0.000\n"
				"dsmr/current-year/electricity1_returned 0.000\n"
				"dsmr/current-year/electricity2_returned 0.000\n"
				"dsmr/current-year/electricity_merged 0.000\n"
				"dsmr/current-year/electricity_returned_merged 0.000\n"
				"dsmr/current-year/gas 0.000\n"));
}

/* Three phases, historique: 10 s by the host's clock, for the meter sends no time. */
static void historique(struct line *line)
{
	tic(&h, line, "ADCO " ADCO_NUMBER, "OPTARIF HC..", "ISOUSC 45", "HCHC 052890470",
	    "HCHP 049126843", "PTEC HP..", "IINST1 001", "IINST2 002", "IINST3 033", "IMAX1 060",
	    "PMAX 08370", "PAPP 02620", "HHPHC A", "MOTDETAT 000000", "PPOT 00");
}

static bool dsmr_reader_tells_of_a_french_meter_what_it_has_a_topic_for(const char **skip)
{
	struct line *line = one_meter();

	(void)skip;
	historique(line);
	layout_dsmr_reader.meter(&out, h.last, house_ms(&h));
	return done(keeps(DSMR, "dsmr/reading/timestamp 2024-10-10T10:00:00Z\n"
				"dsmr/reading/electricity_delivered_1 52890.470\n"
				"dsmr/reading/electricity_delivered_2 49126.843\n"
				"dsmr/reading/phase_power_current_l1 1\n"
				"dsmr/reading/phase_power_current_l2 2\n"
				"dsmr/reading/phase_power_current_l3 33\n"
				"dsmr/meter-stats/electricity_tariff 2\n"));
}

static bool a_total_without_tariffs_stands_for_tariff_1(const char **skip)
{
	struct line *line = one_meter();

	(void)skip;
	simple_p1(&h, line, "ABCDEFGH1", 1000000);
	h.now_s += 900;
	simple_p1(&h, line, "ABCDEFGH1", 1002500);
	dsmr();
	return done(is_kept("dsmr/reading/electricity_delivered_1", "1002.500") &&
		    is_kept("dsmr/reading/electricity_delivered_2", "") &&
		    is_kept("dsmr/day-consumption/electricity1", "2.500") &&
		    is_kept("dsmr/day-consumption/electricity2", "") &&
		    is_kept("dsmr/day-consumption/electricity_merged", "2.500"));
}

static bool gas_of_dsmr_4_is_of_the_hour_before(const char **skip)
{
	struct line *line = one_meter();

	(void)skip;
	p1(&h, line,
	   "1-3:0.2.8(42)\r\n0-0:1.0.0(%s)\r\n0-0:96.1.1(4B)\r\n1-0:1.8.1(000001.000*kWh)\r\n"
	   "0-1:24.1.0(003)\r\n0-1:96.1.0(3232)\r\n0-1:24.2.1(241010120000S)(00001.500*m3)\r\n",
	   summer(h.now_s));
	dsmr();
	return done(is_kept("dsmr/consumption/gas/read_at", "2024-10-10T11:00:00+02:00") &&
		    is_kept("dsmr/reading/extra_device_timestamp", "2024-10-10T10:00:00Z") &&
		    is_kept("dsmr/meter-stats/dsmr_version", "42"));
}

static bool what_is_not_sent_any_more_has_no_topic_any_more(const char **skip)
{
	struct line *line = one_meter();

	(void)skip;
	dsmr5(line, 1000, 2000, "241010120000S)(00001.000*m3)");
	dsmr();
	if (!is_kept("dsmr/reading/electricity_currently_delivered", "1.193"))
		return done(false);
	h.now_s += 60;
	layout_dsmr_reader.minute(&out, h.last);
	return done(is_kept("dsmr/reading/electricity_currently_delivered", "") &&
		    is_kept("dsmr/reading/phase_voltage_l2", "") &&
		    is_kept("dsmr/reading/electricity_delivered_1", "1.000") &&
		    is_kept("dsmr/consumption/gas/delivered", "1.000"));
}

static bool what_dsmr_reader_left_behind_goes_and_nothing_is_said_twice(const char **skip)
{
	struct line *line = one_meter();
	unsigned int sent;

	(void)skip;
	retain("dsmr/reading/phase_voltage_l1", "231.0", DSMR);
	simple_p1(&h, line, "ABCDEFGH1", 1000000);
	dsmr();
	sent = broker.sent;
	dsmr();
	return done(is_kept("dsmr/reading/phase_voltage_l1", "") && broker.sent == sent);
}

static void two_meters(void)
{
	struct line *line;

	open_layouts();
	line = house_source(&h, "house", SOURCE_TCP);
	house_source(&h, "barn", SOURCE_TCP);
	house_configure(&h);
	simple_p1(&h, line, "ABCDEFGH1", 1000000);
	simple_p1(&h, line + 1, "ABCDEFGH2", 7000000);
}

static void dsmr_of_all(void)
{
	for (struct meter *m = meters_first(h.meters); m; m = m->next) {
		layout_dsmr_reader.meter(&out, m, house_ms(&h));
		layout_dsmr_reader.minute(&out, m);
	}
}

static bool of_two_meters_none_is_told_until_one_is_chosen(const char **skip)
{
	bool kept;

	(void)skip;
	two_meters();
	listen_to_log();
	dsmr_of_all();
	dsmr_of_all();
	kept = said("there are barn, house: write dsmr_reader_meter = barn, or another", 1) &&
	       keeps(DSMR, "");
	strcpy(config.dsmr_reader_meter, "house");
	dsmr_of_all();
	return done(kept && is_kept("dsmr/reading/electricity_delivered_1", "1000.000"));
}

static bool a_chosen_meter_that_there_is_not_is_told_once(const char **skip)
{
	bool kept;

	(void)skip;
	two_meters();
	strcpy(config.dsmr_reader_meter, "shed");
	listen_to_log();
	dsmr_of_all();
	dsmr_of_all();
	kept = said("no meter is called shed, expected one of barn, house in dsmr_reader_meter", 1);
	return done(kept && keeps(DSMR, ""));
}

static bool a_second_meter_takes_the_topics_of_the_first_away(const char **skip)
{
	struct line *line;

	(void)skip;
	open_layouts();
	line = house_source(&h, "house", SOURCE_TCP);
	house_configure(&h);
	simple_p1(&h, line, "ABCDEFGH1", 1000000);
	dsmr_of_all();
	if (!is_kept("dsmr/reading/electricity_delivered_1", "1000.000"))
		return done(false);
	house_source(&h, "barn", SOURCE_TCP);
	house_configure(&h);
	simple_p1(&h, line + 1, "ABCDEFGH2", 7000000);
	listen_to_log();
	dsmr_of_all();
	return done(said("dsmr_reader_meter", 1) && keeps(DSMR, ""));
}

static bool a_place_that_waits_for_a_meter_is_no_second_one(const char **skip)
{
	struct line *line;

	(void)skip;
	open_layouts();
	line = house_source(&h, "house", SOURCE_TCP);
	house_source(&h, "barn", SOURCE_TCP);
	house_configure(&h);
	simple_p1(&h, line, "ABCDEFGH1", 1000000);
	dsmr_of_all();
	return done(meters_find(h.meters, "barn") &&
		    is_kept("dsmr/reading/electricity_delivered_1", "1000.000"));
}

static bool a_meter_that_is_gone_leaves_nothing_of_dsmr_reader(const char **skip)
{
	struct line *line = one_meter();

	(void)skip;
	dsmr5(line, 1000, 2000, "241010120000S)(00001.000*m3)");
	dsmr();
	layout_dsmr_reader.gone(&out, "barn");
	if (!is_kept("dsmr/reading/electricity_delivered_1", "1.000"))
		return done(false);
	layout_dsmr_reader.gone(&out, "house");
	return done(keeps(DSMR, ""));
}

static bool without_meterd_nothing_looks_alive(const char **skip)
{
	struct line *line = one_meter();

	(void)skip;
	dsmr5(line, 1000, 2000, "241010120000S)(00001.000*m3)");
	layout_dsmr_reader.offline(&out);
	if (!keeps(DSMR, ""))
		return done(false);
	dsmr();
	layout_dsmr_reader.offline(&out);
	return done(is_kept("dsmr/reading/electricity_currently_delivered", "") &&
		    is_kept("dsmr/reading/phase_currently_returned_l3", "") &&
		    is_kept("dsmr/reading/phase_voltage_l1", "") &&
		    is_kept("dsmr/reading/phase_power_current_l2", "") &&
		    is_kept("dsmr/reading/electricity_delivered_1", "1.000") &&
		    is_kept("dsmr/reading/electricity_returned_2", "345.678") &&
		    is_kept("dsmr/reading/extra_device_delivered", "1.000"));
}

static bool dsmr_reader_tells_no_number(const char **skip)
{
	struct line *line = one_meter();

	(void)skip;
	dsmr5(line, 1000, 2000, "241010120000S)(00001.000*m3)");
	dsmr();
	for (unsigned int i = 0; i < broker.count; i++) {
		const struct topic *t = &broker.topics[i];

		if (strstr(t->last, h.last->number) || strstr(t->last, "4B384547") ||
		    strstr(t->last, "3232323241") || strstr(t->name, h.last->number))
			return done(broken("%s %s", t->name, t->last));
	}
	return done(broker.count > 50);
}

static bool a_hostile_version_is_no_payload(const char **skip)
{
	struct line *line = one_meter();

	(void)skip;
	p1(&h, line,
	   "1-3:0.2.8(5\"x)\r\n0-0:96.1.1(4B)\r\n1-0:1.8.1(000001.000*kWh)\r\n"
	   "0-0:96.7.21(many)\r\n");
	dsmr();
	return done(is_kept("dsmr/meter-stats/dsmr_version", "") &&
		    is_kept("dsmr/meter-stats/power_failure_count", ""));
}

static bool numbers_have_their_decimals(const char **skip)
{
	static const struct {
		s64 milli;
		enum dsmr_form form;
		const char *text;
	} cases[] = {
		{ 0, DSMR_KILO, "0.000" },
		{ 1234567499, DSMR_KILO, "1234.567" },
		{ 1234567500, DSMR_KILO, "1234.568" },
		{ -499, DSMR_KILO, "0.000" },
		{ -500, DSMR_KILO, "-0.001" },
		{ -1500000, DSMR_KILO, "-1.500" },
		{ 230000, DSMR_VOLT, "230.0" },
		{ 229950, DSMR_VOLT, "230.0" },
		{ 1990, DSMR_WHOLE, "1" },
		{ 12785123, DSMR_M3, "12785.123" },
		{ INT64_MIN, DSMR_M3, "-9223372036854775.808" },
	};
	bool kept = true;

	(void)skip;
	for (unsigned int i = 0; i < COUNT(cases); i++) {
		char text[64] = "";
		FILE *f = fmemopen(text, sizeof(text), "w");

		dsmr_print(f, cases[i].milli, cases[i].form);
		fclose(f);
		if (strcmp(text, cases[i].text))
			kept = broken("%s is not %s", text, cases[i].text);
	}
	return kept;
}

static void teleinfo(void)
{
	layout_teleinfo2mqtt.meter(&out, h.last, house_ms(&h));
}

static bool teleinfo2mqtt_tells_of_historique(const char **skip)
{
	struct line *line = one_meter();

	(void)skip;
	historique(line);
	teleinfo();
	return done(keeps(0, "") &&
		    passes("teleinfo/041876097767 {"
			   "\"ADCO\":{\"raw\":\"041876097767\",\"value\":41876097767},"
			   "\"OPTARIF\":{\"raw\":\"HC..\",\"value\":\"HC\"},"
			   "\"ISOUSC\":{\"raw\":\"45\",\"value\":45},"
			   "\"HCHC\":{\"raw\":\"052890470\",\"value\":52890470},"
			   "\"HCHP\":{\"raw\":\"049126843\",\"value\":49126843},"
			   "\"PTEC\":{\"raw\":\"HP..\",\"value\":\"HP\"},"
			   "\"IINST1\":{\"raw\":\"001\",\"value\":1},"
			   "\"IINST2\":{\"raw\":\"002\",\"value\":2},"
			   "\"IINST3\":{\"raw\":\"033\",\"value\":33},"
			   "\"IMAX1\":{\"raw\":\"060\",\"value\":60},"
			   "\"PMAX\":{\"raw\":\"08370\",\"value\":8370},"
			   "\"PAPP\":{\"raw\":\"02620\",\"value\":2620},"
			   "\"HHPHC\":{\"raw\":\"A\",\"value\":\"A\"},"
			   "\"PPOT\":{\"raw\":\"00\",\"value\":0}}\n"
			   "teleinfo/status {\"state\":\"up\"}\n"));
}

#define PROFILE "00008002 0300C001 NONUTILE"

static bool teleinfo2mqtt_tells_of_standard(const char **skip)
{
	struct line *line = one_meter();

	(void)skip;
	tic(&h, line, "ADSC\t" ADCO_NUMBER, "VTIC\t02", "DATE\tE241010120000\t",
	    "NGTF\tH PLEINE/CREUSE ", "LTARF\t HEURE  CREUSE ", "EAST\t004552492",
	    "EASF01\t002084472", "EASF02\t000000000", "EASD01\t003416027", "IRMS1\t003",
	    "IRMS2\t000", "IRMS3\t012", "URMS1\t228", "URMS2\t229", "URMS3\t230", "PREF\t09",
	    "PCOUP\t09", "SINSTS\t02510", "SINSTS1\t00700", "SMAXSN\tE241010060531\t02740",
	    "SMAXSN-1\tH241009132326\t04550", "CCASN\te241010143000\t00504",
	    "UMOY1\tE241010145000\t234", "STGE\t003A0001", "DPM1\t 240214060000\t00",
	    "MSG1\tPAS DE          MESSAGE", "PRM\t12345678901234", "RELAIS\t001", "NTARF\t01",
	    "NJOURF\t00", "NJOURF+1\t00", "PJOURF+1\t" PROFILE);
	teleinfo();
	return done(keeps(0, "") &&
		    passes("teleinfo/041876097767 {"
			   "\"ADSC\":{\"raw\":\"041876097767\",\"value\":41876097767},"
			   "\"VTIC\":{\"raw\":\"02\",\"value\":2},"
			   "\"DATE\":{\"raw\":\"\",\"value\":\"\",\"timestamp\":"
			   "{\"dst\":\"summer\",\"date\":\"2024-10-10T12:00:00.000Z\"}},"
			   "\"NGTF\":{\"raw\":\"H PLEINE/CREUSE \",\"value\":\"H PLEINE/CREUSE \"},"
			   "\"LTARF\":{\"raw\":\" HEURE  CREUSE \",\"value\":\" HEURE  CREUSE \"},"
			   "\"EAST\":{\"raw\":\"004552492\",\"value\":4552492},"
			   "\"EASF01\":{\"raw\":\"002084472\",\"value\":2084472},"
			   "\"EASF02\":{\"raw\":\"000000000\",\"value\":0},"
			   "\"EASD01\":{\"raw\":\"003416027\",\"value\":3416027},"
			   "\"IRMS1\":{\"raw\":\"003\",\"value\":3},"
			   "\"IRMS2\":{\"raw\":\"000\",\"value\":0},"
			   "\"IRMS3\":{\"raw\":\"012\",\"value\":12},"
			   "\"URMS1\":{\"raw\":\"228\",\"value\":228},"
			   "\"URMS2\":{\"raw\":\"229\",\"value\":229},"
			   "\"URMS3\":{\"raw\":\"230\",\"value\":230},"
			   "\"PREF\":{\"raw\":\"09000\",\"value\":9000},"
			   "\"PCOUP\":{\"raw\":\"09000\",\"value\":9000},"
			   "\"SINSTS\":{\"raw\":\"02510\",\"value\":2510},"
			   "\"SINSTS1\":{\"raw\":\"00700\",\"value\":700},"
			   "\"SMAXSN\":{\"raw\":\"02740\",\"value\":2740,\"timestamp\":"
			   "{\"dst\":\"summer\",\"date\":\"2024-10-10T06:05:31.000Z\"}},"
			   "\"SMAXSN-1\":{\"raw\":\"04550\",\"value\":4550,\"timestamp\":"
			   "{\"dst\":\"winter\",\"date\":\"2024-10-09T13:23:26.000Z\"}},"
			   "\"UMOY1\":{\"raw\":\"234\",\"value\":234,\"timestamp\":"
			   "{\"dst\":\"summer\",\"date\":\"2024-10-10T14:50:00.000Z\"}},"
			   "\"STGE\":{\"raw\":\"003A0001\",\"value\":\"003A0001\"},"
			   "\"DPM1\":{\"raw\":\"00\",\"value\":0,\"timestamp\":"
			   "{\"dst\":\"summer\",\"date\":\"2024-02-14T06:00:00.000Z\"}},"
			   "\"MSG1\":{\"raw\":\"PAS DE          MESSAGE\","
			   "\"value\":\"PAS DE          MESSAGE\"},"
			   "\"PRM\":{\"raw\":\"12345678901234\",\"value\":12345678901234},"
			   "\"RELAIS\":{\"raw\":\"001\",\"value\":1},"
			   "\"NTARF\":{\"raw\":\"01\",\"value\":1},"
			   "\"NJOURF\":{\"raw\":\"00\",\"value\":0},"
			   "\"NJOURF+1\":{\"raw\":\"00\",\"value\":0},"
			   "\"PJOURF+1\":{\"raw\":\"" PROFILE "\",\"value\":8002}}\n"
			   "teleinfo/status {\"state\":\"up\"}\n"));
}

static bool teleinfo2mqtt_leaves_out_short_frames(const char **skip)
{
	struct line *line = one_meter();

	(void)skip;
	historique(line);
	h.now_s++;
	tic(&h, line, "ADIR1 031", "ADCO " ADCO_NUMBER, "IINST1 031", "IINST2 032", "IINST3 033");
	teleinfo();
	return done(passes(""));
}

static bool teleinfo2mqtt_leaves_out_meters_of_other_countries(const char **skip)
{
	struct line *line = one_meter();

	(void)skip;
	simple_p1(&h, line, "ABCDEFGH1", 1000000);
	teleinfo();
	return done(passes(""));
}

static bool a_register_in_doubt_is_left_out_of_teleinfo2mqtt(const char **skip)
{
	struct line *line = one_meter();

	(void)skip;
	for (unsigned int i = 0; i < 5; i++, h.now_s += 2)
		standard(&h, line, ADCO_NUMBER, 1000);
	standard(&h, line, ADCO_NUMBER, 900001000);
	teleinfo();
	return done(passes("teleinfo/041876097767 {"
			   "\"ADSC\":{\"raw\":\"041876097767\",\"value\":41876097767},"
			   "\"DATE\":{\"raw\":\"\",\"value\":\"\",\"timestamp\":"
			   "{\"dst\":\"winter\",\"date\":\"2024-10-10T11:00:10.000Z\"}},"
			   "\"SINSTS\":{\"raw\":\"00500\",\"value\":500},"
			   "\"PREF\":{\"raw\":\"06000\",\"value\":6000}}\n"
			   "teleinfo/status {\"state\":\"up\"}\n"));
}

static bool text_of_a_meter_does_not_break_out_of_json(const char **skip)
{
	struct line *line = one_meter();

	(void)skip;
	tic(&h, line, "ADSC\t" ADCO_NUMBER, "EAST\t000000001", "MSG1\t\",\"x\":1}\\", "MSG2\t-007x",
	    "NGTF\ta...b....", "LTARF\t99999999999999999999");
	teleinfo();
	return done(passes("teleinfo/041876097767 {"
			   "\"ADSC\":{\"raw\":\"041876097767\",\"value\":41876097767},"
			   "\"EAST\":{\"raw\":\"000000001\",\"value\":1},"
			   "\"MSG1\":{\"raw\":\"\\\",\\\"x\\\":1}\\\\\","
			   "\"value\":\"\\\",\\\"x\\\":1}\\\\\"},"
			   "\"MSG2\":{\"raw\":\"-007x\",\"value\":-7},"
			   "\"NGTF\":{\"raw\":\"a...b....\",\"value\":\"a.b\"},"
			   "\"LTARF\":{\"raw\":\"99999999999999999999\","
			   "\"value\":99999999999999999999}}\n"
			   "teleinfo/status {\"state\":\"up\"}\n"));
}

static void datacollector(void)
{
	layout_datacollector.meter(&out, h.last, house_ms(&h));
}

/** struct expected - a type of smartmeter-datacollector, how its value is printed, and its code */
struct expected {
	const char *type;
	const char *value;
	const char *code;
};

/* Of a telegram of 2024-10-10T10:00:00Z. */
static bool passes_values(const char *number, const struct expected *values, size_t count)
{
	struct text wanted = { 0 };
	bool same;

	for (size_t i = 0; i < count; i++)
		text_add(&wanted,
			 "smartmeter/%s/%s {\"value\": %s, \"timestamp\": 1728554400, "
			 "\"obis\": \"%s\"}\n",
			 number, values[i].type, values[i].value, values[i].code);
	same = passes(wanted.at);
	text_free(&wanted);
	return same && keeps(0, "");
}

/* All that such a meter may send: P1 with reactive energy as Lithuania and Austria have it. */
static void swiss(struct line *line)
{
	p1(&h, line,
	   "0-0:1.0.0(%s)\r\n0-0:96.1.1(LGZ1030655933512)\r\n1-0:1.8.0(000345.678*kWh)\r\n"
	   "1-0:1.8.1(000123.456*kWh)\r\n1-0:1.8.2(000222.222*kWh)\r\n"
	   "1-0:2.8.0(000003.000*kWh)\r\n1-0:2.8.1(000001.000*kWh)\r\n"
	   "1-0:2.8.2(000002.000*kWh)\r\n1-0:3.8.0(000013.101*kvarh)\r\n"
	   "1-0:3.8.1(000010.607*kvarh)\r\n1-0:3.8.2(000002.494*kvarh)\r\n"
	   "1-0:4.8.0(000000.002*kvarh)\r\n1-0:4.8.1(000000.002*kvarh)\r\n"
	   "1-0:4.8.2(000000.000*kvarh)\r\n1-0:5.8.0(000000.005*kvarh)\r\n"
	   "1-0:5.8.1(000000.003*kvarh)\r\n1-0:8.8.2(many*kvarh)\r\n"
	   "1-0:6.8.0(000000.006*kvarh)\r\n1-0:7.8.0(000000.007*kvarh)\r\n"
	   "1-0:8.8.0(000000.008*kvarh)\r\n1-0:1.7.0(00.500*kW)\r\n1-0:2.7.0(00.001*kW)\r\n"
	   "1-0:3.7.0(00.030*kvar)\r\n1-0:4.7.0(00.040*kvar)\r\n1-0:13.7.0(0.985)\r\n"
	   "1-0:14.7.0(49.98*Hz)\r\n1-0:21.7.0(00.210*kW)\r\n1-0:41.7.0(00.410*kW)\r\n"
	   "1-0:61.7.0(00.610*kW)\r\n1-0:22.7.0(00.220*kW)\r\n1-0:42.7.0(00.420*kW)\r\n"
	   "1-0:62.7.0(00.620*kW)\r\n1-0:23.7.0(00.230*kvar)\r\n1-0:43.7.0(00.430*kvar)\r\n"
	   "1-0:63.7.0(00.630*kvar)\r\n1-0:24.7.0(00.240*kvar)\r\n1-0:44.7.0(00.440*kvar)\r\n"
	   "1-0:64.7.0(00.640*kvar)\r\n1-0:31.7.0(001.25*A)\r\n1-0:51.7.0(000*A)\r\n"
	   "1-0:71.7.0(003*A)\r\n1-0:32.7.0(230.1*V)\r\n1-0:52.7.0(230.0*V)\r\n"
	   "1-0:72.7.0(229.9*V)\r\n",
	   summer(h.now_s));
}

static bool datacollector_tells_of_a_meter_with_three_phases(const char **skip)
{
	static const struct expected values[] = {
		{ "ACTIVE_POWER_P", "500.0", "1.7.0" },
		{ "ACTIVE_POWER_P_L1", "210.0", "21.7.0" },
		{ "ACTIVE_POWER_P_L2", "410.0", "41.7.0" },
		{ "ACTIVE_POWER_P_L3", "610.0", "61.7.0" },
		{ "ACTIVE_POWER_N", "1.0", "2.7.0" },
		{ "ACTIVE_POWER_N_L1", "220.0", "22.7.0" },
		{ "ACTIVE_POWER_N_L2", "420.0", "42.7.0" },
		{ "ACTIVE_POWER_N_L3", "620.0", "62.7.0" },
		{ "REACTIVE_POWER_P", "30.0", "3.7.0" },
		{ "REACTIVE_POWER_P_L1", "230.0", "23.7.0" },
		{ "REACTIVE_POWER_P_L2", "430.0", "43.7.0" },
		{ "REACTIVE_POWER_P_L3", "630.0", "63.7.0" },
		{ "REACTIVE_POWER_N", "40.0", "4.7.0" },
		{ "REACTIVE_POWER_N_L1", "240.0", "24.7.0" },
		{ "REACTIVE_POWER_N_L2", "440.0", "44.7.0" },
		{ "REACTIVE_POWER_N_L3", "640.0", "64.7.0" },
		{ "CURRENT_L1", "1.25", "31.7.0" },
		{ "CURRENT_L2", "0.0", "51.7.0" },
		{ "CURRENT_L3", "3.0", "71.7.0" },
		{ "VOLTAGE_L1", "230.1", "32.7.0" },
		{ "VOLTAGE_L2", "230.0", "52.7.0" },
		{ "VOLTAGE_L3", "229.9", "72.7.0" },
		{ "ACTIVE_ENERGY_P", "345678.0", "1.8.0" },
		{ "ACTIVE_ENERGY_P_T1", "123456.0", "1.8.1" },
		{ "ACTIVE_ENERGY_P_T2", "222222.0", "1.8.2" },
		{ "ACTIVE_ENERGY_N", "3000.0", "2.8.0" },
		{ "ACTIVE_ENERGY_N_T1", "1000.0", "2.8.1" },
		{ "ACTIVE_ENERGY_N_T2", "2000.0", "2.8.2" },
		{ "REACTIVE_ENERGY_P", "13101.0", "3.8.0" },
		{ "REACTIVE_ENERGY_N", "2.0", "4.8.0" },
		{ "REACTIVE_ENERGY_Q1", "5.0", "5.8.0" },
		{ "REACTIVE_ENERGY_Q2", "6.0", "6.8.0" },
		{ "REACTIVE_ENERGY_Q3", "7.0", "7.8.0" },
		{ "REACTIVE_ENERGY_Q4", "8.0", "8.8.0" },
		{ "POWER_FACTOR", "0.985", "13.7.0" },
		{ "NET_FREQUENCY", "49.98", "14.7.0" },
		{ "REACTIVE_ENERGY_P_T1", "10607.0", "3.8.1" },
		{ "REACTIVE_ENERGY_P_T2", "2494.0", "3.8.2" },
		{ "REACTIVE_ENERGY_N_T1", "2.0", "4.8.1" },
		{ "REACTIVE_ENERGY_N_T2", "0.0", "4.8.2" },
		{ "REACTIVE_ENERGY_Q1_T1", "3.0", "5.8.1" },
	};
	struct line *line = one_meter();

	(void)skip;
	swiss(line);
	datacollector();
	return done(passes_values("LGZ1030655933512", values, COUNT(values)));
}

static bool datacollector_tells_of_tic(const char **skip)
{
	static const struct expected values[] = {
		{ "CURRENT_L1", "3.0", "31.7.0" },
		{ "VOLTAGE_L1", "228.0", "32.7.0" },
		{ "ACTIVE_ENERGY_P", "7500.0", "1.8.0" },
		{ "ACTIVE_ENERGY_P_T1", "1000.0", "1.8.1" },
		{ "ACTIVE_ENERGY_P_T2", "2000.0", "1.8.2" },
		{ "ACTIVE_ENERGY_P_T3", "1500.0", "1.8.3" },
		{ "ACTIVE_ENERGY_P_T4", "1600.0", "1.8.4" },
		{ "ACTIVE_ENERGY_N", "250.0", "2.8.0" },
		{ "REACTIVE_ENERGY_Q1", "1.0", "5.8.0" },
	};
	struct line *line = one_meter();

	(void)skip;
	tic(&h, line, "ADSC\t" ADCO_NUMBER, "DATE\tH241010110000\t", "EAST\t000007500",
	    "EASF01\t000001000", "EASF02\t000002000", "EASF03\t000001500", "EASF04\t000001600",
	    "EASF05\t000001400", "EAIT\t000000250", "ERQ1\t000000001", "IRMS1\t003", "URMS1\t228",
	    "SINSTS\t02510");
	datacollector();
	return done(passes_values(ADCO_NUMBER, values, COUNT(values)));
}

static bool a_number_that_is_no_level_of_a_topic_is_told_once(const char **skip)
{
	static const char *const numbers[] = { "a/b", "a+", "#", "a\tb" };
	bool kept = true;

	(void)skip;
	for (unsigned int i = 0; i < COUNT(numbers) && kept; i++) {
		struct line *line = one_meter();

		simple_p1(&h, line, numbers[i], 1000000);
		listen_to_log();
		for (unsigned int k = 0; k < 3; k++) {
			datacollector();
			layout_datacollector.meter(&out, h.last, house_ms(&h));
		}
		kept = said("cannot stand in a topic", 1) && !strcmp(h.last->number, numbers[i]) &&
		       passes("");
		done(kept);
	}
	return kept;
}

static bool after_a_silence_nothing_old_is_told_as_new(const char **skip)
{
	struct line *line = one_meter();

	(void)skip;
	historique(line);
	line->state = LINE_SILENT;
	teleinfo();
	datacollector();
	if (!passes(""))
		return done(false);
	line->state = LINE_CONNECTED;
	teleinfo();
	datacollector();
	return done(broker.sent > 4);
}

static const struct promise promises[] = {
	PROMISE(dsmr_reader_tells_of_a_dutch_meter),
	PROMISE(dsmr_reader_tells_of_a_belgian_meter),
	PROMISE(dsmr_reader_tells_of_a_french_meter_what_it_has_a_topic_for),
	PROMISE(a_total_without_tariffs_stands_for_tariff_1),
	PROMISE(gas_of_dsmr_4_is_of_the_hour_before),
	PROMISE(what_is_not_sent_any_more_has_no_topic_any_more),
	PROMISE(what_dsmr_reader_left_behind_goes_and_nothing_is_said_twice),
	PROMISE(of_two_meters_none_is_told_until_one_is_chosen),
	PROMISE(a_chosen_meter_that_there_is_not_is_told_once),
	PROMISE(a_second_meter_takes_the_topics_of_the_first_away),
	PROMISE(a_place_that_waits_for_a_meter_is_no_second_one),
	PROMISE(a_meter_that_is_gone_leaves_nothing_of_dsmr_reader),
	PROMISE(without_meterd_nothing_looks_alive),
	PROMISE(dsmr_reader_tells_no_number),
	PROMISE(a_hostile_version_is_no_payload),
	PROMISE(numbers_have_their_decimals),
	PROMISE(teleinfo2mqtt_tells_of_historique),
	PROMISE(teleinfo2mqtt_tells_of_standard),
	PROMISE(teleinfo2mqtt_leaves_out_short_frames),
	PROMISE(teleinfo2mqtt_leaves_out_meters_of_other_countries),
	PROMISE(a_register_in_doubt_is_left_out_of_teleinfo2mqtt),
	PROMISE(text_of_a_meter_does_not_break_out_of_json),
	PROMISE(datacollector_tells_of_a_meter_with_three_phases),
	PROMISE(datacollector_tells_of_tic),
	PROMISE(a_number_that_is_no_level_of_a_topic_is_told_once),
	PROMISE(after_a_silence_nothing_old_is_told_as_new),
};

int main(void)
{
	char command[64];
	int code;

	base = event_base_new();
	if (!base || !mkdtemp(directory)) {
		printf("Bail out! no directory\n");
		return 1;
	}
	code = keep_promises(promises, COUNT(promises));
	event_base_free(base);
	zones_free();
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command) ? 1 : code;
}
