// SPDX-License-Identifier: Apache-2.0
/*
 * kernel_lib.c - ns a packet of each program, by BPF_PROG_TEST_RUN; beside a
 * bare program that puts the same bytes into a ring. A round that lost a
 * record ends without success, and so has no figure.
 */
#include "bench/bench.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "base/options.h"
#include "attach/loader.h"
#include "collect/bell.h"
#include "collect/ring.h"
#include "ninetap.skel.h"
#include "tests/bench/limits.skel.h"

#define CHUNK 50000
#define CHUNKS 20
#define RING_BYTES (32 << 20)
#define FLOW_ENTRIES 131072

static double empty_ns;			/* of the first that is measured */
static struct ring ring;		/* ninetap's */
static struct bell limit;		/* the limit's: its records say nothing */

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void drain(void)
{
	uint32_t bytes;

	while (ring_next(&ring, &bytes))
		;
	ring_release(&ring, ring.read_pos);
	bell_hush(&limit);
}

/* ns a run, or -1. Chunks fit into the ring, which is emptied between them. */
static double run(int prog, const unsigned char *frame, uint32_t bytes)
{
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = frame, .data_size_in = bytes, .repeat = CHUNK);
	double sum = 0;

	for (int i = 0; i < CHUNKS; i++) {
		if (bpf_prog_test_run_opts(prog, &o))
			return -1;
		sum += o.duration;
		drain();
	}
	return sum / CHUNKS;
}

/* ns a packet, printed under this name; or -1. */
static int measure(const char *key, int prog, enum frame_kind kind)
{
	unsigned char frame[512];
	uint32_t bytes = frame_build(kind, frame);
	double ns = run(prog, frame, bytes);

	if (ns < 0)
		return -1;
	empty_ns = empty_ns ? empty_ns : ns;
	figure(key, ns);
	return 0;
}

/* What the kernel's own statistics say of the same runs; they cost time themselves. */
static int measure_stats(const char *key, int prog, enum frame_kind kind)
{
	struct bpf_prog_info before = {0}, after = {0};
	int stats = bpf_enable_stats(BPF_STATS_RUN_TIME), err;
	unsigned char frame[512];
	uint32_t bytes = frame_build(kind, frame), len = sizeof(before);

	if (stats < 0)
		return -1;
	err = bpf_obj_get_info_by_fd(prog, &before, &len) || run(prog, frame, bytes) < 0 ||
	      bpf_obj_get_info_by_fd(prog, &after, &len);
	close(stats);
	if (!err)
		figure(key, (double)(after.run_time_ns - before.run_time_ns) / (after.run_cnt - before.run_cnt));
	return err ? -1 : 0;
}

/* ns of a program that gets the frame with its flow changed each time, what changes it included; or -1. */
static double run_varied(struct limits *lim, int prog)
{
	unsigned char frame[512];
	uint32_t bytes = frame_build(FRAME_VXLAN, frame), zero = 0;

	if (bpf_map_update_elem(bpf_map__fd(lim->maps.bench_next), &zero, &prog, BPF_ANY))
		return -1;
	return run(bpf_program__fd(lim->progs.bench_vary), frame, bytes);
}

/* So many flows in turn, ninetap's table and a bare one; what the change of flow costs is taken away. */
static int measure_flows(struct nt_bpf *nt, struct limits *lim, uint32_t flows)
{
	double change, ns[2];
	char key[64];

	lim->bss->flows = flows;
	change = run_varied(lim, bpf_program__fd(lim->progs.bench_nothing)) - empty_ns;
	ns[0] = run_varied(lim, bpf_program__fd(lim->progs.bench_count));
	ns[1] = run_varied(lim, bpf_program__fd(nt->progs.nt_xdp));
	if (ns[0] < 0 || ns[1] < 0)
		return -1;
	snprintf(key, sizeof(key), "kernel.count.%u", flows);
	figure(key, ns[0] - change);
	snprintf(key, sizeof(key), "kernel.flow.%u", flows);
	figure(key, ns[1] - change);
	return 0;
}

/* Test runs come from the loopback interface. */
static int set_mode(struct nt_bpf *nt, enum nt_mode mode)
{
	const struct nt_iface_mode m = { mode, 1 };
	const uint32_t lo = 1;

	return bpf_map_update_elem(bpf_map__fd(nt->maps.nt_modes), &lo, &m, BPF_ANY);
}

static int flow_figures(struct nt_bpf *nt, struct limits *lim)
{
	int err = set_mode(nt, NT_MODE_FLOW);

	if (!err)
		err = measure_flows(nt, lim, 1000);
	if (!err)
		err = measure_flows(nt, lim, 100000);
	return set_mode(nt, NT_MODE_PACKET) || err ? -1 : 0;
}

static int figures(struct nt_bpf *nt, struct limits *lim)
{
	static const char *const put[] = { "kernel.put.104", "kernel.put.160", "kernel.put.216" };
	static const char *const xdp[] = { "kernel.xdp.tcp", "kernel.xdp.vxlan", "kernel.xdp.vxlangtp" };
	static const char *const tc[] = { "kernel.tc.tcp", "kernel.tc.vxlan", "kernel.tc.vxlangtp" };
	const int limit_fd[] = { bpf_program__fd(lim->progs.bench_put0), bpf_program__fd(lim->progs.bench_put1),
				 bpf_program__fd(lim->progs.bench_put2) };
	const int xdp_fd = bpf_program__fd(nt->progs.nt_xdp), tc_fd = bpf_program__fd(nt->progs.nt_tc_in);

	if (measure("kernel.empty", bpf_program__fd(lim->progs.bench_empty), FRAME_TCP))
		return -1;
	for (int k = 0; k < FRAME_MAX; k++)
		if (measure(put[k], limit_fd[k], k) || measure(xdp[k], xdp_fd, k) || measure(tc[k], tc_fd, k))
			return -1;
	if (flow_figures(nt, lim))
		return -1;
	return measure_stats("kernel.stats.put.160", limit_fd[1], FRAME_VXLAN) ||
	       measure_stats("kernel.stats.xdp.vxlan", xdp_fd, FRAME_VXLAN) ? -1 : 0;
}

static int check_lossless(const struct loader *l, const struct limits *lim)
{
	struct nt_counts c;
	uint64_t full;

	if (loader_counts(l, &c))
		return -1;
	full = c.overflow.events + c.ring_full.events;
	if (!full && !lim->bss->full && c.seen.events == c.recorded.events + c.flow.events)
		return 0;
	fprintf(stderr, "bench: %llu of ninetap's and %llu of the limit's records found the ring full\n",
		(unsigned long long)full, (unsigned long long)lim->bss->full);
	return -1;
}

int bench_kernel(void)
{
	struct limits *lim = limits__open_and_load();
	struct loader l;
	struct options o;
	int err = -1;

	pin(0);
	if (!lim || options_init(&o))
		return -1;
	o.ring_bytes = RING_BYTES;
	o.flow_entries = FLOW_ENTRIES;
	if (!loader_open(&l, &o, false, 0) && !ring_open(&ring, l.ring_fds[0], RING_BYTES) &&
	    !bell_open(&limit, bpf_map__fd(lim->maps.bench_ring))) {
		err = figures(l.skel, lim);
		err = err ? err : check_lossless(&l, lim);
	}
	ring_close(&ring);
	bell_close(&limit);
	loader_close(&l);
	limits__destroy(lim);
	options_free(&o);
	return err;
}
