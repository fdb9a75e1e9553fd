// SPDX-License-Identifier: MIT
/*
 * The keys of the configuration: one table for each kind of section.
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../kernel/telegram/telegram.h"
#include "../decode/dlms.h"
#include "../decode/dlms_line.h"
#include "../lib/gpio_uart.h"
#include "../lib/hex.h"
#include "../lib/text.h"
#include "config_keys.h"
#include "config_text.h"
#include "config_values.h"

#define CYCLE_MAX_S	86400
#define DAYS_MAX	36500
#define INTERVAL_MAX_S	86400
#define CONNECTIONS_MAX	65536
#define SCALE_MAX	1000000000	/* a million, in thousandths */
#define OFFSET_MAX_MIN	(14 * 60)
#define FACTOR_MAX	(1000 * FACTOR_ONE)

#define EXPECTED_BOOL	"yes or no"
#define EXPECTED_CYCLE	"seconds from 0 (each telegram) to 86400"
#define EXPECTED_ZONE	"a time zone such as Europe/Paris"
#define EXPECTED_PATH	"a file"
#define EXPECTED_PORT	"a port from 1 to 65535"
#define EXPECTED_LINE	"CHIP:LINE such as gpiochip0:18"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MQTT_TOPIC_MAX 128

static bool set_path(struct key_value *v, char **path)
{
	return value_path(v->text, v->directory, path);
}

static bool set_cycle(struct key_value *v, int *cycle_s)
{
	u64 seconds;

	if (!value_number(v->text, 0, CYCLE_MAX_S, &seconds))
		return false;
	*cycle_s = (int)seconds;
	return true;
}

static bool set_zone(struct key_value *v, const struct zone **zone)
{
	const struct zone *known = zone_get(v->text);

	if (known)
		*zone = known;
	return known;
}

/* No control bytes: it goes into topics, payloads and logs. */
static bool text_is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

static bool set_port(struct key_value *v, u16 *port)
{
	u64 number;

	if (!value_number(v->text, 1, 65535, &number))
		return false;
	*port = (u16)number;
	return true;
}

static bool set_name(struct key_value *v, char name[METER_NAME_LEN + 1])
{
	if (!name_is_good(v->text))
		return false;
	snprintf(name, METER_NAME_LEN + 1, "%s", v->text);
	return true;
}

/* [daemon] */

static bool daemon_state(struct key_value *v, void *item)
{
	return set_path(v, &((struct config *)item)->state);
}

static bool daemon_runtime(struct key_value *v, void *item)
{
	return set_path(v, &((struct config *)item)->runtime);
}

static bool daemon_timezone(struct key_value *v, void *item)
{
	return set_zone(v, &((struct config *)item)->zone);
}

static bool daemon_cycle(struct key_value *v, void *item)
{
	return set_cycle(v, &((struct config *)item)->cycle_s);
}

static bool daemon_identity(struct key_value *v, void *item)
{
	return value_bool(v->text, &((struct config *)item)->identity);
}

static bool daemon_user(struct key_value *v, void *item)
{
	struct config *c = item;

	if (!*v->text)
		return true;
	if (!getpwnam(v->text))
		return false;
	free(c->user);
	c->user = strdup(v->text);
	return c->user;
}

static bool daemon_sandbox(struct key_value *v, void *item)
{
	enum sandbox_policy *sandbox = &((struct config *)item)->sandbox;
	bool yes;

	if (!strcmp(v->text, "auto")) {
		*sandbox = SANDBOX_AUTO;
		return true;
	}
	if (!value_bool(v->text, &yes))
		return false;
	*sandbox = yes ? SANDBOX_YES : SANDBOX_NO;
	return true;
}

static bool daemon_log(struct key_value *v, void *item)
{
	static const struct {
		const char *name;
		enum log_level level;
	} levels[] = {
		{ "error", LEVEL_ERROR },
		{ "warning", LEVEL_WARNING },
		{ "info", LEVEL_INFO },
		{ "debug", LEVEL_DEBUG },
		{ "communication", LEVEL_COMMUNICATION },
	};

	for (unsigned int i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcmp(v->text, levels[i].name))
			continue;
		((struct config *)item)->log = levels[i].level;
		return true;
	}
	return false;
}

static bool daemon_keep_quarters(struct key_value *v, void *item)
{
	size_t len = strlen(v->text);
	char digits[16];
	u64 days;

	if (len && v->text[len - 1] == 'd')
		len--;
	if (!len || len >= sizeof(digits))
		return false;
	memcpy(digits, v->text, len);
	digits[len] = '\0';
	if (!value_number(digits, 1, DAYS_MAX, &days))
		return false;
	((struct config *)item)->keep_quarters_days = (unsigned int)days;
	return true;
}

static bool daemon_inline_secrets(struct key_value *v, void *item)
{
	return value_bool(v->text, &((struct config *)item)->inline_secrets);
}

static const struct config_key daemon_keys[] = {
	{ "state", 0, false, daemon_state, "a directory" },
	{ "runtime", 0, false, daemon_runtime, "a directory" },
	{ "timezone", 0, false, daemon_timezone, EXPECTED_ZONE },
	{ "cycle", 0, false, daemon_cycle, EXPECTED_CYCLE },
	{ "identity", 0, false, daemon_identity, EXPECTED_BOOL },
	{ "user", 0, false, daemon_user, "a user of this machine" },
	{ "sandbox", 0, false, daemon_sandbox, "auto, yes or no" },
	{ "log", 0, false, daemon_log, "error, warning, info, debug or communication" },
	{ "keep_quarters", 0, false, daemon_keep_quarters, "days from 1 to 36500, such as 400d" },
	{ "allow_inline_secrets", 0, false, daemon_inline_secrets, EXPECTED_BOOL },
	{ 0 },
};

