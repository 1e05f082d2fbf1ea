// SPDX-License-Identifier: Apache-2.0
/*
 * flow_run.c - what the programs count in flow tables, by test run: random
 * packets against a reference that counts the slow way, windows and
 * generations. Nothing may depend on the packet before.
 */
#include <linux/bpf.h>
#include "flow_ref.h"
#include "host_view.h"
#include "unit/check.h"

#define PACKETS 12000
#define SECOND 1000000000LL

static struct rig rig;
static struct flow_ref ref, before;
static uint64_t state = 0x9e3779b97f4a7c15;

static uint32_t next_random(uint32_t below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (state * 0x2545f4914f6cdd1d >> 32) % below;
}

/* Up to "%u": a payload of so many bytes; "%x": TCP flags; "%w": its window. */
static const char *const specs[] = {
	"eth ip4 tcp,flags=%x,win=%w pay,n=%u", "eth ip4 tcp,sport=9,flags=%x,win=%w pay,n=%u",
	"eth ip4 udp pay,n=%u", "eth ip4 icmp pay,n=%u", "eth ip4 tcp,dport=443,flags=%x,win=%w", "eth ip4 sctp pay,n=%u",
	"eth tag,vid=5 ip4 tcp,flags=%x,win=%w pay,n=%u", "eth tag,vid=5 tag,vid=6 ip4 udp pay,n=%u",
	"eth ip4,off=3 pay,n=%u", "eth ip4,mf=1 udp pay,n=%u", "eth ip4 pay,n=%u",
	"eth ip6 tcp,flags=%x,win=%w pay,n=%u", "eth ip6 udp pay,n=%u", "eth ip6 icmp6 pay,n=%u",
	"eth ip4 udp vxlan eth ip4 tcp,flags=%x,win=%w pay,n=%u", "eth ip4 udp vxlan,vni=7 eth tag,vid=9 ip4 udp pay,n=%u",
	"eth ip4 udp vxlan eth ip6 tcp,flags=%x,win=%w pay,n=%u", "eth ip6 udp vxlan eth ip4 udp pay,n=%u",
	"eth ip4 gre,key=4 ip4 tcp,flags=%x,win=%w pay,n=%u", "eth ip4 ip4 udp pay,n=%u",
	"eth ip4 udp gtp ip4 tcp,flags=%x,win=%w pay,n=%u", "eth ip4 udp vxlan eth ip4 udp gtp ip4 tcp,flags=%x,win=%w pay,n=%u",
	"eth ip6 udp vxlan eth ip6 udp gtp ip6 udp pay,n=%u",
};

static void build(struct packet *pk)
{
	const char *s = specs[next_random(sizeof(specs) / sizeof(*specs))];
	char text[256];
	size_t n = 0;

	for (; *s && n < sizeof(text) - 8; s++) {
		if (*s != '%') {
			text[n++] = *s;
			continue;
		}
		s++;
		n += snprintf(text + n, 8, "%u", next_random(*s == 'u' ? 1400 : *s == 'x' ? 512 : 65536));
	}
	text[n] = '\0';
	CHECK(packet_build(text, pk) == 0);
}

/* Mostly within a burst, now and then long, across windows, or back. */
static int64_t gap(void)
{
	switch (next_random(12)) {
	case 0:
		return next_random(1000);
	case 1:
		return 0;
	case 2:
		return -(int64_t)next_random(5000000);
	case 3:
		return next_random(4000000000U) + (int64_t)next_random(1000) * 1000000;
	case 4:
		return next_random(40) ? 999 : 40 * SECOND + next_random(1000000000);
	}
	return next_random(10000000);
}

/* As the kernel counts segments: by its count, or from their size and all payload. */
static void expect_segments(struct nt_record *r, const struct __sk_buff *ctx, uint32_t header_bytes)
{
	uint32_t segs = ctx->gso_segs;

	if (!segs && ctx->gso_size)
		segs = (r->payload_bytes + ctx->gso_size - 1) / ctx->gso_size;
	r->packets = segs > 1 ? segs : 1;
	r->bytes += (r->packets - 1) * header_bytes;
}

