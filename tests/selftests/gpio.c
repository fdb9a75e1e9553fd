// SPDX-License-Identifier: MIT
// clock: virtual
// timeout: 600
/*
 * A meter on a GPIO: what the module tests/modules/edges.c plays comes out of line_gpio as it went
 * in, or it is counted.
 */
#include "selftest.h"
#include <linux/meterline.h>
#include <sys/mount.h>

#define DRIVER	   "/sys/bus/platform/drivers/meterline-gpio/"
#define DEVICE	   "meterline-gpio"
#define PORT	   "edges/0"
#define PLAYER	   "/sys/kernel/debug/edges/"
#define PARAMETERS "/sys/module/edges/parameters/"

/* ---- the player --------------------------------------------------------------------------- */

static void edges_remove(void)
{
	if (!access("/sys/module/edges", F_OK))
		require(syscall(SYS_delete_module, "edges", O_NONBLOCK) == 0);
}

/* Loads the player with @parameters, and so a meter's line; none when @l is NULL. */
static void edges_load(struct line *l, const char *parameters)
{
	char command[128];

	edges_remove();
	if (access("/sys/bus/platform/drivers/meterline-gpio", F_OK))
		skip("this kernel has no GPIOs");
	snprintf(command, sizeof(command), "modprobe edges %s", parameters);
	if (system(command))
		skip("there is no module edges for this kernel");
	if (!l)
		return;
	memset(l, 0, sizeof(*l));
	require(becomes_true((l->meter = meter_of_port(PORT)) >= 0, PATIENCE_MS));
}

static void edges_set(const char *parameter, int value)
{
	char path[128], text[16];

	snprintf(path, sizeof(path), PARAMETERS "%s", parameter);
	snprintf(text, sizeof(text), "%d", value);
	require(file_write(path, text), "%s", path);
}

static uint64_t edges_number(const char *name)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), PLAYER "%s", name);
	require(file_read(path, text, sizeof(text)) > 0, "%s", path);
	return strtoull(text, NULL, 10);
}

/* Plays all of @t, and waits until what came of it has arrived. */
static void edges_play(struct line *l, const struct text *t)
{
	int fd = open(PLAYER "play", O_WRONLY | O_CLOEXEC);
	struct timespec settle = { .tv_nsec = 100000000 };

	require(fd >= 0);
	require(write(fd, t->bytes, t->len) == (ssize_t)t->len);
	close(fd);
	nanosleep(&settle, NULL);
	l->sent += t->len;
}

static void edges_toggle(unsigned int count, unsigned int ns)
{
	char text[32];

	snprintf(text, sizeof(text), "%u %u", count, ns);
	require(file_write(PLAYER "toggle", text));
}

/* Plays @t in a process of its own, over and over until the line is gone. */
static pid_t edges_play_on(const struct text *t)
{
	pid_t pid = fork();

	while (pid == 0) {
		int fd = open(PLAYER "play", O_WRONLY | O_CLOEXEC);

		if (fd < 0 || write(fd, t->bytes, t->len) != (ssize_t)t->len)
			_exit(0);
		close(fd);
	}
	require(pid > 0);
	return pid;
}

static void edges_stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void bind_driver(bool bind)
{
	require(file_write(bind ? DRIVER "bind" : DRIVER "unbind", DEVICE));
}

/* Interrupts that the driver had from a chip, whose name has a blank on both sides. */
static uint64_t interrupts(const char *chip)
{
	static char text[16384];
	char *line;

	require(file_read("/proc/interrupts", text, sizeof(text)) > 0);
	line = strstr(text, chip);
	require(line);
	while (line > text && line[-1] != '\n')
		line--;
	return strtoull(strchr(line, ':') + 1, NULL, 10);
}

/* ---- captures ----------------------------------------------------------------------------- */

/* At most @size bytes of a real capture, or of one from the simulator where there is none. */
static void capture(struct text *t, const char *real, const char *simulated, size_t size)
{
	char path[128];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/corpus/tic/%s.bin", real);
	if (access(path, R_OK))
		snprintf(path, sizeof(path), "/vectors/%s.bin", simulated);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	require(fd >= 0, "%s", path);
	n = read(fd, t->bytes, size);
	close(fd);
	require(n > 100);
	t->len = n;
}

static void historique(struct text *t)
{
	capture(t, "lains-linky_3P_historical_sample", "tic-historique-base", 1600);
}

