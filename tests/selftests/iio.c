// SPDX-License-Identifier: MIT
/*
 * The meter as an IIO device: attributes, buffered samples, what is not sent.
 */
#include "selftest.h"

/* Fails unless the attribute of the IIO device becomes @value. */
#define require_iio(iio, name, value)                                                     \
	do {                                                                              \
		char now_[256];                                                           \
		if (!becomes_true(iio_read(iio, name, now_, sizeof(now_)) >= 0 &&         \
					  !strcmp(now_, value),                           \
				  PATIENCE_MS))                                           \
			require(!"attribute", "%s is '%s', not '%s'", name, now_, value); \
	} while (0)

static double iio_number(int iio, const char *name)
{
	char text[64];

	require(iio_read(iio, name, text, sizeof(text)) > 0, "no %s", name);
	return atof(text);
}

/* The scale of a channel, its own or that of its type. */
static double iio_scale(int iio, const char *channel)
{
	char name[64], text[64];

	snprintf(name, sizeof(name), "%s_scale", channel);
	if (iio_read(iio, name, text, sizeof(text)) > 0)
		return atof(text);
	snprintf(name, sizeof(name), "%.*s_scale", (int)strcspn(channel, "0123456789"), channel);
	return iio_number(iio, name);
}

/* A line with one full frame of standard heard, and its IIO device. */
static int attach_standard(struct line *l)
{
	struct text t = { 0 };

	line_attach(l);
	tic_std(&t, 1234567, 420);
	line_feed_text(l, &t);
	return iio_wait(l);
}

static void device_comes_with_the_first_full_undamaged_telegram(void)
{
	struct text t = { 0 };
	char record[32768];
	struct line l;
	int fd;

	if (access("/sys/bus/iio", F_OK))
		skip("this kernel has no IIO");
	line_attach(&l);
	require(iio_find(&l) < 0);
	fd = node_open(&l, 0);
	/* damaged */
	tic_base(&t, 1000, 420);
	t.bytes[t.len - 5] ^= 1;
	line_feed_text(&l, &t);
	record_read(fd, record, sizeof(record));
	/* short */
	tic_begin(&t);
	tic_group(&t, "ADIR1", "095");
	tic_group(&t, "ADCO", HIST_NUMBER);
	tic_end(&t);
	line_feed_text(&l, &t);
	record_read(fd, record, sizeof(record));
	require_attr(&l, "raw/ADIR1", "095");
	require(iio_find(&l) < 0);
	tic_base(&t, 1001, 420);
	line_feed_text(&l, &t);
	require(iio_wait(&l) >= 0);
}

static void channels_have_label_raw_and_scale(void)
{
	static const struct {
		const char *channel, *label, *raw;
		double scale;
	} rows[] = {
		{ "in_voltage0", "l1", "2310", 100 },
		{ "in_current0", "l1", "2000", 1 },
		{ "in_power0", "apparent_import", "420", 1000 },
		{ "in_energy0", "import", "1234567", 3600 },
		{ "in_energy1", "import_t1", "1234567", 3600 },
	};
	struct line l;
	char name[64];
	size_t i;
	int iio;

	iio = attach_standard(&l);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		snprintf(name, sizeof(name), "%s_raw", rows[i].channel);
		require_iio(iio, name, rows[i].raw);
		snprintf(name, sizeof(name), "%s_label", rows[i].channel);
		require_iio(iio, name, rows[i].label);
		require(iio_scale(iio, rows[i].channel) == rows[i].scale, "%s", rows[i].channel);
	}
}

static void p1_has_its_channels(void)
{
	struct text t = { 0 };
	struct line l;
	int iio;

	line_attach(&l);
	p1_dsmr5(&t, 1234567, 420);
	line_feed_text(&l, &t);
	iio = iio_wait(&l);
	require_iio(iio, "in_power5_label", "active_import");
	require_iio(iio, "in_power5_raw", "420");
	require_iio(iio, "in_power13_label", "active_net");
	require_iio(iio, "in_power13_raw", "420");
	require_iio(iio, "in_energy2_label", "import_t2");
	require_iio(iio, "in_energy2_raw", "0");
	require_iio(iio, "in_voltage0_raw", "2301");
}

static void iio_energy_equals_sysfs_energy_equals_record(void)
{
	char record[32768], wanted[64], value[64];
	struct text t = { 0 };
	struct line l;
	int fd, iio;

	iio = attach_standard(&l);
	fd = node_open(&l, 0);
	require(lseek(fd, 0, SEEK_END) >= 0);
	tic_std(&t, 987654321, 420);
	line_feed_text(&l, &t);
	record_read(fd, record, sizeof(record));
	require_iio(iio, "in_energy0_raw", "987654321");
	require(attr_read(&l, "fields/energy_import_wh", value, sizeof(value)) > 0);
	snprintf(wanted, sizeof(wanted), " EAST=%s\n", value);
	require(strstr(record, wanted), "%s", record);
	require(!strcmp(value, "987654321"));
}

