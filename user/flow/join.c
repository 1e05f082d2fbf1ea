// SPDX-License-Identifier: Apache-2.0
/*
 * join.c - see join.h. Between two parts lies one more inter-packet time, from
 * the last packet of the one to the first of the other: with it, two parts of
 * n and m packets have the n + m - 1 times that one of n + m would have.
 */
#include "flow/join.h"

#include <stdint.h>
#include <string.h>

#define NS_PER_US 1000

static __u64 min64(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

static __u64 max64(__u64 a, __u64 b)
{
	return a > b ? a : b;
}

/* What was measured n times; min and max say nothing if that is 0. */
struct times {
	__u64 n, min, max;
};

static void more(struct times *a, struct times b)
{
	if (!b.n)
		return;
	a->min = a->n ? min64(a->min, b.min) : b.min;
	a->max = a->n ? max64(a->max, b.max) : b.max;
	a->n += b.n;
}

static struct times times_of(const struct nt_flow *f)
{
	return (struct times){ f->sum.packets ? f->sum.packets - 1 : 0, f->iat_us_min, f->iat_us_max };
}

/* Before the sums and the times are joined. */
static void join_iat(struct nt_flow *a, const struct nt_flow *b)
{
	__u64 gap = b->first_ns > a->last_ns ? (b->first_ns - a->last_ns) / NS_PER_US : 0;
	struct times t = times_of(a);

	more(&t, (struct times){ 1, gap, gap });
	more(&t, times_of(b));
	a->iat_us_min = (__u32)min64(t.min, UINT32_MAX);
	a->iat_us_max = (__u32)min64(t.max, UINT32_MAX);
	a->iat_us_sum += gap + b->iat_us_sum;
	a->iat_us_sumsq += gap * gap + b->iat_us_sumsq;
}

static void join_win(struct nt_flow *a, const struct nt_flow *b)
{
	a->win_sum += b->win_sum;
	a->win_sumsq += b->win_sumsq;
	a->win_min = (__u16)min64(a->win_min, b->win_min);
	a->win_max = (__u16)max64(a->win_max, b->win_max);
}

static void join_bytes(struct nt_flow *a, const struct nt_flow *b)
{
	a->sum.events += b->sum.events;
	a->sum.packets += b->sum.packets;
	a->sum.bytes += b->sum.bytes;
	a->payload_bytes += b->payload_bytes;
	a->bytes_sumsq += b->bytes_sumsq;
	a->bytes_min = (__u32)min64(a->bytes_min, b->bytes_min);
	a->bytes_max = (__u32)max64(a->bytes_max, b->bytes_max);
}

void flow_join(struct nt_flow *a, const struct nt_flow *b)
{
	join_iat(a, b);
	join_win(a, b);
	join_bytes(a, b);
	a->first_ns = min64(a->first_ns, b->first_ns);
	a->last_ns = max64(a->last_ns, b->last_ns);
	a->tcp_flags |= b->tcp_flags;
}

static void layer_long(struct nt_flow_layer *out, const struct nt_flow_layer4 *l)
{
	memcpy(out->src, l->src, sizeof(l->src));
	memcpy(out->dst, l->dst, sizeof(l->dst));
	memcpy(out->vlan, l->vlan, sizeof(l->vlan));
	out->id = l->id;
	out->src_port = l->src_port;
	out->dst_port = l->dst_port;
	out->version = 4;
	out->proto = l->proto;
	out->tunnel = l->tunnel;
	out->vlans_has = l->vlans_has;
}

void flow_key_long(struct nt_flow_key *out, const struct nt_flow_key4 *key)
{
	memset(out, 0, sizeof(*out));
	out->head = key->head;
	for (unsigned int i = 0; i <= key->head.tunnels && i < sizeof(key->layer) / sizeof(key->layer[0]); i++)
		layer_long(&out->layer[i], &key->layer[i]);
}
