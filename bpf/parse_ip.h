/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * parse_ip.h - the IP header, its extension headers, and the part of the L4
 * header that a record holds. Fills one struct nt_layer.
 */
#ifndef NINETAP_PARSE_IP_H
#define NINETAP_PARSE_IP_H

#include "parse_link.h"

#define PROTO_HOPOPTS 0
#define PROTO_ICMP 1
#define PROTO_IPIP 4
#define PROTO_TCP 6
#define PROTO_UDP 17
#define PROTO_DCCP 33
#define PROTO_IP6 41
#define PROTO_ROUTING 43
#define PROTO_FRAGMENT 44
#define PROTO_GRE 47
#define PROTO_AH 51
#define PROTO_ICMP6 58
#define PROTO_DSTOPTS 60
#define PROTO_ETHERIP 97
#define PROTO_SCTP 132
#define PROTO_UDPLITE 136
#define PROTO_ETHERNET 143

/* Far more than any honest packet has: headers are stacked to hide what is behind them. */
#define EXTENSIONS_MAX 160

/* What is behind the length that IP or UDP tells is padding. */
static INLINE void bound(struct nt_parse *p, __u32 start, __u32 bytes)
{
	if (start + bytes < p->end)
		p->end = start + bytes;
	if (start + bytes < p->wire_end)
		p->wire_end = start + bytes;
}

static INLINE __u8 frag_of(__u16 offset, int more)
{
	if (offset)
		return NT_FRAG_LATER;
	return more ? NT_FRAG_FIRST : NT_FRAG_NONE;
}

/* RFC 791 section 3.1. 0, -1 if cut, -2 if it is no IPv4 header. */
static INLINE int parse_ip4(const struct nt_view *v, struct nt_parse *p, struct nt_layer *l)
{
	const __u8 *h = header(v, p, 0, 20);
	__u32 ihl, start = p->off;

	if (!h)
		return -1;
	ihl = (h[0] & 0xf) * 4;
	l->ip_bytes = ld16(h + 2);
	if (h[0] >> 4 != 4 || ihl < 20 || (l->ip_bytes && l->ip_bytes < ihl))
		return -2;
	l->version = 4;
	l->tos = h[1];
	l->frag = frag_of(ld16(h + 6) & 0x1fff, h[6] & 0x20);
	l->ttl = h[8];
	l->proto = p->next = h[9];
	copy4(l->src, h + 12);
	copy4(l->dst, h + 16);
	p->off += ihl;
	if (l->ip_bytes)
		bound(p, start, l->ip_bytes);
	return 0;
}

/* RFC 8200 section 3. 0, -1 if cut, -2 if it is no IPv6 header. */
static INLINE int parse_ip6(const struct nt_view *v, struct nt_parse *p, struct nt_layer *l)
{
	const __u8 *h = header(v, p, 0, 40);
	__u32 start = p->off, payload;

	if (!h)
		return -1;
	if (h[0] >> 4 != 6)
		return -2;
	payload = ld16(h + 4);
	l->ip_bytes = 40 + payload;
	l->version = 6;
	l->tos = ld16(h) >> 4;
	l->frag = NT_FRAG_NONE;
	l->ttl = h[7];
	l->proto = p->next = h[6];
	copy16(l->src, h + 8);
	copy16(l->dst, h + 24);
	p->off += 40;
	if (payload)
		bound(p, start, l->ip_bytes);
	return 0;
}

static INLINE int is_extension(__u8 version, __u8 proto)
{
	switch (proto) {
	case PROTO_AH:
		return 1;
	case PROTO_HOPOPTS:
	case PROTO_ROUTING:
	case PROTO_DSTOPTS:
	case PROTO_FRAGMENT:
		return version == 6;
	}
	return 0;
}

