/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * emit.bpf.h - a finished record into the ring of this CPU, or the packet into
 * its flow table: as the mode of the interface wants, or if the ring is full.
 */
#ifndef NINETAP_EMIT_BPF_H
#define NINETAP_EMIT_BPF_H

#include "flow.bpf.h"
#include "ring.bpf.h"

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
	__u64 seq = ++counts->seq;

	r->seq = nt_cfg.replay ? nt_replay.seq : seq;
	switch (ring_put(r)) {
	case RING_PUT:
		return NT_COUNT_RECORDED;
	case RING_NONE:
		return NT_COUNT_NO_RING;
	case RING_FULL:
		break;
	}
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
