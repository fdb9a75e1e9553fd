// SPDX-License-Identifier: MIT
/*
 * D2L modules, which post what their meters say over TCP: we are their server, for any number of
 * them on one port.
 *
 * The first line of the source is its port; each module gets a line of its own with its first
 * frame. Every frame is answered with the time, by which the module sets its clock, whatever
 * becomes of what it says.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../decode/d2l_json.h"
#include "../lib/hash.h"
#include "../lib/json.h"
#include "d2l_server.h"
#include "listen.h"
#include "sources.h"
#include "trace.h"

/* So far behind the host a clock that has not gone on is that of an old frame. */
#define OLD_S 600
/* Modules were first made after this: a clock below it counts from when it was switched on. */
#define CLOCK_SET_S (D2L_EPOCH_S + 366 * 86400)

/* Until it is known how often a module posts; and how often that is looked at. */
#define SILENT_FIRST_MS (15 * 60 * 1000)
#define CHECK_S 10

/* What a line of the log has room for. */
#define SHOWN_MAX 800

#define BUCKETS_MIN 64

/**
 * struct module - one that was heard
 * @next: in its bucket
 * @booked: at least one reading was
 * @update_told: that it asks for firmware
 * @clock_s: of the newest reading that was booked, seconds since 1970; 0: it had none
 * @hash: of its payload
 */
struct module {
	struct module *next;
	u64 id;
	struct line *line;
	bool booked;
	bool update_told;
	s64 clock_s;
	u64 hash;
};

/**
 * struct d2l - a source of modules
 * @port: the line of the port
 * @server: NULL: no module has a key, so that it listens nowhere
 * @check: for modules that post no more
 * @buckets: of modules by their ids, a power of two
 * @clear: the newest frame in clear
 * @reading: its reading
 */
struct d2l {
	struct source *source;
	struct line *port;
	struct d2l_server *server;
	struct event *check;
	struct crypt_cbc *aes;
	struct module **buckets;
	size_t bucket_count;
	size_t count;
	struct d2l_stats stats;
	struct log_limit limit;
	u8 clear[D2L_FRAME_MAX];
	struct d2l_reading reading;
};

/* A frame that was deciphered, and the address that sent it. */
struct received {
	struct module *module;
	const struct d2l_frame *frame;
	const char *address;
};

static struct module **bucket_of(const struct d2l *d, u64 id)
{
	return &d->buckets[hash_add(HASH_BEGIN, &id, sizeof(id)) & (d->bucket_count - 1)];
}

static bool grow_buckets(struct d2l *d)
{
	size_t old_count = d->bucket_count;
	struct module **old = d->buckets, *m;
	struct module **more = calloc(old_count ? 2 * old_count : BUCKETS_MIN, sizeof(*more));

	if (!more)
		return false;
	d->buckets = more;
	d->bucket_count = old_count ? 2 * old_count : BUCKETS_MIN;
	for (size_t i = 0; i < old_count; i++) {
		while ((m = old[i])) {
			old[i] = m->next;
			m->next = *bucket_of(d, m->id);
			*bucket_of(d, m->id) = m;
		}
	}
	free(old);
	return true;
}

static struct module *module_new(struct d2l *d, u64 id)
{
	struct module *m = calloc(1, sizeof(*m));
	char what[sizeof("module ") + 20];

	if (!m)
		return NULL;
	snprintf(what, sizeof(what), "module %0*" PRIu64, D2L_ID_DIGITS, id);
	m->id = id;
	m->line = line_add(d->source, what);
	if (!m->line) {
		free(m);
		return NULL;
	}
	m->next = *bucket_of(d, id);
	*bucket_of(d, id) = m;
	d->count++;
	return m;
}

/* The module with an id that has a key; NULL without memory. */
static struct module *module_of(struct d2l *d, u64 id)
{
	struct module *m = *bucket_of(d, id);

	while (m && m->id != id)
		m = m->next;
	if (m)
		return m;
	if (d->count >= d->bucket_count && !grow_buckets(d))
		return NULL;
	return module_new(d, id);
}

/* Whether this was read before: a recording that somebody plays, or the module says it twice. */
static bool is_repeated(const struct module *m, const struct moment *when, u64 hash)
{
	return m->booked && when->has_clock && when->clock_s == m->clock_s && hash == m->hash;
}

static bool is_old(const struct module *m, const struct moment *when)
{
	return m->booked && when->has_clock && when->clock_s <= m->clock_s &&
	       when->clock_s < when->unix_ms / 1000 - OLD_S;
}

