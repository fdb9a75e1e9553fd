// SPDX-License-Identifier: MIT
/*
 * Where a server of D2L modules listens, as given on a command line.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "../decode/d2l.h"
#include "../lib/say.h"
#include "d2l_address.h"
#include "numbers.h"

/*
 * Leaves the address alone in @text, without brackets. Returns the colon before a port, NULL when
 * there is none; brackets that do not pair leave something that is no address.
 */
static char *split(char *text)
{
	char *end = strchr(text, ':');

	if (*text == '[') {
		end = strchr(text, ']');
		if (!end || (end[1] && end[1] != ':'))
			return NULL;
		memmove(text, text + 1, end - text);
		end[-1] = '\0';
		return end[1] ? end + 1 : NULL;
	}
	/* More than one colon is all of an IPv6 address. */
	if (!end || strchr(end + 1, ':'))
		return NULL;
	*end = '\0';
	return end;
}

/**
 * d2l_address - read an address
 * @text: "192.0.2.1", "192.0.2.1:7845", "::1" or "[::1]:7845"
 * @to: for the address, with D2L_PORT when @text has no port
 * @len: for the bytes of @to in use
 *
 * Return: false when it is none, which it has said.
 */
bool d2l_address(const char *text, struct sockaddr_storage *to, socklen_t *len)
{
	struct sockaddr_in6 *to6 = (struct sockaddr_in6 *)to;
	struct sockaddr_in *to4 = (struct sockaddr_in *)to;
	char address[64];
	uint64_t port = D2L_PORT;
	const char *colon;

	memset(to, 0, sizeof(*to));
	snprintf(address, sizeof(address), "%s", text);
	colon = split(address);
	if (colon && !number_option("port", colon + 1, 1, 65535, &port))
		return false;
	if (inet_pton(AF_INET, address, &to4->sin_addr) == 1) {
		to4->sin_family = AF_INET;
		to4->sin_port = htons(port);
		*len = sizeof(*to4);
		return true;
	}
	if (inet_pton(AF_INET6, address, &to6->sin6_addr) == 1) {
		to6->sin6_family = AF_INET6;
		to6->sin6_port = htons(port);
		*len = sizeof(*to6);
		return true;
	}
	say("%s is no address: give one such as 127.0.0.1 or 127.0.0.1:%d", text, D2L_PORT);
	return false;
}
