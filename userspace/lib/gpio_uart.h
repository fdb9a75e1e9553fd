/* SPDX-License-Identifier: MIT */
/*
 * A serial line on a GPIO, without a UART: its edges to characters.
 */
#ifndef METERLINE_GPIO_UART_H
#define METERLINE_GPIO_UART_H

#include "../../kernel/telegram/softuart.h"
#include "gpio.h"

/* Room that gpio_uart_read() needs at least. */
#define GPIO_UART_ROOM 64

/**
 * struct gpio_uart - the line
 * @line: its edges
 * @softuart: its characters
 * @edges: that came so far
 */
struct gpio_uart {
	struct gpio_line *line;
	struct softuart softuart;
	u64 edges;
};

bool gpio_uart_reads(unsigned int bit_per_s);
bool gpio_uart_open(struct gpio_uart *g, const struct gpio_spec *spec, unsigned int bit_per_s,
		    struct gpio_failure *failure);
int gpio_uart_read(struct gpio_uart *g, u8 *bytes, unsigned int room);
int gpio_uart_patience_ms(const struct gpio_uart *g);
void gpio_uart_close(struct gpio_uart *g);

#endif /* METERLINE_GPIO_UART_H */
