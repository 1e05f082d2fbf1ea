// SPDX-License-Identifier: Apache-2.0
/*
 * book_seal.c - what was added to the book, in order: each record, flow and
 * event once, and sums of what was received by the time of each ledger event.
 */
#include <stdlib.h>
#include <string.h>
#include "audit/book.h"

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

void tally_add(struct nt_tally *to, const struct nt_tally *more)
{
	to->events += more->events;
	to->packets += more->packets;
	to->bytes += more->bytes;
}

bool tally_same(const struct nt_tally *a, const struct nt_tally *b)
{
	return a->events == b->events && a->packets == b->packets && a->bytes == b->bytes;
}

bool tally_within(const struct nt_tally *a, const struct nt_tally *b)
{
	return a->events <= b->events && a->packets <= b->packets && a->bytes <= b->bytes;
}

/* Sorting what is in order already, as most of it is, would only take memory. */
static void sort(void *list, size_t n, size_t size, int (*order)(const void *, const void *))
{
	const char *p = list;

	for (size_t i = 1; i < n; i++)
		if (order(p + (i - 1) * size, p + i * size) > 0) {
			qsort(list, n, size, order);
			return;
		}
}

static int record_order(const void *a, const void *b)
{
	const struct book_record *x = a, *y = b;

	return ORDER(x->seq, y->seq);
}

static void seal_records(struct book_page *p)
{
	struct book_record *kept = p->records;
	size_t n = 0;

	sort(p->records, p->records_n, sizeof(*p->records), record_order);
	for (size_t i = 0; i < p->records_n; i++) {
		const struct book_record *r = &p->records[i];

		if (n && kept[n - 1].seq == r->seq) {
			p->records_doubled++;
			p->records_clash += kept[n - 1].packets != r->packets || kept[n - 1].bytes != r->bytes;
			continue;
		}
		tally_add(&p->got, &(struct nt_tally){ 1, r->packets, r->bytes });
		kept[n++] = *r;
	}
	p->records_n = n;
}

static int flow_order(const void *a, const void *b)
{
	const struct book_flow *x = a, *y = b;

	return ORDER(x->generation, y->generation) ?: ORDER(x->entry, y->entry);
}

static int flow_end_order(const void *a, const void *b)
{
	const struct book_flow *x = a, *y = b;

	return ORDER(x->last_ns, y->last_ns) ?: flow_order(a, b);
}

/* Its time may differ: UTC was made of it with what the clocks were apart when each copy was. */
static bool same_flow(const struct book_flow *a, const struct book_flow *b)
{
	return a->events == b->events && a->overflow == b->overflow && a->packets == b->packets && a->bytes == b->bytes;
}

static struct nt_tally flow_tally(const struct book_flow *f)
{
	return (struct nt_tally){ f->events, f->packets, f->bytes };
}

static void seal_flows(struct book_page *p)
{
	struct book_flow *kept = p->flows;
	size_t n = 0;

	sort(p->flows, p->flows_n, sizeof(*p->flows), flow_order);
	for (size_t i = 0; i < p->flows_n; i++) {
		struct nt_tally t = flow_tally(&p->flows[i]);

		if (n && !flow_order(&kept[n - 1], &p->flows[i])) {
			p->flows_doubled++;
			p->flows_clash += !same_flow(&kept[n - 1], &p->flows[i]);
			if (kept[n - 1].last_ns < p->flows[i].last_ns)
				kept[n - 1].last_ns = p->flows[i].last_ns;	/* proves less, never too much */
			continue;
		}
		tally_add(&p->flow[p->flows[i].overflow], &t);
		kept[n++] = p->flows[i];
	}
	p->flows_n = n;
	sort(p->flows, p->flows_n, sizeof(*p->flows), flow_end_order);
}

/* Counters only grow, whereas clocks are set and n begins again with each process. */
static int told_order(const void *a, const void *b)
{
	const struct book_told *x = a, *y = b;

	return ORDER(x->seq, y->seq) ?: ORDER(x->fate[NT_COUNT_SEEN].events, y->fate[NT_COUNT_SEEN].events) ?:
	       ORDER(x->ts_ns, y->ts_ns) ?: ORDER(x->closing, y->closing);
}

static void add_up_records(struct book_page *p)
{
	struct nt_tally sum = { 0 };
	size_t next = 0;

	for (size_t i = 0; i < p->told_n; i++) {
		for (; next < p->records_n && p->records[next].seq <= p->told[i].seq; next++)
			tally_add(&sum, &(struct nt_tally){ 1, p->records[next].packets, p->records[next].bytes });
		p->told[i].got = sum;
	}
}

static void add_up_flows(struct book_page *p)
{
	struct nt_tally sum[2] = { 0 };
	size_t next = 0;

	for (size_t i = 0; i < p->told_n; i++) {
		struct book_told *t = &p->told[i];

		if (i && t->ts_ns < t[-1].ts_ns) {
			memset(sum, 0, sizeof(sum));	/* the clock was set back */
			next = 0;
		}
		for (; next < p->flows_n && p->flows[next].last_ns <= t->ts_ns; next++) {
			struct nt_tally more = flow_tally(&p->flows[next]);

			tally_add(&sum[p->flows[next].overflow], &more);
		}
		memcpy(t->ended, sum, sizeof(sum));
	}
}

/* Each process counts from 0 what it lost of flow records, and its events from 1. */
static void add_up_processes(struct book_page *p)
{
	struct nt_tally before = { 0 };

	for (size_t i = 0; i < p->told_n; i++) {
		struct nt_tally own = p->told[i].flows_lost;

		tally_add(&p->told[i].flows_lost, &before);
		if (i + 1 < p->told_n && p->told[i + 1].n < p->told[i].n)
			tally_add(&before, &own);
	}
}

static int page_order(const void *a, const void *b)
{
	const struct book_page *x = *(struct book_page *const *)a, *y = *(struct book_page *const *)b;

	return strcmp(x->box, y->box) ?: ORDER(x->epoch, y->epoch) ?: ORDER(x->cpu, y->cpu);
}

void book_seal(struct book *b)
{
	for (size_t i = 0; i < b->pages_n; i++) {
		struct book_page *p = b->pages[i];

		seal_records(p);
		seal_flows(p);
		sort(p->told, p->told_n, sizeof(*p->told), told_order);
		add_up_records(p);
		add_up_flows(p);
		add_up_processes(p);
	}
	if (b->pages_n)
		qsort(b->pages, b->pages_n, sizeof(*b->pages), page_order);
}
