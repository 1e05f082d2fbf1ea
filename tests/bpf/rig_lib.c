// SPDX-License-Identifier: Apache-2.0
/*
 * rig_lib.c - test runs of the BPF programs (rig.h), by the skeleton alone:
 * nothing of user/ stands between, so that its faults don't hide here.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <linux/bpf.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "rig.h"
#include "ninetap.skel.h"

#define TC_BYTES_MAX 3500		/* a test run's skb is one page without its bookkeeping */
#define XDP_BYTES_MAX 65000
#define REPLAY_SEQ 77

struct rig_settings rig_defaults(void)
{
	return (struct rig_settings){
		.cfg = { .sample = 1, .vxlan_ports_n = 2, .vxlan_ports = { 4789, 8472 }, .replay = 1 },
		.ring_bytes = 4096,
	};
}

static int rule(bool kept, const char *what)
{
	if (!kept)
		printf("# rule broken: %s\n", what);
	return kept ? 0 : -EPROTO;
}

static int pin(struct rig *r)
{
	cpu_set_t set;

	r->cpu = sched_getcpu();
	CPU_ZERO(&set);
	CPU_SET(r->cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

/* Of the map: a ring that is smaller than one is bounded by the programs. */
static uint32_t chunks(const struct rig *r)
{
	return r->set.ring_bytes > NT_CHUNK_BYTES ? r->set.ring_bytes / NT_CHUNK_BYTES : 1;
}

static int make_ring(const struct rig *r)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);

	return bpf_map_create(BPF_MAP_TYPE_ARRAY, "nt_test_ring", 4, sizeof(*r->ring), chunks(r), &opts);
}

int rig_next(struct rig *r, struct nt_record *out)
{
	struct nt_ring_chunk *c = r->ring;
	const uint8_t *at;

	if (!c || c->consumer == c->producer)
		return 0;
	at = c[c->consumer / NT_CHUNK_BYTES % chunks(r)].data + c->consumer % NT_CHUNK_BYTES;
	memset(out, 0, sizeof(*out));
	memcpy(out, at, NT_RECORD_SIZE(0));
	if (out->tunnels > NT_TUNNELS_MAX)
		return 0;
	memcpy(out, at, NT_RECORD_SIZE(out->tunnels));
	c->consumer += NT_RECORD_SIZE(out->tunnels);
	return 1;
}

/* All that is there: the last one stays in r->rec. */
static void take(struct rig *r)
{
	uint64_t from = r->ring->consumer;

	for (r->recs = 0; rig_next(r, &r->rec); r->recs++)
		;
	r->rec_bytes = r->ring->producer - from;
	r->ring->consumer = r->ring->producer;
}

static int add_ring(struct rig *r)
{
	uint32_t cpu = r->cpu;
	void *ring;

	if (!r->set.ring_bytes)
		return 0;
	if (bpf_map_update_elem(bpf_map__fd(r->skel->maps.nt_rings), &cpu, &r->ring_fd, BPF_ANY))
		return -errno;
	ring = mmap(NULL, chunks(r) * sizeof(*r->ring), PROT_READ | PROT_WRITE, MAP_SHARED, r->ring_fd, 0);
	if (ring == MAP_FAILED)
		return -errno;
	r->ring = ring;
	return 0;
}

/* With the types of the template: up to kernel 6.2 an inner map has BTF if that has. */
static int add_table(struct rig *r, bool is_long, uint32_t set)
{
	const char *type = is_long ? "nt_flow_key" : "nt_flow_key4";
	uint32_t key = is_long ? sizeof(struct nt_flow_key) : sizeof(struct nt_flow_key4), at = r->cpu * 2 + set;
	int outer = bpf_map__fd(is_long ? r->skel->maps.nt_flows_long : r->skel->maps.nt_flows_short);
	const struct btf *btf = bpf_object__btf(r->skel->obj);
	LIBBPF_OPTS(bpf_map_create_opts, opts, .btf_fd = bpf_object__btf_fd(r->skel->obj),
		    .btf_key_type_id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT),
		    .btf_value_type_id = btf__find_by_name_kind(btf, "nt_flow", BTF_KIND_STRUCT));
	int fd = bpf_map_create(BPF_MAP_TYPE_HASH, "nt_test_flows", key, sizeof(struct nt_flow), r->set.flow_entries, &opts);

	r->tables[is_long][set] = fd;
	return fd < 0 ? fd : bpf_map_update_elem(outer, &at, &fd, BPF_ANY);
}

