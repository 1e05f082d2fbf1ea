/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach.c - chooses where ninetap's programs go on an interface, puts them
 * there and sees to it that no second instance is on the same place.
 *
 * Two instances are kept apart without a lock: each looks before it attaches
 * and again afterwards. In TCX, where each newcomer goes to the head, the one
 * that finds the other behind it is the later and gives way; in every other
 * case whoever sees the other gives way (at worst both do, and say so).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <linux/if_link.h>
#include "base/log.h"
#include "attach/attach_priv.h"
#include "attach/instance.h"

/* Interface 0 doesn't exist: with TCX that is ENODEV, without it the type is unknown (EINVAL). */
static bool kernel_has_tcx(void)
{
	__u32 flags = 0, n = 0;

	return bpf_prog_query(0, CHAIN_BPF_TCX_INGRESS, 0, &flags, NULL, &n) != -EINVAL;
}

static int choose_tc(struct attacher *a, enum tc_mode tc)
{
	bool tcx = tc != TC_CLSACT && kernel_has_tcx();

	if (tc == TC_TCX && !tcx) {
		log_error("attach programs: this kernel has no TCX (Linux 6.6 and later have): use clsact");
		return -EOPNOTSUPP;
	}
	a->wish = tc;
	a->tc = tcx ? TC_TCX : TC_CLSACT;
	return 0;
}

static int read_ids(struct attacher *a)
{
	int err = 0;

	for (int i = 0; i < PROG_MAX && !err; i++) {
		struct prog_facts f;

		err = prog_facts_fd(a->programs.fd[i], &f);
		a->id[i] = f.id;
	}
	return err;
}

int attacher_open(struct attacher **out, const struct attach_programs *p, enum tc_mode tc)
{
	struct attacher *a = calloc(1, sizeof(*a));
	int err = a ? 0 : -ENOMEM;

	*out = NULL;
	if (err) {
		log_error("attach programs: %s", strerror(-err));
		return err;
	}
	a->programs = *p;
	err = read_ids(a);
	if (!err)
		err = attach_read_before(a);
	if (!err)
		err = rtnl_open(&a->rtnl);
	if (err)
		log_error("attach programs: %s", strerror(-err));
	else
		err = choose_tc(a, tc);
	if (err) {
		attacher_close(a);
		return err;
	}
	*out = a;
	return 0;
}

void attacher_expect(struct attacher *a, size_t ifaces)
{
	if (a->wish != TC_AUTO || a->tc != TC_TCX || ifaces <= ATTACH_TCX_IFACES)
		return;
	a->tc = TC_CLSACT;
	log_notice("attach %zu interfaces: by clsact, since TCX is slow to attach to so many", ifaces);
}

void attacher_close(struct attacher *a)
{
	if (!a)
		return;
	rtnl_close(a->rtnl);
	free(a->before);
	free(a);
}

bool attach_is_own(const struct attacher *a, uint32_t prog_id)
{
	for (int i = 0; i < PROG_MAX; i++) {
		if (a->id[i] == prog_id)
			return true;
	}
	return false;
}

void attach_log_failure(const struct attacher *a, const struct link *l, enum nt_dir dir,
			enum chain_hook hook, int err)
{
	const char *said = hook == CHAIN_CLSACT ? rtnl_reason(a->rtnl) : "";

	if (err == -EPERM)
		log_error("attach %s %s: not permitted: CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON are needed (run as root)",
			  l->name, chain_dir_names[dir]);
	else if (err != -ENODEV)
		log_error("attach %s %s %s: %s%s%s", l->name, chain_dir_names[dir], chain_hook_names[hook],
			  strerror(-err), said[0] ? ": " : "", said);
}

/* Warnings for who asked for XDP and gets it, if it can be had. */
static void weigh_xdp(const struct link *l, bool strips_vlan, struct attach_choice *c)
{
	if (!strcmp(l->kind, "tun"))
		c->why[c->n++] = "packets that stand for many (a guest's TSO) are counted as one: packets and bytes are too low";
	else if (!strcmp(l->kind, "veth") || link_is_paravirtual(l))
		c->why[c->n++] = "XDP turns the segmentation offload of its other side off: TCP gets slower";
	if (strips_vlan)
		c->why[c->n++] = "the driver takes VLAN tags out before XDP sees the frame: records will lack them";
}

struct attach_choice attach_choose(const struct link *l, bool strips_vlan, enum hook_mode mode)
{
	bool fits = link_layer(l) == LINK_ETHERNET;
	struct attach_choice c = { .xdp = fits && mode == HOOK_XDP };

