// SPDX-License-Identifier: MIT
/*
 * Events of the IIO device: the total power passes a limit. Powers are fed one telegram each, and
 * line_sync() waits until the module has compared it.
 */
#include "selftest.h"
#include <linux/iio/events.h>
#include <linux/iio/types.h>

#define RISING	"thresh_rising"
#define FALLING "thresh_falling"

/* The channel with events of historique and standard, and that of P1. */
#define APPARENT 0
#define NET	 13

/* The IIO device of a line, and its descriptor for events. */
struct watched {
	struct line line;
	int iio;
	int channel;
	int fd;
};

static const char *event_name(const struct watched *w, const char *event, char *name, size_t size)
{
	snprintf(name, size, "events/in_power%d_%s", w->channel, event);
	return name;
}

static bool event_write(const struct watched *w, const char *event, const char *what,
			const char *value)
{
	char name[64];

	event_name(w, event, name, sizeof(name));
	snprintf(name + strlen(name), sizeof(name) - strlen(name), "_%s", what);
	return iio_write(w->iio, name, value);
}

static void set(const struct watched *w, const char *event, const char *what, int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", value);
	require(event_write(w, event, what, text), "%s_%s does not take %s", event, what, text);
}

static int events_open(int iio)
{
	int device = iio_open(iio, 0), fd = -1;

	require(!ioctl(device, IIO_GET_EVENT_FD_IOCTL, &fd) && fd >= 0);
	close(device);
	require(!fcntl(fd, F_SETFL, O_NONBLOCK));
	return fd;
}

/* A meter that has said @power once, and what its events come by. */
static void watch(struct watched *w, unsigned int power)
{
	struct text t = { 0 };

	line_attach(&w->line);
	tic_std(&t, 1000, power);
	line_feed_text(&w->line, &t);
	w->iio = iio_wait(&w->line);
	w->channel = APPARENT;
	w->fd = events_open(w->iio);
}

static void feed_power(struct watched *w, unsigned int power)
{
	struct text t = { 0 };

	tic_std(&t, 1000, power);
	line_feed_text(&w->line, &t);
	line_sync(&w->line);
}

static void feed_net(struct watched *w, unsigned int import_w, unsigned int export_w)
{
	struct text t = { 0 };
	char line[64];

	p1_head(&t);
	p1_line(&t, "1-0:1.8.1(000001.000*kWh)");
	snprintf(line, sizeof(line), "1-0:1.7.0(%02u.%03u*kW)", import_w / 1000, import_w % 1000);
	p1_line(&t, line);
	snprintf(line, sizeof(line), "1-0:2.7.0(%02u.%03u*kW)", export_w / 1000, export_w % 1000);
	p1_line(&t, line);
	p1_end(&t, 0);
	line_feed_text(&w->line, &t);
	line_sync(&w->line);
}

static struct iio_event_data event_next(const struct watched *w, int direction)
{
	struct iio_event_data e;

	require(read(w->fd, &e, sizeof(e)) == sizeof(e), "there is no event");
	require(IIO_EVENT_CODE_EXTRACT_TYPE(e.id) == IIO_EV_TYPE_THRESH);
	require(IIO_EVENT_CODE_EXTRACT_CHAN_TYPE(e.id) == IIO_POWER);
	require(IIO_EVENT_CODE_EXTRACT_CHAN(e.id) == w->channel);
	require((int)IIO_EVENT_CODE_EXTRACT_DIR(e.id) == direction);
	return e;
}

static void require_no_event(const struct watched *w)
{
	struct iio_event_data e;

	require(!events_of(w->fd, POLLIN, 0));
	require(read(w->fd, &e, sizeof(e)) < 0 && errno == EAGAIN, "there is an event");
}

static void event_wakes_a_sleeping_poll_exactly_when_the_limit_is_passed(void)
{
	struct sleeper s = { .what = "poll", .events = POLLIN };
	struct iio_event_data e;
	struct watched w;
	int64_t before;

	watch(&w, 100);
	set(&w, RISING, "value", 420);
	set(&w, RISING, "en", 1);
	s.fd = w.fd;
	put_to_sleep(&s);
	feed_power(&w, 419);
	feed_power(&w, 420);
	require(thread_sleeps(s.tid) && pthread_tryjoin_np(s.thread, NULL), "it wakes too early");
	require_no_event(&w);
	before = clock_ns(CLOCK_REALTIME);
	feed_power(&w, 421);
	require_awake(&s);
	require(s.result == POLLIN, "%x", s.result);
	e = event_next(&w, IIO_EV_DIR_RISING);
	require(e.timestamp >= before - 1000000 && e.timestamp <= clock_ns(CLOCK_REALTIME),
		"%" PRId64 " began at %" PRId64, (int64_t)e.timestamp, before);
}

