// SPDX-License-Identifier: MIT
/*
 * /dev/meterN: text of the records, places of the readers, poll, what is refused.
 */
#include "selftest.h"

#define RECORD_MAX 32768

static void records_follow_the_grammar(void)
{
	static const char body[] =
		" ADSC=041876097767\n VTIC=02\n DATE@E241011010531=\n NGTF=     BASE       \n"
		" EAST=001234567\n EASF01=001234567\n IRMS1=002\n URMS1=231\n PREF=06\n"
		" SINSTS=00420\n SMAXSN@E241011000512=02350\n NTARF=01\n\n";
	unsigned long long seq, usec;
	char record[RECORD_MAX], type[32], rest[64];
	struct text t = { 0 };
	int64_t before, after;
	struct line l;
	int fd;

	line_attach(&l);
	fd = node_open(&l, 0);
	tic_std(&t, 1234567, 420);
	before = clock_ns(CLOCK_BOOTTIME) / 1000;
	line_feed_text(&l, &t);
	record_read(fd, record, sizeof(record));
	after = clock_ns(CLOCK_BOOTTIME) / 1000;
	require(sscanf(record, "%llu,%llu,%31[^,],%63[^\n]", &seq, &usec, type, rest) == 4, "%s",
		record);
	require(!strcmp(type, "tic-standard") && !strcmp(rest, "-,0;" STD_NUMBER), "%s", record);
	require((int64_t)usec >= before && (int64_t)usec <= after);
	require(!strcmp(record_body(record), body), "%s", record);
}

static void historique_and_p1_records_are_verbatim(void)
{
	char record[RECORD_MAX];
	struct text t = { 0 };
	struct line l;
	int fd;

	line_attach(&l);
	fd = node_open(&l, 0);
	tic_begin(&t);
	tic_group(&t, "ADCO", HIST_NUMBER);
	tic_group(&t, "OPTARIF", "BASE");
	tic_group(&t, "BASE", "001234567");
	tic_group(&t, "BASE", "001234568");
	tic_end(&t);
	line_feed_text(&l, &t);
	record_read(fd, record, sizeof(record));
	require(strstr(record, ",tic-historique,-,0;" HIST_NUMBER "\n"), "%s", record);
	require(!strcmp(record_body(record), " ADCO=" HIST_NUMBER "\n OPTARIF=BASE\n"
					     " BASE=001234567\n BASE=001234568\n\n"),
		"%s", record);
	line_close(&l);
	close(fd);

	line_attach(&l);
	fd = node_open(&l, 0);
	p1_head(&t);
	p1_line(&t, "0-1:24.3.0(121030140000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(00024.123)");
	p1_line(&t, "1-0:1.8.1(000123.456*kWh)");
	p1_line(&t, "9-9:9.9.9()");
	p1_end(&t, 0);
	line_feed_text(&l, &t);
	record_read(fd, record, sizeof(record));
	require(strstr(record, ",p1,-,0;" P1_NUMBER "\n"), "%s", record);
	require(!strcmp(record_body(record),
			" 1-3:0.2.8=(50)\n 0-0:1.0.0=(241011010531S)\n"
			" 0-0:96.1.1=(4530303031303030303132333435363731)\n"
			" 0-1:24.3.0=(121030140000)(00)(60)(1)(0-1:24.2.1)(m3)(00024.123)\n"
			" 1-0:1.8.1=(000123.456*kWh)\n 9-9:9.9.9=()\n\n"),
		"%s", record);
}

static void bytes_outside_ascii_are_escaped(void)
{
	char record[RECORD_MAX];
	struct text t = { 0 };
	struct line l;
	int fd;

	line_attach(&l);
	fd = node_open(&l, 0);
	p1_head(&t);
	p1_line(&t, "1-0:99.1.0(a\001b\tc\\x41)");
	p1_end(&t, 0);
	line_feed_text(&l, &t);
	record_read(fd, record, sizeof(record));
	require(strstr(record, "\n 1-0:99.1.0=(a\\x01b\tc\\x5cx41)\n"), "%s", record);
}

