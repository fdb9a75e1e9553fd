/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the module share: TAP, lines to feed, telegrams to feed them with, and waiting
 * for what comes of it.
 *
 * Each test is a function that runs in a process of its own and ends it by require() or skip();
 * when it ends, its ptys hang up, so the next test begins without a meter. A test also fails when
 * the kernel reports a fault while it runs, or when it takes too long.
 */
#ifndef SELFTEST_H
#define SELFTEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define SKIPPED		4	/* exit status */
#define SKIP_FD		100	/* a test writes here why it was skipped */
#define PATIENCE_MS	9000	/* for what should come at once, on a slow emulated machine */
#define NOBODY		65534

/* ---- time ------------------------------------------------------------------------------- */

static inline int64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static inline int64_t now_ms(void)
{
	return clock_ns(CLOCK_MONOTONIC) / 1000000;
}

/* Between two looks at something that announces no change. */
static inline void breathe(void)
{
	struct timespec t = { .tv_nsec = 2000000 };

	nanosleep(&t, NULL);
}

/* Waits until @condition holds, at most @ms; for what no descriptor can be polled for. */
#define becomes_true(condition, ms)                                                       \
	({                                                                                \
		int64_t end_ = now_ms() + (ms);                                           \
		bool held_;                                                               \
		while (!(held_ = (condition)) && now_ms() < end_)                         \
			breathe();                                                        \
		held_;                                                                    \
	})

/** events_of - what poll() says of a descriptor within @ms */
static inline int events_of(int fd, int wanted, int ms)
{
	struct pollfd p = { .fd = fd, .events = wanted };

	return poll(&p, 1, ms) > 0 ? p.revents : 0;
}

/* ---- TAP -------------------------------------------------------------------------------- */

/** struct test - one promise; @seconds is its limit, 0 for a minute */
struct test {
	const char *name;
	void (*run)(void);
	unsigned int seconds;
};

#define TEST(function)		{ #function, function, 0 }
#define LONG_TEST(function, s)	{ #function, function, s }

static inline void __attribute__((noreturn, format(printf, 4, 5)))
fail_at(const char *file, int line, const char *condition, const char *format, ...)
{
	int error = errno;
	va_list args;

	printf("# %s:%d: not true: %s (errno: %s)\n", file, line, condition, strerror(error));
	va_start(args, format);
	if (format[1]) {
		printf("#");
		vprintf(format, args);
		printf("\n");
	}
	va_end(args);
	fflush(stdout);
	_exit(1);
}

/* Ends the test as failed unless @condition holds; a message may follow it. */
#define require(condition, ...)                                                           \
	do {                                                                              \
		if (!(condition))                                                         \
			fail_at(__FILE__, __LINE__, #condition, " " __VA_ARGS__);         \
	} while (0)

/** skip - end the test as skipped */
static inline void __attribute__((noreturn)) skip(const char *reason)
{
	dprintf(SKIP_FD, "%s", reason);
	_exit(SKIPPED);
}

/* What the kernel prints when something went wrong inside it. */
static inline bool is_kernel_fault(const char *message)
{
	static const char *const signs[] = {
		"BUG:", "WARNING:", "KASAN", "UBSAN", "KFENCE", "INFO: task", "general protection",
		"possible recursive locking", "possible circular locking", "Oops", "ODEBUG",
		"refcount_t:", "kobject_add_internal failed", "sleeping function called",
		"suspicious RCU usage", "inconsistent lock state", "scheduling while atomic",
		"cannot create duplicate filename", "does not have a release()",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(signs); i++)
		if (strstr(message, signs[i]))
			return true;
	return false;
}

/** kernel_faults - read the kernel's log from @kmsg to its end; prints and counts the faults */
static inline int kernel_faults(int kmsg)
{
	char record[8192];
	int faults = 0;
	ssize_t n;

	for (;;) {
		n = read(kmsg, record, sizeof(record) - 1);
		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0)
			return faults;
		record[n] = '\0';
		record[strcspn(record, "\n")] = '\0';
		if (is_kernel_fault(record)) {
			printf("# kernel: %s\n", record);
			faults++;
		}
	}
}

