/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields_flow.h - what a flow record says: part of the table in fields.h, which
 * explains the rows and holds those that packets have, too. It holds no code.
 * In JSON "type":"flow" stands in front of all rows.
 */
#ifndef NINETAP_FIELDS_FLOW_H
#define NINETAP_FIELDS_FLOW_H

/* NT_FIELDS_LEDGER of a batch of flows. */
#define NT_FIELDS_FLOW_LEDGER(X) \
	X(seq, long, always, b->seq, "entry of the first record") \
	X(count, long, always, b->count, "records in this batch") \
	X(lost, long, always, b->lost, "always 0: ledger events tell what of the flows was lost")

/* Which flow, and when. */
#define NT_FIELDS_FLOW_NAME(X) \
	NT_FIELDS_PLACE(X) \
	X(mode, mode, always, t->flow->key.head.mode, \
	  "flow, sampled: mode of the interface; packet: its records found the ring full and were counted here") \
	X(reason, reason, always, t->flow->reason, "why the record was made when it was; always overload in mode packet") \
	X(generation, long, always, c->generation, "set of the flow tables on this box and epoch, from 1") \
	X(entry, long, always, c->entry, "number of the entry among those of its generation on this CPU, from 1") \
	X(sample, long, always, r->sample, "one of so many packets is counted; 1: every one") \
	X(first, time, always, t->ts_utc_ns, \
	  "time of the first packet at the hook, ns since 1970-01-01T00:00:00Z; JSON: RFC 3339") \
	X(last, time, always, t->last_utc_ns, "time of the last packet, likewise")

/* What was counted of it. */
#define NT_FIELDS_FLOW_SUMS(X) \
	X(events, long, always, c->sum.events, "packets as the kernel handled them, merged ones as one (GRO, TSO)") \
	X(packets, long, always, c->sum.packets, "packets on the wire: all segments") \
	X(bytes, long, always, c->sum.bytes, \
	  "bytes on the wire of all packets, from the link header on; no FCS, no padding added") \
	X(payload_bytes, long, always, c->payload_bytes, \
	  "bytes behind the innermost L4 header, of all packets; without L4 header: behind IP") \
	X(bytes_min, long, always, c->bytes_min, "bytes of the smallest packet on the wire") \
	X(bytes_max, long, always, c->bytes_max, "bytes of the largest packet on the wire") \
	X(bytes_sumsq, long, always, c->bytes_sumsq, "sum of the squares of the bytes of each packet on the wire")

/* Of a TCP header, and of two packets at least. */
#define NT_FIELDS_FLOW_SERIES(X) \
	X(tcp_flags, int, when(l->has & NT_HAS_TCP), c->tcp_flags, \
	  "low 9 bits of the flags, of all packets together: NS CWR ECE URG ACK PSH RST SYN FIN, FIN is 1") \
	X(win_min, int, when(l->has & NT_HAS_TCP), c->win_min, "smallest TCP window, not scaled") \
	X(win_max, int, when(l->has & NT_HAS_TCP), c->win_max, "largest TCP window, not scaled") \
	X(win_sum, long, when(l->has & NT_HAS_TCP), c->win_sum, "sum of the TCP windows of all packets") \
	X(win_sumsq, long, when(l->has & NT_HAS_TCP), c->win_sumsq, "sum of their squares") \
	X(iat_us_min, long, when(c->sum.packets > 1), c->iat_us_min, \
	  "shortest time between a packet and the next, whole microseconds; 0 between segments of one event") \
	X(iat_us_max, long, when(c->sum.packets > 1), c->iat_us_max, "longest time between a packet and the next") \
	X(iat_us_sum, long, when(c->sum.packets > 1), c->iat_us_sum, "sum of the packets - 1 times in between") \
	X(iat_us_sumsq, long, when(c->sum.packets > 1), c->iat_us_sumsq, "sum of their squares")

/* One flow; l is the innermost IP packet. */
#define NT_FIELDS_FLOW(X) \
	NT_FIELDS_FLOW_NAME(X) \
	NT_FIELDS_FLOW_SUMS(X) \
	NT_FIELDS_TUPLE(X) \
	NT_FIELDS_FLOW_SERIES(X) \
	NT_FIELDS_VLAN(X) \
	X(tunnels, flow_tunnels, list(r->tunnels), r, "carriers of the innermost packet, outermost first, at most 2")

/* One carrier of a flow: its length is not of the flow. */
#define NT_FIELDS_FLOW_TUNNEL(X) \
	NT_FIELDS_CARRIER(X) \
	NT_FIELDS_CARRIER_VLAN(X)

#endif
