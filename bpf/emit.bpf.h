/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * emit.bpf.h - a finished record into the ring of this CPU.
 *
 * A wake-up costs more than a hundred packets: the reader is woken once when
 * the ring fills past nt_cfg.ring_wake_bytes, looked at every 64th record,
 * and by a timer of its own otherwise.
 */
#ifndef NINETAP_EMIT_BPF_H
#define NINETAP_EMIT_BPF_H

#include "maps.bpf.h"

#define WAKE_CHECK_MASK 63
/* More than 64 records take: past the level, but not at the check before. */
#define WAKE_WINDOW_BYTES 16384

static INLINE __u64 wake_flag(void *ring, __u64 seq)
{
	if (seq & WAKE_CHECK_MASK)
		return BPF_RB_NO_WAKEUP;
	if (bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) - nt_cfg.ring_wake_bytes >= WAKE_WINDOW_BYTES)
		return BPF_RB_NO_WAKEUP;
	return BPF_RB_FORCE_WAKEUP;
}

/* Time and sequence number; in a replay the capture's. */
static INLINE void stamp(struct nt_cpu *c, struct nt_record *r)
{
	r->sample = nt_cfg.sample;
	r->cpu = bpf_get_smp_processor_id();
	r->seq = ++c->seq;
	if (nt_cfg.replay) {
		r->seq = nt_replay.seq;
		r->ts_ns = nt_replay.ts_ns;
	} else {
		r->ts_ns = bpf_ktime_get_ns();
	}
}

static INLINE enum nt_count emit(struct nt_cpu *c)
{
	struct nt_record *r = &c->parse.rec;
	__u64 size = NT_RECORD_SIZE(0);
	__u32 cpu;
	void *ring;

	stamp(c, r);
	cpu = r->cpu;
	ring = bpf_map_lookup_elem(&nt_rings, &cpu);
	if (!ring)
		return NT_COUNT_NO_RING;
	if (r->tunnels == 1)
		size = NT_RECORD_SIZE(1);
	else if (r->tunnels == 2)
		size = NT_RECORD_SIZE(2);
	if (bpf_ringbuf_output(ring, r, size, wake_flag(ring, r->seq)))
		return NT_COUNT_RING_FULL;
	return NT_COUNT_RECORDED;
}

#endif
