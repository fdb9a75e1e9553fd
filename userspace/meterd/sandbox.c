// SPDX-License-Identifier: MIT
/*
 * What the daemon may ask of the kernel once it has begun: a seccomp filter, for where no service
 * manager has put one.
 *
 * A call that is not listed fails with EPERM, as one that the daemon has no right to: a library
 * that tries something new then takes its second way, or one source fails and says so, and the
 * accounts of the others go on. The few calls that nothing here ever has a use for, and that
 * somebody who has taken over the process wants first, end it at once.
 *
 * Names that an architecture, or the installed libseccomp, does not know are left out.
 */
#include <asm/termbits.h>
#include <asm/ioctls.h>
#include <errno.h>
#include <linux/gpio.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox.h"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

/* Sanitizers make calls of their own, and trace the process when it ends. */
#ifdef __SANITIZE_ADDRESS__
#define AUTO_IS_NO true
#else
#define AUTO_IS_NO false
#endif

/* Arguments of calls are compared as the kernel takes them: int. */
#define IS(argument, value)	   SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, 0xffffffff, (value))
#define HAS(argument, mask, value) SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, (mask), (value))

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Whatever their arguments are. */
static const char *const allowed[] = {
	/* memory */
	"brk", "madvise", "membarrier", "mlock", "mremap", "munmap",
	/* threads and time; that clocks are not set is for capabilities to see to */
	"adjtimex", "clock_adjtime", "clock_adjtime64", "clock_getres", "clock_getres_time64",
	"clock_gettime", "clock_gettime64", "clock_nanosleep", "clock_nanosleep_time64", "exit",
	"exit_group", "futex", "futex_time64", "get_robust_list", "getcpu", "gettimeofday",
	"nanosleep", "restart_syscall", "rseq", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
	"rt_sigtimedwait", "rt_sigtimedwait_time64", "sched_getaffinity", "sched_yield",
	"set_robust_list", "sigaltstack", "sigreturn", "time",
	/* who we are */
	"getegid", "getegid32", "geteuid", "geteuid32", "getgid", "getgid32", "getgroups",
	"getgroups32", "getpid", "getppid", "getrandom", "getresgid", "getresgid32", "getresuid",
	"getresuid32", "getrlimit", "getrusage", "gettid", "getuid", "getuid32", "sysinfo",
	"ugetrlimit", "umask", "uname",
	/* the loop */
	"epoll_create", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2", "epoll_wait",
	"eventfd2", "inotify_add_watch", "inotify_init1", "inotify_rm_watch", "pipe2", "poll",
	"ppoll", "ppoll_time64", "pselect6", "pselect6_time64", "select", "signalfd4",
	"timerfd_create", "timerfd_gettime", "timerfd_gettime64", "timerfd_settime",
	"timerfd_settime64",
	/* files and directories */
	"_llseek", "_newselect", "access", "arm_fadvise64_64", "close", "close_range", "dup",
	"dup2", "dup3", "faccessat", "faccessat2", "fadvise64", "fadvise64_64", "fallocate",
	"fchmod", "fcntl", "fcntl64", "fdatasync", "flock", "fstat", "fstat64", "fstatat64",
	"fstatfs", "fstatfs64", "fsync", "ftruncate", "ftruncate64", "getcwd", "getdents",
	"getdents64", "lseek", "lstat", "lstat64", "newfstatat", "open", "openat", "pread64",
	"preadv", "pwrite64", "pwritev", "read", "readlink", "readlinkat", "readv", "rename",
	"renameat", "renameat2", "sendfile", "sendfile64", "stat", "stat64", "statfs", "statfs64",
	"statx", "unlink", "unlinkat", "utimensat", "utimensat_time64", "write", "writev",
	/* the network */
	"accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt",
	"listen", "recv", "recvfrom", "recvmmsg", "recvmmsg_time64", "recvmsg", "send", "sendmmsg",
	"sendmsg", "sendto", "setsockopt", "shutdown"
};

