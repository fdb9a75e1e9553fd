// SPDX-License-Identifier: MIT
/*
 * The keys of a source of enciphered telegrams: from its configuration, from a file, or from the
 * service manager.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "secret.h"
#include "source.h"

/* About 100 bytes for each module; of 300,000. */
#define TABLE_MAX (32u << 20)

/* Sources of other types have no telegrams that meterd deciphers, or keys of their own. */
static bool may_be_enciphered(enum source_type type)
{
	return type == SOURCE_SERIAL || type == SOURCE_TCP || type == SOURCE_REPLAY ||
	       type == SOURCE_MBUS;
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
 * Return: for meter_keys_free(); NULL when there are none.
 */
struct meter_keys *source_keys_read(const struct source_config *c, char *problem, size_t size)
{
	char credential[PATH_MAX];
	const char *path = c->key_file;
	struct meter_keys *keys = NULL;
	char *text;

	*problem = '\0';
	if (!may_be_enciphered(c->type))
		return NULL;
	if (c->keys) {
		keys = meter_keys_copy(c->keys);
		if (!keys)
			snprintf(problem, size, "no memory for its keys");
		return keys;
	}
	if (!path)
		path = credential_of(c, credential);
	if (!path)
		return NULL;
	text = secret_read(path, SECRET_MAX, problem, size);
	if (text)
		keys = meter_keys_parse(text, path, problem, size);
	secret_free(text);
	return keys;
}

struct problem {
	char *text;
	size_t size;
};

/* False after a sentence. */
static bool add_file(struct d2l_keys *keys, const char *path, const struct problem *problem)
{
	char *text = secret_read(path, TABLE_MAX, problem->text, problem->size);
	char why[256];
	bool good;

	if (!text)
		return false;
	good = d2l_keys_add(keys, text, strlen(text), why, sizeof(why));
	if (!good)
		snprintf(problem->text, problem->size, "%s: %s", path, why);
	secret_free(text);
	return good;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* All files of a directory, by name. False after a sentence. */
static bool add_directory(struct d2l_keys *keys, const char *path, const struct problem *problem)
{
	struct dirent **entries;
	int count = scandir(path, &entries, is_visible, alphasort);
	char file[PATH_MAX];
	bool good = true;

	if (count < 0) {
		snprintf(problem->text, problem->size, "%s cannot be read: %s", path,
			 strerror(errno));
		return false;
	}
	for (int i = 0; i < count; i++) {
		snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
		good = good && add_file(keys, file, problem);
		free(entries[i]);
	}
	free(entries);
	return good;
}

static bool is_directory(const char *path)
{
	struct stat about;

	return !stat(path, &about) && S_ISDIR(about.st_mode);
}

/**
 * source_modules_read - the keys of the D2L modules of a source
 * @c: its configuration
 * @problem: where a sentence goes when there should be keys and are none; else ""
 * @size: of @problem, in bytes
 *
 * From the configuration, a file, all files of a directory, or a credential. No other thread may
 * use jansson.
 *
 * Return: for d2l_keys_free(); NULL when there are none.
 */
struct d2l_keys *source_modules_read(const struct source_config *c, char *problem, size_t size)
{
	const struct problem p = { problem, size };
	char credential[PATH_MAX];
	const char *path = c->key_file ? c->key_file : credential_of(c, credential);
	struct d2l_keys *keys;
	bool good;

	*problem = '\0';
	if (!path && !c->modules)
		return NULL;
	keys = c->modules ? d2l_keys_copy(c->modules) : d2l_keys_new();
	if (!keys) {
		snprintf(problem, size, "no memory for its keys");
		return NULL;
	}
	good = c->modules || (is_directory(path) ? add_directory : add_file)(keys, path, &p);
	if (good && d2l_keys_count(keys))
		return keys;
	d2l_keys_free(keys);
	return NULL;
}
