// SPDX-License-Identifier: Apache-2.0
/*
 * ring_lib.c - see cost_ring() in cost.h. A file in memory stands for the
 * array map, since it is mapped in the same way (include/ninetap/abi_ring.h).
 */
#include "counts/cost.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* From the first chunk on: half of the ring is never its end. */
static void fill(struct nt_ring_chunk *chunks, const struct nt_record *r, uint32_t n)
{
	uint64_t at = 0;

	for (uint32_t i = 0; i < n; i++) {
		memcpy(chunks[at / NT_CHUNK_BYTES].data + at % NT_CHUNK_BYTES, &r[i], NT_RECORD_SIZE(r[i].tunnels));
		at += NT_RECORD_SIZE(r[i].tunnels);
	}
	chunks[0].producer = at;
}

int cost_ring(const struct nt_record *r, uint32_t n, uint32_t ring_bytes)
{
	const size_t size = ring_bytes / NT_CHUNK_BYTES * sizeof(struct nt_ring_chunk);
	int fd = memfd_create("ring", MFD_CLOEXEC), err;
	void *map = MAP_FAILED;

	if (fd >= 0 && !ftruncate(fd, (off_t)size))
		map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	fill(map, r, n);
	munmap(map, size);
	return fd;
}