static void standard(struct text *t)
{
	capture(t, "lains-linky_1P_standard_sample", "tic-standard", 1800);
}

/* The bodies of all records that a meter keeps. */
static void records_of(const struct line *l, char *all, size_t size)
{
	int fd = node_open(l, O_NONBLOCK);
	char record[METERLINE_RECORD_MAX];
	ssize_t n;

	all[0] = '\0';
	while ((n = read(fd, record, sizeof(record) - 1)) > 0) {
		record[n] = '\0';
		strncat(all, record_body(record), size - strlen(all) - 1);
	}
	require(n < 0 && errno == EAGAIN);
	close(fd);
}

static const char *const counters[] = {
	"bytes",    "telegrams", "bad_checksum",   "bad_parity",
	"bad_form", "resyncs",	 "unknown_labels", "oversize",
};

/* What came over the GPIO is what comes over a pty. */
static void require_same_as_pty(const struct line *gpio, const struct text *t)
{
	static char over_gpio[65536], over_pty[65536];
	struct text copy = *t;
	struct line pty;
	size_t i;

	require(counter(gpio, "uart_framing") == 0 && counter(gpio, "uart_overruns") == 0);
	line_attach(&pty);
	line_feed_text(&pty, &copy);
	line_sync(&pty);
	for (i = 0; i < ARRAY_SIZE(counters); i++)
		require(counter(gpio, counters[i]) == counter(&pty, counters[i]), "%s: %u, not %u",
			counters[i], (unsigned int)counter(gpio, counters[i]),
			(unsigned int)counter(&pty, counters[i]));
	records_of(gpio, over_gpio, sizeof(over_gpio));
	records_of(&pty, over_pty, sizeof(over_pty));
	require(over_pty[0] && !strcmp(over_gpio, over_pty));
	line_close(&pty);
}

static void require_capture(const char *parameters, void (*make)(struct text *))
{
	struct text t = { 0 };
	struct line l;

	make(&t);
	edges_load(&l, parameters);
	edges_play(&l, &t);
	require_same_as_pty(&l, &t);
	printf("# %s: %u characters, an edge was late by %u ns at most\n", parameters,
	       (unsigned int)t.len, (unsigned int)edges_number("late_ns"));
	edges_remove();
}

static void capture_at_1200_baud_arrives_without_loss(void)
{
	require_capture("speed=1200 baud=1200", historique);
}

static void capture_at_9600_baud_arrives_without_loss(void)
{
	require_capture("speed=9600 baud=9600", standard);
}

static void capture_at_1200_baud_arrives_by_toggling(void)
{
	require_capture("speed=1200 baud=1200 sleeps=1", historique);
}

static void capture_at_9600_baud_arrives_by_toggling(void)
{
	require_capture("speed=9600 baud=9600 sleeps=1", standard);
}

static void inverted_line_is_read_as_active_low(void)
{
	require_capture("speed=9600 baud=9600 inverted=1", standard);
}

/* ---- what sysfs says ---------------------------------------------------------------------- */

static void sysfs_says_where_the_meter_is(void)
{
	char path[300], place[4096];
	struct line l;

	edges_load(&l, "speed=1200");
	require(attr_is(&l, "source", "gpio") && attr_is(&l, "port", PORT));
	require(attr_is(&l, "state", "searching") && attr_is(&l, "seen", "nothing"));
	require(realpath(attr_path(&l, "device", path, sizeof(path)), place));
	require(!strcmp(place, "/sys/devices/platform/" DEVICE), "%s", place);
	edges_remove();
	require(meter_count() == 0);
}

static void speed_that_tic_does_not_have_is_refused(void)
{
	edges_load(NULL, "speed=300");
	require(meter_count() == 0);
	require(access("/sys/bus/platform/devices/" DEVICE "/driver", F_OK));
	edges_remove();
}

static void speed_is_found_out_and_followed(void)
{
	struct text slow = { 0 }, fast = { 0 };
	struct line l;

	historique(&slow);
	standard(&fast);
	edges_load(&l, "baud=1200");
	edges_play(&l, &slow);
	require_attr(&l, "type", "tic-historique");
	edges_set("baud", 9600);
	edges_play(&l, &fast);
	require_attr(&l, "type", "tic-standard");
	edges_set("baud", 1200);
	edges_play(&l, &slow);
	require_attr(&l, "type", "tic-historique");
	edges_remove();
}

/* ---- bad lines ---------------------------------------------------------------------------- */

