/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain.c - what runs on a packet at one interface and direction, in order.
 *
 * Read to see a second instance, and by show and detach.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <linux/if_link.h>
#include "attach/chain.h"
#include "attach/tc.h"

#define CHAIN_TCX_MAX 64		/* the kernel's own bound: BPF_MPROG_MAX */

const char *const chain_hook_names[] = {
	[CHAIN_NONE] = "none", [CHAIN_XDP] = "xdp", [CHAIN_TCX] = "tcx", [CHAIN_CLSACT] = "clsact",
};

const char *const chain_dir_names[] = {
	[NT_DIR_INVALID] = "none", [NT_DIR_IN] = "ingress", [NT_DIR_OUT] = "egress",
};

int chain_tcx_type(enum nt_dir dir)
{
	return dir == NT_DIR_IN ? CHAIN_BPF_TCX_INGRESS : CHAIN_BPF_TCX_EGRESS;
}

void chain_free(struct chain *c)
{
	free(c->progs);
	c->progs = NULL;
	c->n = 0;
}

static int chain_add(struct chain *c, const struct chain_prog *p)
{
	struct chain_prog *more = reallocarray(c->progs, c->n + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	more[c->n++] = *p;
	c->progs = more;
	return 0;
}

/* Adds a program by id; without the right to look, or when it has just gone, it keeps p's name. */
static int chain_add_id(struct chain *c, struct chain_prog p)
{
	struct prog_facts f;

	if (!prog_facts_id(p.id, &f))
		snprintf(p.name, sizeof(p.name), "%s", f.name);
	return chain_add(c, &p);
}

static int chain_xdp(struct rtnl *r, int ifindex, struct chain *c)
{
	struct link l;
	int err = link_get(r, ifindex, &l);

	if (err || !l.xdp_prog)
		return err;
	return chain_add_id(c, (struct chain_prog) {
		.hook = CHAIN_XDP, .id = l.xdp_prog, .generic = l.xdp_mode == XDP_ATTACHED_SKB,
	});
}

static int chain_tcx(int ifindex, enum nt_dir dir, struct chain *c)
{
	__u32 ids[CHAIN_TCX_MAX], flags = 0, n = CHAIN_TCX_MAX;
	int err = bpf_prog_query(ifindex, chain_tcx_type(dir), 0, &flags, ids, &n);

	if (err)
		return err == -EINVAL ? 0 : err;	/* before 6.6: no TCX, no programs */
	for (__u32 i = 0; i < n && !err; i++)
		err = chain_add_id(c, (struct chain_prog) { .hook = CHAIN_TCX, .id = ids[i] });
	return err;
}

/* BPF filters one by one; of other kinds a line a priority. */
static int chain_filter(const struct tc_filter *f, void *arg)
{
	struct chain_prog p = { .hook = CHAIN_CLSACT, .id = f->prog_id, .prio = f->prio, .handle = f->handle };
	bool bpf = !strcmp(f->kind, "bpf");

	if (f->chain || bpf != !!f->handle)
		return 0;
	snprintf(p.name, sizeof(p.name), "%s", bpf ? f->name : f->kind);
	return p.id ? chain_add_id(arg, p) : chain_add(arg, &p);
}

int chain_read(struct rtnl *r, int ifindex, enum nt_dir dir, struct chain *out)
{
	int err = 0;

	memset(out, 0, sizeof(*out));
	if (dir == NT_DIR_IN)
		err = chain_xdp(r, ifindex, out);
	if (!err)
		err = chain_tcx(ifindex, dir, out);
	if (!err)
		err = tc_filter_dump(r, ifindex, dir, chain_filter, out);
	if (err && err != -EINTR) {
		chain_free(out);
		return err;
	}
	return 0;
}
