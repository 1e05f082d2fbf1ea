// SPDX-License-Identifier: Apache-2.0
/*
 * twin_lib.c - see twin.h. Maps are found by the program that uses them, so
 * it makes no difference which process made them, and no pin is needed.
 */
#include "bench/twin.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "ninetap/abi.h"
#include "tests/bench/drop.skel.h"

#define MAPS_MAX 64

/* The kernel calls a map of global data after its object, up to the dot. */
static bool is_called(const char *kernels, const char *name)
{
	const char *section = strchr(name, '.'), *dot = strchr(kernels, '.');

	return section ? dot && !strcmp(dot, section) : !strcmp(kernels, name);
}

int map_of(int prog, const char *name)
{
	uint32_t ids[MAPS_MAX], len = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = { .nr_map_ids = MAPS_MAX, .map_ids = (uintptr_t)ids };

	if (bpf_obj_get_info_by_fd(prog, &info, &len))
		return -errno;
	for (uint32_t i = 0; i < info.nr_map_ids && i < MAPS_MAX; i++) {
		struct bpf_map_info map = { 0 };
		int fd = bpf_map_get_fd_by_id(ids[i]);

		len = sizeof(map);
		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &map, &len) && is_called(map.name, name))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -ENOENT;
}

/* What prog does not use the twin doesn't either, and there is none. */
static int share_map(struct bpf_map *map, int prog)
{
	int fd = map_of(prog, bpf_map__name(map)), err;

	if (fd == -ENOENT)
		return bpf_map__set_autocreate(map, false);
	if (fd < 0)
		return fd;
	err = bpf_map__reuse_fd(map, fd);
	close(fd);
	return err;
}

static int prepare(struct drop *d, int prog)
{
	struct bpf_program *p;
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_program(p, d->obj)
		if (!err)
			err = bpf_program__set_autoload(p, p == d->progs.nt_xdp);
	bpf_object__for_each_map(map, d->obj)
		if (!err)
			err = share_map(map, prog);
	return err;
}

int twin_open(struct twin **out, int prog)
{
	struct drop *d = drop__open();
	int err = d ? prepare(d, prog) : -errno;

	if (!err)
		err = drop__load(d);
	if (err) {
		drop__destroy(d);
		d = NULL;
	}
	*out = (struct twin *)d;
	return err;
}

void twin_close(struct twin *t)
{
	drop__destroy((struct drop *)t);
}

int twin_fd(const struct twin *t)
{
	return bpf_program__fd(((const struct drop *)t)->progs.nt_xdp);
}

int link_of(uint32_t prog_id, uint32_t ifindex)
{
	uint32_t id = 0;

	while (!bpf_link_get_next_id(id, &id)) {
		struct bpf_link_info info = { 0 };
		uint32_t len = sizeof(info);
		int fd = bpf_link_get_fd_by_id(id);

		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len) && info.type == BPF_LINK_TYPE_XDP &&
		    info.prog_id == prog_id && info.xdp.ifindex == ifindex)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -ENOENT;
}
