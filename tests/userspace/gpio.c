// SPDX-License-Identifier: MIT
/*
 * Lines of GPIO chips, through the libgpiod that is there, on chips that are not: what is asked of
 * the kernel, what comes from it, and what is said when a line cannot be had.
 */
#include "../meterd/gpio_preload.c"

#include <ftw.h>

#include "../../userspace/lib/gpio_uart.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ALL (GPIO_ACTIVE_LOW | GPIO_OPEN_DRAIN | GPIO_PULL_UP | GPIO_PULL_DOWN)

/* Chips as their files have them. */
static const char chip0[] = "pinctrl-bcm2711\nGPIO0\nGPIO1\nGPIO2 spi0\nTWICE\n-\nWITH:2\n";
static const char chip1[] = "twin\nTWICE\nONCE\n";
static const char chip2[] = "twin\n-\n";

static char directory[] = "/tmp/meter-gpio-XXXXXX";

static bool broken(const char *format, ...) __attribute__((format(printf, 1, 2)));

static bool broken(const char *format, ...)
{
	va_list args;

	printf("# ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	return false;
}

static void write_file(const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file = fopen(fake_path(path, name), "we");

	if (!file || fputs(text, file) < 0 || fclose(file))
		abort();
}

static bool is_log(const char *expected)
{
	char path[PATH_MAX], text[1024] = "";
	FILE *file = fopen(fake_path(path, "log"), "re");

	if (file) {
		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
		fclose(file);
		unlink(path);
	}
	return !strcmp(text, expected) || broken("the kernel was asked:\n%snot:\n%s", text, expected);
}

static struct gpio_spec spec_of(const char *text)
{
	struct gpio_spec spec;
	char problem[160];

	if (!gpio_spec_parse(text, ALL, &spec, problem, sizeof(problem)))
		abort();
	return spec;
}

static bool names_are_taken_apart(void)
{
	static const struct {
		const char *text, *chip, *name;
		unsigned int offset, options;
	} cases[] = {
		{ "gpiochip0:17", "gpiochip0", "", 17, 0 },
		{ "pinctrl-rp1:4,pull-up", "pinctrl-rp1", "", 4, GPIO_PULL_UP },
		{ "a:b:3", "a:b", "", 3, 0 },
		{ "GPIO17", "", "GPIO17", 0, 0 },
		{ "P9_12 [spi0: cs0]", "", "P9_12 [spi0: cs0]", 0, 0 },
		{ "GPIO4,active-low,open-drain", "", "GPIO4", 0, GPIO_ACTIVE_LOW | GPIO_OPEN_DRAIN },
	};
	bool kept = true;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct gpio_spec s = spec_of(cases[i].text);

		if (strcmp(s.chip, cases[i].chip) || strcmp(s.name, cases[i].name) ||
		    s.offset != cases[i].offset || s.options != cases[i].options ||
		    strcmp(s.text, cases[i].text))
			kept = broken("%s is '%s' '%s' %u %#x", cases[i].text, s.chip, s.name,
				      s.offset, s.options);
	}
	return kept;
}

static bool what_is_no_name_is_refused(void)
{
	static const char *const cases[] = {
		"", ":17", "gpiochip0:", "gpiochip0:123456", ",pull-up", "GPIO4,", "GPIO4,pull",
		"GPIO4,pull-up,pull-down", "GPIO4,open-source", "GPIO4, pull-up", "GPIO\n4",
		"0123456789012345678901234567890123456789012345678901234567890123",
		"0123456789012345678901234567890123456789012345678901234567890123:1",
		"G,pull-up,pull-up,pull-up,pull-up,pull-up,pull-up,pull-up,pull-up,pull-up,pull-up,"
		"pull-up,pull-up,pull-up,pull-up",
	};
	struct gpio_spec s;
	char problem[160];
	bool kept = true;

	for (size_t i = 0; i < COUNT(cases); i++) {
		*problem = '\0';
		if (gpio_spec_parse(cases[i], ALL, &s, problem, sizeof(problem)) ||
		    !strstr(problem, "expected CHIP:LINE"))
			kept = broken("%s: %s", cases[i], problem);
	}
	if (gpio_spec_parse("GPIO4,pull-up", GPIO_ACTIVE_LOW, &s, problem, sizeof(problem)) ||
	    !strstr(problem, "behind a comma active-low"))
		kept = broken("an option that is of no use here: %s", problem);
	return kept;
}

