// SPDX-License-Identifier: MIT
/*
 * A server of D2L modules that shows each frame: for a person who looks whether a module does well.
 * It treats modules as meterd does, with few connections.
 */
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../decode/d2l_reply.h"
#include "../lib/say.h"
#include "../lib/zone.h"
#include "d2l_module.h"
#include "d2l_print.h"
#include "d2l_trial.h"
#include "wait.h"

#define CHECK_MS 1000

/** enum advice - what was said to a person, once */
enum advice {
	ADVICE_KEY = 1,
	ADVICE_WRONG_KEY = 2,
	ADVICE_UPDATE = 4,
};

/* Places in what is polled: connections are behind these. */
enum { STOP, LISTENER, FIRST };

/**
 * struct connection - one of a module, or of somebody else
 * @fd: its socket; -1: there is no connection in this place
 * @address: from where
 * @proven: a good frame came on it
 * @since_ms: when it was made, or its newest frame came, or the first byte of half a frame
 */
struct connection {
	int fd;
	char address[NI_MAXHOST];
	bool proven;
	u64 since_ms;
	struct d2l_framer framer;
};

/**
 * struct trial - the server
 * @simulated: the key of the newest frame's module, when there is no table of keys
 * @advice: that was said, enum advice
 * @clear: the newest frame in clear
 */
struct trial {
	const struct d2l_trial *plan;
	struct d2l_trial_tally *tally;
	struct crypt_cbc *aes;
	struct d2l_key simulated;
	struct connection connections[D2L_TRIAL_MAX];
	unsigned int advice;
	u8 clear[D2L_FRAME_MAX];
};

/* The beginning of each line. */
static void print_origin(const struct connection *c)
{
	char now[ISO_TIME_LEN + 1];

	iso_time(time(NULL), now);
	printf("%s %s: ", now, c->address);
}

static void close_connection(struct connection *c)
{
	close(c->fd);
	c->fd = -1;
}

__attribute__((format(printf, 2, 3)))
static void close_with(struct connection *c, const char *format, ...)
{
	va_list args;

	print_origin(c);
	fputs("closed: ", stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	close_connection(c);
}

static const struct d2l_key *key_of(struct trial *t, u64 id)
{
	if (t->plan->keys)
		return d2l_keys_find(t->plan->keys, id);
	d2l_module_key(id, &t->simulated);
	return &t->simulated;
}

static void advise(struct trial *t, enum advice advice, u64 id, const char *text)
{
	if (!(t->advice & advice))
		say("module %0*" PRIu64 ": %s", D2L_ID_DIGITS, id, text);
	t->advice |= advice;
}

static void count_frame(struct trial *t, const struct d2l_found *found)
{
	const u64 id = found->header.id;

	if (!found->key) {
		t->tally->unknown++;
		advise(t, ADVICE_KEY, id, "put its key and IV into the key file and begin again");
	} else if (found->verdict == D2L_BAD_CRC) {
		t->tally->wrong_key++;
		advise(t, ADVICE_WRONG_KEY, id, t->plan->keys ?
		       "compare its key and IV in the key file with what eeSmart told" :
		       "without --key-file only keys of 'meterctl d2l simulate' are known");
	} else if (found->verdict != D2L_GOOD || found->frame.answer) {
		t->tally->malformed++;
	} else {
		t->tally->good++;
		if (found->frame.type != D2L_UPDATE_REQUEST)
			return;
		t->tally->updates++;
		advise(t, ADVICE_UPDATE, id, D2L_UPDATE_ADVICE);
	}
}

/* A whole frame at the beginning of what came; false: the connection was closed. */
static bool take_frame(struct trial *t, struct connection *c, const struct d2l_header *h)
{
	struct d2l_found found = { .header = *h, .key = key_of(t, h->id) };
	enum d2l_next next = D2L_CLOSE;
	u8 answer[D2L_ANSWER_LEN];

	if (found.key)
		found.verdict = d2l_open(t->aes, found.key, c->framer.bytes, h->len, t->clear,
					 &found.frame);
	print_origin(c);
	d2l_print_frame(&found);
	count_frame(t, &found);
	if (found.key && found.verdict == D2L_GOOD)
		next = d2l_reply(t->aes, found.key, &found.frame, time(NULL), answer);
	if (next == D2L_CLOSE) {
		close_connection(c);
		return false;
	}
	d2l_framer_drop(&c->framer, h->len);
	c->proven = true;
	c->since_ms = wait_now_ms();
	if (next == D2L_KEEP ||
	    send(c->fd, answer, sizeof(answer), MSG_NOSIGNAL) == sizeof(answer))
		return true;
	close_with(c, "the answer cannot be sent: %s", strerror(errno));
	return false;
}

static bool is_over(const struct trial *t)
{
	return t->plan->count && t->tally->good >= t->plan->count;
}

/* False: the connection was closed, or it is enough. */
static bool take_frames(struct trial *t, struct connection *c)
{
	enum d2l_verdict verdict;
	struct d2l_header h;

	while ((verdict = d2l_framer_next(&c->framer, &h)) == D2L_GOOD) {
		if (!take_frame(t, c, &h) || is_over(t))
			return false;
	}
	if (verdict == D2L_OPEN)
		return true;
	t->tally->malformed++;
	close_with(c, "what came is no frame: %s", d2l_verdict_text(verdict));
	return false;
}

static void take_bytes(struct trial *t, struct connection *c, const u8 *bytes, size_t count)
{
	const bool half = c->framer.len;

	while (count) {
		size_t n = d2l_framer_put(&c->framer, bytes, count);

		bytes += n;
		count -= n;
		if (!take_frames(t, c))
			return;
	}
	if (c->proven && !half && c->framer.len)
		c->since_ms = wait_now_ms();
}

static void receive(struct trial *t, struct connection *c)
{
	u8 bytes[D2L_FRAME_MAX];
	ssize_t n = recv(c->fd, bytes, sizeof(bytes), 0);

	if (n > 0)
		take_bytes(t, c, bytes, n);
	else if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	else if (c->framer.len)
		close_with(c, "it hung up in the middle of a frame, after %zu bytes",
			   c->framer.len);
	else
		close_connection(c);
}

static void close_slow(struct trial *t)
{
	const u64 now_ms = wait_now_ms();

	for (struct connection *c = t->connections; c < t->connections + D2L_TRIAL_MAX; c++) {
		const bool idle = c->proven && !c->framer.len;
		const u64 patience_ms = idle ? D2L_IDLE_MS : D2L_FRAME_MS;

		if (c->fd < 0 || now_ms - c->since_ms < patience_ms)
			continue;
		t->tally->slow++;
		close_with(c, "no whole frame came within %" PRIu64 " s", patience_ms / 1000);
	}
}

/* A free connection, if need be the oldest that brought no frame; NULL: there is none. */
static struct connection *make_room(struct trial *t)
{
	struct connection *oldest = NULL;

	for (struct connection *c = t->connections; c < t->connections + D2L_TRIAL_MAX; c++) {
		if (c->fd < 0)
			return c;
		if (!c->proven && (!oldest || c->since_ms < oldest->since_ms))
			oldest = c;
	}
	t->tally->full++;
	if (oldest)
		close_with(oldest, "%d are open, and a new one came", D2L_TRIAL_MAX);
	return oldest;
}

/* False when no more can be taken, which it has said. */
static bool take_connection(struct trial *t)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	struct connection *c;
	int fd = accept4(t->plan->listener, (struct sockaddr *)&from, &len,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0) {
		if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
			return true;
		say("no connection can be taken: %s", strerror(errno));
		return false;
	}
	t->tally->connections++;
	c = make_room(t);
	if (!c) {
		close(fd);
		return true;
	}
	if (getnameinfo((struct sockaddr *)&from, len, c->address, sizeof(c->address), NULL, 0,
			NI_NUMERICHOST))
		strcpy(c->address, "?");
	c->proven = false;
	c->since_ms = wait_now_ms();
	c->framer.len = 0;
	c->fd = fd;
	return true;
}

