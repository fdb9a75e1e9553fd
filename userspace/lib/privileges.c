// SPDX-License-Identifier: MIT
/*
 * Giving up what a process may do, for ever.
 */
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "privileges.h"

/* nobody and nogroup; by number, for an initramfs has no /etc/passwd */
#define UNPRIVILEGED 65534

static bool drop_user(void)
{
	uid_t real, effective, saved;

	if (geteuid() != 0)
		return true;
	if (setgroups(0, NULL) || setresgid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED) ||
	    setresuid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED))
		return false;
	return !getresuid(&real, &effective, &saved) && real == UNPRIVILEGED &&
	       effective == UNPRIVILEGED && saved == UNPRIVILEGED && setuid(0);
}

static bool drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	return !prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) &&
	       !syscall(SYS_capset, &header, none);
}

/**
 * privileges_drop - give up root, every capability, and the way back to them
 *
 * Descriptors that are open stay usable. Nobody else with the same user id can trace the process
 * or read its memory afterwards.
 *
 * Return: false with errno; the process should then end.
 */
bool privileges_drop(void)
{
	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && drop_user() && drop_capabilities() &&
	       !prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
