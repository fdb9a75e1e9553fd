// SPDX-License-Identifier: MIT
/*
 * Readiness for the service manager: the protocol of sd_notify(3), a datagram to $NOTIFY_SOCKET.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "notify.h"

/**
 * notify_open - a connected socket to the service manager, made while privileges are still there
 *
 * Return: the socket, or -1 when nobody wants to know.
 */
int notify_open(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (len < 2 || len >= sizeof(to.sun_path))
		return -1;
	memcpy(to.sun_path, path, len);
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&to, offsetof(struct sockaddr_un, sun_path) + len)) {
		close(fd);
		return -1;
	}
	return fd;
}

/**
 * notify_send - tell the service manager
 * @fd: of notify_open(); -1 is allowed
 * @state: lines such as READY=1
 *
 * Never waits: what a service manager does not take at once is lost.
 */
void notify_send(int fd, const char *state)
{
	if (fd >= 0)
		send(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT);
}
