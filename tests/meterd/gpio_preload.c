// SPDX-License-Identifier: MIT
/*
 * GPIO chips that are not there: the kernel's character devices of both versions, as the directory
 * that FAKE_GPIO names has them. For LD_PRELOAD, and for one C file of a test to include.
 *
 * In it, the file gpiochipN is a chip: its label, then one row for each line: its name or -, and,
 * when it is in use, by whom. A chip whose file begins with "denied" may not be opened. All that is
 * done to lines goes to the file log, a row for each: "gpiochip0:17 output 1 open-source meterd".
 * Edges of whichever line is listened to are what comes through the FIFO edges, as the version that
 * the log tells has them; when the file gone appears, there are no more.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/gpio.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define FAKE_MAJOR 254
#define FAKE_FDS   1024
#define NO_LINE	   (-1)

#define DEVICE_PREFIX "/dev/gpiochip"
#define SYSFS_PREFIX  "/sys/bus/gpio/devices/gpiochip"

/* What is behind a descriptor: a chip, with NO_LINE, or a line of it. */
static struct fake {
	bool used;
	int chip;
	int line;
} fakes[FAKE_FDS];

/* One row of a chip's file. */
struct row {
	char name[32];
	char consumer[32];
	int lines;
};

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int refuse(int why)
{
	errno = why;
	return -1;
}

static const char *fake_path(char path[PATH_MAX], const char *name)
{
	snprintf(path, PATH_MAX, "%s/%s", getenv("FAKE_GPIO"), name);
	return path;
}

