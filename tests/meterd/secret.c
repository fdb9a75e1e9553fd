// SPDX-License-Identifier: MIT
/*
 * Passwords and keys: only from files that nobody else can read, and whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../userspace/meterd/secret.h"
#include "../host/host.h"

#define LARGEST (64 * 1024)

static char directory[] = "/tmp/meterd-secret-XXXXXX";
static char path[64];
static char problem[512];

/* A file with these bytes, of this mode, whatever the umask is. */
static void write_file(const char *bytes, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len || fchmod(fd, mode) || close(fd))
		abort();
	*problem = '\0';
}

static bool gives(const char *expected)
{
	char *secret = secret_read(path, SECRET_MAX, problem, sizeof(problem));
	bool same = secret && !strcmp(secret, expected);

	if (!same)
		broken("'%s' in place of '%s': %s", secret ? secret : "", expected, problem);
	secret_free(secret);
	return same;
}

/* It is refused, with a sentence that has the path and these words. */
static bool is_refused(const char *words)
{
	char *secret = secret_read(path, SECRET_MAX, problem, sizeof(problem));

	if (secret || !strstr(problem, path) || !strstr(problem, words)) {
		secret_free(secret);
		return broken("taken, or with another reason than '%s': %s", words, problem);
	}
	return true;
}

/* The same, and a library is kept from it too. */
static bool is_unsafe(const char *words)
{
	if (secret_file_is_safe(path, problem, sizeof(problem)) || !strstr(problem, words))
		return broken("called safe, or with another reason than '%s': %s", words, problem);
	return is_refused(words);
}

static bool the_text_comes_without_its_last_line_end(const char **skip)
{
	static const struct {
		const char *file, *text;
	} cases[] = {
		{ "word", "word" },	  { "word\n", "word" },	  { "word\r\n", "word" },
		{ "word\n\n", "word\n" }, { " word ", " word " }, { "a\nb\n", "a\nb" },
	};
	bool kept = true;

	(void)skip;
	for (size_t i = 0; i < COUNT(cases); i++) {
		write_file(cases[i].file, strlen(cases[i].file), 0600);
		kept = gives(cases[i].text) && kept;
	}
	return kept;
}

static bool files_of_the_owner_alone_are_safe(const char **skip)
{
	static const mode_t modes[] = { 0600, 0400, 0700 };
	bool kept = true;

	(void)skip;
	for (size_t i = 0; i < COUNT(modes); i++) {
		write_file("word", 4, modes[i]);
		kept = gives("word") && secret_file_is_safe(path, problem, sizeof(problem)) && kept;
	}
	return kept;
}

static bool a_group_of_ours_may_read_and_no_more(const char **skip)
{
	(void)skip;
	write_file("word", 4, 0640);
	if (chown(path, -1, getegid()) || !gives("word"))
		return false;
	chmod(path, 0660);
	if (!is_unsafe("chmod 0640 "))
		return false;
	chmod(path, 0650);
	return is_unsafe("chmod 0640 ");
}

static bool another_group_may_not_read(const char **skip)
{
	if (geteuid() != 0) {
		*skip = "not root";
		return true;
	}
	write_file("word", 4, 0640);
	if (chown(path, -1, 54321))
		return broken("%s", strerror(errno));
	return is_unsafe("chmod 0600 ");
}

static bool nobody_else_may_read_or_write(const char **skip)
{
	static const mode_t modes[] = { 0604, 0602, 0644, 0666, 0601, 0444 };
	bool kept = true;

	(void)skip;
	for (size_t i = 0; i < COUNT(modes); i++) {
		char mode[16];

		write_file("word", 4, modes[i]);
		snprintf(mode, sizeof(mode), "mode is %04o", modes[i]);
		kept = is_unsafe(mode) && kept;
	}
	return kept && strstr(problem, "; type: chmod 06");
}

/* With an access list the mask of it is 0440, whatever group the file has. */
static bool credentials_are_guarded_by_their_directory(const char **skip)
{
	bool kept;

	if (geteuid() != 0) {
		*skip = "not root";
		return true;
	}
	write_file("word", 4, 0440);
	if (chown(path, -1, 54321))
		return broken("%s", strerror(errno));
	setenv("CREDENTIALS_DIRECTORY", directory, 1);
	kept = gives("word");
	chmod(path, 0444);
	kept = is_unsafe("mode is 0444") && kept;
	chmod(path, 0440);
	setenv("CREDENTIALS_DIRECTORY", "/tmp", 1);
	kept = is_unsafe("mode is 0440") && kept;
	unsetenv("CREDENTIALS_DIRECTORY");
	return is_unsafe("mode is 0440") && kept;
}

