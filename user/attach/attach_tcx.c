/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach_tcx.c - a program at the head of an interface's TCX chain, by a
 * link. Needs Linux 6.6.
 */
#include <bpf/bpf.h>
#include "attach/attach_priv.h"

int attach_tcx_put(struct attacher *a, const struct link *l, int prog_fd, struct attachment *out)
{
	/* BEFORE without naming anything: before everything. */
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = CHAIN_BPF_F_BEFORE);
	int fd = bpf_link_create(prog_fd, l->ifindex, chain_tcx_type(out->dir), &opts);

	if (fd < 0)
		return fd;
	out->hook = CHAIN_TCX;
	out->link = fd;
	attach_pin(a, out);
	return 0;
}
