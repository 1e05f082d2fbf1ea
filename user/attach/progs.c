/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progs.c - BPF programs and maps by their kernel ids.
 *
 * Used to tell ours from others' when interfaces are attached, shown and
 * cleared.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "attach/progs.h"

const char *const prog_names[PROG_MAX] = {
	[PROG_XDP] = "nt_xdp",
	[PROG_TC_IN] = "nt_tc_in",
	[PROG_TC_OUT] = "nt_tc_out",
	[PROG_TC_IN_L3] = "nt_tc_in_l3",
	[PROG_TC_OUT_L3] = "nt_tc_out_l3",
};

int prog_facts_fd(int fd, struct prog_facts *out)
{
	struct bpf_prog_info info = { .nr_map_ids = PROG_MAPS_MAX };
	__u32 len = sizeof(info);
	int err;

	memset(out, 0, sizeof(*out));
	info.map_ids = (uintptr_t)out->maps;
	err = bpf_obj_get_info_by_fd(fd, &info, &len);
	if (err)
		return err;
	out->id = info.id;
	out->maps_n = info.nr_map_ids < PROG_MAPS_MAX ? info.nr_map_ids : PROG_MAPS_MAX;
	snprintf(out->name, sizeof(out->name), "%s", info.name);
	return 0;
}

int prog_facts_id(uint32_t id, struct prog_facts *out)
{
	int fd = bpf_prog_get_fd_by_id(id), err;

	memset(out, 0, sizeof(*out));
	if (fd < 0)
		return fd;
	err = prog_facts_fd(fd, out);
	close(fd);
	return err;
}

bool prog_is_ninetap(const char *name)
{
	for (int i = 0; i < PROG_MAX; i++) {
		size_t n = strlen(prog_names[i]);

		if (!strncmp(name, prog_names[i], n) && (name[n] == '\0' || name[n] == ':'))
			return true;
	}
	return false;
}

int map_open_id(uint32_t id, char name[PROG_NAME_BYTES])
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);
	int fd = bpf_map_get_fd_by_id(id), err;

	if (fd < 0)
		return fd;
	err = bpf_obj_get_info_by_fd(fd, &info, &len);
	if (err) {
		close(fd);
		return err;
	}
	memcpy(name, info.name, PROG_NAME_BYTES);
	name[PROG_NAME_BYTES - 1] = '\0';
	return fd;
}
