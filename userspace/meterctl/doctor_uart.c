// SPDX-License-Identifier: MIT
/*
 * What stands in the way at the UARTs of a board: the device tree, who uses a port, the console.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "../lib/meters.h"
#include "doctor.h"
#include "port_use.h"
#include "ports.h"

#define DT "/proc/device-tree"

/* The node of the UART on pins 8 and 10, as /proc/device-tree has it. */
static bool header_node(const struct doctor *d, char *node, size_t size)
{
	return doctor_read(d, node, size, DT "/aliases/serial0") && *node == '/';
}

/* Its tty, as udev of Raspberry Pi OS names it, or else by the device tree. */
static void find_header(struct doctor *d)
{
	char node[128], path[DOCTOR_PATH_MAX], target[DOCTOR_PATH_MAX];
	struct attribute_names ttys;
	const char *slash;

	if (doctor_link(d, target, sizeof(target), "/dev/serial0")) {
		slash = strrchr(target, '/');
		snprintf(d->header, sizeof(d->header), "%s", slash ? slash + 1 : target);
		return;
	}
	if (!header_node(d, node, sizeof(node)))
		return;
	snprintf(path, sizeof(path), "%s/sys/class/tty", d->root);
	attribute_names_read(path, &ttys);
	for (size_t i = 0; i < ttys.count && !*d->header; i++) {
		doctor_link(d, target, sizeof(target), "/sys/class/tty/%s/device/of_node",
			    ttys.name[i]);
		if (strlen(target) > strlen(node) &&
		    !strcmp(target + strlen(target) - strlen(node), node))
			snprintf(d->header, sizeof(d->header), "%s", ttys.name[i]);
	}
	attribute_names_free(&ttys);
}

/**
 * doctor_board - which board it is, and which port its pins have
 * @d: the system; its @is_pi and @header are set
 */
void doctor_board(struct doctor *d)
{
	char model[128];

	doctor_read(d, model, sizeof(model), DT "/model");
	d->is_pi = !strncmp(model, "Raspberry Pi", 12);
	if (d->is_pi)
		find_header(d);
}

/* A line of config.txt, wherever it stands. */
static bool config_has(const struct doctor *d, const char *line)
{
	char text[8 * DOCTOR_TEXT_MAX];

	doctor_read(d, text, sizeof(text), "%s/config.txt", doctor_config_txt(d));
	return has_word(text, line, "\r\n");
}

/* Whether a node is there, and an overlay has not switched it off. */
static bool is_enabled(const struct doctor *d, const char *parent, const char *name)
{
	char status[32];

	if (!doctor_has(d, DT "%s/%s", parent, name))
		return false;
	return !doctor_read(d, status, sizeof(status), DT "%s/%s/status", parent, name) ||
	       strcmp(status, "disabled");
}

static void mini_uart(struct doctor *d, const char *port)
{
	char fix[256], pl011[128];

	doctor_read(d, pl011, sizeof(pl011), DT "/aliases/serial1");
	if (*pl011 == '/' && is_enabled(d, pl011, "bluetooth")) {
		snprintf(fix, sizeof(fix),
			 "write dtoverlay=disable-bt into %s/config.txt, sudo "
			 "systemctl disable hciuart, and restart (miniuart-bt instead keeps a slow "
			 "Bluetooth)",
			 doctor_config_txt(d));
		doctor_find(d, port, fix,
			    "Bluetooth has the good UART (PL011), and pins 8 and 10 have "
			    "the mini UART, which loses characters when the processor is busy");
	}
	if (config_has(d, "enable_uart=1") || config_has(d, "core_freq=250"))
		return;
	snprintf(fix, sizeof(fix), "write enable_uart=1 into %s/config.txt, and restart",
		 doctor_config_txt(d));
	doctor_find(d, port, fix,
		    "the speed of the mini UART follows the core clock, which nothing "
		    "keeps steady");
}

