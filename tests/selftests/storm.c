// SPDX-License-Identifier: MIT
// timeout: 300
// cpus: 2
/*
 * Lines come and go while everything about them is read, hung up and switched from other threads.
 * The kernel must stay silent, and afterwards all must be as new.
 */
#include <linux/tty.h>
#include <stdatomic.h>

#include "selftest.h"
#include <linux/iio/events.h>

#define STORM_MS 8000
#define LINES	 3

/**
 * struct storm - what the threads of a storm share
 * @end: when it ends, of now_ms()
 * @slaves: ttys that the attachers have open now, for the vandals
 * @attached: lines that were attached
 * @records: records that were read
 * @values: attributes that were read
 * @toggles: IIO buffers that were enabled
 * @samples: IIO samples that were read
 * @events: IIO events that came
 * @removals: how often the module went
 */
struct storm {
	int64_t end;
	atomic_int slaves[LINES];
	atomic_int next_slot;
	atomic_long attached;
	atomic_long records;
	atomic_long values;
	atomic_long toggles;
	atomic_long samples;
	atomic_long events;
	atomic_long removals;
};

static bool goes_on(const struct storm *s)
{
	return now_ms() < s->end;
}

/* Opens a pty; like line_open(), but in a storm all may fail. */
static bool try_open(struct line *l)
{
	int unlocked = 0, number;

	memset(l, 0, sizeof(*l));
	l->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (l->master < 0)
		return false;
	if (ioctl(l->master, TIOCSPTLCK, &unlocked) || ioctl(l->master, TIOCGPTN, &number)) {
		close(l->master);
		return false;
	}
	snprintf(l->port, sizeof(l->port), "/dev/pts/%d", number);
	l->slave = open(l->port, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (l->slave < 0) {
		close(l->master);
		return false;
	}
	return true;
}

/* The meter talks; what the line does not take is lost. */
static void talk(const struct line *l, unsigned int *seed)
{
	struct text t = { 0 };
	int i;

	for (i = rand_r(seed) % 4; i > 0; i--)
		switch (rand_r(seed) % 4) {
		case 0:
			tic_base(&t, rand_r(seed), 420);
			break;
		case 1:
			tic_std(&t, rand_r(seed), 420);
			break;
		case 2:
			p1_dsmr5(&t, rand_r(seed) % 1000000, 420);
			break;
		default:
			add(&t, "\002\nBASE 0000/AAA");
			break;
		}
	if (t.len && write(l->master, t.bytes, t.len - rand_r(seed) % 3) < 0)
		breathe();
}

/* In one of the ways that there are, and the descriptors in one of the two orders. */
static void end_line(struct line *l, unsigned int *seed)
{
	if (rand_r(seed) % 2)
		ioctl(l->slave, TIOCVHANGUP);
	else if (rand_r(seed) % 2)
		ioctl(l->slave, TIOCSETD, &(int){ 0 });
	if (rand_r(seed) % 2) {
		close(l->master);
		close(l->slave);
	} else {
		close(l->slave);
		close(l->master);
	}
}

static void *attach_and_go(void *arg)
{
	struct storm *s = arg;
	int slot = s->next_slot++, number = N_DEVELOPMENT;
	unsigned int seed = slot + 1;
	struct line l;
	int i;

	while (goes_on(s)) {
		if (!try_open(&l))
			continue;
		s->attached += !ioctl(l.slave, TIOCSETD, &number);
		s->slaves[slot] = l.slave;
		for (i = rand_r(&seed) % 8; i > 0; i--) {
			talk(&l, &seed);
			if (rand_r(&seed) % 2)
				breathe();
		}
		s->slaves[slot] = -1;
		end_line(&l, &seed);
	}
	return NULL;
}

/* Does to the ttys of others what anyone with a descriptor may do. */
static void *vandalise(void *arg)
{
	struct storm *s = arg;
	unsigned int seed = 99;
	int fd, number;
	struct termios t;

	while (goes_on(s)) {
		fd = s->slaves[rand_r(&seed) % LINES];
		if (fd < 0) {
			sched_yield();
			continue;
		}
		switch (rand_r(&seed) % 6) {
		case 0:
			ioctl(fd, TIOCVHANGUP);
			break;
		case 1:
			ioctl(fd, TIOCSTI, "\002");
			break;
		case 2:
			number = rand_r(&seed) % 2 ? N_DEVELOPMENT : 0;
			ioctl(fd, TIOCSETD, &number);
			break;
		case 3:
			tcflush(fd, TCIOFLUSH);
			break;
		case 4:
			if (!tcgetattr(fd, &t))
				tcsetattr(fd, TCSANOW, &t);
			break;
		default:
			events_of(fd, POLLIN, 1);
			break;
		}
	}
	return NULL;
}

static void *read_records(void *arg)
{
	struct storm *s = arg;
	unsigned int seed = (uintptr_t)pthread_self() >> 12;
	char path[32], record[4096];
	int fd, i;

	while (goes_on(s)) {
		snprintf(path, sizeof(path), "/dev/meter%d", rand_r(&seed) % LINES);
		fd = open(path, O_RDONLY | O_CLOEXEC | (rand_r(&seed) % 4 ? O_NONBLOCK : 0));
		if (fd < 0) {
			sched_yield();
			continue;
		}
		for (i = rand_r(&seed) % 4; i > 0; i--) {
			events_of(fd, POLLIN, 1);
			s->records += read(fd, record, 1 + rand_r(&seed) % sizeof(record)) > 0;
			lseek(fd, 0, rand_r(&seed) % 2 ? SEEK_END : SEEK_SET);
			s->records += read(fd, record, sizeof(record)) > 0;
		}
		close(fd);
	}
	return NULL;
}

static void read_all_in(struct storm *s, const char *directory)
{
	char path[600], text[4200];
	DIR *dir = opendir(directory);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		s->values += file_read(path, text, sizeof(text)) > 0;
	}
	if (dir)
		closedir(dir);
}

