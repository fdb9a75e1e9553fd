// SPDX-License-Identifier: MIT
/*
 * Long answers: a ledger and a thousand meters that exist only here, behind the real server.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../../userspace/meterd/http.h"
#include "../../userspace/meterd/publish.h"
#include "../host/host.h"

#define METERS 1000
#define FOREVER 100000000

static struct meter meters[METERS];
static struct reading values[METERS];
static atomic_uint entries_made, queries_open, parts_made;
static atomic_bool ledger_breaks;

struct ledger_query {
	unsigned int at;
	unsigned int count;
};

/* The world behind the server. */

struct meter *meters_first(struct meters *all)
{
	(void)all;
	return meters;
}

struct meter *meters_find(const struct meters *all, const char *name)
{
	(void)all;
	for (unsigned int i = 0; i < METERS; i++)
		if (!strcmp(meters[i].name, name))
			return &meters[i];
	return NULL;
}

enum line_state meter_line_state(const struct meter *m)
{
	(void)m;
	return LINE_CONNECTED;
}

void meter_quantities(const struct meter *m, u64 now_ms, struct reading *r)
{
	(void)now_ms;
	*r = values[m - meters];
}

bool meter_kept_telegram(const struct meter *m, unsigned int at, struct telegram *t)
{
	(void)m;
	(void)at;
	(void)t;
	return false;
}

const char *tariff_by_name(enum tariff_by by)
{
	(void)by;
	return "field";
}

const char *color_name(enum color c)
{
	(void)c;
	return "blue";
}

struct source *sources_first(const struct sources *all)
{
	(void)all;
	return NULL;
}

const struct sink *publisher_sinks(const struct publisher *p)
{
	(void)p;
	return NULL;
}

bool sink_status(const struct sink *sink, struct sink_status *status)
{
	(void)sink;
	(void)status;
	return false;
}

const char *line_state_name(enum line_state state)
{
	(void)state;
	return "connected";
}

u64 steady_ms(void)
{
	return 0;
}

void store_status(const struct store *s, struct store_status *status)
{
	(void)s;
	memset(status, 0, sizeof(*status));
}

/* Of m0 100,000 entries, of m1 endless ones, of m2 some until the file breaks. */
struct ledger_query *ledger_query_open(struct store *s, const char *name, enum period p, s64 from_s,
				       s64 to_s, size_t newest)
{
	struct ledger_query *q = calloc(1, sizeof(*q));

	(void)s;
	(void)p;
	(void)from_s;
	(void)to_s;
	(void)newest;
	q->count = !strcmp(name, "m0") ? 100000 : FOREVER;
	ledger_breaks = !strcmp(name, "m2");
	queries_open++;
	return q;
}

int ledger_query_next(struct ledger_query *q, struct ledger_entry *entries, size_t max)
{
	size_t count = 0;

	if (ledger_breaks && q->at > 1000)
		return -1;
	parts_made++;
	for (; count < max && q->at < q->count; count++, q->at++)
		entries[count] = (struct ledger_entry){
			.start_s = 900ll * q->at,
			.end_s = 900ll * q->at + 900,
			.milli = 1000ll * q->at,
			.period = PERIOD_QUARTER,
			.reg = Q_energy_import,
		};
	entries_made += count;
	return count;
}

void ledger_query_close(struct ledger_query *q)
{
	queries_open--;
	free(q);
}

/* The server, on a thread of its own. */

static struct event_base *base;
static u16 port;
static pthread_t thread;

static atomic_bool stopping;

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	if (stopping)
		event_base_loopbreak(base);
}

static void *loop(void *arg)
{
	static const struct timeval tick = { .tv_usec = 20000 };
	struct event *timer = event_new(base, -1, EV_PERSIST, on_tick, NULL);

	(void)arg;
	event_add(timer, &tick);
	event_base_dispatch(base);
	event_free(timer);
	return NULL;
}

static u16 free_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *)&address, len) ||
	    getsockname(fd, (struct sockaddr *)&address, &len))
		perror("bind");
	close(fd);
	return ntohs(address.sin_port);
}

static struct http *serve(void)
{
	static struct ledger_book book;
	struct view view = { 0 };
	struct config config = { .listen_host = "127.0.0.1" };
	struct http *h;

