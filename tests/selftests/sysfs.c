// SPDX-License-Identifier: MIT
/*
 * /sys/class/meter/meterN: what is there before, with and after telegrams; who may read it; events.
 */
#include "selftest.h"

static void attached_line_is_a_searching_meter(void)
{
	char names[4096];
	struct line l;

	line_attach(&l);
	require(l.meter == 0);
	require(attr_is(&l, "type", "unknown"));
	require(attr_is(&l, "state", "searching"));
	require(attr_is(&l, "seen", "nothing"));
	require(attr_is(&l, "source", "tty"));
	require(attr_is(&l, "port", l.port));
	attr_names(&l, "fields", names, sizeof(names));
	require(!*names, "fields/ has %s", names);
	attr_names(&l, "raw", names, sizeof(names));
	require(!*names, "raw/ has %s", names);
	attr_names(&l, "statistics", names, sizeof(names));
	require(!strcmp(names, "bad_checksum bad_form bad_parity bytes iio_skipped oversize "
			       "records_lost resyncs telegrams uart_framing uart_overruns "
			       "unknown_labels "),
		"%s", names);
}

static void historique_arrives_in_fields_and_raw(void)
{
	struct text t = { 0 };
	struct line l;

	line_attach(&l);
	tic_base(&t, 1234567, 420);
	line_feed_text(&l, &t);
	require_attr(&l, "fields/energy_import_wh", "1234567");
	require_attr(&l, "fields/energy_import_t1_wh", "1234567");
	require_attr(&l, "fields/power_apparent_import_va", "420");
	require_attr(&l, "fields/current_l1_ma", "2000");
	require_attr(&l, "fields/current_subscribed_ma", "30000");
	require_attr(&l, "fields/load_permille", "67");
	require_attr(&l, "fields/tariff", "1");
	require_attr(&l, "raw/BASE", "001234567");
	require_attr(&l, "raw/PTEC", "TH..");
	require_attr(&l, "type", "tic-historique");
	require_attr(&l, "state", "locked");
	require_attr(&l, "serial", HIST_NUMBER);
}

static void standard_arrives_in_fields_and_raw(void)
{
	struct text t = { 0 };
	struct line l;

	line_attach(&l);
	tic_std(&t, 1234567, 420);
	line_feed_text(&l, &t);
	require_attr(&l, "fields/energy_import_wh", "1234567");
	require_attr(&l, "fields/voltage_l1_mv", "231000");
	require_attr(&l, "fields/power_reference_va", "6000");
	require_attr(&l, "fields/load_permille", "70");
	require_attr(&l, "raw/EAST", "001234567");
	require_attr(&l, "raw/SMAXSN", "E241011000512\t02350");
	require_attr(&l, "raw/DATE", "E241011010531\t");
	require_attr(&l, "raw/NGTF", "     BASE       ");
	require_attr(&l, "type", "tic-standard");
	require_attr(&l, "serial", STD_NUMBER);
}

static void p1_arrives_in_fields_and_raw(void)
{
	struct text t = { 0 };
	struct line l;

	line_attach(&l);
	p1_dsmr5(&t, 1234567, 420);
	line_feed_text(&l, &t);
	require_attr(&l, "fields/energy_import_wh", "1234567");
	require_attr(&l, "fields/energy_import_t1_wh", "1234567");
	require_attr(&l, "fields/energy_import_t2_wh", "0");
	require_attr(&l, "fields/power_import_w", "420");
	require_attr(&l, "fields/power_net_w", "420");
	require_attr(&l, "fields/voltage_l1_mv", "230100");
	require_attr(&l, "fields/current_l1_ma", "1000");
	require_attr(&l, "raw/1-0:1.8.1", "(001234.567*kWh)");
	require_attr(&l, "type", "p1");
	require_attr(&l, "serial", P1_NUMBER);
}

