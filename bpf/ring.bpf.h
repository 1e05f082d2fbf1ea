/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ring.bpf.h - a record into the ring of this CPU, in place (abi_ring.h).
 *
 * Nothing is reserved or locked: a ring has one writer, the programs of its
 * CPU, and they do not run inside one another (count.bpf.h). A wake-up costs
 * more than a hundred packets: the reader is woken once when the ring fills
 * past nt_cfg.ring_wake_bytes, and by a timer of its own otherwise.
 */
#ifndef NINETAP_RING_BPF_H
#define NINETAP_RING_BPF_H

#include "maps.bpf.h"

enum ring_put {
	RING_PUT,
	RING_FULL,
	RING_NONE,
};

/* All of a record are whole words; it ends behind its last layer in use. */
static INLINE void ring_copy(__u64 *to, const struct nt_record *r)
{
	const __u64 *from = (const __u64 *)r;
	const int head = NT_RECORD_SIZE(0) / 8, layer = sizeof(struct nt_layer) / 8;

	_Static_assert(sizeof(struct nt_record) % 8 == 0 && sizeof(struct nt_layer) % 8 == 0, "whole words");
	_Static_assert(sizeof(struct nt_record) <= NT_SLACK_BYTES, "a record fits into the slack");
	for (int i = 0; i < head; i++)
		to[i] = from[i];
	if (r->tunnels >= 1)
		for (int i = head; i < head + layer; i++)
			to[i] = from[i];
	if (r->tunnels >= 2)
		for (int i = head + layer; i < head + 2 * layer; i++)
			to[i] = from[i];
}

/* The record's bytes before the position behind them. BPF has no release store before 6.15; an exchange is one. */
static INLINE void ring_publish(struct nt_ring_chunk *first, __u64 end)
{
	barrier();
	if (nt_cfg.weak_order)
		__sync_lock_test_and_set(&first->producer, end);
	else
		*(volatile __u64 *)&first->producer = end;
}

/* Which bytes are rung does not matter; one that does not fit was preceded by some that did. */
static INLINE void ring_wake(__u64 used, __u64 size)
{
	if (used <= nt_cfg.ring_wake_bytes && used + size > nt_cfg.ring_wake_bytes)
		bpf_ringbuf_output(&nt_bell, &size, sizeof(size), BPF_RB_FORCE_WAKEUP);
}

/* The mask and the pin are for the verifier (view_bytes). */
static INLINE __u64 *ring_at(struct nt_ring_chunk *chunk, __u64 pos)
{
	__u8 *at;

	asm volatile("%0 &= 0xffff" : "+r"(pos));
	at = chunk->data + pos;
	asm volatile("" : "+r"(at));
	return (__u64 *)at;
}

static INLINE enum ring_put ring_put(const struct nt_record *r)
{
	__u32 zero = 0, cpu = r->cpu, i;
	__u64 pos, used, size = NT_RECORD_SIZE(0) + r->tunnels * sizeof(struct nt_layer);
	void *ring = bpf_map_lookup_elem(&nt_rings, &cpu);
	struct nt_ring_chunk *first, *chunk;

	if (!ring)
		return RING_NONE;
	first = bpf_map_lookup_elem(ring, &zero);
	if (!first)
		return RING_NONE;
	pos = first->producer;
	used = pos - *(volatile __u64 *)&first->consumer;
	if (used + size > nt_cfg.ring_bytes)
		return RING_FULL;
	i = (pos & (nt_cfg.ring_bytes - 1)) / NT_CHUNK_BYTES;
	chunk = bpf_map_lookup_elem(ring, &i);
	if (!chunk)
		return RING_NONE;
	ring_copy(ring_at(chunk, pos), r);
	ring_publish(first, pos + size);
	ring_wake(used, size);
	return RING_PUT;
}

#endif
