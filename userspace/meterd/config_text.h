/* SPDX-License-Identifier: MIT */
/*
 * The text of configuration files: sections, keys and values, and where each stands.
 */
#ifndef METERD_CONFIG_TEXT_H
#define METERD_CONFIG_TEXT_H

#include "../../kernel/telegram/types.h"

/** struct config_place - where something stands; @file is of the text */
struct config_place {
	const char *file;
	unsigned int line;
};

/** struct config_entry - key = value */
struct config_entry {
	char *key;
	char *value;
	struct config_place place;
};

/** struct config_section - [kind name]; @name is "" without one */
struct config_section {
	char *kind;
	char *name;
	struct config_place place;
	struct config_entry *entries;
	unsigned int count;
};

/**
 * struct config_text - all files, in the order read
 * @sections: as they stand; the same one may come again
 * @errors: how many were told
 */
struct config_text {
	struct config_section *sections;
	unsigned int count;
	char **files;
	unsigned int file_count;
	unsigned int errors;
};

void config_text_read(struct config_text *text, const char *path);
void config_text_free(struct config_text *text);

__attribute__((format(printf, 3, 4)))
void config_error(struct config_text *text, const struct config_place *place,
		  const char *format, ...);

/* Room for one more element of @size bytes behind @count; false: no memory. */
bool grow(void **array, unsigned int count, size_t size);

#endif /* METERD_CONFIG_TEXT_H */
