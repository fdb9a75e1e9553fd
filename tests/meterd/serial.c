// SPDX-License-Identifier: MIT
/*
 * Source serial on ptys, under a clock of its own. Where a test says so, a pty passes for a UART:
 * what comes out of it then depends on the speed it is set to.
 */
#include <stdarg.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>

#include <dlfcn.h>

#include "push_list.h"
#include "world.h"

/* What the sources did to the system. */
static unsigned int opens, reads;
/* The last line that they opened; perhaps closed since. */
static int slave = -1;
/* Ptys look like the first UART of this machine. */
static bool wired;
/* Ttys can be opened, but not read. */
static bool defective;
/* What passes for a UART was set to even parity, and whether it has any. */
static bool even_set, parityless;

#define UART_RDEV makedev(4, 64)

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	va_start(args, flags);
	if (flags & O_CREAT)
		mode = va_arg(args, mode_t);
	va_end(args);
	if (!strstr(path, "/meter-cable-"))
		return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
	opens++;
	slave = syscall(SYS_openat, AT_FDCWD, path, flags, mode);
	return slave;
}

ssize_t read(int fd, void *to, size_t count)
{
	reads++;
	if (defective && isatty(fd)) {
		errno = EIO;
		return -1;
	}
	return syscall(SYS_read, fd, to, count);
}

int fstat(int fd, struct stat *st)
{
	int rc = fstatat(fd, "", st, AT_EMPTY_PATH);

	if (!rc && wired && S_ISCHR(st->st_mode) && major(st->st_rdev) >= 136)
		st->st_rdev = UART_RDEV;
	return rc;
}

ssize_t readlink(const char *path, char *to, size_t size)
{
	static const char target[] = "../../devices/platform/ttyS0";

	if (strcmp(path, "/sys/dev/char/4:64"))
		return syscall(SYS_readlinkat, AT_FDCWD, path, to, size);
	memcpy(to, target, sizeof(target) - 1);
	return sizeof(target) - 1;
}

int tcsetattr(int fd, int when, const struct termios *t)
{
	static int (*next)(int fd, int when, const struct termios *t);

	if (!next)
		next = dlsym(RTLD_NEXT, "tcsetattr");
	if (wired && fd == slave)
		even_set = t->c_cflag & PARENB && !parityless;
	return next(fd, when, t);
}

int tcgetattr(int fd, struct termios *t)
{
	static int (*next)(int fd, struct termios *t);
	int rc;

	if (!next)
		next = dlsym(RTLD_NEXT, "tcgetattr");
	rc = next(fd, t);
	if (wired && fd == slave && even_set)
		t->c_cflag |= PARENB;
	return rc;
}

/* How often a cable carries bytes. */
#define TICK_MS 20

/**
 * struct cable - a pty with a meter at its end, under a name that stays
 * @master: -1: unplugged
 * @bit_per_s: speed of the meter; 0: it has none, as on a pty
 * @even: it has parity that is the line's, 8E1
 * @mbus: it is wrong when the line has not the parity of the meter
 * @gap_ms: between its telegrams
 * @text: its telegram; @at: bytes of it that were sent
 * @noise: random bytes in its place
 */
struct cable {
	struct world w;
	char directory[64];
	char path[96];
	int master;
	struct event *ticker;
	unsigned int bit_per_s;
	bool even;
	bool mbus;
	u64 gap_ms;
	u8 text[2048];
	size_t len;
	size_t at;
	bool noise;
	u64 lots;
};

static unsigned int speed_set(const struct cable *c)
{
	struct termios t;

	tcgetattr(c->master, &t);
	switch (cfgetospeed(&t)) {
	case B1200:
		return 1200;
	case B2400:
		return 2400;
	case B19200:
		return 19200;
	case B38400:
		return 38400;
	case B9600:
		return 9600;
	case B115200:
		return 115200;
	default:
		return 0;
	}
}

/* A slower line shows its bits as flat bytes, a faster one as noise. */
static u8 as_received(struct cable *c, u8 byte)
{
	static const u8 flat[] = { 0x00, 0x80, 0xe0, 0xf8, 0xff };
	unsigned int set = c->bit_per_s ? speed_set(c) : 0;

	if (c->mbus && c->even != even_set && !lot(&c->lots, 8))
		byte ^= 0x80;
	if (c->noise || (c->bit_per_s && set < c->bit_per_s))
		return lot(&c->lots, 256);
	return c->bit_per_s && set > c->bit_per_s ? flat[lot(&c->lots, 5)] : byte;
}

