// SPDX-License-Identifier: MIT
/*
 * meterctl attach: have the kernel read the meter on a serial line.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../lib/notify.h"
#include "../lib/say.h"
#include "attach.h"
#include "commands.h"
#include "wait.h"

static const char help[] =
	"Usage: meterctl attach [--speed SPEED] [--wait SECONDS] [--request GPIO]\n"
	"                       [--led GPIO] TTY\n"
	"Have the kernel read the meter on a serial line, and stay until the line goes.\n"
	"Needs the kernel module meterline and root; gives up every privilege once the\n"
	"line is attached.\n"
	"\n"
	"  --speed SPEED   1200, 9600, 115200 (bit/s), or auto, the default: try each\n"
	"                  until telegrams come, and again when they stay away for 10 s\n"
	"  --wait SECONDS  go to the background and return when the first telegram has\n"
	"                  come, printing the meter's name, or after SECONDS; the line\n"
	"                  stays attached in both cases\n"
	"  --request GPIO  hold the data request line of a P1 port high while the line is\n"
	"                  attached; it is let go to high impedance, never driven low\n"
	"  --led GPIO      flash an LED at each telegram\n"
	"\n"
	"GPIO is CHIP:LINE, such as gpiochip0:17, where CHIP may be the label of a chip,\n"
	"or the name of a line, such as GPIO17. Behind it may stand ,active-low and, of\n"
	"an LED, ,open-drain.\n"
	"\n"
	"    meterctl attach --wait 20 /dev/ttyUSB0 && meterctl list\n"
	"\n"
	"Tells the service manager (Type=notify) when the first telegram has come.\n"
	"SIGTERM and SIGINT detach the line.\n"
	"\n"
	"Exit codes: 0 the line went, or was asked to end, or with --wait the first\n"
	"telegram has come; 1 no telegram came in time; 2 bad usage, or the line cannot\n"
	"be attached.\n";

#define LDISC_PARAMETER_DIRECTORY "/sys/module/meterline/parameters"

/* N_DEVELOPMENT of the kernel's include/uapi/linux/tty.h; older headers do not have it. */
#define LDISC_DEFAULT 29

#define WAIT_MAX_S 86400

struct arguments {
	const char *path;
	unsigned int speed;
	unsigned int wait_s;
	struct gpio_spec request;
	struct gpio_spec led;
};

static bool open_gpios(struct attachment *a, const struct arguments *args)
{
	struct gpio_failure failure;

	if (*args->request.text) {
		a->request = gpio_request_output(&args->request, &failure);
		if (!a->request) {
			say("--request %s %s", args->request.text, failure.why);
			return false;
		}
	}
	if (*args->led.text) {
		a->led = gpio_output(&args->led, false, &failure);
		if (!a->led) {
			say("--led %s %s", args->led.text, failure.why);
			return false;
		}
	}
	return true;
}

static int discipline_number(void)
{
	char value[METER_WORD_MAX];

	if (attribute_read(LDISC_PARAMETER_DIRECTORY, "ldisc", value, sizeof(value)) > 0)
		return atoi(value);
	return LDISC_DEFAULT;
}

static void say_open(enum tty_problem problem, const char *path)
{
	const char *text = tty_problem_text(problem);

	switch (problem) {
	case TTY_ABSENT:
		say("%s %s 'ls -l /dev/serial/by-id' shows those that are there", path, text);
		break;
	case TTY_NOT_ALLOWED:
		say("%s %s: type 'sudo meterctl attach %s'", path, text, path);
		break;
	case TTY_CLAIMED:
	case TTY_LOCKED:
	case TTY_KERNEL_READS:
		say("%s %s; 'fuser -v %s' shows which process has it", path, text, path);
		break;
	case TTY_NO_TTY:
		say("%s %s: attach wants a serial port such as /dev/ttyUSB0", path, text);
		break;
	case TTY_NAMELESS:
		say("%s %s", path, text);
		break;
	case TTY_FAILED:
	case TTY_OPEN:
		say("%s cannot be used: %s", path, text);
		break;
	}
}

static void say_discipline(const char *path, int number)
{
	switch (errno) {
	case EPERM:
		say("you may not attach %s: making a meter needs CAP_SYS_ADMIN; "
		    "type 'sudo meterctl attach %s'",
		    path, path);
		break;
	case EINVAL:
		say("the kernel module meterline is not loaded (there is no line discipline %d): "
		    "type 'modprobe meterline' as root and try again",
		    number);
		break;
	default:
		say("%s cannot be attached: %s", path, strerror(errno));
	}
}

/* Before the discipline, which then sees no byte that was read at another speed. */
static bool set_line(const struct attachment *a, const char *path)
{
	if (tty_set_raw(&a->tty, speed_search_speed(&a->search)))
		return true;
	say("%s cannot be set to raw 8N1: %s", path, strerror(errno));
	return false;
}

static bool set_discipline(struct attachment *a, const char *path)
{
	int number = discipline_number();

	if (ioctl(a->tty.fd, TIOCSETD, &number)) {
		say_discipline(path, number);
		return false;
	}
	if (meter_find_port(a->tty.port, &a->meter))
		return true;
	say("line discipline %d took %s, but no meter appeared on port %s in " METER_CLASS ": is it "
	    "another module's number? The parameter ldisc of meterline chooses it",
	    number, path, a->tty.port);
	return false;
}

