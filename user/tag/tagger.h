/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tagger.h - from a record to its tags: a cache of flows in front of the
 * inventory. On the way of each record.
 *
 * One thread a tagger. Between begin and end all records are tagged from one
 * state of the inventory, which stays as it is for so long: encode what was
 * found before tagger_end(). A cached answer is used only while its stamp and
 * its time of validity hold.
 */
#ifndef NINETAP_TAG_TAGGER_H
#define NINETAP_TAG_TAGGER_H

#include "inventory/board.h"

#define TAGGER_AHEAD 16U			/* records that may be asked for before the first is found */

struct tagger;

struct tagger_stats {
	uint64_t hits, misses;
};

/* b outlives the tagger; NULL: there is no inventory, no record has tags. 0 or -ENOMEM. */
int tagger_open(struct tagger **out, struct board *b) __attribute__((warn_unused_result));
void tagger_close(struct tagger *t);	/* NULL is fine */

/* Returns the revision; 0 without an inventory. */
uint64_t tagger_begin(struct tagger *t);
void tagger_end(struct tagger *t);

/*
 * Says which record will be found after those that were asked for before it,
 * so that its slot, and then the texts of its instances, are fetched
 * meanwhile. Asking is optional; what was asked for is to be found in that
 * order, or not at all before the end.
 */
void tagger_ask(struct tagger *t, const struct nt_record *rec);

/* Never NULL; valid until tagger_end(), or the next find. rec must be whole (lane.h). */
const struct tags *tagger_find(struct tagger *t, const struct nt_record *rec, int64_t ts_utc_ns);

void tagger_get_stats(const struct tagger *t, struct tagger_stats *out);

/* What of a record its tags depend on. */
void tag_query_of(struct tag_query *q, const struct nt_record *rec);

#endif
