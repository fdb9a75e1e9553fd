// SPDX-License-Identifier: MIT
/*
 * A source that reads a meter on a plain tty, for machines without the kernel module.
 *
 * The line is always read as 8N1, for 7E1 is 8N1 with the parity in bit 7, which the decoders find
 * and check by themselves. A pty has no wire and no speed: it is read as it comes.
 */
#include <errno.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "../lib/meters.h"
#include "../lib/tty.h"
#include "device_wait.h"
#include "port_lines.h"
#include "port_search.h"
#include "source.h"

/* Taken in one go; a read that fills it has more behind it. */
#define PORTION_BYTES 4096

/*
 * While bytes come they are collected until the next tick, or each of the three or so characters
 * that a UART hands on would wake us. The ticks of all lines are the same, so that three lines wake
 * us no more often than one. At 115200 bit/s 922 bytes, of the 4096 that a tty keeps.
 */
#define TICK_MS 80

/* How often the search for the speed looks at what came. */
static const struct timeval search_look = { .tv_usec = 500000 };

/* How often a line whose telegrams come is looked at. */
static const struct timeval watch_look = { .tv_sec = 5 };

/**
 * struct serial - a line and what is known of it
 * @line: the source's only line
 * @feed: its bytes
 * @wait: for the device while it is not open
 * @tty: when @tty.fd is not -1
 * @lines: what the port has beside its UART
 * @readable: bytes came
 * @rest: those that came since may be read
 * @look: how the line does
 * @search: its speed and parity
 * @parityless: the port was set to 8E1 and is 8N1, as a mini UART of a Raspberry Pi
 * @reads: telegrams come at this speed
 * @telegrams: of the line when it was last looked at
 * @speed_bytes: that the decoder had seen when the speed was set
 * @heard_ms: when bytes came last, on the steady clock; 0: none since it was opened
 * @quiet_ms: since when telegrams stay away, on the steady clock
 */
struct serial {
	struct line *line;
	struct feed *feed;
	struct device_wait *wait;
	struct tty tty;
	struct port_lines *lines;
	struct event *readable;
	struct event *rest;
	struct event *look;
	struct port_search search;
	bool parityless;
	bool reads;
	u64 telegrams;
	u64 speed_bytes;
	u64 heard_ms;
	u64 quiet_ms;
};

static const struct source_config *config_of(const struct serial *s)
{
	return &s->line->source->config;
}

static u64 bytes_seen(const struct serial *s)
{
	return feed_bytes_seen(s->feed);
}

static bool is_searched(const struct serial *s)
{
	return !tty_is_pty(&s->tty) && port_search_is_open(&s->search);
}

static void serial_close(struct serial *s)
{
	if (s->tty.fd < 0)
		return;
	event_del(s->rest);
	event_del(s->look);
	if (s->readable)
		event_free(s->readable);
	s->readable = NULL;
	port_lines_close(s->lines);
	tty_close(&s->tty);
	feed_reset(s->feed);
}

static void serial_absent(struct serial *s)
{
	line_set_state(s->line, LINE_SILENT, "it is not there: is the adapter plugged in?");
}

/* Unplugged, hung up, or broken. */
static void serial_lost(struct serial *s)
{
	serial_close(s);
	serial_absent(s);
	device_wait_begin(s->wait);
}

static const char *setting_text(const struct serial *s, const struct port_setting *set)
{
	if (set->even)
		return s->parityless ? "8N1, for this port has no parity" : "8E1";
	return line_decoder_has_parity(s->line->decoder) ? "7E1" : "8N1";
}

/* How a telegram came, for whoever wants to give it in the configuration. */
static void tell_reading(struct serial *s)
{
	const struct port_setting set = port_search_setting(&s->search);
	const char *name = telegram_protocol_name(feed_protocol(s->feed));
	bool even = line_decoder_has_parity(s->line->decoder);

	if (tty_is_pty(&s->tty))
		line_set_state(s->line, LINE_CONNECTED, "%s telegrams come%s", name,
			       line_via(s->line));
	else
		line_set_state(s->line, LINE_CONNECTED, "%s telegrams come at %u bit/s, %s%s", name,
			       set.bit_per_s, setting_text(s, &set), line_via(s->line));
	if (config_of(s)->framings)
		return;
	if (config_of(s)->parity == PARITY_EVEN && !even)
		log_limited(&s->line->limit, LEVEL_WARNING, config_of(s)->name,
			    "parity = even is given, but what comes has no parity, and none is checked");
	if (config_of(s)->parity == PARITY_NONE && even)
		log_limited(&s->line->limit, LEVEL_WARNING, config_of(s)->name,
			    "parity = none is given, but what comes has even parity, which is checked");
}