static bool what_stands_in_the_way_is_said(void)
{
	static const struct {
		const char *name;
		bool absent;
		const char *words;
	} cases[] = {
		{ "gpiochip7:1", true, "'gpiodetect' lists" },
		{ "gpiochip0:6", true, "the lines 0 to 5" },
		{ "NOWHERE", true, "'gpioinfo' lists" },
		{ "nolabel:1", true, "'gpioinfo' lists" },
		{ "TWICE", false, "could be one of 2 lines" },
		{ "twin:0", false, "could be one of 2 lines" },
		{ "gpiochip0:2", false, "is in use by spi0" },
		{ "GPIO2", false, "is in use by spi0" },
	};
	struct gpio_failure f;
	bool kept = true;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct gpio_spec s = spec_of(cases[i].name);

		f = (struct gpio_failure){ .why = "" };
		if (gpio_edges(&s, &f) || f.absent != cases[i].absent ||
		    !strstr(f.why, cases[i].words))
			kept = broken("%s %s (%d)", cases[i].name, f.why, f.absent);
	}
	return is_log("") && kept;
}

static bool a_chip_for_others_is_told_from_one_that_is_not_there(void)
{
	struct gpio_spec chip = spec_of("gpiochip3:0"), name = spec_of("NOWHERE"),
			 other = spec_of("ONCE");
	struct gpio_failure f, g;
	struct gpio_line *line;
	bool kept;

	write_file("gpiochip3", "denied\n");
	kept = !gpio_edges(&chip, &f) && !f.absent && strstr(f.why, "may not be used by this user");
	/* It may be on the chip that cannot be looked at. */
	kept &= !gpio_edges(&name, &g) && !g.absent && strstr(g.why, "may not be used");
	if (!kept)
		broken("gpiochip3:0 %s; NOWHERE %s", f.why, g.why);
	line = gpio_output(&other, false, &f);
	kept &= line || broken("ONCE %s", f.why);
	gpio_release(line);
	unlink(fake_path((char[PATH_MAX]){ 0 }, "gpiochip3"));
	return is_log("gpiochip1:1 output 0 meter-gpio\ngpiochip1:1 input\ngpiochip1:1 closed\n") && kept;
}

static bool request_is_never_driven_to_the_other_level(void)
{
	struct gpio_spec high = spec_of("gpiochip0:1"), low = spec_of("pinctrl-bcm2711:0,active-low");
	struct gpio_failure f;

	gpio_release(gpio_request_output(&high, &f));
	gpio_release(gpio_request_output(&low, &f));
	return is_log("gpiochip0:1 output 1 open-source meter-gpio\n"
		      "gpiochip0:1 input\n"
		      "gpiochip0:1 closed\n"
		      "gpiochip0:0 output 1 active-low open-drain meter-gpio\n"
		      "gpiochip0:0 input\n"
		      "gpiochip0:0 closed\n");
}

static bool a_forgotten_line_stays_as_it_is(void)
{
	struct gpio_spec s = spec_of("WITH:2,active-low");
	struct gpio_failure f;

	/* Not the third line of a chip called WITH. */
	if (gpio_request_output(&s, &f))
		return broken("a name with a colon and digits behind it is a line of a chip");
	s = spec_of("gpiochip0:5,active-low");
	gpio_forget(gpio_request_output(&s, &f));
	return is_log("gpiochip0:5 output 1 active-low open-drain meter-gpio\n"
		      "gpiochip0:5 closed\n");
}

static bool an_led_goes_on_and_off(void)
{
	struct gpio_spec s = spec_of("GPIO1,open-drain");
	struct gpio_failure f;
	struct gpio_line *led = gpio_output(&s, false, &f), *second = gpio_output(&s, true, &f);
	bool kept = led && !second && strstr(f.why, "is in use by");

	if (!kept)
		return broken("%s %s", s.text, f.why);
	kept = gpio_set(led, true) && gpio_set(led, false);
	gpio_release(led);
	return is_log("gpiochip0:1 output 0 open-drain meter-gpio\n"
		      "gpiochip0:1 set 1\n"
		      "gpiochip0:1 set 0\n"
		      "gpiochip0:1 input\n"
		      "gpiochip0:1 closed\n") && kept;
}

