/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker.h - the thread that drains the rings: records are held until the
 * batch of their CPU is full or old, then tagged, encoded and sent. It owns
 * rings, tagger, encoder and sink while it runs, and puts the parcels of the
 * outboxes into the sink.
 */
#ifndef NINETAP_WORKER_H
#define NINETAP_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include "attach/loader.h"
#include "collect/lane.h"
#include "tag/iface_table.h"

#define WORKER_TURN_RECORDS 4096U	/* of one ring before the next gets its turn */
#define WORKER_OUTBOXES 2U

/*
 * How long to wait after a turn in which one ring gave at most so many records:
 * a millisecond under traffic, ten without, and not at all where a ring gave a
 * whole turn, since it has more and its fill wakes nobody again.
 */
static inline int worker_wait_ms(uint32_t most)
{
	if (most >= WORKER_TURN_RECORDS)
		return 0;
	return most ? 1 : 10;
}

struct worker;

struct worker_settings {
	const struct loader *loader;
	struct outlet *out;		/* the worker's until it was joined */
	struct iface_table *ifaces;
	struct outbox *outboxes[WORKER_OUTBOXES];
	uint64_t batch_linger_ns;
};

/* Starts the thread. 0 or -errno after the reason was logged. */
int worker_start(struct worker **out, const struct worker_settings *s) __attribute__((warn_unused_result));

/* Becomes readable when the worker wants the run to end: --count reached, or the sink gone. */
int worker_done_fd(const struct worker *w);

/* What is in the rings now is all there is: drain them. keep: read no more, only what is held goes out. */
void worker_drain(struct worker *w, bool keep);

/* After worker_drain(): nothing is held, and the sink has reported all it took. */
bool worker_idle(const struct worker *w);

/* For any thread. CLOCK_MONOTONIC of the last turn; bytes in that CPU's ring; to within what UTC is known. */
int64_t worker_turn_ns(const struct worker *w);
uint64_t worker_ring_fill(const struct worker *w, uint32_t cpu);
int64_t worker_clock_error_ns(const struct worker *w);
bool worker_sink_full(const struct worker *w);	/* as of the last turn */

/* Ends the thread; its lanes stay for worker_free(), since the sink reports when it is closed, too. NULL is fine. */
void worker_join(struct worker *w);

/* After that, and once the sink is closed: what it never took of the rings is counted as lost. NULL is fine. */
void worker_abandon(struct worker *w);
void worker_free(struct worker *w);

#endif
