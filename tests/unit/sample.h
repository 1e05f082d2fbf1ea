/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sample.h - records for tests of the encoders: one that is easy to read, and
 * random ones with every combination of optional fields and extreme values.
 * The generator is seeded, so that the same seed gives the same records.
 */
#ifndef NINETAP_TESTS_SAMPLE_H
#define NINETAP_TESTS_SAMPLE_H

#include <stdint.h>
#include <string.h>
#include "encode/encode.h"

static const struct tag_origin sample_origin = {
	.box = "box-a", .site = "site-1", .pop = NULL, .ren = "REN", .epoch = 9007199254740991,
};

/* TCP over IPv4 in VXLAN over IPv6. */
static inline struct nt_record sample_record(void)
{
	struct nt_record r = {
		.seq = 42, .ifindex = 3, .bytes = 164, .payload_bytes = 20, .packets = 1, .sample = 1,
		.cpu = 1, .tcp_flags = 0x112, .tcp_window = 64240, .dir = NT_DIR_IN, .hook = NT_HOOK_TC,
		.tunnels = 1,
	};

	r.layer[0] = (struct nt_layer){
		.src = { 0x20, 1, 0xd, 0xb8, [15] = 1 }, .dst = { 0x20, 1, 0xd, 0xb8, [15] = 2 },
		.ip_bytes = 146, .id = 5001, .src_port = 51234, .dst_port = 4789, .version = 6,
		.proto = 17, .ttl = 64, .tunnel = NT_TUNNEL_VXLAN, .has = NT_HAS_PORTS | NT_HAS_ID,
	};
	r.layer[1] = (struct nt_layer){
		.src = { 10, 0, 0, 1 }, .dst = { 10, 0, 0, 255 }, .ip_bytes = 72, .src_port = 443,
		.dst_port = 65535, .vlan = { 0, 4095 }, .version = 4, .proto = 6, .ttl = 63, .tos = 0xb8,
		.vlans = 2, .has = NT_HAS_PORTS | NT_HAS_TCP,
	};
	return r;
}

static inline struct tagged sample_tagged(const struct nt_record *r)
{
	return (struct tagged){
		.rec = r, .origin = &sample_origin, .ts_utc_ns = 1795298802123456789, .iface = "eth0",
		.plane = PLANE_DATA, .tags = &tags_none,
	};
}

/* As long as a record can get, but for the name of its interface. */
static inline void sample_longest(struct nt_record *r)
{
	memset(r, 0xff, sizeof(*r));
	r->seq = INT64_MAX;
	r->dir = NT_DIR_OUT;
	r->hook = NT_HOOK_XDP;
	r->tunnels = NT_TUNNELS_MAX;
	for (unsigned int i = 0; i <= r->tunnels; i++) {
		r->layer[i].version = 6;
		r->layer[i].frag = NT_FRAG_LATER;
		r->layer[i].vlans = NT_VLANS_MAX;
		r->layer[i].tunnel = NT_TUNNEL_GENEVE;
	}
}

/*
 * Adds t to a batch in which only so many bytes are left, for any number of
 * them: true unless more than the room that was made is ever written.
 */
static inline int sample_fits(struct encoder *e, const struct tagged *t)
{
	int fits = 1;

	for (size_t left = 0; left < 16000 && fits; left++) {
		struct batch b = { 0 };

		if (encoder_begin(e, &b, UINT16_MAX) || buf_reserve(&b.bytes, 16000))
			fits = 0;
		b.bytes.len = b.bytes.cap - left;
		if (encoder_add(e, &b, t) || b.bytes.len > b.bytes.cap || encoder_end(e, &b, INT64_MAX) ||
		    b.bytes.len > b.bytes.cap)
			fits = 0;
		batch_free(&b);
	}
	return fits;
}

/* xorshift64*: any state but 0. */
static inline uint64_t sample_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1d;
}

/* Often 0, often the greatest, of up to bits bits. */
static inline uint64_t sample_number(uint64_t *state, unsigned int bits)
{
	uint64_t max = ~0ULL >> (64 - bits), v = sample_random(state);

	switch (v >> 61) {
	case 0:
		return 0;
	case 1:
		return max;
	default:
		return v & max >> sample_random(state) % bits;
	}
}

static inline void sample_address(uint64_t *state, unsigned char *a, int version)
{
	uint64_t zeros = sample_random(state);

	memset(a, 0, 16);
	for (int i = 0; i < (version == 4 ? 4 : 16); i++)
		a[i] = zeros >> (i / 2) & 1 ? 0 : sample_random(state);
	if (version == 6 && (zeros >> 60) == 1)
		memset(memset(a, 0, 10) + 10, 0xff, 2);
}

static inline void sample_layer(uint64_t *state, struct nt_layer *l, int carrier)
{
	l->version = sample_random(state) & 1 << 20 ? 4 : 6;
	sample_address(state, l->src, l->version);
	sample_address(state, l->dst, l->version);
	l->ip_bytes = sample_number(state, 32);
	l->id = sample_number(state, 32);
	l->src_port = sample_number(state, 16);
	l->dst_port = sample_number(state, 16);
	l->vlan[0] = sample_number(state, 12);
	l->vlan[1] = sample_number(state, 12);
	l->proto = sample_number(state, 8);
	l->ttl = sample_number(state, 8);
	l->tos = sample_number(state, 8);
	l->frag = (sample_random(state) >> 33) % NT_FRAG_MAX;
	l->vlans = (sample_random(state) >> 33) % (NT_VLANS_MAX + 1);
	l->has = sample_number(state, 4);
	l->tunnel = carrier ? 1 + (sample_random(state) >> 33) % (NT_TUNNEL_MAX - 1) : NT_TUNNEL_NONE;
}

static inline void sample_fill(uint64_t *state, struct nt_record *r)
{
	memset(r, 0, sizeof(*r));
	r->seq = sample_number(state, 63);
	r->bytes = sample_number(state, 32);
	r->payload_bytes = sample_number(state, 32);
	r->packets = sample_number(state, 32);
	r->sample = sample_number(state, 32);
	r->cpu = sample_number(state, 16);
	r->tcp_flags = sample_number(state, 9);
	r->tcp_window = sample_number(state, 16);
	r->icmp_type = sample_number(state, 8);
	r->icmp_code = sample_number(state, 8);
	r->dir = NT_DIR_IN + (sample_random(state) >> 33) % 2;
	r->hook = NT_HOOK_XDP + (sample_random(state) >> 33) % 2;
	r->tunnels = (sample_random(state) >> 33) % (NT_TUNNELS_MAX + 1);
	for (unsigned int i = 0; i <= r->tunnels; i++)
		sample_layer(state, &r->layer[i], i < r->tunnels);
}

#endif
