// SPDX-License-Identifier: MIT
/*
 * Names to addresses, in a thread, for getaddrinfo() waits.
 *
 * What the loop and the thread share is freed by the one that ends last, so that the daemon never
 * waits for a name server, not even at its end.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "resolver.h"

/* Of the thread; glibc's name services use less than half of it. */
#define RESOLVER_STACK_BYTES (512 << 10)

/**
 * struct resolver_request - a question
 * @host: name or address
 * @port: in decimal
 * @answer: NULL: forgotten
 * @addresses: the answer
 * @result: of getaddrinfo()
 * @error_number: errno for EAI_SYSTEM
 */
struct resolver_request {
	struct resolver_request *next;
	char *host;
	char port[6];
	resolver_fn answer;
	void *context;
	struct addrinfo *addresses;
	int result;
	int error_number;
};

/** struct request_queue - first in, first out */
struct request_queue {
	struct resolver_request *first;
	struct resolver_request **end;
};

/**
 * struct resolver_shared - what loop and thread share
 * @lock: for all of it
 * @wake: the thread
 * @asked: to be looked up
 * @answered: to be told on the loop
 * @event_fd: wakes the loop
 * @ending: the loop wants no more of it
 * @users: loop and thread
 */
struct resolver_shared {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct request_queue asked;
	struct request_queue answered;
	int event_fd;
	bool ending;
	unsigned int users;
};

struct resolver {
	struct resolver_shared *shared;
	struct event *event;
};

static void queue_init(struct request_queue *q)
{
	q->first = NULL;
	q->end = &q->first;
}

static void queue_put(struct request_queue *q, struct resolver_request *request)
{
	request->next = NULL;
	*q->end = request;
	q->end = &request->next;
}

static struct resolver_request *queue_take(struct request_queue *q)
{
	struct resolver_request *request = q->first;

	if (request) {
		q->first = request->next;
		if (!q->first)
			q->end = &q->first;
	}
	return request;
}

static void request_free(struct resolver_request *request)
{
	if (request->addresses)
		freeaddrinfo(request->addresses);
	free(request->host);
	free(request);
}

static void queue_free(struct request_queue *q)
{
	struct resolver_request *request;

	while ((request = queue_take(q)))
		request_free(request);
}

/* With the lock held, which is given up. */
static void shared_leave(struct resolver_shared *shared)
{
	const bool last = --shared->users == 0;

	pthread_mutex_unlock(&shared->lock);
	if (!last)
		return;
	queue_free(&shared->asked);
	queue_free(&shared->answered);
	close(shared->event_fd);
	pthread_cond_destroy(&shared->wake);
	pthread_mutex_destroy(&shared->lock);
	free(shared);
}

static void look_up(struct resolver_request *request, int flags)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICSERV | flags,
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
	};

	request->result = getaddrinfo(request->host, request->port, &hints, &request->addresses);
	request->error_number = errno;
	if (request->result)
		request->addresses = NULL;
}

/* With the lock held. */
static void answered(struct resolver_shared *shared, struct resolver_request *request)
{
	const u64 one = 1;

	queue_put(&shared->answered, request);
	if (write(shared->event_fd, &one, sizeof(one)) < 0)
		return;	/* the counter is full: the loop is awake */
}

static void *resolver_thread(void *context)
{
	struct resolver_shared *shared = context;
	struct resolver_request *request;

	pthread_mutex_lock(&shared->lock);
	while (!shared->ending) {
		request = queue_take(&shared->asked);
		if (!request) {
			pthread_cond_wait(&shared->wake, &shared->lock);
			continue;
		}
		if (request->answer) {
			pthread_mutex_unlock(&shared->lock);
			look_up(request, 0);
			pthread_mutex_lock(&shared->lock);
		}
		answered(shared, request);
	}
	shared_leave(shared);
	return NULL;
}

/* With all signals blocked in it: they are for the loop. */
static int start_thread(struct resolver_shared *shared)
{
	pthread_attr_t attr;
	sigset_t all, before;
	pthread_t thread;
	int error;

	error = pthread_attr_init(&attr);
	if (error)
		return error;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, RESOLVER_STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, &attr, resolver_thread, shared);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return error;
}

static struct resolver_shared *shared_new(void)
{
	struct resolver_shared *shared = calloc(1, sizeof(*shared));

	if (!shared)
		return NULL;
	shared->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (shared->event_fd < 0) {
		free(shared);
		return NULL;
	}
	pthread_mutex_init(&shared->lock, NULL);
	pthread_cond_init(&shared->wake, NULL);
	queue_init(&shared->asked);
	queue_init(&shared->answered);
	shared->users = 1;
	return shared;
}