static void take_reading(struct d2l *d, const struct received *r)
{
	const struct d2l_frame *f = r->frame;
	const u64 hash = hash_add(HASH_BEGIN, f->payload, f->payload_len);
	const bool has_clock = d->reading.has_clock && d->reading.clock_s >= CLOCK_SET_S;
	struct moment when = {
		.unix_ms = host_unix_ms(),
		.steady_ms = steady_ms(),
		.has_clock = has_clock,
		.clock_s = d->reading.clock_s,
	};
	struct module *m = r->module;

	if (is_repeated(m, &when, hash)) {
		d->stats.repeated++;
		return;
	}
	if (is_old(m, &when)) {
		d->stats.old++;
		log_limited(&m->line->limit, LEVEL_WARNING, d->source->config.name,
			    "%s: an old reading from %s is not counted: its clock has not gone on "
			    "and is more than 10 minutes behind", m->line->what, r->address);
		return;
	}
	/* Its clock had run ahead and was set by our answer: the host's time goes on. */
	if (m->booked && when.clock_s <= m->clock_s)
		when.has_clock = false;
	m->booked = true;
	m->clock_s = has_clock ? when.clock_s : 0;
	m->hash = hash;
	line_telegram(m->line, &d->reading.telegram, NULL, &when);
}

/* What is wrong with a module that does well is no more than a line in the log. */
static void complain(struct d2l *d, struct module *m, const char *why)
{
	if (m->line->state == LINE_CONNECTED)
		log_limited(&m->line->limit, LEVEL_WARNING, d->source->config.name, "%s: %s",
			    m->line->what, why);
	else
		line_set_state(m->line, LINE_WRONG_DATA, "%s", why);
}

static void take_json(struct d2l *d, const struct received *r)
{
	if (d2l_reading_parse(&d->reading, r->frame->payload, r->frame->payload_len)) {
		take_reading(d, r);
		return;
	}
	d->stats.unreadable++;
	complain(d, r->module, "frames come, but what is in them is no JSON of a meter");
}

static void tell_update(struct d2l *d, struct module *m)
{
	d->stats.updates++;
	if (m->update_told)
		return;
	m->update_told = true;
	log_line(LEVEL_WARNING, d->source->config.name, "%s: " D2L_UPDATE_ADVICE, m->line->what);
}

/* The JSON as it came; or its members, with what tells whose meter it is masked. */
static void print_payload(struct d2l *d, const struct d2l_frame *f, FILE *out)
{
	u8 text[METERLINE_P1_MAX_BYTES + TELEGRAM_PAD];
	struct telegram masked;

	if (d->source->all->identity) {
		json_string(out, f->payload, f->payload_len);
	} else if (f->type == D2L_PUSH_JSON &&
		   d2l_reading_parse(&d->reading, f->payload, f->payload_len)) {
		trace_mask(&d->reading.telegram, &masked, text);
		json_fields(out, &masked);
	}
}

/* For a person who looks at what modules say; costs nothing as long as nobody does. */
static void show_frame(struct d2l *d, const struct received *r)
{
	const char *name = d2l_type_name(r->frame->type), *who = d->source->config.name;
	size_t size = 0;
	char *text = NULL;
	FILE *out;

	if (!log_wants(LEVEL_COMMUNICATION))
		return;
	out = open_memstream(&text, &size);
	if (!out)
		return;
	print_payload(d, r->frame, out);
	fclose(out);
	log_line(LEVEL_COMMUNICATION, who, "%s, %s: %s (%u)%s, %zu bytes", r->module->line->what,
		 r->address, name ? name : "frame", r->frame->type,
		 r->frame->error ? ", an error" : "", r->frame->payload_len);
	for (size_t at = 0; at < size; at += SHOWN_MAX)
		log_line(LEVEL_COMMUNICATION, who, "%.*s", SHOWN_MAX, text + at);
	free(text);
}

static void take_frame(struct d2l *d, const struct received *r)
{
	show_frame(d, r);
	if (r->frame->answer) {
		d->stats.unreadable++;
		return;
	}
	d->stats.good++;
	if (r->frame->type == D2L_PUSH_JSON)
		take_json(d, r);
	else if (r->frame->type == D2L_UPDATE_REQUEST)
		tell_update(d, r->module);
}

static void take_unreadable(struct d2l *d, struct module *m, enum d2l_verdict verdict)
{
	if (verdict == D2L_BAD_CRC) {
		d->stats.wrong_key++;
		complain(d, m, "frames come, but its key or IV is not that of this module: their "
			       "CRC is wrong");
	} else {
		d->stats.unreadable++;
		complain(d, m, d2l_verdict_text(verdict));
	}
}

