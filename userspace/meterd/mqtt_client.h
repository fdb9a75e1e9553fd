/* SPDX-License-Identifier: MIT */
/*
 * A client of a broker, as the configuration wants it: one for each connection.
 */
#ifndef METERD_MQTT_CLIENT_H
#define METERD_MQTT_CLIENT_H

#include <mosquitto.h>

#include "config.h"

#define MQTT_WHY_MAX 192

/**
 * struct mqtt_settings - what a connection needs, in copies of its own
 * @client_id: the same at each start, so that the broker knows that an old connection is dead
 * @own_topic: on which we are online or offline; the last will goes there
 * @birth_topic: on which Home Assistant is online; NULL: nobody is told what there is
 */
struct mqtt_settings {
	char *host;
	u16 port;
	u8 version;
	bool tls;
	bool insecure;
	char *ca_file;
	char *cert_file;
	char *key_file;
	char *user;
	char *password_file;
	char *client_id;
	char *own_topic;
	char *birth_topic;
};

struct mqtt_settings *mqtt_settings_new(const struct mqtt_config *c, const char *state);
bool mqtt_settings_same(const struct mqtt_settings *a, const struct mqtt_settings *b);
void mqtt_settings_free(struct mqtt_settings *s);

struct mosquitto *mqtt_client_new(const struct mqtt_settings *s, void *context,
				  char why[MQTT_WHY_MAX]);
void mqtt_client_explain(const struct mqtt_settings *s, int rc, const char *detail,
			 char why[MQTT_WHY_MAX]);

#endif /* METERD_MQTT_CLIENT_H */
