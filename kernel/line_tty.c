// SPDX-License-Identifier: GPL-2.0-only
/*
 * A meter on a tty: the line discipline.
 *
 * The line is 8N1 for all meters; those which send 7E1 have their parity in bit 7, where the
 * decoder checks it. Whoever sets the discipline sets the speed too and keeps the tty open; read()
 * and poll() on it tell when the line is gone.
 *
 * Nothing is done on hangup: it runs beside receive, and close always follows.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/major.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/tty.h>
#include <linux/tty_driver.h>
#include <linux/tty_ldisc.h>

#include "compat.h"
#include "meter.h"

/*
 * The tty core cannot say whether a number is in use, and gives it to the last who asks: look into
 * /proc/tty/ldiscs when another module out of tree may have N_DEVELOPMENT.
 */
static int ldisc = N_DEVELOPMENT;
module_param(ldisc, int, 0444);
MODULE_PARM_DESC(ldisc, "number of the line discipline (default N_DEVELOPMENT)");

static void port_name(const struct tty_struct *tty, char *name, size_t size)
{
	if (tty->driver->major >= UNIX98_PTY_SLAVE_MAJOR &&
	    tty->driver->major < UNIX98_PTY_SLAVE_MAJOR + UNIX98_PTY_MAJOR_COUNT)
		snprintf(name, size, "pts/%d", tty->index);
	else
		snprintf(name, size, "%s", tty_name(tty));
}

/* Not for everyone: it makes devices. */
static int line_open(struct tty_struct *tty)
{
	struct meter *m;
	char name[32];

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (tty->disc_data)
		return -EEXIST;
	port_name(tty, name, sizeof(name));
	m = meter_register(tty->dev, name, "tty");
	if (IS_ERR(m))
		return PTR_ERR(m);
	tty->receive_room = 65536;
	tty->disc_data = m;
	tty_driver_flush_buffer(tty);
	return 0;
}

/* Also after a hangup. No other function of the discipline runs, or will run. */
static void line_close(struct tty_struct *tty)
{
	struct meter *m = tty->disc_data;

	tty->disc_data = NULL;
	meter_unregister(m);
}

static void count_errors(struct meter *m, const ldisc_flag_t *flags, size_t count)
{
	size_t overruns = 0, framing = 0;

	while (count--) {
		overruns += *flags == TTY_OVERRUN;
		framing += *flags++ == TTY_FRAME;
	}
	if (overruns || framing)
		meter_count_uart_errors(m, overruns, framing);
}

/*
 * All characters go to the decoder. One with a framing error is damaged, which the decoder sees; a
 * break is a NUL; and for lost characters the driver puts a NUL in their place, which no group and
 * no number has, so what they were lost from is not taken for whole.
 */
static void line_receive(struct tty_struct *tty, const u8 *bytes, const ldisc_flag_t *flags,
			 ldisc_count_t count)
{
	struct meter *m = tty->disc_data;

	if (flags)
		count_errors(m, flags, count);
	meter_receive(m, bytes, count);
	/* A meter cannot be held up, and the other end of a pty waits for this. */
	if (tty_throttled(tty))
		tty_unthrottle(tty);
}

static bool line_is_gone(struct tty_struct *tty, struct file *file)
{
	return tty_hung_up_p(file) || test_bit(TTY_HUPPING, &tty->flags) ||
	       test_bit(TTY_OTHER_CLOSED, &tty->flags);
}

/* Nothing to read: sleeps until the line is gone. */
static ssize_t line_read(struct tty_struct *tty, struct file *file, u8 *buf, size_t size,
			 void **cookie, unsigned long offset)
{
	int ret;

	ret = wait_event_interruptible(tty->read_wait,
				       line_is_gone(tty, file) || tty_io_nonblock(tty, file));
	if (ret)
		return ret;
	return line_is_gone(tty, file) ? 0 : -EAGAIN;
}

static __poll_t line_poll(struct tty_struct *tty, struct file *file, poll_table *wait)
{
	poll_wait(file, &tty->read_wait, wait);
	return line_is_gone(tty, file) ? EPOLLIN | EPOLLRDNORM | EPOLLHUP : 0;
}

/* What came at another speed says nothing about this one. */
static void line_set_termios(struct tty_struct *tty, const struct ktermios *old)
{
	if (old->c_ispeed != tty->termios.c_ispeed || old->c_cflag != tty->termios.c_cflag)
		meter_relearn(tty->disc_data);
}

static struct tty_ldisc_ops line_ldisc = {
	.owner = THIS_MODULE,
	.name = "meterline",
	.open = line_open,
	.close = line_close,
	.read = line_read,
	.poll = line_poll,
	.ioctl = n_tty_ioctl_helper,
	.set_termios = line_set_termios,
	.receive_buf = line_receive,
};

/**
 * line_tty_init - offer the line discipline
 *
 * Return: 0; -EINVAL for a number that there is not, or that is always in use.
 */
int line_tty_init(void)
{
	int ret;

	if (ldisc == N_TTY || ldisc == N_NULL) {
		pr_err("line discipline %d belongs to the kernel, choose another one\n",
		       ldisc);
		return -EINVAL;
	}
	line_ldisc.num = ldisc;
	ret = tty_register_ldisc(&line_ldisc);
	if (ret)
		pr_err("there is no line discipline %d, choose 1 to %d\n", ldisc,
		       NR_LDISCS - 1);
	return ret;
}

/** line_tty_exit - withdraw it; there is no user left */
void line_tty_exit(void)
{
	tty_unregister_ldisc(&line_ldisc);
}
