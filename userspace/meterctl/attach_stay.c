// SPDX-License-Identifier: MIT
/*
 * Staying with an attached line: find its speed, tell when telegrams come, leave when it goes.
 *
 * Runs without any privilege: what it needs is open by then.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../lib/notify.h"
#include "../lib/privileges.h"
#include "../lib/say.h"
#include "attach.h"
#include "commands.h"
#include "wait.h"

/* What a line carries cannot be waited for, so it is looked at: often while no speed is found. */
#define LOOK_MS		500
#define LOOK_SELDOM_MS	10000

/**
 * struct stay - what attach_stay() knows while it stays
 * @a: the line
 * @state_fd: the meter's attribute state
 * @state: its last value
 * @seen: what the line seems to carry
 * @bytes: how many came so far, in decimal
 * @bytes_before: how many had come when the speed was set
 * @telegram_came: at least one
 * @last_fd: the meter's attribute last_telegram, when there is an LED to light; else -1
 * @dark_ms: when the LED goes out; 0: it is out
 */
struct stay {
	struct attachment *a;
	int state_fd;
	char state[METER_WORD_MAX];
	enum line_seen seen;
	char bytes[METER_WORD_MAX];
	char bytes_before[METER_WORD_MAX];
	bool telegram_came;
	int last_fd;
	u64 dark_ms;
};

static enum line_seen read_seen(const struct stay *s)
{
	char value[METER_WORD_MAX];

	attribute_read(s->a->meter.path, "seen", value, sizeof(value));
	for (enum line_seen seen = SEEN_NOTHING; seen <= SEEN_MBUS; seen++)
		if (!strcmp(value, line_seen_name(seen)))
			return seen;
	return SEEN_NOTHING;
}

static void read_bytes(const struct stay *s, char bytes[METER_WORD_MAX])
{
	attribute_read(s->a->meter.path, "statistics/bytes", bytes, METER_WORD_MAX);
}

/* Also what makes the next poll() of the attribute wait. */
static bool read_word(int fd, char word[METER_WORD_MAX])
{
	ssize_t len = pread(fd, word, METER_WORD_MAX - 1, 0);

	if (len <= 0)
		return false;
	if (word[len - 1] == '\n')
		len--;
	word[len] = '\0';
	return true;
}

static void tell_seen(const struct stay *s)
{
	char status[160];

	snprintf(status, sizeof(status), "STATUS=%s: no telegram at %u bit/s, the line carries %s",
		 s->a->meter.name, speed_search_speed(&s->a->search), line_seen_name(s->seen));
	notify_send(s->a->service, status);
}

static void tell_telegram(struct stay *s)
{
	char status[160];

	snprintf(status, sizeof(status), "READY=1\nSTATUS=%s: telegrams come at %u bit/s",
		 s->a->meter.name, speed_search_speed(&s->a->search));
	notify_send(s->a->service, status);
	if (s->telegram_came)
		return;
	s->telegram_came = true;
	if (s->a->ready >= 0) {
		(void)!write(s->a->ready, "1", 1);
		close(s->a->ready);
		s->a->ready = -1;
	} else {
		say("%s: telegrams come at %u bit/s", s->a->meter.name,
		    speed_search_speed(&s->a->search));
	}
}

static void state_changed(struct stay *s, const char *state)
{
	strcpy(s->state, state);
	if (!strcmp(state, "locked")) {
		speed_search_telegram(&s->a->search);
		tell_telegram(s);
	} else {
		speed_search_silence(&s->a->search, wait_now_ms());
	}
}

/* What the attributes say now; false when the meter is gone. */
static bool look(struct stay *s)
{
	char state[METER_WORD_MAX];
	enum line_seen seen;

	if (!read_word(s->state_fd, state))
		return false;
	if (strcmp(s->state, state))
		state_changed(s, state);
	if (!strcmp(s->state, "locked"))
		return true;
	read_bytes(s, s->bytes);
	seen = read_seen(s);
	if (seen != s->seen) {
		s->seen = seen;
		tell_seen(s);
	}
	return true;
}