/* The specification of the line in the words of the player. */
struct quality {
	int ppm, jitter, skew;
};

/* Frames that arrive of @count, after one for the receiver to learn the line. */
static void require_frames(struct line *l, const struct quality *q, int baud)
{
	struct text t = { 0 };
	int i, count = 4;

	edges_set("baud", baud);
	edges_set("ppm", q->ppm);
	edges_set("jitter", q->jitter);
	edges_set("skew", q->skew);
	for (i = 0; i <= count; i++)
		baud == 1200 ? tic_base(&t, 1000 + i, 420) : tic_std(&t, 1000 + i, 420);
	edges_play(l, &t);
	require(counter(l, "telegrams") >= (uint64_t)count && counter(l, "bad_checksum") <= 1 &&
			counter(l, "bad_form") <= 1,
		"%d ppm, jitter %d, skew %d at %d baud: %u telegrams, framing %u, lost %u",
		q->ppm, q->jitter, q->skew, baud, (unsigned int)counter(l, "telegrams"),
		(unsigned int)counter(l, "uart_framing"),
		(unsigned int)counter(l, "uart_overruns"));
	require(attr_is(l, "fields/energy_import_wh", "1004"));
}

static void lines_at_the_limits_are_read(void)
{
	static const struct quality limits[] = {
		{ 30000, 100, 0 },  { -30000, 100, 0 }, { 10000, 200, 0 },
		{ -10000, 200, 0 }, { 0, 0, 450 },	{ 0, 0, -450 },
	};
	char parameters[64];
	struct line l;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		int baud = i % 2 ? 9600 : 1200;

		snprintf(parameters, sizeof(parameters), "speed=%d sleeps=%d", baud, i % 3 == 2);
		edges_load(&l, parameters);
		require_frames(&l, &limits[i], baud);
		edges_remove();
	}
}

/* Every value in the records of a meter is one that was sent. */
static void require_true_values(const struct line *l, const struct text *t)
{
	static char all[65536], sent[65536];
	char *line, *rest = all;
	struct line pty;

	line_attach(&pty);
	line_feed(&pty, t->bytes, t->len);
	line_sync(&pty);
	records_of(&pty, sent, sizeof(sent));
	line_close(&pty);
	records_of(l, all, sizeof(all));
	while ((line = strsep(&rest, "\n")))
		require(strstr(sent, line), "never sent: %s", line);
}

static void bad_edges(const char *kind, const char *parameters, int out_of_100000)
{
	struct text t = { 0 };
	struct line l;
	int i;

	for (i = 0; i < 6; i++)
		tic_std(&t, 1000, 420);
	edges_load(&l, parameters);
	edges_set("baud", 9600);
	edges_set(kind, out_of_100000);
	edges_play(&l, &t);
	printf("# %s %s: %u of %u characters, framing %u, lost %u, checksum %u, form %u\n", kind,
	       parameters, (unsigned int)counter(&l, "bytes"), (unsigned int)t.len,
	       (unsigned int)counter(&l, "uart_framing"),
	       (unsigned int)counter(&l, "uart_overruns"),
	       (unsigned int)counter(&l, "bad_checksum"), (unsigned int)counter(&l, "bad_form"));
	require(counter(&l, "uart_framing") + counter(&l, "uart_overruns") > 0);
	require(counter(&l, "bytes") < t.len && counter(&l, "bytes") > t.len / 2);
	require_true_values(&l, &t);
	edges_set(kind, 0);
	t.len /= 3;
	edges_play(&l, &t);
	require_attr(&l, "fields/energy_import_wh", "1000");
	edges_remove();
}

static void lost_edges_are_counted_and_make_no_wrong_value(void)
{
	bad_edges("lost", "speed=9600", 300);
	bad_edges("lost", "speed=9600 sleeps=1", 300);
}

static void repeated_edges_are_counted_and_make_no_wrong_value(void)
{
	bad_edges("repeated", "speed=9600", 300);
	bad_edges("repeated", "speed=9600 sleeps=1", 300);
}

/* Pulses that are no bit inside of bits: most are dropped without harm to the character. */
static void glitches_make_no_wrong_value(void)
{
	struct text t = { 0 };
	struct line l;
	int i;

	for (i = 0; i < 6; i++)
		tic_std(&t, 1000, 420);
	edges_load(&l, "speed=9600 baud=9600 glitches=5000");
	edges_play(&l, &t);
	printf("# %u of %u characters, framing %u, lost %u\n", (unsigned int)counter(&l, "bytes"),
	       (unsigned int)t.len, (unsigned int)counter(&l, "uart_framing"),
	       (unsigned int)counter(&l, "uart_overruns"));
	require_true_values(&l, &t);
	edges_remove();
}

