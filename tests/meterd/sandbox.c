// SPDX-License-Identifier: MIT
/*
 * The filter: what it refuses, how, and to whom; and that what the daemon needs goes on.
 */
#include <asm/ioctls.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <linux/netlink.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../userspace/lib/tty.h"
#include "../../userspace/meterd/sandbox.h"
#include "../host/host.h"

/* How an attempt ended, beside errno and 0. */
#define KILLED (-1)
#define ODD    (-2)

/* An attempt: 0 when it succeeded, else errno. */
typedef int (*attempt_fn)(void);

static int of_call(long result)
{
	return result < 0 ? errno : 0;
}

/* How it ends in a process of its own, with the filter or without. */
static int outcome(attempt_fn attempt, bool filtered)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(filtered && !sandbox_enter(SANDBOX_YES) ? 254 : attempt());
	if (waitpid(pid, &status, 0) != pid)
		abort();
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? KILLED : ODD;
	return WEXITSTATUS(status);
}

static int run_program(void)
{
	char *arguments[] = { "true", NULL };

	return of_call(execve("/bin/true", arguments, NULL));
}

static int make_process(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (!pid)
		_exit(0);
	return of_call(pid);
}

/* The kernel itself would find fault with these flags, but not with this error. */
static int make_thread_in_namespace(void)
{
	return of_call(syscall(SYS_clone,
			       CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_NEWUSER | CLONE_FS,
			       0, 0, 0, 0));
}

static int make_namespace(void)
{
	return of_call(unshare(CLONE_FILES));
}

static int trace_process(void)
{
	return of_call(syscall(SYS_ptrace, 0, 0, 0, 0));
}

static int read_process(void)
{
	return of_call(syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0));
}

static int mount_something(void)
{
	return of_call(syscall(SYS_mount, "none", "/nowhere", "tmpfs", 0, NULL));
}

static int load_bpf(void)
{
	return of_call(syscall(SYS_bpf, 0, NULL, 0));
}

static int ask_keyring(void)
{
	return of_call(syscall(SYS_keyctl, 0, 0, 0, 0, 0));
}

static int open_ring(void)
{
	return of_call(syscall(SYS_io_uring_setup, 0, NULL));
}

static int map_writable_to_run(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? errno : 0;
}