/** meter_count - how many meters there are */
static inline int meter_count(void)
{
	DIR *dir = opendir("/sys/class/meter");
	struct dirent *entry;
	int count = 0;

	while (dir && (entry = readdir(dir)))
		count += !strncmp(entry->d_name, "meter", 5);
	if (dir)
		closedir(dir);
	return count;
}

/** struct running - a test that was started in its own process group */
struct running {
	pid_t pid;
	int reason;		/* it writes here why it was skipped */
};

static inline struct running start_test(const struct test *test)
{
	struct running r = { .pid = -1 };
	int pipes[2];

	if (pipe(pipes))
		return r;
	fflush(stdout);
	r.pid = fork();
	if (r.pid == 0) {
		setpgid(0, 0);
		dup2(pipes[1], SKIP_FD);
		fcntl(SKIP_FD, F_SETFD, FD_CLOEXEC);
		close(pipes[0]);
		close(pipes[1]);
		signal(SIGPIPE, SIG_IGN);
		alarm(test->seconds ? test->seconds : 60);
		test->run();
		fflush(stdout);
		_exit(0);
	}
	close(pipes[1]);
	r.reason = pipes[0];
	return r;
}

/* Waits for a test; returns its wait status and why it was skipped. */
static inline int finish_test(const struct running *r, char *reason, size_t size)
{
	int status = -1;
	ssize_t n = 0;

	waitpid(r->pid, &status, 0);
	if (r->pid > 0)
		kill(-r->pid, SIGKILL);
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		n = read(r->reason, reason, size - 1);
	reason[n > 0 ? n : 0] = '\0';
	close(r->reason);
	return status;
}

/* Says how a test ended, with the faults that the kernel reported since the last one. */
static inline int report_test(const char *name, int number, int status, int faults,
			      const char *reason)
{
	bool failed = faults || status;

	if (!faults && WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED) {
		printf("ok %d - %s # SKIP %s\n", number, name, reason);
		fflush(stdout);
		return SKIPPED;
	}
	if (WIFSIGNALED(status))
		printf("# ended by signal %d%s\n", WTERMSIG(status),
		       WTERMSIG(status) == SIGALRM ? ": it took too long" : "");
	printf("%sok %d - %s\n", failed ? "not " : "", number, name);
	fflush(stdout);
	return failed;
}

static inline bool is_chosen(const char *name, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc < 2;
}

/* A test that failed may have left the module unloaded. */
static inline void load_module(void)
{
	if (!access("/sys/module/meterline", F_OK) || !system("modprobe meterline"))
		return;
	printf("Bail out! meterline.ko cannot be loaded; type: modprobe meterline\n");
	exit(1);
}

/* Loads the module; returns a descriptor for the kernel's log from now on. */
static inline int begin_tests(void)
{
	int kmsg;

	load_module();
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	lseek(kmsg, 0, SEEK_END);
	return kmsg;
}

/*
 * Runs the tests that are named in @argv, or all; @together: all at once. Returns the exit status.
 */
static inline int run_tests(const struct test *tests, int count, bool together, int argc,
			    char **argv)
{
	struct running running[count];
	int i, status, result, faults, kmsg, chosen = 0, number = 0, failed = 0, skipped = 0;
	char reason[256];

	for (i = 0; i < count; i++)
		chosen += is_chosen(tests[i].name, argc, argv);
	printf("TAP version 13\n1..%d\n", chosen);
	kmsg = begin_tests();
	for (i = 0; together && i < count; i++)
		if (is_chosen(tests[i].name, argc, argv))
			running[i] = start_test(&tests[i]);
	for (i = 0; i < count; i++) {
		if (!is_chosen(tests[i].name, argc, argv))
			continue;
		if (!together) {
			load_module();
			running[i] = start_test(&tests[i]);
		}
		status = finish_test(&running[i], reason, sizeof(reason));
		if (!together && !becomes_true(meter_count() == 0, PATIENCE_MS))
			printf("# %s leaves a meter behind\n", tests[i].name);
		faults = kernel_faults(kmsg);
		result = report_test(tests[i].name, ++number, status, faults, reason);
		skipped += result == SKIPPED;
		failed += result && result != SKIPPED;
	}
	if (failed)
		return 1;
	return number && skipped == number ? SKIPPED : 0;
}

