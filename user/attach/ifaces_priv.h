/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ifaces_priv.h - what ifaces.c (one interface: rules, attaching, restoring)
 * and ifaces_watch.c (all of them: dumps and events) share.
 */
#ifndef NINETAP_IFACES_PRIV_H
#define NINETAP_IFACES_PRIV_H

#include "attach/ifaces.h"

/* An interface that a rule matches; also one that could not be attached. */
struct iface {
	struct link link;
	const struct iface_rule *rule;
	struct attachment in, out;
	bool refused;			/* never tried again under this name */
	bool busy;			/* another instance is there, as was said: tried again quietly */
	bool dirty;			/* something happened: verify */
	bool seen;			/* by the full read that is going on */
	uint64_t retry_ns;		/* CLOCK_MONOTONIC: not restored before */
	uint64_t wait_ns;		/* between retries */
};

struct ifaces {
	const struct options *options;
	struct attacher *attacher;
	struct iface_table *table;
	struct board *board;
	struct rtnl *monitor, *rtnl;
	int modes_map;			/* -1: none */
	bool pinned;			/* there is a folder of pins */
	bool keep;			/* at the end */
	struct iface *list;		/* sorted by ifindex */
	size_t n, cap;
	size_t checked;			/* where the next check goes on */
};

bool iface_rule_is_glob(const struct iface_rule *r);

/* The first rule that matches the name, or NULL. */
const struct iface_rule *ifaces_rule(const struct ifaces *s, const char *name);

/* NULL if it is none of ours. Valid until the list changes. */
struct iface *ifaces_find(struct ifaces *s, int ifindex);

/* Name and plane for the tag stage, seen from the next publish on. rule may be NULL: no plane. -errno is logged. */
int ifaces_stage_name(struct ifaces *s, const struct iface *i);

/* What was staged can be seen; if memory is missing for it, it is tried again once a second. */
void ifaces_publish(struct ifaces *s);

/* An interface that is there: attaches, follows a new name, or drops it. */
int ifaces_link(struct ifaces *s, const struct link *l);

/* An interface that is not there any more. */
void ifaces_gone(struct ifaces *s, int ifindex);

/* In both directions. */
bool ifaces_attached(const struct iface *i);

/* Attaches or restores what is missing, unless that was tried just now. */
void ifaces_verify(struct ifaces *s, struct iface *i);

#endif
