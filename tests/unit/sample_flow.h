/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sample_flow.h - flows for tests of the encoders: one that is easy to read, no
 * two of whose values are the same, and random ones (sample.h's generator).
 */
#ifndef NINETAP_TESTS_SAMPLE_FLOW_H
#define NINETAP_TESTS_SAMPLE_FLOW_H

#include "sample.h"

static inline __u8 sample_vlans_has(unsigned int vlans, unsigned int has)
{
	return vlans | has << 4;
}

/* TCP over IPv4 in VXLAN over IPv6, ends as in sample_record(). */
static inline struct flow sample_flow(void)
{
	struct flow f = { .cpu = 1, .reason = FLOW_IDLE };

	f.key.head = (struct nt_flow_head){
		.ifindex = 3, .window = 5984329, .sample = 8, .dir = NT_DIR_IN, .hook = NT_HOOK_TC,
		.tunnels = 1, .mode = NT_MODE_SAMPLED,
	};
	f.key.layer[0] = (struct nt_flow_layer){
		.src = { 0x20, 1, 0xd, 0xb8, [15] = 1 }, .dst = { 0x20, 1, 0xd, 0xb8, [15] = 2 }, .id = 5001,
		.src_port = 51234, .dst_port = 4789, .version = 6, .proto = 17, .tunnel = NT_TUNNEL_VXLAN,
		.vlans_has = sample_vlans_has(0, NT_HAS_PORTS | NT_HAS_ID),
	};
	f.key.layer[1] = (struct nt_flow_layer){
		.src = { 10, 0, 0, 1 }, .dst = { 10, 0, 0, 255 }, .src_port = 443, .dst_port = 65535,
		.vlan = { 0, 4095 }, .version = 4, .proto = 6,
		.vlans_has = sample_vlans_has(2, NT_HAS_PORTS | NT_HAS_TCP),
	};
	f.counted = (struct nt_flow){
		.first_ns = 1, .last_ns = 2, .generation = 77, .entry = 42, .sum = { 101, 102, 103 },
		.payload_bytes = 104, .bytes_sumsq = 105, .win_sum = 106, .win_sumsq = 107, .iat_us_sum = 108,
		.iat_us_sumsq = 109, .bytes_min = 110, .bytes_max = 111, .iat_us_min = 112, .iat_us_max = 113,
		.win_min = 114, .win_max = 115, .tcp_flags = 0x112,
	};
	return f;
}

/* The i-th of the numbers that may be up to 2^63 - 1, NULL behind the last. */
static inline __u64 *sample_flow_sum(struct nt_flow *c, unsigned int i)
{
	__u64 *const sums[] = {
		&c->generation, &c->entry, &c->sum.events, &c->sum.packets, &c->sum.bytes, &c->payload_bytes,
		&c->bytes_sumsq, &c->win_sum, &c->win_sumsq, &c->iat_us_sum, &c->iat_us_sumsq,
	};

	return i < sizeof(sums) / sizeof(*sums) ? sums[i] : NULL;
}

/* rec is made of f here, so change f before. */
static inline struct tagged sample_tagged_flow(struct nt_record *rec, const struct flow *f)
{
	struct tagged t = sample_tagged(rec);

	flow_record(rec, f);
	t.flow = f;
	t.last_utc_ns = t.ts_utc_ns + 2000000000;
	return t;
}

/* As long as one gets, but for the name of its interface. */
static inline void sample_flow_longest(struct flow *f)
{
	memset(f, 0xff, sizeof(*f));
	f->reason = FLOW_SHUTDOWN;
	f->key.head.dir = NT_DIR_OUT;
	f->key.head.hook = NT_HOOK_XDP;
	f->key.head.tunnels = NT_TUNNELS_MAX;
	f->key.head.mode = NT_MODE_SAMPLED;
	for (unsigned int i = 0; i < NT_LAYERS_MAX; i++) {
		f->key.layer[i].version = 6;
		f->key.layer[i].tunnel = NT_TUNNEL_GENEVE;
		f->key.layer[i].vlans_has = sample_vlans_has(NT_VLANS_MAX, 0xf);
	}
	for (unsigned int i = 0; sample_flow_sum(&f->counted, i); i++)
		*sample_flow_sum(&f->counted, i) = INT64_MAX;
}

static inline void sample_flow_layer(uint64_t *state, struct nt_flow_layer *k, int carrier)
{
	struct nt_layer l;

	sample_layer(state, &l, carrier);
	*k = (struct nt_flow_layer){
		.id = l.id, .src_port = l.src_port, .dst_port = l.dst_port, .vlan = { l.vlan[0], l.vlan[1] },
		.version = l.version, .proto = l.proto, .tunnel = l.tunnel,
		.vlans_has = sample_vlans_has(l.vlans, l.has & ~NT_HAS_ICMP),
	};
	memcpy(k->src, l.src, sizeof(k->src));
	memcpy(k->dst, l.dst, sizeof(k->dst));
}

static inline void sample_flow_key(uint64_t *state, struct nt_flow_key *k)
{
	k->head.sample = sample_number(state, 32);
	k->head.dir = NT_DIR_IN + (sample_random(state) >> 33) % 2;
	k->head.hook = NT_HOOK_XDP + (sample_random(state) >> 33) % 2;
	k->head.tunnels = (sample_random(state) >> 33) % (NT_TUNNELS_MAX + 1);
	k->head.mode = (sample_random(state) >> 33) % NT_MODE_MAX;
	for (unsigned int i = 0; i <= k->head.tunnels; i++)
		sample_flow_layer(state, &k->layer[i], i < k->head.tunnels);
}

/* Every eighth is of one packet. */
static inline void sample_flow_fill(uint64_t *state, struct flow *f)
{
	struct nt_flow *c = &f->counted;

	memset(f, 0, sizeof(*f));
	sample_flow_key(state, &f->key);
	f->reason = FLOW_ACTIVE + (sample_random(state) >> 33) % (FLOW_REASON_MAX - FLOW_ACTIVE);
	for (unsigned int i = 0; sample_flow_sum(c, i); i++)
		*sample_flow_sum(c, i) = sample_number(state, 63);
	c->bytes_min = sample_number(state, 32);
	c->bytes_max = sample_number(state, 32);
	c->iat_us_min = sample_number(state, 32);
	c->iat_us_max = sample_number(state, 32);
	c->win_min = sample_number(state, 16);
	c->win_max = sample_number(state, 16);
	c->tcp_flags = sample_number(state, 9);
	if (sample_random(state) >> 61 == 0)
		c->sum.packets = c->sum.events = 1;
}

#endif