/* The kernel has an edge for whoever listens. @seqno counts for version 2. */
static void send_edge(u64 time_ns, bool level, u32 seqno)
{
	const struct gpioevent_data v1 = {
		.timestamp = time_ns,
		.id = level ? GPIOEVENT_EVENT_RISING_EDGE : GPIOEVENT_EVENT_FALLING_EDGE,
	};
	const struct gpio_v2_line_event v2 = {
		.timestamp_ns = time_ns,
		.id = level ? GPIO_V2_LINE_EVENT_RISING_EDGE : GPIO_V2_LINE_EVENT_FALLING_EDGE,
		.seqno = seqno,
		.line_seqno = seqno,
	};
	const bool first = gpio_edges_kept() == 16;
	const ssize_t size = first ? sizeof(v1) : sizeof(v2);
	char path[PATH_MAX];
	int fd = REAL(open)(fake_path(path, "edges"), O_RDWR | O_CLOEXEC);

	if (write(fd, first ? (void *)&v1 : (void *)&v2, size) != size)
		abort();
	REAL(close)(fd);
}

static struct gpio_line *listen(const char *name)
{
	struct gpio_spec s = spec_of(name);
	struct gpio_failure f;
	struct gpio_line *line = gpio_edges(&s, &f);

	if (!line)
		broken("%s %s", name, f.why);
	return line;
}

static bool edges_come_with_their_times_and_levels(void)
{
	struct gpio_line *line = listen("gpiochip0:4,pull-up,active-low");
	struct gpio_edge e[16];
	bool kept = line && !gpio_read_edges(line, e, 16);

	send_edge(5000000123, true, 1);
	send_edge(5000833456, false, 2);
	kept &= gpio_read_edges(line, e, 16) == 2 && e[0].time_ns == 5000000123 && e[0].level &&
		e[1].time_ns == 5000833456 && !e[1].level && !e[0].lost && !e[1].lost;
	kept &= !gpio_read_edges(line, e, 16);
	gpio_release(line);
	return is_log(gpio_edges_kept() == 16 ? "gpiochip0:4 edges v1 active-low pull-up meter-gpio\n"
						"gpiochip0:4 closed\n" :
						"gpiochip0:4 edges v2 active-low pull-up meter-gpio\n"
						"gpiochip0:4 closed\n") && kept;
}

/* By the numbers of version 2; of version 1 when as many come as it keeps. */
static bool edges_that_may_be_lost_are_told(void)
{
	const bool numbered = gpio_edges_kept() != 16;
	struct gpio_line *line = listen("gpiochip0:4");
	struct gpio_edge e[64];
	bool kept = line;
	int count;

	for (u32 i = 1; i <= 16; i++)
		send_edge(1000 * i, i & 1, i);
	count = gpio_read_edges(line, e, 64);
	kept &= count == 16;
	for (int i = 0; i < count; i++)
		kept &= !e[i].lost || broken("edge %d of 16", i);
	send_edge(18000, false, 18);
	send_edge(19000, true, 19);
	kept &= gpio_read_edges(line, e, 64) == 2 && e[0].lost && !e[1].lost;
	send_edge(20000, true, 20);
	kept &= gpio_read_edges(line, e, 64) == 1 && !e[0].lost;
	send_edge(22000, true, numbered ? 22 : 0);
	kept &= gpio_read_edges(line, e, 64) == 1 && e[0].lost == numbered;
	gpio_release(line);
	unlink(fake_path((char[PATH_MAX]){ 0 }, "log"));
	return kept;
}

static bool a_chip_that_goes_is_noticed(void)
{
	struct gpio_line *line = listen("gpiochip0:4");
	struct gpio_edge e[4];
	char path[PATH_MAX];
	bool kept;

	write_file("gone", "");
	kept = line && gpio_read_edges(line, e, 4) == -1 && errno == ENODEV;
	unlink(fake_path(path, "gone"));
	gpio_release(line);
	unlink(fake_path(path, "log"));
	return kept;
}

