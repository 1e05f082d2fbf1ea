/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modes.h - the mode of each interface while a run goes on: what its rule
 * says, what somebody set by `ninetap mode`, or what auto makes of the load.
 *
 * The kernel's side reads nt_modes; this watches and writes it. An interface
 * whose mode somebody else set is left to them. Main thread.
 */
#ifndef NINETAP_MODES_H
#define NINETAP_MODES_H

#include "attach/ifaces.h"
#include "collect/auto_mode.h"
#include "ledger/events.h"

struct modes;

typedef void modes_changed(void *arg, const struct mode_change *c);

/* map_fd: nt_modes. 0 or -ENOMEM. */
int modes_open(struct modes **out, int map_fd, modes_changed *changed, void *arg) __attribute__((warn_unused_result));
void modes_close(struct modes *m);	/* NULL is fine; modes stay as they are */

/* Looks at all interfaces, and at the load of the last second. */
void modes_step(struct modes *m, const struct ifaces *ifaces, const struct auto_load *load);

/* As of the last step; valid until the next. */
const struct ledger_iface *modes_list(const struct modes *m, size_t *n);

#endif
