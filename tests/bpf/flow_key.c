// SPDX-License-Identifier: Apache-2.0
/*
 * flow_key.c - what tells flows apart and what does not, one thing at a time:
 * two packets make two entries or one. And which table each is in.
 */
#include <linux/bpf.h>
#include "flow_ref.h"
#include "unit/check.h"

static struct rig rig;

struct key_case {
	const char *name, *a, *b;
	bool differ;
};

static const struct key_case cases[] = {
	{ "the same packet", "eth ip4 tcp", "eth ip4 tcp", false },
	{ "source port", "eth ip4 udp", "eth ip4 udp,sport=9", true },
	{ "destination port", "eth ip4 udp", "eth ip4 udp,dport=9", true },
	{ "ports the other way round", "eth ip4 udp,sport=1,dport=2", "eth ip4 udp,sport=2,dport=1", true },
	{ "protocol", "eth ip4 udp", "eth ip4 udplite", true },
	{ "IP version", "eth ip4 udp", "eth ip6 udp", true },
	{ "VLAN id", "eth tag,vid=1 ip4 udp", "eth tag,vid=2 ip4 udp", true },
	{ "VLAN id 0 is a tag", "eth ip4 udp", "eth tag,vid=0 ip4 udp", true },
	{ "second VLAN id", "eth tag,vid=1 tag,vid=2 ip4 udp", "eth tag,vid=1 tag,vid=3 ip4 udp", true },
	{ "second VLAN id 0 is a tag", "eth tag,vid=1 ip4 udp", "eth tag,vid=1 tag,vid=0 ip4 udp", true },
	{ "order of VLAN ids", "eth tag,vid=1 tag,vid=2 ip4 udp", "eth tag,vid=2 tag,vid=1 ip4 udp", true },
	{ "priority in the tag", "eth tag,vid=1 ip4 udp", "eth tag,vid=1,pcp=5 ip4 udp", false },
	{ "port 0 and no port", "eth ip4,off=1 udp", "eth ip4 udp,sport=0,dport=0", true },
	{ "no TCP header that could be read", "eth ip4 tcp", "eth ip4 tcp short,n=8", true },
	{ "no ICMP header that could be read", "eth ip4 icmp", "eth ip4 icmp short,n=7", false },
	{ "ICMP type and code", "eth ip4 icmp", "eth ip4 icmp,type=3,code=1", false },
	{ "TCP flags and window", "eth ip4 tcp", "eth ip4 tcp,flags=1,win=5", false },
	{ "TCP options", "eth ip4 tcp", "eth ip4 tcp,doff=8", false },
	{ "payload", "eth ip4 tcp", "eth ip4 tcp pay,n=100", false },
	{ "TTL, TOS, DF", "eth ip4 udp", "eth ip4,ttl=3,tos=8,df=1 udp", false },
	{ "IPv4 options", "eth ip4 udp", "eth ip4,options=8 udp", false },
	{ "first fragment", "eth ip4 udp", "eth ip4,mf=1 udp", false },
	{ "fragment's offset", "eth ip4,off=1 pay", "eth ip4,off=9 pay", false },
	{ "IPv6 extension header, flow label, hop limit", "eth ip6 udp", "eth ip6,ttl=2,flow=7 hop udp", false },
	{ "MPLS", "eth ip4 udp", "eth mpls ip4 udp", false },
	{ "in a tunnel and not", "eth ip4 tcp", "eth ip4 ip4 tcp", true },
	{ "VNI", "eth ip4 udp vxlan eth ip4 tcp", "eth ip4 udp vxlan,vni=1 eth ip4 tcp", true },
	{ "VNI under IPv6", "eth ip6 udp vxlan eth ip4 tcp", "eth ip6 udp vxlan,vni=1 eth ip4 tcp", true },
	{ "GRE key 0 is a key", "eth ip4 gre ip4 tcp", "eth ip4 gre,key=0 ip4 tcp", true },
	{ "GRE key 0 is a key, IPv6", "eth ip4 gre ip6 tcp", "eth ip4 gre,key=0 ip6 tcp", true },
	{ "carrier's source port", "eth ip4 udp vxlan eth ip4 tcp", "eth ip4 udp,sport=7 vxlan eth ip4 tcp", true },
	{ "carrier's VLAN id", "eth ip4 udp vxlan eth ip4 tcp", "eth tag,vid=3 ip4 udp vxlan eth ip4 tcp", true },
	{ "inner VLAN id", "eth ip4 udp vxlan eth ip4 tcp", "eth ip4 udp vxlan eth tag,vid=3 ip4 tcp", true },
	{ "inner source port", "eth ip4 udp vxlan eth ip4 tcp", "eth ip4 udp vxlan eth ip4 tcp,sport=3", true },
	{ "inner protocol", "eth ip4 udp vxlan eth ip4 udp", "eth ip4 udp vxlan eth ip4 udplite", true },
	{ "inner IP version", "eth ip4 udp vxlan eth ip4 udp", "eth ip4 udp vxlan eth ip6 udp", true },
	{ "inner TCP flags", "eth ip4 udp vxlan eth ip4 tcp", "eth ip4 udp vxlan eth ip4 tcp,flags=1", false },
	{ "carrier's TTL", "eth ip4 udp vxlan eth ip4 tcp", "eth ip4,ttl=9 udp vxlan eth ip4 tcp", false },
	{ "second tunnel's TEID", "eth ip4 udp vxlan eth ip4 udp gtp ip4 tcp", "eth ip4 udp vxlan eth ip4 udp gtp,teid=1 ip4 tcp", true },
	{ "innermost port", "eth ip4 udp vxlan eth ip4 udp gtp ip4 tcp", "eth ip4 udp vxlan eth ip4 udp gtp ip4 tcp,sport=1", true },
	{ "innermost IP version", "eth ip4 gre ip4 gre ip4 udp", "eth ip4 gre ip4 gre ip6 udp", true },
	{ "TCP flags in two tunnels", "eth ip4 gre ip4 gre ip4 tcp", "eth ip4 gre ip4 gre ip4 tcp,flags=4", false },
};

