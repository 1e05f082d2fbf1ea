/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workers.h - the threads that drain the rings, one or several (--threads).
 *
 * The rings are shared out: CPU c belongs to worker c mod N, from the start to
 * the end of a run. Each worker has lanes, a cache of tags and an encoder of
 * its own, so that a record meets no other thread on its way:
 *
 *	ring ─ lane ─ tag ─ encode ─ batch ──────────────► sink	worker 0
 *	ring ─ lane ─ tag ─ encode ─ batch ─ relay ─► worker 0 ─► sink	worker 1 ...
 *	         ▲                             │
 *	         └── settles ◄── reports ◄─────┘
 *
 * The sink is worker 0's. What it reports of a batch, safe or lost, goes back
 * to the worker that has the CPU: it alone gives the ring's room back and
 * writes that CPU's outcome. So what the next process finds in the kernel does
 * not tell how many workers there were. A sink without room holds the relays
 * up, these their workers, and those leave the records in the rings.
 *
 * At the end the others are joined before worker 0, and all of them before the
 * sink is closed, whose last reports are settled by the main thread.
 */
#ifndef NINETAP_WORKERS_H
#define NINETAP_WORKERS_H

#include <stdbool.h>
#include <stdint.h>
#include "attach/loader.h"
#include "collect/lane.h"
#include "tag/iface_table.h"

#define WORKER_OUTBOXES 2U

struct workers;

struct workers_settings {
	uint32_t threads;		/* wanted; 0: by the CPUs that are online. Never more than there are CPUs */
	const struct loader *loader;
	struct outlet *out;		/* the first worker's until it was joined */
	struct iface_table *ifaces;
	struct outbox *outboxes[WORKER_OUTBOXES];
	uint64_t batch_linger_ns;
};

/* How many there are where so many are wanted, of so many possible CPUs and those online. */
uint32_t workers_number(uint32_t wanted, uint32_t possible, uint32_t online);

/* Starts the threads. 0 or -errno after the reason was logged. */
int workers_start(struct workers **out, const struct workers_settings *s) __attribute__((warn_unused_result));

/* Becomes readable when a worker wants the run to end: --count reached, or the sink gone. */
int workers_done_fd(const struct workers *all);

/* What is in the rings now is all there is: drain them. keep: read no more, only what is held goes out. NULL is fine. */
void workers_drain(struct workers *all, bool keep);

/* After workers_drain(): nothing is held, and the sink has reported all it took. */
bool workers_idle(const struct workers *all);

/*
 * For any thread. CLOCK_MONOTONIC of the last turn, of the one that is behind;
 * bytes in that CPU's ring; to within what UTC is known, at worst.
 */
int64_t workers_turn_ns(const struct workers *all);
uint64_t workers_ring_fill(const struct workers *all, uint32_t cpu);
int64_t workers_clock_error_ns(const struct workers *all);
bool workers_sink_full(const struct workers *all);	/* as of the last turn */

/* Ends the threads; lanes stay for workers_free(), since the sink reports when it is closed, too. NULL is fine. */
void workers_join(struct workers *all);

/* After that, and once the sink is closed: what it never took of the rings is counted as lost. NULL is fine. */
void workers_abandon(struct workers *all);
void workers_free(struct workers *all);

#endif
