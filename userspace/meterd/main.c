// SPDX-License-Identifier: MIT
/*
 * meterd: follows meters and keeps their accounts.
 */
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/say.h"
#include "daemon.h"
#include "pricing.h"

#define DEFAULT_PATH "/etc/meterd/meterd.conf"

/* Bad usage, as everywhere in this project. */
#define UNUSABLE 2

static const char help[] =
	"Usage: meterd [--config FILE] [--foreground] [--check-config]\n"
	"Follow smart meters, keep their accounts and publish what they say.\n"
	"\n"
	"  --config FILE    the configuration; default: " DEFAULT_PATH " when there is\n"
	"                   one, else meterd follows the kernel's meters\n"
	"  --foreground     stay in the foreground, which meterd always does\n"
	"  --check-config   say whether the configuration is fine, and end\n"
	"  --version        print the version\n"
	"\n"
	"SIGHUP reads the configuration again, SIGTERM ends meterd.\n"
	"Exit codes: 0 done, 1 it could not begin or the configuration has mistakes,\n"
	"2 bad usage.\n";

/* A few large allocations come and go (pages of HTTP); what they leave goes back to the system. */
static void use_little_memory(void)
{
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 64 * 1024);
	mallopt(M_TRIM_THRESHOLD, 64 * 1024);
}

static const char *plural(unsigned int count)
{
	return count == 1 ? "" : "s";
}

static int check(const char *path, struct config *c)
{
	bool fine = c && pricing_check(c);

	if (fine)
		printf("%s is fine: %u source%s, %u meter%s, %u sink%s\n",
		       path ? path : "No configuration",
		       c->source_count, plural(c->source_count), c->meter_count,
		       plural(c->meter_count), c->sink_count, plural(c->sink_count));
	config_free(c);
	zones_free();
	return fine ? 0 : 1;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "foreground", no_argument, NULL, 'f' },
		{ "check-config", no_argument, NULL, 'k' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *path = access(DEFAULT_PATH, F_OK) ? NULL : DEFAULT_PATH;
	bool check_only = false;
	struct config *config;
	int c;

	while ((c = getopt_long(argc, argv, "c:fh", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			path = optarg;
			break;
		case 'f':
			break;
		case 'k':
			check_only = true;
			break;
		case 'v':
			puts("meterd " METERLINE_VERSION);
			return 0;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return UNUSABLE;
		}
	}
	if (optind != argc) {
		say("'%s': meterd takes options only; 'meterd --config FILE' names a configuration",
		    argv[optind]);
		return UNUSABLE;
	}
	/* When a house is empty can be read from its accounts. */
	umask(umask(0) | S_IRWXO | S_IWGRP);
	use_little_memory();
	config = config_read(path);
	if (check_only)
		return check(path, config);
	return config ? daemon_run(path, config) : 1;
}
