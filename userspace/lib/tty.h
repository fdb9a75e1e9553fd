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
 * @port: its name as in a meter's attribute port: ttyUSB0, pts/3; "" when not known
 * @before: how it was set when we came
 */
struct tty {
	int fd;
	char port[64];
	struct termios before;
};

/** enum tty_problem - why a line cannot be had */
enum tty_problem {
	TTY_OPEN,		/* it is open: no problem */
	TTY_ABSENT,
	TTY_NOT_ALLOWED,
	TTY_CLAIMED,		/* with TIOCEXCL */
	TTY_LOCKED,		/* with flock() */
	TTY_KERNEL_READS,	/* through a line discipline */
	TTY_NO_TTY,
	TTY_NAMELESS,
	TTY_FAILED,		/* errno says why */
};

enum tty_problem tty_open(struct tty *tty, const char *path);
const char *tty_problem_text(enum tty_problem problem);
bool tty_is_pty(const struct tty *tty);
void tty_keep_modem_lines(struct tty *tty);
bool tty_set_raw(const struct tty *tty, unsigned int bit_per_s);
bool tty_set_parity(const struct tty *tty, unsigned int bit_per_s, bool even);
bool tty_has_parity(const struct tty *tty);
void tty_close(struct tty *tty);

#endif /* METERLINE_TTY_H */
