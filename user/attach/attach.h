/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach.h - puts ninetap's programs on an interface, as a guest.
 *
 * Ingress is native XDP on a physical NIC, or where it was asked for, else
 * TC; egress is TC. TC is TCX at the head of the chain, or a clsact filter
 * with a priority and handle of our own. Nothing of others is replaced or
 * deleted. With pins links outlive the process, and what a ninetap before left
 * is taken over, in its place, without a packet unseen. One thread an attacher. Each refusal is logged here, once, with
 * its reason; callers only pass the error on.
 */
#ifndef NINETAP_ATTACH_H
#define NINETAP_ATTACH_H

#include "base/options.h"
#include "attach/chain.h"

/*
 * Filters of lower priority numbers run first. 1 is where Cilium (handle 1)
 * and most agents sit, and deleting a whole priority takes all of its
 * handles along: so we live in the next one, before what tc(8) adds without
 * a number (49152 and down). Where it is taken, the next few are tried.
 */
#define ATTACH_TC_PRIO 2
#define ATTACH_TC_PRIO_TRIES 6
#define ATTACH_TC_HANDLE 0x6e74		/* "nt" */

/*
 * Each change of a TCX chain waits for all running programs (RCU), some 15 ms
 * under the lock of all network settings: 1,000 interfaces take half a minute
 * to attach, and again to detach. With more than this many TC_AUTO takes
 * clsact, where the same is done in half a second.
 */
#define ATTACH_TCX_IFACES 64

struct pins;

/* Descriptors of the loaded programs and of maps, and the folder of pins; they stay the caller's. */
struct attach_programs {
	int fd[PROG_MAX];		/* by enum prog */
	int ifaces_map;			/* nt_ifaces; -1: a made qdisc is not remembered, and stays */
	int modes_map;			/* nt_modes; -1: modes are not written */
	struct pins *pins;		/* NULL: links go with the process */
	bool adopted;			/* the pins are a ninetap's before, to be taken over */
};

/* One program at one interface and direction. hook CHAIN_NONE: not attached. */
struct attachment {
	enum chain_hook hook;
	enum nt_dir dir;
	int ifindex;
	int link;			/* XDP and TCX: the descriptor that, unless it is pinned, keeps it there */
	uint32_t prio;			/* clsact */
	uint32_t prog_id;
};

struct attacher;

/* -errno is logged. -EOPNOTSUPP: tc is TC_TCX and the kernel has none. */
int attacher_open(struct attacher **out, const struct attach_programs *p, enum tc_mode tc)
	__attribute__((warn_unused_result));

/* So many interfaces are to be attached now: before the first attach_put(). */
void attacher_expect(struct attacher *a, size_t ifaces);
void attacher_close(struct attacher *a);	/* NULL is fine; attachments stay */

/*
 * Attaches at one direction. -EBUSY: another instance is there; -ENODEV: the
 * interface is gone (not logged); -EOPNOTSUPP: it can't be read; -EPERM; ...
 */
int attach_put(struct attacher *a, const struct link *l, enum hook_mode mode, enum nt_dir dir,
	       struct attachment *out) __attribute__((warn_unused_result));

/* Whether another instance, alive or not, is there in either direction. Says nothing. */
bool attach_has_rival(struct attacher *a, const struct link *l);

/* 1: in its place; 0: somebody removed it; -errno. */
int attach_in_place(struct attacher *a, const struct attachment *at) __attribute__((warn_unused_result));

/* Detaches, and forgets what hook it was. Nothing attached is fine. */
void attach_remove(struct attacher *a, struct attachment *at);

/* Leaves what is pinned, and filters, where they are: for the next start. */
void attach_keep(struct attachment *at);

/*
 * When all that is wanted is attached: detaches what else a ninetap before
 * left of what was taken over, here or in a namespace that an interface moved
 * to, and its programs with it. Says what.
 */
void attach_sweep(struct attacher *a);

/*
 * Deletes the clsact qdisc if we made it and no filter is left in it. After
 * the last attach_remove(). A filter that somebody adds between the look and
 * the deletion goes with the qdisc: the kernel has no "delete if empty".
 */
void attach_release(struct attacher *a, int ifindex);

/* The interface is gone: closes, and forgets it. */
void attach_forget(struct attacher *a, struct attachment *at);

/*
 * Whether ingress should be XDP, and what the person who asked for it must
 * know. Asked once, when it is attached: rx-vlan-offload that is switched on
 * later takes tags out of what XDP sees, until the next start.
 */
struct attach_choice {
	bool xdp;
	size_t n;
	const char *why[2];
};
struct attach_choice attach_choose(const struct link *l, bool strips_vlan, enum hook_mode mode);

#endif
