/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach_lib.h - what the tests of attaching share: a network namespace of
 * the process's own (gone with it, no trace), devices, trivial programs under
 * any name, and a log that can be read back.
 */
#ifndef ATTACH_LIB_H
#define ATTACH_LIB_H

#include "attach/ifaces.h"
#include "attach/tc.h"

/* Enters a new network namespace; ends the process if that fails (not root). */
void lab_enter(void);

/* Runs a shell command that must succeed. */
void lab_do(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* What TC_AUTO takes for few interfaces: "tcx" from Linux 6.6 on, "clsact" before. */
bool lab_has_tcx(void);
const char *lab_tc(void);

/* What is expected, put together. Valid until the next call. */
const char *lab_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Enters a new namespace with veth pairs a0-b0, a1-b1 ... */
void lab_veths(int n);

/* A program that returns `verdict`. -1 after printing why. */
int lab_prog(bool xdp, const char *name, int verdict);

struct lab_instance {
	struct attach_programs programs;
	int instance_map, counts_map, rings_map, hold;
	struct options options;
	struct iface_rule rule;
	struct iface_table *table;
	struct ifaces *ifaces;
};

/* Programs and maps of an instance, which watches what `match` matches. Nothing attached yet. */
void lab_instance(struct lab_instance *i, char *match, enum hook_mode hook, enum tc_mode tc);
int lab_open(struct lab_instance *i);

/* Closes all; kill: as if the process had been killed (what it left, stays). */
void lab_close(struct lab_instance *i, bool kill);

/* The chain as "xdp:nt_xdp tcx:other clsact:flower", valid until the next call. */
const char *lab_chain(const char *iface, enum nt_dir dir);

/* Whether a clsact or ingress qdisc is there. */
bool lab_has_qdisc(const char *iface);

/* Adds somebody else's filter, which lets nothing pass on to the next. 0 or -errno. */
int lab_foreign_filter(const char *iface, enum nt_dir dir, uint32_t prio, uint32_t handle);

/* Puts somebody else's program before ours at ingress, as TC_AUTO would: a link to close, or -1 (a filter, which stays). */
int lab_foreign_first(const char *iface);

/* From now on n more files can be opened, if none is closed; n < 0: as many as ever. */
void lab_descriptors(int n);

/* Handles events until there are none. */
void lab_events(struct lab_instance *i);

/* Collects what goes to stderr from now on; lab_said() ends it and tells whether `what` was in it. */
void lab_listen(void);
bool lab_said(const char *what);
bool lab_silent(void);			/* the same, and whether nothing was said */
int lab_count(const char *what);	/* the same, and how often it was said */

#endif