/* [http] */

static bool http_listen(struct key_value *v, void *item)
{
	struct config *c = item;

	return value_listen(v->text, &c->listen_host, &c->listen_port);
}

static bool http_names(struct key_value *v, void *item)
{
	struct config *c = item;
	const char *list = v->text;
	char word[256];

	while (value_list_next(&list, word, sizeof(word))) {
		if (!grow((void **)&c->host_names, c->host_name_count, sizeof(*c->host_names)) ||
		    !value_host(word, &c->host_names[c->host_name_count]))
			return false;
		c->host_name_count++;
	}
	return !*list && c->host_name_count;
}

static const struct config_key http_keys[] = {
	{ "listen", 0, false, http_listen,
	  "ADDRESS:PORT such as 127.0.0.1:8087 or [::1]:8087, or off" },
	{ "names", 0, false, http_names, "names of this machine, parted by commas" },
	{ 0 },
};

/* [source NAME] */

#define KERNEL	(1u << SOURCE_KERNEL)
#define SERIAL	(1u << SOURCE_SERIAL)
#define TCP	(1u << SOURCE_TCP)
#define REPLAY	(1u << SOURCE_REPLAY)
#define GPIO	(1u << SOURCE_GPIO)
#define D2L	(1u << SOURCE_D2L)
#define MBUS	(1u << SOURCE_MBUS)

static const char *const source_types[] = {
	[SOURCE_KERNEL] = "kernel",
	[SOURCE_SERIAL] = "serial",
	[SOURCE_TCP] = "tcp",
	[SOURCE_REPLAY] = "replay",
	[SOURCE_GPIO] = "gpio",
	[SOURCE_D2L] = "d2l",
	[SOURCE_MBUS] = "mbus",
};

/** source_type_name - the word of the configuration for a type */
const char *source_type_name(enum source_type type)
{
	return source_types[type];
}

/* Of a source and of a sink: it was looked at before all other keys. */
static bool type_known(struct key_value *v, void *item)
{
	(void)v;
	return item;
}

static bool source_enabled(struct key_value *v, void *item)
{
	return value_bool(v->text, &((struct source_config *)item)->enabled);
}

static bool source_cycle(struct key_value *v, void *item)
{
	return set_cycle(v, &((struct source_config *)item)->cycle_s);
}

static bool source_trace(struct key_value *v, void *item)
{
	struct source_config *s = item;
	bool on;

	if (value_bool(v->text, &on))
		return !on;
	if (strcmp(v->text, "log"))
		return set_path(v, &s->trace);
	free(s->trace);
	s->trace = strdup("log");
	return s->trace;
}

static bool source_host(struct key_value *v, void *item)
{
	return value_host(v->text, &((struct source_config *)item)->host);
}

static bool source_port(struct key_value *v, void *item)
{
	return set_port(v, &((struct source_config *)item)->port);
}

static bool source_device(struct key_value *v, void *item)
{
	return *v->text == '/' && set_path(v, &((struct source_config *)item)->device);
}

/* Of DLMS push; some of its meters send P1 in text as well, so that both are tried. */
static bool mbus_protocol(struct key_value *v, struct source_config *s)
{
	static const struct {
		const char *name;
		unsigned int framings;
	} known[] = {
		{ "auto", DLMS_AUTO },
		{ "hdlc", DLMS_HDLC },
		{ "mbus", DLMS_MBUS },
		{ "raw", DLMS_RAW },
	};

	snprintf(v->problem, sizeof(v->problem), "expected auto, hdlc, mbus or raw");
	for (unsigned int i = 0; i < COUNT(known); i++) {
		if (strcmp(v->text, known[i].name))
			continue;
		s->framings = known[i].framings;
		s->protocols = known[i].framings == DLMS_AUTO ? LINE_P1 : 0;
		return true;
	}
	return false;
}

static bool source_protocol(struct key_value *v, void *item)
{
	struct source_config *s = item;

	if (s->type == SOURCE_MBUS)
		return mbus_protocol(v, s);
	if (!strcmp(v->text, "auto"))
		return true;
	s->framings = 0;
	if (!strcmp(v->text, "tic"))
		s->protocols = LINE_TIC;
	else if (!strcmp(v->text, "p1"))
		s->protocols = LINE_P1;
	else
		return false;
	return true;
}

/* In bit/s, of a line that is read by its edges. */
static bool gpio_speed(struct key_value *v, struct source_config *s)
{
	u64 speed;

	snprintf(v->problem, sizeof(v->problem), "expected auto, 1200 or 9600");
	if (!strcmp(v->text, "auto"))
		return true;
	if (!value_number(v->text, 1200, 9600, &speed))
		return false;
	s->speed_bit_per_s = (unsigned int)speed;
	if (gpio_uart_reads(s->speed_bit_per_s))
		return true;
	if (speed == 9600)
		snprintf(v->problem, sizeof(v->problem),
			 "libgpiod 1.6, which this meterd is built with, keeps %u edges, too few "
			 "for this speed; expected 1200, or the kernel module, or libgpiod 2",
			 gpio_edges_kept());
	return false;
}

