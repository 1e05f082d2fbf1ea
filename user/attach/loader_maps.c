// SPDX-License-Identifier: Apache-2.0
/*
 * loader_maps.c - how large the maps are, rings and flow tables for each CPU
 * that is online, and the memory that is shared with the programs.
 *
 * Tables are made in pairs, the one of which is read while the other is in
 * use (struct nt_control). Rings and tables are memory that is taken at once:
 * each kind stays within a bound over all CPUs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "base/log.h"
#include "attach/loader_priv.h"

#define RINGS_BYTES_MAX (1UL << 30)	/* of all CPUs together */
#define FLOWS_BYTES_MAX (1UL << 30)	/* likewise, tables and slots */
#define FLOW_ENTRIES_MIN 16U
#define ENTRY_BYTES 96			/* of a hash table beside key and value, its share of the buckets included */

/* A map in an array of maps, as the array's template wants it. */
struct inner {
	struct bpf_map *outer;
	const char *kind;
	enum bpf_map_type type;
	uint32_t key, value, entries, flags;
	const char *key_type, *value_type; /* what bpftool shows them as; NULL: nothing */
};

uint32_t loader_bounded_ring_bytes(uint64_t wanted, uint32_t online)
{
	uint64_t bytes = wanted;

	while (bytes * online > RINGS_BYTES_MAX && bytes > 65536)
		bytes /= 2;
	if (bytes != wanted)
		log_notice("rings of %u CPUs: %llu bytes each instead of %llu, to stay within %lu in all", online,
			   (unsigned long long)bytes, (unsigned long long)wanted, RINGS_BYTES_MAX);
	return bytes;
}

/* One and a half times what one set of tables holds: flows that last, while the next set fills. */
static uint64_t slots_of(uint64_t entries, uint32_t online)
{
	return (entries + entries / 2) * 3 / 2 * online;
}

static uint64_t flow_bytes(uint64_t entries, uint32_t online)
{
	uint64_t one = entries * (ENTRY_BYTES + sizeof(struct nt_flow_key4) + sizeof(struct nt_flow)) +
		       entries / 2 * (ENTRY_BYTES + sizeof(struct nt_flow_key) + sizeof(struct nt_flow));

	return 2 * one * online + slots_of(entries, online) * sizeof(struct nt_flow_slot);
}

uint32_t loader_bounded_flow_entries(uint32_t wanted, uint32_t online)
{
	uint32_t entries = wanted;

	while (flow_bytes(entries, online) > FLOWS_BYTES_MAX && entries / 2 >= FLOW_ENTRIES_MIN)
		entries /= 2;
	if (entries != wanted)
		log_notice("flow tables of %u CPUs: %u entries each instead of %u, to stay within %lu bytes in all",
			   online, entries, wanted, FLOWS_BYTES_MAX);
	return entries;
}

/*
 * A kernel before 6.4 may compile a lookup in a map of an array of maps so
 * that it gives the first element whatever is asked for ("bpf: Fix elem_size
 * not being set for inner maps"; stable kernels got it later, which their
 * releases' names don't tell). BPF_F_INNER_MAP makes it call the lookup.
 */
static uint32_t ring_flags(void)
{
	return BPF_F_MMAPABLE | (loader_kernel_before(6, 4) ? BPF_F_INNER_MAP : 0);
}

/*
 * Lookups in a ring are compiled into the programs only if the template says
 * how many chunks it has. It is memory as a ring is: closed once they are loaded.
 */
static int make_template(struct loader *l)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = ring_flags());
	int err;

	l->ring_template = bpf_map_create(BPF_MAP_TYPE_ARRAY, "nt_ring", sizeof(__u32), sizeof(struct nt_ring_chunk),
					  l->ring_bytes / NT_CHUNK_BYTES, &opts);
	err = l->ring_template < 0 ? l->ring_template : bpf_map__set_inner_map_fd(l->skel->maps.nt_rings, l->ring_template);
	if (err == -ENOMEM)
		log_error("make the template of rings: %s: a smaller --ring-bytes may help", strerror(-err));
	else if (err)
		loader_log_failure(err);
	return err;
}