static void values_are_rounded_half_away_from_zero(void)
{
	struct text t = { 0 };
	struct line l;

	line_attach(&l);
	p1_head(&t);
	p1_line(&t, "1-0:1.8.0(0000001.2345*kWh)");
	p1_line(&t, "1-0:16.7.0(-00.0005*kW)");
	p1_line(&t, "1-0:14.7.0(49.98*Hz)");
	p1_line(&t, "1-0:13.7.0(0.985)");
	p1_end(&t, 0);
	line_feed_text(&l, &t);
	require_attr(&l, "fields/energy_import_wh", "1235");
	require_attr(&l, "fields/power_net_w", "-1");
	require_attr(&l, "fields/frequency_millihz", "49980");
	require_attr(&l, "fields/power_factor_permille", "985");
}

static void raw_drops_line_ends_inside_an_object(void)
{
	struct text t = { 0 };
	struct line l;

	line_attach(&l);
	p1_head(&t);
	p1_line(&t, "0-1:24.1.0(03)");
	p1_line(&t, "0-1:24.3.0(121030140000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(00024.123)");
	p1_end(&t, 0);
	line_feed_text(&l, &t);
	require_attr(&l, "raw/0-1:24.3.0", "(121030140000)(00)(60)(1)(0-1:24.2.1)(m3)(00024.123)");
}

static void raw_escapes_bytes_outside_ascii(void)
{
	struct text t = { 0 };
	struct line l;

	line_attach(&l);
	p1_head(&t);
	p1_line(&t, "0-0:17.0.0(a\001b)");
	p1_end(&t, 0);
	line_feed_text(&l, &t);
	require_attr(&l, "raw/0-0:17.0.0", "(a\\x01b)");
}

/* Mode of a file, 0 when there is none. */
static unsigned int mode_of(const struct line *l, const char *name)
{
	struct stat s;
	char path[300];

	return stat(attr_path(l, name, path, sizeof(path)), &s) ? 0 : s.st_mode & 07777;
}

static void quantities_are_world_readable_and_nothing_is_writable(void)
{
	static const char *const names[] = {
		"type",
		"id",
		"port",
		"source",
		"state",
		"seen",
		"last_telegram",
		"statistics/bytes",
		"fields/energy_import_wh",
		"raw/BASE",
	};
	struct text t = { 0 };
	struct line l;
	size_t i;

	line_attach(&l);
	tic_base(&t, 1234567, 420);
	line_feed_text(&l, &t);
	require_attr(&l, "raw/BASE", "001234567");
	for (i = 0; i < ARRAY_SIZE(names); i++)
		require(mode_of(&l, names[i]) == 0444, "%s has mode %o", names[i],
			mode_of(&l, names[i]));
}

static void serial_number_is_not_world_readable(void)
{
	char path[64], text[64];
	struct text t = { 0 };
	struct stat s;
	struct line l;

	line_attach(&l);
	tic_base(&t, 1234567, 420);
	line_feed_text(&l, &t);
	require_attr(&l, "serial", HIST_NUMBER);
	require(mode_of(&l, "serial") == 0440);
	require(!stat(node_path(&l, path, sizeof(path)), &s));
	require(!(s.st_mode & 0137), "%s has mode %o", path, s.st_mode & 07777);
	require(!setgid(NOBODY) && !setuid(NOBODY));
	require_attr(&l, "fields/energy_import_wh", "1234567");
	require(attr_read(&l, "serial", text, sizeof(text)) == -EACCES);
	require(file_read(path, text, sizeof(text)) == -EACCES);
}

/* Whether any file of the meter that everyone may read has @text in it. */
static bool world_can_read(const struct line *l, const char *directory, const char *text)
{
	char path[200], names[8192], value[4200], *name, *rest = names;

	attr_names(l, directory, names, sizeof(names));
	while ((name = strsep(&rest, " "))) {
		snprintf(path, sizeof(path), "%s/%s", directory, name);
		if (*name && mode_of(l, path) & 0004 &&
		    attr_read(l, path, value, sizeof(value)) > 0 && strstr(value, text)) {
			printf("# %s says %s\n", path, value);
			return true;
		}
	}
	return false;
}

