/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * count.bpf.h - the ledger of the kernel side: each packet once as seen and
 * once as its fate, and what is worth a note about it.
 */
#ifndef NINETAP_COUNT_BPF_H
#define NINETAP_COUNT_BPF_H

#include "maps.bpf.h"

/* struct nt_counts as the array that it is. */
static INLINE __u64 *counts_here(void)
{
	__u32 zero = 0;

	_Static_assert(sizeof(struct nt_counts) == NT_COUNT_MAX * sizeof(__u64), "one member a count");
	return bpf_map_lookup_elem(&nt_counts, &zero);
}

/* notes is rarely set: the loop costs nothing where it is not. */
static INLINE void count_notes(__u64 *counts, __u32 notes)
{
	if (!notes)
		return;
	for (int i = 0; i < NT_COUNT_MAX - NT_COUNT_FATES_END; i++)
		if (notes & (1U << i))
			counts[NT_COUNT_FATES_END + i]++;
}

static INLINE void count_fate(__u64 *counts, enum nt_count fate)
{
	if (fate < NT_COUNT_FATES_END)
		counts[fate]++;
}

#endif