/* The first generation is 1, so that set 0 is the second. */
static int add_tables(struct rig *r)
{
	int err = rig_control(r, &(struct nt_control){ .generation = 1, .mode.sample = 1 });

	for (uint32_t i = 0; i < 4 && r->set.flow_entries && !err; i++)
		err = add_table(r, i / 2, i % 2);
	return err;
}

static int load(struct rig *r)
{
	int err, cpus = libbpf_num_possible_cpus();

	r->skel = nt_bpf__open();
	if (!r->skel)
		return -errno;
	r->skel->rodata->nt_cfg = r->set.cfg;
	r->skel->rodata->nt_cfg.ring_bytes = r->set.ring_bytes ? r->set.ring_bytes : NT_CHUNK_BYTES;
	r->ring_fd = make_ring(r);
	err = r->ring_fd < 0 ? r->ring_fd : bpf_map__set_inner_map_fd(r->skel->maps.nt_rings, r->ring_fd);
	if (!err)
		err = bpf_map__set_max_entries(r->skel->maps.nt_rings, cpus);
	if (!err)
		err = bpf_map__set_max_entries(r->skel->maps.nt_flows_short, 2 * cpus);
	if (!err)
		err = bpf_map__set_max_entries(r->skel->maps.nt_flows_long, 2 * cpus);
	return err ? err : nt_bpf__load(r->skel);
}

int rig_open(struct rig *r, const struct rig_settings *s)
{
	int err;

	*r = (struct rig){ .set = *s, .ring_fd = -1, .tables = { { -1, -1 }, { -1, -1 } }, .gap_ns = 1000 };
	err = pin(r);
	if (!err)
		err = load(r);
	if (!err)
		err = add_ring(r);
	if (!err)
		err = add_tables(r);
	if (err)
		printf("# open test rig: %s\n", strerror(-err));
	return err;
}

void rig_close(struct rig *r)
{
	if (r->ring)
		munmap(r->ring, chunks(r) * sizeof(*r->ring));
	if (r->ring_fd >= 0)
		close(r->ring_fd);
	for (int i = 0; i < 4; i++)
		if (r->tables[i / 2][i % 2] >= 0)
			close(r->tables[i / 2][i % 2]);
	nt_bpf__destroy(r->skel);
	*r = (struct rig){ .ring_fd = -1, .tables = { { -1, -1 }, { -1, -1 } } };
}

int rig_mode(const struct rig *r, uint32_t ifindex, enum nt_mode mode, uint32_t sample)
{
	const struct nt_iface_mode m = { mode, sample };

	return bpf_map_update_elem(bpf_map__fd(r->skel->maps.nt_modes), &ifindex, &m, BPF_ANY);
}

int rig_control(const struct rig *r, const struct nt_control *c)
{
	uint32_t zero = 0;

	return bpf_map_update_elem(bpf_map__fd(r->skel->maps.nt_control), &zero, c, BPF_ANY);
}

/* What bpf_prog_test_run_skb() asks of the type behind the addresses. */
bool rig_takes(enum rig_prog prog, const uint8_t *bytes, uint32_t n)
{
	uint16_t type;

	if (prog == RIG_XDP)
		return n >= 14 && n <= XDP_BYTES_MAX;
	if (n < 15 || n > TC_BYTES_MAX)
		return false;
	type = bytes[12] << 8 | bytes[13];
	return n >= (type == 0x0800 ? 34 : type == 0x86dd ? 54 : 15);
}