static void sequence_numbers_count_telegrams(void)
{
	char record[RECORD_MAX];
	unsigned long long first;
	struct text t = { 0 };
	struct line l;
	int fd, i;

	line_attach(&l);
	fd = node_open(&l, 0);
	for (i = 0; i < 5; i++)
		tic_base(&t, 1000 + i, 420);
	line_feed_text(&l, &t);
	record_read(fd, record, sizeof(record));
	first = record_seq(record);
	for (i = 1; i < 5; i++) {
		record_read(fd, record, sizeof(record));
		require(record_seq(record) == first + i, "%s", record);
	}
}

static void read_never_crosses_a_record(void)
{
	char record[RECORD_MAX];
	struct text t = { 0 };
	struct line l;
	int fd, i;

	line_attach(&l);
	for (i = 0; i < 4; i++)
		tic_base(&t, 1000 + i, 420);
	line_feed_text(&l, &t);
	line_sync(&l);
	fd = node_open(&l, O_NONBLOCK);
	for (i = 0; i < 4; i++) {
		record_read(fd, record, sizeof(record));
		require(strstr(record, "\n\n") == record + strlen(record) - 2, "%s", record);
	}
	require(read(fd, record, sizeof(record)) < 0 && errno == EAGAIN);
}

static void short_reads_give_the_whole_record(void)
{
	char whole[RECORD_MAX], pieces[RECORD_MAX];
	struct text t = { 0 };
	ssize_t n, len = 0;
	struct line l;
	int a, b;

	line_attach(&l);
	tic_std(&t, 1234567, 420);
	line_feed_text(&l, &t);
	line_sync(&l);
	a = node_open(&l, O_NONBLOCK);
	b = node_open(&l, O_NONBLOCK);
	record_read(a, whole, sizeof(whole));
	while (events_of(b, POLLIN, 0) & POLLIN) {
		n = read(b, pieces + len, 7);
		require(n > 0 && n <= 7);
		len += n;
	}
	pieces[len] = '\0';
	require(!strcmp(whole, pieces), "%s", pieces);
	require(read(b, pieces, 7) < 0 && errno == EAGAIN);
}

static void read_of_nothing_takes_nothing(void)
{
	char record[RECORD_MAX];
	struct text t = { 0 };
	struct line l;
	int fd;

	line_attach(&l);
	fd = node_open(&l, O_NONBLOCK);
	tic_base(&t, 1000, 420);
	line_feed_text(&l, &t);
	line_sync(&l);
	require(read(fd, record, 0) == 0);
	require(record_read(fd, record, sizeof(record)) > 100);
}

static void poll_and_nonblock_tell_that_nothing_is_there(void)
{
	struct text t = { 0 };
	struct line l;
	char c;
	int fd;

	line_attach(&l);
	fd = node_open(&l, O_NONBLOCK);
	require(read(fd, &c, 1) < 0 && errno == EAGAIN);
	require(events_of(fd, POLLIN | POLLPRI, 0) == 0);
	tic_base(&t, 1000, 420);
	line_feed_text(&l, &t);
	require(events_of(fd, POLLIN, PATIENCE_MS) == POLLIN);
}

static void new_reader_begins_with_the_oldest_kept(void)
{
	char record[RECORD_MAX];
	struct text t = { 0 };
	int fd, i, kept = 0;
	struct line l;

	line_attach(&l);
	for (i = 0; i < 60; i++)
		tic_std(&t, 1000 + i, 420);
	line_feed_text(&l, &t);
	line_sync(&l);
	fd = node_open(&l, O_NONBLOCK);
	while (read(fd, record, sizeof(record)) > 0)
		kept++;
	require(kept >= 8 && kept < 60, "%d of 60 are kept", kept);
	require(strstr(record, " EAST=000001059\n"));
}

static void a_new_reader_has_lost_nothing(void)
{
	char record[RECORD_MAX];
	struct text t = { 0 };
	struct line l;
	int i;

	line_attach(&l);
	for (i = 0; i < 60; i++)
		tic_std(&t, 1000 + i, 420);
	line_feed_text(&l, &t);
	line_sync(&l);
	i = node_open(&l, O_NONBLOCK);
	require(events_of(i, POLLIN | POLLPRI, 0) == POLLIN);
	record_read(i, record, sizeof(record));
}

