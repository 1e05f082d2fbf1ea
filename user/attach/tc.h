/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tc.h - the clsact qdisc and its filters, by rtnetlink.
 *
 * Adds, replaces and deletes exactly what it is told, by priority and handle.
 * What is ours and what may be deleted is decided by the caller.
 */
#ifndef NINETAP_TC_H
#define NINETAP_TC_H

#include <stdbool.h>
#include <stdint.h>
#include "ninetap/abi.h"
#include "attach/rtnl.h"

/* One filter, or (handle 0) the classifier that holds filters of one priority. */
struct tc_filter {
	uint32_t prio, handle;
	uint32_t chain;			/* 0 is where packets enter */
	uint32_t prog_id;		/* 0: not BPF, or of classic BPF */
	char kind[16];			/* "bpf", "flower", ... */
	char name[64];			/* as its maker named it; may be "" */
};

/* -EEXIST: a clsact or ingress qdisc is there already. */
int tc_clsact_add(struct rtnl *r, int ifindex) __attribute__((warn_unused_result));
int tc_clsact_delete(struct rtnl *r, int ifindex) __attribute__((warn_unused_result));

/* Kind of the qdisc in clsact's place ("clsact", "ingress"), or "". */
int tc_clsact_kind(struct rtnl *r, int ifindex, char kind[16]) __attribute__((warn_unused_result));

/* A direct-action BPF filter for all protocols. -EEXIST: that prio and handle are taken. */
int tc_filter_add(struct rtnl *r, int ifindex, enum nt_dir dir, const struct tc_filter *f, int prog_fd)
	__attribute__((warn_unused_result));

/* Puts another program into a BPF filter that is there: no packet passes in between. -ENOENT: no such filter. */
int tc_filter_replace(struct rtnl *r, int ifindex, enum nt_dir dir, const struct tc_filter *f, int prog_fd)
	__attribute__((warn_unused_result));
int tc_filter_delete(struct rtnl *r, int ifindex, enum nt_dir dir, const struct tc_filter *f)
	__attribute__((warn_unused_result));

/* Fills *f from its prio and handle. -ENOENT: no such filter. */
int tc_filter_get(struct rtnl *r, int ifindex, enum nt_dir dir, struct tc_filter *f)
	__attribute__((warn_unused_result));

/* In the order in which they run. No qdisc is no filter: 0. */
int tc_filter_dump(struct rtnl *r, int ifindex, enum nt_dir dir,
		   int (*cb)(const struct tc_filter *f, void *arg), void *arg)
	__attribute__((warn_unused_result));

/*
 * No filter in either direction; false, too, if that can't be told. The kernel
 * can't delete "if empty": a filter that comes between this and the deletion goes with it.
 */
bool tc_clsact_empty(struct rtnl *r, int ifindex);

/* The interface of a RTM_{NEW,DEL}{TFILTER,QDISC} event, or 0. */
int tc_event_ifindex(const struct nlmsghdr *h);

#endif
