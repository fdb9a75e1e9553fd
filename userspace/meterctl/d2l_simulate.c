// SPDX-License-Identifier: MIT
/*
 * meterctl d2l simulate: be one D2L module or many.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../lib/say.h"
#include "commands.h"
#include "d2l.h"
#include "d2l_address.h"
#include "d2l_file.h"
#include "d2l_posts.h"
#include "numbers.h"
#include "wait.h"

#define FIRST_ID	990000000001
#define ID_MAX		999999999999
#define MODULES_MAX	1000000
#define CONNECTIONS	1000
/* Descriptors besides those of connections. */
#define OTHER_FILES	16

static const char help[] =
	"Usage: meterctl d2l simulate [OPTION]... [ADDRESS[:PORT]]\n"
	"       meterctl d2l simulate [--modules N] [--first-id ID] --write-keys FILE\n"
	"Be D2L modules that post to a server, 127.0.0.1:7845 by default, each time on a\n"
	"connection of its own, until interrupted; then tell how the answers were.\n"
	"\n"
	"  --modules N         so many; 1 by default, or all in the key file\n"
	"  --first-id ID       of the first one, the others count on: 990000000001\n"
	"  --key-file KEYS     real modules, with their keys; by default keys and IVs\n"
	"                      follow from the id\n"
	"  --write-keys FILE   write these to a new key file for a server, and exit\n"
	"  --mode MODE         of the meters: historique, standard, all (standard, and\n"
	"                      every label has a value), or mixed, the default: by id\n"
	"  --period S          seconds between two posts of a module: 60\n"
	"  --count N           stop after N posts of each module\n"
	"  --per-address N     on loopback: so many modules have one source address of\n"
	"                      127.0.0.0/8; 1 by default, 0: the machine's own\n"
	"  --connections N     at most so many at a time: 1000\n"
	"\n"
	"At the end: clocks= requests for the time, posts= readings, answered= of both,\n"
	"with the right answer, refused= closed= no_answer= wrong= all others, behind=\n"
	"begun more than a second late; and how long answers took, in ms from the\n"
	"beginning of the connection.\n"
	"\n"
	"Exit codes: 0 all were answered, 1 some were not, 2 bad usage, or a file cannot\n"
	"be read or written.\n";

/**
 * struct simulation - what the command line asks for
 * @plan: of the modules
 * @key_path: NULL: simulated keys
 * @write_path: NULL: they are not to be written
 */
struct simulation {
	struct d2l_plan plan;
	const char *key_path;
	const char *write_path;
};

static bool parse_mode(const char *text, enum d2l_mode *mode)
{
	static const char *const names[] = {
		[D2L_MIXED] = "mixed",
		[D2L_HISTORIQUE] = "historique",
		[D2L_STANDARD] = "standard",
		[D2L_ALL_LABELS] = "all",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		*mode = i;
		if (!strcmp(names[i], text))
			return true;
	}
	say("--mode %s: it wants historique, standard, all or mixed", text);
	return false;
}

static bool parse_id(const char *text, u64 *id)
{
	if (d2l_id_read(text, id))
		return true;
	say("--first-id %s: it wants up to %d digits", text, D2L_ID_DIGITS);
	return false;
}

static bool parse_count(const char *option, u64 low, u64 high, u32 *count)
{
	uint64_t value;

	if (!number_option(option, optarg, low, high, &value))
		return false;
	*count = value;
	return true;
}

static bool parse_option(int option, struct simulation *s)
{
	struct d2l_plan *plan = &s->plan;

	switch (option) {
	case 'k':
		s->key_path = optarg;
		return true;
	case 'w':
		s->write_path = optarg;
		return true;
	case 'm':
		return parse_mode(optarg, &plan->mode);
	case 'i':
		return parse_id(optarg, &plan->first_id);
	case 'p':
		return seconds_option("period", optarg, &plan->period_ms);
	case 'n':
		return number_option("count", optarg, 1, 1000000000, &plan->count);
	case 'N':
		return parse_count("modules", 1, MODULES_MAX, &plan->modules);
	case 'a':
		return parse_count("per-address", 0, MODULES_MAX, &plan->per_address);
	case 'c':
		return parse_count("connections", 1, 60000, &plan->connections);
	}
	return false;
}

/* Other sources than the machine's own there are on loopback only. */
static void settle_sources(struct d2l_plan *plan)
{
	const struct sockaddr_in *to4 = (const struct sockaddr_in *)&plan->to;

	if (plan->to.ss_family != AF_INET || ntohl(to4->sin_addr.s_addr) >> 24 != 127)
		plan->per_address = 0;
}

static bool raise_limit(u32 connections)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return false;
	if (limit.rlim_cur >= connections + OTHER_FILES)
		return true;
	limit.rlim_cur = connections + OTHER_FILES;
	if (limit.rlim_max < limit.rlim_cur)
		limit.rlim_max = limit.rlim_cur;
	if (!setrlimit(RLIMIT_NOFILE, &limit))
		return true;
	say("--connections %u: more than the open files that are allowed: 'ulimit -n' tells them",
	    connections);
	return false;
}

static void write_key(FILE *file, const struct d2l_key *key)
{
	fprintf(file, "\"%0*" PRIu64 "\": {\"key\": \"", D2L_ID_DIGITS, key->id);
	for (size_t i = 0; i < sizeof(key->key); i++)
		fprintf(file, "%02x", key->key[i]);
	fputs("\", \"iv\": \"", file);
	for (size_t i = 0; i < sizeof(key->iv); i++)
		fprintf(file, "%02x", key->iv[i]);
	fputs("\"}", file);
}

