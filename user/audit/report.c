// SPDX-License-Identifier: Apache-2.0
/*
 * report.c - see report.h: a block of text a CPU, and a sentence at the end.
 */
#include "audit/report.h"

#include <stdarg.h>
#include <string.h>
#include "base/timestamp.h"

typedef unsigned long long ull;

static const char *moment(const struct book_told *t, char text[TIMESTAMP_TEXT])
{
	return timestamp_format(t->ts_ns, text);
}

static void put_tally(FILE *f, const char *name, const struct nt_tally *t)
{
	fprintf(f, "  %-12s %llu packets, %llu bytes in %llu events\n", name, (ull)t->packets, (ull)t->bytes, (ull)t->events);
}

static void put_seen(FILE *f, const struct verdict *v)
{
	char text[TIMESTAMP_TEXT];

	put_tally(f, "seen", &v->last->fate[NT_COUNT_SEEN]);
	fprintf(f, "  %-12s %s, by %s\n", "", "the figures are of the kernel's counters",
		moment(v->last, text));
}

static void put_received(FILE *f, const struct book_page *p)
{
	struct nt_tally flows = p->flow[0];

	tally_add(&flows, &p->flow[1]);
	put_tally(f, "in records", &p->got);
	fprintf(f, "  %-12s %zu records, %llu duplicates removed\n", "", p->records_n, (ull)p->records_doubled);
	put_tally(f, "in flows", &flows);
	fprintf(f, "  %-12s %zu flow records, %llu duplicates removed; %llu packets of them since a ring was full\n", "", p->flows_n,
		(ull)p->flows_doubled, (ull)p->flow[1].packets);
}

/* Packets by fate, those alone that there are. */
static void put_fates(FILE *f, const char *name, const struct book_told *t, enum nt_count first, enum nt_count last)
{
#define NAME(id, name, text) [NT_COUNT_##id] = #name,
	static const char *const names[NT_COUNT_FATES_END] = { NT_FATES(NAME) };
#undef NAME
	int n = 0;

	fprintf(f, "  %-12s", name);
	for (enum nt_count i = first; i <= last; i++)
		if (t->fate[i].events)
			fprintf(f, "%s%s %llu packets, %llu bytes", n++ ? "; " : " ", names[i], (ull)t->fate[i].packets,
				(ull)t->fate[i].bytes);
	fputs(n ? "\n" : " none\n", f);
}

static void put_lost(FILE *f, const struct verdict *v)
{
#define NAME(id, name, text) [NT_LOSS_##id] = #name,
	static const char *const names[BOOK_LOSSES] = { NT_LOSSES(NAME) [NT_LOSS_MAX] = "other" };
#undef NAME
	const struct book_told *t = v->last;
	const char *between = " ";

	put_fates(f, "lost, kernel", t, NT_COUNT_RING_FULL, NT_COUNT_NO_RING);
	fprintf(f, "  %-12s", "lost, output");
	for (int i = 0; i < BOOK_LOSSES; i++)
		if (t->lost[i].events) {
			fprintf(f, "%s%s %llu packets, %llu bytes", between, names[i], (ull)t->lost[i].packets,
				(ull)t->lost[i].bytes);
			between = "; ";
		}
	if (t->flows_lost.events) {
		fprintf(f, "%sflow records of %llu packets, %llu bytes", between, (ull)t->flows_lost.packets,
			(ull)t->flows_lost.bytes);
		between = "; ";
	}
	if (v->dropped[0] || v->dropped[1]) {
		fprintf(f, "%sspool %llu records, %llu flow records", between, (ull)v->dropped[0], (ull)v->dropped[1]);
		between = "; ";
	}
	fputs(between[0] == ' ' ? " none\n" : "\n", f);
	if (t->unread)
		fprintf(f, "  %-12s %llu records were left unread on purpose (--count)\n", "", (ull)t->unread);
}

static void put_gaps(FILE *f, const struct verdict *v)
{
	fprintf(f, "  %-12s %llu numbers up to %llu without a record", "gaps", (ull)v->gaps, (ull)v->last->seq);
	for (unsigned int i = 0; i < v->ranges_n; i++) {
		fprintf(f, "%s%llu", i ? ", " : ": ", (ull)v->range[i].first);
		if (v->range[i].last > v->range[i].first)
			fprintf(f, "-%llu", (ull)v->range[i].last);
	}
	fputs(v->ranges_more ? ", ...\n" : "\n", f);
	if (v->behind)
		fprintf(f, "  %-12s %llu records came behind the last event\n", "", (ull)v->behind);
}

/* What of the packets that were owed did not come, for a known reason. */
static ull lost_records(const struct verdict *v)
{
	return (ull)v->missing.events > (ull)v->at->unread ? (ull)v->missing.events - (ull)v->at->unread : 0;
}

static void put_verdict(FILE *f, const struct verdict *v)
{
	char text[TIMESTAMP_TEXT];

	fprintf(f, "  %-12s ", "verdict");
	if (v->kind == VERDICT_UNACCOUNTED)
		fprintf(f, "not accounted for: %s%s%s", v->why, v->at ? "; all is up to " : "", v->at ? moment(v->at, text) : "");
	else if (v->kind == VERDICT_COMPLETE)
		fprintf(f, "complete up to %s", moment(v->at, text));
	else
		fprintf(f, "accounted for up to %s: lost in the kernel %llu packets, behind the ring %llu records", moment(v->at, text),
			(ull)v->kernel_lost.packets, lost_records(v));
	if (!v->closed && v->last)
		fprintf(f, "; no closing event: nothing is known behind %s", moment(v->last, text));
	fputc('\n', f);
}

static void put_page(FILE *f, const struct book_page *p, const struct verdict *v)
{
	fprintf(f, "%s, epoch %llu, CPU %u\n", p->box, (ull)p->epoch, p->cpu);
	if (v->last)
		put_seen(f, v);
	put_received(f, p);
	if (v->last) {
		put_fates(f, "left out", v->last, NT_COUNT_FILTERED, NT_COUNT_MALFORMED);
		put_lost(f, v);
		put_gaps(f, v);
	}
	put_verdict(f, v);
}

static void put_summary(FILE *f, const struct report *r)
{
	const struct book *b = r->book;

	if (b->bad)
		fprintf(f, "%llu lines or messages could not be read\n", (ull)b->bad);
	if (b->drops_unknown)
		fprintf(f, "the spool dropped data %llu times of which nothing is known\n", (ull)b->drops_unknown);
	if (r->absent)
		fprintf(f, "%zu CPUs never told of themselves\n", r->absent);
	if (r->whole)
		fprintf(f, "complete: every packet of %zu CPUs is accounted for, and none was lost\n", b->pages_n);
	else
		fprintf(f, "not complete: %zu of %zu CPUs are complete and closed\n", r->complete, b->pages_n);
}

void report_text(FILE *f, const struct report *r)
{
	for (size_t i = 0; i < r->book->pages_n; i++)
		put_page(f, r->book->pages[i], &r->verdicts[i]);
	put_summary(f, r);
}
