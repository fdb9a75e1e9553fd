// SPDX-License-Identifier: MIT
/*
 * meterctl show: what a meter says now, from sysfs.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "../lib/json.h"
#include "../lib/say.h"
#include "commands.h"
#include "meter_argument.h"

static const char help[] =
	"Usage: meterctl show [--json] METER [FIELD]\n"
	"Show what a meter says now, or one field of it, as the kernel has it in sysfs.\n"
	"\n"
	"METER is meterN, its id, or the beginning of either. FIELD is the name of a\n"
	"file in the meter's directory (state), in fields/ (energy_import_wh), in raw/\n"
	"(PAPP, 1-0:1.8.1) or in statistics/ (telegrams), or the name of a quantity\n"
	"(energy_import). A value which the meter does not send, or no longer sends, is\n"
	"left out: it is never shown as 0.\n"
	"\n"
	"  --json   one JSON object with the attributes and the objects fields, raw and\n"
	"           statistics; for one FIELD a number or a string\n"
	"\n"
	"Exit codes: 0 shown, 1 there is no such meter or field or it has no value now,\n"
	"2 bad usage.\n";

/* A P1 line has at most 4608 bytes, and each may be written \xNN: more than sysfs' page. */
#define VALUE_MAX 4097

static const char *const groups[] = { "fields", "raw", "statistics" };

#define GROUPS (sizeof(groups) / sizeof(groups[0]))

static bool is_number(const char *value)
{
	if (*value == '-')
		value++;
	return *value && strspn(value, "0123456789") == strlen(value) &&
	       (value[0] != '0' || !value[1]);
}

/* raw/ is text also where it looks like a number: 000123 is what the meter printed. */
static void json_value(const char *group, const char *value)
{
	if (strcmp(group, "raw") && is_number(value))
		fputs(value, stdout);
	else
		json_text(stdout, value);
}

static void group_path(const struct meter *m, const char *group, char path[METER_PATH_MAX])
{
	snprintf(path, METER_PATH_MAX, "%s/%s", m->path, group);
}

/* Calls @print for each file of a group that has a value now. */
static void for_each_value(const struct meter *m, const char *group,
			   void (*print)(const char *group, const char *name, const char *value,
					 bool first))
{
	char path[METER_PATH_MAX], value[VALUE_MAX];
	struct attribute_names names;
	bool first = true;

	group_path(m, group, path);
	attribute_names_read(path, &names);
	for (size_t i = 0; i < names.count; i++) {
		if (attribute_read(path, names.name[i], value, sizeof(value)) < 0)
			continue;
		print(group, names.name[i], value, first);
		first = false;
	}
	attribute_names_free(&names);
}

static void print_value(const char *group, const char *name, const char *value, bool first)
{
	if (first)
		printf("\n%s\n", group);
	printf("  %-30s %s\n", name, value);
}

static void print_json_value(const char *group, const char *name, const char *value, bool first)
{
	if (!first)
		putchar(',');
	json_text(stdout, name);
	putchar(':');
	json_value(group, value);
}

static const struct {
	const char *name;
	size_t offset;
} attributes[] = {
	{ "id", offsetof(struct meter, id) },	    { "type", offsetof(struct meter, type) },
	{ "state", offsetof(struct meter, state) }, { "seen", offsetof(struct meter, seen) },
	{ "port", offsetof(struct meter, port) },   { "source", offsetof(struct meter, source) },
	{ "path", offsetof(struct meter, path) },
};

static void show_text(const struct meter *m)
{
	puts(m->name);
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		const char *value = (const char *)m + attributes[i].offset;

		if (*value)
			printf("  %-30s %s\n", attributes[i].name, value);
	}
	for (size_t i = 0; i < GROUPS; i++)
		for_each_value(m, groups[i], print_value);
}

static void show_json(const struct meter *m)
{
	fputs("{\"name\":", stdout);
	json_text(stdout, m->name);
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		const char *value = (const char *)m + attributes[i].offset;

		if (!*value)
			continue;
		printf(",\"%s\":", attributes[i].name);
		json_text(stdout, value);
	}
	for (size_t i = 0; i < GROUPS; i++) {
		printf(",\"%s\":{", groups[i]);
		for_each_value(m, groups[i], print_json_value);
		putchar('}');
	}
	puts("}");
}

static const char *sysfs_name(const char *field)
{
	for (unsigned int q = 0; q < QUANTITY_COUNT; q++)
		if (!strcmp(quantity_info[q].name, field))
			return quantity_info[q].sysfs;
	return field;
}

/* Where the field is, the first of fields/, raw/, statistics/ and the meter's own directory. */
static int find_field(const struct meter *m, const char *field, const char **group,
		      char value[VALUE_MAX])
{
	char path[METER_PATH_MAX];
	int rc;

	for (size_t i = 0; i < GROUPS; i++) {
		*group = groups[i];
		group_path(m, groups[i], path);
		rc = attribute_read(path, i == 0 ? sysfs_name(field) : field, value, VALUE_MAX);
		if (rc != -ENOENT)
			return rc;
	}
	*group = "";
	return attribute_read(m->path, field, value, VALUE_MAX);
}

static int show_field(const struct meter *m, const char *field, bool json)
{
	char value[VALUE_MAX];
	const char *group;
	int rc;

	rc = strchr(field, '/') ? -ENOENT : find_field(m, field, &group, value);
	switch (rc) {
	case -ENODATA:
		say("%s has no %s now: it is in state %s", m->name, field, m->state);
		return NOTHING;
	case -ENOENT:
	case -EISDIR:
		say("%s has no field %s: 'meterctl show %s' lists those that it has", m->name, field,
		    m->name);
		return NOTHING;
	case -EACCES:
		say("only root and the group meter may read %s of %s", field, m->name);
		return UNUSABLE;
	}
	if (rc < 0) {
		say("%s of %s cannot be read: %s", field, m->name, strerror(-rc));
		return rc == -ENODEV ? NOTHING : UNUSABLE;
	}
	if (json)
		json_value(group, value);
	else
		fputs(value, stdout);
	putchar('\n');
	return DONE;
}

static int show(const struct meter *m, const char *field, bool json)
{
	if (field)
		return show_field(m, field, json);
	if (json)
		show_json(m);
	else
		show_text(m);
	return DONE;
}

/**
 * cmd_show - show what a meter says now
 * @argc: as of main()
 * @argv: as of main(), from the command's name on
 *
 * Return: an exit code.
 */
int cmd_show(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 },
	};
	bool json = false;
	struct meter m;
	int c, rc;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'h':
			fputs(help, stdout);
			return DONE;
		case 'j':
			json = true;
			break;
		default:
			return UNUSABLE;
		}
	}
	if (argc - optind < 1 || argc - optind > 2) {
		say("show wants a meter and at most one field: 'meterctl show --help' tells more");
		return UNUSABLE;
	}
	rc = meter_argument(argv[optind], &m);
	return rc == DONE ? show(&m, argv[optind + 1], json) : rc;
}
