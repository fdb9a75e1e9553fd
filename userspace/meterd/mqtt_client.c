// SPDX-License-Identifier: MIT
/*
 * A client of a broker, as the configuration wants it: one for each connection.
 *
 * Made anew each time, so that a certificate or a password that was changed is taken, and nothing
 * of an old connection is sent again behind something newer.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/text.h"
#include "mqtt_client.h"
#include "secret.h"

/*
 * Two daemons of one machine have two states, two machines two names. Of 23 characters, which
 * every broker takes (MQTT 3.1.1, 3.1.3.1).
 */
static char *default_client_id(const char *topic, const char *state)
{
	char host[HOST_NAME_MAX + 1] = "", *id;
	const char *const parts[] = { host, topic, state };
	u32 hash = 2166136261u;

	gethostname(host, sizeof(host) - 1);
	for (unsigned int i = 0; i < 3; i++)
		for (const char *c = parts[i]; *c; c++)
			hash = (hash ^ (u8)*c) * 16777619u;
	return asprintf(&id, "meterd-%08x", hash) < 0 ? NULL : id;
}

/**
 * mqtt_settings_new - what a connection needs
 * @c: [mqtt], is copied
 * @state: directory of the state, which tells daemons of one machine apart
 *
 * Return: the settings, NULL without memory.
 */
struct mqtt_settings *mqtt_settings_new(const struct mqtt_config *c, const char *state)
{
	struct mqtt_settings *s = calloc(1, sizeof(*s));
	bool ok;

	if (!s)
		return NULL;
	s->port = c->port;
	s->version = c->version;
	s->tls = c->tls;
	s->insecure = c->insecure;
	ok = copy_text(&s->host, c->host) && copy_text(&s->ca_file, c->ca_file) &&
	     copy_text(&s->cert_file, c->cert_file) && copy_text(&s->key_file, c->key_file) &&
	     copy_text(&s->user, c->user) && copy_text(&s->password_file, c->password_file);
	s->client_id = c->client_id ? strdup(c->client_id) : default_client_id(c->topic, state);
	ok = ok && s->client_id && asprintf(&s->own_topic, "%s/bridge/state", c->topic) >= 0;
	if (c->discovery)
		ok = ok && asprintf(&s->birth_topic, "%s/status", c->discovery_prefix) >= 0;
	if (ok)
		return s;
	mqtt_settings_free(s);
	return NULL;
}

/** mqtt_settings_same - whether a connection may go on as it is */
bool mqtt_settings_same(const struct mqtt_settings *a, const struct mqtt_settings *b)
{
	return a->port == b->port && a->version == b->version && a->tls == b->tls &&
	       a->insecure == b->insecure && same_text(a->host, b->host) &&
	       same_text(a->ca_file, b->ca_file) && same_text(a->cert_file, b->cert_file) &&
	       same_text(a->key_file, b->key_file) && same_text(a->user, b->user) &&
	       same_text(a->password_file, b->password_file) &&
	       same_text(a->client_id, b->client_id) && same_text(a->own_topic, b->own_topic) &&
	       same_text(a->birth_topic, b->birth_topic);
}

/**
 * mqtt_settings_free - frees settings
 * @s: of mqtt_settings_new(), or NULL
 */
void mqtt_settings_free(struct mqtt_settings *s)
{
	if (!s)
		return;
	free(s->host);
	free(s->ca_file);
	free(s->cert_file);
	free(s->key_file);
	free(s->user);
	free(s->password_file);
	free(s->client_id);
	free(s->own_topic);
	free(s->birth_topic);
	free(s);
}

/* What the configuration does not name may be a credential of the service. */
static bool read_secret(const char *configured, const char *credential, char **secret,
			char why[MQTT_WHY_MAX])
{
	char path[PATH_MAX];
	const char *from = configured ? configured : credential_path(credential, path);

	*secret = from ? secret_read(from, SECRET_MAX, why, MQTT_WHY_MAX) : NULL;
	return *secret || !from;
}

static bool set_user(struct mosquitto *m, const struct mqtt_settings *s, char why[MQTT_WHY_MAX])
{
	char *user = NULL, *password = NULL;
	int rc = MOSQ_ERR_SUCCESS;
	bool ok = (s->user || read_secret(NULL, "mqtt.user", &user, why)) &&
		  read_secret(s->password_file, "mqtt.password", &password, why);

	if (ok && (s->user || user))
		rc = mosquitto_username_pw_set(m, s->user ? s->user : user, password);
	else if (ok && password)
		rc = MOSQ_ERR_INVAL;
	secret_free(user);
	secret_free(password);
	if (ok && rc)
		snprintf(why, MQTT_WHY_MAX, "there is a password without a user: expected user = "
			 "NAME in [mqtt]");
	return ok && !rc;
}

/* A key with a passphrase has nobody here to type it. */
static int no_passphrase(char *buf, int size, int rwflag, void *userdata)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)userdata;
	return 0;
}