/* In bit/s, of a line of M-Bus, or of a P1 port where DLMS comes. */
static bool mbus_speed(struct key_value *v, struct source_config *s)
{
	static const unsigned int known[] = { 300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600,
					      115200 };
	u64 speed;

	snprintf(v->problem, sizeof(v->problem), "expected auto, or bit/s such as 2400 or 115200");
	if (!strcmp(v->text, "auto"))
		return true;
	if (!value_number(v->text, known[0], known[COUNT(known) - 1], &speed))
		return false;
	for (unsigned int i = 0; i < COUNT(known); i++)
		if (speed == known[i])
			s->speed_bit_per_s = known[i];
	return s->speed_bit_per_s;
}

/* Of a serial line the speed in bit/s, of a replay its pace. */
static bool source_speed(struct key_value *v, void *item)
{
	struct source_config *s = item;
	u64 speed;

	if (s->type == SOURCE_REPLAY) {
		s->real_pace = !strcmp(v->text, "real");
		snprintf(v->problem, sizeof(v->problem), "expected max or real");
		return s->real_pace || !strcmp(v->text, "max");
	}
	if (s->type == SOURCE_GPIO)
		return gpio_speed(v, s);
	if (s->type == SOURCE_MBUS)
		return mbus_speed(v, s);
	snprintf(v->problem, sizeof(v->problem), "expected auto, 1200, 9600 or 115200");
	if (!strcmp(v->text, "auto"))
		return true;
	if (!value_number(v->text, 1200, 115200, &speed))
		return false;
	s->speed_bit_per_s = (unsigned int)speed;
	return speed == 1200 || speed == 9600 || speed == 115200;
}

static bool source_parity(struct key_value *v, void *item)
{
	static const char *const names[] = {
		[PARITY_AUTO] = "auto",
		[PARITY_NONE] = "none",
		[PARITY_EVEN] = "even",
	};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(v->text, names[i]))
			continue;
		((struct source_config *)item)->parity = i;
		return true;
	}
	return false;
}

static bool source_path(struct key_value *v, void *item)
{
	return set_path(v, &((struct source_config *)item)->path);
}

static bool source_start(struct key_value *v, void *item)
{
	struct source_config *s = item;

	s->has_start = iso_time_parse(v->text, &s->start_s);
	return s->has_start;
}

static bool source_interval(struct key_value *v, void *item)
{
	u64 seconds;

	if (!value_number(v->text, 1, INTERVAL_MAX_S, &seconds))
		return false;
	((struct source_config *)item)->interval_s = (u32)seconds;
	return true;
}

static bool set_gpio(struct key_value *v, unsigned int allowed, struct gpio_spec *spec)
{
	return gpio_spec_parse(v->text, allowed, spec, v->problem, sizeof(v->problem));
}

static bool source_request(struct key_value *v, void *item)
{
	return set_gpio(v, GPIO_ACTIVE_LOW, &((struct source_config *)item)->request);
}

static bool source_led(struct key_value *v, void *item)
{
	return set_gpio(v, GPIO_ACTIVE_LOW | GPIO_OPEN_DRAIN, &((struct source_config *)item)->led);
}

static bool source_line(struct key_value *v, void *item)
{
	return set_gpio(v, GPIO_PULL_UP | GPIO_PULL_DOWN, &((struct source_config *)item)->line);
}

static bool source_inverted(struct key_value *v, void *item)
{
	return value_bool(v->text, &((struct source_config *)item)->inverted);
}

static bool source_auto(struct key_value *v, void *item)
{
	return value_bool(v->text, &((struct source_config *)item)->makes_meters);
}

static bool source_key_file(struct key_value *v, void *item)
{
	return set_path(v, &((struct source_config *)item)->key_file);
}

/* Hex digits of a key, which is never told. NULL: there is no room for keys. */
static bool set_secret(struct key_value *v, struct meter_keys *keys, uint8_t *bytes, size_t len)
{
	v->hidden = true;
	return keys && hex_read(v->text, bytes, len);
}

static struct meter_keys *keys_of(void *item)
{
	struct source_config *s = item;

	if (!s->keys)
		s->keys = meter_keys_new();
	return s->keys;
}

static bool source_key(struct key_value *v, void *item)
{
	struct meter_keys *keys = keys_of(item);

	return set_secret(v, keys, keys->key, sizeof(keys->key));
}

static bool source_auth_key(struct key_value *v, void *item)
{
	struct meter_keys *keys = keys_of(item);

	return set_secret(v, keys, keys->auth_key, sizeof(keys->auth_key)) &&
	       (keys->has_auth_key = true);
}

static bool source_system_title(struct key_value *v, void *item)
{
	struct meter_keys *keys = keys_of(item);

	return set_secret(v, keys, keys->system_title, sizeof(keys->system_title)) &&
	       (keys->has_system_title = true);
}

static bool source_replayed(struct key_value *v, void *item)
{
	struct source_config *s = item;

	s->refuses_replayed = !strcmp(v->text, "refuse");
	return s->refuses_replayed || !strcmp(v->text, "count");
}

static bool source_listen(struct key_value *v, void *item)
{
	struct source_config *s = item;
	bool off;

	return !value_bool(v->text, &off) && value_listen(v->text, &s->listen_host, &s->port);
}

static bool source_max_connections(struct key_value *v, void *item)
{
	u64 count;

	if (!value_number(v->text, 1, CONNECTIONS_MAX, &count))
		return false;
	((struct source_config *)item)->max_connections = (unsigned int)count;
	return true;
}

