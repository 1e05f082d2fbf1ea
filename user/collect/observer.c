// SPDX-License-Identifier: Apache-2.0
/*
 * observer.c - see observer.h.
 */
#include "collect/observer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "collect/modes.h"
#include "ledger/events.h"

#define PARCELS 64U			/* as many seconds without a sink; then events are left out, which their n shows */

#define LOSSES_MAX 100000U		/* events in a parcel: far more than a second can bring */

struct observer {
	const struct loader *loader;
	struct serve *serve;
	struct outbox *outbox;		/* NULL: no events */
	enum framing framing;
	struct modes *modes;
	struct sink *sink;
	struct workers *workers;
	struct flow_thread *flows;
	struct ledger ledger;
	struct ledger_cpu *cpus;
	struct nt_counts *counts;	/* by CPU */
	bool *exact;
	uint64_t *numbers;		/* by CPU: of its last event */
	struct nt_counts before;	/* sums of the second before */
	bool looked;			/* there was one */
	struct mode_change changes[16];	/* of this step; more are in the log alone */
	char names[16][IF_NAMESIZE];
	size_t changes_n;
	uint32_t out;			/* parcels that are on their way */
	bool began;
};

static void on_mode(void *arg, const struct mode_change *c)
{
	struct observer *o = arg;

	if (o->changes_n == sizeof(o->changes) / sizeof(*o->changes))
		return;
	memcpy(o->names[o->changes_n], c->iface, sizeof(o->names[0]));
	o->changes[o->changes_n] = *c;
	o->changes[o->changes_n].iface = o->names[o->changes_n];
	o->changes_n++;
}

static int open_lists(struct observer *o)
{
	uint32_t n = o->loader->cpus;

	o->cpus = calloc(n, sizeof(*o->cpus));
	o->counts = calloc(n, sizeof(*o->counts));
	o->exact = calloc(n, sizeof(*o->exact));
	o->numbers = calloc(n, sizeof(*o->numbers));
	if (!o->cpus || !o->counts || !o->exact || !o->numbers)
		return -ENOMEM;
	return modes_open(&o->modes, o->loader->modes_fd, on_mode, o);
}

int observer_open(struct observer **out, const struct observer_settings *s)
{
	struct observer *o = calloc(1, sizeof(*o));
	int err = o ? 0 : -ENOMEM;

	*out = o;
	if (!err) {
		o->loader = s->loader;
		o->serve = s->serve;
		o->ledger = (struct ledger){ .origin = s->origin, .adopted = s->loader->adopted,
					     .start_utc_ns = clock_ns(CLOCK_REALTIME) };
		err = open_lists(o);
	}
	if (!err && s->events)
		err = sink_framing(s->events, &o->framing);
	if (!err && s->events)
		err = outbox_open(&o->outbox, PARCELS, 0);
	if (err)
		log_error("open the ledger: %s", strerror(-err));
	return err ? EX_OSERR : 0;
}

/* What the sink gave back. */
static void settle(struct observer *o)
{
	struct parcel *p;

	while (o->outbox && (p = outbox_returned(o->outbox))) {
		__atomic_fetch_sub(&o->out, 1, __ATOMIC_RELAXED);
		outbox_keep(p);
	}
}

void observer_close(struct observer *o)
{
	if (!o)
		return;
	settle(o);
	modes_close(o->modes);
	outbox_close(o->outbox);
	free(o->cpus);
	free(o->counts);
	free(o->exact);
	free(o->numbers);
	free(o);
}

struct outbox *observer_outbox(const struct observer *o)
{
	return o->outbox;
}

void observer_watch(struct observer *o, struct sink *sink, struct workers *workers, struct flow_thread *flows)
{
	o->sink = sink;
	o->workers = workers;
	o->flows = flows;
}

static struct parcel *begin(struct observer *o, uint32_t cpu)
{
	struct parcel *p = o->outbox ? outbox_empty(o->outbox) : NULL;

	if (p)
		events_begin(&p->batch, cpu);
	return p;
}

static void post(struct observer *o, struct parcel *p)
{
	if (!p->batch.count) {
		outbox_keep(p);
		return;
	}
	__atomic_fetch_add(&o->out, 1, __ATOMIC_RELAXED);
	outbox_send(p);
}

/* Without memory or a parcel it is left out; the spool's figures have it. */
static void send_loss(struct observer *o, const struct sink_spool_loss *l)
{
	const struct ledger now = { .origin = o->ledger.origin, .ts_utc_ns = clock_ns(CLOCK_REALTIME) };
	struct parcel *waits = outbox_next(o->outbox), *p = waits;

	if (waits && waits->batch.count >= LOSSES_MAX) {
		outbox_put_back(o->outbox, waits);
		waits = p = NULL;
	}
	if (!p)
		p = begin(o, l->cpu);
	if (p)
		(void)!loss_event(&p->batch, o->framing, &now, l);
	if (waits)
		outbox_put_back(o->outbox, waits);
	else if (p)
		post(o, p);
}

/* With what waits to be sent: they come by hundreds where a segment holds many CPUs' records, and parcels are few. */
void observer_spool_lost(void *arg, const struct sink_spool_loss *l)
{
	struct observer *o = arg;

	if (o->outbox)
		send_loss(o, l);
}

/*
 * Counted in the tables and gone from them. At the end, once all is collected
 * and reported, nothing is left: what a kill -9 left uncounted is made good
 * then. If all is not, the thread of flows still counts.
 */
static struct nt_tally open_flows(struct observer *o, uint32_t cpu)
{
	const struct nt_counts *c = &o->counts[cpu];
	struct nt_tally in = c->flow, *gone = &o->loader->outcomes[cpu].flows_gone;

