// SPDX-License-Identifier: MIT
// timeout: 150
/*
 * What takes its time: staleness, values that outlive their telegram, pauses, and a meter whose
 * mode is switched while meterctl is attached. All run at once.
 */
#include "selftest.h"
#include <linux/iio/events.h>

/* Lets time pass while nothing happens on the line. */
static void quiet(int ms)
{
	poll(NULL, 0, ms);
}

static void feed_full(struct line *l, unsigned int wh)
{
	struct text t = { 0 };

	tic_base(&t, wh, 420);
	line_feed_text(l, &t);
}

/* A short frame, or a damaged one that has lost its PAPP. */
static void feed_short(struct line *l)
{
	struct text t = { 0 };

	tic_begin(&t);
	tic_group(&t, "ADIR1", "095");
	tic_group(&t, "ADCO", HIST_NUMBER);
	tic_end(&t);
	line_feed_text(l, &t);
}

static void feed_damaged(struct line *l)
{
	struct text t = { 0 };

	tic_begin(&t);
	tic_group(&t, "ADCO", HIST_NUMBER);
	tic_group(&t, "BASE", "000001001");
	tic_group(&t, "PAPP", "00500");
	t.bytes[t.len - 6] ^= 1;
	tic_end(&t);
	line_feed_text(l, &t);
}

/* Opens `state` armed for poll. */
static int watch_state(const struct line *l)
{
	char path[300], text[32];
	int fd = open(attr_path(l, "state", path, sizeof(path)), O_RDONLY | O_CLOEXEC);

	require(fd >= 0 && read(fd, text, sizeof(text)) > 0);
	return fd;
}

static void stale_after_ten_seconds_hides_every_value(void)
{
	char text[64], last[64];
	int64_t since, took;
	struct line l;
	int state;

	line_attach(&l);
	feed_full(&l, 1000);
	require_attr(&l, "state", "locked");
	since = now_ms();
	require(attr_is(&l, "fields/energy_import_wh", "1000") && attr_is(&l, "raw/PAPP", "00420"));
	require(attr_read(&l, "last_telegram", last, sizeof(last)) > 0);
	state = watch_state(&l);
	require(events_of(state, POLLPRI, 30000) & POLLPRI, "nobody is told");
	took = now_ms() - since;
	require(attr_is(&l, "state", "stale"));
	require(took > 8500 && took < 15000, "%" PRId64 " ms", took);
	require(attr_error(&l, "fields/energy_import_wh") == -ENODATA);
	require(attr_error(&l, "raw/PAPP") == -ENODATA);
	require(attr_is(&l, "last_telegram", last));
	require(attr_is(&l, "serial", HIST_NUMBER) && attr_is(&l, "type", "tic-historique"));
	feed_full(&l, 2000);
	require_attr(&l, "state", "locked");
	require_attr(&l, "fields/energy_import_wh", "2000");
	require(attr_read(&l, "raw/PAPP", text, sizeof(text)) > 0);
}

static void stale_hides_the_values_of_iio(void)
{
	char text[64];
	struct line l;
	int iio, state;

	line_attach(&l);
	feed_full(&l, 1000);
	iio = iio_wait(&l);
	require_attr(&l, "state", "locked");
	require(iio_read(iio, "in_energy0_raw", text, sizeof(text)) > 0);
	state = watch_state(&l);
	require(events_of(state, POLLPRI, 30000) & POLLPRI && attr_is(&l, "state", "stale"));
	require(iio_read(iio, "in_energy0_raw", text, sizeof(text)) == -ENODATA);
}

