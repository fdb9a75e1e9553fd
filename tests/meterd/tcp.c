// SPDX-License-Identifier: MIT
/*
 * Source tcp against gateways as bad as those in the field, and worse.
 */
#include "world.h"

#define HOUR_MS 3600000

/* A world with one gateway and a source "house" that dials it. */
struct stage {
	struct world w;
	struct gateway g;
};

static bool stage_begin(struct stage *s, u64 tick_ms, void (*tick)(struct gateway *g),
			void (*accept)(struct gateway *g, int client))
{
	struct source_config c;

	memset(s, 0, sizeof(*s));
	world_begin(&s->w);
	s->g.tick = tick;
	s->g.accept = accept;
	if (!gateway_begin(&s->g, &s->w, tick_ms))
		return false;
	c = tcp_config("house", "127.0.0.1", s->g.port);
	world_apply(&s->w, &c, 1);
	return true;
}

static bool stage_end(struct stage *s, bool kept)
{
	const u64 received = s->g.received;

	gateway_end(&s->g);
	world_end(&s->w);
	return received ? broken("the gateway was sent %llu bytes", (unsigned long long)received) :
			  kept;
}

static bool is_state(struct stage *s, enum line_state state, const char *words)
{
	struct line *line = line_of(&s->w, "house");

	if (line->state == state && strstr(line->why, words))
		return true;
	return broken("%s: %s; not %s: ...%s...", line_state_name(line->state), line->why,
		      line_state_name(state), words);
}

static bool is_between(const char *what, double value, double low, double high)
{
	if (value >= low && value <= high)
		return true;
	return broken("%s: %.3f is not within %.3f to %.3f", what, value, low, high);
}

static bool is_number(const char *what, u64 got, u64 expected)
{
	if (got == expected)
		return true;
	return broken("%s: %llu, not %llu", what, (unsigned long long)got,
		      (unsigned long long)expected);
}

static void tick_telegram(struct gateway *g)
{
	char text[1024];

	gateway_send_all(g, text, a_telegram(text, g->ticks));
}

/* In two pieces, cut one byte later each time; the second piece comes with the next tick. */
static void tick_cut(struct gateway *g)
{
	char text[1024];
	size_t len = a_telegram(text, 1), cut = g->step;

	if (cut > len)
		return;
	if (g->ticks % 2) {
		gateway_send_all(g, text, cut);
	} else {
		gateway_send_all(g, text + cut, len - cut);
		g->step += g->count > 0;
	}
}

static bool telegrams_are_whole_wherever_they_are_cut(const char **skip)
{
	struct stage s;
	char text[1024];
	size_t len = a_telegram(text, 1);
	bool kept;

	(void)skip;
	if (!stage_begin(&s, 50, tick_cut, NULL))
		return false;
	world_run(&s.w, (len + 3) * 100 + 1000);
	kept = is_number("cuts", s.g.step, len + 1) && is_number("telegrams", s.w.heard, len + 1) &&
	       is_number("connections", s.g.connections, 1);
	return stage_end(&s, kept);
}

static void tick_joined(struct gateway *g)
{
	char text[8 * 1024];
	size_t len = 0;

	for (unsigned int i = 0; i < 7; i++)
		len += a_telegram(text + len, i);
	gateway_send_all(g, text, len);
}

static bool joined_telegrams_all_count(const char **skip)
{
	struct stage s;
	bool kept;

	(void)skip;
	if (!stage_begin(&s, 1000, tick_joined, NULL))
		return false;
	world_run(&s.w, 10500);
	kept = is_number("telegrams", s.w.heard, 7 * 10) &&
	       is_number("of its own time", line_of(&s.w, "house")->interval_ms, 1000);
	return stage_end(&s, kept);
}

/* WILL ECHO, WILL SGA, DO BINARY, and a subnegotiation, as telnet servers begin. */
static const char negotiation[] =
	"\xff\xfb\x01\xff\xfb\x03\xff\xfd\x00\xff\xfa\x2c\x01\x00\xff\xf0";

