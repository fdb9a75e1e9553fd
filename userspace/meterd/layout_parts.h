/* SPDX-License-Identifier: MIT */
/*
 * What layouts share.
 */
#ifndef METERD_LAYOUT_PARTS_H
#define METERD_LAYOUT_PARTS_H

#include "mqtt.h"

bool layout_hears(const struct meter *m);
bool layout_number(struct mqtt_out *o, const struct meter *m);
s64 layout_time_s(const struct meter *m);

#endif /* METERD_LAYOUT_PARTS_H */
