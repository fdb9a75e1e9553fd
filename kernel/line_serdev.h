/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Meters on UARTs that the device tree gives to them; nothing where the kernel has no serial bus or
 * no device tree.
 */
#ifndef METERLINE_LINE_SERDEV_H
#define METERLINE_LINE_SERDEV_H

#ifdef METERLINE_SERDEV

int line_serdev_init(void);
void line_serdev_exit(void);

#else

static inline int line_serdev_init(void)
{
	return 0;
}

static inline void line_serdev_exit(void)
{
}

#endif /* METERLINE_SERDEV */

#endif /* METERLINE_LINE_SERDEV_H */
