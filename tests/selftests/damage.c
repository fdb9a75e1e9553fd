// SPDX-License-Identifier: MIT
/*
 * Damaged streams: nothing wrong is published, everything dropped is counted, the next is read.
 */
#include "selftest.h"

/* Feeds @t and then a good frame; returns when the record of the good frame came. */
static void feed_before_a_good_frame(struct line *l, int fd, struct text *t, char *record,
				     size_t size)
{
	tic_base(t, 7654321, 420);
	line_feed_text(l, t);
	do
		record_read(fd, record, size);
	while (!strstr(record, " BASE=007654321\n"));
}

static void damaged_group_is_never_published(void)
{
	char names[4096], record[32768];
	struct text t = { 0 };
	struct line l;
	int fd;

	line_attach(&l);
	fd = node_open(&l, 0);
	tic_begin(&t);
	tic_group(&t, "ADCO", HIST_NUMBER);
	tic_group(&t, "BASE", "000001000");
	tic_group(&t, "PAPP", "00420");
	t.bytes[t.len - 5] ^= 2;
	tic_group(&t, "IINST", "002");
	tic_end(&t);
	line_feed_text(&l, &t);
	record_read(fd, record, sizeof(record));
	require(strstr(record, ",tic-historique,-,1;"), "%s", record);
	require(!strstr(record, "PAPP") && strstr(record, " IINST=002\n"), "%s", record);
	require(counter(&l, "bad_checksum") == 1);
	require(counter(&l, "bad_form") == 0 && counter(&l, "bad_parity") == 0);
	tic_begin(&t);
	tic_group(&t, "ADCO", HIST_NUMBER);
	tic_group(&t, "BASE", "000001001");
	tic_end(&t);
	line_feed_text(&l, &t);
	require_attr(&l, "raw/BASE", "000001001");
	attr_names(&l, "raw", names, sizeof(names));
	require(!strcmp(names, "BASE "), "%s", names);
	require(attr_error(&l, "fields/power_apparent_import_va") == -ENOENT);
}

static void damaged_frame_makes_no_files_but_its_values_count(void)
{
	struct text t = { 0 };
	char names[4096], record[32768];
	struct line l;
	int fd;

	line_attach(&l);
	fd = node_open(&l, 0);
	tic_begin(&t);
	tic_group(&t, "ADCO", HIST_NUMBER);
	tic_group(&t, "BASE", "000001000");
	tic_end(&t);
	line_feed_text(&l, &t);
	record_read(fd, record, sizeof(record));
	require_attr(&l, "raw/BASE", "000001000");
	tic_base(&t, 1001, 420);
	t.bytes[t.len - 5] ^= 1;
	line_feed_text(&l, &t);
	record_read(fd, record, sizeof(record));
	require(strstr(record, ",1;") && strstr(record, " PAPP=00420\n"), "%s", record);
	require_attr(&l, "raw/BASE", "000001001");
	attr_names(&l, "raw", names, sizeof(names));
	require(!strcmp(names, "BASE "), "%s", names);
}

static void digit_that_became_a_letter_is_bad_form(void)
{
	struct text t = { 0 };
	char record[32768];
	struct line l;
	int fd;

	line_attach(&l);
	fd = node_open(&l, 0);
	tic_begin(&t);
	tic_group(&t, "ADCO", HIST_NUMBER);
	tic_group(&t, "BASE", "000001000");
	t.bytes[t.len - 4] ^= 0x40;
	tic_group(&t, "PAPP", "00420");
	tic_end(&t);
	line_feed_text(&l, &t);
	record_read(fd, record, sizeof(record));
	require(strstr(record, ",1;") && !strstr(record, "BASE"), "%s", record);
	require(attr_error(&l, "fields/energy_import_wh") == -ENOENT);
	require(counter(&l, "bad_form") == 1 && counter(&l, "bad_checksum") == 0);
}

static void frame_with_bad_checksum_is_never_published(void)
{
	struct text t = { 0 };
	char record[32768];
	struct line l;
	int fd;

	line_attach(&l);
	fd = node_open(&l, 0);
	p1_head(&t);
	p1_line(&t, "1-0:1.8.0(000666.000*kWh)");
	p1_end(&t, 1);
	p1_dsmr5(&t, 1000, 420);
	line_feed_text(&l, &t);
	record_read(fd, record, sizeof(record));
	require(strstr(record, "(000001.000*kWh)") && !strstr(record_body(record), "666"), "%s",
		record);
	require_attr(&l, "fields/energy_import_wh", "1000");
	require(counter(&l, "telegrams") == 1);
	require(counter(&l, "bad_checksum") == 1);
}

static void nothing_of_a_line_without_a_good_telegram_is_published(void)
{
	struct text t = { 0 };
	char names[4096];
	struct line l;
	int fd, i;

	line_attach(&l);
	fd = node_open(&l, 0);
	for (i = 0; i < 5; i++) {
		p1_head(&t);
		p1_line(&t, "1-0:1.8.0(000666.000*kWh)");
		p1_end(&t, 1);
		tic_begin(&t);
		tic_group(&t, "BASE", "000000666");
		t.bytes[t.len - 2] ^= 1;
		tic_end(&t);
	}
	line_feed_text(&l, &t);
	line_sync(&l);
	require(attr_is(&l, "state", "searching") && attr_is(&l, "type", "unknown"));
	attr_names(&l, "raw", names, sizeof(names));
	require(!*names, "%s", names);
	require(!(events_of(fd, POLLIN, 0) & POLLIN));
	require(counter(&l, "telegrams") == 0);
	require(counter(&l, "bad_checksum") >= 10);
}

