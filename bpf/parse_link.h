/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * parse_link.h - from the start of a frame to its IP header: Ethernet, tags,
 * LLC/SNAP, PPPoE and MPLS, one header an iteration.
 */
#ifndef NINETAP_PARSE_LINK_H
#define NINETAP_PARSE_LINK_H

#include "view.h"

#define ETYPE_IP4 0x0800
#define ETYPE_IP6 0x86dd
#define ETYPE_ETH 0x6558	/* transparent Ethernet bridging, RFC 1701 */
#define ETYPE_MPLS 0x8847	/* RFC 3032 section 5 */
#define ETYPE_MPLS_MULTI 0x8848
#define ETYPE_PPPOE 0x8864	/* session stage, RFC 2516 */
#define ETYPE_ERSPAN2 0x88be
#define ETYPE_ERSPAN3 0x22eb
#define ETYPE_NONE 0

/* Ethernet, 4 tags, 8 labels, PPPoE, LLC and a little more. */
#define LINK_HEADERS_MAX 17
#define LLC_LENGTH_MAX 1500	/* IEEE 802.3: up to here a length, not a type */

static INLINE int is_ip(__u16 etype)
{
	return etype == ETYPE_IP4 || etype == ETYPE_IP6;
}

/* IP without a type in front of it: the version decides (MPLS, GTP-U, tun). */
static INLINE __u16 etype_of_version(__u8 first)
{
	if (first >> 4 == 4)
		return ETYPE_IP4;
	return first >> 4 == 6 ? ETYPE_IP6 : ETYPE_NONE;
}

/* A type where no length can stand (SNAP, GENEVE). */
static INLINE __u16 etype_alone(__u16 type)
{
	return type > LLC_LENGTH_MAX ? type : ETYPE_NONE;
}

static INLINE void push_vlan(struct nt_layer *l, __u16 tci)
{
	if (l->vlans == 0)
		l->vlan[0] = tci & 0xfff;
	else if (l->vlans == 1)
		l->vlan[1] = tci & 0xfff;
	if (l->vlans < NT_VLANS_MAX)
		l->vlans++;
}

static INLINE int link_ethernet(const struct nt_view *v, struct nt_parse *p)
{
	const __u8 *h = header(v, p, 0, 14);

	if (!h)
		return -1;
	p->etype = ld16(h + 12);
	p->off += 14;
	return 0;
}

/* IEEE 802.1Q tag: control information, then the next type. */
static INLINE int link_tag(const struct nt_view *v, struct nt_parse *p, struct nt_layer *l)
{
	const __u8 *h = header(v, p, 0, 4);

	if (!h)
		return -1;
	push_vlan(l, ld16(h));
	p->etype = ld16(h + 2);
	p->off += 4;
	return 0;
}

/* One label (RFC 3032 section 2.1); behind the bottom one the version decides. */
static INLINE int link_mpls(const struct nt_view *v, struct nt_parse *p)
{
	const __u8 *h = header(v, p, 0, 4);

	if (!h)
		return -1;
	p->off += 4;
	if (!(h[2] & 1))
		return 0;
	h = header(v, p, 0, 1);
	p->etype = h ? etype_of_version(h[0]) : ETYPE_NONE;
	return h ? 0 : -1;
}

/* PPP protocol numbers (RFC 1661 section 2) that carry IP. */
static INLINE __u16 etype_of_ppp(__u16 protocol)
{
	switch (protocol) {
	case 0x0021:
		return ETYPE_IP4;
	case 0x0057:
		return ETYPE_IP6;
	case 0x0281:
	case 0x0283:
		return ETYPE_MPLS;
	}
	return ETYPE_NONE;
}

/*
 * What says that it carries IPv4 may carry IPv6 (PPP, GRE, protocol 4): senders
 * do, and receivers go by the version. Without a byte to look at it stays IPv4.
 */
static INLINE __u16 etype_of_ip4(const struct nt_view *v, struct nt_parse *p)
{
	const __u8 *h = header(v, p, 0, 1);

	return h && h[0] >> 4 == 6 ? ETYPE_IP6 : ETYPE_IP4;
}

/* Six bytes (RFC 2516 section 4), then a PPP protocol of two bytes, or one if odd. */
static INLINE int link_pppoe(const struct nt_view *v, struct nt_parse *p)
{
	const __u8 *h = header(v, p, 0, 8);
	__u8 one;

	if (!h)
		return -1;
	one = h[6] & 1;
	p->etype = etype_of_ppp(one ? h[6] : ld16(h + 6));
	p->off += one ? 7 : 8;
	if (p->etype == ETYPE_IP4)
		p->etype = etype_of_ip4(v, p);
	return 0;
}

/* IEEE 802.2 with SNAP (RFC 1042), or the SAP of IP. */
static INLINE int link_llc(const struct nt_view *v, struct nt_parse *p)
{
	const __u8 *h = header(v, p, 0, 3);

	if (!h)
		return -1;
	p->etype = ETYPE_NONE;
	if (h[2] != 3)
		return 0;
	if (h[0] == 6) {
		p->etype = ETYPE_IP4;
		p->off += 3;
		return 0;
	}
	if (h[0] != 0xaa || h[1] != 0xaa)
		return 0;
	h = header(v, p, 3, 5);
	if (!h)
		return -1;
	if (!h[0] && !h[1] && (!h[2] || h[2] == 0xf8))
		p->etype = etype_alone(ld16(h + 3));
	p->off += 8;
	return 0;
}

/* One header that is not IP. 0: go on; -1: not readable. */
static INLINE int link_header(const struct nt_view *v, struct nt_parse *p, struct nt_layer *l)
{
	switch (p->etype) {
	case ETYPE_ETH:
		return link_ethernet(v, p);
	case 0x8100:
	case 0x88a8:
	case 0x9100:
		return link_tag(v, p, l);
	case ETYPE_MPLS:
	case ETYPE_MPLS_MULTI:
		return link_mpls(v, p);
	case ETYPE_PPPOE:
		return link_pppoe(v, p);
	}
	if (p->etype == ETYPE_NONE || p->etype > LLC_LENGTH_MAX) {
		p->etype = ETYPE_NONE;
		return 0;
	}
	return link_llc(v, p);
}

static INLINE int link_ended(__u16 etype)
{
	return is_ip(etype) || etype == ETYPE_NONE;
}

/* Tags, before any is read: the one that the NIC took out is the outermost. */
static INLINE void link_begin(struct nt_parse *p, struct nt_layer *l)
{
	l->vlan[0] = l->vlan[1] = 0;
	l->vlans = 0;
	if (p->hw_vlans)
		push_vlan(l, p->hw_vlan);
	p->hw_vlans = 0;
}

/* Moves p to the IP header. 0, -1 if the frame ends before, -2 if it has none. */
static INLINE int parse_link(const struct nt_view *v, struct nt_parse *p, struct nt_layer *l)
{
	link_begin(p, l);
	for (int i = 0; i < LINK_HEADERS_MAX && !link_ended(p->etype); i++)
		if (link_header(v, p, l))
			return -1;
	if (is_ip(p->etype))
		return 0;
	if (p->etype != ETYPE_NONE)
		p->notes |= NOTE(NT_COUNT_TOO_DEEP);
	return -2;
}

#endif
