// SPDX-License-Identifier: MIT
/*
 * libiio, loaded where it is used.
 */
#include <dlfcn.h>
#include <stdio.h>

#include "iio_library.h"

/* 0.x; what calls itself libiio.so.1 has another API. */
#define LIBRARY "libiio.so.0"

static bool find(const struct iio_library *l, const char *name, void **function)
{
	*function = dlsym(l->handle, name);
	return *function;
}

/**
 * iio_library_load - load libiio
 * @l: filled; unload with iio_library_unload(), unless this failed
 * @why: when it failed, a sentence without full stop that says what to do
 *
 * Return: false when it is not installed, or older than 0.24.
 */
bool iio_library_load(struct iio_library *l, char why[IIO_WHY_SIZE])
{
	bool whole = true;

	l->handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!l->handle) {
		snprintf(why, IIO_WHY_SIZE,
			 "libiio is not installed: type 'apt install libiio0' as root (%s)",
			 dlerror());
		return false;
	}
#define IIO_FIND(type, name, parameters) \
	whole = whole && find(l, "iio_" #name, (void **)&l->name);
	IIO_FUNCTIONS(IIO_FIND)
#undef IIO_FIND
	if (whole)
		return true;
	snprintf(why, IIO_WHY_SIZE, "libiio is older than 0.24 (%s)", dlerror());
	iio_library_unload(l);
	return false;
}

/**
 * iio_library_unload - give libiio back
 * @l: of iio_library_load()
 */
void iio_library_unload(struct iio_library *l)
{
	dlclose(l->handle);
}
