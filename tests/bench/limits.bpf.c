// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * limits.bpf.c - what a program costs that does nothing of ninetap's work:
 * the machine's own limit in the same run, for the ratios of `make bench`.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "ninetap/abi.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 32 << 20);
} bench_ring SEC(".maps");

__u64 full;

SEC("xdp")
int bench_empty(struct xdp_md *ctx)
{
	return XDP_PASS;
}

/* A time stamp and so many bytes into a ring, without a wake-up. */
static __always_inline int put(__u64 bytes)
{
	__u64 *to = bpf_ringbuf_reserve(&bench_ring, bytes, 0);

	if (!to) {
		full++;
		return XDP_PASS;
	}
	*to = bpf_ktime_get_ns();
	bpf_ringbuf_submit(to, BPF_RB_NO_WAKEUP);
	return XDP_PASS;
}

SEC("xdp")
int bench_put0(struct xdp_md *ctx)
{
	return put(NT_RECORD_SIZE(0));
}

SEC("xdp")
int bench_put1(struct xdp_md *ctx)
{
	return put(NT_RECORD_SIZE(1));
}

SEC("xdp")
int bench_put2(struct xdp_md *ctx)
{
	return put(NT_RECORD_SIZE(2));
}

/* --- a flow table ----------------------------------------------------------- */

#define INNER 50			/* TCP in VXLAN: behind Ethernet, IPv4, UDP and VXLAN */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__type(key, struct nt_flow_key4);
	__type(value, struct nt_flow);
} bench_flows SEC(".maps");

static __always_inline void layer(struct nt_flow_layer4 *k, const __u8 *frame)
{
	__builtin_memcpy(k->src, frame + 26, 8);	/* and dst */
	__builtin_memcpy(&k->src_port, frame + 34, 4);	/* and dst_port */
	k->proto = frame[23];
}

/* Reads the 9-tuple where it always is, takes a time stamp, and counts in an entry as large as ninetap's. */
SEC("xdp.frags")
int bench_count(struct xdp_md *ctx)
{
	const __u8 *frame = (const __u8 *)(long)ctx->data, *end = (const __u8 *)(long)ctx->data_end;
	struct nt_flow_key4 key = {};
	struct nt_flow *known, fresh = {};

	if (frame + INNER + 54 > end || frame[12] != 8 || frame[INNER + 12] != 8)
		return XDP_PASS;
	layer(&key.layer[0], frame);
	layer(&key.layer[1], frame + INNER);
	key.head.ifindex = ctx->ingress_ifindex;
	known = bpf_map_lookup_elem(&bench_flows, &key);
	if (!known) {
		bpf_map_update_elem(&bench_flows, &key, &fresh, BPF_NOEXIST);
		return XDP_PASS;
	}
	known->last_ns = bpf_ktime_get_ns();
	known->sum.packets++;
	known->sum.bytes += end - frame;
	known->tcp_flags |= frame[INNER + 47];
	return XDP_PASS;
}

/* --- many flows of one frame ------------------------------------------------- */

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} bench_next SEC(".maps");

__u32 flows, flow;			/* set before each run */

/* The next inner source address, then the program that is measured. */
SEC("xdp.frags")
int bench_vary(struct xdp_md *ctx)
{
	__u8 *frame = (__u8 *)(long)ctx->data, *end = (__u8 *)(long)ctx->data_end;

	if (frame + INNER + 54 > end)
		return XDP_PASS;
	flow = flow + 1 < flows ? flow + 1 : 0;
	*(__u32 *)(frame + INNER + 26) = flow;
	bpf_tail_call(ctx, &bench_next, 0);
	return XDP_PASS;
}

/* A program of the kind that bench_vary can go on with. */
SEC("xdp.frags")
int bench_nothing(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
