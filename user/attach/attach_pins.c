// SPDX-License-Identifier: Apache-2.0
/*
 * attach_pins.c - links that are pinned, and what a ninetap before left: found
 * again, taken over, and cleared where it is not wanted any more.
 *
 * Which programs were its is told by their pins, so that no right to look at
 * others' objects is needed.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "base/log.h"
#include "attach/attach_priv.h"
#include "attach/links.h"
#include "attach/pins.h"
#include "attach/tc.h"

#define PROG_PIN "prog_%u"
#define LINK_PIN "link_%d_%s_%s"

static void link_pin(char out[PINS_NAME_BYTES], int ifindex, enum nt_dir dir, enum chain_hook hook)
{
	snprintf(out, PINS_NAME_BYTES, LINK_PIN, ifindex, dir == NT_DIR_IN ? "in" : "out", chain_hook_names[hook]);
}

static bool is_link(enum chain_hook hook)
{
	return hook == CHAIN_XDP || hook == CHAIN_TCX;
}

static int add_before(const char *name, void *arg)
{
	struct attacher *a = arg;
	uint32_t id, *more;

	if (sscanf(name, PROG_PIN, &id) != 1 || attach_is_own(a, id))
		return 0;
	more = reallocarray(a->before, a->before_n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	a->before = more;
	a->before[a->before_n++] = id;
	return 0;
}

int attach_read_before(struct attacher *a)
{
	return a->programs.adopted ? pins_each(a->programs.pins, "prog_", add_before, a) : 0;
}

bool attach_is_before(const struct attacher *a, uint32_t prog_id)
{
	for (size_t i = 0; i < a->before_n; i++) {
		if (a->before[i] == prog_id)
			return true;
	}
	return false;
}

void attach_pin(struct attacher *a, const struct attachment *at)
{
	char pin[PINS_NAME_BYTES];
	int err;

	link_pin(pin, at->ifindex, at->dir, at->hook);
	pins_remove(a->programs.pins, pin);	/* a link's that is detached */
	err = pins_put(a->programs.pins, pin, at->link);
	if (err && !a->said_unpinned)
		log_warn("pin %s: %s: it goes with the process", pin, strerror(-err));
	a->said_unpinned |= err != 0;
}

void attach_unpin(const struct attacher *a, const struct attachment *at)
{
	char pin[PINS_NAME_BYTES];

	if (!is_link(at->hook))
		return;
	link_pin(pin, at->ifindex, at->dir, at->hook);
	pins_remove(a->programs.pins, pin);
}

static bool chain_has(const struct chain *c, enum chain_hook hook, uint32_t id)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->progs[i].hook == hook && c->progs[i].id == id)
			return true;
	}
	return false;
}

/*
 * The link by its pin. That the interface's own chain holds its program shows
 * that it is still there: the interface may have moved to another namespace,
 * and its number been given to another.
 */
static bool find_link(struct attacher *a, const struct chain *c, enum chain_hook hook, struct attachment *out)
{
	struct bpf_link_info info = { 0 };
	__u32 len = sizeof(info);
	char pin[PINS_NAME_BYTES];
	int fd;

	link_pin(pin, out->ifindex, out->dir, hook);
	fd = pins_get(a->programs.pins, pin);
	if (fd < 0)
		return false;
	if (!bpf_obj_get_info_by_fd(fd, &info, &len) && attach_is_before(a, info.prog_id) &&
	    chain_has(c, hook, info.prog_id)) {
		out->hook = hook;
		out->link = fd;
		out->prog_id = info.prog_id;
		return true;
	}
	close(fd);
	pins_remove(a->programs.pins, pin);
	return false;
}

static void find_filter(const struct attacher *a, const struct chain *c, struct attachment *out)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct chain_prog *p = &c->progs[i];

		if (p->hook != CHAIN_CLSACT || p->handle != ATTACH_TC_HANDLE || !attach_is_before(a, p->id))
			continue;
		out->hook = CHAIN_CLSACT;
		out->prio = p->prio;
		out->prog_id = p->id;
		return;
	}
}

void attach_find_before(struct attacher *a, const struct link *l, enum nt_dir dir, const struct chain *c,
			struct attachment *out)
{
	*out = (struct attachment){ .dir = dir, .ifindex = l->ifindex, .link = -1 };
	if (!a->before_n)
		return;
	if (dir == NT_DIR_IN && find_link(a, c, CHAIN_XDP, out))
		return;
	if (!find_link(a, c, CHAIN_TCX, out))
		find_filter(a, c, out);
}