static size_t entries(void)
{
	return ref_count(rig.tables[0][1]) + ref_count(rig.tables[1][1]);
}

static void send(enum rig_prog prog, const struct packet *pk)
{
	struct outcome o;

	CHECK_EQ(rig_run(&rig, prog, pk->bytes, pk->n, pk->wire, &o), 0);
	CHECK_EQ(o.fate, NT_COUNT_FLOW);
}

/* Others, never the same twice: what they leave in the long and the short key would tell flows apart. */
static void send_others(void)
{
	static unsigned int n;
	struct packet pk;
	char spec[128];

	n++;
	snprintf(spec, sizeof(spec), "eth ip6 gre,key=%u ip6 gre,key=%u ip6 tcp,sport=%u", n, n, n);
	CHECK(packet_build(spec, &pk) == 0);
	send(RIG_XDP, &pk);
	snprintf(spec, sizeof(spec), "eth tag ip4 gre,key=%u ip4 tcp,sport=%u", n, n);
	CHECK(packet_build(spec, &pk) == 0);
	send(RIG_XDP, &pk);
}

/* In a window of their own, each behind others: entries made. */
static size_t entries_of(enum rig_prog pa, const struct packet *a, enum rig_prog pb, const struct packet *b)
{
	size_t n, made;

	rig.ts_ns += NT_WINDOW_NS;
	send_others();
	n = entries();
	send(pa, a);
	made = entries() - n;
	send_others();
	n = entries();
	send(pb, b);
	return made + entries() - n;
}

static void test_one_thing_at_a_time(void)
{
	struct packet a, b;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct key_case *c = &cases[i];
		int failures = check_failures;

		CHECK(packet_build(c->a, &a) == 0 && packet_build(c->b, &b) == 0);
		CHECK_EQ(entries_of(RIG_TC_IN, &a, RIG_TC_IN, &b), c->differ ? 2 : 1);
		CHECK_EQ(entries_of(RIG_XDP, &b, RIG_XDP, &a), c->differ ? 2 : 1);
		if (check_failures > failures)
			printf("# with: %s\n", c->name);
	}
}

