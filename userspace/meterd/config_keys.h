/* SPDX-License-Identifier: MIT */
/*
 * The keys of the configuration: one table for each kind of section.
 */
#ifndef METERD_CONFIG_KEYS_H
#define METERD_CONFIG_KEYS_H

#include "config.h"

/**
 * struct key_value - a value on its way into struct config
 * @text: what stands behind the '='
 * @rest: of a key such as scale.OBIS, what stands behind the '.'; else ""
 * @directory: of the configuration file
 * @config: as a whole
 * @problem: a sentence that tells more than what was expected; "" at first
 * @hidden: there may be a password in @text, which is not told
 */
struct key_value {
	const char *text;
	const char *rest;
	const char *directory;
	struct config *config;
	char problem[160];
	bool hidden;
};

/**
 * struct config_key - a key
 * @name: ends with '.' where anything may stand behind
 * @types: of sources or sinks that have it, by 1 << enum source_type or sink_type; 0: all
 * @needed: by the types that have it
 * @set: puts the value into the item of the section (of [daemon] and [http] the config)
 * @expected: what @set takes, for people
 */
struct config_key {
	const char *name;
	unsigned int types;
	bool needed;
	bool (*set)(struct key_value *v, void *item);
	const char *expected;
};

/**
 * struct config_kind - a kind of section
 * @argument: what stands behind it: [kind NAME]; NULL: nothing
 * @types: words of its key "type", by number; NULL: it has none
 * @type_count: of them
 */
struct config_kind {
	const char *name;
	const char *argument;
	const struct config_key *keys;
	const char *const *types;
	unsigned int type_count;
};

/* Ends with a kind without a name, as the keys of each do. */
extern const struct config_kind config_kinds[];

/** struct later_word - what a later version can do */
struct later_word {
	const char *kind;
	const char *key;	/* "": the section itself */
	const char *value;	/* NULL: any */
	const char *what;
};

const struct later_word *config_later(const char *kind, const char *key, const char *value);
bool config_type_by_name(const struct config_kind *kind, const char *name, unsigned int *type);
const char *source_type_name(enum source_type type);

#endif /* METERD_CONFIG_KEYS_H */
