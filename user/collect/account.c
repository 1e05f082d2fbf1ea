// SPDX-License-Identifier: Apache-2.0
/*
 * account.c - see account.h.
 */
#include "collect/account.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include "base/log.h"
#include "ledger/ledger.h"

#define LINE_BYTES 1024

void account_add_outcome(struct account *a, const struct nt_outcomes *o)
{
	const struct nt_outcome *c = &o->copy[o->current & 1];

	ledger_add(&a->outcome.safe, &c->safe);
	for (int i = 0; i < NT_LOSS_MAX; i++)
		ledger_add(&a->outcome.lost[i], &c->lost[i]);
	a->outcome.unread += c->unread;
	a->outcome.missing += c->missing;
	ledger_add(&a->flows_gone, &o->flows_gone);
}

void account_add_flows(struct account *a, const struct flow_outcome *f)
{
	ledger_add(&a->flows.safe, &f->safe);
	for (int i = 0; i < NT_LOSS_MAX; i++)
		ledger_add(&a->flows.lost[i], &f->lost[i]);
}

static uint64_t losses(const struct nt_tally lost[NT_LOSS_MAX])
{
	uint64_t sum = 0;

	for (int i = 0; i < NT_LOSS_MAX; i++)
		sum += lost[i].events;
	return sum;
}

static uint64_t records_out(const struct account *a)
{
	return a->outcome.safe.events + losses(a->outcome.lost) + a->outcome.unread;
}

bool account_balances(const struct account *a)
{
	const struct ledger_cpu sum = { .counts = a->counts };

	if (!ledger_balances(&sum))
		return false;
	return a->kept || (a->counts.recorded.events == records_out(a) &&
			   a->counts.flow.events + a->counts.overflow.events == a->flows_gone.events);
}

/* Of what a broken sink never took: its reader was too slow for the end, unless it went away. */
static enum nt_loss loss_by(int error)
{
	return error == 0 || error == -ECANCELED ? NT_LOSS_CLOSED : NT_LOSS_WRITE;
}

void account_rest(struct account *a, int error)
{
	uint64_t known = records_out(a), recorded = a->counts.recorded.events;

	if (!error || a->kept || known > recorded)	/* kept: the rest is the next run's */
		return;
	if (error == -EPIPE)
		a->outcome.unread += recorded - known;
	else
		a->outcome.lost[loss_by(error)].events += recorded - known;
}

void account_flows_rest(struct account *a, int error)
{
	const struct nt_tally *gone = &a->flows_gone;
	struct nt_tally in = a->counts.flow, rest;

	ledger_add(&in, &a->counts.overflow);
	if (gone->events > in.events || gone->packets > in.packets || gone->bytes > in.bytes)
		return;
	rest = (struct nt_tally){ in.events - gone->events, in.packets - gone->packets, in.bytes - gone->bytes };
	ledger_add(&a->flows.lost[loss_by(error)], &rest);
	a->flows_gone = in;
}

int account_exit_code(const struct account *a, int error)
{
	if (error == -EPIPE)
		return 0;
	return losses(a->outcome.lost) || losses(a->flows.lost) || !account_balances(a) ? EX_IOERR : 0;
}

/* Appends " PREFIXname=value". */
static void item(char *line, const char *prefix, const char *name, uint64_t value)
{
	size_t n = strlen(line);

	snprintf(line + n, LINE_BYTES - n, " %s%s=%" PRIu64, prefix, name, value);
}

static void log_packets(const struct account *a)
{
	char line[LINE_BYTES] = "";

	item(line, "", "seen", a->counts.seen.events);
	item(line, "", "recorded", a->counts.recorded.events);
	item(line, "", "delivered", a->outcome.safe.events);
	for (int i = NT_COUNT_FLOW; i < NT_COUNT_FATES_END; i++)
		if (!ledger_is_loss(i))
			item(line, "", ledger_count_names[i], ledger_fate(&a->counts, i)->events);
	item(line, "", "unread", a->outcome.unread);
	for (int i = NT_COUNT_FLOW; i < NT_COUNT_FATES_END; i++)
		if (ledger_is_loss(i))
			item(line, "lost_", ledger_count_names[i], ledger_fate(&a->counts, i)->events);
	for (int i = 0; i < NT_LOSS_MAX; i++)
		item(line, "lost_", ledger_loss_names[i], a->outcome.lost[i].events);
	log_notice("account:%s", line);
}

static void log_wire(const struct account *a)
{
	char line[LINE_BYTES] = "";

	item(line, "", "seen_packets", a->counts.seen.packets);
	item(line, "", "seen_bytes", a->counts.seen.bytes);
	item(line, "", "record_packets", a->outcome.safe.packets);
	item(line, "", "record_bytes", a->outcome.safe.bytes);
	item(line, "", "flow_packets", a->flows_gone.packets);
	item(line, "", "flow_bytes", a->flows_gone.bytes);
	log_notice("on the wire:%s", line);
}

/* What of `flow` and `overflow` was lost behind the tables; a run mostly loses nothing there. */
static void log_flows(const struct flow_outcome *f)
{
	char line[LINE_BYTES] = "";

	item(line, "", "delivered", f->safe.events);
	for (int i = 0; i < NT_LOSS_MAX; i++)
		item(line, "lost_", ledger_loss_names[i], f->lost[i].events);
	if (losses(f->lost))
		log_notice("in flows:%s", line);
}

static void log_spool(const struct sink_stats *s)
{
	if (s->spool_in)
		log_notice("spool: in=%" PRIu64 " out=%" PRIu64 " held=%" PRIu64 " (%" PRIu64 " bytes) lost_full=%" PRIu64
			   " lost_age=%" PRIu64 " lost_damaged=%" PRIu64 " lost_refused=%" PRIu64 " records",
			   s->spool_in, s->spool_out, s->spool_held, s->spool_held_bytes, s->spool_lost_full,
			   s->spool_lost_age, s->spool_lost_damaged, s->spool_lost_refused);
}

static void log_notes(const struct nt_counts *c)
{
	char line[LINE_BYTES] = "";

	for (int i = NT_COUNT_FATES_END; i < NT_COUNT_MAX; i++)
		item(line, "", ledger_count_names[i], ledger_note(c, i));
	log_notice("notes:%s", line);
}

void account_log(const struct account *a)
{
	log_packets(a);
	log_wire(a);
	log_flows(&a->flows);
	log_spool(&a->sink);
	log_notes(&a->counts);
	if (!account_balances(a))
		log_warn("the account does not balance: please report it");
}
