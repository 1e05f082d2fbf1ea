/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lane.h - the way of one CPU's records through user space: ring, tag,
 * encoder, batch, sink. What run's worker and replay have in common.
 *
 * Records are held where they lie, in the ring, until their batch is cut;
 * then all of them are tagged, encoded and sent in one go. So their tags are
 * as late as can be, and from one revision of the inventory. Their room in the
 * ring is given back once the sink has reported them, and all before them,
 * safe or lost: what a process leaves behind, the next one reads again.
 *
 * How far that is, and what became of the records, is written to struct
 * nt_outcomes, which outlives the process, before the ring's position moves.
 * One thread at a time.
 */
#ifndef NINETAP_LANE_H
#define NINETAP_LANE_H

#include <stdbool.h>
#include <stdint.h>
#include "collect/outlet.h"
#include "collect/ring.h"

struct held_record {
	const struct nt_record *rec;	/* in the ring */
	uint64_t end;			/* position behind it */
	uint64_t missing;		/* numbers without a record, up to it */
};

/* A batch that the sink has. */
struct lane_batch {
	uint64_t ticket;
	bool reported;
	uint64_t lost;			/* of its records */
	enum nt_loss why;
	struct nt_tally sum;		/* of its records */
	struct nt_outcome end;		/* as of its last record, but for what sinks decide */
};

struct lane {
	struct ring ring;
	struct held_record *held;	/* not sent; room for outlet.batch_records */
	uint32_t held_n;
	uint64_t held_from;		/* position where they begin */
	uint64_t held_bytes_max;	/* of the ring; a batch is cut there */
	struct lane_batch *sent;	/* a queue, oldest first */
	uint32_t sent_first, sent_n, sent_cap; /* cap: a power of two, or 0 */
	uint64_t tickets;
	uint32_t cpu;
	struct nt_outcome now;		/* as of the last record taken, but for what sinks decide */
	struct nt_outcome settled;	/* as published */
	struct nt_outcomes *outcomes;	/* where it is published; NULL: nowhere */
	uint64_t lost_before;		/* records, by the sinks of processes before this one */
	int64_t since_ns;		/* when the first record that is held was taken */
	bool told;			/* of damage, once */
	bool keep;			/* what the sink gives up at its end stays in the ring, for the next process */
};

struct lane_settings {
	uint32_t cpu;
	int ring_fd;
	uint32_t ring_bytes;
	uint32_t share;			/* the part of the ring that a batch may hold is 1/share */
	struct nt_outcomes *outcomes;	/* of this CPU: goes on from there; NULL: from the beginning */
};

/* 0 or -errno after the reason was logged; lane_close() either way. */
int lane_open(struct lane *l, const struct outlet *out, const struct lane_settings *s) __attribute__((warn_unused_result));
void lane_close(struct lane *l);

/* Whether lane_take() may be called. */
static inline bool lane_has_room(const struct lane *l, const struct outlet *out)
{
	return l->held_n < out->batch_records;
}

/*
 * Takes the record that ring_next() just gave, of so many bytes: notes a gap
 * in front of it, counts it if it is no whole record, and cuts the batch if it
 * is full.
 */
void lane_take(struct lane *l, struct outlet *out, const struct nt_record *rec, uint32_t bytes, int64_t now_ns);

/* Sends what is held, as far as the sink has room; the rest stays held. */
void lane_cut(struct lane *l, struct outlet *out);

/* Whether what is held is old enough to be sent, or fills the lane, because the sink had no room: nothing else would send it. */
static inline bool lane_is_due(const struct lane *l, const struct outlet *out, int64_t now_ns, uint64_t linger_ns)
{
	return l->held_n && (!lane_has_room(l, out) || now_ns - l->since_ns >= (int64_t)linger_ns);
}

/* The sink's word about one of its batches. */
void lane_report(struct lane *l, const struct sink_report *r);

/* Once the sink is closed, which has reported all it took: what it never took is lost to its end. */
void lane_abandon(struct lane *l);

/* Whether nothing is held, and all that was sent is reported. */
static inline bool lane_idle(const struct lane *l)
{
	return !l->held_n && !l->sent_n;
}

/* Records of this CPU that are missing or lost so far, as the next batch says. */
uint64_t lane_lost(const struct lane *l, const struct outlet *out);

/* Whether these bytes are a whole record of this version. */
bool record_whole(const struct nt_record *rec, uint32_t bytes);

#endif
