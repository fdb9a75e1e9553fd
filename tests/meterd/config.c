// SPDX-License-Identifier: MIT
/*
 * The configuration: what is taken, and each mistake with the line that tells of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../kernel/telegram/telegram.h"
#include "../../userspace/lib/gpio_uart.h"
#include "../../userspace/meterd/config_keys.h"
#include "../host/host.h"

#define FILE_NAME "meterd.conf"

static char directory[] = "/tmp/meterd-config-XXXXXX";

static void write_file(const char *name, const char *text, size_t len)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		abort();
	close(fd);
}

/* Reads @path; what is said meanwhile is in @said, of @size bytes. */
static struct config *read_config(const char *path, char *said, size_t size)
{
	int memory = memfd_create("said", MFD_CLOEXEC), before = dup(STDERR_FILENO);
	struct config *c;
	ssize_t n;

	dup2(memory, STDERR_FILENO);
	c = config_read(path);
	dup2(before, STDERR_FILENO);
	n = pread(memory, said, size - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	close(before);
	close(memory);
	return c;
}

static struct config *read_text(const char *text, char *said, size_t size)
{
	write_file(FILE_NAME, text, strlen(text));
	return read_config(FILE_NAME, said, size);
}

/* A configuration that must be fine. */
static struct config *good(const char *text)
{
	char said[4096];
	struct config *c = read_text(text, said, sizeof(said));

