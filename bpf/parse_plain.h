/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * parse_plain.h - the commonest level in one go, with one look at the frame's
 * bounds: Ethernet without tags, IPv4 without options that is no fragment, and
 * TCP, or UDP and VXLAN behind it.
 *
 * It gives what the general way (parse.h) gives, and where it can't be sure of
 * that it has changed nothing and leaves the level to that.
 */
#ifndef NINETAP_PARSE_PLAIN_H
#define NINETAP_PARSE_PLAIN_H

#include "parse_tunnel.h"

#define PLAIN_NOT (-9)			/* no enum nt_level: for the general way */
#define PLAIN_IP 14U
#define PLAIN_L4 (PLAIN_IP + 20U)
#define PLAIN_INNER (PLAIN_L4 + 16U)	/* behind UDP and VXLAN */
#define PLAIN_BYTES (PLAIN_L4 + 20U)	/* a TCP header; UDP with less payload than that is rare */

static INLINE int plain_bounds(const struct nt_parse *p)
{
	return p->etype == ETYPE_ETH && p->off <= NT_DEPTH_BYTES - NT_SCRATCH_BYTES - PLAIN_BYTES &&
	       p->off + PLAIN_BYTES <= p->end;
}

/* The IP packet holds all of PLAIN_BYTES, whatever pads the frame. */
static INLINE int plain_ip(const __u8 *h)
{
	return ld16(h + 12) == ETYPE_IP4 && h[PLAIN_IP] == 0x45 && !(ld16(h + PLAIN_IP + 6) & 0x3fff) &&
	       ld16(h + PLAIN_IP + 2) >= PLAIN_BYTES - PLAIN_IP;
}

static INLINE void plain_layer(struct nt_parse *p, struct nt_layer *l, const __u8 *h)
{
	link_begin(p, l);
	copy4(l->src, h + PLAIN_IP + 12);
	copy4(l->dst, h + PLAIN_IP + 16);
	l->ip_bytes = ld16(h + PLAIN_IP + 2);
	l->id = 0;
	l->src_port = ld16(h + PLAIN_L4);
	l->dst_port = ld16(h + PLAIN_L4 + 2);
	l->version = 4;
	l->proto = h[PLAIN_IP + 9];
	l->ttl = h[PLAIN_IP + 8];
	l->tos = h[PLAIN_IP + 1];
	l->frag = NT_FRAG_NONE;
	l->tunnel = NT_TUNNEL_NONE;
	l->has = NT_HAS_PORTS;
	bound(p, p->off + PLAIN_IP, l->ip_bytes);
}

static INLINE int plain_tcp(struct nt_parse *p, struct nt_layer *l, const __u8 *h)
{
	__u8 words = h[PLAIN_L4 + 12] >> 4;

	if (words < 5)
		return PLAIN_NOT;
	plain_layer(p, l, h);
	l->has = NT_HAS_PORTS | NT_HAS_TCP;
	p->rec.tcp_flags = ld16(h + PLAIN_L4 + 12) & 0x1ff;
	p->rec.tcp_window = ld16(h + PLAIN_L4 + 14);
	p->payload_off = p->off + PLAIN_L4 + words * 4;
	return NT_LEVEL_LAST;
}

/* A length of 0 or one too short for VXLAN, and a header without its flag, are for the general way. */
static INLINE int plain_vxlan(struct nt_parse *p, struct nt_layer *l, const __u8 *h)
{
	__u32 bytes = ld16(h + PLAIN_L4 + 4);

	if (p->last_level || bytes < 16 || !(h[PLAIN_L4 + 8] & 0x08))
		return PLAIN_NOT;
	plain_layer(p, l, h);
	l->tunnel = NT_TUNNEL_VXLAN;
	tunnel_id(l, ld32(h + PLAIN_L4 + 12) >> 8);
	bound(p, p->off + PLAIN_L4, bytes);
	p->payload_off = p->off + PLAIN_L4 + 8;
	p->off += PLAIN_INNER;
	return NT_LEVEL_TUNNEL;
}

static INLINE int plain_udp(struct nt_parse *p, struct nt_layer *l, const __u8 *h)
{
	enum nt_tunnel kind = tunnel_of_port(ld16(h + PLAIN_L4 + 2));

	if (kind == NT_TUNNEL_VXLAN)
		return plain_vxlan(p, l, h);
	if (kind != NT_TUNNEL_NONE)
		return PLAIN_NOT;
	plain_layer(p, l, h);
	p->payload_off = p->off + PLAIN_L4 + 8;
	return NT_LEVEL_LAST;
}

/* An enum nt_level, or PLAIN_NOT. */
static INLINE int parse_plain(const struct nt_view *v, struct nt_parse *p, struct nt_layer *l)
{
	const __u8 *h = plain_bounds(p) ? view_linear(v, p->off, PLAIN_BYTES) : NULL;

	if (!h || !plain_ip(h))
		return PLAIN_NOT;
	switch (h[PLAIN_IP + 9]) {
	case PROTO_TCP:
		return plain_tcp(p, l, h);
	case PROTO_UDP:
		return plain_udp(p, l, h);
	}
	return PLAIN_NOT;
}

#endif
