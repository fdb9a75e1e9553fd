// SPDX-License-Identifier: MIT
/*
 * Which kinds of sinks there are.
 */
#include "publish.h"

const struct sink_ops *const sink_kinds[SINK_TYPES] = {
	[SINK_JSONL] = &sink_lines,
	[SINK_CSV] = &sink_lines,
	[SINK_SERVE] = &sink_serve,
	[SINK_INFLUX] = &sink_influx,
	[SINK_MQTT] = &sink_mqtt,
};
