/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach_xdp.c - the XDP program on an interface, by a link: it goes with the
 * process, and nobody replaces it by accident. One program fits; where there
 * is one already it stays, and TC is used.
 */
#include <errno.h>
#include <string.h>
#include <bpf/bpf.h>
#include <linux/if_link.h>
#include "base/log.h"
#include "collect/attach_priv.h"

static int link_create(const struct attacher *a, const struct link *l, __u32 flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);

	return bpf_link_create(a->programs.fd[PROG_XDP], l->ifindex, BPF_XDP, &opts);
}

static void log_taken(struct attacher *a, const struct link *l)
{
	struct prog_facts f = { 0 };
	struct link now;

	if (link_get(a->rtnl, l->ifindex, &now) || !now.xdp_prog)
		return;
	if (prog_facts_id(now.xdp_prog, &f))
		f.name[0] = '\0';
	log_warn("attach %s ingress xdp: program %u (%s) is there: TC is used", l->name, now.xdp_prog,
		 f.name[0] ? f.name : "name unknown");
}

int attach_xdp_put(struct attacher *a, const struct link *l, struct attachment *out, bool generic)
{
	int fd = link_create(a, l, XDP_FLAGS_DRV_MODE);
	bool taken = fd == -EBUSY || fd == -EEXIST;

	if (fd < 0 && generic && !taken && fd != -EPERM && fd != -ENODEV) {
		log_warn("attach %s ingress xdp: the driver does not take it (%s): generic XDP is used",
			 l->name, strerror(-fd));
		fd = link_create(a, l, XDP_FLAGS_SKB_MODE);
		taken = fd == -EBUSY || fd == -EEXIST;
		out->generic = fd >= 0;
	}
	if (fd >= 0) {
		out->hook = CHAIN_XDP;
		out->link = fd;
		return 0;
	}
	if (fd == -ENODEV)
		return fd;
	if (taken)
		log_taken(a, l);
	else if (fd == -EOPNOTSUPP && !generic)
		log_info("attach %s ingress xdp: the driver has none: TC is used", l->name);
	else
		log_warn("attach %s ingress xdp: %s: TC is used", l->name, strerror(-fd));
	return 0;
}
