// SPDX-License-Identifier: MIT
/*
 * Who the daemon is, its directories, and how many files it may open.
 */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "identity.h"
#include "serve_clients.h"

/* Besides those of the sources: ledger, HTTP and control with their connections, sinks. */
#define FILES_OF_OURS		128
#define FILES_OF_A_SOURCE	2
/* What the kernel's meters or a directory of files can need when they are one source. */
#define FILES_OF_DEVICES	256

/**
 * identity_find - who a user is
 * @who: where it goes
 * @user: its name; NULL: stay who it is, as when it was not started as root
 *
 * Return: false after a line in the log.
 */
bool identity_find(struct identity *who, const char *user)
{
	const struct passwd *entry;

	memset(who, 0, sizeof(*who));
	if (!user || geteuid() != 0)
		return true;
	entry = getpwnam(user);
	if (!entry) {
		log_line(LEVEL_ERROR, "daemon",
			 "there is no user %s, expected one in user =", user);
		return false;
	}
	who->name = user;
	who->uid = entry->pw_uid;
	who->gid = entry->pw_gid;
	return true;
}

/* One on the way to ours: whoever we will be has to pass, whatever the umask is. */
static bool make_way(const char *path)
{
	return mkdir(path, 0755) ? errno == EEXIST : !chmod(path, 0755);
}

/* A group that there is not, or that is not ours to give, leaves it to its owner. */
static bool make_last(const struct identity *who, const char *path, const char *group)
{
	const struct group *entry = group ? getgrnam(group) : NULL;

	if (mkdir(path, 0750))
		return errno == EEXIST;
	if (who->name && chown(path, who->uid, who->gid))
		return false;
	if (entry && chown(path, -1, entry->gr_gid))
		return errno == EPERM;
	return true;
}

/**
 * identity_make_directory - makes a directory that only its owner and a group may look into
 * @who: gets it, if it is made
 * @path: those above it are made too
 * @group: that may look into it; NULL: that of @who
 *
 * Return: false after a line in the log.
 */
bool identity_make_directory(const struct identity *who, const char *path, const char *group)
{
	char part[PATH_MAX];
	bool made = (size_t)snprintf(part, sizeof(part), "%s", path) < sizeof(part);

	for (char *slash = strchr(part + 1, '/'); made && slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		made = make_way(part);
		*slash = '/';
	}
	if (made && make_last(who, path, group))
		return true;
	log_line(LEVEL_ERROR, "daemon", "the directory %s cannot be made: %s", path,
		 strerror(errno));
	return false;
}

/**
 * identity_lend - makes files as the user from now on
 * @who: that user
 *
 * Return: false with errno.
 */
bool identity_lend(const struct identity *who)
{
	return !who->name || (!setegid(who->gid) && !seteuid(who->uid));
}

/**
 * identity_return - ends what identity_lend() began
 * @who: that user
 *
 * Return: false with errno.
 */
bool identity_return(const struct identity *who)
{
	return !who->name || (!seteuid(0) && !setegid(0));
}

/**
 * identity_become - is the user from now on, without a way back
 * @who: that user
 *
 * Return: false with errno; the process should then end.
 */
bool identity_become(const struct identity *who)
{
	if (!who->name)
		return true;
	return !initgroups(who->name, who->gid) && !setresgid(who->gid, who->gid, who->gid) &&
	       !setresuid(who->uid, who->uid, who->uid) &&
	       !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && (who->uid == 0 || setuid(0));
}

static rlim_t files_of_sinks(const struct config *c)
{
	rlim_t files = 0;

	for (unsigned int i = 0; i < c->sink_count; i++)
		files += c->sinks[i].type == SINK_SERVE ? SERVE_CLIENTS_MAX + 1 : 0;
	return files;
}

static rlim_t files_of_sources(const struct config *c)
{
	rlim_t files = (rlim_t)c->source_count * FILES_OF_A_SOURCE;

	for (unsigned int i = 0; i < c->source_count; i++)
		files += c->sources[i].max_connections;
	return files;
}

/**
 * files_allow - lets the process open what its sources and the clients of its sinks need
 * @c: the configuration that says how many there are
 *
 * What the limit does not allow is told; the sources that find no file tell it as their state.
 */
void files_allow(const struct config *c)
{
	rlim_t wanted = FILES_OF_OURS + FILES_OF_DEVICES +
			files_of_sources(c) + files_of_sinks(c);
	struct rlimit limit, more;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted)
		return;
	more.rlim_cur = wanted;
	more.rlim_max = limit.rlim_max < wanted ? wanted : limit.rlim_max;
	if (!setrlimit(RLIMIT_NOFILE, &more))
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	if (!setrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur == wanted)
		return;
	log_line(LEVEL_WARNING, "daemon",
		 "%u sources and %u sinks want %llu open files, the limit is %llu: raise "
		 "LimitNOFILE= of the service",
		 c->source_count, c->sink_count, (unsigned long long)wanted,
		 (unsigned long long)limit.rlim_cur);
}
