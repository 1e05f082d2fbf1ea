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

char LICENSE[] SEC("license") = "Dual BSD/GPL";
