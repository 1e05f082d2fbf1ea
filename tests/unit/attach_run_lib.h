/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach_run_lib.h - ninetap's loader and attachments as a run has them, in
 * this process or in one that can be killed, and a sender of packets beside it.
 */
#ifndef ATTACH_RUN_LIB_H
#define ATTACH_RUN_LIB_H

#include <sys/types.h>
#include "attach/ifaces.h"
#include "attach/loader.h"

#define LAB_PINS "/sys/fs/bpf/ninetap"

/* A veth pair a<i>-b<i> that is up and sends nothing of itself; and a bpffs over the machine's, in a mount namespace of our own. */
void lab_quiet_veths(int n);
void lab_bpffs(void);

struct lab_run {
	struct options options;
	struct iface_rule rule;
	struct loader loader;
	struct iface_table *table;
	struct ifaces *ifaces;
};

/* The settings of a small run; instance NULL: the default's. */
void lab_run_init(struct lab_run *r, const char *match, enum hook_mode hook, enum tc_mode tc, const char *instance);

/* Loads and attaches. 0 or -errno; lab_run_close() either way. */
int lab_run_open(struct lab_run *r);
void lab_run_close(struct lab_run *r, bool keep);

/* lab_run_open() in a process of its own, which waits to be killed; ends this one if it fails. Not to be closed here. */
pid_t lab_run_child(struct lab_run *r);
void lab_kill(pid_t pid);

/* Another process sends frames of UDP on `iface` until it is stopped; lab_sent(n) waits until it has sent n more. */
void lab_send(const char *iface);
void lab_sent(unsigned long n);
void lab_send_stop(void);

/* Packets that an interface received and sent, as it counts them itself. */
unsigned long lab_iface_packets(const char *iface);

/* What the programs have seen, once they have seen `until` packets or don't go on. */
unsigned long lab_seen(const struct loader *l, unsigned long until);

/* Ids of the programs on the interface: "12 13", ingress first. Valid until the next call. */
const char *lab_ids(const char *iface);

/* What is in the folder of pins of that instance here, whether anything is there: its path, or NULL. */
const char *lab_folder(const char *instance);

#endif