/** selftest_main - run the tests one after the other */
static inline int selftest_main(const struct test *tests, int count, int argc, char **argv)
{
	return run_tests(tests, count, false, argc, argv);
}

/** selftest_main_together - run tests that mostly wait, all at once */
static inline int selftest_main_together(const struct test *tests, int count, int argc, char **argv)
{
	return run_tests(tests, count, true, argc, argv);
}

/* ---- files ------------------------------------------------------------------------------ */

/** file_read - a whole small file without its last line end; length or -errno */
static inline int file_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	text[0] = '\0';
	if (fd < 0)
		return -errno;
	n = read(fd, text, size - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return n;
	if (n > 0 && text[n - 1] == '\n')
		n--;
	text[n] = '\0';
	return n;
}

static inline bool file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

/* ---- the module ------------------------------------------------------------------------- */

/** module_remove - what rmmod does; 0 or -errno */
static inline int module_remove(void)
{
	return syscall(SYS_delete_module, "meterline", O_NONBLOCK) ? -errno : 0;
}

static inline bool module_is_loaded(void)
{
	return !access("/sys/module/meterline", F_OK);
}

static inline void module_load(void)
{
	require(system("modprobe meterline") == 0);
}

static inline int ldisc_number(void)
{
	char text[16];

	require(file_read("/sys/module/meterline/parameters/ldisc", text, sizeof(text)) > 0);
	return atoi(text);
}

/** thread_sleeps - whether a thread of this process waits for something */
static inline bool thread_sleeps(pid_t thread)
{
	char path[64], status[512], *state;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", thread);
	return file_read(path, status, sizeof(status)) > 0 && (state = strrchr(status, ')')) &&
	       state[2] == 'S';
}

/* ---- sleepers --------------------------------------------------------------------------- */

/** struct sleeper - a thread that waits for something on a descriptor */
struct sleeper {
	const char *what;
	int fd;
	int events;		/* poll() for these; 0: read() */
	pthread_t thread;
	volatile pid_t tid;
	volatile int result;	/* of poll: revents; of read: length or -errno */
};

static inline void *sleep_on(void *arg)
{
	struct sleeper *s = arg;
	char bytes[32768];
	ssize_t n;

	s->tid = syscall(SYS_gettid);
	if (s->events) {
		s->result = events_of(s->fd, s->events, -1);
		return NULL;
	}
	n = read(s->fd, bytes, sizeof(bytes));
	s->result = n < 0 ? -errno : n;
	return NULL;
}

static inline void put_to_sleep(struct sleeper *s)
{
	s->tid = 0;
	require(!pthread_create(&s->thread, NULL, sleep_on, s));
	require(becomes_true(s->tid && thread_sleeps(s->tid), PATIENCE_MS), "%s does not sleep",
		s->what);
}

/** require_awake - poll() looks again when its time is over: who is not woken must not seem to be */
static inline void require_awake(struct sleeper *s)
{
	require(becomes_true(!pthread_tryjoin_np(s->thread, NULL), PATIENCE_MS), "%s sleeps on",
		s->what);
}

/* ---- lines: a pty with the discipline on its slave ---------------------------------------- */

/**
 * struct line - a line that the test plays the meter on
 * @master: the meter writes here
 * @slave: the tty that the discipline is attached to
 * @meter: N of meterN
 * @port: name of the tty as the module knows it
 * @sent: bytes written so far
 */
struct line {
	int master;
	int slave;
	int meter;
	char port[32];
	uint64_t sent;
};

