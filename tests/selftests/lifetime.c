// SPDX-License-Identifier: MIT
// timeout: 300
/*
 * The end of a line: who sleeps on the meter wakes, who still holds it sees that it is gone, the
 * number is free again, and the module goes when nobody needs it.
 */
#include "selftest.h"

#define RECORD_MAX 32768

/* How a line can end. */
static void by_closing_the_master(struct line *l)
{
	line_hang_up(l);
}

static void by_vhangup(struct line *l)
{
	require(!ioctl(l->slave, TIOCVHANGUP));
}

static void by_another_discipline(struct line *l)
{
	require(line_set_ldisc(l, 0) == 0);
}

/* The slave of a pty lives on until its master is closed. */
static void by_closing_the_tty(struct line *l)
{
	close(l->slave);
	line_hang_up(l);
	l->slave = -1;
}

static void every_way_to_end_a_line_ends_the_meter(void)
{
	static void (*const ways[])(struct line *) = {
		by_closing_the_master,
		by_vhangup,
		by_another_discipline,
		by_closing_the_tty,
	};
	struct text t = { 0 };
	struct line l;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		line_attach(&l);
		tic_base(&t, 1000, 420);
		line_feed_text(&l, &t);
		require_attr(&l, "fields/energy_import_wh", "1000");
		ways[i](&l);
		require(meter_of_port(l.port) < 0, "way %zu leaves the meter", i);
		require(meter_count() == 0);
		line_close(&l);
	}
}

static int open_attr(const struct line *l, const char *name)
{
	char path[300], text[64];
	int fd = open(attr_path(l, name, path, sizeof(path)), O_RDONLY | O_CLOEXEC);

	require(fd >= 0, "%s", path);
	if (read(fd, text, sizeof(text)) < 0)
		require(errno == ENODATA);
	return fd;
}

/* Puts readers and pollers of every door to sleep, ends the line, and sees them wake. */
static void hang_up_sleepers(void (*end)(struct line *))
{
	struct sleeper s[] = {
		{ .what = "reader" },
		{ .what = "second reader" },
		{ .what = "poller", .events = POLLIN },
		{ .what = "poller for nothing", .events = POLLERR },
		{ .what = "poller of state", .events = POLLPRI },
		{ .what = "poller of last_telegram", .events = POLLPRI },
		{ .what = "holder of the tty", .events = POLLIN },
	};
	struct line l;
	size_t i;

	line_attach(&l);
	for (i = 0; i < 4; i++)
		s[i].fd = node_open(&l, 0);
	s[4].fd = open_attr(&l, "state");
	s[5].fd = open_attr(&l, "last_telegram");
	s[6].fd = l.slave;
	for (i = 0; i < ARRAY_SIZE(s); i++)
		put_to_sleep(&s[i]);
	end(&l);
	for (i = 0; i < ARRAY_SIZE(s); i++)
		require_awake(&s[i]);
	require(s[0].result == -ENODEV && s[1].result == -ENODEV, "%d %d", s[0].result,
		s[1].result);
	require(s[2].result & POLLHUP && s[3].result & POLLHUP, "%x %x", s[2].result, s[3].result);
	require(s[4].result & POLLERR && s[5].result & POLLERR, "%x %x", s[4].result, s[5].result);
	require(s[6].result & POLLHUP, "%x", s[6].result);
	for (i = 0; i < 6; i++)
		close(s[i].fd);
	line_close(&l);
}

static void hangup_wakes_every_sleeper(void)
{
	hang_up_sleepers(by_closing_the_master);
	hang_up_sleepers(by_vhangup);
}

static void hangup_wakes_a_reader_of_the_iio_buffer(void)
{
	struct sleeper s = { .what = "reader of IIO" };
	struct text t = { 0 };
	struct line l;
	int iio;

	line_attach(&l);
	tic_base(&t, 1000, 420);
	line_feed_text(&l, &t);
	iio = iio_wait(&l);
	require(iio_write(iio, "buffer/length", "8"));
	require(iio_write(iio, "scan_elements/in_energy0_en", "1"));
	require(iio_write(iio, "buffer/enable", "1"));
	s.fd = iio_open(iio, 0);
	put_to_sleep(&s);
	line_hang_up(&l);
	require_awake(&s);
	require(s.result == -ENODEV, "%d", s.result);
	require(iio_find(&l) < 0);
}

