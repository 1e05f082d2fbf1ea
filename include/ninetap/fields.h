/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields.h - the one table of what a record says, and under which names.
 *
 * The JSON encoder, the Avro encoder and the schema expand it (user/encode/),
 * so that a row added here is in all three; docs/records.md is tested against
 * it. What flows have beside is in fields_flow.h, what they share with packets
 * in fields_tuple.h, the enums in fields_enum.h. None holds code. A row is
 * X(name, kind, presence, value, doc):
 *   kind      text, time, int (fits 31 bits), long, addr, vlans, tunnels,
 *             flow_tunnels, name (a text that is most often that of the record
 *             before), tag (const struct text *, or NULL; Avro: an index
 *             into the batch's texts), or one of NT_ENUMS: what is written, and
 *             by which writer
 *   presence  always, when(condition), or list(condition): left out in JSON,
 *             null or an empty array in Avro where the condition is false;
 *             known: left out in JSON, 0 in Avro where the value is NULL
 *   value     over o (struct tag_origin), b (struct batch), t (struct tagged),
 *             r (t->rec), l (the struct nt_layer that is described) and, in a
 *             flow, c (t->flow->counted)
 *   doc       goes into the schema: no quotes, no backslashes
 */
#ifndef NINETAP_FIELDS_H
#define NINETAP_FIELDS_H

#include "ninetap/fields_enum.h"
#include "ninetap/fields_tuple.h"

/* The same for a whole run: once in an Avro batch, in each JSON record. */
#define NT_FIELDS_RUN(X) \
	X(box, text, always, o->box, "name of the machine that saw the packets") \
	X(site, text, when(o->site), o->site, "site of the box, as configured") \
	X(pop, text, when(o->pop), o->pop, "point of presence of the box, as configured") \
	X(ren, text, when(o->ren), o->ren, "research and education network of the box, as configured") \
	X(epoch, long, always, o->epoch, "random number, new whenever seq restarts; 1 to 2^53 - 1")

/* The same for a whole batch: likewise. */
#define NT_FIELDS_BATCH(X) \
	X(cpu, int, always, b->cpu, "CPU that saw the packets; seq counts per CPU") \
	X(tags_rev, long, when(b->tags_rev), b->tags_rev, \
	  "revision of the inventory that the records were tagged from")

/* The ledger of a batch: in Avro only; Kafka headers repeat it. */
#define NT_FIELDS_LEDGER(X) \
	X(seq, long, always, b->seq, "seq of the first record") \
	X(count, long, always, b->count, "records in this batch") \
	X(lost, long, always, b->lost, "records of this box, CPU and epoch known lost so far")

#define NT_FIELDS_TIME(X) \
	X(ts, time, always, t->ts_utc_ns, \
	  "time of the packet at the hook, ns since 1970-01-01T00:00:00Z; JSON: RFC 3339")

/* One packet; l is the innermost IP packet. */
#define NT_FIELDS_PACKET(X) \
	NT_FIELDS_PLACE(X) \
	X(seq, long, always, r->seq, \
	  "number of the packet among those owed a record on this CPU in this epoch, from 1") \
	X(sample, long, always, r->sample, "one of so many packets is recorded; 1: every one") \
	X(bytes, long, always, r->bytes, \
	  "bytes on the wire of all segments, from the link header on; no FCS, no padding added") \
	X(packets, long, always, r->packets, "segments on the wire that this packet stands for (GRO, TSO)") \
	X(ip_bytes, long, always, l->ip_bytes, \
	  "total length field of the innermost IP packet; IPv6: 40 + payload length") \
	X(payload_bytes, long, always, r->payload_bytes, \
	  "bytes behind the innermost L4 header, of all segments; without L4 header: behind IP") \
	NT_FIELDS_TUPLE(X) \
	X(icmp_type, int, when(l->has & NT_HAS_ICMP), r->icmp_type, "ICMP or ICMPv6 type") \
	X(icmp_code, int, when(l->has & NT_HAS_ICMP), r->icmp_code, "ICMP or ICMPv6 code") \
	X(tcp_flags, int, when(l->has & NT_HAS_TCP), r->tcp_flags, \
	  "low 9 bits of the flags: NS CWR ECE URG ACK PSH RST SYN FIN, FIN is 1") \
	X(tcp_window, int, when(l->has & NT_HAS_TCP), r->tcp_window, "TCP window, not scaled") \
	X(ttl, int, always, l->ttl, "time to live or hop limit") \
	X(tos, int, always, l->tos, "type of service or traffic class, the whole byte") \
	X(frag, frag, always, l->frag, "whether and which fragment; later ones have no L4 header") \
	NT_FIELDS_VLAN(X) \
	X(tunnels, tunnels, list(r->tunnels), r, "carriers of the innermost packet, outermost first, at most 2")

/* What the inventory knows of it: behind the other fields. */
#define NT_FIELDS_TAGS(X) \
	X(tenant, tag, known, t->tags->tenant, \
	  "tenant of both ends, or the one that is known; tags are indices into texts, 0: not known") \
	X(src_tenant, tag, known, t->tags->src_tenant, "tenant of the source; index into texts") \
	X(dst_tenant, tag, known, t->tags->dst_tenant, "tenant of the destination; index into texts") \
	X(src_instance, tag, known, t->tags->src_instance, \
	  "id of the instance that held the source address at that time; index into texts") \
	X(dst_instance, tag, known, t->tags->dst_instance, \
	  "id of the instance that held the destination address; index into texts") \
	X(app, tag, known, t->tags->app ? t->tags->app->name : NULL, \
	  "application by protocol, port and tenant; index into texts") \
	X(app_class, tag, known, t->tags->app ? t->tags->app->app_class : NULL, \
	  "class of the application; index into texts")

/* One carrier of a packet. */
#define NT_FIELDS_TUNNEL(X) \
	NT_FIELDS_CARRIER(X) \
	X(ip_bytes, long, always, l->ip_bytes, "total length field of the carrier; IPv6: 40 + payload length") \
	NT_FIELDS_CARRIER_VLAN(X)

#include "ninetap/fields_flow.h"

#endif
