// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_parse.c - libFuzzer over the parser on the host: no read outside the
 * frame (ASan, see host_view.h), nothing undefined, and what must be true of
 * every record whatever the bytes. What the BPF programs make of the inputs
 * that are kept is compared by tests/bpf/replay_corpus.c.
 */
#include <stdio.h>
#include "host_view.h"
#include "fuzz/parse_input.h"

struct result {
	int fate;
	uint32_t notes;
	struct nt_record rec;
};

static void must(bool kept, const char *what)
{
	if (kept)
		return;
	fprintf(stderr, "broken: %s\n", what);
	abort();
}

static struct result parse(const struct parse_input *in, uint32_t n)
{
	struct result r = { 0 };

	r.fate = host_parse(in->frame, n, in->wire, in->l3, &r.rec, &r.notes);
	return r;
}

static void check_address(const struct nt_layer *l, const __u8 *a)
{
	for (int i = 4; i < 16; i++)
		must(l->version == 6 || !a[i], "an IPv4 address is four bytes, then zeros");
}

static bool is_ported(const struct nt_layer *l)
{
	return l->proto == 6 || l->proto == 17 || l->proto == 33 || l->proto == 132 || l->proto == 136;
}

static void check_layer(const struct nt_layer *l, bool innermost)
{
	must(l->version == 4 || l->version == 6, "a layer has a version");
	must(l->ip_bytes <= (l->version == 4 ? 65535 : 65575), "an IP length has 16 bits");
	must(l->frag < NT_FRAG_MAX, "frag is one of its enum");
	must(l->vlans <= NT_VLANS_MAX, "two tags at most");
	must(l->vlan[0] <= 4095 && l->vlan[1] <= 4095, "a VID has 12 bits");
	must(l->vlans > 1 || !l->vlan[1], "no second tag where there is none");
	must(l->vlans > 0 || !l->vlan[0], "no tag where there is none");
	must(!(l->has & ~(NT_HAS_PORTS | NT_HAS_TCP | NT_HAS_ICMP | NT_HAS_ID)), "has is of its enum");
	must(l->has & NT_HAS_PORTS || (!l->src_port && !l->dst_port), "no port where there is none");
	must(!(l->has & NT_HAS_PORTS) || is_ported(l), "ports only where the protocol has them");
	must(l->has & NT_HAS_ID || !l->id, "no id where there is none");
	must(!(l->has & NT_HAS_TCP) || (innermost && l->proto == 6 && l->has & NT_HAS_PORTS), "TCP is the innermost");
	must(!(l->has & NT_HAS_ICMP) || (innermost && (l->proto == 1 || l->proto == 58)), "ICMP is the innermost");
	must(l->frag != NT_FRAG_LATER || (!l->has && !l->tunnel), "a later fragment has no headers");
	must(innermost ? l->tunnel == NT_TUNNEL_NONE : l->tunnel > NT_TUNNEL_NONE && l->tunnel < NT_TUNNEL_MAX,
	     "carriers, and only they, have a tunnel");
	must(l->tunnel || !(l->has & NT_HAS_ID), "an id is a tunnel's");
	check_address(l, l->src);
	check_address(l, l->dst);
}

static void check_record(const struct nt_record *r, uint32_t wire)
{
	const struct nt_layer *last = &r->layer[r->tunnels];

	must(r->tunnels <= NT_TUNNELS_MAX, "two tunnels at most");
	for (int i = 0; i <= r->tunnels; i++)
		check_layer(&r->layer[i], i == r->tunnels);
	must(r->bytes == wire && r->payload_bytes <= wire, "payload is no more than the frame");
	must(r->tcp_flags <= 0x1ff, "nine flags");
	must(last->has & NT_HAS_TCP || (!r->tcp_flags && !r->tcp_window), "no TCP fields without TCP");
	must(last->has & NT_HAS_ICMP || (!r->icmp_type && !r->icmp_code), "no ICMP fields without ICMP");
	must(!r->reserved, "reserved is zero");
}

/* The same frame cut somewhere says less, never something else. */
static void check_cut(const struct parse_input *in, const struct result *whole)
{
	struct result cut = parse(in, in->n - in->n / 3);

	must(cut.fate != NT_COUNT_NON_IP || whole->fate == NT_COUNT_NON_IP || in->l3, "what is IP whole is not non-IP when cut");
	if (cut.fate != NT_COUNT_RECORDED)
		return;
	check_record(&cut.rec, in->wire);
	must(whole->fate == NT_COUNT_RECORDED, "what is recorded when cut is recorded whole");
	must(cut.rec.tunnels <= whole->rec.tunnels, "no tunnel appears by cutting");
	must(!memcmp(cut.rec.layer[0].src, whole->rec.layer[0].src, 32), "the outer addresses stay");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct parse_input in;
	struct result r, again;

	if (!parse_input(data, bytes, &in))
		return 0;
	r = parse(&in, in.n);
	host_stale = 0x24;
	again = parse(&in, in.n);
	host_stale = 0xdb;
	must(!memcmp(&r, &again, sizeof(r)), "nothing of the packet before");
	host_general = true;
	again = parse(&in, in.n);
	host_general = false;
	must(!memcmp(&r, &again, sizeof(r)), "plain headers read in one go say what they say one by one");
	must(r.fate == NT_COUNT_RECORDED || r.fate == NT_COUNT_NON_IP || r.fate == NT_COUNT_TRUNCATED ||
	     r.fate == NT_COUNT_MALFORMED, "a fate that the parser can give");
	must(!(r.notes >> (NT_COUNT_MAX - NT_COUNT_FATES_END)), "notes are of their enum");
	must(r.fate != NT_COUNT_TRUNCATED || r.notes, "truncated is noted");
	if (r.fate == NT_COUNT_RECORDED)
		check_record(&r.rec, in.wire);
	check_cut(&in, &r);
	return 0;
}
