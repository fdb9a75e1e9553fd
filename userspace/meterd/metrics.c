// SPDX-License-Identifier: MIT
/*
 * GET /metrics: the text format of Prometheus, version 0.0.4.
 *
 * Names and units follow Prometheus' guide: base units, so energy in joules (3.6e6 to a kWh). What
 * sums to something has one family: tariffs, of which the total is not a further one, and
 * directions. Phases have families of their own, for a meter's total is not always their sum.
 * Numbers of meters are never told here.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "http_pages.h"
#include "publish.h"
#include "state_json.h"

/* A part ends behind the meter with which it has so many bytes. */
#define PART_BYTES 16384

/** struct series - a quantity as a sample: its labels beside that of the meter */
struct series {
	u8 quantity;
	const char *labels;
};

/** struct samples - where the samples of one family go; HELP and TYPE before the first one */
struct samples {
	FILE *out;
	const struct family *family;
	bool *begun;
};

/**
 * struct family - one name
 * @of_meter: the samples of a meter; NULL: @of_daemon writes those that belong to no meter
 * @mul: one thousandth of a quantity is @mul / 10^@digits of the unit
 */
struct family {
	const char *name;
	const char *type;
	const char *help;
	void (*of_meter)(const struct samples *s, const struct meter *m);
	void (*of_daemon)(const struct samples *s, const struct page_request *r);
	const struct series *series;
	u32 mul;
	unsigned int digits;
};

static void print_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n') {
			fputs("\\n", out);
			continue;
		}
		if (*text == '\\' || *text == '"')
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void sample_name(const struct samples *s)
{
	const struct family *f = s->family;

	if (!*s->begun)
		fprintf(s->out, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help, f->name, f->type);
	*s->begun = true;
	fputs(f->name, s->out);
}

/* @number / 10^@digits */
static void print_decimal(FILE *out, s64 number, unsigned int digits)
{
	u64 magnitude = number < 0 ? -(u64)number : (u64)number;
	u64 scale = 1;

	for (unsigned int i = 0; i < digits; i++)
		scale *= 10;
	while (scale > 1 && magnitude % 10 == 0) {
		magnitude /= 10;
		scale /= 10;
		digits--;
	}
	fprintf(out, "%s%" PRIu64, number < 0 ? "-" : "", magnitude / scale);
	if (digits)
		fprintf(out, ".%0*" PRIu64, (int)digits, magnitude % scale);
}

static void sample_of_meter(const struct samples *s, const struct meter *m, const char *labels,
			    s64 number, unsigned int digits)
{
	sample_name(s);
	fprintf(s->out, "{meter=\"%s\"%s%s} ", m->name, *labels ? "," : "", labels);
	print_decimal(s->out, number, digits);
	fputc('\n', s->out);
}

static void sample_of_quantity(const struct samples *s, const struct meter *m,
			       const struct reading *r, const struct series *one)
{
	s64 number;

	if (!reading_has(r, one->quantity))
		return;
	if (!__builtin_mul_overflow(r->milli[one->quantity], (s64)s->family->mul, &number))
		sample_of_meter(s, m, one->labels, number, s->family->digits);
}

static void quantities(const struct samples *s, const struct meter *m)
{
	struct reading now;

	meter_quantities(m, meter_now_ms(m), &now);
	for (const struct series *one = s->family->series; one->labels; one++)
		sample_of_quantity(s, m, &now, one);
}

/* The tariffs where there are any, else the total: sum() over them is what the meter counted. */
static void energy_of(const struct samples *s, const struct meter *m, const struct reading *now,
		      enum quantity total, const char *direction)
{
	struct series one = { .quantity = total };
	bool tariffs = false;
	char labels[64];

	one.labels = labels;
	for (unsigned int t = 1; t <= TARIFF_COUNT; t++) {
		one.quantity = total + t;
		tariffs |= reading_has(now, one.quantity);
		snprintf(labels, sizeof(labels), "direction=\"%s\",tariff=\"%u\"", direction, t);
		sample_of_quantity(s, m, now, &one);
	}
	if (tariffs)
		return;
	one.quantity = total;
	snprintf(labels, sizeof(labels), "direction=\"%s\"", direction);
	sample_of_quantity(s, m, now, &one);
}

