/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loader.h - opens, sets up and loads the BPF programs and their maps, or
 * takes over the maps that a ninetap before left pinned (pins.h) and loads
 * programs of its own over them.
 *
 * Nothing is attached here. One thread, but for what says otherwise.
 */
#ifndef NINETAP_LOADER_H
#define NINETAP_LOADER_H

#include <stdbool.h>
#include <stdint.h>
#include "attach/attach.h"
#include "base/options.h"
#include "ninetap/abi.h"

struct nt_bpf;
struct pins;

/* All members but `keep` are to be read alone. */
struct loader {
	struct nt_bpf *skel;
	struct pins *pins;		/* NULL: nothing outlives the process */
	uint64_t epoch;
	bool adopted;			/* the maps are those of a ninetap before */
	bool keep;			/* what is pinned outlives loader_close(): at first if it was adopted */
	int hold;			/* alive, as others see it (instance.h) */
	uint32_t cpus;			/* possible ones */
	uint32_t ring_bytes;		/* of one CPU */
	uint32_t flow_entries;		/* of one table of short keys; half of it for long ones */
	int ring_template;		/* while loading; else -1 */
	int *ring_fds;			/* by CPU; -1: not online yet, no ring */
	int *flow_short_fds, *flow_long_fds; /* [cpu * 2 + set of tables], likewise */
	int counts_fd, modes_fd, bell_fd, slots_fd; /* of the skeleton's maps: not to be closed */
	struct nt_control *control;	/* shared with the programs */
	struct nt_outcomes *outcomes;	/* by CPU */
	uint32_t slots_n;
	bool cpu_failed;		/* loader_more_cpus() has said why */
};

/*
 * replay: time and sequence come from struct nt_replay, and only_cpu alone
 * gets a ring and tables; else -1: every CPU that is online. Only without
 * either is anything pinned, and this process's instance made known.
 * 0 or -errno after the reason was logged; -EBUSY: the instance runs already.
 */
int loader_open(struct loader *l, const struct options *o, bool replay, int only_cpu)
	__attribute__((warn_unused_result));

/* Unless l->keep, nothing stays pinned. Twice is fine. */
void loader_close(struct loader *l);

/* The sysexits(3) code for an error of loader_open(). */
int loader_exit_code(int err);

/* What the attacher needs of it; valid as long as the loader is open. */
struct attach_programs loader_programs(const struct loader *l);

/*
 * Rings and tables for CPUs that have come online: how many, or -errno, which
 * is logged once. Once a second. ring_fds and flow_*_fds of a CPU are set
 * last, each from -1 to its descriptor, for threads that look on.
 */
int loader_more_cpus(struct loader *l) __attribute__((warn_unused_result));

/*
 * The counters of each of the l->cpus CPUs, and whether each copy is of one
 * moment: copied again while it is not, a bounded number of times. 0 or -errno.
 * For any thread.
 */
int loader_snapshot(const struct loader *l, struct nt_counts *per_cpu, bool *exact)
	__attribute__((warn_unused_result));

/* The sum of a loader_snapshot() over all CPUs, without allocations to care about. 0 or -errno. */
int loader_counts(const struct loader *l, struct nt_counts *sum) __attribute__((warn_unused_result));

/* Returns when every program run that began before the call has ended. 0 or -errno. For any thread. */
int loader_synchronize(const struct loader *l) __attribute__((warn_unused_result));

#endif