static void identifying_labels_have_no_raw_file(void)
{
	struct text t = { 0 };
	char names[4096];
	struct line l;

	line_attach(&l);
	tic_begin(&t);
	tic_std_group(&t, "ADSC", NULL, STD_NUMBER);
	tic_std_group(&t, "EAST", NULL, "001234567");
	tic_std_group(&t, "PRM", NULL, "09876543210987");
	tic_end(&t);
	line_feed_text(&l, &t);
	require_attr(&l, "raw/EAST", "001234567");
	attr_names(&l, "raw", names, sizeof(names));
	require(!strcmp(names, "EAST "), "%s", names);
	require(!world_can_read(&l, ".", STD_NUMBER) && !world_can_read(&l, "raw", "0987654321"));
	line_close(&l);

	line_attach(&l);
	p1_head(&t);
	p1_line(&t, "0-0:42.0.0(111222333)");
	p1_line(&t, "0-0:96.13.0(48656C6C6F)");
	p1_line(&t, "0-0:96.13.1(111222333)");
	p1_line(&t, "0-1:24.1.0(003)");
	p1_line(&t, "0-1:96.1.0(4730303332353631)");
	p1_line(&t, "1-0:1.8.0(000001.000*kWh)");
	p1_end(&t, 0);
	line_feed_text(&l, &t);
	require_attr(&l, "raw/1-0:1.8.0", "(000001.000*kWh)");
	attr_names(&l, "raw", names, sizeof(names));
	require(!strstr(names, ":96.1.") && !strstr(names, ":42.0.0") && !strstr(names, ":96.13."),
		"%s", names);
	require(!world_can_read(&l, "raw", "111222333") && !world_can_read(&l, "raw", "3030"));
}

static void unknown_label_never_becomes_a_file(void)
{
	char names[4096], record[32768];
	struct text t = { 0 };
	struct line l;
	int fd;

	line_attach(&l);
	fd = node_open(&l, 0);
	tic_begin(&t);
	tic_group(&t, "ADCO", HIST_NUMBER);
	tic_group(&t, "ZZTOP", "007");
	tic_group(&t, "BASE", "001234567");
	tic_end(&t);
	line_feed_text(&l, &t);
	record_read(fd, record, sizeof(record));
	require(strstr(record, "\n ZZTOP=007\n"), "%s", record);
	require_attr(&l, "raw/BASE", "001234567");
	attr_names(&l, "raw", names, sizeof(names));
	require(!strcmp(names, "BASE "), "%s", names);
	require(counter(&l, "unknown_labels") == 1);
	line_close(&l);

	line_attach(&l);
	p1_head(&t);
	p1_line(&t, "9-9:9.9.9(1)");
	p1_line(&t, "1-0:1.8.0(000001.000*kWh)");
	p1_line(&t, "255-255:255.255.255(../../x)");
	p1_end(&t, 0);
	line_feed_text(&l, &t);
	require_attr(&l, "raw/1-0:1.8.0", "(000001.000*kWh)");
	attr_names(&l, "raw", names, sizeof(names));
	require(!strstr(names, "9-9") && !strstr(names, "255"), "%s", names);
	require(counter(&l, "unknown_labels") == 2);
}

static void unknown_is_absent_and_never_zero(void)
{
	static const char *const names[] = {
		"id",
		"serial",
		"last_telegram",
		"fields/energy_import_wh",
	};
	char text[64];
	struct line l;
	size_t i;

	line_attach(&l);
	for (i = 0; i < ARRAY_SIZE(names); i++)
		require(attr_read(&l, names[i], text, sizeof(text)) <= 0, "%s says %s", names[i],
			text);
}

static void missing_from_a_full_frame_is_no_data(void)
{
	struct text t = { 0 };
	struct line l;

	line_attach(&l);
	tic_base(&t, 1000, 420);
	line_feed_text(&l, &t);
	require_attr(&l, "fields/power_apparent_import_va", "420");
	require_attr(&l, "raw/PAPP", "00420");
	tic_begin(&t);
	tic_group(&t, "ADCO", HIST_NUMBER);
	tic_group(&t, "BASE", "000001001");
	tic_end(&t);
	line_feed_text(&l, &t);
	require_attr(&l, "fields/energy_import_wh", "1001");
	require_attr_error(&l, "fields/power_apparent_import_va", -ENODATA);
	require_attr_error(&l, "raw/PAPP", -ENODATA);
	tic_base(&t, 1002, 430);
	line_feed_text(&l, &t);
	require_attr(&l, "fields/power_apparent_import_va", "430");
	require_attr(&l, "raw/PAPP", "00430");
}