static void overtaken_reader_learns_it_once(void)
{
	char record[RECORD_MAX];
	unsigned long long seq;
	struct text t = { 0 };
	struct line l;
	int fd, i;

	line_attach(&l);
	fd = node_open(&l, O_NONBLOCK);
	tic_std(&t, 999, 420);
	line_feed_text(&l, &t);
	record_read(fd, record, sizeof(record));
	seq = record_seq(record);
	for (i = 0; i < 60; i++)
		tic_std(&t, 1000 + i, 420);
	line_feed_text(&l, &t);
	line_sync(&l);
	require(events_of(fd, POLLIN | POLLPRI, 0) == (POLLIN | POLLERR | POLLPRI));
	require(read(fd, record, sizeof(record)) < 0 && errno == EPIPE);
	require(!(events_of(fd, POLLIN | POLLPRI, 0) & (POLLERR | POLLPRI)));
	record_read(fd, record, sizeof(record));
	require(record_seq(record) > seq + 1, "%s", record);
	for (seq = record_seq(record); record_seq(record) < 60; seq++) {
		require(record_seq(record) == seq, "%s", record);
		if (read(fd, record, sizeof(record)) < 0)
			break;
	}
	require(errno == EAGAIN || strstr(record, " EAST=000001059\n"));
	require(counter(&l, "records_lost") > 0);
}

static void record_after_a_gap_is_flagged(void)
{
	char record[RECORD_MAX];
	struct text t = { 0 };
	struct line l;
	int fd, i;

	line_attach(&l);
	fd = node_open(&l, O_NONBLOCK);
	for (i = 0; i < 60; i++)
		tic_std(&t, 1000 + i, 420);
	line_feed_text(&l, &t);
	line_sync(&l);
	require(read(fd, record, sizeof(record)) < 0 && errno == EPIPE);
	record_read(fd, record, sizeof(record));
	require(strstr(record, ",tic-standard,g,0;"), "%s", record);
	record_read(fd, record, sizeof(record));
	require(strstr(record, ",tic-standard,-,0;"), "%s", record);
}

static void being_overtaken_never_tears_a_record(void)
{
	char record[RECORD_MAX], rest[RECORD_MAX];
	struct text t = { 0 };
	struct line l;
	ssize_t n;
	int fd, i;

	line_attach(&l);
	fd = node_open(&l, O_NONBLOCK);
	tic_std(&t, 777, 420);
	line_feed_text(&l, &t);
	require(events_of(fd, POLLIN, PATIENCE_MS) & POLLIN);
	require(read(fd, record, 10) == 10);
	for (i = 0; i < 60; i++)
		tic_std(&t, 1000 + i, 420);
	line_feed_text(&l, &t);
	line_sync(&l);
	require(events_of(fd, POLLIN, 0) & POLLIN);
	n = read(fd, record + 10, sizeof(record) - 11);
	require(n > 0);
	record[10 + n] = '\0';
	require(strstr(record, " EAST=000000777\n") && strstr(record, " NTARF=01\n\n"), "%s",
		record);
	require(read(fd, rest, sizeof(rest)) < 0 && errno == EPIPE);
	record_read(fd, rest, sizeof(rest));
	require(record_seq(rest) > record_seq(record));
}

static void two_readers_each_get_all(void)
{
	char record[RECORD_MAX], same[RECORD_MAX];
	struct text t = { 0 };
	struct line l;
	int a, b, i;

	line_attach(&l);
	a = node_open(&l, 0);
	b = node_open(&l, 0);
	for (i = 0; i < 30; i++) {
		tic_base(&t, 1000 + i, 420);
		line_feed_text(&l, &t);
		record_read(a, record, sizeof(record));
		record_read(b, same, sizeof(same));
		require(!strcmp(record, same), "%s", same);
		require(record_seq(record) == record_seq(same));
	}
}

