// SPDX-License-Identifier: MIT
/*
 * meterctl decode --gpio: a line that is read by its edges, in place of a file.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/gpio_uart.h"
#include "../lib/say.h"
#include "commands.h"
#include "decode_gpio.h"
#include "wait.h"

/* After this much silence, a '!' without anything behind it was the end of a P1 telegram. */
#define PAUSE_MS 1000

/**
 * gpio_stream_name - which line
 * @g: where it goes
 * @text: as of gpio_spec_parse()
 *
 * Return: false after a sentence.
 */
bool gpio_stream_name(struct gpio_stream *g, const char *text)
{
	char problem[160];

	if (gpio_spec_parse(text, GPIO_ACTIVE_LOW | GPIO_PULL_UP | GPIO_PULL_DOWN, &g->spec,
			    problem, sizeof(problem)))
		return true;
	say("--gpio %s: %s", text, problem);
	return false;
}

/**
 * gpio_stream_speed - at which speed
 * @g: where it goes
 * @text: 1200, 9600 or auto
 *
 * Return: false after a sentence.
 */
bool gpio_stream_speed(struct gpio_stream *g, const char *text)
{
	const bool slow = !strcmp(text, "1200"), fast = !strcmp(text, "9600");

	g->bit_per_s = slow ? 1200 : fast ? 9600 : 0;
	if (fast && !gpio_uart_reads(9600))
		say("--speed 9600: libgpiod 1.6, which this meterctl is built with, keeps %u edges, "
		    "too few for this speed: use the kernel module, or libgpiod 2",
		    gpio_edges_kept());
	else if (slow || fast || !strcmp(text, "auto"))
		return true;
	else
		say("'%s' is no speed of a meter on a GPIO: give 1200, 9600 or auto", text);
	return false;
}

static int read_on(struct gpio_uart *uart, const char *name, int signals,
		   void (*feed)(void *context, const u8 *bytes, size_t count), void *context)
{
	struct pollfd fds[] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = gpio_fd(uart->line), .events = POLLIN },
	};
	u8 bytes[4096];
	int patience_ms, count = 0;

	while (!ferror(stdout)) {
		patience_ms = gpio_uart_patience_ms(uart);
		/* What has come since may wait; only a line at rest is watched. */
		if (patience_ms < 0)
			count = poll(fds, 2, PAUSE_MS);
		else
			count = poll(fds, 1, patience_ms);
		if (fds[0].revents)
			return DONE;
		if (!count && patience_ms < 0)
			feed(context, bytes, 0);
		count = gpio_uart_read(uart, bytes, sizeof(bytes));
		if (count < 0)
			break;
		if (count)
			feed(context, bytes, count);
	}
	if (count < 0)
		say("%s can be read no longer: %s", name, strerror(errno));
	return count < 0 ? UNUSABLE : DONE;
}

/**
 * gpio_stream_read - read a line until SIGINT or SIGTERM
 * @g: the line
 * @feed: takes what comes; no bytes: nothing came for a second
 * @context: for @feed
 *
 * Says in the end, on stderr, what was dropped.
 *
 * Return: an exit code.
 */
int gpio_stream_read(const struct gpio_stream *g,
		     void (*feed)(void *context, const u8 *bytes, size_t count), void *context)
{
	int signals = wait_signals(0), rc;
	struct gpio_failure failure;
	struct gpio_uart uart = { 0 };
	const struct softuart_stats *s = &uart.softuart.stats;

	if (!gpio_uart_open(&uart, &g->spec, g->bit_per_s, &failure)) {
		say("%s %s", g->spec.text, failure.why);
		close(signals);
		return UNUSABLE;
	}
	rc = read_on(&uart, g->spec.text, signals, feed, context);
	fprintf(stderr,
		"characters=%" PRIu64 " framing_bad=%" PRIu64 " edges_lost=%" PRIu64
		" glitches=%" PRIu64 " speed=%u\n",
		s->characters, s->framing, s->lost_edges, s->glitches, softuart_baud(&uart.softuart));
	gpio_uart_close(&uart);
	close(signals);
	return rc;
}
