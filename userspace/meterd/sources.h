/* SPDX-License-Identifier: MIT */
/*
 * What sources.c and line.c share.
 */
#ifndef METERD_SOURCES_H
#define METERD_SOURCES_H

#include "source.h"

/**
 * struct sources - all of them
 * @base: the loop
 * @out: where telegrams and states go
 * @notes: see sources_notes()
 * @first: in the order of the configuration
 * @identity: numbers may be told
 * @calling: how many calls into @out are under way
 * @settle: starts and stops what was switched from within them
 * @resolver: NULL until somebody needs it
 * @buffer: see sources_buffer()
 */
struct sources {
	struct event_base *base;
	struct source_out out;
	struct notes *notes;
	struct source *first;
	bool identity;
	const struct config *config;
	unsigned int calling;
	struct event *settle;
	struct resolver *resolver;
	u8 buffer[SOURCES_BUFFER_BYTES];
};

#endif /* METERD_SOURCES_H */