/* What gateways put before, between and behind telegrams. */
static const char *const rubbish[] = {
	"1-0:1.8.1(000123.456*kWh)\r\n1-0:1.8.2(000456.789*kWh)\r\n!1234\r\n",
	"\xff\xff\xff\xff\xff\xff",
	"Welcome to the P1 gateway v1.2\r\n> ",
	"/", "!", "\r\n\r\n\r\n", "/XYZ5\\HALF\r\n\r\n1-0:1.8.1(0001",
	"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n",
};

static void tick_rubbish(struct gateway *g)
{
	const char *text = rubbish[g->ticks % COUNT(rubbish)];

	gateway_send_all(g, "\0\0\0", g->ticks % 4);
	gateway_send_all(g, text, strlen(text));
	gateway_send_all(g, negotiation, g->ticks % 5 ? 0 : sizeof(negotiation));
	tick_telegram(g);
}

static bool rubbish_between_telegrams_is_harmless(const char **skip)
{
	struct stage s;
	bool kept;

	(void)skip;
	if (!stage_begin(&s, 1000, tick_rubbish, NULL))
		return false;
	world_run(&s.w, 200500);
	kept = is_number("telegrams", s.w.heard, 200) &&
	       is_number("connections", s.g.connections, 1) && is_state(&s, LINE_CONNECTED, "p1");
	return stage_end(&s, kept);
}

static void accept_negotiation(struct gateway *g, int client)
{
	static const char *const groups[] = {
		"ADCO 123456789012", "BASE 000000123", "PTEC TH..", "PAPP 00500",
	};
	u8 frame[256];
	size_t len = tic_frame_of(frame, sizeof(frame), groups, COUNT(groups));

	gateway_send(g, client, negotiation, sizeof(negotiation));
	gateway_send(g, client, frame, len);
	gateway_send(g, client, frame, len);
}

static bool telnet_negotiation_before_tic_is_harmless(const char **skip)
{
	struct stage s;
	bool kept;

	(void)skip;
	if (!stage_begin(&s, 1000, NULL, accept_negotiation))
		return false;
	world_run(&s.w, 1000);
	kept = is_number("telegrams", s.w.heard, 2) &&
	       is_state(&s, LINE_CONNECTED, "tic-historique") &&
	       is_number("groups dropped",
			 line_of(&s.w, "house")->decoder->stats.bad_checksum, 0);
	return stage_end(&s, kept);
}

/* Also with a half telegram at the beginning of each connection. */
static void accept_half(struct gateway *g, int client)
{
	char text[1024];
	size_t len = a_telegram(text, 1);

	gateway_send(g, client, text + len / 2, len - len / 2);
	gateway_send(g, client, text, len);
	gateway_send(g, client, text, len / 2);
}

static void tick_drop(struct gateway *g)
{
	gateway_drop_all(g);
}

static bool half_telegrams_of_two_connections_are_never_joined(const char **skip)
{
	struct stage s;
	bool kept;

	(void)skip;
	if (!stage_begin(&s, 20000, tick_drop, accept_half))
		return false;
	world_run(&s.w, HOUR_MS);
	kept = is_number("telegrams", s.w.heard, s.g.connections) &&
	       is_between("connections", s.g.connections, 150, 181) &&
	       is_number("damaged", line_of(&s.w, "house")->decoder->stats.bad_checksum, 0);
	return stage_end(&s, kept);
}

static void tick_line_feeds(struct gateway *g)
{
	char text[1024];
	size_t len = a_telegram(text, 1), to = 0;

	for (size_t i = 0; i < len; i++)
		if (text[i] != '\r')
			text[to++] = text[i];
	gateway_send_all(g, text, to);
}

static bool changed_line_ends_are_wrong_data(const char **skip)
{
	struct stage s;
	bool kept;

	(void)skip;
	if (!stage_begin(&s, 10000, tick_line_feeds, NULL))
		return false;
	world_run(&s.w, 25000);
	kept = is_state(&s, LINE_WRONG_DATA, "line ends");
	world_run(&s.w, HOUR_MS);
	kept = kept && is_number("telegrams", s.w.heard, 0) &&
	       is_state(&s, LINE_WRONG_DATA, "line ends") &&
	       is_between("connections", s.g.connections, 30, 60);
	return stage_end(&s, kept);
}