static void energy(const struct samples *s, const struct meter *m)
{
	struct reading now;

	meter_quantities(m, meter_now_ms(m), &now);
	energy_of(s, m, &now, Q_energy_import, "import");
	energy_of(s, m, &now, Q_energy_export, "export");
}

/* Meters count it in GJ or in kWh: thousandths are 10^6 J or 3600 J. */
static void heat(const struct samples *s, const struct meter *m)
{
	struct reading now;
	s64 joules;

	meter_quantities(m, meter_now_ms(m), &now);
	if (reading_has(&now, Q_heat) &&
	    !__builtin_mul_overflow(now.milli[Q_heat], (s64)1000000, &joules))
		sample_of_meter(s, m, "", joules, 0);
	else if (reading_has(&now, Q_heat_kwh) &&
		 !__builtin_mul_overflow(now.milli[Q_heat_kwh], (s64)3600, &joules))
		sample_of_meter(s, m, "", joules, 0);
}

static void info(const struct samples *s, const struct meter *m)
{
	sample_name(s);
	fprintf(s->out, "{meter=\"%s\",source=\"%s\",protocol=\"%s\"} 1\n", m->name, m->source,
		m->heard ? telegram_protocol_name(m->protocol) : "");
}

static void connected(const struct samples *s, const struct meter *m)
{
	sample_of_meter(s, m, "", meter_line_state(m) == LINE_CONNECTED, 0);
}

static void received(const struct samples *s, const struct meter *m)
{
	if (m->heard)
		sample_of_meter(s, m, "", m->received_ms, 3);
}

static void booked(const struct samples *s, const struct meter *m)
{
	if (!m->book)
		return;
	sample_of_meter(s, m, "result=\"booked\"", m->book->counts.booked, 0);
	sample_of_meter(s, m, "result=\"late\"", m->book->counts.late, 0);
	sample_of_meter(s, m, "result=\"held\"", m->book->counts.held, 0);
	sample_of_meter(s, m, "result=\"zero\"", m->book->counts.zeros, 0);
}

static void sample_of_source(const struct samples *s, const struct source *source,
			     const char *result, u64 number)
{
	sample_name(s);
	fputs("{source=\"", s->out);
	print_escaped(s->out, source->config.name);
	fprintf(s->out, "\",result=\"%s\"} %" PRIu64 "\n", result, number);
}

static u64 broken_messages(const struct dlms_counts *c)
{
	return c->bad_form + c->parts.gaps + c->parts.oversize + c->other + c->unparsed;
}

/* What came over the lines of each source; the kernel counts the bad ones of its own lines. */
static void telegrams(const struct samples *s, const struct page_request *r)
{
	for (struct source *source = sources_first(r->view->sources); source;
	     source = source->next) {
		u64 ok = 0, crc = 0, parse = 0, gap = 0;

		for (const struct line *l = source->lines; l; l = l->next) {
			const struct telegram_stats *stats = l->decoder ? &l->decoder->stats : NULL;

			ok += l->telegrams;
			gap += l->gaps;
			crc += stats ? stats->bad_checksum + stats->bad_parity : 0;
			parse += stats ? stats->bad_form + stats->oversize + stats->resyncs : 0;
			crc += l->dlms ? dlms_damaged(l->dlms) : 0;
			parse += l->dlms ? broken_messages(l->dlms) : 0;
		}
		sample_of_source(s, source, "ok", ok);
		sample_of_source(s, source, "crc", crc);
		sample_of_source(s, source, "parse", parse);
		sample_of_source(s, source, "gap", gap);
	}
}

/* Of sources that are read by the edges of their lines. */
static void characters(const struct samples *s, const struct page_request *r)
{
	for (struct source *source = sources_first(r->view->sources); source;
	     source = source->next) {
		/* It has one line. */
		const struct softuart_stats *stats = source->lines->uart;

		if (!stats)
			continue;
		sample_of_source(s, source, "ok", stats->characters);
		sample_of_source(s, source, "framing", stats->framing);
		sample_of_source(s, source, "lost", stats->lost_edges);
		sample_of_source(s, source, "glitch", stats->glitches);
	}
}

