// SPDX-License-Identifier: Apache-2.0
/*
 * vm_world_lib.c - see vm.h: maps, which begin as copies of the kernel's, and
 * helpers. CPU 0 is the only one. Time moves a microsecond with each look.
 */
#include "counts/vm.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#define HASH_ENTRIES 16U		/* enough for the few flows that are counted */

struct vm_map {
	struct vm_map *next;
	struct bpf_map_info info;
	int fd;				/* the kernel's */
	uint32_t stride;		/* from value to value */
	uint32_t used;			/* entries of a hash */
	unsigned char *keys, *values;
	struct vm_map **inner;		/* of an array of maps, as far as it was asked for */
};

static struct vm_map *by_id(struct vm *vm, uint32_t id)
{
	struct vm_map *m = vm->maps;

	while (m && m->info.id != id)
		m = m->next;
	return m;
}

static bool is_hash(const struct vm_map *m)
{
	return m->info.type == BPF_MAP_TYPE_HASH;
}

static bool is_array(const struct vm_map *m)
{
	return m->info.type == BPF_MAP_TYPE_ARRAY || m->info.type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

/* Settings are in arrays of one value; all else begins with zeros. */
static int make_values(struct vm_map *m)
{
	uint32_t n = is_hash(m) ? HASH_ENTRIES : m->info.max_entries, zero = 0;

	m->stride = (m->info.value_size + 7) & ~7U;
	if (is_array(m) || is_hash(m))
		m->values = calloc(n, m->stride);
	if (is_hash(m))
		m->keys = calloc(n, m->info.key_size);
	if (m->info.type == BPF_MAP_TYPE_ARRAY_OF_MAPS)
		m->inner = calloc(n, sizeof(*m->inner));
	if (m->info.type == BPF_MAP_TYPE_ARRAY && n == 1 && m->values)
		return bpf_map_lookup_elem(m->fd, &zero, m->values);
	return 0;
}

static struct vm_map *find(struct vm *vm, int fd)
{
	struct bpf_map_info info = {0};
	uint32_t bytes = sizeof(info);
	struct vm_map *m;

	if (bpf_obj_get_info_by_fd(fd, &info, &bytes)) {
		vm_fail(vm, "descriptor %d is no map", fd);
		return NULL;
	}
	m = by_id(vm, info.id);
	if (m)
		return m;
	m = calloc(1, sizeof(*m));
	if (!m)
		abort();
	m->info = info;
	m->fd = bpf_map_get_fd_by_id(info.id);
	m->next = vm->maps;
	vm->maps = m;
	if (m->fd < 0 || make_values(m))
		vm_fail(vm, "map %s can't be read", info.name);
	return m;
}

void *vm_map(struct vm *vm, int fd)
{
	return find(vm, fd);
}

void *vm_map_value(struct vm *vm, int fd)
{
	struct vm_map *m = find(vm, fd);

	return m ? m->values : NULL;
}

static void *inner_of(struct vm *vm, struct vm_map *m, uint32_t key)
{
	uint32_t id;
	int fd;

	if (key >= m->info.max_entries)
		return NULL;
	if (m->inner[key] || bpf_map_lookup_elem(m->fd, &key, &id))
		return m->inner[key];
	fd = bpf_map_get_fd_by_id(id);
	m->inner[key] = find(vm, fd);
	if (fd >= 0)
		close(fd);
	return m->inner[key];
}

static void *entry_of(struct vm_map *m, const void *key)
{
	for (uint32_t i = 0; i < m->used; i++)
		if (!memcmp(m->keys + i * m->info.key_size, key, m->info.key_size))
			return m->values + i * m->stride;
	return NULL;
}

static void *look_up(struct vm *vm, struct vm_map *m, const void *key)
{
	uint32_t at;

	if (is_hash(m))
		return entry_of(m, key);
	memcpy(&at, key, sizeof(at));
	if (m->info.type == BPF_MAP_TYPE_ARRAY_OF_MAPS)
		return inner_of(vm, m, at);
	if (is_array(m))
		return at < m->info.max_entries ? m->values + at * m->stride : NULL;
	vm_fail(vm, "map %s: its kind is not known", m->info.name);
	return NULL;
}

void *vm_look_up(struct vm *vm, int fd, const void *key)
{
	struct vm_map *m = find(vm, fd);

	return m ? look_up(vm, m, key) : NULL;
}

static int add_entry(struct vm *vm, struct vm_map *m, const void *key, const void *value)
{
	if (!is_hash(m)) {
		vm_fail(vm, "map %s: an update is not known", m->info.name);
		return -EINVAL;
	}
	if (entry_of(m, key))
		return -EEXIST;
	if (m->used == HASH_ENTRIES)
		return -E2BIG;
	memcpy(m->keys + m->used * m->info.key_size, key, m->info.key_size);
	memcpy(m->values + m->used++ * m->stride, value, m->info.value_size);
	return 0;
}

static uint64_t load_bytes(struct vm *vm, uint64_t off, void *to, uint64_t n)
{
	if (off > vm->frame_bytes || n > vm->frame_bytes - off)
		return (uint64_t)-EFAULT;
	memcpy(to, vm->frame + off, n);
	return 0;
}

static uint64_t now_ns(void)
{
	static uint64_t ns = 1000000000;

	return ns += 1000;
}

uint64_t vm_helper(struct vm *vm, int id, const uint64_t arg[5])
{
	void *const p[3] = { (void *)(uintptr_t)arg[0], (void *)(uintptr_t)arg[1], (void *)(uintptr_t)arg[2] };

	switch (id) {
	case BPF_FUNC_map_lookup_elem:
		return (uint64_t)(uintptr_t)look_up(vm, p[0], p[1]);
	case BPF_FUNC_map_update_elem:
		return (uint64_t)add_entry(vm, p[0], p[1], p[2]);
	case BPF_FUNC_ktime_get_ns:
		return now_ns();
	case BPF_FUNC_get_smp_processor_id:
		return 0;
	case BPF_FUNC_xdp_get_buff_len:
		return vm->frame_bytes;
	case BPF_FUNC_xdp_load_bytes: case BPF_FUNC_skb_load_bytes:
		return load_bytes(vm, arg[1], p[2], arg[3]);
	}
	vm_fail(vm, "helper %d is not known", id);
	return 0;
}

void vm_free(struct vm *vm)
{
	struct vm_map *m;

	while ((m = vm->maps)) {
		vm->maps = m->next;
		if (m->fd >= 0)
			close(m->fd);
		free(m->keys);
		free(m->values);
		free(m->inner);
		free(m);
	}
}