static void tick_again(struct gateway *g)
{
	char text[1024];

	gateway_send_all(g, text, a_telegram(text, 77));
}

static bool a_telegram_that_is_repeated_is_harmless(const char **skip)
{
	struct stage s;
	bool kept;

	(void)skip;
	if (!stage_begin(&s, 1000, tick_again, NULL))
		return false;
	world_run(&s.w, 60500);
	kept = is_number("telegrams", s.w.heard, 60) &&
	       is_number("connections", s.g.connections, 1);
	return stage_end(&s, kept);
}

static bool a_mute_gateway_is_silent_and_is_not_hammered(const char **skip)
{
	struct stage s;
	bool kept;

	(void)skip;
	if (!stage_begin(&s, 20000, NULL, NULL))
		return false;
	world_run(&s.w, 5000);
	kept = is_state(&s, LINE_SILENT, "connected, no telegram so far");
	world_run(&s.w, 30000);
	kept = kept && is_state(&s, LINE_SILENT, "sends no telegram");
	world_run(&s.w, 10 * HOUR_MS);
	/* 30 s of waiting and, from the seventh on, 60 s of pause */
	kept = kept && is_between("connections", s.g.connections, 360, 460) &&
	       is_between("open", s.g.count, 0, 2) && is_number("states", s.w.states, 3);
	return stage_end(&s, kept);
}

static void accept_and_close(struct gateway *g, int client)
{
	gateway_drop(g, client);
}

/* The pauses, but for their jitter. */
static bool pauses_double(const struct gateway *g)
{
	double pause = 1;

	for (unsigned int i = 1; i < 9; i++) {
		double got = (g->times[i] - g->times[i - 1]) / 1000.0;

		if (!is_between("pause", got, pause * 0.79, pause * 1.21 + 0.1))
			return false;
		pause = pause < 30 ? pause * 2 : 60;
	}
	return true;
}

static bool pauses_differ(const struct gateway *g)
{
	for (unsigned int i = 10; i < g->connections && i < TIMES_MAX; i++)
		if (g->times[i] - g->times[i - 1] != g->times[9] - g->times[8])
			return true;
	return broken("all pauses are the same");
}

static bool a_gateway_that_closes_at_once_is_not_hammered(const char **skip)
{
	struct stage s;
	bool kept;

	(void)skip;
	if (!stage_begin(&s, 10000, NULL, accept_and_close))
		return false;
	world_run(&s.w, HOUR_MS);
	kept = pauses_double(&s.g) && pauses_differ(&s.g) &&
	       is_between("connections", s.g.connections, 50, 75) &&
	       is_state(&s, LINE_REFUSED, "one client only");
	return stage_end(&s, kept);
}

/* Says that somebody else is there, as ser2net does. */
static void accept_busy(struct gateway *g, int client)
{
	gateway_send(g, client, "Port already in use\r\n", 21);
	gateway_drop(g, client);
}

static bool a_busy_gateway_is_refused_and_does_not_flap(const char **skip)
{
	struct stage s;
	bool kept;

	(void)skip;
	if (!stage_begin(&s, 10000, NULL, accept_busy))
		return false;
	world_run(&s.w, HOUR_MS);
	kept = is_state(&s, LINE_REFUSED, "one client only") && is_number("states", s.w.states, 2);
	return stage_end(&s, kept);
}

static void accept_kicks(struct gateway *g, int client)
{
	while (g->count > 1)
		gateway_drop(g, g->clients[0] == client ? g->clients[1] : g->clients[0]);
}

static bool two_who_kick_each_other_out_both_hear_and_do_not_hammer(const char **skip)
{
	struct source_config c[2];
	struct stage s;
	bool kept;

	(void)skip;
	if (!stage_begin(&s, 1000, tick_telegram, accept_kicks))
		return false;
	c[0] = tcp_config("house", "127.0.0.1", s.g.port);
	c[1] = tcp_config("other", "127.0.0.1", s.g.port);
	world_apply(&s.w, c, 2);
	world_run(&s.w, HOUR_MS);
	kept = is_between("telegrams of one", line_of(&s.w, "house")->telegrams, 300, 3300) &&
	       is_between("telegrams of the other", line_of(&s.w, "other")->telegrams, 300, 3300) &&
	       is_between("connections", s.g.connections, 100, 900);
	note("%u connections in an hour", s.g.connections);
	return stage_end(&s, kept);
}