static void invalid_value_is_no_data(void)
{
	struct text t = { 0 };
	struct line l;

	line_attach(&l);
	p1_dsmr5(&t, 1000, 420);
	line_feed_text(&l, &t);
	require_attr(&l, "fields/power_import_w", "420");
	p1_head(&t);
	p1_line(&t, "1-0:1.8.1(000001.001*kWh)");
	p1_line(&t, "1-0:1.8.2(000000.000*kWh)");
	p1_line(&t, "1-0:1.7.0(00.42)");
	p1_end(&t, 0);
	line_feed_text(&l, &t);
	require_attr(&l, "fields/energy_import_wh", "1001");
	require_attr_error(&l, "fields/power_import_w", -ENODATA);
	require_attr(&l, "raw/1-0:1.7.0", "(00.42)");
}

static void value_is_kept_across_damaged_and_short_frames(void)
{
	char record[32768];
	struct text t = { 0 };
	struct line l;
	int fd;

	line_attach(&l);
	fd = node_open(&l, 0);
	tic_base(&t, 1000, 420);
	line_feed_text(&l, &t);
	require_attr(&l, "fields/power_apparent_import_va", "420");
	record_read(fd, record, sizeof(record));
	/* a short one: three-phase overload */
	tic_begin(&t);
	tic_group(&t, "ADIR1", "095");
	tic_group(&t, "ADCO", HIST_NUMBER);
	tic_group(&t, "IINST1", "095");
	tic_end(&t);
	line_feed_text(&l, &t);
	record_read(fd, record, sizeof(record));
	require_attr(&l, "raw/ADIR1", "095");
	require(attr_is(&l, "fields/energy_import_wh", "1000"));
	require(attr_is(&l, "fields/power_apparent_import_va", "420"));
	/* a damaged one: PAPP is lost */
	tic_begin(&t);
	tic_group(&t, "ADCO", HIST_NUMBER);
	tic_group(&t, "BASE", "000001001");
	tic_group(&t, "PAPP", "00500");
	t.bytes[t.len - 6] ^= 1;
	tic_end(&t);
	line_feed_text(&l, &t);
	record_read(fd, record, sizeof(record));
	require_attr(&l, "fields/energy_import_wh", "1001");
	require(attr_is(&l, "fields/power_apparent_import_va", "420"));
	require(attr_is(&l, "raw/PAPP", "00420"));
}

static void file_is_there_once_and_stays(void)
{
	char path[300];
	struct text t = { 0 };
	struct stat first, again;
	struct line l;
	int i;

	line_attach(&l);
	tic_base(&t, 1000, 420);
	line_feed_text(&l, &t);
	require_attr(&l, "raw/PAPP", "00420");
	require(!stat(attr_path(&l, "raw/PAPP", path, sizeof(path)), &first));
	for (i = 0; i < 20; i++) {
		tic_begin(&t);
		tic_group(&t, "ADCO", HIST_NUMBER);
		tic_group(&t, "BASE", "000001001");
		tic_end(&t);
		tic_base(&t, 1002, 430);
	}
	line_feed_text(&l, &t);
	require_attr(&l, "raw/PAPP", "00430");
	require(!stat(path, &again) && again.st_ino == first.st_ino);
}

