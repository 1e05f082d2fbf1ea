/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events.h - the ledger and what changes in a run, as JSON objects for the
 * stream of events: with them a consumer can prove what it got.
 *
 * Each call appends one object, and a message of its own, to a batch that
 * events_begin() emptied: a line in FRAMING_STREAM, without its newline in
 * FRAMING_MESSAGE. All begin with type, ts (RFC 3339), box, site, pop, ren and
 * epoch, from l->ts_utc_ns and l->origin. Pure; one thread a batch. 0 or
 * -ENOMEM: the batch is as before.
 */
#ifndef NINETAP_LEDGER_EVENTS_H
#define NINETAP_LEDGER_EVENTS_H

#include "encode/encode.h"
#include "ledger/ledger.h"

/* Empties b for events. cpu: of all that will be in it, or 0. Afterwards the batch is always complete. */
void events_begin(struct batch *b, uint32_t cpu);

/* The ledger of one CPU; its message's seq is c->n. */
int ledger_event(struct batch *b, enum framing framing, const struct ledger *l, const struct ledger_cpu *c)
	__attribute__((warn_unused_result));

struct mode_change {
	const char *iface;
	enum nt_mode from, to;
	uint32_t sample;		/* from now on */
	const char *reason;		/* "set", "ring", "sink", "flows", "recovered" */
};
int mode_event(struct batch *b, enum framing framing, const struct ledger *l, const struct mode_change *m)
	__attribute__((warn_unused_result));

/* A loss in the spool; may be of another epoch than this run's, and of another box, whose name it then bears. */
int loss_event(struct batch *b, enum framing framing, const struct ledger *l, const struct sink_spool_loss *s)
	__attribute__((warn_unused_result));

/* The process begins: version, pid, l->adopted, and of how many CPUs it tells at first; and ends. */
int start_event(struct batch *b, enum framing framing, const struct ledger *l, uint32_t pid)
	__attribute__((warn_unused_result));
int stop_event(struct batch *b, enum framing framing, const struct ledger *l)
	__attribute__((warn_unused_result));

#endif
