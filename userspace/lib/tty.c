// SPDX-License-Identifier: MIT
/*
 * A serial line (or a pty), opened for a meter: ours alone, raw, 8N1.
 *
 * Always 8N1, for 7E1 is 8N1 with the parity in bit 7, which the decoders check.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tty.h"

/* Documentation/admin-guide/devices.txt of the kernel: slaves of Unix98 ptys */
#define PTS_MAJOR_FIRST	136
#define PTS_MAJOR_LAST	143

static enum tty_problem open_problem(void)
{
	switch (errno) {
	case ENOENT:
	case ENOTDIR:
	case ENODEV:
	case ENXIO:
		return TTY_ABSENT;
	case EACCES:
	case EPERM:
		return TTY_NOT_ALLOWED;
	case EBUSY:
		return TTY_CLAIMED;
	default:
		return TTY_FAILED;
	}
}

/**
 * tty_problem_text - why a line cannot be had, for a person
 * @problem: of tty_open(), not TTY_OPEN; of TTY_FAILED errno must still be that of tty_open()
 *
 * Return: what comes behind the line's name and a blank to make a sentence, without a full stop.
 */
const char *tty_problem_text(enum tty_problem problem)
{
	switch (problem) {
	case TTY_ABSENT:
		return "does not exist or has no device behind it: is the adapter plugged in?";
	case TTY_NOT_ALLOWED:
		return "may not be opened by this user";
	case TTY_CLAIMED:
		return "is in use by another program that wants it for itself";
	case TTY_LOCKED:
		return "is in use: another meterctl, meterd or modem program has locked it";
	case TTY_KERNEL_READS:
		return "is in use: the kernel already reads it with a line discipline";
	case TTY_NO_TTY:
		return "is not a tty";
	case TTY_NAMELESS:
		return "has no name in /sys/dev/char: is /sys mounted?";
	case TTY_OPEN:
	case TTY_FAILED:
		break;
	}
	return strerror(errno);
}

/**
 * tty_is_pty - whether there is no wire, and so no speed
 * @tty: an open line
 */
bool tty_is_pty(const struct tty *tty)
{
	return !strncmp(tty->port, "pts/", 4);
}

/*
 * Two of us by flock(), others by TIOCEXCL (which root's open() ignores) and their discipline. We
 * do not claim a pty: until its other side is closed it would stay claimed when we are killed.
 */
static enum tty_problem claim(int fd, bool pty)
{
	int exclusive = 0, discipline = 0;

	if (!ioctl(fd, TIOCGETD, &discipline) && discipline != N_TTY)
		return TTY_KERNEL_READS;
	if (flock(fd, LOCK_EX | LOCK_NB))
		return TTY_LOCKED;
	if (!ioctl(fd, TIOCGEXCL, &exclusive) && exclusive)
		return TTY_CLAIMED;
	return !pty && ioctl(fd, TIOCEXCL) ? TTY_FAILED : TTY_OPEN;
}

static void name_port(struct tty *tty, const struct stat *st)
{
	char path[64], target[256];
	const char *name;
	ssize_t len;

	tty->port[0] = '\0';
	if (major(st->st_rdev) >= PTS_MAJOR_FIRST && major(st->st_rdev) <= PTS_MAJOR_LAST) {
		snprintf(tty->port, sizeof(tty->port), "pts/%u",
			 (major(st->st_rdev) - PTS_MAJOR_FIRST) * 256 + minor(st->st_rdev));
		return;
	}
	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u", major(st->st_rdev), minor(st->st_rdev));
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return;
	target[len] = '\0';
	name = strrchr(target, '/');
	name = name ? name + 1 : target;
	if (strlen(name) < sizeof(tty->port))
		strcpy(tty->port, name);
}

static enum tty_problem examine(struct tty *tty)
{
	struct stat st;

	if (tcgetattr(tty->fd, &tty->before))
		return errno == ENOTTY ? TTY_NO_TTY : TTY_FAILED;
	if (fstat(tty->fd, &st))
		return TTY_FAILED;
	name_port(tty, &st);
	return *tty->port ? claim(tty->fd, tty_is_pty(tty)) : TTY_NAMELESS;
}

