// SPDX-License-Identifier: Apache-2.0
/*
 * parse_host.c - the table of packets through the parser on the host. Built
 * with SAN=1 it is the parser under sanitizers. What each row means: text.h.
 */
#include "host_view.h"
#include "text.h"
#include "unit/check.h"

static void test_table_on_host(void)
{
	struct packet pk;
	struct outcome o;

	for (const struct packet_case *c = packet_cases; c->name; c++) {
		CHECK(packet_build(c->spec, &pk) == 0);
		o.fate = host_parse(pk.bytes, pk.n, pk.wire, pk.l3, &o.rec, &o.notes);
		CHECK(text_check(c, "host", &pk, &o));
	}
}

/* Each row cut at each byte: no sanitizer speaks, and less is never more. */
static void test_every_cut_on_host(void)
{
	struct packet pk;
	struct outcome whole, o;

	for (const struct packet_case *c = packet_cases; c->name; c++) {
		CHECK(packet_build(c->spec, &pk) == 0);
		whole.fate = host_parse(pk.bytes, pk.n, pk.wire, pk.l3, &whole.rec, &whole.notes);
		for (uint32_t n = 0; n < pk.n; n++) {
			o.fate = host_parse(pk.bytes, n, pk.wire, pk.l3, &o.rec, &o.notes);
			CHECK(o.fate != NT_COUNT_RECORDED || whole.fate == NT_COUNT_RECORDED);
			CHECK(o.fate != NT_COUNT_RECORDED || o.rec.tunnels <= whole.rec.tunnels);
		}
	}
}

/* Both ways through the parser, plain levels in one go and all of them header by header. 1: they agree. */
static int both_ways(const struct packet *pk, uint32_t n)
{
	struct outcome plain = { 0 }, general = { 0 };

	plain.fate = host_parse(pk->bytes, n, pk->wire, pk->l3, &plain.rec, &plain.notes);
	host_general = true;
	general.fate = host_parse(pk->bytes, n, pk->wire, pk->l3, &general.rec, &general.notes);
	host_general = false;
	return plain.fate == general.fate && plain.notes == general.notes &&
	       !memcmp(&plain.rec, &general.rec, sizeof(plain.rec));
}

/* Cut at each byte, and with each byte of its first 160 changed in ways that turn what a header says. */
static void check_both_ways(const char *spec)
{
	static const uint8_t flips[] = { 0x01, 0x02, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff };
	struct packet pk;

	CHECK(packet_build(spec, &pk) == 0);
	for (uint32_t n = 0; n <= pk.n; n++)
		CHECK(both_ways(&pk, n));
	for (uint32_t at = 0; at < pk.n && at < 160; at++)
		for (size_t i = 0; i < sizeof(flips); i++) {
			pk.bytes[at] ^= flips[i];
			CHECK(both_ways(&pk, pk.n));
			pk.bytes[at] ^= flips[i];
		}
}

static void test_plain_way_is_the_general_way(void)
{
	for (const struct packet_case *c = packet_cases; c->name; c++)
		check_both_ways(c->spec);
	check_both_ways("eth ip4 udp vxlan eth ip4 udp vxlan eth ip4 udp vxlan eth ip4 tcp");	/* one too deep */
}

/* Ports that are VXLAN's are a setting. */
static void test_vxlan_ports_are_settings(void)
{
	static const struct packet_case on = { "VXLAN on 5555", "eth ip4 udp vxlan,as=5555 eth ip4 udp",
		"4:17 4001>5555 vxlan=5001 | 4:17 4002>80 pay=0" };
	static const struct packet_case off = { "4789 is no VXLAN here", "eth ip4 udp vxlan eth ip4 udp",
		"4:17 4001>4789 pay=50" };
	const struct packet_case *cases[] = { &on, &off };
	struct nt_config kept = nt_cfg;
	struct packet pk;
	struct outcome o;

	nt_cfg.vxlan_ports_n = 1;
	nt_cfg.vxlan_ports[0] = 5555;
	for (int i = 0; i < 2; i++) {
		CHECK(packet_build(cases[i]->spec, &pk) == 0);
		o.fate = host_parse(pk.bytes, pk.n, pk.wire, pk.l3, &o.rec, &o.notes);
		CHECK(text_check(cases[i], "host", &pk, &o));
	}
	nt_cfg = kept;
}

int main(void)
{
	RUN(test_table_on_host);
	RUN(test_every_cut_on_host);
	RUN(test_plain_way_is_the_general_way);
	RUN(test_vxlan_ports_are_settings);
	return check_done();
}
