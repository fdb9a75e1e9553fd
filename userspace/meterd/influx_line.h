/* SPDX-License-Identifier: MIT */
/*
 * The line protocol of InfluxDB: the state of a meter as points.
 */
#ifndef METERD_INFLUX_LINE_H
#define METERD_INFLUX_LINE_H

#include <stdio.h>

#include "meters.h"

/* No line has more bytes, so that each fits into a datagram that no router has to part. */
#define INFLUX_LINE_MAX 1400

/**
 * struct influx_format - what lines are like
 * @measurement: of electricity; a name
 * @unit_ns: of timestamps, ns
 */
struct influx_format {
	const char *measurement;
	u32 unit_ns;
};

void influx_lines(FILE *out, const struct meter *m, u64 now_ms, const struct influx_format *f);

#endif /* METERD_INFLUX_LINE_H */
