// SPDX-License-Identifier: Apache-2.0
/*
 * verdict_why.c - why the packets of a CPU are not accounted for, in numbers.
 * The first reason that applies is told: the others often follow from it.
 */
#include <stdarg.h>
#include <stdio.h>
#include "audit/verdict_priv.h"

typedef unsigned long long ull;

/* Returns true: a reason was found. */
static bool __attribute__((format(printf, 2, 3))) say(struct verdict *v, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(v->why, sizeof(v->why), fmt, args);
	va_end(args);
	return true;
}

static bool is_silent(struct verdict *v, const struct book_page *p)
{
	if (!p->told_n)
		return say(v, "silence: no ledger event came, but %zu records and %zu flow records did", p->records_n,
			   p->flows_n);
	return !v->last && say(v, "none of %zu ledger events is of one moment", p->told_n);
}

static bool is_contradicted(struct verdict *v, const struct book_page *p)
{
	if (p->records_clash)
		return say(v, "contradiction: %llu records came again with other contents", (ull)p->records_clash);
	if (p->flows_clash)
		return say(v, "contradiction: %llu flow records came again with other contents", (ull)p->flows_clash);
	return !told_adds_up(v->last) && say(v, "contradiction: seen is not the sum of the fates");
}

static bool has_too_many_records(struct verdict *v)
{
	const struct book_told *t = v->last;
	uint64_t made = t->fate[NT_COUNT_RECORDED].events;

	if (t->got.events > made)
		return say(v, "%llu records came up to number %llu, but only %llu were made", (ull)t->got.events, (ull)t->seq,
			   (ull)made);
	return v->closed && v->behind &&
	       say(v, "%llu records have numbers behind the closing event's, %llu", (ull)v->behind, (ull)t->seq);
}

static bool has_too_much_in_flows(struct verdict *v, const struct book_page *p, bool overflow)
{
	const struct nt_tally *told = &v->last->fate[overflow ? NT_COUNT_OVERFLOW : NT_COUNT_FLOW];
	const struct nt_tally *came = &p->flow[overflow];

	if (!v->closed || tally_within(came, told))
		return false;
	return say(v, "flow records of %s hold %llu events, %llu packets, %llu bytes; only %llu, %llu, %llu were counted",
		   overflow ? "overflow" : "flow modes", (ull)came->events, (ull)came->packets, (ull)came->bytes,
		   (ull)told->events, (ull)told->packets, (ull)told->bytes);
}

/* Records that were between ring and output when the event was made: they may come yet. */
static uint64_t on_their_way(const struct verdict *v)
{
	const struct book_told *t = v->last;
	uint64_t done = t->safe.events + verdict_claimed(t).events + t->unread;
	uint64_t recorded = t->fate[NT_COUNT_RECORDED].events;

	return v->closed || done > recorded ? 0 : recorded - done;
}

static bool is_record_missing(struct verdict *v)
{
	const struct book_told *t = v->last;
	uint64_t known = verdict_claimed(t).events + t->unread + v->dropped[0], way = on_their_way(v);

	if (v->missing.events <= known + way)
		return false;
	v->unexplained = v->missing.events - known - way;
	return say(v, "%llu records are missing: %llu were made up to number %llu, %llu came, %llu are known lost, %llu were on their way",
		   (ull)v->unexplained, (ull)t->fate[NT_COUNT_RECORDED].events, (ull)t->seq, (ull)t->got.events, (ull)known,
		   (ull)way);
}

/*
 * Flow records that had been called safe and did not come. Without a closing
 * event later ones may stand in for them here: then it is `at` that stays
 * behind.
 */
static bool is_flow_missing(struct verdict *v, const struct book_page *p)
{
	const struct book_told *t = v->last;
	uint64_t counted = tally_counted(t).events, came = p->flow[0].events + p->flow[1].events;
	uint64_t lost = t->flows_lost.events, open = v->closed ? 0 : t->flows_open.events;

	if (v->dropped[1] || counted <= came + lost + open)
		return false;
	v->unexplained_flows = counted - came - lost - open;
	return say(v, "%llu events counted in flows are missing: %llu were counted, %llu came, %llu are known lost, %llu were still in tables",
		   (ull)v->unexplained_flows, (ull)counted, (ull)came, (ull)lost, (ull)t->flows_open.events);
}

/* The numbers of events agree, but not those of packets or bytes. */
static bool is_other_size(struct verdict *v)
{
	if (!v->closed || v->at == v->last)
		return false;
	return say(v, "packets or bytes differ from what was counted: records by %lld and %lld, flows by %lld and %lld",
		   (long long)v->missing.packets, (long long)v->missing.bytes, (long long)v->missing_flows.packets,
		   (long long)v->missing_flows.bytes);
}

static bool is_too_much(struct verdict *v, const struct book_page *p)
{
	return has_too_many_records(v) || has_too_much_in_flows(v, p, false) || has_too_much_in_flows(v, p, true);
}

void verdict_why(struct verdict *v, const struct book_page *p)
{
	bool found = is_silent(v, p) || is_contradicted(v, p) || is_too_much(v, p) || is_record_missing(v) ||
		     is_flow_missing(v, p) || is_other_size(v);

	if (!found && !v->at)
		say(v, "at none of %zu ledger events had all come that was counted by then", p->told_n);
}
