// SPDX-License-Identifier: MIT
/*
 * Who uses a serial port, without opening it: /proc, /sys and lock files.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../lib/meters.h"
#include "port_use.h"

/**
 * struct search - for the users of one port
 * @root: of the system that is looked at, "" for this one
 * @port: ttyUSB0, pts/3
 * @path: what descriptors of it are links to
 * @number: of the device as in /proc/PID/stat; 0: not known
 */
struct search {
	const char *root;
	const char *port;
	char path[80];
	unsigned long number;
	struct port_use *use;
};

static bool is_known(const struct port_use *use, int pid)
{
	for (size_t i = 0; pid && i < use->count; i++)
		if (use->users[i].pid == pid)
			return true;
	return false;
}

static void add(struct search *s, enum port_user_kind kind, int pid, const char *name)
{
	struct port_user *more;

	if (is_known(s->use, pid))
		return;
	more = reallocarray(s->use->users, s->use->count + 1, sizeof(*more));
	if (!more)
		return;
	s->use->users = more;
	more += s->use->count++;
	more->kind = kind;
	more->pid = pid;
	snprintf(more->name, sizeof(more->name), "%s", name);
}

static void add_process(struct search *s, enum port_user_kind kind, int pid)
{
	char directory[METER_PATH_MAX], name[METER_WORD_MAX];

	snprintf(directory, sizeof(directory), "%s/proc/%d", s->root, pid);
	attribute_read(directory, "comm", name, sizeof(name));
	add(s, kind, pid, *name ? name : "?");
}

static bool has_open(struct search *s, int pid)
{
	char path[METER_PATH_MAX + 32], target[128];
	const struct dirent *entry;
	bool found = false;
	ssize_t len;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/proc/%d/fd", s->root, pid);
	dir = opendir(path);
	if (!dir) {
		s->use->partly |= errno == EACCES;
		return false;
	}
	while (!found && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/proc/%d/fd/%.16s", s->root, pid, entry->d_name);
		len = readlink(path, target, sizeof(target) - 1);
		target[len < 0 ? 0 : len] = '\0';
		found = !strcmp(target, s->path);
	}
	closedir(dir);
	return found;
}

/* What everybody may read of everybody's processes: field tty_nr of proc(5). */
static bool is_controlled_by(struct search *s, int pid)
{
	char directory[METER_PATH_MAX], stat[512];
	unsigned long number;
	const char *rest;

	snprintf(directory, sizeof(directory), "%s/proc/%d", s->root, pid);
	if (!s->number || attribute_read(directory, "stat", stat, sizeof(stat)) <= 0)
		return false;
	rest = strrchr(stat, ')');
	return rest && sscanf(rest, ") %*c %*d %*d %*d %lu", &number) == 1 && number == s->number;
}

static void find_processes(struct search *s)
{
	char path[METER_PATH_MAX];
	const struct dirent *entry;
	DIR *dir;
	int pid;

	snprintf(path, sizeof(path), "%s/proc", s->root);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		pid = atoi(entry->d_name);
		if (pid <= 0 || (!*s->root && pid == getpid()))
			continue;
		if (has_open(s, pid) || is_controlled_by(s, pid))
			add_process(s, USER_PROCESS, pid);
	}
	closedir(dir);
}

/* Locks of flock() on the device's file; another system's locks cannot be told by its files. */
static void find_flock(struct search *s)
{
	unsigned int file_major, file_minor;
	unsigned long long inode;
	char line[256];
	struct stat st;
	FILE *locks;
	int pid;

	if (*s->root || stat(s->path, &st))
		return;
	locks = fopen("/proc/locks", "re");
	if (!locks)
		return;
	while (fgets(line, sizeof(line), locks))
		if (sscanf(line, "%*s FLOCK %*s %*s %d %x:%x:%llu", &pid, &file_major, &file_minor,
			   &inode) == 4 &&
		    makedev(file_major, file_minor) == st.st_dev && inode == st.st_ino && pid > 0 &&
		    pid != getpid())
			add_process(s, USER_LOCK, pid);
	fclose(locks);
}

