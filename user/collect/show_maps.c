/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show_maps.c - reads the maps of an instance for show: the ledger, the fill
 * of rings and flow tables, the mode of each interface. Ring pages are mapped
 * read-only.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "collect/show_read.h"
#include "ledger/ledger.h"

#define TABLE_STEP 1024U		/* entries that are counted at a time */

static int map_info(int fd, struct bpf_map_info *info)
{
	__u32 len = sizeof(*info);

	memset(info, 0, len);
	return bpf_obj_get_info_by_fd(fd, info, &len);
}

static int map_of_prog(uint32_t prog_id, const char *wanted)
{
	struct prog_facts f;
	int err = prog_facts_id(prog_id, &f);

	for (uint32_t i = 0; !err && i < f.maps_n; i++) {
		char name[PROG_NAME_BYTES];
		int fd = map_open_id(f.maps[i], name);

		if (fd >= 0 && !strcmp(name, wanted))
			return fd;
		if (fd >= 0)
			close(fd);
		else if (fd != -ENOENT)
			err = fd;
	}
	return err ? err : -ENOENT;
}

int show_map(const struct instance *i, const char *name)
{
	int fd = -ENOENT;

	/* A program may be gone meanwhile. */
	for (size_t p = 0; p < i->progs_n && fd == -ENOENT; p++)
		fd = map_of_prog(i->progs[p], name);
	return fd;
}

static int read_counts(int fd, struct shown_instance *out)
{
	struct nt_counts *all;
	struct bpf_map_info info;
	const __u32 zero = 0;
	int err = map_info(fd, &info);

	if (err || info.value_size != sizeof(*all))
		return err ? err : -EPROTO;	/* another version's */
	all = calloc(out->cpus_n, sizeof(*all));
	err = all ? bpf_map_lookup_elem(fd, &zero, all) : -ENOMEM;
	for (uint32_t cpu = 0; cpu < out->cpus_n && !err; cpu++)
		out->cpus[cpu].counts = all[cpu];
	free(all);
	return err;
}

/* Counted and gone are read one after the other: never less than none. */
static uint64_t rest(uint64_t in, uint64_t gone)
{
	return in > gone ? in - gone : 0;
}

static void set_flows_open(struct shown_cpu *c, const struct nt_tally *gone)
{
	struct nt_tally in = c->counts.flow;

	ledger_add(&in, &c->counts.overflow);
	c->flows_open = (struct nt_tally){
		rest(in.events, gone->events), rest(in.packets, gone->packets), rest(in.bytes, gone->bytes),
	};
}

static int read_outcomes(int fd, struct shown_instance *out)
{
	struct bpf_map_info info;
	struct nt_outcomes o;
	int err = map_info(fd, &info);

	if (err || info.value_size != sizeof(o))
		return err ? err : -EPROTO;
	for (__u32 cpu = 0; cpu < out->cpus_n && cpu < info.max_entries && !err; cpu++) {
		err = bpf_map_lookup_elem(fd, &cpu, &o);
		out->cpus[cpu].outcome = o.copy[o.current & 1];
		set_flows_open(&out->cpus[cpu], &o.flows_gone);
	}
	return err;
}

static int read_ring(int fd, uint32_t at, struct shown_instance *of)
{
	struct shown_cpu *out = &of->cpus[at];
	struct bpf_map_info info;
	const struct nt_ring_chunk *first;
	uint64_t consumer, producer;
	int err = map_info(fd, &info);

	if (err || info.value_size != sizeof(*first))
		return err ? err : -EPROTO;	/* another version's */
	first = mmap(NULL, sizeof(*first), PROT_READ, MAP_SHARED, fd, 0);
	if (first == MAP_FAILED)
		return -errno;
	/* Consumer first: read the other way round, it could be ahead. */
	consumer = __atomic_load_n(&first->consumer, __ATOMIC_ACQUIRE);
	producer = __atomic_load_n(&first->producer, __ATOMIC_ACQUIRE);
	munmap((void *)first, sizeof(*first));
	out->ring_bytes = (uint64_t)info.max_entries * NT_CHUNK_BYTES;
	/* Between the two readings as much as a ring may have passed. */
	out->ring_fill = rest(producer, consumer);
	if (out->ring_fill > out->ring_bytes)
		out->ring_fill = out->ring_bytes;
	return 0;
}

