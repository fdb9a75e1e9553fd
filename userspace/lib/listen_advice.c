// SPDX-License-Identifier: MIT
/*
 * What a person can do when a program cannot listen.
 */
#include <errno.h>

#include "listen_advice.h"

/**
 * listen_advice - what to do about an address that cannot be had
 * @error: errno of bind() or listen()
 *
 * Return: the end of a sentence, or "".
 */
const char *listen_advice(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "; another program has it: ss -ltnp shows which, or choose another port";
	case EADDRNOTAVAIL:
		return "; this machine has no such address: ip address shows which it has";
	case EACCES:
		return "; ports below 1024 are for root";
	default:
		return "";
	}
}