/* Lock files of modem programs (Filesystem Hierarchy Standard 3.0, 5.9): ten characters of PID. */
static void find_lock_file(struct search *s)
{
	static const char *const directories[] = { "run/lock", "var/lock" };
	char directory[METER_PATH_MAX], name[80], text[METER_WORD_MAX];
	int pid;

	snprintf(name, sizeof(name), "LCK..%s", s->port);
	for (size_t i = 0; i < 2; i++) {
		snprintf(directory, sizeof(directory), "%s/%s", s->root, directories[i]);
		if (attribute_read(directory, name, text, sizeof(text)) <= 0)
			continue;
		pid = atoi(text);
		snprintf(directory, sizeof(directory), "%s/proc/%d", s->root, pid);
		if (pid > 0 && !access(directory, F_OK))
			add_process(s, USER_LOCK, pid);
	}
}

static void find_meter(struct search *s)
{
	char class[METER_PATH_MAX], directory[METER_PATH_MAX + 80], port[METER_WORD_MAX];
	struct attribute_names meters;

	snprintf(class, sizeof(class), "%s" METER_CLASS, s->root);
	if (!attribute_names_read(class, &meters)) {
		for (size_t i = 0; i < meters.count; i++) {
			snprintf(directory, sizeof(directory), "%s/%.64s", class, meters.name[i]);
			attribute_read(directory, "port", port, sizeof(port));
			if (!strcmp(port, s->port))
				add(s, USER_METER, 0, meters.name[i]);
		}
	}
	attribute_names_free(&meters);
}

static void find_console(struct search *s)
{
	char directory[METER_PATH_MAX], active[256], *word, *rest = active;

	snprintf(directory, sizeof(directory), "%s/sys/class/tty/console", s->root);
	attribute_read(directory, "active", active, sizeof(active));
	while ((word = strsep(&rest, " ")))
		if (!strcmp(word, s->port))
			add(s, USER_CONSOLE, 0, "console");
}

/* As the kernel's new_encode_dev() makes it. */
static unsigned long encode(unsigned int major_number, unsigned int minor_number)
{
	return (minor_number & 0xff) | (unsigned long)major_number << 8 |
	       (unsigned long)(minor_number & ~0xffu) << 12;
}

static unsigned long device_number(const struct search *s)
{
	char directory[METER_PATH_MAX], dev[METER_WORD_MAX];
	unsigned int major_number, minor_number;
	struct stat st;

	snprintf(directory, sizeof(directory), "%s/sys/class/tty/%s", s->root, s->port);
	attribute_read(directory, "dev", dev, sizeof(dev));
	if (sscanf(dev, "%u:%u", &major_number, &minor_number) == 2)
		return encode(major_number, minor_number);
	if (!*s->root && !stat(s->path, &st) && S_ISCHR(st.st_mode))
		return encode(major(st.st_rdev), minor(st.st_rdev));
	return 0;
}

/**
 * port_use_find - who uses a port, without opening it
 * @root: directory of the system that is looked at; "" for this one
 * @port: ttyUSB0, pts/3
 * @use: filled; for port_use_free()
 */
void port_use_find(const char *root, const char *port, struct port_use *use)
{
	struct search s = { .root = root, .port = port, .use = use };

	*use = (struct port_use){ 0 };
	snprintf(s.path, sizeof(s.path), "/dev/%s", port);
	s.number = device_number(&s);
	find_meter(&s);
	find_console(&s);
	find_processes(&s);
	find_flock(&s);
	find_lock_file(&s);
}

/**
 * port_use_free - give back what port_use_find() made
 * @use: empty afterwards
 */
void port_use_free(struct port_use *use)
{
	free(use->users);
	*use = (struct port_use){ 0 };
}

/**
 * port_user_text - a user in words
 * @user: one
 * @text: where they go
 * @size: room there
 *
 * Return: @text.
 */
const char *port_user_text(const struct port_user *user, char *text, size_t size)
{
	switch (user->kind) {
	case USER_PROCESS:
		snprintf(text, size, "%s (process %d)", user->name, user->pid);
		break;
	case USER_LOCK:
		snprintf(text, size, "%s (process %d, which has locked it)", user->name, user->pid);
		break;
	case USER_METER:
		snprintf(text, size, "the kernel as %s", user->name);
		break;
	case USER_CONSOLE:
		snprintf(text, size, "the kernel's console");
		break;
	}
	return text;
}