static void missing_channel_is_no_data(void)
{
	struct text t = { 0 };
	char text[64];
	struct line l;
	int iio;

	iio = attach_standard(&l);
	require_iio(iio, "in_voltage0_raw", "2310");
	tic_begin(&t);
	tic_std_group(&t, "ADSC", NULL, STD_NUMBER);
	tic_std_group(&t, "EAST", NULL, "001234568");
	tic_end(&t);
	line_feed_text(&l, &t);
	require_iio(iio, "in_energy0_raw", "1234568");
	require(iio_read(iio, "in_voltage0_raw", text, sizeof(text)) == -ENODATA);
}

/* A channel of the samples: where it stands in them. */
struct element {
	unsigned int index;
	unsigned int bytes;
	unsigned int at;
};

static struct element enable(int iio, const char *channel)
{
	struct element e = { 0 };
	char name[64], text[64];
	unsigned int bits;

	snprintf(name, sizeof(name), "scan_elements/%s_en", channel);
	require(iio_write(iio, name, "1"), "%s", name);
	snprintf(name, sizeof(name), "scan_elements/%s_index", channel);
	e.index = iio_number(iio, name);
	snprintf(name, sizeof(name), "scan_elements/%s_type", channel);
	require(iio_read(iio, name, text, sizeof(text)) > 0);
	require(sscanf(text, "le:s%*u/%u>>0", &bits) == 1, "%s is %s", name, text);
	e.bytes = bits / 8;
	return e;
}

/* Places of the elements, which come by their index, each aligned to itself; size of a sample. */
static unsigned int lay_out(struct element *e, int count)
{
	unsigned int end = 0, largest = 1;
	int i, j, next;

	for (i = 0; i < count; i++) {
		next = -1;
		for (j = 0; j < count; j++)
			if (!e[j].at && (next < 0 || e[j].index < e[next].index))
				next = j;
		end = (end + e[next].bytes - 1) / e[next].bytes * e[next].bytes;
		e[next].at = end + 1;
		end += e[next].bytes;
		if (e[next].bytes > largest)
			largest = e[next].bytes;
	}
	for (i = 0; i < count; i++)
		e[i].at--;
	return (end + largest - 1) / largest * largest;
}

static int64_t sample_value(const uint8_t *sample, struct element e)
{
	uint64_t v = 0;
	unsigned int i;

	for (i = 0; i < e.bytes; i++)
		v |= (uint64_t)sample[e.at + i] << 8 * i;
	return e.bytes == 4 ? (int32_t)v : (int64_t)v;
}

static void each_telegram_is_one_sample_in_the_buffer(void)
{
	struct element e[4];
	uint8_t sample[256];
	struct text t = { 0 };
	int64_t before, stamp, last = 0;
	struct line l;
	unsigned int size;
	int iio, fd, i;

	iio = attach_standard(&l);
	e[0] = enable(iio, "in_timestamp");
	e[1] = enable(iio, "in_energy0");
	e[2] = enable(iio, "in_power0");
	e[3] = enable(iio, "in_voltage0");
	require(e[1].bytes == 8 && e[2].bytes == 4 && e[3].bytes == 4);
	size = lay_out(e, 4);
	require(iio_write(iio, "buffer/length", "16"));
	require(iio_write(iio, "buffer/enable", "1"));
	fd = iio_open(iio, O_NONBLOCK);
	before = clock_ns(CLOCK_REALTIME);
	for (i = 0; i < 5; i++) {
		tic_std(&t, 4000000 + i, 430 + i);
		line_feed_text(&l, &t);
		require(events_of(fd, POLLIN, PATIENCE_MS) & POLLIN);
		require(read(fd, sample, size) == (ssize_t)size);
		require(sample_value(sample, e[1]) == 4000000 + i);
		require(sample_value(sample, e[2]) == 430 + i);
		require(sample_value(sample, e[3]) == 2310);
		stamp = sample_value(sample, e[0]);
		require(stamp >= before - 1000000 && stamp > last &&
				stamp <= clock_ns(CLOCK_REALTIME),
			"%" PRId64 " began at %" PRId64, stamp, before);
		last = stamp;
	}
	require(read(fd, sample, size) < 0 && errno == EAGAIN);
	require(counter(&l, "iio_skipped") == 0);
}