/* A device of the device tree at the UART, which the kernel then keeps for it. */
static void serdev_child(struct doctor *d, const char *port, const char *node)
{
	char path[DOCTOR_PATH_MAX], fix[256], compatible[128];
	struct attribute_names children;

	snprintf(path, sizeof(path), "%s" DT "%s", d->root, node);
	attribute_names_read(path, &children);
	for (size_t i = 0; i < children.count; i++) {
		if (!doctor_read(d, compatible, sizeof(compatible), DT "%s/%s/compatible", node,
				 children.name[i]) ||
		    !is_enabled(d, node, children.name[i]) ||
		    !strncmp(compatible, "meterline,", 10))
			continue;
		snprintf(fix, sizeof(fix),
			 "take the dtoverlay that says so out of %s/config.txt, and restart",
			 doctor_config_txt(d));
		doctor_find(d, port, fix,
			    "the device tree gives this UART to something else: %s (%s)",
			    children.name[i], compatible);
	}
	attribute_names_free(&children);
}

/* Whether telegrams come on a port: it needs no advice. */
static bool is_read(const struct doctor *d, const char *port)
{
	char path[DOCTOR_PATH_MAX], text[METER_WORD_MAX];
	struct attribute_names meters;
	bool read = false;

	snprintf(path, sizeof(path), "%s" METER_CLASS, d->root);
	attribute_names_read(path, &meters);
	for (size_t i = 0; i < meters.count; i++) {
		doctor_read(d, text, sizeof(text), METER_CLASS "/%s/port", meters.name[i]);
		if (strcmp(text, port))
			continue;
		doctor_read(d, text, sizeof(text), METER_CLASS "/%s/state", meters.name[i]);
		read |= !strcmp(text, "locked");
	}
	attribute_names_free(&meters);
	return read;
}

static void port_absent(struct doctor *d, const char *port)
{
	char where[128], fix[256];

	snprintf(where, sizeof(where), "/dev/%s", port);
	if (d->is_pi && (!strncmp(port, "ttyAMA", 6) || !strncmp(port, "ttyS", 4) ||
			 !strncmp(port, "serial", 6)))
		snprintf(fix, sizeof(fix), "write %s into %s/config.txt, and restart",
			 doctor_has(d, DT "/aliases/serial10") ? "dtparam=uart0=on"
							       : "enable_uart=1",
			 doctor_config_txt(d));
	else
		snprintf(fix, sizeof(fix),
			 "plug it in; 'meterctl scan' lists those that are there");
	doctor_find(d, where, fix, "there is no such port");
}

/**
 * doctor_uart - the UART on the pins of a Raspberry Pi, and ports that are not there
 * @d: the system
 */
void doctor_uart(struct doctor *d)
{
	char node[128], compatible[128];

	for (size_t i = 0; i < d->nports; i++) {
		const char *port = d->ports[i];

		if (!doctor_has(d, "/dev/%s", port)) {
			port_absent(d, port);
			continue;
		}
		if (strcmp(port, d->header) || is_read(d, port) ||
		    !header_node(d, node, sizeof(node)))
			continue;
		doctor_read(d, compatible, sizeof(compatible), DT "%s/compatible", node);
		if (!strcmp(compatible, "brcm,bcm2835-aux-uart"))
			mini_uart(d, port);
		serdev_child(d, port, node);
	}
}

static void console(struct doctor *d, const char *port)
{
	char fix[256];

	if (d->is_pi)
		snprintf(fix, sizeof(fix),
			 "sudo sed -i 's/console=\\(serial0\\|%s\\),[0-9]* *//' "
			 "%s/cmdline.txt, and restart",
			 port, doctor_config_txt(d));
	else
		snprintf(fix, sizeof(fix),
			 "take console=%s out of GRUB_CMDLINE_LINUX in "
			 "/etc/default/grub, sudo update-grub, and restart",
			 port);
	doctor_find(d, port, fix,
		    "the kernel's console is there: it writes its messages to the meter's line");
}

static void getty(struct doctor *d, const char *port, const char *name, int pid)
{
	char fix[256], process[96] = "";

	snprintf(fix, sizeof(fix),
		 "sudo systemctl disable --now serial-getty@%s && sudo systemctl mask "
		 "serial-getty@%s",
		 port, port);
	if (pid)
		snprintf(process, sizeof(process), " (%s, process %d)", name, pid);
	doctor_find(d, port, fix, "a login prompt reads it%s and takes the meter's characters",
		    process);
}

