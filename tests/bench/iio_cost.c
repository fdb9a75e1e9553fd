// SPDX-License-Identifier: MIT
// clock: virtual
/*
 * What IIO takes of the processor for each telegram, in a guest whose clock counts instructions,
 * with a module that counts them (tests/vm/variants/cost): medians, in instructions. By
 * `make bench-iio`.
 */
#include "../selftests/selftest.h"

#define SAMPLES 101
/* qemu's shift=2, and a counter of the processor that goes at 1 GHz. */
#define CYCLES_OF_AN_INSTRUCTION 4

#define CHANNELS "scan_elements/in_%s_en"
#define RISING	 "events/in_power0_thresh_rising_%s"

/* What the module has counted so far, or what it took for one telegram. */
struct cost {
	long all;
	long iio;
	long telegrams;
};

static long counted(const char *name)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "/sys/module/meterline/parameters/cost_%s", name);
	require(file_read(path, text, sizeof(text)) > 0, "the module does not count");
	return atol(text);
}

static struct cost cost_now(void)
{
	long nothing = counted("nothing");

	return (struct cost){
		.all = counted("all") - 2 * nothing,
		.iio = counted("iio") - nothing,
		.telegrams = counted("telegrams"),
	};
}

/* One telegram of @va; a buffer that is enabled is emptied. */
static struct cost cost_of_a_telegram(struct line *l, int fd, unsigned int va)
{
	struct cost before = cost_now(), after;
	struct text t = { 0 };
	char samples[4096];

	tic_std(&t, 1234567, va);
	line_feed_text(l, &t);
	line_sync(l);
	after = cost_now();
	require(after.telegrams == before.telegrams + 1);
	while (read(fd, samples, sizeof(samples)) > 0)
		;
	return (struct cost){ .all = after.all - before.all, .iio = after.iio - before.iio };
}

static int compare(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

static long median(long *cycles)
{
	qsort(cycles, SAMPLES, sizeof(*cycles), compare);
	return cycles[SAMPLES / 2] / CYCLES_OF_AN_INSTRUCTION;
}

/* With @va and @va2 by turns. */
static void measure(struct line *l, int fd, const char *name, unsigned int va, unsigned int va2)
{
	long all[SAMPLES], iio[SAMPLES];
	int i;

	for (i = 0; i < SAMPLES; i++) {
		struct cost cost = cost_of_a_telegram(l, fd, i % 2 ? va : va2);

		all[i] = cost.all;
		iio[i] = cost.iio;
	}
	printf("bench iio.%s %ld instructions of %ld\n", name, median(iio), median(all));
}

static void set(int iio, const char *format, const char *name, const char *value)
{
	char attribute[64];

	snprintf(attribute, sizeof(attribute), format, name);
	require(iio_write(iio, attribute, value), "%s", attribute);
}

static void measure_buffer(struct line *l, int iio, int fd)
{
	static const char *const more[] = {
		"timestamp", "power0", "energy1", "voltage0", "current0",
	};
	size_t i;

	set(iio, CHANNELS, "energy0", "1");
	set(iio, "buffer/%s", "enable", "1");
	measure(l, fd, "buffer.energy", 420, 420);
	set(iio, "buffer/%s", "enable", "0");
	for (i = 0; i < ARRAY_SIZE(more); i++)
		set(iio, CHANNELS, more[i], "1");
	set(iio, "buffer/%s", "enable", "1");
	measure(l, fd, "buffer.all", 420, 420);
	set(iio, "buffer/%s", "enable", "0");
	measure(l, fd, "buffer.stopped", 420, 420);
}

static void measure_events(struct line *l, int iio, int fd)
{
	set(iio, RISING, "value", "500");
	set(iio, RISING, "en", "1");
	measure(l, fd, "event.limit_not_passed", 420, 420);
	measure(l, fd, "event.limit_passed_by_every_second", 420, 600);
	set(iio, RISING, "en", "0");
	measure(l, fd, "event.off", 420, 420);
}

int main(void)
{
	struct text t = { 0 };
	struct line l;
	int iio, fd;

#ifndef __x86_64__
	printf("instructions are counted on amd64 only\n");
	return SKIPPED;
#endif
	load_module();
	line_attach(&l);
	tic_std(&t, 1234567, 420);
	line_feed_text(&l, &t);
	iio = iio_wait(&l);
	fd = iio_open(iio, O_NONBLOCK);
	require_attr(&l, "state", "locked");
	measure(&l, fd, "unused", 420, 420);
	measure_buffer(&l, iio, fd);
	measure_events(&l, iio, fd);
	return 0;
}
