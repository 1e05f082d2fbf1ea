/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verdict.h - whether the packets of a CPU are accounted for, and until when.
 *
 * The equation (docs/ledger.md) is held against each ledger event whose
 * counters are of one moment. With a closing event every record and every flow
 * counts. Without one, the records up to the event's seq and the flows that
 * had ended by its time do: what else came proves nothing about that moment.
 * Pure: reads a sealed book.
 */
#ifndef NINETAP_AUDIT_VERDICT_H
#define NINETAP_AUDIT_VERDICT_H

#include "audit/book.h"

enum verdict_kind {
	VERDICT_COMPLETE,		/* every packet is there, or left out on purpose */
	VERDICT_ACCOUNTED,		/* some are lost, and it is known how many and where */
	VERDICT_UNACCOUNTED,
};
extern const char *const verdict_names[];	/* "complete", "accounted", "unaccounted" */

#define VERDICT_RANGES 5U		/* of missing numbers that are named */
#define VERDICT_WHY 512U

struct verdict {
	enum verdict_kind kind;
	bool closed;			/* the last event is a closing one */
	const struct book_told *last;	/* the last exact event; NULL: there is none */
	const struct book_told *at;	/* the last one at which the equation holds; NULL: none. With
					 * VERDICT_UNACCOUNTED the packets up to then are accounted for all the same */
	/* At `last`: packets that were owed to the reader and did not come. */
	struct nt_tally missing;	/* of records */
	struct nt_tally missing_flows;	/* of what is counted in flows */
	uint64_t unexplained, unexplained_flows; /* events of them that nothing explains */
	struct nt_tally kernel_lost;
	uint64_t dropped[2];		/* records by the spool, that did not come; [1]: flow records, come or not */
	uint64_t behind;		/* records with numbers behind `last` */
	uint64_t gaps;			/* numbers up to its seq without a record, for whatever reason */
	struct { uint64_t first, last; } range[VERDICT_RANGES];
	unsigned int ranges_n;		/* of them named; range_more: whether there are others */
	bool ranges_more;
	char why[VERDICT_WHY];		/* of VERDICT_UNACCOUNTED; "": none */
};

/* Judges one CPU. */
void verdict_of(struct verdict *v, const struct book_page *p);

/* All user space says it lost of the records by then. */
struct nt_tally verdict_claimed(const struct book_told *t);

/* Of packets: by the kernel (of which tallies are known). */
struct nt_tally verdict_kernel_lost(const struct book_told *t);

#endif