static void *read_attributes(void *arg)
{
	static const char *const directories[] = { "", "/fields", "/raw", "/statistics" };
	struct storm *s = arg;
	char path[64];
	size_t i;
	int n;

	while (goes_on(s))
		for (n = 0; n < LINES; n++)
			for (i = 0; i < ARRAY_SIZE(directories); i++) {
				snprintf(path, sizeof(path), "/sys/class/meter/meter%d%s", n,
					 directories[i]);
				read_all_in(s, path);
			}
	return NULL;
}

/* One of the IIO devices that there are, -1 for none. */
static int some_iio(unsigned int *seed)
{
	DIR *dir = opendir("/sys/bus/iio/devices");
	struct dirent *entry;
	int some = -1, seen = 0;

	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, "iio:device", 10) && rand_r(seed) % ++seen == 0)
			some = atoi(entry->d_name + 10);
	if (dir)
		closedir(dir);
	return some;
}

static void *toggle_iio(void *arg)
{
	struct storm *s = arg;
	unsigned int seed = 7;
	uint8_t sample[64];
	char path[64];
	int n, fd, events;

	while (goes_on(s)) {
		n = some_iio(&seed);
		if (n < 0) {
			sched_yield();
			continue;
		}
		iio_write(n, "scan_elements/in_energy0_en", "1");
		s->toggles += iio_write(n, "buffer/enable", "1");
		snprintf(path, sizeof(path), "/dev/iio:device%d", n);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd >= 0) {
			events_of(fd, POLLIN, 5);
			s->samples += read(fd, sample, 8) == 8;
			if (!ioctl(fd, IIO_GET_EVENT_FD_IOCTL, &events)) {
				iio_write(n, "events/in_power0_thresh_rising_en", "1");
				s->events += events_of(events, POLLIN, 5) == POLLIN;
				close(events);
			}
			close(fd);
		}
		iio_read(n, "in_energy0_raw", path, sizeof(path));
		iio_write(n, "buffer/enable", "0");
	}
	return NULL;
}

/* Each time after one more line was attached, for on debug kernels a removal takes seconds. */
static void *remove_and_load_the_module(void *arg)
{
	struct storm *s = arg;
	long attached = 0;

	while (goes_on(s)) {
		if (s->attached > attached && module_remove() == 0) {
			s->removals++;
			attached = s->attached;
		}
		if (!module_is_loaded() && system("modprobe meterline"))
			breathe();
	}
	return NULL;
}

static struct storm *storm(int ms, void *(*const *threads)(void *), int count)
{
	struct storm *s = calloc(1, sizeof(*s));
	pthread_t ids[16];
	int i;

