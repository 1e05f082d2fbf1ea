/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * abi_flow.h - flows: the modes of interfaces, and the keys and entries of the
 * flow tables. Part of abi.h.
 */
#ifndef NINETAP_ABI_FLOW_H
#define NINETAP_ABI_FLOW_H

#include "ninetap/abi.h"

/* How the packets of an interface are put down. */
enum nt_mode {
	NT_MODE_PACKET,			/* a record each; in a flow: its ring was full */
	NT_MODE_FLOW,			/* counted in the flow table */
	NT_MODE_SAMPLED,		/* one in so many is, the others are sampled out */
	NT_MODE_MAX,
};

/* nt_modes, by ifindex; written by user space alone. Past its end struct nt_control holds. */
struct nt_iface_mode {
	__u32 mode;			/* enum nt_mode */
	__u32 sample;			/* NT_MODE_SAMPLED: one in so many, >= 1 */
};

/*
 * nt_control, what user space changes while the programs run. The parity of
 * `generation` is the set of flow tables in use: it is counted up, running
 * programs are waited for, and then nobody writes to the other set.
 */
struct nt_control {
	__u64 generation;		/* from 1 */
	__s64 utc_offset_ns;		/* UTC - CLOCK_MONOTONIC; 0 in a replay */
	struct nt_iface_mode mode;	/* of interfaces that nt_modes has no room for */
};

/*
 * The key of a flow: the whole tuple of each layer, and where it was seen.
 * No flow crosses a window, so that sums over windows are exact. `mode` and
 * `sample` are those that the packets were counted under.
 */
#define NT_WINDOW_NS 300000000000ULL	/* five minutes */

struct nt_flow_head {
	__u32 ifindex;
	__u32 window;			/* UTC / NT_WINDOW_NS */
	__u32 sample;
	__u8 dir;			/* enum nt_dir */
	__u8 hook;			/* enum nt_hook */
	__u8 tunnels;
	__u8 mode;			/* enum nt_mode */
};

/* A layer with everything of struct nt_layer that tells flows apart. */
struct nt_flow_layer {
	__u8 src[16];
	__u8 dst[16];
	__u32 id;
	__u16 src_port;
	__u16 dst_port;
	__u16 vlan[NT_VLANS_MAX];
	__u8 version;
	__u8 proto;
	__u8 tunnel;
	__u8 vlans_has;			/* vlans in the low 4 bits, has & ~NT_HAS_ICMP in the high 4 */
};

/* The same of IPv4: addresses as they are in the first four bytes. */
struct nt_flow_layer4 {
	__u8 src[4];
	__u8 dst[4];
	__u32 id;
	__u16 src_port;
	__u16 dst_port;
	__u16 vlan[NT_VLANS_MAX];
	__u8 proto;
	__u8 tunnel;
	__u8 vlans_has;
	__u8 reserved;			/* zero */
};

/* Long keys say everything; short ones, for IPv4 under at most one tunnel of IPv4, cost half. */
struct nt_flow_key {
	struct nt_flow_head head;
	struct nt_flow_layer layer[NT_LAYERS_MAX];
};
struct nt_flow_key4 {
	struct nt_flow_head head;
	struct nt_flow_layer4 layer[2];
};

/*
 * What is counted of a flow on one CPU. An event of n packets counts as n
 * packets of bytes / n, the remainder a byte each on the first ones, with
 * n - 1 inter-packet times of 0. A window bounds the sums: none overflows.
 */
struct nt_flow {
	__u64 first_ns;			/* as nt_record.ts_ns */
	__u64 last_ns;
	__u64 generation;		/* struct nt_control, when the entry was made */
	__u64 entry;			/* number of the entry in that generation on this CPU, from 1 */
	struct nt_tally sum;
	__u64 payload_bytes;
	__u64 bytes_sumsq;
	__u64 win_sum;			/* win_*: of packets with a TCP header; all of a flow have one, or none */
	__u64 win_sumsq;
	__u64 iat_us_sum;		/* iat_us_*: over packets - 1 times between packets, each in whole us */
	__u64 iat_us_sumsq;
	__u32 bytes_min;
	__u32 bytes_max;
	__u32 iat_us_min;		/* valid where sum.packets > 1 */
	__u32 iat_us_max;
	__u16 win_min;
	__u16 win_max;
	__u16 tcp_flags;		/* OR over all */
	__u16 reserved;			/* zero */
};

/*
 * nt_flow_slots: flows that user space has taken out of the tables and not
 * yet seen safe. The layout of a slot is user/flow/'s; this is its size.
 */
#define NT_FLOW_SLOT_BYTES 512U
struct nt_flow_slot {
	__u64 words[NT_FLOW_SLOT_BYTES / 8];
};

#endif
