// SPDX-License-Identifier: MIT
/*
 * Listening to ports, all at once, for a bounded time: nothing is sent, and each is left as it was
 * found, but that DTR and RTS do not fall when it is closed.
 */
#include <errno.h>
#include <linux/serial.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../lib/p1_inverted.h"
#include "../lib/say.h"
#include "../../kernel/telegram/speed_search.h"
#include "scan.h"
#include "wait.h"

/* Behind the first telegram, to see how good the line is. */
#define QUALITY_MS 5000
/* Behind what was recognised but cannot be read. */
#define RECOGNISED_MS 2000
/* A pty has no other speed to try, so that garbage will not become better. */
#define GARBAGE_MS 10000
/* A speed is not given up amid the first telegram, which may show that it is inverted. */
#define BURST_MS 1000
/* Without a byte for so long, a telegram without a check at its end has ended. */
#define PAUSE_MS 1000
/* How often the search for the speed looks at what came. */
#define LOOK_MS 200

/**
 * struct listener - a port that is listened to
 * @heard: what becomes known
 * @tty: when @open
 * @open: it is
 * @decoder: of its bytes
 * @search: its speed
 * @inverted: evidence of the current speed
 * @before: what the port had counted when the speed was set
 * @begun_ms: when it was opened
 * @first_ms: when the first byte of this speed came; 0: none did
 * @last_ms: when the last one came
 * @found_ms: when telegrams began, or something was recognised; 0: neither
 */
struct listener {
	struct heard *heard;
	struct tty tty;
	bool open;
	struct line_decoder decoder;
	struct speed_search search;
	struct p1_inverted inverted;
	struct serial_icounter_struct before;
	u64 begun_ms;
	u64 first_ms;
	u64 last_ms;
	u64 found_ms;
};

static void take_telegram(void *context, const struct telegram *t)
{
	struct heard *h = ((struct listener *)context)->heard;

	h->telegrams++;
	h->protocol = t->protocol;
	h->fields += t->nfields;
	if (telegram_number(t, h->number, sizeof(h->number)))
		meter_id(t->protocol, h->number, h->id);
}

static bool set_speed(struct listener *l)
{
	if (!tty_set_raw(&l->tty, l->heard->pty ? 0 : speed_search_speed(&l->search)))
		return false;
	tcflush(l->tty.fd, TCIFLUSH);
	line_decoder_init(&l->decoder, LINE_AUTO, take_telegram, l);
	l->inverted = (struct p1_inverted){ 0 };
	l->first_ms = 0;
	l->heard->line_errors = !ioctl(l->tty.fd, TIOCGICOUNT, &l->before);
	return true;
}

static void count_line_errors(struct listener *l)
{
	struct serial_icounter_struct now;
	struct heard *h = l->heard;

	if (!h->line_errors || ioctl(l->tty.fd, TIOCGICOUNT, &now))
		return;
	h->framing = now.frame - l->before.frame;
	h->breaks = now.brk - l->before.brk;
	h->overruns = now.overrun - l->before.overrun + now.buf_overrun - l->before.buf_overrun;
}

/* What is known of the line at this speed. */
static void conclude(struct listener *l)
{
	struct heard *h = l->heard;

	h->bit_per_s = h->pty ? 0 : speed_search_speed(&l->search);
	h->even_parity = line_decoder_has_parity(&l->decoder);
	h->damaged = l->decoder.stats.bad_checksum + l->decoder.stats.bad_parity +
		     l->decoder.stats.bad_form;
	count_line_errors(l);
}

static void end(struct listener *l)
{
	if (!l->open)
		return;
	if (l->heard->telegrams || l->found_ms)
		conclude(l);
	tty_close(&l->tty);
	l->open = false;
}

static void lose(struct listener *l)
{
	l->heard->gone = true;
	end(l);
}

static void begin(struct listener *l, const char *path)
{
	struct heard *h = l->heard;

	h->problem = tty_open(&l->tty, path);
	h->error = errno;
	if (h->problem != TTY_OPEN)
		return;
	l->open = true;
	h->pty = tty_is_pty(&l->tty);
	l->begun_ms = wait_now_ms();
	tty_keep_modem_lines(&l->tty);
	speed_search_init(&l->search, 0, l->begun_ms);
	if (!set_speed(l))
		lose(l);
}