static void cable_wait(struct cable *c, u64 ms)
{
	const struct timeval after = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	event_add(c->ticker, &after);
}

static int waiting(void)
{
	int count = 0;

	return isatty(slave) && !ioctl(slave, FIONREAD, &count) ? count : -1;
}

/* The clock stands still until a reader can have what was sent. */
static void await_arrival(int before, unsigned int sent)
{
	for (unsigned int i = 0; before >= 0 && i < 20000 && waiting() < before + (int)sent; i++)
		usleep(50);
}

static void cable_tick(evutil_socket_t fd, short what, void *context)
{
	struct cable *c = context;
	unsigned int room = c->bit_per_s ? c->bit_per_s / 10 * TICK_MS / 1000 : sizeof(c->text);
	unsigned int sent = 0;
	int before = waiting();

	(void)fd;
	(void)what;
	for (; sent < room && c->at < c->len; sent++) {
		u8 byte = as_received(c, c->text[c->at++]);

		if (write(c->master, &byte, 1) != 1)
			break;
	}
	await_arrival(before, sent);
	if (c->at < c->len) {
		cable_wait(c, TICK_MS);
		return;
	}
	c->at = 0;
	cable_wait(c, c->gap_ms);
}

/* The meter sends nothing any more. */
static void cable_mute(struct cable *c)
{
	event_del(c->ticker);
}

static void cable_speak(struct cable *c)
{
	c->at = 0;
	cable_wait(c, 0);
}

static void cable_plug(struct cable *c)
{
	struct termios raw;

	c->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	tcgetattr(c->master, &raw);
	cfmakeraw(&raw);
	cfsetspeed(&raw, B4800);
	tcsetattr(c->master, TCSANOW, &raw);
	grantpt(c->master);
	unlockpt(c->master);
	if (symlink(ptsname(c->master), c->path))
		broken("no link to the pty: %s", strerror(errno));
	cable_speak(c);
}

static void cable_unplug(struct cable *c)
{
	cable_mute(c);
	unlink(c->path);
	close(c->master);
	c->master = -1;
}

static const char *const tic_groups[] = {
	"ADCO 012345678901", "OPTARIF BASE", "ISOUSC 45", "BASE 001234567", "PTEC TH..",
	"IINST 002", "IMAX 090", "PAPP 00480", "HHPHC A", "MOTDETAT 000000",
};

static void cable_begin(struct cable *c)
{
	*c = (struct cable){ .master = -1, .gap_ms = 1000 };
	wired = false;
	even_set = parityless = false;
	world_begin(&c->w);
	strcpy(c->directory, "/tmp/meter-cable-XXXXXX");
	if (!mkdtemp(c->directory))
		abort();
	snprintf(c->path, sizeof(c->path), "%s/tty", c->directory);
	c->len = tic_frame_of(c->text, sizeof(c->text), tic_groups, COUNT(tic_groups));
	c->ticker = event_new(c->w.base, -1, 0, cable_tick, c);
}

static bool cable_end(struct cable *c, bool kept)
{
	event_free(c->ticker);
	world_end(&c->w);
	if (c->master >= 0)
		cable_unplug(c);
	rmdir(c->directory);
	return kept;
}

static struct source_config serial_config(const struct cable *c, const char *name)
{
	struct source_config s = {
		.type = SOURCE_SERIAL,
		.enabled = true,
		.cycle_s = -1,
		.device = (char *)c->path,
		.protocols = LINE_AUTO,
	};

	snprintf(s.name, sizeof(s.name), "%s", name);
	return s;
}

static void cable_read(struct cable *c)
{
	struct source_config s = serial_config(c, "house");

	world_apply(&c->w, &s, 1);
}

static bool is_state_of(struct cable *c, const char *name, enum line_state state,
			const char *words)
{
	struct line *line = line_of(&c->w, name);

	if (line->state == state && strstr(line->why, words))
		return true;
	return broken("%s: %s; not %s: ...%s...", line_state_name(line->state), line->why,
		      line_state_name(state), words);
}

