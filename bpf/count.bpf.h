/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * count.bpf.h - the ledger of the kernel side: each packet once as seen and
 * once as its fate, and what is worth a note about it.
 *
 * `begun` is counted before all else and `ended` after it, so that a reader
 * can tell whether its copy is of one moment. The barriers bind the compiler;
 * BPF has none for the CPU before kernel 6.12, so that on a CPU that reorders
 * stores a copy may, rarely, claim that wrongly. No program runs inside
 * another on a CPU: XDP and TC ingress are softirqs, and TC egress runs with
 * softirqs off. So nothing here is atomic, nor in flow.bpf.h.
 */
#ifndef NINETAP_COUNT_BPF_H
#define NINETAP_COUNT_BPF_H

#include "maps.bpf.h"

static INLINE struct nt_counts *counts_here(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&nt_counts, &zero);
}

static INLINE void count_begin(struct nt_counts *counts)
{
	counts->begun++;
	barrier();
}

static INLINE void tally_add(struct nt_tally *t, const struct nt_record *r)
{
	t->events++;
	t->packets += r->packets;
	t->bytes += r->bytes;
}

/* notes is rarely set: the loop costs nothing where it is not. */
static INLINE void count_notes(struct nt_counts *counts, __u32 notes)
{
	__u64 *count = &counts->cut;

	_Static_assert(__builtin_offsetof(struct nt_counts, begun) - __builtin_offsetof(struct nt_counts, cut) ==
		       NT_COUNT_NOTES * sizeof(__u64), "one member a note");
	if (!notes)
		return;
	for (int i = 0; i < NT_COUNT_NOTES; i++)
		if (notes & (1U << i))
			count[i]++;
}

/* r: its packets and bytes are right whatever the fate. */
static INLINE void count_end(struct nt_counts *counts, enum nt_count fate, const struct nt_record *r, __u32 notes)
{
	struct nt_tally *tally = &counts->seen;

	_Static_assert(__builtin_offsetof(struct nt_counts, cut) - __builtin_offsetof(struct nt_counts, seen) ==
		       NT_COUNT_FATES_END * sizeof(struct nt_tally), "one member a fate");
	tally_add(&tally[NT_COUNT_SEEN], r);
	if (fate < NT_COUNT_FATES_END)
		tally_add(&tally[fate], r);
	count_notes(counts, notes);
	barrier();
	counts->ended++;
}

#endif