/* One extension header (RFC 8200 section 4; AH: RFC 4302 section 2), 8 bytes or more. 0 or -1 if cut. */
static INLINE int parse_extension(const struct nt_view *v, struct nt_parse *p, struct nt_layer *l)
{
	const __u8 *h = header(v, p, 0, 8);

	if (!h)
		return -1;
	if (p->next == PROTO_FRAGMENT) {
		l->frag = frag_of(ld16(h + 2) >> 3, h[3] & 1);
		p->off += 8;
	} else {
		p->off += p->next == PROTO_AH ? (h[1] + 2) * 4 : (h[1] + 1) * 8;
	}
	l->proto = p->next = h[0];
	return 0;
}

/* One extension header, by the includer: parse_extension() itself or a function around it. */
static INLINE int view_extension(const struct nt_view *v, struct nt_parse *p, struct nt_layer *l);

/* 0: p->off is at the L4 header; -1: it can't be reached. */
static INLINE int parse_extensions(const struct nt_view *v, struct nt_parse *p, struct nt_layer *l)
{
	for (int i = 0; i < EXTENSIONS_MAX; i++) {
		if (l->frag == NT_FRAG_LATER)
			return -1;
		if (!is_extension(l->version, p->next))
			return 0;
		if (view_extension(v, p, l))
			return -1;
	}
	if (l->frag == NT_FRAG_LATER)
		return -1;
	if (!is_extension(l->version, p->next))
		return 0;
	p->notes |= NOTE(NT_COUNT_TOO_DEEP);
	return -1;
}

/* Flags and window (RFC 9293 section 3.1); payload begins behind the options. */
static INLINE void parse_tcp(const struct nt_view *v, struct nt_parse *p, struct nt_layer *l)
{
	const __u8 *h = header(v, p, 0, 20);

	if (!h || h[12] >> 4 < 5)
		return;
	p->payload_off = p->off + (h[12] >> 4) * 4;
	p->rec.tcp_flags = ld16(h + 12) & 0x1ff;
	p->rec.tcp_window = ld16(h + 14);
	l->has |= NT_HAS_TCP;
}

static INLINE void parse_icmp(const struct nt_view *v, struct nt_parse *p, struct nt_layer *l)
{
	const __u8 *h = header(v, p, 0, 2);

	if (!h)
		return;
	p->rec.icmp_type = h[0];
	p->rec.icmp_code = h[1];
	l->has |= NT_HAS_ICMP;
}

static INLINE int parse_ports(const struct nt_view *v, struct nt_parse *p, struct nt_layer *l)
{
	const __u8 *h = header(v, p, 0, 4);

	if (!h)
		return -1;
	l->src_port = ld16(h);
	l->dst_port = ld16(h + 2);
	l->has |= NT_HAS_PORTS;
	return 0;
}

/* DCCP's data offset is in its fifth byte (RFC 4340 section 5.1). */
static INLINE void parse_dccp(const struct nt_view *v, struct nt_parse *p)
{
	const __u8 *h = header(v, p, 4, 1);

	if (h && h[0] > 3)
		p->payload_off = p->off + h[0] * 4;
}

/* The shortest L4 header: what is not there of it is no payload. 0: none that a record knows. */
static INLINE __u32 l4_header_bytes(__u8 proto)
{
	switch (proto) {
	case PROTO_TCP:
		return 20;
	case PROTO_SCTP:
	case PROTO_DCCP:
		return 12;
	case PROTO_UDP:
	case PROTO_UDPLITE:
	case PROTO_ICMP:
	case PROTO_ICMP6:
		return 8;
	}
	return 0;
}

/* Fills in what the record holds of L4. -1 if the header is cut before that. */
static INLINE int parse_l4(const struct nt_view *v, struct nt_parse *p, struct nt_layer *l)
{
	__u32 bytes = l4_header_bytes(p->next);

	p->payload_off = p->off + bytes;
	if (p->next == PROTO_ICMP || p->next == PROTO_ICMP6)
		parse_icmp(v, p, l);
	else if (bytes && parse_ports(v, p, l))
		return -1;
	if (p->next == PROTO_TCP)
		parse_tcp(v, p, l);
	else if (p->next == PROTO_DCCP)
		parse_dccp(v, p);
	return 0;
}

#endif