static bool the_file_behind_a_link_is_what_counts(const char **skip)
{
	char file[sizeof(path) + 8];
	bool kept;

	(void)skip;
	snprintf(file, sizeof(file), "%s.real", path);
	write_file("word", 4, 0600);
	if (rename(path, file) || symlink(file, path))
		return broken("%s", strerror(errno));
	kept = gives("word");
	chmod(file, 0644);
	kept = is_unsafe("mode is 0644") && kept;
	unlink(file);
	kept = is_unsafe("No such file") && kept;
	unlink(path);
	return kept;
}

static bool what_is_not_a_file_is_not_waited_for(const char **skip)
{
	bool kept;

	(void)skip;
	unlink(path);
	if (mkfifo(path, 0600))
		return broken("%s", strerror(errno));
	kept = is_unsafe("is not a file");
	unlink(path);
	if (mkdir(path, 0700))
		return broken("%s", strerror(errno));
	kept = is_unsafe("is not a file") && kept;
	rmdir(path);
	return is_unsafe("No such file") && kept;
}

static bool half_a_secret_is_none(const char **skip)
{
	char *bytes = malloc(LARGEST + 1);
	bool kept;

	(void)skip;
	memset(bytes, 'x', LARGEST + 1);
	write_file(bytes, LARGEST + 1, 0600);
	kept = is_refused("more than 64 KiB");
	write_file(bytes, LARGEST, 0600);
	bytes[LARGEST] = '\0';
	kept = gives(bytes) && kept;
	free(bytes);
	write_file("wo\0rd", 5, 0600);
	kept = is_refused("a byte 0") && kept;
	write_file("\n", 1, 0600);
	kept = is_refused("is empty") && kept;
	write_file("", 0, 0600);
	return is_refused("is empty") && kept;
}

static bool credentials_are_where_the_service_manager_put_them(const char **skip)
{
	char where[PATH_MAX], expected[PATH_MAX];
	bool kept;

	(void)skip;
	write_file("word", 4, 0400);
	snprintf(expected, sizeof(expected), "%s/mqtt.password", directory);
	unsetenv("CREDENTIALS_DIRECTORY");
	kept = !credential_path("mqtt.password", where);
	setenv("CREDENTIALS_DIRECTORY", directory, 1);
	kept = kept && credential_path("mqtt.password", where) == where;
	kept = kept && !strcmp(where, expected) && !credential_path("mqtt.user", where);
	setenv("CREDENTIALS_DIRECTORY", "", 1);
	kept = kept && !credential_path("mqtt.password", where);
	unsetenv("CREDENTIALS_DIRECTORY");
	return kept;
}

int main(void)
{
	static const struct promise promises[] = {
		{ "the_text_comes_without_its_last_line_end",
		  the_text_comes_without_its_last_line_end },
		{ "files_of_the_owner_alone_are_safe", files_of_the_owner_alone_are_safe },
		{ "a_group_of_ours_may_read_and_no_more", a_group_of_ours_may_read_and_no_more },
		{ "another_group_may_not_read", another_group_may_not_read },
		{ "nobody_else_may_read_or_write", nobody_else_may_read_or_write },
		{ "credentials_are_guarded_by_their_directory",
		  credentials_are_guarded_by_their_directory },
		{ "the_file_behind_a_link_is_what_counts", the_file_behind_a_link_is_what_counts },
		{ "what_is_not_a_file_is_not_waited_for", what_is_not_a_file_is_not_waited_for },
		{ "half_a_secret_is_none", half_a_secret_is_none },
		{ "credentials_are_where_the_service_manager_put_them",
		  credentials_are_where_the_service_manager_put_them },
	};
	int code;

	umask(077);
	if (!mkdtemp(directory))
		abort();
	snprintf(path, sizeof(path), "%s/mqtt.password", directory);
	code = keep_promises(promises, COUNT(promises));
	unlink(path);
	rmdir(directory);
	return code;
}