int loader_size_maps(struct loader *l, const struct options *o, uint32_t online)
{
	const struct nt_bpf *s = l->skel;
	int err;

	l->ring_bytes = loader_bounded_ring_bytes(o->ring_bytes, online);
	l->flow_entries = loader_bounded_flow_entries(o->flow_entries, online);
	l->slots_n = slots_of(l->flow_entries, online);
	err = bpf_map__set_max_entries(s->maps.nt_rings, l->cpus);
	if (!err)
		err = bpf_map__set_max_entries(s->maps.nt_flows_short, 2 * l->cpus);
	if (!err)
		err = bpf_map__set_max_entries(s->maps.nt_flows_long, 2 * l->cpus);
	if (!err)
		err = bpf_map__set_max_entries(s->maps.nt_outcomes, l->cpus);
	if (!err)
		err = bpf_map__set_max_entries(s->maps.nt_flow_slots, l->slots_n);
	if (err) {
		log_error("size the maps: %s", strerror(-err));
		return err;
	}
	return l->adopted ? loader_adopt(l, o) : make_template(l);
}

/* Writable for both sides; elements lie one behind the other. */
static int share(const struct bpf_map *map, void **out)
{
	size_t bytes = (size_t)bpf_map__value_size(map) * bpf_map__max_entries(map);
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	if (p == MAP_FAILED)
		return -errno;
	*out = p;
	return 0;
}

static void unshare_map(const struct bpf_map *map, void *p)
{
	if (p)
		munmap(p, (size_t)bpf_map__value_size(map) * bpf_map__max_entries(map));
}

static int *descriptors(size_t n)
{
	int *fds = malloc(n * sizeof(*fds));

	if (fds)
		memset(fds, 0xff, n * sizeof(*fds));
	return fds;
}

int loader_share(struct loader *l)
{
	int err = share(l->skel->maps.nt_control, (void **)&l->control);

	if (!err)
		err = share(l->skel->maps.nt_outcomes, (void **)&l->outcomes);
	if (err)
		return err;
	l->slots_fd = bpf_map__fd(l->skel->maps.nt_flow_slots);	/* mapped by pieces, as they come in use */
	l->ring_fds = descriptors(l->cpus);
	l->flow_short_fds = descriptors(2 * l->cpus);
	l->flow_long_fds = descriptors(2 * l->cpus);
	return l->ring_fds && l->flow_short_fds && l->flow_long_fds ? 0 : -ENOMEM;
}

static uint32_t type_id(const struct btf *btf, const char *name)
{
	int id = btf && name ? btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT) : 0;

	return id > 0 ? id : 0;
}

/*
 * With its types, where the kernel has taken them: bpftool shows members, and
 * Linux 6.1 refuses a table without them where the array's template has them.
 */
static int create(const struct loader *l, const struct inner *t, const char *name)
{
	const struct btf *btf = bpf_object__btf(l->skel->obj);
	int btf_fd = bpf_object__btf_fd(l->skel->obj);
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = t->flags);
	uint32_t key = type_id(btf, t->key_type), value = type_id(btf, t->value_type);

	if (btf_fd >= 0 && key && value) {
		opts.btf_fd = btf_fd;
		opts.btf_key_type_id = key;
		opts.btf_value_type_id = value;
	}
	return bpf_map_create(t->type, name, t->key, t->value, t->entries, &opts);
}

/* What stands there, though somebody removed its pin: it still holds what was put into it. -ENOENT. */
static int get_placed(const struct inner *t, uint32_t at)
{
	uint32_t id = 0;

	if (bpf_map_lookup_elem(bpf_map__fd(t->outer), &at, &id))
		return -ENOENT;
	return bpf_map_get_fd_by_id(id);
}

/* The pinned one, or the one that stands there, or a new one; pinned, so that whatever is in its place is. */
static int get_or_create(const struct loader *l, const struct inner *t, const char *name, const char *pin, uint32_t at)
{
	const struct layout want = { .type = t->type, .key = t->key, .value = t->value, .entries = t->entries };
	int fd = pins_get(l->pins, pin), err = 0;
	bool pinned = fd != -ENOENT;

	if (!pinned)
		fd = get_placed(t, at);
	if (fd == -ENOENT)
		fd = create(l, t, name);
	if (fd >= 0 && !loader_fits(fd, &want, NULL))
		err = -EPROTO;
	else if (fd >= 0 && !pinned)
		err = pins_put(l->pins, pin, fd);
	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

/* Where it is already, putting it again would only wait for running programs. */
static int put(const struct inner *t, uint32_t at, int fd)
{
	int outer = bpf_map__fd(t->outer);
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info), id = 0;

	if (!bpf_obj_get_info_by_fd(fd, &info, &len) && !bpf_map_lookup_elem(outer, &at, &id) && id == info.id)
		return 0;
	return bpf_map_update_elem(outer, &at, &fd, BPF_ANY);
}

