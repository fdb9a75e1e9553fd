/* SPDX-License-Identifier: MIT */
/*
 * meterctl decode --gpio: a line that is read by its edges, in place of a file.
 */
#ifndef METERCTL_DECODE_GPIO_H
#define METERCTL_DECODE_GPIO_H

#include "../lib/gpio.h"

/**
 * struct gpio_stream - the line
 * @spec: its text "": none
 * @bit_per_s: 0: found out
 */
struct gpio_stream {
	struct gpio_spec spec;
	unsigned int bit_per_s;
};

bool gpio_stream_name(struct gpio_stream *g, const char *text);
bool gpio_stream_speed(struct gpio_stream *g, const char *text);
int gpio_stream_read(const struct gpio_stream *g,
		     void (*feed)(void *context, const u8 *bytes, size_t count), void *context);

#endif /* METERCTL_DECODE_GPIO_H */