	if (!c)
		broken("refused: %s", said);
	else if (*said)
		broken("it is fine, but: %s", said);
	return c;
}

/**
 * struct mistake - a configuration that is refused
 * @name: what is promised
 * @said: all that is told, each line without what stands before the place
 */
#define INFLUX "[sink s]\ntype = influx\n"
#define EXPECTED_URL                                                                               \
	"udp://HOST:PORT or http://HOST:PORT/PATH, such as http://127.0.0.1:8086/write?db=meter"

static const struct mistake {
	const char *name;
	const char *text;
	const char *said;
} mistakes[] = {
	/* The grammar. */
	{ "a_line_that_is_no_key_is_told", "[daemon]\ncycle 5\n",
	  "2: 'cycle 5': expected [SECTION] or KEY = VALUE\n" },
	{ "a_line_without_a_key_is_told", "[daemon]\n= 5\n",
	  "2: '= 5': expected [SECTION] or KEY = VALUE\n" },
	{ "a_key_before_the_first_section_is_told_once", "\ncycle = 5\nlog = info\n",
	  "2: cycle stands before the first section, expected [SECTION]\n" },
	{ "a_section_that_is_not_closed_is_told_and_its_keys_are_not",
	  "[daemon\ncycle = x\n[http]\n", "1: '[daemon': expected [SECTION]\n" },
	{ "an_empty_section_name_is_told", "[]\n", "1: '[]': expected [SECTION]\n" },
	{ "a_section_that_there_is_not_is_told", "[deamon]\ncycle = 5\n",
	  "1: [deamon]: there is no such section, expected daemon, http, mqtt, source NAME, "
	  "meter NUMBER, sink NAME or price NAME\n" },
	{ "an_empty_unknown_section_is_told_too", "[nothing]\n",
	  "1: [nothing]: there is no such section, expected daemon, http, mqtt, source NAME, "
	  "meter NUMBER, sink NAME or price NAME\n" },
	{ "the_words_of_the_grammar_are_in_lower_case", "[Daemon]\n",
	  "1: [Daemon]: there is no such section, expected daemon, http, mqtt, source NAME, "
	  "meter NUMBER, sink NAME or price NAME\n" },
	{ "an_unknown_key_is_told_with_those_there_are", "[http]\nport = 80\n",
	  "2: port: [http] has no such key, expected one of listen, names\n" },
	{ "keys_of_a_source_are_told_by_its_type", "[source a]\ntype = kernel\nnothing = 1\n",
	  "3: nothing: [source] has no such key, expected one of type, enabled, cycle, trace, "
	  "auto\n" },
	{ "a_key_given_twice_is_told_with_both_places", "[daemon]\ncycle = 5\n\ncycle = 6\n",
	  "4: cycle: it was given already at meterd.conf:2, expected once\n" },
	{ "a_key_given_twice_is_told_over_sections_of_the_same_name",
	  "[daemon]\ncycle = 5\n[http]\n[daemon]\ncycle = 5\n",
	  "5: cycle: it was given already at meterd.conf:2, expected once\n" },
	{ "an_indented_key_is_a_key_and_no_second_value", "[daemon]\ncycle = 5\n   cycle = 6\n",
	  "3: cycle: it was given already at meterd.conf:2, expected once\n" },
	{ "a_comment_with_a_hash_after_a_value_is_part_of_it", "[daemon]\ncycle = 5 # five\n",
	  "2: cycle = 5 # five: expected seconds from 0 (each telegram) to 86400\n" },
	{ "a_semicolon_without_a_blank_is_part_of_a_value", "[daemon]\ncycle = 5;five\n",
	  "2: cycle = 5;five: expected seconds from 0 (each telegram) to 86400\n" },
	{ "a_semicolon_without_a_blank_is_part_of_a_type", "[source a]\ntype=kernel;no comment\n",
	  "2: type = kernel;no comment: expected kernel, serial, tcp, mbus, replay, gpio or d2l\n" },
	{ "a_colon_does_not_part_key_and_value", "[daemon]\ncycle: 5\n",
	  "2: 'cycle: 5': expected [SECTION] or KEY = VALUE\n" },
	{ "all_mistakes_are_told",
	  "[daemon]\ncycle = x\nlog = loud\n[http]\nlisten = here\n[foo]\n",
	  "2: cycle = x: expected seconds from 0 (each telegram) to 86400\n"
	  "3: log = loud: expected error, warning, info, debug or communication\n"
	  "5: listen = here: expected ADDRESS:PORT such as 127.0.0.1:8087 or [::1]:8087, or off\n"
	  "6: [foo]: there is no such section, expected daemon, http, mqtt, source NAME, "
	  "meter NUMBER, sink NAME or price NAME\n" },

	/* Sections. */
	{ "daemon_has_no_name", "[daemon x]\n", "1: [daemon x]: expected [daemon]\n" },
	{ "a_source_has_a_name", "[source]\ntype = kernel\n",
	  "1: [source]: expected [source NAME]\n" },
	{ "a_meter_has_a_number", "[meter]\n", "1: [meter]: expected [meter NUMBER]\n" },
	{ "a_sink_has_a_name", "[sink]\n", "1: [sink]: expected [sink NAME]\n" },
	{ "bridge_is_no_name_of_a_source", "[source bridge]\ntype = kernel\n",
	  "1: [source bridge]: expected a name of 1 to 32 of A-Z a-z 0-9 _ -, and not bridge\n" },
	{ "a_name_has_no_other_characters", "[source a b]\ntype = kernel\n",
	  "1: [source a b]: expected a name of 1 to 32 of A-Z a-z 0-9 _ -, and not bridge\n" },
	{ "a_name_has_at_most_32_characters",
	  "[sink a12345678901234567890123456789012]\ntype = csv\npath = -\n",
	  "1: [sink a12345678901234567890123456789012]: expected a name of 1 to 32 of A-Z a-z 0-9 "
	  "_ "
	  "-, and not bridge\n" },
	{ "a_source_stands_once", "[source a]\ntype = kernel\n[source a]\ntype = kernel\n",
	  "3: [source a]: it was given already at meterd.conf:1, expected once\n" },
	{ "a_meter_stands_once", "[meter 1]\n[meter 1]\n",
	  "2: [meter 1]: it was given already at meterd.conf:1, expected once\n" },
	{ "two_meters_have_two_names", "[meter 1]\nname = house\n[meter 2]\nname = house\n",
	  "4: name = house: meter 1 is called so, expected a name of its own\n" },
	{ "a_number_has_no_blanks", "[meter 12 34]\n",
	  "1: [meter 12 34]: expected the meter's number, 1 to 96 characters without blanks\n" },

	/* [mqtt] */
	{ "mqtt_has_no_name", "[mqtt home]\nhost = localhost\n", "1: [mqtt home]: expected [mqtt]\n" },
	{ "a_broker_has_no_port_in_its_name", "[mqtt]\nhost = localhost:1883\n",
	  "2: host = localhost:1883: expected a name or an address; the port is a key of its own\n" },
	{ "a_port_of_a_broker_is_one", "[mqtt]\nport = 65536\n",
	  "2: port = 65536: expected a port from 1 to 65535\n" },
	{ "there_are_two_versions_of_mqtt", "[mqtt]\nversion = 3\n",
	  "2: version = 3: expected 3.1.1 or 5\n" },
	{ "files_of_tls_need_tls", "[mqtt]\nca_file = ca.crt\n",
	  "2: ca_file, cert_file, key_file and insecure: they need tls = yes\n" },
	{ "insecure_needs_tls", "[mqtt]\ninsecure = yes\n",
	  "2: ca_file, cert_file, key_file and insecure: they need tls = yes\n" },
	{ "a_certificate_needs_its_key", "[mqtt]\ntls = yes\ncert_file = a.crt\n",
	  "3: cert_file and key_file: expected both or none\n" },
	{ "a_topic_has_no_wildcards", "[mqtt]\ntopic = meter/#\n",
	  "2: topic = meter/#: expected levels parted by /, such as meter or home/meter, without + "
	  "and #\n" },
	{ "a_topic_has_no_empty_level", "[mqtt]\ntopic = home//meter\n",
	  "2: topic = home//meter: expected levels parted by /, such as meter or home/meter, "
	  "without + and #\n" },
	{ "a_topic_does_not_end_with_a_slash", "[mqtt]\ntopic = meter/\n",
	  "2: topic = meter/: expected levels parted by /, such as meter or home/meter, without + "
	  "and #\n" },
	{ "a_topic_is_not_the_broker_s_own", "[mqtt]\ntopic = $SYS\n",
	  "2: topic = $SYS: expected levels parted by /, such as meter or home/meter, without + and "
	  "#\n" },
	{ "a_layout_is_one_that_there_is", "[mqtt]\nlayout = native, homie\n",
	  "2: layout = native, homie: expected a list of native, dsmr-reader, teleinfo2mqtt, "
	  "smartmeter-datacollector\n" },
	{ "a_layout_stands_once", "[mqtt]\nlayout = native, native\n",
	  "2: layout = native, native: expected a list of native, dsmr-reader, teleinfo2mqtt, "
	  "smartmeter-datacollector\n" },
	{ "numbers_in_topics_need_identity", "[mqtt]\nlayout = teleinfo2mqtt\n",
	  "2: layout: teleinfo2mqtt and smartmeter-datacollector have the meter's number in their "
	  "topics, expected identity = yes in [daemon]\n" },
	{ "discovery_is_of_a_kind_that_there_is", "[mqtt]\ndiscovery = homie\n",
	  "2: discovery = homie: expected a list of device, component; or none\n" },
	{ "two_discoveries_have_two_prefixes",
	  "[mqtt]\ndiscovery = device, component\ncomponent_prefix = homeassistant\n",
	  "3: component_prefix: expected another than discovery_prefix, so that nobody finds "
	  "everything twice\n" },
	{ "a_component_prefix_needs_component_discovery", "[mqtt]\ncomponent_prefix = domoticz\n",
	  "2: component_prefix: expected component in discovery\n" },
	{ "discovery_is_of_the_native_layout",
	  "[mqtt]\nhost = localhost\nlayout = dsmr-reader\ndiscovery = device\n",
	  "4: discovery: it tells of the topics of layout native, expected native in layout, or "
	  "discovery = none\n" },

	/* What later versions do. */
	{ "iio_comes_later", "[source a]\ntype = iio\n",
	  "2: type: this meterd (" METERLINE_VERSION
	  ") cannot do meters through iiod yet; leave it "
	  "out\n" },

	/* [daemon] */
	{ "cycle_is_a_number", "[daemon]\ncycle = -1\n",
	  "2: cycle = -1: expected seconds from 0 (each telegram) to 86400\n" },
	{ "cycle_has_an_end", "[daemon]\ncycle = 86401\n",
	  "2: cycle = 86401: expected seconds from 0 (each telegram) to 86400\n" },
	{ "a_number_does_not_wrap", "[daemon]\ncycle = 18446744073709551621\n",
	  "2: cycle = 18446744073709551621: expected seconds from 0 (each telegram) to 86400\n" },
	{ "an_unknown_zone_is_told", "[daemon]\ntimezone = Europe/Lutetia\n",
	  "2: timezone = Europe/Lutetia: expected a time zone such as Europe/Paris\n" },
	{ "a_zone_is_no_path", "[daemon]\ntimezone = ../../../etc/passwd\n",
	  "2: timezone = ../../../etc/passwd: expected a time zone such as Europe/Paris\n" },
	{ "identity_is_yes_or_no", "[daemon]\nidentity = maybe\n",
	  "2: identity = maybe: expected yes or no\n" },
	{ "a_user_is_one_of_this_machine", "[daemon]\nuser = nobody-at-all\n",
	  "2: user = nobody-at-all: expected a user of this machine\n" },
	{ "a_sandbox_is_there_or_not", "[daemon]\nsandbox = strict\n",
	  "2: sandbox = strict: expected auto, yes or no\n" },
	{ "a_directory_has_a_name", "[daemon]\nstate =\n", "2: state = : expected a directory\n" },
	{ "quarters_are_kept_for_days", "[daemon]\nkeep_quarters = 13m\n",
	  "2: keep_quarters = 13m: expected days from 1 to 36500, such as 400d\n" },
	{ "quarters_are_kept_for_a_day_at_least", "[daemon]\nkeep_quarters = 0d\n",
	  "2: keep_quarters = 0d: expected days from 1 to 36500, such as 400d\n" },

	/* Keys, which are never told. */
	{ "a_kernel_source_has_no_keys", "[source a]\ntype = kernel\nkey_file = k\n",
	  "3: key_file: not a key of a source of this type, expected with type = serial or tcp or "
	  "replay or d2l or mbus\n" },
	{ "a_key_has_32_digits",
	  "[daemon]\nallow_inline_secrets = yes\n[source a]\ntype = tcp\nhost = h\n"
	  "key = 0123456789abcdef0123456789abcde\n",
	  "6: key = ***: expected 32 hex digits\n" },
	{ "an_authentication_key_has_hex_digits",
	  "[daemon]\nallow_inline_secrets = yes\n[source a]\ntype = tcp\nhost = h\n"
	  "key = 0123456789abcdef0123456789abcdef\n"
	  "auth_key = 0123456789abcdef0123456789abcdeg\n",
	  "7: auth_key = ***: expected 32 hex digits\n" },
	{ "a_system_title_has_16_digits",
	  "[daemon]\nallow_inline_secrets = yes\n[source a]\ntype = tcp\nhost = h\n"
	  "key = 0123456789abcdef0123456789abcdef\nsystem_title = SAG12345\n",
	  "7: system_title = ***: expected 16 hex digits\n" },
	{ "a_key_in_the_configuration_must_be_allowed",
	  "[source a]\ntype = tcp\nhost = h\nkey = 0123456789abcdef0123456789abcdef\n",
	  "4: key: others may read it here, expected key_file = FILE, or allow_inline_secrets = "
	  "yes in [daemon]\n" },
	{ "keys_are_in_one_place",
	  "[source a]\ntype = tcp\nhost = h\nkey_file = k\n"
	  "key = 0123456789abcdef0123456789abcdef\n[daemon]\nallow_inline_secrets = yes\n",
	  "5: key: there is a key_file, too; expected all keys in one place\n" },
	{ "an_authentication_key_alone_is_of_no_use",
	  "[daemon]\nallow_inline_secrets = yes\n[source a]\ntype = tcp\nhost = h\n"
	  "auth_key = 0123456789abcdef0123456789abcdef\n",
	  "6: auth_key: it is of use only with a key, expected key = 32 hex digits\n" },
	{ "tic_needs_no_key",
	  "[source a]\ntype = tcp\nhost = h\nkey_file = k\nprotocol = tic\n",
	  "4: key_file: it is for encrypted P1, expected protocol = auto or p1\n" },
	{ "a_key_is_not_told_where_it_is_no_value",
	  "[source a]\ntype = tcp\nhost = h\nkey: 0123456789abcdef0123456789abcdef\n",
	  "4: 'key: ': expected [SECTION] or KEY = VALUE\n" },
	{ "a_module_has_key_and_iv",
	  "[daemon]\nallow_inline_secrets = yes\n[source a]\ntype = d2l\n"
	  "module.7 = 0123456789abcdef0123456789abcdef\n",
	  "5: module.7 = ***: expected the module's key and IV, 32 hex digits each\n" },
	{ "a_module_has_an_id",
	  "[daemon]\nallow_inline_secrets = yes\n[source a]\ntype = d2l\n"
	  "module.1234567890123 = 0123456789abcdef0123456789abcdef "
	  "0123456789abcdef0123456789abcdef\n",
	  "5: module.1234567890123 = ***: expected module.ID with up to 12 digits\n" },
	{ "the_key_of_a_module_in_the_configuration_must_be_allowed",
	  "[source a]\ntype = d2l\n"
	  "module.7 = 0123456789abcdef0123456789abcdef 0123456789abcdef0123456789abcdef\n",
	  "3: module.7: others may read it here, expected key_file = FILE, or "
	  "allow_inline_secrets = yes in [daemon]\n" },
	{ "connections_are_at_least_one", "[source a]\ntype = d2l\nmax_connections = 0\n",
	  "3: max_connections = 0: expected a number from 1 to 65536\n" },
	{ "phases_are_one_or_three", "[meter 1]\nphases = 2\n",
	  "2: phases = 2: expected auto, 1 or 3\n" },
	{ "replayed_is_counted_or_refused",
	  "[source a]\ntype = tcp\nhost = h\nreplayed = drop\n",
	  "4: replayed = drop: expected count or refuse\n" },

	/* [http] */
	{ "listen_wants_a_port", "[http]\nlisten = 127.0.0.1\n",
	  "2: listen = 127.0.0.1: expected ADDRESS:PORT such as 127.0.0.1:8087 or [::1]:8087, or "
	  "off\n" },
	{ "listen_wants_a_port_that_there_is", "[http]\nlisten = 127.0.0.1:65536\n",
	  "2: listen = 127.0.0.1:65536: expected ADDRESS:PORT such as 127.0.0.1:8087 or "
	  "[::1]:8087, or "
	  "off\n" },
	{ "listen_wants_brackets_around_ipv6", "[http]\nlisten = ::1:8087\n",
	  "2: listen = ::1:8087: expected ADDRESS:PORT such as 127.0.0.1:8087 or [::1]:8087, or "
	  "off\n" },
	{ "listen_wants_no_name", "[http]\nlisten = localhost:8087\n",
	  "2: listen = localhost:8087: expected ADDRESS:PORT such as 127.0.0.1:8087 or [::1]:8087, "
	  "or "
	  "off\n" },
	{ "names_have_no_holes", "[http]\nnames = a,,b\n",
	  "2: names = a,,b: expected names of this machine, parted by commas\n" },
	{ "names_do_not_end_with_a_comma", "[http]\nnames = a,\n",
	  "2: names = a,: expected names of this machine, parted by commas\n" },

	/* [source NAME] */
	{ "a_source_has_a_type", "[source a]\nhost = h\n",
	  "1: [source a]: type is missing, expected kernel, serial, tcp, mbus, replay, gpio or d2l\n" },
	{ "a_source_without_a_key_is_told", "[source a]\n[http]\n",
	  "1: [source a]: type is missing, expected kernel, serial, tcp, mbus, replay, gpio or d2l\n" },
	{ "a_type_is_one_that_there_is", "[source a]\ntype = telnet\nhost = h\n",
	  "2: type = telnet: expected kernel, serial, tcp, mbus, replay, gpio or d2l\n" },
	{ "mbus_wants_a_device_or_a_converter", "[source a]\ntype = mbus\n",
	  "1: [source a]: device is missing, expected device = /dev/..., or host and port of a "
	  "converter\n" },
	{ "mbus_has_one_of_both", "[source a]\ntype = mbus\ndevice = /dev/x\nhost = h\nport = 1\n",
	  "4: host: there is a device, too; expected one of them\n" },
	{ "a_converter_of_mbus_has_a_port", "[source a]\ntype = mbus\nhost = h\n",
	  "3: host: expected port, too\n" },
	{ "a_profile_is_one_that_there_is",
	  "[source a]\ntype = mbus\ndevice = /dev/x\nprofile = e45\n",
	  "4: profile = e45: expected auto, e450, e360, e570, am550, omnipower, kaifa, push or none\n" },
	{ "a_profile_is_of_mbus", "[source a]\ntype = tcp\nhost = h\nprofile = e450\n",
	  "4: profile: not a key of a source of this type, expected with type = mbus\n" },
	{ "mbus_has_framings", "[source a]\ntype = mbus\ndevice = /dev/x\nprotocol = tic\n",
	  "4: protocol = tic: expected auto, hdlc, mbus or raw\n" },
	{ "the_speed_of_mbus_is_one_of_ttys",
	  "[source a]\ntype = mbus\ndevice = /dev/x\nspeed = 2401\n",
	  "4: speed = 2401: expected auto, or bit/s such as 2400 or 115200\n" },
	{ "tcp_wants_a_host", "[source a]\ntype = tcp\n",
	  "1: [source a]: host is missing, expected a name or an address; the port is a key of its "
	  "own, port = 8088\n" },
	{ "serial_wants_a_device", "[source a]\ntype = serial\n",
	  "1: [source a]: device is missing, expected a path such as /dev/serial/by-id/usb-..., "
	  "from "
	  "its / on\n" },
	{ "replay_wants_a_path", "[source a]\ntype = replay\n",
	  "1: [source a]: path is missing, expected a file or a directory\n" },
	{ "a_device_is_not_of_tcp", "[source a]\ntype = tcp\nhost = h\ndevice = /dev/ttyUSB0\n",
	  "4: device: not a key of a source of this type, expected with type = serial "
	  "or mbus\n" },
	{ "a_misplaced_key_before_the_type_is_told",
	  "[source a]\ndevice = /dev/ttyUSB0\nhost = h\n"
	  "type = tcp\n",
	  "2: device: not a key of a source of this type, expected with type = serial "
	  "or mbus\n" },
	{ "a_host_is_not_of_kernel", "[source a]\ntype = kernel\nhost = h\n",
	  "3: host: not a key of a source of this type, expected with type = tcp "
	  "or mbus\n" },
	{ "speed_is_not_of_tcp", "[source a]\ntype = tcp\nhost = h\nspeed = auto\n",
	  "4: speed: not a key of a source of this type, expected with type = serial or replay or "
	  "gpio or mbus\n" },
	{ "parity_is_not_of_tcp", "[source a]\ntype = tcp\nhost = h\nparity = even\n",
	  "4: parity: not a key of a source of this type, expected with type = serial "
	  "or mbus\n" },
	{ "protocol_is_not_of_kernel", "[source a]\ntype = kernel\nprotocol = tic\n",
	  "3: protocol: not a key of a source of this type, expected with type = serial or tcp or "
	  "replay or gpio or mbus\n" },
	{ "port_is_a_port", "[source a]\ntype = tcp\nhost = h\nport = 0\n",
	  "4: port = 0: expected a port from 1 to 65535\n" },
	{ "a_host_has_no_port", "[source a]\ntype = tcp\nhost = 192.0.2.1:8088\n",
	  "3: host = 192.0.2.1:8088: expected a name or an address; the port is a key of its own, "
	  "port = 8088\n" },
	{ "an_ipv6_host_has_no_port", "[source a]\ntype = tcp\nhost = [::1]:8088\n",
	  "3: host = [::1]:8088: expected a name or an address; the port is a key of its own, port "
	  "= "
	  "8088\n" },
	{ "a_host_is_no_option", "[source a]\ntype = tcp\nhost = -h\n",
	  "3: host = -h: expected a name or an address; the port is a key of its own, port = "
	  "8088\n" },
	{ "a_host_is_no_url", "[source a]\ntype = tcp\nhost = http://h/\n",
	  "3: host = http://h/: expected a name or an address; the port is a key of its own, port "
	  "= "
	  "8088\n" },
	{ "a_device_is_a_whole_path", "[source a]\ntype = serial\ndevice = ttyUSB0\n",
	  "3: device = ttyUSB0: expected a path such as /dev/serial/by-id/usb-..., from its / "
	  "on\n" },
	{ "a_protocol_is_one_that_there_is", "[source a]\ntype = tcp\nhost = h\nprotocol = p2\n",
	  "4: protocol = p2: expected auto, tic or p1\n" },
	{ "a_serial_line_has_the_speed_of_a_meter",
	  "[source a]\ntype = serial\ndevice = /dev/ttyUSB0\nspeed = 4800\n",
	  "4: speed = 4800: expected auto, 1200, 9600 or 115200\n" },
	{ "a_replay_has_a_pace", "[source a]\ntype = replay\npath = f\nspeed = 9600\n",
	  "4: speed = 9600: expected max or real\n" },
	{ "a_parity_is_one_that_there_is",
	  "[source a]\ntype = serial\ndevice = /dev/ttyUSB0\nparity = odd\n",
	  "4: parity = odd: expected auto, none or even\n" },
	{ "a_start_is_a_time", "[source a]\ntype = replay\npath = f\nstart = today\ninterval = 1\n",
	  "4: start = today: expected a time in UTC such as 2024-10-10T23:05:31Z\n" },
	{ "a_start_needs_an_interval",
	  "[source a]\ntype = replay\npath = f\nstart = 2024-10-10T23:05:31Z\n",
	  "4: start: it needs interval too, expected interval = SECONDS\n" },
	{ "an_interval_needs_a_start", "[source a]\ntype = replay\npath = f\ninterval = 10\n",
	  "4: interval: it needs start too, expected start = TIME\n" },
	{ "trace_does_not_say_yes", "[source a]\ntype = kernel\ntrace = yes\n",
	  "3: trace = yes: expected no, log or a file\n" },

	{ "gpio_wants_a_line", "[source a]\ntype = gpio\n",
	  "1: [source a]: line is missing, expected CHIP:LINE such as gpiochip0:18\n" },
	{ "a_line_is_one_of_a_chip", "[source a]\ntype = gpio\nline = gpiochip0:\n",
	  "3: line = gpiochip0:: expected CHIP:LINE such as gpiochip0:17, or a line's name such as "
	  "GPIO17, and behind a comma pull-up or pull-down\n" },
	{ "a_line_that_is_read_is_inverted_by_a_key",
	  "[source a]\ntype = gpio\nline = GPIO18,active-low\n",
	  "3: line = GPIO18,active-low: expected CHIP:LINE such as gpiochip0:17, or a line's name "
	  "such as GPIO17, and behind a comma pull-up or pull-down\n" },
	{ "a_gpio_has_no_speed_of_new_p1",
	  "[source a]\ntype = gpio\nline = GPIO18\nspeed = 115200\n",
	  "4: speed = 115200: expected auto, 1200 or 9600\n" },
	{ "a_gpio_has_no_speed_between_those_of_meters",
	  "[source a]\ntype = gpio\nline = GPIO18\nspeed = 2400\n",
	  "4: speed = 2400: expected auto, 1200 or 9600\n" },
	{ "inverted_is_yes_or_no",
	  "[source a]\ntype = gpio\nline = GPIO18\ninverted = low\n",
	  "4: inverted = low: expected yes or no\n" },
	{ "a_request_is_never_driven_both_ways",
	  "[source a]\ntype = serial\ndevice = /dev/ttyUSB0\nrequest = GPIO17,open-drain\n",
	  "4: request = GPIO17,open-drain: expected CHIP:LINE such as gpiochip0:17, or a line's "
	  "name such as GPIO17, and behind a comma active-low\n" },
	{ "an_led_is_a_line", "[source a]\ntype = serial\ndevice = /dev/ttyUSB0\nled = :27\n",
	  "4: led = :27: expected CHIP:LINE such as gpiochip0:17, or a line's name such as GPIO17, "
	  "and behind a comma active-low or open-drain\n" },
	{ "a_request_is_not_of_gpio",
	  "[source a]\ntype = gpio\nline = GPIO18\nrequest = GPIO17\n",
	  "4: request: not a key of a source of this type, expected with type = serial "
	  "or mbus\n" },
	{ "a_line_is_not_of_serial",
	  "[source a]\ntype = serial\ndevice = /dev/ttyUSB0\nline = GPIO18\n",
	  "4: line: not a key of a source of this type, expected with type = gpio\n" },

	/* [meter NUMBER] */
	{ "bridge_is_no_name_of_a_meter", "[meter 1]\nname = bridge\n",
	  "2: name = bridge: expected 1 to 32 of A-Z a-z 0-9 _ -, and not bridge\n" },
	{ "a_name_of_a_meter_has_no_blanks", "[meter 1]\nname = my house\n",
	  "2: name = my house: expected 1 to 32 of A-Z a-z 0-9 _ -, and not bridge\n" },
	{ "a_zone_of_a_meter_is_one", "[meter 1]\ntimezone = Mars\n",
	  "2: timezone = Mars: expected a time zone such as Europe/Paris\n" },
	{ "a_base_offset_is_less_than_a_day", "[meter 1]\nbase_offset = 1440\n",
	  "2: base_offset = 1440: expected minutes from -840 to 840\n" },
	{ "time_is_somebodys", "[meter 1]\ntime = mine\n",
	  "2: time = mine: expected auto, meter or host\n" },
	{ "continuous_is_yes_or_no", "[meter 1]\ncontinuous = 1\n",
	  "2: continuous = 1: expected yes or no\n" },
	{ "labels_have_no_holes", "[meter 1]\ntariff_labels = HC,,HP\n",
	  "2: tariff_labels = HC,,HP: expected 1 to 16 labels of 1 to 32 bytes, parted by "
	  "commas\n" },
	{ "there_are_16_tariffs",
	  "[meter 1]\ntariff_labels = 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\n",
	  "2: tariff_labels = 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17: expected 1 to 16 labels "
	  "of 1 "
	  "to 32 bytes, parted by commas\n" },
	{ "a_scale_has_a_code", "[meter 1]\nscale.power = 10\n",
	  "2: scale.power = 10: expected a code behind scale. such as scale.1-0:1.8.0\n" },
	{ "a_scale_has_a_whole_code", "[meter 1]\nscale.1-0:1.8 = 10\n",
	  "2: scale.1-0:1.8 = 10: expected a code behind scale. such as scale.1-0:1.8.0\n" },
	{ "a_scale_is_not_0", "[meter 1]\nscale.1-0:1.8.0 = 0\n",
	  "2: scale.1-0:1.8.0 = 0: expected a factor from 0.001 to 1000000, at most three "
	  "decimals\n" },
	{ "a_scale_is_above_0", "[meter 1]\nscale.1-0:1.8.0 = -1\n",
	  "2: scale.1-0:1.8.0 = -1: expected a factor from 0.001 to 1000000, at most three "
	  "decimals\n" },
	{ "a_scale_has_three_decimals", "[meter 1]\nscale.1-0:1.8.0 = 0.0001\n",
	  "2: scale.1-0:1.8.0 = 0.0001: expected a factor from 0.001 to 1000000, at most three "
	  "decimals\n" },
	{ "a_scale_is_given_once", "[meter 1]\nscale.1-0:1.8.0 = 10\nscale.1-0:1.8.0 = 20\n",
	  "3: scale.1-0:1.8.0: it was given already at meterd.conf:2, expected once\n" },

	/* [sink NAME] */
	{ "a_sink_has_a_type", "[sink s]\n",
	  "1: [sink s]: type is missing, expected jsonl, csv, serve or influx\n" },
	{ "a_sink_of_lines_has_a_path", "[sink s]\ntype = csv\n",
	  "1: [sink s]: path is missing, expected a file, or - for stdout\n" },
	{ "a_sink_is_of_a_type_that_there_is", "[sink s]\ntype = xml\npath = -\n",
	  "2: type = xml: expected jsonl, csv, serve or influx\n" },
	{ "a_path_of_a_sink_has_a_name", "[sink s]\ntype = csv\npath =\n",
	  "3: path = : expected a file, or - for stdout\n" },
	{ "a_sink_of_influx_has_a_url", "[sink s]\ntype = influx\n",
	  "1: [sink s]: url is missing, expected " EXPECTED_URL "\n" },
	{ "a_url_has_a_scheme", INFLUX "url = 127.0.0.1:8086\n",
	  "3: url = 127.0.0.1:8086: expected " EXPECTED_URL "\n" },
	{ "a_url_has_a_scheme_that_there_is", INFLUX "url = tcp://h:8086/write\n",
	  "3: url = tcp://h:8086/write: expected " EXPECTED_URL "\n" },
	{ "a_url_has_a_host", INFLUX "url = http:///write?db=meter\n",
	  "3: url = http:///write?db=meter: expected " EXPECTED_URL "\n" },
	{ "a_url_has_a_host_that_can_be_one", INFLUX "url = http://a!b/write?db=meter\n",
	  "3: url = http://a!b/write?db=meter: expected " EXPECTED_URL "\n" },
	{ "a_url_has_a_port_that_can_be_one", INFLUX "url = udp://h:0\n",
	  "3: url = udp://h:0: expected " EXPECTED_URL "\n" },
	{ "a_url_has_no_blanks", INFLUX "url = http://h/write?db=my meter\n",
	  "3: url = http://h/write?db=my meter: expected " EXPECTED_URL "\n" },
	{ "a_url_has_no_fragment", INFLUX "url = http://h/write?db=meter#a\n",
	  "3: url = http://h/write?db=meter#a: expected " EXPECTED_URL "\n" },
	{ "a_url_of_http_has_a_path", INFLUX "url = http://h:8086/\n",
	  "3: url = http://h:8086/: expected a path behind the port, such as /write?db=meter or "
	  "/api/v2/write?org=home&bucket=meter\n" },
	{ "a_url_of_udp_has_none", INFLUX "url = udp://h:8089/write\n",
	  "3: url = udp://h:8089/write: expected nothing behind the port of udp://\n" },
	{ "a_url_with_tls_is_refused_with_what_to_do_instead",
	  INFLUX "url = https://h:8086/write?db=meter\n",
	  "3: url = https://h:8086/write?db=meter: there is no TLS to such servers here, expected "
	  "http:// to this machine or a network of your own: see meterd.conf(5), url\n" },
	{ "a_url_has_no_password_and_it_is_not_told",
	  INFLUX "url = http://me:secret@h/write?db=meter\n",
	  "3: url = ***: a URL is read by everybody, expected user and "
	  "password, USER:PASSWORD, in a token_file\n" },
	{ "a_precision_is_one_that_can_be_kept", INFLUX "url = http://h/write?db=a&precision=h\n",
	  "3: url = http://h/write?db=a&precision=h: expected precision=ns, us, ms or s, or "
	  "none\n" },
	{ "a_token_needs_http", INFLUX "url = udp://h\ntoken_file = /t\n",
	  "4: token_file: datagrams have no place for it, expected url = http://...\n" },
	{ "a_measurement_is_a_name", INFLUX "url = udp://h\nmeasurement = a b\n",
	  "4: measurement = a b: expected 1 to 32 of A-Z a-z 0-9 _ -, without _ at the "
	  "beginning\n" },
	{ "a_measurement_is_not_one_of_the_server", INFLUX "url = udp://h\nmeasurement = _a\n",
	  "4: measurement = _a: expected 1 to 32 of A-Z a-z 0-9 _ -, without _ at the "
	  "beginning\n" },
	{ "a_sink_of_influx_has_no_path", INFLUX "url = udp://h\npath = -\n",
	  "4: path: not a key of a sink of this type, expected with type = jsonl or csv\n" },

	/* type = serve */
	{ "a_served_port_has_an_address", "[sink s]\ntype = serve\nlisten = 8088\n",
	  "3: listen = 8088: expected ADDRESS:PORT such as 127.0.0.1:8088, 0.0.0.0:8088 or "
	  "[::]:8088\n" },
	{ "a_sink_that_serves_is_not_off", "[sink s]\ntype = serve\nlisten = off\n",
	  "3: listen = off: expected ADDRESS:PORT such as 127.0.0.1:8088, 0.0.0.0:8088 or "
	  "[::]:8088\n" },
	{ "a_served_meter_has_a_good_name", "[sink s]\ntype = serve\nmeter = bridge\n",
	  "3: meter = bridge: expected the name of a meter\n" },
	{ "a_format_is_one_that_there_is", "[sink s]\ntype = serve\nformat = dsmr\n",
	  "3: format = dsmr: expected p1 or raw\n" },
	{ "files_and_ports_have_keys_of_their_own",
	  "[sink s]\ntype = serve\npath = -\n[sink t]\ntype = csv\npath = -\nlisten = [::]:1\n",
	  "3: path: not a key of a sink of this type, expected with type = jsonl or csv\n"
	  "7: listen: not a key of a sink of this type, expected with type = serve\n" },
	{ "raw_beyond_loopback_needs_identity",
	  "[sink s]\ntype = serve\nlisten = 0.0.0.0:9000\nformat = raw\n",
	  "4: format = raw: it has the meter's number, for all who reach this port; expected "
	  "listen = 127.0.0.1:9000, or identity = yes in [daemon]\n" },
	{ "raw_beyond_loopback_needs_identity_with_ipv6_too",
	  "[sink s]\ntype = serve\nlisten = [2001:db8::1]:9000\nformat = raw\n",
	  "4: format = raw: it has the meter's number, for all who reach this port; expected "
	  "listen = 127.0.0.1:9000, or identity = yes in [daemon]\n" },
	{ "raw_is_all_that_comes",
	  "[sink s]\ntype = serve\nformat = raw\ncycle = 1\napparent_as_power = yes\n",
	  "4: cycle: format = raw is all that comes, expected no cycle\n"
	  "5: apparent_as_power: format = raw is all that comes, expected format = p1\n" },
	{ "a_port_is_served_once",
	  "[sink s]\ntype = serve\n[sink t]\ntype = serve\nlisten = 127.0.0.1:8088\n"
	  "[sink u]\ntype = serve\nlisten = 127.0.0.1:8087\n",
	  "5: listen = 127.0.0.1, port 8088: s listens there, expected another address or port\n"
	  "8: listen = 127.0.0.1, port 8087: http listens there, expected another address or "
	  "port\n" },

	/* [price NAME] */
	{ "a_price_has_a_currency", "[price a]\nimport = 1\n",
	  "1: [price a]: currency is missing, expected three capital letters such as EUR\n" },
	{ "a_currency_is_three_capital_letters", "[price a]\ncurrency = Euro\n",
	  "2: currency = Euro: expected three capital letters such as EUR\n" },
	{ "a_price_has_at_most_five_decimals", "[price a]\ncurrency = EUR\nimport = 0.123456\n",
	  "3: import = 0.123456: expected a price from -20000 to 20000, at most five decimals\n" },
	{ "a_price_is_bounded", "[price a]\ncurrency = EUR\nexport = -20000.00001\n",
	  "3: export = -20000.00001: expected a price from -20000 to 20000, at most five "
	  "decimals\n" },
	{ "gas_does_not_cost_less_than_nothing", "[price a]\ncurrency = EUR\ngas = -1\n",
	  "3: gas = -1: expected a price from 0 to 20000, at most five decimals\n" },
	{ "a_charge_is_a_number", "[price a]\ncurrency = EUR\nfixed_month = ten\n",
	  "3: fixed_month = ten: expected a price from 0 to 20000, at most five decimals\n" },
	{ "a_tariff_of_a_price_is_1_to_16",
	  "[price a]\ncurrency = EUR\nimport_t0 = 1\nimport_t17 = 1\n"
	  "export_t01 = 1\nexport_t = 1\n",
	  "3: import_t0 = 1: expected a tariff from 1 to 16 behind _t\n"
	  "4: import_t17 = 1: expected a tariff from 1 to 16 behind _t\n"
	  "5: export_t01 = 1: expected a tariff from 1 to 16 behind _t\n"
	  "6: export_t = 1: expected a tariff from 1 to 16 behind _t\n" },
	{ "a_factor_of_prices_is_above_0", "[price a]\ncurrency = EUR\nquarters_factor = 0\n",
	  "3: quarters_factor = 0: expected a factor above 0 and up to 1000, at most seven "
	  "decimals\n" },
	{ "a_price_begins_on_a_date", "[price a]\ncurrency = EUR\nfrom = 2025-02-30\n",
	  "3: from = 2025-02-30: expected a date such as 2025-01-01\n" },
	{ "meters_of_a_price_have_names", "[price a]\ncurrency = EUR\nmeter = a,,b\n",
	  "3: meter = a,,b: expected names of meters, parted by commas\n" },
	{ "two_prices_of_a_meter_have_other_dates",
	  "[price a]\ncurrency = EUR\nmeter = x, y\nfrom = 2025-01-01\n"
	  "[price b]\ncurrency = EUR\nmeter = y\nfrom = 2025-01-01\n",
	  "5: [price b]: [price a] at meterd.conf:1 holds from the same date for meter y, expected "
	  "another 'from' or other meters\n" },
	{ "two_prices_of_all_meters_have_other_dates",
	  "[price a]\ncurrency = EUR\n[price b]\ncurrency = EUR\n",
	  "3: [price b]: [price a] at meterd.conf:1 holds from the same date for all meters, "
	  "expected another 'from' or other meters\n" },
	{ "all_prices_are_in_one_currency",
	  "[price a]\ncurrency = EUR\n[price b]\ncurrency = SEK\nfrom = 2025-01-01\n",
	  "3: [price b]: its currency is SEK, that of [price a] is EUR, expected the same "
	  "in all\n" },
};

/* The lines of @said that are to come, without "meterd: error: meterd.conf:". */
static bool tells(const char *said, const char *expected)
{
	static const char before[] = "meterd: error: " FILE_NAME ":";
	struct text found = { 0 };
	bool same;

	text_add(&found, "%s", "");
	while (*said) {
		size_t len = strcspn(said, "\n"), skip = 0;

		if (!strncmp(said, before, strlen(before)))
			skip = strlen(before);
		text_add(&found, "%.*s\n", (int)(len - skip), said + skip);
		said += len + (said[len] == '\n');
	}
	same = !strcmp(found.at, expected);
	if (!same)
		broken("expected %s# but got  %s", expected, found.at);
	text_free(&found);
	return same;
}

static bool refuses(const struct mistake *m)
{
	char said[8192];
	struct config *c = read_text(m->text, said, sizeof(said));

	if (!c)
		return tells(said, m->said);
	config_free(c);
	return broken("it was taken");
}

/* A sentence about ranges is of another file; that it comes with its place is of this one. */
static bool a_mistake_in_ranges_is_told_with_its_reason(const char **skip)
{
	static const char before[] =
		"meterd: error: meterd.conf:2: tariff_ranges = 22:00-06:00 1: ";
	char said[4096];
	struct config *c = read_text("[meter 1]\ntariff_ranges = 22:00-06:00 1\n", said,
				     sizeof(said));

	(void)skip;
	config_free(c);
	if (c || strncmp(said, before, strlen(before)) || strlen(said) < strlen(before) + 10)
		return broken("%s", said);
	return true;
}

static bool nothing_is_needed(const char **skip)
{
	char said[4096];
	struct config *c = read_config(NULL, said, sizeof(said));
	bool kept;

	(void)skip;
	if (!c)
		return broken("%s", said);
	kept = c->source_count == 1 && c->sources[0].type == SOURCE_KERNEL &&
	       c->sources[0].enabled && !strcmp(c->listen_host, "127.0.0.1") &&
	       c->listen_port == 8087 && c->state && c->runtime && c->zone && c->cycle_s == 5 &&
	       !c->identity && !c->user && c->log == LEVEL_INFO &&
	       c->sandbox == SANDBOX_AUTO;
	config_free(c);
	return kept || broken("the defaults are others");
}

static bool an_empty_file_is_no_configuration(const char **skip)
{
	struct config *c = good("");
	bool kept = c && c->source_count == 1 && c->sources[0].type == SOURCE_KERNEL;

	(void)skip;
	config_free(c);
	return kept;
}

static bool comments_and_blanks_are_no_values(const char **skip)
{
	struct config *c;
	bool kept;

	(void)skip;
	c = good("\xef\xbb\xbf; first\r\n"
		 "# second = 2\r\n"
		 "  \t[daemon] ; third\r\n"
		 "\tcycle\t=\t7   ; seconds\r\n"
		 "   # fourth\r\n"
		 "\r\n"
		 "[ source   a ]\n"
		 "type=kernel\t;\n"
		 "[sink s]\n"
		 "type = csv\n"
		 "path = a;b #c ; d");
	if (!c)
		return false;
	kept = c->cycle_s == 7 && c->source_count == 1 && !strcmp(c->sources[0].name, "a") &&
	       c->sink_count == 1 && !strcmp(strrchr(c->sinks[0].path, '/'), "/a;b #c");
	config_free(c);
	return kept || broken("values are others");
}

static bool all_keys_arrive(const char **skip)
{
	struct config *c = good(
		"[daemon]\nstate = s\nruntime = /r\ntimezone = Europe/Paris\ncycle = 0\n"
		"identity = On\nuser = root\nlog = debug\nkeep_quarters = 40d\nsandbox = yes\n"
		"allow_inline_secrets = yes\n"
		"[http]\nlisten = [::1]:80\nnames = meter.example, pi\n"
		"[source k]\ntype = kernel\nenabled = no\nauto = no\ntrace = log\n"
		"[source s]\ndevice = /dev/ttyUSB0\ntype = serial\nspeed = 1200\nparity = even\n"
		"protocol = tic\ncycle = 10\ntrace = off\nrequest = gpiochip0:17\n"
		"led = GPIO27,active-low,open-drain\n"
		"[source t]\ntype = tcp\nhost = [2001:db8::1]\nport = 23\nprotocol = p1\n"
		"key = 000102030405060708090A0B0C0D0E0F\nreplayed = count\n"
		"auth_key = f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff\nsystem_title = 5341470000000001\n"
		"[source r]\ntype = replay\npath = files\nspeed = real\n"
		"start = 2024-10-10T23:05:31Z\ninterval = 10\ntrace = t.log\n"
		"key_file = house.key\nreplayed = refuse\n"
		"[source g]\ntype = gpio\nline = pinctrl-bcm2711:18,pull-up\nspeed = 1200\n"
		"inverted = yes\nprotocol = tic\n"
		"[meter 041876097767]\nname = house\ntimezone = UTC\nbase_offset = -60\n"
		"scale.1-0:1.8.0 = 1000\nscale.1-0:32.7.0 = 0.1\ntariff_labels = HC, HP\n"
		"tariff_ranges = 22:00-06:00 1, 06:00-22:00 2\ntime = host\ncontinuous = true\n"
		"[sink j]\ntype = jsonl\npath = -\ncycle = 60\nfields = yes\n"
		"[sink h]\ntype = influx\nurl = http://[2001:db8::1]:8086/api/v2/write?org=a&"
		"bucket=b%20c&precision=ms\ntoken_file = token\nmeasurement = power\n"
		"[sink u]\ntype = influx\nurl = udp://tele.example\n"
		"[mqtt]\nhost = mqtt.example\ntls = yes\nca_file = /ca\ncert_file = /crt\n"
		"key_file = /key\ninsecure = yes\nversion = 5\nuser = me\npassword_file = /p\n"
		"client_id = pi\ntopic = home/meter\nfields = no\ncycle = 3\n"
		"[mqtt]\nlayout = native, teleinfo2mqtt\ndiscovery = device, component\n"
		"discovery_prefix = ha\ncomponent_prefix = dz\ndsmr_reader_meter = house\n"
		"[price p]\nmeter = house, barn\nfrom = 2025-01-01\ncurrency = EUR\n"
		"import = 0.25161\n"
		"import_t16 = -1\nexport = 0\nexport_t1 = 0.00001\nquarters = spot.csv\n"
		"quarters_factor = 0.0012345\nexport_quarters = /spot\n"
		"export_quarters_factor = 1000\n"
		"gas = 1\nwater = 2\nheat = 3\nheat_kwh = 4\nfixed_day = 5\nfixed_month = 20000\n");
	const struct price_terms *p;
	char expected[64];
	bool kept = true;

	(void)skip;
	if (!c)
		return false;
#define SAME(a) do { if (!(a)) kept = broken("not so: %s", #a); } while (0)
	snprintf(expected, sizeof(expected), "%s/s", directory);
	SAME(!strcmp(c->state, expected));
	SAME(!strcmp(c->runtime, "/r"));
	SAME(!strcmp(zone_name(c->zone), "Europe/Paris"));
	SAME(c->cycle_s == 0 && c->identity && c->log == LEVEL_DEBUG &&
	     c->keep_quarters_days == 40 && c->sandbox == SANDBOX_YES);
	SAME(!strcmp(c->user, "root"));
	SAME(!strcmp(c->listen_host, "::1") && c->listen_port == 80 && c->host_name_count == 2);
	SAME(!strcmp(c->host_names[0], "meter.example") && !strcmp(c->host_names[1], "pi"));
	SAME(c->source_count == 5);
	SAME(!c->sources[0].enabled && !c->sources[0].makes_meters &&
	     !strcmp(c->sources[0].trace, "log") && c->sources[0].cycle_s == -1);
	SAME(!strcmp(c->sources[1].device, "/dev/ttyUSB0") &&
	     c->sources[1].speed_bit_per_s == 1200);
	SAME(c->sources[1].parity == PARITY_EVEN && c->sources[1].protocols == LINE_TIC);
	SAME(c->sources[1].cycle_s == 10 && !c->sources[1].trace && c->sources[1].makes_meters);
	SAME(!strcmp(c->sources[2].host, "2001:db8::1") && c->sources[2].port == 23);
	SAME(c->sources[2].protocols == LINE_P1);
	SAME(c->inline_secrets && c->sources[2].keys && c->sources[2].keys->has_auth_key &&
	     c->sources[2].keys->has_system_title && !c->sources[2].refuses_replayed);
	SAME(c->sources[2].keys->key[10] == 0x0a && c->sources[2].keys->auth_key[15] == 0xff &&
	     c->sources[2].keys->system_title[7] == 1 && !c->sources[2].key_file);
	snprintf(expected, sizeof(expected), "%s/house.key", directory);
	SAME(!strcmp(c->sources[3].key_file, expected) && !c->sources[3].keys);
	SAME(c->sources[3].refuses_replayed);
	snprintf(expected, sizeof(expected), "%s/files", directory);
	SAME(!strcmp(c->sources[3].path, expected) && c->sources[3].real_pace);
	SAME(c->sources[3].has_start && c->sources[3].start_s == 1728601531);
	SAME(c->sources[3].interval_s == 10 && c->sources[3].protocols == LINE_AUTO);
	snprintf(expected, sizeof(expected), "%s/t.log", directory);
	SAME(!strcmp(c->sources[3].trace, expected));
	SAME(!strcmp(c->sources[1].request.chip, "gpiochip0") && c->sources[1].request.offset == 17);
	SAME(!strcmp(c->sources[1].led.name, "GPIO27") &&
	     c->sources[1].led.options == (GPIO_ACTIVE_LOW | GPIO_OPEN_DRAIN));
	SAME(!*c->sources[0].request.text && !*c->sources[0].led.text && !c->sources[0].inverted);
	SAME(!strcmp(c->sources[4].line.chip, "pinctrl-bcm2711") &&
	     c->sources[4].line.offset == 18 && c->sources[4].line.options == GPIO_PULL_UP);
	SAME(c->sources[4].inverted && c->sources[4].speed_bit_per_s == 1200 &&
	     c->sources[4].protocols == LINE_TIC);
	SAME(config_meter(c, "041876097767") == &c->meters[0] && !config_meter(c, "1"));
	SAME(!strcmp(c->meters[0].name, "house") && c->meters[0].base_offset_min == -60);
	SAME(c->meters[0].scale_count == 2 && c->meters[0].scales[0].milli == 1000000);
	SAME(!strcmp(c->meters[0].scales[1].code, "1-0:32.7.0") &&
	     c->meters[0].scales[1].milli == 100);
	SAME(!strcmp(c->meters[0].tariff_labels[1], "HP") && !c->meters[0].tariff_labels[2]);
	SAME(c->meters[0].ranges.count && c->meters[0].time == TIME_HOST);
	SAME(c->meters[0].continuous && !strcmp(zone_name(c->meters[0].zone), "UTC"));
	SAME(c->sinks[0].type == SINK_JSONL && !strcmp(c->sinks[0].path, "-") && c->sinks[0].cycle_s == 60);
	SAME(c->mqtt && !strcmp(c->mqtt->host, "mqtt.example") && c->mqtt->port == 8883);
	SAME(c->mqtt->tls && c->mqtt->insecure && c->mqtt->version == 5);
	SAME(!strcmp(c->mqtt->ca_file, "/ca") && !strcmp(c->mqtt->cert_file, "/crt") &&
	     !strcmp(c->mqtt->key_file, "/key") && !strcmp(c->mqtt->password_file, "/p"));
	SAME(!strcmp(c->mqtt->user, "me") && !strcmp(c->mqtt->client_id, "pi"));
	SAME(!strcmp(c->mqtt->topic, "home/meter") && c->mqtt->fields == FIELDS_NEVER);
	SAME(c->mqtt->layouts == (LAYOUT_NATIVE | LAYOUT_TELEINFO2MQTT));
	SAME(c->mqtt->discovery == (DISCOVERY_DEVICE | DISCOVERY_COMPONENT));
	SAME(!strcmp(c->mqtt->discovery_prefix, "ha") && !strcmp(c->mqtt->component_prefix, "dz"));
	SAME(!strcmp(c->mqtt->dsmr_reader_meter, "house"));
	p = &c->prices[0].terms;
	SAME(c->price_count == 1 && !memcmp(c->prices[0].meters, "house\0barn\0", 12));
	SAME(p->from_day == 20089 && !strcmp(p->currency, "EUR"));
	SAME(p->e5[PRICE_IMPORT] == 25161 && p->e5[PRICE_IMPORT_T1 + 15] == -100000);
	SAME(p->e5[PRICE_EXPORT] == 0 && p->e5[PRICE_EXPORT_T1] == 1);
	SAME(p->e5[PRICE_GAS] == 100000 && p->e5[PRICE_WATER] == 200000);
	SAME(p->e5[PRICE_HEAT] == 300000 && p->e5[PRICE_HEAT_KWH] == 400000);
	SAME(p->e5[PRICE_FIXED_DAY] == 500000 && p->e5[PRICE_FIXED_MONTH] == 2000000000);
	SAME(__builtin_popcountll(p->has) == 10);
	SAME(p->factor[DIRECTION_IMPORT] == 12345 && p->factor[DIRECTION_EXPORT] == 10000000000);
	snprintf(expected, sizeof(expected), "%s/spot.csv", directory);
	SAME(!strcmp(c->prices[0].quarters[DIRECTION_IMPORT], expected));
	SAME(!strcmp(c->prices[0].quarters[DIRECTION_EXPORT], "/spot"));
	SAME(c->sink_count == 4 && c->sinks[3].type == SINK_MQTT && c->sinks[3].cycle_s == 3);
	SAME(c->sinks[0].fields);
	SAME(!strcmp(c->sinks[1].target.host, "2001:db8::1") && c->sinks[1].target.port == 8086);
	SAME(!strcmp(c->sinks[1].target.path, "/api/v2/write?org=a&bucket=b%20c&precision=ms"));
	SAME(c->sinks[1].target.unit_ns == 1000000);
	snprintf(expected, sizeof(expected), "%s/token", directory);
	SAME(!strcmp(c->sinks[1].token_file, expected));
	SAME(!strcmp(c->sinks[1].measurement, "power"));
	SAME(!strcmp(c->sinks[2].target.host, "tele.example") && c->sinks[2].target.port == 8089);
	SAME(!c->sinks[2].target.path && c->sinks[2].target.unit_ns == 1);
	SAME(!c->sinks[2].token_file && !strcmp(c->sinks[2].measurement, "electricity"));
#undef SAME
	config_free(c);
	return kept;
}

static bool an_empty_mqtt_section_has_the_defaults_of_the_contract(const char **skip)
{
	struct config *c = good("[mqtt]\nuser =\npassword_file =\n");
	bool kept;

	(void)skip;
	if (!c)
		return false;
	kept = c->mqtt && !strcmp(c->mqtt->host, "localhost") && c->mqtt->port == 1883 &&
	       c->mqtt->version == 3 && !c->mqtt->tls && !c->mqtt->user &&
	       !c->mqtt->password_file && !strcmp(c->mqtt->topic, "meter") &&
	       c->mqtt->layouts == LAYOUT_NATIVE && c->mqtt->discovery == DISCOVERY_DEVICE &&
	       !strcmp(c->mqtt->discovery_prefix, "homeassistant") &&
	       c->mqtt->fields == FIELDS_OF_TIC && c->sink_count == 1;
	config_free(c);
	return kept || broken("the defaults are others");
}

static bool a_sink_that_serves_needs_no_more_than_its_type(const char **skip)
{
	struct config *c = good("[sink s]\ntype = serve\n"
				"[sink r]\ntype = serve\nlisten = [::1]:9000\nformat = raw\n"
				"[sink t]\ntype = serve\nlisten = 0.0.0.0:9000\nmeter = house\n"
				"cycle = 10\napparent_as_power = yes\nformat = p1\n");
	const struct sink_config *s = c ? c->sinks : NULL;
	bool kept;

	(void)skip;
	if (!c)
		return false;
	kept = !strcmp(s[0].listen_host, "127.0.0.1") && s[0].listen_port == 8088 &&
	       !s[0].meter[0] && !s[0].raw && !s[0].cycle_s && !s[0].apparent_as_power &&
	       s[1].raw && !strcmp(s[1].listen_host, "::1") && s[1].listen_port == 9000 &&
	       !s[2].raw && !strcmp(s[2].meter, "house") && s[2].cycle_s == 10 &&
	       s[2].apparent_as_power && !strcmp(s[2].listen_host, "0.0.0.0");
	config_free(c);
	return kept || broken("not as it was given");
}

static bool http_can_be_off(const char **skip)
{
	struct config *c = good("[http]\nlisten = off\n");
	bool kept = c && !c->listen_host;

	(void)skip;
	config_free(c);
	return kept;
}

static bool a_source_that_is_off_is_a_source(const char **skip)
{
	struct config *c = good("[source t]\ntype = tcp\nhost = h\nenabled = no\n");
	bool kept = c && c->source_count == 1 && !c->sources[0].enabled &&
		    c->sources[0].port == 8088;

	(void)skip;
	config_free(c);
	return kept;
}

/* A line of exactly @len bytes with a path in it. */
static size_t long_line(char *text, size_t len)
{
	static const char head[] = "[sink s]\ntype = csv\n", key[] = "path = /";

	memcpy(text, head, strlen(head));
	memcpy(text + strlen(head), key, strlen(key));
	memset(text + strlen(head) + strlen(key), 'x', len - strlen(key));
	text[strlen(head) + len] = '\n';
	return strlen(head) + len + 1;
}

static bool lines_of_4096_bytes_are_taken_whole(const char **skip)
{
	char text[5000], said[4096];
	struct config *c;
	bool kept;

	(void)skip;
	write_file(FILE_NAME, text, long_line(text, 4096));
	c = read_config(FILE_NAME, said, sizeof(said));
	if (!c)
		return broken("%s", said);
	kept = strlen(c->sinks[0].path) == 4096 - strlen("path = ");
	config_free(c);
	return kept || broken("its value was cut");
}

static bool longer_lines_are_refused(const char **skip)
{
	char text[5000], said[4096];
	struct config *c;

	(void)skip;
	write_file(FILE_NAME, text, long_line(text, 4097));
	c = read_config(FILE_NAME, said, sizeof(said));
	config_free(c);
	return !c &&
	       tells(said, "3: the line has 4097 bytes, expected at most 4096\n"
			   "1: [sink s]: path is missing, expected a file, or - for stdout\n");
}

static bool a_nul_byte_is_refused(const char **skip)
{
	static const char text[] = "[daemon]\ncycle = 5\0\n";
	char said[4096];
	struct config *c;

	(void)skip;
	write_file(FILE_NAME, text, sizeof(text) - 1);
	c = read_config(FILE_NAME, said, sizeof(said));
	config_free(c);
	return !c && tells(said, "2: the line holds a NUL byte, expected text\n");
}

static bool a_file_that_is_not_there_is_told(const char **skip)
{
	char said[4096];
	struct config *c = read_config("missing.conf", said, sizeof(said));

	(void)skip;
	config_free(c);
	return !c && tells(said, "meterd: error: missing.conf: it cannot be read: No such file or "
				 "directory\n");
}

static bool a_directory_is_no_file(const char **skip)
{
	char said[4096];
	struct config *c = read_config("/", said, sizeof(said));

	(void)skip;
	config_free(c);
	return !c && tells(said, "meterd: error: /: it cannot be read: Is a directory\n");
}

static bool a_flood_of_mistakes_is_told_up_to_a_point(const char **skip)
{
	struct text text = { 0 };
	char said[65536];
	unsigned int lines = 0;
	struct config *c;

	(void)skip;
	for (unsigned int i = 0; i < 1000; i++)
		text_add(&text, "rubbish %u\n", i);
	write_file(FILE_NAME, text.at, text.len);
	text_free(&text);
	c = read_config(FILE_NAME, said, sizeof(said));
	config_free(c);
	for (const char *at = said; *at; at++)
		lines += *at == '\n';
	return !c && lines == 51;
}

static bool other_files_add_in_the_order_of_their_bytes(const char **skip)
{
	struct config *c;
	bool kept;

	(void)skip;
	mkdir("conf.d", 0755);
	write_file("conf.d/a.conf", "[source third]\ntype = kernel\n", 29);
	write_file("conf.d/B.conf", "[source second]\ntype = kernel\n", 30);
	write_file("conf.d/10.conf", "[daemon]\ncycle = 9\n", 19);
	write_file("conf.d/.hidden.conf", "rubbish\n", 8);
	write_file("conf.d/readme.txt", "rubbish\n", 8);
	c = good("[daemon]\nlog = error\n[source first]\ntype = kernel\n");
	if (!c)
		return false;
	kept = c->source_count == 3 && c->cycle_s == 9 && c->log == LEVEL_ERROR &&
	       !strcmp(c->sources[1].name, "second") && !strcmp(c->sources[2].name, "third");
	config_free(c);
	return kept || broken("not in order");
}

static bool other_files_do_not_repeat_keys(const char **skip)
{
	char said[4096];
	struct config *c;

	(void)skip;
	c = read_text("[daemon]\ncycle = 5\n[source third]\ntype = kernel\n", said, sizeof(said));
	config_free(c);
	return !c && tells(said,
		"meterd: error: conf.d/10.conf:2: cycle: it was given already at meterd.conf:2, "
		"expected once\n"
		"meterd: error: conf.d/a.conf:1: [source third]: it was given already at "
		"meterd.conf:3, expected once\n");
}

static void remove_other_files(void)
{
	unlink("conf.d/a.conf");
	unlink("conf.d/B.conf");
	unlink("conf.d/10.conf");
	unlink("conf.d/.hidden.conf");
	unlink("conf.d/readme.txt");
	rmdir("conf.d");
}

static bool directories_follow_the_service_manager(const char **skip)
{
	struct config *c;
	bool kept;

	(void)skip;
	setenv("STATE_DIRECTORY", "/var/lib/x:/var/lib/y", 1);
	setenv("RUNTIME_DIRECTORY", "/run/x", 1);
	c = good("");
	kept = c && !strcmp(c->state, "/var/lib/x") && !strcmp(c->runtime, "/run/x");
	config_free(c);
	unsetenv("STATE_DIRECTORY");
	unsetenv("RUNTIME_DIRECTORY");
	return kept;
}

static bool same_sources_are_the_same(const char **skip)
{
	static const char text[] = "[source a]\ntype = tcp\nhost = h\n"
				   "[source b]\ntype = tcp\nhost = h\n"
				   "[source c]\ntype = tcp\nhost = h\nport = 23\n"
				   "[source d]\ntype = tcp\nhost = h\nkey_file = k\n"
				   "[source e]\ntype = tcp\nhost = h\nreplayed = refuse\n"
				   "[source f]\ntype = tcp\nhost = h\n"
				   "key = 00112233445566778899aabbccddeeff\n"
				   "[daemon]\nallow_inline_secrets = yes\n";
	struct config *c = good(text), *again = good(text);
	bool kept;

	(void)skip;
	if (!c || !again)
		return false;
	kept = source_config_same(&c->sources[0], &again->sources[0]);
	for (unsigned int i = 1; i < again->source_count; i++) {
		kept = kept && source_config_same(&c->sources[i], &again->sources[i]);
		memcpy(again->sources[i].name, "a", 2);
		kept = kept &&
		       source_config_same(&c->sources[0], &again->sources[i]) == (i == 1);
	}
	config_free(c);
	config_free(again);
	return kept;
}

/* Each key has a paragraph ".It Cm key" below ".Sh [section" of the page, and no other has. */
static bool the_manual_page_has(const char *page, const struct config_kind *kind)
{
	static const char item[] = "\n.It Cm ";
	char section[64], head[64];
	const char *from, *end;
	bool kept = true;

	snprintf(section, sizeof(section), "\n.Sh [%s", kind->name);
	from = strstr(page, section);
	if (!from)
		return broken("no section [%s]", kind->name);
	end = strstr(from + 1, "\n.Sh");
	for (const struct config_key *k = kind->keys; k->name; k++) {
		const char *found;

		snprintf(head, sizeof(head), "%s%s ", item, k->name);
		found = strstr(from, head);
		if (!found || found > end)
			kept = broken("[%s] %s is not in the page", kind->name, k->name);
	}
	for (const char *at = from; (at = strstr(at + 1, item)) && at < end;) {
		const char *name = at + strlen(item);
		bool known = false;

		for (const struct config_key *k = kind->keys; k->name; k++)
			known |= !strncmp(k->name, name, strlen(k->name)) &&
				 name[strlen(k->name)] == ' ';
		if (!known)
			kept = broken("[%s] %.20s is in the page only", kind->name, name);
	}
	return kept;
}

static char page[65536];
static char example[65536];

static bool the_manual_page_and_the_parser_know_the_same_keys(const char **skip)
{
	bool kept = true;

	(void)skip;
	if (!*page)
		return broken("no Documentation/meterd.conf.5");
	for (const struct config_kind *k = config_kinds; k->name; k++)
		kept &= the_manual_page_has(page, k);
	return kept;
}

/* As it is: all is a comment but the names of sections. */
/* Debian 12's keeps too few edges. */
static bool a_gpio_at_9600_baud_wants_a_library_that_keeps_its_edges(const char **skip)
{
	static const struct mistake fast = {
		.text = "[source a]\ntype = gpio\nline = GPIO18\nspeed = 9600\n",
		.said = "4: speed = 9600: libgpiod 1.6, which this meterd is built with, keeps 16 "
			"edges, too few for this speed; expected 1200, or the kernel module, or "
			"libgpiod 2\n",
	};
	struct config *c;
	bool kept;

	(void)skip;
	if (!gpio_uart_reads(9600))
		return refuses(&fast);
	c = good(fast.text);
	kept = c && c->sources[0].speed_bit_per_s == 9600;
	config_free(c);
	return kept;
}

static bool the_example_is_fine_as_it_is(const char **skip)
{
	struct config *c;
	bool kept;

	(void)skip;
	if (!*example)
		return broken("no Documentation/meterd.conf");
	c = good(example);
	kept = c && c->source_count == 1 && c->sources[0].type == SOURCE_KERNEL;
	config_free(c);
	return kept;
}

/* And with each key uncommented, ";key = value" and ";[section]", too. */
static bool the_example_is_fine_when_it_is_uncommented(const char **skip)
{
	struct config *c;
	char *to = example;
	bool kept;

	(void)skip;
	if (!*example)
		return broken("no Documentation/meterd.conf");
	for (const char *from = example; *from; from++)
		if (*from != ';' || (from != example && from[-1] != '\n') ||
		    from[1] == ' ' || from[1] == '\n')
			*to++ = *from;
	*to = '\0';
	c = good(example);
	kept = c && c->source_count == 8 && c->meter_count && c->sink_count == 5 && c->mqtt &&
	       c->price_count == 1;
	config_free(c);
	return kept;
}

static const struct promise promises[] = {
	{ "a_mistake_in_ranges_is_told_with_its_reason",
	  a_mistake_in_ranges_is_told_with_its_reason },
	{ "nothing_is_needed", nothing_is_needed },
	{ "an_empty_file_is_no_configuration", an_empty_file_is_no_configuration },
	{ "comments_and_blanks_are_no_values", comments_and_blanks_are_no_values },
	{ "all_keys_arrive", all_keys_arrive },
	{ "an_empty_mqtt_section_has_the_defaults_of_the_contract",
	  an_empty_mqtt_section_has_the_defaults_of_the_contract },
	{ "a_sink_that_serves_needs_no_more_than_its_type",
	  a_sink_that_serves_needs_no_more_than_its_type },
	{ "http_can_be_off", http_can_be_off },
	{ "a_source_that_is_off_is_a_source", a_source_that_is_off_is_a_source },
	{ "lines_of_4096_bytes_are_taken_whole", lines_of_4096_bytes_are_taken_whole },
	{ "longer_lines_are_refused", longer_lines_are_refused },
	{ "a_nul_byte_is_refused", a_nul_byte_is_refused },
	{ "a_file_that_is_not_there_is_told", a_file_that_is_not_there_is_told },
	{ "a_directory_is_no_file", a_directory_is_no_file },
	{ "a_flood_of_mistakes_is_told_up_to_a_point", a_flood_of_mistakes_is_told_up_to_a_point },
	{ "other_files_add_in_the_order_of_their_bytes",
	  other_files_add_in_the_order_of_their_bytes },
	{ "other_files_do_not_repeat_keys", other_files_do_not_repeat_keys },
	{ "directories_follow_the_service_manager", directories_follow_the_service_manager },
	{ "same_sources_are_the_same", same_sources_are_the_same },
	{ "the_manual_page_and_the_parser_know_the_same_keys",
	  the_manual_page_and_the_parser_know_the_same_keys },
	{ "a_gpio_at_9600_baud_wants_a_library_that_keeps_its_edges",
	  a_gpio_at_9600_baud_wants_a_library_that_keeps_its_edges },
	{ "the_example_is_fine_as_it_is", the_example_is_fine_as_it_is },
	{ "the_example_is_fine_when_it_is_uncommented",
	  the_example_is_fine_when_it_is_uncommented },
};

static void load(const char *name, char *text, size_t size)
{
	FILE *f = fopen(name, "re");

	if (!f)
		return;
	text[fread(text, 1, size - 1, f)] = '\0';
	fclose(f);
}

int main(void)
{
	size_t count = COUNT(mistakes) + COUNT(promises), number = 0, failed = 0;

	load("Documentation/meterd.conf.5", page, sizeof(page));
	load("Documentation/meterd.conf", example, sizeof(example));
	if (!mkdtemp(directory) || chdir(directory))
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..%zu\n", count);
	for (size_t i = 0; i < count; i++) {
		const struct mistake *m = i < COUNT(mistakes) ? &mistakes[i] : NULL;
		const struct promise *p = m ? NULL : &promises[i - COUNT(mistakes)];
		const char *skip = NULL;
		bool kept = m ? refuses(m) : p->run(&skip);

		if (p && p->run == other_files_do_not_repeat_keys)
			remove_other_files();
		failed += !kept;
		printf("%sok %zu - %s\n", kept ? "" : "not ", ++number, m ? m->name : p->name);
	}
	unlink(FILE_NAME);
	if (chdir("/") || rmdir(directory))
		return 1;
	zones_free();
	return failed ? 1 : 0;
}