	for (unsigned int i = 0; i < METERS; i++) {
		snprintf(meters[i].name, sizeof(meters[i].name), "m%u", i);
		meters[i].number = "";
		meters[i].book = &book;
		meters[i].heard = true;
		meters[i].next = NULL;
	}
	/* In the order of their names. */
	for (unsigned int i = 1; i < METERS; i++)
		for (unsigned int k = i; k && strcmp(meters[k].name, meters[k - 1].name) < 0; k--) {
			struct meter swap = meters[k];

			meters[k] = meters[k - 1];
			meters[k - 1] = swap;
		}
	for (unsigned int i = 0; i < METERS; i++) {
		meters[i].next = i + 1 < METERS ? &meters[i + 1] : NULL;
		for (unsigned int q = 0; q < QUANTITY_COUNT; q++)
			reading_set(&values[i], q, 1000 * q + i);
	}
	base = event_base_new();
	h = http_new(base, &view);
	port = free_port();
	config.listen_port = port;
	if (!http_configure(h, &config))
		return NULL;
	pthread_create(&thread, NULL, loop, NULL);
	return h;
}

/* A client without haste. */

static int ask(const char *path)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int small = 8192, fd = socket(AF_INET, SOCK_STREAM, 0);
	char request[256];
	int len = snprintf(request, sizeof(request), "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n",
			   path);

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    write(fd, request, len) != len)
		perror("connect");
	return fd;
}

/* All that comes until the other side closes; @whole: it did so in order. */
static size_t read_all(int fd, char **text)
{
	size_t len = 0, room = 1 << 20;
	ssize_t got;

	*text = malloc(room + 1);
	while ((got = read(fd, *text + len, room - len)) > 0) {
		len += got;
		if (len == room)
			*text = realloc(*text, (room *= 2) + 1);
	}
	(*text)[len] = '\0';
	close(fd);
	return len;
}

/* strstr() of the sanitizer looks at all of the text each time. */
static const char *find(const char *text, const char *what)
{
	size_t len = strlen(what);

	for (; *text; text++)
		if (*text == *what && !strncmp(text, what, len))
			return text;
	return NULL;
}

static size_t count_of(const char *text, const char *what)
{
	size_t count = 0;

	for (; (text = find(text, what)); text++)
		count++;
	return count;
}

static bool until(bool (*true_at_last)(void))
{
	for (unsigned int i = 0; i < 6000; i++) {
		if (true_at_last())
			return true;
		usleep(10000);
	}
	return false;
}

static bool no_query_is_open(void)
{
	return !queries_open;
}

static bool server_rests(void)
{
	static unsigned int before = UINT32_MAX, calm;
	unsigned int now = parts_made;

	calm = now == before && now ? calm + 1 : 0;
	before = now;
	return calm > 50;
}

