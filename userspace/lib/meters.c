// SPDX-License-Identifier: MIT
/*
 * The meters that this machine's kernel knows, from sysfs alone: this also works where no udevd
 * runs, in an initramfs for instance.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "meters.h"

/**
 * attribute_read - one attribute of sysfs, without its line end
 * @directory: where it is
 * @name: the file's name
 * @value: ends with NUL, "" on errors
 * @size: room in @value; what does not fit is cut
 *
 * Return: its length, or a negative errno: -ENOENT when there is no such file, -ENODATA when the
 * meter does not send it (now), -EACCES, -ENODEV when the meter is gone.
 */
int attribute_read(const char *directory, const char *name, char *value, size_t size)
{
	char path[METER_PATH_MAX];
	ssize_t len;
	int fd;

	value[0] = '\0';
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", directory, name) >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = read(fd, value, size - 1);
	if (len < 0)
		len = -errno;
	close(fd);
	if (len < 0)
		return len;
	if (len && value[len - 1] == '\n')
		len--;
	value[len] = '\0';
	return len;
}

static int by_name(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

/* The caller frees what is there, also after an error. */
static int names_collect(DIR *dir, struct attribute_names *names)
{
	const struct dirent *entry;

	while ((entry = readdir(dir))) {
		char **larger;

		if (entry->d_name[0] == '.')
			continue;
		larger = reallocarray(names->name, names->count + 1, sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		names->name = larger;
		larger[names->count] = strdup(entry->d_name);
		if (!larger[names->count])
			return -ENOMEM;
		names->count++;
	}
	return 0;
}

/**
 * attribute_names_read - the names in a directory, sorted so that t10 comes after t9
 * @directory: in sysfs
 * @names: free with attribute_names_free(), also after an error
 *
 * Return: 0 or a negative errno.
 */
int attribute_names_read(const char *directory, struct attribute_names *names)
{
	DIR *dir;
	int rc;

	*names = (struct attribute_names){ 0 };
	dir = opendir(directory);
	if (!dir)
		return -errno;
	rc = names_collect(dir, names);
	closedir(dir);
	if (names->count)
		qsort(names->name, names->count, sizeof(*names->name), by_name);
	return rc;
}

/**
 * attribute_names_free - give back what attribute_names_read() made
 * @names: empty afterwards
 */
void attribute_names_free(struct attribute_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->name[i]);
	free(names->name);
	*names = (struct attribute_names){ 0 };
}

/**
 * meter_read - read what sysfs says of one meter
 * @m: filled, unless there is no such meter
 * @name: meterN; may be the name in @m
 *
 * Return: false when there is no such meter (any more).
 */
bool meter_read(struct meter *m, const char *name)
{
	struct meter now = { 0 };
	int end = 0;

	if (sscanf(name, "meter%5u%n", &now.index, &end) != 1 || name[end])
		return false;
	snprintf(now.name, sizeof(now.name), "meter%u", now.index);
	if (strcmp(now.name, name))
		return false;
	snprintf(now.path, sizeof(now.path), METER_CLASS "/%s", now.name);
	if (attribute_read(now.path, "state", now.state, sizeof(now.state)) < 0)
		return false;
	attribute_read(now.path, "id", now.id, sizeof(now.id));
	attribute_read(now.path, "type", now.type, sizeof(now.type));
	attribute_read(now.path, "seen", now.seen, sizeof(now.seen));
	attribute_read(now.path, "port", now.port, sizeof(now.port));
	attribute_read(now.path, "source", now.source, sizeof(now.source));
	*m = now;
	return true;
}

/**
 * meters_list - every meter, in the order of their numbers
 * @meters: free with free(); NULL when there is none
 * @count: how many
 *
 * Return: 0, also when the class does not exist since the module is not loaded, or a negative
 * errno.
 */
int meters_list(struct meter **meters, size_t *count)
{
	struct attribute_names names;
	int rc;

	*meters = NULL;
	*count = 0;
	rc = attribute_names_read(METER_CLASS, &names);
	if (rc == -ENOENT)
		rc = 0;
	if (!rc && names.count) {
		*meters = calloc(names.count, sizeof(**meters));
		rc = *meters ? 0 : -ENOMEM;
	}
	for (size_t i = 0; !rc && i < names.count; i++)
		if (meter_read(&(*meters)[*count], names.name[i]))
			++*count;
	attribute_names_free(&names);
	return rc;
}

static bool begins_with(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

/**
 * meter_named - whether a person may mean this meter
 * @m: a meter
 * @wanted: meterN, an id, or the beginning of either
 *
 * Return: METER_FOUND when that is its whole name, METER_AMBIGUOUS when it only begins so.
 */
enum meter_match meter_named(const struct meter *m, const char *wanted)
{
	if (!*wanted)
		return METER_NONE;
	if (!strcmp(m->name, wanted) || !strcmp(m->id, wanted))
		return METER_FOUND;
	if (begins_with(m->name, wanted) || begins_with(m->id, wanted))
		return METER_AMBIGUOUS;
	return METER_NONE;
}

/**
 * meter_find - the meter that a person means
 * @wanted: meterN, an id, or the beginning of either
 * @m: filled when found
 *
 * A whole name goes before the beginning of another one: meter1 before meter10.
 *
 * Return: METER_FOUND, METER_NONE, or METER_AMBIGUOUS when the beginning fits several.
 */
enum meter_match meter_find(const char *wanted, struct meter *m)
{
	enum meter_match match = METER_NONE;
	struct meter *meters;
	size_t count;

	/* A listing of sysfs may miss one entry while another one goes. */
	if (meter_read(m, wanted))
		return METER_FOUND;
	if (!*wanted || meters_list(&meters, &count))
		return METER_NONE;
	for (size_t i = 0; i < count; i++) {
		enum meter_match named = meter_named(&meters[i], wanted);

		if (named == METER_NONE)
			continue;
		*m = meters[i];
		if (named == METER_FOUND) {
			match = METER_FOUND;
			break;
		}
		match = match == METER_NONE ? METER_FOUND : METER_AMBIGUOUS;
	}
	free(meters);
	return match;
}

/**
 * meter_find_port - the meter on a line
 * @port: as in its attribute port: ttyUSB0, pts/3
 * @m: filled when found
 *
 * Return: whether there is one.
 */
bool meter_find_port(const char *port, struct meter *m)
{
	bool found = false;
	struct meter *meters;
	size_t count;

	if (meters_list(&meters, &count))
		return false;
	for (size_t i = 0; i < count && !found; i++) {
		found = !strcmp(meters[i].port, port);
		if (found)
			*m = meters[i];
	}
	free(meters);
	return found;
}
