/* SPDX-License-Identifier: Apache-2.0 */
/*
 * instance.c - ninetap's instances, found by walking the kernel's BPF objects.
 *
 * Used by attach (is somebody else here?), show and detach. It changes
 * nothing but its own instance's map.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "base/clock.h"
#include "base/log.h"
#include "attach/instance.h"
#include "attach/netns.h"

#define HOLD_NAME "nt_hold"

/*
 * A map that no program uses: nothing but the process's descriptor keeps it.
 * Unlike a socket's name its id can't be taken by anybody, the kernel gives
 * it, and unlike a pid it is the same in all namespaces; it holds the epoch,
 * for the day when ids come round again.
 */
static int hold_take(int *out, uint64_t epoch, uint32_t *id)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info), zero = 0;
	int err;

	*out = bpf_map_create(BPF_MAP_TYPE_ARRAY, HOLD_NAME, sizeof(zero), sizeof(epoch), 1, NULL);
	if (*out < 0)
		return *out;
	err = bpf_map_update_elem(*out, &zero, &epoch, BPF_ANY);
	if (!err)
		err = bpf_obj_get_info_by_fd(*out, &info, &len);
	*id = info.id;
	return err;
}

static bool hold_is_taken(const struct nt_instance *f)
{
	char name[PROG_NAME_BYTES];
	const __u32 zero = 0;
	uint64_t epoch = 0;
	int fd = map_open_id(f->hold, name);
	bool held;

	if (fd < 0)
		return fd != -ENOENT;	/* unknown: treat it as living, and touch nothing */
	held = !strcmp(name, HOLD_NAME) && !bpf_map_lookup_elem(fd, &zero, &epoch) && epoch == f->epoch;
	close(fd);
	return held;
}

int instance_claim(int *hold, uint64_t epoch, int instance_map)
{
	struct nt_instance me = {
		.epoch = epoch, .netns = netns_inode(), .netns_cookie = netns_cookie(),
		.abi = NT_ABI_VERSION, .pid = getpid(), .start_ns = clock_ns(CLOCK_BOOTTIME),
	};
	const __u32 zero = 0;
	int err = hold_take(hold, epoch, &me.hold);

	if (!err)
		err = bpf_map_update_elem(instance_map, &zero, &me, BPF_ANY);
	if (err && *hold >= 0)
		close(*hold);
	if (err)
		*hold = -1;
	return err;
}

int instance_bind(const int *maps, size_t maps_n, const int *progs, size_t progs_n)
{
	for (size_t p = 0; p < progs_n; p++) {
		for (size_t m = 0; m < maps_n; m++) {
			int err = bpf_prog_bind_map(progs[p], maps[m], NULL);

			if (err && err != -EEXIST)
				return err;
		}
	}
	return 0;
}

static int read_instance(int fd, uint32_t map_id, struct instance *out)
{
	const __u32 zero = 0;
	int err = bpf_map_lookup_elem(fd, &zero, &out->facts);

	if (err)
		return err;
	out->map_id = map_id;
	out->here = out->facts.netns == netns_inode() && out->facts.netns_cookie == netns_cookie();
	out->alive = hold_is_taken(&out->facts);
	return 0;
}

/* The size of what a map named nt_instance holds: another's may have our name. */
static bool map_fits(int fd)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);

	return !bpf_obj_get_info_by_fd(fd, &info, &len) && info.type == BPF_MAP_TYPE_ARRAY &&
	       info.value_size == sizeof(struct nt_instance) && info.max_entries == 1;
}

static int read_map(uint32_t id, struct instance *out)
{
	char name[PROG_NAME_BYTES];
	int fd = map_open_id(id, name), err = 0;

	if (fd < 0)
		return fd;
	if (!strcmp(name, "nt_instance") && map_fits(fd))
		err = read_instance(fd, id, out);
	else if (!strcmp(name, "nt_counts"))
		out->counts_id = id;
	else if (!strcmp(name, "nt_rings"))
		out->rings_id = id;
	else if (!strcmp(name, "nt_ifaces"))
		out->ifaces_id = id;
	close(fd);
	return err;
}

static int of_facts(const struct prog_facts *f, struct instance *out)
{
	memset(out, 0, sizeof(*out));
	for (uint32_t i = 0; i < f->maps_n; i++) {
		int err = read_map(f->maps[i], out);

		if (err)
			return err;
	}
	return out->map_id ? 0 : -ENOENT;
}

int instance_of_prog(uint32_t prog_id, struct instance *out)
{
	struct prog_facts f;
	int err = prog_facts_id(prog_id, &f);

	return err ? err : of_facts(&f, out);
}

/* More than PROG_MAX while a process takes over from another. */
static int add_id(struct instance *i, uint32_t id)
{
	uint32_t *more = reallocarray(i->progs, i->progs_n + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	i->progs = more;
	i->progs[i->progs_n++] = id;
	return 0;
}

static int add_prog(struct instances *all, const struct prog_facts *f)
{
	struct instance one, *i;
	int err = of_facts(f, &one);

	if (err)
		return err == -ENOENT ? 0 : err;
	for (i = all->list; i < all->list + all->n && i->map_id != one.map_id; i++)
		;
	if (i == all->list + all->n) {
		i = reallocarray(all->list, all->n + 1, sizeof(*i));
		if (!i)
			return -ENOMEM;
		all->list = i;
		i += all->n++;
		*i = one;
	}
	return add_id(i, f->id);
}

int instances_find(struct instances *out)
{
	__u32 id = 0;
	int err;

	memset(out, 0, sizeof(*out));
	while (!(err = bpf_prog_get_next_id(id, &id))) {
		struct prog_facts f;

		err = prog_facts_id(id, &f);
		if (!err && prog_is_ninetap(f.name))
			err = add_prog(out, &f);
		if (err && err != -ENOENT)	/* ENOENT: gone meanwhile */
			break;
	}
	if (err == -ENOENT)
		return 0;
	instances_free(out);
	return err;
}

void instances_free(struct instances *i)
{
	for (size_t n = 0; n < i->n; n++)
		free(i->list[n].progs);
	free(i->list);
	i->list = NULL;
	i->n = 0;
}

int instances_failure(const char *verb, int err)
{
	if (err == -EPERM || err == -EACCES) {
		log_error("%s: not permitted: CAP_SYS_ADMIN and CAP_NET_ADMIN are needed (run as root)", verb);
		return EX_NOPERM;
	}
	log_error("%s: %s", verb, strerror(-err));
	return EX_OSERR;
}

const struct instance *instances_of(const struct instances *all, uint32_t prog_id)
{
	for (size_t i = 0; i < all->n; i++) {
		for (size_t p = 0; p < all->list[i].progs_n; p++) {
			if (all->list[i].progs[p] == prog_id)
				return &all->list[i];
		}
	}
	return NULL;
}
