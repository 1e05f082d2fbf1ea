// SPDX-License-Identifier: Apache-2.0
/*
 * parse_cost.c - the parser's work on the commonest packets, for callgrind to
 * count: the source that the kernel runs, compiled for the host. There bytes
 * are read through tests/host_view.h, which copies each header; so figures
 * tell one version of the parser from another, not the kernel's cost.
 */
#include "host_view.h"
#include "bpf/packet.h"
#include "counts/cost.h"
#include <stdio.h>

#define PACKETS 1000U			/* counted once and twice */

struct kind {
	const char *name, *spec;
	uint8_t tunnels;
	struct packet packet;
};

static struct kind kinds[] = {
	{ .name = "TCP", .spec = "eth ip4 tcp pay,n=64" },
	{ .name = "TCP over IPv6", .spec = "eth ip6 tcp pay,n=64" },
	{ .name = "TCP in VXLAN", .spec = "eth ip4 udp vxlan eth ip4 tcp pay,n=64", .tunnels = 1 },
	{ .name = "TCP in GTP-U in VXLAN", .spec = "eth ip4 udp vxlan eth ip4 udp gtp ip4 tcp pay,n=64", .tunnels = 2 },
};

static int parse(void *arg, uint32_t n)
{
	static __u8 window[NT_SCRATCH_BYTES];
	static struct nt_parse p;
	const struct kind *k = arg;
	struct nt_view v = { k->packet.bytes, k->packet.n, window };

	for (; n; n--)
		if (host_levels(&v, &p, k->packet.wire, false) != NT_LEVEL_LAST || p.rec.tunnels != k->tunnels || p.notes)
			return -1;
	return 0;
}

int main(void)
{
	int err = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !err; i++) {
		err = packet_build(kinds[i].spec, &kinds[i].packet) ||
		      cost_count(&(struct cost_job){ kinds[i].name, NULL, parse, &kinds[i] }, PACKETS);
		if (err)
			fprintf(stderr, "parse_cost: %s: not parsed\n", kinds[i].name);
	}
	return err ? 1 : 0;
}
