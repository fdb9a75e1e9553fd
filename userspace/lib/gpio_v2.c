// SPDX-License-Identifier: MIT
/*
 * Lines of GPIO chips through libgpiod 2.x.
 *
 * It speaks the second version of the kernel's interface (include/uapi/linux/gpio.h), which keeps
 * as many edges as one asks for, drops older ones, and numbers them.
 */
#include <errno.h>
#include <fcntl.h>
#include <gpiod.h>
#include <stdio.h>
#include <stdlib.h>

#include "gpio_version.h"

/* The most that the kernel gives: 16 for each of GPIO_V2_LINES_MAX lines. */
#define EDGES_KEPT 1024

/**
 * struct gpio_line - a line that is ours
 * @events: edges on their way; NULL: it is an output
 * @seqno: of the last one
 */
struct gpio_line {
	struct gpiod_chip *chip;
	struct gpiod_line_request *request;
	struct gpiod_edge_event_buffer *events;
	unsigned int offset;
	unsigned long seqno;
};

bool gpio_chip_about(struct gpiod_chip *chip, char label[GPIO_NAME_SIZE], unsigned int *lines)
{
	struct gpiod_chip_info *info = gpiod_chip_get_info(chip);

	*label = '\0';
	*lines = 0;
	if (!info)
		return false;
	snprintf(label, GPIO_NAME_SIZE, "%s", gpiod_chip_info_get_label(info));
	*lines = (unsigned int)gpiod_chip_info_get_num_lines(info);
	gpiod_chip_info_free(info);
	return true;
}

bool gpio_line_about(struct gpiod_chip *chip, unsigned int offset, struct gpio_line_about *about)
{
	struct gpiod_line_info *info = gpiod_chip_get_line_info(chip, offset);
	const char *name, *consumer;

	if (!info)
		return false;
	name = gpiod_line_info_get_name(info);
	consumer = gpiod_line_info_get_consumer(info);
	snprintf(about->name, sizeof(about->name), "%s", name ? name : "");
	snprintf(about->consumer, sizeof(about->consumer), "%s", consumer ? consumer : "");
	gpiod_line_info_free(info);
	return true;
}

/* What both kinds of lines have; NULL without memory. */
static struct gpiod_line_settings *settings_of(unsigned int options)
{
	struct gpiod_line_settings *s = gpiod_line_settings_new();

	if (!s)
		return NULL;
	gpiod_line_settings_set_active_low(s, options & GPIO_ACTIVE_LOW);
	if (options & (GPIO_PULL_UP | GPIO_PULL_DOWN))
		gpiod_line_settings_set_bias(s, options & GPIO_PULL_UP ? GPIOD_LINE_BIAS_PULL_UP :
									 GPIOD_LINE_BIAS_PULL_DOWN);
	return s;
}

/* Frees the settings. NULL without memory. */
static struct gpiod_line_config *config_of(unsigned int offset, struct gpiod_line_settings *s)
{
	struct gpiod_line_config *config = s ? gpiod_line_config_new() : NULL;

	if (config && gpiod_line_config_add_line_settings(config, &offset, 1, s)) {
		gpiod_line_config_free(config);
		config = NULL;
	}
	gpiod_line_settings_free(s);
	return config;
}

static struct gpiod_line_request *request(struct gpiod_chip *chip, struct gpiod_line_config *config)
{
	struct gpiod_request_config *how = gpiod_request_config_new();
	struct gpiod_line_request *r = NULL;
	int why;

	if (how && config) {
		gpiod_request_config_set_consumer(how, program_invocation_short_name);
		gpiod_request_config_set_event_buffer_size(how, EDGES_KEPT);
		r = gpiod_chip_request_lines(chip, how, config);
	}
	why = errno;
	gpiod_request_config_free(how);
	errno = why;
	return r;
}

/* Frees the settings. NULL with errno. */
static struct gpio_line *line_of(struct gpiod_chip *chip, unsigned int offset,
				 struct gpiod_line_settings *s)
{
	struct gpiod_line_config *config = config_of(offset, s);
	struct gpio_line *l = calloc(1, sizeof(*l));
	int why;

