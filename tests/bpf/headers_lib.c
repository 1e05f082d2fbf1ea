// SPDX-License-Identifier: Apache-2.0
/*
 * headers_lib.c - the headers that packet.h's lines are made of: each a
 * function that appends its bytes and says where its next-header field is.
 * It knows formats, not how ninetap reads them, and checks nothing.
 */
#include <stdio.h>
#include "packet_impl.h"

static void put_eth(struct builder *b)
{
	put32(b, 0x02000000);
	put32(b, 0x00010200);
	put32(b, 0x00000002);
	next16(b, LINK_ETYPE, "type", 0x88b5);
}

static void put_tag(struct builder *b)
{
	put16(b, attr(b, "pcp", 0) << 13 | attr(b, "vid", 1));
	next16(b, LINK_ETYPE, "type", 0x88b5);
}

static void put_mpls(struct builder *b)
{
	put16(b, 0x0001);
	b->link = attr_text(b, "s") ? LINK_NONE : LINK_MPLS;
	b->link_at = b->out->n;
	put8(b, 0xe0 | attr(b, "s", 0));
	put8(b, 64);
}

static void put_pppoe_session(struct builder *b)
{
	put16(b, 0x1100);
	put16(b, 7);
	length16(b, b->out->n + 2, -1, 0);
}

static void put_pppoe(struct builder *b)
{
	put_pppoe_session(b);
	next16(b, LINK_PPP, "type", 0xc021);
}

static void put_pppoe1(struct builder *b)
{
	put_pppoe_session(b);
	next8(b, LINK_PPP1, "type", 0x21);
}

static void put_llc(struct builder *b)
{
	put8(b, attr(b, "dsap", 6));
	put8(b, attr(b, "ssap", 6));
	put8(b, attr(b, "control", 3));
	b->link = LINK_NONE;
}

static void put_snap(struct builder *b)
{
	put16(b, 0xaaaa);
	put8(b, 3);
	put8(b, 0);
	put16(b, attr(b, "oui", 0));
	next16(b, LINK_ETYPE, "type", 0x88b5);
}

static void put_address(struct builder *b, int version, int last)
{
	uint8_t a[16];

	packet_address(version, b->out->ip_n, last, a);
	for (int i = 0; i < (version == 4 ? 4 : 16); i++)
		put8(b, a[i]);
}

static void put_ip4(struct builder *b)
{
	uint32_t options = attr(b, "options", 0), start = b->out->n;

	put8(b, attr(b, "version", 4) << 4 | attr(b, "ihl", 5 + options / 4));
	put8(b, attr(b, "tos", 0));
	length16(b, start, b->out->ip_n, 0);
	put16(b, 0x1234);
	put16(b, attr(b, "df", 0) << 14 | attr(b, "mf", 0) << 13 | attr(b, "off", 0));
	put8(b, attr(b, "ttl", 64 - b->out->ip_n));
	next8(b, LINK_PROTO, "proto", 253);
	put16(b, 0);
	put_address(b, 4, 1);
	put_address(b, 4, 2);
	fill(b, options, 1);
	b->out->ip_n++;
}

static void put_ip6(struct builder *b)
{
	uint32_t start = b->out->n;

	put32(b, attr(b, "version", 6) << 28 | attr(b, "tos", 0) << 20 | attr(b, "flow", 0));
	length16(b, start + 40, b->out->ip_n, 40);
	next8(b, LINK_PROTO, "proto", 253);
	put8(b, attr(b, "ttl", 64 - b->out->ip_n));
	put_address(b, 6, 1);
	put_address(b, 6, 2);
	b->out->ip_n++;
}

/* Hop-by-hop, routing, destination options: len counts 8 bytes beyond the first. */
static void put_extension(struct builder *b)
{
	uint32_t len = attr(b, "len", 0);

	next8(b, LINK_PROTO, "next", 59);
	put8(b, len);
	put16(b, 0x0104);
	put32(b, 0);
	fill(b, len * 8, 0);
}

static void put_fragment(struct builder *b)
{
	next8(b, LINK_PROTO, "next", 59);
	put8(b, 0);
	put16(b, attr(b, "off", 0) << 3 | attr(b, "mf", 0));
	put32(b, 0x12345678);
}

