/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lane.h - the way of one CPU's records through user space: ring, tag,
 * encoder, batch, sink. What run's worker and replay have in common.
 *
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
	struct batch batch;
	uint32_t cpu;
	uint64_t next_seq;
	uint64_t lost;			/* gaps in seq, and records not encoded */
	int64_t since_ns;		/* when the first record of the batch was taken */
};

/* 0 or -errno; lane_close() either way. */
int lane_open(struct lane *l, struct outlet *out, uint32_t cpu, int ring_fd, uint32_t ring_bytes)
	__attribute__((warn_unused_result));
void lane_close(struct lane *l);

/* Notes a gap in front of rec. */
void lane_follow(struct lane *l, const struct nt_record *rec);

/* Adds one record to the batch, and sends the batch if it is full. */
void lane_add(struct lane *l, struct outlet *out, const struct tagged *t, int64_t now_ns);

/* Sends the batch, if there is anything in it. */
void lane_cut(struct lane *l, struct outlet *out);

/* Counts records that did not get into a batch. */
void lane_lose(struct lane *l, struct outlet *out, uint64_t records);

/* Whether these bytes are a whole record of this version. */
bool record_whole(const struct nt_record *rec, uint32_t bytes);

#endif