/* Makes one and puts it in its place. *out is set last. */
static int make(const struct loader *l, const struct inner *t, const char *pin, uint32_t at, int *out)
{
	char name[24];	/* the kernel keeps 15 characters, enough for any place */
	int fd, err;

	snprintf(name, sizeof(name), "nt_%s_%u", t->kind, at);
	fd = get_or_create(l, t, name, pin, at);
	if (fd < 0)
		return fd;
	err = put(t, at, fd);
	if (err) {
		close(fd);
		return err;
	}
	__atomic_store_n(out, fd, __ATOMIC_RELEASE);
	return 0;
}

/* why: of what is made here; what was taken over has another reason to be wrong. */
static int failed(int err, const char *pin, uint32_t cpu, const char *why)
{
	if (err == -EPROTO)
		log_error("take over %s: it is not as the others are: clear them with ninetap detach", pin);
	else if (err)
		log_error("make %s for CPU %u: %s: %s", pin, cpu, strerror(-err), why);
	return err;
}

static int make_ring(struct loader *l, uint32_t cpu)
{
	const struct inner ring = {
		.outer = l->skel->maps.nt_rings, .kind = "ring",
		.type = BPF_MAP_TYPE_ARRAY, .key = sizeof(__u32), .value = sizeof(struct nt_ring_chunk),
		.entries = l->ring_bytes / NT_CHUNK_BYTES, .flags = ring_flags(),
	};
	char pin[PINS_NAME_BYTES];

	loader_ring_pin(pin, cpu);
	return failed(make(l, &ring, pin, cpu, &l->ring_fds[cpu]), pin, cpu, "a smaller --ring-bytes may help");
}

static int make_table(struct loader *l, bool is_short, uint32_t at)
{
	const struct inner table = {
		.outer = is_short ? l->skel->maps.nt_flows_short : l->skel->maps.nt_flows_long,
		.kind = is_short ? "short" : "long", .type = BPF_MAP_TYPE_HASH,
		.key = is_short ? sizeof(struct nt_flow_key4) : sizeof(struct nt_flow_key),
		.value = sizeof(struct nt_flow),
		.entries = is_short ? l->flow_entries : l->flow_entries / 2,
		.key_type = is_short ? "nt_flow_key4" : "nt_flow_key", .value_type = "nt_flow",
	};
	char pin[PINS_NAME_BYTES];

	loader_table_pin(pin, is_short, at);
	return failed(make(l, &table, pin, at, is_short ? &l->flow_short_fds[at] : &l->flow_long_fds[at]), pin, at / 2,
		      "fewer --flow-entries may help");
}

static int make_tables(struct loader *l, uint32_t cpu)
{
	int err = 0;

	for (uint32_t at = 2 * cpu; at < 2 * cpu + 2 && !err; at++) {
		err = make_table(l, true, at);
		if (!err)
			err = make_table(l, false, at);
	}
	return err;
}

/* The ring last: a CPU that has one has everything. */
static int make_cpu(struct loader *l, uint32_t cpu)
{
	int err = make_tables(l, cpu);

	return err ? err : make_ring(l, cpu);
}

/* A CPU that went offline may have left records in its ring. */
static bool was_pinned(const struct loader *l, uint32_t cpu)
{
	char pin[PINS_NAME_BYTES];
	int fd;

	loader_ring_pin(pin, cpu);
	fd = pins_get(l->pins, pin);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

int loader_make_cpus(struct loader *l, const struct cpus *online, int only_cpu)
{
	int err = 0;

	for (uint32_t cpu = 0; cpu < l->cpus && !err; cpu++)
		if (only_cpu >= 0 ? cpu == (uint32_t)only_cpu : cpus_has(online, cpu) || was_pinned(l, cpu))
			err = make_cpu(l, cpu);
	return err;
}

int loader_more_cpus(struct loader *l)
{
	struct cpus now;
	int err, n = 0;

	if (l->cpu_failed)
		return 0;
	err = cpus_read(&now);
	for (uint32_t cpu = 0; cpu < l->cpus && !err; cpu++) {
		if (!cpus_has(&now, cpu) || l->ring_fds[cpu] >= 0)
			continue;
		err = make_cpu(l, cpu);
		n += !err;
	}
	cpus_free(&now);
	l->cpu_failed = err;
	return err ? err : n;
}

static void close_all(int *fds, size_t n)
{
	for (size_t i = 0; fds && i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(fds);
}

void loader_free_maps(struct loader *l)
{
	close_all(l->ring_fds, l->cpus);
	close_all(l->flow_short_fds, 2 * l->cpus);
	close_all(l->flow_long_fds, 2 * l->cpus);
	unshare_map(l->skel->maps.nt_control, l->control);
	unshare_map(l->skel->maps.nt_outcomes, l->outcomes);
}