static void put_ah(struct builder *b)
{
	uint32_t len = attr(b, "len", 4);

	next8(b, LINK_PROTO, "next", 59);
	put8(b, len);
	put16(b, 0);
	put32(b, 0x100);
	put32(b, 1);
	fill(b, len * 4 - 4, 0xcc);
}

static void put_ports(struct builder *b)
{
	put16(b, attr(b, "sport", 4000 + b->out->ip_n));
	next16(b, LINK_PORT, "dport", 80);
}

static void put_tcp(struct builder *b)
{
	uint32_t doff = attr(b, "doff", 5);

	put_ports(b);
	put32(b, 1);
	put32(b, 2);
	put16(b, doff << 12 | attr(b, "bits", 0) << 9 | attr(b, "flags", 0x12));
	put16(b, attr(b, "win", 64240));
	put32(b, 0);
	fill(b, doff > 5 ? doff * 4 - 20 : 0, 1);
}

static void put_udp(struct builder *b)
{
	uint32_t start = b->out->n;

	put_ports(b);
	length16(b, start, -1, 0);
	put16(b, 0);
}

static void put_sctp(struct builder *b)
{
	put_ports(b);
	put32(b, 0x11223344);
	put32(b, 0);
}

static void put_dccp(struct builder *b)
{
	uint32_t doff = attr(b, "doff", 4);

	put_ports(b);
	put8(b, doff);
	fill(b, doff > 1 ? doff * 4 - 5 : 7, 0);
}

static void put_icmp(struct builder *b)
{
	put8(b, attr(b, "type", 8));
	put8(b, attr(b, "code", 0));
	put16(b, 0);
	put32(b, 0x00010001);
	b->link = LINK_NONE;
}

static void put_vxlan(struct builder *b)
{
	put32(b, attr(b, "flags", 8) << 24);
	put32(b, attr(b, "vni", 5001) << 8 | 0xee);
	b->link = LINK_NONE;
}

static void put_geneve(struct builder *b)
{
	uint32_t words = attr(b, "words", 0);

	put8(b, attr(b, "version", 0) << 6 | words);
	put8(b, 0);
	next16(b, LINK_ETYPE, "type", 0x88b5);
	put32(b, attr(b, "vni", 6001) << 8 | 0xee);
	fill(b, words * 4, 0x41);
}

/* csum, key, seq are there if given; flags are or'ed in. */
static void put_gre(struct builder *b)
{
	int csum = attr_text(b, "csum") != NULL, key = attr_text(b, "key") != NULL, seq = attr_text(b, "seq") != NULL;

	put16(b, csum << 15 | key << 13 | seq << 12 | attr(b, "flags", 0));
	next16(b, LINK_ETYPE, "type", 0x88b5);
	if (csum)
		put32(b, attr(b, "csum", 0) << 16);
	if (key)
		put32(b, attr(b, "key", 0));
	if (seq)
		put32(b, attr(b, "seq", 0));
}

static void put_erspan1(struct builder *b)
{
	b->link = LINK_NONE;
}

static void put_erspan2(struct builder *b)
{
	put32(b, attr(b, "version", 1) << 28 | 0x00640001);
	put32(b, 7);
	b->link = LINK_NONE;
}

static void put_erspan3(struct builder *b)
{
	put32(b, attr(b, "version", 2) << 28 | 0x00640001);
	put32(b, 0x01020304);
	put32(b, attr(b, "o", 0));
	fill(b, attr(b, "o", 0) ? 8 : 0, 0x46);
	b->link = LINK_NONE;
}

/* The optional word is there if flags & 7; "first" is the type in it. */
static void put_gtp(struct builder *b)
{
	uint32_t flags = attr(b, "flags", 0x30), exts = attr(b, "exts", 0), words = attr(b, "words", 1);

	put8(b, flags);
	put8(b, attr(b, "msg", 255));
	length16(b, b->out->n + 6, -1, 0);
	put32(b, attr(b, "teid", 7001));
	if (flags & 7) {
		put16(b, 0x4545);
		put8(b, 0x46);
		put8(b, attr(b, "first", exts ? 0x85 : 0));
	}
	for (uint32_t i = 0; i < exts; i++) {
		put8(b, words);
		fill(b, words ? words * 4 - 2 : 2, 0x47);
		put8(b, i + 1 < exts ? 0x85 : 0);
	}
	b->link = LINK_NONE;
}

