/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lane.h - the way of one CPU's records through user space: ring, tag,
 * encoder, batch, sink. What run's worker and replay have in common.
 *
 * Records are held where they lie, in the ring, until their batch is cut;
 * then all of them are tagged, encoded and sent in one go, and released. So
 * their tags are as late as can be, and from one revision of the inventory.
 * One thread at a time. Loss of records is known here by gaps in seq, and
 * goes out with each batch.
 */
#ifndef NINETAP_LANE_H
#define NINETAP_LANE_H

#include <stdbool.h>
#include <stdint.h>
#include "collect/outlet.h"
#include "collect/ring.h"

struct lane {
	struct ring ring;
	const struct nt_record **held;	/* in the ring, not released; room for outlet.batch_records */
	uint32_t held_n;
	uint64_t held_bytes_max;	/* of the ring; a batch is cut there */
	uint32_t cpu;
	uint64_t next_seq;
	uint64_t lost;			/* gaps in seq, and records not encoded */
	int64_t since_ns;		/* when the first record that is held was taken */
};

/* share: the part of the ring that a batch may hold is 1/share. 0 or -errno; lane_close() either way. */
int lane_open(struct lane *l, struct outlet *out, uint32_t cpu, int ring_fd, uint32_t ring_bytes, uint32_t share)
	__attribute__((warn_unused_result));
void lane_close(struct lane *l);

/*
 * Takes the next record of the ring, of so many bytes: notes a gap in front of
 * it, counts it if it is no whole record, and cuts the batch if it is full.
 */
void lane_take(struct lane *l, struct outlet *out, const struct nt_record *rec, uint32_t bytes, int64_t now_ns);

/* Sends what is held, if anything is, and gives its room back to the kernel. */
void lane_cut(struct lane *l, struct outlet *out);

/* Whether these bytes are a whole record of this version. */
bool record_whole(const struct nt_record *rec, uint32_t bytes);

#endif
