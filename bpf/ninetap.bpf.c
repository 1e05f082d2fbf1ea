// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ninetap.bpf.c - the entry points: one a hook, direction and link type.
 *
 * Each is two lines into one worker. The verdict never depends on anything:
 * XDP_PASS, or TC_ACT_UNSPEC so that the next program decides.
 */
#include "pkt.bpf.h"
#include "maps.bpf.h"
#include "count.bpf.h"
#include "filter.bpf.h"
#include "emit.bpf.h"

#define TC_ACT_UNSPEC (-1)
#define GSO_BY_FRAGS 0xffffU	/* gso_size of SCTP: no size, only a count */

static INLINE enum nt_count fate_of_level(int found)
{
	switch (found) {
	case NT_LEVEL_CUT:
		return NT_COUNT_TRUNCATED;
	case NT_LEVEL_MALFORMED:
		return NT_COUNT_MALFORMED;
	}
	return NT_COUNT_NON_IP;
}

/* Of what has no IP header that could be read: the kernel's count of segments, and the frame as it is. */
static INLINE enum nt_count account_unread(struct nt_record *r, int found, __u32 wire_bytes, __u32 segs)
{
	r->packets = segs ? segs : 1;
	r->bytes = wire_bytes;
	return fate_of_level(found);
}

/* Lengths of one wire packet; account_gso() goes on where it stands for many. */
static INLINE void account(struct nt_parse *p, __u32 wire_bytes)
{
	p->rec.packets = 1;
	p->rec.bytes = wire_bytes;
	p->rec.payload_bytes = p->wire_end > p->payload_off ? p->wire_end - p->payload_off : 0;
}

/*
 * Segments of an offloaded packet: the kernel's count where it has one; a
 * guest's packet on a tap comes with a size alone. Each segment repeats the
 * headers in front of the payload.
 */
static INLINE void account_gso(struct nt_record *r, __u32 segs, __u32 size, __u32 header_bytes)
{
	if (!segs && size && size != GSO_BY_FRAGS)
		segs = (r->payload_bytes + size - 1) / size;
	if (segs <= 1)
		return;
	r->packets = segs;
	r->bytes += (segs - 1) * header_bytes;
}

/* Past the array: what user space set for all such. */
static INLINE struct nt_iface_mode mode_of(__u32 ifindex)
{
	const struct nt_iface_mode *m = bpf_map_lookup_elem(&nt_modes, &ifindex);
	const struct nt_control *control;
	__u32 zero = 0;

	if (m)
		return *m;
	control = bpf_map_lookup_elem(&nt_control, &zero);
	return control ? control->mode : (struct nt_iface_mode){ NT_MODE_PACKET, 1 };
}

static INLINE enum nt_count finish(struct nt_cpu *c, struct nt_counts *counts)
{
	struct nt_iface_mode m = mode_of(c->parse.rec.ifindex);

	if (!filter_passes(&c->parse.rec))
		return NT_COUNT_FILTERED;
	if (!sample_passes(c, &m))
		return NT_COUNT_SAMPLED_OUT;
	return emit(c, counts, m.mode);
}

static INLINE struct nt_cpu *cpu_here(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&nt_cpu, &zero);
}

static INLINE __u32 wire_bytes(__u32 frame_bytes)
{
	return nt_cfg.replay ? nt_replay.wire_bytes : frame_bytes;
}

static INLINE enum nt_count record_xdp(struct nt_cpu *c, struct nt_counts *counts, struct xdp_md *ctx)
{
	struct nt_parse *p = &c->parse;
	__u32 frame = bpf_xdp_get_buff_len(ctx);
	__u32 wire = wire_bytes(frame);
	struct nt_view v;
	int found;

	view_xdp(&v, ctx);
	parse_begin(p, ETYPE_ETH, frame, wire);
	found = parse_levels(&v, p);
	if (found < 0)
		return account_unread(&p->rec, found, wire, 0);
	p->rec.ifindex = ctx->ingress_ifindex;
	p->rec.dir = NT_DIR_IN;
	p->rec.hook = NT_HOOK_XDP;
	account(p, wire);
	return finish(c, counts);
}

/* An empty packet is an IP header that was cut. */
static INLINE __u16 etype_of_l3(const struct nt_view *v, struct nt_parse *p)
{
	const __u8 *h = header(v, p, 0, 1);

	return h ? etype_of_version(h[0]) : ETYPE_IP4;
}

static INLINE enum nt_count record_tc(struct nt_cpu *c, struct nt_counts *counts, struct __sk_buff *skb,
				      enum nt_dir dir, int l3)
{
	struct nt_parse *p = &c->parse;
	__u32 wire = wire_bytes(skb->len);
	__u32 tag = skb->vlan_present ? 4 : 0;
	struct nt_view v;
	int found;

	view_tc(&v, skb);
	parse_begin(p, ETYPE_ETH, skb->len, wire);
	if (l3)
		p->etype = etype_of_l3(&v, p);
	if (tag) {
		p->hw_vlans = 1;
		p->hw_vlan = skb->vlan_tci;
	}
	found = parse_levels(&v, p);
	if (found < 0)
		return account_unread(&p->rec, found, wire + tag, skb->gso_segs);
	p->rec.ifindex = skb->ifindex;
	p->rec.dir = dir;
	p->rec.hook = NT_HOOK_TC;
	account(p, wire);
	p->rec.bytes += tag;
	account_gso(&p->rec, skb->gso_segs, skb->gso_size, p->payload_off + tag);
	return finish(c, counts);
}

/* Counts are made here alone, so that each packet has one fate. */
static INLINE void worker_xdp(struct xdp_md *ctx)
{
	struct nt_counts *counts = counts_here();
	struct nt_cpu *c = cpu_here();
	enum nt_count fate;

	if (!counts || !c)
		return;
	count_begin(counts);
	fate = record_xdp(c, counts, ctx);
	count_end(counts, fate, &c->parse.rec, c->parse.notes);
}

static INLINE void worker_tc(struct __sk_buff *skb, enum nt_dir dir, int l3)
{
	struct nt_counts *counts = counts_here();
	struct nt_cpu *c = cpu_here();
	enum nt_count fate;

	if (!counts || !c)
		return;
	count_begin(counts);
	fate = record_tc(c, counts, skb, dir, l3);
	count_end(counts, fate, &c->parse.rec, c->parse.notes);
}

SEC("xdp.frags")
int nt_xdp(struct xdp_md *ctx)
{
	worker_xdp(ctx);
	return XDP_PASS;
}

SEC("tc")
int nt_tc_in(struct __sk_buff *skb)
{
	worker_tc(skb, NT_DIR_IN, 0);
	return TC_ACT_UNSPEC;
}

SEC("tc")
int nt_tc_out(struct __sk_buff *skb)
{
	worker_tc(skb, NT_DIR_OUT, 0);
	return TC_ACT_UNSPEC;
}

SEC("tc")
int nt_tc_in_l3(struct __sk_buff *skb)
{
	worker_tc(skb, NT_DIR_IN, 1);
	return TC_ACT_UNSPEC;
}

SEC("tc")
int nt_tc_out_l3(struct __sk_buff *skb)
{
	worker_tc(skb, NT_DIR_OUT, 1);
	return TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
