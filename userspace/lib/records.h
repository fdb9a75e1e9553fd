/* SPDX-License-Identifier: MIT */
/*
 * A reader of the records of /dev/meterN.
 */
#ifndef METERLINE_RECORDS_H
#define METERLINE_RECORDS_H

#include <stdbool.h>

#include "../../kernel/telegram/record.h"

/** enum record_result - what record_reader_next() found */
enum record_result {
	RECORD_TELEGRAM,	/* @telegram and @header are filled */
	RECORD_NOTHING,		/* nothing there now: poll */
	RECORD_LOST,		/* this reader was overtaken: go on, the oldest kept comes next */
	RECORD_GONE,		/* the meter is gone and everything was read */
	RECORD_UNREADABLE,	/* not a record of the grammar that we know */
	RECORD_FAILED,		/* errno says why */
};

/**
 * struct record_reader - one place in the records of one meter
 * @fd: of /dev/meterN, for poll(); -1 when closed
 * @header: of the last record
 * @telegram: the last record; points into @text
 * @text: of the last record
 */
struct record_reader {
	int fd;
	struct record_header header;
	struct telegram telegram;
	char text[METERLINE_RECORD_MAX + TELEGRAM_PAD];
};

bool record_reader_open(struct record_reader *r, const char *name, bool from_oldest);
enum record_result record_reader_next(struct record_reader *r);
void record_reader_close(struct record_reader *r);

#endif /* METERLINE_RECORDS_H */
