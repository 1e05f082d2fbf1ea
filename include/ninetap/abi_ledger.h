/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * abi_ledger.h - what became of every packet: counted by the programs in the
 * kernel, and from the ring on by user space. Part of abi.h.
 */
#ifndef NINETAP_ABI_LEDGER_H
#define NINETAP_ABI_LEDGER_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

/* What is counted of packets, everywhere. */
struct nt_tally {
	__u64 events;			/* what the kernel handled: a packet, or many merged into one */
	__u64 packets;			/* on the wire */
	__u64 bytes;			/* on the wire, as in struct nt_record */
};

/*
 * The ledger of a CPU. A packet is counted once as seen and once as one of
 * the fates that follow, so that seen = recorded + flow + ... + no_ring.
 * Notes are made about packets of any fate and are no part of that sum. The
 * texts are the manual page's.
 */
#define NT_FATES(X) \
	X(SEEN, seen, "packets that came to a hook") \
	X(RECORDED, recorded, "records put into a ring") \
	X(FLOW, flow, "counted in the flow table, as the interface's mode wants") \
	X(OVERFLOW, overflow, "counted in the flow table, since the ring of its CPU was full") \
	X(FILTERED, filtered, "matches none of the filters") \
	X(SAMPLED_OUT, sampled_out, "passed the filters, but is not the one in N") \
	X(NON_IP, non_ip, "holds no IP packet, but ARP, LLDP, STP or the like") \
	X(TRUNCATED, truncated, "ends before its outer IP header does") \
	X(MALFORMED, malformed, "outer IP header of a wrong version or length") \
	X(RING_FULL, ring_full, "lost: owed a record, but the ring and then the flow table were full") \
	X(FLOWS_FULL, flows_full, "lost: to be counted in the flow table, but that was full") \
	X(NO_RING, no_ring, "lost: its CPU has neither ring nor flow table")
#define NT_NOTES(X) \
	X(CUT, cut, "a header behind IP was cut short") \
	X(TOO_DEEP, too_deep, "more headers than are read: the record says what was") \
	X(TUNNEL_NO_IP, tunnel_no_ip, "a tunnel without a readable IP packet inside: the carrier is the record") \
	X(VXLAN_FLAGS, vxlan_flags, "UDP to a port of VXLAN, but no valid VNI flag: left as UDP") \
	X(TUNNEL_HEADER, tunnel_header, "another tunnel header that failed its check: not entered")

#define NT_COUNT_ENUM(id, name, text) NT_COUNT_##id,
enum nt_count {
	NT_FATES(NT_COUNT_ENUM)
	NT_COUNT_FATES_END,
	NT_COUNT_FATES_LAST = NT_COUNT_FATES_END - 1,	/* so that the notes go on from there */
	NT_NOTES(NT_COUNT_ENUM)
	NT_COUNT_MAX,
};
#define NT_COUNT_NOTES (NT_COUNT_MAX - NT_COUNT_FATES_END)

/*
 * nt_counts. `ended` and `begun` count packets at the end and at the beginning
 * of a program's work: a copy, which is made from the first member to the
 * last, is of one moment if they are equal in it. Members by name are for
 * bpftool; from `seen` on an array by enum nt_count, then one of the notes.
 */
#define NT_FATE_MEMBER(id, name, text) struct nt_tally name;
#define NT_NOTE_MEMBER(id, name, text) __u64 name;
struct nt_counts {
	__u64 ended;
	__u64 seq;			/* of the last packet that was owed a record */
	NT_FATES(NT_FATE_MEMBER)
	NT_NOTES(NT_NOTE_MEMBER)
	__u64 begun;
};

/*
 * nt_outcomes, by CPU: what user space did with the records of the ring. Two
 * copies, so that one is whole wherever a kill -9 struck: copy[current] is.
 * Written by the process that holds the instance alone.
 */
#define NT_LOSSES(X) \
	X(ENCODE, encode, "damaged, or memory was missing to write it") \
	X(WRITE, write, "the output could not be written") \
	X(REFUSED, refused, "the broker refused it for good, such as one that is too large") \
	X(CLOSED, closed, "the sink was closed before it was safe, and there was no spool") \
	X(OFF, off, "there is no output for such records")
#define NT_LOSS_ENUM(id, name, text) NT_LOSS_##id,
enum nt_loss { NT_LOSSES(NT_LOSS_ENUM) NT_LOSS_MAX };

struct nt_outcome {
	__u64 ring_pos;			/* consumer position behind the last batch that is safe or lost */
	__u64 next_seq;			/* of the first record behind it, or what is expected there */
	struct nt_tally safe;		/* written, acknowledged, or in the spool */
	struct nt_tally lost[NT_LOSS_MAX];
	__u64 unread;			/* records behind --count */
	__u64 missing;			/* numbers without a record in the ring */
};

struct nt_outcomes {
	__u64 current;			/* 0 or 1 */
	struct nt_outcome copy[2];
	struct nt_tally flows_gone;	/* in flow records that are safe, or lost behind the tables */
};

#endif
