// SPDX-License-Identifier: MIT
/*
 * meterctl d2l serve: a server for trying a module.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lib/listen_advice.h"
#include "../lib/say.h"
#include "commands.h"
#include "d2l.h"
#include "d2l_address.h"
#include "d2l_file.h"
#include "d2l_trial.h"
#include "numbers.h"
#include "wait.h"

static const char help[] =
	"Usage: meterctl d2l serve [--key-file KEYS] [--count N] [ADDRESS[:PORT]]\n"
	"Be the server of D2L modules, until interrupted: print when and from where each\n"
	"frame came, and the frame in clear as 'meterctl d2l decode' does, which has the\n"
	"number of the meter in it; and answer it, by which the module sets its clock.\n"
	"Nothing is kept: meterd is the server to stay.\n"
	"\n"
	"It listens on 127.0.0.1, for modules of 'meterctl d2l simulate', on port 7845. A\n"
	"real one reaches it on an address of this machine in the module's network, or on\n"
	"0.0.0.0, which is all of them.\n"
	"\n"
	"  --key-file KEYS   JSON with the keys of one module or many, as for\n"
	"                    'meterctl d2l decode'; by default those of simulated ones\n"
	"  --count N         end after N good frames\n"
	"\n"
	"At the end: connections=, and good= frames, of which updates= want firmware;\n"
	"unknown= wrong_key= malformed= came to nothing; slow= full= connections were\n"
	"closed without a frame in 10 s, or since 64 were open.\n"
	"\n"
	"Exit codes: 0 at least one frame was good, 1 none was, 2 bad usage, KEYS cannot\n"
	"be read or ADDRESS cannot be had.\n";

/**
 * struct serving - what the command line asks for
 * @plan: of the server
 * @key_path: NULL: keys of simulated modules
 * @at: where it listens
 * @at_len: of @at
 */
struct serving {
	struct d2l_trial plan;
	const char *key_path;
	struct sockaddr_storage at;
	socklen_t at_len;
};

static bool bind_and_listen(int fd, const struct serving *s)
{
	const int on = 1;

	return fd >= 0 && !setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) &&
	       !bind(fd, (const struct sockaddr *)&s->at, s->at_len) && !listen(fd, D2L_TRIAL_MAX);
}

static bool open_listener(struct serving *s)
{
	const bool v6 = s->at.ss_family == AF_INET6;
	char host[NI_MAXHOST] = "?", port[NI_MAXSERV] = "?";
	int fd = socket(s->at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool listens = bind_and_listen(fd, s);
	int error = errno;

	getnameinfo((struct sockaddr *)&s->at, s->at_len, host, sizeof(host), port, sizeof(port),
		    NI_NUMERICHOST | NI_NUMERICSERV);
	s->plan.listener = fd;
	if (listens)
		say("listens on %s%s%s:%s, with the keys of %s", v6 ? "[" : "", host,
		    v6 ? "]" : "", port, s->key_path ? s->key_path : "simulated modules");
	else
		say("cannot listen on %s, port %s: %s%s", host, port, strerror(error),
		    listen_advice(error));
	return listens;
}

static void print_tally(const struct d2l_trial_tally *t)
{
	fprintf(stderr, "connections=%" PRIu64 " good=%" PRIu64 " updates=%" PRIu64
		" unknown=%" PRIu64 " wrong_key=%" PRIu64 " malformed=%" PRIu64 " slow=%" PRIu64
		" full=%" PRIu64 "\n", t->connections, t->good, t->updates, t->unknown,
		t->wrong_key, t->malformed, t->slow, t->full);
}

static int serve(struct serving *s)
{
	struct d2l_trial_tally tally = { 0 };
	int rc = UNUSABLE;

	s->plan.stop = wait_signals(0);
	if (s->plan.stop < 0) {
		say("cannot begin: %s", strerror(errno));
		return UNUSABLE;
	}
	if (open_listener(s)) {
		if (d2l_trial(&s->plan, &tally))
			rc = tally.good ? DONE : NOTHING;
		print_tally(&tally);
	}
	if (s->plan.listener >= 0)
		close(s->plan.listener);
	close(s->plan.stop);
	return rc;
}

static int serve_with_keys(struct serving *s)
{
	struct d2l_keys *keys = d2l_keys_from_file(s->key_path);
	int rc;

	if (!keys)
		return UNUSABLE;
	s->plan.keys = keys;
	rc = serve(s);
	d2l_keys_free(keys);
	return rc;
}

/**
 * d2l_serve - be a server of D2L modules
 * @argc: as of main()
 * @argv: as of main(), from the command's name on
 *
 * Return: an exit code.
 */
int d2l_serve(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "key-file", required_argument, NULL, 'k' },
		{ "count", required_argument, NULL, 'n' },
		{ 0 },
	};
	struct serving s = { 0 };
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(help, stdout);
			return DONE;
		}
		if (c == 'k')
			s.key_path = optarg;
		else if (c != 'n' ||
			 !number_option("count", optarg, 1, 1000000000, &s.plan.count))
			return UNUSABLE;
	}
	if (argc - optind > 1) {
		say("d2l serve wants one address: 'meterctl d2l serve --help' tells more");
		return UNUSABLE;
	}
	if (!d2l_address(argc > optind ? argv[optind] : "127.0.0.1", &s.at, &s.at_len))
		return UNUSABLE;
	return s.key_path ? serve_with_keys(&s) : serve(&s);
}
