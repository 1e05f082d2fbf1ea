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
	__u64 passed;			/* packets that passed the filter, for the sampler */
	__u64 sampled;			/* the same on interfaces in NT_MODE_SAMPLED */
	__u64 window_begin;		/* UTC; of the window of the last flow packet */
	__u64 window;			/* its number */
	__u64 generation;		/* that of `entries` */
	__u64 entries;			/* made in the flow tables in that generation */
	struct nt_flow flow;		/* a new entry, and the key: too large for the stack */
	union {
		struct nt_flow_key key;
		struct nt_flow_key4 key4;
	};
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

/*
 * The rings, one a CPU, made by the loader; it also puts a template of their
 * size in the place of this one: only then are lookups in them compiled into
 * the programs instead of called.
 */
struct nt_ring {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct nt_ring_chunk));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);		/* possible CPUs, set by the loader */
	__type(key, __u32);
	__array(values, struct nt_ring);
} nt_rings SEC(".maps");

/* Wakes the reader of the rings; what is in it says nothing. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);	/* any page size */
} nt_bell SEC(".maps");

/* What user space changes while the programs run. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct nt_control);
} nt_control SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct nt_iface_mode);
} nt_modes SEC(".maps");

/*
 * The flow tables, at [cpu * 2 + (generation & 1)]; made and sized by the
 * loader, with BTF: a kernel before 6.3 asks for that where the template has
 * it. Each is written by the programs of its CPU alone, and not at all while
 * it is not of the generation.
 */
struct nt_table4 {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);		/* as of rings */
	__type(key, struct nt_flow_key4);
	__type(value, struct nt_flow);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);		/* twice the possible CPUs, set by the loader */
	__type(key, __u32);
	__array(values, struct nt_table4);
} nt_flows_short SEC(".maps");

struct nt_table {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct nt_flow_key);
	__type(value, struct nt_flow);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct nt_table);
} nt_flows_long SEC(".maps");

/* What became of records and flows behind the kernel; no program looks at these two. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);		/* possible CPUs, set by the loader */
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct nt_outcomes);
} nt_outcomes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);		/* set by the loader */
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct nt_flow_slot);
} nt_flow_slots SEC(".maps");

/* Who made these maps, for those who find them by id or by pin. */
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
