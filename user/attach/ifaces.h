/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ifaces.h - keeps ninetap's programs on every interface that the rules name.
 *
 * Attaches at open, follows interfaces that come, go and are renamed, and
 * puts back what somebody removed. The main thread owns it: it waits for
 * ifaces_fd() and calls ifaces_event(); a timer calls ifaces_check() once a
 * second. Closing detaches all, or keeps what is pinned. In every case the
 * programs see a packet of an interface in the mode that its rule says, until
 * somebody changes nt_modes.
 */
#ifndef NINETAP_IFACES_H
#define NINETAP_IFACES_H

#include <stddef.h>
#include "base/options.h"
#include "attach/attach.h"
#include "inventory/board.h"
#include "tag/iface_table.h"

struct ifaces;

struct ifaces_settings {
	const struct options *options;	/* rules, plane, hook, tc; outlives the object */
	struct attach_programs programs;
	struct iface_table *table;	/* filled and published; stays the caller's */
	struct board *board;		/* of the planes that no rule names; NULL: none */
};

/*
 * Publishes the names of all interfaces that are there, those that no rule
 * matches only for IFACE_TABLE_KEEP_NS: to be called before rings that were
 * taken over are read. 0, or -errno after the reason was logged.
 */
int ifaces_names(const struct ifaces_settings *s) __attribute__((warn_unused_result));

/*
 * Attaches every interface that a rule matches, taking over what a ninetap
 * before left (s->programs.adopted). 0, or -errno after the reason was logged
 * and everything was detached again, or kept, if it had been taken over: -ENODEV (a name, not a glob,
 * that doesn't exist), -EBUSY (another instance), -EPERM, -EOPNOTSUPP, ...
 */
int ifaces_open(struct ifaces **out, const struct ifaces_settings *s) __attribute__((warn_unused_result));

/*
 * Whether every interface that is named, not globbed, exists: to be asked
 * before a start touches anything. 0 or -ENODEV after each one was logged.
 */
int ifaces_check_names(const struct options *o) __attribute__((warn_unused_result));

/* The sysexits(3) code for an error of ifaces_open() or ifaces_check_names(). */
int ifaces_exit_code(int err);

/* Readable when ifaces_event() has work. */
int ifaces_fd(const struct ifaces *s);

/* Handles what has happened. -errno: the watching itself is broken (logged). */
int ifaces_event(struct ifaces *s) __attribute__((warn_unused_result));

/*
 * Tries again what is not attached, verifies what is on at most
 * IFACES_CHECK_MAX interfaces, all of them in turn, and restores what is
 * missing. Once a second; the kernel tells of filters of TC at once
 * (ifaces_event()), but not of links.
 */
#define IFACES_CHECK_MAX 64U
void ifaces_check(struct ifaces *s);

/* Every interface that is attached, in the order of ifindex; rule is valid as long as the options are. */
void ifaces_each(const struct ifaces *s,
		 void (*cb)(int ifindex, const char *name, const struct iface_rule *rule, void *arg), void *arg);

/* From now on ifaces_close() leaves all attached, if there are pins: for the next start. */
void ifaces_keep(struct ifaces *s);

/* Interfaces attached now. */
size_t ifaces_count(const struct ifaces *s);

/* Detaches everything that is not to be kept. NULL is fine. */
void ifaces_close(struct ifaces *s);

#endif