/* Answers with one telegram and closes, each time. */
static void accept_once(struct gateway *g, int client)
{
	char text[1024];

	gateway_send(g, client, text, a_telegram(text, g->connections));
	gateway_drop(g, client);
}

static bool a_gateway_that_closes_after_each_telegram_is_read_every_10_s(const char **skip)
{
	struct stage s;
	bool kept;

	(void)skip;
	if (!stage_begin(&s, 10000, NULL, accept_once))
		return false;
	world_run(&s.w, HOUR_MS);
	kept = is_between("telegrams", s.w.heard, 320, 420) &&
	       is_number("connections", s.g.connections, s.w.heard) &&
	       is_state(&s, LINE_SILENT, "soon after");
	return stage_end(&s, kept);
}

static bool a_gateway_that_appears_is_connected_within_72_s(const char **skip)
{
	struct stage s;
	bool kept;

	(void)skip;
	if (!stage_begin(&s, 1000, tick_telegram, NULL))
		return false;
	gateway_close(&s.g);
	world_run(&s.w, HOUR_MS / 4);
	kept = is_state(&s, LINE_REFUSED, "the connection is refused");
	kept = gateway_listen(&s.g, "127.0.0.1") && kept;
	world_run(&s.w, 73500);
	kept = kept && is_state(&s, LINE_CONNECTED, "p1 telegrams come") &&
	       is_between("telegrams", s.w.heard, 1, 74);
	return stage_end(&s, kept);
}

static void tick_reset(struct gateway *g)
{
	char text[1024];
	size_t len = a_telegram(text, 1);

	gateway_send_all(g, text, g->ticks % 20 ? len : len / 2);
	while (g->ticks % 20 == 0 && g->count)
		gateway_reset(g, g->clients[0]);
}

static bool a_reset_in_mid_telegram_costs_that_telegram_only(const char **skip)
{
	struct stage s;
	bool kept;

	(void)skip;
	if (!stage_begin(&s, 1000, tick_reset, NULL))
		return false;
	world_run(&s.w, 20100);
	kept = is_state(&s, LINE_SILENT, "broke the connection");
	world_run(&s.w, 180000);
	/* of each 20, the reset one and at most two that fall in the pause */
	kept = kept && is_between("telegrams", s.w.heard, 170, 190) &&
	       is_number("connections", s.g.connections, 10);
	return stage_end(&s, kept);
}

/* Talks as fast as the other side takes it. */
static void talk(struct gateway *g, const void *bytes, size_t count)
{
	for (unsigned int i = g->count; i-- > 0;)
		while (gateway_send(g, g->clients[i], bytes, count) == (ssize_t)count)
			;
}

static void tick_noise(struct gateway *g)
{
	static u64 lots = 1;
	u8 noise[8192];

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = lot(&lots, 256);
	talk(g, noise, sizeof(noise));
}

static void tick_telegrams_without_end(struct gateway *g)
{
	char text[1024];
	size_t len = a_telegram(text, 1);

	talk(g, text, len);
}

/* A header and nothing else, so that no telegram ever ends: a peer's buffer grew without bound. */
static void tick_one_line_without_end(struct gateway *g)
{
	static const char line[] = "/XYZ5aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

	talk(g, line, sizeof(line) - 1);
}

static bool is_held(void (*tick)(struct gateway *g), enum line_state state, const char *words)
{
	struct stage s;
	struct gateway good = { .tick = tick_telegram };
	struct source_config c[2];
	double taken;
	bool kept;

	if (!stage_begin(&s, 10, tick, NULL) || !gateway_begin(&good, &s.w, 1000))
		return false;
	c[0] = tcp_config("house", "127.0.0.1", s.g.port);
	c[1] = tcp_config("good", "127.0.0.1", good.port);
	world_apply(&s.w, c, 2);
	world_run(&s.w, 20500);
	taken = line_of(&s.w, "house")->decoder->stats.bytes;
	kept = is_between("bytes taken a second", taken / 20.5, 50000, 65536 * 1.1) &&
	       is_state(&s, state, words) &&
	       is_between("telegrams of the good one", line_of(&s.w, "good")->telegrams, 20, 21);
	gateway_end(&good);
	return stage_end(&s, kept);
}

