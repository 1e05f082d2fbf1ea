/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring.h - reads the ring of one CPU (include/ninetap/abi_ring.h).
 *
 * Records are read where they lie. What ring_next() gave stays valid, and
 * stays in the ring, until ring_release(): whoever reads decides when a record
 * is safe. After a kill -9 the next process reads on from there. One thread a ring.
 */
#ifndef NINETAP_RING_H
#define NINETAP_RING_H

#include <stddef.h>
#include <stdint.h>
#include "ninetap/abi.h"

struct ring {
	struct nt_ring_chunk *chunks;	/* shared with the programs; NULL: no ring */
	uint64_t size;			/* bytes of records, a power of two */
	uint64_t read_pos;		/* behind the last record given out */
	uint64_t end;			/* of what is known to be there */
};

/* fd: of the map; size: of its records, whole chunks. 0 or -errno; r is valid for ring_close() then, too. */
int ring_open(struct ring *r, int fd, size_t size) __attribute__((warn_unused_result));
void ring_close(struct ring *r);

/*
 * The next record and its length, or NULL if there is none now. Where a record
 * should be and none is: all that is there, at least a byte, as one.
 */
const void *ring_next(struct ring *r, uint32_t *len);

/* Begins at pos, which is not before the consumer's position: what lies between was settled by a process before. */
void ring_seek(struct ring *r, uint64_t pos);

/* Gives the programs back the room of all records before pos, a read_pos of this ring. */
void ring_release(struct ring *r, uint64_t pos);

/* Bytes in the ring that were not released. */
uint64_t ring_fill(const struct ring *r);

#endif