static bool is_state(struct cable *c, enum line_state state, const char *words)
{
	return is_state_of(c, "house", state, words);
}

static bool telegrams_on_a_pty_are_read(const char **skip)
{
	struct cable c;

	(void)skip;
	cable_begin(&c);
	cable_plug(&c);
	cable_read(&c);
	world_run(&c.w, 5000);
	return cable_end(&c, is_state(&c, LINE_CONNECTED, "tic-historique") && c.w.heard >= 4);
}

static bool speed_of_a_pty_is_left_alone(const char **skip)
{
	struct source_config s;
	struct cable c;
	bool kept;

	(void)skip;
	cable_begin(&c);
	cable_plug(&c);
	s = serial_config(&c, "house");
	s.speed_bit_per_s = 1200;
	world_apply(&c.w, &s, 1);
	c.noise = true;
	world_run(&c.w, 60000);
	kept = is_state(&c, LINE_WRONG_DATA, "neither TIC nor P1") && !speed_set(&c);
	c.noise = false;
	world_run(&c.w, 5000);
	kept &= is_state(&c, LINE_CONNECTED, "") && !speed_set(&c);
	return cable_end(&c, kept);
}

static bool device_comes_back_under_its_name(const char **skip)
{
	struct cable c;
	bool kept;

	(void)skip;
	cable_begin(&c);
	cable_read(&c);
	kept = is_state(&c, LINE_SILENT, "not there");
	cable_plug(&c);
	world_run(&c.w, 2000);
	kept &= is_state(&c, LINE_CONNECTED, "");
	cable_unplug(&c);
	world_run(&c.w, 1000);
	kept &= is_state(&c, LINE_SILENT, "not there");
	world_run(&c.w, 600000);
	cable_plug(&c);
	/* By inotify: the next look is up to ten seconds away. */
	world_run(&c.w, 1500);
	kept &= is_state(&c, LINE_CONNECTED, "");
	return cable_end(&c, kept);
}

/* As /dev/serial/by-id goes with its last adapter. */
static bool device_whose_directory_went_comes_back(const char **skip)
{
	struct cable c;
	bool kept;

	(void)skip;
	cable_begin(&c);
	rmdir(c.directory);
	cable_read(&c);
	world_run(&c.w, 60000);
	kept = is_state(&c, LINE_SILENT, "not there");
	mkdir(c.directory, 0700);
	cable_plug(&c);
	world_run(&c.w, 1500);
	kept &= is_state(&c, LINE_CONNECTED, "");
	return cable_end(&c, kept);
}

static bool waiting_for_a_device_is_not_busy(const char **skip)
{
	unsigned int before;
	struct cable c;

	(void)skip;
	cable_begin(&c);
	cable_read(&c);
	before = opens;
	for (unsigned int minute = 0; minute < 60 && opens - before <= 400; minute++)
		world_run(&c.w, 60000);
	if (opens - before < 300 || opens - before > 400)
		broken("%u looks in an hour", opens - before);
	return cable_end(&c, opens - before >= 300 && opens - before <= 400);
}

static bool device_that_always_fails_is_not_tried_without_pause(const char **skip)
{
	unsigned int before;
	struct cable c;

	(void)skip;
	cable_begin(&c);
	defective = true;
	cable_plug(&c);
	cable_read(&c);
	before = opens;
	world_run(&c.w, 60000);
	defective = false;
	if (opens - before > 12)
		broken("opened %u times in a minute", opens - before);
	return cable_end(&c, opens - before >= 4 && opens - before <= 12);
}

static bool garbage_is_wrong_data(const char **skip)
{
	struct cable c;

	(void)skip;
	cable_begin(&c);
	cable_plug(&c);
	c.noise = true;
	c.gap_ms = 20;
	cable_read(&c);
	world_run(&c.w, 10000);
	return cable_end(&c, is_state(&c, LINE_WRONG_DATA, "neither TIC nor P1") && !c.w.heard);
}

static bool wrong_protocol_is_wrong_data(const char **skip)
{
	struct source_config s;
	struct cable c;

	(void)skip;
	cable_begin(&c);
	cable_plug(&c);
	s = serial_config(&c, "house");
	s.protocols = LINE_P1;
	world_apply(&c.w, &s, 1);
	world_run(&c.w, 120000);
	return cable_end(&c, is_state(&c, LINE_WRONG_DATA, "") && !c.w.heard);
}

