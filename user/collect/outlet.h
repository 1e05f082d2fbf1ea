/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outlet.h - the last three stages of a record, tag, encode and sink, and what
 * is counted on the way into them. One thread.
 */
#ifndef NINETAP_OUTLET_H
#define NINETAP_OUTLET_H

#include <stdbool.h>
#include <stdint.h>
#include "base/options.h"
#include "encode/encode.h"
#include "sink/sink.h"
#include "tag/tag.h"
#include "tag/tagger.h"

/* Fills in what the record's own side knows: ts_utc_ns, iface, plane. */
typedef void outlet_label(void *arg, const struct nt_record *rec, struct tagged *t);

struct outlet {
	struct tagger *tagger;
	struct encoder *encoder;
	struct sink *sink;
	outlet_label *label;		/* the owner sets these two before the first record */
	void *label_arg;
	struct batch batch;		/* begun, filled and sent in one go */
	const struct tag_origin *origin;
	uint32_t batch_records;
	uint64_t limit;			/* records wanted, 0: no bound */
	uint64_t taken;			/* records that a lane holds or has sent */
	uint64_t unread;		/* records behind the limit */
	uint64_t encode_lost;		/* damaged records, and those that memory was missing for */
	int error;			/* -errno of a sink that wants no more: stop */
};

/*
 * As the options say. board (NULL: no tags) and origin outlive the outlet;
 * stop_fd as in sink.h.
 * 0, or a sysexits(3) code after the reason was logged; close it either way.
 */
int outlet_open(struct outlet *out, const struct options *o, struct board *board,
		const struct tag_origin *origin, int stop_fd)
	__attribute__((warn_unused_result));

/* Flushes for at most timeout_ms and completes *stats (may be NULL). Twice is fine. */
void outlet_close(struct outlet *out, int timeout_ms, struct sink_stats *stats);

/* Whether as many records were taken as wanted. */
static inline bool outlet_done(const struct outlet *out)
{
	return out->limit && out->taken >= out->limit;
}

#endif
