/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker.h - the thread that drains the rings: each record is tagged,
 * encoded and put into the batch of its CPU; full and old batches go to the
 * sink. It owns encoder, sink and rings while it runs.
 */
#ifndef NINETAP_WORKER_H
#define NINETAP_WORKER_H

#include <stdint.h>
#include "collect/lane.h"
#include "collect/loader.h"
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
	struct outlet out;		/* copied */
	struct iface_table *ifaces;
	uint64_t batch_linger_ns;
	int stop_fd;			/* eventfd: readable once the worker shall drain and end */
};

/* What the worker did; complete once it was joined. */
struct worker_result {
	uint64_t unread;
	uint64_t encode_lost;
	int64_t clock_error_ns;		/* of the last measurement of UTC */
	int error;			/* -errno of the sink, if it ended the run */
};

/* Starts the thread. 0 or -errno after the reason was logged. */
int worker_start(struct worker **out, const struct worker_settings *s) __attribute__((warn_unused_result));

/* Becomes readable when the worker wants the run to end: --count reached, or the sink gone. */
int worker_done_fd(const struct worker *w);

/*
 * Waits for the thread, which ends when stop_fd is readable and the rings are
 * empty, and frees it. NULL is fine.
 */
void worker_join(struct worker *w, struct worker_result *result);

#endif