static bool noise_without_end_is_held_and_harms_no_other(const char **skip)
{
	(void)skip;
	return is_held(tick_noise, LINE_WRONG_DATA, "64 KiB/s");
}

static bool a_line_without_end_is_held_and_harms_no_other(const char **skip)
{
	(void)skip;
	return is_held(tick_one_line_without_end, LINE_WRONG_DATA, "64 KiB/s");
}

static bool telegrams_without_end_are_held_and_harm_no_other(const char **skip)
{
	(void)skip;
	return is_held(tick_telegrams_without_end, LINE_CONNECTED, "p1");
}

static bool noise_without_end_is_left_for_longer_each_time(const char **skip)
{
	struct stage s;
	bool kept;

	(void)skip;
	if (!stage_begin(&s, 100, tick_noise, NULL))
		return false;
	world_run(&s.w, HOUR_MS / 4);
	kept = is_between("connections", s.g.connections, 10, 16) &&
	       is_state(&s, LINE_WRONG_DATA, "64 KiB/s") && is_number("states", s.w.states, 2);
	return stage_end(&s, kept);
}

static bool a_meter_of_period(u64 period_ms, u64 hours)
{
	struct stage s;
	bool kept;

	if (!stage_begin(&s, period_ms, tick_telegram, NULL))
		return false;
	world_run(&s.w, hours * HOUR_MS + 500);
	kept = is_number("connections", s.g.connections, 1) &&
	       is_number("telegrams", s.w.heard, hours * HOUR_MS / period_ms) &&
	       is_number("interval", line_of(&s.w, "house")->interval_ms, period_ms);
	return stage_end(&s, kept);
}

static bool a_meter_of_10_s_is_never_dropped(const char **skip)
{
	(void)skip;
	return a_meter_of_period(10000, 2);
}

static bool a_meter_of_29_s_is_never_dropped(const char **skip)
{
	(void)skip;
	return a_meter_of_period(29000, 29);
}

static void tick_then_mute(struct gateway *g)
{
	if (g->ticks <= 6)
		tick_telegram(g);
}

/* Half-open: the last telegram was the one of the 6th period. */
static bool gives_up_after(u64 period_ms, u64 patience_ms)
{
	struct stage s;
	bool kept;

	if (!stage_begin(&s, period_ms, tick_then_mute, NULL))
		return false;
	world_run(&s.w, 6 * period_ms + patience_ms - 100);
	kept = is_state(&s, LINE_CONNECTED, "p1");
	world_run(&s.w, 300);
	kept = kept && is_state(&s, LINE_SILENT, "sends no telegram");
	world_run(&s.w, 1200);
	kept = kept && is_number("connections", s.g.connections, 2);
	return stage_end(&s, kept);
}

static bool a_gateway_that_falls_silent_is_dialled_again_after_30_s(const char **skip)
{
	(void)skip;
	return gives_up_after(1000, 30000);
}

static bool a_slow_meter_that_falls_silent_has_three_periods(const char **skip)
{
	(void)skip;
	return gives_up_after(20000, 60000);
}

static void tick_then_noise(struct gateway *g)
{
	if (g->ticks <= 10)
		tick_telegram(g);
	else
		gateway_send_all(g, "1-0:1.8.1(000123.456*kWh)\r\n", 27);
}

static bool bytes_without_telegrams_do_not_keep_a_connection(const char **skip)
{
	struct stage s;
	bool kept;

	(void)skip;
	if (!stage_begin(&s, 1000, tick_then_noise, NULL))
		return false;
	world_run(&s.w, 40500);
	kept = is_state(&s, LINE_WRONG_DATA, "no whole telegram") &&
	       is_number("connections", s.g.connections, 1);
	world_run(&s.w, 1500);
	kept = kept && is_number("connections", s.g.connections, 2);
	return stage_end(&s, kept);
}