static void process(struct doctor *d, const char *port, const struct port_user *user)
{
	char fix[256];

	if (!strcmp(user->name, "meterctl") || !strcmp(user->name, "meterd"))
		return;
	if (strstr(user->name, "getty") || !strcmp(user->name, "login")) {
		getty(d, port, user->name, user->pid);
		return;
	}
	if (!strcmp(user->name, "ModemManager"))
		snprintf(
			fix, sizeof(fix),
			"let a udev rule give it METERLINE, which keeps ModemManager "
			"away ('meterctl scan /dev/%s' writes it), or sudo systemctl disable --now "
			"ModemManager",
			port);
	else
		snprintf(fix, sizeof(fix),
			 "sudo fuser -v /dev/%s shows it; end it, and keep it from "
			 "being started again",
			 port);
	doctor_find(d, port, fix, "%s (process %d) %s", user->name, user->pid,
		    user->kind == USER_LOCK ? "has locked it" : "has it open");
}

/* Started by a link, though it does not run at the moment. */
static void getty_unit(struct doctor *d, const char *port)
{
	char target[DOCTOR_PATH_MAX];

	if (doctor_link(d, target, sizeof(target), "/etc/systemd/system/serial-getty@%s.service",
			port) &&
	    !strcmp(target, "/dev/null"))
		return;
	if (doctor_has(d, "/etc/systemd/system/getty.target.wants/serial-getty@%s.service", port))
		getty(d, port, "", 0);
}

static bool is_getty(const struct port_user *user)
{
	return user->kind == USER_PROCESS && strstr(user->name, "getty");
}

static void port_users(struct doctor *d, const char *port)
{
	bool getty_runs = false, console_active = false;
	char cmdline[DOCTOR_TEXT_MAX], word[80];
	struct port_use use;

	port_use_find(d->root, port, &use);
	for (size_t i = 0; i < use.count; i++) {
		getty_runs |= is_getty(&use.users[i]);
		if (use.users[i].kind == USER_CONSOLE)
			console_active = true;
		else if (use.users[i].kind != USER_METER)
			process(d, port, &use.users[i]);
	}
	port_use_free(&use);
	doctor_read(d, cmdline, sizeof(cmdline), "/proc/cmdline");
	snprintf(word, sizeof(word), "console=%s", port);
	if (console_active || has_word(cmdline, word, " ,\n"))
		console(d, port);
	if (!getty_runs)
		getty_unit(d, port);
}

/* Only of the running system: udev's database is no file that another system could be asked by. */
static void modem_manager(struct doctor *d, const char *port)
{
	struct ports ports = { 0 };
	char path[80];

	snprintf(path, sizeof(path), "/dev/%s", port);
	if (!*d->root && doctor_process(d, "ModemManager") && !ports_add(&ports, path) &&
	    ports.port[0].modem_manager)
		doctor_find(d, port,
			    "let a udev rule give it METERLINE: 'meterctl scan PORT' writes it",
			    "ModemManager runs and may send to it to see whether it is a modem");
	ports_free(&ports);
}

/* A UART that an overlay has given to the kernel has no tty, but may still have the console. */
static void console_without_tty(struct doctor *d)
{
	char active[256], *word, *rest = active;

	doctor_read(d, active, sizeof(active), "/sys/class/tty/console/active");
	while ((word = strsep(&rest, " ")))
		if ((!strncmp(word, "ttyAMA", 6) || !strncmp(word, "ttyS", 4)) &&
		    !doctor_has(d, "/dev/%s", word))
			console(d, word);
}

/**
 * doctor_port_users - who else uses the ports
 * @d: the system
 */
void doctor_port_users(struct doctor *d)
{
	for (size_t i = 0; i < d->nports; i++) {
		port_users(d, d->ports[i]);
		modem_manager(d, d->ports[i]);
	}
	if (d->is_pi)
		console_without_tty(d);
}
