// SPDX-License-Identifier: MIT
/*
 * Looking at the files of a system, and noting what stands in the way.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/meters.h"
#include "doctor.h"

static bool make_path(const struct doctor *d, char path[DOCTOR_PATH_MAX], const char *format,
		      va_list args)
{
	int n = snprintf(path, DOCTOR_PATH_MAX, "%s", d->root);

	n += vsnprintf(path + n, DOCTOR_PATH_MAX - n, format, args);
	return n < DOCTOR_PATH_MAX;
}

/**
 * doctor_has - whether there is a file, be it a link that leads nowhere
 * @d: the system
 * @format: its path from / on, as of printf()
 *
 * Return: whether.
 */
bool doctor_has(const struct doctor *d, const char *format, ...)
{
	char path[DOCTOR_PATH_MAX];
	va_list args;
	bool ok;

	va_start(args, format);
	ok = make_path(d, path, format, args);
	va_end(args);
	return ok && !faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW);
}

/**
 * doctor_read - the beginning of a file
 * @d: the system
 * @text: for it; ends with NUL, "" when it cannot be read
 * @size: room in @text
 * @format: its path from / on, as of printf()
 *
 * Return: its length, without a line end or NUL at its end; there may be others within.
 */
size_t doctor_read(const struct doctor *d, char *text, size_t size, const char *format, ...)
{
	char path[DOCTOR_PATH_MAX];
	size_t len = 0;
	va_list args;
	ssize_t n = -1;
	bool ok;
	int fd;

	va_start(args, format);
	ok = make_path(d, path, format, args);
	va_end(args);
	fd = ok ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) : -1;
	while (fd >= 0 && len + 1 < size && (n = read(fd, text + len, size - len - 1)) > 0)
		len += n;
	if (fd >= 0)
		close(fd);
	while (len && (text[len - 1] == '\n' || !text[len - 1]))
		len--;
	text[len] = '\0';
	return len;
}

/**
 * doctor_link - what a symbolic link leads to
 * @d: the system
 * @target: for it; ends with NUL
 * @size: room in @target
 * @format: its path from / on, as of printf()
 *
 * Return: false when it is none.
 */
bool doctor_link(const struct doctor *d, char *target, size_t size, const char *format, ...)
{
	char path[DOCTOR_PATH_MAX];
	ssize_t n = -1;
	va_list args;

	va_start(args, format);
	if (make_path(d, path, format, args))
		n = readlink(path, target, size - 1);
	va_end(args);
	target[n < 0 ? 0 : n] = '\0';
	return n >= 0;
}

/**
 * doctor_config_txt - where the firmware of a Raspberry Pi has its configuration
 * @d: the system
 *
 * Return: the directory of config.txt and cmdline.txt.
 */
const char *doctor_config_txt(const struct doctor *d)
{
	/* Since Raspberry Pi OS 12. */
	return doctor_has(d, "/boot/firmware/config.txt") ? "/boot/firmware" : "/boot";
}

/**
 * doctor_add_port - one more port that a meter is on
 * @d: the system
 * @port: ttyUSB0, /dev/ttyUSB0, or a link below /dev such as /dev/serial/by-id/...
 *
 * Return: false without memory.
 */
bool doctor_add_port(struct doctor *d, const char *port)
{
	char target[DOCTOR_PATH_MAX];
	const char *slash;
	char **more;

	if (!strncmp(port, "/dev/", 5))
		port += 5;
	if (doctor_link(d, target, sizeof(target), "/dev/%s", port)) {
		slash = strrchr(target, '/');
		port = slash ? slash + 1 : target;
	}
	for (size_t i = 0; i < d->nports; i++)
		if (!strcmp(d->ports[i], port))
			return true;
	more = reallocarray(d->ports, d->nports + 1, sizeof(*more));
	if (!more)
		return false;
	d->ports = more;
	d->ports[d->nports] = strdup(port);
	return d->ports[d->nports] && ++d->nports;
}

/**
 * doctor_process - a process by its name
 * @d: the system
 * @name: as in /proc/PID/comm
 *
 * Return: its PID, or 0.
 */
int doctor_process(const struct doctor *d, const char *name)
{
	char path[DOCTOR_PATH_MAX], comm[METER_WORD_MAX];
	const struct dirent *entry;
	int pid = 0, candidate;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/proc", d->root);
	dir = opendir(path);
	while (dir && !pid && (entry = readdir(dir))) {
		candidate = atoi(entry->d_name);
		if (candidate > 0 &&
		    doctor_read(d, comm, sizeof(comm), "/proc/%d/comm", candidate) &&
		    !strcmp(comm, name))
			pid = candidate;
	}
	if (dir)
		closedir(dir);
	return pid;
}

/**
 * doctor_find - note what stands in the way
 * @d: the system
 * @where: the port, meter, file or group that it is about
 * @fix: the line to type, or to write somewhere
 * @what: a sentence without a full stop, as of printf()
 */
void doctor_find(struct doctor *d, const char *where, const char *fix, const char *what, ...)
{
	struct finding *more = reallocarray(d->findings, d->count + 1, sizeof(*more));
	struct finding new = { 0 };
	va_list args;

	if (!more)
		return;
	d->findings = more;
	va_start(args, what);
	if (vasprintf(&new.what, what, args) < 0)
		new.what = NULL;
	va_end(args);
	new.where = strdup(where);
	new.fix = strdup(fix);
	d->findings[d->count++] = new;
}

/**
 * has_word - whether a text has a word
 * @text: separated words
 * @word: one
 * @separators: what stands between words
 *
 * Return: whether.
 */
bool has_word(const char *text, const char *word, const char *separators)
{
	size_t len = strlen(word);

	while (*text) {
		size_t n = strcspn(text, separators);

		if (n == len && !memcmp(text, word, n))
			return true;
		text += n;
		text += strspn(text, separators);
	}
	return false;
}
