// SPDX-License-Identifier: MIT
/*
 * D2L modules that post: connect, send, wait for the answer, close. A module first asks for the
 * time, and then posts once in each period; the modules share the period out among them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "../lib/say.h"
#include "d2l_posts.h"

#define EVENTS		256
#define NS_PER_MS	1000000
#define BEHIND_NS	1000000000ll
/* The answer's clock may be so far from this machine's. */
#define CLOCK_TOLERANCE_S 5
/* Module N comes from 127.1.0.1 + N. */
#define FIRST_SOURCE	0x7f010001

/**
 * struct post - one connection
 * @older: began before this one; NULL: none
 * @newer: began after it, or is the next free one
 * @fd: its socket
 * @module: index of its module
 * @type: of its frame
 * @begun_ns: when it began
 * @len: of @frame
 * @sent: of @len
 * @answer: what came back so far
 */
struct post {
	struct post *older;
	struct post *newer;
	int fd;
	u32 module;
	u8 type;
	s64 begun_ns;
	size_t len;
	size_t sent;
	u8 frame[D2L_FRAME_MAX];
	struct d2l_framer answer;
};

/**
 * struct posts - all of them
 * @epoll: of all sockets and plan->stop
 * @oldest: that is under way; they end in about the order in which they began
 * @newest: the same
 * @free: those that are not
 * @has_clock: whether the clock of a module was set, by its index
 * @turns: that began
 * @begun_ns: when the first one did
 * @told: failures that were said
 */
struct posts {
	const struct d2l_plan *plan;
	struct d2l_tally *tally;
	struct crypt_cbc *aes;
	int epoll;
	struct post *all;
	struct post *oldest;
	struct post *newest;
	struct post *free;
	bool *has_clock;
	u64 turns;
	s64 begun_ns;
	bool stopped;
	unsigned int told;
};

static s64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void key_of(const struct posts *p, u32 module, struct d2l_key *key)
{
	const struct d2l_plan *plan = p->plan;

	if (plan->keys)
		*key = *d2l_keys_at(plan->keys, module);
	else
		d2l_module_key(plan->first_id + module, key);
	if (key->id == D2L_ANY_ID)
		key->id = plan->first_id;
}

/* The first failures are told, all are counted. */
__attribute__((format(printf, 4, 5)))
static void failed(struct posts *p, const struct post *post, u64 *count, const char *format, ...)
{
	struct d2l_key key;
	char text[160];
	va_list args;

	++*count;
	if (p->told++ >= 5)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	key_of(p, post->module, &key);
	say("module %0*" PRIu64 ": %s: %s", D2L_ID_DIGITS, key.id, d2l_type_name(post->type), text);
}

static bool make_frame(struct posts *p, struct post *post)
{
	struct d2l_frame f = { .type = post->type };
	u8 random[D2L_RANDOM_LEN];
	char json[D2L_PAYLOAD_MAX];
	struct d2l_module m;
	struct d2l_key key;

	key_of(p, post->module, &key);
	f.id = key.id;
	if (post->type == D2L_PUSH_JSON) {
		d2l_module_of(key.id, p->plan->mode, &m);
		f.payload = (u8 *)json;
		f.payload_len = d2l_module_json(&m, time(NULL), json, sizeof(json));
	}
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return false;
	post->len = d2l_seal(p->aes, &key, &f, random, post->frame, sizeof(post->frame));
	post->sent = 0;
	post->answer.len = 0;
	return post->len;
}

static bool bind_source(const struct d2l_plan *plan, const struct post *post)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	const int on = 1;

	if (!plan->per_address)
		return true;
	from.sin_addr.s_addr = htonl(FIRST_SOURCE + post->module / plan->per_address);
	/* The port is chosen when the other side is known, so that ports do not run out. */
	return !setsockopt(post->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) &&
	       !bind(post->fd, (struct sockaddr *)&from, sizeof(from));
}

static bool open_connection(struct posts *p, struct post *post)
{
	const struct d2l_plan *plan = p->plan;
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.ptr = post,
	};

	post->fd = socket(plan->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (post->fd < 0)
		return false;
	if (bind_source(plan, post) &&
	    (!connect(post->fd, (const struct sockaddr *)&plan->to, plan->to_len) ||
	     errno == EINPROGRESS) &&
	    !epoll_ctl(p->epoll, EPOLL_CTL_ADD, post->fd, &event))
		return true;
	close(post->fd);
	return false;
}