static int write_keys(const struct simulation *s)
{
	int fd = open(s->write_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	struct d2l_key key;

	for (u32 i = 0; file && i < s->plan.modules; i++) {
		fputs(i ? ",\n " : "{", file);
		d2l_module_key(s->plan.first_id + i, &key);
		write_key(file, &key);
	}
	if (file && fputs("}\n", file) >= 0 && !fclose(file))
		return DONE;
	say("%s cannot be written: %s", s->write_path, strerror(errno));
	return UNUSABLE;
}

/* Of all answers @per_mille took at most so long, in units of D2L_TOOK_US. */
static u32 took(const struct d2l_tally *tally, u32 per_mille)
{
	u64 wanted = (tally->answered * per_mille + 999) / 1000, seen = 0;
	u32 at = 0;

	for (; at < D2L_TOOK_COUNT - 1; at++) {
		seen += tally->took[at];
		if (seen && seen >= wanted)
			break;
	}
	return at;
}

static void print_tally(const struct d2l_tally *tally)
{
	static const struct {
		const char *name;
		u32 per_mille;
	} shares[] = { { "p50", 500 }, { "p90", 900 }, { "p99", 990 }, { "p99.9", 999 },
		       { "max", 1000 } };

	printf("clocks=%" PRIu64 " posts=%" PRIu64 " answered=%" PRIu64 " refused=%" PRIu64
	       " closed=%" PRIu64 " no_answer=%" PRIu64 " wrong=%" PRIu64 " behind=%" PRIu64 "\n",
	       tally->clocks, tally->posts, tally->answered, tally->refused, tally->closed,
	       tally->late_answers, tally->wrong, tally->behind);
	if (!tally->answered)
		return;
	printf("answers in ms:");
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		u32 us = took(tally, shares[i].per_mille) * D2L_TOOK_US;

		printf(" %s=%u.%02u", shares[i].name, us / 1000, us % 1000 / 10);
	}
	putchar('\n');
}

static int post(struct d2l_plan *plan)
{
	struct d2l_tally *tally = calloc(1, sizeof(*tally));
	int rc = UNUSABLE;

	plan->stop = wait_signals(0);
	if (!tally || plan->stop < 0) {
		say("cannot begin: %s", strerror(errno));
	} else if (raise_limit(plan->connections) && d2l_post(plan, tally)) {
		print_tally(tally);
		rc = tally->answered && tally->answered == tally->clocks + tally->posts ? DONE :
											  NOTHING;
	}
	if (plan->stop >= 0)
		close(plan->stop);
	free(tally);
	return rc;
}

/* The modules of a key file; those of a file without an id are one. */
static int post_with_keys(struct simulation *s)
{
	struct d2l_keys *keys = d2l_keys_from_file(s->key_path);
	int rc = UNUSABLE;

	if (!keys)
		return UNUSABLE;
	s->plan.keys = keys;
	if (!s->plan.modules)
		s->plan.modules = d2l_keys_count(keys);
	if (s->plan.modules <= d2l_keys_count(keys))
		rc = post(&s->plan);
	else
		say("--modules %u: there are %zu in %s", s->plan.modules, d2l_keys_count(keys),
		    s->key_path);
	d2l_keys_free(keys);
	return rc;
}

static int simulate(struct simulation *s)
{
	settle_sources(&s->plan);
	if (s->key_path)
		return post_with_keys(s);
	if (!s->plan.modules)
		s->plan.modules = 1;
	if (s->plan.first_id + s->plan.modules - 1 > ID_MAX) {
		say("--first-id %" PRIu64 ": the ids of %u modules end beyond %d digits",
		    s->plan.first_id, s->plan.modules, D2L_ID_DIGITS);
		return UNUSABLE;
	}
	return s->write_path ? write_keys(s) : post(&s->plan);
}

/**
 * d2l_simulate - be D2L modules
 * @argc: as of main()
 * @argv: as of main(), from the command's name on
 *
 * Return: an exit code.
 */
int d2l_simulate(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "modules", required_argument, NULL, 'N' },
		{ "first-id", required_argument, NULL, 'i' },
		{ "key-file", required_argument, NULL, 'k' },
		{ "write-keys", required_argument, NULL, 'w' },
		{ "mode", required_argument, NULL, 'm' },
		{ "period", required_argument, NULL, 'p' },
		{ "count", required_argument, NULL, 'n' },
		{ "per-address", required_argument, NULL, 'a' },
		{ "connections", required_argument, NULL, 'c' },
		{ 0 },
	};
	struct simulation s = {
		.plan = { .first_id = FIRST_ID, .period_ms = 60000, .per_address = 1,
			  .connections = CONNECTIONS },
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(help, stdout);
			return DONE;
		}
		if (c == '?' || !parse_option(c, &s))
			return UNUSABLE;
	}
	if (argc - optind > 1) {
		say("d2l simulate wants one address: 'meterctl d2l simulate --help' tells more");
		return UNUSABLE;
	}
	if (s.key_path && s.write_path) {
		say("--write-keys writes simulated keys: leave out --key-file");
		return UNUSABLE;
	}
	if (!d2l_address(argc > optind ? argv[optind] : "127.0.0.1", &s.plan.to, &s.plan.to_len))
		return UNUSABLE;
	return simulate(&s);
}