/* "KEY IV" or "KEY, IV"; what is wrong is said without any of it. */
static bool read_module_key(struct key_value *v, struct d2l_key *key)
{
	const char *hex = v->text;
	char digits[2 * CRYPT_KEY_LEN + 1] = "";
	size_t len = strspn(hex, HEX_DIGITS);
	bool good;

	if (!d2l_id_read(v->rest, &key->id)) {
		snprintf(v->problem, sizeof(v->problem),
			 "expected module.ID with up to %d digits", D2L_ID_DIGITS);
		return false;
	}
	if (len != 2 * CRYPT_KEY_LEN)
		return false;
	memcpy(digits, hex, len);
	hex += len;
	hex += strspn(hex, " ,\t");
	good = hex_read(digits, key->key, sizeof(key->key)) &&
	       hex_read(hex, key->iv, sizeof(key->iv));
	explicit_bzero(digits, sizeof(digits));
	return good;
}

static bool source_module(struct key_value *v, void *item)
{
	struct source_config *s = item;
	struct d2l_key key;
	bool good;

	v->hidden = true;
	if (!s->modules)
		s->modules = d2l_keys_new();
	good = s->modules && read_module_key(v, &key) && d2l_keys_put(s->modules, &key);
	explicit_bzero(&key, sizeof(key));
	return good;
}

static bool source_profile(struct key_value *v, void *item)
{
	return dlms_profile_by_name(v->text, &((struct source_config *)item)->profile);
}

static bool source_meter(struct key_value *v, void *item)
{
	struct source_config *s = item;

	if (!*v->text || strlen(v->text) > METERLINE_NUMBER_MAX || !text_is_plain(v->text))
		return false;
	strcpy(s->meter, v->text);
	return true;
}

/* The sources that decode bytes themselves. */
#define BYTES	(SERIAL | TCP | REPLAY | MBUS)

static const struct config_key source_keys[] = {
	{ "type", 0, true, type_known, "kernel, serial, tcp, mbus, replay, gpio or d2l" },
	{ "enabled", 0, false, source_enabled, EXPECTED_BOOL },
	{ "cycle", 0, false, source_cycle, EXPECTED_CYCLE },
	{ "trace", 0, false, source_trace, "no, log or a file" },
	{ "auto", 0, false, source_auto, EXPECTED_BOOL },
	{ "host", TCP | MBUS, false, source_host,
	  "a name or an address; the port is a key of its own, port = 8088" },
	{ "port", TCP | MBUS, false, source_port, EXPECTED_PORT },
	{ "device", SERIAL | MBUS, false, source_device,
	  "a path such as /dev/serial/by-id/usb-..., from its / on" },
	{ "protocol", BYTES | GPIO, false, source_protocol, "auto, tic or p1" },
	{ "speed", SERIAL | REPLAY | GPIO | MBUS, false, source_speed, "" },
	{ "parity", SERIAL | MBUS, false, source_parity, "auto, none or even" },
	{ "profile", MBUS, false, source_profile,
	  "auto, e450, e360, e570, am550, omnipower, kaifa, push or none" },
	{ "meter", MBUS, false, source_meter, "the meter's number, as it is printed on it" },
	{ "request", SERIAL | MBUS, false, source_request, "" },
	{ "led", SERIAL | MBUS, false, source_led, "" },
	{ "line", GPIO, true, source_line, EXPECTED_LINE },
	{ "inverted", GPIO, false, source_inverted, EXPECTED_BOOL },
	{ "path", REPLAY, true, source_path, "a file or a directory" },
	{ "start", REPLAY, false, source_start, "a time in UTC such as 2024-10-10T23:05:31Z" },
	{ "interval", REPLAY, false, source_interval, "seconds from 1 to 86400" },
	{ "listen", D2L, false, source_listen,
	  "ADDRESS:PORT such as 0.0.0.0:7845, [::]:7845 or 192.0.2.1:7845" },
	{ "max_connections", D2L, false, source_max_connections, "a number from 1 to 65536" },
	{ "module.", D2L, false, source_module, "the module's key and IV, 32 hex digits each" },
	{ "key_file", BYTES | D2L, false, source_key_file, EXPECTED_PATH },
	{ "key", BYTES, false, source_key, "32 hex digits" },
	{ "auth_key", BYTES, false, source_auth_key, "32 hex digits" },
	{ "system_title", BYTES, false, source_system_title, "16 hex digits" },
	{ "replayed", BYTES, false, source_replayed, "count or refuse" },
	{ 0 },
};

/* [meter NUMBER] */

static bool meter_name(struct key_value *v, void *item)
{
	return set_name(v, ((struct meter_config *)item)->name);
}

static bool meter_timezone(struct key_value *v, void *item)
{
	return set_zone(v, &((struct meter_config *)item)->zone);
}

static bool meter_base_offset(struct key_value *v, void *item)
{
	s64 minutes;

	if (!value_signed(v->text, -OFFSET_MAX_MIN, OFFSET_MAX_MIN, &minutes))
		return false;
	((struct meter_config *)item)->base_offset_min = (int)minutes;
	return true;
}

static bool meter_time(struct key_value *v, void *item)
{
	static const char *const names[] = {
		[TIME_AUTO] = "auto",
		[TIME_METER] = "meter",
		[TIME_HOST] = "host",
	};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(v->text, names[i]))
			continue;
		((struct meter_config *)item)->time = i;
		return true;
	}
	return false;
}

