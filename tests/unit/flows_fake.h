/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flows_fake.h - a kernel with flow tables, in shared memory: libbpf's calls
 * are this file's, so that a program which includes it needs no rights, can
 * make any call fail, and can copy the whole world and go on from the copy.
 */
#ifndef NINETAP_FLOWS_FAKE_H
#define NINETAP_FLOWS_FAKE_H

#include <errno.h>
#include <sys/mman.h>
#include <bpf/bpf.h>
#include "unit/flows_events.h"

#define FAKE_CPUS 2U
#define FAKE_ENTRIES 32U
#define FAKE_SLOTS 16U
#define FAKE_WIRE 512U
#define FAKE_EVENTS 1024U
#define FAKE_BUCKET 4U			/* entries that a batch holds whole, at least */
#define FAKE_FD 1000			/* of the first table */

struct fake_entry {
	struct nt_flow_key key;		/* or a short one at its beginning */
	struct nt_flow counted;
	uint32_t used, reserved;
};

struct world {
	struct nt_control control;
	struct nt_flow_slot slots[FAKE_SLOTS];
	struct fake_entry table[FAKE_CPUS * 4][FAKE_ENTRIES];	/* [cpu * 2 + set], short ones; then long ones */
	uint64_t entries[FAKE_CPUS], entries_of[FAKE_CPUS];	/* made, and in which generation */
	uint64_t deleted;		/* entries, by whoever collects */
	uint64_t synced;		/* generation that programs were waited for in */
	struct flow wire[FAKE_WIRE];	/* what was written of flows */
	uint64_t wired;
	struct event event[FAKE_EVENTS];	/* what came */
	uint64_t events;
};

static struct world *world;
static struct {
	int no_batches;			/* errno that batches fail with; 0: there are some */
	int sync_error;
	int fails_at, error;		/* the n-th call from now on; 0: none */
	uint32_t bucket;		/* entries in one bucket, -ENOSPC for batches with less room */
	unsigned int syncs, reads, unsettled;	/* calls; reads of a set that may be written to */
} fake;

static inline struct world *world_new(void)
{
	struct world *w = mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (w == MAP_FAILED)
		abort();
	w->control.generation = 1;
	w->synced = 1;
	return w;
}

static inline int fake_failure(void)
{
	if (!fake.fails_at || --fake.fails_at)
		return 0;
	return fake.error;
}

static inline struct fake_entry *fake_table(int fd)
{
	fake.reads++;
	fake.unsettled += world->synced != world->control.generation || ((fd - FAKE_FD) & 1) == (int)(world->control.generation & 1);
	return world->table[fd - FAKE_FD];
}

static inline size_t fake_key_bytes(int fd)
{
	return fd - FAKE_FD < (int)FAKE_CPUS * 2 ? sizeof(struct nt_flow_key4) : sizeof(struct nt_flow_key);
}

static inline struct fake_entry *fake_find(int fd, const void *key)
{
	struct fake_entry *t = fake_table(fd);

	for (uint32_t i = 0; i < FAKE_ENTRIES; i++) {
		if (t[i].used && !memcmp(&t[i].key, key, fake_key_bytes(fd)))
			return &t[i];
	}
	return NULL;
}

int bpf_map_lookup_batch(int fd, void *in, void *out, void *keys, void *values, __u32 *count, const struct bpf_map_batch_opts *opts)
{
	struct fake_entry *t = fake_table(fd);
	uint32_t n = 0, i = in ? *(uint32_t *)in : 0, room = *count < FAKE_BUCKET ? *count : FAKE_BUCKET;
	int err = fake.no_batches ? -fake.no_batches : fake_failure();

	(void)opts;
	if (err)
		return err;
	if (fake.bucket > *count)
		return -ENOSPC;
	for (; i < FAKE_ENTRIES && n < room; i++) {
		if (!t[i].used)
			continue;
		memcpy((char *)keys + n * fake_key_bytes(fd), &t[i].key, fake_key_bytes(fd));
		memcpy((char *)values + n++ * sizeof(t[i].counted), &t[i].counted, sizeof(t[i].counted));
	}
	*count = n;
	*(uint32_t *)out = i;
	return i == FAKE_ENTRIES ? -ENOENT : 0;
}

int bpf_map_delete_elem(int fd, const void *key)
{
	struct fake_entry *e = fake_find(fd, key);
	int err = fake_failure();

	if (err)
		return err;
	if (!e)
		return -ENOENT;
	__atomic_store_n(&e->used, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&world->deleted, world->deleted + 1, __ATOMIC_RELEASE);
	return 0;
}

