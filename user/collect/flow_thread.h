/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_thread.h - the thread that empties the kernel's flow tables each
 * second, and sends what is due through its outbox to the first worker.
 *
 * Waiting for running programs takes tens of milliseconds, in which nobody
 * would drain the rings: so it is no worker's.
 */
#ifndef NINETAP_FLOW_THREAD_H
#define NINETAP_FLOW_THREAD_H

#include "collect/flow_writer.h"
#include "tag/iface_table.h"

struct flow_thread;

struct flow_thread_settings {
	const struct options *options;
	const struct loader *loader;
	struct board *board;
	const struct tag_origin *origin;
	struct iface_table *ifaces;
};

/* Ready, but not running: what flow_thread_outbox() gives is the workers' to know first. 0 or a sysexits(3) code, logged. */
int flow_thread_open(struct flow_thread **out, const struct flow_thread_settings *s) __attribute__((warn_unused_result));
int flow_thread_start(struct flow_thread *t) __attribute__((warn_unused_result));

struct outbox *flow_thread_outbox(const struct flow_thread *t);
const struct buf *flow_thread_head(const struct flow_thread *t);	/* of the files of flows */

/* What left of that CPU's flows, for any thread. Zero without a thread. */
void flow_thread_outcome(const struct flow_thread *t, uint32_t cpu, struct flow_outcome *out);

/*
 * No program runs any more, or all that comes now is for the next process
 * (keep): the last is collected and, unless kept, all of it sent.
 * flow_thread_done() says when all of that was reported.
 */
void flow_thread_finish(struct flow_thread *t, bool keep);
bool flow_thread_done(const struct flow_thread *t);

/* Ends the thread wherever it is, after the sink was closed: what that reported is settled. NULL is fine. */
void flow_thread_stop(struct flow_thread *t);
void flow_thread_close(struct flow_thread *t);	/* NULL is fine */

#endif
