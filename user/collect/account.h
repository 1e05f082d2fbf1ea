/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account.h - where every packet went: what run and replay print at their end.
 */
#ifndef NINETAP_ACCOUNT_H
#define NINETAP_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>
#include "ninetap/abi.h"
#include "sink/sink.h"

struct account {
	uint64_t counts[NT_COUNT_MAX];	/* kernel side, summed over CPUs */
	uint64_t unread;		/* records left alone once --count was reached */
	uint64_t encode_lost;
	struct sink_stats sink;
};

/* Names of enum nt_count: "seen", "recorded", ... */
extern const char *const count_names[NT_COUNT_MAX];

/* seen = fates, and recorded = delivered + unread + losses. */
bool account_balances(const struct account *a);

/*
 * Whatever was recorded and never reached the sink, which ended the run with
 * `error`: unread if its reader went (-EPIPE), else lost by it.
 */
void account_rest(struct account *a, int error);

/* The sysexits(3) code: 0 if every record that was wanted was delivered. error as above. */
int account_exit_code(const struct account *a, int error);

/* Two or three lines by log_notice; a warning if the account does not balance. */
void account_log(const struct account *a);

#endif
