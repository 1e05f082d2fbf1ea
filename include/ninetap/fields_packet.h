/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields_packet.h - what the record of a packet says: part of the table in
 * fields.h, which explains the rows. It holds no code.
 *
 * Its rows have two orders: NT_FIELDS_PACKET that of JSON, for people;
 * NT_AVRO_PACKET that of Avro, for lz4, which finds longer matches if what
 * differs from packet to packet comes first, and what belongs to one end
 * stands together. Both are made of the same rows; l is the innermost IP packet.
 */
#ifndef NINETAP_FIELDS_PACKET_H
#define NINETAP_FIELDS_PACKET_H

#define NT_FIELD_SEQ(X) \
	X(seq, long, always, r->seq, \
	  "number of the packet among those owed a record on this CPU in this epoch, from 1")
#define NT_FIELD_SAMPLE(X) \
	X(sample, long, always, r->sample, "one of so many packets is recorded; 1: every one")
#define NT_FIELD_BYTES(X) \
	X(bytes, long, always, r->bytes, \
	  "bytes on the wire of all segments, from the link header on; no FCS, no padding added")
#define NT_FIELD_PACKETS(X) \
	X(packets, long, always, r->packets, "segments on the wire that this packet stands for (GRO, TSO)")
#define NT_FIELDS_LENGTHS(X) \
	X(ip_bytes, long, always, l->ip_bytes, \
	  "total length field of the innermost IP packet; IPv6: 40 + payload length") \
	X(payload_bytes, long, always, r->payload_bytes, \
	  "bytes behind the innermost L4 header, of all segments; without L4 header: behind IP")
#define NT_FIELDS_ICMP(X) \
	X(icmp_type, int, when(l->has & NT_HAS_ICMP), r->icmp_type, "ICMP or ICMPv6 type") \
	X(icmp_code, int, when(l->has & NT_HAS_ICMP), r->icmp_code, "ICMP or ICMPv6 code")
#define NT_FIELDS_TCP(X) \
	X(tcp_flags, int, when(l->has & NT_HAS_TCP), r->tcp_flags, \
	  "low 9 bits of the flags: NS CWR ECE URG ACK PSH RST SYN FIN, FIN is 1") \
	X(tcp_window, int, when(l->has & NT_HAS_TCP), r->tcp_window, "TCP window, not scaled")
#define NT_FIELDS_HOP(X) \
	X(ttl, int, always, l->ttl, "time to live or hop limit") \
	X(tos, int, always, l->tos, "type of service or traffic class, the whole byte") \
	X(frag, frag, always, l->frag, "whether and which fragment; later ones have no L4 header")
#define NT_FIELD_TUNNELS(X) \
	X(tunnels, tunnels, list(r->tunnels), r, "carriers of the innermost packet, outermost first, at most 2")

/* In the order of JSON. */
#define NT_FIELDS_PACKET(X) \
	NT_FIELDS_PLACE(X) \
	NT_FIELD_SEQ(X) NT_FIELD_SAMPLE(X) NT_FIELD_BYTES(X) NT_FIELD_PACKETS(X) NT_FIELDS_LENGTHS(X) \
	NT_FIELDS_TUPLE(X) \
	NT_FIELDS_ICMP(X) NT_FIELDS_TCP(X) NT_FIELDS_HOP(X) \
	NT_FIELDS_VLAN(X) NT_FIELD_TUNNELS(X)

/* What the inventory knows of it: in JSON, and in flows, behind the other fields. */
#define NT_TAGS_TENANT(X) \
	X(tenant, tag, known, t->tags->tenant, \
	  "tenant of both ends, or the one that is known; tags are indices into texts, 0: not known") \
	X(src_tenant, tag, known, t->tags->src_tenant, "tenant of the source; index into texts") \
	X(dst_tenant, tag, known, t->tags->dst_tenant, "tenant of the destination; index into texts")
#define NT_TAG_SRC_INSTANCE(X) \
	X(src_instance, tag, known, t->tags->src_instance, \
	  "id of the instance that held the source address at that time; index into texts")
#define NT_TAG_DST_INSTANCE(X) \
	X(dst_instance, tag, known, t->tags->dst_instance, \
	  "id of the instance that held the destination address; index into texts")
#define NT_TAGS_APP(X) \
	X(app, tag, known, t->tags->app ? t->tags->app->name : NULL, \
	  "application by protocol, port and tenant; index into texts") \
	X(app_class, tag, known, t->tags->app ? t->tags->app->app_class : NULL, \
	  "class of the application; index into texts")
#define NT_FIELDS_TAGS(X) NT_TAGS_TENANT(X) NT_TAG_SRC_INSTANCE(X) NT_TAG_DST_INSTANCE(X) NT_TAGS_APP(X)

/* All of them in the order of Avro; TAG expands those of kind tag. */
#define NT_AVRO_PACKET(X, TAG) \
	NT_FIELD_SEQ(X) NT_FIELDS_TIME(X) NT_FIELD_BYTES(X) NT_FIELDS_LENGTHS(X) NT_FIELDS_TCP(X) \
	NT_TAG_SRC_INSTANCE(TAG) NT_FIELD_SRC_IP(X) NT_FIELD_SRC_PORT(X) \
	NT_TAG_DST_INSTANCE(TAG) NT_FIELD_DST_IP(X) NT_FIELD_DST_PORT(X) \
	NT_TAGS_TENANT(TAG) NT_TAGS_APP(TAG) \
	NT_FIELDS_PLACE(X) NT_FIELD_SAMPLE(X) NT_FIELD_PACKETS(X) NT_FIELD_PROTO(X) \
	NT_FIELDS_ICMP(X) NT_FIELDS_HOP(X) NT_FIELDS_VLAN(X) NT_FIELD_TUNNELS(X)

/* One carrier of a packet, likewise in two orders. */
#define NT_FIELD_CARRIER_BYTES(X) \
	X(ip_bytes, long, always, l->ip_bytes, "total length field of the carrier; IPv6: 40 + payload length")
#define NT_FIELDS_TUNNEL(X) NT_FIELDS_CARRIER(X) NT_FIELD_CARRIER_BYTES(X) NT_FIELDS_CARRIER_VLAN(X)
#define NT_AVRO_TUNNEL(X) NT_FIELD_CARRIER_BYTES(X) NT_FIELDS_CARRIER(X) NT_FIELDS_CARRIER_VLAN(X)

#endif
