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
	bool said_nameless, said_unpinned;
	uint32_t *before;		/* programs of those whose pins were taken over */
	size_t before_n;
	struct rtnl *rtnl;
};

/*
 * All fill hook, link or prio of *out on success; dir, ifindex and prog_id are
 * set before. asked: XDP was, by a person.
 */
int attach_xdp_put(struct attacher *a, const struct link *l, struct attachment *out, bool asked);
int attach_tcx_put(struct attacher *a, const struct link *l, int prog_fd, struct attachment *out);
int attach_clsact_put(struct attacher *a, const struct link *l, enum prog prog, struct attachment *out);

int attach_clsact_in_place(struct attacher *a, const struct attachment *at);
void attach_clsact_remove(struct attacher *a, const struct attachment *at);

/* XDP and TCX: a link that lost its interface shows ifindex 0. */
int attach_link_in_place(const struct attachment *at);

/* attach_pins.c: links as they are pinned, and what a ninetap before left. */
int attach_read_before(struct attacher *a);	/* which programs are its: 0 or -errno */
bool attach_is_before(const struct attacher *a, uint32_t prog_id);

/* Pins the link of what was attached. Not to be able to is said once, and no failure. */
void attach_pin(struct attacher *a, const struct attachment *at);
void attach_unpin(const struct attacher *a, const struct attachment *at);

/* What it left at that place, in *out, or CHAIN_NONE; pins that lead nowhere are removed. */
void attach_find_before(struct attacher *a, const struct link *l, enum nt_dir dir, const struct chain *c,
			struct attachment *out);

/* Puts our program in its place; -errno (not logged): it is as it was. */
int attach_take_over(struct attacher *a, const struct link *l, const struct attachment *before, enum prog prog,
		     struct attachment *out);

/* Whether the driver takes XDP: tried with a program that does nothing. */
bool attach_xdp_works(const struct link *l);

bool attach_is_own(const struct attacher *a, uint32_t prog_id);

/* Says why it failed, unless the interface has just gone. */
void attach_log_failure(const struct attacher *a, const struct link *l, enum nt_dir dir,
			enum chain_hook hook, int err);

#endif