static void silence_is_no_crossing_of_a_limit(void)
{
	struct iio_event_data e;
	struct line l;
	int iio, device, events, state;

	line_attach(&l);
	feed_full(&l, 1000);
	iio = iio_wait(&l);
	device = iio_open(iio, 0);
	require(!ioctl(device, IIO_GET_EVENT_FD_IOCTL, &events));
	require(iio_write(iio, "events/in_power0_thresh_rising_en", "1"));
	feed_full(&l, 1001);
	require(events_of(events, POLLIN, PATIENCE_MS) & POLLIN);
	require(read(events, &e, sizeof(e)) == sizeof(e));
	require_attr(&l, "state", "locked");
	state = watch_state(&l);
	require(events_of(state, POLLPRI, 30000) & POLLPRI && attr_is(&l, "state", "stale"));
	feed_full(&l, 1002);
	line_sync(&l);
	require(!events_of(events, POLLIN, 0));
}

static void slow_meter_is_stale_after_three_periods(void)
{
	int64_t since, took;
	struct line l;
	int state;

	line_attach(&l);
	feed_full(&l, 1000);
	require_attr(&l, "state", "locked");
	quiet(6000);
	feed_full(&l, 1001);
	require_attr(&l, "fields/energy_import_wh", "1001");
	quiet(6000);
	feed_full(&l, 1002);
	require_attr(&l, "fields/energy_import_wh", "1002");
	since = now_ms();
	state = watch_state(&l);
	require(events_of(state, POLLPRI, 40000) & POLLPRI);
	took = now_ms() - since;
	require(attr_is(&l, "state", "stale"));
	require(took > 15000 && took < 25000, "%" PRId64 " ms", took);
}

static void no_value_outlives_its_telegram_silently(void (*feed)(struct line *))
{
	int64_t since, age;
	struct line l;

	line_attach(&l);
	feed_full(&l, 1000);
	since = now_ms();
	require_attr(&l, "fields/power_apparent_import_va", "420");
	for (;;) {
		feed(&l);
		line_sync(&l);
		age = now_ms() - since;
		if (attr_error(&l, "fields/power_apparent_import_va") == -ENODATA)
			break;
		require(age < 40000, "a value is %" PRId64 " ms old", age);
		quiet(500);
	}
	require(age > 28000, "gone after %" PRId64 " ms", age);
	require(attr_error(&l, "raw/PAPP") == -ENODATA);
	require(attr_is(&l, "state", "locked"));
}

static void no_value_outlives_short_frames_silently(void)
{
	no_value_outlives_its_telegram_silently(feed_short);
}

static void no_value_outlives_damaged_frames_silently(void)
{
	no_value_outlives_its_telegram_silently(feed_damaged);
}

/* DSMR 2.2: no CRC. The line end behind the '!' is left to the caller. */
static void p1_22(struct text *t)
{
	add(t, "/ISk5\\2MT382-1000\r\n\r\n");
	p1_line(t, "0-0:96.1.1(4530303031303030303132333435363731)");
	p1_line(t, "1-0:1.8.1(00001.001*kWh)");
	add(t, "!");
}

static void p1_without_a_line_end_ends_after_a_pause(void)
{
	struct text t = { 0 };
	char record[32768];
	int64_t since;
	struct line l;
	int fd;

	line_attach(&l);
	fd = node_open(&l, 0);
	p1_22(&t);
	since = now_ms();
	line_feed_text(&l, &t);
	record_read(fd, record, sizeof(record));
	require(now_ms() - since >= 950, "after %" PRId64 " ms", now_ms() - since);
	require(strstr(record, " 1-0:1.8.1=(00001.001*kWh)\n"), "%s", record);
	/* or at once, with a line end or the next telegram */
	p1_22(&t);
	p1_22(&t);
	add(&t, "\r\n");
	line_feed_text(&l, &t);
	since = now_ms();
	record_read(fd, record, sizeof(record));
	record_read(fd, record, sizeof(record));
	require(now_ms() - since < 950, "after %" PRId64 " ms", now_ms() - since);
	require(counter(&l, "telegrams") == 3);
}

