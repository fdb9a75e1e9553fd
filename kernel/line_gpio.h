/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Meters on a GPIO; nothing where the kernel has no GPIOs.
 */
#ifndef METERLINE_LINE_GPIO_H
#define METERLINE_LINE_GPIO_H

#ifdef METERLINE_GPIO

int line_gpio_init(void);
void line_gpio_exit(void);

#else

static inline int line_gpio_init(void)
{
	return 0;
}

static inline void line_gpio_exit(void)
{
}

#endif /* METERLINE_GPIO */

#endif /* METERLINE_LINE_GPIO_H */
