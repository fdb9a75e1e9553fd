/* SPDX-License-Identifier: MIT */
/*
 * Who the daemon is, its directories, and how many files it may open.
 */
#ifndef METERD_IDENTITY_H
#define METERD_IDENTITY_H

#include <sys/types.h>

#include "config.h"

/**
 * struct identity - who to be after all is bound
 * @name: of the user; NULL: who started it
 */
struct identity {
	const char *name;
	uid_t uid;
	gid_t gid;
};

bool identity_find(struct identity *who, const char *user);
bool identity_make_directory(const struct identity *who, const char *path, const char *group);
bool identity_lend(const struct identity *who);
bool identity_return(const struct identity *who);
bool identity_become(const struct identity *who);
void files_allow(const struct config *c);

#endif /* METERD_IDENTITY_H */
