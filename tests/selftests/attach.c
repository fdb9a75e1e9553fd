// SPDX-License-Identifier: MIT
/*
 * Who may attach, what the tty still does while the discipline is on it, and how much a line may
 * send.
 */
#include "selftest.h"

static void unprivileged_user_cannot_attach(void)
{
	int number = ldisc_number();
	struct line l;

	require(!setgid(NOBODY) && !setuid(NOBODY));
	line_open(&l);
	require(line_set_ldisc(&l, number) == -EPERM);
	require(meter_count() == 0);
}

static void root_of_a_user_namespace_cannot_attach(void)
{
	int number = ldisc_number();
	struct line l;

	if (unshare(CLONE_NEWUSER))
		skip("this kernel makes no user namespaces");
	require(file_write("/proc/self/setgroups", "deny"));
	require(file_write("/proc/self/uid_map", "0 0 1") && getuid() == 0);
	line_open(&l);
	require(line_set_ldisc(&l, number) == -EPERM);
	require(meter_count() == 0);
}

static void refused_attach_leaves_the_tty_as_it_was(void)
{
	int number = ldisc_number(), now = -1;
	struct line l;

	line_open(&l);
	require(!seteuid(NOBODY));
	require(line_set_ldisc(&l, number) == -EPERM);
	require(!ioctl(l.slave, TIOCGETD, &now) && now == 0);
	require(write(l.master, "hello", 5) == 5);
	require(events_of(l.slave, POLLIN, PATIENCE_MS) & POLLIN);
}

/* Where this guest keeps the program that the kernel calls for a module. */
static void let_the_kernel_load_modules(void)
{
	static const char *const programs[] = {
		"/sbin/modprobe",
		"/bin/modprobe",
		"/usr/sbin/modprobe",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(programs) && access(programs[i], X_OK); i++)
		;
	require(i < ARRAY_SIZE(programs));
	require(file_write("/proc/sys/kernel/modprobe", programs[i]));
}

static void module_is_never_loaded_by_setting_a_discipline(void)
{
	int number = ldisc_number();
	struct line l;

	let_the_kernel_load_modules();
	require(becomes_true(module_remove() == 0 || !module_is_loaded(), PATIENCE_MS));
	line_open(&l);
	require(line_set_ldisc(&l, number) == -EINVAL);
	require(!module_is_loaded());
	module_load();
}

static void discipline_shows_in_tiocgetd(void)
{
	int now = -1;
	struct line l;

	line_attach(&l);
	require(!ioctl(l.slave, TIOCGETD, &now) && now == ldisc_number());
}

static void discipline_number_is_a_parameter(void)
{
	int now = -1;
	struct line l;

	require(becomes_true(module_remove() == 0 || !module_is_loaded(), PATIENCE_MS));
	require(system("modprobe meterline ldisc=0 2>/dev/null") != 0 && !module_is_loaded());
	require(system("modprobe meterline ldisc=26") == 0);
	line_attach(&l);
	require(!ioctl(l.slave, TIOCGETD, &now) && now == 26);
	line_close(&l);
	require(becomes_true(module_remove() == 0 || !module_is_loaded(), PATIENCE_MS));
	module_load();
}

static void attaching_twice_is_one_meter(void)
{
	struct line l;

	line_attach(&l);
	require(line_set_ldisc(&l, ldisc_number()) == 0);
	require(meter_count() == 1);
}

static void termios_works_while_attached(void)
{
	struct termios t;
	struct line l;

	line_attach(&l);
	require(!tcgetattr(l.slave, &t));
	require(cfgetospeed(&t) == B1200);
	cfsetspeed(&t, B9600);
	require(!tcsetattr(l.slave, TCSANOW, &t));
	require(!tcgetattr(l.slave, &t) && cfgetospeed(&t) == B9600);
	require(!tcflush(l.slave, TCIFLUSH));
	require(!ioctl(l.slave, TIOCEXCL));
	require(ioctl(l.slave, 0x4d7f) < 0 && (errno == ENOTTY || errno == EINVAL));
}

