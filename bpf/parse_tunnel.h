/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * parse_tunnel.h - one function a tunnel. Each is called with p->off at the
 * tunnel's header (UDP tunnels: behind the UDP header) and moves it to what
 * is inside, says in p->etype what that is (ETYPE_NONE: no IP) and in l->id
 * which tunnel it was. It returns 0, or -1 and a note where the header is no
 * header of that tunnel.
 */
#ifndef NINETAP_PARSE_TUNNEL_H
#define NINETAP_PARSE_TUNNEL_H

#include "parse_gre.h"

#define PORT_GENEVE 6081
#define PORT_GTPU 2152
#define GTPU_EXTENSIONS_MAX 8

/* RFC 7348 section 5: the I flag must be set; VNI in bytes 4 to 6. */
static INLINE int tunnel_vxlan(const struct nt_view *v, struct nt_parse *p, struct nt_layer *l)
{
	const __u8 *h = header(v, p, 0, 8);

	if (!h)
		return tunnel_bad(p, NT_COUNT_TUNNEL_HEADER);
	if (!(h[0] & 0x08))
		return tunnel_bad(p, NT_COUNT_VXLAN_FLAGS);
	tunnel_id(l, ld32(h + 4) >> 8);
	p->etype = ETYPE_ETH;
	p->off += 8;
	return 0;
}

/* RFC 8926 section 3.4: version 0, options in words of 4 bytes, VNI in bytes 4 to 6. */
static INLINE int tunnel_geneve(const struct nt_view *v, struct nt_parse *p, struct nt_layer *l)
{
	const __u8 *h = header(v, p, 0, 8);

	if (!h || h[0] >> 6)
		return tunnel_bad(p, NT_COUNT_TUNNEL_HEADER);
	tunnel_id(l, ld32(h + 4) >> 8);
	p->etype = etype_alone(ld16(h + 2));
	p->off += 8 + (h[0] & 0x3f) * 4;
	return 0;
}

/* One extension header of GTP-U: length in words first, next type last. */
static INLINE int gtpu_extension(const struct nt_view *v, struct nt_parse *p)
{
	const __u8 *h = header(v, p, 0, 1);
	__u32 bytes;

	if (!h || !h[0])
		return -1;
	bytes = h[0] * 4;
	h = header(v, p, bytes - 1, 1);
	if (!h)
		return -1;
	p->off += bytes;
	p->next = h[0];
	return 0;
}

/* The optional four bytes and what follows them (3GPP TS 29.281 section 5.1, 5.2). */
static INLINE int gtpu_options(const struct nt_view *v, struct nt_parse *p, __u8 flags)
{
	const __u8 *h = header(v, p, 0, 4);

	if (!h)
		return -1;
	p->next = flags & 0x04 ? h[3] : 0;
	p->off += 4;
	for (int i = 0; i < GTPU_EXTENSIONS_MAX && p->next; i++)
		if (gtpu_extension(v, p))
			return -1;
	if (p->next)
		p->notes |= NOTE(NT_COUNT_TOO_DEEP);
	return p->next ? -1 : 0;
}

/* 3GPP TS 29.281: version 1, GTP and not GTP', message 255 (G-PDU) only. */
static INLINE int tunnel_gtpu(const struct nt_view *v, struct nt_parse *p, struct nt_layer *l)
{
	const __u8 *h = header(v, p, 0, 8);
	__u8 flags;

	if (!h || h[0] >> 5 != 1 || !(h[0] & 0x10))
		return tunnel_bad(p, NT_COUNT_TUNNEL_HEADER);
	if (h[1] != 0xff)
		return -1;
	flags = h[0] & 7;
	tunnel_id(l, ld32(h + 4));
	p->off += 8;
	if (flags && gtpu_options(v, p, flags))
		return tunnel_bad(p, NT_COUNT_TUNNEL_HEADER);
	h = header(v, p, 0, 1);
	p->etype = h ? etype_of_version(h[0]) : ETYPE_NONE;
	return 0;
}