int bpf_map_delete_batch(int fd, const void *keys, __u32 *count, const struct bpf_map_batch_opts *opts)
{
	uint32_t n = *count;

	(void)opts;
	if (fake.no_batches)
		return -fake.no_batches;
	for (*count = 0; *count < n; ++*count) {
		int err = bpf_map_delete_elem(fd, (const char *)keys + *count * fake_key_bytes(fd));

		if (err)
			return err;
	}
	return 0;
}

int bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	struct fake_entry *e = fake_find(fd, key);
	int err = fake_failure();

	if (err || !e)
		return err ? err : -ENOENT;
	memcpy(value, &e->counted, sizeof(e->counted));
	return 0;
}

/* As the kernel: behind a key that is not there, the first. */
int bpf_map_get_next_key(int fd, const void *key, void *next)
{
	struct fake_entry *t = fake_table(fd), *e = key ? fake_find(fd, key) : NULL;
	int err = fake_failure();

	if (err)
		return err;
	for (e = e ? e + 1 : t; e < t + FAKE_ENTRIES; e++) {
		if (!e->used)
			continue;
		memcpy(next, &e->key, fake_key_bytes(fd));
		return 0;
	}
	return -ENOENT;
}

static inline int fake_synchronize(void *arg)
{
	(void)arg;
	fake.syncs++;
	if (!fake.sync_error)
		world->synced = world->control.generation;
	return fake.sync_error;
}

static inline int fake_fd(uint32_t cpu, uint32_t set, bool wide)
{
	return FAKE_FD + (int)(cpu * 2 + set + (wide ? FAKE_CPUS * 2 : 0));
}

/* The program of that CPU: counts an event into the set in use. False: the table is full. */
static inline bool fake_count(const struct event *e)
{
	uint64_t generation = world->control.generation;
	uint32_t window = (uint32_t)((e->ts_ns + (uint64_t)world->control.utc_offset_ns) / NT_WINDOW_NS);
	struct nt_flow_key wide = key_of(e->key, window);
	struct nt_flow_key4 narrow = key4_of(e->key, window);
	const void *key = LONG_KEY(e->key) ? (const void *)&wide : &narrow;
	size_t key_bytes = LONG_KEY(e->key) ? sizeof(wide) : sizeof(narrow);
	struct fake_entry *t = world->table[fake_fd(e->cpu, generation & 1, LONG_KEY(e->key)) - FAKE_FD], *empty = NULL;

	for (uint32_t i = 0; i < FAKE_ENTRIES; i++) {
		if (t[i].used && !memcmp(&t[i].key, key, key_bytes))
			return program_counts(&t[i].counted, e), true;
		if (!t[i].used && !empty)
			empty = &t[i];
	}
	if (!empty)
		return false;
	if (world->entries_of[e->cpu] != generation)
		world->entries[e->cpu] = 0;
	world->entries_of[e->cpu] = generation;
	memcpy(&empty->key, key, key_bytes);
	empty->counted = fresh_entry(e, generation, ++world->entries[e->cpu]);
	program_counts(&empty->counted, e);
	empty->used = 1;
	return true;
}

static inline bool fake_event(const struct event *e)
{
	if (world->events == FAKE_EVENTS || !fake_count(e))
		return false;
	world->event[world->events++] = *e;
	return true;
}

static inline struct flows_settings fake_settings(void)
{
	static int short_fds[FAKE_CPUS * 2], long_fds[FAKE_CPUS * 2];

	for (uint32_t i = 0; i < FAKE_CPUS * 2; i++) {
		short_fds[i] = fake_fd(i / 2, i % 2, false);
		long_fds[i] = fake_fd(i / 2, i % 2, true);
	}
	return (struct flows_settings){ .cpus = FAKE_CPUS, .short_fds = short_fds, .long_fds = long_fds, .control = &world->control,
					.slots = world->slots, .slots_n = FAKE_SLOTS, .active_ns = 60 * SEC, .idle_ns = 15 * SEC,
					.synchronize = fake_synchronize };
}

/* Hands out what is due and writes it to the wire, each safe at once. */
static inline uint32_t fake_deliver(struct flows *f, uint64_t now_ns)
{
	uint32_t slot, n = 0;

	for (uint32_t cpu = 0; cpu < FAKE_CPUS; cpu++) {
		while (flows_next_due(f, cpu, now_ns, &world->wire[world->wired], &slot)) {
			__atomic_store_n(&world->wired, world->wired + 1, __ATOMIC_RELEASE);
			flows_done(f, slot);
			n++;
		}
	}
	return n;
}

#endif
