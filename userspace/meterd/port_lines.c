// SPDX-License-Identifier: MIT
/*
 * What a serial port has beside its UART: the data request line of P1, and an LED.
 *
 * A meter sends while its request is high, and stops at once, also within a telegram, when it is
 * not (DSMR P1 5.0.2, 5.5).
 */
#include <stdlib.h>

#include "port_lines.h"

/**
 * struct port_lines - the lines of one port
 * @line: of the source, which says which they are
 * @request: held while the port is open; NULL: not held, or there is none
 * @led: likewise
 * @dark: when the LED goes out again
 */
struct port_lines {
	struct line *line;
	struct gpio_line *request;
	struct gpio_line *led;
	struct event *dark;
};

static void led_goes_out(evutil_socket_t fd, short what, void *context)
{
	struct port_lines *p = context;

	(void)fd;
	(void)what;
	gpio_set(p->led, false);
}

/**
 * port_lines_new - the lines of a port, none of them held yet
 * @line: of the source; must live longer
 *
 * Return: the lines; NULL without memory.
 */
struct port_lines *port_lines_new(struct line *line)
{
	struct port_lines *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->line = line;
	p->dark = event_new(sources_base(line->source->all), -1, 0, led_goes_out, p);
	if (p->dark)
		return p;
	free(p);
	return NULL;
}

static void open_led(struct port_lines *p)
{
	const struct source_config *c = &p->line->source->config;
	struct gpio_failure failure;

	p->led = *c->led.text ? gpio_output(&c->led, false, &failure) : NULL;
	if (*c->led.text && !p->led)
		log_limited(&p->line->limit, LEVEL_WARNING, c->name,
			    "led = %s %s; the meter is read without it", c->led.text, failure.why);
}

/**
 * port_lines_open - request data
 * @p: the lines of a port that was opened
 *
 * A meter is read without its LED, but not without its request.
 *
 * Return: false, with the state of the line set, when the request cannot be made.
 */
bool port_lines_open(struct port_lines *p)
{
	const struct source_config *c = &p->line->source->config;
	struct gpio_failure failure;

	if (*c->request.text) {
		p->request = gpio_request_output(&c->request, &failure);
		if (!p->request) {
			line_set_state(p->line, failure.absent ? LINE_SILENT : LINE_REFUSED,
				       "request = %.40s %s", c->request.text, failure.why);
			return false;
		}
	}
	open_led(p);
	return true;
}

/**
 * port_lines_telegram - a telegram came: the LED flashes
 * @p: the lines of the port
 */
void port_lines_telegram(struct port_lines *p)
{
	static const struct timeval flash = { .tv_usec = LED_FLASH_MS * 1000 };

	if (p->led && gpio_set(p->led, true))
		event_add(p->dark, &flash);
}

/**
 * port_lines_close - request no more
 * @p: the lines of a port that is about to be closed
 */
void port_lines_close(struct port_lines *p)
{
	event_del(p->dark);
	gpio_release(p->request);
	gpio_release(p->led);
	p->request = NULL;
	p->led = NULL;
}

/**
 * port_lines_free - the lines are no more
 * @p: closed; may be NULL
 */
void port_lines_free(struct port_lines *p)
{
	if (!p)
		return;
	event_free(p->dark);
	free(p);
}
