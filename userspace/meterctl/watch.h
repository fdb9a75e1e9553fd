/* SPDX-License-Identifier: MIT */
/*
 * meterctl watch: of this machine, or through iiod of another one.
 */
#ifndef METERCTL_WATCH_H
#define METERCTL_WATCH_H

#include <stdbool.h>

#include "../../kernel/telegram/quantities.h"

/* How often to look for a meter that is gone, and whether the one shown is stale, in ms. */
#define WATCH_LOOK_MS 1000

/**
 * struct watch_arguments - how to watch
 * @json: lines of JSON
 * @oldest: begin with the oldest telegram that is kept
 * @follow: wait for further telegrams
 * @until_gone: end when the meter goes
 * @count: end after so many telegrams; 0: no limit
 * @uri: where the meter is, for libiio; NULL: in this machine's kernel
 */
struct watch_arguments {
	bool json;
	bool oldest;
	bool follow;
	bool until_gone;
	u64 count;
	const char *uri;
};

int watch_uri(const struct watch_arguments *args, const char *wanted);
void watch_print_quantities(const struct reading *r);

#endif /* METERCTL_WATCH_H */
