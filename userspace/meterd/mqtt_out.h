/* SPDX-License-Identifier: MIT */
/*
 * Messages in the making: the place where they are made.
 */
#ifndef METERD_MQTT_OUT_H
#define METERD_MQTT_OUT_H

#include "mqtt.h"

bool mqtt_out_open(struct mqtt_out *o);
void mqtt_out_close(struct mqtt_out *o);

#endif /* METERD_MQTT_OUT_H */
