/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user.h - what the measurements of the user side share.
 */
#ifndef NINETAP_BENCH_USER_H
#define NINETAP_BENCH_USER_H

#include "inventory/board.h"
#include "tag/tag.h"

#define BENCH_BATCH 1000U		/* records, as by default */

/* CPU ns a record: from a ring of n records to batches of Avro, and reading the ring alone. 0, or one was lost. */
int measure_drain(const struct nt_record *r, uint32_t n, struct board *board, const struct tag_origin *origin,
		  double *drained, double *read);

#endif
