/* SPDX-License-Identifier: MIT */
/*
 * Asking meterd over its control socket.
 */
#ifndef METERCTL_CONTROL_CLIENT_H
#define METERCTL_CONTROL_CLIENT_H

#include <jansson.h>
#include <stdbool.h>

/** struct control_answer - what meterd said: a line of JSON, and what it means */
struct control_answer {
	char *text;
	json_t *json;
};

bool control_ask(const char *path, const char *request, struct control_answer *answer);
void control_answer_free(struct control_answer *answer);

#endif /* METERCTL_CONTROL_CLIENT_H */
