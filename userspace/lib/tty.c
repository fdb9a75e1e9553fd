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

#include "say.h"
#include "tty.h"

/* Documentation/admin-guide/devices.txt of the kernel: slaves of Unix98 ptys */
#define PTS_MAJOR_FIRST	136
#define PTS_MAJOR_LAST	143

static void say_open(const char *path)
{
	switch (errno) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		say("%s does not exist or has no device behind it: is the adapter plugged in? "
		    "'ls -l /dev/serial/by-id' shows those that are there",
		    path);
		break;
	case EACCES:
	case EPERM:
		say("you have no permission to open %s: type 'sudo meterctl attach %s'", path, path);
		break;
	case EBUSY:
		say("%s is in use by another program that wants it for itself: "
		    "'fuser -v %s' shows which",
		    path, path);
		break;
	default:
		say("%s cannot be opened: %s", path, strerror(errno));
	}
}

/* Two of us by flock(), others by TIOCEXCL (which root's open() ignores) and their discipline. */
static bool claim(int fd, const char *path)
{
	int exclusive = 0, discipline = 0;

	if (flock(fd, LOCK_EX | LOCK_NB)) {
		say("%s is in use: another meterctl or modem program has locked it; "
		    "'fuser -v %s' shows which",
		    path, path);
		return false;
	}
	if (!ioctl(fd, TIOCGEXCL, &exclusive) && exclusive) {
		say("%s is in use by another program that wants it for itself: "
		    "'fuser -v %s' shows which",
		    path, path);
		return false;
	}
	if (!ioctl(fd, TIOCGETD, &discipline) && discipline != N_TTY) {
		say("%s is in use: the kernel already reads it with line discipline %d; "
		    "'fuser -v %s' shows for whom",
		    path, discipline, path);
		return false;
	}
	if (ioctl(fd, TIOCEXCL)) {
		say("%s cannot be claimed: %s", path, strerror(errno));
		return false;
	}
	return true;
}

static bool name_port(struct tty *tty)
{
	char path[64], target[256];
	const char *name;
	struct stat st;
	ssize_t len;

	if (fstat(tty->fd, &st))
		return false;
	if (major(st.st_rdev) >= PTS_MAJOR_FIRST && major(st.st_rdev) <= PTS_MAJOR_LAST) {
		snprintf(tty->port, sizeof(tty->port), "pts/%u",
			 (major(st.st_rdev) - PTS_MAJOR_FIRST) * 256 + minor(st.st_rdev));
		return true;
	}
	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u", major(st.st_rdev), minor(st.st_rdev));
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return false;
	target[len] = '\0';
	name = strrchr(target, '/');
	name = name ? name + 1 : target;
	return (size_t)snprintf(tty->port, sizeof(tty->port), "%s", name) < sizeof(tty->port);
}

static bool examine(struct tty *tty, const char *path)
{
	if (tcgetattr(tty->fd, &tty->before)) {
		if (errno == ENOTTY)
			say("%s is not a tty: it wants a serial port such as /dev/ttyUSB0", path);
		else
			say("%s cannot be read: %s", path, strerror(errno));
		return false;
	}
	if (!name_port(tty)) {
		say("%s: the kernel does not tell its name in /sys/dev/char: is /sys mounted?", path);
		return false;
	}
	return claim(tty->fd, path);
}

/**
 * tty_open - open a line and make it ours alone
 * @tty: filled
 * @path: such as /dev/ttyUSB0
 *
 * Does not wait for a carrier and does not become the controlling terminal.
 *
 * Return: false after a sentence that says what to do.
 */
bool tty_open(struct tty *tty, const char *path)
{
	tty->fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (tty->fd < 0) {
		say_open(path);
		return false;
	}
	if (examine(tty, path))
		return true;
	close(tty->fd);
	tty->fd = -1;
	return false;
}

static speed_t speed_of(unsigned int bit_per_s)
{
	switch (bit_per_s) {
	case 1200:
		return B1200;
	case 9600:
		return B9600;
	default:
		return B115200;
	}
}

/**
 * tty_set_raw - raw bytes, 8N1, no flow control, modem lines ignored
 * @tty: an open line
 * @bit_per_s: 1200, 9600 or 115200
 *
 * Return: false with errno.
 */
bool tty_set_raw(const struct tty *tty, unsigned int bit_per_s)
{
	struct termios raw = tty->before;

	cfmakeraw(&raw);
	raw.c_iflag = 0;
	raw.c_cflag &= ~(CSIZE | CSTOPB | PARENB | CRTSCTS);
	raw.c_cflag |= CS8 | CLOCAL | CREAD;
	cfsetspeed(&raw, speed_of(bit_per_s));
	return !tcsetattr(tty->fd, TCSANOW, &raw);
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