/** line_open - a pty in raw mode without the discipline */
static inline void line_open(struct line *l)
{
	struct termios raw;
	const char *name;

	memset(l, 0, sizeof(*l));
	l->meter = -1;
	l->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	require(l->master >= 0);
	require(!grantpt(l->master) && !unlockpt(l->master));
	name = ptsname(l->master);
	require(name && !strncmp(name, "/dev/", 5));
	snprintf(l->port, sizeof(l->port), "%s", name + 5);
	l->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	require(l->slave >= 0);
	require(!tcgetattr(l->slave, &raw));
	cfmakeraw(&raw);
	cfsetspeed(&raw, B1200);
	require(!tcsetattr(l->slave, TCSANOW, &raw));
}

/** line_set_ldisc - 0 or -errno */
static inline int line_set_ldisc(const struct line *l, int number)
{
	return ioctl(l->slave, TIOCSETD, &number) ? -errno : 0;
}

/** meter_of_port - N of the meter whose port has this name, -1 for none */
static inline int meter_of_port(const char *port)
{
	DIR *dir = opendir("/sys/class/meter");
	char path[300], text[64];
	struct dirent *entry;
	int meter = -1;

	while (dir && meter < 0 && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/class/meter/%s/port", entry->d_name);
		if (file_read(path, text, sizeof(text)) > 0 && !strcmp(text, port))
			meter = atoi(entry->d_name + strlen("meter"));
	}
	if (dir)
		closedir(dir);
	return meter;
}

/** line_attach - a pty with the discipline on it */
static inline void line_attach(struct line *l)
{
	line_open(l);
	require(line_set_ldisc(l, ldisc_number()) == 0);
	/* a listing of sysfs may miss one meter while another one goes */
	require(becomes_true((l->meter = meter_of_port(l->port)) >= 0, PATIENCE_MS),
		"no meter has the port %s", l->port);
}

/** line_hang_up - what an unplugged adapter does; the slave stays open */
static inline void line_hang_up(struct line *l)
{
	close(l->master);
	l->master = -1;
}

static inline void line_close(struct line *l)
{
	if (l->master >= 0)
		close(l->master);
	close(l->slave);
}

/** line_feed - the meter sends @size bytes; fails when the line takes no more for PATIENCE_MS */
static inline void line_feed(struct line *l, const void *bytes, size_t size)
{
	const char *next = bytes;
	ssize_t n;

	fcntl(l->master, F_SETFL, O_RDWR | O_NONBLOCK);
	while (size) {
		n = write(l->master, next, size);
		if (n < 0 && errno == EAGAIN) {
			require(events_of(l->master, POLLOUT, PATIENCE_MS) & POLLOUT,
				"the writer hangs after %llu bytes", (unsigned long long)l->sent);
			continue;
		}
		require(n > 0);
		next += n;
		size -= n;
		l->sent += n;
	}
}

/* ---- what the module says of a meter ------------------------------------------------------ */

static inline const char *attr_path(const struct line *l, const char *name, char *path, size_t size)
{
	snprintf(path, size, "/sys/class/meter/meter%d/%s", l->meter, name);
	return path;
}

static inline const char *node_path(const struct line *l, char *path, size_t size)
{
	snprintf(path, size, "/dev/meter%d", l->meter);
	return path;
}

/** attr_read - value of an attribute; length or -errno */
static inline int attr_read(const struct line *l, const char *name, char *text, size_t size)
{
	char path[300];

	return file_read(attr_path(l, name, path, sizeof(path)), text, size);
}

static inline bool attr_is(const struct line *l, const char *name, const char *value)
{
	char text[4200];

	return attr_read(l, name, text, sizeof(text)) >= 0 && !strcmp(text, value);
}

static inline int attr_error(const struct line *l, const char *name)
{
	char text[4200];
	int n = attr_read(l, name, text, sizeof(text));

	return n < 0 ? n : 0;
}