static void type_change_rebuilds_fields_and_raw(void)
{
	char names[4096], event[4096];
	struct text t = { 0 };
	int uevents, changes = 0;
	struct line l;

	line_attach(&l);
	tic_base(&t, 1000, 420);
	line_feed_text(&l, &t);
	require_attr(&l, "state", "locked");
	require_attr(&l, "fields/current_subscribed_ma", "30000");
	uevents = uevents_open();
	tic_std(&t, 2000, 430);
	line_feed_text(&l, &t);
	require_attr(&l, "type", "tic-standard");
	require_attr(&l, "raw/EAST", "000002000");
	require_attr(&l, "fields/energy_import_wh", "2000");
	require_attr_error(&l, "raw/BASE", -ENOENT);
	require_attr_error(&l, "raw/PTEC", -ENOENT);
	require_attr_error(&l, "fields/current_subscribed_ma", -ENOENT);
	require(becomes_true((attr_names(&l, "raw", names, sizeof(names)),
			      !strcmp(names, "DATE EASF01 EAST IRMS1 NGTF NTARF PREF SINSTS "
					     "SMAXSN URMS1 VTIC ")),
			     PATIENCE_MS),
		"%s", names);
	line_close(&l);
	while (uevent_next(uevents, PATIENCE_MS, event, sizeof(event))) {
		changes += !!strstr(event, "\nACTION=change\n");
		if (strstr(event, "\nACTION=remove\n"))
			break;
	}
	require(changes == 1, "%d change events", changes);
}

