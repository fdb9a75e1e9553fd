/* SPDX-License-Identifier: MIT */
/*
 * What there is to show, to whoever asks: HTTP, the control socket, sinks.
 */
#ifndef METERD_VIEW_H
#define METERD_VIEW_H

#include "meters.h"
#include "store.h"

struct publisher;

/** struct view - all of it outlives those who look; loop thread only */
struct view {
	struct meters *meters;
	struct sources *sources;
	struct store *store;
	struct ledger *ledger;
	struct publisher *publisher;
};

#endif /* METERD_VIEW_H */