/* Each byte of these in turn tells flows apart. */
static void run_bytes(const char *spec, uint32_t from, uint32_t to)
{
	struct packet a, b;

	CHECK(packet_build(spec, &a) == 0);
	for (uint32_t i = from; i < to; i++) {
		b = a;
		b.bytes[i] ^= i % 2 ? 0x80 : 0x01;
		if (entries_of(RIG_XDP, &a, RIG_XDP, &b) == 2)
			continue;
		printf("# byte %u of: %s\n", i, spec);
		CHECK(!"two flows");
	}
}

static void test_every_byte_of_addresses(void)
{
	run_bytes("eth ip4 udp", 26, 38);			/* and ports */
	run_bytes("eth ip6 udp", 22, 58);
	run_bytes("eth ip4 udp vxlan eth ip4 tcp", 26, 36);	/* and the carrier's source port */
	run_bytes("eth ip4 udp vxlan eth ip4 tcp", 46, 49);	/* VNI */
	run_bytes("eth ip4 udp vxlan eth ip4 tcp", 76, 88);
	run_bytes("eth ip6 udp vxlan eth ip6 tcp", 22, 56);
	run_bytes("eth ip6 udp vxlan eth ip6 tcp", 92, 128);
	run_bytes("eth ip4 ip6 ip4 udp", 26, 34);
	run_bytes("eth ip4 ip6 ip4 udp", 42, 74);
	run_bytes("eth ip4 ip6 ip4 udp", 86, 98);
}

static void test_where_it_was_seen(void)
{
	struct packet pk;

	CHECK(packet_build("eth ip4 udp", &pk) == 0);
	CHECK_EQ(entries_of(RIG_XDP, &pk, RIG_TC_IN, &pk), 2);
	CHECK_EQ(entries_of(RIG_TC_IN, &pk, RIG_TC_OUT, &pk), 2);
	CHECK_EQ(entries_of(RIG_TC_OUT, &pk, RIG_TC_OUT, &pk), 1);
}

/* The mode, and the rate while it is one in so many. */
static void test_how_it_was_counted(void)
{
	struct packet pk;

	CHECK(packet_build("eth ip4 udp", &pk) == 0);
	CHECK_EQ(entries_of(RIG_XDP, &pk, RIG_XDP, &pk), 1);
	CHECK_EQ(rig_mode(&rig, 1, NT_MODE_SAMPLED, 1), 0);
	rig.ts_ns -= NT_WINDOW_NS;
	CHECK_EQ(entries_of(RIG_XDP, &pk, RIG_XDP, &pk), 1);	/* of the window before: another mode */
	CHECK_EQ(rig_mode(&rig, 1, NT_MODE_FLOW, 1), 0);
}

static const struct { const char *spec; bool wide; } tables[] = {
	{ "eth ip4 tcp", false },
	{ "eth tag,vid=1 tag,vid=2 ip4 tcp", false },
	{ "eth ip4 udp vxlan eth ip4 udp", false },
	{ "eth ip4 gre,key=1 ip4 tcp", false },
	{ "eth ip6 tcp", true },
	{ "eth ip4 ip6 tcp", true },
	{ "eth ip6 udp vxlan eth ip4 tcp", true },
	{ "eth ip6 ip6 tcp", true },
	{ "eth ip4 gre ip4 gre ip4 tcp", true },
};

static void test_short_and_long(void)
{
	struct packet pk;
	size_t n[2];

	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		rig.ts_ns += NT_WINDOW_NS;
		n[0] = ref_count(rig.tables[0][1]);
		n[1] = ref_count(rig.tables[1][1]);
		CHECK(packet_build(tables[i].spec, &pk) == 0);
		send(RIG_TC_OUT, &pk);
		CHECK_EQ(ref_count(rig.tables[0][1]) - n[0], !tables[i].wide);
		CHECK_EQ(ref_count(rig.tables[1][1]) - n[1], tables[i].wide);
	}
}

int main(void)
{
	struct rig_settings s = rig_defaults();

	s.flow_entries = 20000;
	s.ring_bytes = 0;
	if (rig_open(&rig, &s) || rig_mode(&rig, 1, NT_MODE_FLOW, 1)) {
		printf("not ok rig\n");
		return 1;
	}
	RUN(test_one_thing_at_a_time);
	RUN(test_every_byte_of_addresses);
	RUN(test_where_it_was_seen);
	RUN(test_how_it_was_counted);
	RUN(test_short_and_long);
	rig_close(&rig);
	return check_done();
}