/* One packet by a random program; *want is the record that it would have. Returns the fate. */
static int send_random(struct nt_record *want)
{
	struct __sk_buff ctx = { .gso_segs = next_random(3) ? 0 : next_random(next_random(50) ? 50 : 65536) };
	enum rig_prog prog = next_random(3);
	struct packet pk;
	struct outcome o;
	uint32_t notes;

	build(&pk);
	if (!ctx.gso_segs && !next_random(3))
		ctx.gso_size = 1 + next_random(600);
	rig.gap_ns = gap();
	if (rig.ts_ns + rig.gap_ns < rig.ts_ns / 2)
		rig.gap_ns = 0;
	host_parse(pk.bytes, pk.n, pk.wire, false, want, &notes);
	if (prog == RIG_XDP) {
		CHECK_EQ(rig_run(&rig, prog, pk.bytes, pk.n, pk.wire, &o), 0);
	} else {
		CHECK_EQ(rig_run_skb(&rig, prog, &pk, &ctx, &o), 0);
		expect_segments(want, &ctx, pk.n - want->payload_bytes);
	}
	want->ts_ns = rig.ts_ns;
	want->ifindex = 1;
	want->dir = prog == RIG_TC_OUT ? NT_DIR_OUT : NT_DIR_IN;
	want->hook = prog == RIG_XDP ? NT_HOOK_XDP : NT_HOOK_TC;
	CHECK_EQ(rig.last.packets, want->packets);
	CHECK_EQ(rig.last.bytes, want->bytes);
	return o.fate;
}

static bool open_rig(struct rig_settings s, const struct nt_control *c, enum nt_mode mode)
{
	s.leave = true;
	CHECK_EQ(rig_open(&rig, &s), 0);
	if (!rig.skel)
		return false;
	CHECK_EQ(rig_control(&rig, c), 0);
	CHECK_EQ(rig_mode(&rig, 1, mode, 1), 0);
	ref_begin(&ref, c);
	rig.ts_ns = 5000 * SECOND;
	return true;
}

/* n packets, those of that fate into the reference; others must be of fate `other`. */
static void send_many(int n, enum nt_mode mode, int fate, int other)
{
	struct nt_record want;

	for (int i = 0; i < n && !check_failures; i++) {
		int got = send_random(&want);

		if (got == fate)
			ref_add(&ref, &want, mode);
		else
			CHECK_EQ(got, other);
	}
}

static void run_mode(enum nt_mode mode, uint32_t ring_bytes, int fate, int other)
{
	static const struct nt_control c = { .generation = 1, .utc_offset_ns = 1700000000123456789, .mode.sample = 1 };
	struct rig_settings s = rig_defaults();

	s.ring_bytes = ring_bytes;
	s.flow_entries = REF_FLOWS_MAX;
	if (open_rig(s, &c, mode)) {
		send_many(PACKETS, mode, fate, other);
		CHECK(ref_compare(&ref, &rig, 1));
		CHECK_EQ(ref_count(rig.tables[0][0]) + ref_count(rig.tables[1][0]), 0);
		printf("# %zu flows\n", ref.n);
		CHECK(ref.n > 300);
	}
	rig_close(&rig);
}

static void test_flow_mode(void)
{
	run_mode(NT_MODE_FLOW, 0, NT_COUNT_FLOW, -1);
}

static void test_sampled_mode_of_all(void)
{
	run_mode(NT_MODE_SAMPLED, 0, NT_COUNT_FLOW, -1);
}

static void test_overflow_of_a_ring(void)
{
	run_mode(NT_MODE_PACKET, 4096, NT_COUNT_OVERFLOW, NT_COUNT_RECORDED);
	CHECK(ref.n > 0);
}

/* Rows of the table of packets with a few bytes changed, whatever they are then: every fate, every kind of key. */
static void send_changed(unsigned int rows)
{
	const struct packet_case *c = &packet_cases[next_random(rows)];
	enum rig_prog prog = next_random(3);
	struct nt_record want;
	struct packet pk;
	struct outcome o;
	uint32_t notes;
	int fate;

	CHECK(packet_build(c->spec, &pk) == 0);
	for (uint32_t i = next_random(3); i-- && pk.n;)
		pk.bytes[next_random(pk.n)] = next_random(256);
	if (pk.l3 || !rig_takes(prog, pk.bytes, pk.n))
		return;
	CHECK_EQ(rig_run(&rig, prog, pk.bytes, pk.n, pk.wire, &o), 0);
	fate = host_parse(pk.bytes, pk.n, pk.wire, false, &want, &notes);
	CHECK_EQ(o.fate, fate == NT_COUNT_RECORDED ? NT_COUNT_FLOW : fate);
	CHECK_EQ(rig.last.packets, 1);
	CHECK_EQ(rig.last.bytes, pk.wire);
	want.ts_ns = rig.ts_ns;
	want.ifindex = 1;
	want.dir = prog == RIG_TC_OUT ? NT_DIR_OUT : NT_DIR_IN;
	want.hook = prog == RIG_XDP ? NT_HOOK_XDP : NT_HOOK_TC;
	if (o.fate == NT_COUNT_FLOW)
		ref_add(&ref, &want, NT_MODE_FLOW);
}

