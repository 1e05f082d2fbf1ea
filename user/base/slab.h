/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slab.h - memory for many small objects of different sizes that live long and
 * are read at random. They lie side by side, the first million bytes in
 * ordinary memory and the others in huge pages. What is given back is used
 * again for objects of the same size, and goes back to the system with all
 * others at the end: so it holds as much as each size took at its most.
 *
 * Zero-initialised is valid and empty. One thread at a time.
 */
#ifndef NINETAP_SLAB_H
#define NINETAP_SLAB_H

#include <stddef.h>

#define SLAB_STEP 16U			/* sizes are multiples of it, and objects begin at one */
#define SLAB_OBJECT_MAX 512U		/* larger ones are malloc's */

struct slab_chunk;
struct slab_spare;

struct slab {
	struct slab_chunk *chunks;	/* the newest first */
	unsigned int chunks_n;
	unsigned char *at, *end;	/* what is left of it */
	struct slab_spare *spare[SLAB_OBJECT_MAX / SLAB_STEP + 1]; /* by size in steps */
};

/* n bytes, not cleared; NULL: no memory. */
void *slab_take(struct slab *s, size_t n);

/* Of an object of n bytes. NULL is fine. */
void slab_give(struct slab *s, void *p, size_t n);

/* Objects of more than SLAB_OBJECT_MAX must have been given back. */
void slab_free(struct slab *s);

#endif