static bool ipv6_is_dialled(const char **skip)
{
	struct stage s;
	struct gateway six = { .tick = tick_telegram };
	struct source_config c;
	bool kept;

	if (!stage_begin(&s, 1000, NULL, NULL) || !gateway_begin(&six, &s.w, 1000))
		return false;
	gateway_close(&six);
	six.port = 0;
	if (!gateway_listen(&six, "::1")) {
		*skip = "this machine has no ::1";
		return false;
	}
	c = tcp_config("house", "::1", six.port);
	world_apply(&s.w, &c, 1);
	world_run(&s.w, 5500);
	kept = is_state(&s, LINE_CONNECTED, "p1") && is_between("telegrams", s.w.heard, 5, 6) &&
	       (!strncmp(line_of(&s.w, "house")->what, "[::1]:", 6) ||
		broken("it is called %s", line_of(&s.w, "house")->what));
	gateway_end(&six);
	return stage_end(&s, kept);
}

/* Of our own files, the one that is connected to this port. */
static int client_of(u16 port)
{
	for (int fd = 3; fd < 1000; fd++) {
		struct sockaddr_in peer;
		socklen_t len = sizeof(peer);

		if (!getpeername(fd, (struct sockaddr *)&peer, &len) &&
		    peer.sin_family == AF_INET && ntohs(peer.sin_port) == port)
			return fd;
	}
	return -1;
}

static int option_of(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	getsockopt(fd, level, name, &value, &len);
	return value;
}

