// SPDX-License-Identifier: Apache-2.0
/*
 * slab.c - see slab.h.
 */
#include "base/slab.h"

#include <stdlib.h>
#include "base/huge.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

#define SMALL_BYTES (64UL << 10)
#define SMALL_CHUNKS 16U		/* 1 MiB, before a huge page is taken */

struct slab_chunk {
	struct slab_chunk *next;
	size_t bytes;			/* with this header */
};
_Static_assert(sizeof(struct slab_chunk) % SLAB_STEP == 0, "objects begin behind it");

/* In the place of an object that was given back. */
struct slab_spare {
	struct slab_spare *next;
};

static size_t steps_of(size_t n)
{
	return n ? (n + SLAB_STEP - 1) / SLAB_STEP : 1;
}

/* What is left of the chunk before is too little for one object, and is not used. */
static int add_chunk(struct slab *s)
{
	size_t bytes = s->chunks_n < SMALL_CHUNKS ? SMALL_BYTES : HUGE_BYTES;
	struct slab_chunk *c = bytes == HUGE_BYTES ? huge_map(bytes) : malloc(bytes);

	if (!c)
		return -1;
	*c = (struct slab_chunk){ s->chunks, bytes };
	s->chunks = c;
	s->chunks_n++;
	s->at = (unsigned char *)(c + 1);
	s->end = (unsigned char *)c + bytes;
	ASAN_POISON_MEMORY_REGION(s->at, bytes - sizeof(*c));
	return 0;
}

void *slab_take(struct slab *s, size_t n)
{
	size_t steps = steps_of(n);
	struct slab_spare *p;

	if (n > SLAB_OBJECT_MAX)
		return malloc(n);
	p = s->spare[steps];
	if (p) {
		s->spare[steps] = p->next;
	} else {
		if ((size_t)(s->end - s->at) < steps * SLAB_STEP && add_chunk(s))
			return NULL;
		p = (struct slab_spare *)s->at;
		s->at += steps * SLAB_STEP;
	}
	ASAN_UNPOISON_MEMORY_REGION(p, n);
	return p;
}

void slab_give(struct slab *s, void *p, size_t n)
{
	size_t steps = steps_of(n);
	struct slab_spare *spare = p;

	if (!p || n > SLAB_OBJECT_MAX) {
		free(p);
		return;
	}
	ASAN_POISON_MEMORY_REGION(p, steps * SLAB_STEP);
	ASAN_UNPOISON_MEMORY_REGION(p, sizeof(*spare));
	spare->next = s->spare[steps];
	s->spare[steps] = spare;
}

static void free_chunk(struct slab_chunk *c)
{
	ASAN_UNPOISON_MEMORY_REGION(c, c->bytes);
	if (c->bytes == HUGE_BYTES)
		huge_unmap(c, c->bytes);
	else
		free(c);
}

void slab_free(struct slab *s)
{
	for (struct slab_chunk *c = s->chunks, *next; c; c = next) {
		next = c->next;
		free_chunk(c);
	}
	*s = (struct slab){ 0 };
}