static const char *const deadly[] = {
	/* programs and other processes */
	"execve", "execveat", "pidfd_getfd", "process_madvise", "process_vm_readv",
	"process_vm_writev", "ptrace",
	/* what this process sees of the machine */
	"chroot", "fsconfig", "fsmount", "fsopen", "mount", "mount_setattr", "move_mount",
	"open_by_handle_at", "open_tree", "pivot_root", "setns", "umount", "umount2", "unshare",
	/* the kernel, and ways into it */
	"add_key", "bpf", "delete_module", "finit_module", "init_module", "io_uring_enter",
	"io_uring_register", "io_uring_setup", "kexec_file_load", "kexec_load", "keyctl",
	"perf_event_open", "reboot", "request_key", "swapoff", "swapon", "userfaultfd"
};

static const unsigned int requests[] = {
	/* serial lines */
	TCGETS, TCSETS, TCSETSW, TCSETSF, TCGETS2, TCSETS2, TCSETSW2, TCSETSF2, TCFLSH, TCSBRK,
	TCSBRKP, TCXONC, TIOCGETD, TIOCGEXCL, TIOCEXCL, TIOCNXCL, TIOCMGET, TIOCMSET, TIOCMBIS,
	TIOCMBIC, TIOCGICOUNT, TIOCGSERIAL, TIOCGWINSZ, TIOCOUTQ,
	/* GPIO lines, with both versions of libgpiod */
	GPIO_GET_CHIPINFO_IOCTL, GPIO_GET_LINEINFO_IOCTL, GPIO_GET_LINEHANDLE_IOCTL,
	GPIO_GET_LINEEVENT_IOCTL, GPIOHANDLE_SET_LINE_VALUES_IOCTL, GPIOHANDLE_SET_CONFIG_IOCTL,
	GPIO_V2_GET_LINEINFO_IOCTL, GPIO_V2_GET_LINE_IOCTL, GPIO_V2_LINE_SET_VALUES_IOCTL,
	GPIO_V2_LINE_SET_CONFIG_IOCTL,
	/* buffers, and the interface of a link-local address */
	FIONREAD, FIONBIO, FIOCLEX, FIONCLEX, SIOCGIFINDEX, SIOCGIFNAME
};

static int allow_if(scmp_filter_ctx filter, const char *name, unsigned int count,
		    const struct scmp_arg_cmp *conditions)
{
	int call = seccomp_syscall_resolve_name(name);

	return call < 0 ? 0
			: seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, count, conditions);
}

/* Pages that can be written are never run; what dlopen() maps to run is never written. */
static int allow_memory(scmp_filter_ctx filter)
{
	static const unsigned int harmless[] = { 0, PROT_WRITE, PROT_EXEC };
	struct scmp_arg_cmp protection = HAS(2, PROT_EXEC, 0);
	int rc = allow_if(filter, "mprotect", 1, &protection);

	for (size_t i = 0; !rc && i < COUNT(harmless); i++) {
		protection = HAS(2, PROT_WRITE | PROT_EXEC, harmless[i]);
		rc = allow_if(filter, "mmap", 1, &protection);
		if (!rc)
			rc = allow_if(filter, "mmap2", 1, &protection);
	}
	return rc;
}

/* The flags of clone3() are out of a filter's sight, and libc has clone() where there is none. */
static int allow_threads(scmp_filter_ctx filter)
{
	const u64 thread = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
	const u64 namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
			       CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
	const struct scmp_arg_cmp flags = HAS(0, thread | namespaces, thread);
	const struct scmp_arg_cmp own = IS(0, getpid());
	int rc = allow_if(filter, "clone", 1, &flags);

	if (!rc)
		rc = allow_if(filter, "tgkill", 1, &own);
	if (!rc)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return rc;
}

