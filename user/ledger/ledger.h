/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger.h - what is known of a run at one moment: what became of every
 * packet, CPU by CPU, and the state of what it passes through.
 *
 * Filled once a second by the thread that runs ninetap, from the kernel's
 * counters, the workers and the sink; read by the events of the stream
 * (events.h) and the metrics (serve/). Pure data: nothing here asks anybody.
 */
#ifndef NINETAP_LEDGER_H
#define NINETAP_LEDGER_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "ninetap/abi.h"
#include "sink/sink.h"

struct ledger_cpu {
	uint32_t cpu;
	bool exact;			/* counts are of one moment (struct nt_counts) */
	struct nt_counts counts;
	struct nt_outcome outcome;
	struct nt_tally flows_open;	/* counted as flow or overflow, and neither safe nor lost yet */
	struct nt_tally flows_lost[NT_LOSS_MAX]; /* in flow records that were lost, by this process */
	uint64_t ring_bytes, ring_fill_bytes; /* 0: this CPU has no ring */
	uint64_t n;			/* number of this CPU's ledger event in this process, from 1 */
};

/* An interface that is recorded, with the mode that is in force. */
struct ledger_iface {
	char name[IF_NAMESIZE];
	enum plane plane;
	enum nt_mode mode;
	uint32_t sample;		/* one in so many packets */
};

struct ledger {
	const struct tag_origin *origin;
	int64_t ts_utc_ns, start_utc_ns;
	bool closing;			/* the run's last: all is drained */
	bool adopted;			/* maps of a process before were taken over */
	const struct ledger_cpu *cpus;
	size_t cpus_n;
	const struct ledger_iface *ifaces;
	size_t ifaces_n;
	struct sink_stats sink;
	int64_t clock_error_ns;
	uint64_t worker_idle_ns;	/* since the slowest worker looked at its rings for the last time */
};

extern const char *const ledger_count_names[NT_COUNT_MAX];	/* "seen", "recorded", ... */
extern const char *const ledger_loss_names[NT_LOSS_MAX];	/* "encode", ... */
extern const char *const ledger_mode_names[NT_MODE_MAX];	/* "packet", "flow", "sampled" */

/* The tally of a fate (not of a note). */
const struct nt_tally *ledger_fate(const struct nt_counts *c, enum nt_count fate);

/* Packets of a note. */
uint64_t ledger_note(const struct nt_counts *c, enum nt_count note);

/* Whether a fate is a loss: neither in a record nor in a flow, and not so on purpose. */
bool ledger_is_loss(enum nt_count fate);

static inline void ledger_add(struct nt_tally *to, const struct nt_tally *more)
{
	to->events += more->events;
	to->packets += more->packets;
	to->bytes += more->bytes;
}

/* sum = all CPUs' counts; its begun and ended are sums, too. */
void ledger_sum(struct nt_counts *sum, const struct nt_counts *c);

/* Whether seen is the sum of the fates, in events, packets and bytes. Holds where exact. */
bool ledger_balances(const struct ledger_cpu *c);

#endif
