/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_record.c - a flow's key as a packet's record: every value in its place,
 * nothing else in it, and nothing at all of a damaged key.
 */
#include "check.h"
#include "sample_flow.h"
#include "tag/tagger.h"

static void test_head(void)
{
	struct flow f = sample_flow();
	struct nt_record r;

	memset(&r, 0xff, sizeof(r));
	flow_record(&r, &f);
	CHECK_EQ(r.ifindex, 3);
	CHECK_EQ(r.sample, 8);
	CHECK_EQ(r.dir, NT_DIR_IN);
	CHECK_EQ(r.hook, NT_HOOK_TC);
	CHECK_EQ(r.tunnels, 1);
	CHECK_EQ(r.ts_ns | r.seq | r.bytes | r.payload_bytes | r.packets | r.tcp_flags | r.tcp_window, 0);
}

/* Layers say what a packet's do, but for its length, TTL, TOS and fragment. */
static void test_layers(void)
{
	struct flow f = sample_flow();
	struct nt_record r, want = sample_record();

	memset(&r, 0xff, sizeof(r));
	flow_record(&r, &f);
	for (int i = 0; i < 2; i++) {
		want.layer[i].ip_bytes = 0;
		want.layer[i].ttl = want.layer[i].tos = want.layer[i].frag = 0;
	}
	CHECK(!memcmp(r.layer, want.layer, sizeof(r.layer)));
}

static void test_deepest(void)
{
	struct flow f;
	struct nt_record r;

	sample_flow_longest(&f);
	flow_record(&r, &f);
	CHECK_EQ(r.tunnels, NT_TUNNELS_MAX);
	CHECK_EQ(r.layer[NT_TUNNELS_MAX].version, 6);
	CHECK_EQ(r.layer[NT_TUNNELS_MAX].vlans, NT_VLANS_MAX);
	CHECK_EQ(r.layer[NT_TUNNELS_MAX].has, 0xf);
}

/* Who tags looks at layer[tunnels]: it must be there. */
static void test_damaged(void)
{
	static const struct nt_record none;
	struct flow f = sample_flow();
	struct nt_record r;
	struct tag_query q;

	f.key.head.tunnels = 255;
	memset(&r, 0xff, sizeof(r));
	flow_record(&r, &f);
	CHECK(!memcmp(&r, &none, sizeof(r)));
	tag_query_of(&q, &r);
	CHECK_EQ(q.has_ports | q.proto | q.vlans, 0);
}

/* A packet of the flow and the flow are asked for by the same. */
static void test_same_question(void)
{
	struct flow f = sample_flow();
	struct nt_record packet = sample_record(), r;
	struct tag_query of_packet, of_flow;

	flow_record(&r, &f);
	tag_query_of(&of_packet, &packet);
	tag_query_of(&of_flow, &r);
	CHECK(!memcmp(&of_packet, &of_flow, sizeof(of_flow)));
}

int main(void)
{
	RUN(test_head);
	RUN(test_layers);
	RUN(test_deepest);
	RUN(test_damaged);
	RUN(test_same_question);
	return check_done();
}
