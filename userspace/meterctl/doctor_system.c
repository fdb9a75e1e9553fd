// SPDX-License-Identifier: MIT
/*
 * What stands in the way around the kernel module: that it is built and loaded, groups, udev rules.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/meters.h"
#include "doctor.h"

/* The end of a module that is signed (include/linux/module_signature.h). */
#define SIGNATURE "~Module signature appended~"

static bool module_file(const struct doctor *d, const char *release, char *path, size_t size)
{
	static const char *const places[] = { "updates/dkms", "updates", "extra", "kernel/extra" };
	static const char *const ends[] = { "", ".xz", ".gz", ".zst" };

	for (size_t i = 0; i < 4; i++)
		for (size_t k = 0; k < 4; k++) {
			snprintf(path, size, "/lib/modules/%s/%s/meterline.ko%s", release,
				 places[i], ends[k]);
			if (doctor_has(d, "%s", path))
				return true;
		}
	return false;
}

/* Another kernel that the module was built for; "" when there is none. */
static void other_kernel(const struct doctor *d, char *release, size_t size)
{
	char path[DOCTOR_PATH_MAX];
	struct attribute_names kernels;

	*release = '\0';
	snprintf(path, sizeof(path), "%s/lib/modules", d->root);
	attribute_names_read(path, &kernels);
	for (size_t i = 0; i < kernels.count; i++)
		if (module_file(d, kernels.name[i], path, sizeof(path)))
			snprintf(release, size, "%s", kernels.name[i]);
	attribute_names_free(&kernels);
}

static void headers_missing(struct doctor *d)
{
	size_t len = strlen(d->release);
	char fix[256];

	/* Raspberry Pi OS: 6.12.34+rpt-rpi-v8 since 12, 6.1.21-v8+ before. */
	if (strstr(d->release, "-rpi-"))
		snprintf(fix, sizeof(fix), "sudo apt install linux-headers%s",
			 strstr(d->release, "-rpi-"));
	else if (d->is_pi && len && d->release[len - 1] == '+')
		snprintf(fix, sizeof(fix), "sudo apt install raspberrypi-kernel-headers");
	else
		snprintf(fix, sizeof(fix), "sudo apt install linux-headers-%s", d->release);
	doctor_find(d, "meterline", fix,
		    "the headers of the running kernel %s are missing, so the "
		    "module cannot be built (meterd can read serial ports without it)",
		    d->release);
}

static void not_built(struct doctor *d)
{
	char other[128], beside[160] = "";

	if (!doctor_has(d, "/lib/modules/%s/build", d->release)) {
		headers_missing(d);
		return;
	}
	other_kernel(d, other, sizeof(other));
	if (*other)
		snprintf(beside, sizeof(beside), ", only for %s", other);
	doctor_find(
		d, "meterline",
		doctor_has(d, "/var/lib/dkms/meterline")
			? "sudo dkms autoinstall"
			: "in the sources of meterline: make modules && sudo make install",
		"the module is not built for the running kernel %s%s (meterd can read serial ports "
		"without it)",
		d->release, beside);
}

/* Of one that is compressed this cannot be seen. */
static bool lacks_signature(const struct doctor *d, const char *path)
{
	char file[DOCTOR_PATH_MAX], end[sizeof(SIGNATURE)] = "";
	size_t len = strlen(path);
	FILE *module;

	if (strcmp(path + len - 3, ".ko"))
		return false;
	snprintf(file, sizeof(file), "%s%s", d->root, path);
	module = fopen(file, "re");
	if (!module)
		return false;
	/* A line end stands behind it. */
	if (!fseek(module, -(long)sizeof(SIGNATURE), SEEK_END))
		end[fread(end, 1, sizeof(SIGNATURE) - 1, module)] = '\0';
	fclose(module);
	return strcmp(end, SIGNATURE);
}

static bool is_locked_down(const struct doctor *d)
{
	char text[128];

	doctor_read(d, text, sizeof(text), "/sys/kernel/security/lockdown");
	return strstr(text, "[integrity]") || strstr(text, "[confidentiality]");
}

/**
 * doctor_module - the kernel module, while it is not loaded
 * @d: the system
 *
 * Where meterd runs and no module was ever built, nobody wants it.
 */