	if (mode == HOOK_AUTO)
		c.xdp = fits && link_is_physical(l) && !strips_vlan;
	else if (c.xdp)
		weigh_xdp(l, strips_vlan, &c);
	else if (mode == HOOK_XDP)
		c.why[c.n++] = "it has no Ethernet header: TC is used";
	return c;
}

static void log_rival(const struct link *l, enum nt_dir dir, const struct chain_prog *p)
{
	struct instance i;
	int err = instance_of_prog(p->id, &i);
	const char *where = chain_dir_names[dir], *hook = chain_hook_names[p->hook];

	if (err)
		log_error("attach %s %s: %s (program %u, %s) is already there", l->name, where, p->name, p->id, hook);
	else if (i.alive)
		log_error("attach %s %s: ninetap with pid %u is already there (program %u, %s)",
			  l->name, where, i.facts.pid, p->id, hook);
	else
		log_error("attach %s %s: a ninetap that is gone (pid %u) left its program %u there (%s): run ninetap detach",
			  l->name, where, i.facts.pid, p->id, hook);
}

/* Without CAP_SYS_ADMIN names stay unknown: then a second ninetap goes unnoticed. Said once. */
static void note_nameless(struct attacher *a, const struct link *l, enum nt_dir dir, const struct chain *c)
{
	for (size_t i = 0; i < c->n && !a->said_nameless; i++) {
		const struct chain_prog *p = &c->progs[i];

		if (p->name[0] || attach_is_own(a, p->id) || attach_is_before(a, p->id))
			continue;
		log_warn("attach %s %s: program %u (%s) is there, and reading whose it is needs CAP_SYS_ADMIN: if it is ninetap's, packets are recorded twice",
			 l->name, chain_dir_names[dir], p->id, chain_hook_names[p->hook]);
		a->said_nameless = true;
	}
}

/* Is that program another instance's, that came before us? own: our place in a TCX chain, or -1. */
static bool is_rival(const struct attacher *a, const struct chain *c, size_t i, ssize_t own)
{
	const struct chain_prog *p = &c->progs[i];

	if (attach_is_own(a, p->id) || attach_is_before(a, p->id) || !prog_is_ninetap(p->name))
		return false;
	return own < 0 || p->hook != CHAIN_TCX || (ssize_t)i > own;
}

static const struct chain_prog *find_rival(const struct attacher *a, const struct chain *c)
{
	ssize_t own = -1;

	for (size_t i = 0; i < c->n; i++) {
		if (c->progs[i].hook == CHAIN_TCX && attach_is_own(a, c->progs[i].id))
			own = i;
	}
	for (size_t i = 0; i < c->n; i++) {
		if (is_rival(a, c, i, own))
			return &c->progs[i];
	}
	return NULL;
}

/* -EBUSY, logged, if another instance must be given way to. before: what ours left there; may be NULL. */
static int look_around(struct attacher *a, const struct link *l, enum nt_dir dir, struct attachment *before)
{
	const struct chain_prog *rival;
	struct chain c;
	int err = chain_read(a->rtnl, l->ifindex, dir, &c);

	if (err) {
		attach_log_failure(a, l, dir, CHAIN_CLSACT, err);
		return err;
	}
	rival = find_rival(a, &c);
	note_nameless(a, l, dir, &c);
	if (rival)
		log_rival(l, dir, rival);
	else if (before)
		attach_find_before(a, l, dir, &c, before);
	chain_free(&c);
	return rival ? -EBUSY : 0;
}

bool attach_has_rival(struct attacher *a, const struct link *l)
{
	bool found = false;

	for (int dir = NT_DIR_IN; dir <= NT_DIR_OUT && !found; dir++) {
		struct chain c;

		if (chain_read(a->rtnl, l->ifindex, dir, &c))
			continue;
		found = find_rival(a, &c);
		chain_free(&c);
	}
	return found;
}

/* The place stays where it is, with our program in it; else it is cleared for another. 1: taken over. */
static int reuse(struct attacher *a, const struct link *l, struct attachment *before, enum chain_hook hook,
		 enum prog prog, struct attachment *out)
{
	int err = before->hook == hook ? attach_take_over(a, l, before, prog, out) : 0;

	if (before->hook == CHAIN_NONE)
		return 0;
	if (before->hook == hook && !err)
		return 1;
	if (err)
		log_warn("take over %s %s %s: %s: attached anew", l->name, chain_dir_names[before->dir],
			 chain_hook_names[before->hook], strerror(-err));
	else
		log_notice("attach %s %s: %s instead of %s: packets in between are not seen", l->name,
			   chain_dir_names[before->dir], chain_hook_names[hook], chain_hook_names[before->hook]);
	attach_remove(a, before);
	return 0;
}