	if (l) {
		l->chip = chip;
		l->offset = offset;
		l->request = request(chip, config);
	}
	why = errno;
	gpiod_line_config_free(config);
	if (l && l->request)
		return l;
	free(l);
	errno = why;
	return NULL;
}

struct gpio_line *gpio_line_output(struct gpiod_chip *chip, unsigned int offset,
				   unsigned int options, bool on)
{
	struct gpiod_line_settings *s = settings_of(options);

	if (!s)
		return NULL;
	gpiod_line_settings_set_direction(s, GPIOD_LINE_DIRECTION_OUTPUT);
	gpiod_line_settings_set_output_value(s, on ? GPIOD_LINE_VALUE_ACTIVE :
						     GPIOD_LINE_VALUE_INACTIVE);
	if (options & (GPIO_OPEN_DRAIN | GPIO_OPEN_SOURCE))
		gpiod_line_settings_set_drive(s, options & GPIO_OPEN_DRAIN ?
							 GPIOD_LINE_DRIVE_OPEN_DRAIN :
							 GPIOD_LINE_DRIVE_OPEN_SOURCE);
	return line_of(chip, offset, s);
}

struct gpio_line *gpio_line_edges(struct gpiod_chip *chip, unsigned int offset,
				  unsigned int options)
{
	struct gpiod_line_settings *s = settings_of(options);
	struct gpio_line *l;

	if (!s)
		return NULL;
	gpiod_line_settings_set_direction(s, GPIOD_LINE_DIRECTION_INPUT);
	gpiod_line_settings_set_edge_detection(s, GPIOD_LINE_EDGE_BOTH);
	l = line_of(chip, offset, s);
	if (!l)
		return NULL;
	l->events = gpiod_edge_event_buffer_new(EDGES_KEPT);
	if (l->events && !fcntl(gpio_fd(l), F_SETFL, O_NONBLOCK))
		return l;
	gpiod_edge_event_buffer_free(l->events);
	gpiod_line_request_release(l->request);
	free(l);
	return NULL;
}

bool gpio_set(struct gpio_line *line, bool on)
{
	return !gpiod_line_request_set_value(line->request, line->offset,
					     on ? GPIOD_LINE_VALUE_ACTIVE :
						  GPIOD_LINE_VALUE_INACTIVE);
}

int gpio_fd(const struct gpio_line *line)
{
	return gpiod_line_request_get_fd(line->request);
}

static struct gpio_edge edge_of(struct gpio_line *line, struct gpiod_edge_event *e)
{
	const unsigned long seqno = gpiod_edge_event_get_line_seqno(e);
	const struct gpio_edge edge = {
		.time_ns = gpiod_edge_event_get_timestamp_ns(e),
		.level = gpiod_edge_event_get_event_type(e) == GPIOD_EDGE_EVENT_RISING_EDGE,
		/* The kernel counts in 32 bits. */
		.lost = (u32)(seqno - line->seqno) != 1,
	};

	line->seqno = seqno;
	return edge;
}

int gpio_read_edges(struct gpio_line *line, struct gpio_edge *edges, unsigned int max)
{
	int count = gpiod_line_request_read_edge_events(line->request, line->events, max);

	if (count < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	for (int i = 0; i < count; i++)
		edges[i] = edge_of(line, gpiod_edge_event_buffer_get_event(line->events, i));
	return count;
}

void gpio_forget(struct gpio_line *line)
{
	if (!line)
		return;
	gpiod_edge_event_buffer_free(line->events);
	gpiod_line_request_release(line->request);
	gpiod_chip_close(line->chip);
	free(line);
}

static void let_go(struct gpio_line *line)
{
	struct gpiod_line_settings *s = settings_of(0);
	struct gpiod_line_config *config;

	if (s)
		gpiod_line_settings_set_direction(s, GPIOD_LINE_DIRECTION_INPUT);
	config = config_of(line->offset, s);
	if (config)
		gpiod_line_request_reconfigure_lines(line->request, config);
	gpiod_line_config_free(config);
}

void gpio_release(struct gpio_line *line)
{
	if (line && !line->events)
		let_go(line);
	gpio_forget(line);
}

unsigned int gpio_edges_kept(void)
{
	return EDGES_KEPT;
}
