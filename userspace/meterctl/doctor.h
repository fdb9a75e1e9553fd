/* SPDX-License-Identifier: MIT */
/*
 * The parts of meterctl doctor: each looks at one thing and notes what stands in the way.
 */
#ifndef METERCTL_DOCTOR_H
#define METERCTL_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#define DOCTOR_PATH_MAX 512
#define DOCTOR_TEXT_MAX 4096

/** struct finding - what stands in the way; all texts are for free() */
struct finding {
	char *where;
	char *what;
	char *fix;
};

/**
 * struct doctor - a system that is looked at
 * @root: its directory; "" for this one
 * @release: of its kernel; "" when not known
 * @user: who is to read meters; NULL for root
 * @ports: those that a meter is or will be on, by names such as ttyAMA0
 * @nports: how many
 * @is_pi: it is a Raspberry Pi
 * @header: the tty of the UART on pins 8 and 10; "" when there is none
 * @findings: so far
 * @count: of them
 */
struct doctor {
	const char *root;
	char release[128];
	const char *user;
	char **ports;
	size_t nports;
	bool is_pi;
	char header[64];
	struct finding *findings;
	size_t count;
};

/* doctor_look.c: files of the system, below @root */
bool doctor_has(const struct doctor *d, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
size_t doctor_read(const struct doctor *d, char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
bool doctor_link(const struct doctor *d, char *target, size_t size, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
const char *doctor_config_txt(const struct doctor *d);
bool doctor_add_port(struct doctor *d, const char *port);
int doctor_process(const struct doctor *d, const char *name);
void doctor_find(struct doctor *d, const char *where, const char *fix, const char *what, ...)
	__attribute__((format(printf, 4, 5)));
bool has_word(const char *text, const char *word, const char *separators);

void doctor_board(struct doctor *d);
void doctor_uart(struct doctor *d);
void doctor_port_users(struct doctor *d);
void doctor_module(struct doctor *d);
void doctor_groups(struct doctor *d);
void doctor_rules(struct doctor *d);
void doctor_meters(struct doctor *d);
void doctor_meterd(struct doctor *d, const char *socket);

#endif /* METERCTL_DOCTOR_H */
