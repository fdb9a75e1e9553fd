/* SPDX-License-Identifier: MIT */
/*
 * Values of the configuration: from text, strictly.
 */
#ifndef METERD_CONFIG_VALUES_H
#define METERD_CONFIG_VALUES_H

#include "../../kernel/telegram/types.h"

bool value_bool(const char *text, bool *value);
bool value_number(const char *text, u64 min, u64 max, u64 *value);
bool value_signed(const char *text, s64 min, s64 max, s64 *value);
bool value_decimal(const char *text, unsigned int decimals, s64 min, s64 max, s64 *value);
bool value_listen(const char *text, char **host, u16 *port);
bool value_host(const char *text, char **host);
bool value_path(const char *text, const char *directory, char **path);
bool value_list_next(const char **list, char *word, size_t size);
bool name_is_good(const char *name);

#endif /* METERD_CONFIG_VALUES_H */
