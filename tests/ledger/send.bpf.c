// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * send.bpf.c - send.c's live frames: as a test run with live frames each
 * becomes that of the next packet and goes out of `to`. One run at a time.
 *
 * A frame comes back with what the stack left in it, so what varies is always
 * written. A frame that the receiver has no room for is lost behind this
 * program: the receiver's own count is the one to trust.
 */
#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "send.h"

#define ETH 14
#define SRC 12				/* behind the start of the IP header */
#define DST 16
#define SPORT 20

const volatile __u32 to;		/* ifindex */
const volatile __u32 flows = 1;
const volatile __u32 ip = ETH;		/* where the IP header is that tells the flow */
const volatile _Bool mix;

__u64 sent;

SEC("xdp")
int send_frame(struct xdp_md *ctx)
{
	__u8 *data = (__u8 *)(long)ctx->data, *end = (__u8 *)(long)ctx->data_end;
	struct send_flow f = send_flow(send_pick(sent, flows, mix), mix);

	if (data + ip + SPORT + 2 > end)
		return XDP_ABORTED;
	*(__be32 *)(data + ip + SRC) = bpf_htonl(f.src);
	*(__be32 *)(data + ip + DST) = bpf_htonl(f.dst);
	*(__be16 *)(data + ip + SPORT) = bpf_htons(f.sport);
	if (ip > ETH) {
		*(__be32 *)(data + ETH + SRC) = bpf_htonl(f.host);
		*(__be16 *)(data + ETH + SPORT) = bpf_htons(f.entropy);
	}
	sent++;
	return bpf_redirect(to, 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
