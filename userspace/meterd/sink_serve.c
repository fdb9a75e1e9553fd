// SPDX-License-Identifier: MIT
/*
 * Sink serve: one meter on a TCP port, for readers of P1, many at once.
 *
 * format = p1: a telegram for each publication, made once for all clients, and not at all while
 * there are none. format = raw: the bytes of the meter's line as they come.
 */
#include <stdlib.h>

#include "p1_compose.h"
#include "publish.h"
#include "serve_clients.h"
#include "state_json.h"

#define STX 0x02

/* Encrypted P1: general-glo-ciphering and the length of a system title. */
#define CIPHERED	0xdb
#define TITLE_LEN	0x08

/* For how long a telegram is the newest while the meter's period is not known. */
#define PERIOD_MS 10000

/* A line on which the meter was not heard for so long gives its place to another one. */
#define LINE_MS 10000

/**
 * struct serve - such a sink
 * @meter: "": the only one
 * @newest: made at @newest_ms; NULL: nobody needed it
 * @newest_ms: when the meter was published last, on the steady clock; 0: not yet
 * @line: whose bytes are served, only to be compared; NULL: none
 * @line_ms: when it was the meter's, on the steady clock
 * @last: byte of it that came last
 * @begun: a telegram began on it
 * @told: that it does not know which meter, or that it has no bytes
 */
struct serve {
	struct sink sink;
	const struct view *view;
	struct serve_clients *clients;
	char *host;
	u16 port;
	char meter[METER_NAME_LEN + 1];
	bool raw;
	struct p1_options options;
	struct serve_block *newest;
	u64 newest_ms;
	const struct line *line;
	u64 line_ms;
	u8 last;
	bool begun;
	bool told;
};

static struct serve *serve_of(struct sink *s)
{
	return (struct serve *)s;
}

static void tell_many(struct serve *s, const struct meter *a, const struct meter *b)
{
	if (s->told)
		return;
	s->told = true;
	log_line(LEVEL_WARNING, s->sink.name,
		 "there are several meters, and nothing is served until [sink %s] says which: "
		 "meter = %s, or meter = %s, or another of meterctl status", s->sink.name, a->name,
		 b->name);
}

/* The only one whose source is not off; NULL after a word when there are several. */
static struct meter *only_meter(struct serve *s)
{
	struct meter *only = NULL;

	for (struct meter *m = meters_first(s->view->meters); m; m = m->next) {
		if (m->source_off)
			continue;
		if (only) {
			tell_many(s, only, m);
			return NULL;
		}
		only = m;
	}
	return only;
}

static struct meter *served_meter(struct serve *s)
{
	return s->meter[0] ? meters_find(s->view->meters, s->meter) : only_meter(s);
}

static bool serves(struct serve *s, const struct meter *m)
{
	return s->meter[0] ? !strcmp(m->name, s->meter) : only_meter(s) == m;
}

static struct serve_block *make_telegram(const struct serve *s, const struct meter *m, u64 now_ms)
{
	size_t len;
	char *bytes = p1_compose(m, now_ms, &s->options, &len);

	return bytes ? serve_block_new(bytes, len) : NULL;
}

static u64 period_ms(const struct serve *s, const struct meter *m)
{
	u64 cycle_ms = s->sink.cycle_s > 0 ? (u64)s->sink.cycle_s * 1000 : 0;
	u64 ms = m->line && m->line->interval_ms ? m->line->interval_ms : PERIOD_MS;

	return ms > cycle_ms ? ms : cycle_ms;
}

/* For a client that just came; an old telegram would be taken for a new one. */
static struct serve_block *newest_telegram(void *context)
{
	struct serve *s = context;
	struct meter *m = s->raw || !s->newest_ms ? NULL : served_meter(s);

	if (!m || steady_ms() - s->newest_ms > period_ms(s, m))
		return NULL;
	if (!s->newest)
		s->newest = make_telegram(s, m, meter_now_ms(m));
	if (s->newest)
		s->newest->holders++;
	return s->newest;
}

static void forget_newest(struct serve *s)
{
	serve_block_release(s->newest);
	s->newest = NULL;
}

static void take_options(struct serve *s, const struct config *c, const struct sink_config *own)
{
	s->options = (struct p1_options){
		.identity = c->identity,
		.apparent_as_power = own->apparent_as_power,
	};
	s->told = false;
	forget_newest(s);
}

static void serve_free(struct sink *sink)
{
	struct serve *s = serve_of(sink);

	serve_clients_free(s->clients);
	forget_newest(s);
	free(s->host);
	free(s);
}

static struct sink *serve_create(const struct sink_world *w, const struct config *c,
				 const struct sink_config *own)
{
	struct serve *s = calloc(1, sizeof(*s));
	struct serve_place place = {
		.base = w->base,
		.host = own->listen_host,
		.port = own->listen_port,
		.newest = newest_telegram,
		.context = s,
	};

	if (!s)
		return NULL;
	s->view = w->view;
	s->port = own->listen_port;
	s->raw = own->raw;
	memcpy(s->meter, own->meter, sizeof(s->meter));
	snprintf(s->sink.name, sizeof(s->sink.name), "%s", own->name);
	take_options(s, c, own);
	s->host = strdup(own->listen_host);
	place.who = s->sink.name;
	s->clients = s->host ? serve_clients_new(&place) : NULL;
	if (s->clients)
		return &s->sink;
	serve_free(&s->sink);
	return NULL;
}

