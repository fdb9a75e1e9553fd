/* SPDX-License-Identifier: MIT */
/*
 * Lines for the journal: who, and a sentence. Never a flood.
 */
#ifndef METERD_LOG_H
#define METERD_LOG_H

#include "../../kernel/telegram/types.h"

/** enum log_level - numbers of syslog(3) */
enum log_level {
	LEVEL_ERROR = 3,
	LEVEL_WARNING = 4,
	LEVEL_INFO = 6,
	LEVEL_DEBUG = 7,
	LEVEL_COMMUNICATION = 8,	/* all that is said; to the journal it is debug, too */
};

/**
 * struct log_limit - lets ten lines of one subject through in ten minutes, and counts the others
 *
 * All zero at the beginning.
 */
struct log_limit {
	u64 since_ms;
	u32 said;
	u32 withheld;
};

void log_set_level(enum log_level level);
bool log_wants(enum log_level level);
__attribute__((format(printf, 3, 4)))
void log_line(enum log_level level, const char *who, const char *format, ...);
__attribute__((format(printf, 4, 5)))
void log_limited(struct log_limit *limit, enum log_level level, const char *who,
		 const char *format, ...);

#endif /* METERD_LOG_H */
