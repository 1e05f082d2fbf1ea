/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * parse_gre.h - GRE and what it may hold, ERSPAN among it. See
 * parse_tunnel.h for what a tunnel's function does.
 */
#ifndef NINETAP_PARSE_GRE_H
#define NINETAP_PARSE_GRE_H

#include "parse_ip.h"

static INLINE int tunnel_bad(struct nt_parse *p, enum nt_count why)
{
	p->notes |= NOTE(why);
	return -1;
}

static INLINE void tunnel_id(struct nt_layer *l, __u32 id)
{
	l->id = id;
	l->has |= NT_HAS_ID;
}

/*
 * ERSPAN behind GRE: type I has no header of its own and no sequence number,
 * type II 8 bytes, type III 12 and, with the O bit, 8 more. Its version field
 * is 1 in type II and 2 in type III.
 */
static INLINE int tunnel_erspan(const struct nt_view *v, struct nt_parse *p, int sequenced)
{
	const __u8 *h;
	__u8 version;

	if (p->etype == ETYPE_ERSPAN2 && !sequenced) {
		p->etype = ETYPE_ETH;
		return 0;
	}
	h = header(v, p, 0, 8);
	if (!h)
		return -1;
	version = h[0] >> 4;
	p->etype = version == 1 || version == 2 ? ETYPE_ETH : ETYPE_NONE;
	if (version == 2) {
		h = header(v, p, 8, 4);
		if (!h)
			return -1;
		p->off += h[3] & 1 ? 20 : 12;
	} else {
		p->off += 8;
	}
	return 0;
}

static INLINE int gre_payload(const struct nt_view *v, struct nt_parse *p, int sequenced)
{
	switch (p->etype) {
	case ETYPE_IP4:
		p->etype = etype_of_ip4(v, p);
		return 0;
	case ETYPE_IP6:
	case ETYPE_ETH:
	case ETYPE_MPLS:
	case ETYPE_MPLS_MULTI:
		return 0;
	case ETYPE_ERSPAN2:
	case ETYPE_ERSPAN3:
		return tunnel_erspan(v, p, sequenced);
	}
	p->etype = ETYPE_NONE;
	return 0;
}

/* RFC 2784 and 2890: version 0; checksum, key and sequence by their bits; no source route. */
static INLINE int tunnel_gre(const struct nt_view *v, struct nt_parse *p, struct nt_layer *l)
{
	const __u8 *h = header(v, p, 0, 4);
	__u16 flags;

	if (!h)
		return tunnel_bad(p, NT_COUNT_TUNNEL_HEADER);
	flags = ld16(h);
	if (flags & 0x4007)
		return tunnel_bad(p, NT_COUNT_TUNNEL_HEADER);
	p->etype = ld16(h + 2);
	p->off += flags & 0x8000 ? 8 : 4;
	if (flags & 0x2000) {
		h = header(v, p, 0, 4);
		if (!h)
			return tunnel_bad(p, NT_COUNT_TUNNEL_HEADER);
		tunnel_id(l, ld32(h));
		p->off += 4;
	}
	p->off += flags & 0x1000 ? 4 : 0;
	if (gre_payload(v, p, flags & 0x1000))
		return tunnel_bad(p, NT_COUNT_TUNNEL_HEADER);
	return 0;
}

#endif