static bool meter_phases(struct key_value *v, void *item)
{
	static const struct {
		const char *name;
		u8 phases;
	} known[] = { { "auto", 0 }, { "1", 0x1 }, { "3", 0x7 } };

	for (unsigned int i = 0; i < COUNT(known); i++) {
		if (strcmp(v->text, known[i].name))
			continue;
		((struct meter_config *)item)->phases = known[i].phases;
		return true;
	}
	return false;
}

static bool meter_continuous(struct key_value *v, void *item)
{
	return value_bool(v->text, &((struct meter_config *)item)->continuous);
}

static bool meter_tariff_labels(struct key_value *v, void *item)
{
	struct meter_config *m = item;
	const char *list = v->text;
	char label[32 + 1];
	unsigned int count = 0;

	while (count < TARIFF_COUNT && value_list_next(&list, label, sizeof(label))) {
		if (!text_is_plain(label))
			return false;
		m->tariff_labels[count] = strdup(label);
		if (!m->tariff_labels[count++])
			return false;
	}
	return count && !*list;
}

static bool meter_tariff_ranges(struct key_value *v, void *item)
{
	return tariff_ranges_parse(v->text, &((struct meter_config *)item)->ranges, v->problem,
				   sizeof(v->problem));
}

/* A-B:C.D.E, numbers of up to three digits. */
static bool is_obis(const char *code)
{
	static const char parts[] = "-:..";

	for (unsigned int i = 0; i <= 4; i++) {
		size_t digits = strspn(code, "0123456789");

		if (!digits || digits > 3 || code[digits] != parts[i])
			return false;
		code += digits + 1;
	}
	return true;
}

static bool meter_scale(struct key_value *v, void *item)
{
	struct meter_config *m = item;
	struct meter_scale *s;

	if (!is_obis(v->rest) || strlen(v->rest) >= sizeof(s->code)) {
		snprintf(v->problem, sizeof(v->problem),
			 "expected a code behind scale. such as scale.1-0:1.8.0");
		return false;
	}
	if (!grow((void **)&m->scales, m->scale_count, sizeof(*m->scales)))
		return false;
	s = &m->scales[m->scale_count];
	if (!value_decimal(v->text, 3, 1, SCALE_MAX, &s->milli))
		return false;
	memcpy(s->code, v->rest, strlen(v->rest) + 1);
	m->scale_count++;
	return true;
}

static const struct config_key meter_keys[] = {
	{ "name", 0, false, meter_name, "1 to 32 of A-Z a-z 0-9 _ -, and not bridge" },
	{ "timezone", 0, false, meter_timezone, EXPECTED_ZONE },
	{ "base_offset", 0, false, meter_base_offset, "minutes from -840 to 840" },
	{ "time", 0, false, meter_time, "auto, meter or host" },
	{ "phases", 0, false, meter_phases, "auto, 1 or 3" },
	{ "continuous", 0, false, meter_continuous, EXPECTED_BOOL },
	{ "tariff_labels", 0, false, meter_tariff_labels,
	  "1 to 16 labels of 1 to 32 bytes, parted by commas" },
	{ "tariff_ranges", 0, false, meter_tariff_ranges,
	  "ranges such as 22:00-06:00 1, 06:00-22:00 2" },
	{ "scale.", 0, false, meter_scale,
	  "a factor from 0.001 to 1000000, at most three decimals" },
	{ 0 },
};

/* [sink NAME] */

#define FILES	(1u << SINK_JSONL | 1u << SINK_CSV)
#define SERVE	(1u << SINK_SERVE)
#define INFLUX	(1u << SINK_INFLUX)

static const char *const sink_types[] = {
	[SINK_JSONL] = "jsonl",
	[SINK_CSV] = "csv",
	[SINK_SERVE] = "serve",
	[SINK_INFLUX] = "influx",
};

static bool sink_path(struct key_value *v, void *item)
{
	struct sink_config *s = item;

	if (strcmp(v->text, "-"))
		return set_path(v, &s->path);
	free(s->path);
	s->path = strdup("-");
	return s->path;
}

static bool sink_cycle(struct key_value *v, void *item)
{
	return set_cycle(v, &((struct sink_config *)item)->cycle_s);
}

static bool sink_fields(struct key_value *v, void *item)
{
	return value_bool(v->text, &((struct sink_config *)item)->fields);
}

static bool sink_listen(struct key_value *v, void *item)
{
	struct sink_config *s = item;
	bool off;

	return !value_bool(v->text, &off) &&
	       value_listen(v->text, &s->listen_host, &s->listen_port);
}

static bool sink_meter(struct key_value *v, void *item)
{
	return set_name(v, ((struct sink_config *)item)->meter);
}

static bool sink_format(struct key_value *v, void *item)
{
	struct sink_config *s = item;

	s->raw = !strcmp(v->text, "raw");
	return s->raw || !strcmp(v->text, "p1");
}

static bool sink_apparent_as_power(struct key_value *v, void *item)
{
	return value_bool(v->text, &((struct sink_config *)item)->apparent_as_power);
}

static bool sink_url(struct key_value *v, void *item)
{
	v->hidden = strchr(v->text, '@');
	return sink_target_parse(v->text, &((struct sink_config *)item)->target, v->problem,
				 sizeof(v->problem));
}

static bool sink_token_file(struct key_value *v, void *item)
{
	return set_path(v, &((struct sink_config *)item)->token_file);
}