static void telegram_lacking_an_enabled_channel_is_skipped_and_counted(void)
{
	struct element e[2];
	struct text t = { 0 };
	uint8_t sample[64];
	unsigned int size;
	struct line l;
	int iio, fd;

	iio = attach_standard(&l);
	e[0] = enable(iio, "in_energy0");
	e[1] = enable(iio, "in_voltage0");
	size = lay_out(e, 2);
	require(iio_write(iio, "buffer/enable", "1"));
	fd = iio_open(iio, O_NONBLOCK);
	tic_begin(&t);
	tic_std_group(&t, "ADSC", NULL, STD_NUMBER);
	tic_std_group(&t, "EAST", NULL, "000000666");
	tic_end(&t);
	tic_std(&t, 777, 420);
	line_feed_text(&l, &t);
	require(events_of(fd, POLLIN, PATIENCE_MS) & POLLIN);
	require(read(fd, sample, size) == (ssize_t)size);
	require(sample_value(sample, e[0]) == 777);
	require(counter(&l, "iio_skipped") == 1);
	/* A stopped buffer misses nothing. */
	require(iio_write(iio, "buffer/enable", "0"));
	tic_begin(&t);
	tic_std_group(&t, "ADSC", NULL, STD_NUMBER);
	tic_std_group(&t, "EAST", NULL, "000000778");
	tic_end(&t);
	line_feed_text(&l, &t);
	line_sync(&l);
	require(counter(&l, "iio_skipped") == 1);
}

static void largest_energy_fits(void)
{
	struct text t = { 0 };
	struct element e[1];
	uint8_t sample[64];
	struct line l;
	int iio, fd;

	line_attach(&l);
	p1_dsmr5(&t, 1000, 420);
	line_feed_text(&l, &t);
	iio = iio_wait(&l);
	e[0] = enable(iio, "in_energy0");
	lay_out(e, 1);
	require(iio_write(iio, "buffer/enable", "1"));
	fd = iio_open(iio, O_NONBLOCK);
	p1_head(&t);
	p1_line(&t, "1-0:1.8.0(99999999.999*kWh)");
	p1_end(&t, 0);
	line_feed_text(&l, &t);
	require(events_of(fd, POLLIN, PATIENCE_MS) & POLLIN);
	require(read(fd, sample, 8) == 8);
	require(sample_value(sample, e[0]) == 99999999999ll);
	require_iio(iio, "in_energy0_raw", "99999999999");
}

static void *toggle_buffer(void *arg)
{
	int iio = *(int *)arg, i;
	uint8_t sample[64];
	int fd;

	for (i = 0; i < 200; i++) {
		iio_write(iio, "buffer/enable", "1");
		fd = iio_open(iio, O_NONBLOCK);
		if (read(fd, sample, 16) < 0)
			breathe();
		close(fd);
		iio_write(iio, "buffer/enable", "0");
	}
	return NULL;
}

static void buffer_is_toggled_while_frames_flow(void)
{
	struct text t = { 0 };
	pthread_t thread;
	unsigned int i;
	struct line l;
	int iio;

	iio = attach_standard(&l);
	enable(iio, "in_energy0");
	require(!pthread_create(&thread, NULL, toggle_buffer, &iio));
	for (i = 0; pthread_tryjoin_np(thread, NULL); i++) {
		tic_std(&t, i, 420);
		line_feed_text(&l, &t);
		if (i % 8 == 7)
			line_sync(&l);
	}
	line_sync(&l);
	require(counter(&l, "telegrams") == i + 1);
}

static void device_is_made_anew_when_the_type_changes(void)
{
	struct text t = { 0 };
	char text[64];
	struct line l;
	int iio;

	line_attach(&l);
	tic_base(&t, 1000, 420);
	line_feed_text(&l, &t);
	iio = iio_wait(&l);
	require(iio_read(iio, "in_voltage0_raw", text, sizeof(text)) == -ENOENT);
	tic_std(&t, 2000, 420);
	line_feed_text(&l, &t);
	require(becomes_true((iio = iio_find(&l)) >= 0 &&
				     iio_read(iio, "in_voltage0_raw", text, sizeof(text)) > 0,
			     PATIENCE_MS));
	require_iio(iio, "in_energy0_raw", "2000");
}

