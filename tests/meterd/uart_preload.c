// SPDX-License-Identifier: MIT
/*
 * Ptys that pass for the first UART of this machine, so that their speed is searched.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define PTS_MAJOR 136

int fstat(int fd, struct stat *st)
{
	int rc = fstatat(fd, "", st, AT_EMPTY_PATH);

	if (!rc && S_ISCHR(st->st_mode) && major(st->st_rdev) == PTS_MAJOR)
		st->st_rdev = makedev(4, 64);
	return rc;
}

ssize_t readlink(const char *path, char *to, size_t size)
{
	static const char target[] = "../../devices/platform/ttyS0";

	if (strcmp(path, "/sys/dev/char/4:64"))
		return syscall(SYS_readlinkat, AT_FDCWD, path, to, size);
	memcpy(to, target, sizeof(target) - 1);
	return sizeof(target) - 1;
}
