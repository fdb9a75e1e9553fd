/* SPDX-License-Identifier: MIT */
/*
 * A serial line (or a pty), opened for a meter.
 */
#ifndef METERLINE_TTY_H
#define METERLINE_TTY_H

#include <stdbool.h>
#include <termios.h>

/**
 * struct tty - a line that is ours alone
 * @fd: the open tty
 * @port: its name as in a meter's attribute port: ttyUSB0, pts/3
 * @before: how it was set when we came
 */
struct tty {
	int fd;
	char port[64];
	struct termios before;
};

bool tty_open(struct tty *tty, const char *path);
bool tty_set_raw(const struct tty *tty, unsigned int bit_per_s);
void tty_close(struct tty *tty);

#endif /* METERLINE_TTY_H */