/* Bytes that no meter sends, at a speed that no meter has. */
static void noise_is_counted_and_makes_no_value(void)
{
	struct text t = { 0 };
	unsigned int seed = 7;
	struct line l;

	while (t.len < 2000)
		t.bytes[t.len++] = rand_r(&seed) >> 8;
	edges_load(&l, "baud=3100 jitter=400");
	edges_play(&l, &t);
	require(counter(&l, "uart_framing") > 50);
	require(counter(&l, "telegrams") == 0 && attr_is(&l, "type", "unknown"));
	edges_remove();
}

static void line_with_the_wrong_polarity_gives_errors_only(void)
{
	struct text t = { 0 };
	struct line l;

	tic_base(&t, 1000, 420);
	tic_base(&t, 1000, 420);
	edges_load(&l, "speed=1200 baud=1200 gap=2 inverted=2");
	edges_play(&l, &t);
	require(counter(&l, "telegrams") == 0);
	require(counter(&l, "uart_framing") > 0);
	edges_remove();
}

static void storm_takes_a_bounded_rate_of_interrupts(void)
{
	struct text t = { 0 };
	uint64_t before, taken;
	int64_t begin, ms;
	struct line l;

	edges_load(&l, "speed=1200 baud=1200");
	before = interrupts(" edges ");
	begin = now_ms();
	edges_toggle(60000, 10000);
	ms = now_ms() - begin;
	taken = interrupts(" edges ") - before;
	printf("# %u of 60000 interrupts were taken in %d ms\n", (unsigned int)taken, (int)ms);
	require(ms >= 600 && taken > 1600);	/* it listens again after each pause */
	require(taken <= (uint64_t)(ms / 100 + 1) * 420);
	require(counter(&l, "uart_overruns") > 0);
	tic_base(&t, 1000, 420);
	tic_base(&t, 1001, 420);
	require(becomes_true(counter(&l, "uart_overruns") > 0, PATIENCE_MS));
	edges_play(&l, &t);
	require_attr(&l, "fields/energy_import_wh", "1001");
	edges_remove();
}

/* ---- life --------------------------------------------------------------------------------- */

static bool process_sleeps(pid_t pid)
{
	char path[64], status[512], *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	return file_read(path, status, sizeof(status)) > 0 && (state = strrchr(status, ')')) &&
	       state[2] == 'S';
}

/* A process that reads a node to its end and then sleeps in it; it exits with the errno of read. */
static pid_t start_reader(const struct line *l)
{
	char record[METERLINE_RECORD_MAX];
	int fd = node_open(l, 0);
	pid_t pid = fork();

	if (pid == 0) {
		while (read(fd, record, sizeof(record)) > 0)
			;
		_exit(errno);
	}
	close(fd);
	require(pid > 0);
	require(becomes_true(process_sleeps(pid), PATIENCE_MS));
	return pid;
}

static void require_exit(pid_t pid, int status)
{
	int wait = 0;

	require(waitpid(pid, &wait, 0) == pid && WIFEXITED(wait) && WEXITSTATUS(wait) == status,
		"%x", wait);
}

static void unbinding_wakes_every_reader(void)
{
	struct text t = { 0 };
	struct line l;
	pid_t player, readers[2];
	int i, fd;

	tic_std(&t, 1000, 420);
	edges_load(&l, "speed=9600 baud=9600");
	player = edges_play_on(&t);
	for (i = 0; i < 10; i++) {
		require_attr(&l, "state", "locked");
		readers[0] = start_reader(&l);
		readers[1] = start_reader(&l);
		fd = node_open(&l, O_NONBLOCK);
		bind_driver(false);
		require_exit(readers[0], ENODEV);
		require_exit(readers[1], ENODEV);
		require(events_of(fd, POLLIN, 0) & POLLHUP);
		require(meter_count() == 0);
		bind_driver(true);
		require(meter_of_port(PORT) == l.meter);
		close(fd);
	}
	edges_stop(player);
	edges_remove();
}

