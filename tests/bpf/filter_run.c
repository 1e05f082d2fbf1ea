// SPDX-License-Identifier: Apache-2.0
/*
 * filter_run.c - the filter and the sampler by test run: which packets are
 * owed a record, that the others are counted, and that only those that are
 * owed one get a number.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "rig.h"
#include "ninetap.skel.h"
#include "unit/check.h"

struct filter {
	struct { int version; uint8_t addr[16]; uint32_t bits; } cidrs[2];
	uint16_t ports[2];
	int protos[2];			/* 0: none */
};

struct filter_case {
	const char *name;
	struct filter filter;
	const char *spec;
	bool passes;
};

/* Addresses: packet_address(): 10.LEVEL.0.1 and .2, 2001:db8:LEVEL::1 and ::2. */
static const struct filter_case cases[] = {
	{ "no filter", { .protos = { 0 } }, "eth ip4 udp", true },
	{ "source address", { .cidrs = { { 4, { 10, 0, 0, 1 }, 32 } } }, "eth ip4 udp", true },
	{ "destination address", { .cidrs = { { 4, { 10, 0, 0, 2 }, 32 } } }, "eth ip4 udp", true },
	{ "another address", { .cidrs = { { 4, { 10, 0, 0, 3 }, 32 } } }, "eth ip4 udp", false },
	{ "a prefix", { .cidrs = { { 4, { 10 }, 8 } } }, "eth ip4 icmp", true },
	{ "a prefix just beside", { .cidrs = { { 4, { 10, 0, 0, 4 }, 30 } } }, "eth ip4 udp", false },
	{ "a prefix of 31 bits", { .cidrs = { { 4, { 10, 0, 0, 2 }, 31 } } }, "eth ip4 udp", true },
	{ "all of IPv4", { .cidrs = { { 4, { 0 }, 0 } } }, "eth ip4 udp", true },
	{ "all of IPv4 holds no IPv6", { .cidrs = { { 4, { 0 }, 0 } } }, "eth ip6 udp", false },
	{ "all of IPv6", { .cidrs = { { 6, { 0 }, 0 } } }, "eth ip6 udp", true },
	{ "IPv6 prefix", { .cidrs = { { 6, { 0x20, 1, 0xd, 0xb8 }, 32 } } }, "eth ip6 tcp", true },
	{ "IPv6 address", { .cidrs = { { 6, { 0x20, 1, 0xd, 0xb8, [15] = 2 }, 128 } } }, "eth ip6 tcp", true },
	{ "another IPv6 address", { .cidrs = { { 6, { 0x20, 1, 0xd, 0xb8, [15] = 3 }, 128 } } }, "eth ip6 tcp", false },
	{ "IPv6 prefix, IPv4 packet", { .cidrs = { { 6, { 0x20, 1, 0xd, 0xb8 }, 32 } } }, "eth ip4 udp", false },
	{ "the second of two prefixes", { .cidrs = { { 4, { 192, 168 }, 16 }, { 4, { 10 }, 8 } } }, "eth ip4 udp", true },
	{ "the carrier's address", { .cidrs = { { 4, { 10, 0, 0, 1 }, 32 } } }, "eth ip4 udp vxlan eth ip4 tcp", true },
	{ "the innermost address", { .cidrs = { { 4, { 10, 1, 0, 2 }, 32 } } }, "eth ip4 udp vxlan eth ip4 tcp", true },
	{ "the middle address", { .cidrs = { { 4, { 10, 1, 0, 2 }, 32 } } }, "eth ip4 gre ip4 gre ip4 tcp", true },
	{ "the third address", { .cidrs = { { 4, { 10, 2, 0, 1 }, 32 } } }, "eth ip4 gre ip4 gre ip4 tcp", true },
	{ "no layer's address", { .cidrs = { { 4, { 10, 3, 0, 1 }, 32 } } }, "eth ip4 gre ip4 gre ip4 tcp", false },
	{ "what the packet before left behind", { .cidrs = { { 4, { 10, 1, 0, 2 }, 32 } } }, "eth ip4 udp", false },
	{ "destination port", { .ports = { 80 } }, "eth ip4 udp", true },
	{ "source port", { .ports = { 4001 } }, "eth ip6 tcp", true },
	{ "another port", { .ports = { 81 } }, "eth ip4 udp", false },
	{ "port 65535", { .ports = { 65535 } }, "eth ip4 udp,dport=65535", true },
	{ "port 63 is not port 127", { .ports = { 63 } }, "eth ip4 udp,dport=127", false },
	{ "a carrier's port", { .ports = { 4789 } }, "eth ip4 udp vxlan eth ip4 icmp", true },
	{ "an inner port", { .ports = { 4002 } }, "eth ip4 udp vxlan eth ip4 udp", true },
	{ "no ports at all", { .ports = { 80 } }, "eth ip4 icmp", false },
	{ "a later fragment has none", { .ports = { 80 } }, "eth ip4,off=1 udp", false },
	{ "protocol", { .protos = { 6 } }, "eth ip4 tcp", true },
	{ "another protocol", { .protos = { 6 } }, "eth ip4 udp", false },
	{ "protocol 132", { .protos = { 132 } }, "eth ip6 hop sctp", true },
	{ "protocol 4 is not 68", { .protos = { 4 } }, "eth ip4,proto=68 pay", false },
	{ "the carrier's protocol", { .protos = { 47 } }, "eth ip4 gre ip4 tcp", true },
	{ "the second of two protocols", { .protos = { 47, 58 } }, "eth ip6 icmp6", true },
	{ "all lists by one layer", { { { 4, { 10, 0, 0, 1 }, 32 } }, { 80 }, { 17 } }, "eth ip4 udp", true },
	{ "lists by different layers", { { { 4, { 10, 0, 0, 1 }, 32 } }, { 80 }, { 0 } }, "eth ip4 udp vxlan eth ip4 tcp", false },
	{ "one list of two fails", { { { 4, { 10, 0, 0, 1 }, 32 } }, { 81 }, { 0 } }, "eth ip4 udp", false },
};

