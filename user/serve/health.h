/* SPDX-License-Identifier: Apache-2.0 */
/*
 * health.h - whether a run does what it shall, from one ledger to the next.
 * Losses are no illness: they are counted. Pure; one thread.
 */
#ifndef NINETAP_SERVE_HEALTH_H
#define NINETAP_SERVE_HEALTH_H

#include "ledger/ledger.h"

#define HEALTH_WORKER_NS 5000000000LL	/* a worker that does not turn for so long is stuck */
#define HEALTH_SINK_NS 10000000000LL	/* an output that makes nothing safe for so long, while something waits */
#define HEALTH_SPOOL_NS 60000000000LL	/* an error of the spool is told for so long */

/* What was seen before; zero-initialised is valid. */
struct health {
	uint64_t settled;		/* records safe or lost so far */
	int64_t settled_ns;		/* when that last grew, or nothing waited; 0: not looked at yet */
	uint64_t spool_errors;
	int64_t spool_error_ns;		/* when they last grew; 0: never */
};

/* NULL: all is well; else why not, a sentence without its full stop. now_ns: CLOCK_MONOTONIC. */
const char *health_check(struct health *h, const struct ledger *l, int64_t now_ns);

#endif
