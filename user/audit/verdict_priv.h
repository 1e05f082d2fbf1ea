/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verdict_priv.h - what the parts of the verdict share. Private to user/audit/.
 */
#ifndef NINETAP_AUDIT_VERDICT_PRIV_H
#define NINETAP_AUDIT_VERDICT_PRIV_H

#include "audit/verdict.h"

/* a - b; modulo 2^64 where b is more. */
struct nt_tally tally_less(const struct nt_tally *a, const struct nt_tally *b);

/* Packets that the event says are in flow records, or will be. */
struct nt_tally tally_counted(const struct book_told *t);

/* Is seen the sum of the fates? */
bool told_adds_up(const struct book_told *t);

/* Records up to seq, and flow records, that the spool dropped. */
uint64_t spool_dropped(const struct book_page *p, uint64_t seq);
uint64_t spool_dropped_flows(const struct book_page *p);

/* Fills v->why when something is wrong that nothing explains; "" when not. v is filled but for kind. */
void verdict_why(struct verdict *v, const struct book_page *p);

#endif
