// SPDX-License-Identifier: MIT
/*
 * Meters that push DLMS over M-Bus, or over a P1 port: a line of this machine, or a converter on the
 * network. Both are read as those of other meters are; what is their own is in mbus_line.c.
 */
#include "source.h"

static const struct source_ops *carrier(const struct source *s)
{
	return s->config.host ? &source_tcp : &source_serial;
}

static bool mbus_start(struct source *s)
{
	return carrier(s)->start(s);
}

static void mbus_stop(struct source *s)
{
	carrier(s)->stop(s);
}

static bool mbus_tended(const struct source *s)
{
	return carrier(s)->tended(s);
}

const struct source_ops source_mbus = {
	.type = "mbus",
	.start = mbus_start,
	.stop = mbus_stop,
	.tended = mbus_tended,
};