/* EtherIP, RFC 3378: two bytes in front of the frame, whatever version they say. */
static INLINE int tunnel_etherip(const struct nt_view *v, struct nt_parse *p)
{
	const __u8 *h = header(v, p, 0, 2);

	if (!h)
		return tunnel_bad(p, NT_COUNT_TUNNEL_HEADER);
	p->etype = ETYPE_ETH;
	p->off += 2;
	return 0;
}

static INLINE int is_vxlan_port(__u16 port)
{
	for (__u32 i = 0; i < NT_VXLAN_PORTS_MAX && i < nt_cfg.vxlan_ports_n; i++)
		if (nt_cfg.vxlan_ports[i] == port)
			return 1;
	return 0;
}

static INLINE enum nt_tunnel tunnel_of_port(__u16 port)
{
	if (is_vxlan_port(port))
		return NT_TUNNEL_VXLAN;
	if (port == PORT_GENEVE)
		return NT_TUNNEL_GENEVE;
	return port == PORT_GTPU ? NT_TUNNEL_GTP : NT_TUNNEL_NONE;
}

/* Which tunnel a packet carries, as far as its L4 tells. */
static INLINE enum nt_tunnel tunnel_kind(const struct nt_parse *p, const struct nt_layer *l)
{
	switch (p->next) {
	case PROTO_UDP:
		return tunnel_of_port(l->dst_port);
	case PROTO_GRE:
		return NT_TUNNEL_GRE;
	case PROTO_IPIP:
	case PROTO_IP6:
		return NT_TUNNEL_IPIP;
	case PROTO_ETHERIP:
	case PROTO_ETHERNET:
		return NT_TUNNEL_ETHIP;
	}
	return NT_TUNNEL_NONE;
}

static INLINE int tunnel_open(const struct nt_view *v, struct nt_parse *p, struct nt_layer *l)
{
	switch (l->tunnel) {
	case NT_TUNNEL_VXLAN:
		return tunnel_vxlan(v, p, l);
	case NT_TUNNEL_GENEVE:
		return tunnel_geneve(v, p, l);
	case NT_TUNNEL_GTP:
		return tunnel_gtpu(v, p, l);
	case NT_TUNNEL_GRE:
		return tunnel_gre(v, p, l);
	case NT_TUNNEL_IPIP:
		p->etype = p->next == PROTO_IPIP ? etype_of_ip4(v, p) : ETYPE_IP6;
		return 0;
	case NT_TUNNEL_ETHIP:
		p->etype = ETYPE_ETH;
		return p->next == PROTO_ETHERIP ? tunnel_etherip(v, p) : 0;
	}
	return -1;
}

/* The layer as if nothing were inside: its carrier is the record. */
static INLINE void tunnel_forget(struct nt_layer *l)
{
	l->tunnel = NT_TUNNEL_NONE;
	l->id = 0;
	l->has &= ~NT_HAS_ID;
}

/*
 * Behind the UDP header, if there is one; what is inside ends where its length
 * says (RFC 768), unless that is 0: an offloaded packet or a jumbogram (RFC 2675).
 */
static INLINE int enter_udp(const struct nt_view *v, struct nt_parse *p)
{
	const __u8 *h;
	__u32 bytes;

	if (p->next != PROTO_UDP)
		return 0;
	h = header(v, p, 0, 8);
	if (!h)
		return tunnel_bad(p, NT_COUNT_TUNNEL_HEADER);
	bytes = ld16(h + 4);
	if (bytes && bytes < 8)
		return tunnel_bad(p, NT_COUNT_TUNNEL_HEADER);
	if (bytes)
		bound(p, p->off, bytes);
	p->off += 8;
	return 0;
}

/* 1: p is at what is inside, and l says which tunnel; 0: l is the last layer. */
static INLINE int parse_tunnel(const struct nt_view *v, struct nt_parse *p, struct nt_layer *l)
{
	l->tunnel = tunnel_kind(p, l);
	if (l->tunnel == NT_TUNNEL_NONE)
		return 0;
	if (p->last_level) {
		p->notes |= NOTE(NT_COUNT_TOO_DEEP);
		l->tunnel = NT_TUNNEL_NONE;
		return 0;
	}
	if (!enter_udp(v, p) && !tunnel_open(v, p, l))
		return 1;
	tunnel_forget(l);
	return 0;
}

#endif