/* With TC_AUTO what is there is as good. */
static enum chain_hook tc_hook(const struct attacher *a, const struct attachment *before)
{
	if (a->wish == TC_AUTO && (before->hook == CHAIN_TCX || before->hook == CHAIN_CLSACT))
		return before->hook;
	return a->tc == TC_CLSACT ? CHAIN_CLSACT : CHAIN_TCX;
}

static int put_tc(struct attacher *a, const struct link *l, struct attachment *before, struct attachment *out)
{
	bool in = out->dir == NT_DIR_IN, l3 = link_layer(l) == LINK_IP;
	enum prog prog = l3 ? (in ? PROG_TC_IN_L3 : PROG_TC_OUT_L3) : (in ? PROG_TC_IN : PROG_TC_OUT);
	enum chain_hook hook = tc_hook(a, before);
	int err;

	out->prog_id = a->id[prog];
	if (reuse(a, l, before, hook, prog, out))
		return 0;
	if (hook == CHAIN_CLSACT)
		return attach_clsact_put(a, l, prog, out);
	err = attach_tcx_put(a, l, a->programs.fd[prog], out);
	if (err)
		attach_log_failure(a, l, out->dir, CHAIN_TCX, err);
	return err;
}

/* Whatever keeps XDP away, TC sees the packets: 0 with hook CHAIN_NONE then. */
static int put_xdp(struct attacher *a, const struct link *l, enum hook_mode mode, struct attachment *before,
		   struct attachment *out)
{
	bool strips = mode != HOOK_TC && link_layer(l) == LINK_ETHERNET && link_strips_vlan(l);
	struct attach_choice c = attach_choose(l, strips, mode);

	for (size_t i = 0; i < c.n; i++)
		log_warn("attach %s ingress xdp: %s", l->name, c.why[i]);
	if (!c.xdp)
		return 0;
	/* TC since there was no XDP to be had, perhaps: without need it is not left for a try. */
	if (before->hook != CHAIN_NONE && before->hook != CHAIN_XDP && !attach_xdp_works(l))
		return 0;
	out->prog_id = a->id[PROG_XDP];
	if (reuse(a, l, before, CHAIN_XDP, PROG_XDP, out))
		return 0;
	return attach_xdp_put(a, l, out, mode == HOOK_XDP);
}

int attach_put(struct attacher *a, const struct link *l, enum hook_mode mode, enum nt_dir dir,
	       struct attachment *out)
{
	struct attachment before = { .link = -1 };
	int err;

	*out = (struct attachment) { .dir = dir, .ifindex = l->ifindex, .link = -1 };
	if (link_layer(l) == LINK_OTHER) {
		log_error("attach %s: its packets are neither Ethernet nor IP (hardware type %u)", l->name, l->type);
		return -EOPNOTSUPP;
	}
	err = look_around(a, l, dir, &before);
	if (!err && dir == NT_DIR_IN)
		err = put_xdp(a, l, mode, &before, out);
	if (!err && out->hook == CHAIN_NONE)
		err = put_tc(a, l, &before, out);
	if (!err)
		err = look_around(a, l, dir, NULL);
	if (err)
		attach_remove(a, out);
	return err;
}

int attach_link_in_place(const struct attachment *at)
{
	struct bpf_link_info info = { 0 };
	__u32 len = sizeof(info);
	int err = bpf_obj_get_info_by_fd(at->link, &info, &len);

	/* A TCX link's ifindex is at the same offset; the headers don't know it yet. */
	return err ? err : info.xdp.ifindex == (__u32)at->ifindex;
}

int attach_in_place(struct attacher *a, const struct attachment *at)
{
	if (at->hook == CHAIN_NONE)
		return 0;
	return at->hook == CHAIN_CLSACT ? attach_clsact_in_place(a, at) : attach_link_in_place(at);
}

static void let_go(struct attacher *a, struct attachment *at)
{
	attach_unpin(a, at);
	attach_keep(at);
}

void attach_forget(struct attacher *a, struct attachment *at)
{
	__u32 key = at->ifindex;

	if (at->hook == CHAIN_CLSACT && a->programs.ifaces_map >= 0)
		(void)bpf_map_delete_elem(a->programs.ifaces_map, &key); /* its filter may have made no entry */
	let_go(a, at);
}

void attach_remove(struct attacher *a, struct attachment *at)
{
	if (at->hook == CHAIN_CLSACT)
		attach_clsact_remove(a, at);
	let_go(a, at);
}

void attach_keep(struct attachment *at)
{
	if (at->link >= 0)
		close(at->link);
	at->hook = CHAIN_NONE;
	at->link = -1;
}