/* Only if its program is still the one that was found there. */
static int update_link(struct attacher *a, const struct attachment *before, int prog_fd)
{
	LIBBPF_OPTS(bpf_link_update_opts, opts, .flags = BPF_F_REPLACE);
	char pin[PINS_NAME_BYTES];
	int old, err;

	snprintf(pin, sizeof(pin), PROG_PIN, before->prog_id);
	old = pins_get(a->programs.pins, pin);
	if (old < 0)
		return old;
	opts.old_prog_fd = old;
	err = bpf_link_update(before->link, prog_fd, &opts);
	close(old);
	return err;
}

static int replace_filter(struct attacher *a, const struct attachment *before, enum prog prog)
{
	struct tc_filter f = { .prio = before->prio, .handle = ATTACH_TC_HANDLE };
	int err = tc_filter_get(a->rtnl, before->ifindex, before->dir, &f);

	if (err || f.prog_id != before->prog_id)
		return err ? err : -ENOENT;
	snprintf(f.name, sizeof(f.name), "%s", prog_names[prog]);
	return tc_filter_replace(a->rtnl, before->ifindex, before->dir, &f, a->programs.fd[prog]);
}

int attach_take_over(struct attacher *a, const struct link *l, const struct attachment *before, enum prog prog,
		     struct attachment *out)
{
	int err = is_link(before->hook) ? update_link(a, before, a->programs.fd[prog])
					: replace_filter(a, before, prog);

	if (err)
		return err;
	*out = *before;
	out->prog_id = a->id[prog];
	log_info("took over %s %s %s: program %u instead of %u", l->name, chain_dir_names[before->dir],
		 chain_hook_names[before->hook], out->prog_id, before->prog_id);
	return 0;
}

static void say_swept(int ifindex, const char *dir, const char *hook)
{
	char name[IF_NAMESIZE];

	log_notice("detached %s %s %s: a ninetap before left it, and it is not wanted any more",
		   if_indextoname(ifindex, name) ? name : "an interface that is gone,", dir, hook);
}

/* A link that was not taken over still has a program of before. */
static int sweep_link(const char *name, void *arg)
{
	struct attacher *a = arg;
	struct bpf_link_info info = { 0 };
	__u32 len = sizeof(info);
	int fd = pins_get(a->programs.pins, name), ifindex, err;
	char dir[4], hook[4];

	err = fd < 0 ? fd : bpf_obj_get_info_by_fd(fd, &info, &len);
	if (fd >= 0)
		close(fd);
	if (!err && attach_is_own(a, info.prog_id))
		return 0;
	pins_remove(a->programs.pins, name);
	if (sscanf(name, "link_%d_%3[a-z]_%3[a-z]", &ifindex, dir, hook) == 3)
		say_swept(ifindex, strcmp(dir, "in") ? "egress" : "ingress", hook);
	return 0;
}

static void sweep_filter(struct attacher *a, int ifindex, enum nt_dir dir)
{
	struct attachment at = { .dir = dir, .ifindex = ifindex };
	struct chain c;

	if (chain_read(a->rtnl, ifindex, dir, &c))
		return;
	find_filter(a, &c, &at);
	chain_free(&c);
	if (at.hook == CHAIN_NONE)
		return;
	attach_clsact_remove(a, &at);
	attach_release(a, ifindex);
	say_swept(ifindex, chain_dir_names[dir], chain_hook_names[at.hook]);
}

static int sweep_filters(struct attacher *a)
{
	struct link_list all = { 0 };
	int err = link_list_read(a->rtnl, &all);

	for (size_t i = 0; i < all.n && !err; i++) {
		sweep_filter(a, all.links[i].ifindex, NT_DIR_IN);
		sweep_filter(a, all.links[i].ifindex, NT_DIR_OUT);
	}
	link_list_free(&all);
	return err;
}

void attach_sweep(struct attacher *a)
{
	int err;

	if (!a->before_n)
		return;
	err = pins_each(a->programs.pins, "link_", sweep_link, a);
	if (!err)
		err = sweep_filters(a);
	if (err) {
		log_warn("clear what a ninetap before left: %s: its programs stay pinned, for the next start to clear", strerror(-err));
		return;
	}
	for (size_t i = 0; i < a->before_n; i++) {
		char pin[PINS_NAME_BYTES];

		snprintf(pin, sizeof(pin), PROG_PIN, a->before[i]);
		pins_remove(a->programs.pins, pin);
	}
	a->before_n = 0;
}
