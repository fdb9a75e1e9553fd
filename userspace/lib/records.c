// SPDX-License-Identifier: MIT
/*
 * A reader of the records of /dev/meterN: one read is one record, see the grammar in
 * include/uapi/linux/meterline.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "records.h"

/**
 * record_reader_open - begin to read a meter's records
 * @r: the reader
 * @name: meterN
 * @from_oldest: begin with the oldest record kept, else with the next one
 *
 * Return: false with errno.
 */
bool record_reader_open(struct record_reader *r, const char *name, bool from_oldest)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/%s", name);
	r->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (r->fd < 0)
		return false;
	if (!from_oldest && lseek(r->fd, 0, SEEK_END) < 0) {
		record_reader_close(r);
		return false;
	}
	return true;
}

/**
 * record_reader_next - the next record
 * @r: an open reader; its telegram is valid until the next call
 *
 * Return: see enum record_result.
 */
enum record_result record_reader_next(struct record_reader *r)
{
	ssize_t len;

	do
		len = read(r->fd, r->text, METERLINE_RECORD_MAX);
	while (len < 0 && errno == EINTR);
	if (len > 0)
		return record_parse(r->text, len, &r->telegram, &r->header) ? RECORD_TELEGRAM :
									      RECORD_UNREADABLE;
	if (len == 0)
		return RECORD_GONE;
	switch (errno) {
	case EAGAIN:
		return RECORD_NOTHING;
	case EPIPE:
		return RECORD_LOST;
	case ENODEV:
		return RECORD_GONE;
	default:
		return RECORD_FAILED;
	}
}

/**
 * record_reader_close - stop reading
 * @r: may be closed already; errno is kept
 */
void record_reader_close(struct record_reader *r)
{
	int saved = errno;

	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	errno = saved;
}