/* Netlink is for addresses of this machine and for devices that come and go. */
static int allow_sockets(scmp_filter_ctx filter)
{
	static const unsigned int families[] = { AF_UNIX, AF_INET, AF_INET6 };
	static const unsigned int netlinks[] = { NETLINK_ROUTE, NETLINK_KOBJECT_UEVENT };
	struct scmp_arg_cmp is[2] = { IS(0, AF_UNIX) };
	int rc = allow_if(filter, "socketpair", 1, is);

	for (size_t i = 0; !rc && i < COUNT(families); i++) {
		is[0] = IS(0, families[i]);
		rc = allow_if(filter, "socket", 1, is);
	}
	for (size_t i = 0; !rc && i < COUNT(netlinks); i++) {
		is[0] = IS(0, AF_NETLINK);
		is[1] = IS(2, netlinks[i]);
		rc = allow_if(filter, "socket", 2, is);
	}
	return rc;
}

static int allow_requests(scmp_filter_ctx filter)
{
	/* The last two are for libraries of the name service, and for libc. */
	static const unsigned int options[] = { PR_SET_NAME, PR_GET_NAME, PR_CAPBSET_READ,
						PR_SET_VMA };
	struct scmp_arg_cmp is = IS(0, 0);
	int rc = allow_if(filter, "prlimit64", 1, &is);

	for (size_t i = 0; !rc && i < COUNT(options); i++) {
		is = IS(0, options[i]);
		rc = allow_if(filter, "prctl", 1, &is);
	}
	for (size_t i = 0; !rc && i < COUNT(requests); i++) {
		is = IS(1, requests[i]);
		rc = allow_if(filter, "ioctl", 1, &is);
	}
	return rc;
}

static int fill(scmp_filter_ctx filter)
{
	int rc = 0, call;

	for (size_t i = 0; !rc && i < COUNT(allowed); i++)
		rc = allow_if(filter, allowed[i], 0, NULL);
	for (size_t i = 0; !rc && i < COUNT(deadly); i++) {
		call = seccomp_syscall_resolve_name(deadly[i]);
		if (call >= 0)
			rc = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, call, 0);
	}
	if (!rc)
		rc = allow_memory(filter);
	if (!rc)
		rc = allow_threads(filter);
	if (!rc)
		rc = allow_sockets(filter);
	return rc ? rc : allow_requests(filter);
}

/* For all threads, those that there are already too. Returns 0 or a negative errno. */
static int load(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc;

	if (!filter)
		return -ENOMEM;
	rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!rc)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	/* What is refused is told in the kernel's log. */
	if (!rc)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
	/* A tree of numbers in place of a list. */
	if (!rc)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!rc)
		rc = fill(filter);
	if (!rc)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return rc;
}

static bool is_wanted(enum sandbox_policy policy)
{
	if (policy == SANDBOX_YES)
		return true;
	if (policy == SANDBOX_NO || AUTO_IS_NO) {
		log_line(LEVEL_INFO, "daemon", "sandbox: none%s",
			 policy == SANDBOX_NO ? ", as configured" : " beside sanitizers");
		return false;
	}
	if (prctl(PR_GET_SECCOMP) > 0) {
		log_line(LEVEL_INFO, "daemon",
			 "sandbox: that of the service manager, or of the container");
		return false;
	}
	return true;
}

/**
 * sandbox_enter - gives up what the daemon does not need, for ever
 * @policy: of the configuration; SANDBOX_AUTO: where there is a filter already, that one is enough
 *
 * When all is done that wants privileges. Holds for all threads, and for those that begin later;
 * the process can gain no privileges any more. See seccomp(2).
 *
 * Return: false after a line in the log when @policy is SANDBOX_YES and it cannot be had.
 */
bool sandbox_enter(enum sandbox_policy policy)
{
	int rc;

	if (!is_wanted(policy))
		return true;
	rc = load();
	if (!rc) {
		log_line(LEVEL_INFO, "daemon",
			 "sandbox: what meterd does not need is refused from now on");
		return true;
	}
	if (policy == SANDBOX_AUTO)
		log_line(LEVEL_WARNING, "daemon", "sandbox: none, this kernel takes no filter: %s",
			 strerror(-rc));
	else
		log_line(LEVEL_ERROR, "daemon",
			 "sandbox = yes: this kernel takes no filter: %s; with sandbox = auto "
			 "meterd "
			 "begins without one",
			 strerror(-rc));
	return policy == SANDBOX_AUTO;
}
