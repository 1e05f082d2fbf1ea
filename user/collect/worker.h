/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker.h - a thread that drains rings: records are held until the batch of
 * their CPU is full or old, then tagged, encoded and sent. For workers.c alone;
 * the others know the set (workers.h).
 *
 * The first worker owns the sink while it runs: it puts into it its own
 * batches, those that the others relay, and the parcels of the outboxes. What
 * the sink reports goes back to the worker that has the CPU's lane, which
 * settles it.
 */
#ifndef NINETAP_WORKER_H
#define NINETAP_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include "base/clock.h"
#include "collect/bell.h"
#include "collect/workers.h"

#define WORKER_TURN_RECORDS 4096U	/* of one ring before the next gets its turn */

/*
 * How long to wait after a turn that came `waited_ms` after the one before, in
 * which one ring gave `most` records, when a sixteenth of a ring has room for
 * `part`: until about so many have come, 1 to 10 ms. A wake-up costs as much as
 * hundreds of records. Not at all where a ring gave a whole turn, since it has
 * more and its fill wakes nobody again; 50 ms after a second without a record.
 * A burst wakes by its fill.
 */
#define WORKER_QUIET_TURNS 100U
#define WORKER_WAIT_MAX_MS 10

static inline int worker_wait_ms(uint32_t most, int waited_ms, uint32_t part, uint32_t quiet_turns)
{
	uint64_t ms;

	if (most >= WORKER_TURN_RECORDS)
		return 0;
	if (!most)
		return quiet_turns < WORKER_QUIET_TURNS ? WORKER_WAIT_MAX_MS : 50;
	ms = (uint64_t)(waited_ms > 1 ? waited_ms : 1) * part / most;
	if (ms > WORKER_WAIT_MAX_MS)
		return WORKER_WAIT_MAX_MS;
	return ms ? (int)ms : 1;
}

enum worker_wish { WORKER_RUN, WORKER_DRAIN, WORKER_KEEP, WORKER_END };

struct worker {
	pthread_t thread;
	bool started;
	uint32_t number, of;		/* has the CPUs number, number + of, number + 2 * of ... */
	const struct loader *loader;
	struct outlet *out;		/* the run's, of the first; else branch */
	struct outlet branch;
	struct relay *relay;		/* to the first; NULL: this is it */
	struct worker *others, *next;	/* the first's list of those that relay to it */
	struct lane *lanes;		/* the i-th is of its i-th CPU */
	atomic_bool *open;		/* its lane is */
	uint32_t lanes_n;
	struct outbox *outboxes[WORKER_OUTBOXES];	/* the first's */
	struct iface_reader *reader;
	struct clock_offset clock;
	uint64_t linger_ns;
	int64_t cpus_checked_ns;
	_Atomic int64_t turn_ns, clock_error_ns;
	_Atomic int wish;
	atomic_bool idle, full;		/* full: the sink has no room */
	struct bell bell;
	int epoll_fd;
	int wake_fd;
	int done_fd;			/* of the set */
	bool told;			/* done_fd was raised */
};

/* Ready to be started, of so many; first: the one with the sink, NULL: this is it. 0 or -errno; free it either way. */
int worker_open(struct worker *w, const struct workers_settings *s, uint32_t number, uint32_t of, struct worker *first)
	__attribute__((warn_unused_result));
int worker_start(struct worker *w) __attribute__((warn_unused_result));
void worker_free(struct worker *w);

void worker_tell(struct worker *w, enum worker_wish wish);
void worker_join(struct worker *w);

/* Of one of its CPUs: the thread's, or once that is joined the main thread's. */
struct lane *worker_lane(struct worker *w, uint32_t cpu);

/*
 * All threads are joined: settles what it relayed as it was reported. What the sink
 * never got, or gives up when it is closed, is lost to its end, unless rings are kept.
 */
void worker_settle(struct worker *w, bool keep);

#endif