static void tell(const struct fake *f, const char *format, ...)
{
	char path[PATH_MAX], text[256];
	int fd = REAL(open)(fake_path(path, "log"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	int len = snprintf(text, sizeof(text), "gpiochip%d:%d ", f->chip, f->line);
	va_list args;

	va_start(args, format);
	len += vsnprintf(text + len, sizeof(text) - len - 1, format, args);
	va_end(args);
	text[len++] = '\n';
	if (write(fd, text, len) != len)
		abort();
	REAL(close)(fd);
}

/* The row of a line, or with NO_LINE the label, and how many lines there are. */
static bool read_row(int chip, int line, struct row *row)
{
	char path[PATH_MAX], name[32], text[128];
	FILE *file;

	snprintf(name, sizeof(name), "gpiochip%d", chip);
	file = fopen(fake_path(path, name), "re");
	if (!file)
		return false;
	*row = (struct row){ .lines = -1 };
	for (int at = NO_LINE; fgets(text, sizeof(text), file); at++) {
		row->lines++;
		if (at == line)
			sscanf(text, "%31s %31s", row->name, row->consumer);
	}
	fclose(file);
	return true;
}

static int chip_of(const char *path, const char *prefix)
{
	size_t len = strlen(prefix);

	return getenv("FAKE_GPIO") && !strncmp(path, prefix, len) ? atoi(path + len) : -1;
}

static int remember(int fd, int chip, int line)
{
	if (fd < 0 || fd >= FAKE_FDS)
		abort();
	fakes[fd] = (struct fake){ true, chip, line };
	return fd;
}

static int memory_of(const char *text)
{
	int fd = memfd_create("fake", MFD_CLOEXEC);

	if (write(fd, text, strlen(text)) < 0 || lseek(fd, 0, SEEK_SET))
		abort();
	return fd;
}

int open(const char *path, int flags, ...)
{
	int chip = chip_of(path, DEVICE_PREFIX), described = chip_of(path, SYSFS_PREFIX);
	char text[32];
	struct row row;
	va_list args;
	mode_t mode;

	if (described >= 0) {
		snprintf(text, sizeof(text), "%d:%d\n", FAKE_MAJOR, described);
		return memory_of(text);
	}
	if (chip < 0) {
		va_start(args, flags);
		mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
		va_end(args);
		return REAL(open)(path, flags, mode);
	}
	if (!read_row(chip, NO_LINE, &row))
		return refuse(ENOENT);
	if (!strcmp(row.name, "denied"))
		return refuse(EACCES);
	return remember(memory_of(""), chip, NO_LINE);
}

int close(int fd)
{
	struct fake *f = fd >= 0 && fd < FAKE_FDS && fakes[fd].used ? &fakes[fd] : NULL;

	if (f && f->line != NO_LINE)
		tell(f, "closed");
	if (f)
		f->used = false;
	return REAL(close)(fd);
}

static int fake_stat(const char *path, struct stat *st,
		     int (*real)(const char *path, struct stat *st))
{
	char there[PATH_MAX];
	int chip = chip_of(path, DEVICE_PREFIX);

	if (chip < 0)
		return real(path, st);
	if (real(fake_path(there, path + strlen("/dev/")), st))
		return -1;
	st->st_mode = S_IFCHR | 0660;
	st->st_rdev = makedev(FAKE_MAJOR, chip);
	return 0;
}

int stat(const char *restrict path, struct stat *restrict st)
{
	return fake_stat(path, st, REAL(stat));
}

int lstat(const char *restrict path, struct stat *restrict st)
{
	return fake_stat(path, st, REAL(lstat));
}

int access(const char *path, int mode)
{
	return chip_of(path, SYSFS_PREFIX) >= 0 ? 0 : REAL(access)(path, mode);
}

char *realpath(const char *restrict path, char *restrict to)
{
	char prefix[32];

	snprintf(prefix, sizeof(prefix), "/sys/dev/char/%d:", FAKE_MAJOR);
	if (chip_of(path, prefix) < 0)
		return REAL(realpath)(path, to);
	return to ? strcpy(to, "/sys/bus/gpio") : strdup("/sys/bus/gpio");
}

int scandir(const char *restrict directory, struct dirent ***restrict list,
	    int (*is_wanted)(const struct dirent *),
	    int (*compare)(const struct dirent **, const struct dirent **))
{
	char path[PATH_MAX];
	bool fake = getenv("FAKE_GPIO") && !strcmp(directory, "/dev");

	return REAL(scandir)(fake ? fake_path(path, "") : directory, list, is_wanted, compare);
}

/* Both versions of the interface say the same with other numbers. */
static const char *words_of(uint64_t flags, bool v2, char words[128])
{
	static const struct {
		const char *word;
		uint64_t v1, v2;
	} all[] = {
		{ " active-low", GPIOHANDLE_REQUEST_ACTIVE_LOW, GPIO_V2_LINE_FLAG_ACTIVE_LOW },
		{ " open-drain", GPIOHANDLE_REQUEST_OPEN_DRAIN, GPIO_V2_LINE_FLAG_OPEN_DRAIN },
		{ " open-source", GPIOHANDLE_REQUEST_OPEN_SOURCE, GPIO_V2_LINE_FLAG_OPEN_SOURCE },
		{ " pull-up", GPIOHANDLE_REQUEST_BIAS_PULL_UP, GPIO_V2_LINE_FLAG_BIAS_PULL_UP },
		{ " pull-down", GPIOHANDLE_REQUEST_BIAS_PULL_DOWN, GPIO_V2_LINE_FLAG_BIAS_PULL_DOWN },
	};

	*words = '\0';
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (flags & (v2 ? all[i].v2 : all[i].v1))
			strcat(words, all[i].word);
	return words;
}

/* A line that nobody has yet, or -1 with errno. */
static int free_line(const struct fake *chip, uint32_t offset, struct fake *line)
{
	struct row row;

	*line = (struct fake){ true, chip->chip, (int)offset };
	if (!read_row(chip->chip, (int)offset, &row) || (int)offset >= row.lines)
		return refuse(EINVAL);
	if (*row.consumer)
		return refuse(EBUSY);
	for (int fd = 0; fd < FAKE_FDS; fd++)
		if (fakes[fd].used && fakes[fd].chip == line->chip && fakes[fd].line == line->line)
			return refuse(EBUSY);
	return 0;
}

static int open_edges(void)
{
	char path[PATH_MAX];

	/* Also for writing, so that it has no end. */
	return REAL(open)(fake_path(path, "edges"), O_RDWR | O_CLOEXEC);
}

static int request_output_v1(const struct fake *chip, struct gpiohandle_request *r)
{
	char words[128];
	struct fake line;

	if (free_line(chip, r->lineoffsets[0], &line))
		return -1;
	r->fd = remember(memory_of(""), line.chip, line.line);
	tell(&line, "output %d%s %s", r->default_values[0], words_of(r->flags, false, words),
	     r->consumer_label);
	return 0;
}

static int request_edges_v1(const struct fake *chip, struct gpioevent_request *r)
{
	char words[128];
	struct fake line;

	if (free_line(chip, r->lineoffset, &line))
		return -1;
	r->fd = remember(open_edges(), line.chip, line.line);
	tell(&line, "edges v1%s %s", words_of(r->handleflags, false, words), r->consumer_label);
	return 0;
}

static uint64_t attribute(const struct gpio_v2_line_config *c, uint32_t id, uint64_t otherwise)
{
	for (uint32_t i = 0; i < c->num_attrs; i++)
		if (c->attrs[i].attr.id == id && c->attrs[i].mask & 1)
			return c->attrs[i].attr.values;
	return otherwise;
}

static uint64_t flags_of_config(const struct gpio_v2_line_config *c)
{
	return attribute(c, GPIO_V2_LINE_ATTR_ID_FLAGS, c->flags);
}

static int request_v2(const struct fake *chip, struct gpio_v2_line_request *r)
{
	const uint64_t flags = flags_of_config(&r->config);
	char words[128];
	struct fake line;

	if (free_line(chip, r->offsets[0], &line))
		return -1;
	words_of(flags, true, words);
	if (flags & GPIO_V2_LINE_FLAG_OUTPUT)
		tell(&line, "output %d%s %s",
		     (int)(attribute(&r->config, GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES, 0) & 1), words,
		     r->consumer);
	else if (flags & GPIO_V2_LINE_FLAG_EDGE_RISING && flags & GPIO_V2_LINE_FLAG_EDGE_FALLING)
		tell(&line, "edges v2%s %s", words, r->consumer);
	else
		return refuse(EINVAL);
	r->fd = remember(flags & GPIO_V2_LINE_FLAG_OUTPUT ? memory_of("") : open_edges(), line.chip,
			 line.line);
	return 0;
}

static int configure(const struct fake *line, bool to_input)
{
	tell(line, to_input ? "input" : "configured");
	return 0;
}

static int line_ioctl(const struct fake *line, unsigned int request, void *data)
{
	const struct gpiohandle_config *v1 = data;
	const struct gpio_v2_line_config *v2 = data;

	switch (request) {
	case GPIOHANDLE_SET_LINE_VALUES_IOCTL:
		tell(line, "set %d", ((struct gpiohandle_data *)data)->values[0]);
		return 0;
	case GPIO_V2_LINE_SET_VALUES_IOCTL:
		tell(line, "set %d", (int)(((struct gpio_v2_line_values *)data)->bits & 1));
		return 0;
	case GPIOHANDLE_SET_CONFIG_IOCTL:
		return configure(line, v1->flags == GPIOHANDLE_REQUEST_INPUT);
	case GPIO_V2_LINE_SET_CONFIG_IOCTL:
		return configure(line, flags_of_config(v2) == GPIO_V2_LINE_FLAG_INPUT);
	}
	return refuse(EINVAL);
}

static int about_chip(const struct fake *chip, struct gpiochip_info *info)
{
	struct row row;

	if (!read_row(chip->chip, NO_LINE, &row))
		return refuse(ENODEV);
	snprintf(info->name, sizeof(info->name), "gpiochip%d", chip->chip);
	snprintf(info->label, sizeof(info->label), "%s", row.name);
	info->lines = row.lines;
	return 0;
}

static int about_line(const struct fake *chip, uint32_t offset, char name[32], char consumer[32])
{
	struct row row;

	if (!read_row(chip->chip, (int)offset, &row) || (int)offset >= row.lines)
		return refuse(EINVAL);
	strcpy(name, strcmp(row.name, "-") ? row.name : "");
	strcpy(consumer, row.consumer);
	return 0;
}

static int chip_ioctl(const struct fake *chip, unsigned int request, void *data)
{
	struct gpioline_info *v1 = data;
	struct gpio_v2_line_info *v2 = data;

	switch (request) {
	case GPIO_GET_CHIPINFO_IOCTL:
		return about_chip(chip, data);
	case GPIO_GET_LINEINFO_IOCTL:
		return about_line(chip, v1->line_offset, v1->name, v1->consumer);
	case GPIO_V2_GET_LINEINFO_IOCTL:
		v2->flags = GPIO_V2_LINE_FLAG_INPUT;
		return about_line(chip, v2->offset, v2->name, v2->consumer);
	case GPIO_GET_LINEHANDLE_IOCTL:
		return request_output_v1(chip, data);
	case GPIO_GET_LINEEVENT_IOCTL:
		return request_edges_v1(chip, data);
	case GPIO_V2_GET_LINE_IOCTL:
		return request_v2(chip, data);
	}
	return refuse(EINVAL);
}

int ioctl(int fd, unsigned long request, ...)
{
	const struct fake *f = fd >= 0 && fd < FAKE_FDS && fakes[fd].used ? &fakes[fd] : NULL;
	va_list args;
	void *data;

	va_start(args, request);
	data = va_arg(args, void *);
	va_end(args);
	if (!f)
		return REAL(ioctl)(fd, request, data);
	return f->line == NO_LINE ? chip_ioctl(f, request, data) : line_ioctl(f, request, data);
}

ssize_t read(int fd, void *bytes, size_t count)
{
	char path[PATH_MAX];

	if (fd >= 0 && fd < FAKE_FDS && fakes[fd].used && fakes[fd].line != NO_LINE &&
	    !REAL(access)(fake_path(path, "gone"), F_OK))
		return refuse(ENODEV);
	return REAL(read)(fd, bytes, count);
}