static int make_page_run(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return of_call(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static int make_memory_file(void)
{
	return of_call(memfd_create("program", 0));
}

static int other_netlink(void)
{
	return of_call(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_USERSOCK));
}

static int other_family(void)
{
	return of_call(socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int other_request(void)
{
	return of_call(ioctl(-1, TIOCSTI, ""));
}

static int signal_process(void)
{
	return of_call(kill(getppid(), 0));
}

static int signal_thread_of_another(void)
{
	return of_call(syscall(SYS_tgkill, getppid(), getppid(), 0));
}

static int limit_another(void)
{
	return of_call(syscall(SYS_prlimit64, getppid(), 7, NULL, NULL));
}

static int set_user(void)
{
	return of_call(setuid(getuid()));
}

static int be_dumpable(void)
{
	return of_call(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int unknown_call(void)
{
	return of_call(syscall(4000));
}

static int new_clone(void)
{
	char arguments[64] = { 0 };

	return of_call(syscall(SYS_clone3, arguments, sizeof(arguments)));
}

/*
 * Each is also tried without the filter, and then must end in another way, but for where a
 * container has a filter already.
 */
static bool what_is_not_needed_is_refused(const char **skip)
{
	static const struct {
		const char *name;
		attempt_fn attempt;
		int expected;
	} cases[] = {
		{ "execve", run_program, KILLED },
		{ "ptrace", trace_process, KILLED },
		{ "process_vm_readv", read_process, KILLED },
		{ "mount", mount_something, KILLED },
		{ "unshare", make_namespace, KILLED },
		{ "bpf", load_bpf, KILLED },
		{ "keyctl", ask_keyring, KILLED },
		{ "io_uring_setup", open_ring, KILLED },
		{ "clone of a process", make_process, EPERM },
		{ "clone into a namespace", make_thread_in_namespace, EPERM },
		{ "mmap to write and run", map_writable_to_run, EPERM },
		{ "mprotect to run", make_page_run, EPERM },
		{ "memfd_create", make_memory_file, EPERM },
		{ "socket of another netlink", other_netlink, EPERM },
		{ "socket of another family", other_family, EPERM },
		{ "ioctl TIOCSTI", other_request, EPERM },
		{ "kill", signal_process, EPERM },
		{ "tgkill of another", signal_thread_of_another, EPERM },
		{ "prlimit64 of another", limit_another, EPERM },
		{ "setuid", set_user, EPERM },
		{ "prctl PR_SET_DUMPABLE", be_dumpable, EPERM },
		{ "a call of tomorrow", unknown_call, EPERM },
		{ "clone3", new_clone, ENOSYS },
	};
	bool kept = true;

	(void)skip;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int with = outcome(cases[i].attempt, true);
		int without = outcome(cases[i].attempt, false);

		if (with != cases[i].expected)
			kept = broken("%s ends with %d, not %d", cases[i].name, with,
				      cases[i].expected);
		else if (with == without && !prctl(PR_GET_SECCOMP))
			kept = broken("%s ends the same without a filter", cases[i].name);
	}
	return kept;
}

/* On a thread: */

static void *try_in_thread(void *context)
{
	int *go = context, result;
	eventfd_t value;

	eventfd_read(*go, &value);
	result = other_netlink();
	return (void *)(intptr_t)result;
}

static int earlier_thread(void)
{
	int go = eventfd(0, EFD_CLOEXEC);
	pthread_t thread;
	void *result;

	if (pthread_create(&thread, NULL, try_in_thread, &go) || !sandbox_enter(SANDBOX_YES))
		return ENOTSUP;
	eventfd_write(go, 1);
	pthread_join(thread, &result);
	return (intptr_t)result;
}

static int later_thread(void)
{
	int go = eventfd(1, EFD_CLOEXEC);
	pthread_t thread;
	void *result;

	if (!sandbox_enter(SANDBOX_YES) || pthread_create(&thread, NULL, try_in_thread, &go))
		return ENOTSUP;
	pthread_join(thread, &result);
	return (intptr_t)result;
}

static bool it_holds_for_all_threads(const char **skip)
{
	int earlier = outcome(earlier_thread, false), later = outcome(later_thread, false);

	(void)skip;
	return (earlier == EPERM && later == EPERM) ||
	       broken("a thread begun before it gets %d, after it %d", earlier, later);
}

/* What goes on: */

static int use_ledger(void)
{
	char path[] = "/tmp/meterd-sandbox-XXXXXX";
	int fd = mkstemp(path), rc;
	sqlite3 *db;

	close(fd);
	rc = sqlite3_open(path, &db);
	if (!rc)
		rc = sqlite3_exec(db,
				  "pragma journal_mode = wal; create table t (a);"
				  "insert into t values (1); vacuum",
				  NULL, NULL, NULL);
	sqlite3_close(db);
	unlink(path);
	return rc;
}

static int use_resolver(void)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *addresses;
	int rc = getaddrinfo("localhost", "80", &hints, &addresses);

	if (rc)
		return 1;
	freeaddrinfo(addresses);
	return 0;
}

static int use_library(void)
{
	return dlopen("libresolv.so.2", RTLD_NOW) ? 0 : 1;
}

static int use_sockets(void)
{
	int all[] = { socket(AF_UNIX, SOCK_DGRAM, 0), socket(AF_INET, SOCK_STREAM, 0),
		      socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE),
		      socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT) };

	for (size_t i = 0; i < COUNT(all); i++)
		if (all[i] < 0)
			return errno;
	return 0;
}

static char terminal[64];

static int use_tty(void)
{
	struct tty tty;

	if (tty_open(&tty, terminal) != TTY_OPEN || !tty_set_raw(&tty, 0))
		return errno ? errno : 1;
	tty_close(&tty);
	return 0;
}

/* There is no line here: what may be asked finds that it has no file. */
static int use_gpio(void)
{
	static const unsigned int requests[] = {
		GPIO_GET_CHIPINFO_IOCTL, GPIO_GET_LINEINFO_IOCTL, GPIO_GET_LINEHANDLE_IOCTL,
		GPIO_GET_LINEEVENT_IOCTL, GPIOHANDLE_SET_LINE_VALUES_IOCTL,
		GPIOHANDLE_SET_CONFIG_IOCTL, GPIO_V2_GET_LINEINFO_IOCTL, GPIO_V2_GET_LINE_IOCTL,
		GPIO_V2_LINE_SET_VALUES_IOCTL, GPIO_V2_LINE_SET_CONFIG_IOCTL,
	};

	for (size_t i = 0; i < COUNT(requests); i++)
		if (ioctl(-1, requests[i], NULL) != -1 || errno != EBADF)
			return errno;
	return 0;
}

static bool what_is_needed_goes_on(const char **skip)
{
	static const struct {
		const char *name;
		attempt_fn attempt;
	} cases[] = {
		{ "the ledger", use_ledger }, { "names", use_resolver },
		{ "dlopen", use_library },    { "sockets", use_sockets },
		{ "a serial line", use_tty },	{ "a GPIO", use_gpio },
	};
	int pty = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	bool kept = true;

	(void)skip;
	if (pty < 0 || grantpt(pty) || unlockpt(pty) || ptsname_r(pty, terminal, sizeof(terminal)))
		return broken("no pty: %s", strerror(errno));
	for (size_t i = 0; i < COUNT(cases); i++) {
		int with = outcome(cases[i].attempt, true);

		if (with)
			kept = broken("%s: %d", cases[i].name, with);
	}
	close(pty);
	return kept;
}

static int nothing(void)
{
	return prctl(PR_GET_SECCOMP) * 10 + prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
}

static int automatic(void)
{
	return sandbox_enter(SANDBOX_AUTO) ? nothing() : 254;
}

static int unwanted(void)
{
	return sandbox_enter(SANDBOX_NO) ? nothing() : 254;
}

static bool nothing_is_refused_unasked(const char **skip)
{
	int none = outcome(nothing, false);

	(void)skip;
	return outcome(unwanted, false) == none || broken("sandbox = no");
}

/* This program has sanitizers. */
static bool auto_is_no_beside_sanitizers(const char **skip)
{
	int none = outcome(nothing, false);

	(void)skip;
	return outcome(automatic, false) == none || broken("sandbox = auto");
}

int main(void)
{
	static const struct promise promises[] = {
		{ "what_is_not_needed_is_refused", what_is_not_needed_is_refused },
		{ "it_holds_for_all_threads", it_holds_for_all_threads },
		{ "what_is_needed_goes_on", what_is_needed_goes_on },
		{ "nothing_is_refused_unasked", nothing_is_refused_unasked },
		{ "auto_is_no_beside_sanitizers", auto_is_no_beside_sanitizers },
	};

	log_set_level(LEVEL_ERROR);
	return keep_promises(promises, COUNT(promises));
}