static void test_changed_frames(void)
{
	static const struct nt_control c = { .generation = 1, .mode.sample = 1 };
	struct rig_settings s = rig_defaults();
	unsigned int rows = 0;

	while (packet_cases[rows].name)
		rows++;
	s.flow_entries = REF_FLOWS_MAX;
	if (open_rig(s, &c, NT_MODE_FLOW)) {
		for (int i = 0; i < PACKETS && !check_failures; i++)
			send_changed(rows);
		CHECK(ref_compare(&ref, &rig, 1));
		CHECK(rig.now.malformed.events && rig.now.non_ip.events && rig.now.truncated.events);
		printf("# %zu flows\n", ref.n);
		CHECK(ref.n > 500 && ref.n < REF_FLOWS_MAX);
	}
	rig_close(&rig);
}

/* A table that is full loses new flows alone, and each of their packets is counted. */
static void test_full_table(void)
{
	static const struct nt_control c = { .generation = 1, .mode.sample = 1 };
	struct rig_settings s = rig_defaults();

	s.flow_entries = 10;
	if (open_rig(s, &c, NT_MODE_FLOW)) {
		send_many(2000, NT_MODE_FLOW, NT_COUNT_FLOW, NT_COUNT_FLOWS_FULL);
		CHECK(ref_compare(&ref, &rig, 1));
		CHECK_EQ(ref.n, 20);
		CHECK(rig.now.flow.events > 100 && rig.now.flows_full.events > 100);
		CHECK_EQ(rig.now.flow.events + rig.now.flows_full.events, 2000);
		CHECK_EQ(rig.now.flow.bytes + rig.now.flows_full.bytes, rig.now.seen.bytes);
	}
	rig_close(&rig);
}

/* A new generation begins with other tables and its first entry; the old set is not touched any more. */
static void test_generations(void)
{
	struct nt_control c = { .generation = 1, .utc_offset_ns = 7, .mode.sample = 1 };
	struct rig_settings s = rig_defaults();

	s.flow_entries = REF_FLOWS_MAX;
	if (open_rig(s, &c, NT_MODE_FLOW)) {
		send_many(500, NT_MODE_FLOW, NT_COUNT_FLOW, -1);
		before = ref;
		c.generation = 2;
		CHECK_EQ(rig_control(&rig, &c), 0);
		ref_begin(&ref, &c);
		CHECK(before.n > 20);
		send_many(500, NT_MODE_FLOW, NT_COUNT_FLOW, -1);
		CHECK(ref_compare(&before, &rig, 1));
		CHECK(ref_compare(&ref, &rig, 0));
	}
	rig_close(&rig);
}

/* One flow, packet after packet: how many entries there are then. */
static size_t entries_at(const int64_t *utc, int n, int64_t offset)
{
	const struct nt_control c = { .generation = 1, .utc_offset_ns = offset, .mode.sample = 1 };
	struct rig_settings s = rig_defaults();
	struct packet pk;
	struct outcome o;
	size_t got = 0;

	s.flow_entries = 100;
	CHECK(packet_build("eth ip4 tcp", &pk) == 0);
	if (open_rig(s, &c, NT_MODE_FLOW)) {
		for (int i = 0; i < n; i++) {
			rig.ts_ns = utc[i] - offset;
			rig.gap_ns = 0;
			CHECK_EQ(rig_run(&rig, RIG_XDP, pk.bytes, pk.n, pk.wire, &o), 0);
		}
		got = ref_count(rig.tables[0][1]);
	}
	rig_close(&rig);
	return got;
}

/* The boundary is UTC's, and to the nanosecond; time may go back. */
static void test_windows(void)
{
	const int64_t w = NT_WINDOW_NS, at = 5666666 * w;

	CHECK_EQ(entries_at((int64_t[]){ at, at + 1, at + w - 1 }, 3, 0), 1);
	CHECK_EQ(entries_at((int64_t[]){ at, at + 1, at + w - 1 }, 3, 12345), 1);
	CHECK_EQ(entries_at((int64_t[]){ at + w - 1, at + w }, 2, 12345), 2);
	CHECK_EQ(entries_at((int64_t[]){ at, at - 1, at + 5, at - 5 }, 4, 12345), 2);
	CHECK_EQ(entries_at((int64_t[]){ at, at + w, at + 2 * w, at + 9 * w }, 4, -12345), 4);
	CHECK_EQ(entries_at((int64_t[]){ 5, w - 1, w }, 3, 0), 2);
}

int main(void)
{
	RUN(test_flow_mode);
	RUN(test_sampled_mode_of_all);
	RUN(test_overflow_of_a_ring);
	RUN(test_changed_frames);
	RUN(test_full_table);
	RUN(test_generations);
	RUN(test_windows);
	return check_done();
}
