/* SPDX-License-Identifier: MIT */
/*
 * Passwords and keys: from files that nobody else can read, and from the service manager.
 */
#ifndef METERD_SECRET_H
#define METERD_SECRET_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* Larger than any password or key: a wrong file, then. */
#define SECRET_MAX (64 * 1024)

char *secret_read(const char *path, size_t max, char *problem, size_t problem_size);
void secret_free(char *secret);
bool secret_file_is_safe(const char *path, char *problem, size_t problem_size);
const char *credential_path(const char *name, char path[PATH_MAX]);

#endif /* METERD_SECRET_H */