static int counts_now(struct rig *r, struct nt_counts *out)
{
	struct nt_counts all[256];
	uint32_t zero = 0;

	if (libbpf_num_possible_cpus() > 256)
		return -E2BIG;
	if (bpf_map_lookup_elem(bpf_map__fd(r->skel->maps.nt_counts), &zero, all))
		return -errno;
	*out = all[r->cpu];
	return 0;
}

static struct nt_tally tally_since(const struct nt_tally *a, const struct nt_tally *b)
{
	return (struct nt_tally){ b->events - a->events, b->packets - a->packets, b->bytes - a->bytes };
}

/* The fate, from the tallies before and after: what was added there was added to seen. */
static int read_fate(struct rig *r, const struct nt_counts *now, struct outcome *o)
{
	const struct nt_tally *a = &r->now.seen, *b = &now->seen, none = {0};
	struct nt_tally seen = tally_since(&a[NT_COUNT_SEEN], &b[NT_COUNT_SEEN]), d;
	int fates = 0;

	o->fate = -1;
	for (int i = NT_COUNT_SEEN + 1; i < NT_COUNT_FATES_END; i++) {
		d = tally_since(&a[i], &b[i]);
		if (!memcmp(&d, &none, sizeof(d)))
			continue;
		fates++;
		o->fate = i;
		r->last = d;
	}
	return rule(fates == 1 && r->last.events == 1, "a packet has one fate") |
	       rule(!memcmp(&r->last, &seen, sizeof(seen)), "a packet is seen once, as large as in its fate") |
	       rule(r->last.packets >= 1, "an event is a packet at least");
}

static int read_notes(struct rig *r, const struct nt_counts *now, struct outcome *o)
{
	const __u64 *a = &r->now.cut, *b = &now->cut;
	int err = 0;

	o->notes = 0;
	for (int i = 0; i < NT_COUNT_NOTES; i++) {
		o->notes |= (a[i] != b[i]) << i;
		err |= rule(b[i] - a[i] <= 1, "a note is counted once a packet");
	}
	return err;
}

/* Recorded, or found no room for that: in a ring's mode a packet has a number. */
static int check_seq(const struct rig *r, const struct nt_counts *now, int fate)
{
	uint64_t d = now->seq - r->now.seq;
	bool owed = fate == NT_COUNT_RECORDED || fate == NT_COUNT_OVERFLOW || fate == NT_COUNT_RING_FULL;

	return fate == NT_COUNT_NO_RING ? rule(d <= 1, "a number once") : rule(d == owed, "a number exactly if a record is owed");
}

/* What the last packet changed. */
static int read_counts(struct rig *r, struct outcome *o)
{
	struct nt_counts now;
	int err = counts_now(r, &now);

	if (err)
		return err;
	err = rule(now.begun == now.ended && now.begun == now.seen.events, "as often ended as begun") |
	      read_fate(r, &now, o) | read_notes(r, &now, o) | check_seq(r, &now, o->fate);
	r->now = now;
	for (int i = 0; i < NT_COUNT_FATES_END; i++)
		r->counts[i] = (&now.seen)[i].events;
	memcpy(r->counts + NT_COUNT_FATES_END, &now.cut, NT_COUNT_NOTES * sizeof(r->counts[0]));
	return err ? -EPROTO : 0;
}