/* The id of both modes of one meter: CRC-32 of the number, bit by bit. */
static void id_for(const char *prefix, const char *number, char *id, size_t size)
{
	uint32_t crc = ~0u;
	int bit;

	for (; *number; number++) {
		crc ^= (uint8_t)*number;
		for (bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
	}
	snprintf(id, size, "%s-%08x", prefix, ~crc);
}

static void id_is_the_crc_of_the_number_in_every_mode(void)
{
	struct text t = { 0 };
	struct line l;
	char id[32];

	line_attach(&l);
	tic_base(&t, 1000, 420);
	line_feed_text(&l, &t);
	id_for("tic", HIST_NUMBER, id, sizeof(id));
	require_attr(&l, "id", id);
	tic_std(&t, 1000, 420);
	line_feed_text(&l, &t);
	id_for("tic", STD_NUMBER, id, sizeof(id));
	require_attr(&l, "id", id);
	line_close(&l);
	line_attach(&l);
	p1_dsmr5(&t, 1000, 420);
	line_feed_text(&l, &t);
	id_for("p1", P1_NUMBER, id, sizeof(id));
	require_attr(&l, "id", id);
}

static void another_meter_on_the_line_is_named(void)
{
	char event[4096], id[32];
	struct text t = { 0 };
	struct line l;
	int uevents;

	line_attach(&l);
	tic_base(&t, 1000, 420);
	line_feed_text(&l, &t);
	require_attr(&l, "state", "locked");
	uevents = uevents_open();
	tic_begin(&t);
	tic_group(&t, "ADCO", "999888777666");
	tic_group(&t, "BASE", "000000005");
	tic_end(&t);
	line_feed_text(&l, &t);
	id_for("tic", "999888777666", id, sizeof(id));
	require_attr(&l, "serial", "999888777666");
	require_attr(&l, "id", id);
	require(uevent_next(uevents, PATIENCE_MS, event, sizeof(event)));
	require(strstr(event, "\nACTION=change\n") && strstr(event, id), "%s", event);
}

static bool has_line(const char *text, const char *key, const char *value)
{
	char line[128];

	snprintf(line, sizeof(line), "\n%s=%s\n", key, value);
	return strstr(text, line);
}

static void uevents_carry_id_type_and_port(void)
{
	char event[4096], id[32], path[300];
	struct text t = { 0 };
	struct line l;
	int uevents;

	uevents = uevents_open();
	line_attach(&l);
	require(uevent_next(uevents, PATIENCE_MS, event, sizeof(event)));
	require(has_line(event, "ACTION", "add") && has_line(event, "METER_PORT", l.port) &&
			has_line(event, "METER_TYPE", "unknown") &&
			has_line(event, "DEVNAME", "meter0"),
		"%s", event);
	tic_base(&t, 1000, 420);
	line_feed_text(&l, &t);
	id_for("tic", HIST_NUMBER, id, sizeof(id));
	do {
		require(uevent_next(uevents, PATIENCE_MS, event, sizeof(event)), "no id: %s",
			event);
		require(has_line(event, "ACTION", "change"), "%s", event);
	} while (!strstr(event, "\nMETER_ID="));
	require(has_line(event, "METER_ID", id) &&
			has_line(event, "METER_TYPE", "tic-historique") &&
			has_line(event, "METER_PORT", l.port),
		"%s", event);
	/* coldplug */
	require(file_write(attr_path(&l, "uevent", path, sizeof(path)), "add"));
	require(uevent_next(uevents, PATIENCE_MS, event, sizeof(event)));
	require(has_line(event, "ACTION", "add") && has_line(event, "METER_ID", id) &&
			has_line(event, "METER_TYPE", "tic-historique"),
		"%s", event);
	require(!strstr(event, HIST_NUMBER));
}

static void telegrams_alone_make_no_uevents(void)
{
	char event[4096];
	struct text t = { 0 };
	struct line l;
	int uevents, i;

	line_attach(&l);
	tic_base(&t, 1000, 420);
	line_feed_text(&l, &t);
	require_attr(&l, "state", "locked");
	uevents = uevents_open();
	for (i = 0; i < 10; i++)
		tic_base(&t, 1000 + i, 420);
	line_feed_text(&l, &t);
	require_attr(&l, "fields/energy_import_wh", "1009");
	line_close(&l);
	require(uevent_next(uevents, PATIENCE_MS, event, sizeof(event)));
	require(has_line(event, "ACTION", "remove"), "%s", event);
}

/* Opens a pollable attribute and reads it once, which arms it. */
static int attr_arm(const struct line *l, const char *name)
{
	char path[300], text[64];
	int fd = open(attr_path(l, name, path, sizeof(path)), O_RDONLY | O_CLOEXEC);

	require(fd >= 0);
	if (read(fd, text, sizeof(text)) < 0)
		require(errno == ENODATA);
	return fd;
}

static void state_and_last_telegram_can_be_polled(void)
{
	int state, last, type_locked;
	struct text t = { 0 };
	int64_t before, ns;
	struct line l;
	char text[64];

	line_attach(&l);
	state = attr_arm(&l, "state");
	last = attr_arm(&l, "last_telegram");
	require(!(events_of(state, POLLPRI, 0) & POLLPRI));
	before = clock_ns(CLOCK_BOOTTIME);
	tic_base(&t, 1000, 420);
	line_feed_text(&l, &t);
	require(events_of(state, POLLPRI, PATIENCE_MS) & POLLPRI);
	type_locked = attr_is(&l, "state", "locked");
	require(type_locked);
	require(events_of(last, POLLPRI, PATIENCE_MS) & POLLPRI);
	require(attr_read(&l, "last_telegram", text, sizeof(text)) > 0);
	ns = strtoll(text, NULL, 10);
	require(ns >= before && ns <= clock_ns(CLOCK_BOOTTIME), "%s", text);
	close(last);
	last = attr_arm(&l, "last_telegram");
	tic_base(&t, 1001, 420);
	line_feed_text(&l, &t);
	require(events_of(last, POLLPRI, PATIENCE_MS) & POLLPRI);
	require(attr_read(&l, "last_telegram", text, sizeof(text)) > 0);
	require(strtoll(text, NULL, 10) > ns);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		TEST(attached_line_is_a_searching_meter),
		TEST(historique_arrives_in_fields_and_raw),
		TEST(standard_arrives_in_fields_and_raw),
		TEST(p1_arrives_in_fields_and_raw),
		TEST(values_are_rounded_half_away_from_zero),
		TEST(raw_drops_line_ends_inside_an_object),
		TEST(raw_escapes_bytes_outside_ascii),
		TEST(quantities_are_world_readable_and_nothing_is_writable),
		TEST(serial_number_is_not_world_readable),
		TEST(identifying_labels_have_no_raw_file),
		TEST(unknown_label_never_becomes_a_file),
		TEST(unknown_is_absent_and_never_zero),
		TEST(missing_from_a_full_frame_is_no_data),
		TEST(invalid_value_is_no_data),
		TEST(value_is_kept_across_damaged_and_short_frames),
		TEST(file_is_there_once_and_stays),
		TEST(type_change_rebuilds_fields_and_raw),
		TEST(id_is_the_crc_of_the_number_in_every_mode),
		TEST(another_meter_on_the_line_is_named),
		TEST(uevents_carry_id_type_and_port),
		TEST(telegrams_alone_make_no_uevents),
		TEST(state_and_last_telegram_can_be_polled),
	};

	return selftest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
