/* SPDX-License-Identifier: MIT */
/*
 * The configuration: files read through inih, with every mistake told by file and line.
 */
#ifndef METERD_CONFIG_H
#define METERD_CONFIG_H

#include "../decode/d2l_keys.h"
#include "../decode/meter_keys.h"
#include "../lib/gpio.h"
#include "../lib/ledger_entry.h"
#include "config_target.h"
#include "log.h"
#include "prices.h"
#include "tariff_ranges.h"

enum source_type {
	SOURCE_KERNEL,
	SOURCE_SERIAL,
	SOURCE_TCP,
	SOURCE_REPLAY,
	SOURCE_GPIO,
	SOURCE_D2L,
	SOURCE_MBUS,
};

/** enum time_policy - whose clock a reading is booked by */
enum time_policy {
	TIME_AUTO,
	TIME_METER,
	TIME_HOST,
};

enum parity_policy {
	PARITY_AUTO,
	PARITY_NONE,
	PARITY_EVEN,
};

/** enum sandbox_policy - whether a seccomp filter of our own is put up */
enum sandbox_policy {
	SANDBOX_AUTO,		/* where there is none */
	SANDBOX_YES,
	SANDBOX_NO,
};

/**
 * struct source_config - [source NAME]
 * @cycle_s: -1: that of the daemon
 * @trace: NULL: none; "log" or a file
 * @protocols: LINE_*
 * @framings: DLMS_HDLC and so on, of DLMS push; 0: none
 * @profile: enum dlms_profile
 * @meter: number of the meter, where its telegrams have none; "": not given
 * @speed_bit_per_s: 0: found out
 * @real_pace: replay at the pace of the telegrams
 * @start_s: of the first telegram of a file without stamps, when @has_start
 * @interval_s: between them; 0: not given
 * @request: data request line of a P1 port; none: its text is ""
 * @led: lit by telegrams; likewise
 * @line: that is read by its edges
 * @inverted: @line is low between characters
 * @makes_meters: makes meters that neither configuration nor ledger knows
 * @key_file: of enciphered telegrams; NULL: none
 * @keys: given in the configuration itself; NULL: none
 * @refuses_replayed: enciphered telegrams whose counter has not gone up are dropped
 * @listen_host: of D2L modules, beside @port
 * @max_connections: of D2L modules
 * @modules: keys of D2L modules given in the configuration itself; NULL: none
 */
struct source_config {
	char name[METER_NAME_LEN + 1];
	enum source_type type;
	bool enabled;
	int cycle_s;
	char *trace;
	char *host;
	u16 port;
	char *device;
	unsigned int protocols;
	unsigned int framings;
	u8 profile;
	char meter[METERLINE_NUMBER_MAX + 1];
	unsigned int speed_bit_per_s;
	enum parity_policy parity;
	char *path;
	bool real_pace;
	bool has_start;
	s64 start_s;
	u32 interval_s;
	struct gpio_spec request;
	struct gpio_spec led;
	struct gpio_spec line;
	bool inverted;
	bool makes_meters;
	char *key_file;
	struct meter_keys *keys;
	bool refuses_replayed;
	char *listen_host;
	unsigned int max_connections;
	struct d2l_keys *modules;
};

/**
 * struct meter_scale - scale.OBIS = number
 * @milli: factor in thousandths
 */
struct meter_scale {
	char code[20];
	s64 milli;
};

/**
 * struct meter_config - [meter NUMBER]
 * @name: "": by the source
 * @zone: NULL: that of the daemon
 * @base_offset_min: of the meter's winter time from UTC; 60 is that of central Europe
 * @tariff_labels: by tariff - 1; NULL: none
 * @ranges: count 0: none
 * @phases: those that the meter has, bit 0 for phase 1 and so on; 0: those that carried current
 * @continuous: also publish totals that go on over replaced meters
 */
struct meter_config {
	char number[METERLINE_NUMBER_MAX + 1];
	char name[METER_NAME_LEN + 1];
	const struct zone *zone;
	int base_offset_min;
	char *tariff_labels[TARIFF_COUNT];
	struct tariff_ranges ranges;
	enum time_policy time;
	u8 phases;
	bool continuous;
	struct meter_scale *scales;
	unsigned int scale_count;
};

enum sink_type {
	SINK_JSONL,
	SINK_CSV,
	SINK_SERVE,
	SINK_INFLUX,
	SINK_MQTT,		/* not of a [sink NAME]: there is one where [mqtt] stands */
	SINK_TYPES,
};