static void next_speed(struct stay *s, u64 now)
{
	speed_search_next(&s->a->search, now);
	tty_set_raw(&s->a->tty, speed_search_speed(&s->a->search));
	read_bytes(s, s->bytes_before);
}

/* Tries the next speed when it is time; returns how long nothing else is to be done, in ms. */
static int search(struct stay *s)
{
	u64 now = wait_now_ms();
	bool heard = strcmp(s->bytes, s->bytes_before);
	u64 until = speed_search_until(&s->a->search, s->seen, heard);

	if (!strcmp(s->state, "locked"))
		return -1;
	if (until == SPEED_KEEP)
		return LOOK_SELDOM_MS;
	if (now >= until) {
		next_speed(s, now);
		return LOOK_MS;
	}
	return until - now < LOOK_MS ? (int)(until - now) : LOOK_MS;
}

/* Lights the LED when a telegram came, and puts it out; returns how long it stays so, in ms. */
static int blink(struct stay *s, bool came)
{
	u64 now = s->a->led ? wait_now_ms() : 0;
	char word[METER_WORD_MAX];

	if (came && read_word(s->last_fd, word) && gpio_set(s->a->led, true))
		s->dark_ms = now + LED_FLASH_MS;
	if (s->dark_ms && now >= s->dark_ms) {
		gpio_set(s->a->led, false);
		s->dark_ms = 0;
	}
	return s->dark_ms ? (int)(s->dark_ms - now) : -1;
}

/* Of two times to wait, the shorter; -1 is for ever. */
static int sooner(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int stay(struct stay *s)
{
	struct pollfd fds[] = {
		{ .fd = s->a->signals, .events = POLLIN },
		{ .fd = s->a->tty.fd, .events = POLLIN },
		{ .fd = s->state_fd, .events = POLLPRI },
		{ .fd = s->last_fd, .events = POLLPRI },
	};
	int dark_ms = blink(s, s->last_fd >= 0);

	while (look(s)) {
		if (poll(fds, 4, sooner(search(s), dark_ms)) < 0 && errno != EINTR)
			return UNUSABLE;
		if (fds[0].revents)
			return DONE;
		if (fds[1].revents & (POLLHUP | POLLERR))
			break;
		dark_ms = blink(s, fds[3].revents & POLLPRI);
	}
	say("%s is gone", s->a->tty.port);
	return DONE;
}

static int open_attribute(const struct stay *s, const char *name)
{
	char path[METER_PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", s->a->meter.path, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static bool open_attributes(struct stay *s)
{
	s->state_fd = open_attribute(s, "state");
	s->last_fd = s->a->led ? open_attribute(s, "last_telegram") : -1;
	return s->state_fd >= 0 && (s->last_fd >= 0 || !s->a->led);
}

/**
 * attach_close - leave the line and what belongs to it
 * @a: the line, whether it was attached or not
 */
void attach_close(struct attachment *a)
{
	gpio_release(a->led);
	gpio_release(a->request);
	tty_close(&a->tty);
}

static void detach(struct attachment *a)
{
	int plain = N_TTY;

	notify_send(a->service, "STOPPING=1");
	ioctl(a->tty.fd, TIOCSETD, &plain);
	attach_close(a);
}

/**
 * attach_stay - give up every privilege and stay with an attached line until it goes
 * @a: the line; closed afterwards
 *
 * Return: an exit code: DONE when the line went or a signal asked to end.
 */
int attach_stay(struct attachment *a)
{
	struct stay s = { .a = a, .bytes_before = "0" };
	int rc = UNUSABLE;

	speed_search_silence(&a->search, wait_now_ms());
	if (!open_attributes(&s))
		say("%s cannot be read: %s", a->meter.path, strerror(errno));
	else if (!privileges_drop())
		say("the privileges of root cannot be given up: %s", strerror(errno));
	else
		rc = stay(&s);
	detach(a);
	return rc;
}
