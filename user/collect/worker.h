/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker.h - the thread that drains the rings: records are held until the
 * batch of their CPU is full or old, then tagged, encoded and sent. It owns
 * rings, tagger, encoder and sink while it runs.
 */
#ifndef NINETAP_WORKER_H
#define NINETAP_WORKER_H

#include <stdint.h>
#include "collect/lane.h"
#include "attach/loader.h"
#include "tag/iface_table.h"

#define WORKER_TURN_RECORDS 4096U	/* of one ring before the next gets its turn */

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
	uint64_t batch_linger_ns;
	int stop_fd;			/* eventfd: readable once the worker shall drain and end */
};

/* Starts the thread. 0 or -errno after the reason was logged. */
int worker_start(struct worker **out, const struct worker_settings *s) __attribute__((warn_unused_result));

/* Becomes readable when the worker wants the run to end: --count reached, or the sink gone. */
int worker_done_fd(const struct worker *w);

/*
 * Waits for the thread, which ends when stop_fd is readable and the rings are
 * empty, and frees it; says to within what UTC was known last. NULL is fine.
 */
void worker_join(struct worker *w, int64_t *clock_error_ns);

#endif
