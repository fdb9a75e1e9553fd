// SPDX-License-Identifier: MIT
/*
 * The functions that are taken from libiio are what its header says. Compiled, not run.
 */
#include <iio.h>

#include "../../userspace/lib/iio_library.h"

#define SAME(type, name, parameters)                                                        \
	_Static_assert(__builtin_types_compatible_p(__typeof__(iio_##name), type parameters), \
		       "iio_" #name " is another function");
IIO_FUNCTIONS(SAME)
