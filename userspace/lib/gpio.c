// SPDX-License-Identifier: MIT
/*
 * Names of GPIO lines, and what stands in the way of having one; the same with both versions of
 * libgpiod.
 */
#include <dirent.h>
#include <errno.h>
#include <gpiod.h>
#include <grp.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gpio_version.h"

#define DEVICES	"/dev"
#define PREFIX	"gpiochip"

static const struct {
	const char *name;
	unsigned int option;
} options[] = {
	{ "active-low", GPIO_ACTIVE_LOW },
	{ "open-drain", GPIO_OPEN_DRAIN },
	{ "pull-up", GPIO_PULL_UP },
	{ "pull-down", GPIO_PULL_DOWN },
};

#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))

/* "active-low or open-drain": what may stand behind a name here. */
static void list_options(unsigned int allowed, char *text, size_t size)
{
	size_t len = 0;

	*text = '\0';
	for (size_t i = 0; i < OPTION_COUNT && len < size; i++)
		if (allowed & options[i].option)
			len += snprintf(text + len, size - len, "%s%s", len ? " or " : "",
					options[i].name);
}

static bool parse_option(const char *word, size_t len, unsigned int allowed, unsigned int *found)
{
	const unsigned int pulls = GPIO_PULL_UP | GPIO_PULL_DOWN;

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (strlen(options[i].name) != len || strncmp(options[i].name, word, len))
			continue;
		*found |= options[i].option;
		return allowed & options[i].option && (*found & pulls) != pulls;
	}
	return false;
}

/* What stands behind the first comma. */
static bool parse_options(const char *at, unsigned int allowed, struct gpio_spec *spec)
{
	while (*at == ',') {
		size_t len = strcspn(++at, ",");

		if (!parse_option(at, len, allowed, &spec->options))
			return false;
		at += len;
	}
	return true;
}

/* CHIP:OFFSET, or else the name of a line, which may have colons of its own. */
static bool parse_name(const char *text, size_t len, struct gpio_spec *spec)
{
	const char *colon = memrchr(text, ':', len);
	size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;

	if (!len || len >= GPIO_NAME_SIZE)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return false;
	if (!digits || colon + 1 + digits != text + len) {
		memcpy(spec->name, text, len);
		return !colon || colon != text + len - 1;
	}
	memcpy(spec->chip, text, colon - text);
	spec->offset = (unsigned int)strtoul(colon + 1, NULL, 10);
	return colon != text && digits <= 5;
}

/**
 * gpio_spec_parse - which line, from text
 * @text: CHIP:OFFSET, where CHIP is gpiochipN or a chip's label, or the name of a line; behind it
 *	options, each after a comma: active-low, open-drain, pull-up, pull-down
 * @allowed: options that may stand there, GPIO_*
 * @spec: filled
 * @problem: what was expected, for people, when it is something else
 * @size: of @problem
 *
 * Return: false when it is something else.
 */
bool gpio_spec_parse(const char *text, unsigned int allowed, struct gpio_spec *spec, char *problem,
		     size_t size)
{
	size_t len = strcspn(text, ",");
	char list[64];

	*spec = (struct gpio_spec){ 0 };
	snprintf(spec->text, sizeof(spec->text), "%s", text);
	if (strlen(text) < sizeof(spec->text) && parse_name(text, len, spec) &&
	    parse_options(text + len, allowed, spec))
		return true;
	list_options(allowed, list, sizeof(list));
	snprintf(problem, size,
		 "expected CHIP:LINE such as gpiochip0:17, or a line's name such as GPIO17%s%s",
		 *list ? ", and behind a comma " : "", list);
	return false;
}

