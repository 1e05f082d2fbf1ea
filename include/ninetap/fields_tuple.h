/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields_tuple.h - where a packet or flow was seen, and its ends: part of the
 * table in fields.h, which explains the rows. It holds no code.
 */
#ifndef NINETAP_FIELDS_TUPLE_H
#define NINETAP_FIELDS_TUPLE_H

/* Where it was seen. */
#define NT_FIELDS_PLACE(X) \
	X(plane, plane, when(t->plane != PLANE_NONE), t->plane, "plane of the interface, as configured") \
	X(iface, name, always, t->iface, "interface that the packet crossed") \
	X(dir, dir, always, r->dir, "in: received by the interface; out: sent by it") \
	X(hook, hook, always, r->hook, "hook of the kernel that saw the packet")

/* Its ends; l is the innermost IP packet. */
#define NT_FIELD_SRC_IP(X) \
	X(src_ip, addr, always, nt_addr(l, l->src), "source address of the innermost packet; Avro: 4 or 16 bytes")
#define NT_FIELD_DST_IP(X) \
	X(dst_ip, addr, always, nt_addr(l, l->dst), "destination address; Avro: 4 or 16 bytes")
#define NT_FIELD_PROTO(X) \
	X(proto, int, always, l->proto, "IP protocol number behind all extension headers and AH")
#define NT_FIELD_SRC_PORT(X) \
	X(src_port, int, when(l->has & NT_HAS_PORTS), l->src_port, \
	  "source port of TCP, UDP, UDP-Lite, SCTP, DCCP; absent in later fragments")
#define NT_FIELD_DST_PORT(X) \
	X(dst_port, int, when(l->has & NT_HAS_PORTS), l->dst_port, "destination port, likewise")
#define NT_FIELDS_TUPLE(X) \
	NT_FIELD_SRC_IP(X) NT_FIELD_DST_IP(X) NT_FIELD_PROTO(X) NT_FIELD_SRC_PORT(X) NT_FIELD_DST_PORT(X)

/* In front of it. */
#define NT_FIELDS_VLAN(X) \
	X(vlan, vlans, list(l->vlans), l, \
	  "VIDs in front of the innermost packet and inside its tunnel, outer first, at most 2")

/* A carrier's ends; l is its own IP packet. */
#define NT_FIELDS_CARRIER(X) \
	X(type, tunnel, always, l->tunnel, "protocol of the tunnel that this carrier holds") \
	X(id, long, when(l->has & NT_HAS_ID), l->id, \
	  "VNI of vxlan and geneve, key of gre, TEID of gtp; others and gre without a key have none") \
	X(src_ip, addr, always, nt_addr(l, l->src), "source address of the carrier; Avro: 4 or 16 bytes") \
	X(dst_ip, addr, always, nt_addr(l, l->dst), "destination address of the carrier; Avro: 4 or 16 bytes") \
	X(proto, int, always, l->proto, "IP protocol number of the carrier") \
	X(src_port, int, when(l->has & NT_HAS_PORTS), l->src_port, "source port of the carrier") \
	X(dst_port, int, when(l->has & NT_HAS_PORTS), l->dst_port, "destination port of the carrier")
#define NT_FIELDS_CARRIER_VLAN(X) \
	X(vlan, vlans, list(l->vlans), l, "VIDs in front of the carrier, outer first, at most 2")

#endif
