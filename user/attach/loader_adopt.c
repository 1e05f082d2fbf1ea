// SPDX-License-Identifier: Apache-2.0
/*
 * loader_adopt.c - maps and programs that outlive the process: pins them, and
 * takes over the maps that a ninetap before has pinned.
 *
 * Adopted are counters, rings, flow tables and what user space knows of them.
 * Settings and filters are not: they come new with each start's programs.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "base/log.h"
#include "attach/instance.h"
#include "attach/loader_priv.h"

#define KEPT_MAX 16

/* Maps that are pinned under their names; nt_instance last, which makes the set whole. */
static size_t kept_maps(const struct nt_bpf *s, struct bpf_map *out[KEPT_MAX])
{
	struct bpf_map *const kept[] = {
		s->maps.nt_cpu, s->maps.nt_counts, s->maps.nt_control, s->maps.nt_modes, s->maps.nt_rings,
		s->maps.nt_flows_short, s->maps.nt_flows_long, s->maps.nt_outcomes, s->maps.nt_flow_slots,
		s->maps.nt_ifaces, s->maps.nt_instance,
	};

	_Static_assert(sizeof(kept) <= KEPT_MAX * sizeof(kept[0]), "KEPT_MAX");
	memcpy(out, kept, sizeof(kept));
	return sizeof(kept) / sizeof(kept[0]);
}

void loader_ring_pin(char out[PINS_NAME_BYTES], uint32_t cpu)
{
	snprintf(out, PINS_NAME_BYTES, "ring_%u", cpu);
}

void loader_table_pin(char out[PINS_NAME_BYTES], bool is_short, uint32_t at)
{
	snprintf(out, PINS_NAME_BYTES, "flows_%s_%u", is_short ? "short" : "long", at);
}

bool loader_fits(int fd, const struct layout *want, uint32_t *entries)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return false;
	if (entries)
		*entries = info.max_entries;
	return info.type == want->type && info.key_size == want->key && info.value_size == want->value &&
	       (!want->entries || info.max_entries == want->entries);
}

/* By now they have the sizes that this start would have given them. */
static struct layout layout_of(const struct nt_bpf *s, const struct bpf_map *m)
{
	return (struct layout){
		.type = bpf_map__type(m), .key = bpf_map__key_size(m), .value = bpf_map__value_size(m),
		.entries = m == s->maps.nt_flow_slots ? 0 : bpf_map__max_entries(m),
	};
}

static int adopt_map(struct loader *l, struct bpf_map *m)
{
	struct layout want = layout_of(l->skel, m);
	int fd = pins_get(l->pins, bpf_map__name(m)), err = fd < 0 ? fd : 0;

	if (!err && !loader_fits(fd, &want, NULL))
		err = -EPROTO;
	if (!err)
		err = bpf_map__reuse_fd(m, fd);
	if (fd >= 0)
		close(fd);
	if (err == -EPROTO || err == -ENOENT)
		log_error("take over %s: it is not as this version of ninetap makes it: end it with the version that did, or clear it with ninetap detach",
			  bpf_map__name(m));
	else if (err)
		log_error("take over %s: %s", bpf_map__name(m), strerror(-err));
	return err == -ENOENT ? -EPROTO : err;
}

static uint32_t entries_of(const struct loader *l, const char *pin, const struct layout *want)
{
	int fd = pins_get(l->pins, pin);
	uint32_t entries = 0;

	if (fd < 0)
		return 0;
	if (!loader_fits(fd, want, &entries))
		entries = 0;
	close(fd);
	return entries;
}

/* All rings are of one size, and so are all tables: the first one tells. */
static void adopt_sizes(struct loader *l)
{
	const struct layout ring = {
		.type = BPF_MAP_TYPE_ARRAY, .key = sizeof(__u32), .value = sizeof(struct nt_ring_chunk),
	};
	const struct layout table = {
		.type = BPF_MAP_TYPE_HASH, .key = sizeof(struct nt_flow_key4), .value = sizeof(struct nt_flow),
	};
	uint32_t rings = 0, tables = 0;

	for (uint32_t cpu = 0; cpu < l->cpus && (!rings || !tables); cpu++) {
		char pin[PINS_NAME_BYTES];

		loader_ring_pin(pin, cpu);
		rings = rings ? rings : entries_of(l, pin, &ring);
		loader_table_pin(pin, true, 2 * cpu);
		tables = tables ? tables : entries_of(l, pin, &table);
	}
	l->ring_bytes = rings ? rings * NT_CHUNK_BYTES : l->ring_bytes;
	l->flow_entries = tables ? tables : l->flow_entries;
	l->slots_n = bpf_map__max_entries(l->skel->maps.nt_flow_slots);
}

static int adopt_instance(struct loader *l)
{
	int fd = bpf_map__fd(l->skel->maps.nt_instance), err;
	struct nt_instance facts;
	const __u32 zero = 0;

	err = bpf_map_lookup_elem(fd, &zero, &facts);
	if (!err) {
		l->epoch = facts.epoch;
		err = instance_claim(&l->hold, l->epoch, fd);
	}
	if (err)
		log_error("take over this instance: %s", strerror(-err));
	return err;
}

int loader_adopt(struct loader *l, const struct options *o)
{
	struct bpf_map *maps[KEPT_MAX];
	size_t n = kept_maps(l->skel, maps);
	int err = 0;

	for (size_t i = 0; i < n && !err; i++)
		err = adopt_map(l, maps[i]);
	if (err)
		return err;
	adopt_sizes(l);
	if (l->ring_bytes != o->ring_bytes || l->flow_entries != o->flow_entries)
		log_notice("taken over: rings of %u bytes and flow tables of %u entries stay as they are, until a run ends without --keep",
			   l->ring_bytes, l->flow_entries);
	return adopt_instance(l);
}

static int pin_programs(const struct loader *l)
{
	struct attach_programs p = loader_programs(l);
	int err = 0;

	for (int i = 0; i < PROG_MAX && !err; i++) {
		char pin[PINS_NAME_BYTES];
		struct prog_facts f;

		err = prog_facts_fd(p.fd[i], &f);
		snprintf(pin, sizeof(pin), "prog_%u", f.id);
		if (!err)
			err = pins_put(l->pins, pin, p.fd[i]);
	}
	return err;
}

int loader_pin(struct loader *l)
{
	struct bpf_map *maps[KEPT_MAX];
	size_t n = l->adopted ? 0 : kept_maps(l->skel, maps);
	int err = l->pins ? pin_programs(l) : 0;

	for (size_t i = 0; i < n && !err; i++)
		err = pins_put(l->pins, bpf_map__name(maps[i]), bpf_map__fd(maps[i]));
	if (err)
		log_error("pin programs and maps: %s", strerror(-err));
	return err;
}