static void pause_does_not_end_a_telegram_in_the_middle(void)
{
	struct text t = { 0 };
	char record[32768];
	struct line l;
	int fd;

	line_attach(&l);
	fd = node_open(&l, 0);
	p1_dsmr5(&t, 1000, 420);
	line_feed(&l, t.bytes, 100);
	line_sync(&l);
	quiet(1500);
	require(!(events_of(fd, POLLIN, 0) & POLLIN));
	line_feed(&l, t.bytes + 100, t.len - 100);
	record_read(fd, record, sizeof(record));
	require(strstr(record, " 1-0:1.8.1=(000001.000*kWh)\n"), "%s", record);
}

static void time_of_a_telegram_is_that_of_its_first_byte(void)
{
	char record[32768], last[64];
	int64_t before, after, us;
	struct text t = { 0 };
	struct line l;
	int fd;

	line_attach(&l);
	fd = node_open(&l, 0);
	tic_base(&t, 1000, 420);
	before = clock_ns(CLOCK_BOOTTIME) / 1000;
	line_feed(&l, t.bytes, 1);
	line_sync(&l);
	after = clock_ns(CLOCK_BOOTTIME) / 1000;
	quiet(1500);
	line_feed(&l, t.bytes + 1, t.len - 1);
	record_read(fd, record, sizeof(record));
	require(sscanf(record, "%*u,%" SCNd64, &us) == 1);
	require(us >= before && us <= after, "%" PRId64 " is not in %" PRId64 "..%" PRId64, us,
		before, after);
	require(attr_read(&l, "last_telegram", last, sizeof(last)) > 0);
	require(strtoll(last, NULL, 10) / 1000 == us, "%s", last);
}

/* ---- a meter whose mode and speed are switched -------------------------------------------- */

#define UNIT_BAUD 115200 /* one unit of time is a bit at this speed */

/* Level of the line at a time, when @bytes are sent one after the other with bits of @bit units. */
static int level_at(const struct text *t, unsigned int bit, size_t time)
{
	size_t nth = time / bit;
	unsigned int in_byte = nth % 10;

	if (nth / 10 >= t->len || in_byte == 9)
		return 1;
	return in_byte ? (uint8_t)t->bytes[nth / 10] >> (in_byte - 1) & 1 : 0;
}

/* What a UART with bits of @bit units reads when they are sent with bits of @sent_bit. */
static size_t sample(const struct text *t, unsigned int sent_bit, unsigned int bit, uint8_t *bytes,
		     size_t size)
{
	size_t time = 0, end = t->len * 10 * sent_bit, count = 0;
	int i;

	while (time < end && count < size) {
		while (time < end && level_at(t, sent_bit, time))
			time++;
		if (time >= end)
			break;
		bytes[count] = 0;
		for (i = 0; i < 8; i++)
			bytes[count] |= level_at(t, sent_bit, time + bit + i * bit + bit / 2) << i;
		count++;
		time += 9 * bit + bit / 2;
		while (time < end && !level_at(t, sent_bit, time))
			time++;
	}
	return count;
}

static unsigned int baud_of(const struct line *l)
{
	struct termios t;

	require(!tcgetattr(l->master, &t));
	switch (cfgetispeed(&t)) {
	case B1200:
		return 1200;
	case B9600:
		return 9600;
	case B115200:
		return 115200;
	default:
		return 4800;
	}
}

/* The meter sends frames at @baud until the module says @type. */
static void play_until(struct line *l, void (*frame)(struct text *, unsigned int, unsigned int),
		       unsigned int baud, const char *type, int ms)
{
	static uint8_t heard[60000];
	int64_t end = now_ms() + ms;
	struct text t = { 0 };
	unsigned int wh = 1000;
	size_t i, count;

	while (!attr_is(l, "type", type) || !attr_is(l, "state", "locked")) {
		require(now_ms() < end, "no %s at %u bit/s within %d ms, the line is at %u", type,
			baud, ms, baud_of(l));
		t.len = 0;
		frame(&t, wh++, 420);
		for (i = 0; i < t.len; i++)
			if (__builtin_parity((uint8_t)t.bytes[i]))
				t.bytes[i] |= 0x80;
		count = sample(&t, UNIT_BAUD / baud, UNIT_BAUD / baud_of(l), heard, sizeof(heard));
		line_feed(l, heard, count);
		quiet(100);
	}
}

