// SPDX-License-Identifier: MIT
/*
 * The serial ports of this machine, as udev and sysfs know them. None is opened.
 */
#include <errno.h>
#include <libudev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/text.h"
#include "ports.h"

#define DEV "/dev/"
#define PTS "pts/"

/* A port of the 8250 driver where no UART is: PORT_UNKNOWN of linux/serial.h. */
#define TYPE_UNKNOWN "0"

static const char *or_blank(const char *text)
{
	return text ? text : "";
}

static char *usb_device_text(struct udev_device *usb)
{
	const char *maker = udev_device_get_sysattr_value(usb, "manufacturer");
	const char *product = udev_device_get_sysattr_value(usb, "product");
	const char *serial = udev_device_get_sysattr_value(usb, "serial");
	char *text;

	if (asprintf(&text, "%s%s%s%s%s%sUSB %s:%s", or_blank(maker), maker ? " " : "",
		     or_blank(product), product ? " " : "", or_blank(serial), serial ? ", " : "",
		     or_blank(udev_device_get_sysattr_value(usb, "idVendor")),
		     or_blank(udev_device_get_sysattr_value(usb, "idProduct"))) < 0)
		return NULL;
	return text;
}

/* Since Linux 6.5 a port and a controller of serial-base stand between a UART and its tty. */
static char *built_in_device_text(struct udev_device *tty)
{
	struct udev_device *parent = udev_device_get_parent(tty);
	char *text;

	while (parent && same_text(udev_device_get_subsystem(parent), "serial-base"))
		parent = udev_device_get_parent(parent);
	if (!parent || asprintf(&text, "%s %s", or_blank(udev_device_get_subsystem(parent)),
				udev_device_get_sysname(parent)) < 0)
		return NULL;
	return text;
}

/* Lower is better: a name that stays with the device, one that stays with the socket, others. */
static int steadiness(const char *link)
{
	return strstr(link, "/by-id/") ? 0 : strstr(link, "/by-path/") ? 2 : 1;
}

static int by_steadiness(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	int order = steadiness(x) - steadiness(y);

	return order ? order : strcmp(x, y);
}

static void take_links(struct port *p, struct udev_device *tty)
{
	struct udev_list_entry *entry;
	char **more;

	udev_list_entry_foreach(entry, udev_device_get_devlinks_list_entry(tty))
	{
		more = reallocarray(p->links, p->nlinks + 1, sizeof(*more));
		if (!more)
			return;
		p->links = more;
		p->links[p->nlinks] = strdup(udev_list_entry_get_name(entry));
		if (p->links[p->nlinks])
			p->nlinks++;
	}
	if (p->nlinks)
		qsort(p->links, p->nlinks, sizeof(*p->links), by_steadiness);
}

static void take_properties(struct port *p, struct udev_device *tty)
{
	struct udev_device *usb =
		udev_device_get_parent_with_subsystem_devtype(tty, "usb", "usb_device");

	port_use_find("", p->name, &p->use);
	p->marked = same_text(udev_device_get_property_value(tty, METERLINE_PROPERTY), "1");
	copy_text(&p->id_path, udev_device_get_property_value(tty, "ID_PATH"));
	take_links(p, tty);
	if (!usb) {
		p->device = built_in_device_text(tty);
		return;
	}
	p->device = usb_device_text(usb);
	copy_text(&p->usb_serial, udev_device_get_sysattr_value(usb, "serial"));
	p->modem_manager =
		!same_text(udev_device_get_property_value(tty, "ID_MM_DEVICE_IGNORE"), "1");
}

static struct port *add_port(struct ports *ports, const char *path)
{
	struct port *p = reallocarray(ports->port, ports->count + 1, sizeof(*p));

	if (!p)
		return NULL;
	ports->port = p;
	p += ports->count;
	*p = (struct port){ .path = strdup(path) };
	if (!p->path)
		return NULL;
	ports->count++;
	p->name = strncmp(path, DEV, strlen(DEV)) ? p->path : p->path + strlen(DEV);
	return p;
}

/* Virtual terminals, ptys and the like have no device behind them. */
static bool is_port(struct udev_device *tty)
{
	return udev_device_get_parent(tty) && udev_device_get_devnode(tty) &&
	       !same_text(udev_device_get_sysattr_value(tty, "type"), TYPE_UNKNOWN);
}

static int list_tty(struct ports *ports, struct udev *udev, const char *syspath)
{
	struct udev_device *tty = udev_device_new_from_syspath(udev, syspath);
	struct port *p;
	int rc = 0;

	/* It may have been unplugged since. */
	if (!tty)
		return 0;
	if (is_port(tty)) {
		p = add_port(ports, udev_device_get_devnode(tty));
		if (p)
			take_properties(p, tty);
		else
			rc = -ENOMEM;
	}
	udev_device_unref(tty);
	return rc;
}

static int by_name(const void *a, const void *b)
{
	return strverscmp(((const struct port *)a)->name, ((const struct port *)b)->name);
}

/**
 * ports_list - every serial port that exists physically
 * @ports: for ports_free(), also after an error
 *
 * Return: 0 or a negative errno.
 */
int ports_list(struct ports *ports)
{
	struct udev *udev = udev_new();
	struct udev_enumerate *all = udev ? udev_enumerate_new(udev) : NULL;
	struct udev_list_entry *entry;
	int rc = all ? udev_enumerate_add_match_subsystem(all, "tty") : -ENOMEM;

	*ports = (struct ports){ 0 };
	if (rc >= 0)
		rc = udev_enumerate_scan_devices(all);
	if (rc >= 0) {
		rc = 0;
		udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(all)) if (!rc)
			rc = list_tty(ports, udev, udev_list_entry_get_name(entry));
	}
	udev_enumerate_unref(all);
	udev_unref(udev);
	if (ports->count)
		qsort(ports->port, ports->count, sizeof(*ports->port), by_name);
	return rc;
}

/**
 * ports_add - one more port, by its name, which may be a link or a pty
 * @ports: of ports_list(), or zero; for ports_free()
 * @path: /dev/ttyUSB0, /dev/serial/by-id/...
 *
 * Return: 0, or a negative errno; there may be no such port.
 */
int ports_add(struct ports *ports, const char *path)
{
	char *real = realpath(path, NULL);
	struct udev *udev = udev_new();
	struct udev_device *tty = NULL;
	struct port *p;

	p = add_port(ports, real ? real : path);
	if (p && udev)
		tty = udev_device_new_from_subsystem_sysname(udev, "tty", p->name);
	if (tty)
		take_properties(p, tty);
	else if (p && !strncmp(p->name, PTS, strlen(PTS)))
		port_use_find("", p->name, &p->use);
	udev_device_unref(tty);
	udev_unref(udev);
	free(real);
	return p ? 0 : -ENOMEM;
}

static void port_free(struct port *p)
{
	for (size_t i = 0; i < p->nlinks; i++)
		free(p->links[i]);
	free(p->links);
	free(p->path);
	free(p->device);
	free(p->usb_serial);
	free(p->id_path);
	free(p->heard);
	port_use_free(&p->use);
}

/**
 * ports_free - give back what ports_list() and ports_add() made
 * @ports: empty afterwards
 */
void ports_free(struct ports *ports)
{
	for (size_t i = 0; i < ports->count; i++)
		port_free(&ports->port[i]);
	free(ports->port);
	*ports = (struct ports){ 0 };
}