static int check_record(struct rig *r, enum rig_prog prog, const struct outcome *o)
{
	const struct nt_record *c = &r->rec;
	bool out = prog == RIG_TC_OUT || prog == RIG_TC_OUT_L3;
	int err = rule(r->recs == (o->fate == NT_COUNT_RECORDED), "a record exactly if it is counted");

	if (err || !r->recs)
		return err;
	err |= rule(c->tunnels <= NT_TUNNELS_MAX, "at most two tunnels");
	err |= rule(r->rec_bytes == NT_RECORD_SIZE(c->tunnels), "a record is cut behind its last layer");
	err |= rule(c->hook == (prog == RIG_XDP ? NT_HOOK_XDP : NT_HOOK_TC), "hook");
	err |= rule(c->dir == (out ? NT_DIR_OUT : NT_DIR_IN), "direction");
	err |= rule(c->cpu == r->cpu, "CPU");
	err |= rule(c->ifindex != 0, "interface");
	err |= rule(c->reserved == 0, "reserved is zero");
	err |= rule(c->sample == r->set.cfg.sample, "sample");
	err |= rule(c->packets == r->last.packets && c->bytes == r->last.bytes, "counted as recorded");
	if (!r->set.cfg.replay)
		return err | rule(c->ts_ns > r->ts_ns, "time goes on");
	err |= rule(c->ts_ns == r->ts_ns, "time of the replay");
	return err | rule(c->seq == REPLAY_SEQ, "number of the replay");
}

static struct bpf_program *program(const struct rig *r, enum rig_prog prog)
{
	struct bpf_program *progs[RIG_PROGS] = {
		r->skel->progs.nt_xdp, r->skel->progs.nt_tc_in, r->skel->progs.nt_tc_out,
		r->skel->progs.nt_tc_in_l3, r->skel->progs.nt_tc_out_l3,
	};

	return progs[prog];
}

int rig_take(struct rig *r, enum rig_prog prog, struct outcome *o)
{
	int err = read_counts(r, o);

	if (!r->ring || r->set.leave)
		return err;
	take(r);
	err |= check_record(r, prog, o);
	o->rec = r->rec;
	return err ? -EPROTO : 0;
}

int rig_fd(const struct rig *r, enum rig_prog prog)
{
	return bpf_program__fd(program(r, prog));
}

static int run(struct rig *r, enum rig_prog prog, struct bpf_test_run_opts *opts, uint32_t wire, struct outcome *o)
{
	int err;

	r->ts_ns = r->set.cfg.replay ? r->ts_ns + r->gap_ns : r->rec.ts_ns;
	r->skel->bss->nt_replay = (struct nt_replay){ .ts_ns = r->ts_ns, .seq = REPLAY_SEQ, .wire_bytes = wire };
	err = bpf_prog_test_run_opts(bpf_program__fd(program(r, prog)), opts);
	if (err)
		return err;
	err = rule(opts->retval == (prog == RIG_XDP ? XDP_PASS : (uint32_t)-1), "verdict");
	return err | rig_take(r, prog, o);
}

int rig_run(struct rig *r, enum rig_prog prog, const uint8_t *bytes, uint32_t n, uint32_t wire, struct outcome *o)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = bytes, .data_size_in = n, .repeat = 1);

	return run(r, prog, &opts, wire, o);
}

int rig_run_skb(struct rig *r, enum rig_prog prog, const struct packet *pk, struct __sk_buff *ctx, struct outcome *o)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = pk->bytes, .data_size_in = pk->n, .repeat = 1,
		    .ctx_in = ctx, .ctx_size_in = sizeof(*ctx));

	return run(r, prog, &opts, pk->wire, o);
}

int rig_run_xdp(struct rig *r, const struct packet *pk, struct xdp_md *ctx, struct outcome *o)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = pk->bytes, .data_size_in = pk->n, .repeat = 1,
		    .ctx_in = ctx, .ctx_size_in = sizeof(*ctx));

	return run(r, RIG_XDP, &opts, pk->wire, o);
}

static struct outcome bare(const struct outcome *o)
{
	struct outcome b = *o;

	if (o->fate != NT_COUNT_RECORDED)
		memset(&b.rec, 0, sizeof(b.rec));
	b.rec.ts_ns = b.rec.seq = b.rec.ifindex = b.rec.cpu = b.rec.hook = b.rec.dir = 0;
	return b;
}

int rig_same(const struct outcome *a, const struct outcome *b)
{
	struct outcome x = bare(a), y = bare(b);

	return x.fate == y.fate && x.notes == y.notes && !memcmp(&x.rec, &y.rec, sizeof(x.rec));
}