/* What became of enciphered telegrams, of sources that have keys for them. */
static void encrypted(const struct samples *s, const struct page_request *r)
{
	for (struct source *source = sources_first(r->view->sources); source;
	     source = source->next) {
		struct p1_cipher_stats sum;

		if (!source->keys)
			continue;
		/* It has one line. */
		line_cipher_stats(source->lines, &sum);
		sample_of_source(s, source, "verified", sum.verified);
		sample_of_source(s, source, "unverified", sum.unverified);
		sample_of_source(s, source, "wrong_tag", sum.wrong_tag);
		sample_of_source(s, source, "unreadable", sum.unreadable);
		sample_of_source(s, source, "replayed", sum.replayed);
	}
}

/* What became of the frames of D2L modules, and of their connections. */
static void d2l_frames(const struct samples *s, const struct page_request *r)
{
	for (struct source *source = sources_first(r->view->sources); source;
	     source = source->next) {
		const struct d2l_stats *d = source->d2l;

		if (!d)
			continue;
		sample_of_source(s, source, "good", d->good);
		sample_of_source(s, source, "unknown", d->unknown);
		sample_of_source(s, source, "wrong_key", d->wrong_key);
		sample_of_source(s, source, "unreadable", d->unreadable);
		sample_of_source(s, source, "old", d->old);
		sample_of_source(s, source, "repeated", d->repeated);
		sample_of_source(s, source, "update", d->updates);
	}
}

static void d2l_connections(const struct samples *s, const struct page_request *r)
{
	for (struct source *source = sources_first(r->view->sources); source;
	     source = source->next) {
		const struct d2l_stats *d = source->d2l;

		if (!d)
			continue;
		sample_of_source(s, source, "taken", d->connections.taken);
		sample_of_source(s, source, "full", d->connections.full);
		sample_of_source(s, source, "slow", d->connections.slow);
		sample_of_source(s, source, "malformed", d->connections.malformed);
	}
}

static void sample_of_sink(const struct samples *s, const struct sink *sink, const char *result,
			   u64 number)
{
	sample_name(s);
	fprintf(s->out, "{sink=\"%s\",result=\"%s\"} %" PRIu64 "\n", sink->name, result, number);
}

/* Of the sinks that have publications; the others have messages and readers. */
static void publications(const struct samples *s, const struct page_request *r)
{
	for (const struct sink *sink = publisher_sinks(r->view->publisher); sink;
	     sink = sink->next) {
		if (sink->type == SINK_MQTT || sink->type == SINK_SERVE)
			continue;
		sample_of_sink(s, sink, "sent", sink->counts.sent);
		sample_of_sink(s, sink, "lost", sink->counts.lost);
	}
}

/* The broker's: of all sinks it alone has a connection. */
static bool link_of(const struct page_request *r, struct sink_status *status)
{
	for (const struct sink *sink = publisher_sinks(r->view->publisher); sink;
	     sink = sink->next)
		if (sink_status(sink, status))
			return true;
	return false;
}

static void sample(const struct samples *s, u64 number)
{
	sample_name(s);
	fprintf(s->out, " %" PRIu64 "\n", number);
}

static void mqtt_connected(const struct samples *s, const struct page_request *r)
{
	struct sink_status status;

	if (link_of(r, &status))
		sample(s, status.connected);
}

static void mqtt_connections(const struct samples *s, const struct page_request *r)
{
	struct sink_status status;

	if (link_of(r, &status))
		sample(s, status.connections);
}

static void mqtt_messages(const struct samples *s, const struct page_request *r)
{
	struct sink_status status;

	if (!link_of(r, &status))
		return;
	sample_name(s);
	fprintf(s->out, "{result=\"sent\"} %" PRIu64 "\n", status.sent);
	sample_name(s);
	fprintf(s->out, "{result=\"lost\"} %" PRIu64 "\n", status.lost);
}

