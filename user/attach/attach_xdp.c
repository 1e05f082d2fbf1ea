/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach_xdp.c - the XDP program on an interface, by a link: nobody replaces
 * it by accident. One program fits; where there
 * is one already it stays, and TC is used, as where the driver has no XDP.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <linux/if_link.h>
#include "base/log.h"
#include "attach/attach_priv.h"

/*
 * Native only: generic XDP comes behind GRO and an xdp_md has no segments, so
 * that a packet that stands for many would be counted as one.
 */
static int link_create(const struct attacher *a, const struct link *l)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);

	return bpf_link_create(a->programs.fd[PROG_XDP], l->ifindex, BPF_XDP, &opts);
}

static void log_taken(struct attacher *a, const struct link *l)
{
	struct prog_facts f = { 0 };
	struct link now;

	if (link_get(a->rtnl, l->ifindex, &now) || !now.xdp_prog) {
		log_warn("attach %s ingress xdp: the place is taken: TC is used", l->name);
		return;
	}
	if (prog_facts_id(now.xdp_prog, &f))
		f.name[0] = '\0';
	log_warn("attach %s ingress xdp: program %u (%s) is there: TC is used", l->name, now.xdp_prog,
		 f.name[0] ? f.name : "name unknown");
}

static void log_refused(const struct link *l, int err, bool asked)
{
	if (err != -EOPNOTSUPP)
		log_warn("attach %s ingress xdp: %s: TC is used", l->name, strerror(-err));
	else if (asked)
		log_warn("attach %s ingress xdp: the driver has none, and generic XDP counts packets that GRO merged as one: TC is used",
			 l->name);
	else
		log_info("attach %s ingress xdp: the driver has none: TC is used", l->name);
}

int attach_xdp_put(struct attacher *a, const struct link *l, struct attachment *out, bool asked)
{
	int fd = link_create(a, l);

	if (fd >= 0) {
		out->hook = CHAIN_XDP;
		out->link = fd;
		attach_pin(a, out);
		return 0;
	}
	if (fd == -ENODEV)
		return fd;
	if (fd == -EBUSY || fd == -EEXIST)
		log_taken(a, l);
	else
		log_refused(l, fd, asked);
	return 0;
}

bool attach_xdp_works(const struct link *l)
{
	const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
	int prog = bpf_prog_load(BPF_PROG_TYPE_XDP, "nt_probe", "GPL", pass, 2, NULL);
	int link = prog < 0 ? prog : bpf_link_create(prog, l->ifindex, BPF_XDP, &opts);

	if (link >= 0)
		close(link);
	if (prog >= 0)
		close(prog);
	return link >= 0;
}
