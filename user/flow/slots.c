// SPDX-License-Identifier: Apache-2.0
/*
 * slots.c - see slots.h. The layout of a slot is struct slot; of its first
 * word ("commit"), from the high end: "NTFL" (32 bits), NT_ABI_VERSION (8), why
 * it is due (8), which of the two parts is whole (8), open or due (8). A word of
 * zero is a free slot, whatever the rest holds.
 *
 * What a verb needs is stored first, where the present word does not look: in
 * a free slot, or in the other part. Then the word is stored, which makes it
 * so. A kill -9 between any two stores thus leaves the slot before or after it.
 * Who takes over comes after the kill, on the same machine: it sees all that
 * was stored, and the compiler's order is the one that must hold.
 */
#include "flow/slots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "flow/join.h"

#define SLOT_MAGIC 0x4e54464cULL	/* "NTFL" */
#define SLOT_OUT (UINT32_MAX - 1)	/* slot_time.next of what was taken */

enum slot_state { SLOT_FREE, SLOT_OPEN, SLOT_DUE };

struct slot_part {
	struct nt_flow counted;
	uint64_t merged;		/* generation whose set was added last */
};

struct slot {
	uint64_t commit;
	uint32_t cpu;
	uint32_t reserved;
	struct nt_flow_key key;
	struct slot_part part[2];
	uint64_t unused[8];
};

_Static_assert(sizeof(struct slot) == NT_FLOW_SLOT_BYTES, "a slot is what the kernel's map has room for");

static uint64_t word_of(enum slot_state state, unsigned int whole, enum flow_reason reason)
{
	return SLOT_MAGIC << 32 | (uint64_t)NT_ABI_VERSION << 24 | (uint64_t)reason << 16 | (uint64_t)whole << 8 | state;
}

static enum slot_state state_of(uint64_t word)
{
	return word & 0xff;
}

static unsigned int whole_of(uint64_t word)
{
	return word >> 8 & 0xff;
}

static enum flow_reason reason_of(uint64_t word)
{
	return word >> 16 & 0xff;
}

/* Of a slot whose piece is mapped: of those in use, each has it held. */
static struct slot *slot_of(const struct slots *s, uint32_t i)
{
	return (struct slot *)slot_map_at(&s->map, i);
}

static uint64_t load(const struct slot *slot)
{
	return __atomic_load_n(&slot->commit, __ATOMIC_ACQUIRE);
}

