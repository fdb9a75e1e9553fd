// SPDX-License-Identifier: MIT
/*
 * The ABI pages and a running module name the same things.
 */
#include "selftest.h"

#define PAGES	  "/abi"
#define CLASS	  "/sys/class/meter/meterN/"
#define NAMES_MAX 512

/* A set of paths as the pages write them: digits that count are N or Y, labels LABEL. */
struct names {
	size_t count;
	char name[NAMES_MAX][128];
};

static bool has_name(const struct names *n, const char *name)
{
	size_t i;

	for (i = 0; i < n->count; i++)
		if (!strcmp(n->name[i], name))
			return true;
	return false;
}

static void add_name(struct names *n, const char *name)
{
	if (has_name(n, name))
		return;
	require(n->count < NAMES_MAX);
	snprintf(n->name[n->count++], sizeof(n->name[0]), "%s", name);
}

static void documented(const char *page, struct names *n)
{
	static char text[65536];
	char path[128], *line, *rest = text;

	snprintf(path, sizeof(path), "%s/%s", PAGES, page);
	if (access(path, R_OK))
		skip("the guest has no /abi");
	require(file_read(path, text, sizeof(text)) > 0);
	while ((line = strsep(&rest, "\n")))
		if (!strncmp(line, "What:", 5))
			add_name(n, line + 5 + strspn(line + 5, "\t "));
	require(n->count > 0, "%s says nothing", path);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Puts @letter for the number behind each of @before: _t12_ is _tN_. */
static void generalise(char *name, const char *before, char letter)
{
	char *from, *to;
	bool numbered;

	for (from = to = name; *from; from++) {
		numbered = from > name + 1 && is_digit(*from) && strchr(before, from[-1]);
		*to++ = numbered ? letter : *from;
		while (numbered && is_digit(from[1]))
			from++;
	}
	*to = '\0';
}

/* What every class device has; not ours to document. */
static bool is_of_every_device(const char *name)
{
	static const char *const names[] = {
		"dev", "device", "power", "subsystem", "uevent", "fields", "raw", "statistics",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return !strncmp(name, "iio:device", 10);
}

static void add_directory(const struct line *l, const char *directory, struct names *n)
{
	char list[16384], path[512], *name, *rest = list;

	attr_names(l, *directory ? directory : ".", list, sizeof(list));
	while ((name = strsep(&rest, " "))) {
		if (!*name || (!*directory && is_of_every_device(name)))
			continue;
		if (!strcmp(directory, "raw/"))
			name = "LABEL";
		else if (!strcmp(directory, "fields/"))
			generalise(name, "tlq", 'N');
		snprintf(path, sizeof(path), CLASS "%s%s", directory, name);
		add_name(n, path);
	}
}

static void add_meter(const struct line *l, struct names *n)
{
	add_name(n, CLASS);
	add_name(n, CLASS "fields/");
	add_name(n, CLASS "raw/");
	add_name(n, CLASS "statistics/");
	add_directory(l, "", n);
	add_directory(l, "fields/", n);
	add_directory(l, "raw/", n);
	add_directory(l, "statistics/", n);
}

/* Telegrams that together have every quantity. */
static void all_of_historique(struct text *t)
{
	tic_begin(t);
	tic_group(t, "ADCO", HIST_NUMBER);
	tic_group(t, "ISOUSC", "30");
	tic_group(t, "BASE", "000001000");
	tic_group(t, "PTEC", "TH..");
	tic_group(t, "IINST1", "001");
	tic_group(t, "IINST2", "002");
	tic_group(t, "IINST3", "003");
	tic_group(t, "PAPP", "00420");
	tic_end(t);
}

static void all_of_standard(struct text *t)
{
	static const char *const numbers[] = {
		"EAST",	   "EASF01",  "EASF10", "EAIT",	 "ERQ1",  "ERQ2",  "ERQ3",   "ERQ4",
		"IRMS1",   "IRMS2",   "IRMS3",	"URMS1", "URMS2", "URMS3", "SINSTS", "SINSTS1",
		"SINSTS2", "SINSTS3", "SINSTI", "PREF",	 "PCOUP", "NTARF",
	};
	size_t i;

	tic_begin(t);
	tic_std_group(t, "ADSC", NULL, STD_NUMBER);
	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		tic_std_group(t, numbers[i], NULL, "00005");
	tic_end(t);
}

static void all_of_p1(struct text *t)
{
	static const char *const energies[] = { "1.8.0", "1.8.1", "2.8.0", "2.8.1" };
	static const char *const reactive[] = {
		"3.8.0", "4.8.0", "5.8.0", "6.8.0", "7.8.0", "8.8.0",
	};
	static const char *const powers[] = {
		"1.7.0",  "2.7.0",  "21.7.0", "41.7.0", "61.7.0",
		"22.7.0", "42.7.0", "62.7.0", "16.7.0", "1.4.0",
	};
	static const char *const reactive_powers[] = {
		"3.7.0", "4.7.0", "23.7.0", "43.7.0", "63.7.0", "24.7.0", "44.7.0", "64.7.0",
	};
	static const char *const apparent[] = { "9.7.0", "29.7.0", "49.7.0", "69.7.0", "10.7.0" };
	static const char *const others[] = {
		"1-0:1.6.0(241001120000S)(00.500*kW)",
		"1-0:32.7.0(230.1*V)",
		"1-0:52.7.0(230.1*V)",
		"1-0:72.7.0(230.1*V)",
		"1-0:31.7.0(001*A)",
		"1-0:51.7.0(001*A)",
		"1-0:71.7.0(001*A)",
		"1-0:14.7.0(49.98*Hz)",
		"1-0:13.7.0(0.985)",
		"0-0:96.14.0(0002)",
		"0-1:24.1.0(003)",
		"0-1:96.1.0(31)",
		"0-1:24.2.1(241011010000S)(00012.345*m3)",
		"0-2:24.1.0(007)",
		"0-2:96.1.0(32)",
		"0-2:24.2.1(241011010000S)(00012.345*m3)",
		"0-3:24.1.0(004)",
		"0-3:96.1.0(33)",
	};
	char line[128];
	size_t i;

#define EACH(codes, value)                                                   \
	for (i = 0; i < ARRAY_SIZE(codes); i++) {                            \
		snprintf(line, sizeof(line), "1-0:%s(%s)", codes[i], value); \
		p1_line(t, line);                                            \
	}
	p1_head(t);
	EACH(energies, "000001.000*kWh");
	EACH(reactive, "000001.000*kvarh");
	EACH(powers, "00.420*kW");
	EACH(reactive_powers, "00.420*kvar");
	EACH(apparent, "00.420*kVA");
	for (i = 0; i < ARRAY_SIZE(others); i++)
		p1_line(t, others[i]);
#undef EACH
}

/* Heat comes in GJ or in kWh. */
static void all_of_p1_with_heat(struct text *t, const char *heat)
{
	char line[64];

	all_of_p1(t);
	snprintf(line, sizeof(line), "0-3:24.2.1(241011010000S)(%s)", heat);
	p1_line(t, line);
	p1_end(t, 0);
}

static void feed_all(struct line l[3])
{
	struct text t = { 0 };
	int i;

	for (i = 0; i < 3; i++)
		line_attach(&l[i]);
	all_of_historique(&t);
	line_feed_text(&l[0], &t);
	all_of_standard(&t);
	line_feed_text(&l[1], &t);
	all_of_p1_with_heat(&t, "12.345*GJ");
	all_of_p1_with_heat(&t, "12.345*kWh");
	line_feed_text(&l[2], &t);
	for (i = 0; i < 3; i++)
		require_attr(&l[i], "state", "locked");
	require_attr(&l[2], "fields/heat_wh", "12345");
}

/* Says what only one of the two has; how much that is. */
static int differences(const struct names *page, const struct names *running)
{
	int count = 0;
	size_t i;

	for (i = 0; i < running->count; i++)
		if (!has_name(page, running->name[i])) {
			printf("# not documented: %s\n", running->name[i]);
			count++;
		}
	for (i = 0; i < page->count; i++)
		if (!has_name(running, page->name[i]) && access(page->name[i], F_OK)) {
			printf("# documented, but not there: %s\n", page->name[i]);
			count++;
		}
	return count;
}

static void sysfs_has_exactly_what_its_page_says(void)
{
	static struct names page, running;
	struct line l[3];
	size_t i;

	documented("sysfs-class-meter", &page);
	feed_all(l);
	for (i = 0; i < 3; i++)
		add_meter(&l[i], &running);
	require(differences(&page, &running) == 0);
	require(running.count > 50);
}

/* What the IIO core gives to every device. */
static bool is_of_every_iio_device(const char *name)
{
	return is_of_every_device(name) || !strcmp(name, "name") || !strcmp(name, "buffer") ||
	       !strcmp(name, "buffer0") || !strcmp(name, "scan_elements") ||
	       !strcmp(name, "events") ||
	       !strcmp(name, "current_timestamp_clock") || !strcmp(name, "waiting_for_supplier");
}

static void add_iio_directory(int iio, const char *directory, struct names *n)
{
	char path[512];
	DIR *dir = opendir(iio_path(iio, directory, path, sizeof(path)));
	struct dirent *entry;

	require(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || is_of_every_iio_device(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "/sys/bus/iio/devices/iio:deviceX/%s%s", directory,
			 entry->d_name);
		generalise(path, "etry", 'Y');
		add_name(n, path);
	}
	closedir(dir);
}

static void add_iio(const struct line *l, struct names *n)
{
	int iio = iio_wait(l);

	add_name(n, "/sys/bus/iio/devices/iio:deviceX/");
	add_iio_directory(iio, "", n);
	add_iio_directory(iio, "events/", n);
}

static void iio_has_exactly_what_its_page_says(void)
{
	static struct names page, running;
	struct line l[3];
	size_t i;

	documented("sysfs-bus-iio-meter", &page);
	feed_all(l);
	for (i = 0; i < 3; i++)
		add_iio(&l[i], &running);
	require(differences(&page, &running) == 0);
	require(running.count > 10);
}

static void iio_indexes_and_labels_are_those_of_the_page(void)
{
	static const struct {
		const char *file, *label;
		int line;
	} rows[] = {
		{ "in_voltage0", "l1", 2 },
		{ "in_voltage2", "l3", 2 },
		{ "in_current1", "l2", 2 },
		{ "in_power0", "apparent_import", 1 },
		{ "in_power3", "apparent_import_l3", 1 },
		{ "in_power4", "apparent_export", 1 },
		{ "in_power5", "active_import", 2 },
		{ "in_power8", "active_import_l3", 2 },
		{ "in_power9", "active_export", 2 },
		{ "in_power12", "active_export_l3", 2 },
		{ "in_power13", "active_net", 2 },
		{ "in_power14", "reactive_import", 2 },
		{ "in_power15", "reactive_export", 2 },
		{ "in_energy0", "import", 0 },
		{ "in_energy1", "import_t1", 1 },
		{ "in_energy10", "import_t10", 1 },
		{ "in_energy11", "export", 1 },
		{ "in_energy12", "export_t1", 2 },
		{ "in_energy16", "reactive_q1", 1 },
		{ "in_energy19", "reactive_q4", 2 },
	};
	char name[64], label[64];
	struct line l[3];
	size_t i;

	feed_all(l);
	for (i = 0; i < 3; i++)
		iio_wait(&l[i]);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		snprintf(name, sizeof(name), "%s_label", rows[i].file);
		require(iio_read(iio_find(&l[rows[i].line]), name, label, sizeof(label)) > 0,
			"no %s", name);
		require(!strcmp(label, rows[i].label), "%s is %s", name, label);
	}
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		TEST(sysfs_has_exactly_what_its_page_says),
		TEST(iio_has_exactly_what_its_page_says),
		TEST(iio_indexes_and_labels_are_those_of_the_page),
	};

	return selftest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