static void nothing_is_ever_written_to_the_meter(void)
{
	struct text t = { 0 };
	struct line l;
	char c;

	line_attach(&l);
	tic_base(&t, 1000, 420);
	line_feed_text(&l, &t);
	require_attr(&l, "state", "locked");
	require(write(l.slave, "x", 1) < 0);
	fcntl(l.master, F_SETFL, O_RDWR | O_NONBLOCK);
	require(read(l.master, &c, 1) < 0 && errno == EAGAIN, "the meter hears %02x", c);
}

static void reading_the_tty_takes_nothing_from_the_meter(void)
{
	struct text t = { 0 };
	struct line l;
	char c;

	line_attach(&l);
	fcntl(l.slave, F_SETFL, O_RDWR | O_NONBLOCK);
	tic_base(&t, 1000, 420);
	line_feed(&l, t.bytes, t.len / 2);
	line_sync(&l);
	require(read(l.slave, &c, 1) < 0 && errno == EAGAIN);
	line_feed(&l, t.bytes + t.len / 2, t.len - t.len / 2);
	require_attr(&l, "fields/energy_import_wh", "1000");
}

static void tiocsti_is_like_a_byte_of_the_line(void)
{
	struct text t = { 0 };
	struct line l;
	size_t i;

	line_attach(&l);
	tic_base(&t, 1000, 420);
	for (i = 0; i < t.len; i++)
		if (ioctl(l.slave, TIOCSTI, &t.bytes[i])) {
			require(errno == EIO || errno == EPERM);
			skip("this kernel refuses TIOCSTI");
		}
	require_attr(&l, "fields/energy_import_wh", "1000");
}

static void a_mebibyte_through_a_pty_ends(void)
{
	struct text t = { 0 };
	unsigned int i = 0;
	struct line l;

	line_attach(&l);
	while (l.sent < 1 << 20) {
		while (t.len < 32000)
			tic_std(&t, i++, 420);
		line_feed_text(&l, &t);
	}
	line_sync(&l);
	require(counter(&l, "telegrams") == i);
}

static void a_mebibyte_of_garbage_ends(void)
{
	struct text t = { 0 };
	unsigned int seed = 7;
	struct line l;

	line_attach(&l);
	while (l.sent < 1 << 20) {
		while (t.len < 32000)
			t.bytes[t.len++] = rand_r(&seed) >> 8;
		line_feed_text(&l, &t);
	}
	line_sync(&l);
	require(counter(&l, "telegrams") == 0);
}

static void bytes_may_come_one_by_one(void)
{
	struct text t = { 0 };
	struct line l;
	size_t i;

	line_attach(&l);
	p1_dsmr5(&t, 1000, 420);
	tic_base(&t, 2000, 420);
	for (i = 0; i < t.len; i++)
		line_feed(&l, t.bytes + i, 1);
	require_attr(&l, "fields/energy_import_wh", "1000");
	require(attr_is(&l, "type", "p1"));
}

static void many_lines_are_independent(void)
{
	static struct line l[8];
	struct text t = { 0 };
	char value[16];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(l); i++)
		line_attach(&l[i]);
	for (i = 0; i < ARRAY_SIZE(l); i++) {
		if (i % 2)
			tic_base(&t, 1000 + i, 420);
		else
			p1_dsmr5(&t, 1000 + i, 420);
		line_feed_text(&l[i], &t);
	}
	for (i = 0; i < ARRAY_SIZE(l); i++) {
		snprintf(value, sizeof(value), "%u", 1000 + i);
		require_attr(&l[i], "fields/energy_import_wh", value);
	}
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		TEST(unprivileged_user_cannot_attach),
		TEST(root_of_a_user_namespace_cannot_attach),
		TEST(refused_attach_leaves_the_tty_as_it_was),
		TEST(module_is_never_loaded_by_setting_a_discipline),
		TEST(discipline_shows_in_tiocgetd),
		LONG_TEST(discipline_number_is_a_parameter, 120),
		TEST(attaching_twice_is_one_meter),
		TEST(termios_works_while_attached),
		TEST(nothing_is_ever_written_to_the_meter),
		TEST(reading_the_tty_takes_nothing_from_the_meter),
		TEST(tiocsti_is_like_a_byte_of_the_line),
		TEST(a_mebibyte_through_a_pty_ends),
		TEST(a_mebibyte_of_garbage_ends),
		TEST(bytes_may_come_one_by_one),
		TEST(many_lines_are_independent),
	};

	return selftest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
