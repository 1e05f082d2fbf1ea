/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * flow.bpf.h - a packet into the flow table of this CPU: its key, the entry
 * under it, and what struct nt_flow says is counted of it.
 *
 * Comes after filter, sampler and time stamp: instead of a record in the flow
 * modes, behind it where the ring is full. One lookup where the flow is known.
 * Nothing is deleted here, and nothing is atomic: a table has one writer, the
 * programs of its CPU, and they do not run inside one another (count.bpf.h).
 */
#ifndef NINETAP_FLOW_BPF_H
#define NINETAP_FLOW_BPF_H

#include "count.bpf.h"

enum flow_put {
	FLOW_PUT,
	FLOW_FULL,
	FLOW_NO_TABLE,
};

/* --- the key: no byte of it may be left from the packet before ------------- */

static INLINE __u8 flow_vlans_has(const struct nt_layer *l)
{
	return l->vlans | (l->has & ~NT_HAS_ICMP) << 4;
}

static INLINE void flow_layer4(struct nt_flow_layer4 *k, const struct nt_layer *l)
{
	*(__u32 *)k->src = *(const __u32 *)l->src;
	*(__u32 *)k->dst = *(const __u32 *)l->dst;
	k->id = l->id;
	k->src_port = l->src_port;
	k->dst_port = l->dst_port;
	k->vlan[0] = l->vlan[0];
	k->vlan[1] = l->vlan[1];
	k->proto = l->proto;
	k->tunnel = l->tunnel;
	k->vlans_has = flow_vlans_has(l);
	k->reserved = 0;
}

static INLINE void flow_layer(struct nt_flow_layer *k, const struct nt_layer *l)
{
	copy16(k->src, l->src);
	copy16(k->dst, l->dst);
	k->id = l->id;
	k->src_port = l->src_port;
	k->dst_port = l->dst_port;
	k->vlan[0] = l->vlan[0];
	k->vlan[1] = l->vlan[1];
	k->version = l->version;
	k->proto = l->proto;
	k->tunnel = l->tunnel;
	k->vlans_has = flow_vlans_has(l);
}

static INLINE void flow_key4(struct nt_flow_key4 *k, const struct nt_record *r)
{
	flow_layer4(&k->layer[0], &r->layer[0]);
	if (r->tunnels)
		flow_layer4(&k->layer[1], &r->layer[1]);
	else
		__builtin_memset(&k->layer[1], 0, sizeof(k->layer[1]));
}

static INLINE void flow_key(struct nt_flow_key *k, const struct nt_record *r)
{
	for (int i = 0; i < (int)NT_LAYERS_MAX; i++)
		if (i <= r->tunnels)
			flow_layer(&k->layer[i], &r->layer[i]);
		else
			__builtin_memset(&k->layer[i], 0, sizeof(k->layer[i]));
}

/* The division is made once a window and CPU. */
static INLINE __u32 flow_window(struct nt_cpu *c, __u64 utc)
{
	if (utc - c->window_begin >= NT_WINDOW_NS) {
		c->window = utc / NT_WINDOW_NS;
		c->window_begin = c->window * NT_WINDOW_NS;
	}
	return c->window;
}

/* The same place in both keys. */
static INLINE void flow_head(struct nt_cpu *c, const struct nt_control *control, enum nt_mode mode)
{
	const struct nt_record *r = &c->parse.rec;
	struct nt_flow_head *h = &c->key.head;

	h->ifindex = r->ifindex;
	h->window = flow_window(c, r->ts_ns + control->utc_offset_ns);
	h->sample = r->sample;
	h->dir = r->dir;
	h->hook = r->hook;
	h->tunnels = r->tunnels;
	h->mode = mode;
}

static INLINE int flow_is_short(const struct nt_record *r)
{
	if (r->layer[0].version != 4)
		return 0;
	return !r->tunnels || (r->tunnels == 1 && r->layer[1].version == 4);
}

/* --- the entry ------------------------------------------------------------- */

/* As before its first packet: every minimum at its most. */
static INLINE struct nt_flow *flow_new(struct nt_cpu *c, __u64 generation)
{
	struct nt_flow *f = &c->flow;

	if (c->generation != generation) {
		c->generation = generation;
		c->entries = 0;
	}
	__builtin_memset(f, 0, sizeof(*f));
	f->first_ns = ~0ULL;
	f->generation = generation;
	f->entry = c->entries + 1;
	f->bytes_min = ~0U;
	f->win_min = 0xffff;
	return f;
}