/* Stores before it stay before it, and the next verb's behind: those reuse what this word just gave up. */
static void commit(struct slot *slot, uint64_t word)
{
	__atomic_store_n(&slot->commit, word, __ATOMIC_RELEASE);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static const struct slot_part *whole(const struct slot *slot)
{
	return &slot->part[whole_of(load(slot))];
}

bool slots_is_open(const struct slots *s, uint32_t i)
{
	const struct slot *slot = slot_of(s, i);

	return slot && state_of(load(slot)) == SLOT_OPEN;
}

const struct nt_flow_key *slots_key(const struct slots *s, uint32_t i)
{
	return &slot_of(s, i)->key;
}

const struct nt_flow *slots_counted(const struct slots *s, uint32_t i)
{
	return &whole(slot_of(s, i))->counted;
}

uint64_t slots_merged(const struct slots *s, uint32_t i)
{
	return whole(slot_of(s, i))->merged;
}

void slots_read(const struct slots *s, uint32_t i, struct flow *out)
{
	const struct slot *slot = slot_of(s, i);

	out->key = slot->key;
	out->counted = whole(slot)->counted;
	out->cpu = slot->cpu;
	out->reason = reason_of(load(slot));
}

/* --- lists -------------------------------------------------------------------- */
static void push(struct slots *s, struct slot_list *list, uint32_t i)
{
	s->time[i].next = SLOT_NONE;
	if (list->head == SLOT_NONE)
		list->head = i;
	else
		s->time[list->tail].next = i;
	list->tail = i;
}

/* What was used last is used next: so the slots in use stay together, and few pieces are mapped. */
static void push_front(struct slots *s, struct slot_list *list, uint32_t i)
{
	s->time[i].next = list->head;
	if (list->head == SLOT_NONE)
		list->tail = i;
	list->head = i;
}

static uint32_t pop(struct slots *s, struct slot_list *list)
{
	uint32_t i = list->head;

	if (i != SLOT_NONE)
		list->head = s->time[i].next;
	return i;
}

/* One that was in use before, if there is: so few slots come to be known. */
static uint32_t pop_free(struct slots *s)
{
	uint32_t i = pop(s, &s->free);

	if (i == SLOT_NONE && s->known < s->n) {
		i = s->known++;
		s->time[i].due_ns = UINT64_MAX;
	}
	return i;
}

/* --- what others read ----------------------------------------------------------- */
static void count(__u64 *at, __u64 n)
{
	__atomic_store_n(at, *at + n, __ATOMIC_RELAXED);	/* one thread writes */
}

/* sign 1: held from now on; -1: no more. */
static void hold(struct slots *s, const struct slot *slot, const struct nt_tally *t, int sign)
{
	struct nt_tally *held = &s->cpu[slot->cpu].held[slot->key.head.mode == NT_MODE_PACKET];
	__u64 factor = (__u64)sign;

	count(&held->events, factor * t->events);
	count(&held->packets, factor * t->packets);
	count(&held->bytes, factor * t->bytes);
}

static void count_used(struct slots *s, int n)
{
	__atomic_store_n(&s->used, s->used + (uint32_t)n, __ATOMIC_RELAXED);
}

/* --- taking over ---------------------------------------------------------------- */
static bool valid(const struct slot *slot, uint32_t cpus)
{
	uint64_t word = load(slot);
	enum slot_state state = state_of(word);
	enum flow_reason reason = reason_of(word);

	if (word >> 24 != word_of(0, 0, 0) >> 24 || whole_of(word) > 1 || slot->cpu >= cpus)
		return false;
	if (slot->key.head.tunnels > NT_TUNNELS_MAX || slot->key.head.mode >= NT_MODE_MAX)
		return false;
	return state == SLOT_OPEN ? reason == FLOW_INVALID :
	       state == SLOT_DUE && reason > FLOW_INVALID && reason < FLOW_REASON_MAX;
}

static int adopt(struct slots *s, uint32_t i)
{
	struct slot *slot = slot_of(s, i);
	int err = slot_map_hold(&s->map, i);

	if (err)
		return err;
	hold(s, slot, &whole(slot)->counted.sum, 1);
	count_used(s, 1);
	s->time[i].window = slot->key.head.window;
	if (state_of(load(slot)) == SLOT_DUE)
		push(s, &s->cpu[slot->cpu].due, i);
	else
		slot_index_add(&s->index, slot_index_tag(&s->index, slot->cpu, &slot->key), i);
	return 0;
}

/* That slot, and free ones before it. */
static void know(struct slots *s, uint32_t i)
{
	for (; s->known <= i; s->known++) {
		s->time[s->known].due_ns = UINT64_MAX;
		if (s->known < i)
			push(s, &s->free, s->known);
	}
}

static int adopt_piece(struct slots *s, uint32_t first, uint32_t *bad)
{
	int err = 0;

	for (uint32_t i = first; !err && i < s->n && i - first < SLOT_PIECE; i++) {
		if (!load(slot_of(s, i)))
			continue;
		*bad = i;
		know(s, i);
		err = valid(slot_of(s, i), s->cpus) ? adopt(s, i) : -EPROTO;
	}
	return err;
}

static int adopt_all(struct slots *s, uint32_t *bad)
{
	int err = 0;

	for (uint32_t first = 0; !err && first < s->n; first += SLOT_PIECE) {
		err = slot_map_hold(&s->map, first);
		if (err)
			return err;
		err = adopt_piece(s, first, bad);
		slot_map_drop(&s->map, first);
	}
	return err;
}

int slots_open(struct slots *s, const struct slot_memory *memory, uint32_t cpus, uint32_t *bad)
{
	uint32_t n = memory->n;
	int err;

	*s = (struct slots){ .n = n, .cpus = cpus, .free = { SLOT_NONE, SLOT_NONE } };
	err = slot_index_open(&s->index, n);
	if (!err)
		err = slot_map_open(&s->map, memory);
	if (err)
		return err;
	s->time = calloc(n ? n : 1, sizeof(*s->time));
	s->cpu = calloc(cpus ? cpus : 1, sizeof(*s->cpu));
	if (!s->time || !s->cpu)
		return -ENOMEM;
	for (uint32_t cpu = 0; cpu < cpus; cpu++)
		s->cpu[cpu].due = (struct slot_list){ SLOT_NONE, SLOT_NONE };
	return adopt_all(s, bad);
}

void slots_close(struct slots *s)
{
	slot_index_close(&s->index);
	slot_map_close(&s->map);
	free(s->time);
	free(s->cpu);
	*s = (struct slots){ 0 };
}

/* --- verbs ----------------------------------------------------------------------- */
static bool is_of(const struct slot *slot, uint32_t cpu, const struct nt_flow_key *key)
{
	return slot->cpu == cpu && !memcmp(&slot->key, key, sizeof(*key));
}

uint32_t slots_find(const struct slots *s, uint32_t cpu, const struct nt_flow_key *key)
{
	uint32_t tag = slot_index_tag(&s->index, cpu, key), mask = s->index.mask;

	for (uint32_t i = tag & mask; s->index.at[i].slot; i = (i + 1) & mask) {
		uint32_t slot = s->index.at[i].slot - 1;

		if (s->index.at[i].tag == tag && is_of(slot_of(s, slot), cpu, key))
			return slot;
	}
	return SLOT_NONE;
}

uint32_t slots_add(struct slots *s, uint32_t cpu, const struct nt_flow_key *key, const struct nt_flow *part, uint64_t merged)
{
	uint32_t i = pop_free(s);
	struct slot *slot;

	if (i == SLOT_NONE)
		return i;
	if (slot_map_hold(&s->map, i)) {
		push_front(s, &s->free, i);
		return SLOT_NONE;
	}
	slot = slot_of(s, i);
	slot->cpu = cpu;
	slot->key = *key;
	slot->part[0] = (struct slot_part){ .counted = *part, .merged = merged };
	commit(slot, word_of(SLOT_OPEN, 0, FLOW_INVALID));
	slot_index_add(&s->index, slot_index_tag(&s->index, cpu, key), i);
	s->time[i].window = key->head.window;
	hold(s, slot, &part->sum, 1);
	count_used(s, 1);
	return i;
}

void slots_join(struct slots *s, uint32_t i, const struct nt_flow *part, uint64_t merged)
{
	struct slot *slot = slot_of(s, i);
	unsigned int other = !whole_of(load(slot));

	slot->part[other].counted = slot->part[!other].counted;
	flow_join(&slot->part[other].counted, part);
	slot->part[other].merged = merged;
	commit(slot, word_of(SLOT_OPEN, other, FLOW_INVALID));
	hold(s, slot, &part->sum, 1);
}

void slots_freeze(struct slots *s, uint32_t i, enum flow_reason reason)
{
	struct slot *slot = slot_of(s, i);

	commit(slot, word_of(SLOT_DUE, whole_of(load(slot)), reason));
	slot_index_remove(&s->index, slot_index_tag(&s->index, slot->cpu, &slot->key), i);
	s->time[i].due_ns = UINT64_MAX;
	push(s, &s->cpu[slot->cpu].due, i);
}

uint32_t slots_take(struct slots *s, uint32_t cpu)
{
	uint32_t i = pop(s, &s->cpu[cpu].due);

	if (i != SLOT_NONE)
		s->time[i].next = SLOT_OUT;
	return i;
}

static bool taken(const struct slots *s, uint32_t i)
{
	return i < s->n && s->time[i].next == SLOT_OUT;
}

void slots_put_back(struct slots *s, uint32_t i)
{
	if (taken(s, i))
		push(s, &s->cpu[slot_of(s, i)->cpu].due, i);
}

void slots_free(struct slots *s, uint32_t i)
{
	struct slot *slot;

	if (!taken(s, i))
		return;
	slot = slot_of(s, i);
	hold(s, slot, &whole(slot)->counted.sum, -1);
	commit(slot, 0);
	slot_map_drop(&s->map, i);
	count_used(s, -1);
	push_front(s, &s->free, i);
}
