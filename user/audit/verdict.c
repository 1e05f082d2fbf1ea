// SPDX-License-Identifier: Apache-2.0
/*
 * verdict.c - see verdict.h: the equation at one event, and the search for the
 * last event at which it holds. Why it does not hold is told in verdict_why.c.
 */
#include <string.h>
#include "audit/verdict_priv.h"

const char *const verdict_names[] = {
	[VERDICT_COMPLETE] = "complete",
	[VERDICT_ACCOUNTED] = "accounted",
	[VERDICT_UNACCOUNTED] = "unaccounted",
};

struct nt_tally tally_less(const struct nt_tally *a, const struct nt_tally *b)
{
	return (struct nt_tally){ a->events - b->events, a->packets - b->packets, a->bytes - b->bytes };
}

struct nt_tally verdict_claimed(const struct book_told *t)
{
	struct nt_tally sum = { 0 };

	for (int i = 0; i < BOOK_LOSSES; i++)
		tally_add(&sum, &t->lost[i]);
	return sum;
}

struct nt_tally verdict_kernel_lost(const struct book_told *t)
{
	struct nt_tally sum = t->fate[NT_COUNT_RING_FULL];

	tally_add(&sum, &t->fate[NT_COUNT_FLOWS_FULL]);
	tally_add(&sum, &t->fate[NT_COUNT_NO_RING]);
	return sum;
}

struct nt_tally tally_counted(const struct book_told *t)
{
	struct nt_tally sum = t->fate[NT_COUNT_FLOW];

	tally_add(&sum, &t->fate[NT_COUNT_OVERFLOW]);
	return sum;
}

/* Each packet has one fate. */
bool told_adds_up(const struct book_told *t)
{
	struct nt_tally sum = { 0 };

	for (int i = NT_COUNT_SEEN + 1; i < NT_COUNT_FATES_END; i++)
		tally_add(&sum, &t->fate[i]);
	return tally_same(&sum, &t->fate[NT_COUNT_SEEN]);
}

static size_t first_from(const struct book_page *p, uint64_t seq)
{
	size_t low = 0, high = p->records_n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->records[middle].seq < seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Of these numbers, without records. */
static uint64_t absent(const struct book_page *p, uint64_t first, uint64_t last)
{
	if (last < first)
		return 0;
	return last - first + 1 - (first_from(p, last + 1) - first_from(p, first));
}

/*
 * Records up to seq that the spool dropped. What it dropped may have been sent
 * before: only what did not come was lost by it.
 */
uint64_t spool_dropped(const struct book_page *p, uint64_t seq)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < p->drops_n; i++) {
		const struct book_drop *d = &p->drops[i];
		uint64_t last = d->count ? d->seq + d->count - 1 : 0;

		if (!d->flows && d->count)
			sum += absent(p, d->seq, last < seq ? last : seq);
	}
	return sum;
}

uint64_t spool_dropped_flows(const struct book_page *p)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < p->drops_n; i++)
		sum += p->drops[i].flows ? p->drops[i].count : 0;
	return sum;
}

static bool is_nothing(const struct nt_tally *t)
{
	return !t->events && !t->packets && !t->bytes;
}

/*
 * Of what is missing, claimed is known in full, and of some the number of
 * events alone.
 */
static bool explains(const struct nt_tally *missing, const struct nt_tally *claimed, uint64_t events_alone)
{
	if (missing->events > claimed->events + events_alone)
		return false;
	if (events_alone)
		return true;
	if (missing->events == claimed->events)
		return tally_same(missing, claimed);
	return tally_within(missing, claimed);
}

static enum verdict_kind judge_records(const struct book_page *p, const struct book_told *t)
{
	const struct nt_tally *recorded = &t->fate[NT_COUNT_RECORDED];
	struct nt_tally missing = tally_less(recorded, &t->got), claimed = verdict_claimed(t);

