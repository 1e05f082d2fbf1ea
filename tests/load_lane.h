/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_lane.h - both ends of a lane that is measured: a ring with records in
 * it, as the programs would have written them, and a sink that drops batches
 * and says that they are safe.
 */
#ifndef NINETAP_TESTS_LOAD_LANE_H
#define NINETAP_TESTS_LOAD_LANE_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include "ninetap/abi.h"
#include "sink/impl.h"

#define LOAD_RING_SHARE 8		/* as the worker's */

/*
 * A descriptor for a ring of so many bytes in which these records lie, from
 * the first chunk on; or -errno. A file in memory stands for the array map,
 * since it is mapped in the same way (include/ninetap/abi_ring.h).
 */
static inline int load_ring(const struct nt_record *r, uint32_t n, uint32_t ring_bytes)
{
	const size_t size = ring_bytes / NT_CHUNK_BYTES * sizeof(struct nt_ring_chunk);
	int fd = memfd_create("ring", MFD_CLOEXEC), err;
	struct nt_ring_chunk *chunks = MAP_FAILED;
	uint64_t at = 0;

	if (fd >= 0 && !ftruncate(fd, (off_t)size))
		chunks = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (chunks == MAP_FAILED) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	for (uint32_t i = 0; i < n; i++) {
		memcpy(chunks[at / NT_CHUNK_BYTES].data + at % NT_CHUNK_BYTES, &r[i], NT_RECORD_SIZE(r[i].tunnels));
		at += NT_RECORD_SIZE(r[i].tunnels);
	}
	chunks[0].producer = at;
	munmap(chunks, size);
	return fd;
}

static inline int load_drop_put(struct sink *s, struct batch *b, uint64_t ticket)
{
	const struct sink_batch id = { b->stream, b->cpu, ticket };

	sink_takes(s, b->count);
	sink_delivered(s, b->count);
	sink_report(s, &id, 0, NT_LOSS_ENCODE);
	return 0;
}

static inline bool load_drop_has_room(const struct sink *s)
{
	(void)s;
	return true;
}

static inline void load_drop_poll(struct sink *s)
{
	(void)s;
}

static inline void load_drop_close(struct sink *s, int timeout_ms)
{
	(void)s;
	(void)timeout_ms;
}

/* 0 or -errno. */
static inline int load_drop_open(struct sink **out, sink_reported *reported, void *arg)
{
	static const struct sink_ops ops = { .put = load_drop_put, .has_room = load_drop_has_room, .poll = load_drop_poll,
					     .close = load_drop_close };
	const struct sink_settings set = { .output = { "-" }, .reported = reported, .arg = arg };

	*out = calloc(1, sizeof(**out));
	return *out ? sink_init(*out, &ops, &set) : -ENOMEM;
}

#endif
