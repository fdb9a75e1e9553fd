// SPDX-License-Identifier: MIT
/*
 * Asking meterd over its control socket.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "../lib/say.h"
#include "control_client.h"

#define SYSTEM_SOCKET	"/run/meterd/control"
#define ANSWER_MAX	(64u << 20)
#define PATIENCE_S	20

static bool candidate(struct sockaddr_un *to, const char *parent, const char *below)
{
	int n;

	if (!parent || *parent != '/')
		return false;
	n = snprintf(to->sun_path, sizeof(to->sun_path), "%s%s/control", parent, below);
	/* One in a directory that we may not look into is one as well: that is what to tell. */
	return n < (int)sizeof(to->sun_path) && (!access(to->sun_path, F_OK) || errno == EACCES);
}

/* Where meterd has its socket: started by the system, or by this user. */
static bool find_socket(struct sockaddr_un *to, const char *given)
{
	to->sun_family = AF_UNIX;
	if (given)
		return snprintf(to->sun_path, sizeof(to->sun_path), "%s", given) <
		       (int)sizeof(to->sun_path);
	return candidate(to, "/run", "/meterd") ||
	       candidate(to, getenv("XDG_RUNTIME_DIR"), "/meterd") ||
	       candidate(to, getenv("XDG_STATE_HOME"), "/meterd") ||
	       candidate(to, getenv("HOME"), "/.local/state/meterd") ||
	       snprintf(to->sun_path, sizeof(to->sun_path), SYSTEM_SOCKET) > 0;
}

static void tell_connect(const char *path)
{
	if (errno == EACCES || errno == EPERM)
		say("%s: only root and members of group meter may ask meterd: 'sudo usermod -aG "
		    "meter $USER', then log in anew", path);
	else if (errno == ENOENT || errno == ECONNREFUSED)
		say("%s: meterd does not run there: 'systemctl start meterd' starts it, '--socket "
		    "PATH' names the socket of another one", path);
	else
		say("%s: %s", path, strerror(errno));
}

/* A connection to @to, or a negative errno. */
static int open_connection(const struct sockaddr_un *to)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (!connect(fd, (const struct sockaddr *)to, sizeof(*to)))
		return fd;
	error = errno;
	close(fd);
	return -error;
}

/**
 * control_reach - whether meterd can be asked, without a sentence
 * @given: its control socket; NULL: where meterd has it by default
 * @path: filled with that of the socket; room for CONTROL_PATH_MAX
 *
 * Return: 0, or a negative errno of connecting.
 */
int control_reach(const char *given, char path[CONTROL_PATH_MAX])
{
	struct sockaddr_un to = { 0 };
	int fd;

	path[0] = '\0';
	if (!find_socket(&to, given))
		return -ENAMETOOLONG;
	snprintf(path, CONTROL_PATH_MAX, "%s", to.sun_path);
	fd = open_connection(&to);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int connect_to(const char *given)
{
	struct sockaddr_un to = { 0 };
	int fd;

	if (!find_socket(&to, given)) {
		say("%s: too long for the name of a socket", given);
		return -1;
	}
	fd = open_connection(&to);
	if (fd >= 0)
		return fd;
	errno = -fd;
	tell_connect(to.sun_path);
	return -1;
}

/* All that meterd answers; NULL after a sentence on stderr. */
static char *read_answer(int fd)
{
	size_t len = 0, room = 4096;
	char *text = malloc(room), *more;
	ssize_t n = 0;

	while (text && (n = read(fd, text + len, room - len - 1)) > 0) {
		len += n;
		if (len + 1 < room)
			continue;
		more = room < ANSWER_MAX ? realloc(text, room * 2) : NULL;
		if (!more)
			break;
		text = more;
		room *= 2;
	}
	if (text && !n && len) {
		text[len] = '\0';
		return text;
	}
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		say("meterd does not answer within %d s: 'journalctl -u meterd' may tell why",
		    PATIENCE_S);
	else
		say("meterd gave no whole answer: 'journalctl -u meterd' may tell why");
	free(text);
	return NULL;
}

/* Whether it is an answer and no error. */
static bool parse_answer(struct control_answer *answer)
{
	const char *error;

	answer->json = json_loads(answer->text, 0, NULL);
	if (!json_is_object(answer->json)) {
		say("what answers is not meterd: '--socket PATH' names its socket");
		return false;
	}
	error = json_string_value(json_object_get(answer->json, "error"));
	if (error)
		say("%s", error);
	return !error;
}

/**
 * control_ask - asks meterd
 * @path: of its control socket; NULL: where meterd has it by default
 * @request: without a line end
 * @answer: an object; for control_answer_free() when this returns true
 *
 * Return: false after a sentence on stderr, which may be that of meterd.
 */
bool control_ask(const char *path, const char *request, struct control_answer *answer)
{
	int fd = connect_to(path);

	memset(answer, 0, sizeof(*answer));
	if (fd < 0)
		return false;
	if (dprintf(fd, "%s\n", request) < 0)
		say("meterd does not listen: %s", strerror(errno));
	else
		answer->text = read_answer(fd);
	close(fd);
	if (answer->text && parse_answer(answer))
		return true;
	control_answer_free(answer);
	return false;
}

/**
 * control_answer_free - frees what control_ask() gave
 * @answer: not itself
 */
void control_answer_free(struct control_answer *answer)
{
	json_decref(answer->json);
	free(answer->text);
}
