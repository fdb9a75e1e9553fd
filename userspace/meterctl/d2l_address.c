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
	bool bracketed = *text == '[';
	char address[64], *end;
	uint64_t port = D2L_PORT;

	memset(to, 0, sizeof(*to));
	snprintf(address, sizeof(address), "%s", text + bracketed);
	end = bracketed ? strchr(address, ']') : strchr(address, ':');
	/* More than one colon is all of an IPv6 address. */
	if (end && !bracketed && strchr(end + 1, ':'))
		end = NULL;
	if (end) {
		char *colon = bracketed ? end + 1 : end;

		if (*colon == ':' && !number_option("port", colon + 1, 1, 65535, &port))
			return false;
		*end = '\0';
	}
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
