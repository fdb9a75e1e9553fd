/* SPDX-License-Identifier: MIT */
/*
 * Asking meterd over its control socket.
 */
#ifndef METERCTL_CONTROL_CLIENT_H
#define METERCTL_CONTROL_CLIENT_H

#include <jansson.h>
#include <stdbool.h>

#define CONTROL_PATH_MAX 108

/** struct control_answer - what meterd said: a line of JSON, and what it means */
struct control_answer {
	char *text;
	json_t *json;
};

int control_reach(const char *given, char path[CONTROL_PATH_MAX]);
bool control_ask(const char *path, const char *request, struct control_answer *answer);
void control_answer_free(struct control_answer *answer);

#endif /* METERCTL_CONTROL_CLIENT_H */
