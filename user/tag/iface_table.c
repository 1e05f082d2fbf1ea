/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iface_table.c - ifindex to name and plane, read without locks.
 *
 * The writer keeps a list of its own; publish() turns it into an immutable
 * hash table and swaps one pointer. An old table is freed once each reader
 * has said, since the swap, that it holds nothing (quiescent states).
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <net/if.h>
#include "tag/iface_table.h"

struct entry {
	uint64_t gone_ns;		/* CLOCK_MONOTONIC; 0: it is there */
	uint32_t ifindex;		/* 0: an empty slot */
	enum plane plane;
	char name[IFNAMSIZ];
};

struct snapshot {
	struct snapshot *next;		/* in the list of the retired */
	uint64_t version;		/* of the table that took its place */
	uint32_t mask;			/* slots - 1; at least half of them are empty */
	struct entry slot[];
};

struct iface_table {
	_Atomic(struct snapshot *) now;
	_Atomic uint64_t version;	/* of now */
	struct entry *list;		/* the writer's */
	size_t n, cap;
	bool changed;
	struct snapshot *retired;
	struct iface_reader *readers;
};

/* A cache line of its own: its thread writes it with every turn. */
struct iface_reader {
	_Atomic uint64_t seen;		/* version */
	struct iface_table *table;
	struct iface_reader *next;	/* the writer's */
	char unknown[24];		/* the name of what is not in the table */
} __attribute__((aligned(64)));

static uint32_t slot_of(uint32_t ifindex, uint32_t mask)
{
	return ((ifindex * 2654435769U) >> 7) & mask;
}

static struct snapshot *snapshot_make(const struct entry *list, size_t n)
{
	uint32_t slots = 8;
	struct snapshot *s;

	while (slots < 2 * n)
		slots *= 2;
	s = calloc(1, sizeof(*s) + slots * sizeof(s->slot[0]));
	if (!s)
		return NULL;
	s->mask = slots - 1;
	for (size_t i = 0; i < n; i++) {
		uint32_t at = slot_of(list[i].ifindex, s->mask);

		while (s->slot[at].ifindex)
			at = (at + 1) & s->mask;
		s->slot[at] = list[i];
	}
	return s;
}

int iface_table_open(struct iface_table **out)
{
	struct iface_table *t = calloc(1, sizeof(*t));
	struct snapshot *s = snapshot_make(NULL, 0);

	*out = NULL;
	if (!t || !s) {
		free(t);
		free(s);
		return -ENOMEM;
	}
	atomic_init(&t->now, s);
	*out = t;
	return 0;
}

static void free_retired(struct iface_table *t, uint64_t passed)
{
	struct snapshot **at = &t->retired;

	while (*at) {
		struct snapshot *s = *at;

		if (s->version > passed) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		free(s);
	}
}

void iface_table_close(struct iface_table *t)
{
	if (!t)
		return;
	free_retired(t, UINT64_MAX);
	free(atomic_load(&t->now));
	free(t->list);
	free(t);
}

static struct entry *entry_of(struct iface_table *t, uint32_t ifindex)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->list[i].ifindex == ifindex)
			return &t->list[i];
	}
	return NULL;
}

static struct entry *entry_new(struct iface_table *t, uint32_t ifindex)
{
	if (t->n == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 16;
		struct entry *list = reallocarray(t->list, cap, sizeof(*list));

		if (!list)
			return NULL;
		t->list = list;
		t->cap = cap;
	}
	t->list[t->n] = (struct entry) { .ifindex = ifindex };
	return &t->list[t->n++];
}

int iface_table_set(struct iface_table *t, uint32_t ifindex, const char *name, enum plane plane)
{
	struct entry *e = entry_of(t, ifindex);

	if (!e)
		e = entry_new(t, ifindex);
	if (!e)
		return -ENOMEM;
	snprintf(e->name, sizeof(e->name), "%s", name);
	e->plane = plane;
	e->gone_ns = 0;
	t->changed = true;
	return 0;
}

void iface_table_gone(struct iface_table *t, uint32_t ifindex, uint64_t now_ns)
{
	struct entry *e = entry_of(t, ifindex);

	if (e)
		e->gone_ns = now_ns ? now_ns : 1;
}

static void forget_old(struct iface_table *t, uint64_t now_ns)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct entry *e = &t->list[i];

		if (e->gone_ns && now_ns - e->gone_ns >= IFACE_TABLE_KEEP_NS)
			continue;
		t->list[kept++] = *e;
	}
	t->changed |= kept != t->n;
	t->n = kept;
}

/* The version that every reader has reached. */
static uint64_t readers_passed(const struct iface_table *t)
{
	uint64_t least = UINT64_MAX;

	for (struct iface_reader *r = t->readers; r; r = r->next) {
		uint64_t seen = atomic_load_explicit(&r->seen, memory_order_acquire);

		least = seen < least ? seen : least;
	}
	return least;
}

static int swap(struct iface_table *t)
{
	struct snapshot *s = snapshot_make(t->list, t->n), *old;

	if (!s)
		return -ENOMEM;
	/* The pointer before the version: who has seen the version can't get the old table. */
	old = atomic_exchange(&t->now, s);
	old->version = atomic_fetch_add(&t->version, 1) + 1;
	old->next = t->retired;
	t->retired = old;
	t->changed = false;
	return 0;
}

int iface_table_publish(struct iface_table *t, uint64_t now_ns)
{
	int err = 0;

	forget_old(t, now_ns);
	if (t->changed)
		err = swap(t);
	if (t->retired)
		free_retired(t, readers_passed(t));
	return err;
}

int iface_reader_open(struct iface_table *t, struct iface_reader **out)
{
	struct iface_reader *r = aligned_alloc(64, sizeof(*r));

	*out = r;
	if (!r)
		return -ENOMEM;
	memset(r, 0, sizeof(*r));
	atomic_init(&r->seen, atomic_load(&t->version));
	r->table = t;
	r->next = t->readers;
	t->readers = r;
	return 0;
}

void iface_reader_close(struct iface_reader *r)
{
	struct iface_reader **at;

	if (!r)
		return;
	for (at = &r->table->readers; *at != r; at = &(*at)->next)
		;
	*at = r->next;
	free(r);
}

void iface_reader_quiescent(struct iface_reader *r)
{
	uint64_t version = atomic_load_explicit(&r->table->version, memory_order_acquire);

	atomic_store_explicit(&r->seen, version, memory_order_release);
}

static const struct entry *snapshot_find(const struct snapshot *s, uint32_t ifindex)
{
	uint32_t at = slot_of(ifindex, s->mask);

	for (; s->slot[at].ifindex; at = (at + 1) & s->mask) {
		if (s->slot[at].ifindex == ifindex)
			return &s->slot[at];
	}
	return NULL;
}

bool iface_table_find(struct iface_reader *r, uint32_t ifindex, const char **name, enum plane *plane)
{
	const struct snapshot *s = atomic_load_explicit(&r->table->now, memory_order_acquire);
	const struct entry *e = snapshot_find(s, ifindex);

	if (!e)
		snprintf(r->unknown, sizeof(r->unknown), "ifindex-%u", ifindex);
	*name = e ? e->name : r->unknown;
	*plane = e ? e->plane : PLANE_NONE;
	return e;
}
