/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slots.h - the slots of nt_flow_slots, and what this process knows of them.
 *
 * A slot is free, open (parts are added to it) or due (frozen until it is
 * free). Each verb is one store of the slot's word `commit`, so that a process
 * that takes over after a kill -9 sees it done or not begun (slots.c). Only
 * those that are in use are looked at, and mapped (slot_map.h), once it is open.
 * Private memory: 16 bytes a slot, 12 to 24 for the index of the open ones.
 */
#ifndef NINETAP_FLOW_SLOTS_H
#define NINETAP_FLOW_SLOTS_H

#include <stdbool.h>
#include <stdint.h>
#include "flow/slot_map.h"
#include "ninetap/abi.h"
#include "tag/tag.h"

#define SLOT_NONE UINT32_MAX

/* Of each slot, dense, since every one that is known is looked at each second. */
struct slot_time {
	uint64_t due_ns;		/* set by the caller of slots_add and slots_join; UINT64_MAX unless open */
	uint32_t window;		/* of its key */
	uint32_t next;			/* in the list that it is in, free or due */
};

struct slot_list {
	uint32_t head, tail;
};

struct slot_cpu {
	struct slot_list due;		/* frozen, and not handed out */
	struct nt_tally held[2];	/* in mode flow or sampled, and packet; read by others */
};

struct slot_index {
	struct slot_place *at;
	uint32_t mask;
	uint64_t seed;			/* so that nobody can choose tuples that collide */
};

struct slots {
	struct slot_map map;		/* what it maps is shared */
	uint32_t n, cpus;
	uint32_t known;			/* those from here on are free, in no list, and nothing was stored about them */
	uint32_t used;			/* read by others */
	struct slot_time *time;		/* n, owned, as the rest */
	struct slot_cpu *cpu;
	struct slot_list free;
	struct slot_index index;
};

/*
 * Takes over what is there: frozen ones are listed as due, of the open ones
 * the caller sets the times. -EPROTO, and *bad says where: memory that is not
 * of this layout. -ENOMEM, or another -errno. slots_close() either way.
 */
int slots_open(struct slots *s, const struct slot_memory *memory, uint32_t cpus, uint32_t *bad)
	__attribute__((warn_unused_result));
void slots_close(struct slots *s);

/* Of any slot. */
bool slots_is_open(const struct slots *s, uint32_t i);

/* Of those that are not free. */
const struct nt_flow_key *slots_key(const struct slots *s, uint32_t i);
const struct nt_flow *slots_counted(const struct slots *s, uint32_t i);

/* Set of tables that was added to it last. */
uint64_t slots_merged(const struct slots *s, uint32_t i);

/* The open slot of that key, or SLOT_NONE. */
uint32_t slots_find(const struct slots *s, uint32_t cpu, const struct nt_flow_key *key);

/* A free slot becomes an open one with this as its first part. SLOT_NONE: none is free, or none can be mapped now. */
uint32_t slots_add(struct slots *s, uint32_t cpu, const struct nt_flow_key *key, const struct nt_flow *part, uint64_t merged);
void slots_join(struct slots *s, uint32_t i, const struct nt_flow *part, uint64_t merged);

/* From open to due, at the end of its CPU's list. */
void slots_freeze(struct slots *s, uint32_t i, enum flow_reason reason);

/* The first of that list, taken off it; SLOT_NONE. It comes back, or is freed; anything else changes nothing. */
uint32_t slots_take(struct slots *s, uint32_t cpu);
void slots_put_back(struct slots *s, uint32_t i);
void slots_free(struct slots *s, uint32_t i);

void slots_read(const struct slots *s, uint32_t i, struct flow *out);

/* The index, of slots.c alone (slot_index.c). */
struct slot_place {
	uint32_t slot;			/* + 1; 0: nothing here */
	uint32_t tag;			/* of its hash */
};
int slot_index_open(struct slot_index *x, uint32_t slots_n) __attribute__((warn_unused_result));
void slot_index_close(struct slot_index *x);
uint32_t slot_index_tag(const struct slot_index *x, uint32_t cpu, const struct nt_flow_key *key);
void slot_index_add(struct slot_index *x, uint32_t tag, uint32_t slot);
void slot_index_remove(struct slot_index *x, uint32_t tag, uint32_t slot);

#endif
