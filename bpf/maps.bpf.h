/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * maps.bpf.h - every map of the kernel side and the read-only settings.
 *
 * Names are what bpftool shows (at most 15 characters); all maps have BTF.
 */
#ifndef NINETAP_MAPS_BPF_H
#define NINETAP_MAPS_BPF_H

#include "pkt.bpf.h"

const volatile struct nt_config nt_cfg = {
	.sample = 1,
	.vxlan_ports_n = 2,
	.vxlan_ports = { 4789, 8472 },
};

/* Written by a replay before each packet; unused otherwise. */
struct nt_replay nt_replay = {};

/* What a program needs for one packet and must not lose for the next. */
struct nt_cpu {
	struct nt_parse parse;
	__u64 seq;			/* packets owed a record so far */
	__u64 passed;			/* packets that passed the filter, for the sampler */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct nt_cpu);
} nt_cpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct nt_counts);
} nt_counts SEC(".maps");

/* The rings, one a CPU; made and sized by the loader. */
struct nt_ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);	/* any page size; the real ones are made by the loader */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);		/* possible CPUs, set by the loader */
	__type(key, __u32);
	__array(values, struct nt_ring);
} nt_rings SEC(".maps");

/* Who made these maps, for those who find them by id. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct nt_instance);
} nt_instance SEC(".maps");

/* What user space remembers of an interface; no program looks at it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct nt_iface);
} nt_ifaces SEC(".maps");

/* Filters: a prefix list, and a bitmap of ports, 64 a word. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, NT_CIDRS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);	/* a trie asks for it */
	__type(key, struct nt_cidr);
	__type(value, __u8);
} nt_cidrs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 65536 / 64);
	__type(key, __u32);
	__type(value, __u64);
} nt_ports SEC(".maps");

#endif
