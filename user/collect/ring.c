// SPDX-License-Identifier: Apache-2.0
/*
 * ring.c - see ring.h. A record says by itself how long it is.
 */
#include "collect/ring.h"

#include <errno.h>
#include <sys/mman.h>

#define AHEAD_BYTES 2048U		/* a dozen records: what is read next is fetched meanwhile, as a rule from another CPU */
#define LINE_BYTES 64U			/* of a processor's cache; the usual record has three */

static size_t mapped_bytes(uint64_t size)
{
	return size / NT_CHUNK_BYTES * sizeof(struct nt_ring_chunk);
}

int ring_open(struct ring *r, int fd, size_t size)
{
	void *p = mmap(NULL, mapped_bytes(size), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	*r = (struct ring){ .size = size };
	if (p == MAP_FAILED)
		return -errno;
	r->chunks = p;
	r->read_pos = r->end = __atomic_load_n(&r->chunks[0].consumer, __ATOMIC_RELAXED);
	return 0;
}

void ring_close(struct ring *r)
{
	if (r->chunks)
		munmap(r->chunks, mapped_bytes(r->size));
	*r = (struct ring){ 0 };
}

static const struct nt_record *record_at(const struct ring *r, uint64_t pos)
{
	const struct nt_ring_chunk *c = &r->chunks[(pos & (r->size - 1)) / NT_CHUNK_BYTES];

	return (const struct nt_record *)(c->data + pos % NT_CHUNK_BYTES);
}

/* Never more than is there. All that is there where that is more than a ring: somebody else wrote to its positions. */
static uint64_t length(const struct ring *r, const struct nt_record *rec)
{
	uint64_t left = r->end - r->read_pos;
	uint64_t bytes = rec->tunnels <= NT_TUNNELS_MAX ? NT_RECORD_SIZE(rec->tunnels) : left;

	return bytes < left && left <= r->size ? bytes : left;
}

const void *ring_next(struct ring *r, uint32_t *len)
{
	const struct nt_record *rec;
	const char *ahead;
	uint64_t bytes;

	if (r->read_pos == r->end) {
		r->end = __atomic_load_n(&r->chunks[0].producer, __ATOMIC_ACQUIRE);
		if (r->read_pos == r->end)
			return NULL;
	}
	rec = record_at(r, r->read_pos);
	bytes = length(r, rec);
	*len = bytes <= r->size ? bytes : 1;
	r->read_pos += bytes;
	if (r->end - r->read_pos <= AHEAD_BYTES)
		return rec;		/* what the kernel still writes must not be taken away from it */
	ahead = (const char *)record_at(r, r->read_pos + AHEAD_BYTES);
	for (int i = 0; i < 3; i++)
		__builtin_prefetch(ahead + (size_t)i * LINE_BYTES);
	return rec;
}

void ring_seek(struct ring *r, uint64_t pos)
{
	r->read_pos = r->end = pos;
	ring_release(r, pos);
}

void ring_release(struct ring *r, uint64_t pos)
{
	__atomic_store_n(&r->chunks[0].consumer, pos, __ATOMIC_RELEASE);
}

uint64_t ring_fill(const struct ring *r)
{
	/* Consumer first: read the other way round, it could be ahead. Meanwhile as much as a ring may have passed. */
	uint64_t consumer = __atomic_load_n(&r->chunks[0].consumer, __ATOMIC_ACQUIRE);
	uint64_t fill = __atomic_load_n(&r->chunks[0].producer, __ATOMIC_ACQUIRE) - consumer;

	return fill < r->size ? fill : r->size;
}