static void event_wakes_a_sleeping_read(void)
{
	struct sleeper s = { .what = "read" };
	struct watched w;

	watch(&w, 100);
	set(&w, RISING, "value", 420);
	set(&w, RISING, "en", 1);
	s.fd = w.fd;
	require(!fcntl(w.fd, F_SETFL, 0));
	put_to_sleep(&s);
	feed_power(&w, 420);
	require(pthread_tryjoin_np(s.thread, NULL), "it wakes too early");
	feed_power(&w, 5000);
	require_awake(&s);
	require(s.result >= (int)sizeof(struct iio_event_data), "%d", s.result);
}

static void event_comes_once_until_the_power_was_below_the_limit(void)
{
	struct watched w;

	watch(&w, 100);
	set(&w, RISING, "value", 420);
	set(&w, RISING, "en", 1);
	feed_power(&w, 500);
	event_next(&w, IIO_EV_DIR_RISING);
	feed_power(&w, 500);
	feed_power(&w, 9000);
	feed_power(&w, 420);
	feed_power(&w, 421);
	require_no_event(&w);
	feed_power(&w, 419);
	require_no_event(&w);
	feed_power(&w, 421);
	event_next(&w, IIO_EV_DIR_RISING);
	require_no_event(&w);
}

static void falling_limit_is_the_mirror_of_the_rising_one(void)
{
	struct watched w;

	watch(&w, 1000);
	set(&w, FALLING, "value", 420);
	set(&w, FALLING, "en", 1);
	feed_power(&w, 421);
	feed_power(&w, 420);
	require_no_event(&w);
	feed_power(&w, 419);
	event_next(&w, IIO_EV_DIR_FALLING);
	feed_power(&w, 0);
	feed_power(&w, 420);
	feed_power(&w, 419);
	require_no_event(&w);
	feed_power(&w, 421);
	feed_power(&w, 0);
	event_next(&w, IIO_EV_DIR_FALLING);
	require_no_event(&w);
}

static void power_comes_back_only_behind_the_hysteresis(void)
{
	struct watched w;

	watch(&w, 100);
	set(&w, RISING, "value", 1000);
	set(&w, RISING, "hysteresis", 100);
	set(&w, RISING, "en", 1);
	feed_power(&w, 1001);
	event_next(&w, IIO_EV_DIR_RISING);
	feed_power(&w, 900);
	feed_power(&w, 1001);
	require_no_event(&w);
	feed_power(&w, 899);
	feed_power(&w, 1001);
	event_next(&w, IIO_EV_DIR_RISING);
	set(&w, RISING, "en", 0);
	set(&w, FALLING, "value", 500);
	set(&w, FALLING, "hysteresis", 50);
	set(&w, FALLING, "en", 1);
	feed_power(&w, 499);
	event_next(&w, IIO_EV_DIR_FALLING);
	feed_power(&w, 550);
	feed_power(&w, 499);
	require_no_event(&w);
	feed_power(&w, 551);
	feed_power(&w, 499);
	event_next(&w, IIO_EV_DIR_FALLING);
}

static void one_telegram_may_pass_both_limits(void)
{
	struct watched w;

	watch(&w, 100);
	set(&w, RISING, "value", 420);
	set(&w, FALLING, "value", 600);
	set(&w, RISING, "en", 1);
	set(&w, FALLING, "en", 1);
	feed_power(&w, 500);
	event_next(&w, IIO_EV_DIR_RISING);
	event_next(&w, IIO_EV_DIR_FALLING);
	require_no_event(&w);
}

/* So there is no gap between looking at the power and waiting for the event. */
static void limit_that_is_passed_already_is_told_with_the_next_telegram(void)
{
	struct watched w;

	watch(&w, 500);
	set(&w, RISING, "value", 420);
	set(&w, RISING, "en", 1);
	require_no_event(&w);
	feed_power(&w, 500);
	event_next(&w, IIO_EV_DIR_RISING);
	feed_power(&w, 500);
	require_no_event(&w);
	set(&w, RISING, "value", 480);
	feed_power(&w, 500);
	event_next(&w, IIO_EV_DIR_RISING);
	set(&w, RISING, "en", 0);
	set(&w, RISING, "en", 1);
	feed_power(&w, 500);
	event_next(&w, IIO_EV_DIR_RISING);
	require_no_event(&w);
}

