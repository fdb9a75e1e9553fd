/* SPDX-License-Identifier: MIT */
/*
 * What gpio.c needs of a version of libgpiod; gpio_v1.c and gpio_v2.c are the two, of which a build
 * has one.
 */
#ifndef METERLINE_GPIO_VERSION_H
#define METERLINE_GPIO_VERSION_H

#include "gpio.h"

struct gpiod_chip;

/**
 * struct gpio_line_about - what a chip says of a line
 * @name: "": none
 * @consumer: who uses it, "": nobody, or somebody who gave no name
 */
struct gpio_line_about {
	char name[GPIO_NAME_SIZE];
	char consumer[GPIO_NAME_SIZE];
};

/* The label may be "". False with errno. */
bool gpio_chip_about(struct gpiod_chip *chip, char label[GPIO_NAME_SIZE], unsigned int *lines);
bool gpio_line_about(struct gpiod_chip *chip, unsigned int offset, struct gpio_line_about *about);

/* The line takes over the chip. NULL with errno, then the chip stays open. */
struct gpio_line *gpio_line_output(struct gpiod_chip *chip, unsigned int offset,
				   unsigned int options, bool on);
struct gpio_line *gpio_line_edges(struct gpiod_chip *chip, unsigned int offset,
				  unsigned int options);

#endif /* METERLINE_GPIO_VERSION_H */
