/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * emit.bpf.h - a finished record into the ring of this CPU, or the packet into
 * its flow table: as the mode of the interface wants, or if the ring is full.
 *
 * A wake-up costs more than a hundred packets: the reader is woken once when
 * the ring fills past nt_cfg.ring_wake_bytes, looked at every 64th record,
 * and by a timer of its own otherwise.
 */
#ifndef NINETAP_EMIT_BPF_H
#define NINETAP_EMIT_BPF_H

#include "flow.bpf.h"

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

/* In a replay the capture's time. */
static INLINE void stamp(struct nt_record *r)
{
	r->cpu = bpf_get_smp_processor_id();
	r->ts_ns = nt_cfg.replay ? nt_replay.ts_ns : bpf_ktime_get_ns();
}

/* A packet that finds no room has used up its number. */
static INLINE enum nt_count emit_record(struct nt_cpu *c, struct nt_counts *counts)
{
	struct nt_record *r = &c->parse.rec;
	__u64 seq = ++counts->seq, size = NT_RECORD_SIZE(0);
	__u32 cpu = r->cpu;
	void *ring = bpf_map_lookup_elem(&nt_rings, &cpu);

	if (!ring)
		return NT_COUNT_NO_RING;
	r->seq = nt_cfg.replay ? nt_replay.seq : seq;
	if (r->tunnels == 1)
		size = NT_RECORD_SIZE(1);
	else if (r->tunnels == 2)
		size = NT_RECORD_SIZE(2);
	if (!bpf_ringbuf_output(ring, r, size, wake_flag(ring, r->seq)))
		return NT_COUNT_RECORDED;
	return flow_put(c, NT_MODE_PACKET) == FLOW_PUT ? NT_COUNT_OVERFLOW : NT_COUNT_RING_FULL;
}

static INLINE enum nt_count emit_flow(struct nt_cpu *c, enum nt_mode mode)
{
	switch (flow_put(c, mode)) {
	case FLOW_PUT:
		return NT_COUNT_FLOW;
	case FLOW_FULL:
		return NT_COUNT_FLOWS_FULL;
	case FLOW_NO_TABLE:
		break;
	}
	return NT_COUNT_NO_RING;
}

static INLINE enum nt_count emit(struct nt_cpu *c, struct nt_counts *counts, enum nt_mode mode)
{
	stamp(&c->parse.rec);
	if (mode == NT_MODE_FLOW || mode == NT_MODE_SAMPLED)
		return emit_flow(c, mode);
	return emit_record(c, counts);
}

#endif
