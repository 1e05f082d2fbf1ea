// SPDX-License-Identifier: Apache-2.0
/*
 * loader_counts.c - the counters of the programs, copied while they count.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include "attach/loader_priv.h"

#define SNAPSHOT_TRIES 64		/* a CPU that does nothing but packets is between two of them now and then */

/* Keeps the copies that are of one moment; how many CPUs still have none. */
static uint32_t keep_exact(struct nt_counts *kept, const struct nt_counts *copies, bool *exact, uint32_t cpus)
{
	uint32_t left = 0;

	for (uint32_t cpu = 0; cpu < cpus; cpu++) {
		if (exact[cpu])
			continue;
		kept[cpu] = copies[cpu];
		exact[cpu] = copies[cpu].ended == copies[cpu].begun;
		left += !exact[cpu];
	}
	return left;
}

/* The kernel copies a value from its first word to its last, as struct nt_counts wants it. */
int loader_snapshot(const struct loader *l, struct nt_counts *per_cpu, bool *exact)
{
	struct nt_counts *copies = calloc(l->cpus, sizeof(*copies));
	uint32_t zero = 0, left = l->cpus;
	int err = copies ? 0 : -ENOMEM;

	memset(exact, 0, l->cpus * sizeof(*exact));
	for (int i = 0; i < SNAPSHOT_TRIES && left && !err; i++) {
		err = bpf_map_lookup_elem(l->counts_fd, &zero, copies);
		if (!err)
			left = keep_exact(per_cpu, copies, exact, l->cpus);
	}
	free(copies);
	return err;
}

static void sum_up(const struct nt_counts *per_cpu, uint32_t cpus, struct nt_counts *sum)
{
	uint64_t *to = (uint64_t *)sum;

	memset(sum, 0, sizeof(*sum));
	for (uint32_t cpu = 0; cpu < cpus; cpu++) {
		const uint64_t *from = (const uint64_t *)&per_cpu[cpu];

		for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
			to[i] += from[i];
	}
}

int loader_counts(const struct loader *l, struct nt_counts *sum)
{
	struct nt_counts *per_cpu = calloc(l->cpus, sizeof(*per_cpu));
	bool *exact = calloc(l->cpus, sizeof(*exact));
	int err = per_cpu && exact ? loader_snapshot(l, per_cpu, exact) : -ENOMEM;

	if (!err)
		sum_up(per_cpu, l->cpus, sum);
	free(per_cpu);
	free(exact);
	return err;
}

/*
 * The kernel waits for running programs when it changes an array of maps
 * (maybe_wait_bpf_programs() in kernel/bpf/syscall.c): put a ring in its place again.
 */
int loader_synchronize(const struct loader *l)
{
	for (uint32_t cpu = 0; cpu < l->cpus; cpu++) {
		int fd = __atomic_load_n(&l->ring_fds[cpu], __ATOMIC_ACQUIRE);

		if (fd >= 0)
			return bpf_map_update_elem(bpf_map__fd(l->skel->maps.nt_rings), &cpu, &fd, BPF_ANY);
	}
	return -ENOENT;
}
