// SPDX-License-Identifier: Apache-2.0
/*
 * huge.c - see huge.h.
 */
#include "base/huge.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t whole_pages(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

/* What was mapped to find a boundary in it, and is in front of p or behind its end, goes back. */
static void trim(char *map, size_t mapped, char *p, size_t bytes)
{
	if (p > map)
		munmap(map, (size_t)(p - map));
	if (map + mapped > p + bytes)
		munmap(p + bytes, (size_t)(map + mapped - (p + bytes)));
}

void *huge_map(size_t bytes)
{
	size_t whole = whole_pages(bytes), mapped = whole + HUGE_BYTES;
	void *map = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *p;

	if (map == MAP_FAILED)
		return NULL;
	p = (char *)(((uintptr_t)map + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1));
	trim(map, mapped, p, whole);
	madvise(p, whole, MADV_HUGEPAGE);	/* slower without, that is all */
	return p;
}

void huge_unmap(void *p, size_t bytes)
{
	if (p)
		munmap(p, whole_pages(bytes));
}
