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
#include <linux/bpf.h>
#include <bpf/bpf.h>
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

static int take(void *ctx, void *data, size_t bytes)
{
	struct rig *r = ctx;

	memset(&r->rec, 0, sizeof(r->rec));
	memcpy(&r->rec, data, bytes < sizeof(r->rec) ? bytes : sizeof(r->rec));
	r->rec_bytes = bytes;
	r->recs++;
	return 0;
}

static int add_ring(struct rig *r)
{
	uint32_t cpu = r->cpu;

	if (!r->set.ring_bytes)
		return 0;
	r->ring_fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "nt_test_ring", 0, 0, r->set.ring_bytes, NULL);
	if (r->ring_fd < 0)
		return r->ring_fd;
	if (bpf_map_update_elem(bpf_map__fd(r->skel->maps.nt_rings), &cpu, &r->ring_fd, BPF_ANY))
		return -errno;
	r->reader = ring_buffer__new(r->ring_fd, take, r, NULL);
	return r->reader ? 0 : -errno;
}

static int load(struct rig *r)
{
	int err, cpus = libbpf_num_possible_cpus();

	r->skel = nt_bpf__open();
	if (!r->skel)
		return -errno;
	r->skel->rodata->nt_cfg = r->set.cfg;
	err = bpf_map__set_max_entries(r->skel->maps.nt_rings, cpus);
	return err ? err : nt_bpf__load(r->skel);
}

int rig_open(struct rig *r, const struct rig_settings *s)
{
	int err;

	*r = (struct rig){ .set = *s, .ring_fd = -1 };
	err = pin(r);
	if (!err)
		err = load(r);
	if (!err)
		err = add_ring(r);
	if (err)
		printf("# open test rig: %s\n", strerror(-err));
	return err;
}

void rig_close(struct rig *r)
{
	ring_buffer__free(r->reader);
	if (r->ring_fd >= 0)
		close(r->ring_fd);
	nt_bpf__destroy(r->skel);
	*r = (struct rig){ .ring_fd = -1 };
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

static int counts_now(struct rig *r, uint64_t out[NT_COUNT_MAX])
{
	uint64_t all[NT_COUNT_MAX * 256];
	uint32_t zero = 0;

	if (libbpf_num_possible_cpus() > 256)
		return -E2BIG;
	if (bpf_map_lookup_elem(bpf_map__fd(r->skel->maps.nt_counts), &zero, all))
		return -errno;
	memcpy(out, all + NT_COUNT_MAX * r->cpu, NT_COUNT_MAX * sizeof(*out));
	return 0;
}

/* Fate and notes from the difference of the counters; one of each at most. */
static int read_counts(struct rig *r, struct outcome *o)
{
	uint64_t now[NT_COUNT_MAX], fates = 0;
	int err = counts_now(r, now);

	if (err)
		return err;
	o->fate = -1;
	o->notes = 0;
	for (int i = NT_COUNT_SEEN + 1; i < NT_COUNT_FATES_END; i++) {
		fates += now[i] - r->counts[i];
		if (now[i] != r->counts[i])
			o->fate = i;
	}
	for (int i = NT_COUNT_FATES_END; i < NT_COUNT_MAX; i++) {
		o->notes |= (now[i] != r->counts[i]) << (i - NT_COUNT_FATES_END);
		err |= rule(now[i] - r->counts[i] <= 1, "a note is counted once a packet");
	}
	err |= rule(now[NT_COUNT_SEEN] - r->counts[NT_COUNT_SEEN] == 1, "a packet is seen once");
	err |= rule(fates == 1, "a packet has one fate");
	memcpy(r->counts, now, sizeof(now));
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

	if (!r->reader || r->set.leave)
		return err;
	r->recs = 0;
	ring_buffer__consume(r->reader);
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

	r->ts_ns = r->set.cfg.replay ? r->ts_ns + 1000 : r->rec.ts_ns;
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
