/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.h - what the audit found, for people and as one object of JSON.
 */
#ifndef NINETAP_AUDIT_REPORT_H
#define NINETAP_AUDIT_REPORT_H

#include <stdio.h>
#include "audit/verdict.h"

/* All that is said. verdicts: one a page of the book, in their order. */
struct report {
	const struct book *book;
	const struct verdict *verdicts;
	size_t complete;		/* pages that are complete and closed */
	size_t absent;			/* CPUs without a page, of boxes that said how many they have */
	bool whole;			/* every packet is accounted for, none lost, all closed */
};

void report_text(FILE *f, const struct report *r);

/* 0 or -ENOMEM or -EIO. */
int report_json(FILE *f, const struct report *r) __attribute__((warn_unused_result));

#endif