	if (!tally_within(&t->got, recorded))
		return VERDICT_UNACCOUNTED;
	if (is_nothing(&missing))
		return VERDICT_COMPLETE;
	if (!missing.events)
		return VERDICT_UNACCOUNTED; /* all came, but they are not what was counted */
	if (missing.events == t->unread)
		return VERDICT_COMPLETE; /* --count: on purpose */
	return explains(&missing, &claimed, t->unread + spool_dropped(p, t->seq)) ? VERDICT_ACCOUNTED : VERDICT_UNACCOUNTED;
}

static enum verdict_kind judge_flows(const struct book_page *p, const struct book_told *t, const struct nt_tally *flow)
{
	struct nt_tally missing = tally_counted(t);

	if (!tally_within(&flow[0], &t->fate[NT_COUNT_FLOW]) || !tally_within(&flow[1], &t->fate[NT_COUNT_OVERFLOW]))
		return VERDICT_UNACCOUNTED;
	missing = tally_less(&missing, &flow[0]);
	missing = tally_less(&missing, &flow[1]);
	if (is_nothing(&missing))
		return VERDICT_COMPLETE;
	/* A record of a flow stands for any number of packets. */
	if (spool_dropped_flows(p))
		return VERDICT_ACCOUNTED;
	return missing.events && explains(&missing, &t->flows_lost, 0) ? VERDICT_ACCOUNTED : VERDICT_UNACCOUNTED;
}

/* The equation at one event. last: nothing came behind it, so that all that was received is of before. */
static enum verdict_kind judge(const struct book_page *p, const struct book_told *t, bool last)
{
	struct nt_tally lost = verdict_kernel_lost(t);
	enum verdict_kind records, flows, worst = is_nothing(&lost) ? VERDICT_COMPLETE : VERDICT_ACCOUNTED;

	if (!t->exact || !told_adds_up(t))
		return VERDICT_UNACCOUNTED;
	records = judge_records(p, t);
	flows = judge_flows(p, t, last ? p->flow : t->ended);
	worst = records > worst ? records : worst;
	return flows > worst ? flows : worst;
}

/* Gaps of the numbers up to the last event's seq: the ranges are the first ones. */
static void find_gaps(struct verdict *v, const struct book_page *p)
{
	uint64_t next = 1;
	size_t up_to = first_from(p, v->last->seq + 1);

	for (size_t i = 0; i <= up_to; i++) {
		uint64_t seq = i < up_to ? p->records[i].seq : v->last->seq + 1;

		if (seq > next) {
			v->gaps += seq - next;
			v->ranges_more = v->ranges_n == VERDICT_RANGES;
			if (!v->ranges_more) {
				v->range[v->ranges_n].first = next;
				v->range[v->ranges_n++].last = seq - 1;
			}
		}
		next = seq + 1;
	}
	v->behind = p->records_n - up_to;
}

static void measure(struct verdict *v, const struct book_page *p)
{
	const struct book_told *t = v->last;
	struct nt_tally counted = tally_counted(t);

	v->missing = tally_less(&t->fate[NT_COUNT_RECORDED], &t->got);
	v->missing_flows = tally_less(&counted, &p->flow[0]);
	v->missing_flows = tally_less(&v->missing_flows, &p->flow[1]);
	v->kernel_lost = verdict_kernel_lost(t);
	v->dropped[0] = spool_dropped(p, t->seq);
	v->dropped[1] = spool_dropped_flows(p);
	find_gaps(v, p);
}

static void search(struct verdict *v, const struct book_page *p)
{
	for (size_t i = p->told_n; i-- && !v->at;) {
		const struct book_told *t = &p->told[i];

		if (t->exact && !v->last)
			v->last = t;
		v->kind = judge(p, t, v->closed && i == p->told_n - 1);
		if (v->kind != VERDICT_UNACCOUNTED)
			v->at = t;
	}
}

void verdict_of(struct verdict *v, const struct book_page *p)
{
	memset(v, 0, sizeof(*v));
	v->kind = VERDICT_UNACCOUNTED;
	v->closed = p->told_n && p->told[p->told_n - 1].closing && p->told[p->told_n - 1].exact;
	search(v, p);
	if (v->last)
		measure(v, p);
	verdict_why(v, p);
	if (v->why[0])
		v->kind = VERDICT_UNACCOUNTED;
}
