// SPDX-License-Identifier: MIT
/*
 * The connection to a broker, in a thread of its own.
 *
 * The thread alone calls libmosquitto; the loop puts messages into slots and never waits. The
 * library's sockets are waited for with poll(): its own loop uses select(), which has no place for
 * the descriptors of a daemon with a thousand gateways. At most 20 messages are on their way.
 *
 * What waits when a connection is lost is forgotten: when there is a new one, the loop is told and
 * tells everything anew, as it is then.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "backoff.h"
#include "log.h"
#include "mqtt_client.h"
#include "mqtt_link.h"
#include "mqtt_slots.h"
#include "source.h"

#define FLYING_MAX 20
#define KEEPALIVE_S 60
/* From the TCP connection to the broker's word. */
#define CONNACK_MS 30000
/* Unanswered bytes end a connection, as a P1 gateway's. */
#define USER_TIMEOUT_MS 30000
/* A connection that lasted so long was a good one: the next is tried soon. */
#define GOOD_MS 30000
/* A broker that confirms nothing for so long, while it should, is none. */
#define CONFIRM_MS 60000
/* How long what waits may still be sent when we leave. */
#define LEAVE_MS 2000
#define POLL_MS 5000
/* Who has much to tell stops above the first, and goes on below the second. */
#define FULL_BYTES (256 * 1024)
#define DRAINED_BYTES (64 * 1024)

/* What the loop is to be told. */
#define TELL_ONLINE	0x01u
#define TELL_STATUS	0x02u
#define TELL_DRAINED	0x04u
#define TELL_BORN	0x08u
#define TELL_DISOWNED	0x10u

/**
 * struct mqtt_link - a connection
 * @online: as the loop knows it
 * @leaving: the settings are about to change: the end of this connection is no news
 * @mutex: guards all from here on
 * @ended_cond: when @ended comes true
 * @wake_fd: wakes the thread; @tell_fd the loop
 * @next: settings for the next connection; NULL: those of now
 * @full: the loop waits for TELL_DRAINED
 * @stop: the thread is to end
 * @orphan: nobody waits for that: it frees everything
 */
struct mqtt_link {
	struct mqtt_link_calls calls;
	struct event *told;
	struct log_limit limit;
	struct mqtt_settings *wanted;
	bool online;
	bool leaving;
	bool started;
	pthread_t thread;

	pthread_mutex_t mutex;
	pthread_cond_t ended_cond;
	int wake_fd;
	int tell_fd;
	struct mqtt_slots *slots;
	struct mqtt_settings *next;
	struct mqtt_link_status status;
	unsigned int tell;
	bool full;
	bool stop;
	bool ended;
	bool orphan;
};

/** struct flight - a message with MQTT_QOS1 that the broker has not confirmed */
struct flight {
	int mid;
	struct mqtt_slot *slot;
};

/**
 * struct session - one connection; of the thread alone
 * @connected: the broker has taken it
 * @refused: it has not, for this reason
 * @unsent: messages without confirmation that the library still has
 * @confirmed_ms: when the broker last confirmed something, or all was confirmed
 * @detail: what the library logged
 * @failed: what it returned last
 */
struct session {
	struct mqtt_link *link;
	const struct mqtt_settings *settings;
	struct mosquitto *mosq;
	bool connected;
	bool refused;
	unsigned int unsent;
	u64 confirmed_ms;
	struct flight flights[FLYING_MAX];
	unsigned int flight_count;
	char detail[MQTT_WHY_MAX];
	char why[MQTT_WHY_MAX];
};

