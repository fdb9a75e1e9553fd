/* SPDX-License-Identifier: MIT */
/*
 * Readiness for the service manager.
 */
#ifndef METERLINE_NOTIFY_H
#define METERLINE_NOTIFY_H

int notify_open(void);
void notify_send(int fd, const char *state);

#endif /* METERLINE_NOTIFY_H */
