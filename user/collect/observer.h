/* SPDX-License-Identifier: Apache-2.0 */
/*
 * observer.h - what the main thread does each second: takes the ledger of
 * every CPU, sends it as events, publishes it as metrics, and lets modes
 * follow the load. Main thread, but for observer_spool_lost().
 */
#ifndef NINETAP_OBSERVER_H
#define NINETAP_OBSERVER_H

#include "attach/ifaces.h"
#include "attach/loader.h"
#include "collect/flow_thread.h"
#include "collect/workers.h"
#include "ledger/ledger.h"
#include "serve/serve.h"

struct observer;

struct observer_settings {
	const struct loader *loader;
	const struct tag_origin *origin;
	const char *events;		/* their output; NULL: none are sent */
	struct serve *serve;		/* NULL: no metrics */
};

/* 0 or a sysexits(3) code after the reason was logged. */
int observer_open(struct observer **out, const struct observer_settings *s) __attribute__((warn_unused_result));
void observer_close(struct observer *o);	/* after the sink; NULL is fine */

/* Parcels of events, for the first worker; NULL: there are none. */
struct outbox *observer_outbox(const struct observer *o);

/* For struct outlet_settings: an event of each loss in the spool. arg is the observer. The worker's thread. */
void observer_spool_lost(void *arg, const struct sink_spool_loss *l);

/* What there is to observe, once all of it runs; before the first step. */
void observer_watch(struct observer *o, struct sink *sink, struct workers *workers, struct flow_thread *flows);

/* A second has passed. */
void observer_step(struct observer *o, const struct ifaces *ifaces);

/* All is drained: the closing events; or, if the programs go on for the next process, that this one stops. */
void observer_end(struct observer *o, bool keep);

/* Whether every event that was sent is reported. */
bool observer_idle(struct observer *o);

#endif