static long resident_kib(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long pages = 0;

	if (f && fscanf(f, "%*u %ld", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Promises */

static bool a_hundred_thousand_entries_come_whole_and_in_order(const char **skip)
{
	char *text, wanted[64];
	const char *at;
	bool kept = true;

	(void)skip;
	read_all(ask("/ledger?meter=m0&period=quarter&from=1970-01-01T00:00:00Z"), &text);
	at = text;
	for (unsigned int i = 0; i < 100000 && kept; i++) {
		snprintf(wanted, sizeof(wanted), "\"value\":%u,", i);
		at = find(at, wanted);
		if (!at) {
			kept = broken("entry %u is not where it belongs", i);
			break;
		}
	}
	if (kept && (count_of(text, "\"period\"") != 100000 ||
		     strcmp(text + strlen(text) - 2, "]\n")))
		kept = broken("%zu entries, not 100000", count_of(text, "\"period\""));
	free(text);
	return kept && until(no_query_is_open);
}

static bool a_client_that_does_not_read_costs_no_memory(const char **skip)
{
	long before = resident_kib();
	unsigned int parts;
	int fd;

	(void)skip;
	parts_made = 0;
	fd = ask("/ledger?meter=m1&period=quarter&from=1970-01-01T00:00:00Z");
	if (!until(server_rests))
		return broken("parts are made without end");
	parts = parts_made;
	note("%u parts were made, %ld KiB more are resident", parts, resident_kib() - before);
	close(fd);
	/* What both sockets' buffers take, 4 MiB at most on this side. */
	return until(no_query_is_open) && parts < 1000 && resident_kib() - before < 16384;
}

static bool a_query_ends_when_its_client_goes_away(const char **skip)
{
	char bytes[4096];
	int fd = ask("/ledger?meter=m1&period=quarter&from=1970-01-01T00:00:00Z");

	(void)skip;
	for (unsigned int i = 0; i < 100; i++)
		if (read(fd, bytes, sizeof(bytes)) <= 0)
			return broken("the answer ends by itself");
	if (queries_open != 1)
		return broken("%u queries are open", queries_open);
	close(fd);
	return until(no_query_is_open);
}

static bool a_client_that_stops_reading_is_dropped_after_ten_seconds(const char **skip)
{
	struct timespec from, to;
	int fd;

	(void)skip;
	parts_made = 0;
	fd = ask("/ledger?meter=m1&period=quarter&from=1970-01-01T00:00:00Z");
	until(server_rests);
	clock_gettime(CLOCK_MONOTONIC, &from);
	if (!until(no_query_is_open))
		return broken("it may stay for ever");
	clock_gettime(CLOCK_MONOTONIC, &to);
	close(fd);
	return to.tv_sec - from.tv_sec >= 8 || broken("only %ld s", to.tv_sec - from.tv_sec);
}

static bool an_answer_that_breaks_off_does_not_look_whole(const char **skip)
{
	char *text;
	bool kept;

	(void)skip;
	read_all(ask("/ledger?meter=m2&period=quarter&from=1970-01-01T00:00:00Z"), &text);
	kept = count_of(text, "\"period\"") > 100 && !find(text, "]\n");
	free(text);
	return kept && until(no_query_is_open);
}

static bool a_thousand_meters_come_whole(const char **skip)
{
	char *text;
	bool kept;

	(void)skip;
	read_all(ask("/meters"), &text);
	kept = count_of(text, "{\"name\":") == METERS &&
	       count_of(text, "\n{\"name\":") == METERS - 1 &&
	       !strcmp(text + strlen(text) - 3, "}]\n");
	if (!kept)
		broken("%zu meters", count_of(text, "{\"name\":"));
	free(text);
	return kept;
}

static bool metrics_of_a_thousand_meters_have_each_name_once(const char **skip)
{
	char *text;
	bool kept;

	(void)skip;
	read_all(ask("/metrics"), &text);
	kept = count_of(text, "# TYPE meter_energy_joules_total counter\n") == 1 &&
	       count_of(text, "\nmeter_energy_joules_total{") == METERS * 32 &&
	       count_of(text, "\nmeter_voltage_volts{") == METERS * 3;
	if (!kept)
		broken("%zu samples of energy", count_of(text, "\nmeter_energy_joules_total{"));
	free(text);
	return kept;
}

static const struct promise promises[] = {
	{ "a_hundred_thousand_entries_come_whole_and_in_order",
	  a_hundred_thousand_entries_come_whole_and_in_order },
	{ "a_client_that_does_not_read_costs_no_memory",
	  a_client_that_does_not_read_costs_no_memory },
	{ "a_query_ends_when_its_client_goes_away", a_query_ends_when_its_client_goes_away },
	{ "a_client_that_stops_reading_is_dropped_after_ten_seconds",
	  a_client_that_stops_reading_is_dropped_after_ten_seconds },
	{ "an_answer_that_breaks_off_does_not_look_whole",
	  an_answer_that_breaks_off_does_not_look_whole },
	{ "a_thousand_meters_come_whole", a_thousand_meters_come_whole },
	{ "metrics_of_a_thousand_meters_have_each_name_once",
	  metrics_of_a_thousand_meters_have_each_name_once },
};

int main(void)
{
	struct http *h = serve();
	int code;

	if (!h) {
		printf("Bail out! no server\n");
		return 1;
	}
	code = keep_promises(promises, COUNT(promises));
	stopping = true;
	pthread_join(thread, NULL);
	http_free(h);
	event_base_free(base);
	return code;
}