static bool silence_is_told_after_thirty_seconds(const char **skip)
{
	struct cable c;
	bool kept;

	(void)skip;
	cable_begin(&c);
	cable_plug(&c);
	cable_read(&c);
	world_run(&c.w, 10000);
	cable_mute(&c);
	world_run(&c.w, 25000);
	kept = is_state(&c, LINE_CONNECTED, "");
	world_run(&c.w, 15000);
	kept &= is_state(&c, LINE_SILENT, "no byte comes");
	cable_speak(&c);
	world_run(&c.w, 3000);
	kept &= is_state(&c, LINE_CONNECTED, "");
	return cable_end(&c, kept);
}

static bool silence_from_the_start_is_told_after_thirty_seconds(const char **skip)
{
	struct cable c;
	bool kept;

	(void)skip;
	cable_begin(&c);
	cable_plug(&c);
	cable_mute(&c);
	cable_read(&c);
	world_run(&c.w, 25000);
	kept = is_state(&c, LINE_SILENT, "waits for a telegram");
	world_run(&c.w, 10000);
	kept &= is_state(&c, LINE_SILENT, "no byte comes");
	return cable_end(&c, kept);
}

/* 30 s is three periods of the slowest meters, 10 s. */
static bool meter_that_sends_each_ten_seconds_stays_connected(const char **skip)
{
	unsigned int states;
	struct cable c;

	(void)skip;
	cable_begin(&c);
	c.gap_ms = 10000;
	cable_plug(&c);
	cable_read(&c);
	world_run(&c.w, 30000);
	states = c.w.states;
	world_run(&c.w, 3600000);
	return cable_end(&c, is_state(&c, LINE_CONNECTED, "") && c.w.states == states);
}

static bool line_that_another_has_is_refused_until_it_is_free(const char **skip)
{
	struct source_config s[2];
	struct cable c;
	bool kept;

	(void)skip;
	cable_begin(&c);
	cable_plug(&c);
	s[0] = serial_config(&c, "first");
	s[1] = serial_config(&c, "second");
	world_apply(&c.w, s, 2);
	world_run(&c.w, 20000);
	kept = is_state_of(&c, "first", LINE_CONNECTED, "") &&
	       is_state_of(&c, "second", LINE_REFUSED, "in use");
	sources_switch(c.w.sources, "first", false);
	world_run(&c.w, 15000);
	kept &= is_state_of(&c, "first", LINE_OFF, "") &&
		is_state_of(&c, "second", LINE_CONNECTED, "");
	return cable_end(&c, kept);
}

static bool what_is_no_tty_is_refused(const char **skip)
{
	struct source_config s;
	struct cable c;

	(void)skip;
	cable_begin(&c);
	s = serial_config(&c, "house");
	s.device = "/dev/null";
	world_apply(&c.w, &s, 1);
	return cable_end(&c, is_state(&c, LINE_REFUSED, "not a tty"));
}

static bool trickling_bytes_wake_it_seldom(const char **skip)
{
	unsigned int before;
	struct cable c;

	(void)skip;
	cable_begin(&c);
	wired = true;
	c.bit_per_s = 1200;
	c.gap_ms = 0;
	cable_plug(&c);
	cable_read(&c);
	world_run(&c.w, 20000);
	before = reads;
	world_run(&c.w, 10000);
	if (reads - before > 250)
		broken("%u reads in ten seconds", reads - before);
	return cable_end(&c, c.w.heard && reads - before <= 250);
}

static bool is_found_within(unsigned int bit_per_s, bool parity, u64 gap_ms, u64 within_ms)
{
	char why[40];
	struct cable c;
	bool kept;

	cable_begin(&c);
	wired = true;
	c.bit_per_s = bit_per_s;
	c.gap_ms = gap_ms;
	if (parity)
		add_parity(c.text, c.len);
	cable_plug(&c);
	cable_read(&c);
	world_run(&c.w, within_ms);
	snprintf(why, sizeof(why), "%u bit/s, %s", bit_per_s, parity ? "7E1" : "8N1");
	kept = is_state(&c, LINE_CONNECTED, why) && speed_set(&c) == bit_per_s;
	return cable_end(&c, kept);
}

