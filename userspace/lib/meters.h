/* SPDX-License-Identifier: MIT */
/*
 * The meters that this machine's kernel knows.
 */
#ifndef METERLINE_METERS_H
#define METERLINE_METERS_H

#include <stdbool.h>
#include <stddef.h>

#define METER_CLASS "/sys/class/meter"

/* The longest value of an attribute that is a word or a number. */
#define METER_WORD_MAX 64
/* Room for the path of any attribute. */
#define METER_PATH_MAX 384

/**
 * struct meter - what sysfs says of one meter; "" where it says nothing
 * @index: N of meterN
 * @name: meterN
 * @path: its directory in sysfs
 */
struct meter {
	unsigned int index;
	char name[16];
	char path[64];
	char id[METER_WORD_MAX];
	char type[METER_WORD_MAX];
	char state[METER_WORD_MAX];
	char seen[METER_WORD_MAX];
	char port[METER_WORD_MAX];
	char source[METER_WORD_MAX];
};

/** enum meter_match - what meter_find() found, or how a meter fits a name */
enum meter_match {
	METER_NONE,
	METER_FOUND,
	METER_AMBIGUOUS,
};

int meters_list(struct meter **meters, size_t *count);
bool meter_read(struct meter *m, const char *name);
enum meter_match meter_named(const struct meter *m, const char *wanted);
enum meter_match meter_find(const char *wanted, struct meter *m);
bool meter_find_port(const char *port, struct meter *m);

int attribute_read(const char *directory, const char *name, char *value, size_t size);

/** struct attribute_names - the files of one directory, in the order of their names */
struct attribute_names {
	char **name;
	size_t count;
};

int attribute_names_read(const char *directory, struct attribute_names *names);
void attribute_names_free(struct attribute_names *names);

#endif /* METERLINE_METERS_H */
