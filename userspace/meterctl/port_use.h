/* SPDX-License-Identifier: MIT */
/*
 * Who uses a serial port.
 */
#ifndef METERCTL_PORT_USE_H
#define METERCTL_PORT_USE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** enum port_user_kind - how a port is used */
enum port_user_kind {
	USER_PROCESS, /* has it open, or as its controlling terminal */
	USER_LOCK,    /* has locked it: with flock(), or by a file in /run/lock */
	USER_METER,   /* the kernel reads it: a meter of /sys/class/meter */
	USER_CONSOLE, /* the kernel writes its messages there */
};

/** struct port_user - one of those who use a port; @pid: 0 of the kernel's own */
struct port_user {
	enum port_user_kind kind;
	int pid;
	char name[64];
};

/**
 * struct port_use - all who use a port
 * @partly: processes of other users could not be looked into
 */
struct port_use {
	struct port_user *users;
	size_t count;
	bool partly;
};

void port_use_find(const char *root, const char *port, struct port_use *use);
void port_use_free(struct port_use *use);
const char *port_user_text(const struct port_user *user, char *text, size_t size);

#endif /* METERCTL_PORT_USE_H */