/* InfluxDB keeps names that begin with '_' for itself (line protocol, "Naming restrictions"). */
static bool sink_measurement(struct key_value *v, void *item)
{
	struct sink_config *s = item;

	if (!name_is_good(v->text) || *v->text == '_')
		return false;
	snprintf(s->measurement, sizeof(s->measurement), "%s", v->text);
	return true;
}

static const struct config_key sink_keys[] = {
	{ "type", 0, true, type_known, "jsonl, csv, serve or influx" },
	{ "path", FILES, true, sink_path, EXPECTED_PATH ", or - for stdout" },
	{ "cycle", 0, false, sink_cycle, EXPECTED_CYCLE },
	{ "fields", FILES, false, sink_fields, EXPECTED_BOOL },
	{ "listen", SERVE, false, sink_listen,
	  "ADDRESS:PORT such as 127.0.0.1:8088, 0.0.0.0:8088 or [::]:8088" },
	{ "meter", SERVE, false, sink_meter, "the name of a meter" },
	{ "format", SERVE, false, sink_format, "p1 or raw" },
	{ "apparent_as_power", SERVE, false, sink_apparent_as_power, EXPECTED_BOOL },
	{ "url", INFLUX, true, sink_url,
	  "udp://HOST:PORT or http://HOST:PORT/PATH, such as http://127.0.0.1:8086/write?db=meter" },
	{ "token_file", INFLUX, false, sink_token_file, EXPECTED_PATH },
	{ "measurement", INFLUX, false, sink_measurement,
	  "1 to 32 of A-Z a-z 0-9 _ -, without _ at the beginning" },
	{ 0 },
};

/* [mqtt] */

static struct mqtt_config *mqtt_of(void *item)
{
	return ((struct config *)item)->mqtt;
}

static bool set_text(struct key_value *v, char **text)
{
	free(*text);
	*text = *v->text && text_is_plain(v->text) ? strdup(v->text) : NULL;
	return *text;
}

static bool mqtt_host(struct key_value *v, void *item)
{
	return value_host(v->text, &mqtt_of(item)->host);
}

static bool mqtt_port(struct key_value *v, void *item)
{
	return set_port(v, &mqtt_of(item)->port);
}

static bool mqtt_version(struct key_value *v, void *item)
{
	mqtt_of(item)->version = strcmp(v->text, "5") ? 3 : 5;
	return !strcmp(v->text, "5") || !strcmp(v->text, "3.1.1");
}

static bool mqtt_tls(struct key_value *v, void *item)
{
	return value_bool(v->text, &mqtt_of(item)->tls);
}

static bool mqtt_ca_file(struct key_value *v, void *item)
{
	return set_path(v, &mqtt_of(item)->ca_file);
}

static bool mqtt_cert_file(struct key_value *v, void *item)
{
	return set_path(v, &mqtt_of(item)->cert_file);
}

static bool mqtt_key_file(struct key_value *v, void *item)
{
	return set_path(v, &mqtt_of(item)->key_file);
}

static bool mqtt_insecure(struct key_value *v, void *item)
{
	return value_bool(v->text, &mqtt_of(item)->insecure);
}

/* "user =" is a user that is not given, as the example has it. */
static bool mqtt_user(struct key_value *v, void *item)
{
	return !*v->text || set_text(v, &mqtt_of(item)->user);
}

static bool mqtt_password_file(struct key_value *v, void *item)
{
	return !*v->text || set_path(v, &mqtt_of(item)->password_file);
}

static bool mqtt_client_id(struct key_value *v, void *item)
{
	return set_text(v, &mqtt_of(item)->client_id);
}

/* Levels that are not empty and have no wildcards: MQTT 5.0, 4.7. */
static bool set_topic(struct key_value *v, char **topic)
{
	size_t len = strlen(v->text);

	return len <= MQTT_TOPIC_MAX && *v->text != '/' && *v->text != '$' &&
	       !strpbrk(v->text, "+#") && !strstr(v->text, "//") && len &&
	       v->text[len - 1] != '/' && set_text(v, topic);
}

static bool mqtt_topic(struct key_value *v, void *item)
{
	return set_topic(v, &mqtt_of(item)->topic);
}

static bool mqtt_discovery_prefix(struct key_value *v, void *item)
{
	return set_topic(v, &mqtt_of(item)->discovery_prefix);
}

static bool mqtt_component_prefix(struct key_value *v, void *item)
{
	return set_topic(v, &mqtt_of(item)->component_prefix);
}

/** struct flag_word - a word of a list and what it stands for */
struct flag_word {
	const char *word;
	unsigned int flag;
};

/* A list of words, of which each stands once. */
static bool set_flags(struct key_value *v, const struct flag_word *words, unsigned int *flags)
{
	const char *list = v->text;
	char word[32];

	*flags = 0;
	while (value_list_next(&list, word, sizeof(word))) {
		const struct flag_word *w = words;

		while (w->word && strcmp(w->word, word))
			w++;
		if (!w->word || *flags & w->flag)
			return false;
		*flags |= w->flag;
	}
	return !*list && *flags;
}

static bool mqtt_layout(struct key_value *v, void *item)
{
	static const struct flag_word words[] = {
		{ "native", LAYOUT_NATIVE },
		{ "dsmr-reader", LAYOUT_DSMR_READER },
		{ "teleinfo2mqtt", LAYOUT_TELEINFO2MQTT },
		{ "smartmeter-datacollector", LAYOUT_DATACOLLECTOR },
		{ 0 },
	};

	return set_flags(v, words, &mqtt_of(item)->layouts);
}