/* Waits a moment; false when that cannot be done, which it has said. */
static bool wait_for_any(const struct trial *t, struct pollfd fds[FIRST + D2L_TRIAL_MAX])
{
	fds[STOP] = (struct pollfd){ .fd = t->plan->stop, .events = POLLIN };
	fds[LISTENER] = (struct pollfd){ .fd = t->plan->listener, .events = POLLIN };
	for (unsigned int i = 0; i < D2L_TRIAL_MAX; i++)
		fds[FIRST + i] = (struct pollfd){ .fd = t->connections[i].fd, .events = POLLIN };
	if (poll(fds, FIRST + D2L_TRIAL_MAX, CHECK_MS) >= 0 || errno == EINTR)
		return true;
	say("cannot wait for modules: %s", strerror(errno));
	return false;
}

/* False when it cannot go on, which it has said. */
static bool run(struct trial *t)
{
	struct pollfd fds[FIRST + D2L_TRIAL_MAX];

	do {
		if (!wait_for_any(t, fds))
			return false;
		for (unsigned int i = 0; i < D2L_TRIAL_MAX && !is_over(t); i++) {
			if (fds[FIRST + i].revents)
				receive(t, &t->connections[i]);
		}
		close_slow(t);
		if (fds[LISTENER].revents && !take_connection(t))
			return false;
		if (fflush(stdout)) {
			say("what came could not be written to standard output");
			return false;
		}
	} while (!fds[STOP].revents && !is_over(t));
	return true;
}

/**
 * d2l_trial - show what modules send, and answer them
 * @plan: what to do
 * @tally: for what came; all zero at the beginning
 *
 * Frames go to stdout, what to do about them to stderr, once each.
 *
 * Return: false when it could not begin or go on, which it has said.
 */
bool d2l_trial(const struct d2l_trial *plan, struct d2l_trial_tally *tally)
{
	struct trial *t = calloc(1, sizeof(*t));
	bool good;

	if (t)
		t->aes = crypt_cbc_new();
	if (!t || !t->aes) {
		say("out of memory");
		free(t);
		return false;
	}
	t->plan = plan;
	t->tally = tally;
	for (unsigned int i = 0; i < D2L_TRIAL_MAX; i++)
		t->connections[i].fd = -1;
	good = run(t);
	for (unsigned int i = 0; i < D2L_TRIAL_MAX; i++) {
		if (t->connections[i].fd >= 0)
			close_connection(&t->connections[i]);
	}
	crypt_cbc_free(t->aes);
	free(t);
	return good;
}
