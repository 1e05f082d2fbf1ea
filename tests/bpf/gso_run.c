// SPDX-License-Identifier: Apache-2.0
/*
 * gso_run.c - TC packets that stand for many: packets, bytes and payload by
 * the segments or the segment size that a test run's context gives.
 */
#include <linux/bpf.h>
#include "rig.h"
#include "unit/check.h"

static struct rig rig;

struct gso_case {
	const char *name, *spec;
	uint32_t segs, size;
	uint32_t packets, headers, payload;	/* expected; headers: of one segment, in bytes */
};

/* Headers are written out: 14 + 20 + 20 and so on. */
static const struct gso_case cases[] = {
	{ "one packet", "eth ip4 tcp pay,n=1000", 0, 0, 1, 54, 1000 },
	{ "one segment", "eth ip4 tcp pay,n=1000", 1, 1448, 1, 54, 1000 },
	{ "three segments", "eth ip4 tcp pay,n=3000", 3, 1000, 3, 54, 3000 },
	{ "the kernel's count is taken before the size", "eth ip4 tcp pay,n=3000", 5, 1000, 5, 54, 3000 },
	{ "segments without a size", "eth ip4 tcp pay,n=3000", 4, 0, 4, 54, 3000 },
	{ "TCP options are headers", "eth ip4 tcp,doff=8 pay,n=2000", 2, 1000, 2, 66, 2000 },
	{ "a tag in the frame is a header", "eth tag ip4 tcp pay,n=2000", 2, 1000, 2, 58, 2000 },
	{ "IPv6", "eth ip6 tcp pay,n=2000", 2, 1000, 2, 74, 2000 },
	{ "UDP", "eth ip4 udp pay,n=2000", 2, 1000, 2, 42, 2000 },
	{ "VXLAN: all headers up to the inner L4", "eth ip4 udp vxlan eth ip4 tcp pay,n=2800", 2, 1400, 2, 104, 2800 },
	{ "VXLAN and GTP-U", "eth ip4 udp vxlan eth ip4 udp gtp ip4 tcp pay,n=2800", 2, 1400, 2, 140, 2800 },
	{ "a size alone, exact", "eth ip4 tcp pay,n=2800", 0, 1400, 2, 54, 2800 },
	{ "a size alone, rounded up", "eth ip4 tcp pay,n=2801", 0, 1400, 3, 54, 2801 },
	{ "a size alone, one segment", "eth ip4 tcp pay,n=1400", 0, 1400, 1, 54, 1400 },
	{ "a size alone, no payload", "eth ip4 tcp", 0, 1400, 1, 54, 0 },
	{ "a size alone, inside a tunnel", "eth ip4 udp vxlan eth ip6 tcp pay,n=2801", 0, 1000, 3, 124, 2801 },
	{ "SCTP has no size, but a count", "eth ip4 sctp pay,n=2000", 2, 0xffff, 2, 46, 2000 },
	{ "SCTP with no size and no count", "eth ip4 sctp pay,n=2000", 0, 0xffff, 1, 46, 2000 },
	{ "padding behind one segment is no header", "eth ip4 tcp pay,n=2 pad,n=4", 0, 0, 1, 54, 2 },
};

static void run_case(const struct gso_case *c, enum rig_prog prog)
{
	struct __sk_buff ctx = { .gso_segs = c->segs, .gso_size = c->size };
	struct packet pk;
	struct outcome o;

	CHECK(packet_build(c->spec, &pk) == 0);
	CHECK_EQ(rig_run_skb(&rig, prog, &pk, &ctx, &o), 0);
	CHECK_EQ(o.fate, NT_COUNT_RECORDED);
	CHECK_EQ(o.rec.packets, c->packets);
	CHECK_EQ(o.rec.bytes, pk.n + (c->packets - 1) * c->headers);
	CHECK_EQ(o.rec.payload_bytes, c->payload);
	if (check_failures)
		printf("# so far with: %s\n", c->name);
}

static void test_segments(void)
{
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		run_case(&cases[i], RIG_TC_IN);
		run_case(&cases[i], RIG_TC_OUT);
	}
}

static void test_segments_without_ethernet(void)
{
	static const struct gso_case c = { "tun", "l3 ip4 tcp pay,n=2801", 0, 1400, 3, 40, 2801 };

	run_case(&c, RIG_TC_OUT_L3);
}

/* 0xffff is no size even where the payload is longer than that (its length is a replay's word here). */
static void test_by_frags_is_no_size(void)
{
	struct __sk_buff ctx = { .gso_size = 0xffff };
	struct rig_settings s = rig_defaults();
	struct packet pk;
	struct outcome o;
	struct rig replay;

	CHECK_EQ(rig_open(&replay, &s), 0);
	CHECK(packet_build("eth ip4,len=0 sctp", &pk) == 0);
	pk.wire = 200000;
	CHECK_EQ(rig_run_skb(&replay, RIG_TC_IN, &pk, &ctx, &o), 0);
	CHECK_EQ(o.rec.payload_bytes, 200000 - 46);
	CHECK_EQ(o.rec.packets, 1);
	CHECK_EQ(o.rec.bytes, 200000);
	rig_close(&replay);
}

static void test_interface_of_the_skb(void)
{
	struct __sk_buff ctx = { .ifindex = 1 };
	struct packet pk;
	struct outcome o;

	CHECK(packet_build("eth ip4 tcp", &pk) == 0);
	CHECK_EQ(rig_run_skb(&rig, RIG_TC_IN, &pk, &ctx, &o), 0);
	CHECK_EQ(o.rec.ifindex, 1);
}

int main(void)
{
	struct rig_settings s = rig_defaults();

	s.cfg.replay = 0;
	if (rig_open(&rig, &s)) {
		printf("not ok rig\n");
		return 1;
	}
	RUN(test_segments);
	RUN(test_segments_without_ethernet);
	RUN(test_by_frags_is_no_size);
	RUN(test_interface_of_the_skb);
	rig_close(&rig);
	return check_done();
}
