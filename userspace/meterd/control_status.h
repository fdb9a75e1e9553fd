/* SPDX-License-Identifier: MIT */
/*
 * The state of the whole daemon, for meterctl status.
 */
#ifndef METERD_CONTROL_STATUS_H
#define METERD_CONTROL_STATUS_H

#include <stdio.h>

#include "http.h"

void control_status_json(FILE *out, const struct view *view, u64 uptime_s);

#endif /* METERD_CONTROL_STATUS_H */