	ledger_add(&in, &c->overflow);
	if (o->ledger.closing && flow_thread_done(o->flows))
		*gone = in;
	if (in.events < gone->events || in.packets < gone->packets || in.bytes < gone->bytes)
		return (struct nt_tally){ 0 };	/* counted between the two looks */
	return (struct nt_tally){ in.events - gone->events, in.packets - gone->packets, in.bytes - gone->bytes };
}

/*
 * The other thread may be in the middle of the next one: then this is the one
 * before. Or of the one after that, into the same copy: then it has changed.
 */
static struct nt_outcome outcome_of(const struct nt_outcomes *o)
{
	struct nt_outcome copy;
	uint64_t current;

	do {
		current = __atomic_load_n(&o->current, __ATOMIC_ACQUIRE);
		copy = o->copy[current & 1];
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (current != __atomic_load_n(&o->current, __ATOMIC_RELAXED) ||
		 memcmp(&copy, &o->copy[current & 1], sizeof(copy)));
	return copy;
}

static void take_cpu(struct observer *o, uint32_t cpu)
{
	bool ring = o->loader->ring_fds[cpu] >= 0;
	struct flow_outcome flows;

	if (!ring && !o->counts[cpu].begun)
		return;
	flow_thread_outcome(o->flows, cpu, &flows);
	o->cpus[o->ledger.cpus_n] = (struct ledger_cpu){
		.cpu = cpu, .exact = o->exact[cpu], .counts = o->counts[cpu],
		.outcome = outcome_of(&o->loader->outcomes[cpu]),
		.flows_open = open_flows(o, cpu),
		.ring_bytes = ring ? o->loader->ring_bytes : 0,
		.ring_fill_bytes = workers_ring_fill(o->workers, cpu), .n = ++o->numbers[cpu],
	};
	memcpy(o->cpus[o->ledger.cpus_n++].flows_lost, flows.lost, sizeof(flows.lost));
}

static bool take(struct observer *o)
{
	int err;

	o->ledger.ts_utc_ns = clock_ns(CLOCK_REALTIME);	/* before: all that is earlier is in the counters */
	err = loader_snapshot(o->loader, o->counts, o->exact);
	if (err) {
		log_error("read the counters: %s", strerror(-err));
		return false;
	}
	o->ledger.cpus = o->cpus;
	o->ledger.cpus_n = 0;
	for (uint32_t cpu = 0; cpu < o->loader->cpus; cpu++)
		take_cpu(o, cpu);
	sink_get_stats(o->sink, &o->ledger.sink);
	o->ledger.ifaces = modes_list(o->modes, &o->ledger.ifaces_n);
	o->ledger.clock_error_ns = workers_clock_error_ns(o->workers);
	o->ledger.worker_idle_ns = (uint64_t)(clock_monotonic_ns() - workers_turn_ns(o->workers));
	return true;
}

/* The start once, changes of mode, then each CPU's ledger. An event without memory or room is left out. */
static void send_events(struct observer *o, bool stop)
{
	struct parcel *p = begin(o, 0);

	if (!p)
		return;
	if (!o->began)
		o->began = !start_event(&p->batch, o->framing, &o->ledger, (uint32_t)getpid());
	for (size_t i = 0; i < o->changes_n; i++)
		(void)!mode_event(&p->batch, o->framing, &o->ledger, &o->changes[i]);
	o->changes_n = 0;
	for (size_t i = 0; i < o->ledger.cpus_n; i++)
		(void)!ledger_event(&p->batch, o->framing, &o->ledger, &o->ledger.cpus[i]);
	if (stop)
		(void)!stop_event(&p->batch, o->framing, &o->ledger);
	post(o, p);
}

/* Of the first second nothing is known: what was taken over has counted before. */
static struct auto_load load_of(struct observer *o)
{
	struct nt_counts sum = { 0 };
	struct auto_load l = { 0 };

	for (size_t i = 0; i < o->ledger.cpus_n; i++) {
		const struct ledger_cpu *c = &o->ledger.cpus[i];
		unsigned int percent = c->ring_bytes ? c->ring_fill_bytes * 100 / c->ring_bytes : 0;

		ledger_sum(&sum, &c->counts);
		if (percent > l.ring_percent)
			l.ring_percent = percent;
	}
	if (!o->looked)
		o->before = sum;
	o->looked = true;
	l.events = sum.seen.events - o->before.seen.events;
	l.overflow = sum.overflow.events + sum.ring_full.events - o->before.overflow.events - o->before.ring_full.events;
	l.flows_full = sum.flows_full.events + sum.ring_full.events - o->before.flows_full.events - o->before.ring_full.events;
	l.sink_behind = workers_sink_full(o->workers) || o->ledger.sink.spool_held;
	o->before = sum;
	return l;
}

void observer_step(struct observer *o, const struct ifaces *ifaces)
{
	struct auto_load load;

	settle(o);
	if (!take(o))
		return;
	load = load_of(o);
	modes_step(o->modes, ifaces, &load);
	o->ledger.ifaces = modes_list(o->modes, &o->ledger.ifaces_n);
	if (o->serve)
		serve_publish(o->serve, &o->ledger);
	send_events(o, false);
}

void observer_end(struct observer *o, bool keep)
{
	if (!o->workers)			/* not all of it was started */
		return;
	settle(o);
	o->ledger.closing = !keep;
	if (take(o))
		send_events(o, true);
}

bool observer_idle(struct observer *o)
{
	settle(o);
	return !__atomic_load_n(&o->out, __ATOMIC_RELAXED);
}
