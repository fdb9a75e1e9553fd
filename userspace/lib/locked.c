// SPDX-License-Identifier: MIT
/*
 * Memory for keys: never in swap or in a core file, and wiped when it is given back.
 *
 * Pages of their own, for locks do not nest: mlock(2), "Memory locks do not stack".
 */
#include <string.h>
#include <sys/mman.h>

#include "locked.h"

/**
 * locked_new - memory for keys
 * @size: in bytes; takes whole pages
 *
 * Where the limit of locked memory (RLIMIT_MEMLOCK) is used up, it is memory that is only wiped
 * and not dumped: a meter that is not read would help nobody.
 *
 * Return: zeros, for locked_free(); NULL without memory.
 */
void *locked_new(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	madvise(memory, size, MADV_DONTDUMP);
	mlock(memory, size);
	return memory;
}

/**
 * locked_free - wipes memory and gives it back
 * @memory: of locked_new(), or NULL
 * @size: that was asked for
 */
void locked_free(void *memory, size_t size)
{
	if (!memory)
		return;
	explicit_bzero(memory, size);
	munmap(memory, size);
}
