/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_priv.h - what the files of `ninetap run` share: run_open.c puts the
 * stages together, run.c waits and takes them apart.
 */
#ifndef NINETAP_RUN_PRIV_H
#define NINETAP_RUN_PRIV_H

#include "attach/ifaces.h"
#include "attach/loader.h"
#include "base/outputs.h"
#include "collect/flow_thread.h"
#include "collect/observer.h"
#include "collect/origin.h"
#include "collect/workers.h"
#include "inventory/keeper.h"

struct run {
	const struct options *o;
	struct options *next;		/* what a SIGHUP brought, if again */
	bool again;
	struct keeper *keeper;		/* NULL: no tags are wanted */
	struct outputs outputs;
	struct loader loader;
	struct origin origin;
	struct outlet out;
	struct iface_table *table;
	struct ifaces *ifaces;
	struct workers *workers;
	struct flow_thread *flows;
	struct observer *observer;
	struct serve *serve;
	int epoll_fd, signal_fd, check_fd, duration_fd;
	int stop_fd;			/* tells a sink that waits for its reader */
	bool stop;
	bool cut_short;			/* at the end not all was safe in time */
};

/*
 * Zero but for o, next, and descriptors of -1. 0 or a sysexits(3) code after
 * the reason was logged: what was opened until then is there.
 */
int run_open(struct run *r) __attribute__((warn_unused_result));

#endif