static void holder_of_the_tty_learns_the_end(void)
{
	struct sleeper s = { .what = "holder" };
	struct line l;

	line_attach(&l);
	s.fd = l.slave;
	put_to_sleep(&s);
	line_hang_up(&l);
	require_awake(&s);
	require(s.result <= 0, "read gives %d", s.result);
	require(events_of(l.slave, POLLIN, PATIENCE_MS) & POLLHUP);
}

static void open_fd_outlives_the_device(void)
{
	char record[RECORD_MAX], path[64];
	struct text t = { 0 };
	struct line l;
	int fd, i;

	line_attach(&l);
	fd = node_open(&l, O_NONBLOCK);
	for (i = 0; i < 3; i++)
		tic_base(&t, 1000 + i, 420);
	line_feed_text(&l, &t);
	line_sync(&l);
	require(read(fd, record, 10) == 10);
	line_hang_up(&l);
	/* what is left stays readable */
	require((events_of(fd, POLLIN, 0) & (POLLIN | POLLHUP)) == (POLLIN | POLLHUP));
	require(read(fd, record, sizeof(record)) > 0);
	for (i = 1; i < 3; i++) {
		record[record_read(fd, record, sizeof(record))] = '\0';
		snprintf(path, sizeof(path), " BASE=%09d\n", 1000 + i);
		require(strstr(record, path), "%s", record);
	}
	for (i = 0; i < 3; i++)
		require(read(fd, record, sizeof(record)) < 0 && errno == ENODEV);
	require((events_of(fd, POLLIN, 0) & (POLLIN | POLLHUP)) != POLLIN);
	require(events_of(fd, POLLIN, 0) & POLLHUP);
	/* every other call */
	require(lseek(fd, 0, SEEK_SET) < 0);
	lseek(fd, 0, SEEK_END);
	require(read(fd, record, sizeof(record)) < 0 && errno == ENODEV);
	require(ioctl(fd, TCGETS, record) < 0);
	require(write(fd, "x", 1) < 0);
	require(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED);
	require(!fcntl(fd, F_SETFL, 0));
	require(read(fd, record, sizeof(record)) < 0 && errno == ENODEV);
	require(access(node_path(&l, path, sizeof(path)), F_OK));
}

static void seek_after_death_drops_what_was_left(void)
{
	struct text t = { 0 };
	struct line l;
	char c;
	int fd;

	line_attach(&l);
	fd = node_open(&l, O_NONBLOCK);
	tic_base(&t, 1000, 420);
	line_feed_text(&l, &t);
	line_sync(&l);
	line_hang_up(&l);
	if (lseek(fd, 0, SEEK_END) < 0)
		require(errno == ENODEV);
	else
		require(read(fd, &c, 1) < 0 && errno == ENODEV);
}

static void open_iio_descriptor_outlives_the_device(void)
{
	struct text t = { 0 };
	uint8_t sample[64];
	struct line l;
	int iio, fd;

	line_attach(&l);
	tic_base(&t, 1000, 420);
	line_feed_text(&l, &t);
	iio = iio_wait(&l);
	require(iio_write(iio, "scan_elements/in_energy0_en", "1"));
	require(iio_write(iio, "buffer/enable", "1"));
	fd = iio_open(iio, O_NONBLOCK);
	line_hang_up(&l);
	require(read(fd, sample, 8) < 0 && errno == ENODEV);
	require(ioctl(fd, _IOWR('i', 0x91, int), sample) < 0 && errno == ENODEV);
	events_of(fd, POLLIN, 0);
	require(!fcntl(fd, F_SETFL, 0));
	require(read(fd, sample, 8) < 0 && errno == ENODEV);
}

