// SPDX-License-Identifier: Apache-2.0
/*
 * bell.c - see bell.h. The consumer's position is on the first page of a ring
 * buffer and the producer's on the second.
 */
#include "collect/bell.h"

#include <errno.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t page(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

int bell_open(struct bell *b, int fd)
{
	void *consumer = mmap(NULL, page(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	void *producer = mmap(NULL, page(), PROT_READ, MAP_SHARED, fd, (off_t)page());
	int err = consumer == MAP_FAILED || producer == MAP_FAILED ? -errno : 0;

	*b = (struct bell){ .fd = fd };
	b->consumer = consumer == MAP_FAILED ? NULL : consumer;
	b->producer = producer == MAP_FAILED ? NULL : producer;
	if (err)
		bell_close(b);
	return err;
}

void bell_close(struct bell *b)
{
	if (b->consumer)
		munmap(b->consumer, page());
	if (b->producer)
		munmap((void *)b->producer, page());
	*b = (struct bell){ .fd = -1 };
}

/*
 * A little always stays: where there is nothing, the kernel has no event for the others that were woken with this one,
 * and it may be a ring of theirs that was rung for. Of several that do this at once one may take the position back:
 * what is there twice says nothing twice.
 */
void bell_hush(struct bell *b)
{
	unsigned long end = __atomic_load_n(b->producer, __ATOMIC_ACQUIRE);

	if (end)
		__atomic_store_n(b->consumer, end - BPF_RINGBUF_HDR_SZ, __ATOMIC_RELEASE);
}