static void store_rows(const struct samples *s, const struct page_request *r)
{
	struct store_status status;

	store_status(r->view->store, &status);
	sample(s, status.rows);
}

static void store_rows_waiting(const struct samples *s, const struct page_request *r)
{
	struct store_status status;

	store_status(r->view->store, &status);
	sample(s, status.rows_waiting);
}

static void store_commits(const struct samples *s, const struct page_request *r)
{
	struct store_status status;

	store_status(r->view->store, &status);
	sample(s, status.commits);
}

static void store_bytes(const struct samples *s, const struct page_request *r)
{
	struct store_status status;

	store_status(r->view->store, &status);
	sample(s, status.bytes);
}

static void store_failing(const struct samples *s, const struct page_request *r)
{
	struct store_status status;

	store_status(r->view->store, &status);
	sample(s, !!status.error);
}

static void http_requests(const struct samples *s, const struct page_request *r)
{
	sample(s, r->counts->requests);
}

static void http_refused(const struct samples *s, const struct page_request *r)
{
	sample(s, r->counts->refused);
}

static void http_connections(const struct samples *s, const struct page_request *r)
{
	sample(s, r->counts->open);
}

static void resident_bytes(const struct samples *s, const struct page_request *r)
{
	FILE *statm = fopen("/proc/self/statm", "re");
	unsigned long pages;

	(void)r;
	if (!statm)
		return;
	if (fscanf(statm, "%*u %lu", &pages) == 1)
		sample(s, (u64)pages * sysconf(_SC_PAGESIZE));
	fclose(statm);
}

static void cpu_seconds(const struct samples *s, const struct page_request *r)
{
	struct timespec used;

	(void)r;
	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used))
		return;
	sample_name(s);
	fprintf(s->out, " %lld.%03ld\n", (long long)used.tv_sec, used.tv_nsec / 1000000);
}

static void build_info(const struct samples *s, const struct page_request *r)
{
	(void)r;
	sample_name(s);
	fputs("{version=\"" METERLINE_VERSION "\"} 1\n", s->out);
}

