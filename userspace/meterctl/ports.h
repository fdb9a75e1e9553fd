/* SPDX-License-Identifier: MIT */
/*
 * The serial ports of this machine, as udev and sysfs know them.
 */
#ifndef METERCTL_PORTS_H
#define METERCTL_PORTS_H

#include <stdbool.h>
#include <stddef.h>

#include "port_use.h"

/* A port that a rule of udev says a meter is on. */
#define METERLINE_PROPERTY "METERLINE"

struct heard;

/**
 * struct port - a serial port; texts that are not known are NULL
 * @path: /dev/ttyUSB0
 * @name: ttyUSB0, in @path
 * @links: its other names below /dev, the steadiest first
 * @device: what it is, for a person
 * @usb_serial: serial number of the USB device
 * @id_path: ID_PATH of udev: where it is plugged in
 * @marked: a rule of udev has given it the property METERLINE
 * @modem_manager: ModemManager may probe it: it is on USB and no rule keeps it away
 * @use: who uses it
 * @heard: what was heard there; NULL: it was not listened to
 */
struct port {
	char *path;
	const char *name;
	char **links;
	size_t nlinks;
	char *device;
	char *usb_serial;
	char *id_path;
	bool marked;
	bool modem_manager;
	struct port_use use;
	struct heard *heard;
};

/** struct ports - some of them */
struct ports {
	struct port *port;
	size_t count;
};

int ports_list(struct ports *ports);
int ports_add(struct ports *ports, const char *path);
void ports_free(struct ports *ports);

#endif /* METERCTL_PORTS_H */
