// SPDX-License-Identifier: MIT
#include "fuzz.h"

/** LLVMFuzzerTestOneInput - what libFuzzer calls */
int LLVMFuzzerTestOneInput(const u8 *bytes, size_t len)
{
	if (!holds(bytes, len)) {
		fflush(stdout);
		abort();
	}
	return 0;
}