static inline uint64_t counter(const struct line *l, const char *name)
{
	char path[64], text[32];

	snprintf(path, sizeof(path), "statistics/%s", name);
	require(attr_read(l, path, text, sizeof(text)) > 0, "no %s", path);
	return strtoull(text, NULL, 10);
}

/* Fails unless the attribute becomes @value. */
#define require_attr(l, name, value)                                                      \
	do {                                                                              \
		char first_[4200];                                                        \
		int n_ = attr_read(l, name, first_, sizeof(first_));                      \
		require(becomes_true(attr_is(l, name, value), PATIENCE_MS),               \
			"%s was '%s' (%d), never '%s'", name, first_, n_, value);         \
	} while (0)

/* Fails unless reading the attribute comes to fail with @error (negative). */
#define require_attr_error(l, name, error)                                                \
	require(becomes_true(attr_error(l, name) == (error), PATIENCE_MS),                \
		"reading %s gives %d", name, attr_error(l, name))

/** line_sync - wait until the module has counted every byte sent */
static inline void line_sync(const struct line *l)
{
	require(becomes_true(counter(l, "bytes") >= l->sent, PATIENCE_MS),
		"%llu of %llu bytes arrived", (unsigned long long)counter(l, "bytes"),
		(unsigned long long)l->sent);
}