static void stale_sysfs_descriptors_say_no_device(void)
{
	static const char *const names[] = {
		"state",    "last_telegram",	"id",
		"serial",   "statistics/bytes", "fields/energy_import_wh",
		"raw/BASE", "uevent",
	};
	int fds[ARRAY_SIZE(names)];
	struct text t = { 0 };
	char path[300];
	struct line l;
	size_t i;

	line_attach(&l);
	tic_base(&t, 1000, 420);
	line_feed_text(&l, &t);
	require_attr(&l, "raw/BASE", "000001000");
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		fds[i] = open(attr_path(&l, names[i], path, sizeof(path)), O_RDONLY | O_CLOEXEC);
		require(fds[i] >= 0, "%s", path);
	}
	line_hang_up(&l);
	for (i = 0; i < ARRAY_SIZE(names); i++)
		require(read(fds[i], path, sizeof(path)) < 0 && errno == ENODEV, "%s", names[i]);
}

static void replug_is_meter0_again_even_with_an_old_descriptor(void)
{
	struct line first, again;
	struct text t = { 0 };
	char record[RECORD_MAX];
	int old, new;

	line_attach(&first);
	require(first.meter == 0);
	old = node_open(&first, O_NONBLOCK);
	line_hang_up(&first);
	line_attach(&again);
	require(again.meter == 0, "meter%d", again.meter);
	new = node_open(&again, O_NONBLOCK);
	tic_base(&t, 4321, 420);
	line_feed_text(&again, &t);
	record_read(new, record, sizeof(record));
	require(strstr(record, " BASE=000004321\n"));
	require(read(old, record, sizeof(record)) < 0 && errno == ENODEV);
}

static void numbers_are_reused_lowest_first(void)
{
	struct line l[5];
	int i;

	for (i = 0; i < 5; i++) {
		line_attach(&l[i]);
		require(l[i].meter == i);
	}
	line_close(&l[3]);
	line_close(&l[1]);
	line_attach(&l[1]);
	require(l[1].meter == 1);
	line_attach(&l[3]);
	require(l[3].meter == 3);
}

static void hundreds_of_hangups_with_sleepers(void)
{
	struct text t = { 0 };
	struct sleeper s[2];
	struct line l;
	int i, j;

	for (i = 0; i < 300; i++) {
		memset(s, 0, sizeof(s));
		line_attach(&l);
		require(l.meter == 0, "meter%d in cycle %d", l.meter, i);
		for (j = 0; j < 2; j++) {
			s[j].what = "sleeper";
			s[j].fd = node_open(&l, 0);
			s[j].events = j ? POLLHUP : 0;
			put_to_sleep(&s[j]);
		}
		tic_base(&t, i, 420);
		if (i % 3 == 0)
			line_feed(&l, t.bytes, t.len - i % 50);
		t.len = 0;
		if (i % 2)
			line_hang_up(&l);
		else
			by_vhangup(&l);
		for (j = 0; j < 2; j++) {
			require_awake(&s[j]);
			close(s[j].fd);
		}
		require(s[0].result == -ENODEV || s[0].result > 0, "%d", s[0].result);
		require(s[1].result & POLLHUP, "%x", s[1].result);
		line_close(&l);
	}
}

static void module_stays_while_it_is_needed(void)
{
	struct line l;
	int fd, error;

	line_attach(&l);
	error = module_remove();
	require(error == -EAGAIN || error == -EBUSY, "attached: %d", error);
	fd = node_open(&l, O_NONBLOCK);
	line_close(&l);
	error = module_remove();
	require(error == -EAGAIN || error == -EBUSY, "descriptor of a dead meter: %d", error);
	close(fd);
	require(becomes_true(module_remove() == 0 || !module_is_loaded(), PATIENCE_MS));
	require(!module_is_loaded());
	require(access("/sys/class/meter", F_OK) && access("/dev/meter0", F_OK));
	module_load();
	line_attach(&l);
	require(l.meter == 0);
}