static pid_t run_meterctl_attach(const struct line *l)
{
	char path[64];
	pid_t pid;

	snprintf(path, sizeof(path), "/dev/%s", l->port);
	pid = fork();
	if (pid == 0) {
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execlp("meterctl", "meterctl", "attach", path, NULL);
		_exit(127);
	}
	return pid;
}

static int change_events(int uevents, const char *port)
{
	char event[4096], line[64];
	int count = 0;

	snprintf(line, sizeof(line), "\nMETER_PORT=%s\n", port);
	while (uevent_next(uevents, 0, event, sizeof(event)))
		count += strstr(event, "\nACTION=change\n") && strstr(event, line);
	return count;
}

static void change_of_mode_and_speed_is_followed_while_attached(void)
{
	char names[4096];
	int uevents, status;
	struct line l;
	pid_t pid;

	line_open(&l);
	close(l.slave);
	pid = run_meterctl_attach(&l);
	require(becomes_true((l.meter = meter_of_port(l.port)) >= 0 ||
				     waitpid(pid, &status, WNOHANG),
			     PATIENCE_MS));
	require(l.meter >= 0, "meterctl attach ended with status %x", status);
	play_until(&l, tic_base, 1200, "tic-historique", 40000);
	require_attr(&l, "raw/PTEC", "TH..");
	uevents = uevents_open();
	play_until(&l, tic_std, 9600, "tic-standard", 60000);
	require(baud_of(&l) == 9600);
	require_attr(&l, "raw/NTARF", "01");
	require_attr_error(&l, "raw/PTEC", -ENOENT);
	attr_names(&l, "raw", names, sizeof(names));
	require(!strcmp(names, "DATE EASF01 EAST IRMS1 NGTF NTARF PREF SINSTS SMAXSN URMS1 VTIC "),
		"%s", names);
	require(change_events(uevents, l.port) == 1);
	line_hang_up(&l);
	require(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
}

static void protocol_change_on_a_line_is_followed(void)
{
	struct text t = { 0 };
	struct line l;
	int state;

	line_attach(&l);
	feed_full(&l, 1000);
	require_attr(&l, "state", "locked");
	state = watch_state(&l);
	require(events_of(state, POLLPRI, 30000) & POLLPRI && attr_is(&l, "state", "stale"));
	p1_dsmr5(&t, 5000, 420);
	line_feed_text(&l, &t);
	require_attr(&l, "type", "p1");
	require_attr(&l, "fields/energy_import_wh", "5000");
	require_attr_error(&l, "raw/PTEC", -ENOENT);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		LONG_TEST(stale_after_ten_seconds_hides_every_value, 120),
		LONG_TEST(stale_hides_the_values_of_iio, 120),
		LONG_TEST(silence_is_no_crossing_of_a_limit, 120),
		LONG_TEST(slow_meter_is_stale_after_three_periods, 120),
		LONG_TEST(no_value_outlives_short_frames_silently, 120),
		LONG_TEST(no_value_outlives_damaged_frames_silently, 120),
		LONG_TEST(p1_without_a_line_end_ends_after_a_pause, 120),
		LONG_TEST(pause_does_not_end_a_telegram_in_the_middle, 120),
		LONG_TEST(time_of_a_telegram_is_that_of_its_first_byte, 120),
		LONG_TEST(protocol_change_on_a_line_is_followed, 120),
		LONG_TEST(change_of_mode_and_speed_is_followed_while_attached, 120),
	};

	return selftest_main_together(tests, ARRAY_SIZE(tests), argc, argv);
}
