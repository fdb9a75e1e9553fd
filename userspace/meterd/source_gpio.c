// SPDX-License-Identifier: MIT
/*
 * A source that reads a meter on a GPIO, without a UART and without the kernel module: the edges of
 * the line, which the kernel gives the time of, to characters.
 */
#include <stdlib.h>

#include "../lib/gpio_uart.h"
#include "device_wait.h"
#include "source.h"

/* How often it is looked at how the line does. */
static const struct timeval look_every = { .tv_sec = 2 };

/**
 * struct gpio - a line and what is known of it
 * @line: the source's only line
 * @feed: its bytes
 * @wait: for the chip, or for the line to be free, while it is not open
 * @uart: when @uart.line is not NULL
 * @readable: edges came after a pause
 * @rest: those that came since may be read
 * @look: how the line does
 * @reads: telegrams come
 * @telegrams: of the line when it was last looked at
 * @edges: likewise
 * @heard_ms: when edges came last, on the steady clock; 0: none since it was opened
 */
struct gpio {
	struct line *line;
	struct feed *feed;
	struct device_wait *wait;
	struct gpio_uart uart;
	struct event *readable;
	struct event *rest;
	struct event *look;
	bool reads;
	u64 telegrams;
	u64 edges;
	u64 heard_ms;
};

static const struct source_config *config_of(const struct gpio *g)
{
	return &g->line->source->config;
}

static void gpio_close(struct gpio *g)
{
	if (!g->uart.line)
		return;
	event_del(g->rest);
	event_del(g->look);
	if (g->readable)
		event_free(g->readable);
	g->readable = NULL;
	gpio_uart_close(&g->uart);
	feed_reset(g->feed);
}

/* The chip was unplugged, its driver unloaded. */
static void gpio_lost(struct gpio *g)
{
	gpio_close(g);
	line_set_state(g->line, LINE_SILENT, "the GPIO chip is gone");
	device_wait_begin(g->wait);
}

static void tell_reading(struct gpio *g)
{
	const struct line_decoder *d = g->line->decoder;

	line_set_state(g->line, LINE_CONNECTED, "%s telegrams come at %u bit/s, %s",
		       telegram_protocol_name(d->telegram.protocol),
		       softuart_baud(&g->uart.softuart),
		       line_decoder_has_parity(d) ? "7E1" : "8N1");
}

/* Why there is no telegram, as soon as that is worth saying. */
static void tell_quiet(struct gpio *g, u64 now_ms)
{
	const u64 patience_ms = line_patience_ms(g->line);
	const char *complaint = feed_complaint(g->feed);

	if (complaint)
		line_set_state(g->line, LINE_WRONG_DATA, "%s", complaint);
	else if (feed_idle_ms(g->feed) < patience_ms)
		return;
	else if (!g->heard_ms || now_ms - g->heard_ms >= patience_ms)
		line_set_state(g->line, LINE_SILENT,
			       "no edge comes: is the meter wired to it and its customer port enabled?");
	else
		line_set_state(g->line, LINE_WRONG_DATA,
			       "edges come, but not as a meter sends them: is it the right line, speed and "
			       "polarity (inverted)?");
}

static void gpio_look(evutil_socket_t fd, short what, void *context)
{
	struct gpio *g = context;
	u64 now_ms = steady_ms();

	(void)fd;
	(void)what;
	if (g->uart.edges != g->edges)
		g->heard_ms = now_ms;
	g->edges = g->uart.edges;
	if (g->line->telegrams != g->telegrams) {
		g->reads = true;
		device_wait_found(g->wait);
		tell_reading(g);
	} else {
		tell_quiet(g, now_ms);
	}
	g->telegrams = g->line->telegrams;
	/* What comes next may be another protocol. */
	if (g->reads && feed_idle_ms(g->feed) >= line_patience_ms(g->line)) {
		g->reads = false;
		feed_reset(g->feed);
	}
	event_add(g->look, &look_every);
}

