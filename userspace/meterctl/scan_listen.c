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
/* Frames of DLMS, of which no message is whole yet. Kamstrup sends each 10 s. */
#define FRAMES_MS 12000
/* The settings of M-Bus: as in meterd, port_search.c. */
#define MBUS_SPEED 2400
#define MBUS_MS	   13000
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
 * @dlms: the same, where they are frames of DLMS
 * @search: its speed, among those of text
 * @mbus: the port is set as for M-Bus: 1: 8E1, 2: 8N1; 0: it is not
 * @mbus_ms: since when
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
	struct scan_dlms *dlms;
	struct speed_search search;
	unsigned int mbus;
	u64 mbus_ms;
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

static unsigned int speed_of(const struct listener *l)
{
	if (l->heard->pty)
		return 0;
	return l->mbus ? MBUS_SPEED : speed_search_speed(&l->search);
}

static bool set_speed(struct listener *l)
{
	if (!tty_set_parity(&l->tty, speed_of(l), l->mbus == 1))
		return false;
	tcflush(l->tty.fd, TCIFLUSH);
	line_decoder_init(&l->decoder, LINE_AUTO, take_telegram, l);
	scan_dlms_begin(l->dlms);
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

	h->bit_per_s = speed_of(l);
	h->even_parity = !h->framed && line_decoder_has_parity(&l->decoder);
	h->mbus_parity = l->mbus == 1;
	h->damaged = h->framed ? scan_dlms_damaged(l->dlms)
			       : l->decoder.stats.bad_checksum + l->decoder.stats.bad_parity +
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

/* A line is of one kind, so its first telegram decides. */
static void decode(struct listener *l, const u8 *bytes, size_t count, u64 now)
{
	struct heard *h = l->heard;
	enum line_seen seen;

	if (!h->telegrams || h->framed) {
		seen = scan_dlms_take(l->dlms, bytes, count, now);
		h->framed = seen != SEEN_NOTHING;
		if (h->framed)
			h->seen = seen;
	}
	/* With the settings of M-Bus text is none. */
	if (!h->framed && !l->mbus)
		line_decoder_feed(&l->decoder, bytes, count, now);
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
	decode(l, bytes, count, now);
}

/* What looks like a frame of DLMS may be read with the wrong speed or parity. */
static bool is_recognised(const struct heard *h)
{
	return h->framed ||
	       (h->seen > SEEN_GARBAGE && h->seen != SEEN_HDLC && h->seen != SEEN_MBUS);
}

/* Whether what came needs no other speed; notes since when. */
static bool is_found(struct listener *l, u64 now)
{
	enum line_seen seen = line_decoder_seen(&l->decoder);
	struct heard *h = l->heard;

	if (seen != SEEN_NOTHING && !h->framed)
		h->seen = seen;
	h->inverted = !h->telegrams && !h->framed && p1_inverted_is_evident(&l->inverted);
	if (!l->found_ms && (h->telegrams || h->inverted || is_recognised(h)))
		l->found_ms = now;
	return l->found_ms;
}

static bool is_done(const struct listener *l, u64 now)
{
	const struct heard *h = l->heard;

	if (!l->found_ms)
		return h->pty && h->seen != SEEN_NOTHING && now >= l->begun_ms + GARBAGE_MS;
	if (h->telegrams)
		return now >= l->found_ms + QUALITY_MS;
	return now >= l->found_ms + (h->framed && !h->enciphered ? FRAMES_MS : RECOGNISED_MS);
}

/* Until when the setting is kept. */
static u64 keep_until(const struct listener *l)
{
	enum line_seen seen = line_decoder_seen(&l->decoder);

	if (l->mbus)
		return l->mbus_ms + MBUS_MS;
	if (seen == SEEN_HDLC || seen == SEEN_MBUS)
		seen = SEEN_NOTHING;
	return speed_search_until(&l->search, seen, l->first_ms);
}

/* Behind the last speed of text those of M-Bus, and then text again. */
static void next_setting(struct listener *l, u64 now)
{
	l->mbus_ms = now;
	if (l->mbus == 1 || (!l->mbus && speed_search_speed(&l->search) == 115200)) {
		l->mbus++;
		return;
	}
	l->mbus = 0;
	speed_search_next(&l->search, now);
}

static void search_on(struct listener *l, u64 now)
{
	if (l->heard->pty || now < keep_until(l) || (l->first_ms && now < l->first_ms + BURST_MS))
		return;
	next_setting(l, now);
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
		all[i].dlms = ports[i]->heard ? scan_dlms_new(ports[i]->heard) : NULL;
		ok = all[i].dlms;
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
	for (size_t i = 0; all && i < count; i++)
		scan_dlms_free(all[i].dlms);
	free(fds);
	free(all);
	return ok;
}