/* Waits asleep: a program that runs all the time makes the edges of an emulated machine late. */
static void require_undamaged_record(const struct line *l)
{
	char record[METERLINE_RECORD_MAX];
	int i, fd = node_open(l, 0);

	for (i = 0; i < 8; i++) {
		record_read(fd, record, sizeof(record));
		if (strstr(record, ",-,0;"))
			break;
	}
	close(fd);
	require(i < 8, "framing %u, lost %u, an edge was late by %u ns: %s",
		(unsigned int)counter(l, "uart_framing"),
		(unsigned int)counter(l, "uart_overruns"), (unsigned int)edges_number("late_ns"),
		record);
}

/* The driver may come in the middle of a character, with the level of the line not known. */
static void binding_in_the_middle_of_a_telegram_finds_the_next(void)
{
	static const char *const parameters[] = { "speed=9600 baud=9600", "baud=9600 sleeps=1" };
	struct text t = { 0 };
	struct timespec some = { 0 };
	struct line l;
	pid_t player;
	int i;

	tic_std(&t, 1000, 420);
	tic_std(&t, 1000, 420);
	for (i = 0; i < 8; i++) {
		edges_load(&l, parameters[i % 2]);
		player = edges_play_on(&t);
		bind_driver(false);
		some.tv_nsec = 20000000 + i * 1234567;
		nanosleep(&some, NULL);
		bind_driver(true);
		require(becomes_true((l.meter = meter_of_port(PORT)) >= 0, PATIENCE_MS));
		require_undamaged_record(&l);
		edges_stop(player);
		edges_remove();
	}
}

static void module_goes_when_no_file_is_open(void)
{
	struct text t = { 0 };
	struct line l;
	pid_t player;
	int fd;

	tic_base(&t, 1000, 420);
	edges_load(&l, "speed=1200 baud=1200");
	player = edges_play_on(&t);
	fd = node_open(&l, O_NONBLOCK);
	require(module_remove() == -EAGAIN || module_is_loaded());
	close(fd);
	require(becomes_true(module_remove() == 0 || !module_is_loaded(), PATIENCE_MS));
	module_load();
	require(becomes_true((l.meter = meter_of_port(PORT)) >= 0, PATIENCE_MS));
	require_attr(&l, "state", "locked");
	edges_stop(player);
	edges_remove();
}

/* ---- another chip -------------------------------------------------------------------------- */

#define SIMULATOR "/sys/kernel/config/gpio-sim/meter"

/* A chip of the kernel's gpio-sim, which sleeps; @pull is the file that sets its line. */
static void simulator_load(char *pull, size_t size)
{
	char device[64], chip[64];

	if (system("modprobe gpio-sim 2>/dev/null"))
		skip("there is no module gpio-sim for this kernel");
	mount("none", "/sys/kernel/config", "configfs", 0, NULL);
	require(!mkdir(SIMULATOR, 0755) && !mkdir(SIMULATOR "/bank", 0755));
	require(file_write(SIMULATOR "/bank/num_lines", "4"));
	require(file_write(SIMULATOR "/bank/label", "simulator"));
	require(file_write(SIMULATOR "/live", "1"));
	require(file_read(SIMULATOR "/dev_name", device, sizeof(device)) > 0);
	require(file_read(SIMULATOR "/bank/chip_name", chip, sizeof(chip)) > 0);
	snprintf(pull, size, "/sys/devices/platform/%s/%s/sim_gpio3/pull", device, chip);
	require(file_write(pull, "pull-up"));
}

static void simulator_remove(void)
{
	require(file_write(SIMULATOR "/live", "0"));
	require(!rmdir(SIMULATOR "/bank") && !rmdir(SIMULATOR));
	require(system("rmmod gpio-sim") == 0);
}

/* Sets the line at the bits of 8N1; returns how many edges that made. */
static unsigned int simulator_play(const char *pull, const struct text *t)
{
	int fd = open(pull, O_WRONLY | O_CLOEXEC), level = 1, bit;
	int64_t begin = clock_ns(CLOCK_MONOTONIC) + 20000000;
	unsigned int edges = 0;
	size_t i;

	require(fd >= 0);
	for (i = 0; i < t->len * 10; i++) {
		bit = (t->bytes[i / 10] << 1 | 0x200) >> i % 10 & 1;
		if (bit == level)
			continue;
		while (clock_ns(CLOCK_MONOTONIC) < begin + (int64_t)i * 10000000 / 12)
			;
		require(pwrite(fd, bit ? "pull-up" : "pull-down", bit ? 7 : 9, 0) > 0);
		level = bit;
		edges++;
	}
	close(fd);
	return edges;
}

