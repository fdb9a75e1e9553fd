// SPDX-License-Identifier: MIT
/*
 * meterctl show: what a meter says now, from sysfs or through iiod of another machine.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/json.h"
#include "../lib/say.h"
#include "commands.h"
#include "iio_argument.h"
#include "meter_argument.h"

static const char help[] =
	"Usage: meterctl show [--json] [--uri URI] METER [FIELD]\n"
	"Show what a meter says now, or one field of it, as the kernel has it in sysfs.\n"
	"\n"
	"METER is meterN, its id, or the beginning of either. FIELD is the name of a\n"
	"file in the meter's directory (state), in fields/ (energy_import_wh), in raw/\n"
	"(PAPP, 1-0:1.8.1) or in statistics/ (telegrams), or the name of a quantity\n"
	"(energy_import). A value which the meter does not send, or no longer sends, is\n"
	"left out: it is never shown as 0.\n"
	"\n"
	"  --json     one JSON object with the attributes and the objects fields, raw and\n"
	"             statistics; for one FIELD a number or a string\n"
	"  --uri URI  a meter of another machine, through its iiod: ip:HOST; or local:\n"
	"             for the IIO devices of this one. IIO carries the meter's name, id,\n"
	"             type, state, port and source, and of fields/ voltages, currents,\n"
	"             powers and energies\n"
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

/**
 * struct shown - a meter that is shown
 * @meter: the meter
 * @reading: of a meter that IIO shows, what it says now: all that there is of fields/; else NULL
 */
struct shown {
	const struct meter *meter;
	const struct reading *reading;
};

typedef void (*print_function)(const char *group, const char *name, const char *value, bool first);

static void group_path(const struct meter *m, const char *group, char path[METER_PATH_MAX])
{
	snprintf(path, METER_PATH_MAX, "%s/%s", m->path, group);
}

static int by_sysfs_name(const void *a, const void *b)
{
	return strverscmp(quantity_info[*(const u8 *)a].sysfs, quantity_info[*(const u8 *)b].sysfs);
}

/* In the order of the names of files, as those of a directory. */
static void for_each_quantity(const struct reading *r, print_function print)
{
	u8 order[QUANTITY_COUNT];
	bool first = true;
	char value[32];

	for (unsigned int q = 0; q < QUANTITY_COUNT; q++)
		order[q] = q;
	qsort(order, QUANTITY_COUNT, sizeof(order[0]), by_sysfs_name);
	for (unsigned int i = 0; i < QUANTITY_COUNT; i++) {
		enum quantity q = order[i];

		if (!reading_has(r, q))
			continue;
		snprintf(value, sizeof(value), "%" PRId64,
			 (int64_t)quantity_to_sysfs(q, r->milli[q]));
		print("fields", quantity_info[q].sysfs, value, first);
		first = false;
	}
}

/* Calls @print for each file of a group that has a value now. */
static void for_each_file(const struct meter *m, const char *group, print_function print)
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

static void for_each_value(const struct shown *s, const char *group, print_function print)
{
	if (!s->reading)
		for_each_file(s->meter, group, print);
	else if (!strcmp(group, "fields"))
		for_each_quantity(s->reading, print);
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

static void show_text(const struct shown *s)
{
	const struct meter *m = s->meter;

	puts(m->name);
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		const char *value = (const char *)m + attributes[i].offset;

		if (*value)
			printf("  %-30s %s\n", attributes[i].name, value);
	}
	for (size_t i = 0; i < GROUPS; i++)
		for_each_value(s, groups[i], print_value);
}

static void show_json(const struct shown *s)
{
	const struct meter *m = s->meter;

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
		for_each_value(s, groups[i], print_json_value);
		putchar('}');
	}
	puts("}");
}

static enum quantity quantity_named(const char *field)
{
	for (unsigned int q = 0; q < QUANTITY_COUNT; q++)
		if (!strcmp(quantity_info[q].name, field) || !strcmp(quantity_info[q].sysfs, field))
			return q;
	return Q_NONE;
}

static const char *sysfs_name(const char *field)
{
	enum quantity q = quantity_named(field);

	return q == Q_NONE ? field : quantity_info[q].sysfs;
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

/* What came of looking for a field; @rc as of attribute_read(). */
static int print_field(const struct meter *m, const char *group, const char *field,
		       const char *value, int rc, bool json)
{
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

static int show_field(const struct meter *m, const char *field, bool json)
{
	char value[VALUE_MAX];
	const char *group = "";
	int rc;

	rc = strchr(field, '/') ? -ENOENT : find_field(m, field, &group, value);
	return print_field(m, group, field, value, rc, json);
}

static void show_all(const struct shown *s, bool json)
{
	if (json)
		show_json(s);
	else
		show_text(s);
}

static int show(const char *wanted, const char *field, bool json)
{
	struct meter m;
	int rc;

	rc = meter_argument(wanted, &m);
	if (rc != DONE)
		return rc;
	if (field)
		return show_field(&m, field, json);
	show_all(&(struct shown){ .meter = &m }, json);
	return DONE;
}

static int show_iio_field(const struct iio_meters *im, const struct iio_meter *m,
			  const char *field, bool json)
{
	enum quantity q = quantity_named(field);
	char value[VALUE_MAX];
	int rc;

	if (q == Q_NONE)
		rc = iio_meter_attribute(im, m, field, value, sizeof(value));
	else
		rc = iio_meter_value(im, m, q, value, sizeof(value));
	if (rc == -ENOENT) {
		say("IIO carries no %s of %s: without a FIELD, what it carries is listed", field,
		    m->about.name);
		return NOTHING;
	}
	return print_field(&m->about, q == Q_NONE ? "" : "fields", field, value, rc, json);
}

static int show_iio_meter(const struct iio_meters *im, const struct iio_meter *m, bool json)
{
	struct reading reading;
	int rc = iio_meter_reading(im, m, &reading);

	if (rc) {
		say("%s cannot be read: %s", m->about.name, strerror(-rc));
		return rc == -ENODEV || rc == -ENOENT ? NOTHING : UNUSABLE;
	}
	show_all(&(struct shown){ .meter = &m->about, .reading = &reading }, json);
	return DONE;
}

static int show_uri(const char *uri, const char *wanted, const char *field, bool json)
{
	struct iio_meters im;
	struct iio_meter m;
	int rc;

	if (!uri_open(uri, &im))
		return UNUSABLE;
	rc = iio_meter_argument(&im, uri, wanted, &m);
	if (rc == DONE)
		rc = field ? show_iio_field(&im, &m, field, json) : show_iio_meter(&im, &m, json);
	iio_meters_close(&im);
	return rc;
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
		{ "uri", required_argument, NULL, 'u' },
		{ 0 },
	};
	const char *uri = NULL;
	bool json = false;
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'h':
			fputs(help, stdout);
			return DONE;
		case 'j':
			json = true;
			break;
		case 'u':
			uri = optarg;
			break;
		default:
			return UNUSABLE;
		}
	}
	if (argc - optind < 1 || argc - optind > 2) {
		say("show wants a meter and at most one field: 'meterctl show --help' tells more");
		return UNUSABLE;
	}
	if (uri)
		return show_uri(uri, argv[optind], argv[optind + 1], json);
	return show(argv[optind], argv[optind + 1], json);
}