static void take_bytes(struct listener *l, u64 now)
{
	u8 bytes[4096];
	ssize_t count = read(l->tty.fd, bytes, sizeof(bytes));

	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (count <= 0) {
		lose(l);
		return;
	}
	l->heard->bytes += count;
	l->last_ms = now;
	if (!l->first_ms)
		l->first_ms = now;
	if (!l->heard->telegrams)
		p1_inverted_feed(&l->inverted, bytes, count);
	line_decoder_feed(&l->decoder, bytes, count, now);
}

/* Whether what came needs no other speed; notes since when. */
static bool is_found(struct listener *l, u64 now)
{
	enum line_seen seen = line_decoder_seen(&l->decoder);
	struct heard *h = l->heard;

	if (seen != SEEN_NOTHING)
		h->seen = seen;
	h->inverted = !h->telegrams && p1_inverted_is_evident(&l->inverted);
	if (!l->found_ms && (h->telegrams || h->inverted || h->seen > SEEN_GARBAGE))
		l->found_ms = now;
	return l->found_ms;
}

static bool is_done(const struct listener *l, u64 now)
{
	const struct heard *h = l->heard;

	if (l->found_ms)
		return now >= l->found_ms + (h->telegrams ? QUALITY_MS : RECOGNISED_MS);
	return h->pty && h->seen == SEEN_GARBAGE && now >= l->begun_ms + GARBAGE_MS;
}

static void search_on(struct listener *l, u64 now)
{
	enum line_seen seen = line_decoder_seen(&l->decoder);
	u64 until = speed_search_until(&l->search, seen, l->first_ms);

	if (l->heard->pty || now < until || (l->first_ms && now < l->first_ms + BURST_MS))
		return;
	speed_search_next(&l->search, now);
	if (!set_speed(l))
		lose(l);
}

static void look(struct listener *l, u64 now)
{
	if (line_decoder_waits_for_pause(&l->decoder) && now >= l->last_ms + PAUSE_MS)
		line_decoder_pause(&l->decoder);
	if (!is_found(l, now))
		search_on(l, now);
	if (l->open && is_done(l, now))
		end(l);
}

/* One round: waits, reads, looks. False when nothing is open any more, or a signal came. */
static bool listen_on(struct listener *all, size_t count, struct pollfd *fds)
{
	bool any = false;
	u64 now;

	for (size_t i = 0; i < count; i++) {
		fds[i] =
			(struct pollfd){ .fd = all[i].open ? all[i].tty.fd : -1, .events = POLLIN };
		any |= all[i].open;
	}
	if (!any || (poll(fds, count + 1, LOOK_MS) < 0 && errno != EINTR) || fds[count].revents)
		return false;
	now = wait_now_ms();
	for (size_t i = 0; i < count; i++) {
		if (all[i].open && fds[i].revents)
			take_bytes(&all[i], now);
		if (all[i].open)
			look(&all[i], now);
	}
	return true;
}

/**
 * scan_listen - listen to ports, and send nothing
 * @ports: those; the member heard of each is filled
 * @count: of @ports
 * @seconds: at most so long
 *
 * SIGINT, SIGTERM and SIGHUP end it early; what was heard until then counts.
 *
 * Return: false without memory.
 */
bool scan_listen(struct port *const *ports, size_t count, unsigned int seconds)
{
	struct listener *all = calloc(count ? count : 1, sizeof(*all));
	struct pollfd *fds = calloc(count + 1, sizeof(*fds));
	u64 end_ms = wait_now_ms() + seconds * 1000ull;
	bool ok = all && fds;

	for (size_t i = 0; ok && i < count; i++) {
		ports[i]->heard = all[i].heard = calloc(1, sizeof(struct heard));
		ok = ports[i]->heard;
	}
	if (ok) {
		fds[count] = (struct pollfd){ .fd = wait_signals(SIGHUP), .events = POLLIN };
		for (size_t i = 0; i < count; i++)
			begin(&all[i], ports[i]->path);
		while (wait_now_ms() < end_ms && listen_on(all, count, fds))
			;
		for (size_t i = 0; i < count; i++)
			end(&all[i]);
		close(fds[count].fd);
	}
	free(fds);
	free(all);
	return ok;
}