/* On @readable when edges come after a pause, then on @rest until nothing is under way. */
static void gpio_read(evutil_socket_t fd, short what, void *context)
{
	struct gpio *g = context;
	u8 *bytes = sources_buffer(g->line->source->all);
	struct moment when = { .unix_ms = host_unix_ms(), .steady_ms = steady_ms() };
	int count = gpio_uart_read(&g->uart, bytes, SOURCES_BUFFER_BYTES), wait_ms;
	struct timeval wait = { 0 };

	(void)fd;
	(void)what;
	if (count < 0) {
		gpio_lost(g);
		return;
	}
	if (count)
		feed_bytes(g->feed, bytes, count, &when);
	wait_ms = gpio_uart_patience_ms(&g->uart);
	wait.tv_usec = wait_ms * 1000;
	if (wait_ms < 0)
		event_add(g->readable, NULL);
	else
		event_add(g->rest, &wait);
}

static bool begin_reading(struct gpio *g)
{
	g->readable = event_new(sources_base(g->line->source->all), gpio_fd(g->uart.line), EV_READ,
				gpio_read, g);
	if (!g->readable || event_add(g->readable, NULL))
		return false;
	g->reads = false;
	g->heard_ms = 0;
	g->edges = g->uart.edges;
	g->telegrams = g->line->telegrams;
	feed_reset(g->feed);
	event_add(g->look, &look_every);
	return true;
}

static void gpio_open(void *context)
{
	struct gpio *g = context;
	const struct source_config *c = config_of(g);
	struct gpio_spec spec = c->line;
	struct gpio_failure failure;

	spec.options |= c->inverted ? GPIO_ACTIVE_LOW : 0;
	if (!gpio_uart_open(&g->uart, &spec, c->speed_bit_per_s, &failure)) {
		line_set_state(g->line, failure.absent ? LINE_SILENT : LINE_REFUSED, "it %s",
			       failure.why);
		device_wait_begin(g->wait);
		return;
	}
	if (!begin_reading(g)) {
		gpio_lost(g);
		return;
	}
	line_set_state(g->line, LINE_SILENT, "it is open; waits for a telegram");
}

static void gpio_free(struct gpio *g)
{
	gpio_close(g);
	device_wait_free(g->wait);
	if (g->rest)
		event_free(g->rest);
	if (g->look)
		event_free(g->look);
	if (g->line)
		g->line->uart = NULL;
	feed_free(g->feed);
	free(g);
}

static bool gpio_start(struct source *source)
{
	struct event_base *base = sources_base(source->all);
	struct gpio *g = calloc(1, sizeof(*g));

	if (!g)
		return false;
	g->line = line_add(source, source->config.line.text);
	g->feed = g->line ? feed_new(g->line, source->config.protocols) : NULL;
	g->rest = event_new(base, -1, 0, gpio_read, g);
	g->look = event_new(base, -1, 0, gpio_look, g);
	g->wait = device_wait_new(base, "/dev/gpiochip0", gpio_open, g);
	if (!g->feed || !g->rest || !g->look || !g->wait) {
		gpio_free(g);
		return false;
	}
	g->line->uart = &g->uart.softuart.stats;
	source->private = g;
	gpio_open(g);
	return true;
}

static void gpio_stop(struct source *source)
{
	gpio_free(source->private);
	source->private = NULL;
}

static bool gpio_tended(const struct source *source)
{
	const struct gpio *g = source->private;

	if (!g->uart.line)
		return device_wait_pending(g->wait);
	return evtimer_pending(g->look, NULL) &&
	       (event_pending(g->readable, EV_READ, NULL) || evtimer_pending(g->rest, NULL));
}

const struct source_ops source_gpio = {
	.type = "gpio",
	.start = gpio_start,
	.stop = gpio_stop,
	.tended = gpio_tended,
};
