/* SPDX-License-Identifier: MIT */
/*
 * Where a sink sends lines: a URL of the configuration.
 */
#ifndef METERD_CONFIG_TARGET_H
#define METERD_CONFIG_TARGET_H

#include "../../kernel/telegram/types.h"

/**
 * struct sink_target - a server of the network
 * @host: a name or an address, without brackets; NULL: none
 * @port: 1..65535
 * @path: with its query, for HTTP; NULL: datagrams of UDP
 * @unit_ns: of the timestamps that it expects, ns
 */
struct sink_target {
	char *host;
	u16 port;
	char *path;
	u32 unit_ns;
};

bool sink_target_parse(const char *url, struct sink_target *t, char *problem, size_t size);
bool sink_target_same(const struct sink_target *a, const struct sink_target *b);
bool sink_target_copy(struct sink_target *to, const struct sink_target *from);
void sink_target_free(struct sink_target *t);

#endif /* METERD_CONFIG_TARGET_H */
