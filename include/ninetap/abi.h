/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * abi.h - what the kernel side and the user side of ninetap share: the record
 * of one packet and the settings here; ring, ledger and flow table in the
 * headers that it includes.
 *
 * Included by bpf/ (after vmlinux.h) and by user/.
 * Every struct is free of implicit padding: the header is built with -Wpadded.
 * Integers are in host order unless their type says __be16/__be32; addresses
 * are bytes in network order, IPv4 in the first four, the other twelve zero.
 */
#ifndef NINETAP_ABI_H
#define NINETAP_ABI_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define NT_ABI_VERSION 3U		/* of everything in this file: pins of another are not touched */

#define NT_TUNNELS_MAX 2U		/* a third tunnel is not entered */
#define NT_LAYERS_MAX (NT_TUNNELS_MAX + 1U)
#define NT_VLANS_MAX 2U			/* the outer two tags are kept */
#define NT_VXLAN_PORTS_MAX 8U
#define NT_CIDRS_MAX 1024U
#define NT_PORTS_MAX 1024U

enum nt_dir { NT_DIR_INVALID, NT_DIR_IN, NT_DIR_OUT, NT_DIR_MAX };

enum nt_hook { NT_HOOK_INVALID, NT_HOOK_XDP, NT_HOOK_TC, NT_HOOK_MAX };

enum nt_frag { NT_FRAG_NONE, NT_FRAG_FIRST, NT_FRAG_LATER, NT_FRAG_MAX };

enum nt_tunnel {
	NT_TUNNEL_NONE,
	NT_TUNNEL_VXLAN,
	NT_TUNNEL_GENEVE,
	NT_TUNNEL_GRE,
	NT_TUNNEL_GTP,
	NT_TUNNEL_IPIP,
	NT_TUNNEL_ETHIP,
	NT_TUNNEL_MAX,
};

/* Which optional fields of a layer hold a value (struct nt_layer.has). */
enum nt_has {
	NT_HAS_PORTS = 1 << 0,		/* src_port, dst_port */
	NT_HAS_TCP = 1 << 1,		/* nt_record.tcp_flags, .tcp_window */
	NT_HAS_ICMP = 1 << 2,		/* nt_record.icmp_type, .icmp_code */
	NT_HAS_ID = 1 << 3,		/* id: the tunnel behind this layer has one */
};

/*
 * One IP packet: the innermost, or one of its carriers. `vlan` are the tags
 * directly in front of it, outermost first; `tunnel` and `id` (VNI, GRE key,
 * TEID) describe the tunnel that this packet carries, and are NT_TUNNEL_NONE
 * and 0 in the innermost.
 */
struct nt_layer {
	__u8 src[16];
	__u8 dst[16];
	__u32 ip_bytes;			/* total length field; IPv6: 40 + payload length */
	__u32 id;
	__u16 src_port;
	__u16 dst_port;
	__u16 vlan[NT_VLANS_MAX];	/* VIDs, 12 bits */
	__u8 version;			/* 4 or 6 */
	__u8 proto;			/* behind all extension headers and AH */
	__u8 ttl;			/* or hop limit */
	__u8 tos;			/* or traffic class, the whole byte */
	__u8 frag;			/* enum nt_frag */
	__u8 vlans;			/* valid entries of vlan[] */
	__u8 tunnel;			/* enum nt_tunnel */
	__u8 has;			/* enum nt_has */
};

/*
 * One packet as seen at one hook. In a ring it is cut behind the last layer
 * in use: NT_RECORD_SIZE(tunnels) bytes. layer[0] is the outermost packet,
 * layer[tunnels] the innermost.
 */
struct nt_record {
	__u64 ts_ns;			/* CLOCK_MONOTONIC; in a replay the capture's UTC */
	__u64 seq;			/* packets owed a record on this CPU, from 1 */
	__u32 ifindex;
	__u32 bytes;			/* on the wire, of all segments, without FCS */
	__u32 payload_bytes;		/* behind the innermost L4 header, all segments */
	__u32 packets;			/* segments that this one stands for, >= 1 */
	__u32 sample;			/* one of so many packets is recorded, >= 1 */
	__u16 cpu;
	__u16 tcp_flags;		/* low 9 bits of RFC 9293 section 3.1, NS included */
	__u16 tcp_window;
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 dir;			/* enum nt_dir */
	__u8 hook;			/* enum nt_hook */
	__u8 tunnels;			/* carriers in front of the innermost packet */
	__u8 reserved;			/* zero */
	struct nt_layer layer[NT_LAYERS_MAX];
};

#define NT_RECORD_SIZE(tunnels) \
	(sizeof(struct nt_record) - \
	 (NT_TUNNELS_MAX - (tunnels)) * sizeof(struct nt_layer))

/*
 * Settings, fixed before the programs are loaded (read-only data). `replay`
 * makes the programs take time, seq and wire length from struct nt_replay.
 */
struct nt_config {
	__u64 protos[4];		/* bitmap of IP protocols; used if filter_protos */
	__u64 ring_bytes;		/* of each ring, a power of two */
	__u64 ring_wake_bytes;		/* wake the reader when a ring comes to hold more */
	__u32 sample;			/* 1: every packet */
	__u32 vxlan_ports_n;
	__u16 vxlan_ports[NT_VXLAN_PORTS_MAX];
	__u8 filter_cidrs;		/* 0 or 1, as the next three */
	__u8 filter_ports;
	__u8 filter_protos;
	__u8 replay;
	__u8 weak_order;		/* 1: this CPU does not keep the order of stores */
	__u8 reserved[3];
};

/* What a replay sets before each packet (nt_replay, a writable global). */
struct nt_replay {
	__u64 ts_ns;
	__u64 seq;
	__u32 wire_bytes;		/* length of the frame on the wire */
	__u32 reserved;
};

/* Key of nt_cidrs, an LPM trie. IPv4 as ::ffff:0:0/96 (RFC 4291, 2.5.5.2). */
struct nt_cidr {
	__u32 prefix;			/* bits, 0 to 128 */
	__u8 addr[16];
};

/*
 * nt_instance: who made these maps, for those who find them by id or by pin.
 * epoch and netns are of the maps, the others of the process that holds them.
 */
struct nt_instance {
	__u64 epoch;			/* random, new with each set of maps, 1 to 2^53 - 1 */
	__u64 netns;			/* inode of the network namespace */
	__u64 netns_cookie;		/* SO_NETNS_COOKIE: unlike an inode never used again */
	__u64 start_ns;			/* CLOCK_BOOTTIME */
	__u32 abi;			/* NT_ABI_VERSION */
	__u32 pid;
	__u32 hold;			/* id of the map nt_hold, which is gone when the process is */
	__u32 reserved;			/* zero */
};

/* nt_ifaces, by ifindex: what a later process must know; written by user space alone. */
struct nt_iface {
	__u8 qdisc_made;		/* 1: the clsact qdisc is ours to delete */
	__u8 reserved[3];		/* zero */
};

#include "ninetap/abi_ring.h"
#include "ninetap/abi_ledger.h"
#include "ninetap/abi_flow.h"

#endif