static bool every_speed_and_parity_is_found(const char **skip)
{
	(void)skip;
	return is_found_within(1200, true, 20, 20000) && is_found_within(1200, false, 20, 20000) &&
	       is_found_within(9600, true, 20, 20000) && is_found_within(9600, false, 10000, 70000) &&
	       is_found_within(115200, false, 10000, 60000);
}

/* A meter of DLMS on what passes for a UART. */
static void mbus_begin(struct cable *c, unsigned int bit_per_s, bool even)
{
	struct list l;

	cable_begin(c);
	wired = true;
	c->mbus = true;
	c->bit_per_s = bit_per_s;
	c->even = even;
	c->gap_ms = 4000;
	list_begin(&l);
	put_code(&l, 0, 96, 1, 0);
	put_text(&l, "LGZ1");
	put_code(&l, 0, 1, 7, 0);
	put_number(&l, 230);
	c->len = list_frame(&l, c->text);
}

static void mbus_read(struct cable *c, unsigned int framings)
{
	struct source_config s = serial_config(c, "house");

	s.type = SOURCE_MBUS;
	s.protocols = framings == DLMS_AUTO ? LINE_P1 : 0;
	s.framings = framings;
	cable_plug(c);
	world_apply(&c->w, &s, 1);
}

static bool is_mbus_found_within(unsigned int framings, unsigned int bit_per_s, bool even,
				 u64 within_ms)
{
	char why[40];
	struct cable c;
	bool kept;

	mbus_begin(&c, bit_per_s, even);
	mbus_read(&c, framings);
	world_run(&c.w, within_ms);
	snprintf(why, sizeof(why), "dlms telegrams come at %u bit/s, %s", bit_per_s,
		 even ? "8E1" : "8N1");
	kept = is_state(&c, LINE_CONNECTED, why) && speed_set(&c) == bit_per_s && even_set == even;
	return cable_end(&c, kept);
}

static bool mbus_is_found_within(unsigned int bit_per_s, bool even, u64 within_ms)
{
	return is_mbus_found_within(DLMS_AUTO, bit_per_s, even, within_ms);
}

static bool every_speed_and_parity_of_mbus_is_found_by_its_checks(const char **skip)
{
	(void)skip;
	return mbus_is_found_within(2400, true, 12000) &&
	       mbus_is_found_within(2400, false, 26000) &&
	       mbus_is_found_within(115200, false, 39000) &&
	       mbus_is_found_within(9600, false, 52000) &&
	       mbus_is_found_within(38400, false, 65000) &&
	       mbus_is_found_within(9600, true, 78000) && mbus_is_found_within(19200, true, 91000);
}

static bool parity_of_mbus_is_found_when_its_framing_is_given(const char **skip)
{
	(void)skip;
	return is_mbus_found_within(DLMS_HDLC, 2400, false, 26000);
}

static bool a_port_without_parity_is_told(const char **skip)
{
	struct cable c;
	bool kept;

	(void)skip;
	mbus_begin(&c, 2400, true);
	parityless = true;
	mbus_read(&c, DLMS_AUTO);
	world_run(&c.w, 60000);
	kept = is_state(&c, LINE_WRONG_DATA, "this port has no parity");
	c.even = false;
	world_run(&c.w, 100000);
	return cable_end(&c, kept && is_state(&c, LINE_CONNECTED, "2400 bit/s, 8N1"));
}

static bool meter_whose_speed_was_changed_is_found_again(const char **skip)
{
	struct cable c;
	bool kept;

	(void)skip;
	cable_begin(&c);
	wired = true;
	c.bit_per_s = 9600;
	c.gap_ms = 20;
	cable_plug(&c);
	cable_read(&c);
	world_run(&c.w, 20000);
	kept = is_state(&c, LINE_CONNECTED, "9600 bit/s");
	c.bit_per_s = 1200;
	world_run(&c.w, 90000);
	kept &= is_state(&c, LINE_CONNECTED, "1200 bit/s");
	return cable_end(&c, kept);
}

static bool bytes_without_telegrams_at_any_speed_are_wrong_data(const char **skip)
{
	struct cable c;

	(void)skip;
	cable_begin(&c);
	wired = true;
	c.bit_per_s = 9600;
	c.gap_ms = 20;
	c.noise = true;
	cable_plug(&c);
	cable_read(&c);
	world_run(&c.w, 60000);
	return cable_end(&c, is_state(&c, LINE_WRONG_DATA, "no telegram of TIC or P1 at"));
}