/* Ten times, or twice where it takes seconds. */
static void module_can_be_loaded_again_and_again(void)
{
	int64_t end = now_ms() + 5000;
	struct text t = { 0 };
	struct line l;
	int i;

	for (i = 0; i < 10 && (i < 2 || now_ms() < end); i++) {
		line_attach(&l);
		tic_base(&t, i, 420);
		line_feed_text(&l, &t);
		line_close(&l);
		require(becomes_true(module_remove() == 0 || !module_is_loaded(), PATIENCE_MS));
		module_load();
	}
}

/* A field of /proc/meminfo in KiB. */
static long meminfo(const char *name)
{
	char text[8192], *at;

	require(file_read("/proc/meminfo", text, sizeof(text)) > 0);
	at = strstr(text, name);
	return at ? strtol(at + strlen(name) + 1, NULL, 10) : 0;
}

static void attaching_leaks_nothing(void)
{
	struct text t = { 0 };
	long before = 0, lost;
	struct line l;
	int i, fd;

	for (i = 0; i < 400; i++) {
		if (i == 100)
			before = meminfo("SUnreclaim") - meminfo("MemFree");
		line_attach(&l);
		fd = node_open(&l, O_NONBLOCK);
		tic_base(&t, i, 420);
		line_feed_text(&l, &t);
		line_close(&l);
		close(fd);
	}
	/* a struct meter is above 16 KiB: 300 of them would be 5 MiB in both terms */
	lost = meminfo("SUnreclaim") - meminfo("MemFree") - before;
	require(becomes_true((lost = meminfo("SUnreclaim") - meminfo("MemFree") - before) < 4096,
			     PATIENCE_MS),
		"%ld KiB are lost", lost);
}

/* Frames in groups that the ring can hold, all read. */
static void feed_and_read(struct line *l, int fd, int frames)
{
	char record[RECORD_MAX];
	struct text t = { 0 };
	int i, read_back = 0;

	for (i = 0; i < frames; i++) {
		tic_base(&t, i, i % 1000);
		if (i % 10 < 9 && i + 1 < frames)
			continue;
		line_feed_text(l, &t);
		line_sync(l);
		while (read(fd, record, sizeof(record)) > 0)
			read_back++;
	}
	require(read_back == frames, "%d of %d", read_back, frames);
}

static void ten_thousand_frames_leak_nothing(void)
{
	struct line l;
	long before, lost;
	int fd;

	line_attach(&l);
	fd = node_open(&l, O_NONBLOCK);
	feed_and_read(&l, fd, 1000);
	before = meminfo("SUnreclaim");
	feed_and_read(&l, fd, 10000);
	/* KASAN keeps what was freed for a while; kmemleak.sh looks there. */
	if (!access("/sys/kernel/debug/kmemleak", F_OK))
		skip("kmemleak tells more in this kernel");
	/* 64 bytes a frame would be 640 KiB */
	lost = meminfo("SUnreclaim") - before;
	require(lost < 512, "%ld KiB are lost", lost);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		TEST(every_way_to_end_a_line_ends_the_meter),
		TEST(hangup_wakes_every_sleeper),
		TEST(hangup_wakes_a_reader_of_the_iio_buffer),
		TEST(holder_of_the_tty_learns_the_end),
		TEST(open_fd_outlives_the_device),
		TEST(seek_after_death_drops_what_was_left),
		TEST(open_iio_descriptor_outlives_the_device),
		TEST(stale_sysfs_descriptors_say_no_device),
		TEST(replug_is_meter0_again_even_with_an_old_descriptor),
		TEST(numbers_are_reused_lowest_first),
		TEST(hundreds_of_hangups_with_sleepers),
		LONG_TEST(module_stays_while_it_is_needed, 120),
		LONG_TEST(module_can_be_loaded_again_and_again, 120),
		TEST(ten_thousand_frames_leak_nothing),
		TEST(attaching_leaks_nothing),
	};

	return selftest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