/* The first frame of the new mode may still be a sample of the old device. */
static void reader_of_the_old_device_learns_of_another_mode(void)
{
	struct sleeper s = { .what = "reader of IIO" };
	struct element e[1];
	struct text t = { 0 };
	uint8_t sample[64];
	struct line l;
	int iio, fd;

	line_attach(&l);
	tic_base(&t, 1000, 420);
	line_feed_text(&l, &t);
	iio = iio_wait(&l);
	enable(iio, "in_energy0");
	require(iio_write(iio, "buffer/enable", "1"));
	s.fd = iio_open(iio, 0);
	put_to_sleep(&s);
	tic_std(&t, 2000, 420);
	line_feed_text(&l, &t);
	require_awake(&s);
	while (s.result > 0)
		s.result = read(s.fd, sample, sizeof(sample)) < 0 ? -errno : 1;
	require(s.result == -ENODEV, "%d", s.result);
	require_attr(&l, "type", "tic-standard");
	iio = iio_wait(&l);
	require_iio(iio, "buffer/enable", "0");
	e[0] = enable(iio, "in_energy0");
	lay_out(e, 1);
	require(iio_write(iio, "buffer/enable", "1"));
	fd = iio_open(iio, O_NONBLOCK);
	tic_std(&t, 2001, 420);
	line_feed_text(&l, &t);
	require(events_of(fd, POLLIN, PATIENCE_MS) & POLLIN);
	require(read(fd, sample, 8) == 8 && sample_value(sample, e[0]) == 2001);
	require(read(s.fd, sample, 8) < 0 && errno == ENODEV);
}

static void two_meters_fill_their_own_buffers(void)
{
	struct text t = { 0 };
	struct element e[2];
	uint8_t sample[64];
	struct line l[2];
	int fd[2], i, j;

	for (i = 0; i < 2; i++) {
		int iio = attach_standard(&l[i]);

		e[i] = enable(iio, "in_energy0");
		lay_out(&e[i], 1);
		require(iio_write(iio, "buffer/length", "8"));
		require(iio_write(iio, "buffer/enable", "1"));
		fd[i] = iio_open(iio, O_NONBLOCK);
	}
	for (j = 0; j < 5; j++) {
		for (i = 0; i < 2; i++) {
			tic_std(&t, 1000 * (i + 1) + j, 420);
			line_feed_text(&l[i], &t);
			line_sync(&l[i]);
		}
	}
	for (i = 0; i < 2; i++) {
		for (j = 0; j < 5; j++) {
			require(read(fd[i], sample, 8) == 8);
			require(sample_value(sample, e[i]) == 1000 * (i + 1) + j);
		}
		require(read(fd[i], sample, 8) < 0 && errno == EAGAIN);
	}
	line_hang_up(&l[0]);
	require(read(fd[0], sample, 8) < 0 && errno == ENODEV);
	tic_std(&t, 3000, 420);
	line_feed_text(&l[1], &t);
	require(events_of(fd[1], POLLIN, PATIENCE_MS) & POLLIN);
	require(read(fd[1], sample, 8) == 8 && sample_value(sample, e[1]) == 3000);
}

static void device_is_made_anew_when_phases_come(void)
{
	struct text t = { 0 };
	char text[64];
	struct line l;
	int iio;

	line_attach(&l);
	tic_base(&t, 1000, 420);
	line_feed_text(&l, &t);
	iio = iio_wait(&l);
	require(iio_read(iio, "in_current1_raw", text, sizeof(text)) == -ENOENT);
	tic_begin(&t);
	tic_group(&t, "ADCO", HIST_NUMBER);
	tic_group(&t, "BASE", "000001001");
	tic_group(&t, "IINST1", "001");
	tic_group(&t, "IINST2", "002");
	tic_group(&t, "IINST3", "003");
	tic_end(&t);
	line_feed_text(&l, &t);
	require(becomes_true((iio = iio_find(&l)) >= 0 &&
				     iio_read(iio, "in_current2_raw", text, sizeof(text)) > 0,
			     PATIENCE_MS));
	require_iio(iio, "in_current2_raw", "3000");
	require_iio(iio, "in_current1_label", "l2");
}

static void device_goes_with_its_meter(void)
{
	char text[64], path[300];
	struct line l;
	int iio, raw;

	iio = attach_standard(&l);
	raw = open(iio_path(iio, "in_energy0_raw", path, sizeof(path)), O_RDONLY | O_CLOEXEC);
	require(raw >= 0);
	line_hang_up(&l);
	require(iio_find(&l) < 0);
	require(read(raw, text, sizeof(text)) < 0 && errno == ENODEV);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		TEST(device_comes_with_the_first_full_undamaged_telegram),
		TEST(channels_have_label_raw_and_scale),
		TEST(p1_has_its_channels),
		TEST(iio_energy_equals_sysfs_energy_equals_record),
		TEST(missing_channel_is_no_data),
		TEST(each_telegram_is_one_sample_in_the_buffer),
		TEST(telegram_lacking_an_enabled_channel_is_skipped_and_counted),
		TEST(largest_energy_fits),
		TEST(buffer_is_toggled_while_frames_flow),
		TEST(device_is_made_anew_when_the_type_changes),
		TEST(reader_of_the_old_device_learns_of_another_mode),
		TEST(two_meters_fill_their_own_buffers),
		TEST(device_is_made_anew_when_phases_come),
		TEST(device_goes_with_its_meter),
	};

	return selftest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