static void add_to(int fd)
{
	static const u64 one = 1;

	/* Full is as good as one: it is looked at all the same. */
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

static void empty(int fd)
{
	u64 count;

	if (read(fd, &count, sizeof(count)) < 0)
		return;
}

static void tell_loop(struct mqtt_link *l, unsigned int what)
{
	pthread_mutex_lock(&l->mutex);
	l->tell |= what;
	pthread_mutex_unlock(&l->mutex);
	add_to(l->tell_fd);
}

static void set_status(struct mqtt_link *l, bool online, const char *why)
{
	pthread_mutex_lock(&l->mutex);
	l->status.online = online;
	l->status.connections += online;
	snprintf(l->status.why, sizeof(l->status.why), "%s", why);
	pthread_mutex_unlock(&l->mutex);
	tell_loop(l, TELL_STATUS | (online ? TELL_ONLINE : 0));
}

/* The thread: what libmosquitto calls. */

static void on_connect(struct mosquitto *mosq, void *context, int code, int flags,
		       const mosquitto_property *properties)
{
	struct session *s = context;

	(void)flags;
	(void)properties;
	if (code) {
		s->refused = true;
		snprintf(s->why, sizeof(s->why), "the broker refuses us: %s",
			 code < 128 ? mosquitto_connack_string(code) : mosquitto_reason_string(code));
		return;
	}
	s->connected = true;
	mosquitto_subscribe(mosq, NULL, s->settings->own_topic, 1);
	if (s->settings->birth_topic)
		mosquitto_subscribe(mosq, NULL, s->settings->birth_topic, 0);
}

static void on_disconnect(struct mosquitto *mosq, void *context, int code,
			  const mosquitto_property *properties)
{
	struct session *s = context;

	(void)mosq;
	(void)properties;
	if (code >= 128 && !*s->why)
		snprintf(s->why, sizeof(s->why), "the broker has ended the connection: %s",
			 mosquitto_reason_string(code));
}

static void on_publish(struct mosquitto *mosq, void *context, int mid)
{
	struct session *s = context;
	struct mqtt_link *l = s->link;

	(void)mosq;
	pthread_mutex_lock(&l->mutex);
	l->status.sent++;
	for (unsigned int i = 0; i < s->flight_count; i++) {
		if (s->flights[i].mid != mid)
			continue;
		mqtt_slots_sent(l->slots, s->flights[i].slot);
		s->confirmed_ms = steady_ms();
		s->flights[i] = s->flights[--s->flight_count];
		pthread_mutex_unlock(&l->mutex);
		return;
	}
	pthread_mutex_unlock(&l->mutex);
	if (s->unsent)
		s->unsent--;
}

static bool is_word(const struct mosquitto_message *m, const char *word)
{
	return m->payloadlen == (int)strlen(word) && !memcmp(m->payload, word, strlen(word));
}

static void on_message(struct mosquitto *mosq, void *context, const struct mosquitto_message *m)
{
	struct session *s = context;

	(void)mosq;
	if (!strcmp(m->topic, s->settings->own_topic)) {
		if (is_word(m, "offline"))
			tell_loop(s->link, TELL_DISOWNED);
	} else if (s->settings->birth_topic && !m->retain &&
		   !strcmp(m->topic, s->settings->birth_topic) && is_word(m, "online")) {
		tell_loop(s->link, TELL_BORN);
	}
}

static void on_log(struct mosquitto *mosq, void *context, int level, const char *text)
{
	struct session *s = context;

	(void)mosq;
	/* The first error is the cause of the others. */
	if (level == MOSQ_LOG_ERR && !*s->detail)
		snprintf(s->detail, sizeof(s->detail), "%s", text);
}

/* The thread: messages. */

static bool take(struct session *s, struct mqtt_slot **slot, struct mqtt_message *m)
{
	struct mqtt_link *l = s->link;
	bool drained;

	if (s->unsent + s->flight_count >= FLYING_MAX)
		return false;
	pthread_mutex_lock(&l->mutex);
	*slot = mqtt_slots_take(l->slots, m);
	drained = l->full && mqtt_slots_waiting(l->slots) < DRAINED_BYTES;
	l->full &= !drained;
	pthread_mutex_unlock(&l->mutex);
	if (drained)
		tell_loop(l, TELL_DRAINED);
	return *slot;
}

static void sent(struct session *s, struct mqtt_slot *slot, bool lost)
{
	struct mqtt_link *l = s->link;

	pthread_mutex_lock(&l->mutex);
	mqtt_slots_sent(l->slots, slot);
	l->status.lost += lost;
	pthread_mutex_unlock(&l->mutex);
}

/*
 * With QoS 0 the library may have called on_publish() before it returns, with QoS 1 never. What it
 * does not take at all (a topic or a size that the broker does not allow) is given up.
 */
static int hand_over(struct session *s, struct mqtt_slot *slot, const struct mqtt_message *m)
{
	bool confirmed = m->flags & MQTT_QOS1;
	int mid = 0, rc;

	s->unsent += !confirmed;
	if (!s->flight_count)
		s->confirmed_ms = steady_ms();
	rc = mosquitto_publish(s->mosq, &mid, m->topic, (int)m->len, m->payload, confirmed,
			       m->flags & MQTT_RETAIN);
	if (!rc && confirmed)
		s->flights[s->flight_count++] = (struct flight){ mid, slot };
	else
		sent(s, slot, rc);
	if (rc && !confirmed && s->unsent)
		s->unsent--;
	free(m->owned);
	return rc == MOSQ_ERR_NO_CONN || rc == MOSQ_ERR_CONN_LOST || rc == MOSQ_ERR_ERRNO ? rc : 0;
}

static int pump(struct session *s)
{
	struct mqtt_message m;
	struct mqtt_slot *slot;
	int rc = 0;

	while (!rc && take(s, &slot, &m))
		rc = hand_over(s, slot, &m);
	return rc;
}

/* The thread: the connection. */

static void set_socket_options(int fd)
{
	const unsigned int timeout_ms = USER_TIMEOUT_MS;
	const int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static int wait_and_work(struct session *s)
{
	struct pollfd fds[] = {
		{ .fd = mosquitto_socket(s->mosq), .events = POLLIN },
		{ .fd = s->link->wake_fd, .events = POLLIN },
	};
	int rc = 0;

	if (mosquitto_want_write(s->mosq))
		fds[0].events |= POLLOUT;
	if (poll(fds, 2, s->connected ? POLL_MS : 1000) < 0)
		return errno == EINTR ? 0 : MOSQ_ERR_ERRNO;
	if (fds[1].revents)
		empty(s->link->wake_fd);
	errno = 0;
	if (fds[0].revents & POLLOUT)
		rc = mosquitto_loop_write(s->mosq, 1);
	if (!rc && fds[0].revents & ~POLLOUT)
		rc = mosquitto_loop_read(s->mosq, 1);
	return rc ? rc : mosquitto_loop_misc(s->mosq);
}

static bool must_leave(struct mqtt_link *l)
{
	bool leave;

	pthread_mutex_lock(&l->mutex);
	leave = l->stop || l->next;
	pthread_mutex_unlock(&l->mutex);
	return leave;
}

static bool all_sent(struct session *s)
{
	bool nothing;

	pthread_mutex_lock(&s->link->mutex);
	nothing = !mqtt_slots_waiting(s->link->slots);
	pthread_mutex_unlock(&s->link->mutex);
	return nothing && !s->flight_count && !s->unsent && !mosquitto_want_write(s->mosq);
}

/* What waits is still sent, and the broker is told that this is no accident. */
static void leave(struct session *s)
{
	u64 end_ms = steady_ms() + LEAVE_MS;
	int rc = 0;

	while (!rc && s->connected && !all_sent(s) && steady_ms() < end_ms) {
		rc = pump(s);
		if (!rc && !all_sent(s))
			rc = wait_and_work(s);
	}
	if (!rc)
		mosquitto_disconnect(s->mosq);
	while (!rc && mosquitto_want_write(s->mosq) && steady_ms() < end_ms)
		rc = wait_and_work(s);
}

static bool is_a_broker(const struct session *s, u64 begun_ms)
{
	if (!s->connected)
		return steady_ms() - begun_ms <= CONNACK_MS;
	return !s->flight_count || steady_ms() - s->confirmed_ms <= CONFIRM_MS;
}

static int work(struct session *s, u64 begun_ms)
{
	bool was_connected = s->connected;
	int rc = wait_and_work(s);

	if (s->connected && !was_connected)
		set_status(s->link, true, "connected");
	if (!rc && s->connected)
		rc = pump(s);
	if (!rc && !is_a_broker(s, begun_ms)) {
		snprintf(s->why, sizeof(s->why), "port %u does not answer as a broker does",
			 s->settings->port);
		rc = MOSQ_ERR_CONN_LOST;
	}
	return rc;
}

/* Returns how long the broker was with us, ms. */
static u64 converse(struct session *s)
{
	u64 begun_ms = steady_ms();
	int rc;

	s->detail[0] = '\0';
	mosquitto_connect_v5_callback_set(s->mosq, on_connect);
	mosquitto_disconnect_v5_callback_set(s->mosq, on_disconnect);
	mosquitto_publish_callback_set(s->mosq, on_publish);
	mosquitto_message_callback_set(s->mosq, on_message);
	mosquitto_log_callback_set(s->mosq, on_log);
	errno = 0;
	rc = mosquitto_connect_bind_v5(s->mosq, s->settings->host, s->settings->port, KEEPALIVE_S,
				       NULL, NULL);
	if (!rc)
		set_socket_options(mosquitto_socket(s->mosq));
	begun_ms = steady_ms();
	while (!rc && !s->refused && !must_leave(s->link))
		rc = work(s, begun_ms);
	if (!rc && !s->refused)
		leave(s);
	if (!*s->why)
		mqtt_client_explain(s->settings, rc, s->detail, s->why);
	return s->connected ? steady_ms() - begun_ms : 0;
}

static u64 connect_once(struct mqtt_link *l, const struct mqtt_settings *settings)
{
	struct session s = { .link = l, .settings = settings };
	u64 lasted_ms = 0;

	s.mosq = mqtt_client_new(settings, &s, s.why);
	if (s.mosq) {
		lasted_ms = converse(&s);
		mosquitto_destroy(s.mosq);
	}
	pthread_mutex_lock(&l->mutex);
	mqtt_slots_forget(l->slots);
	l->full = false;
	pthread_mutex_unlock(&l->mutex);
	set_status(l, false, s.why);
	return lasted_ms;
}

/* False: the thread is to end. */
static bool pause_before_next(struct mqtt_link *l, u64 pause_ms)
{
	u64 end_ms = steady_ms() + pause_ms, now_ms;
	struct pollfd fd = { .fd = l->wake_fd, .events = POLLIN };

	while (!must_leave(l) && (now_ms = steady_ms()) < end_ms)
		if (poll(&fd, 1, (int)(end_ms - now_ms)) > 0)
			empty(l->wake_fd);
	return !l->stop;
}

static struct mqtt_settings *take_settings(struct mqtt_link *l, struct mqtt_settings *old)
{
	struct mqtt_settings *next;

	pthread_mutex_lock(&l->mutex);
	next = l->next;
	l->next = NULL;
	pthread_mutex_unlock(&l->mutex);
	if (!next)
		return old;
	mqtt_settings_free(old);
	return next;
}

static void link_free(struct mqtt_link *l)
{
	close(l->wake_fd);
	close(l->tell_fd);
	mqtt_slots_free(l->slots);
	mosquitto_lib_cleanup();
	mqtt_settings_free(l->next);
	mqtt_settings_free(l->wanted);
	pthread_cond_destroy(&l->ended_cond);
	pthread_mutex_destroy(&l->mutex);
	free(l);
}

static void *link_main(void *arg)
{
	struct mqtt_link *l = arg;
	struct mqtt_settings *settings = NULL;
	struct backoff backoff = { 0 };
	bool orphan;

	pthread_setname_np(pthread_self(), "mqtt");
	do {
		settings = take_settings(l, settings);
		if (connect_once(l, settings) >= GOOD_MS)
			backoff.next_ms = 0;
	} while (pause_before_next(l, backoff_pause_ms(&backoff)));
	mqtt_settings_free(settings);
	pthread_mutex_lock(&l->mutex);
	l->ended = true;
	orphan = l->orphan;
	pthread_cond_signal(&l->ended_cond);
	pthread_mutex_unlock(&l->mutex);
	if (orphan)
		link_free(l);
	return NULL;
}

/* The loop. */

static void tell_status(struct mqtt_link *l, const struct mqtt_link_status *status)
{
	if (status->online)
		log_limited(&l->limit, LEVEL_INFO, "mqtt", "connected to %s, port %u%s",
			    l->wanted->host, l->wanted->port, l->wanted->tls ? ", with TLS" : "");
	else if (l->leaving)
		l->leaving = false;
	else
		log_limited(&l->limit, LEVEL_WARNING, "mqtt", "%s, port %u: %s; it is tried again",
			    l->wanted->host, l->wanted->port, status->why);
}

static void on_told(evutil_socket_t fd, short what, void *arg)
{
	struct mqtt_link *l = arg;
	struct mqtt_link_status status;
	unsigned int tell;

	(void)what;
	empty(fd);
	pthread_mutex_lock(&l->mutex);
	tell = l->tell;
	l->tell = 0;
	status = l->status;
	pthread_mutex_unlock(&l->mutex);
	if (tell & TELL_STATUS)
		tell_status(l, &status);
	/* What we say when we leave comes back to us: it is no word of the next connection. */
	if (tell & TELL_ONLINE)
		l->leaving = false;
	l->online = status.online && !l->leaving;
	if (tell & TELL_ONLINE && l->online)
		l->calls.online(l->calls.context);
	if (tell & TELL_DRAINED && l->online)
		l->calls.drained(l->calls.context);
	if (tell & TELL_BORN && l->online)
		l->calls.born(l->calls.context);
	if (tell & TELL_DISOWNED && l->online)
		l->calls.disowned(l->calls.context);
}

/**
 * mqtt_link_new - a link that knows no broker yet
 * @base: the loop
 * @calls: whom to tell; taken as it is
 *
 * Return: the link, for mqtt_link_end(); NULL without memory.
 */
struct mqtt_link *mqtt_link_new(struct event_base *base, const struct mqtt_link_calls *calls)
{
	struct mqtt_link *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->calls = *calls;
	mosquitto_lib_init();
	pthread_mutex_init(&l->mutex, NULL);
	pthread_cond_init(&l->ended_cond, NULL);
	snprintf(l->status.why, sizeof(l->status.why), "connecting");
	l->slots = mqtt_slots_new();
	l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	l->tell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	l->told = event_new(base, l->tell_fd, EV_READ | EV_PERSIST, on_told, l);
	if (l->slots && l->wake_fd >= 0 && l->tell_fd >= 0 && l->told && !event_add(l->told, NULL))
		return l;
	if (l->told)
		event_free(l->told);
	link_free(l);
	return NULL;
}

/* Signals are the loop's. */
static bool start(struct mqtt_link *l)
{
	sigset_t all, before;

	if (l->started)
		return true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	l->started = !pthread_create(&l->thread, NULL, link_main, l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return l->started;
}

/**
 * mqtt_link_stays - whether a configuration leaves the connection as it is
 * @l: the link
 * @c: [mqtt]
 * @state: directory of the state
 */
bool mqtt_link_stays(const struct mqtt_link *l, const struct mqtt_config *c, const char *state)
{
	struct mqtt_settings *settings = mqtt_settings_new(c, state);
	bool same = settings && l->wanted && mqtt_settings_same(l->wanted, settings);

	mqtt_settings_free(settings);
	return same;
}

/**
 * mqtt_link_configure - where to connect to
 * @l: the link
 * @c: [mqtt], is copied
 * @state: directory of the state
 *
 * What is the same goes on. Else what waits is still sent, for two seconds at most, and then a new
 * connection is made; nothing new is taken until the loop hears of it. Loop thread; does not wait.
 *
 * Return: false without memory; nothing has changed then.
 */
bool mqtt_link_configure(struct mqtt_link *l, const struct mqtt_config *c, const char *state)
{
	struct mqtt_settings *settings, *copy;

	if (mqtt_link_stays(l, c, state))
		return true;
	settings = mqtt_settings_new(c, state);
	copy = mqtt_settings_new(c, state);
	if (!settings || !copy) {
		mqtt_settings_free(settings);
		mqtt_settings_free(copy);
		return false;
	}
	mqtt_settings_free(l->wanted);
	l->wanted = settings;
	pthread_mutex_lock(&l->mutex);
	mqtt_settings_free(l->next);
	l->next = copy;
	pthread_mutex_unlock(&l->mutex);
	l->leaving |= l->online;
	l->online = false;
	add_to(l->wake_fd);
	return start(l);
}

/** mqtt_link_online - whether messages are taken; loop thread */
bool mqtt_link_online(const struct mqtt_link *l)
{
	return l->online;
}

/**
 * mqtt_link_send - sends a message, when its turn comes
 * @l: the link
 * @topic: ends with NUL, not empty
 * @payload: is copied
 * @len: bytes of it
 * @flags: MQTT_*
 *
 * Without a connection only MQTT_EACH is kept, for all else is told anew. Loop thread; never waits.
 */
void mqtt_link_send(struct mqtt_link *l, const char *topic, const void *payload, size_t len,
		    unsigned int flags)
{
	if (!l->online && !(flags & MQTT_EACH))
		return;
	pthread_mutex_lock(&l->mutex);
	mqtt_slots_put(l->slots, topic, payload, len, flags);
	pthread_mutex_unlock(&l->mutex);
	add_to(l->wake_fd);
}

/**
 * mqtt_link_untold - MQTT_CHANGED is sent again, whatever its topic had last
 * @l: the link
 *
 * Loop thread.
 */
void mqtt_link_untold(struct mqtt_link *l)
{
	pthread_mutex_lock(&l->mutex);
	mqtt_slots_untold(l->slots);
	pthread_mutex_unlock(&l->mutex);
}

/**
 * mqtt_link_is_full - whether who has much to tell should go on later
 * @l: the link
 *
 * Then calls.drained is called when there is room. Loop thread.
 */
bool mqtt_link_is_full(struct mqtt_link *l)
{
	bool full;

	pthread_mutex_lock(&l->mutex);
	l->full = mqtt_slots_waiting(l->slots) > FULL_BYTES;
	full = l->full;
	pthread_mutex_unlock(&l->mutex);
	return full;
}

/**
 * mqtt_link_status - how it does
 * @l: the link
 * @status: for the answer
 */
void mqtt_link_status(struct mqtt_link *l, struct mqtt_link_status *status)
{
	pthread_mutex_lock(&l->mutex);
	*status = l->status;
	status->lost += mqtt_slots_lost(l->slots);
	pthread_mutex_unlock(&l->mutex);
}

/* A thread that waits for a name server or a TCP connection is left to itself. */
static bool wait_for_end(struct mqtt_link *l)
{
	struct timespec until;
	bool ended;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (LEAVE_MS + 1000) / 1000;
	pthread_mutex_lock(&l->mutex);
	while (!l->ended && !pthread_cond_timedwait(&l->ended_cond, &l->mutex, &until))
		;
	ended = l->ended;
	l->orphan = !ended;
	pthread_mutex_unlock(&l->mutex);
	return ended;
}

/**
 * mqtt_link_end - sends what waits, leaves the broker and ends
 * @l: the link, or NULL
 *
 * The only call that waits, three seconds at most, for a broker that does not take what waits.
 */
void mqtt_link_end(struct mqtt_link *l)
{
	struct mqtt_link_status status;

	if (!l)
		return;
	event_free(l->told);
	pthread_mutex_lock(&l->mutex);
	l->stop = true;
	pthread_mutex_unlock(&l->mutex);
	add_to(l->wake_fd);
	mqtt_link_status(l, &status);
	if (status.lost)
		log_line(LEVEL_WARNING, "mqtt", "%llu messages were lost",
			 (unsigned long long)status.lost);
	if (!l->started || wait_for_end(l)) {
		if (l->started)
			pthread_join(l->thread, NULL);
		link_free(l);
	} else {
		pthread_detach(l->thread);
	}
}