/* Packets of bytes / n each, the remainder a byte each on the first ones. */
static INLINE void flow_add_bytes(struct nt_flow *f, const struct nt_record *r)
{
	__u64 n = r->packets, each = r->bytes, more = 0;

	if (n > 1) {
		each = r->bytes / n;
		more = r->bytes % n;
	}
	f->payload_bytes += r->payload_bytes;
	f->bytes_sumsq += more * (each + 1) * (each + 1) + (n - more) * each * each;
	if (each < f->bytes_min)
		f->bytes_min = each;
	if (each + !!more > f->bytes_max)
		f->bytes_max = each + !!more;
}

/* Zeros where there is no TCP header: then there is none in the whole flow. */
static INLINE void flow_add_tcp(struct nt_flow *f, const struct nt_record *r)
{
	__u64 n = r->packets, window = r->tcp_window;

	f->tcp_flags |= r->tcp_flags;
	f->win_sum += n * window;
	f->win_sumsq += n * window * window;
	if (window < f->win_min)
		f->win_min = window;
	if (window > f->win_max)
		f->win_max = window;
}

/* Whole us. Short ones by a product, which is exact below 2^32 ns and spares the division. */
static INLINE __u64 flow_gap_us(const struct nt_flow *f, __u64 ts_ns)
{
	__u64 gap = ts_ns - f->last_ns;

	if (ts_ns < f->last_ns)
		return 0;
	if (gap < 1ULL << 32)
		return (gap * 274877907) >> 38;
	gap /= 1000;
	return gap < ~0U ? gap : ~0U;
}

/* Before the packets are added: one time from the last of those that were, then n - 1 of 0. */
static INLINE void flow_add_times(struct nt_flow *f, const struct nt_record *r)
{
	__u64 us = flow_gap_us(f, r->ts_ns);

	if (f->sum.packets) {
		f->iat_us_sum += us;
		f->iat_us_sumsq += us * us;
		if (f->sum.packets == 1 || us < f->iat_us_min)
			f->iat_us_min = us;
		if (us > f->iat_us_max)
			f->iat_us_max = us;
	}
	if (r->packets > 1)
		f->iat_us_min = 0;
	if (r->ts_ns < f->first_ns)
		f->first_ns = r->ts_ns;
	if (r->ts_ns > f->last_ns)
		f->last_ns = r->ts_ns;
}

static INLINE void flow_add(struct nt_flow *f, const struct nt_record *r)
{
	flow_add_bytes(f, r);
	flow_add_tcp(f, r);
	flow_add_times(f, r);
	tally_add(&f->sum, r);
}

/* --- the table ------------------------------------------------------------- */

/* Any error is a full table: nobody else writes to it, so that no lock of it is taken. */
static INLINE enum flow_put flow_count(struct nt_cpu *c, void *table, __u64 generation)
{
	struct nt_flow *known = bpf_map_lookup_elem(table, &c->key);
	struct nt_flow *f = known ? known : flow_new(c, generation);

	flow_add(f, &c->parse.rec);
	if (known)
		return FLOW_PUT;
	if (bpf_map_update_elem(table, &c->key, f, BPF_NOEXIST))
		return FLOW_FULL;
	c->entries++;
	return FLOW_PUT;
}

/* The packet of c->parse, which is stamped, as of that mode. */
static INLINE enum flow_put flow_put(struct nt_cpu *c, enum nt_mode mode)
{
	struct nt_record *r = &c->parse.rec;
	__u32 zero = 0, at = r->cpu * 2;
	struct nt_control *control = bpf_map_lookup_elem(&nt_control, &zero);
	__u64 generation;
	void *table;

	if (!control)
		return FLOW_NO_TABLE;
	generation = *(volatile __u64 *)&control->generation;
	at += generation & 1;
	flow_head(c, control, mode);
	if (flow_is_short(r)) {
		flow_key4(&c->key4, r);
		table = bpf_map_lookup_elem(&nt_flows_short, &at);
		return table ? flow_count(c, table, generation) : FLOW_NO_TABLE;
	}
	flow_key(&c->key, r);
	table = bpf_map_lookup_elem(&nt_flows_long, &at);
	return table ? flow_count(c, table, generation) : FLOW_NO_TABLE;
}

#endif