static void seek_to_the_end_gives_only_new_ones(void)
{
	char record[RECORD_MAX];
	struct text t = { 0 };
	struct line l;
	int fd;

	line_attach(&l);
	tic_base(&t, 1000, 420);
	line_feed_text(&l, &t);
	line_sync(&l);
	fd = node_open(&l, O_NONBLOCK);
	require(lseek(fd, 0, SEEK_END) >= 0);
	require(read(fd, record, sizeof(record)) < 0 && errno == EAGAIN);
	tic_base(&t, 2000, 420);
	line_feed_text(&l, &t);
	record_read(fd, record, sizeof(record));
	require(strstr(record, " BASE=000002000\n"), "%s", record);
}

static void seek_to_the_end_forgets_a_half_read_record(void)
{
	char record[RECORD_MAX];
	struct text t = { 0 };
	struct line l;
	int fd;

	line_attach(&l);
	tic_base(&t, 1000, 420);
	line_feed_text(&l, &t);
	line_sync(&l);
	fd = node_open(&l, O_NONBLOCK);
	require(read(fd, record, 5) == 5);
	require(lseek(fd, 0, SEEK_END) >= 0);
	require(read(fd, record, sizeof(record)) < 0 && errno == EAGAIN);
}

static void other_seeks_are_refused(void)
{
	struct line l;
	int fd;

	line_attach(&l);
	fd = node_open(&l, O_NONBLOCK);
	require(lseek(fd, 0, SEEK_SET) < 0 && errno == ESPIPE);
	require(lseek(fd, 0, SEEK_CUR) < 0 && errno == ESPIPE);
	require(lseek(fd, 1, SEEK_END) < 0 && errno == ESPIPE);
	require(lseek(fd, -1, SEEK_END) < 0 && errno == ESPIPE);
}

static void node_is_for_reading_only(void)
{
	char path[64];
	struct line l;
	int fd;

	line_attach(&l);
	fd = open(node_path(&l, path, sizeof(path)), O_RDWR | O_CLOEXEC);
	require(fd < 0 || (write(fd, "x", 1) < 0 && (errno == EINVAL || errno == EBADF)));
	fd = node_open(&l, 0);
	require(ioctl(fd, TCGETS, path) < 0 && errno == ENOTTY);
	require(pread(fd, path, 1, 4) < 0 && errno == ESPIPE);
}

static void on_signal(int signal)
{
	(void)signal;
}

static void signal_interrupts_a_sleeping_reader(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct sleeper s = { .what = "reader" };
	struct line l;

	line_attach(&l);
	s.fd = node_open(&l, 0);
	sigaction(SIGUSR1, &action, NULL);
	put_to_sleep(&s);
	require(becomes_true(!pthread_kill(s.thread, SIGUSR1) && s.result < 0, PATIENCE_MS));
	pthread_join(s.thread, NULL);
	require(s.result == -EINTR);
}

static long wakeups(pid_t thread)
{
	char path[64], status[4096], *at;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", thread);
	require(file_read(path, status, sizeof(status)) > 0);
	at = strstr(status, "\nvoluntary_ctxt_switches:");
	require(at);
	return strtol(at + strlen("\nvoluntary_ctxt_switches:"), NULL, 10);
}

static void bytes_without_a_telegram_wake_nobody(void)
{
	struct sleeper s = { .what = "reader" };
	struct text t = { 0 };
	struct line l;
	long before;
	size_t i;

	line_attach(&l);
	s.fd = node_open(&l, 0);
	put_to_sleep(&s);
	before = wakeups(s.tid);
	tic_base(&t, 1000, 420);
	for (i = 0; i + 1 < t.len; i++) {
		line_feed(&l, t.bytes + i, 1);
		line_sync(&l);
	}
	require(wakeups(s.tid) == before, "%ld times", wakeups(s.tid) - before);
	line_feed(&l, t.bytes + i, 1);
	pthread_join(s.thread, NULL);
	require(s.result > 0);
}

struct sharer {
	int fd;
	int telegrams;
	const char *fault;
};

