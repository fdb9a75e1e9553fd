#include "mqtt.h"
void mqtt_discovery_meter(struct mqtt_out *o, const struct meter *m) { (void)o; (void)m; }
void mqtt_discovery_gone(struct mqtt_out *o, const char *name) { (void)o; (void)name; }