static bool mqtt_discovery(struct key_value *v, void *item)
{
	static const struct flag_word words[] = {
		{ "device", DISCOVERY_DEVICE },
		{ "component", DISCOVERY_COMPONENT },
		{ 0 },
	};

	if (strcmp(v->text, "none"))
		return set_flags(v, words, &mqtt_of(item)->discovery);
	mqtt_of(item)->discovery = 0;
	return true;
}

static bool mqtt_fields(struct key_value *v, void *item)
{
	struct mqtt_config *m = mqtt_of(item);
	bool always = false;

	if (strcmp(v->text, "auto") && !value_bool(v->text, &always))
		return false;
	m->fields = !strcmp(v->text, "auto") ? FIELDS_OF_TIC : always ? FIELDS_ALWAYS : FIELDS_NEVER;
	return true;
}

static bool mqtt_dsmr_reader_meter(struct key_value *v, void *item)
{
	return set_name(v, mqtt_of(item)->dsmr_reader_meter);
}

static bool mqtt_cycle(struct key_value *v, void *item)
{
	return set_cycle(v, &mqtt_of(item)->cycle_s);
}

#define EXPECTED_TOPIC	"levels parted by /, such as meter or home/meter, without + and #"

static const struct config_key mqtt_keys[] = {
	{ "host", 0, false, mqtt_host, "a name or an address; the port is a key of its own" },
	{ "port", 0, false, mqtt_port, EXPECTED_PORT },
	{ "version", 0, false, mqtt_version, "3.1.1 or 5" },
	{ "tls", 0, false, mqtt_tls, EXPECTED_BOOL },
	{ "ca_file", 0, false, mqtt_ca_file, EXPECTED_PATH },
	{ "cert_file", 0, false, mqtt_cert_file, EXPECTED_PATH },
	{ "key_file", 0, false, mqtt_key_file, EXPECTED_PATH },
	{ "insecure", 0, false, mqtt_insecure, EXPECTED_BOOL },
	{ "user", 0, false, mqtt_user, "a name" },
	{ "password_file", 0, false, mqtt_password_file, EXPECTED_PATH },
	{ "client_id", 0, false, mqtt_client_id, "1 to 255 bytes of text" },
	{ "topic", 0, false, mqtt_topic, EXPECTED_TOPIC },
	{ "layout", 0, false, mqtt_layout,
	  "a list of native, dsmr-reader, teleinfo2mqtt, smartmeter-datacollector" },
	{ "fields", 0, false, mqtt_fields, "auto (of TIC meters), yes or no" },
	{ "discovery", 0, false, mqtt_discovery, "a list of device, component; or none" },
	{ "discovery_prefix", 0, false, mqtt_discovery_prefix, EXPECTED_TOPIC },
	{ "component_prefix", 0, false, mqtt_component_prefix, EXPECTED_TOPIC },
	{ "dsmr_reader_meter", 0, false, mqtt_dsmr_reader_meter, "the name of a meter" },
	{ "cycle", 0, false, mqtt_cycle, EXPECTED_CYCLE },
	{ 0 },
};

/* [price NAME] */

static bool price_meter(struct key_value *v, void *item)
{
	struct price_config *p = item;
	const char *list = v->text;
	char name[METER_NAME_LEN + 1];
	size_t len = 0;

	/* No longer than the list: each comma is a NUL, and one more at the end. */
	free(p->meters);
	p->meters = calloc(1, strlen(v->text) + 2);
	while (p->meters && value_list_next(&list, name, sizeof(name))) {
		if (!name_is_good(name))
			return false;
		strcpy(p->meters + len, name);
		len += strlen(name) + 1;
	}
	return len && !*list;
}

/* YYYY-MM-DD as days since 1970. */
static bool price_from(struct key_value *v, void *item)
{
	char iso[ISO_TIME_LEN + 1];
	s64 unix_s;

	if (strlen(v->text) != strlen("YYYY-MM-DD"))
		return false;
	snprintf(iso, sizeof(iso), "%sT00:00:00Z", v->text);
	if (!iso_time_parse(iso, &unix_s))
		return false;
	((struct price_config *)item)->terms.from_day = unix_s / 86400 - (unix_s % 86400 < 0);
	return true;
}

static bool price_currency(struct key_value *v, void *item)
{
	struct price_config *p = item;

	if (!currency_is_good(v->text))
		return false;
	strcpy(p->terms.currency, v->text);
	return true;
}

static bool set_price(struct key_value *v, void *item, enum price price, s64 min_e5)
{
	struct price_terms *t = &((struct price_config *)item)->terms;

	t->has |= 1ull << price;
	return value_decimal(v->text, 5, min_e5, PRICE_MAX_E5, &t->e5[price]);
}

/* The tariff stands behind the key's name. */
static bool set_tariff_price(struct key_value *v, void *item, enum price first)
{
	u64 tariff;

	if (*v->rest == '0' || !value_number(v->rest, 1, TARIFF_COUNT, &tariff)) {
		snprintf(v->problem, sizeof(v->problem),
			 "expected a tariff from 1 to %d behind _t", TARIFF_COUNT);
		return false;
	}
	return set_price(v, item, first + tariff - 1, -PRICE_MAX_E5);
}

static bool price_import(struct key_value *v, void *item)
{
	return set_price(v, item, PRICE_IMPORT, -PRICE_MAX_E5);
}