static bool speed_that_was_given_is_kept(const char **skip)
{
	struct source_config s;
	struct cable c;
	bool kept;

	(void)skip;
	cable_begin(&c);
	wired = true;
	c.bit_per_s = 1200;
	c.gap_ms = 20;
	cable_plug(&c);
	s = serial_config(&c, "house");
	s.speed_bit_per_s = 9600;
	world_apply(&c.w, &s, 1);
	world_run(&c.w, 300000);
	kept = speed_set(&c) == 9600 && is_state(&c, LINE_WRONG_DATA, "speed");
	return cable_end(&c, kept);
}

/* The time of a telegram is that of its first byte, though it is long on its way. */
static u64 first_ms;

static void note_moment(struct world *w, struct line *line, const struct telegram *t)
{
	(void)line;
	(void)t;
	if (!first_ms)
		first_ms = w->when.steady_ms;
}

static bool telegram_is_dated_by_its_first_byte(const char **skip)
{
	u64 begun_ms;
	struct cable c;
	bool kept;

	(void)skip;
	cable_begin(&c);
	wired = true;
	first_ms = 0;
	c.w.on_telegram = note_moment;
	c.bit_per_s = 1200;
	cable_plug(&c);
	cable_mute(&c);
	cable_read(&c);
	world_run(&c.w, 1000);
	begun_ms = steady_ms();
	cable_speak(&c);
	world_run(&c.w, 3000);
	kept = first_ms >= begun_ms && first_ms <= begun_ms + 2 * TICK_MS + 60;
	if (!kept)
		broken("first byte at %llu, dated %llu", (unsigned long long)begun_ms,
		       (unsigned long long)first_ms);
	return cable_end(&c, kept);
}

static const struct promise promises[] = {
	{ "telegrams_on_a_pty_are_read", telegrams_on_a_pty_are_read },
	{ "speed_of_a_pty_is_left_alone", speed_of_a_pty_is_left_alone },
	{ "device_comes_back_under_its_name", device_comes_back_under_its_name },
	{ "device_whose_directory_went_comes_back", device_whose_directory_went_comes_back },
	{ "waiting_for_a_device_is_not_busy", waiting_for_a_device_is_not_busy },
	{ "device_that_always_fails_is_not_tried_without_pause",
	  device_that_always_fails_is_not_tried_without_pause },
	{ "garbage_is_wrong_data", garbage_is_wrong_data },
	{ "wrong_protocol_is_wrong_data", wrong_protocol_is_wrong_data },
	{ "silence_is_told_after_thirty_seconds", silence_is_told_after_thirty_seconds },
	{ "silence_from_the_start_is_told_after_thirty_seconds",
	  silence_from_the_start_is_told_after_thirty_seconds },
	{ "meter_that_sends_each_ten_seconds_stays_connected",
	  meter_that_sends_each_ten_seconds_stays_connected },
	{ "line_that_another_has_is_refused_until_it_is_free",
	  line_that_another_has_is_refused_until_it_is_free },
	{ "what_is_no_tty_is_refused", what_is_no_tty_is_refused },
	{ "trickling_bytes_wake_it_seldom", trickling_bytes_wake_it_seldom },
	{ "every_speed_and_parity_is_found", every_speed_and_parity_is_found },
	{ "every_speed_and_parity_of_mbus_is_found_by_its_checks",
	  every_speed_and_parity_of_mbus_is_found_by_its_checks },
	{ "parity_of_mbus_is_found_when_its_framing_is_given",
	  parity_of_mbus_is_found_when_its_framing_is_given },
	{ "a_port_without_parity_is_told", a_port_without_parity_is_told },
	{ "meter_whose_speed_was_changed_is_found_again",
	  meter_whose_speed_was_changed_is_found_again },
	{ "bytes_without_telegrams_at_any_speed_are_wrong_data",
	  bytes_without_telegrams_at_any_speed_are_wrong_data },
	{ "speed_that_was_given_is_kept", speed_that_was_given_is_kept },
	{ "telegram_is_dated_by_its_first_byte", telegram_is_dated_by_its_first_byte },
};

int main(void)
{
	return keep_promises(promises, COUNT(promises));
}
