// SPDX-License-Identifier: MIT
/*
 * --uri on a command line, and METER among the meters there.
 */
#include "../lib/say.h"
#include "commands.h"
#include "iio_argument.h"

/**
 * uri_open - see which meters are at an URI, or a sentence
 * @uri: as given
 * @im: filled; close with iio_meters_close() when this returned true
 *
 * Return: false after a sentence on stderr.
 */
bool uri_open(const char *uri, struct iio_meters *im)
{
	char why[IIO_WHY_SIZE];

	if (iio_meters_open(im, uri, why))
		return true;
	say("%s", why);
	return false;
}

/**
 * no_meter_at - say that there is no meter, and what may be the reason
 * @uri: where
 *
 * Return: NOTHING.
 */
int no_meter_at(const char *uri)
{
	say("there is no meter at %s: its first whole telegram may not have come yet, or iiod was "
	    "started before that (see the page iio of the documentation)",
	    uri);
	return NOTHING;
}

/**
 * iio_meter_argument - the meter that an argument names, or a sentence
 * @im: the meters
 * @uri: where they are
 * @wanted: meterN, an id, or the beginning of either; NULL: the only one
 * @m: filled when the result is DONE
 *
 * Return: DONE, NOTHING when there is no such meter, UNUSABLE when it could be several.
 */
int iio_meter_argument(const struct iio_meters *im, const char *uri, const char *wanted,
		       struct iio_meter *m)
{
	if (!im->count)
		return no_meter_at(uri);
	if (!wanted && im->count > 1) {
		say("there are %zu meters: say which; 'meterctl list --uri %s' shows them",
		    im->count, uri);
		return UNUSABLE;
	}
	if (!wanted) {
		*m = im->meters[0];
		return DONE;
	}
	switch (iio_meters_find(im, wanted, m)) {
	case METER_FOUND:
		return DONE;
	case METER_AMBIGUOUS:
		say("several meters begin with '%s': 'meterctl list --uri %s' shows their whole "
		    "names",
		    wanted, uri);
		return UNUSABLE;
	case METER_NONE:
		break;
	}
	say("there is no meter '%s': 'meterctl list --uri %s' shows those that are there", wanted,
	    uri);
	return NOTHING;
}