static void fail(struct gpio_failure *f, bool absent, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void fail(struct gpio_failure *f, bool absent, const char *format, ...)
{
	va_list args;

	f->absent = absent;
	va_start(args, format);
	vsnprintf(f->why, sizeof(f->why), format, args);
	va_end(args);
}

/* Who may, where this user may not. */
static void fail_rights(struct gpio_failure *f, const char *path)
{
	const struct group *group;
	struct stat st;

	group = stat(path, &st) || !st.st_gid || !(st.st_mode & S_IWGRP) ? NULL :
									    getgrgid(st.st_gid);
	if (group)
		fail(f, false, "may not be used by this user: members of group %.32s may",
		     group->gr_name);
	else
		fail(f, false, "may not be used by this user: %.40s is for root alone", path);
}

static void fail_open(struct gpio_failure *f, const char *path)
{
	switch (errno) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
	case ENOTTY:
		fail(f, true, "is not there: 'gpiodetect' lists the GPIO chips of this machine");
		break;
	case EACCES:
	case EPERM:
		fail_rights(f, path);
		break;
	default:
		fail(f, false, "cannot be opened: %s", strerror(errno));
	}
}

static void fail_request(struct gpio_failure *f, struct gpiod_chip *chip, unsigned int offset)
{
	struct gpio_line_about about;
	int why = errno;

	if (why == EBUSY && gpio_line_about(chip, offset, &about))
		fail(f, false, "is in use by %.64s",
		     *about.consumer ? about.consumer : "somebody who gives no name");
	else if (why == ENXIO || why == ENODEV)
		fail(f, false, "cannot tell its edges: it has no interrupt");
	else
		fail(f, false, "cannot be had: %s", strerror(why));
}

static int is_chip(const struct dirent *entry)
{
	size_t prefix = strlen(PREFIX), len = strlen(entry->d_name);

	/* An older number of a chip may be a symbolic link to it. */
	return entry->d_type != DT_LNK && !strncmp(entry->d_name, PREFIX, prefix) &&
	       len > prefix && strspn(entry->d_name + prefix, "0123456789") == len - prefix;
}

/**
 * struct finding - a line that is looked for on all chips
 * @chip: that has it, so far
 * @offset: in @chip
 * @count: of lines that it could be
 * @denied: a chip that could not be looked at; "": none
 */
struct finding {
	const struct gpio_spec *spec;
	struct gpiod_chip *chip;
	unsigned int offset;
	unsigned int count;
	char denied[PATH_MAX];
};

/* Of the lines of one chip; how many it could be. */
static unsigned int match(const struct gpio_spec *spec, struct gpiod_chip *chip,
			  unsigned int *offset)
{
	struct gpio_line_about about;
	char label[GPIO_NAME_SIZE];
	unsigned int lines, count = 0;

	if (!gpio_chip_about(chip, label, &lines))
		return 0;
	if (*spec->chip) {
		*offset = spec->offset;
		return !strcmp(label, spec->chip);
	}
	for (unsigned int i = 0; i < lines; i++) {
		if (!gpio_line_about(chip, i, &about) || strcmp(about.name, spec->name))
			continue;
		*offset = i;
		count++;
	}
	return count;
}

static void look_at(struct finding *f, const char *path)
{
	struct gpiod_chip *chip = gpiod_chip_open(path);
	unsigned int offset, count;

	if (!chip) {
		if (errno == EACCES || errno == EPERM)
			snprintf(f->denied, sizeof(f->denied), "%s", path);
		return;
	}
	count = match(f->spec, chip, &offset);
	f->count += count;
	if (!count || f->chip) {
		gpiod_chip_close(chip);
		return;
	}
	f->chip = chip;
	f->offset = offset;
}

/* By a label or the line's name: among all chips. */
static struct gpiod_chip *find(const struct gpio_spec *spec, unsigned int *offset,
			       struct gpio_failure *failure)
{
	struct finding f = { .spec = spec };
	struct dirent **entries;
	char path[PATH_MAX];
	int count = scandir(DEVICES, &entries, is_chip, alphasort);

	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), DEVICES "/%s", entries[i]->d_name);
		look_at(&f, path);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	*offset = f.offset;
	if (f.count == 1)
		return f.chip;
	if (f.chip)
		gpiod_chip_close(f.chip);
	if (f.count)
		fail(failure, false, "could be one of %u lines: give it as gpiochipN:LINE", f.count);
	else if (*f.denied)
		fail_rights(failure, f.denied);
	else
		fail(failure, true, "is not there: 'gpioinfo' lists the lines of this machine");
	return NULL;
}

