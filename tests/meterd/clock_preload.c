// SPDX-License-Identifier: MIT
/*
 * Clocks that a test moves: the file that MOVED_CLOCK names holds by how many ns the clock of the
 * day and the steady one are ahead, as two s64. Steps of both are time that passes: a timer by the
 * clock of the day is due by the moved one.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000ll

struct moved {
	volatile int64_t unix_ns;
	volatile int64_t steady_ns;
};

/* The newest timer that was set to an instant, and how far the clock was ahead then. */
struct timer {
	int fd;
	int flags;
	struct itimerspec at;
	int64_t ahead_ns;
};

static const struct moved not_moved;
static const struct moved *moved = &not_moved;
static struct timer timer = { .fd = -1 };

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("MOVED_CLOCK");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *map = MAP_FAILED;

	if (fd >= 0)
		map = mmap(NULL, sizeof(*moved), PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		abort();
	close(fd);
	moved = map;
}

static void add(struct timespec *t, int64_t ns)
{
	int64_t sum = t->tv_sec * NS_PER_S + t->tv_nsec + ns;

	t->tv_sec = sum / NS_PER_S;
	t->tv_nsec = sum % NS_PER_S;
}

static int set_timer(void)
{
	struct itimerspec at = timer.at;

	timer.ahead_ns = moved->unix_ns;
	add(&at.it_value, -timer.ahead_ns);
	return syscall(SYS_timerfd_settime, timer.fd, timer.flags, &at, NULL);
}

int timerfd_settime(int fd, int flags, const struct itimerspec *at, struct itimerspec *before)
{
	if (!(flags & TFD_TIMER_ABSTIME) || (!at->it_value.tv_sec && !at->it_value.tv_nsec))
		return syscall(SYS_timerfd_settime, fd, flags, at, before);
	timer = (struct timer){ .fd = fd, .flags = flags, .at = *at };
	return set_timer();
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
	int rc = syscall(SYS_clock_gettime, clock, t);

	if (timer.fd >= 0 && timer.ahead_ns != moved->unix_ns)
		set_timer();
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		add(t, moved->unix_ns);
		break;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_BOOTTIME:
		add(t, moved->steady_ns);
		break;
	}
	return rc;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec t;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &t);
	*tv = (struct timeval){ t.tv_sec, t.tv_nsec / 1000 };
	return 0;
}

time_t time(time_t *at)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	if (at)
		*at = t.tv_sec;
	return t.tv_sec;
}

/* Where somebody waits until an instant of the moved clock. */
int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
			   const struct timespec *until)
{
	struct timespec real = *until;

	add(&real, -moved->unix_ns);
	return pthread_cond_clockwait(cond, mutex, CLOCK_REALTIME, &real);
}
