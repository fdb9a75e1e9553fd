// SPDX-License-Identifier: MIT
// timeout: 600
/*
 * Every capture there is, through a pty into the module: `meterctl watch --json` says of the
 * records on /dev/meterN exactly what `meterctl decode` says of the file, and all energies of a
 * record stand in sysfs and in IIO too.
 */
#include "selftest.h"
#include <glob.h>

#define PIECE	      512 /* bytes fed before it is seen to that the reader keeps up */
#define TOGETHER      12
/* A program begins and goes on beside so many others, on a debug kernel of one processor. */
#define START_MS      60000
#define PAUSE_MS      1300 /* ends a telegram without a checksum */
#define FILE_VARIABLE "CAPTURE"

/* Whole output of a program. */
struct output {
	pid_t pid;
	int fd;
	size_t len;
	char *text;
};

static void start(struct output *o, char *const *argv, bool quiet)
{
	int pipes[2];

	o->len = 0;
	o->text = calloc(1, 1);
	require(o->text && !pipe2(pipes, O_CLOEXEC));
	o->pid = fork();
	if (o->pid == 0) {
		dup2(pipes[1], STDOUT_FILENO);
		if (quiet)
			dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(pipes[1]);
	o->fd = pipes[0];
}

/* Takes what comes within @ms; false at its end. */
static bool take(struct output *o, int ms)
{
	ssize_t n;

	if (!events_of(o->fd, POLLIN, ms))
		return true;
	o->text = realloc(o->text, o->len + 4097);
	require(o->text);
	n = read(o->fd, o->text + o->len, 4096);
	if (n <= 0)
		return false;
	o->len += n;
	o->text[o->len] = '\0';
	return true;
}

static int finish(struct output *o)
{
	int status;

	while (take(o, -1))
		;
	close(o->fd);
	require(waitpid(o->pid, &status, 0) == o->pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static unsigned int lines(const struct output *o)
{
	const char *at = o->text;
	unsigned int n = 0;

	while ((at = strchr(at, '\n'))) {
		n++;
		at++;
	}
	return n;
}

/* Waits until the reader has shown every telegram that the module has counted. */
static void let_keep_up(struct line *l, struct output *watch)
{
	int64_t end = now_ms() + START_MS;

	line_sync(l);
	while (lines(watch) < counter(l, "telegrams")) {
		require(now_ms() < end, "%u of %u telegrams are shown", lines(watch),
			(unsigned int)counter(l, "telegrams"));
		require(take(watch, 100), "meterctl watch has ended");
	}
}

/* The last whole line of what the reader has shown, or NULL. */
static const char *last_line(const struct output *o)
{
	const char *end = strrchr(o->text, '\n'), *at = end;

	while (at && at > o->text && at[-1] != '\n')
		at--;
	return at;
}

/* The channel in_energyN of energy_@name, -1 for none. */
static int energy_channel(const char *name)
{
	int n;

	if (!strncmp(name, "import\"", 7))
		return 0;
	if (!strncmp(name, "export\"", 7))
		return 11;
	if (sscanf(name, "import_t%d", &n) == 1)
		return n <= 10 ? n : -1;
	if (sscanf(name, "export_t%d", &n) == 1)
		return n <= 4 ? 11 + n : -1;
	return sscanf(name, "reactive_q%d", &n) == 1 ? 15 + n : -1;
}

static bool file_is(const char *path, const char *value)
{
	char text[64];

	return file_read(path, text, sizeof(text)) > 0 && !strcmp(text, value);
}

/*
 * Whether sysfs and IIO have an energy of a record, at @energy in its line. One that only damaged
 * telegrams have had is in neither.
 */
static bool energy_agrees(const struct line *l, int iio, const char *energy, bool damaged)
{
	char name[64], path[300], value[32];
	int channel = energy_channel(energy);

	snprintf(value, sizeof(value), "%lld",
		 (long long)(atof(strchr(energy, ':') + 1) + 0.5));
	snprintf(name, sizeof(name), "fields/energy_%.*s_%s", (int)strcspn(energy, "\""), energy,
		 strncmp(energy, "reactive", 8) ? "wh" : "varh");
	attr_path(l, name, path, sizeof(path));
	if (damaged && access(path, F_OK))
		return true;
	if (!file_is(path, value))
		return false;
	if (channel < 0)
		return true;
	snprintf(name, sizeof(name), "in_energy%d_raw", channel);
	return file_is(iio_path(iio, name, path, sizeof(path)), value);
}

/* The same of all energies in a line; counts them. */
static bool energies_agree(const struct line *l, const char *line, unsigned int *count)
{
	static const char key[] = "\"energy_";
	bool damaged = !strstr(line, "\"damaged\":0");
	const char *at = line;
	int iio = -1;

	while ((at = strstr(at, key))) {
		at += strlen(key);
		if (iio < 0)
			iio = iio_find(l);
		if (!energy_agrees(l, iio, at, damaged))
			return false;
		(*count)++;
	}
	return true;
}

/* Nothing comes in between, unless a pause ends a telegram: then there is another last line. */
static unsigned int compare_energies(struct line *l, struct output *watch)
{
	unsigned int count = 0;
	const char *line = NULL;

	require(becomes_true((let_keep_up(l, watch), count = 0, line = last_line(watch),
			      attr_is(l, "state", "stale") || energies_agree(l, line, &count)),
			     PATIENCE_MS),
		"energies of the record, sysfs and IIO differ: %.*s", (int)strcspn(line, "\n"),
		line);
	return count;
}

/* How much of a piece to feed at once: not more than one TIC frame, with parity or without. */
static ssize_t to_end_of_frame(const char *piece, ssize_t size)
{
	ssize_t n;

	for (n = 0; n < size; n++)
		if ((piece[n] & 0x7f) == '\003')
			return n + 1;
	return size;
}

/* Returns how many energies were compared. */
static unsigned int feed_file(struct line *l, const char *path, struct output *watch)
{
	bool has_iio = !access("/sys/bus/iio", F_OK);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned int telegrams = 0, compared = 0;
	char piece[PIECE];
	ssize_t n, at = 0;

	require(fd >= 0);
	while ((n = pread(fd, piece, sizeof(piece), at)) > 0) {
		n = to_end_of_frame(piece, n);
		at += n;
		line_feed(l, piece, n);
		let_keep_up(l, watch);
		if (has_iio && lines(watch) > telegrams)
			compared += compare_energies(l, watch);
		telegrams = lines(watch);
	}
	close(fd);
	return has_iio ? compared : -1;
}

/* Whether a process has a file open. */
static bool has_open(pid_t pid, const char *file)
{
	char path[300], target[300];
	struct dirent *entry;
	bool found = false;
	ssize_t n;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%.200s", pid, entry->d_name);
		n = readlink(path, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		found = !strcmp(target, file);
	}
	if (dir)
		closedir(dir);
	return found;
}

static void capture_is_the_same_over_the_device(void)
{
	char path[300], name[32], node[64];
	char *decode_argv[] = { "meterctl", "decode", path, NULL };
	char *watch_argv[] = {
		"meterctl", "watch", "--json", "--oldest", "--until-gone", name, NULL,
	};
	struct output decoded, watched;
	unsigned int compared;
	struct line l;
	int64_t end;

	snprintf(path, sizeof(path), "%s", getenv(FILE_VARIABLE));
	start(&decoded, decode_argv, true);
	require(finish(&decoded) <= 1);
	line_attach(&l);
	snprintf(name, sizeof(name), "meter%d", l.meter);
	start(&watched, watch_argv, false);
	require(becomes_true(has_open(watched.pid, node_path(&l, node, sizeof(node))), START_MS),
		"meterctl watch does not open %s", node);
	compared = feed_file(&l, path, &watched);
	end = now_ms() + PAUSE_MS;
	while (now_ms() < end)
		take(&watched, end - now_ms());
	let_keep_up(&l, &watched);
	if (!compared && strstr(watched.text, "\"energy_"))
		compared = compare_energies(&l, &watched);
	line_hang_up(&l);
	finish(&watched);
	require(compared || !strstr(watched.text, "\"energy_"), "no energy was compared");
	if (!strcmp(decoded.text, watched.text))
		return;
	printf("# decode: %.*s\n", (int)strcspn(decoded.text, "\n"), decoded.text);
	printf("# watch:  %.*s\n", (int)strcspn(watched.text, "\n"), watched.text);
	require(!"the same", "%u telegrams from the file, %u from the device", lines(&decoded),
		lines(&watched));
}

static struct running start_capture(const char *path)
{
	const struct test test = LONG_TEST(capture_is_the_same_over_the_device, 240);

	setenv(FILE_VARIABLE, path, 1);
	return start_test(&test);
}

/* Some at a time, for most of the time is the pause at their end. */
static int run_captures(char **paths, size_t count, int kmsg)
{
	struct running running[count];
	int status, faults, failed = 0;
	size_t i, started = 0;
	char reason[256];

	for (i = 0; i < count; i++) {
		for (; started < count && started < i + TOGETHER; started++)
			running[started] = start_capture(paths[started]);
		status = finish_test(&running[i], reason, sizeof(reason));
		faults = kernel_faults(kmsg);
		failed += report_test(paths[i] + 1, i + 1, status, faults, reason);
	}
	return failed;
}

int main(void)
{
	glob_t g = { 0 };

	glob("/corpus/tic/*.bin", 0, NULL, &g);
	glob("/corpus/p1/*.bin", GLOB_APPEND, NULL, &g);
	glob("/corpus/p1/*.txt", GLOB_APPEND, NULL, &g);
	glob("/vectors/*.bin", GLOB_APPEND, NULL, &g);
	if (!g.gl_pathc) {
		printf("TAP version 13\n1..0 # SKIP there are no captures\n");
		return SKIPPED;
	}
	printf("TAP version 13\n1..%zu\n", g.gl_pathc);
	return run_captures(g.gl_pathv, g.gl_pathc, begin_tests()) ? 1 : 0;
}