static bool the_kernel_notices_a_peer_that_is_gone(const char **skip)
{
	struct stage s;
	bool kept;
	int fd;

	(void)skip;
	if (!stage_begin(&s, 1000, NULL, NULL))
		return false;
	world_run(&s.w, 1500);
	fd = client_of(s.g.port);
	kept = is_number("keep-alive", option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1) &&
	       is_number("idle", option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 60) &&
	       is_number("interval", option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), 15) &&
	       is_number("count", option_of(fd, IPPROTO_TCP, TCP_KEEPCNT), 4) &&
	       is_number("user timeout", option_of(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 60000) &&
	       is_number("close on exec", fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	return stage_end(&s, kept);
}

/* The address is that of a network that is reserved for documents: nobody answers, or no way. */
static bool an_address_without_a_host_ends_nothing(const char **skip)
{
	struct stage s;
	struct source_config c = tcp_config("house", "192.0.2.1", 8088);
	bool kept;

	(void)skip;
	if (!stage_begin(&s, 1000, NULL, NULL))
		return false;
	world_apply(&s.w, &c, 1);
	world_run(&s.w, HOUR_MS);
	kept = line_of(&s.w, "house")->state == LINE_REFUSED ||
	       is_state(&s, LINE_SILENT, "does not answer");
	note("%s: %s", line_state_name(line_of(&s.w, "house")->state),
	     line_of(&s.w, "house")->why);
	return stage_end(&s, kept);
}

/* Encrypted P1 of Luxembourg: header, length, and ciphertext that is noise. */
static void tick_encrypted(struct gateway *g)
{
	static u64 lots = 7;
	u8 apdu[500] = { 0xdb, 8, 'S', 'A', 'G', 'g', 0, 0, 0, 1, 0x82, 1, 0xe7, 0x30, 0, 0, 0, 1 };

	for (size_t i = 18; i < sizeof(apdu); i++)
		apdu[i] = lot(&lots, 256);
	gateway_send_all(g, apdu, sizeof(apdu));
}

static bool encrypted_telegrams_are_called_so(const char **skip)
{
	struct stage s;
	bool kept;

	(void)skip;
	if (!stage_begin(&s, 5000, tick_encrypted, NULL))
		return false;
	world_run(&s.w, 15000);
	kept = is_state(&s, LINE_WRONG_DATA, "encrypted P1");
	return stage_end(&s, kept);
}

static void switch_off(struct world *w, struct line *line, const struct telegram *t)
{
	(void)t;
	if (w->heard == 3)
		sources_switch(w->sources, line->source->config.name, false);
}

static bool a_source_can_be_switched_off_by_one_of_its_telegrams(const char **skip)
{
	struct stage s;
	bool kept;

	(void)skip;
	if (!stage_begin(&s, 1000, tick_joined, NULL))
		return false;
	s.w.on_telegram = switch_off;
	world_run(&s.w, 60000);
	/* the other telegrams of that read were there already */
	kept = is_number("telegrams", s.w.heard, 7) &&
	       is_number("connections", s.g.connections, 1) &&
	       is_number("open", s.g.count, 0) && is_state(&s, LINE_OFF, "switched off");
	sources_switch(s.w.sources, "house", true);
	world_run(&s.w, 2500);
	kept = kept && is_number("connections", s.g.connections, 2) &&
	       is_state(&s, LINE_CONNECTED, "p1");
	return stage_end(&s, kept);
}

static bool a_reload_keeps_what_did_not_change(const char **skip)
{
	struct source_config c[2];
	struct stage s;
	bool kept;

	(void)skip;
	if (!stage_begin(&s, 1000, tick_telegram, NULL))
		return false;
	c[0] = tcp_config("house", "127.0.0.1", s.g.port);
	c[1] = tcp_config("other", "127.0.0.1", s.g.port);
	world_run(&s.w, 5500);
	world_apply(&s.w, c, 2);
	world_run(&s.w, 5000);
	kept = is_number("connections", s.g.connections, 2) &&
	       is_number("telegrams of the first", line_of(&s.w, "house")->telegrams, 10);
	c[0].protocols = LINE_P1;
	world_apply(&s.w, c, 1);
	world_run(&s.w, 5000);
	kept = kept && is_number("connections", s.g.connections, 3) &&
	       is_number("lines gone", s.w.gone, 2) && is_number("open", s.g.count, 1) &&
	       is_number("sources", sources_first(s.w.sources)->next != NULL, 0);
	return stage_end(&s, kept);
}

static bool a_source_that_is_off_stays_off_over_a_reload_and_is_seen(const char **skip)
{
	struct source_config c;
	struct stage s;
	bool kept;

	(void)skip;
	if (!stage_begin(&s, 1000, tick_telegram, NULL))
		return false;
	sources_switch(s.w.sources, "house", false);
	c = tcp_config("house", "127.0.0.1", s.g.port);
	world_apply(&s.w, &c, 1);
	world_run(&s.w, 5000);
	kept = is_state(&s, LINE_OFF, "switched off") &&
	       !sources_switch(s.w.sources, "no-such", true);
	c.enabled = false;
	world_apply(&s.w, &c, 1);
	world_run(&s.w, 5000);
	kept = kept && is_state(&s, LINE_OFF, "not enabled") &&
	       is_number("telegrams", s.w.heard, 0);
	return stage_end(&s, kept);
}

/* First half at the tick, second half 3 s later. */
static void tick_slow(struct gateway *g)
{
	char text[1024];
	size_t len = a_telegram(text, 1);

	if (g->ticks % 10 == 1)
		gateway_send_all(g, text, len / 2);
	if (g->ticks % 10 == 4)
		gateway_send_all(g, text + len / 2, len - len / 2);
}

static bool a_telegram_is_as_old_as_its_first_byte(const char **skip)
{
	struct stage s;
	u64 begun = steady_ms();
	bool kept;

	(void)skip;
	if (!stage_begin(&s, 1000, tick_slow, NULL))
		return false;
	world_run(&s.w, 4500);
	kept = is_between("steady ms", s.w.when.steady_ms - begun, 1000, 1050) &&
	       is_number("unix ms", s.w.when.unix_ms - s.w.when.steady_ms,
			 WORLD_BEGIN_S * 1000ull) &&
	       is_number("replay", s.w.when.replay, false);
	return stage_end(&s, kept);
}

static unsigned int open_files(void)
{
	unsigned int count = 0;

	for (int fd = 0; fd < 4096; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* Names are looked up in a thread, whose end is not waited for. */
static bool are_closed(unsigned int before)
{
	for (unsigned int i = 0; i < 10000 && open_files() > before; i++)
		usleep(1000);
	return open_files() <= before || broken("%u files were open, %u are", before, open_files());
}

static bool no_file_is_left_open(const char **skip)
{
	const unsigned int before = open_files();
	struct stage s;

	(void)skip;
	if (!stage_begin(&s, 1000, NULL, accept_once))
		return false;
	world_run(&s.w, HOUR_MS);
	if (!stage_end(&s, true) || !stage_begin(&s, 1000, tick_telegram, accept_kicks))
		return false;
	world_run(&s.w, 10000);
	return stage_end(&s, true) && are_closed(before);
}

#define MANY 400

static bool hundreds_of_gateways_are_read_at_once(const char **skip)
{
	struct source_config *c = calloc(MANY, sizeof(*c));
	struct stage s;
	bool kept;

	(void)skip;
	if (!stage_begin(&s, 1000, tick_telegram, NULL))
		return false;
	for (unsigned int i = 0; i < MANY; i++) {
		c[i] = tcp_config("", "127.0.0.1", s.g.port);
		snprintf(c[i].name, sizeof(c[i].name), "gateway-%u", i);
	}
	world_apply(&s.w, c, MANY);
	world_run(&s.w, 10500);
	kept = is_number("open", s.g.count, MANY) &&
	       is_number("telegrams", s.w.heard, 10 * MANY);
	gateway_drop_all(&s.g);
	world_run(&s.w, 5000);
	kept = kept && is_number("open again", s.g.count, MANY);
	free(c);
	return stage_end(&s, kept);
}

#define PROMISE(name) { #name, name }

static const struct promise promises[] = {
	PROMISE(telegrams_are_whole_wherever_they_are_cut),
	PROMISE(joined_telegrams_all_count),
	PROMISE(rubbish_between_telegrams_is_harmless),
	PROMISE(telnet_negotiation_before_tic_is_harmless),
	PROMISE(half_telegrams_of_two_connections_are_never_joined),
	PROMISE(changed_line_ends_are_wrong_data),
	PROMISE(a_telegram_that_is_repeated_is_harmless),
	PROMISE(a_mute_gateway_is_silent_and_is_not_hammered),
	PROMISE(a_gateway_that_closes_at_once_is_not_hammered),
	PROMISE(a_busy_gateway_is_refused_and_does_not_flap),
	PROMISE(two_who_kick_each_other_out_both_hear_and_do_not_hammer),
	PROMISE(a_gateway_that_closes_after_each_telegram_is_read_every_10_s),
	PROMISE(a_gateway_that_appears_is_connected_within_72_s),
	PROMISE(a_reset_in_mid_telegram_costs_that_telegram_only),
	PROMISE(noise_without_end_is_held_and_harms_no_other),
	PROMISE(a_line_without_end_is_held_and_harms_no_other),
	PROMISE(telegrams_without_end_are_held_and_harm_no_other),
	PROMISE(noise_without_end_is_left_for_longer_each_time),
	PROMISE(a_meter_of_10_s_is_never_dropped),
	PROMISE(a_meter_of_29_s_is_never_dropped),
	PROMISE(a_gateway_that_falls_silent_is_dialled_again_after_30_s),
	PROMISE(a_slow_meter_that_falls_silent_has_three_periods),
	PROMISE(bytes_without_telegrams_do_not_keep_a_connection),
	PROMISE(ipv6_is_dialled),
	PROMISE(the_kernel_notices_a_peer_that_is_gone),
	PROMISE(an_address_without_a_host_ends_nothing),
	PROMISE(encrypted_telegrams_are_called_so),
	PROMISE(a_source_can_be_switched_off_by_one_of_its_telegrams),
	PROMISE(a_reload_keeps_what_did_not_change),
	PROMISE(a_source_that_is_off_stays_off_over_a_reload_and_is_seen),
	PROMISE(a_telegram_is_as_old_as_its_first_byte),
	PROMISE(no_file_is_left_open),
	PROMISE(hundreds_of_gateways_are_read_at_once),
};

int main(void)
{
	return keep_promises(promises, COUNT(promises));
}