/* Bytes come, and no telegram with any setting. */
static const char *not_found(const struct serial *s)
{
	if (!config_of(s)->framings)
		return "bytes come, but no telegram of TIC or P1 at 1200, 9600 or 115200 bit/s";
	if (s->parityless)
		return "bytes come, but no frame of DLMS, and this port has no parity, which M-Bus "
		       "wants: take another one";
	return "bytes come, but no frame of DLMS at any speed and parity so far";
}

/* Why there is no telegram, as soon as that is worth saying. */
static void tell_quiet(struct serial *s, u64 now_ms)
{
	/* At another speed a good line is garbage. */
	enum line_seen harmless = is_searched(s) ? SEEN_GARBAGE : SEEN_NOTHING;
	u64 patience_ms = line_patience_ms(s->line);
	const char *complaint = feed_complaint(s->feed);

	if (complaint && feed_seen(s->feed) > harmless)
		line_set_state(s->line, LINE_WRONG_DATA, "%s", complaint);
	else if (now_ms - s->quiet_ms < patience_ms)
		return;
	else if (!s->heard_ms || now_ms - s->heard_ms >= patience_ms)
		line_set_state(s->line, LINE_SILENT,
			       "no byte comes: is the meter wired to it and its customer port enabled?");
	else if (is_searched(s))
		line_set_state(s->line, LINE_WRONG_DATA, "%s", not_found(s));
	else if (complaint)
		line_set_state(s->line, LINE_WRONG_DATA, "%s", complaint);
}

static bool set_speed(struct serial *s)
{
	const struct port_setting set = port_search_setting(&s->search);

	s->speed_bytes = bytes_seen(s);
	if (!tty_set_parity(&s->tty, tty_is_pty(&s->tty) ? 0 : set.bit_per_s, set.even))
		return false;
	s->parityless |= set.even && !tty_has_parity(&s->tty);
	return true;
}

static void telegrams_begin(struct serial *s)
{
	s->reads = true;
	port_search_telegram(&s->search);
	device_wait_found(s->wait);
	tell_reading(s);
}

static void telegrams_end(struct serial *s, u64 now_ms)
{
	s->reads = false;
	s->quiet_ms = s->line->last_steady_ms;
	port_search_silence(&s->search, now_ms);
	feed_reset(s->feed);
}

/* False when the device is gone. */
static bool search_on(struct serial *s, u64 now_ms)
{
	enum line_seen seen = feed_seen(s->feed);
	bool heard = bytes_seen(s) != s->speed_bytes;

	if (!is_searched(s) || now_ms < port_search_until(&s->search, seen, heard))
		return true;
	port_search_next(&s->search, now_ms);
	if (!set_speed(s))
		return false;
	tcflush(s->tty.fd, TCIFLUSH);
	feed_reset(s->feed);
	return true;
}

static void serial_look(evutil_socket_t fd, short what, void *context)
{
	struct serial *s = context;
	u64 now_ms = steady_ms();

	(void)fd;
	(void)what;
	if (s->reads && now_ms - s->line->last_steady_ms >= line_patience_ms(s->line))
		telegrams_end(s, now_ms);
	else if (!s->reads && s->line->telegrams != s->telegrams)
		telegrams_begin(s);
	s->telegrams = s->line->telegrams;
	if (!s->reads) {
		tell_quiet(s, now_ms);
		if (!search_on(s, now_ms)) {
			serial_lost(s);
			return;
		}
	}
	event_add(s->look, s->reads ? &watch_look : &search_look);
}

static void read_at_tick(struct serial *s, u64 now_ms)
{
	const struct timeval wait = { .tv_usec = (TICK_MS - now_ms % TICK_MS) * 1000 };

	event_add(s->rest, &wait);
}

