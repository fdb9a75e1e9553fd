// SPDX-License-Identifier: MIT
/*
 * Lines of GPIO chips through libgpiod 1.6.
 *
 * It speaks the first version of the kernel's interface (Documentation/userspace-api/gpio of the
 * kernel, "GPIO Character Device Userspace API (v1)"), which keeps 16 edges of a line, drops newer
 * ones, and does not tell.
 */
#include <errno.h>
#include <fcntl.h>
#include <gpiod.h>
#include <stdio.h>
#include <stdlib.h>

#include "gpio_version.h"

#define EDGES_KEPT 16

/**
 * struct gpio_line - a line that is ours
 * @output: it is held at a level
 * @full: when edges were read last, there was no room for more
 */
struct gpio_line {
	struct gpiod_chip *chip;
	struct gpiod_line *line;
	bool output;
	bool full;
};

bool gpio_chip_about(struct gpiod_chip *chip, char label[GPIO_NAME_SIZE], unsigned int *lines)
{
	snprintf(label, GPIO_NAME_SIZE, "%s", gpiod_chip_label(chip));
	*lines = gpiod_chip_num_lines(chip);
	return true;
}

bool gpio_line_about(struct gpiod_chip *chip, unsigned int offset, struct gpio_line_about *about)
{
	struct gpiod_line *line = gpiod_chip_get_line(chip, offset);
	const char *name, *consumer;

	if (!line)
		return false;
	name = gpiod_line_name(line);
	consumer = gpiod_line_consumer(line);
	snprintf(about->name, sizeof(about->name), "%s", name ? name : "");
	snprintf(about->consumer, sizeof(about->consumer), "%s", consumer ? consumer : "");
	return true;
}

static int flags_of(unsigned int options)
{
	return (options & GPIO_ACTIVE_LOW ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0) |
	       (options & GPIO_OPEN_DRAIN ? GPIOD_LINE_REQUEST_FLAG_OPEN_DRAIN : 0) |
	       (options & GPIO_OPEN_SOURCE ? GPIOD_LINE_REQUEST_FLAG_OPEN_SOURCE : 0) |
	       (options & GPIO_PULL_UP ? GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP : 0) |
	       (options & GPIO_PULL_DOWN ? GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN : 0);
}

static struct gpio_line *line_of(struct gpiod_chip *chip, unsigned int offset)
{
	struct gpio_line *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->chip = chip;
	l->line = gpiod_chip_get_line(chip, offset);
	if (l->line)
		return l;
	free(l);
	return NULL;
}

struct gpio_line *gpio_line_output(struct gpiod_chip *chip, unsigned int offset,
				   unsigned int options, bool on)
{
	struct gpio_line *l = line_of(chip, offset);

	if (!l)
		return NULL;
	l->output = true;
	if (!gpiod_line_request_output_flags(l->line, program_invocation_short_name,
					     flags_of(options), on))
		return l;
	free(l);
	return NULL;
}

struct gpio_line *gpio_line_edges(struct gpiod_chip *chip, unsigned int offset,
				  unsigned int options)
{
	struct gpio_line *l = line_of(chip, offset);

	if (!l)
		return NULL;
	if (gpiod_line_request_both_edges_events_flags(l->line, program_invocation_short_name,
						       flags_of(options)))
		goto free_line;
	if (!fcntl(gpiod_line_event_get_fd(l->line), F_SETFL, O_NONBLOCK))
		return l;
	gpiod_line_release(l->line);
free_line:
	free(l);
	return NULL;
}

bool gpio_set(struct gpio_line *line, bool on)
{
	return !gpiod_line_set_value(line->line, on);
}

int gpio_fd(const struct gpio_line *line)
{
	return gpiod_line_event_get_fd(line->line);
}

int gpio_read_edges(struct gpio_line *line, struct gpio_edge *edges, unsigned int max)
{
	struct gpiod_line_event events[EDGES_KEPT];
	int count;

	if (max > EDGES_KEPT)
		max = EDGES_KEPT;
	count = gpiod_line_event_read_multiple(line->line, events, max);
	if (count < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	for (int i = 0; i < count; i++)
		edges[i] = (struct gpio_edge){
			.time_ns = events[i].ts.tv_sec * 1000000000ull + events[i].ts.tv_nsec,
			.level = events[i].event_type == GPIOD_LINE_EVENT_RISING_EDGE,
			.lost = !i && line->full,
		};
	line->full = count == EDGES_KEPT;
	return count;
}

void gpio_forget(struct gpio_line *line)
{
	if (!line)
		return;
	gpiod_line_release(line->line);
	gpiod_chip_close(line->chip);
	free(line);
}

void gpio_release(struct gpio_line *line)
{
	if (line && line->output)
		gpiod_line_set_config(line->line, GPIOD_LINE_REQUEST_DIRECTION_INPUT, 0, 0);
	gpio_forget(line);
}

unsigned int gpio_edges_kept(void)
{
	return EDGES_KEPT;
}