/* So that it can be told who has it. */
static void name_unopened(struct tty *tty, const char *path)
{
	int saved = errno;
	struct stat st;

	tty->port[0] = '\0';
	if (!stat(path, &st) && S_ISCHR(st.st_mode))
		name_port(tty, &st);
	errno = saved;
}

/**
 * tty_open - open a line and make it ours alone
 * @tty: filled; of one that could not be opened only its port, where that is known
 * @path: such as /dev/ttyUSB0
 *
 * Does not wait for a carrier and does not become the controlling terminal.
 *
 * Return: TTY_OPEN, or why not; see tty_problem_text().
 */
enum tty_problem tty_open(struct tty *tty, const char *path)
{
	enum tty_problem problem;
	int saved;

	tty->fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (tty->fd < 0) {
		name_unopened(tty, path);
		return open_problem();
	}
	problem = examine(tty);
	if (problem == TTY_OPEN)
		return problem;
	saved = errno;
	close(tty->fd);
	tty->fd = -1;
	errno = saved;
	return problem;
}

static speed_t speed_of(unsigned int bit_per_s)
{
	static const struct {
		unsigned int bit_per_s;
		speed_t speed;
	} known[] = {
		{ 300, B300 },	   { 600, B600 },     { 1200, B1200 },	 { 2400, B2400 },
		{ 4800, B4800 },   { 9600, B9600 },   { 19200, B19200 }, { 38400, B38400 },
		{ 57600, B57600 },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].bit_per_s == bit_per_s)
			return known[i].speed;
	}
	return B115200;
}

/**
 * tty_set_raw - raw bytes, 8N1, no flow control, modem lines ignored
 * @tty: an open line
 * @bit_per_s: a speed of 300 to 115200 bit/s that ttys have; 0: as it was
 *
 * Return: false with errno.
 */
bool tty_set_raw(const struct tty *tty, unsigned int bit_per_s)
{
	return tty_set_parity(tty, bit_per_s, false);
}

/**
 * tty_set_parity - the same with even parity, 8E1
 * @tty: an open line; a pty takes it and has none
 * @bit_per_s: as of tty_set_raw()
 * @even: 8E1; else 8N1
 *
 * A byte of wrong parity comes all the same: what is around it is checked better.
 *
 * Return: false with errno.
 */
bool tty_set_parity(const struct tty *tty, unsigned int bit_per_s, bool even)
{
	struct termios raw = tty->before;

	cfmakeraw(&raw);
	raw.c_iflag = 0;
	raw.c_cflag &= ~(CSIZE | CSTOPB | PARENB | PARODD | CRTSCTS);
	raw.c_cflag |= CS8 | CLOCAL | CREAD | (even ? PARENB : 0);
	if (bit_per_s)
		cfsetspeed(&raw, speed_of(bit_per_s));
	return !tcsetattr(tty->fd, TCSANOW, &raw);
}

/**
 * tty_has_parity - whether the line is 8E1 now: a port that has no parity takes it and drops it
 * @tty: an open line
 */
bool tty_has_parity(const struct tty *tty)
{
	struct termios now;

	return !tcgetattr(tty->fd, &now) && now.c_cflag & PARENB;
}

/**
 * tty_keep_modem_lines - do not let DTR and RTS fall when the line is closed
 * @tty: an open line; from its next tty_set_raw() on, and closed with it
 *
 * For a line that may be anything: DTR resets the adapters of other things.
 */
void tty_keep_modem_lines(struct tty *tty)
{
	tty->before.c_cflag &= ~HUPCL;
}

/**
 * tty_close - leave the line as it was found
 * @tty: may have been hung up
 */
void tty_close(struct tty *tty)
{
	tcsetattr(tty->fd, TCSANOW, &tty->before);
	ioctl(tty->fd, TIOCNXCL);
	close(tty->fd);
	tty->fd = -1;
}
