// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * live.bpf.c - the sender of live.c, and what a veth gives without ninetap.
 *
 * live_send runs as a test run with live frames, on one CPU at a time: each
 * frame becomes that of the next flow and goes out of live_to. live_drop and
 * live_pass are on the other end: what ninetap's row is divided by.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#define SRC_OFFSET (14 + 12)		/* Ethernet, and in front of the IPv4 source */
#define SPORT_OFFSET (14 + 20)
#define PORTS 32768U			/* flows of one address */

const volatile __u32 live_to;		/* ifindex */
const volatile __u32 live_flows = 1;
const volatile __u32 live_net = 0x0a000000; /* the first source address */

__u64 live_sent, live_got;
__u32 live_flow;

/* A frame comes back with what the stack left in it: what varies is always written. */
SEC("xdp")
int live_send(struct xdp_md *ctx)
{
	__u8 *data = (__u8 *)(long)ctx->data, *end = (__u8 *)(long)ctx->data_end;
	__u32 flow = live_flow;

	if (data + SPORT_OFFSET + 2 > end)
		return XDP_ABORTED;
	*(__be32 *)(data + SRC_OFFSET) = bpf_htonl(live_net + flow / PORTS);
	*(__be16 *)(data + SPORT_OFFSET) = bpf_htons(1024 + flow % PORTS);
	live_flow = flow + 1 < live_flows ? flow + 1 : 0;
	live_sent++;
	return bpf_redirect(live_to, 0);
}

SEC("xdp.frags")
int live_drop(struct xdp_md *ctx)
{
	live_got++;
	return XDP_DROP;
}

SEC("xdp.frags")
int live_pass(struct xdp_md *ctx)
{
	live_got++;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
