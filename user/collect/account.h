/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account.h - where every packet went: what run and replay print at their end.
 */
#ifndef NINETAP_ACCOUNT_H
#define NINETAP_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>
#include "ninetap/abi.h"
#include "collect/flow_writer.h"
#include "sink/sink.h"

/* Sums over CPUs, since the maps were made. */
struct account {
	struct nt_counts counts;
	struct nt_outcome outcome;	/* of records; ring_pos and next_seq mean nothing here */
	struct nt_tally flows_gone;	/* in flow records that are safe, or lost */
	struct flow_outcome flows;	/* the same of this process alone */
	struct sink_stats sink;
	bool kept;			/* programs go on: what is in rings and tables is for the next process */
};

void account_add_outcome(struct account *a, const struct nt_outcomes *o);
void account_add_flows(struct account *a, const struct flow_outcome *f);

/* seen = fates; recorded = safe + unread + losses; flows and overflow = in flow records. */
bool account_balances(const struct account *a);

/*
 * Whatever was recorded and never reached the sink, which ended the run with
 * `error`: unread if its reader went (-EPIPE), else lost by it.
 */
void account_rest(struct account *a, int error);

/* What was counted in flow tables when a run was cut short, and is in no flow record: lost, by that error or to its end. */
void account_flows_rest(struct account *a, int error);

/* The sysexits(3) code: 0 if every record that was wanted is safe. error as above. */
int account_exit_code(const struct account *a, int error);

/* A few lines by log_notice; a warning if the account does not balance. */
void account_log(const struct account *a);

#endif
