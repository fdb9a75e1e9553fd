/* SPDX-License-Identifier: MIT */
/*
 * Where a server of D2L modules listens, as given on a command line.
 */
#ifndef METERCTL_D2L_ADDRESS_H
#define METERCTL_D2L_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

bool d2l_address(const char *text, struct sockaddr_storage *to, socklen_t *len);

#endif /* METERCTL_D2L_ADDRESS_H */
