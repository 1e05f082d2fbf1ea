/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * abi_ring.h - the ring of one CPU: a part of abi.h, which includes it.
 *
 * A ring is an array map in chunks, mapped by user space. Records lie in it
 * one behind the other, in a chunk of their own as a whole: one that begins in
 * a chunk may reach into its slack, and the next begins in the next chunk as
 * far behind its start. So position p is byte p % NT_CHUNK_BYTES of chunk
 * p / NT_CHUNK_BYTES, taken modulo the number of chunks, which is a power of
 * two. Positions only grow.
 *
 * The programs of its CPU alone write `producer`, once a record is whole, and
 * user space alone writes `consumer`. A kernel ring buffer would reserve,
 * lock and commit each record: more than twice the cost (docs/performance.md).
 */
#ifndef NINETAP_ABI_RING_H
#define NINETAP_ABI_RING_H

#define NT_CHUNK_BYTES 65536U
#define NT_SLACK_BYTES 256U		/* at least the longest record */

struct nt_ring_chunk {
	__u8 data[NT_CHUNK_BYTES + NT_SLACK_BYTES];
	__u64 producer;			/* of the whole ring, in chunk 0; nothing in the others */
	__u64 reserved[7];		/* each on a cache line of its own */
	__u64 consumer;			/* likewise */
	__u64 reserved2[7];
};

#endif