/* Entries of a hash, in steps; a table that is written to meanwhile may be off by some. */
static int count_entries(int fd, const struct bpf_map_info *info, uint64_t *n)
{
	void *keys = malloc((size_t)TABLE_STEP * info->key_size);
	void *values = malloc((size_t)TABLE_STEP * info->value_size);
	uint64_t left = (uint64_t)info->max_entries + TABLE_STEP;
	__u32 at = 0, *from = NULL;
	int err = keys && values ? 0 : -ENOMEM;

	while (!err && left) {
		__u32 count = left < TABLE_STEP ? (__u32)left : TABLE_STEP;

		err = bpf_map_lookup_batch(fd, from, &at, keys, values, &count, NULL);
		if (!err || err == -ENOENT)
			*n += count;
		left -= count < left ? count : left;
		from = &at;
	}
	free(keys);
	free(values);
	return err == -ENOENT ? 0 : err;
}

/* at: cpu * 2 + set. What the two sets hold is added up; one of them is in use. */
static int read_table(int fd, uint32_t at, struct shown_instance *of)
{
	struct shown_cpu *out = &of->cpus[at / 2];
	struct bpf_map_info info;
	int err = map_info(fd, &info);

	if (err)
		return err;
	if (at % 2 == 0)
		out->flows_max += info.max_entries;
	return count_entries(fd, &info, &out->flows);
}

/* Each map in an array of maps. */
static int each_inner(int fd, uint32_t n, struct shown_instance *out,
		      int (*read)(int fd, uint32_t at, struct shown_instance *out))
{
	for (__u32 at = 0; at < n; at++) {
		__u32 id;
		int err = bpf_map_lookup_elem(fd, &at, &id), inner;

		if (err == -ENOENT)		/* none for this CPU */
			continue;
		inner = err ? err : bpf_map_get_fd_by_id(id);
		if (inner < 0 && inner != -ENOENT)
			return inner;
		if (inner < 0)			/* just gone */
			continue;
		err = read(inner, at, out);
		close(inner);
		if (err)
			return err;
	}
	return 0;
}

static int read_rings(int fd, struct shown_instance *out)
{
	return each_inner(fd, out->cpus_n, out, read_ring);
}

static int read_tables(int fd, struct shown_instance *out)
{
	return each_inner(fd, 2 * out->cpus_n, out, read_table);
}

static void add_up(struct shown_instance *i)
{
	struct shown_cpu *all = &i->all;

	for (uint32_t cpu = 0; cpu < i->cpus_n; cpu++) {
		const struct shown_cpu *c = &i->cpus[cpu];

		ledger_sum(&all->counts, &c->counts);
		ledger_add(&all->outcome.safe, &c->outcome.safe);
		for (int r = 0; r < NT_LOSS_MAX; r++)
			ledger_add(&all->outcome.lost[r], &c->outcome.lost[r]);
		all->outcome.unread += c->outcome.unread;
		all->outcome.missing += c->outcome.missing;
		ledger_add(&all->flows_open, &c->flows_open);
		all->ring_bytes += c->ring_bytes;
		all->ring_fill += c->ring_fill;
		all->flows += c->flows;
		all->flows_max += c->flows_max;
	}
}

int show_read_maps(struct shown_instance *i)
{
	static const struct {
		const char *name;
		int (*read)(int fd, struct shown_instance *out);
	} maps[] = {
		{ "nt_counts", read_counts }, { "nt_outcomes", read_outcomes }, { "nt_rings", read_rings },
		{ "nt_flows_short", read_tables }, { "nt_flows_long", read_tables },
	};

	for (size_t m = 0; m < sizeof(maps) / sizeof(maps[0]); m++) {
		int fd = show_map(i->instance, maps[m].name), err;

		if (fd == -ENOENT)
			continue;
		err = fd < 0 ? fd : maps[m].read(fd, i);
		if (fd >= 0)
			close(fd);
		if (err)
			return err;
	}
	add_up(i);
	return 0;
}

static void read_mode(struct shown_place *p)
{
	int fd = show_map(p->instance, "nt_modes");
	__u32 ifindex = if_nametoindex(p->iface);

	p->mode.mode = NT_MODE_MAX;
	if (fd < 0)
		return;
	if (bpf_map_lookup_elem(fd, &ifindex, &p->mode) || p->mode.mode >= NT_MODE_MAX)
		p->mode.mode = NT_MODE_MAX;
	close(fd);
}

static bool same_iface(const struct shown_place *a, const struct shown_place *b)
{
	return a->instance == b->instance && !strcmp(a->iface, b->iface);
}

void show_read_modes(struct shown *s)
{
	for (size_t n = 0; n < s->places_n; n++) {
		struct shown_place *p = &s->places[n];
		size_t before = 0;

		while (before < n && !same_iface(&s->places[before], p))
			before++;
		p->first = before == n;
		if (p->first)
			read_mode(p);
		else
			p->mode = s->places[before].mode;
	}
}