static bool price_import_t(struct key_value *v, void *item)
{
	return set_tariff_price(v, item, PRICE_IMPORT_T1);
}

static bool price_export(struct key_value *v, void *item)
{
	return set_price(v, item, PRICE_EXPORT, -PRICE_MAX_E5);
}

static bool price_export_t(struct key_value *v, void *item)
{
	return set_tariff_price(v, item, PRICE_EXPORT_T1);
}

static bool price_gas(struct key_value *v, void *item)
{
	return set_price(v, item, PRICE_GAS, 0);
}

static bool price_water(struct key_value *v, void *item)
{
	return set_price(v, item, PRICE_WATER, 0);
}

static bool price_heat(struct key_value *v, void *item)
{
	return set_price(v, item, PRICE_HEAT, 0);
}

static bool price_heat_kwh(struct key_value *v, void *item)
{
	return set_price(v, item, PRICE_HEAT_KWH, 0);
}

static bool price_fixed_day(struct key_value *v, void *item)
{
	return set_price(v, item, PRICE_FIXED_DAY, 0);
}

static bool price_fixed_month(struct key_value *v, void *item)
{
	return set_price(v, item, PRICE_FIXED_MONTH, 0);
}

static bool price_quarters(struct key_value *v, void *item)
{
	return set_path(v, &((struct price_config *)item)->quarters[DIRECTION_IMPORT]);
}

static bool price_export_quarters(struct key_value *v, void *item)
{
	return set_path(v, &((struct price_config *)item)->quarters[DIRECTION_EXPORT]);
}

static bool set_factor(struct key_value *v, void *item, enum direction d)
{
	return value_decimal(v->text, FACTOR_DECIMALS, 1, FACTOR_MAX,
			     &((struct price_config *)item)->terms.factor[d]);
}

static bool price_quarters_factor(struct key_value *v, void *item)
{
	return set_factor(v, item, DIRECTION_IMPORT);
}

static bool price_export_quarters_factor(struct key_value *v, void *item)
{
	return set_factor(v, item, DIRECTION_EXPORT);
}

#define EXPECTED_PRICE	  "a price from 0 to 20000, at most five decimals"
#define EXPECTED_ANY_PRICE "a price from -20000 to 20000, at most five decimals"
#define EXPECTED_FACTOR	  "a factor above 0 and up to 1000, at most seven decimals"

static const struct config_key price_keys[] = {
	{ "meter", 0, false, price_meter, "names of meters, parted by commas" },
	{ "from", 0, false, price_from, "a date such as 2025-01-01" },
	{ "currency", 0, true, price_currency, "three capital letters such as EUR" },
	{ "import", 0, false, price_import, EXPECTED_ANY_PRICE },
	{ "import_t", 0, false, price_import_t, EXPECTED_ANY_PRICE },
	{ "export", 0, false, price_export, EXPECTED_ANY_PRICE },
	{ "export_t", 0, false, price_export_t, EXPECTED_ANY_PRICE },
	{ "quarters", 0, false, price_quarters, EXPECTED_PATH },
	{ "quarters_factor", 0, false, price_quarters_factor, EXPECTED_FACTOR },
	{ "export_quarters", 0, false, price_export_quarters, EXPECTED_PATH },
	{ "export_quarters_factor", 0, false, price_export_quarters_factor, EXPECTED_FACTOR },
	{ "gas", 0, false, price_gas, EXPECTED_PRICE },
	{ "water", 0, false, price_water, EXPECTED_PRICE },
	{ "heat", 0, false, price_heat, EXPECTED_PRICE },
	{ "heat_kwh", 0, false, price_heat_kwh, EXPECTED_PRICE },
	{ "fixed_day", 0, false, price_fixed_day, EXPECTED_PRICE },
	{ "fixed_month", 0, false, price_fixed_month, EXPECTED_PRICE },
	{ 0 },
};

const struct config_kind config_kinds[] = {
	{ "daemon", NULL, daemon_keys, NULL, 0 },
	{ "http", NULL, http_keys, NULL, 0 },
	{ "mqtt", NULL, mqtt_keys, NULL, 0 },
	{ "source", "NAME", source_keys, source_types, COUNT(source_types) },
	{ "meter", "NUMBER", meter_keys, NULL, 0 },
	{ "sink", "NAME", sink_keys, sink_types, COUNT(sink_types) },
	{ "price", "NAME", price_keys, NULL, 0 },
	{ 0 },
};

/**
 * config_type_by_name - the type of a section from the word of its key "type"
 * @kind: of the section; has types
 * @name: the word
 * @type: where its number goes
 */
bool config_type_by_name(const struct config_kind *kind, const char *name, unsigned int *type)
{
	for (*type = 0; *type < kind->type_count; ++*type)
		if (!strcmp(name, kind->types[*type]))
			return true;
	return false;
}

/* What people may have read of and this meterd does not know. */
static const struct later_word later_words[] = {
	{ "source", "type", "iio", "meters through iiod" },
	{ 0 },
};

/**
 * config_later - whether this is something that only later versions can do
 * @kind: of the section
 * @key: in it; "" for the section itself
 * @value: of the key
 *
 * Return: its row, or NULL.
 */
const struct later_word *config_later(const char *kind, const char *key, const char *value)
{
	for (const struct later_word *w = later_words; w->kind; w++)
		if (!strcmp(w->kind, kind) && !strcmp(w->key, key) &&
		    (!w->value || !strcmp(w->value, value)))
			return w;
	return NULL;
}