static void error_sentence(const struct resolver_request *request, char *text, size_t size)
{
	switch (request->result) {
	case EAI_NONAME:
	case EAI_NODATA:
		snprintf(text, size, "no address is known for the name %.60s: check it, or give "
			 "the address", request->host);
		break;
	case EAI_AGAIN:
		snprintf(text, size, "no name server answers for the name %.60s", request->host);
		break;
	default:
		snprintf(text, size, "the name %.60s cannot be looked up: %s", request->host,
			 request->result == EAI_SYSTEM ? strerror(request->error_number) :
							 gai_strerror(request->result));
	}
}

static void tell(struct resolver_request *request)
{
	struct addrinfo *addresses = request->addresses;
	char error[192];

	request->addresses = NULL;
	if (addresses) {
		request->answer(request->context, addresses, NULL);
		return;
	}
	error_sentence(request, error, sizeof(error));
	request->answer(request->context, NULL, error);
}

/* One answer at a time, for one may end what another one was for, or the resolver. */
static void resolver_answers(evutil_socket_t fd, short what, void *context)
{
	struct resolver *r = context;
	struct resolver_shared *shared = r->shared;
	struct resolver_request *request;
	bool more;
	u64 count;

	(void)what;
	pthread_mutex_lock(&shared->lock);
	request = queue_take(&shared->answered);
	more = shared->answered.first;
	if (!more && read(fd, &count, sizeof(count)) < 0)
		count = 0;
	pthread_mutex_unlock(&shared->lock);
	if (!request)
		return;
	if (request->answer)
		tell(request);
	request_free(request);
}

/**
 * resolver_new - begin to answer
 * @base: the loop on which the answers come
 *
 * Return: the resolver, with a thread of its own; NULL without memory or thread.
 */
struct resolver *resolver_new(struct event_base *base)
{
	struct resolver *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->shared = shared_new();
	if (!r->shared)
		goto free_resolver;
	r->event = event_new(base, r->shared->event_fd, EV_READ | EV_PERSIST, resolver_answers, r);
	if (!r->event || event_add(r->event, NULL))
		goto free_event;
	r->shared->users = 2;
	if (!start_thread(r->shared))
		return r;
	r->shared->users = 1;
free_event:
	if (r->event)
		event_free(r->event);
	pthread_mutex_lock(&r->shared->lock);
	shared_leave(r->shared);
free_resolver:
	free(r);
	return NULL;
}

static struct resolver_request *request_new(const char *host, u16 port)
{
	struct resolver_request *request = calloc(1, sizeof(*request));

	if (!request)
		return NULL;
	request->host = strdup(host);
	if (!request->host) {
		free(request);
		return NULL;
	}
	snprintf(request->port, sizeof(request->port), "%u", port);
	return request;
}

/**
 * resolver_ask - the addresses of a name
 * @r: the resolver
 * @host: name, or IPv4 or IPv6 address
 * @port: for the addresses
 * @answer: called once on the loop, never before this returns
 * @context: for @answer
 *
 * Names are looked up one after the other; addresses need no thread and do not queue. Loop thread.
 *
 * Return: the question, valid until @answer is called; NULL without memory.
 */
struct resolver_request *resolver_ask(struct resolver *r, const char *host, u16 port,
				      resolver_fn answer, void *context)
{
	struct resolver_shared *shared = r->shared;
	struct resolver_request *request = request_new(host, port);

	if (!request)
		return NULL;
	request->answer = answer;
	request->context = context;
	look_up(request, AI_NUMERICHOST);
	pthread_mutex_lock(&shared->lock);
	if (request->addresses) {
		answered(shared, request);
	} else {
		queue_put(&shared->asked, request);
		pthread_cond_signal(&shared->wake);
	}
	pthread_mutex_unlock(&shared->lock);
	return request;
}

/**
 * resolver_forget - the answer is no longer wanted
 * @r: the resolver
 * @request: a question that was not answered; no longer valid
 *
 * Loop thread.
 */
void resolver_forget(struct resolver *r, struct resolver_request *request)
{
	pthread_mutex_lock(&r->shared->lock);
	request->answer = NULL;
	pthread_mutex_unlock(&r->shared->lock);
}

/**
 * resolver_free - no more answers
 * @r: the resolver, or NULL
 *
 * Does not wait for the question that the thread is at. Not from within an answer.
 */
void resolver_free(struct resolver *r)
{
	if (!r)
		return;
	event_free(r->event);
	pthread_mutex_lock(&r->shared->lock);
	r->shared->ending = true;
	pthread_cond_signal(&r->shared->wake);
	shared_leave(r->shared);
	free(r);
}