/*
 * A program is not exact enough for every character on every machine, so some may be dropped; that
 * the level is not read in the interrupt, the kernel itself would tell.
 */
static void line_of_a_chip_that_sleeps_has_every_edge(void)
{
	struct text t = { 0 };
	struct line l = { 0 };
	unsigned int edges;
	char pull[256];

	tic_base(&t, 1000, 420);
	simulator_load(pull, sizeof(pull));
	edges_load(NULL, "chip=simulator offset=3 speed=1200");
	require(becomes_true((l.meter = meter_of_port("simulator/3")) >= 0, PATIENCE_MS));
	edges = simulator_play(pull, &t);
	require(interrupts(" irq_sim ") == edges);
	require(becomes_true(counter(&l, "bytes") + counter(&l, "uart_framing") > 10, PATIENCE_MS));
	require(counter(&l, "bytes") <= t.len);
	require(attr_error(&l, "fields/energy_import_wh") ||
		attr_is(&l, "fields/energy_import_wh", "1000"));
	edges_remove();
	simulator_remove();
}

/* ---- costs -------------------------------------------------------------------------------- */

/* Processor time since the boot that was not idle, in us. */
static int64_t busy_us(void)
{
	double up, idle;
	char text[64];

	require(file_read("/proc/uptime", text, sizeof(text)) > 0);
	require(sscanf(text, "%lf %lf", &up, &idle) == 2);
	return (up - idle) * 1e6;
}

/* What playing @t costs with the driver bound or not, in us per second of line time. */
static int64_t cost(struct line *l, const struct text *t, bool bound)
{
	int64_t busy, ms;

	if (!bound)
		bind_driver(false);
	busy = busy_us();
	ms = now_ms();
	edges_play(l, t);
	ms = now_ms() - ms;
	busy = busy_us() - busy;
	if (!bound)
		bind_driver(true);
	return busy * 1000 / ms;
}

static void costs_at_9600_baud_are_small(void)
{
	struct text t = { 0 };
	uint64_t before;
	int64_t with, without, ms;
	struct line l;

	while (t.len < 2500)
		tic_std(&t, 1000, 420);
	edges_load(&l, "speed=9600 baud=9600");
	without = cost(&l, &t, false);
	require(becomes_true((l.meter = meter_of_port(PORT)) >= 0, PATIENCE_MS));
	before = interrupts(" edges ");
	ms = now_ms();
	with = cost(&l, &t, true);
	ms = now_ms() - ms;
	printf("# %u interrupts in %d ms of 9600 baud; %d us of processor time per second, of which "
	       "the player has %d; %u of %u characters lost\n",
	       (unsigned int)(interrupts(" edges ") - before), (int)ms, (int)with, (int)without,
	       (unsigned int)(t.len - counter(&l, "bytes")), (unsigned int)t.len);
	/* A guest may be late with an edge now and then. */
	require(counter(&l, "bytes") >= t.len - t.len / 100);
	require(with - without < 250000);
	edges_remove();
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		TEST(sysfs_says_where_the_meter_is),
		LONG_TEST(capture_at_1200_baud_arrives_without_loss, 120),
		LONG_TEST(capture_at_9600_baud_arrives_without_loss, 120),
		LONG_TEST(capture_at_1200_baud_arrives_by_toggling, 120),
		LONG_TEST(capture_at_9600_baud_arrives_by_toggling, 120),
		TEST(inverted_line_is_read_as_active_low),
		TEST(speed_that_tic_does_not_have_is_refused),
		LONG_TEST(speed_is_found_out_and_followed, 120),
		LONG_TEST(lines_at_the_limits_are_read, 120),
		TEST(lost_edges_are_counted_and_make_no_wrong_value),
		TEST(repeated_edges_are_counted_and_make_no_wrong_value),
		TEST(glitches_make_no_wrong_value),
		TEST(noise_is_counted_and_makes_no_value),
		TEST(line_with_the_wrong_polarity_gives_errors_only),
		TEST(storm_takes_a_bounded_rate_of_interrupts),
		TEST(unbinding_wakes_every_reader),
		TEST(binding_in_the_middle_of_a_telegram_finds_the_next),
		TEST(module_goes_when_no_file_is_open),
		TEST(line_of_a_chip_that_sleeps_has_every_edge),
		TEST(costs_at_9600_baud_are_small),
	};

	return selftest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
