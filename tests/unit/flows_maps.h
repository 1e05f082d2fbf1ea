/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flows_maps.h - flow tables and slots as the kernel's own maps, and a writer
 * that acts as the programs of all CPUs: the set is chosen by nt_control, and
 * who waits for programs waits for the event that is being counted. All that
 * outlives a collecting process is shared with those that are forked. Needs root.
 */
#ifndef NINETAP_FLOWS_MAPS_H
#define NINETAP_FLOWS_MAPS_H

#include <errno.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "unit/flows_events.h"

#define MAPS_CPUS 2U
#define MAPS_ENTRIES 256U
#define MAPS_SLOTS 64U
#define MAPS_KEYS 40U
#define MAPS_WIRE 400000U
#define MAPS_STEP_NS 2000U		/* of time, from event to event, at most */

struct shared {
	struct nt_control control;
	uint64_t program;		/* odd: an event is being counted */
	uint64_t now_ns;
	uint64_t wired;
	struct flow wire[MAPS_WIRE];
};

static struct shared *shared;
static int short_fds[MAPS_CPUS * 2], long_fds[MAPS_CPUS * 2], slots_fd;
static uint64_t entries[MAPS_CPUS], entries_of[MAPS_CPUS];

static inline int maps_open(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, mapped, .map_flags = BPF_F_MMAPABLE);

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (shared == MAP_FAILED)
		return -errno;
	shared->control.generation = 1;
	shared->now_ns = 10 * SEC;
	memset(entries_of, 0, sizeof(entries_of));
	for (uint32_t i = 0; i < MAPS_CPUS * 2; i++) {
		short_fds[i] = bpf_map_create(BPF_MAP_TYPE_HASH, "nt_test_short", sizeof(struct nt_flow_key4), sizeof(struct nt_flow),
					      MAPS_ENTRIES, NULL);
		long_fds[i] = bpf_map_create(BPF_MAP_TYPE_HASH, "nt_test_long", sizeof(struct nt_flow_key), sizeof(struct nt_flow),
					     MAPS_ENTRIES, NULL);
		if (short_fds[i] < 0 || long_fds[i] < 0)
			return -errno;
	}
	slots_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "nt_test_slots", sizeof(uint32_t), NT_FLOW_SLOT_BYTES, MAPS_SLOTS, &mapped);
	return slots_fd < 0 ? -errno : 0;
}

static inline void maps_close(void)
{
	for (uint32_t i = 0; i < MAPS_CPUS * 2; i++) {
		close(short_fds[i]);
		close(long_fds[i]);
	}
	close(slots_fd);
	munmap(shared, sizeof(*shared));
}

static inline int maps_synchronize(void *arg)
{
	uint64_t program;

	(void)arg;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	program = __atomic_load_n(&shared->program, __ATOMIC_SEQ_CST);
	while (program % 2 && __atomic_load_n(&shared->program, __ATOMIC_SEQ_CST) == program)
		sched_yield();
	return 0;
}

/* Flows are short, so that many leave while others are counted. */
static inline struct flows_settings maps_settings(void)
{
	return (struct flows_settings){ .cpus = MAPS_CPUS, .short_fds = short_fds, .long_fds = long_fds, .control = &shared->control,
					.slots_fd = slots_fd, .slots_n = MAPS_SLOTS, .active_ns = SEC / 50, .idle_ns = SEC / 1000,
					.synchronize = maps_synchronize };
}

/* Reads and writes back, as only one CPU's program may. */
static inline bool maps_count(const struct event *e, uint64_t generation)
{
	uint32_t at = e->cpu * 2 + (generation & 1);
	int fd = LONG_KEY(e->key) ? long_fds[at] : short_fds[at];
	struct nt_flow_key wide = key_of(e->key, 0);
	struct nt_flow_key4 narrow = key4_of(e->key, 0);
	const void *key = LONG_KEY(e->key) ? (const void *)&wide : &narrow;
	struct nt_flow f;

	if (bpf_map_lookup_elem(fd, key, &f)) {
		if (entries_of[e->cpu] != generation)
			entries[e->cpu] = 0;
		entries_of[e->cpu] = generation;
		f = fresh_entry(e, generation, ++entries[e->cpu]);
	}
	program_counts(&f, e);
	return !bpf_map_update_elem(fd, key, &f, BPF_ANY);
}

static inline void maps_write(struct event *e, uint64_t *seed)
{
	bool counted = false;

	while (!counted) {
		*e = event_of(seed, MAPS_CPUS, MAPS_KEYS, shared->now_ns + dice(seed, MAPS_STEP_NS));
		__atomic_store_n(&shared->now_ns, e->ts_ns, __ATOMIC_RELAXED);
		__atomic_add_fetch(&shared->program, 1, __ATOMIC_SEQ_CST);
		counted = maps_count(e, __atomic_load_n(&shared->control.generation, __ATOMIC_SEQ_CST));
		__atomic_add_fetch(&shared->program, 1, __ATOMIC_SEQ_CST);
	}
}

/* Writes down what is due. One in four is not taken at first, some only when all others were. */
static inline void maps_deliver(struct flows *f, uint64_t *seed)
{
	uint64_t now_ns = __atomic_load_n(&shared->now_ns, __ATOMIC_RELAXED);
	uint32_t slot;

	for (uint32_t cpu = 0; cpu < MAPS_CPUS; cpu++) {
		while (shared->wired < MAPS_WIRE && flows_next_due(f, cpu, now_ns, &shared->wire[shared->wired], &slot)) {
			if (dice(seed, 4) == 0) {
				flows_again(f, slot);
				continue;
			}
			__atomic_store_n(&shared->wired, shared->wired + 1, __ATOMIC_RELEASE);
			flows_done(f, slot);
		}
	}
}

/* The last process: everything is written down when it ends. */
static inline void maps_finish(uint64_t *seed)
{
	struct flows_settings s = maps_settings();
	struct flows *f;
	int left = 1;

	CHECK_EQ(flows_open(&f, &s), 0);
	flows_shutdown(f);
	while (left > 0) {
		left = flows_collect(f, shared->now_ns);
		maps_deliver(f, seed);
	}
	CHECK_EQ(left, 0);
	CHECK_EQ(flows_slots_used(f), 0);
	flows_close(f);
}

#endif
