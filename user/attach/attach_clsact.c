/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach_clsact.c - a BPF filter in an interface's clsact qdisc.
 *
 * The filter outlives the process: what it leaves is cleared by detach. That
 * the qdisc is ours is written into the map nt_ifaces, which lives as long as
 * the filter's program.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <bpf/bpf.h>
#include "base/log.h"
#include "attach/attach_priv.h"
#include "attach/tc.h"

static void remember_qdisc(const struct attacher *a, const struct link *l)
{
	const struct nt_iface facts = { .qdisc_made = 1 };
	__u32 key = l->ifindex;
	int err;

	if (a->programs.ifaces_map < 0)
		return;
	err = bpf_map_update_elem(a->programs.ifaces_map, &key, &facts, BPF_ANY);
	if (err)
		log_warn("remember clsact of %s: %s: it stays when ninetap ends", l->name, strerror(-err));
}

/* An ingress qdisc, in the same place, gives egress filters to ingress packets. */
static int check_kind(struct attacher *a, const struct link *l, enum nt_dir dir)
{
	char kind[16];
	int err = tc_clsact_kind(a->rtnl, l->ifindex, kind);

	if (err || dir == NT_DIR_IN || strcmp(kind, "ingress"))
		return err;
	log_error("attach %s egress clsact: somebody's ingress qdisc is in its place", l->name);
	return -EOPNOTSUPP;
}

/* Is one of ninetap's filters in it, in either direction? */
static bool holds_ours(struct attacher *a, int ifindex)
{
	for (enum nt_dir dir = NT_DIR_IN; dir < NT_DIR_MAX; dir++) {
		for (int i = 0; i < ATTACH_TC_PRIO_TRIES; i++) {
			struct tc_filter f = { .prio = ATTACH_TC_PRIO + i, .handle = ATTACH_TC_HANDLE };

			if (!tc_filter_get(a->rtnl, ifindex, dir, &f) && prog_is_ninetap(f.name))
				return true;
		}
	}
	return false;
}

/* A qdisc that is there, but empty of ours, is somebody's, whatever we made before. */
static void disown_qdisc(struct attacher *a, int ifindex)
{
	__u32 key = ifindex;

	if (a->programs.ifaces_map >= 0 && !holds_ours(a, ifindex))
		(void)bpf_map_delete_elem(a->programs.ifaces_map, &key);
}

static int have_qdisc(struct attacher *a, const struct link *l, enum nt_dir dir)
{
	int err = tc_clsact_add(a->rtnl, l->ifindex);

	if (!err)
		remember_qdisc(a, l);
	if (err == -EEXIST) {
		disown_qdisc(a, l->ifindex);
		return check_kind(a, l, dir);
	}
	if (err)
		attach_log_failure(a, l, dir, CHAIN_CLSACT, err);
	return err;
}

int attach_clsact_put(struct attacher *a, const struct link *l, enum prog prog, struct attachment *out)
{
	struct tc_filter f = { .prio = ATTACH_TC_PRIO, .handle = ATTACH_TC_HANDLE };
	int err;

	snprintf(f.name, sizeof(f.name), "%s", prog_names[prog]);
	for (int i = 0; i < ATTACH_TC_PRIO_TRIES; i++, f.prio++) {
		/* Again each time: the qdisc may have gone meanwhile, with its maker. */
		err = have_qdisc(a, l, out->dir);
		if (err)
			return err;
		err = tc_filter_add(a->rtnl, l->ifindex, out->dir, &f, a->programs.fd[prog]);
		/* EINVAL: a classifier of another kind or protocol has this priority. */
		if (err != -EEXIST && err != -EINVAL)
			break;
		log_warn("attach %s %s clsact: priority %u is taken: trying the next", l->name,
			 chain_dir_names[out->dir], f.prio);
	}
	if (err) {
		attach_log_failure(a, l, out->dir, CHAIN_CLSACT, err);
		return err;
	}
	out->hook = CHAIN_CLSACT;
	out->prio = f.prio;
	return 0;
}

int attach_clsact_in_place(struct attacher *a, const struct attachment *at)
{
	struct tc_filter f = { .prio = at->prio, .handle = ATTACH_TC_HANDLE };
	int err = tc_filter_get(a->rtnl, at->ifindex, at->dir, &f);

	if (err)
		return err == -ENOENT ? 0 : err;
	return f.prog_id == at->prog_id;
}

void attach_clsact_remove(struct attacher *a, const struct attachment *at)
{
	struct tc_filter f = { .prio = at->prio, .handle = ATTACH_TC_HANDLE };
	int err;

	/* Somebody else's program in our place is theirs; so may be the qdisc around it. */
	if (attach_clsact_in_place(a, at) != 1) {
		disown_qdisc(a, at->ifindex);
		return;
	}
	err = tc_filter_delete(a->rtnl, at->ifindex, at->dir, &f);
	if (err && err != -ENOENT && err != -ENODEV)
		log_warn("detach interface %d %s: %s", at->ifindex, chain_dir_names[at->dir], strerror(-err));
}

void attach_release(struct attacher *a, int ifindex)
{
	struct nt_iface facts;
	__u32 key = ifindex;
	int map = a->programs.ifaces_map;

	if (map < 0 || bpf_map_lookup_elem(map, &key, &facts) || !facts.qdisc_made)
		return;
	if (!tc_clsact_empty(a->rtnl, ifindex))
		return;
	if (!tc_clsact_delete(a->rtnl, ifindex))
		disown_qdisc(a, ifindex);
}