static bool is_chip_name(const char *chip)
{
	size_t prefix = strlen(PREFIX);

	return !strncmp(chip, PREFIX, prefix) && chip[prefix] &&
	       !chip[prefix + strspn(chip + prefix, "0123456789")];
}

static struct gpiod_chip *open_chip(const struct gpio_spec *spec, unsigned int *offset,
				    struct gpio_failure *failure)
{
	char path[sizeof(DEVICES) + GPIO_NAME_SIZE], label[GPIO_NAME_SIZE];
	struct gpiod_chip *chip;
	unsigned int lines;

	if (!is_chip_name(spec->chip)) {
		chip = find(spec, offset, failure);
	} else {
		snprintf(path, sizeof(path), DEVICES "/%s", spec->chip);
		*offset = spec->offset;
		chip = gpiod_chip_open(path);
		if (!chip)
			fail_open(failure, path);
	}
	if (!chip || (gpio_chip_about(chip, label, &lines) && *offset < lines))
		return chip;
	fail(failure, true, "is not there: this chip has the lines 0 to %u", lines ? lines - 1 : 0);
	gpiod_chip_close(chip);
	return NULL;
}

/* What was had of a chip; it is closed when that is nothing. */
static struct gpio_line *had(struct gpio_line *line, struct gpiod_chip *chip, unsigned int offset,
			     struct gpio_failure *failure)
{
	if (line)
		return line;
	fail_request(failure, chip, offset);
	gpiod_chip_close(chip);
	return NULL;
}

/**
 * gpio_output - hold a line at a level
 * @spec: which line, and how it is driven
 * @on: its level; with GPIO_ACTIVE_LOW the inverse of the wire's
 * @failure: why not
 *
 * Return: the line, for gpio_release(); NULL: see @failure.
 */
struct gpio_line *gpio_output(const struct gpio_spec *spec, bool on, struct gpio_failure *failure)
{
	unsigned int offset;
	struct gpiod_chip *chip = open_chip(spec, &offset, failure);

	if (!chip)
		return NULL;
	return had(gpio_line_output(chip, offset, spec->options, on), chip, offset, failure);
}

/**
 * gpio_request_output - hold the data request line of a P1 port
 * @spec: which line
 * @failure: why not
 *
 * The line is driven to the level that requests (high, with GPIO_ACTIVE_LOW low) and to no other:
 * what drops the request is high impedance, never the other level (DSMR P1 5.0.2, 5.5).
 *
 * Return: the line, for gpio_release(); NULL: see @failure.
 */
struct gpio_line *gpio_request_output(const struct gpio_spec *spec, struct gpio_failure *failure)
{
	struct gpio_spec one_sided = *spec;

	one_sided.options |= spec->options & GPIO_ACTIVE_LOW ? GPIO_OPEN_DRAIN : GPIO_OPEN_SOURCE;
	return gpio_output(&one_sided, true, failure);
}

/**
 * gpio_edges - wait for the edges of a line
 * @spec: which line
 * @failure: why not
 *
 * Return: the line, for gpio_fd(), gpio_read_edges() and gpio_release(); NULL: see @failure.
 */
struct gpio_line *gpio_edges(const struct gpio_spec *spec, struct gpio_failure *failure)
{
	unsigned int offset;
	struct gpiod_chip *chip = open_chip(spec, &offset, failure);

	if (!chip)
		return NULL;
	return had(gpio_line_edges(chip, offset, spec->options), chip, offset, failure);
}