/* Reads records with a buffer that holds any; each must be whole. */
static void *read_shared(void *arg)
{
	struct sharer *s = arg;
	char record[RECORD_MAX];
	ssize_t n;

	while (events_of(s->fd, POLLIN, PATIENCE_MS) & POLLIN) {
		n = read(s->fd, record, sizeof(record) - 1);
		if (n < 0 && (errno == EPIPE || errno == EAGAIN))
			continue;
		if (n <= 0)
			break;
		record[n] = '\0';
		if (strstr(record, "\n\n") != record + n - 2 || !strchr(record, ';'))
			s->fault = "a record is torn";
		s->telegrams++;
	}
	return NULL;
}

static void threads_sharing_a_descriptor_get_whole_records(void)
{
	struct sharer s[2] = { { 0 } };
	struct text t = { 0 };
	pthread_t threads[2];
	struct line l;
	int i;

	line_attach(&l);
	s[0].fd = s[1].fd = node_open(&l, O_NONBLOCK);
	for (i = 0; i < 2; i++)
		require(!pthread_create(&threads[i], NULL, read_shared, &s[i]));
	for (i = 0; i < 100; i++) {
		tic_base(&t, i, 420);
		line_feed_text(&l, &t);
	}
	line_sync(&l);
	line_close(&l);
	for (i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		require(!s[i].fault, "%s", s[i].fault);
	}
	require(s[0].telegrams + s[1].telegrams > 0 && s[0].telegrams + s[1].telegrams <= 100);
}

static void largest_telegrams_come_whole(void)
{
	char record[RECORD_MAX], line[128];
	struct text t = { 0 };
	struct line l;
	int fd, i;

	line_attach(&l);
	fd = node_open(&l, 0);
	p1_head(&t);
	for (i = 0; i < 180; i++) {
		snprintf(line, sizeof(line), "7-%d:1.2.3(abcde)", i);
		p1_line(&t, line);
	}
	add(&t, "1-0:0.2.0(");
	while (t.len < 4590)
		add(&t, "\001");
	add(&t, ")\r\n");
	p1_end(&t, 0);
	require(t.len <= 4608 + 2);
	line_feed_text(&l, &t);
	record_read(fd, record, sizeof(record));
	require(strstr(record, " 7-179:1.2.3=(abcde)\n"), "%s", record);
	require(strstr(record, "\\x01\\x01)\n\n"), "%s", record);
}

static void oversize_telegrams_are_dropped_whole(void)
{
	char record[RECORD_MAX];
	struct text t = { 0 };
	struct line l;
	int fd, i;

	line_attach(&l);
	fd = node_open(&l, 0);
	tic_begin(&t);
	for (i = 0; i < 200; i++)
		tic_group(&t, "BASE", "000000666");
	tic_end(&t);
	tic_base(&t, 1000, 420);
	line_feed_text(&l, &t);
	record_read(fd, record, sizeof(record));
	require(strstr(record, " BASE=000001000\n") && !strstr(record_body(record), "666"), "%s",
		record);
	require(counter(&l, "oversize") == 1);
	require(counter(&l, "telegrams") == 1);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		TEST(records_follow_the_grammar),
		TEST(historique_and_p1_records_are_verbatim),
		TEST(bytes_outside_ascii_are_escaped),
		TEST(sequence_numbers_count_telegrams),
		TEST(read_never_crosses_a_record),
		TEST(short_reads_give_the_whole_record),
		TEST(read_of_nothing_takes_nothing),
		TEST(poll_and_nonblock_tell_that_nothing_is_there),
		TEST(new_reader_begins_with_the_oldest_kept),
		TEST(a_new_reader_has_lost_nothing),
		TEST(overtaken_reader_learns_it_once),
		TEST(record_after_a_gap_is_flagged),
		TEST(being_overtaken_never_tears_a_record),
		TEST(two_readers_each_get_all),
		TEST(seek_to_the_end_gives_only_new_ones),
		TEST(seek_to_the_end_forgets_a_half_read_record),
		TEST(other_seeks_are_refused),
		TEST(node_is_for_reading_only),
		TEST(signal_interrupts_a_sleeping_reader),
		TEST(bytes_without_a_telegram_wake_nobody),
		TEST(threads_sharing_a_descriptor_get_whole_records),
		TEST(largest_telegrams_come_whole),
		TEST(oversize_telegrams_are_dropped_whole),
	};

	return selftest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
