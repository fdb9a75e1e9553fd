/* SPDX-License-Identifier: MIT */
/*
 * The two parts of meterctl attach: making a meter of a line, and staying with it.
 */
#ifndef METERCTL_ATTACH_H
#define METERCTL_ATTACH_H

#include "../lib/gpio.h"
#include "../lib/meters.h"
#include "../../kernel/telegram/speed_search.h"
#include "../lib/tty.h"

/**
 * struct attachment - a line that the kernel reads for us
 * @tty: the line
 * @meter: the meter on it, as it was when it was made
 * @request: the data request line of a P1 port, held; NULL: none
 * @led: lit by telegrams; NULL: none
 * @search: its speed
 * @signals: a signalfd for SIGTERM, SIGINT and SIGHUP
 * @service: a socket to the service manager, or -1
 * @ready: a pipe that learns of the first telegram, or -1
 */
struct attachment {
	struct tty tty;
	struct meter meter;
	struct gpio_line *request;
	struct gpio_line *led;
	struct speed_search search;
	int signals;
	int service;
	int ready;
};

int attach_stay(struct attachment *a);
void attach_close(struct attachment *a);

#endif /* METERCTL_ATTACH_H */