/**
 * struct sink_config - [sink NAME]
 * @path: "-": stdout
 * @cycle_s: -1: that of the daemon
 * @fields: also what the meter printed
 * @listen_host: NULL: it does not serve
 * @meter: that it serves; "": the only one
 * @raw: the bytes of its line, no telegrams of ours
 * @apparent_as_power: VA may stand in the place of W
 * @target: where lines are sent
 * @token_file: NULL: none
 * @measurement: of electricity
 */
struct sink_config {
	char name[METER_NAME_LEN + 1];
	enum sink_type type;
	char *path;
	int cycle_s;
	bool fields;
	char *listen_host;
	u16 listen_port;
	char meter[METER_NAME_LEN + 1];
	bool raw;
	bool apparent_as_power;
	struct sink_target target;
	char *token_file;
	char measurement[METER_NAME_LEN + 1];
};

/* Layouts of topics, and kinds of discovery. */
#define LAYOUT_NATIVE		0x01u
#define LAYOUT_DSMR_READER	0x02u
#define LAYOUT_TELEINFO2MQTT	0x04u
#define LAYOUT_DATACOLLECTOR	0x08u
#define DISCOVERY_DEVICE	0x01u
#define DISCOVERY_COMPONENT	0x02u

/** enum fields_policy - whether what a meter printed is published */
enum fields_policy {
	FIELDS_OF_TIC,
	FIELDS_NEVER,
	FIELDS_ALWAYS,
};

/**
 * struct mqtt_config - [mqtt]
 * @port: 0: 1883, with @tls 8883
 * @version: 3 or 5
 * @ca_file: NULL: what the system trusts
 * @cert_file: NULL: none; with @key_file
 * @insecure: whoever answers is believed
 * @user: NULL: of the service's credentials, or none
 * @password_file: likewise
 * @client_id: NULL: by host and topic
 * @topic: never empty, without a '/' at its ends
 * @layouts: LAYOUT_*
 * @discovery: DISCOVERY_*
 * @component_prefix: of component discovery
 * @dsmr_reader_meter: "": the only one
 */
struct mqtt_config {
	char *host;
	u16 port;
	u8 version;
	bool tls;
	char *ca_file;
	char *cert_file;
	char *key_file;
	bool insecure;
	char *user;
	char *password_file;
	char *client_id;
	char *topic;
	unsigned int layouts;
	enum fields_policy fields;
	unsigned int discovery;
	char *discovery_prefix;
	char *component_prefix;
	char dsmr_reader_meter[METER_NAME_LEN + 1];
	int cycle_s;
};

/**
 * struct price_config - [price NAME]
 * @meters: names, separated by NUL, "" behind the last; NULL: all
 * @quarters: by enum direction: the file of prices; NULL: none
 */
struct price_config {
	char name[METER_NAME_LEN + 1];
	char *meters;
	struct price_terms terms;
	char *quarters[DIRECTION_COUNT];
};

/**
 * struct config - all of it
 * @state: directory
 * @runtime: directory of the control socket
 * @user: NULL: stay who it is
 * @zone: never NULL
 * @keep_quarters_days: 0: by the number of meters
 * @inline_secrets: keys may stand in the configuration itself
 * @listen_host: NULL: no HTTP
 * @host_names: further names that HTTP's Host header may have
 * @mqtt: NULL: none
 */
struct config {
	char *state;
	char *runtime;
	const struct zone *zone;
	int cycle_s;
	bool identity;
	char *user;
	enum sandbox_policy sandbox;
	enum log_level log;
	unsigned int keep_quarters_days;
	bool inline_secrets;
	char *listen_host;
	u16 listen_port;
	char **host_names;
	unsigned int host_name_count;
	struct source_config *sources;
	unsigned int source_count;
	struct meter_config *meters;
	unsigned int meter_count;
	struct sink_config *sinks;
	unsigned int sink_count;
	struct mqtt_config *mqtt;
	struct price_config *prices;
	unsigned int price_count;
};

/* @path NULL: the defaults. NULL after sentences in the log. */
struct config *config_read(const char *path);
void config_free(struct config *c);
const struct meter_config *config_meter(const struct config *c, const char *number);
bool source_config_same(const struct source_config *a, const struct source_config *b);

#endif /* METERD_CONFIG_H */