static void events_are_off_until_they_are_enabled(void)
{
	static const char *const names[] = { RISING, FALLING };
	static const char *const whats[] = { "en", "value", "hysteresis" };
	char name[64], text[32];
	struct watched w;
	size_t i, j;

	watch(&w, 100);
	for (i = 0; i < 2; i++) {
		for (j = 0; j < 3; j++) {
			event_name(&w, names[i], name, sizeof(name));
			snprintf(name + strlen(name), sizeof(name) - strlen(name), "_%s",
				 whats[j]);
			require(iio_read(w.iio, name, text, sizeof(text)) > 0, "no %s", name);
			require(!strcmp(text, "0"), "%s is %s", name, text);
		}
	}
	feed_power(&w, 500);
	require_no_event(&w);
	set(&w, RISING, "en", 1);
	set(&w, RISING, "en", 0);
	feed_power(&w, 500);
	require_no_event(&w);
}

static void limit_is_a_whole_number_of_the_raw_value(void)
{
	char name[64], text[32];
	struct watched w;

	watch(&w, 100);
	require(!event_write(&w, RISING, "value", "0.5") && errno == EINVAL);
	require(!event_write(&w, RISING, "value", "much") && errno == EINVAL);
	require(!event_write(&w, RISING, "hysteresis", "-1") && errno == EINVAL);
	require(event_write(&w, RISING, "value", "-2000"));
	event_name(&w, RISING "_value", name, sizeof(name));
	require(iio_read(w.iio, name, text, sizeof(text)) > 0 && !strcmp(text, "-2000"));
}

static void telegram_without_the_power_changes_nothing(void)
{
	struct text t = { 0 };
	struct watched w;

	watch(&w, 100);
	set(&w, RISING, "value", 420);
	set(&w, RISING, "en", 1);
	feed_power(&w, 500);
	event_next(&w, IIO_EV_DIR_RISING);
	tic_begin(&t);
	tic_std_group(&t, "ADSC", NULL, STD_NUMBER);
	tic_std_group(&t, "EAST", NULL, "000001001");
	tic_end(&t);
	line_feed_text(&w.line, &t);
	feed_power(&w, 500);
	require_no_event(&w);
}

static void p1_has_its_events_on_the_net_power(void)
{
	struct text t = { 0 };
	struct watched w;

	line_attach(&w.line);
	p1_dsmr5(&t, 1000, 420);
	line_feed_text(&w.line, &t);
	w.iio = iio_wait(&w.line);
	w.channel = NET;
	w.fd = events_open(w.iio);
	set(&w, RISING, "value", 3000);
	set(&w, FALLING, "value", -1500);
	set(&w, RISING, "en", 1);
	set(&w, FALLING, "en", 1);
	feed_net(&w, 0, 1500);
	feed_net(&w, 3000, 0);
	require_no_event(&w);
	feed_net(&w, 0, 1501);
	event_next(&w, IIO_EV_DIR_FALLING);
	feed_net(&w, 3001, 0);
	event_next(&w, IIO_EV_DIR_RISING);
	require_no_event(&w);
}

