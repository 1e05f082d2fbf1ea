// SPDX-License-Identifier: Apache-2.0
/*
 * ring.c - see ring.h. The layout is the kernel's ABI: a page with the
 * consumer's position, one with the producer's, then the data twice in a row
 * so that a record which wraps is still in one piece.
 */
#include "collect/ring.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/bpf.h>

static size_t page(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

int ring_open(struct ring *r, int fd, size_t size)
{
	*r = (struct ring){ .fd = fd, .size = size };
	r->map_consumer = mmap(NULL, page(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (r->map_consumer == MAP_FAILED)
		goto out;
	r->map_producer = mmap(NULL, page() + 2 * size, PROT_READ, MAP_SHARED, fd, (off_t)page());
	if (r->map_producer == MAP_FAILED)
		goto out;
	r->consumer = r->map_consumer;
	r->producer = r->map_producer;
	r->data = (const unsigned char *)r->map_producer + page();
	r->read_pos = __atomic_load_n(r->consumer, __ATOMIC_RELAXED);
	return 0;
out:
	fd = -errno;
	ring_close(r);
	return fd;
}

void ring_close(struct ring *r)
{
	if (r->map_consumer && r->map_consumer != MAP_FAILED)
		munmap(r->map_consumer, page());
	if (r->map_producer && r->map_producer != MAP_FAILED)
		munmap(r->map_producer, page() + 2 * r->size);
	*r = (struct ring){ .fd = -1 };
}

const void *ring_next(struct ring *r, uint32_t *len)
{
	unsigned long end = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);

	while (r->read_pos < end) {
		const unsigned char *at = r->data + (r->read_pos & (r->size - 1));
		uint32_t head = __atomic_load_n((const uint32_t *)at, __ATOMIC_ACQUIRE);
		uint32_t bytes = head & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

		if (head & BPF_RINGBUF_BUSY_BIT)
			return NULL;
		r->read_pos += (bytes + BPF_RINGBUF_HDR_SZ + 7) & ~7UL;
		if (head & BPF_RINGBUF_DISCARD_BIT)
			continue;
		*len = bytes;
		return at + BPF_RINGBUF_HDR_SZ;
	}
	return NULL;
}

void ring_seek(struct ring *r, uint64_t pos)
{
	r->read_pos = pos;
	ring_release(r, pos);
}

void ring_release(struct ring *r, uint64_t pos)
{
	__atomic_store_n(r->consumer, pos, __ATOMIC_RELEASE);
}

uint64_t ring_fill(const struct ring *r)
{
	return __atomic_load_n(r->producer, __ATOMIC_ACQUIRE) -
	       __atomic_load_n(r->consumer, __ATOMIC_RELAXED);
}
