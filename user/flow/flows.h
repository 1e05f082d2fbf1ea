/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flows.h - from the kernel's flow tables to flows that are due: swaps the
 * tables, adds up what the retired ones held, and hands out each flow when its
 * connection ended or its time is up.
 *
 * Flows live in slots, shared memory that outlives the process (nt_flow_slots):
 * an entry of a table is added to a slot exactly once, and a slot is free
 * again only when its record is safe, wherever a kill -9 strikes between. What
 * was handed out and not reported is handed out again, unchanged, by the next
 * process. Never deletes from a table that programs write. One thread.
 */
#ifndef NINETAP_FLOW_FLOWS_H
#define NINETAP_FLOW_FLOWS_H

#include <stdbool.h>
#include <stdint.h>
#include "ninetap/abi.h"
#include "tag/tag.h"

struct flows;

struct flows_settings {
	uint32_t cpus;			/* possible ones */
	const int *short_fds, *long_fds; /* inner tables, [cpu * 2 + set]; -1: none. Stay the caller's */
	struct nt_control *control;	/* mapped, writable */
	struct nt_flow_slot *slots;	/* writable memory; NULL: the map of this descriptor, which stays the caller's */
	int slots_fd;
	uint32_t slots_n;
	uint64_t active_ns, idle_ns;
	int (*synchronize)(void *arg);	/* returns when programs that ran have ended; 0 or -errno */
	void *arg;
};

/* Takes over what slots and tables hold, of a process before. 0 or -errno after the reason was logged. */
int flows_open(struct flows **out, const struct flows_settings *s) __attribute__((warn_unused_result));
void flows_close(struct flows *f);	/* NULL is fine; slots stay as they are */

/*
 * Empties the retired set into slots; if it is empty then, swaps the sets and
 * empties the one that was in use. now_ns: CLOCK_MONOTONIC (of a replay: the
 * capture's time). Without a free slot entries wait in their table. 0; 1:
 * entries are left there; -errno after the reason was logged once.
 */
int flows_collect(struct flows *f, uint64_t now_ns) __attribute__((warn_unused_result));

/* From now on every flow is due, for FLOW_SHUTDOWN if for nothing else. */
void flows_shutdown(struct flows *f);

/*
 * Makes due, as ended, each flow that is not due yet and of which ended() says
 * so: an address of it has changed hands. After a flows_collect() that left
 * nothing; else it does nothing.
 */
void flows_end(struct flows *f, bool (*ended)(void *arg, const struct flow *flow), void *arg);

/*
 * The next flow of that CPU that is due at now_ns and was not handed out yet:
 * true, and *slot to report it by. A flow that is due is never changed again.
 */
bool flows_next_due(struct flows *f, uint32_t cpu, uint64_t now_ns, struct flow *out, uint32_t *slot);

/* Its record is safe (or lost and counted): the slot is free. */
void flows_done(struct flows *f, uint32_t slot);

/* It was not taken: hand it out again, the same. */
void flows_again(struct flows *f, uint32_t slot);

/* What slots hold of that CPU: counted as mode wants [0] and by overflow [1]. For any thread, not of one moment. */
void flows_held(const struct flows *f, uint32_t cpu, struct nt_tally out[2]);

/* Slots in use and in all, for metrics. */
uint32_t flows_slots_used(const struct flows *f);

#endif