/* 8N1 on a line that is high between characters; returns when the stop bit is over. */
static u64 send_character(u64 time_ns, u8 character, u64 bit_ns, u32 *seqno)
{
	unsigned int bits = 1u << 9 | character << 1;
	bool level = true;

	for (unsigned int i = 0; i < 10; i++) {
		bool bit = bits >> i & 1;

		if (bit != level)
			send_edge(time_ns + i * bit_ns, bit, ++*seqno);
		level = bit;
	}
	return time_ns + 10 * bit_ns;
}

static bool characters_are_read(unsigned int bit_per_s)
{
	static const char text[] = "\2\nADCO 012345678901 B\r\3UU\1\177";
	struct gpio_spec s = spec_of("gpiochip0:4");
	struct gpio_uart uart = { 0 };
	struct gpio_failure f;
	u8 bytes[256];
	/* Long ago, so that the last character is over when it is read. */
	u64 time_ns = 1000000000;
	u32 seqno = 0;
	int count = 0, more;

	if (!gpio_uart_open(&uart, &s, bit_per_s, &f))
		return broken("gpiochip0:4 %s", f.why);
	for (const char *at = text; *at; at++) {
		time_ns = send_character(time_ns, *at, 1000000000 / bit_per_s, &seqno);
		do {
			more = gpio_uart_read(&uart, bytes + count, sizeof(bytes) - count);
			count += more;
		} while (more > 0);
	}
	gpio_uart_close(&uart);
	unlink(fake_path((char[PATH_MAX]){ 0 }, "log"));
	if (count == (int)strlen(text) && !memcmp(bytes, text, count) && uart.edges == seqno)
		return true;
	return broken("%d characters of %zu at %u bit/s: %.*s", count, strlen(text), bit_per_s, count,
		      bytes);
}

static bool characters_are_read_by_their_edges(void)
{
	return characters_are_read(1200) && (!gpio_uart_reads(9600) || characters_are_read(9600));
}

static bool few_edges_are_for_slow_lines_alone(void)
{
	return gpio_uart_reads(1200) && gpio_uart_reads(9600) == (gpio_edges_kept() == 1024) &&
	       !gpio_uart_reads(115200);
}

static const struct {
	const char *name;
	bool (*run)(void);
} promises[] = {
	{ "names_are_taken_apart", names_are_taken_apart },
	{ "what_is_no_name_is_refused", what_is_no_name_is_refused },
	{ "what_stands_in_the_way_is_said", what_stands_in_the_way_is_said },
	{ "a_chip_for_others_is_told_from_one_that_is_not_there",
	  a_chip_for_others_is_told_from_one_that_is_not_there },
	{ "request_is_never_driven_to_the_other_level", request_is_never_driven_to_the_other_level },
	{ "a_forgotten_line_stays_as_it_is", a_forgotten_line_stays_as_it_is },
	{ "an_led_goes_on_and_off", an_led_goes_on_and_off },
	{ "edges_come_with_their_times_and_levels", edges_come_with_their_times_and_levels },
	{ "edges_that_may_be_lost_are_told", edges_that_may_be_lost_are_told },
	{ "a_chip_that_goes_is_noticed", a_chip_that_goes_is_noticed },
	{ "characters_are_read_by_their_edges", characters_are_read_by_their_edges },
	{ "few_edges_are_for_slow_lines_alone", few_edges_are_for_slow_lines_alone },
};

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

int main(void)
{
	char path[PATH_MAX];
	int failed = 0;

	program_invocation_short_name = "meter-gpio";
	if (!mkdtemp(directory) || setenv("FAKE_GPIO", directory, 1) ||
	    mkfifo(fake_path(path, "edges"), 0600))
		abort();
	write_file("gpiochip0", chip0);
	write_file("gpiochip1", chip1);
	write_file("gpiochip2", chip2);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..%zu\n# libgpiod keeps %u edges\n", COUNT(promises),
	       gpio_edges_kept());
	for (size_t i = 0; i < COUNT(promises); i++) {
		bool kept = promises[i].run();

		printf("%sok %zu - %s\n", kept ? "" : "not ", i + 1, promises[i].name);
		failed |= !kept;
	}
	nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return failed;
}