static int fill_cidrs(struct rig *r, const struct filter *f)
{
	uint8_t one = 1;
	int err = 0;

	for (int i = 0; i < 2 && f->cidrs[i].version; i++) {
		struct nt_cidr key = { .prefix = f->cidrs[i].bits };
		bool v4 = f->cidrs[i].version == 4;

		if (v4) {
			key.prefix += 96;
			memset(key.addr + 10, 0xff, 2);
		}
		memcpy(key.addr + (v4 ? 12 : 0), f->cidrs[i].addr, v4 ? 4 : 16);
		err |= bpf_map_update_elem(bpf_map__fd(r->skel->maps.nt_cidrs), &key, &one, BPF_ANY);
	}
	return err;
}

static int fill_ports(struct rig *r, const struct filter *f)
{
	int err = 0;

	for (int i = 0; i < 2 && f->ports[i]; i++) {
		uint32_t word = f->ports[i] / 64;
		uint64_t bits = 1ULL << f->ports[i] % 64;

		err |= bpf_map_update_elem(bpf_map__fd(r->skel->maps.nt_ports), &word, &bits, BPF_ANY);
	}
	return err;
}

static int open_filter(struct rig *r, struct rig_settings s, const struct filter *f)
{
	int err;

	s.cfg.filter_cidrs = f->cidrs[0].version != 0;
	s.cfg.filter_ports = f->ports[0] != 0;
	s.cfg.filter_protos = f->protos[0] != 0;
	for (int i = 0; i < 2 && f->protos[i]; i++)
		s.cfg.protos[f->protos[i] / 64] |= 1ULL << f->protos[i] % 64;
	err = rig_open(r, &s);
	return err ? err : fill_cidrs(r, f) | fill_ports(r, f);
}

