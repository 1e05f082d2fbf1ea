// SPDX-License-Identifier: Apache-2.0
/*
 * flow_ref_lib.c - flow tables the slow way (flow_ref.h).
 */
#include <stdio.h>
#include <string.h>
#include <bpf/bpf.h>
#include "flow_ref.h"

void ref_begin(struct flow_ref *ref, const struct nt_control *c)
{
	ref->n = 0;
	ref->control = *c;
}

static struct nt_flow_key key_of(const struct nt_record *r, enum nt_mode mode, const struct nt_control *c)
{
	struct nt_flow_key k;

	memset(&k, 0, sizeof(k));
	k.head = (struct nt_flow_head){ .ifindex = r->ifindex, .sample = r->sample, .dir = r->dir, .hook = r->hook,
					.window = (r->ts_ns + c->utc_offset_ns) / NT_WINDOW_NS,
					.tunnels = r->tunnels, .mode = mode };
	for (int i = 0; i <= r->tunnels; i++) {
		const struct nt_layer *l = &r->layer[i];
		struct nt_flow_layer *to = &k.layer[i];

		memcpy(to->src, l->src, 16);
		memcpy(to->dst, l->dst, 16);
		memcpy(to->vlan, l->vlan, sizeof(to->vlan));
		to->id = l->id;
		to->src_port = l->src_port;
		to->dst_port = l->dst_port;
		to->version = l->version;
		to->proto = l->proto;
		to->tunnel = l->tunnel;
		to->vlans_has = l->vlans + 16 * (l->has - (l->has & NT_HAS_ICMP));
	}
	return k;
}

static struct nt_flow *find(struct flow_ref *ref, const struct nt_flow_key *k)
{
	struct ref_flow *f;

	for (size_t i = 0; i < ref->n; i++)
		if (!memcmp(&ref->flows[i].key, k, sizeof(*k)))
			return &ref->flows[i].flow;
	if (ref->n == REF_FLOWS_MAX)
		return NULL;
	f = &ref->flows[ref->n++];
	*f = (struct ref_flow){ .key = *k, .flow = { .generation = ref->control.generation, .entry = ref->n } };
	return &f->flow;
}

static void add_gap(struct nt_flow *f, uint64_t us)
{
	bool first = f->sum.packets == 1;

	f->iat_us_min = first || us < f->iat_us_min ? us : f->iat_us_min;
	f->iat_us_max = first || us > f->iat_us_max ? us : f->iat_us_max;
	f->iat_us_sum += us;
	f->iat_us_sumsq += us * us;
}

/* One packet of the wire: `bytes` long, at that time. */
static void add_packet(struct nt_flow *f, const struct nt_record *r, uint64_t bytes, bool tcp)
{
	bool first = !f->sum.packets;
	uint32_t w = r->tcp_window;

	if (!first)
		add_gap(f, r->ts_ns > f->last_ns ? (r->ts_ns - f->last_ns) / 1000 : 0);
	f->first_ns = first || r->ts_ns < f->first_ns ? r->ts_ns : f->first_ns;
	f->last_ns = r->ts_ns > f->last_ns ? r->ts_ns : f->last_ns;
	f->bytes_min = first || bytes < f->bytes_min ? bytes : f->bytes_min;
	f->bytes_max = bytes > f->bytes_max ? bytes : f->bytes_max;
	f->bytes_sumsq += bytes * bytes;
	f->sum.packets++;
	f->sum.bytes += bytes;
	if (!tcp)
		return;
	f->win_min = first || w < f->win_min ? w : f->win_min;
	f->win_max = w > f->win_max ? w : f->win_max;
	f->win_sum += w;
	f->win_sumsq += (uint64_t)w * w;
}

void ref_add(struct flow_ref *ref, const struct nt_record *r, enum nt_mode mode)
{
	struct nt_flow_key k = key_of(r, mode, &ref->control);
	bool tcp = r->layer[r->tunnels].has & NT_HAS_TCP;
	struct nt_flow *f = find(ref, &k);

	for (uint32_t i = 0; f && i < r->packets; i++)
		add_packet(f, r, r->bytes / r->packets + (i < r->bytes % r->packets), tcp);
	if (!f)
		return;
	f->sum.events++;
	f->payload_bytes += r->payload_bytes;
	f->tcp_flags |= r->tcp_flags;
}

/* --- against the tables ------------------------------------------------------ */

static bool is_long(const struct nt_flow_key *k)
{
	for (int i = 0; i <= k->head.tunnels; i++)
		if (k->layer[i].version != 4)
			return true;
	return k->head.tunnels > 1;
}

static struct nt_flow_key4 short_of(const struct nt_flow_key *k)
{
	struct nt_flow_key4 s;

	memset(&s, 0, sizeof(s));
	s.head = k->head;
	for (int i = 0; i <= k->head.tunnels && i < 2; i++) {
		const struct nt_flow_layer *l = &k->layer[i];

		memcpy(s.layer[i].src, l->src, 4);
		memcpy(s.layer[i].dst, l->dst, 4);
		memcpy(s.layer[i].vlan, l->vlan, sizeof(l->vlan));
		s.layer[i].id = l->id;
		s.layer[i].src_port = l->src_port;
		s.layer[i].dst_port = l->dst_port;
		s.layer[i].proto = l->proto;
		s.layer[i].tunnel = l->tunnel;
		s.layer[i].vlans_has = l->vlans_has;
	}
	return s;
}

size_t ref_count(int table)
{
	unsigned char key[sizeof(struct nt_flow_key)];
	void *last = NULL;
	size_t n = 0;

	while (!bpf_map_get_next_key(table, last, key)) {
		last = key;
		n++;
	}
	return n;
}

static void print_flow(const char *name, const struct nt_flow *f)
{
	const uint64_t *w = (const void *)f;

	printf("#   %s:", name);
	for (size_t i = 0; i < sizeof(*f) / sizeof(*w); i++)
		printf(" %llx", (unsigned long long)w[i]);
	printf("\n");
}

static bool same_flow(const struct ref_flow *want, const struct rig *r, uint32_t set)
{
	struct nt_flow_key4 s = short_of(&want->key);
	bool wide = is_long(&want->key);
	const void *key = wide ? (const void *)&want->key : &s;
	struct nt_flow got;

	if (bpf_map_lookup_elem(r->tables[wide][set], key, &got)) {
		printf("# flow %llu is not in the %s table:", (unsigned long long)want->flow.entry, wide ? "long" : "short");
		for (size_t i = 0; i < (wide ? sizeof(want->key) : sizeof(s)); i++)
			printf("%s%02x", i % 4 ? "" : " ", ((const unsigned char *)key)[i]);
		printf("\n");
		return false;
	}
	if (!memcmp(&got, &want->flow, sizeof(got)))
		return true;
	printf("# flow %llu is not as it should be (words of struct nt_flow)\n", (unsigned long long)want->flow.entry);
	print_flow("want", &want->flow);
	print_flow("got ", &got);
	return false;
}

bool ref_compare(const struct flow_ref *ref, const struct rig *r, uint32_t set)
{
	size_t n = ref_count(r->tables[0][set]) + ref_count(r->tables[1][set]);

	for (size_t i = 0; i < ref->n; i++)
		if (!same_flow(&ref->flows[i], r, set))
			return false;
	if (n != ref->n)
		printf("# %zu flows in the tables, not %zu\n", n, ref->n);
	return n == ref->n;
}
