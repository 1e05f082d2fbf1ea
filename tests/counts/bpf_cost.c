// SPDX-License-Identifier: Apache-2.0
/*
 * bpf_cost.c - the BPF instructions that a packet executes, and the helpers
 * that it calls, on the commonest ways through the programs: counted here
 * (vm.h), of the programs as the kernel has loaded them. There is a figure only
 * if the record that came of it is the one that the kernel makes of the frame.
 *
 * A helper's own instructions are the kernel's, and not counted; nor what the
 * kernel puts in the place of map lookups.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "attach/loader.h"
#include "base/options.h"
#include "bpf/packet.h"
#include "collect/ring.h"
#include "counts/vm.h"
#include "ninetap.skel.h"

#define LO 1U				/* where BPF_PROG_TEST_RUN's packets come from */
#define TIMES 3				/* the last one counts: what is done once is behind it */

struct way {
	const char *name, *program, *spec;
	__u16 mode;			/* of the interface */
	uint8_t tunnels;
};

#define TCP "eth ip4 tcp pay,n=64"
#define TCP6 "eth ip6 tcp pay,n=64"
#define VXLAN "eth ip4 udp vxlan eth ip4 tcp pay,n=64"
#define VXLAN_GTP "eth ip4 udp vxlan eth ip4 udp gtp ip4 tcp pay,n=64"

static const struct way ways[] = {
	{ "TCP", "nt_xdp", TCP, NT_MODE_PACKET, 0 },
	{ "TCP over IPv6", "nt_xdp", TCP6, NT_MODE_PACKET, 0 },
	{ "TCP in VXLAN", "nt_xdp", VXLAN, NT_MODE_PACKET, 1 },
	{ "TCP in GTP-U in VXLAN", "nt_xdp", VXLAN_GTP, NT_MODE_PACKET, 2 },
	{ "TCP", "nt_tc_in", TCP, NT_MODE_PACKET, 0 },
	{ "TCP in VXLAN", "nt_tc_in", VXLAN, NT_MODE_PACKET, 1 },
	{ "TCP in VXLAN", "nt_tc_out", VXLAN, NT_MODE_PACKET, 1 },
	{ "TCP, flow table", "nt_xdp", TCP, NT_MODE_FLOW, 0 },
	{ "TCP in VXLAN, flow table", "nt_xdp", VXLAN, NT_MODE_FLOW, 1 },
	{ "TCP in GTP-U in VXLAN, flow table", "nt_xdp", VXLAN_GTP, NT_MODE_FLOW, 2 },
};

/* --- a context, as programs are compiled for it: addresses are of 32 bits ----- */
static uint8_t *low_memory;

static uint32_t place(const struct packet *pk)
{
	if (!low_memory)
		low_memory = mmap(NULL, PACKET_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (low_memory == MAP_FAILED)
		abort();
	memcpy(low_memory, pk->bytes, pk->n);
	return (uint32_t)(uintptr_t)low_memory;
}

static uint64_t run(struct vm *vm, const struct packet *pk, bool xdp)
{
	uint32_t at = place(pk), end = at + pk->n;
	const struct xdp_md frame = { .data = at, .data_end = end, .data_meta = at, .ingress_ifindex = LO };
	const struct __sk_buff skb = { .len = pk->n, .data = at, .data_end = end, .data_meta = at, .ifindex = LO };

	vm->frame = low_memory;
	vm->frame_bytes = pk->n;
	vm->executed = vm->calls = 0;
	return vm_run(vm, xdp ? (const void *)&frame : (const void *)&skb);
}

/* --- what came of it ---------------------------------------------------------- */
/* All but time and place. */
static int same_record(const struct nt_record *a, const struct nt_record *b)
{
	struct nt_record x = {0}, y = {0};

	memcpy(&x, a, NT_RECORD_SIZE(a->tunnels));
	memcpy(&y, b, NT_RECORD_SIZE(b->tunnels));
	x.ts_ns = x.seq = x.ifindex = x.cpu = 0;
	y.ts_ns = y.seq = y.ifindex = y.cpu = 0;
	return !memcmp(&x, &y, sizeof(x));
}

/* The kernel's record of the frame; valid until the next call. */
static const struct nt_record *record_of_kernel(struct ring *ring, int prog, const struct packet *pk)
{
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = pk->bytes, .data_size_in = pk->n, .repeat = 1);
	uint32_t bytes;

	ring_release(ring, ring->read_pos);
	return bpf_prog_test_run_opts(prog, &o) ? NULL : ring_next(ring, &bytes);
}

static int check_record(struct vm *vm, const struct loader *l, struct ring *ring, int prog, const struct packet *pk,
			const struct way *w)
{
	const uint32_t zero = 0, size = NT_RECORD_SIZE(w->tunnels);
	const struct nt_ring_chunk *chunk = vm_look_up(vm, l->ring_fds[0], &zero);
	const struct nt_record *kernels = record_of_kernel(ring, prog, pk);

	if (!chunk || !kernels || chunk->producer != TIMES * size || kernels->tunnels != w->tunnels)
		return -1;
	return same_record((const struct nt_record *)(chunk->data + (TIMES - 1) * size), kernels) ? 0 : -1;
}

static int check_flow(struct vm *vm, const struct loader *l)
{
	const uint32_t zero = 0;
	const struct nt_counts *c = vm_look_up(vm, l->counts_fd, &zero);

	return c && c->flow.events == TIMES && c->seen.events == TIMES ? 0 : -1;
}

/* 0, or not: then vm->error may say why. */
static int go(struct vm *vm, const struct loader *l, struct ring *ring, const struct bpf_program *prog, const struct way *w)
{
	const uint32_t lo = LO;
	bool xdp = bpf_program__type(prog) == BPF_PROG_TYPE_XDP;
	struct nt_iface_mode *mode = vm_look_up(vm, l->modes_fd, &lo);
	struct packet pk;

	if (!mode || packet_build(w->spec, &pk))
		return -1;
	*mode = (struct nt_iface_mode){ w->mode, 1 };
	for (int i = 0; i < TIMES; i++)
		if (run(vm, &pk, xdp) != (xdp ? XDP_PASS : (uint32_t)-1) || vm->error[0])
			return -1;
	return w->mode == NT_MODE_FLOW ? check_flow(vm, l) : check_record(vm, l, ring, bpf_program__fd(prog), &pk, w);
}

static int count(const struct loader *l, struct ring *ring, const struct way *w)
{
	const struct bpf_program *prog = bpf_object__find_program_by_name(l->skel->obj, w->program);
	struct vm vm = { .insns = bpf_program__insns(prog), .insns_n = bpf_program__insn_cnt(prog) };
	int err = go(&vm, l, ring, prog, w);

	if (err)
		fprintf(stderr, "bpf_cost: %s, %s: %s\n", w->program, w->name,
			vm.error[0] ? vm.error : "not what the kernel makes of it");
	else
		printf("# executed %s, %s: %llu instructions, %llu calls\n", w->program, w->name,
		       (unsigned long long)vm.executed, (unsigned long long)vm.calls);
	vm_free(&vm);
	return err;
}

static void pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

int main(void)
{
	struct ring ring = {0};
	struct options o;
	struct loader l;
	int err;

	pin();
	if (options_init(&o))
		return 1;
	err = loader_open(&l, &o, false, 0);
	if (!err)
		err = ring_open(&ring, l.ring_fds[0], l.ring_bytes);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]) && !err; i++)
		err = count(&l, &ring, &ways[i]);
	ring_close(&ring);
	loader_close(&l);
	options_free(&o);
	return err ? 1 : 0;
}