static void run_case(const struct filter_case *c)
{
	struct packet pk, before;
	struct outcome o;
	struct rig r;

	CHECK_EQ(open_filter(&r, rig_defaults(), &c->filter), 0);
	CHECK(packet_build(c->spec, &pk) == 0);
	CHECK(packet_build("eth ip4 gre ip4 gre ip4 tcp", &before) == 0);
	for (enum rig_prog prog = RIG_XDP; r.skel && prog <= RIG_TC_IN; prog++) {
		CHECK_EQ(rig_run(&r, prog, before.bytes, before.n, before.wire, &o), 0);
		CHECK_EQ(rig_run(&r, prog, pk.bytes, pk.n, pk.wire, &o), 0);
		CHECK_EQ(o.fate, c->passes ? NT_COUNT_RECORDED : NT_COUNT_FILTERED);
	}
	rig_close(&r);
	if (check_failures)
		printf("# so far with: %s\n", c->name);
}

static void test_filter(void)
{
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		run_case(&cases[i]);
}

/* Of what is no IP or has no readable header, the fate comes first. */
static void test_filter_is_for_ip(void)
{
	static const struct filter f = { .protos = { 6 } };
	struct packet pk;
	struct outcome o;
	struct rig r;

	CHECK_EQ(open_filter(&r, rig_defaults(), &f), 0);
	CHECK(packet_build("eth arp", &pk) == 0);
	CHECK_EQ(rig_run(&r, RIG_XDP, pk.bytes, pk.n, pk.wire, &o), 0);
	CHECK_EQ(o.fate, NT_COUNT_NON_IP);
	CHECK(packet_build("eth ip4,ihl=1", &pk) == 0);
	CHECK_EQ(rig_run(&r, RIG_XDP, pk.bytes, pk.n, pk.wire, &o), 0);
	CHECK_EQ(o.fate, NT_COUNT_MALFORMED);
	rig_close(&r);
}

/* One in N of those that pass, the first of them first; numbers only for those. */
static void run_sampler(uint32_t n, const uint64_t passing, uint64_t want)
{
	static const struct filter f = { .protos = { 17 } };
	struct rig_settings s = rig_defaults();
	struct packet udp, tcp;
	struct outcome o;
	uint64_t seq = 0;
	struct rig r;

	s.cfg.sample = n;
	s.cfg.replay = 0;
	CHECK_EQ(open_filter(&r, s, &f), 0);
	CHECK(packet_build("eth ip4 udp", &udp) == 0 && packet_build("eth ip4 tcp", &tcp) == 0);
	for (uint64_t i = 0; i < passing; i++) {
		CHECK_EQ(rig_run(&r, RIG_XDP, tcp.bytes, tcp.n, tcp.wire, &o), 0);
		CHECK_EQ(o.fate, NT_COUNT_FILTERED);
		CHECK_EQ(rig_run(&r, i % 2 ? RIG_XDP : RIG_TC_IN, udp.bytes, udp.n, udp.wire, &o), 0);
		CHECK_EQ(o.fate, i % n ? NT_COUNT_SAMPLED_OUT : NT_COUNT_RECORDED);
		if (o.fate == NT_COUNT_RECORDED)
			CHECK_EQ(o.rec.seq, ++seq);
	}
	CHECK_EQ(seq, want);
	CHECK_EQ(r.counts[NT_COUNT_RECORDED], want);
	CHECK_EQ(r.counts[NT_COUNT_SAMPLED_OUT], passing - want);
	CHECK_EQ(r.counts[NT_COUNT_FILTERED], passing);
	CHECK_EQ(r.counts[NT_COUNT_SEEN], 2 * passing);
	rig_close(&r);
}

static void test_sampler(void)
{
	run_sampler(1, 10, 10);
	run_sampler(2, 11, 6);
	run_sampler(7, 100, 15);
	run_sampler(1000, 999, 1);
}

int main(void)
{
	RUN(test_filter);
	RUN(test_filter_is_for_ip);
	RUN(test_sampler);
	return check_done();
}