static void put_etherip(struct builder *b)
{
	put16(b, attr(b, "version", 3) << 12);
	b->link = LINK_NONE;
}

static void put_arp(struct builder *b)
{
	put32(b, 0x00010800);
	put32(b, 0x06040001);
	fill(b, 20, 0x0a);
	b->link = LINK_NONE;
}

/* Text bytes: "hex,v=0123cafe". */
static void put_hex(struct builder *b)
{
	const char *s = attr_text(b, "v");
	unsigned int v;

	while (s && sscanf(s, "%2x", &v) == 1 && s[0] != ' ' && s[0] != ',') {
		put8(b, v);
		s += 2;
	}
	b->link = LINK_NONE;
}

/* Bytes that look like neither IP version. */
static void put_pay(struct builder *b)
{
	fill(b, attr(b, "n", 10), 0xa5);
	b->link = LINK_NONE;
}

static void put_pad(struct builder *b)
{
	b->end = b->out->n;
	fill(b, attr(b, "n", 10), attr(b, "v", 0x99));
}

static void put_l3(struct builder *b)
{
	b->out->l3 = true;
}

const struct header packet_headers[] = {
	{ "eth", put_eth, 0x6558, 0, 0, 143 },
	{ "tag", put_tag, 0x8100, 0, 0, -1 },
	{ "mpls", put_mpls, 0x8847, 0x0281, 0, 137 },
	{ "pppoe", put_pppoe, 0x8864, 0, 0, -1 },
	{ "pppoe1", put_pppoe1, 0x8864, 0, 0, -1 },
	{ "llc", put_llc, PACKET_LENGTH, 0, 0, -1 },
	{ "snap", put_snap, PACKET_LENGTH, 0, 0, -1 },
	{ "ip4", put_ip4, 0x0800, 0x0021, 0, 4 },
	{ "ip6", put_ip6, 0x86dd, 0x0057, 0, 41 },
	{ "hop", put_extension, 0, 0, 0, 0 },
	{ "routing", put_extension, 0, 0, 0, 43 },
	{ "dstopts", put_extension, 0, 0, 0, 60 },
	{ "fragment", put_fragment, 0, 0, 0, 44 },
	{ "ah", put_ah, 0, 0, 0, 51 },
	{ "tcp", put_tcp, 0, 0, 0, 6 },
	{ "udp", put_udp, 0, 0, 0, 17 },
	{ "udplite", put_udp, 0, 0, 0, 136 },
	{ "sctp", put_sctp, 0, 0, 0, 132 },
	{ "dccp", put_dccp, 0, 0, 0, 33 },
	{ "icmp", put_icmp, 0, 0, 0, 1 },
	{ "icmp6", put_icmp, 0, 0, 0, 58 },
	{ "vxlan", put_vxlan, 0, 0, 4789, -1 },
	{ "geneve", put_geneve, 0, 0, 6081, -1 },
	{ "gtp", put_gtp, 0, 0, 2152, -1 },
	{ "gre", put_gre, 0, 0, 0, 47 },
	{ "erspan1", put_erspan1, 0x88be, 0, 0, -1 },
	{ "erspan2", put_erspan2, 0x88be, 0, 0, -1 },
	{ "erspan3", put_erspan3, 0x22eb, 0, 0, -1 },
	{ "etherip", put_etherip, 0, 0, 0, 97 },
	{ "arp", put_arp, 0x0806, 0, 0, -1 },
	{ "hex", put_hex, 0, 0, 0, -1 },
	{ "pay", put_pay, 0, 0, 0, -1 },
	{ "pad", put_pad, 0, 0, 0, -1 },
	{ "l3", put_l3, 0, 0, 0, -1 },
	{ 0 },
};