/* Takes a free post, begins it, and puts it behind the others. */
static void begin(struct posts *p, u32 module, u8 type)
{
	struct post *post = p->free;

	post->module = module;
	post->type = type;
	post->begun_ns = now_ns();
	if (type == D2L_PUSH_JSON)
		p->tally->posts++;
	else
		p->tally->clocks++;
	if (!make_frame(p, post) || !open_connection(p, post)) {
		failed(p, post, &p->tally->refused, "cannot connect: %s", strerror(errno));
		return;
	}
	p->free = post->newer;
	post->newer = NULL;
	post->older = p->newest;
	if (p->newest)
		p->newest->newer = post;
	else
		p->oldest = post;
	p->newest = post;
}

static void end(struct posts *p, struct post *post)
{
	close(post->fd);
	if (post->older)
		post->older->newer = post->newer;
	else
		p->oldest = post->newer;
	if (post->newer)
		post->newer->older = post->older;
	else
		p->newest = post->older;
	post->newer = p->free;
	p->free = post;
}

/* The answer that a module takes; NULL, or what is wrong with it. */
static const char *wrong_with(struct posts *p, struct post *post, size_t len)
{
	u8 clear[D2L_FRAME_MAX];
	enum d2l_verdict verdict;
	struct d2l_frame f;
	struct d2l_key key;
	s64 clock_s, off_s;

	key_of(p, post->module, &key);
	verdict = d2l_open(p->aes, &key, post->answer.bytes, len, clear, &f);
	if (verdict != D2L_GOOD)
		return d2l_verdict_text(verdict);
	if (f.id != key.id)
		return "the answer is for another module";
	if (f.error)
		return "the answer is an error";
	if (f.type != post->type || !d2l_answer_clock(&f, &clock_s))
		return "the answer is none to this frame";
	off_s = clock_s - (s64)time(NULL);
	if (off_s < -CLOCK_TOLERANCE_S || off_s > CLOCK_TOLERANCE_S)
		return "the answer tells another time than this machine has";
	return NULL;
}

static void answered(struct posts *p, struct post *post, size_t len)
{
	const char *wrong = wrong_with(p, post, len);
	const u32 module = post->module;
	const u8 type = post->type;
	s64 took = (now_ns() - post->begun_ns) / 1000 / D2L_TOOK_US;

	if (wrong) {
		failed(p, post, &p->tally->wrong, "%s", wrong);
	} else {
		p->tally->answered++;
		p->tally->took[took < D2L_TOOK_COUNT ? took : D2L_TOOK_COUNT - 1]++;
	}
	end(p, post);
	if (wrong || type != D2L_GET_HORLOGE)
		return;
	p->has_clock[module] = true;
	begin(p, module, D2L_PUSH_JSON);
}

/* Returns false when it was ended. */
static bool send_more(struct posts *p, struct post *post)
{
	while (post->sent < post->len) {
		ssize_t n = send(post->fd, post->frame + post->sent, post->len - post->sent,
				 MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == ENOTCONN))
			return true;
		if (n < 0) {
			failed(p, post, &p->tally->refused, "cannot be sent: %s", strerror(errno));
			end(p, post);
			return false;
		}
		post->sent += n;
	}
	return true;
}

static void receive(struct posts *p, struct post *post)
{
	enum d2l_verdict verdict;
	struct d2l_header h;
	u8 bytes[512];
	ssize_t n;

	while ((n = recv(post->fd, bytes, sizeof(bytes), 0)) > 0) {
		d2l_framer_put(&post->answer, bytes, n);
		verdict = d2l_framer_next(&post->answer, &h);
		if (verdict == D2L_GOOD) {
			answered(p, post, h.len);
			return;
		}
		if (verdict != D2L_OPEN) {
			failed(p, post, &p->tally->wrong, "what comes back is no answer: %s",
			       d2l_verdict_text(verdict));
			end(p, post);
			return;
		}
	}
	if (n < 0 && (errno == EAGAIN || errno == ENOTCONN))
		return;
	failed(p, post, post->sent ? &p->tally->closed : &p->tally->refused, "%s",
	       n < 0 ? strerror(errno) : "the server closed the connection without an answer");
	end(p, post);
}

