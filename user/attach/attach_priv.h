/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach_priv.h - what attach.c and its three ways to attach share. Nobody
 * else includes it.
 */
#ifndef NINETAP_ATTACH_PRIV_H
#define NINETAP_ATTACH_PRIV_H

#include "attach/attach.h"

struct attacher {
	struct attach_programs programs;
	uint32_t id[PROG_MAX];
	enum tc_mode wish;
	enum tc_mode tc;		/* TC_TCX or TC_CLSACT: decided at open */
	bool said_nameless;
	struct rtnl *rtnl;
};

/*
 * All fill hook, link or prio of *out on success; dir, ifindex and prog_id are
 * set before. asked: XDP was, by a person.
 */
int attach_xdp_put(struct attacher *a, const struct link *l, struct attachment *out, bool asked);
int attach_tcx_put(const struct link *l, int prog_fd, struct attachment *out);
int attach_clsact_put(struct attacher *a, const struct link *l, enum prog prog, struct attachment *out);

int attach_clsact_in_place(struct attacher *a, const struct attachment *at);
void attach_clsact_remove(struct attacher *a, const struct attachment *at);

/* XDP and TCX: a link that lost its interface shows ifindex 0. */
int attach_link_in_place(const struct attachment *at);

bool attach_is_own(const struct attacher *a, uint32_t prog_id);

/* Says why it failed, unless the interface has just gone. */
void attach_log_failure(const struct attacher *a, const struct link *l, enum nt_dir dir,
			enum chain_hook hook, int err);

#endif