/* Another meter would be a jump for the clients of this one. */
static bool serve_keep(struct sink *sink, const struct config *c, const struct sink_config *own)
{
	struct serve *s = serve_of(sink);

	if (strcmp(s->host, own->listen_host) || s->port != own->listen_port ||
	    strcmp(s->meter, own->meter) || s->raw != own->raw)
		return false;
	take_options(s, c, own);
	return true;
}

static void serve_begin(struct sink *sink)
{
	struct serve *s = serve_of(sink);

	if (s->meter[0] && !meters_find(s->view->meters, s->meter))
		log_line(LEVEL_WARNING, s->sink.name,
			 "no meter is called %s yet: meterctl status tells which there are",
			 s->meter);
	served_meter(s);
}

static void tell_no_bytes(struct serve *s, const struct meter *m)
{
	enum source_type type = m->line ? m->line->source->config.type : SOURCE_TCP;

	if (s->told || (type != SOURCE_KERNEL && type != SOURCE_REPLAY))
		return;
	s->told = true;
	log_line(LEVEL_WARNING, s->sink.name,
		 "source %s of %s has telegrams and no bytes, and nothing is served: raw is for "
		 "sources serial and tcp, expected format = p1", m->source, m->name);
}

static void serve_meter(struct sink *sink, struct meter *m, u64 now_ms)
{
	struct serve *s = serve_of(sink);

	if (!serves(s, m))
		return;
	if (s->raw) {
		tell_no_bytes(s, m);
		return;
	}
	forget_newest(s);
	s->newest_ms = steady_ms();
	if (serve_clients_none(s->clients))
		return;
	s->newest = make_telegram(s, m, now_ms);
	if (s->newest)
		serve_clients_give(s->clients, s->newest, true);
}

static void give_copy(struct serve *s, const u8 *bytes, size_t count, bool begins)
{
	char *copy = count ? malloc(count) : NULL;
	struct serve_block *b = NULL;

	if (copy) {
		memcpy(copy, bytes, count);
		b = serve_block_new(copy, count);
	}
	if (b)
		serve_clients_give(s->clients, b, begins);
	serve_block_release(b);
}

/* STX, or a '/' at the beginning of a line; bit 7 may be parity. */
static bool begins_clear(u8 before, u8 byte)
{
	return (byte & 0x7f) == STX || ((byte & 0x7f) == '/' && (before & 0x7f) < ' ');
}

/*
 * Whether a telegram begins at @i; @before: the byte that came before @bytes. A frame whose first
 * two bytes do not come together is none to begin with.
 */
static bool begins_telegram(const struct line *line, u8 before, const u8 *bytes, size_t count,
			    size_t i)
{
	const struct p1_cipher_stats *c = line->cipher;
	u8 last = i ? bytes[i - 1] : before;

	if (c && c->verified + c->unverified && bytes[i] != '/')
		return bytes[i] == CIPHERED && i + 1 < count && bytes[i + 1] == TITLE_LEN;
	return begins_clear(last, bytes[i]);
}

/* A meter that is heard on two lines has the bytes of one, or telegrams would be mixed. */
static bool is_served_line(struct serve *s, const struct meter *m, const struct line *line)
{
	u64 now_ms = steady_ms();
	bool fresh = s->line && now_ms - s->line_ms < LINE_MS;

	if (m->line == line && (s->line == line || !fresh)) {
		if (s->line != line)
			s->begun = false;
		s->line = line;
		s->line_ms = now_ms;
	}
	return s->line == line && (fresh || m->line == line);
}

static void serve_bytes(struct sink *sink, const struct line *line, const u8 *bytes, size_t count)
{
	struct serve *s = serve_of(sink);
	const struct meter *m = s->raw ? served_meter(s) : NULL;
	bool begins = false;
	size_t from = 0;

	if (!m || !is_served_line(s, m, line))
		return;
	for (size_t i = 0; i < count; i++) {
		if (!begins_telegram(line, s->last, bytes, count, i))
			continue;
		if (s->begun)
			give_copy(s, bytes + from, i - from, begins);
		s->begun = begins = true;
		from = i;
	}
	if (s->begun)
		give_copy(s, bytes + from, count - from, begins);
	if (count)
		s->last = bytes[count - 1];
}

static void serve_changed(struct sink *sink, const struct meter *m)
{
	struct serve *s = serve_of(sink);

	if (s->raw && serves(s, m) && meter_line_state(m) != LINE_CONNECTED)
		s->line = NULL;
}

const struct sink_ops sink_serve = {
	.create = serve_create,
	.keep = serve_keep,
	.begin = serve_begin,
	.meter = serve_meter,
	.bytes = serve_bytes,
	.changed = serve_changed,
	.free = serve_free,
};