/* On @readable when bytes come after a pause, then on @rest until there are none. */
static void serial_read(evutil_socket_t fd, short what, void *context)
{
	struct serial *s = context;
	u8 *bytes = sources_buffer(s->line->source->all);
	struct moment when = { .unix_ms = host_unix_ms(), .steady_ms = steady_ms() };
	ssize_t count = read(s->tty.fd, bytes, PORTION_BYTES);
	const u64 telegrams = s->line->telegrams;

	(void)fd;
	(void)what;
	if (count > 0) {
		s->heard_ms = when.steady_ms;
		feed_bytes(s->feed, bytes, count, &when);
		if (s->line->telegrams != telegrams)
			port_lines_telegram(s->lines);
		if (count < PORTION_BYTES / 2)
			read_at_tick(s, when.steady_ms);
		else
			event_add(s->readable, NULL);
	} else if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
		event_add(s->readable, NULL);
	} else {
		serial_lost(s);
	}
}

static bool begin_reading(struct serial *s)
{
	s->readable = event_new(sources_base(s->line->source->all), s->tty.fd, EV_READ, serial_read,
				s);
	if (!s->readable)
		return false;
	s->reads = false;
	s->heard_ms = 0;
	s->parityless = false;
	s->quiet_ms = steady_ms();
	s->telegrams = s->line->telegrams;
	port_search_init(&s->search, config_of(s), s->quiet_ms);
	if (!set_speed(s) || event_add(s->readable, NULL))
		return false;
	event_add(s->look, &search_look);
	return true;
}

static void serial_refused(struct serial *s, enum tty_problem problem)
{
	struct meter m;

	if (problem == TTY_ABSENT)
		serial_absent(s);
	else if (problem == TTY_NOT_ALLOWED)
		line_set_state(s->line, LINE_REFUSED,
			       "this user may not open it: its group ('ls -lL' shows it) is wanted");
	else if (problem == TTY_KERNEL_READS || (*s->tty.port && meter_find_port(s->tty.port, &m)))
		line_set_state(s->line, LINE_REFUSED,
			       "the kernel reads it already: configure it as type = kernel");
	else
		line_set_state(s->line, LINE_REFUSED, "it %s", tty_problem_text(problem));
}

static void serial_open(void *context)
{
	struct serial *s = context;
	enum tty_problem problem = tty_open(&s->tty, config_of(s)->device);

	if (problem != TTY_OPEN) {
		serial_refused(s, problem);
		device_wait_begin(s->wait);
		return;
	}
	if (!port_lines_open(s->lines)) {
		serial_close(s);
		device_wait_begin(s->wait);
		return;
	}
	if (!begin_reading(s)) {
		serial_lost(s);
		return;
	}
	line_set_state(s->line, LINE_SILENT, "it is open; waits for a telegram");
}

static void serial_free(struct serial *s)
{
	serial_close(s);
	port_lines_free(s->lines);
	device_wait_free(s->wait);
	if (s->rest)
		event_free(s->rest);
	if (s->look)
		event_free(s->look);
	feed_free(s->feed);
	free(s);
}

static bool serial_start(struct source *source)
{
	struct event_base *base = sources_base(source->all);
	struct serial *s = calloc(1, sizeof(*s));

	if (!s)
		return false;
	s->tty.fd = -1;
	s->line = line_add(source, source->config.device);
	s->feed = s->line ? feed_new(s->line, source->config.protocols) : NULL;
	s->lines = s->line ? port_lines_new(s->line) : NULL;
	s->rest = event_new(base, -1, 0, serial_read, s);
	s->look = event_new(base, -1, 0, serial_look, s);
	s->wait = device_wait_new(base, source->config.device, serial_open, s);
	if (!s->feed || !s->lines || !s->rest || !s->look || !s->wait) {
		serial_free(s);
		return false;
	}
	source->private = s;
	serial_open(s);
	return true;
}

static void serial_stop(struct source *source)
{
	serial_free(source->private);
	source->private = NULL;
}

static bool serial_tended(const struct source *source)
{
	const struct serial *s = source->private;

	if (s->tty.fd < 0)
		return device_wait_pending(s->wait);
	return evtimer_pending(s->look, NULL) &&
	       (event_pending(s->readable, EV_READ, NULL) || evtimer_pending(s->rest, NULL));
}

const struct source_ops source_serial = {
	.type = "serial",
	.start = serial_start,
	.stop = serial_stop,
	.tended = serial_tended,
};