	require(s && count <= 16);
	for (i = 0; i < LINES; i++)
		s->slaves[i] = -1;
	s->end = now_ms() + ms;
	for (i = 0; i < count; i++)
		require(!pthread_create(&ids[i], NULL, threads[i], s));
	for (i = 0; i < count; i++)
		pthread_join(ids[i], NULL);
	printf("# %ld processors: %ld attached, %ld records, %ld values, %ld buffers, %ld samples, "
	       "%ld events, %ld removals\n",
	       sysconf(_SC_NPROCESSORS_ONLN), s->attached, s->records, s->values, s->toggles,
	       s->samples, s->events, s->removals);
	return s;
}

static void require_as_new(void)
{
	struct text t = { 0 };
	struct line l;

	require(becomes_true(meter_count() == 0, PATIENCE_MS), "%d meters are left", meter_count());
	if (!module_is_loaded())
		module_load();
	line_attach(&l);
	require(l.meter == 0, "meter%d", l.meter);
	tic_base(&t, 1000, 420);
	line_feed_text(&l, &t);
	require_attr(&l, "fields/energy_import_wh", "1000");
	line_close(&l);
}

static void attach_and_hangup_storm_leaves_all_as_new(void)
{
	static void *(*const threads[])(void *) = {
		attach_and_go, attach_and_go, attach_and_go,   vandalise,  read_records,
		read_records,  read_records,  read_attributes, toggle_iio,
	};
	struct storm *s = storm(STORM_MS, threads, ARRAY_SIZE(threads));

	require(s->attached > 5 && s->records > 0 && s->values > 0);
	require_as_new();
	require(becomes_true(module_remove() == 0 || !module_is_loaded(), PATIENCE_MS));
	module_load();
}

static void module_removal_storm_leaves_all_as_new(void)
{
	static void *(*const threads[])(void *) = {
		attach_and_go,
		read_records,
		read_attributes,
		remove_and_load_the_module,
	};
	struct storm *s = storm(STORM_MS / 2, threads, ARRAY_SIZE(threads));

	require(s->attached > 0 && s->removals > 0);
	require_as_new();
}

/* Reads whatever IIO device there is, without waiting, until it is gone. */
static void *read_samples(void *arg)
{
	struct storm *s = arg;
	unsigned int seed = (uintptr_t)pthread_self() >> 12;
	uint8_t sample[64];
	char path[64];
	int fd;

	while (goes_on(s)) {
		snprintf(path, sizeof(path), "/dev/iio:device%d", some_iio(&seed));
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0) {
			sched_yield();
			continue;
		}
		while (goes_on(s) && (read(fd, sample, 8) >= 0 || errno == EAGAIN))
			s->samples++;
		close(fd);
	}
	return NULL;
}

/* A line with a full frame, whose buffer is enabled and that goes while it is read. */
static void *come_and_go_with_a_buffer(void *arg)
{
	struct storm *s = arg;
	struct text t = { 0 };
	struct line l;
	int iio;

	while (goes_on(s)) {
		line_attach(&l);
		tic_base(&t, 1000, 420);
		line_feed_text(&l, &t);
		iio = iio_wait(&l);
		s->attached++;
		iio_write(iio, "scan_elements/in_energy0_en", "1");
		s->toggles += iio_write(iio, "buffer/enable", "1");
		tic_base(&t, 1001, 420);
		line_feed_text(&l, &t);
		breathe();
		line_hang_up(&l);
		line_close(&l);
	}
	return NULL;
}

static void readers_of_iio_survive_the_end_of_their_device(void)
{
	static void *(*const threads[])(void *) = {
		come_and_go_with_a_buffer,
		read_samples,
		read_samples,
	};
	struct storm *s;

	if (access("/sys/bus/iio", F_OK))
		skip("this kernel has no IIO");
	s = storm(STORM_MS / 2, threads, ARRAY_SIZE(threads));
	require(s->toggles > 2 && s->samples > 0);
	require_as_new();
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		LONG_TEST(attach_and_hangup_storm_leaves_all_as_new, 120),
		LONG_TEST(readers_of_iio_survive_the_end_of_their_device, 120),
		LONG_TEST(module_removal_storm_leaves_all_as_new, 120),
	};

	return selftest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
