// SPDX-License-Identifier: MIT
/*
 * METER on a command line, and the sentences when it names nothing.
 */
#include <unistd.h>

#include "../lib/say.h"
#include "commands.h"
#include "meter_argument.h"

/**
 * no_meter - say why there is no meter at all, and what to type
 *
 * Return: NOTHING.
 */
int no_meter(void)
{
	if (access(METER_CLASS, F_OK))
		say("the kernel module meterline is not loaded: type 'modprobe meterline' as root, "
		    "then 'meterctl attach /dev/ttyUSB0' (or whatever your line is called)");
	else
		say("there is no meter: attach its line with 'meterctl attach /dev/ttyUSB0' "
		    "(or whatever it is called) as root");
	return NOTHING;
}

/**
 * meter_argument - the meter that an argument names, or a sentence
 * @wanted: meterN, an id, or the beginning of either
 * @m: filled when the result is DONE
 *
 * Return: DONE, NOTHING when there is no such meter, UNUSABLE when it could be several.
 */
int meter_argument(const char *wanted, struct meter *m)
{
	switch (meter_find(wanted, m)) {
	case METER_FOUND:
		return DONE;
	case METER_AMBIGUOUS:
		say("several meters begin with '%s': 'meterctl list' shows their whole names",
		    wanted);
		return UNUSABLE;
	case METER_NONE:
		break;
	}
	if (access(METER_CLASS, F_OK))
		return no_meter();
	say("there is no meter '%s': 'meterctl list' shows those that are there", wanted);
	return NOTHING;
}
