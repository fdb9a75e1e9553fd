// SPDX-License-Identifier: MIT
/*
 * Names to addresses: the loop never waits, whatever the name server does.
 *
 * getaddrinfo() is replaced for names in .test: "slow" waits until the test lets it go, "again" and
 * "none" are not found, the others are 127.0.0.1. Other names and addresses go to the C library.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <semaphore.h>
#include <unistd.h>

#include "../../userspace/meterd/resolver.h"
#include "../host/host.h"

/* Of patience of a test, real time. */
#define LONG_S 120

static sem_t begun, let_go;

typedef int getaddrinfo_fn(const char *host, const char *port, const struct addrinfo *hints,
			   struct addrinfo **addresses);

int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
		struct addrinfo **addresses)
{
	getaddrinfo_fn *real = (getaddrinfo_fn *)dlsym(RTLD_NEXT, "getaddrinfo");

	if (!strstr(host, ".test"))
		return real(host, port, hints, addresses);
	if (hints->ai_flags & AI_NUMERICHOST)
		return EAI_NONAME;
	if (!strcmp(host, "again.test"))
		return EAI_AGAIN;
	if (!strcmp(host, "none.test"))
		return EAI_NONAME;
	if (!strcmp(host, "slow.test")) {
		sem_post(&begun);
		sem_wait(&let_go);
	}
	return real("127.0.0.1", port, hints, addresses);
}

/** struct heard - the answers of a test, and when it is over */
struct heard {
	struct event_base *base;
	struct resolver *r;
	unsigned int wanted;
	unsigned int answers;
	unsigned int found;
	unsigned int ports;	/* sum of those found */
	char error[256];
	char address[INET6_ADDRSTRLEN];
	struct resolver_request *forget;
};

static void hear(void *context, struct addrinfo *addresses, const char *error)
{
	struct heard *h = context;

	h->answers++;
	snprintf(h->error, sizeof(h->error), "%s", error ? error : "");
	if (addresses) {
		const struct sockaddr_in *a = (struct sockaddr_in *)addresses->ai_addr;
		const void *bytes = addresses->ai_family == AF_INET ? (const void *)&a->sin_addr :
			&((struct sockaddr_in6 *)addresses->ai_addr)->sin6_addr;

		h->found++;
		h->ports += ntohs(a->sin_port);
		inet_ntop(addresses->ai_family, bytes, h->address, sizeof(h->address));
		freeaddrinfo(addresses);
	}
	if (h->forget)
		resolver_forget(h->r, h->forget);
	h->forget = NULL;
	if (h->answers == h->wanted)
		event_base_loopbreak(h->base);
}

static void begin(struct heard *h)
{
	memset(h, 0, sizeof(*h));
	sem_init(&begun, 0, 0);
	sem_init(&let_go, 0, 0);
	h->base = event_base_new();
	h->r = resolver_new(h->base);
}

/* Runs until so many answers came. */
static bool await(struct heard *h, unsigned int wanted)
{
	const struct timeval late = { .tv_sec = LONG_S };

	h->wanted = wanted;
	event_base_loopexit(h->base, &late);
	if (h->answers < wanted)
		event_base_dispatch(h->base);
	return h->answers == wanted || broken("%u answers, not %u", h->answers, wanted);
}

static bool end(struct heard *h, bool kept)
{
	resolver_free(h->r);
	event_base_free(h->base);
	return kept;
}

static bool address_is(const struct heard *h, const char *address)
{
	return !strcmp(h->address, address) ||
	       broken("%s (%s), not %s", h->address, h->error, address);
}

static bool error_has(const struct heard *h, const char *words)
{
	return strstr(h->error, words) || broken("\"%s\", not \"...%s...\"", h->error, words);
}

static bool addresses_are_answered_as_they_are(const char **skip)
{
	struct heard h;
	bool kept;

	(void)skip;
	begin(&h);
	resolver_ask(h.r, "192.0.2.7", 8088, hear, &h);
	kept = !h.answers || broken("answered before it was asked");
	kept = kept && await(&h, 1) && address_is(&h, "192.0.2.7") && h.ports == 8088;
	resolver_ask(h.r, "2001:db8::7", 1, hear, &h);
	kept = kept && await(&h, 2) && address_is(&h, "2001:db8::7") && h.ports == 8089;
	return end(&h, kept);
}

