// SPDX-License-Identifier: MIT
/*
 * The keys of a source of enciphered telegrams: from its configuration, from a file, or from the
 * service manager.
 */
#include <stdio.h>

#include "secret.h"
#include "source.h"

/* Sources of other types have no telegrams that meterd deciphers, or keys of their own. */
static bool may_carry_p1(enum source_type type)
{
	return type == SOURCE_SERIAL || type == SOURCE_TCP || type == SOURCE_REPLAY;
}

/* Its keys as the service manager gives them, a credential such as source.house.key. */
static const char *credential_of(const struct source_config *c, char path[PATH_MAX])
{
	char name[sizeof("source..key") + METER_NAME_LEN];

	snprintf(name, sizeof(name), "source.%s.key", c->name);
	return credential_path(name, path);
}

/**
 * source_keys_read - the keys that a source is to have
 * @c: its configuration
 * @problem: where a sentence goes when there should be keys and are none; else ""
 * @size: of @problem, in bytes
 *
 * Return: for p1_keys_free(); NULL when there are none.
 */
struct p1_keys *source_keys_read(const struct source_config *c, char *problem, size_t size)
{
	char credential[PATH_MAX];
	const char *path = c->key_file;
	struct p1_keys *keys = NULL;
	char *text;

	*problem = '\0';
	if (!may_carry_p1(c->type))
		return NULL;
	if (c->keys) {
		keys = p1_keys_copy(c->keys);
		if (!keys)
			snprintf(problem, size, "no memory for its keys");
		return keys;
	}
	if (!path)
		path = credential_of(c, credential);
	if (!path)
		return NULL;
	text = secret_read(path, problem, size);
	if (text)
		keys = p1_keys_parse(text, path, problem, size);
	secret_free(text);
	return keys;
}
