/* SPDX-License-Identifier: MIT */
/*
 * A line of DLMS push: whose its readings are.
 */
#ifndef METERD_MBUS_LINE_H
#define METERD_MBUS_LINE_H

#include "source.h"

/**
 * mbus_moment_fn - when a telegram came
 * @context: as given
 * @started: stamp of its first byte
 * @when: has the meter's clock, if that is known, and gets the rest
 *
 * Return: false: nothing tells that, and the telegram is dropped.
 */
typedef bool (*mbus_moment_fn)(void *context, u64 started, struct moment *when);

struct mbus_line;

struct mbus_line *mbus_line_new(struct line *line, mbus_moment_fn moment, void *context);
bool mbus_line_begin(struct mbus_line *m, struct stream *stream);
void mbus_line_free(struct mbus_line *m);

#endif /* METERD_MBUS_LINE_H */