static bool can_read(const char *path, const char *key, char why[MQTT_WHY_MAX])
{
	if (!path || !access(path, R_OK))
		return true;
	snprintf(why, MQTT_WHY_MAX, "%s = %s: %s", key, path, strerror(errno));
	return false;
}

/* TLS 1.2 or later, which is what libmosquitto does unless it is told otherwise. */
static bool set_tls(struct mosquitto *m, const struct mqtt_settings *s, char why[MQTT_WHY_MAX])
{
	int rc = MOSQ_ERR_SUCCESS;

	if (!s->tls)
		return true;
	if (!can_read(s->ca_file, "ca_file", why) || !can_read(s->cert_file, "cert_file", why) ||
	    !can_read(s->key_file, "key_file", why) ||
	    (s->key_file && !secret_file_is_safe(s->key_file, why, MQTT_WHY_MAX)))
		return false;
	if (s->ca_file || s->cert_file)
		rc = mosquitto_tls_set(m, s->ca_file, s->ca_file ? NULL : "/etc/ssl/certs",
				       s->cert_file, s->key_file, no_passphrase);
	if (!s->ca_file && !rc)
		rc = mosquitto_int_option(m, MOSQ_OPT_TLS_USE_OS_CERTS, 1);
	if (s->insecure && !rc)
		rc = mosquitto_tls_opts_set(m, 0, NULL, NULL);
	if (s->insecure && !rc)
		rc = mosquitto_tls_insecure_set(m, true);
	if (rc)
		snprintf(why, MQTT_WHY_MAX, "TLS cannot be set up: %s", mosquitto_strerror(rc));
	return !rc;
}

static bool set_up(struct mosquitto *m, const struct mqtt_settings *s, char why[MQTT_WHY_MAX])
{
	static const char offline[] = "offline";
	int rc = mosquitto_int_option(m, MOSQ_OPT_PROTOCOL_VERSION,
				      s->version == 5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311);

	if (!rc)
		rc = mosquitto_will_set(m, s->own_topic, sizeof(offline) - 1, offline, 1, true);
	if (rc)
		snprintf(why, MQTT_WHY_MAX, "cannot begin: %s", mosquitto_strerror(rc));
	return !rc && set_user(m, s, why) && set_tls(m, s, why);
}

/**
 * mqtt_client_new - a client that can connect
 * @s: the settings
 * @context: of its callbacks
 * @why: for a sentence
 *
 * Reads passwords and looks at key files: they may be others than the last time.
 *
 * Return: the client, for mosquitto_destroy(); NULL with @why.
 */
struct mosquitto *mqtt_client_new(const struct mqtt_settings *s, void *context,
				  char why[MQTT_WHY_MAX])
{
	struct mosquitto *m = mosquitto_new(s->client_id, true, context);

	if (!m) {
		snprintf(why, MQTT_WHY_MAX, "no memory for a connection");
		return NULL;
	}
	if (set_up(m, s, why))
		return m;
	mosquitto_destroy(m);
	return NULL;
}

static bool says(const char *detail, const char *what)
{
	return strstr(detail, what);
}

/* OpenSSL's words are for those who know it; these are for the others. */
static bool explain_tls(const struct mqtt_settings *s, const char *detail, char why[MQTT_WHY_MAX])
{
	const char *trusted = s->ca_file ? s->ca_file : "the system's authorities";

	if (says(detail, "certificate verify failed"))
		snprintf(why, MQTT_WHY_MAX, "the certificate of %s is not signed by %s, has "
			 "expired, or is for another name: see ca_file and host", s->host, trusted);
	else if (says(detail, "host name verification failed"))
		snprintf(why, MQTT_WHY_MAX, "the certificate is for another name than %s: write "
			 "host as the certificate has it", s->host);
	else if (says(detail, "certificate required") || says(detail, "handshake failure"))
		snprintf(why, MQTT_WHY_MAX, "the broker wants a certificate of ours: see "
			 "cert_file and key_file");
	else if (says(detail, "wrong version number") || says(detail, "packet length too long"))
		snprintf(why, MQTT_WHY_MAX, "port %u does not speak TLS: see port and tls",
			 s->port);
	else
		return false;
	return true;
}

/**
 * mqtt_client_explain - why there is no connection
 * @s: the settings
 * @rc: of libmosquitto
 * @detail: what it logged, or ""
 * @why: for the sentence
 *
 * With errno, when @rc is MOSQ_ERR_ERRNO.
 */
void mqtt_client_explain(const struct mqtt_settings *s, int rc, const char *detail,
			 char why[MQTT_WHY_MAX])
{
	int error = errno;

	if (explain_tls(s, detail, why))
		return;
	if (*detail)
		snprintf(why, MQTT_WHY_MAX, "%s: %s", mosquitto_strerror(rc), detail);
	else if (rc == MOSQ_ERR_EAI)
		snprintf(why, MQTT_WHY_MAX, "the name %s is not known to any name server", s->host);
	else if (rc == MOSQ_ERR_ERRNO)
		snprintf(why, MQTT_WHY_MAX, "%s", strerror(error));
	else
		snprintf(why, MQTT_WHY_MAX, "%s", mosquitto_strerror(rc));
}