static bool signals_open(struct attachment *a)
{
	a->signals = wait_signals(SIGHUP);
	if (a->signals >= 0)
		return true;
	say("signals cannot be waited for: %s", strerror(errno));
	return false;
}

static bool background(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return false;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	close(null);
	setsid();
	return true;
}

static int say_late(const struct attachment *a, unsigned int wait_s)
{
	struct meter now;

	if (!meter_read(&now, a->meter.name))
		now = a->meter;
	if (*now.seen && strcmp(now.seen, "nothing"))
		say("no telegram came on %s within %u s: the line carries %s; %s stays attached",
		    now.port, wait_s, now.seen, now.name);
	else
		say("no telegram came on %s within %u s: is the meter wired to it and its customer "
		    "port enabled? %s stays attached",
		    now.port, wait_s, now.name);
	return NOTHING;
}

/* In the first process, while the second one stays with the line. */
static int await_telegram(const struct attachment *a, int ready, pid_t child, unsigned int wait_s)
{
	struct pollfd fds[] = {
		{ .fd = ready, .events = POLLIN },
		{ .fd = a->signals, .events = POLLIN },
	};
	char byte;
	int n;

	do
		n = poll(fds, 2, wait_s * 1000);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return say_late(a, wait_s);
	if (fds[1].revents) {
		kill(child, SIGTERM);
		return NOTHING;
	}
	if (read(ready, &byte, 1) == 1) {
		puts(a->meter.name);
		return DONE;
	}
	say("%s went away before a telegram came", a->tty.port);
	return NOTHING;
}

static int stay_in_background(struct attachment *a, unsigned int wait_s)
{
	int pipe_ends[2];
	pid_t child;

	if (pipe2(pipe_ends, O_CLOEXEC)) {
		say("no pipe: %s", strerror(errno));
		return UNUSABLE;
	}
	child = fork();
	if (child < 0) {
		say("no second process: %s", strerror(errno));
		return UNUSABLE;
	}
	if (child > 0) {
		close(pipe_ends[1]);
		close(a->tty.fd);
		gpio_forget(a->request);
		gpio_forget(a->led);
		return await_telegram(a, pipe_ends[0], child, wait_s);
	}
	close(pipe_ends[0]);
	a->ready = pipe_ends[1];
	return background() ? attach_stay(a) : UNUSABLE;
}

static int attach(const struct arguments *args)
{
	struct attachment a = { .ready = -1 };
	enum tty_problem problem = tty_open(&a.tty, args->path);

	if (problem != TTY_OPEN) {
		say_open(problem, args->path);
		return UNUSABLE;
	}
	speed_search_init(&a.search, args->speed, 0);
	if (!signals_open(&a) || !open_gpios(&a, args) || !set_line(&a, args->path) ||
	    !set_discipline(&a, args->path)) {
		attach_close(&a);
		return UNUSABLE;
	}
	a.service = notify_open();
	return args->wait_s ? stay_in_background(&a, args->wait_s) : attach_stay(&a);
}

static bool parse_speed(const char *text, unsigned int *speed)
{
	static const unsigned int speeds[] = { 1200, 9600, 115200 };
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	*speed = 0;
	if (!strcmp(text, "auto"))
		return true;
	for (size_t i = 0; !*end && i < sizeof(speeds) / sizeof(speeds[0]); i++)
		if (speeds[i] == number)
			*speed = number;
	if (!*speed)
		say("'%s' is no speed of a meter: give 1200, 9600, 115200 or auto", text);
	return *speed;
}

static bool parse_gpio(const char *option, const char *text, unsigned int allowed,
		       struct gpio_spec *spec)
{
	char problem[160];

	if (gpio_spec_parse(text, allowed, spec, problem, sizeof(problem)))
		return true;
	say("--%s %s: %s", option, text, problem);
	return false;
}

/**
 * cmd_attach - have the kernel read the meter on a serial line
 * @argc: as of main()
 * @argv: as of main(), from the command's name on
 *
 * Return: an exit code.
 */
int cmd_attach(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "speed", required_argument, NULL, 's' },
		{ "wait", required_argument, NULL, 'w' },
		{ "request", required_argument, NULL, 'r' },
		{ "led", required_argument, NULL, 'l' },
		{ 0 },
	};
	struct arguments args = { 0 };
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'h':
			fputs(help, stdout);
			return DONE;
		case 's':
			if (!parse_speed(optarg, &args.speed))
				return UNUSABLE;
			break;
		case 'w':
			if (!wait_seconds(optarg, "wait", WAIT_MAX_S, &args.wait_s))
				return UNUSABLE;
			break;
		case 'r':
			if (!parse_gpio("request", optarg, GPIO_ACTIVE_LOW, &args.request))
				return UNUSABLE;
			break;
		case 'l':
			if (!parse_gpio("led", optarg, GPIO_ACTIVE_LOW | GPIO_OPEN_DRAIN, &args.led))
				return UNUSABLE;
			break;
		default:
			return UNUSABLE;
		}
	}
	if (argc - optind != 1) {
		say("attach wants one tty, such as /dev/ttyUSB0: 'meterctl attach --help' tells more");
		return UNUSABLE;
	}
	args.path = argv[optind];
	return attach(&args);
}
