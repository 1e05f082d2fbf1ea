/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show_read.c - reads what show prints. It looks on: nothing in the kernel
 * changes, and the ring pages are mapped read-only.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "base/clock.h"
#include "attach/links.h"
#include "collect/show_read.h"

static int map_info(int fd, struct bpf_map_info *info)
{
	__u32 len = sizeof(*info);

	memset(info, 0, len);
	return bpf_obj_get_info_by_fd(fd, info, &len);
}

static int read_counts(int fd, struct shown_instance *out)
{
	uint64_t (*all)[NT_COUNT_MAX];
	struct bpf_map_info info;
	const __u32 zero = 0;
	int err = map_info(fd, &info);

	if (err || info.value_size != sizeof(*all))
		return err ? err : -EPROTO;	/* another version's */
	all = calloc(out->cpus_n, sizeof(*all));
	err = all ? bpf_map_lookup_elem(fd, &zero, all) : -ENOMEM;
	for (uint32_t cpu = 0; cpu < out->cpus_n && !err; cpu++) {
		memcpy(out->cpus[cpu].counts, all[cpu], sizeof(*all));
		for (int i = 0; i < NT_COUNT_MAX; i++)
			out->sum[i] += all[cpu][i];
	}
	free(all);
	return err;
}

/* The first word of a ring's page: consumer position on page 0, producer position on page 1. */
static int ring_position(int fd, long page, uint64_t *out)
{
	long size = sysconf(_SC_PAGESIZE);
	void *p = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, page * size);

	if (p == MAP_FAILED)
		return -errno;
	*out = __atomic_load_n((unsigned long *)p, __ATOMIC_ACQUIRE);
	munmap(p, size);
	return 0;
}

static int read_ring(uint32_t id, struct shown_cpu *out)
{
	struct bpf_map_info info;
	uint64_t consumer, producer;
	int fd = bpf_map_get_fd_by_id(id), err;

	if (fd < 0)
		return fd;
	err = map_info(fd, &info);
	/* Consumer first: read the other way round, it could be ahead. */
	if (!err)
		err = ring_position(fd, 0, &consumer);
	if (!err)
		err = ring_position(fd, 1, &producer);
	close(fd);
	if (err)
		return err;
	out->ring_bytes = info.max_entries;
	out->ring_fill = producer - consumer;
	/* Between the two readings as much as a ring may have passed. */
	if (out->ring_fill > out->ring_bytes)
		out->ring_fill = out->ring_bytes;
	return 0;
}

static int read_rings(int fd, struct shown_instance *out)
{
	for (__u32 cpu = 0; cpu < out->cpus_n; cpu++) {
		__u32 id;
		int err = bpf_map_lookup_elem(fd, &cpu, &id);

		if (!err)
			err = read_ring(id, &out->cpus[cpu]);
		if (err && err != -ENOENT)	/* no ring, or just gone */
			return err;
	}
	return 0;
}

static int with_map(uint32_t id, struct shown_instance *out,
		    int (*read)(int fd, struct shown_instance *out))
{
	char name[PROG_NAME_BYTES];
	int fd = id ? map_open_id(id, name) : -ENOENT, err;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	err = read(fd, out);
	close(fd);
	return err;
}

static int read_instance(const struct instance *i, struct shown_instance *out)
{
	int err;

	out->instance = i;
	out->since_ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME) + i->facts.start_ns;
	if (i->facts.abi != NT_ABI_VERSION || !i->counts_id)
		return 0;
	out->cpus_n = libbpf_num_possible_cpus();
	out->cpus = calloc(out->cpus_n, sizeof(*out->cpus));
	if (!out->cpus)
		return -ENOMEM;
	err = with_map(i->counts_id, out, read_counts);
	if (!err)
		err = with_map(i->rings_id, out, read_rings);
	if (err == -EPROTO) {
		free(out->cpus);
		out->cpus = NULL;
		err = 0;
	}
	return err;
}

/* A place keeps its own copy of the chain, as far as our program. */
static int add_place(struct shown *s, const char *iface, enum nt_dir dir, const struct chain *c, size_t own)
{
	struct shown_place *more = reallocarray(s->places, s->places_n + 1, sizeof(*more)), *p;
	struct chain_prog *progs = calloc(own + 1, sizeof(*progs));

	if (more)
		s->places = more;
	if (!more || !progs) {
		free(progs);
		return -ENOMEM;
	}
	memcpy(progs, c->progs, (own + 1) * sizeof(*progs));
	p = &s->places[s->places_n++];
	*p = (struct shown_place) {
		.dir = dir, .own = own, .chain = { .progs = progs, .n = own + 1 },
		.instance = instances_of(&s->all, progs[own].id),
	};
	snprintf(p->iface, sizeof(p->iface), "%s", iface);
	return 0;
}

static int read_place(struct shown *s, struct rtnl *r, const struct link *l, enum nt_dir dir)
{
	struct chain c;
	int err = chain_read(r, l->ifindex, dir, &c);

	if (err)
		return err == -ENODEV ? 0 : err;
	for (size_t i = 0; i < c.n && !err; i++) {
		if (instances_of(&s->all, c.progs[i].id))
			err = add_place(s, l->name, dir, &c, i);
	}
	chain_free(&c);
	return err;
}

static int read_places(struct shown *s)
{
	struct link_list links = { 0 };
	struct rtnl *r;
	int err = rtnl_open(&r);

	if (err)
		return err;
	err = link_list_read(r, &links);
	for (size_t i = 0; i < links.n && !err; i++) {
		err = read_place(s, r, &links.links[i], NT_DIR_IN);
		if (!err)
			err = read_place(s, r, &links.links[i], NT_DIR_OUT);
	}
	link_list_free(&links);
	rtnl_close(r);
	return err;
}

static bool has_place(const struct shown *s, const struct instance *of)
{
	for (size_t i = 0; i < s->places_n; i++) {
		if (s->places[i].instance == of)
			return true;
	}
	return false;
}

/* Dead and attached nowhere: the kernel is about to free it. It is not listed. */
static void drop_leaving(struct shown *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->instances_n; i++) {
		const struct instance *of = s->instances[i].instance;

		if (of->alive || !of->here || has_place(s, of))
			s->instances[kept++] = s->instances[i];
		else
			free(s->instances[i].cpus);
	}
	s->instances_n = kept;
}

int show_read(struct shown *out)
{
	int err;

	memset(out, 0, sizeof(*out));
	err = instances_find(&out->all);
	if (err || !out->all.n)
		return err;
	out->instances = calloc(out->all.n, sizeof(*out->instances));
	if (!out->instances)
		return -ENOMEM;
	out->instances_n = out->all.n;
	for (size_t i = 0; i < out->all.n && !err; i++)
		err = read_instance(&out->all.list[i], &out->instances[i]);
	if (!err)
		err = read_places(out);
	if (!err)
		drop_leaving(out);
	return err;
}

void show_free(struct shown *s)
{
	for (size_t i = 0; i < s->instances_n; i++)
		free(s->instances[i].cpus);
	for (size_t i = 0; i < s->places_n; i++)
		chain_free(&s->places[i].chain);
	free(s->instances);
	free(s->places);
	instances_free(&s->all);
}