/** attr_names - the sorted names in a directory of the meter, each followed by a blank */
static inline void attr_names(const struct line *l, const char *directory, char *names, size_t size)
{
	struct dirent **entries;
	char path[300];
	int i, n;

	names[0] = '\0';
	n = scandir(attr_path(l, directory, path, sizeof(path)), &entries, NULL, alphasort);
	for (i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.') {
			strncat(names, entries[i]->d_name, size - strlen(names) - 1);
			strncat(names, " ", size - strlen(names) - 1);
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

/* ---- records ------------------------------------------------------------------------------ */

static inline int node_open(const struct line *l, int flags)
{
	char path[64];
	int fd = open(node_path(l, path, sizeof(path)), O_RDONLY | O_CLOEXEC | flags);

	require(fd >= 0, "%s", path);
	return fd;
}

/** record_read - wait for one record and read it whole; its length */
static inline ssize_t record_read(int fd, char *record, size_t size)
{
	ssize_t n;

	require(events_of(fd, POLLIN, PATIENCE_MS) & POLLIN, "no record comes");
	n = read(fd, record, size - 1);
	require(n > 0);
	record[n] = '\0';
	return n;
}

/** record_body - what follows the header line */
static inline const char *record_body(const char *record)
{
	const char *end = strchr(record, '\n');

	require(end, "a record without a header: %s", record);
	return end + 1;
}

static inline unsigned long long record_seq(const char *record)
{
	return strtoull(record, NULL, 10);
}

/* ---- telegrams ---------------------------------------------------------------------------- */

/** struct text - bytes of telegrams being made */
struct text {
	size_t len;
	size_t start;		/* of the P1 telegram being made */
	char bytes[65536];
};

static inline void __attribute__((format(printf, 2, 3)))
add(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	t->len += vsnprintf(t->bytes + t->len, sizeof(t->bytes) - t->len, format, args);
	va_end(args);
	require(t->len < sizeof(t->bytes));
}

static inline char tic_checksum(const char *bytes, size_t len)
{
	unsigned int sum = 0;

	while (len--)
		sum += *bytes++;
	return (sum & 0x3f) + 0x20;
}

/** tic_group - one group of historique: LF label SP value SP checksum CR */
static inline void tic_group(struct text *t, const char *label, const char *value)
{
	size_t start = t->len + 1;

	add(t, "\n%s %s", label, value);
	add(t, " %c\r", tic_checksum(t->bytes + start, t->len - start));
}

/** tic_std_group - one group of standard, with HT and perhaps a horodate */
static inline void tic_std_group(struct text *t, const char *label, const char *horodate,
				 const char *value)
{
	size_t start = t->len + 1;

	add(t, "\n%s\t%s%s%s\t", label, horodate ? horodate : "", horodate ? "\t" : "", value);
	add(t, "%c\r", tic_checksum(t->bytes + start, t->len - start));
}

static inline void tic_begin(struct text *t)
{
	add(t, "\002");
}

static inline void tic_end(struct text *t)
{
	add(t, "\003");
}

#define HIST_NUMBER	"021528603314"
#define STD_NUMBER	"041876097767"

/** tic_base - a whole frame of historique, contract Base */
static inline void tic_base(struct text *t, unsigned int wh, unsigned int va)
{
	char value[16];

	tic_begin(t);
	tic_group(t, "ADCO", HIST_NUMBER);
	tic_group(t, "OPTARIF", "BASE");
	tic_group(t, "ISOUSC", "30");
	snprintf(value, sizeof(value), "%09u", wh % 1000000000);
	tic_group(t, "BASE", value);
	tic_group(t, "PTEC", "TH..");
	tic_group(t, "IINST", "002");
	tic_group(t, "IMAX", "090");
	snprintf(value, sizeof(value), "%05u", va % 100000);
	tic_group(t, "PAPP", value);
	tic_group(t, "HHPHC", "A");
	tic_group(t, "MOTDETAT", "000000");
	tic_end(t);
}

/** tic_std - a frame of standard with the usual groups of a single phase */
static inline void tic_std(struct text *t, unsigned int wh, unsigned int va)
{
	char value[16];

	tic_begin(t);
	tic_std_group(t, "ADSC", NULL, STD_NUMBER);
	tic_std_group(t, "VTIC", NULL, "02");
	tic_std_group(t, "DATE", "E241011010531", "");
	tic_std_group(t, "NGTF", NULL, "     BASE       ");
	snprintf(value, sizeof(value), "%09u", wh % 1000000000);
	tic_std_group(t, "EAST", NULL, value);
	tic_std_group(t, "EASF01", NULL, value);
	tic_std_group(t, "IRMS1", NULL, "002");
	tic_std_group(t, "URMS1", NULL, "231");
	tic_std_group(t, "PREF", NULL, "06");
	snprintf(value, sizeof(value), "%05u", va % 100000);
	tic_std_group(t, "SINSTS", NULL, value);
	tic_std_group(t, "SMAXSN", "E241011000512", "02350");
	tic_std_group(t, "NTARF", NULL, "01");
	tic_end(t);
}

static inline uint16_t p1_crc(const char *bytes, size_t len)
{
	uint16_t crc = 0;
	int bit;

	while (len--) {
		crc ^= (uint8_t)*bytes++;
		for (bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xa001 : crc >> 1;
	}
	return crc;
}

static inline void p1_begin(struct text *t)
{
	t->start = t->len;
	add(t, "/MLT5\\2TEST-1000\r\n\r\n");
}

static inline void p1_line(struct text *t, const char *line)
{
	add(t, "%s\r\n", line);
}

/** p1_end - '!' and the CRC, changed by @damage */
static inline void p1_end(struct text *t, uint16_t damage)
{
	add(t, "!");
	add(t, "%04X\r\n", p1_crc(t->bytes + t->start, t->len - t->start) ^ damage);
}

/* 96.1.1 of these telegrams is "E0001000012345671" in hex. */
#define P1_NUMBER	"E0001000012345671"

/** p1_head - the beginning of a telegram that says who it is from */
static inline void p1_head(struct text *t)
{
	p1_begin(t);
	p1_line(t, "1-3:0.2.8(50)");
	p1_line(t, "0-0:1.0.0(241011010531S)");
	p1_line(t, "0-0:96.1.1(4530303031303030303132333435363731)");
}

/** p1_dsmr5 - a telegram of DSMR 5 */
static inline void p1_dsmr5(struct text *t, unsigned int wh, unsigned int w)
{
	char line[64];

	p1_head(t);
	snprintf(line, sizeof(line), "1-0:1.8.1(%06u.%03u*kWh)", wh / 1000, wh % 1000);
	p1_line(t, line);
	p1_line(t, "1-0:1.8.2(000000.000*kWh)");
	p1_line(t, "0-0:96.14.0(0001)");
	snprintf(line, sizeof(line), "1-0:1.7.0(%02u.%03u*kW)", w / 1000, w % 1000);
	p1_line(t, line);
	p1_line(t, "1-0:2.7.0(00.000*kW)");
	p1_line(t, "1-0:32.7.0(230.1*V)");
	p1_line(t, "1-0:31.7.0(001*A)");
	p1_end(t, 0);
}

/** line_feed_text - the meter sends the telegrams, and they are forgotten */
static inline void line_feed_text(struct line *l, struct text *t)
{
	line_feed(l, t->bytes, t->len);
	t->len = 0;
}

/* ---- uevents ------------------------------------------------------------------------------ */

/** uevents_open - a socket that hears every uevent from now on */
static inline int uevents_open(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	if (fd < 0)
		skip("this kernel has no netlink socket for uevents");
	require(!bind(fd, (struct sockaddr *)&address, sizeof(address)));
	return fd;
}

/**
 * uevent_next - the next uevent of a meter within @ms
 *
 * Returns false when none came; else @text has its strings, each ended by a line end.
 */
static inline bool uevent_next(int fd, int ms, char *text, size_t size)
{
	int64_t end = now_ms() + ms;
	ssize_t i, n;

	while (events_of(fd, POLLIN, end > now_ms() ? end - now_ms() : 0) & POLLIN) {
		n = recv(fd, text, size - 1, 0);
		if (n <= 0)
			continue;
		for (i = 0; i < n; i++)
			if (!text[i])
				text[i] = '\n';
		text[n] = '\0';
		if (strstr(text, "\nSUBSYSTEM=meter\n"))
			return true;
	}
	return false;
}

/* ---- IIO ---------------------------------------------------------------------------------- */

/** iio_find - N of the iio:deviceN of this line's meter, -1 for none */
static inline int iio_find(const struct line *l)
{
	char path[300], name[32], place[4096], meter[32];
	DIR *dir = opendir("/sys/bus/iio/devices");
	struct dirent *entry;
	int found = -1;

	snprintf(meter, sizeof(meter), "/meter%d/", l->meter);
	while (dir && found < 0 && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/bus/iio/devices/%.200s/name", entry->d_name);
		if (!strncmp(entry->d_name, "iio:device", 10) && realpath(path, place) &&
		    strstr(place, meter) && file_read(path, name, sizeof(name)) > 0 &&
		    !strcmp(name, "meter"))
			found = atoi(entry->d_name + 10);
	}
	if (dir)
		closedir(dir);
	return found;
}

/** iio_wait - the same, once there is one; skips when this kernel has no IIO */
static inline int iio_wait(const struct line *l)
{
	int found;

	if (access("/sys/bus/iio", F_OK))
		skip("this kernel has no IIO");
	require(becomes_true((found = iio_find(l)) >= 0, PATIENCE_MS), "no IIO device named meter");
	return found;
}

static inline const char *iio_path(int iio, const char *name, char *path, size_t size)
{
	snprintf(path, size, "/sys/bus/iio/devices/iio:device%d/%s", iio, name);
	return path;
}

static inline int iio_read(int iio, const char *name, char *text, size_t size)
{
	char path[300];

	return file_read(iio_path(iio, name, path, sizeof(path)), text, size);
}

static inline bool iio_write(int iio, const char *name, const char *text)
{
	char path[300];

	return file_write(iio_path(iio, name, path, sizeof(path)), text);
}

static inline int iio_open(int iio, int flags)
{
	char path[64];
	int fd;

	/* it has a directory in sysfs before it has a node */
	snprintf(path, sizeof(path), "/dev/iio:device%d", iio);
	require(becomes_true((fd = open(path, O_RDONLY | O_CLOEXEC | flags)) >= 0, PATIENCE_MS),
		"%s", path);
	return fd;
}

#endif /* SELFTEST_H */