static void damaged_line_end_loses_no_good_group(void)
{
	struct text t = { 0 };
	char record[32768];
	struct line l;
	size_t cr;
	int fd;

	line_attach(&l);
	fd = node_open(&l, 0);
	tic_begin(&t);
	tic_group(&t, "ADCO", HIST_NUMBER);
	tic_group(&t, "BASE", "000001000");
	cr = t.len - 1;
	tic_group(&t, "PAPP", "00420");
	tic_end(&t);
	t.bytes[cr] = 0x0f;
	line_feed_text(&l, &t);
	record_read(fd, record, sizeof(record));
	require(strstr(record, ",-,0;") && strstr(record, " BASE=000001000\n") &&
			strstr(record, " PAPP=00420\n"),
		"%s", record);
}

static void frame_cut_by_another_is_a_resync(void)
{
	struct text t = { 0 };
	char record[32768];
	struct line l;
	int fd;

	line_attach(&l);
	fd = node_open(&l, 0);
	tic_begin(&t);
	tic_group(&t, "ADCO", HIST_NUMBER);
	tic_group(&t, "BASE", "000000666");
	feed_before_a_good_frame(&l, fd, &t, record, sizeof(record));
	require(counter(&l, "telegrams") == 1);
	require(counter(&l, "resyncs") == 1);
}

static void next_telegram_after_noise_is_read(void)
{
	struct text t = { 0 };
	char record[32768];
	unsigned int seed = 1;
	struct line l;
	int fd, i;

	line_attach(&l);
	fd = node_open(&l, 0);
	for (i = 0; i < 20000; i++)
		t.bytes[t.len++] = rand_r(&seed) >> 8;
	feed_before_a_good_frame(&l, fd, &t, record, sizeof(record));
	require_attr(&l, "fields/energy_import_wh", "7654321");
}

static void wrong_parity_damages_only_its_group(void)
{
	struct text t = { 0 };
	char record[32768];
	struct line l;
	size_t i, papp;
	int fd;

	line_attach(&l);
	fd = node_open(&l, 0);
	tic_base(&t, 1000, 420);
	tic_begin(&t);
	tic_group(&t, "ADCO", HIST_NUMBER);
	tic_group(&t, "BASE", "000001001");
	tic_group(&t, "PAPP", "00430");
	papp = t.len - 6;
	tic_end(&t);
	for (i = 0; i < t.len; i++)
		if (__builtin_parity((uint8_t)t.bytes[i]))
			t.bytes[i] |= 0x80;
	t.bytes[papp] ^= 0x80;
	line_feed_text(&l, &t);
	record_read(fd, record, sizeof(record));
	require(strstr(record, ",-,0;" HIST_NUMBER) && strstr(record, " BASE=000001000\n"), "%s",
		record);
	record_read(fd, record, sizeof(record));
	require(strstr(record, ",-,1;") && strstr(record, " BASE=000001001\n") &&
			!strstr(record, "PAPP"),
		"%s", record);
	require(counter(&l, "bad_parity") == 1 && counter(&l, "bad_checksum") == 0);
}

static void every_byte_is_counted_exactly(void)
{
	struct text t = { 0 };
	struct line l;
	int i;

	line_attach(&l);
	for (i = 0; i < 100; i++)
		tic_std(&t, i, 420);
	add(&t, "between frames");
	line_feed_text(&l, &t);
	line_sync(&l);
	require(counter(&l, "bytes") == l.sent, "%llu of %llu",
		(unsigned long long)counter(&l, "bytes"), (unsigned long long)l.sent);
	require(counter(&l, "telegrams") == 100);
	require(counter(&l, "uart_overruns") == 0 && counter(&l, "resyncs") == 0);
}

static void damage_makes_no_flood_in_the_log(void)
{
	char message[8192];
	struct text t = { 0 };
	int kmsg, i, messages = 0;
	struct line l;

	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	require(kmsg >= 0);
	require(lseek(kmsg, 0, SEEK_END) >= 0);
	line_attach(&l);
	for (i = 0; i < 300; i++) {
		tic_base(&t, 1000, 420);
		t.bytes[t.len - 30] ^= 1;
		add(&t, "\002\002\nJUNK");
		if (t.len > 60000)
			line_feed_text(&l, &t);
	}
	line_feed_text(&l, &t);
	line_sync(&l);
	while (read(kmsg, message, sizeof(message)) > 0)
		messages++;
	require(messages < 20, "%d messages", messages);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		TEST(damaged_group_is_never_published),
		TEST(damaged_frame_makes_no_files_but_its_values_count),
		TEST(digit_that_became_a_letter_is_bad_form),
		TEST(frame_with_bad_checksum_is_never_published),
		TEST(nothing_of_a_line_without_a_good_telegram_is_published),
		TEST(damaged_line_end_loses_no_good_group),
		TEST(frame_cut_by_another_is_a_resync),
		TEST(next_telegram_after_noise_is_read),
		TEST(wrong_parity_damages_only_its_group),
		TEST(every_byte_is_counted_exactly),
		TEST(damage_makes_no_flood_in_the_log),
	};

	return selftest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
