// SPDX-License-Identifier: Apache-2.0
/*
 * collect_account.c - an account that does not balance is noticed, and each
 * loss fails the run.
 */
#include <errno.h>
#include <sysexits.h>
#include "collect/account.h"
#include "ledger/ledger.h"
#include "unit/check.h"

/* 30 seen: 20 recorded, 4 counted in flows, 6 not IP. */
static struct account sample(void)
{
	struct account a = { .outcome.safe = { 10, 20, 1000 }, .outcome.unread = 1, .flows_gone = { 4, 4, 400 } };

	a.counts.seen = (struct nt_tally){ 30, 60, 3000 };
	a.counts.recorded = (struct nt_tally){ 20, 40, 2000 };
	a.counts.flow = (struct nt_tally){ 3, 3, 300 };
	a.counts.overflow = (struct nt_tally){ 1, 1, 100 };
	a.counts.non_ip = (struct nt_tally){ 6, 16, 600 };
	a.counts.cut = 99;
	a.outcome.lost[NT_LOSS_ENCODE].events = 2;
	a.outcome.lost[NT_LOSS_WRITE].events = 7;
	return a;
}

static void test_the_account_balances(void)
{
	struct account a = sample();

	CHECK(account_balances(&a));
	a.outcome.lost[NT_LOSS_WRITE].events--;
	CHECK(!account_balances(&a));
	a = sample();
	a.counts.non_ip.bytes--;
	CHECK(!account_balances(&a));
	a = sample();
	a.flows_gone.events--;
	CHECK(!account_balances(&a));
	a.kept = true;
	CHECK(account_balances(&a));
	a.counts.seen.events--;
	CHECK(!account_balances(&a));
}

/* What the sink did not take any more is unread only if its reader went. */
static void test_the_rest_is_a_loss(void)
{
	struct account a = sample(), b;

	a.outcome.safe.events -= 5;
	account_rest(&a, 0);
	CHECK(!account_balances(&a));
	b = a;
	account_rest(&a, -EPIPE);
	CHECK_EQ(a.outcome.unread, 6);
	CHECK(account_balances(&a));
	CHECK_EQ(account_exit_code(&a, -EPIPE), 0);
	account_rest(&b, -ECANCELED);
	CHECK_EQ(b.outcome.lost[NT_LOSS_CLOSED].events - sample().outcome.lost[NT_LOSS_CLOSED].events, 5);
	CHECK(account_balances(&b));
	CHECK_EQ(account_exit_code(&b, -ECANCELED), EX_IOERR);
	b = sample();
	b.outcome.safe.events -= 5;
	b.kept = true;
	account_rest(&b, -ECANCELED);			/* the next run's */
	CHECK_EQ(b.outcome.lost[NT_LOSS_CLOSED].events, sample().outcome.lost[NT_LOSS_CLOSED].events);
	CHECK(account_balances(&b));
}

/* What flow tables still held is a loss, too; more in flow records than in tables is no loss but a mistake. */
static void test_the_rest_of_flows_is_a_loss(void)
{
	struct account a = sample(), b;

	a.flows_gone = (struct nt_tally){ 1, 1, 100 };
	b = a;
	account_flows_rest(&a, 0);
	CHECK_EQ(a.flows.lost[NT_LOSS_CLOSED].events, 3);
	CHECK_EQ(a.flows.lost[NT_LOSS_CLOSED].bytes, 300);
	CHECK(account_balances(&a));
	CHECK_EQ(account_exit_code(&a, 0), EX_IOERR);
	account_flows_rest(&b, -ECANCELED);
	CHECK_EQ(b.flows.lost[NT_LOSS_CLOSED].packets, 3);
	a = sample();
	a.flows_gone.events = 5;
	account_flows_rest(&a, 0);
	CHECK(!account_balances(&a));
}

static void test_each_loss_fails_the_run(void)
{
	struct account a = {
		.counts.seen.events = 11, .counts.recorded.events = 11, .outcome.safe.events = 10, .outcome.unread = 1,
	};

	CHECK_EQ(account_exit_code(&a, 0), 0);
	for (int i = 0; i < NT_LOSS_MAX; i++) {
		a.outcome.lost[i].events = 1;
		a.outcome.safe.events--;
		CHECK_EQ(account_exit_code(&a, 0), EX_IOERR);
		a.outcome.lost[i].events = 0;
		a.outcome.safe.events++;
		a.flows.lost[i].events = 1;
		CHECK_EQ(account_exit_code(&a, 0), EX_IOERR);
		a.flows.lost[i].events = 0;
	}
	a.outcome.safe.events--;			/* it does not balance */
	CHECK_EQ(account_exit_code(&a, 0), EX_IOERR);
	CHECK_EQ(account_exit_code(&a, -EPIPE), 0);
}

static void test_outcomes_are_summed(void)
{
	struct nt_outcomes o = { .current = 1, .flows_gone = { 1, 2, 3 } };
	struct account a = { 0 };

	o.copy[0].safe.events = 1000;	/* not the current one */
	o.copy[1].safe = (struct nt_tally){ 4, 5, 6 };
	o.copy[1].unread = 7;
	o.copy[1].lost[NT_LOSS_OFF] = (struct nt_tally){ 1, 1, 1 };
	account_add_outcome(&a, &o);
	account_add_outcome(&a, &o);
	CHECK_EQ(a.outcome.safe.events, 8);
	CHECK_EQ(a.outcome.safe.bytes, 12);
	CHECK_EQ(a.outcome.unread, 14);
	CHECK_EQ(a.outcome.lost[NT_LOSS_OFF].packets, 2);
	CHECK_EQ(a.flows_gone.bytes, 6);
}

int main(void)
{
	RUN(test_the_account_balances);
	RUN(test_the_rest_is_a_loss);
	RUN(test_the_rest_of_flows_is_a_loss);
	RUN(test_each_loss_fails_the_run);
	RUN(test_outcomes_are_summed);
	return check_done();
}
