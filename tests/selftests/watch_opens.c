// SPDX-License-Identifier: MIT
/*
 * watch_opens FILE: prints a line when it watches, and one for each time that the file is opened.
 */
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct inotify_event event;
	int fd = inotify_init1(IN_CLOEXEC);

	if (argc != 2 || inotify_add_watch(fd, argv[1], IN_OPEN) < 0) {
		perror("watch_opens FILE");
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("watching");
	while (read(fd, &event, sizeof(event)) == sizeof(event))
		puts("opened");
	return 0;
}
