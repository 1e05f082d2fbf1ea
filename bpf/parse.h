/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * parse.h - one packet to one record, pure: no maps, no helpers, the same
 * source under XDP, under TC and on the host.
 *
 * One level is one encapsulation: link headers, IP, extension headers, L4 and
 * the tunnel header behind it. Each level fills one layer of the record; the
 * includer calls a level function of its own (under BPF a global function, so
 * that the verifier checks it once) through parse_levels().
 */
#ifndef NINETAP_PARSE_H
#define NINETAP_PARSE_H

#include "parse_plain.h"

static INLINE int parse_level(const struct nt_view *v, struct nt_parse *p, struct nt_layer *l)
{
	int err = parse_link(v, p, l);

	if (err)
		return err == -1 ? NT_LEVEL_CUT : NT_LEVEL_NON_IP;
	err = p->etype == ETYPE_IP4 ? parse_ip4(v, p, l) : parse_ip6(v, p, l);
	if (err)
		return err == -1 ? NT_LEVEL_CUT : NT_LEVEL_MALFORMED;
	l->id = 0;
	l->src_port = l->dst_port = 0;
	l->tunnel = NT_TUNNEL_NONE;
	l->has = 0;
	p->payload_off = p->off;
	if (parse_extensions(v, p, l)) {
		p->payload_off = p->off;
		return NT_LEVEL_LAST;
	}
	if (parse_l4(v, p, l))
		return NT_LEVEL_LAST;
	return parse_tunnel(v, p, l) ? NT_LEVEL_TUNNEL : NT_LEVEL_LAST;
}

/* Before the first level: what is at offset 0, and how long the frame is. */
static INLINE void parse_begin(struct nt_parse *p, __u16 etype, __u32 frame_bytes, __u32 wire_bytes)
{
	p->off = 0;
	p->end = frame_bytes;
	p->wire_end = wire_bytes;
	p->payload_off = 0;
	p->notes = 0;
	p->etype = etype;
	p->hw_vlans = 0;
	p->last_level = 0;
	p->rec.tunnels = 0;
	p->rec.tcp_flags = 0;
	p->rec.tcp_window = 0;
	p->rec.icmp_type = 0;
	p->rec.icmp_code = 0;
	p->rec.reserved = 0;
}

/*
 * A level failed inside a tunnel: the carrier is the innermost packet, and
 * nothing of the tunnel is kept. p->payload_off is still the carrier's.
 */
static INLINE void parse_leave_tunnel(struct nt_parse *p, struct nt_layer *carrier)
{
	tunnel_forget(carrier);
	p->notes |= NOTE(NT_COUNT_TUNNEL_NO_IP);
}

/* One level, by the includer: parse_level() itself or a function around it. */
static INLINE int view_level(const struct nt_view *v, struct nt_parse *p, struct nt_layer *l);

/* Most levels are plain: a call is saved, and most of the work. */
static INLINE int one_level(const struct nt_view *v, struct nt_parse *p, struct nt_layer *l)
{
	int plain = parse_plain(v, p, l);

	return plain == PLAIN_NOT ? view_level(v, p, l) : plain;
}

/* All levels. An enum nt_level <= 0: that of the outermost packet. */
static INLINE int parse_levels(const struct nt_view *v, struct nt_parse *p)
{
	int found = one_level(v, p, &p->rec.layer[0]);

	for (int i = 1; i <= (int)NT_TUNNELS_MAX && found == NT_LEVEL_TUNNEL; i++) {
		p->last_level = i == (int)NT_TUNNELS_MAX;
		found = one_level(v, p, &p->rec.layer[i]);
		if (found < 0) {
			parse_leave_tunnel(p, &p->rec.layer[i - 1]);
			return NT_LEVEL_LAST;
		}
		p->rec.tunnels = i;
	}
	return found;
}

#endif
