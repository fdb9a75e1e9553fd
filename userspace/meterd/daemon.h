/* SPDX-License-Identifier: MIT */
/*
 * The daemon: all parts put together, and their life.
 */
#ifndef METERD_DAEMON_H
#define METERD_DAEMON_H

#include "config.h"

/* @path: of the configuration, NULL: none. Takes @config. Returns an exit code. */
int daemon_run(const char *path, struct config *config);

#endif /* METERD_DAEMON_H */
