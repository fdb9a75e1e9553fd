/* SPDX-License-Identifier: MIT */
/*
 * Lines of GPIO chips, through libgpiod 1.6 or 2.x.
 */
#ifndef METERLINE_GPIO_H
#define METERLINE_GPIO_H

#include <stdbool.h>
#include <stddef.h>

#include "../../kernel/telegram/types.h"

#define GPIO_NAME_SIZE	64
#define GPIO_TEXT_SIZE	112
#define GPIO_WHY_SIZE	112

/* How long an LED is lit by a telegram. */
#define LED_FLASH_MS	100

/* Options behind a line's name, and how a line is driven. */
#define GPIO_ACTIVE_LOW	 0x01u
#define GPIO_OPEN_DRAIN	 0x02u
#define GPIO_OPEN_SOURCE 0x04u
#define GPIO_PULL_UP	 0x08u
#define GPIO_PULL_DOWN	 0x10u

/**
 * struct gpio_spec - which line, and how it is used
 * @text: as it was given, with its options; "": no line
 * @chip: gpiochipN, or a chip's label; "": @name is that of the line
 * @name: of the line, when @chip is ""
 * @offset: of the line in @chip
 * @options: GPIO_*
 */
struct gpio_spec {
	char text[GPIO_TEXT_SIZE];
	char chip[GPIO_NAME_SIZE];
	char name[GPIO_NAME_SIZE];
	unsigned int offset;
	unsigned int options;
};

/**
 * struct gpio_failure - why a line cannot be had
 * @absent: there is no such line, yet
 * @why: what comes behind the line's name and a blank to make a sentence, without a full stop
 */
struct gpio_failure {
	bool absent;
	char why[GPIO_WHY_SIZE];
};

/**
 * struct gpio_edge - a change of an input line
 * @time_ns: CLOCK_MONOTONIC, taken by the kernel
 * @level: after it; with GPIO_ACTIVE_LOW the inverse of the wire's
 * @lost: others may have been lost before it
 */
struct gpio_edge {
	u64 time_ns;
	bool level;
	bool lost;
};

struct gpio_line;

/* gpio.c */
bool gpio_spec_parse(const char *text, unsigned int allowed, struct gpio_spec *spec, char *problem,
		     size_t size);

struct gpio_line *gpio_output(const struct gpio_spec *spec, bool on, struct gpio_failure *failure);
struct gpio_line *gpio_request_output(const struct gpio_spec *spec, struct gpio_failure *failure);
struct gpio_line *gpio_edges(const struct gpio_spec *spec, struct gpio_failure *failure);

/* gpio_v1.c or gpio_v2.c, by the version of the library: */

/**
 * gpio_set - change the level of an output
 * @line: of gpio_output()
 * @on: as there
 *
 * Return: false with errno.
 */
bool gpio_set(struct gpio_line *line, bool on);

/** gpio_fd - what can be polled for edges; of gpio_edges() */
int gpio_fd(const struct gpio_line *line);

/**
 * gpio_read_edges - edges that came
 * @line: of gpio_edges()
 * @edges: where they go, in their order
 * @max: room in @edges
 *
 * Does not wait.
 *
 * Return: how many, 0: none; -1 with errno: the chip is gone, or broken.
 */
int gpio_read_edges(struct gpio_line *line, struct gpio_edge *edges, unsigned int max);

/**
 * gpio_release - give up a line
 * @line: freed; may be NULL. An output becomes high impedance first, since drivers differ in what
 *	they make of one that nobody holds. That of a process that was killed stays as they do
 */
void gpio_release(struct gpio_line *line);

/**
 * gpio_forget - close a line in this process, and leave it as it is
 * @line: freed; may be NULL. Another process that has its descriptor goes on to hold it
 */
void gpio_forget(struct gpio_line *line);

/**
 * gpio_edges_kept - how many edges wait for a reader that is late
 *
 * Return: 16 with libgpiod 1.6, 1024 with 2.x.
 */
unsigned int gpio_edges_kept(void);

#endif /* METERLINE_GPIO_H */