static void give_up_late(struct posts *p, s64 now)
{
	while (p->oldest && now - p->oldest->begun_ns >= (s64)D2L_PATIENCE_MS * NS_PER_MS) {
		failed(p, p->oldest, &p->tally->late_answers, "no answer within %d s",
		       D2L_PATIENCE_MS / 1000);
		end(p, p->oldest);
	}
}

static bool is_over(const struct posts *p)
{
	const struct d2l_plan *plan = p->plan;

	return p->stopped || (plan->count && p->turns == plan->count * plan->modules);
}

static s64 due_ns(const struct posts *p)
{
	const struct d2l_plan *plan = p->plan;
	const s64 period_ns = plan->period_ms * NS_PER_MS;

	return p->begun_ns + (s64)(p->turns / plan->modules) * period_ns +
	       (s64)((__int128)period_ns * (p->turns % plan->modules) / plan->modules);
}

static void begin_due(struct posts *p, s64 now)
{
	while (!is_over(p) && p->free && due_ns(p) <= now) {
		u32 module = p->turns % p->plan->modules;

		p->tally->behind += now - due_ns(p) > BEHIND_NS;
		p->turns++;
		begin(p, module, p->has_clock[module] ? D2L_PUSH_JSON : D2L_GET_HORLOGE);
	}
}

/* Milliseconds until something is to be done; -1: nothing is. */
static int wait_ms(const struct posts *p, s64 now)
{
	s64 at = INT64_MAX;

	if (p->oldest)
		at = p->oldest->begun_ns + (s64)D2L_PATIENCE_MS * NS_PER_MS;
	if (!is_over(p) && p->free && due_ns(p) < at)
		at = due_ns(p);
	if (at == INT64_MAX)
		return -1;
	return at <= now ? 0 : (at - now + NS_PER_MS - 1) / NS_PER_MS;
}

static void handle(struct posts *p, const struct epoll_event *event)
{
	struct post *post = event->data.ptr;

	if (!post)
		p->stopped = true;
	else if (send_more(p, post))
		receive(p, post);
}

static void run(struct posts *p)
{
	struct epoll_event events[EVENTS];
	s64 now = now_ns();

	p->begun_ns = now;
	while (!is_over(p) || p->oldest) {
		int count;

		begin_due(p, now);
		count = epoll_wait(p->epoll, events, EVENTS, wait_ms(p, now));
		for (int i = 0; i < count; i++)
			handle(p, &events[i]);
		now = now_ns();
		give_up_late(p, now);
	}
}

static bool prepare(struct posts *p)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	const struct d2l_plan *plan = p->plan;

	p->aes = crypt_cbc_new();
	p->epoll = epoll_create1(EPOLL_CLOEXEC);
	p->all = calloc(plan->connections, sizeof(*p->all));
	p->has_clock = calloc(plan->modules, sizeof(*p->has_clock));
	if (!p->aes || p->epoll < 0 || !p->all || !p->has_clock ||
	    epoll_ctl(p->epoll, EPOLL_CTL_ADD, plan->stop, &event))
		return false;
	for (u32 i = 0; i < plan->connections; i++) {
		p->all[i].newer = p->free;
		p->free = &p->all[i];
	}
	return true;
}

/**
 * d2l_post - have modules post
 * @plan: what they do
 * @tally: for what comes of it; all zero at the beginning
 *
 * Returns when all have posted as often as they should, or when it is stopped and what was under
 * way has ended.
 *
 * Return: false when it could not begin, which it has said.
 */
bool d2l_post(const struct d2l_plan *plan, struct d2l_tally *tally)
{
	struct posts p = { .plan = plan, .tally = tally, .epoll = -1 };
	bool ready = prepare(&p);

	if (ready)
		run(&p);
	else
		say("cannot begin: %s", strerror(errno));
	if (p.epoll >= 0)
		close(p.epoll);
	crypt_cbc_free(p.aes);
	free(p.has_clock);
	free(p.all);
	return ready;
}
