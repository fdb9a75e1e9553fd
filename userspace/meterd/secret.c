// SPDX-License-Identifier: MIT
/*
 * Passwords and keys: from files that nobody else can read, and from the service manager.
 *
 * What counts is the file that was opened, so links to it are followed: those below /etc are often
 * meant to be there.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "secret.h"

#define GROUPS_MAX 256

struct problem {
	char *text;
	size_t size;
};

__attribute__((format(printf, 2, 3)))
static bool refused(const struct problem *problem, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(problem->text, problem->size, format, args);
	va_end(args);
	return false;
}

static bool group_is_ours(gid_t group)
{
	gid_t groups[GROUPS_MAX];
	int count = getgroups(GROUPS_MAX, groups);

	if (group == getegid())
		return true;
	for (int i = 0; i < count; i++)
		if (groups[i] == group)
			return true;
	return false;
}

/*
 * Of the service manager's directory only its user can see anything. Its files may have an access
 * list, whose mask stands where the group's permissions do: acl(5), "Correspondence between ACL
 * entries and file permission bits".
 */
static bool is_credential(const char *path)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	size_t len = directory ? strlen(directory) : 0;

	return len && !strncmp(path, directory, len) && path[len] == '/' &&
	       !strchr(path + len + 1, '/');
}

static bool is_safe(const struct problem *problem, const char *path, const struct stat *about)
{
	mode_t group = about->st_mode & S_IRWXG;
	bool readable = group == S_IRGRP && (group_is_ours(about->st_gid) || is_credential(path));

	if (!S_ISREG(about->st_mode))
		return refused(problem, "%s is not a file", path);
	if (about->st_mode & S_IRWXO || (group && !readable))
		return refused(problem,
			       "%s is not taken: others can read or write it, its mode is %04o; "
			       "type: chmod %s %s", path, about->st_mode & 07777,
			       group_is_ours(about->st_gid) ? "0640" : "0600", path);
	return true;
}

/* Never waits, as opening a pipe would. */
static int open_safe(const struct problem *problem, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat about;

	if (fd < 0) {
		refused(problem, "%s cannot be read: %s%s", path, strerror(errno),
			errno == EACCES ? "; it must belong to the user that meterd is, or to one "
					  "of its groups with mode 0640" : "");
		return -1;
	}
	if (fstat(fd, &about))
		refused(problem, "%s cannot be read: %s", path, strerror(errno));
	else if (is_safe(problem, path, &about))
		return fd;
	close(fd);
	return -1;
}

/* Bytes read, up to @size; -1 with errno. */
static ssize_t read_all(int fd, char *to, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, to + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (!n)
			break;
		len += n;
	}
	return len;
}

/* Ends the text, which has one byte of room behind it. */
static bool make_text(const struct problem *problem, const char *path, char *text, size_t len,
		      size_t max)
{
	if (len > max)
		return refused(problem, "%s is not taken: it has more than %zu KiB", path,
			       max / 1024);
	if (memchr(text, '\0', len))
		return refused(problem, "%s is not taken: it has a byte 0, expected text", path);
	if (len && text[len - 1] == '\n')
		len--;
	if (len && text[len - 1] == '\r')
		len--;
	text[len] = '\0';
	return len || refused(problem, "%s is empty", path);
}

/**
 * secret_read - reads a password or a key
 * @path: of its file
 * @max: bytes that it may have, usually SECRET_MAX
 * @problem: where a sentence goes when it cannot be had, with what to type
 * @problem_size: of @problem, in bytes
 *
 * The file is refused when group or others can read or write it, unless the group is one of the
 * process's own and may only read. One line end at the end is left out. On any thread; does not
 * wait for pipes or terminals.
 *
 * Return: the text, without a NUL in it, for secret_free(); NULL after a sentence.
 */
char *secret_read(const char *path, size_t max, char *problem, size_t problem_size)
{
	const struct problem p = { problem, problem_size };
	int fd = open_safe(&p, path);
	char *text;
	ssize_t len;

	if (fd < 0)
		return NULL;
	text = calloc(1, max + 2);
	len = text ? read_all(fd, text, max + 1) : -1;
	if (len < 0)
		refused(&p, "%s cannot be read: %s", path, strerror(errno));
	close(fd);
	if (len >= 0 && make_text(&p, path, text, len, max))
		return text;
	if (text)
		explicit_bzero(text, max + 2);
	free(text);
	return NULL;
}

/**
 * secret_free - frees a secret and leaves nothing of it in memory
 * @secret: of secret_read(), or NULL
 */
void secret_free(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

/**
 * secret_file_is_safe - whether secret_read() would take a file that a library opens itself
 * @path: of the file
 * @problem: where a sentence goes when it would not, with what to type
 * @problem_size: of @problem, in bytes
 *
 * Return: whether it can be read by this process and by nobody else.
 */
bool secret_file_is_safe(const char *path, char *problem, size_t problem_size)
{
	const struct problem p = { problem, problem_size };
	int fd = open_safe(&p, path);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/**
 * credential_path - where the service manager has put a credential
 * @name: of the credential, such as mqtt.password
 * @path: where its path is made
 *
 * systemd.exec(5), "Credentials": a file of that name in $CREDENTIALS_DIRECTORY.
 *
 * Return: @path; NULL when there is no such credential.
 */
const char *credential_path(const char *name, char path[PATH_MAX])
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");

	if (!directory || *directory != '/' ||
	    (size_t)snprintf(path, PATH_MAX, "%s/%s", directory, name) >= PATH_MAX ||
	    access(path, F_OK))
		return NULL;
	return path;
}