#define SERIES(...) (const struct series[]){ __VA_ARGS__, { 0, NULL } }
#define BOTH(q)                                                                                    \
	SERIES({ Q_##q##_import, "direction=\"import\"" },                                         \
	       { Q_##q##_export, "direction=\"export\"" })
#define IMPORT(q) SERIES({ Q_##q##_import, "direction=\"import\"" })
#define PHASES(q)                                                                                  \
	SERIES({ Q_##q##_l1, "phase=\"1\"" }, { Q_##q##_l2, "phase=\"2\"" },                       \
	       { Q_##q##_l3, "phase=\"3\"" })
#define IMPORT_PHASES(q)                                                                           \
	{ Q_##q##_import_l1, "direction=\"import\",phase=\"1\"" },                                 \
	{ Q_##q##_import_l2, "direction=\"import\",phase=\"2\"" },                                 \
	{ Q_##q##_import_l3, "direction=\"import\",phase=\"3\"" }
#define EXPORT_PHASES(q)                                                                           \
	{ Q_##q##_export_l1, "direction=\"export\",phase=\"1\"" },                                 \
	{ Q_##q##_export_l2, "direction=\"export\",phase=\"2\"" },                                 \
	{ Q_##q##_export_l3, "direction=\"export\",phase=\"3\"" }

#define QUANTITY(n, t, h, m, d, ...)                                                               \
	{ .name = n, .type = t, .help = h, .of_meter = quantities, .mul = m, .digits = d,          \
	  .series = __VA_ARGS__ }
#define GAUGE(n, h, ...) QUANTITY(n, "gauge", h, 1, 3, __VA_ARGS__)
#define METER(n, t, h, f) { .name = n, .type = t, .help = h, .of_meter = f }
#define DAEMON(n, t, h, f) { .name = n, .type = t, .help = h, .of_daemon = f }

static const struct family families[] = {
	METER("meter_info", "gauge", "A meter, where it is heard and what it speaks.", info),
	METER("meter_connected", "gauge",
	      "1 while valid telegrams of this meter come over its line.", connected),
	METER("meter_last_telegram_timestamp_seconds", "gauge",
	      "When the newest telegram of this meter came.", received),
	METER("meter_readings_total", "counter",
	      "Readings that the ledger booked or set aside.", booked),
	{ .name = "meter_energy_joules_total", .type = "counter",
	  .help = "Active energy; divide by 3.6e6 for kWh.", .of_meter = energy, .mul = 3600,
	  .digits = 3 },
	QUANTITY("meter_reactive_energy_varseconds_total", "counter", "Reactive energy.", 3600, 3,
		 BOTH(energy_reactive)),
	QUANTITY("meter_quadrant_reactive_energy_varseconds_total", "counter",
		 "Reactive energy by quadrant.", 3600, 3,
		 SERIES({ Q_energy_reactive_q1, "quadrant=\"1\"" },
			{ Q_energy_reactive_q2, "quadrant=\"2\"" },
			{ Q_energy_reactive_q3, "quadrant=\"3\"" },
			{ Q_energy_reactive_q4, "quadrant=\"4\"" })),
	QUANTITY("meter_gas_cubic_meters_total", "counter", "Gas.", 1, 3, SERIES({ Q_gas, "" })),
	QUANTITY("meter_water_cubic_meters_total", "counter", "Water.", 1, 3,
		 SERIES({ Q_water, "" })),
	METER("meter_heat_joules_total", "counter", "Heat.", heat),
	GAUGE("meter_power_watts", "Active power.", BOTH(power)),
	GAUGE("meter_phase_power_watts", "Active power of each phase.",
	      SERIES(IMPORT_PHASES(power), EXPORT_PHASES(power))),
	GAUGE("meter_net_power_watts", "Active power drawn, negative when injected.",
	      SERIES({ Q_power_net, "" })),
	GAUGE("meter_reactive_power_vars", "Reactive power.", BOTH(power_reactive)),
	GAUGE("meter_phase_reactive_power_vars", "Reactive power of each phase.",
	      SERIES(IMPORT_PHASES(power_reactive), EXPORT_PHASES(power_reactive))),
	GAUGE("meter_apparent_power_voltamperes", "Apparent power.", BOTH(power_apparent)),
	GAUGE("meter_phase_apparent_power_voltamperes", "Apparent power of each phase.",
	      SERIES(IMPORT_PHASES(power_apparent))),
	GAUGE("meter_voltage_volts", "Voltage of each phase.", PHASES(voltage)),
	GAUGE("meter_current_amperes", "Current of each phase.", PHASES(current)),
	GAUGE("meter_frequency_hertz", "Frequency of the grid.", SERIES({ Q_frequency, "" })),
	GAUGE("meter_power_factor_ratio", "Power factor.", SERIES({ Q_power_factor, "" })),
	GAUGE("meter_demand_watts", "Mean power of the running quarter hour.", IMPORT(demand)),
	GAUGE("meter_demand_peak_watts", "Highest quarter hour of the month.",
	      SERIES({ Q_demand_import_peak, "direction=\"import\"" })),
	GAUGE("meter_subscribed_current_amperes", "Current of the contract.",
	      SERIES({ Q_current_subscribed, "" })),
	GAUGE("meter_reference_power_voltamperes", "Power of the contract.",
	      SERIES({ Q_power_reference, "" })),
	GAUGE("meter_cutoff_power_voltamperes", "Power at which the meter opens its contact.",
	      SERIES({ Q_power_cutoff, "" })),
	QUANTITY("meter_load_ratio", "gauge", "Current or power drawn, of that of the contract.",
		 1, 5, SERIES({ Q_load, "" })),
	GAUGE("meter_tariff_index", "Tariff that holds now.", SERIES({ Q_tariff, "" })),
	DAEMON("meter_telegrams_total", "counter",
	       "Telegrams, dropped parts of them, and losses noticed, by source.", telegrams),
	DAEMON("meter_characters_total", "counter",
	       "Characters read by edges, and what was dropped, by source.", characters),
	DAEMON("meter_encrypted_telegrams_total", "counter",
	       "Encrypted telegrams by what became of them, of sources that have a key.",
	       encrypted),
	DAEMON("meter_d2l_frames_total", "counter",
	       "Frames of D2L modules by what became of them.", d2l_frames),
	DAEMON("meter_d2l_connections_total", "counter",
	       "Connections to the port of D2L modules, and why they were closed.",
	       d2l_connections),
	DAEMON("meterd_sink_publications_total", "counter",
	       "Publications that a sink took to where they go, or lost.", publications),
	DAEMON("meterd_mqtt_connected", "gauge", "1 while the broker takes messages.",
	       mqtt_connected),
	DAEMON("meterd_mqtt_connections_total", "counter", "Connections that the broker took.",
	       mqtt_connections),
	DAEMON("meterd_mqtt_messages_total", "counter", "Messages to the broker.", mqtt_messages),
	DAEMON("meterd_store_rows_total", "counter", "Rows that the ledger's file took.",
	       store_rows),
	DAEMON("meterd_store_waiting_rows", "gauge", "Rows that wait to be written.",
	       store_rows_waiting),
	DAEMON("meterd_store_commits_total", "counter", "Times that the ledger's file was written.",
	       store_commits),
	DAEMON("meterd_store_bytes", "gauge", "Size of the ledger's file.", store_bytes),
	DAEMON("meterd_store_failing", "gauge", "1 while the ledger's file cannot be written.",
	       store_failing),
	DAEMON("meterd_http_requests_total", "counter", "Requests over HTTP.", http_requests),
	DAEMON("meterd_http_refused_connections_total", "counter",
	       "Connections over HTTP that were too many.", http_refused),
	DAEMON("meterd_http_connections", "gauge", "Connections over HTTP.", http_connections),
	DAEMON("meterd_build_info", "gauge", "This meterd.", build_info),
	DAEMON("process_resident_memory_bytes", "gauge", "Resident memory.", resident_bytes),
	DAEMON("process_cpu_seconds_total", "counter", "Processor time.", cpu_seconds),
};

#define FAMILY_COUNT (sizeof(families) / sizeof(families[0]))

/**
 * struct metrics - where the page is
 * @family: index of the one that comes next
 * @begun: its HELP and TYPE are written
 * @after: name of its last meter, "": none yet
 */
struct metrics {
	struct page page;
	struct view view;
	struct page_request request;
	unsigned int family;
	bool begun;
	char after[METER_NAME_LEN + 1];
};

/* False when the part is full. */
static bool write_meters(struct metrics *p, const struct samples *s)
{
	for (const struct meter *m = meters_first(p->view.meters); m; m = m->next) {
		if (strcmp(m->name, p->after) <= 0)
			continue;
		if (ftell(s->out) >= PART_BYTES)
			return false;
		s->family->of_meter(s, m);
		strcpy(p->after, m->name);
	}
	return true;
}

static enum page_step metrics_write(struct page *page, FILE *out)
{
	struct metrics *p = (struct metrics *)page;

	for (; p->family < FAMILY_COUNT; p->family++) {
		const struct family *f = &families[p->family];
		struct samples s = { .out = out, .family = f, .begun = &p->begun };

		if (f->of_daemon)
			f->of_daemon(&s, &p->request);
		else if (!write_meters(p, &s))
			return PAGE_MORE;
		p->begun = false;
		p->after[0] = '\0';
	}
	return PAGE_LAST;
}

static void metrics_free(struct page *page)
{
	free(page);
}

/**
 * metrics_page - the page of /metrics
 * @r: the request
 *
 * Return: NULL without memory.
 */
struct page *metrics_page(const struct page_request *r)
{
	struct metrics *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->page = (struct page){
		.type = "text/plain; version=0.0.4; charset=utf-8",
		.write = metrics_write,
		.free = metrics_free,
	};
	p->view = *r->view;
	p->request = *r;
	p->request.view = &p->view;
	return &p->page;
}
