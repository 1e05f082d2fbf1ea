/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outlet.h - an encoder and a sink that fit each other, and what is counted
 * on the way into them. One thread.
 */
#ifndef NINETAP_OUTLET_H
#define NINETAP_OUTLET_H

#include <stdbool.h>
#include <stdint.h>
#include "base/options.h"
#include "encode/encode.h"
#include "sink/sink.h"
#include "tag/tag.h"

struct outlet {
	struct encoder *encoder;
	struct sink *sink;
	const struct tag_origin *origin;
	uint32_t batch_records;
	uint64_t limit;			/* records wanted, 0: no bound */
	uint64_t taken;			/* records given to the encoder */
	uint64_t unread;		/* records behind the limit */
	uint64_t encode_lost;		/* damaged records, and those that memory was missing for */
	int error;			/* -errno of a sink that wants no more: stop */
};

/*
 * As the options say. origin outlives the outlet; stop_fd as in sink.h.
 * 0, or a sysexits(3) code after the reason was logged; close it either way.
 */
int outlet_open(struct outlet *out, const struct options *o, const struct tag_origin *origin, int stop_fd)
	__attribute__((warn_unused_result));

/* Flushes for at most timeout_ms and completes *stats (may be NULL). Twice is fine. */
void outlet_close(struct outlet *out, int timeout_ms, struct sink_stats *stats);

/* Whether as many records were taken as wanted. */
static inline bool outlet_done(const struct outlet *out)
{
	return out->limit && out->taken >= out->limit;
}

#endif