static void take_unknown(struct d2l *d, u64 id, const char *address)
{
	d->stats.unknown++;
	log_limited(&d->limit, LEVEL_WARNING, d->source->config.name,
		    "a module with the id %0*" PRIu64 " at %s has no key here: put its key and IV "
		    "into the key file and reload", D2L_ID_DIGITS, id, address);
}

static enum d2l_next on_frame(void *context, const u8 *bytes, const struct d2l_header *h,
			      const char *address, u8 answer[D2L_ANSWER_LEN])
{
	struct d2l *d = context;
	const struct d2l_key *key = d2l_keys_find(d->source->modules, h->id);
	struct d2l_frame f;
	struct received r = { .frame = &f, .address = address };
	enum d2l_verdict verdict;

	if (!key) {
		take_unknown(d, h->id, address);
		return D2L_CLOSE;
	}
	verdict = d2l_open(d->aes, key, bytes, h->len, d->clear, &f);
	/* A key that came without an id fits one module; what it does not open is another's. */
	if (verdict != D2L_GOOD && key->id != h->id) {
		take_unknown(d, h->id, address);
		return D2L_CLOSE;
	}
	r.module = module_of(d, h->id);
	if (!r.module)
		return D2L_CLOSE;
	if (verdict != D2L_GOOD) {
		take_unreadable(d, r.module, verdict);
		return D2L_CLOSE;
	}
	take_frame(d, &r);
	return d2l_reply(d->aes, key, &f, host_unix_ms() / 1000, answer);
}

static u64 patience_ms(const struct line *line)
{
	return line->interval_ms ? line_patience_ms(line) : SILENT_FIRST_MS;
}

static void on_check(evutil_socket_t fd, short what, void *context)
{
	struct d2l *d = context;
	u64 now_ms = steady_ms();

	(void)fd;
	(void)what;
	for (struct line *line = d->port->next; line; line = line->next) {
		if (line->state == LINE_CONNECTED &&
		    now_ms - line->last_steady_ms >= patience_ms(line))
			line_set_state(line, LINE_SILENT,
				       "it posts no more: has it power, and is it in the Wi-Fi?");
	}
}

static void on_listening(void *context, int error)
{
	struct d2l *d = context;

	if (!error)
		line_set_state(d->port, LINE_CONNECTED, "listens for modules");
	else
		line_set_state(d->port, LINE_REFUSED, "cannot listen: %s%s; it is tried again",
			       strerror(error), listen_advice(error));
}

static bool begin_listening(struct d2l *d)
{
	const struct source_config *c = &d->source->config;
	const struct d2l_place place = {
		.base = sources_base(d->source->all),
		.who = c->name,
		.host = c->listen_host,
		.port = c->port,
		.max_connections = c->max_connections,
		.frame = on_frame,
		.listens = on_listening,
		.context = d,
		.stats = &d->stats.connections,
	};

	if (!d->source->modules) {
		line_set_state(d->port, LINE_REFUSED,
			       "no module has a key here, so that nothing listens: give key_file");
		return true;
	}
	d->server = d2l_server_new(&place);
	return d->server;
}

static void d2l_free(struct d2l *d)
{
	struct module *m;

	d2l_server_free(d->server);
	if (d->check)
		event_free(d->check);
	crypt_cbc_free(d->aes);
	for (size_t i = 0; i < d->bucket_count; i++) {
		while ((m = d->buckets[i])) {
			d->buckets[i] = m->next;
			free(m);
		}
	}
	free(d->buckets);
	free(d);
}

static bool d2l_start(struct source *s)
{
	static const struct timeval every = { .tv_sec = CHECK_S };
	struct d2l *d = calloc(1, sizeof(*d));

	if (!d)
		return false;
	d->source = s;
	d->aes = crypt_cbc_new();
	d->port = line_add_address(s, s->config.listen_host, s->config.port);
	d->check = event_new(sources_base(s->all), -1, EV_PERSIST, on_check, d);
	if (!d->aes || !d->port || !d->check || event_add(d->check, &every) || !grow_buckets(d) ||
	    !begin_listening(d)) {
		d2l_free(d);
		return false;
	}
	s->private = d;
	s->d2l = &d->stats;
	return true;
}

static void d2l_stop(struct source *s)
{
	s->d2l = NULL;
	d2l_free(s->private);
	s->private = NULL;
}

static bool d2l_tended(const struct source *s)
{
	const struct d2l *d = s->private;

	return !d->server || d2l_server_tended(d->server);
}

const struct source_ops source_d2l = {
	.type = "d2l",
	.start = d2l_start,
	.stop = d2l_stop,
	.tended = d2l_tended,
};