void doctor_module(struct doctor *d)
{
	char path[DOCTOR_PATH_MAX];

	doctor_read(d, d->release, sizeof(d->release), "/proc/sys/kernel/osrelease");
	if (doctor_has(d, "/sys/module/meterline") || !*d->release)
		return;
	if (!module_file(d, d->release, path, sizeof(path))) {
		other_kernel(d, path, sizeof(path));
		if (*path || !doctor_process(d, "meterd"))
			not_built(d);
	} else if (is_locked_down(d) && lacks_signature(d, path)) {
		doctor_find(
			d, "meterline",
			"sudo mokutil --import /var/lib/dkms/mok.pub, restart and "
			"enroll it, then sudo dkms install --force meterline",
			"Secure Boot is on, so the kernel loads signed modules only, and %s is not "
			"signed",
			path);
	} else {
		doctor_find(d, "meterline", "sudo modprobe meterline", "the module is not loaded");
	}
}

/* A line of a file such as /etc/group that begins with a name; false when there is none. */
static bool database_line(const struct doctor *d, const char *file, const char *name, char *line,
			  size_t size)
{
	char path[DOCTOR_PATH_MAX];
	size_t len = strlen(name);
	bool found = false;
	FILE *database;

	snprintf(path, sizeof(path), "%s%s", d->root, file);
	database = fopen(path, "re");
	while (database && !found && fgets(line, size, database))
		found = !strncmp(line, name, len) && line[len] == ':';
	if (database)
		fclose(database);
	if (found)
		line[strcspn(line, "\n")] = '\0';
	return found;
}

/* The text behind the N-th colon. */
static const char *column(const char *line, unsigned int n)
{
	while (n-- && (line = strchr(line, ':')))
		line++;
	return line ? line : "";
}

static bool is_member(const struct doctor *d, const char *group_line)
{
	char user_line[DOCTOR_TEXT_MAX];

	if (has_word(column(group_line, 3), d->user, ","))
		return true;
	return database_line(d, "/etc/passwd", d->user, user_line, sizeof(user_line)) &&
	       atoi(column(user_line, 3)) == atoi(column(group_line, 2));
}

static void group(struct doctor *d, const char *name, const char *what_for)
{
	char line[DOCTOR_TEXT_MAX], fix[256];

	if (!database_line(d, "/etc/group", name, line, sizeof(line)) || is_member(d, line))
		return;
	snprintf(fix, sizeof(fix), "sudo usermod -aG %s %s, then log in anew", name, d->user);
	doctor_find(d, d->user, fix, "is no member of group %s, which may %s", name, what_for);
}

/**
 * doctor_groups - whether the user may do what is needed
 * @d: the system
 */
void doctor_groups(struct doctor *d)
{
	char line[DOCTOR_TEXT_MAX];

	if (!database_line(d, "/etc/group", "meter", line, sizeof(line)))
		doctor_find(d, "group meter", "sudo systemd-sysusers",
			    "there is no such group, so only root can read /dev/meterN");
	if (!d->user)
		return;
	group(d, "meter", "read meters and ask meterd");
	if (d->nports)
		group(d, "dialout", "open serial ports");
	if (doctor_has(d, "/dev/gpiochip0"))
		group(d, "gpio", "use GPIO lines");
}

static bool has_rules(const struct doctor *d, const char *directory)
{
	char path[DOCTOR_PATH_MAX];
	struct attribute_names files;
	bool found = false;

	snprintf(path, sizeof(path), "%s%s", d->root, directory);
	attribute_names_read(path, &files);
	for (size_t i = 0; i < files.count; i++)
		found |= strstr(files.name[i], "-meterline.rules") != NULL;
	attribute_names_free(&files);
	return found;
}

/**
 * doctor_rules - the rules of udev
 * @d: the system
 */
void doctor_rules(struct doctor *d)
{
	static const char *const places[] = { "/etc/udev/rules.d", "/usr/local/lib/udev/rules.d",
					      "/usr/lib/udev/rules.d", "/lib/udev/rules.d" };

	for (size_t i = 0; i < 4; i++)
		if (has_rules(d, places[i]))
			return;
	doctor_find(d, "udev", "in the sources of meterline: sudo make install",
		    "the rules of meterline are not installed, so there is no /dev/meter/by-id, "
		    "and group meter cannot read meters");
}