static unsigned int count_events(int iio)
{
	char path[300];
	DIR *dir = opendir(iio_path(iio, "events", path, sizeof(path)));
	struct dirent *entry;
	unsigned int n = 0;

	while (dir && (entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

static void only_the_total_power_has_events(void)
{
	struct text t = { 0 };
	struct line silent;
	struct watched w;

	watch(&w, 100);
	require(count_events(w.iio) == 6, "%u", count_events(w.iio));
	/* A meter that does not say its power. */
	line_attach(&silent);
	tic_begin(&t);
	tic_group(&t, "ADCO", HIST_NUMBER);
	tic_group(&t, "BASE", "000001000");
	tic_group(&t, "IINST", "002");
	tic_end(&t);
	line_feed_text(&silent, &t);
	require(count_events(iio_wait(&silent)) == 0);
}

static void each_meter_has_its_own_limits(void)
{
	struct watched a, b;

	watch(&a, 100);
	watch(&b, 100);
	set(&a, RISING, "value", 420);
	set(&a, RISING, "en", 1);
	set(&b, RISING, "value", 600);
	set(&b, RISING, "en", 1);
	feed_power(&a, 500);
	feed_power(&b, 500);
	event_next(&a, IIO_EV_DIR_RISING);
	require_no_event(&a);
	require_no_event(&b);
	feed_power(&b, 700);
	require_no_event(&a);
	event_next(&b, IIO_EV_DIR_RISING);
}

static void event_has_the_time_of_its_sample(void)
{
	struct iio_event_data e;
	struct { int32_t power; int64_t time; } sample;
	struct watched w;
	int fd;

	watch(&w, 100);
	require(iio_write(w.iio, "scan_elements/in_power0_en", "1"));
	require(iio_write(w.iio, "scan_elements/in_timestamp_en", "1"));
	require(iio_write(w.iio, "buffer/enable", "1"));
	fd = iio_open(w.iio, O_NONBLOCK);
	set(&w, RISING, "value", 420);
	set(&w, RISING, "en", 1);
	feed_power(&w, 421);
	e = event_next(&w, IIO_EV_DIR_RISING);
	require(read(fd, &sample, sizeof(sample)) == sizeof(sample) && sample.power == 421);
	require(sample.time == e.timestamp, "%" PRId64 ", not %" PRId64, sample.time,
		(int64_t)e.timestamp);
}

static void unplugging_wakes_who_waits_for_an_event(void)
{
	struct sleeper s = { .what = "reader of events" };
	struct iio_event_data e;
	struct watched w;

	watch(&w, 100);
	set(&w, RISING, "value", 420);
	set(&w, RISING, "en", 1);
	require(!fcntl(w.fd, F_SETFL, 0));
	s.fd = w.fd;
	put_to_sleep(&s);
	line_hang_up(&w.line);
	require_awake(&s);
	require(s.result == -ENODEV, "%d", s.result);
	require(read(w.fd, &e, sizeof(e)) < 0 && errno == ENODEV);
}

static void another_mode_ends_the_events_of_the_old_device(void)
{
	struct sleeper s = { .what = "reader of events" };
	struct text t = { 0 };
	struct watched w;
	char text[16];

	watch(&w, 100);
	set(&w, RISING, "value", 420);
	set(&w, RISING, "en", 1);
	require(!fcntl(w.fd, F_SETFL, 0));
	s.fd = w.fd;
	put_to_sleep(&s);
	tic_base(&t, 1000, 100);
	line_feed_text(&w.line, &t);
	require_awake(&s);
	require(s.result == -ENODEV, "%d", s.result);
	close(w.fd);
	require_attr(&w.line, "type", "tic-historique");
	w.iio = iio_wait(&w.line);
	require(iio_read(w.iio, "events/in_power0_thresh_rising_en", text, sizeof(text)) > 0 &&
		!strcmp(text, "0"));
}

static void *toggle_events(void *arg)
{
	const struct watched *w = arg;
	int i;

	for (i = 0; i < 500; i++) {
		set(w, RISING, "value", 100 + i);
		set(w, RISING, "en", i % 2);
		set(w, FALLING, "en", i % 3 == 0);
	}
	return NULL;
}

static void limits_are_changed_while_telegrams_flow(void)
{
	struct iio_event_data e;
	struct watched w;
	pthread_t thread;
	unsigned int i;

	watch(&w, 100);
	require(!pthread_create(&thread, NULL, toggle_events, &w));
	for (i = 0; pthread_tryjoin_np(thread, NULL); i++)
		feed_power(&w, i % 2 ? 9000 : 0);
	while (read(w.fd, &e, sizeof(e)) == sizeof(e))
		;
	require(i > 0 && errno == EAGAIN);
	require(counter(&w.line, "telegrams") == i + 1);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		TEST(event_wakes_a_sleeping_poll_exactly_when_the_limit_is_passed),
		TEST(event_wakes_a_sleeping_read),
		TEST(event_comes_once_until_the_power_was_below_the_limit),
		TEST(falling_limit_is_the_mirror_of_the_rising_one),
		TEST(power_comes_back_only_behind_the_hysteresis),
		TEST(one_telegram_may_pass_both_limits),
		TEST(limit_that_is_passed_already_is_told_with_the_next_telegram),
		TEST(events_are_off_until_they_are_enabled),
		TEST(limit_is_a_whole_number_of_the_raw_value),
		TEST(telegram_without_the_power_changes_nothing),
		TEST(p1_has_its_events_on_the_net_power),
		TEST(only_the_total_power_has_events),
		TEST(each_meter_has_its_own_limits),
		TEST(event_has_the_time_of_its_sample),
		TEST(unplugging_wakes_who_waits_for_an_event),
		TEST(another_mode_ends_the_events_of_the_old_device),
		TEST(limits_are_changed_while_telegrams_flow),
	};

	return selftest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