static bool localhost_is_found(const char **skip)
{
	struct heard h;
	bool kept;

	(void)skip;
	begin(&h);
	resolver_ask(h.r, "localhost", 8088, hear, &h);
	kept = await(&h, 1) && h.found == 1 &&
	       (!strcmp(h.address, "::1") || address_is(&h, "127.0.0.1"));
	return end(&h, kept);
}

static bool unknown_names_have_a_sentence(const char **skip)
{
	struct heard h;
	bool kept;

	(void)skip;
	begin(&h);
	resolver_ask(h.r, "none.test", 8088, hear, &h);
	kept = await(&h, 1) && error_has(&h, "no address is known for the name none.test");
	resolver_ask(h.r, "again.test", 8088, hear, &h);
	kept = kept && await(&h, 2) && error_has(&h, "no name server answers");
	kept = kept && !h.found;
	return end(&h, kept);
}

static bool a_thousand_names_are_all_answered(const char **skip)
{
	struct heard h;
	char name[32];
	bool kept;

	(void)skip;
	begin(&h);
	for (unsigned int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "gateway-%u.test", i);
		resolver_ask(h.r, name, i, hear, &h);
	}
	kept = await(&h, 1000) && h.found == 1000 && h.ports == 999 * 1000 / 2;
	return end(&h, kept);
}

static bool a_slow_name_server_does_not_hold_up_addresses(const char **skip)
{
	struct heard h;
	bool kept;

	(void)skip;
	begin(&h);
	resolver_ask(h.r, "slow.test", 1, hear, &h);
	sem_wait(&begun);
	resolver_ask(h.r, "192.0.2.8", 2, hear, &h);
	kept = await(&h, 1) && address_is(&h, "192.0.2.8");
	sem_post(&let_go);
	kept = kept && await(&h, 2) && address_is(&h, "127.0.0.1");
	return end(&h, kept);
}

static bool a_forgotten_question_is_never_answered(const char **skip)
{
	struct resolver_request *queued, *under_way;
	struct heard h;
	bool kept;

	(void)skip;
	begin(&h);
	under_way = resolver_ask(h.r, "slow.test", 1, hear, &h);
	sem_wait(&begun);
	queued = resolver_ask(h.r, "queued.test", 2, hear, &h);
	resolver_forget(h.r, under_way);
	resolver_forget(h.r, queued);
	resolver_ask(h.r, "last.test", 4, hear, &h);
	sem_post(&let_go);
	kept = await(&h, 1) && h.ports == 4;
	return end(&h, kept);
}

static bool an_answer_may_forget_one_that_is_ready(const char **skip)
{
	struct heard h;
	bool kept;

	(void)skip;
	begin(&h);
	resolver_ask(h.r, "192.0.2.1", 1, hear, &h);
	h.forget = resolver_ask(h.r, "192.0.2.2", 2, hear, &h);
	resolver_ask(h.r, "192.0.2.3", 4, hear, &h);
	kept = await(&h, 2) && (h.ports == 5 || broken("ports %u", h.ports));
	return end(&h, kept);
}

static bool its_end_does_not_wait_for_the_name_server(const char **skip)
{
	struct heard h;

	(void)skip;
	begin(&h);
	resolver_ask(h.r, "slow.test", 1, hear, &h);
	sem_wait(&begun);
	for (unsigned int i = 0; i < 100; i++)
		resolver_ask(h.r, "queued.test", i, hear, &h);
	resolver_ask(h.r, "192.0.2.1", 1, hear, &h);
	end(&h, true);
	sem_post(&let_go);
	return !h.answers || broken("answered after its end");
}

#define PROMISE(name) { #name, name }

static const struct promise promises[] = {
	PROMISE(addresses_are_answered_as_they_are),
	PROMISE(localhost_is_found),
	PROMISE(unknown_names_have_a_sentence),
	PROMISE(a_thousand_names_are_all_answered),
	PROMISE(a_slow_name_server_does_not_hold_up_addresses),
	PROMISE(a_forgotten_question_is_never_answered),
	PROMISE(an_answer_may_forget_one_that_is_ready),
	PROMISE(its_end_does_not_wait_for_the_name_server),
};

int main(void)
{
	return keep_promises(promises, COUNT(promises));
}
